"""A ring or line seen from above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import new_axes
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._survey import along_arc, bend_of, survey
from fieldwright.rings.plots._element_look import LINE, LOOKS, THIN, Look, look_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FONT = 6.0  # of names, in points
_MANY = 300  # elements: of more, lines are fine and only markers have names


def plot_layout(
    lattice: Lattice, ax: Axes | None = None, *, names: bool = True, width: float | None = None
) -> Axes:
    """A ring or line seen from above: outlines of its elements, with their names.

    Args:
        lattice: with known numbers. Tilted bends are drawn as their orbit falls on the floor.
        ax: where to draw; new axes if None.
        names: whether names are written, outside the ring, as far as there is room for them; of
            more than 300 elements only those of markers.
        width: of a bend across the beam [m]; a fiftieth of the picture if None.

    Returns:
        The axes, both to the same scale, the beam at the start running to the right.

    >>> from fieldwright.rings import Bend, Drift, Lattice, Quadrupole
    >>> from fieldwright.rings.plots import plot_layout
    >>> cell = [Quadrupole(name="QF", length=0.2, k1=2.0), Drift(name="D", length=0.8),
    ...         Bend(name="B", length=1.0, angle=0.7854), Drift(name="D", length=1.0)]
    >>> ax = plot_layout(Lattice.of(8 * cell, energy=1e9))
    >>> ax.get_xlabel(), len(ax.patches)
    ('z (m)', 16)
    """
    ax = new_axes(7.6, 6.4) if ax is None else ax
    found = survey(lattice)
    floor = found.position[:, [2, 0]]
    size = float(np.ptp(floor, axis=0).max()) or 1.0
    width = size / 28 if width is None else width
    drawn = _outlines(ax, lattice, floor, found.axes, width, size)
    _orbit(ax, lattice, floor, found.axes)
    _arrow(ax, floor, found.axes, size, width)
    # room for what is written outside
    low, high = floor.min(axis=0), floor.max(axis=0)
    margin = (0.1 if names else 0.05) * size
    ax.set_xlim(low[0] - margin, high[0] + margin)
    ax.set_ylim(low[1] - margin, high[1] + margin)
    ax.set_aspect("equal")
    ax.set_xlabel("z (m)")
    ax.set_ylabel("x (m)")
    if names:
        _names(ax, lattice, floor, found.axes, width)
    _legend(ax, drawn)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _outlines(
    ax: Axes, lattice: Lattice, floor: np.ndarray, axes: np.ndarray, width: float, size: float
) -> list[str]:
    """Draws all elements; the labels of their kinds."""
    from matplotlib.patches import Polygon

    labels = []
    line = LINE | {"linewidth": 0.5 if len(lattice) < _MANY else 0.15}
    for index in range(len(lattice)):
        look = look_of(lattice, index)
        if look is None:
            continue
        labels.append(look.label)
        corners = _outline(lattice, index, look.width * width, size)
        at = floor[index] + corners @ axes[index][[2, 0]][:, [0, 2]].T
        shape = Polygon(at, closed=True, facecolor=look.face, hatch=look.hatch, zorder=3, **line)
        ax.add_patch(shape)
        if look.sign:
            x, y = at.mean(axis=0)
            ax.text(
                x, y, look.sign, color="white", fontsize=9, fontweight="bold", ha="center",
                va="center", zorder=4,
            )  # fmt: skip
    return labels


def _outline(lattice: Lattice, index: int, width: float, size: float) -> np.ndarray:
    """(m, 2) x and s of an element's outline, in the axes of its start."""
    length, angle, _ = bend_of(lattice, index)
    if length < THIN * size / 4:
        half = (3 if lattice.kinds[index] == "RFCavity" else 0.5) * THIN * size
        return np.array([[1, -1], [1, 1], [-1, 1], [-1, -1]]) * [width / 2, half]
    part = np.linspace(0.0, 1.0, 2 if angle == 0 else 25)
    line = along_arc(length, angle, part)
    normal = np.stack([np.cos(part * angle), np.sin(part * angle)], axis=1)
    return np.concatenate([line + width / 2 * normal, (line - width / 2 * normal)[::-1]])


def _orbit(ax: Axes, lattice: Lattice, floor: np.ndarray, axes: np.ndarray) -> None:
    """The reference orbit, through everything."""
    line = [floor[:1]]
    for index in range(len(lattice)):
        length, angle, _ = bend_of(lattice, index)
        if angle:
            inside = along_arc(length, angle, np.linspace(0.0, 1.0, 25)[1:-1])
            line.append(floor[index] + inside @ axes[index][[2, 0]][:, [0, 2]].T)
        line.append(floor[index + 1 : index + 2])
    ax.plot(*np.concatenate(line).T, color="0.3", linewidth=0.7, zorder=2)


def _arrow(ax: Axes, floor: np.ndarray, axes: np.ndarray, size: float, width: float) -> None:
    """Which way the beam goes, inside the ring at the start."""
    inward = floor.mean(axis=0) - floor[0]
    across = axes[0][[2, 0], 0]
    side = across * (np.sign(inward @ across) or 1.0)
    start = floor[0] + 1.6 * width * side
    ax.annotate(
        "", start + 0.12 * size * axes[0][[2, 0], 2], start,
        arrowprops={"arrowstyle": "-|>", "color": "0.2", "linewidth": 0.9},
    )  # fmt: skip
    x, y = start + 0.6 * width * side
    ax.text(x, y, "beam", fontsize=8, color="0.2", ha="left", va="center")


def _names(ax: Axes, lattice: Lattice, floor: np.ndarray, axes: np.ndarray, width: float) -> None:
    """Names outside the ring, across the beam, where they do not touch one that is there."""
    centre = 0.5 * (floor.min(axis=0) + floor.max(axis=0))
    gap = 1.5 * _FONT / _points_per_metre(ax)
    taken: list[np.ndarray] = []
    for index in sorted(range(len(lattice)), key=lambda i: _rank(lattice.kinds[i])):
        kind = lattice.kinds[index]
        if kind != "Marker" and (look_of(lattice, index) is None or len(lattice) > _MANY):
            continue
        length, angle, _ = bend_of(lattice, index)
        half = along_arc(length, angle, [0.5]) @ axes[index][[2, 0]][:, [0, 2]].T
        at = floor[index] + half[0]
        across = (axes[index] @ [np.cos(angle / 2), 0.0, np.sin(angle / 2)])[[2, 0]]
        outward = across * (np.sign((at - centre) @ across) or 1.0)
        place = at + 0.72 * width * outward
        if any(np.linalg.norm(place - other) < gap for other in taken):
            continue
        taken.append(place)
        if kind == "Marker":
            ax.plot(*at, "o", color="black", markersize=3, zorder=4)
        _write(ax, lattice.names[index], place, outward, kind == "Marker")


def _rank(kind: str) -> int:
    """Whose name is written first."""
    order = ("Marker", "RFCavity", "Solenoid", "Bend", "Quadrupole", "Sextupole")
    return order.index(kind) if kind in order else len(order)


def _points_per_metre(ax: Axes) -> float:
    """How many points of print a metre takes, about: a constrained layout widens axes a bit."""
    box = ax.get_position()
    inches = ax.figure.get_size_inches() * (box.width, box.height)  # type: ignore[union-attr]
    spans = np.ptp([ax.get_xlim(), ax.get_ylim()], axis=1)
    return float(1.1 * 72 * min(inches / spans))


def _write(ax: Axes, name: str, place: np.ndarray, outward: np.ndarray, marker: bool) -> None:
    if marker:
        sides = [int(np.sign(round(float(part), 1))) for part in outward]
        ax.text(
            place[0], place[1], name, fontsize=_FONT + 2, fontweight="bold",
            ha=("right", "center", "left")[sides[0] + 1],
            va=("top", "center", "bottom")[sides[1] + 1],
        )  # fmt: skip
        return
    turn = float(np.degrees(np.arctan2(outward[1], outward[0])))
    upright = -90.01 < turn <= 90.01
    ax.text(
        place[0], place[1], name, fontsize=_FONT, rotation=turn if upright else turn + 180,
        rotation_mode="anchor", color="0.2", ha="left" if upright else "right", va="center",
        zorder=5,
    )  # fmt: skip


def _legend(ax: Axes, labels: list[str]) -> None:
    from matplotlib.patches import Patch

    def patch(look: Look) -> Any:
        return Patch(facecolor=look.face, hatch=look.hatch, label=look.label, **LINE)

    shown = [patch(look) for look in LOOKS if look.label in labels]
    ax.legend(handles=shown, loc="center", frameon=False, fontsize=8)
