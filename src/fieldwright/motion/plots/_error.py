"""Pictures of how far motion is from exact, of its order, and of spectra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.motion.plots._scales import kept_scale, time_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_error(
    time: Any,
    error: Any,
    ax: Axes | None = None,
    *,
    label: str | None = None,
    style: int = 0,
    relative: bool = True,
) -> Axes:
    """The error of a trajectory over time, logarithmic.

    Args:
        time: (k,) [s].
        error: (k,), relative or [m]; zeros and what is not finite are left out.
        ax: where to draw; new axes if None.
        label: for the legend.
        style: index into the house's line styles.
        relative: whether `error` is relative.

    Returns:
        The axes.

    >>> import numpy as np
    >>> from fieldwright.motion.plots import plot_error
    >>> time = np.linspace(0.0, 50e-6, 6)
    >>> ax = plot_error(time, 1e-3 * time / 50e-6, label="Euler")
    >>> ax.get_yscale()
    'log'
    """
    time, error = np.asarray(time, dtype=float), np.asarray(error, dtype=float)
    ax = new_axes() if ax is None else ax
    fast, unit = time_scale(ax, time)
    color, dashes = STYLES[style % len(STYLES)]
    shown = np.where(error > 0, error, np.nan)
    ax.plot(time / fast, shown, color=color, linestyle=dashes, linewidth=1.2, label=label)
    ax.set_yscale("log")
    ax.set_xlabel(f"time ({unit})")
    symbol = r"$|\mathbf{r}-\mathbf{r}_\mathrm{exact}|$"
    ax.set_ylabel(
        rf"relative error {symbol[:-1]}/|\mathbf{{r}}_\mathrm{{exact}}|$"
        if relative
        else f"error {symbol} (m)"
    )
    ax.set_xlim(float(time[0]) / fast, float(time[-1]) / fast)
    _look_away_from_zero(ax, shown)
    dress(ax)
    return ax


def plot_order(
    step: Any,
    error: Any,
    ax: Axes | None = None,
    *,
    order: float | None = None,
    label: str | None = None,
    style: int = 0,
) -> Axes:
    """Error over step size, both logarithmic, beside a thin line of the slope that is due.

    Args:
        step: (k,) [s].
        error: (k,) [m].
        ax: where to draw; new axes if None.
        order: slope of the thin line, through the point of the smallest step; none if None.
        label: for the legend.
        style: index into the house's line styles.

    Returns:
        The axes.

    >>> import numpy as np
    >>> from fieldwright.motion.plots import plot_order
    >>> step = np.array([1e-8, 5e-9, 2.5e-9])
    >>> ax = plot_order(step, 1e20 * step**4, order=4, label="RK4")
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    step, error = np.asarray(step, dtype=float), np.asarray(error, dtype=float)
    ax = new_axes(5.6, 4.4) if ax is None else ax
    fast, unit = time_scale(ax, step)
    color, _ = STYLES[style % len(STYLES)]
    marker = "osD^v<>"[style % len(STYLES)]
    ax.loglog(step / fast, error, marker, color=color, markersize=5.5, label=label, zorder=3)
    if order is not None:
        least = int(np.argmin(step))
        line = error[least] * (step / step[least]) ** order
        ax.loglog(step / fast, line, color=color, linewidth=0.9)
    ax.set_xticks(step / fast, [f"{size:.3g}" for size in step / fast])
    ax.minorticks_off()
    ax.set_xlabel(f"step ({unit})")
    ax.set_ylabel("largest error (m)")
    dress(ax)
    return ax


def plot_spectrum(
    frequency: Any,
    amplitude: Any,
    ax: Axes | None = None,
    *,
    marks: Mapping[str, float] | None = None,
    unit: str = "A",
    label: str | None = None,
    style: int = 0,
) -> Axes:
    """A spectrum, such as that of an image current, with frequencies marked by name.

    Args:
        frequency: (k,) [Hz], rising.
        amplitude: (k,) in `unit`.
        ax: where to draw; new axes if None.
        marks: frequencies [Hz] by name, such as the eigenfrequencies; those in range are marked.
        unit: of the amplitude.
        label: for the legend.
        style: index into the house's line styles.

    Returns:
        The axes.

    >>> import numpy as np
    >>> from fieldwright.motion.plots import plot_spectrum
    >>> frequency = np.linspace(0.0, 500e3, 501)
    >>> amplitude = 1e-15 / (1 + ((frequency - 110e3) / 2e3) ** 2)
    >>> ax = plot_spectrum(frequency, amplitude, marks={"axial": 110e3})
    >>> ax.get_xlabel()
    'frequency (kHz)'
    """
    frequency, amplitude = np.asarray(frequency, float), np.asarray(amplitude, float)
    ax = new_axes() if ax is None else ax
    scale, hertz = kept_scale(ax, "frequency", frequency, "Hz")
    color, dashes = STYLES[style % len(STYLES)]
    ax.semilogy(
        frequency / scale, np.where(amplitude > 0, amplitude, np.nan), color=color,
        linestyle=dashes, linewidth=0.9, label=label,
    )  # fmt: skip
    for name, at in (marks or {}).items():
        if frequency[0] <= at <= frequency[-1]:
            ax.axvline(at / scale, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
            ax.annotate(
                name, (at / scale, 1.01), xycoords=("data", "axes fraction"), rotation=90,
                ha="center", va="bottom", fontsize=8,
            )  # fmt: skip
    ax.set_xlabel(f"frequency ({hertz})")
    ax.set_ylabel(f"amplitude ({unit})")
    ax.set_xlim(float(frequency[0]) / scale, float(frequency[-1]) / scale)
    dress(ax)
    return ax


def _look_away_from_zero(ax: Axes, error: np.ndarray) -> None:
    """Leave out of sight the first moments, in which an error rises from zero."""
    later = error[len(error) // 50 :]
    least = float(np.nanmin(later, initial=np.inf))
    if np.isfinite(least):
        kept: dict[str, float] = ax.__dict__.setdefault("_fieldwright_least", {})
        kept["error"] = min(least, kept.get("error", least))
        ax.set_ylim(bottom=kept["error"] / 2)
