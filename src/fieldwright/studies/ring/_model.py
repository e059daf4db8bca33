"""The study file of a ring: lattices, and what to find out about their beams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from ..._yaml import Where
from ...errors import FieldwrightError
from .._cases import CaseStudy
from .._derived import DerivedPart
from .._fields import Count, Length, Name, Number, Part, quantity, refuse
from .._judge import Text
from ._parts import Energy, ErrorsPart, MatchPart, RFPart, RingPart, Setting

Find = Literal["orbit", "optics", "chromaticity", "beam", "formula", "magnets"]
Emittance: Any = quantity("m rad", positive=True)


class RunPart(Part):
    """A ring; a case takes from the study what it does not say itself."""

    ring: RingPart | None = None
    energy: Energy | None = Field(None, description="total; that of the file if left out")
    rf: RFPart | None = None
    changes: dict[Text, dict[Text, Setting]] | None = Field(
        None, alias="set", description="numbers of elements by name, such as QF: {k1: 2 1/m^2}"
    )
    errors: ErrorsPart | None = None
    match: MatchPart | None = None
    places: list[Text] | None = Field(None, description="elements where the beam is looked at")
    find: list[Find] | None = Field(None, min_length=1, description="optics, beam, magnets")
    bore: Length | None = Field(None, description="radius at which magnets' fields are told, too")


class CasePart(RunPart):
    """One ring, where it differs from the study."""

    title: Text | None = None


class OfCase(Part):
    """What is found out about the ring of a case."""

    title: Text | None = None
    case: Text | None = Field(None, description="not needed if there is one")


class CollisionPart(OfCase):
    """Two equal bunches that meet head-on."""

    at: list[Text] | None = Field(
        None, min_length=1, description="elements where the beam of the case meets the other"
    )
    particles: Count
    bunches: Count = 1.0
    crossings: int | None = Field(None, ge=1, description="of a beam by numbers: equal ones")
    emittance: Emittance | None = Field(None, description="of a round beam instead")
    beta: Length | None = None
    length: Length | None = None
    wanted_luminosity: quantity("1/m^2/s", positive=True) | None = None  # type: ignore[valid-type]
    wanted_parameter: Count | None = Field(None, description="a space-charge parameter")

    @model_validator(mode="after")
    def _one_beam(self) -> Self:
        numbers = [self.emittance, self.beta, self.length]
        if (self.at is not None) == all(n is not None for n in numbers) or (
            self.at is not None and any(n is not None for n in numbers)
        ):
            raise refuse("give `at`, for the beam of a case, or `emittance`, `beta` and `length`")
        if self.at is not None and self.crossings is not None:
            raise refuse(
                "`crossings` goes with `emittance`: of a case they are those named in `at`"
            )
        return self


class ScanPart(OfCase):
    """The ring over its energy, or over a number of its elements."""

    vary: Text = Field(description="energy, or an element's number such as QD.k1")
    start: Setting = Field(alias="from")
    stop: Setting = Field(alias="to")
    points: int = Field(ge=2, le=10_000)
    find: list[Literal["optics", "beam", "formula"]] = Field(["beam"], min_length=1)


class AperturePart(OfCase):
    """Amplitudes from which particles stay."""

    turns: int = Field(1000, ge=1)
    rays: int = Field(13, ge=1)
    delta: Number | None = Field(None, description="momentum deviation, without RF")


class TrackingPart(OfCase):
    """Particles that radiate by chance, from rest on the closed orbit: the referee."""

    particles: int = Field(ge=2)
    turns: int = Field(ge=1)
    pieces: int = Field(20, ge=1, description="after each of which the beam is looked at")
    seed: int = Field(0, ge=0)


class SectionPart(Part):
    """A coil section of a solenoid."""

    inner_radius: Length
    outer_radius: Length
    length: Length
    turns: Count
    current: quantity("A")  # type: ignore[valid-type]
    position: quantity("m") = 0.0  # type: ignore[valid-type]


class SolenoidPart(Part):
    """A solenoid of coil sections, or that of the gallery."""

    title: Text | None = None
    gallery: Literal["vepp2000"] | None = None
    main: quantity("T") | None = Field(None, description="of the gallery's main sections")  # type: ignore[valid-type]
    additional: quantity("T") | None = Field(None, description="of its additional one")  # type: ignore[valid-type]
    sections: dict[Name, SectionPart] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.sections is None) == (self.gallery is None):
            raise refuse("give either `sections` or the name of a solenoid in the `gallery`")
        if self.sections is not None and (self.main is not None or self.additional is not None):
            raise refuse("`main` and `additional` go with `gallery`")
        return self


class LensScanPart(Part):
    """Horizontal tunes over which the beam behind the lens is found."""

    start: Number = Field(alias="from")
    stop: Number = Field(alias="to")
    points: int = Field(ge=2, le=100_000)


class LensPart(Part):
    """A thin skew quadrupole in an uncoupled ring, in closed form (Bernardini, Pellegrini)."""

    title: Text | None = None
    tune_x: Number = Field(description="phase advance over the period, over 2 pi")
    tune_y: Number
    strength: quantity("1/m")  # type: ignore[valid-type]
    beta_x: Length = 1.0
    beta_y: Length = 1.0
    alpha_x: Number = 0.0
    alpha_y: Number = 0.0
    decrement_x: Count = 1e-4
    decrement_y: Count = 1e-4
    emittance_x: Emittance = 1e-7
    emittance_y: quantity("m rad", nonnegative=True) = 0.0  # type: ignore[valid-type]
    beam: bool = Field(True, description="whether a beam settles, and its sizes are asked for")
    resonance: LensScanPart | None = None


Shown = Literal[
    "layout", "optics", "orbit", "sizes", "tunes", "spot", "scan", "aperture", "tracking",
    "solenoid", "stability", "resonance",
]  # fmt: skip


class FigurePart(Part):
    """A figure of the report."""

    caption: Text
    show: Shown
    cases: list[Text] = Field([], description="of layout, optics, orbit, sizes, tunes, spot")
    at: Text | None = Field(None, description="of spot: the element")
    scan: Text | None = Field(None, description="of scan")
    quantities: list[Text] = Field([], description="of scan: what is drawn")
    aperture: Text | None = Field(None, description="of aperture")
    tracking: Text | None = Field(None, description="of tracking")
    solenoid: Text | None = Field(None, description="of solenoid")
    lens: Text | None = Field(None, description="of stability, resonance")
    order: int = Field(4, ge=1, le=12, description="of tunes: of resonances")
    window: Count = Field(0.3, description="of tunes: half of the picture")


#: What each sort of figure shows: the key that names it.
SHOWN = {
    "layout": "cases", "optics": "cases", "orbit": "cases", "sizes": "cases", "tunes": "cases",
    "spot": "cases", "scan": "scan", "aperture": "aperture", "tracking": "tracking",
    "solenoid": "solenoid", "stability": "lens", "resonance": "lens",
}  # fmt: skip


class RingStudy(RunPart, CaseStudy):
    """Rings and their beams: optics, equilibrium, collisions, scans, apertures, tracking."""

    run_part = RunPart
    case_part = CasePart
    alone = "ring"

    kind: Literal["ring"]
    cases: dict[Name, CasePart] | None = Field(None, min_length=1)
    collisions: dict[Name, CollisionPart] = Field({}, description="luminosity, by name")
    scans: dict[Name, ScanPart] = Field({}, description="over energy or a strength")
    apertures: dict[Name, AperturePart] = Field({}, description="dynamic apertures")
    tracking: dict[Name, TrackingPart] = Field({}, description="particles that radiate")
    solenoids: dict[Name, SolenoidPart] = Field({}, description="of coil sections")
    lenses: dict[Name, LensPart] = Field({}, description="thin skew quadrupoles in closed form")
    derived: dict[Name, DerivedPart] = Field({}, description="quantities made of others")
    figures: dict[Name, FigurePart] = Field({}, description="figures; chosen if left out")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.all_cases() or self.solenoids or self.lenses):
            raise refuse("nothing is asked for: give a `ring`, or `cases`, `solenoids`, `lenses`")
        return self

    def problems(self) -> Iterator[tuple[Where, str]]:
        """Contradictions between fields; see `_check`."""
        from ._check import problems

        return problems(self)

    def impossible(self) -> Iterator[tuple[Where, FieldwrightError]]:
        """Beams without RF; see `_check`."""
        from ._check import impossible

        return impossible(self)


def inputs(part: Part) -> dict[str, Any]:
    """A part as JSON holds it: what a result is made from, and not what it is called."""
    names = {"title", "places", "find", "bore", "pieces"}
    return part.model_dump(mode="json", exclude_none=True, by_alias=True, exclude=names)
