"""The parts of a ring study that make its lattice: a file, and what is changed in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from .._fields import Angle, File, Part, Voltage, quantity, refuse
from .._judge import Text

Polarity = Literal["++--", "+-+-", "++++", "+++-", "+--+", "off"]


def _as_given(given: object) -> object:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise refuse(f"must be a number with its unit, got {given!r}")
    return given


#: A number of an element as the file has it; which unit is due depends on the element.
Setting: Any = Annotated[
    str | int | float, BeforeValidator(_as_given), WithJsonSchema({"type": ["string", "number"]})
]

Spread: Any = quantity("m", nonnegative=True)
AngleSpread: Any = quantity("rad", nonnegative=True)
Energy: Any = quantity("eV", positive=True)
Emittance: Any = quantity("m rad", positive=True)
Frequency: Any = quantity("Hz", positive=True)


class RingPart(Part):
    """Where the lattice comes from."""

    file: File | None = Field(None, description="a PALS file, beside the study")
    gallery: Literal["vepp2000"] | None = None
    polarity: Polarity | None = Field(None, description="of the gallery's solenoids; ++-- is usual")
    sextupoles: bool | None = Field(None, description="whether the gallery's sextupoles are on")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.gallery is None):
            raise refuse("give either a `file` or the name of a ring in the `gallery`")
        if self.file is not None and (self.polarity or self.sextupoles is not None):
            raise refuse("`polarity` and `sextupoles` go with `gallery`")
        return self


class RFPart(Part):
    """What all cavities, or those of a name, are set to."""

    elements: Text = Field("RFCavity:*", description="name of the cavities; * is wild")
    voltage: Voltage | None = None
    frequency: Frequency | None = Field(
        None, description="0 in the file: harmonic times revolution"
    )
    phase: Angle | None = Field(None, description="0 is stable above transition")


class ErrorPart(Part):
    """Random errors of some elements: rms of normal deviates, cut at three times that."""

    elements: Text = Field(description="name, with * for any text, or `Quadrupole:*` for a kind")
    dx: Spread = 0.0
    dy: Spread = 0.0
    roll: AngleSpread = 0.0


class ErrorsPart(Part):
    """Errors of a machine."""

    seed: int = Field(0, ge=0)
    of: list[ErrorPart] = Field(min_length=1)


class VaryPart(Part):
    """A number of elements that is varied, as by one power supply."""

    number: Text = Field(description="element and its number, such as QF.k1")
    start: Setting | None = Field(None, alias="from", description="lower bound")
    stop: Setting | None = Field(None, alias="to", description="upper bound")


class TargetPart(Part):
    """What a ring shall have."""

    quantity: Text = Field(description="tunes, beta, dispersion, chromaticity, emittances, ...")
    at: Text | None = Field(None, description="the element, for what changes along the ring")
    value: Setting | list[Setting | None] = Field(description="null for what may be anything")


class MatchPart(Part):
    """Strengths that are varied until the ring has what it shall have."""

    vary: list[VaryPart] = Field(min_length=1)
    targets: list[TargetPart] = Field(min_length=1)
