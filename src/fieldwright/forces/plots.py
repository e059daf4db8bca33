"""Pictures of the force between a coil and a magnet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MM = 1e3


def plot_force(
    coil: Any,
    magnet: Any,
    distance: Any = None,
    ax: Axes | None = None,
    *,
    label: str | None = None,
    style: int = 0,
    mark: str | None = "maximum",
) -> Axes:
    """Force per ampere over the distance between coil and magnet.

    `distance` (n,) [m] defaults to 0 to 20 mm; `mark` is "maximum", "range" (where the force is at
    least 95 % of the maximum), "parabola" (the curvature at the maximum) or None; `style` picks one
    of `STYLES`. Returns the axes, new ones where `ax` is None.

    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
    >>> ax = plot_force(coil, magnet)
    >>> ax.get_xlabel()
    'distance between centres (mm)'
    """
    from fieldwright.forces import axial_force, sweet_spot

    z = np.linspace(0.0, 20e-3, 401) if distance is None else np.asarray(distance, dtype=float)
    ax = new_axes() if ax is None else ax
    draw_force(ax, z, pull(axial_force(coil, magnet, z)), label=label, style=style)
    if mark is not None:
        spot = sweet_spot(coil, magnet)
        position, height = float(spot.position), float(spot.force_per_current)
        if mark == "maximum":
            draw_maximum(ax, position, height, style=style)
        elif mark == "range":
            low, high = spot.range(0.95)
            draw_range(ax, float(low), float(high))
        elif mark == "parabola":
            draw_parabola(ax, z, position, height, float(spot.curvature))
        else:
            raise ValueError(f"mark must be 'maximum', 'range', 'parabola' or None, got {mark!r}")
    return ax


def pull(force: Any) -> np.ndarray:
    """Forces (n,) [N/A] with the sign that makes the largest of them positive.

    >>> pull([0.1, -0.5, -0.2]).tolist()
    [-0.1, 0.5, 0.2]
    """
    values = np.asarray(force, dtype=float)
    largest = values.flat[np.abs(values).argmax()]
    return -values if largest < 0 else values


def draw_force(
    ax: Axes, distance: Any, force: Any, *, label: str | None = None, style: int = 0
) -> None:
    """The curve of `force` (n,) [N/A] over `distance` (n,) [m], with labelled axes."""
    color, dashes = STYLES[style % len(STYLES)]
    z, height = np.asarray(distance), np.asarray(force)
    ax.plot(z * _MM, height, color=color, linestyle=dashes, linewidth=1.6, label=label)
    ax.set_xlabel("distance between centres (mm)")
    ax.set_ylabel("force per current (N/A)")
    ax.set_xlim(float(z.min()) * _MM, float(z.max()) * _MM)
    if float(height.min()) >= 0.0:
        ax.set_ylim(bottom=0.0)
    dress(ax)


def draw_maximum(ax: Axes, position: float, force: float, *, style: int = 0) -> None:
    """A dot at the maximum and a thin line down to its distance [m]."""
    color, _ = STYLES[style % len(STYLES)]
    ax.vlines(position * _MM, 0.0, force, color=color, linewidth=0.8, alpha=0.8)
    ax.plot([position * _MM], [force], "o", color=color, markersize=4.5)


def draw_range(ax: Axes, low: float, high: float, *, label: str | None = None) -> None:
    """The distances [m] with most of the force, shaded."""
    ax.axvspan(low * _MM, high * _MM, color="0.87", linewidth=0, zorder=0, label=label)


def draw_parabola(
    ax: Axes,
    distance: Any,
    position: float,
    force: float,
    curvature: float,
    *,
    label: str | None = None,
) -> None:
    """The parabola that touches the curve at its maximum, with its `curvature` [N/A/m^2]."""
    z = np.asarray(distance)
    height = force + 0.5 * curvature * (z - position) ** 2
    seen = height >= 0.0
    ax.plot(
        z[seen] * _MM, height[seen], color="#D55E00", linestyle="--", linewidth=1.4, label=label
    )
