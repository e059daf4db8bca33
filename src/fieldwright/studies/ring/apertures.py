"""Amplitudes from which particles stay in the ring of a case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..._figure import new_figure
from .._fields import Number
from .._later import later
from .._names import Found, Names
from .._sections import Item, Picture, Rows, Section, Shown, Variable
from .._study import standing
from ._run import OfCase

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import rings
else:
    np, rings = later("numpy", "fieldwright.rings")


class AperturePart(OfCase):
    """Amplitudes from which particles stay."""

    turns: int = Field(1000, ge=1)
    rays: int = Field(13, ge=1)
    delta: Number | None = Field(None, description="momentum deviation, without RF")


APERTURE: Names = {
    "least_radius": Found(
        "m", "smallest amplitude of the dynamic aperture", lambda item: item.result.radius.min()
    ),
    "radius_x": Found("m", "dynamic aperture along the first ray", "radius.0"),
    "area": Found("m^2", "area of the dynamic aperture", "area"),
}


def _solve(item: Item) -> rings.DynamicAperture:
    part = item.part
    item.progress(item.phase)
    with standing(item.study.place_of(item.case, "ring")):
        return rings.dynamic_aperture(
            item.of_case, part.turns, angles=np.linspace(0.0, np.pi, part.rays),
            delta=part.delta, progress=lambda done: item.progress(item.phase, done),
        )  # fmt: skip


def _variables(item: Item) -> Iterator[Variable]:
    ray, found = f"ray_{item.name}", item.result
    yield ray, (ray,), found.angle, "rad", "direction in the plane of x and y"
    yield f"radius_{item.name}", (ray,), found.radius, "m", "amplitude that stays"


def _draw(picture: Picture) -> Any:
    from fieldwright.rings import plots

    figure = new_figure(6.8, 4.8)
    plots.plot_dynamic_aperture(picture.items[0].result, figure.add_subplot())
    return figure


APERTURES = Section(
    group="apertures", one="aperture", part=AperturePart, words="dynamic apertures", slow=True,
    names=APERTURE, solve=_solve, variables=_variables,
    tables=[Rows("Dynamic aperture", APERTURE)], shown=(Shown("aperture", _draw, ""),),
)  # fmt: skip
