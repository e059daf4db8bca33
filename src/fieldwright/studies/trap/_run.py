"""The study file of a trap: ions in a Penning trap, and what to find out about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from ..._yaml import Where
from ...errors import FieldwrightError
from .._cases import CaseStudy
from .._derived import DerivedPart
from .._fields import AngularFrequency, Count, Duration, Length, Name, Number, Part, refuse
from .._judge import Text
from ._damping import DampingPart
from ._ions import IonsPart
from ._parts import DrivePart, TrapPart

IntegratorName = Literal[
    "automatic", "euler", "rk4", "boris", "higuera_cary", "cyclotronic", "strang", "rkn6b",
    "rkn11b", "rkn14a", "dopri8", "propagator",
]  # fmt: skip


class RunPart(Part):
    """What one run needs; a case takes from the study what it does not say itself."""

    trap: TrapPart | None = None
    ions: list[IonsPart] | None = Field(None, min_length=1)
    drives: list[DrivePart] | None = None
    damping: list[DampingPart] | None = None
    interaction: bool | None = Field(None, description="Coulomb forces between ions; true")
    relativistic: bool | None = None
    duration: Duration | None = None
    integrator: IntegratorName | None = Field(None, description="automatic if left out")
    tolerance: Count | None = Field(None, description="relative, of the integrator dopri8")
    steps: int | None = Field(None, ge=1, description="equal steps; chosen if left out")
    save: int | None = Field(None, ge=1, description="intervals at whose ends motion is kept")
    seed: int | None = Field(None, ge=0, description="of what is random in damping")
    allow_unstable: bool | None = Field(None, description="also where the trap holds no ion")
    animation: bool | None = Field(None, description="write a film of the ions")


class CasePart(RunPart):
    """One run, where it differs from the study."""

    title: Text | None = None


class ComparisonPart(Part):
    """How far apart the same ions are in two cases."""

    title: Text
    cases: tuple[Text, Text]


class ConvergencePart(Part):
    """Errors over step sizes, against the exact motion of ions that do not interact."""

    title: Text | None = None
    case: Text | None = Field(None, description="whose ions and trap; not needed if there is one")
    integrators: list[IntegratorName] = Field(min_length=1)
    steps: list[int] = Field(min_length=2, description="numbers of steps, rising")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.steps[0] < 1 or sorted(set(self.steps)) != self.steps:
            raise refuse("`steps` must be whole numbers above zero, each larger than the last")
        if "automatic" in self.integrators or len(set(self.integrators)) < len(self.integrators):
            raise refuse("`integrators` are named, each once; `automatic` is none here")
        return self


class FrequenciesPart(Part):
    """A range of angular frequencies."""

    start: AngularFrequency = Field(alias="from")
    stop: AngularFrequency = Field(alias="to")
    points: int = Field(ge=2, le=100_000)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.stop <= self.start:
            raise refuse("`to` must be larger than `from`")
        return self


class BandPart(Part):
    """A range of frequencies in which a loss band is looked for, at one amplitude."""

    amplitude: Number
    start: AngularFrequency = Field(alias="from")
    stop: AngularFrequency = Field(alias="to")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.stop <= self.start:
            raise refuse("`to` must be larger than `from`")
        return self


class ScanPart(RunPart):
    """Ions left after a parametric drive V0 (1 + f cos wt), over its frequency and amplitude."""

    title: Text | None = None
    amplitudes: list[Number] = Field(min_length=1, description="f of V0 (1 + f cos wt)")
    frequencies: FrequenciesPart
    clouds: int = Field(1, ge=1, le=1000, description="random clouds, of consecutive seeds")
    limit: Number = Field(0.5, gt=0, lt=1, description="a band is where fewer are left than this")
    bands: dict[Name, BandPart] = Field({}, description="bands to measure, by name")


class DetectionPart(Part):
    """The current that the ions of a case induce in electrodes, and its spectrum."""

    case: Text | None = Field(None, description="not needed if there is one")
    axis: Literal["x", "y", "z"] = "z"
    distance: Length = Field(description="of the two electrodes from each other")
    efficiency: Count = Field(1.0, description="of the field of endless plates, what is left")


class FigurePart(Part):
    """A figure of the report."""

    caption: Text
    show: Literal[
        "axial", "orbit", "phase_x", "phase_z", "paths", "difference", "error", "order",
        "resonance", "growth", "mathieu", "spectrum",
    ]  # fmt: skip
    cases: list[Text] = Field([], description="of axial, orbit, phase_x, phase_z, paths")
    comparison: Text | None = Field(None, description="of difference")
    convergence: Text | None = Field(None, description="of error, order")
    integrator: Text | None = Field(None, description="of error; all if left out")
    scan: Text | None = Field(None, description="of resonance, growth, mathieu")
    coarse: AngularFrequency | None = Field(
        None, description="of resonance: what a scan with these steps would have shown"
    )
    detection: Text | None = Field(None, description="of spectrum")
    ion: int = Field(1, ge=1, description="of axial: which one")


#: What each sort of figure shows: the key that names it.
SHOWN = {
    "axial": "cases", "orbit": "cases", "phase_x": "cases", "phase_z": "cases", "paths": "cases",
    "difference": "comparison", "error": "convergence", "order": "convergence",
    "resonance": "scan", "growth": "scan", "mathieu": "scan", "spectrum": "detection",
}  # fmt: skip


class TrapStudy(RunPart, CaseStudy):
    """Ions in a Penning trap: trajectories, convergence, resonances, bands, image currents."""

    run_part = RunPart
    case_part = CasePart
    alone = "duration"

    kind: Literal["trap"]
    cases: dict[Name, CasePart] | None = Field(None, min_length=1)
    comparisons: dict[Name, ComparisonPart] = Field({}, description="of two cases, by name")
    convergence: dict[Name, ConvergencePart] = Field({}, description="errors over step sizes")
    scans: dict[Name, ScanPart] = Field({}, description="losses over a drive's frequency")
    detection: dict[Name, DetectionPart] = Field({}, description="image currents")
    derived: dict[Name, DerivedPart] = Field({}, description="quantities made of others")
    figures: dict[Name, FigurePart] = Field({}, description="figures; chosen if left out")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.all_cases() and not self.scans:
            raise refuse("nothing is asked for: give a `duration`, or `cases`, or `scans`")
        return self

    def problems(self) -> Iterator[tuple[Where, str]]:
        """Contradictions between fields; see `_check`."""
        from ._check import problems

        return problems(self)

    def impossible(self) -> Iterator[tuple[Where, FieldwrightError]]:
        """Traps that hold nothing; see `_check`."""
        from ._check import impossible

        return impossible(self)


def inputs(part: Part) -> dict[str, Any]:
    """A part as JSON holds it: what a result is made from, and not what it is called."""
    names = {"title", "animation", "allow_unstable", "bands", "limit"}
    return part.model_dump(mode="json", exclude_none=True, by_alias=True, exclude=names)
