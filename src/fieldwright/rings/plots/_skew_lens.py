"""Pictures of one skew lens in an uncoupled ring: where it is stable, its modes, and its beam."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.rings.beam._skew_lens import LensRing, lens_modes
from fieldwright.rings.beam._skew_lens_beam import lens_beam
from fieldwright.sources._checks import as_float

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ACROSS = 720  # points across the stability map


def plot_lens_stability(strengths: Any, ax: Axes | None = None) -> Axes:
    r"""Where a ring with a skew lens is stable, over the two phase advances: the darker the less.

    Args:
        strengths: m sqrt(beta_x beta_y) of some lenses (k,), above zero; two to four read best.
        ax: where to draw; new axes if None.

    Returns:
        The axes.

    Raises:
        InputError: a strength is not a finite number.

    >>> from fieldwright.rings.plots import plot_lens_stability
    >>> ax = plot_lens_stability([0.5, 1.0])
    >>> ax.get_xlabel()
    'horizontal phase advance without the lens, $\\mu_x/2\\pi$'
    """
    from matplotlib.colors import ListedColormap

    strengths = np.sort(as_float(strengths, "strengths", (None,)))
    ax = new_axes(7.6, 5.4) if ax is None else ax
    # the exact fractions, at which two conditions change places, lie between points
    turns = (np.arange(_ACROSS) + 0.5) / _ACROSS
    mu = 2 * np.pi * turns
    limit = np.asarray(lens_modes(LensRing(mu, mu[:, None], 0.0)).limit)
    greys = [str(grey) for grey in np.linspace(0.45, 1.0, len(strengths) + 1)]
    levels = [0.0, *strengths, np.inf]
    shown = np.digitize(limit, levels[1:-1])
    colors = ListedColormap(greys)
    place: dict[str, Any] = {"extent": (0, 1, 0, 1), "origin": "lower", "interpolation": "nearest"}
    ax.imshow(shown, cmap=colors, vmin=-0.5, vmax=len(strengths) + 0.5, **place)
    _key(ax, greys, strengths)
    for turn, text in ((0.5, "half-integer"), (1.0, "integer")):
        ax.annotate(text, (turn, 1.0), (0, 3), textcoords="offset points", ha="center", fontsize=8)
    ax.text(
        0.33, 0.69, "sum resonance", rotation=-45, color="w", ha="center", va="center", fontsize=8
    )
    ax.text(0.25, 0.25, "difference resonance", rotation=45, ha="center", va="center", fontsize=8)
    ax.plot([0, 1], [0, 1], color="0.5", linewidth=0.7, linestyle=":")
    ax.set_aspect("equal")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_xlabel(r"horizontal phase advance without the lens, $\mu_x/2\pi$")
    ax.set_ylabel(r"vertical phase advance without the lens, $\mu_y/2\pi$")
    return ax


def _key(ax: Axes, greys: list[str], strengths: np.ndarray) -> None:
    from matplotlib.patches import Patch

    labels = [f"{value:g}" for value in strengths]
    names = [f"less than {labels[0]}"]
    names += [f"{low} to {high}" for low, high in pairwise(labels)]
    names += [f"{labels[-1]} and more"]
    patches = [
        Patch(facecolor=grey, edgecolor="0.3", linewidth=0.6, label=name)
        for grey, name in zip(greys, names, strict=True)
    ]
    ax.legend(
        handles=patches,
        title="stable up to\n" + r"$m\sqrt{\beta_x\beta_y}$ of",
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=8,
        title_fontsize=8,
    )


def plot_lens_phases(ring: LensRing, ax: Axes | None = None) -> Axes:
    """The phase advances g+ and g- of the modes over that of the horizontal plane.

    Args:
        ring: with arrays mu_x (n,) and, best, all else scalar.
        ax: where to draw; new axes if None.

    Returns:
        The axes; stretches in which the ring is unstable are shaded.

    >>> import numpy as np
    >>> from fieldwright.rings import LensRing
    >>> from fieldwright.rings.plots import plot_lens_phases
    >>> ax = plot_lens_phases(LensRing(np.linspace(1.0, 2.0, 101), 1.5, 0.2))
    >>> [line.get_label() for line in ax.lines[:2]]
    ['$g_+$', '$g_-$']
    """
    ax = new_axes() if ax is None else ax
    found = lens_modes(ring)
    turns = np.broadcast_to(ring.mu_x, ring.shape) / (2 * np.pi)
    phase = np.asarray(found.phase) / (2 * np.pi)
    for side, name in enumerate(("$g_+$", "$g_-$")):
        color, dashes = STYLES[side]
        ax.plot(turns, phase[:, side], color=color, linestyle=dashes, label=name)
    bare: dict[str, Any] = {"color": "0.6", "linewidth": 0.7, "linestyle": ":"}
    for mu in (ring.mu_x, ring.mu_y):
        folded = np.arccos(np.cos(np.broadcast_to(mu, ring.shape))) / (2 * np.pi)
        ax.plot(turns, folded, **bare)
    unstable = ~np.asarray(found.stable)
    low, high = ax.get_ylim()
    ax.fill_between(turns, low, high, where=unstable, color="0.85", linewidth=0, zorder=0)
    ax.set_ylim(low, high)
    ax.set_xlabel(r"horizontal phase advance without the lens, $\mu_x/2\pi$")
    ax.set_ylabel(r"phase advance of the modes, $g/2\pi$")
    dress(ax)
    ax.legend(frameon=False)
    return ax


def plot_lens_beam(
    ring: LensRing, emittance_x: Any, emittance_y: Any = 0.0, ax: Axes | None = None
) -> Axes:
    r"""The sizes of a beam through a coupling resonance, by formula (10) and by its far form.

    Args:
        ring: with an array mu_x (n,), all else scalar, and decrements above zero.
        emittance_x: horizontal emittance without the lens [m rad].
        emittance_y: vertical emittance without the lens [m rad].
        ax: where to draw; new axes if None.

    Returns:
        The axes.

    Raises:
        InputError: a decrement is not above zero.

    >>> import numpy as np
    >>> from fieldwright.rings import LensRing
    >>> from fieldwright.rings.plots import plot_lens_beam
    >>> mu_x = 1.9 + np.linspace(-0.01, 0.01, 41)
    >>> ring = LensRing(mu_x, 1.9, 1e-3, decrement_x=1e-3, decrement_y=1e-3)
    >>> ax = plot_lens_beam(ring, 1e-7)
    >>> [line.get_label() for line in ax.lines[:3]]
    ['$\\sigma_x$', '$\\sigma_y$', 'far from resonance']
    """
    ax = new_axes() if ax is None else ax
    found = lens_beam(ring, emittance_x, emittance_y)
    split = np.broadcast_to((ring.mu_x - ring.mu_y) / (2 * np.pi), ring.shape)
    factor, unit = _length(float(np.max(found.size)))
    far = np.sqrt(np.diagonal(np.asarray(found.far), axis1=-2, axis2=-1)[..., ::2])
    for plane, name in enumerate((r"$\sigma_x$", r"$\sigma_y$")):
        color, dashes = STYLES[plane]
        size = np.asarray(found.size)[:, plane] * factor
        ax.plot(split, size, color=color, linestyle=dashes, label=name)
    for plane in range(2):
        label = "far from resonance" if plane == 0 else None
        thin: dict[str, Any] = {"color": STYLES[2][0], "linewidth": 1.1, "linestyle": STYLES[3][1]}
        ax.plot(split, far[:, plane] * factor, label=label, **thin)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(r"tune difference without the lens, $(\mu_x - \mu_y)/2\pi$")
    ax.set_ylabel(f"rms size ({unit})")
    dress(ax)
    ax.legend(frameon=False)
    return ax


def _length(size: float) -> tuple[float, str]:
    return (1e3, "mm") if size >= 1e-3 else (1e6, "µm")
