"""A ring, as a case of a study says it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .._fields import Length, Part
from .._judge import Text
from ._parts import Energy, ErrorsPart, MatchPart, RFPart, RingPart, Setting

Find = Literal["orbit", "optics", "chromaticity", "beam", "formula", "magnets"]


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


def inputs(part: Part) -> dict[str, Any]:
    """A part as JSON holds it: what a result is made from, and not what it is called."""
    names = {"title", "places", "find", "bore", "pieces"}
    return part.model_dump(mode="json", exclude_none=True, by_alias=True, exclude=names)
