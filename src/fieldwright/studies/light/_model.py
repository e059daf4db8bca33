"""The study file of light: what radiates, and what to find out about its light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from ..._yaml import Where
from ...errors import FieldwrightError
from .._cases import CaseStudy
from .._derived import DerivedPart
from .._fields import Angle, Count, Length, Name, Number, Part, PhotonEnergy, quantity, refuse
from .._judge import Text
from ._parts import BeamPart, BunchPart, MediumPart, RadiatorPart, Species

Find = Literal["lines", "axis", "path", "flux", "power", "channeling", "formulas", "coherent"]
HalfAngle: Any = quantity("rad", positive=True)
NonNegative: Any = quantity("rad", nonnegative=True)


class RunPart(Part):
    """What radiates; a case takes from the study what it does not say itself."""

    beam: BeamPart | None = None
    radiator: RadiatorPart | None = None
    medium: MediumPart | None = Field(None, description="vacuum if left out")
    bunch: BunchPart | None = None
    photon_energy: PhotonEnergy | None = Field(
        None, description="at which light is looked at; that of the line if left out"
    )
    harmonics: list[int] | None = Field(None, min_length=1, description="of a magnetic undulator")
    leaving: Literal["none", "dechanneling", "demodulation"] | None = Field(
        None, description="what takes charges out of the light in step; none if left out"
    )
    find: list[Find] | None = Field(None, min_length=1, description="all that applies if left out")

    @model_validator(mode="after")
    def _harmonics(self) -> Self:
        if self.harmonics is not None and (
            min(self.harmonics) < 1 or len(set(self.harmonics)) < len(self.harmonics)
        ):
            raise refuse("`harmonics` are whole numbers from 1 on, each once")
        return self


class CasePart(RunPart):
    """What radiates, where it differs from the study."""

    title: Text | None = None


class OfCase(Part):
    """What is found out about the light of a case."""

    title: Text | None = None
    case: Text | None = Field(None, description="not needed if there is one")


class SpectrumPart(OfCase):
    """Light over photon energies in one direction."""

    start: PhotonEnergy = Field(alias="from")
    stop: PhotonEnergy = Field(alias="to")
    points: int = Field(501, ge=3, le=1_000_000)
    direction: tuple[Angle, Angle] = Field((0.0, 0.0), description="angles from the axis")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.stop <= self.start:
            raise refuse("`to` must be a larger photon energy than `from`")
        return self


class MapPart(OfCase):
    """Light of one charge over two angles, at one photon energy."""

    photon_energy: PhotonEnergy | None = Field(None, description="that of the case if left out")
    half_angle: HalfAngle = Field(description="from the axis to the edges")
    points: int = Field(101, ge=3, le=2001, description="in a row and in a column")


class TuningPart(OfCase):
    """What harmonics give while K changes."""

    harmonics: list[int] | None = Field(None, min_length=1, description="of the case if left out")
    start: Count = Field(alias="from", description="K")
    stop: Count = Field(alias="to")
    points: int = Field(101, ge=2, le=100_000)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.stop <= self.start:
            raise refuse("`to` must be larger than `from`")
        return self


class ChannelPart(OfCase):
    """Charges that go through the crystal of a case, one by one."""

    charges: int = Field(200, ge=1, le=100_000)
    divergence: NonNegative = Field(0.0, description="rms angle across the planes")
    species: Species | None = Field(None, description="that of the case if left out")
    save: int = Field(200, ge=2, description="parts of the length at whose ends motion is kept")
    seed: int = Field(0, ge=0)
    shown: Length | None = Field(None, description="depth up to which ways are drawn")


class LimitsPart(OfCase):
    """Bending amplitudes and periods that let the crystal of a case be an undulator."""

    largest_bending: Count = Field(0.3, description="of C that still is small")
    points: int = Field(101, ge=3, le=2001, description="of the map, in each of its axes")


class DesignPart(OfCase):
    """The crystal that gives the bunch of a case most light in step."""

    largest_bending: Count = Field(0.3, description="of C")
    amplitudes: tuple[Length, Length] = Field((1e-11, 1e-9), description="least and largest")
    lengths: tuple[Length, Length] = Field((5e-5, 2e-2), description="least and largest")


class MeasurementPart(OfCase):
    """Counts, from which the modulation depth of the bunch of a case follows."""

    modulated: Number = Field(ge=0, description="counts with modulation")
    unmodulated: Count | None = Field(None, description="counts without it")
    exposure_ratio: Count = Field(1.0, description="bunches with modulation over those without")
    bunches: Count | None = Field(None, description="with modulation, of a known detector instead")
    efficiency: Count | None = Field(None, description="counts per photon")
    efficiency_error: Number = Field(0.0, ge=0, description="standard deviation of it")
    significance: Count = Field(3.0, description="standard deviations that tell b from none")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        known = self.bunches is not None, self.efficiency is not None
        if known[0] != known[1] or (self.unmodulated is None) != known[0]:
            raise refuse("give `unmodulated` counts, or `bunches` and the `efficiency`")
        return self


class FigurePart(Part):
    """A figure of the report."""

    caption: Text
    show: Literal[
        "spectrum", "map", "tuning", "coherent", "limits", "channel", "fraction", "potential"
    ]
    cases: list[Text] = Field([], description="of coherent, potential")
    spectra: list[Text] = Field([], description="of spectrum")
    channels: list[Text] = Field([], description="of channel, fraction")
    map: Text | None = Field(None, description="of map")
    tuning: Text | None = Field(None, description="of tuning")
    limits: Text | None = Field(None, description="of limits")
    quantity: Literal["brilliance", "flux", "density"] = Field(
        "brilliance", description="of tuning"
    )


#: What each sort of figure shows: the key that names it, a list where the group's own name.
SHOWN = {
    "spectrum": "spectra", "map": "map", "tuning": "tuning", "coherent": "cases",
    "limits": "limits", "channel": "channels", "fraction": "channels", "potential": "cases",
}  # fmt: skip


class LightStudy(RunPart, CaseStudy):
    """Light of charges: spectra, maps, tuning, crystals, bunches in step, measurements."""

    run_part = RunPart
    case_part = CasePart
    alone = "radiator"

    kind: Literal["light"]
    cases: dict[Name, CasePart] | None = Field(None, min_length=1)
    spectra: dict[Name, SpectrumPart] = Field({}, description="over photon energies, by name")
    maps: dict[Name, MapPart] = Field({}, description="over angles")
    tuning: dict[Name, TuningPart] = Field({}, description="over K of an undulator")
    channels: dict[Name, ChannelPart] = Field({}, description="charges in a crystal")
    limits: dict[Name, LimitsPart] = Field({}, description="of bent crystals")
    designs: dict[Name, DesignPart] = Field({}, description="best crystals")
    measurements: dict[Name, MeasurementPart] = Field({}, description="of the modulation depth")
    derived: dict[Name, DerivedPart] = Field({}, description="quantities made of others")
    figures: dict[Name, FigurePart] = Field({}, description="figures; chosen if left out")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.all_cases():
            raise refuse("nothing is asked for: give a `radiator`, or `cases`")
        return self

    def problems(self) -> Iterator[tuple[Where, str]]:
        """Contradictions between fields; see `_check`."""
        from ._check import problems

        return problems(self)

    def impossible(self) -> Iterator[tuple[Where, FieldwrightError]]:
        """Charges too slow for light in a medium; see `_check`."""
        from ._check import impossible

        return impossible(self)


def inputs(part: Part) -> dict[str, Any]:
    """A part as JSON holds it: what a result is made from, and not what it is called."""
    names = {"title", "case", "find", "leaving", "shown"}
    return part.model_dump(mode="json", exclude_none=True, by_alias=True, exclude=names)
