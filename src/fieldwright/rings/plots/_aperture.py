"""The dynamic aperture in the plane of x and y."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.rings.tracking._dynamic_aperture import DynamicAperture

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_dynamic_aperture(
    found: DynamicAperture,
    ax: Axes | None = None,
    *,
    scan: bool = True,
    label: str = "",
    style: int = 0,
) -> Axes:
    """The edge of what stays, between its bounds, and what was tried.

    Args:
        found: from `dynamic_aperture`.
        ax: where to draw; new axes if None.
        scan: whether the particles of the even grid are drawn: full dots stayed, open ones were
            lost, the smaller the earlier.
        label: of the edge, in the legend.
        style: index into the house's line styles.

    Returns:
        The axes, both to the same scale.

    >>> import numpy as np
    >>> from fieldwright.rings import DynamicAperture
    >>> from fieldwright.rings.plots import plot_dynamic_aperture
    >>> found = DynamicAperture(np.array([0.0, 1.57]), np.array([0.01, 0.004]),
    ...     np.array([0.011, 0.005]), 100, np.array([[0.01], [0.01]]), np.array([[-1], [7]]))
    >>> ax = plot_dynamic_aperture(found)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x (mm)', 'y (mm)')
    """
    ax = new_axes(6.4, 4.6) if ax is None else ax
    color, dashes = STYLES[style % len(STYLES)]
    way = np.stack([np.cos(found.angle), np.sin(found.angle)])
    inner, outer = 1e3 * found.radius * way, 1e3 * found.lost_radius * way
    if scan:
        _scan(ax, found, way)
    name = label or f"stays {int(found.turns)} turns"
    ax.plot(*inner, color=color, linestyle=dashes, linewidth=1.7, label=name, zorder=3)
    band = np.concatenate([inner, outer[:, ::-1]], axis=1)
    ax.fill(*band, color=color, alpha=0.25, linewidth=0, zorder=2)
    ax.set_xlabel("x (mm)")
    ax.set_ylabel("y (mm)")
    ax.set_aspect("equal", adjustable="datalim")
    dress(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(0.0, 1.14), ncols=3, frameon=False, fontsize=9)
    return ax


def _scan(ax: Axes, found: DynamicAperture, way: np.ndarray) -> None:
    """Dots of the even grid, up to a little beyond the edge."""
    reach = 1.25 * found.lost_radius.max()
    near = found.scan <= reach
    x, y = (1e3 * found.scan * part[:, None] for part in way)
    kept = (found.scan_lost < 0) & near
    ax.plot(x[kept], y[kept], "o", color="0.6", markersize=3, zorder=1, label="stayed")
    lost = (found.scan_lost >= 0) & near
    size = 3 + 37 * np.sqrt(found.scan_lost[lost] / found.turns)
    ax.scatter(
        x[lost], y[lost], s=size, facecolor="none", edgecolor=STYLES[1][0], linewidth=0.7,
        label="lost, earlier if smaller", zorder=1,
    )  # fmt: skip
