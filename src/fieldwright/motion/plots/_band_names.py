"""The reasons of instability bands, written above a picture's axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fieldwright.motion.resonances._bands import InstabilityBand

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def name_bands(ax: Axes, bands: Sequence[InstabilityBand], factor: float, least: float) -> None:
    """The reasons of bands that grow fast enough, above the axes and apart from each other."""
    from matplotlib.transforms import blended_transform_factory

    shown = [band for band in bands if band.growth >= least]
    middles = np.array([(band.low + band.high) / 2 * factor for band in shown])
    low, high = ax.get_xlim()
    at = blended_transform_factory(ax.transData, ax.transAxes)
    places = apart(middles, 0.022 * (high - low))
    for band, middle, place in zip(shown, middles, places, strict=True):
        ax.annotate(
            mathtext(band.label),
            (middle, 1.0),
            (place, 1.04),
            xycoords=at,
            textcoords=at,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": "0.4"},
        )


def apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Places moved so that neighbours are at least `gap` apart, by as little as it takes.

    >>> apart(np.array([1.0, 1.0, 5.0]), 1.0).tolist()
    [0.5, 1.5, 5.0]
    """
    order = np.argsort(places, kind="stable")
    # Pushing neighbours apart is fitting a rising line to places less the gaps before them.
    level = places[order] - gap * np.arange(len(places))
    blocks: list[list[float]] = []  # of equal level: sum and count
    for value in level:
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    fitted = np.concatenate([np.full(int(n), total / n) for total, n in blocks] or [level])
    moved = np.empty_like(places)
    moved[order] = fitted + gap * np.arange(len(places))
    return moved


def mathtext(label: str) -> str:
    """A band's label as matplotlib sets it."""
    if "ω" not in label:
        return label
    for plain, tex in (("ωz", r"\omega_z"), ("ω+", r"\omega_+"), ("ω−", r"\omega_-"), ("−", "-")):
        label = label.replace(plain, tex)
    return f"${label}$"
