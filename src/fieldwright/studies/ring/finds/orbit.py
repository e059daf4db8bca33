"""The closed orbit of a ring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..._later import later
from ..._names import Found, Names
from ..._sections import Item, Section, Shown, Variable
from .._case import needs, stacked

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import rings
else:
    np, rings = later("numpy", "fieldwright.rings")


def _largest(plane: int) -> Any:
    return lambda item: np.abs(item.result[:, plane]).max()


def _rms(plane: int) -> Any:
    return lambda item: np.sqrt(np.mean(item.result[:, plane] ** 2))


NAMES: Names = {
    "largest_orbit_x": Found("m", "largest horizontal orbit", _largest(0)),
    "largest_orbit_y": Found("m", "largest vertical orbit", _largest(2)),
    "rms_orbit_x": Found("m", "rms horizontal orbit", _rms(0)),
    "rms_orbit_y": Found("m", "rms vertical orbit", _rms(2)),
}


def _variables(item: Item) -> Iterator[Variable]:
    name = item.name or item.study.study
    for letter, words, plane in (("x", "horizontal", 0), ("y", "vertical", 2)):
        values = item.result[:, plane]
        yield f"orbit_{letter}_{name}", (f"place_{name}",), values, "m", f"{words} closed orbit"


def _draw(ax: Any, item: Item) -> None:
    from fieldwright.rings import plots

    ring = item.of_case
    plots.plot_orbit(ring.s, item.found("orbit"), ax, lattice=ring)


CURVE = Shown("orbit", stacked(3.6, _draw), "closed orbit", fits=needs("orbit"))
ORBIT = Section(
    group="orbit", names=NAMES, variables=_variables,
    solve=lambda item: np.asarray(rings.closed_orbit(item.of_case, delta=0.0)),
)  # fmt: skip
