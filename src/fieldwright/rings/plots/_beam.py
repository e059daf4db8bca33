"""Pictures of the beam itself: its ellipse and light spot, and its size over energy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.errors import InputError
from fieldwright.rings.beam._beam_spot import beam_spot
from fieldwright.sources._checks import as_float

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SPOT = 3.2  # half of the picture, in the largest size
_ROUND = 5e-3  # of the size: a spot rounder than this has no axes that could be seen
_UNITS = ((1.0, "m"), (1e-3, "mm"), (1e-6, "µm"), (1e-9, "nm"))


def plot_beam_ellipse(covariance: Any, ax: Axes | None = None, *, title: str = "") -> Axes:
    """The beam's cross-section: the light spot as a density, its one-sigma ellipse and its axes.

    Args:
        covariance: (2, 2) of x and y [m^2], or (4, 4) or (6, 6) of which they are a part.
        ax: where to draw; new axes if None.
        title: above it.

    Returns:
        The axes, both to the same scale. Of a spot that is round its size is told only.

    Raises:
        InputError: another shape, or no covariance of a beam with a width and a height.

    Source: C. Bernardini and C. Pellegrini, LNF-64/55 (1964), appendix: of the local symmetry axes
    the first is next to x.

    >>> from fieldwright.rings.plots import plot_beam_ellipse
    >>> ax = plot_beam_ellipse([[4e-8, 1e-8], [1e-8, 1e-8]])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x (mm)', 'y (mm)')
    """
    section = _section(covariance)
    spot = beam_spot(section)
    sizes, angle = np.asarray(spot.size), float(spot.angle)
    ax = new_axes(5.2, 5.0) if ax is None else ax
    reach = _SPOT * float(sizes.max())
    unit, name = _unit(reach)
    grid = reach * np.linspace(-1.0, 1.0, 201)
    x, y = np.meshgrid(grid, grid)
    # no sharper than the image: a beam without a height is seen, too
    form = np.linalg.inv(section + (0.7 * (grid[1] - grid[0])) ** 2 * np.eye(2))
    density = np.exp(-0.5 * (form[0, 0] * x * x + 2 * form[0, 1] * x * y + form[1, 1] * y * y))
    edge = reach / unit
    ax.imshow(
        density, extent=(-edge, edge, -edge, edge), origin="lower", cmap="Greys", vmax=1.6,
        interpolation="bilinear",
    )  # fmt: skip
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = np.linspace(0.0, 2 * np.pi, 361)
    ellipse = axes @ (sizes[:, None] * [np.cos(turn), np.sin(turn)])
    ax.plot(*ellipse / unit, color=STYLES[1][0], linewidth=1.6, label="one sigma")
    for draw in (ax.axhline, ax.axvline):
        draw(0.0, color="0.6", linewidth=0.6)
    if abs(sizes[0] / sizes[1] - 1) < _ROUND:
        text = rf"round, $\sigma$ = {_say(np.sqrt(sizes.prod()))}"
    else:
        _axes(ax, axes, reach / unit)
        text = (
            rf"$\sigma_{{\bar x}}$ = {_say(sizes[0])}, $\sigma_{{\bar y}}$ = {_say(sizes[1])}, "
            rf"$\theta$ = {np.degrees(angle):.2f}°".replace("-", "\N{MINUS SIGN}")
        )
    ax.set_title(f"{title}\n{text}" if title else text, fontsize=10)
    ax.set_xlabel(f"x ({name})")
    ax.set_ylabel(f"y ({name})")
    ax.set_xlim(-edge, edge)
    ax.set_ylim(-edge, edge)
    ax.set_aspect("equal")
    ax.legend(loc="lower right", frameon=False, fontsize=9)
    return ax


def plot_energy_scan(energy: Any, sizes: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Sizes of a beam over energy.

    Args:
        energy: (k,) [eV].
        sizes: names and rms sizes (k,) [m], a curve for each.
        ax: where to draw; new axes if None.

    Returns:
        The axes.

    Raises:
        InputError: sizes of another shape than the energies'.

    >>> import numpy as np
    >>> from fieldwright.rings.plots import plot_energy_scan
    >>> energy = np.linspace(0.2e9, 1e9, 5)
    >>> ax = plot_energy_scan(energy, {"horizontal": 148e-6 * energy / 1e9})
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('energy (MeV)', 'rms size (µm)')
    """
    energy = as_float(energy, "energy", (None,))
    curves = {
        name: as_float(size, f"sizes[{name!r}]", energy.shape) for name, size in sizes.items()
    }
    ax = new_axes() if ax is None else ax
    unit, name = _unit(max(float(np.max(size)) for size in curves.values()))
    for number, (label, size) in enumerate(curves.items()):
        color, dashes = STYLES[number % len(STYLES)]
        ax.plot(
            np.asarray(energy) / 1e6, np.asarray(size) / unit, color=color, linestyle=dashes,
            linewidth=1.5, marker="os^Dv"[number % 5], markersize=4, label=label,
        )  # fmt: skip
    ax.set_xlabel("energy (MeV)")
    ax.set_ylabel(f"rms size ({name})")
    ax.set_ylim(bottom=0.0)
    dress(ax)
    ax.legend(frameon=False)
    return ax


def _section(covariance: Any) -> np.ndarray:
    shape = np.shape(covariance)
    if shape not in ((2, 2), (4, 4), (6, 6)):
        raise InputError(
            f"covariance must have the shape (2, 2), (4, 4) or (6, 6), got {shape}",
            parameter="covariance",
        )
    whole = np.asarray(as_float(covariance, "covariance", shape))
    section = whole if shape == (2, 2) else whole[:3:2, :3:2]
    if not (section[0, 0] > 0 and np.linalg.det(section) > 0):
        raise InputError(
            f"covariance must be that of a beam with a width and a height, got {section.tolist()}",
            parameter="covariance",
        )
    return section


def _axes(ax: Axes, axes: np.ndarray, edge: float) -> None:
    """The local symmetry axes with their names."""
    color, dashes = STYLES[2][0], (0, (5, 3))
    for number, name in enumerate((r"$\bar x$", r"$\bar y$")):
        way = axes[:, number] * 0.86 * edge
        ax.plot(*np.stack([-way, way], axis=1), color=color, linestyle=dashes, linewidth=1.0)
        x, y = 1.06 * way
        ax.text(x, y, name, color=color, ha="center", va="center", fontsize=12)


def _unit(length: float) -> tuple[float, str]:
    """A unit in which a length is from one to a thousand."""
    for unit, name in _UNITS:
        if length >= 0.3 * unit:
            return unit, name
    return _UNITS[-1]


def _say(length: float) -> str:
    unit, name = _unit(length)
    return f"{length / unit:.4g} {name}"
