"""The working point among resonances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fieldwright._figure import STYLES, new_axes
from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Line widths and greys of orders 1, 2, 3, ...
_WIDTHS = (2.4, 1.8, 1.2, 0.8, 0.6, 0.45)
_COLORS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#777777")


class _Line(NamedTuple):
    """The resonance m nu_x + n nu_y = p, and its ends in the picture (2, 2)."""

    m: int
    n: int
    p: int
    ends: np.ndarray

    @property
    def order(self) -> int:
        return abs(self.m) + abs(self.n)

    @property
    def text(self) -> str:
        def term(factor: int, name: str, first: bool) -> str:
            if not factor:
                return ""
            sign = "-" if factor < 0 else "" if first else "+"
            return f"{sign}{abs(factor) if abs(factor) > 1 else ''}{name}"

        terms = term(self.m, r"\nu_1", True) + term(self.n, r"\nu_2", self.m == 0)
        return f"${terms}={self.p}$"


def plot_tune_diagram(
    tunes: Any,
    ax: Axes | None = None,
    *,
    order: int = 4,
    window: float = 0.3,
    labels: bool = True,
) -> Axes:
    r"""Working points among the resonances m nu_1 + n nu_2 = p.

    Args:
        tunes: (2,) with their integers, or a mapping of names to such, for several points.
        ax: where to draw; new axes if None.
        order: up to which |m| + |n| resonances are drawn.
        window: half of the picture's width, about the points.
        labels: whether each line says which it is.

    Returns:
        The axes. Sum resonances are full lines, difference resonances dashed.

    Raises:
        InputError: tunes of another shape, an order below one, or a window not above zero.

    >>> from fieldwright.rings.plots import plot_tune_diagram
    >>> ax = plot_tune_diagram([4.12, 2.09], order=3)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('tune $\\nu_1$', 'tune $\\nu_2$')
    """
    if order < 1 or not window > 0:
        raise InputError(f"order must be at least 1 and window above 0, got {order} and {window}")
    points = tunes if isinstance(tunes, Mapping) else {"working point": tunes}
    places = np.array([as_float(point, "tunes", (2,)) for point in points.values()])
    ax = new_axes(6.2, 6.0) if ax is None else ax
    low, high = places.min(axis=0) - window, places.max(axis=0) + window
    lines = resonance_lines(low, high, order)
    for line in lines:
        dashes: Any = "-" if line.n * line.m >= 0 else (0, (5, 2))
        look = {"color": _of(line.order, _COLORS), "linewidth": _of(line.order, _WIDTHS)}
        ax.plot(*line.ends.T, linestyle=dashes, zorder=1.5, **look)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.set_aspect("equal")
    ax.set_xlabel(r"tune $\nu_1$")
    ax.set_ylabel(r"tune $\nu_2$")
    if labels:
        _label(ax, lines, places, low, high)
    markers = "*os^Dv"
    for number, (name, place) in enumerate(zip(points, places, strict=True)):
        ax.plot(
            *place, markers[number % len(markers)], color=STYLES[0][0], markerfacecolor="white",
            markeredgewidth=1.3, markersize=13 if number % len(markers) == 0 else 8, label=name,
            zorder=4,
        )  # fmt: skip
    _legend(ax, order)
    return ax


def resonance_lines(low: Any, high: Any, order: int) -> list[_Line]:
    """All resonances up to an order that cross the window from `low` (2,) to `high` (2,)."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    corners = np.array([[low[0], low[1]], [low[0], high[1]], [high[0], low[1]], [high[0], high[1]]])
    found = []
    for total in range(1, order + 1):
        for m in range(total + 1):
            for n in {total - m, m - total}:
                if m == 0 and n < 0:
                    continue
                at = corners @ (m, n)
                for p in range(math.ceil(at.min()), math.floor(at.max()) + 1):
                    # 2 nu_1 = 8 is nu_1 = 4
                    if math.gcd(m, n, p) == 1:
                        found.append(_Line(m, n, p, _ends(m, n, p, low, high)))
    return sorted((line for line in found if len(line.ends) == 2), key=lambda line: line[:3])


def _ends(m: int, n: int, p: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where m x + n y = p meets the window's frame: (2, 2), or fewer where it only touches it."""
    met = [(x, (p - m * x) / n) for x in (low[0], high[0]) if n]
    met += [((p - n * y) / m, y) for y in (low[1], high[1]) if m]
    slack = 1e-12 * (1 + abs(high))
    inside = [q for q in met if np.all(q >= low - slack) and np.all(q <= high + slack)]
    inside.sort()
    if len(inside) < 2 or np.hypot(*np.subtract(inside[0], inside[-1])) < 1e-9:
        return np.zeros((0, 2))
    return np.array([inside[0], inside[-1]])


def _label(
    ax: Axes, lines: list[_Line], places: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    """Names on the lines, each where it is farthest from other names and from the points."""
    span = float(max(high - low))
    taken = [*places, *_knots(lines)]
    for line in sorted(lines, key=lambda line: line.order):
        way = line.ends[1] - line.ends[0]
        if np.linalg.norm(way) < 0.12 * span:
            continue
        spots = line.ends[0] + np.linspace(0.08, 0.92, 43)[:, None] * way
        room = np.minimum(spots - low, high - spots).min(axis=1)
        free = [min(np.linalg.norm(spot - other) for other in taken) for spot in spots]
        choice = int(np.argmax(np.minimum(free, 3 * room)))
        if room[choice] < 0.03 * span:
            continue
        best = spots[choice]
        taken.append(best)
        turn = float(np.degrees(np.arctan2(way[1], way[0])))
        ax.text(
            best[0], best[1], line.text, fontsize=7, color=_of(line.order, _COLORS), ha="center",
            va="center", rotation=turn if -90 < turn <= 90 else turn + 180, zorder=3,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
        )  # fmt: skip


def _knots(lines: list[_Line]) -> np.ndarray:
    """(k, 2) where at least three lines meet: names there could be any one's."""
    forms = np.array([line[:3] for line in lines], dtype=float)
    first, second = np.triu_indices(len(lines), 1)
    (a, b, p), (c, d, q) = forms[first].T, forms[second].T
    det = a * d - b * c
    cut = det != 0
    points = np.stack([p * d - b * q, a * q - p * c], axis=1)[cut] / det[cut, None]
    places, count = np.unique(points.round(9), axis=0, return_counts=True)
    return places[count >= 3]


def _legend(ax: Axes, order: int) -> None:
    from matplotlib.lines import Line2D

    handles, _ = ax.get_legend_handles_labels()
    handles += [
        Line2D([], [], color=_of(n, _COLORS), linewidth=_of(n, _WIDTHS), label=f"order {n}")
        for n in range(1, order + 1)
    ]
    handles += [
        Line2D([], [], color="0.3", linestyle=(0, (5, 2)), linewidth=1.0, label="difference"),
    ]
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=8.5
    )


def _of(order: int, values: tuple[Any, ...]) -> Any:
    return values[min(order, len(values)) - 1]
