"""Optics and orbits along a ring, with its elements in a strip above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.errors import InputError
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.linear_optics._optics import Optics
from fieldwright.rings.plots._strip import draw_strip
from fieldwright.sources._checks import as_float

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SEEN = 1e-6  # of the largest: a function below it is not drawn
_SCALES = ((1.0, "m"), (1e-3, "mm"), (1e-6, "µm"), (1e-9, "nm"))


def plot_optics(
    optics: Optics, ax: Axes | None = None, *, lattice: Lattice | None = None, modes: bool = False
) -> Axes:
    """Beta functions and dispersion along a ring.

    Args:
        optics: from `optics`; with a `step` of some centimetres curves are smooth.
        ax: where to draw; new axes if None.
        lattice: whose elements stand in a strip above; none if None.
        modes: draw Mais and Ripken's functions of both modes instead of the beta functions of
            equal emittances.

    Returns:
        The axes of the beta functions; the dispersion's are on their right.

    Raises:
        InputError: `modes` where the tunes agree, so that single modes have no functions.

    >>> from fieldwright.rings import Bend, Drift, Lattice, Quadrupole, optics
    >>> from fieldwright.rings.plots import plot_optics
    >>> cell = [Quadrupole(name="QF", length=0.2, k1=1.2), Drift(name="D", length=0.5),
    ...         Bend(name="B", length=1.0, angle=0.7854), Drift(name="D", length=0.5),
    ...         Quadrupole(name="QD", length=0.2, k1=-1.2), Drift(name="E", length=1.0)]
    >>> ring = Lattice.of(8 * cell, energy=1e9)
    >>> ax = plot_optics(optics(ring), lattice=ring)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('s (m)', 'beta function (m)')
    """
    s = np.asarray(optics.s)
    ax = new_axes(8.0, 4.6) if ax is None else ax
    lines = []
    for number, (label, values) in enumerate(_betas(optics, modes)):
        color, dashes = STYLES[number]
        lines += ax.plot(s, values, color=color, linestyle=dashes, linewidth=1.5, label=label)
    ax.set_xlabel("s (m)")
    ax.set_ylabel("beta function (m)")
    ax.set_xlim(s[0], s[-1])
    ax.set_ylim(bottom=0.0)
    dress(ax)
    lines += _dispersion(ax, optics, s)
    if lattice is not None:
        draw_strip(ax, lattice)
    _legend(ax, lines)
    return ax


def plot_orbit(
    s: Any, orbit: Any, ax: Axes | None = None, *, lattice: Lattice | None = None
) -> Axes:
    """A closed orbit along a ring, horizontally and vertically.

    Args:
        s: (m,) path along the ring [m]; of `closed_orbit` it is `lattice.s`.
        orbit: (m, 6) there.
        ax: where to draw; new axes if None.
        lattice: whose elements stand in a strip above; none if None.

    Returns:
        The axes.

    Raises:
        InputError: arrays of another shape.

    >>> from fieldwright.rings.plots import plot_orbit
    >>> ax = plot_orbit([0.0, 1.0], [[0.0] * 6, [1e-3, 0.0, 2e-4, 0.0, 0.0, 0.0]])
    >>> ax.get_ylabel()
    'orbit (mm)'
    """
    s = np.asarray(as_float(s, "s", (None,)))
    orbit = np.asarray(as_float(orbit, "orbit", (len(s), 6)))
    ax = new_axes(8.0, 3.6) if ax is None else ax
    largest = float(np.abs(orbit[:, [0, 2]]).max())
    unit, name = next((pair for pair in _SCALES if largest >= 0.3 * pair[0]), _SCALES[-1])
    lines = []
    for number, (column, label) in enumerate(((0, "x"), (2, "y"))):
        color, dashes = STYLES[number]
        look: dict[str, Any] = {"color": color, "linestyle": dashes, "linewidth": 1.5}
        lines += ax.plot(s, orbit[:, column] / unit, label=label, **look)
    ax.axhline(0.0, color="0.6", linewidth=0.6, zorder=1)
    ax.set_xlabel("s (m)")
    ax.set_ylabel(f"orbit ({name})")
    ax.set_xlim(s[0], s[-1])
    dress(ax)
    if lattice is not None:
        draw_strip(ax, lattice)
    _legend(ax, lines)
    return ax


def _betas(optics: Optics, modes: bool) -> list[tuple[str, np.ndarray]]:
    if not modes:
        beta = np.asarray(optics.beta)
        return [(r"$\beta_x$", beta[:, 0]), (r"$\beta_y$", beta[:, 1])]
    if bool(optics.degenerate):
        raise InputError(
            f"the tunes {float(optics.tunes[0]):.6g} and {float(optics.tunes[1]):.6g} differ by a "
            "whole number, so single modes have no functions: draw it with modes=False",
            parameter="modes",
        )
    beta = np.asarray(optics.mode_beta)
    names = (r"$\beta_{1x}$", r"$\beta_{1y}$", r"$\beta_{2x}$", r"$\beta_{2y}$")
    found = [(names[2 * k + p], beta[:, k, p]) for k in (0, 1) for p in (0, 1)]
    return [(name, values) for name, values in found if values.max() > _SEEN * beta.max()]


def _dispersion(ax: Axes, optics: Optics, s: np.ndarray) -> list[Any]:
    """Dispersion on the right, its zero at a level of its own; nothing where there is none."""
    dispersion = np.asarray(optics.dispersion)[:, [0, 2]]
    if np.abs(dispersion).max() < 1e-9:
        return []
    right = ax.twinx()
    lines = []
    for column, name in ((0, "$D_x$"), (1, "$D_y$")):
        if np.abs(dispersion[:, column]).max() > _SEEN * np.abs(dispersion).max():
            color, dashes = STYLES[4 + column]
            look: dict[str, Any] = {"color": color, "linestyle": dashes, "linewidth": 1.2}
            lines += right.plot(s, dispersion[:, column], label=name, **look)
    right.set_ylabel("dispersion (m)")
    low, high = min(dispersion.min(), 0.0), max(dispersion.max(), 0.0)
    span = high - low
    right.set_ylim(low - 0.05 * span, low + 2.2 * span)  # below the beta functions
    right.spines["top"].set_visible(False)
    return lines


def _legend(ax: Axes, lines: list[Any]) -> None:
    # the pad is in sizes of the font: below the axis's label, however high the axes are
    ax.legend(
        handles=lines, loc="upper center", bbox_to_anchor=(0.5, 0.0), borderaxespad=3.4,
        ncols=len(lines), frameon=False,
    )  # fmt: skip
