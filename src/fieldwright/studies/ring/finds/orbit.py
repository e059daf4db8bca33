"""The closed orbit of a ring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._sections import Found, Item, Names, Section, Shown, Variables
from .._case import needs, stacked
from .._later import np, plots, rings

_PLANES = (("x", "horizontal", 0), ("y", "vertical", 2))


def _of(plane: int, measure: Callable[[np.ndarray], Any]) -> Callable[[Item], Any]:
    return lambda item: measure(item.result[:, plane])


_MEASURES: dict[str, Callable[[np.ndarray], Any]] = {
    "largest": lambda orbit: np.abs(orbit).max(),
    "rms": lambda orbit: np.sqrt(np.mean(orbit**2)),
}
NAMES: Names = {
    f"{name}_orbit_{letter}": Found("m", f"{name} {words} orbit", _of(plane, measure))
    for name, measure in _MEASURES.items()
    for letter, words, plane in _PLANES
}


def _variables(item: Item) -> Variables:
    row = (f"place_{item.label}",)
    for letter, words, plane in _PLANES:
        values = item.result[:, plane]
        yield f"orbit_{letter}_{item.label}", row, values, "m", f"{words} closed orbit"


def _draw(ax: Any, item: Item) -> None:
    ring = item.of_case
    plots.plot_orbit(ring.s, item.found("orbit"), ax, lattice=ring)


CURVE = Shown("orbit", stacked(3.6, _draw), "closed orbit", fits=needs("orbit"))
ORBIT = Section(
    group="orbit", names=NAMES, variables=_variables,
    solve=lambda item: np.asarray(rings.closed_orbit(item.of_case, delta=0.0)),
)  # fmt: skip
