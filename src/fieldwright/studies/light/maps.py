"""Light of one charge over two angles, at one photon energy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..._figure import new_figure
from .._derived import Problem
from .._fields import PhotonEnergy, quantity
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Picture, Section, Shown, Variable
from ._run import OfCase, piece, undulating
from .cases import let_through
from .spectra import ALONE, PHOTONS

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import light
else:
    np, light = later("numpy", "fieldwright.light")

_ROWS = 21  # of a map that are made at a time


class MapPart(OfCase):
    """Light of one charge over two angles, at one photon energy."""

    photon_energy: PhotonEnergy | None = Field(None, description="that of the case if left out")
    half_angle: quantity("rad", positive=True) = Field(  # type: ignore[valid-type]
        description="from the axis to the edges"
    )
    points: int = Field(101, ge=3, le=2001, description="in a row and in a column")


MAP: Names = {
    "peak": ("1/rad^2", "largest value, photons of a charge per steradian and unit bandwidth"),
    "peak_x": ("rad", "angle in x of the largest value"),
    "peak_y": ("rad", "angle in y of the largest value"),
    "total": ("1", "photons of a charge in the picture, per unit bandwidth"),
}


def _fits(item: Item) -> Iterator[Problem]:
    yield from let_through((*item.at, "photon_energy"), item.run, item.part.photon_energy)
    if not undulating(item.run):
        yield item.at, "needs an undulator, or a crystal whose planes wave"


def _solve(item: Item) -> dict[str, Any]:
    """Some rows at a time."""
    setup, part = item.of_case.setup, item.part
    energy = part.photon_energy or setup.photon_energy
    side = np.linspace(-part.half_angle, part.half_angle, part.points)
    rows = [side[i : i + _ROWS] for i in range(0, part.points, _ROWS)]

    def make(some: np.ndarray) -> dict[str, np.ndarray]:
        # as many rows in every piece, so that one piece of code does all
        padded = np.resize(some, min(_ROWS, part.points))
        grid = np.stack(np.meshgrid(side, padded), axis=-1)
        value = light.undulator_photons(setup.undulator, setup.gamma, energy, grid, setup.medium)
        return {"value": np.asarray(value)[: len(some)]}

    found = [piece(item, i, len(rows), partial(make, some)) for i, some in enumerate(rows)]
    return {"angle": side, "value": np.concatenate([one["value"] for one in found])}


def _numbers(item: Item) -> Numbers:
    """Largest value, where it is, and the integral over the picture."""
    angle, value = item.result["angle"], item.result["value"]
    row, column = np.unravel_index(np.argmax(value), value.shape)
    weights = np.full(len(angle), angle[1] - angle[0])
    weights[[0, -1]] /= 2
    return {
        "peak": value[row, column],
        "peak_x": angle[column],
        "peak_y": angle[row],
        "total": weights @ value @ weights,
    }


def _variables(item: Item) -> Iterator[Variable]:
    found, x, y = item.result, f"x_{item.name}", f"y_{item.name}"
    yield x, (x,), found["angle"], "rad", "angle in x"
    yield y, (y,), found["angle"], "rad", "angle in y"
    yield f"light_{item.name}", (y, x), found["value"], "1/rad^2", PHOTONS


def _draw(picture: Picture) -> Any:
    found = picture.items[0].result
    figure = new_figure(6.4, 4.8)
    figure.set_layout_engine("compressed")  # for axes that are square
    ax = figure.add_subplot()
    edge = float(found["angle"][-1]) * 1e6
    shown = ax.imshow(
        found["value"], origin="lower", extent=(-edge, edge, -edge, edge), cmap="cividis", vmin=0.0
    )
    ax.set_xlabel("angle in x (µrad)")
    ax.set_ylabel("angle in y (µrad)")
    figure.colorbar(shown, ax=ax).set_label(ALONE)
    return figure


MAPS = Section(
    group="maps", one="map", part=MapPart, words="over angles", fits=_fits, names=MAP,
    solve=_solve, numbers=_numbers, variables=_variables,
    tables=[Columns("Angular maps", {
        "largest value": "peak", "at x": "peak_x", "at y": "peak_y", "in the picture": "total",
    })],
    shown=(Shown("map", _draw, "light over angles"),),
)  # fmt: skip
