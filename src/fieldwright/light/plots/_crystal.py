"""Pictures of crystals that guide charges: potentials, ways through them, and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from math import pi
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.constants import ELECTRON_REST_ENERGY, HC
from fieldwright.errors import InputError
from fieldwright.light.crystals._channeling import Channeling
from fieldwright.light.crystals._crystal_limits import (
    _paired,
    bending_parameter,
    channeling_period,
    lindhard_angle,
)
from fieldwright.sources import PlanarPotential

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS = 401
_MOST_PATHS = 12
_CELLS = 241
_MOST_LINES = 6
_LEVELS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
_GREYS = ("1.0", "0.96", "0.92", "0.87", "0.81", "0.74", "0.62")


def plot_planar_potential(
    potentials: Mapping[str, PlanarPotential], ax: Axes | None = None
) -> Axes:
    """The energy of a positron across the planes, over a period of each potential.

    Args:
        potentials: by the name they get in the legend.
        ax: where to draw; new axes if None.

    Returns:
        The axes.

    >>> from fieldwright.light.plots import plot_planar_potential
    >>> from fieldwright.sources import DoyleTurner
    >>> ax = plot_planar_potential({"Si (111)": DoyleTurner("silicon", "111")})
    >>> print(ax.get_ylabel())
    potential energy of a positron (eV)
    """
    _require_some(potentials, "potentials")
    ax = new_axes() if ax is None else ax
    for (name, potential), (color, dashes) in zip(potentials.items(), cycle(STYLES), strict=False):
        half = float(potential.spacing) / 2
        x = np.linspace(-half, half, _POINTS)
        ax.plot(x * 1e10, potential.energy(x), color=color, linestyle=dashes, label=name)
    ax.set_xlabel("place across the planes, from the middle of the gap (Å)")
    ax.set_ylabel("potential energy of a positron (eV)")
    ax.set_ylim(bottom=0)
    dress(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return ax


def plot_channel(found: Channeling, ax: Axes | None = None, *, until: float | None = None) -> Axes:
    """The ways of charges through a crystal, and the middles of the gaps.

    Args:
        found: from `channel`.
        ax: where to draw; new axes if None.
        until: depth up to which they are drawn [m]; all of it by default.

    Returns:
        The axes. Black: still in the channel they entered at the end of the picture. Where planes
        are bent to an arc, places are those from the middle of the gap.

    >>> from fieldwright.light import channel, channeling_beam
    >>> from fieldwright.light.plots import plot_channel
    >>> from fieldwright.sources import CrystalPlanes, HarmonicPotential
    >>> potential = HarmonicPotential(1.26e-10, 24.9)
    >>> planes = CrystalPlanes(potential, 28e-6, amplitude=1e-10, period=14e-6)
    >>> ax = plot_channel(channel(channeling_beam(planes, 13.6e9, 40), planes))
    >>> print(ax.get_xlabel())
    depth (µm)
    """
    ax = new_axes(8.0, 4.4) if ax is None else ax
    z = np.asarray(found.depth)
    shown = z <= (z[-1] if until is None else until) * (1 + 1e-9)
    if shown.sum() < 2:
        raise InputError(
            f"only {shown.sum()} kept depth is within {until:g} m: give channel a larger save",
            parameter="until",
        )
    z = z[shown]
    planes = found.planes
    bent = float(planes.curvature) != 0
    place = found.across if bent else found.trajectory.position[..., 0]
    x = np.asarray(place[shown][:, :_MOST_PATHS]) * 1e10
    stays = np.asarray(found.channeled[shown][-1, :_MOST_PATHS])
    spacing = float(planes.potential.spacing) * 1e10
    middle = 0 * z if bent else np.asarray(planes.offset(z)) * 1e10
    reach = 2.5 * spacing
    for i, plane in enumerate(_planes_about(planes.potential)):
        ax.plot(
            z * 1e6,
            middle + plane * 1e10,
            color="0.75",
            linewidth=3.0,
            zorder=1,
            label="planes" if i == 0 else None,
        )
    for held, (color, dashes), name in ((True, STYLES[0], "held"), (False, STYLES[1], "lost")):
        for i, column in enumerate(np.flatnonzero(stays == held)):
            ax.plot(
                z * 1e6,
                x[:, column],
                color=color,
                linestyle=dashes,
                linewidth=0.8,
                label=name if i == 0 else None,
            )
    ax.set_ylim(middle.min() - reach, middle.max() + reach)
    ax.set_xlim(0, z[-1] * 1e6)
    ax.set_xlabel("depth (µm)")
    ax.set_ylabel("place from the middle of the gap (Å)" if bent else "place across the beam (Å)")
    dress(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return ax


def plot_channeled_fraction(found: Mapping[str, Channeling], ax: Axes | None = None) -> Axes:
    """The fraction of charges that are still in their channels, over depth.

    Args:
        found: from `channel`, by the name they get in the legend.
        ax: where to draw; new axes if None.

    Returns:
        The axes.

    >>> from fieldwright.light import channel, channeling_beam
    >>> from fieldwright.light.plots import plot_channeled_fraction
    >>> from fieldwright.sources import CrystalPlanes, HarmonicPotential
    >>> potential = HarmonicPotential(1.26e-10, 24.9)
    >>> planes = CrystalPlanes(potential, 28e-6, amplitude=1e-10, period=14e-6)
    >>> found = channel(channeling_beam(planes, 13.6e9, 40), planes)
    >>> print(plot_channeled_fraction({"harmonic": found}).get_ylabel())
    fraction in the channel entered
    """
    _require_some(found, "found")
    ax = new_axes() if ax is None else ax
    for (name, one), (color, dashes) in zip(found.items(), cycle(STYLES), strict=False):
        z = np.asarray(one.depth) * 1e6
        ax.plot(z, one.fraction, color=color, linestyle=dashes, label=name)
    ax.set_xlabel("depth (µm)")
    ax.set_ylabel("fraction in the channel entered")
    ax.set_ylim(0, 1.03)
    dress(ax)
    ax.legend(loc="best", frameon=False)
    return ax


def plot_crystal_limits(
    potential: PlanarPotential,
    energy: Any,
    *,
    plasma_energy: Any = None,
    marked: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """What amplitudes and periods of bending let a crystal be an undulator, as a map.

    Args:
        potential: across the planes.
        energy: of the positrons [eV].
        plasma_energy: of the crystal [eV]; with it the soft line's energy is drawn.
        marked: amplitude and period of a design [m].
        ax: where to draw; new axes if None.

    Returns:
        The axes: the bending parameter C in grey, q = q_ch, the channeling period, and the photon
        energies of the lines in the forward direction (hard ones in MeV, soft ones in keV).

    >>> from fieldwright.light.plots import plot_crystal_limits
    >>> from fieldwright.sources import HarmonicPotential
    >>> ax = plot_crystal_limits(HarmonicPotential(1.26e-10, 24.9), 13.6e9, plasma_energy=38.0)
    >>> print(ax.get_xlabel())
    bending period l (µm)
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    ax = new_axes(8.0, 5.0) if ax is None else ax
    oscillation = float(channeling_period(potential, energy))
    spacing = float(potential.spacing)
    period = np.geomspace(oscillation / 2, 15 * oscillation, _CELLS)
    amplitude = np.geomspace(spacing / 20, 20 * spacing, _CELLS)
    wave, A = np.meshgrid(period, amplitude)
    gamma = float(energy) / ELECTRON_REST_ENERGY
    x, y = wave * 1e6, A * 1e10
    ax.set_xscale("log")
    ax.set_yscale("log")
    C = np.asarray(bending_parameter(potential, energy, A, wave))
    filled = ax.contourf(x, y, np.clip(C, 1e-6, 2.0), (0.0, *_LEVELS, 2.0), colors=_GREYS)
    bar = ax.figure.colorbar(filled, ax=ax, label="bending parameter C")
    bar.ax.set_yticks([0.0, *_LEVELS])
    q = 2 * pi * A / wave * gamma
    most = float(lindhard_angle(potential, energy)) * gamma
    _lines(ax, x, y, q / most, [1.0], STYLES[1], "q = q$_{ch}$")
    color, dashes = STYLES[2]
    ax.axvline(oscillation * 1e6, color=color, linestyle=dashes, label="channeling period")
    omega, excess = HC / wave, 1 + q**2 / 2
    plasma = 0.0 if plasma_energy is None else float(plasma_energy)
    under = 1 - excess * (plasma / (gamma * omega)) ** 2
    under[under < 0] = np.nan  # no light
    hard = omega * gamma**2 / excess * (1 + np.sqrt(under))
    # Names of lines stand where they lie apart: hard ones on the left, soft ones in the middle.
    left, row = _CELLS // 20, 2 * _CELLS // 5
    there = hard[:, left] / 1e6
    levels = _round_between(there)[-_MOST_LINES:]
    at = [(x[0, left], np.interp(-v, -there, y[:, 0])) for v in levels]
    _lines(ax, x, y, hard / 1e6, levels, STYLES[3], "hard line (MeV)", at)
    if plasma > 0:
        soft = plasma**2 / omega / (1 + np.sqrt(under)) / 1e3
        levels = _round_between(soft[row])[:_MOST_LINES]
        at = [(np.interp(v, soft[row], x[0]), y[row, 0]) for v in levels]
        _lines(ax, x, y, soft, levels, STYLES[4], "soft line (keV)", at)
    if marked is not None:
        ax.plot(marked[1] * 1e6, marked[0] * 1e10, "k*", markersize=12, label="design")
    ax.set_xlim(x.min(), x.max())
    ax.set_ylim(y.min(), y.max())
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("bending period l (µm)")
    ax.set_ylabel("bending amplitude A (Å)")
    ax.legend(loc="lower right", framealpha=0.9, fontsize=8)
    return ax


def _planes_about(potential: PlanarPotential) -> Any:
    """Where the planes of some periods about the middle are [m]; pairs of (111) are two."""
    spacing = float(potential.spacing)
    places = (0.375, 0.625) if _paired(potential) else (0.5,)
    return np.array([(k + place) * spacing for k in range(-4, 4) for place in places])


def _require_some(named: Mapping[str, Any], name: str) -> None:
    if not named:
        raise InputError(f"{name} has nothing to draw", parameter=name)


def _round_between(values: Any) -> Any:
    """1, 2 and 5 times powers of ten, within values; none where there is no light at all."""
    values = values[np.isfinite(values)]
    numbers = np.outer(10.0 ** np.arange(-6, 7), (1.0, 2.0, 5.0)).ravel()
    if not len(values):
        return numbers[:0]
    return numbers[(numbers > 1.2 * values.min()) & (numbers < 0.9 * values.max())]


def _lines(
    ax: Axes, x: Any, y: Any, value: Any, levels: Any, style: Any, name: str, at: Any = None
) -> None:
    if not len(levels):
        return
    color, dashes = style
    lines = ax.contour(x, y, value, list(levels), colors=color, linestyles=[dashes], linewidths=1.2)
    if at is not None:
        inside = [point for point in at if np.all(np.isfinite(point))]
        ax.clabel(lines, fmt="%.3g", fontsize=9, manual=inside)
    ax.plot([], [], color=color, linestyle=dashes, label=name)
