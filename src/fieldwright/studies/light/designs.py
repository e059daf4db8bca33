"""The crystal that gives the bunch of a case most light in step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from .._derived import Problem
from .._fields import Count, Length
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Section, taken
from .._study import standing
from ._run import OfCase, in_medium, waving

if TYPE_CHECKING:
    from fieldwright import light
else:
    (light,) = later("fieldwright.light")

_METHODS = (
    "The best crystal maximises the photons in step of the charges that follow the planes, by "
    "gradient (SLSQP), with q below q_ch and C below the limit given."
)


class DesignPart(OfCase):
    """The crystal that gives the bunch of a case most light in step."""

    largest_bending: Count = Field(0.3, description="of C")
    amplitudes: tuple[Length, Length] = Field((1e-11, 1e-9), description="least and largest")
    lengths: tuple[Length, Length] = Field((5e-5, 2e-2), description="least and largest")


DESIGN: Names = {
    "amplitude": ("m", "amplitude of the planes"),
    "period": ("m", "period of the bending"),
    "length": ("m", "length of the crystal"),
    "periods": ("1", "number of periods, not rounded"),
    "K": ("1", "undulator parameter of the charges"),
    "coherent": ("1", "photons in step of the charges that follow the planes"),
    "kept": ("1", "what loss of light and of charges leaves of the photons in step"),
    "held": ("1", "share of the beam that follows the planes"),
    "bending_parameter": ("1", "C, centrifugal over largest force of the planes"),
}


def _fits(item: Item) -> Iterator[Problem]:
    if not waving(item.run):
        yield item.at, "needs a crystal whose planes wave"
    elif item.run.bunch is None or not in_medium(item.run):
        yield item.at, "needs a `bunch` and a `medium`"


def _solve(item: Item) -> Numbers:
    from ._setup import build_potential

    item.progress(item.phase)
    setup, part = item.of_case.setup, item.part
    potential = build_potential(setup.run.radiator.crystal)
    with standing(item.at):
        found = light.best_crystal(
            setup.bunch, setup.gamma, setup.medium,
            light.ChannelLimits(potential, setup.energy, part.largest_bending),
            amplitudes=part.amplitudes, lengths=part.lengths,
        )  # fmt: skip
    C = light.bending_parameter(potential, setup.energy, found.amplitude, found.period)
    own = taken(found, [name for name in DESIGN if name != "bending_parameter"])
    return own | {"bending_parameter": C}


DESIGNS = Section(
    group="designs", one="design", part=DesignPart, words="best crystals", fits=_fits,
    names=DESIGN, solve=_solve, methods=_METHODS,
    tables=[Columns("Best crystals", {
        "amplitude": "amplitude", "period": "period", "length": "length", "q": "K",
        "C": "bending_parameter", "held": "held", "kept": "kept", "in step": "coherent",
    })],
)  # fmt: skip
