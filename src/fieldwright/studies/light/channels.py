"""Charges that go through the crystal of a case, one by one; nothing scatters them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..._figure import new_figure
from .._derived import Problem
from .._fields import Length, quantity
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Picture, Section, Shown, Variable, unasked
from ._parts import Species
from ._run import OfCase, piece

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import light
else:
    np, light = later("numpy", "fieldwright.light")

_BATCH = 100  # charges that go through a crystal at a time

_METHODS = (
    "Charges move in the planes' continuum field by steps of our choice; nothing scatters, so that "
    "those lost are lost by the bending alone."
)


class ChannelPart(OfCase):
    """Charges that go through the crystal of a case, one by one."""

    charges: int = Field(200, ge=1, le=100_000)
    divergence: quantity("rad", nonnegative=True) = Field(  # type: ignore[valid-type]
        0.0, description="rms angle across the planes"
    )
    species: Species | None = Field(None, description="that of the case if left out")
    save: int = Field(200, ge=2, description="parts of the length at whose ends motion is kept")
    seed: int = Field(0, ge=0)
    shown: Length | None = Field(None, description="depth up to which ways are drawn")


CHANNELED: Names = {
    "left": ("1", "fraction of the charges still in their channels at the end"),
    "half_way": ("1", "fraction of the charges still in their channels half way"),
    "error": ("eV", "largest change of a charge's energy while channeled"),
}


def _fits(item: Item) -> Iterator[Problem]:
    if item.run.radiator is None or item.run.radiator.crystal is None:
        yield item.at, "needs a crystal"


def _solve(item: Item) -> dict[str, Any]:
    """Some charges at a time: who is held, and the ways of the first."""
    setup, part = item.of_case.setup, item.part
    species = part.species or (setup.run.beam.species if setup.run.beam else "e+")
    count = min(_BATCH, part.charges)
    batches = -(-part.charges // count)

    def make(number: int) -> dict[str, Any]:
        beam = light.channeling_beam(
            setup.planes, setup.energy, count, divergence=part.divergence, species=species,
            seed=part.seed + number,
        )  # fmt: skip
        found = light.channel(beam, setup.planes, save=part.save)
        return {
            "depth": np.asarray(found.depth),
            "channeled": np.asarray(found.channeled),
            "position": np.asarray(found.trajectory.position[..., 0]),
            "across": np.asarray(found.across),
            "error": np.asarray(found.energy_error),
        }

    found = [piece(item, i, batches, partial(make, i)) for i in range(batches)]
    channeled = np.concatenate([one["channeled"] for one in found], axis=1)[:, : part.charges]
    return {
        "depth": found[0]["depth"],
        "position": found[0]["position"],
        "across": found[0]["across"],
        "channeled": channeled,
        "fraction": channeled.mean(axis=1),
        "error": np.max([one["error"] for one in found]),
    }


def _numbers(item: Item) -> Numbers:
    fraction = item.result["fraction"]
    return {
        "left": fraction[-1],
        "half_way": fraction[len(fraction) // 2],
        "error": item.result["error"],
    }


def _variables(item: Item) -> Iterator[Variable]:
    found, axis, charge = item.result, f"depth_{item.name}", f"charge_{item.name}"
    yield axis, (axis,), found["depth"], "m", "depth in the crystal"
    words = "fraction of the charges still in their channels"
    yield f"fraction_{item.name}", (axis,), found["fraction"], "1", words
    words = "place across the beam, of the first charges"
    yield f"place_{item.name}", (axis, charge), found["position"], "m", words


def _ways(item: Item) -> Any:
    """What pictures take of charges in a crystal."""
    found = item.result
    count = found["position"].shape[1]
    return SimpleNamespace(
        depth=found["depth"], channeled=found["channeled"][:, :count], fraction=found["fraction"],
        trajectory=SimpleNamespace(position=found["position"][:, :, None]), across=found["across"],
        planes=item.of_case.setup.planes,
    )  # fmt: skip


def _draw_ways(picture: Picture) -> Any:
    from fieldwright.light import plots

    count = len(picture.items)
    figure = new_figure(8.6, 3.9 * count)
    for number, item in enumerate(picture.items):
        ax = figure.add_subplot(count, 1, number + 1)
        plots.plot_channel(_ways(item), ax, until=item.part.shown)
        if count > 1:
            ax.set_title(item.title, fontsize=10, loc="left")
    return figure


def _draw_fraction(picture: Picture) -> Any:
    from fieldwright.light import plots

    figure = new_figure(7.2, 4.2)
    ways = {item.title: _ways(item) for item in picture.items}
    plots.plot_channeled_fraction(ways, figure.add_subplot())
    return figure


def _unasked(items: list[Item]) -> Iterator[tuple[str, dict[str, Any]]]:
    for shown in CHANNELS.shown:
        for item in items:
            yield f"{shown.show}_{item.name}", unasked(item, shown)


CHANNELS = Section(
    group="channels", one="channel", part=ChannelPart, words="charges in a crystal", several=True,
    fits=_fits, names=CHANNELED, solve=_solve, numbers=_numbers, variables=_variables,
    tables=[Columns("Charges in channels", {
        "left half way": "half_way", "left at the end": "left", "energy changes by": "error",
    })],
    shown=(
        Shown("channel", _draw_ways, "ways through the crystal"),
        Shown("fraction", _draw_fraction, "fraction of charges in their channels"),
    ),
    unasked=_unasked, methods=_METHODS,
)  # fmt: skip
