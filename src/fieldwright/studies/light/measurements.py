"""Counts, from which the modulation depth of the bunch of a case follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from .._derived import Problem
from .._fields import Count, Number, refuse
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Section, taken
from .._study import standing
from ._run import OfCase, found_in

if TYPE_CHECKING:
    from fieldwright import light
else:
    (light,) = later("fieldwright.light")


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


MEASUREMENT: Names = {
    "gain": ("1", "photons in step at depth one over those not in step"),
    "depth": ("1", "modulation depth"),
    "depth_error": ("1", "standard deviation of the modulation depth"),
    "low": ("1", "depth at one standard deviation of its square below"),
    "high": ("1", "depth at one standard deviation of its square above"),
    "significance": ("1", "standard deviations from no modulation"),
    "smallest": ("1", "least depth that such counts tell from none"),
}


def _fits(item: Item) -> Iterator[Problem]:
    if "coherent" not in found_in(item.run):
        yield item.at, "needs a case that finds `coherent` light"
    elif item.part.modulated == 0 and item.part.unmodulated is None:
        yield (*item.at, "modulated"), "must be larger than zero"


def _solve(item: Item) -> Numbers:
    """The modulation depth from counts, with the gain of a case."""
    item.progress(item.phase)
    coherent, bunch, part = item.of_case.coherent, item.of_case.setup.bunch, item.part
    alone = float(coherent.incoherent)
    gain = float(coherent.coherent) / float(bunch.depth) ** 2 / alone
    with standing(item.at):
        if part.unmodulated is not None:
            found = light.modulation_depth(
                float(part.modulated), part.unmodulated, gain,
                exposure_ratio=part.exposure_ratio, significance=part.significance,
            )  # fmt: skip
        else:
            found = light.modulation_depth_known(
                float(part.modulated), alone * part.bunches, gain, efficiency=part.efficiency,
                efficiency_error=part.efficiency_error, significance=part.significance,
            )  # fmt: skip
    return {"gain": gain} | taken(found, [name for name in MEASUREMENT if name != "gain"])


MEASUREMENTS = Section(
    group="measurements", one="measurement", part=MeasurementPart,
    words="of the modulation depth", fits=_fits, names=MEASUREMENT, solve=_solve,
    tables=[Columns("Modulation depth from counts", {
        "gain": "gain", "b": "depth", "error": "depth_error", "significance": "significance",
        "least b": "smallest",
    })],
)  # fmt: skip
