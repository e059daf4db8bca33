"""Amplitudes from which particles stay in the ring of a case."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .._fields import Number
from .._sections import (
    Found,
    Item,
    Names,
    Picture,
    Rows,
    Section,
    Shown,
    Variables,
    on_axes,
    standing,
)
from ._later import np, plots, rings
from ._run import OfCase


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


def _variables(item: Item) -> Variables:
    ray, found = f"ray_{item.name}", item.result
    yield ray, (ray,), found.angle, "rad", "direction in the plane of x and y"
    yield f"radius_{item.name}", (ray,), found.radius, "m", "amplitude that stays"


def _draw(picture: Picture, ax: Any) -> None:
    plots.plot_dynamic_aperture(picture.items[0].result, ax)


APERTURES = Section(
    group="apertures", one="aperture", part=AperturePart, words="dynamic apertures", slow=True,
    names=APERTURE, solve=_solve, variables=_variables,
    tables=[Rows("Dynamic aperture", APERTURE)],
    shown=(Shown("aperture", on_axes(6.8, 4.8, _draw), ""),),
)  # fmt: skip
