"""What stands above axes over the path: a strip with the elements of a lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.plots._element_look import LINE, THIN, look_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAP, _HEIGHT = 3.0, 26.0  # of the strip, in points


def draw_strip(ax: Axes, lattice: Lattice) -> Axes:
    """A strip above axes over the path, in which the elements stand; returns the strip's axes."""
    from matplotlib.patches import Rectangle

    strip = axes_above(ax, _GAP, _HEIGHT)
    strip.set_ylim(-1.15, 1.15)
    strip.axhline(0.0, color="0.3", linewidth=0.6, zorder=1)
    s, whole = np.asarray(lattice.s), float(lattice.circumference)
    for index in range(len(lattice)):
        look = look_of(lattice, index)
        if look is None:
            continue
        start, length = float(s[index]), float(s[index + 1] - s[index])
        if length < THIN * whole / 4:
            start, length = start - THIN * whole / 2, THIN * whole
        box = Rectangle(
            (start, look.low), length, look.high - look.low, facecolor=look.face,
            hatch=look.hatch, zorder=2, **LINE,
        )  # fmt: skip
        strip.add_patch(box)
        if look.sign:
            strip.text(
                start + length / 2, -0.06, look.sign, color="white", fontsize=8, fontweight="bold",
                ha="center", va="center", zorder=3, clip_on=True,
            )  # fmt: skip
    strip.set_axis_off()
    return strip


def axes_above(ax: Axes, gap: float, height: float) -> Axes:
    """Axes above others, of the same x axis, at sizes in points.

    Sizes that do not grow with the axes below let a constrained layout end at once.
    """
    from matplotlib.transforms import Affine2D, ScaledTranslation, blended_transform_factory

    frame: Any = ax.transAxes
    points = Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans
    above = points + ScaledTranslation(0.0, 1.0, frame)
    place = blended_transform_factory(ax.transAxes, above)
    return ax.inset_axes((0.0, gap, 1.0, height), transform=place, sharex=ax)
