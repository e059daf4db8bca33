"""The field along a solenoid of coil sections, over the sections themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.rings.lattice._solenoid_field import axis_field
from fieldwright.rings.plots._strip import axes_above
from fieldwright.sources import Coil

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREYS = ("0.80", "0.90", "0.70", "0.95", "0.60")


def plot_solenoid_field(
    sections: Sequence[Coil], ax: Axes | None = None, *, names: Sequence[str] = ()
) -> Axes:
    """B_s on the axis of coil sections, together and each alone, with their cut above.

    Args:
        sections: coils around the z axis, at their own currents.
        ax: where to draw; new axes if None.
        names: of the sections, in the legend and the cut; their numbers if none.

    Returns:
        The axes.

    Raises:
        InputError: as `axis_field`.

    >>> from fieldwright.rings import vepp2000_solenoid
    >>> from fieldwright.rings.plots import plot_solenoid_field
    >>> ax = plot_solenoid_field(vepp2000_solenoid())
    >>> ax.get_xlabel(), ax.get_ylabel(), len(ax.lines)
    ('s (mm)', '$B_s$ on the axis (T)', 5)
    """
    ax = new_axes(6.4, 4.8) if ax is None else ax
    labels = list(names) or [f"section {number}" for number in range(1, len(sections) + 1)]
    ends = np.array([_ends(section) for section in sections])
    reach = 0.75 * (ends.max() - ends.min())
    middle = 0.5 * (ends.max() + ends.min())
    s = middle + reach * np.linspace(-1.0, 1.0, 601)
    total = np.asarray(axis_field(sections, s))
    ax.axhline(0.0, color="0.5", linewidth=0.6)
    ax.plot(1e3 * s, total, color="black", linewidth=1.8, label="all sections")
    for number, (section, label) in enumerate(zip(sections, labels, strict=True)):
        color, dashes = STYLES[1 + number % (len(STYLES) - 1)]
        field = np.asarray(axis_field([section], s))
        ax.plot(1e3 * s, field, color=color, linestyle=dashes, linewidth=1.2, label=label)
    ax.set_xlabel("s (mm)")
    ax.set_ylabel("$B_s$ on the axis (T)")
    ax.set_xlim(1e3 * s[0], 1e3 * s[-1])
    dress(ax)
    _cut(ax, sections, labels)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.14 * (high - low))
    ax.legend(loc="upper center", ncols=1 + len(sections), frameon=False, fontsize=9)
    return ax


def _ends(section: Coil) -> tuple[float, float]:
    centre, half = float(section.position[2]), float(section.length) / 2
    return centre - half, centre + half


def _cut(ax: Axes, sections: Sequence[Coil], labels: Sequence[str]) -> None:
    """The windings cut along the axis, in a strip above: radially to the scale given there."""
    from matplotlib.patches import Rectangle

    strip = axes_above(ax, 8.0, 80.0)
    outer = 1e3 * max(float(section.outer_radius) for section in sections)
    for number, (section, label) in enumerate(zip(sections, labels, strict=True)):
        start, stop = (1e3 * end for end in _ends(section))
        inner, out = 1e3 * float(section.inner_radius), 1e3 * float(section.outer_radius)
        look: dict[str, Any] = {"facecolor": _GREYS[number % len(_GREYS)], "edgecolor": "0.2"}
        for low in (inner, -out):
            strip.add_patch(Rectangle((start, low), stop - start, out - inner, **look))
        ampere_turns = f"{float(section.turns * section.current) / 1e6:.2f} MA"
        for text, half in ((label, 0.5), (ampere_turns, -0.5)):
            at = (start + stop) / 2, half * (inner + out)
            strip.text(*at, text, fontsize=8, ha="center", va="center")
    strip.axhline(0.0, color="0.3", linewidth=0.6, linestyle=(0, (6, 2, 1, 2)))
    strip.set_ylim(-1.1 * outer, 1.1 * outer)
    strip.set_ylabel("r (mm)", fontsize=8)
    strip.tick_params(labelbottom=False, labelsize=8)
    for side in ("top", "right", "bottom"):
        strip.spines[side].set_visible(False)
    strip.tick_params(axis="x", length=0)
