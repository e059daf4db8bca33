"""Pictures of what a drive does to a trap: losses, growth, and Mathieu's chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.motion.ions._species import Species
from fieldwright.motion.plots._band_names import name_bands
from fieldwright.motion.resonances._bands import InstabilityBand, reason_label
from fieldwright.motion.resonances._floquet import charge_to_mass
from fieldwright.motion.resonances._mathieu import mathieu_points, mathieu_stable
from fieldwright.motion.resonances._periodic import Drive
from fieldwright.motion.resonances._scan import LossScan
from fieldwright.motion.resonances._search import Look, Piece, tongues
from fieldwright.sources import PenningTrap, Source, parametric_drive

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Amplitudes at which bands are computed, points across a band, and growth that is shown, over the
#: fastest.
_ROWS = 20
_ACROSS = 15
_LEAST = 1e-3
#: Top of Mathieu's chart: with the first three tongues.
_MOST_A = 11.0


def plot_resonances(
    scan: LossScan,
    bands: Mapping[float, Sequence[InstabilityBand]] | None = None,
    ax: Axes | None = None,
    *,
    symbol: str = "f",
) -> Axes:
    r"""The fraction of ions left over the drive's frequency, a curve for each amplitude.

    Args:
        scan: from `loss_scan`; with several clouds, error bars are standard errors of the mean.
        bands: for some amplitudes, from `instability_bands`: those in which motion grows at least
            e-fold are shaded, and those of the largest amplitude named.
        ax: where to draw; new axes if None.
        symbol: of the amplitude, in the legend.

    Returns:
        The axes.

    >>> from fieldwright.motion import instability_bands, loss_scan, normal_cloud
    >>> from fieldwright.motion.plots import plot_resonances
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> cloud = normal_cloud(20, "40Ca+", 50e-6, velocity_spread=50.0)
    >>> scan = loss_scan(cloud, trap, [0.4], [2.1e6, 2.2e6, 2.3e6], 100e-6)
    >>> bands = instability_bands(trap, "40Ca+", 0.4, (2.1e6, 2.3e6))
    >>> ax = plot_resonances(scan, {0.4: bands})
    >>> print(ax.get_xlabel(), [text.get_text() for text in ax.texts])
    angular frequency of the drive (rad/µs) ['$\\omega_+ - \\omega_-$']
    """
    ax = new_axes(8.0, 4.4) if ax is None else ax
    w = np.asarray(scan.angular_frequency)
    factor, unit = _time_of(w.max())
    ax.set_xlim(w.min() * factor, w.max() * factor)
    _shade(ax, bands or {}, factor, 1 / float(scan.duration))
    for row, f in enumerate(np.asarray(scan.amplitude)):
        color, dashes = STYLES[row % len(STYLES)]
        line: dict[str, Any] = {"color": color, "linestyle": dashes, "linewidth": 1.3}
        spread = None if len(scan.fractions) == 1 else np.asarray(scan.standard_error)[row]
        left = np.asarray(scan.fraction_left)[row]
        ax.errorbar(w * factor, left, spread, label=f"{symbol} = {f:g}", elinewidth=0.7, **line)
    ax.set_xlabel(f"angular frequency of the drive ({unit})")
    ax.set_ylabel(f"fraction left after {_duration(float(scan.duration))}")
    ax.set_ylim(-0.03, 1.03)
    dress(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return ax


def plot_growth(
    trap: Source,
    species: str | Species,
    amplitudes: Any,
    angular_frequencies: Any,
    ax: Axes | None = None,
    *,
    drive: Drive = parametric_drive,
    symbol: str = "f",
) -> Axes:
    """How fast motion grows over amplitude and frequency of the drive, the bands named.

    Args:
        trap: what holds the ion, at rest.
        species: a name of `SPECIES`, or a `Species`.
        amplitudes: of the drive, what the axis spans (F,).
        angular_frequencies: of the drive, what the axis spans (W,) [rad/s]. Growth is computed
            where there is any, however narrow the band.
        ax: where to draw; new axes if None.
        drive: makes the drive: `drive(trap, amplitude, angular_frequency)` returns a source; JAX
            traces it.
        symbol: of the amplitude, on the axis.

    Returns:
        The axes.

    Raises:
        InputError: as `instability_bands` does.

    >>> from fieldwright.motion.plots import plot_growth
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ax = plot_growth(trap, "40Ca+", [0.0, 0.7], [2.1e6, 2.3e6])
    >>> ax.get_ylabel()
    'amplitude f of the drive'
    """
    f, w = np.asarray(amplitudes, dtype=float), np.asarray(angular_frequencies, dtype=float)
    look = Look(trap, charge_to_mass(species), drive)
    rows = f.max() * np.linspace(0.0, 1.0, _ROWS + 1)[1:]
    found = [_Tongue(look, pieces) for pieces in tongues(look, rows, w.min(), w.max()) if pieces]
    ax = new_axes(8.0, 4.4) if ax is None else ax
    factor, unit = _time_of(w.max())
    top = max((tongue.growth.max() for tongue in found), default=1.0)
    _heat(ax, found, factor, top)
    bands = [
        InstabilityBand(
            tongue.w[-1, 0], tongue.w[-1, -1], tongue.label, 0.0, tongue.growth[-1].max()
        )
        for tongue in found
    ]
    ax.set_xlim(w.min() * factor, w.max() * factor)
    ax.set_ylim(f.min(), f.max())
    name_bands(ax, bands, factor, top * _LEAST)
    ax.set_xlabel(f"angular frequency of the drive ({unit})")
    ax.set_ylabel(f"amplitude {symbol} of the drive")
    return ax


class _Tongue:
    """A band of instability over amplitudes: growth (rows, across) [1/s] at frequencies [rad/s]."""

    def __init__(self, look: Look, pieces: list[Piece]):
        reason, first = pieces[0].reason, pieces[0].amplitude
        self.label = reason_label(reason, look.modes.frequency.tolist(), look.harmonic)
        # Growth rises as a root from both edges.
        across = (1 + np.sin(np.linspace(-np.pi / 2, np.pi / 2, _ACROSS))) / 2
        edges = np.array([(piece.first, piece.last) for piece in pieces])
        w = edges[:, :1] + (edges[:, 1:] - edges[:, :1]) * across
        f = np.array([[piece.amplitude] for piece in pieces])
        rates = look(f, w).growth[..., *reason.pair] * w * look.harmonic / (2 * np.pi)
        # It begins without width one row below the first in which it was found.
        tip = np.full((1, _ACROSS), edges[0].mean())
        below = np.array([[first - np.diff(f[:2, 0]).sum()]]) if len(f) > 1 else f[:1] / 2
        self.w = np.concatenate([tip, w])
        self.amplitude = np.broadcast_to(np.concatenate([below, f]), self.w.shape)
        self.growth = np.concatenate([np.zeros_like(tip), rates])


def _heat(ax: Axes, found: list[_Tongue], factor: float, top: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LogNorm

    colors: dict[str, Any] = {"norm": LogNorm(top * _LEAST, top), "cmap": "cividis_r"}
    for tongue in sorted(found, key=lambda tongue: tongue.growth.max()):
        if tongue.growth.max() < top * _LEAST:
            continue
        w, f = tongue.w * factor, tongue.amplitude
        growth = np.maximum(tongue.growth, top * _LEAST)
        if len(w) > 1:
            ax.pcolormesh(w, f, growth, shading="gouraud", rasterized=True, **colors)
        # Bands narrower than a line are seen as one.
        middle = np.stack([w[:, 7], f[:, 7]], axis=-1)
        shown = tongue.growth.max(axis=1) >= top * _LEAST
        lines = np.stack([middle[:-1], middle[1:]], axis=1)[shown[1:]]
        ax.add_collection(
            LineCollection(lines, array=growth[1:, 7][shown[1:]], linewidth=1.0, **colors)
        )
    bar = ax.figure.colorbar(ScalarMappable(**colors), ax=ax, pad=0.02)
    bar.set_label("growth rate (1/s)")


def plot_mathieu(
    trap: PenningTrap,
    species: str | Species,
    amplitudes: Any,
    angular_frequencies: Any,
    ax: Axes | None = None,
) -> Axes:
    """Mathieu's chart, with the points at which a parametric drive puts an ion's motion.

    Args:
        trap: round and aligned with its magnetic field.
        species: a name of `SPECIES`, or a `Species`.
        amplitudes: f of the drive (F,).
        angular_frequencies: of the drive (W,) [rad/s].
        ax: where to draw; new axes if None.

    Returns:
        The axes.

    Raises:
        InputError: as `mathieu_points` does.

    >>> from fieldwright.motion.plots import plot_mathieu
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ax = plot_mathieu(trap, "40Ca+", [0.4], [1.388e6, 2.198e6])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('q', 'a')
    """
    w = np.asarray(angular_frequencies, dtype=float)
    ax = new_axes(6.4, 5.2) if ax is None else ax
    factor, unit = _time_of(w.max())
    widest = 0.5
    for row, f in enumerate(np.asarray(amplitudes, dtype=float)):
        at = mathieu_points(trap, species, f, w)
        color = STYLES[row % len(STYLES)][0]
        motions = (at.axial_a, at.axial_q, "o", "axial"), (at.radial_a, at.radial_q, "^", "radial")
        for a, q, marker, name in motions:
            ax.plot([0.0, 100 * q[0]], [0.0, 100 * a[0]], color=color, linewidth=0.6)
            style: dict[str, Any] = {
                "color": color,
                "linestyle": "none",
                "marker": marker,
                "markersize": 6,
            }
            inside = mathieu_stable(a, q)
            ax.plot(q[inside], a[inside], label=f"{name}, f = {f:g}", **style)
            ax.plot(q[~inside], a[~inside], markerfacecolor="white", **style)
            widest = max(widest, *q[a < _MOST_A])
        for x, y, value in zip(at.axial_q, at.axial_a, w * factor, strict=True):
            if row == len(amplitudes) - 1 and y < _MOST_A:
                text: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8, "va": "top"}
                ax.annotate(f"{value:.2f}", (x, y), (5, -3), **text)
    _chart(ax, 1.15 * widest)
    ax.set_xlabel("q")
    ax.set_ylabel("a")
    title = f"open: unstable; numbers:\nfrequency of the drive ({unit})"
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "frameon": False}
    ax.legend(title=title, fontsize=8, title_fontsize=8, **place)
    return ax


def _chart(ax: Axes, most_q: float) -> None:
    """Where Mathieu's equation is stable, in grey, and the numbers of the unstable tongues."""
    from scipy.special import mathieu_a, mathieu_b

    q = np.linspace(0.0, most_q, 200)
    edges = [mathieu_a(0, q)]
    for n in range(1, 5):
        low, high = mathieu_b(n, q), mathieu_a(n, q)
        ax.fill_between(q, edges[-1], low, color="0.88", zorder=0, linewidth=0)
        edges += [low, high]
        if high[-1] - low[-1] > 0.5 and high[-1] < _MOST_A:
            middle = (low[-8] + high[-8]) / 2
            ax.text(q[-8], middle, f"n = {n}", ha="right", va="center", fontsize=8, color="0.3")
    ax.plot(q, np.transpose(edges), color="0.5", linewidth=0.7, zorder=0)
    ax.set_xlim(0.0, most_q)
    ax.set_ylim(-1.5, _MOST_A)


def _shade(
    ax: Axes, bands: Mapping[float, Sequence[InstabilityBand]], factor: float, least: float
) -> None:
    for f in sorted(bands):
        for band in bands[f]:
            if band.growth >= least:
                ax.axvspan(band.low * factor, band.high * factor, color="0.5", alpha=0.15, lw=0)
    if bands:
        name_bands(ax, bands[max(bands)], factor, least)


def _time_of(w: float) -> tuple[float, str]:
    """What to multiply angular frequencies by so that they are easy to read, and their unit."""
    for factor, unit in ((1e-9, "rad/ns"), (1e-6, "rad/µs"), (1e-3, "rad/ms")):
        if w * factor >= 0.1:
            return factor, unit
    return 1.0, "rad/s"


def _duration(time: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if time * factor >= 1:
            return f"{time * factor:g} {unit}"
    return f"{time * 1e9:g} ns"
