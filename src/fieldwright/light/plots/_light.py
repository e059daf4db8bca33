"""Pictures of undulators, their beams, and of a modulated bunch's light."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes
from fieldwright.errors import InputError
from fieldwright.light._checks import whole
from fieldwright.light.crystals._crystalline_undulator import CoherentLight
from fieldwright.light.undulators._brilliance import TuningCurve
from fieldwright.light.undulators._light_beam import LightBeam
from fieldwright.light.undulators._undulator import Undulator
from fieldwright.light.undulators._undulator_flux import flux_density
from fieldwright.light.undulators._undulator_light import undulator_photons
from fieldwright.sources._checks import as_float, require_positive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


def plot_undulator_spectrum(
    undulator: Undulator,
    beams: Any,
    photon_energy: Any,
    ax: Axes | None = None,
    *,
    direction: Any = (0.0, 0.0),
) -> Axes:
    """Flux density of an undulator over photon energy, for one beam or several.

    Args:
        undulator: planar or helical.
        beams: a `LightBeam`, or a mapping of names to such.
        photon_energy: (e,) [eV].
        ax: where to draw; new axes if None.
        direction: angles about the axis (2,) [rad].

    Returns:
        The axes.

    >>> import numpy as np
    >>> from fieldwright.light import LightBeam, PlanarUndulator
    >>> from fieldwright.light.plots import plot_undulator_spectrum
    >>> undulator = PlanarUndulator(0.02, 1.0, 100)
    >>> ax = plot_undulator_spectrum(undulator, LightBeam(3e9, 0.1), np.linspace(2e3, 4e3, 201))
    >>> print(ax.get_xlabel())
    photon energy (keV)
    """
    named = {"": beams} if isinstance(beams, LightBeam) else beams
    _require_some(named, "beams")
    ax = new_axes() if ax is None else ax
    energy = np.asarray(photon_energy)
    for (color, line), (name, beam) in zip(cycle(STYLES), named.items(), strict=False):
        values = np.asarray(flux_density(undulator, beam, energy, direction))
        ax.plot(energy / 1e3, values, color=color, linestyle=line, label=name)
    ax.set_xlabel("photon energy (keV)")
    ax.set_ylabel("flux density (1/s/mrad²/0.1 %BW)")
    ax.set_ylim(bottom=0)
    dress(ax)
    if len(named) > 1:
        ax.legend(frameon=False)
    return ax


def plot_tuning_curves(
    curves: Sequence[TuningCurve], ax: Axes | None = None, *, quantity: str = "brilliance"
) -> Axes:
    """Tuning curves of harmonics, over photon energy.

    Args:
        curves: of `tuning_curve`, one for each harmonic.
        ax: where to draw; new axes if None.
        quantity: brilliance, flux or density.

    Returns:
        The axes, both logarithmic, over four decades below the largest value.

    Raises:
        InputError: another quantity, or no curve.

    >>> import numpy as np
    >>> from fieldwright.light import LightBeam, PlanarUndulator, tuning_curve
    >>> from fieldwright.light.plots import plot_tuning_curves
    >>> undulator, beam = PlanarUndulator(0.02, 1.0, 100), LightBeam(3e9, 0.1)
    >>> ax = plot_tuning_curves([tuning_curve(undulator, beam, np.linspace(0.3, 2.0, 20))])
    >>> print(ax.get_ylabel())
    brilliance (1/s/mm²/mrad²/0.1 %BW)
    """
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    labels = {
        "brilliance": "brilliance (1/s/mm²/mrad²/0.1 %BW)",
        "flux": "flux in the cone (1/s/0.1 %BW)",
        "density": "flux density (1/s/mrad²/0.1 %BW)",
    }
    if quantity not in labels:
        raise InputError(
            f"quantity must be one of {', '.join(labels)}, got {quantity!r}", parameter="quantity"
        )
    _require_some(curves, "curves")
    ax = new_axes() if ax is None else ax
    top = max(float(np.max(getattr(curve, quantity))) for curve in curves)
    for (color, line), curve in zip(cycle(STYLES), curves, strict=False):
        x, y = np.asarray(curve.photon_energy) / 1e3, np.asarray(getattr(curve, quantity))
        ax.loglog(x, y, color=color, linestyle=line, label=f"harmonic {curve.harmonic}")
    # near K = 0 harmonics fall without end
    ax.set_ylim(1e-4 * top, 2 * top)
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("photon energy (keV)")
    ax.set_ylabel(labels[quantity])
    dress(ax)
    if len(curves) > 1:
        ax.legend(frameon=False)
    return ax


def plot_angular_map(
    undulator: Undulator,
    gamma: Any,
    photon_energy: Any,
    half_angle: Any,
    ax: Axes | None = None,
    *,
    points: int = 161,
) -> Axes:
    """Photons that one charge radiates at one photon energy, over two angles.

    Args:
        undulator: planar or helical.
        gamma: Lorentz factor.
        photon_energy: [eV].
        half_angle: from the axis to the edges of the picture [rad].
        ax: where to draw; new axes if None.
        points: in a row and in a column.

    Returns:
        The axes, with a bar of colours beside.

    >>> from fieldwright.light import PlanarUndulator
    >>> from fieldwright.light.plots import plot_angular_map
    >>> ax = plot_angular_map(PlanarUndulator(0.02, 1.0, 20), 5871.0, 2.8e3, 1e-4, points=21)
    >>> print(ax.get_xlabel())
    horizontal angle (µrad)
    """
    require_positive(half_angle=as_float(half_angle, "half_angle"))
    points = whole(points, "points")
    ax = new_axes(5.6, 4.6) if ax is None else ax
    side = np.linspace(-half_angle, half_angle, points)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    light = np.asarray(undulator_photons(undulator, gamma, photon_energy, grid)) * 1e-9
    edge = float(half_angle) * 1e6
    shown = ax.imshow(
        light, origin="lower", extent=(-edge, edge, -edge, edge), cmap="cividis", vmin=0.0
    )
    ax.set_xlabel("horizontal angle (µrad)")
    ax.set_ylabel("vertical angle (µrad)")
    bar = ax.figure.colorbar(shown, ax=ax)
    bar.set_label("photons per charge (1/mrad²/0.1 %BW)")
    return ax


def plot_coherent_light(
    lights: dict[str, CoherentLight],
    ax: Axes | None = None,
    *,
    depths: tuple[float, float] = (1e-6, 1.0),
) -> Axes:
    """Photons of a modulated bunch in step and not, over its modulation depth.

    Args:
        lights: names, and what `coherent_photons` gives of bunches of depth one.
        ax: where to draw; new axes if None.
        depths: least and largest depth.

    Returns:
        The axes, both logarithmic. Photons out of step are level: one line where all are as many,
        else one for each. Dots are where both are as many.

    Raises:
        InputError: nothing to draw.

    >>> from fieldwright.light import ModulatedBunch, PlanarUndulator, Plasma, coherent_photons
    >>> from fieldwright.light.plots import plot_coherent_light
    >>> bunch = ModulatedBunch(1.56e9, [1e-5, 1e-5, 9e-6], depth=1.0, resonance=8153.8)
    >>> light = coherent_photons(PlanarUndulator(14e-6, 1.5, 100), 26614.5, bunch, Plasma(38.0))
    >>> print(plot_coherent_light({"10 µm": light}).get_xlabel())
    modulation depth b
    """
    _require_some(lights, "lights")
    ax = new_axes() if ax is None else ax
    b = np.geomspace(*depths, 121)
    levels = [float(light.incoherent) for light in lights.values()]
    alike = np.ptp(levels) < 0.05 * max(levels)
    for (color, line), (name, light) in zip(cycle(STYLES[1:]), lights.items(), strict=False):
        label = f"in step, {name}"
        ax.loglog(b, float(light.coherent) * b**2, color=color, linestyle=line, label=label)
        level = float(light.incoherent)
        crossing = np.sqrt(level / float(light.coherent))
        if depths[0] < crossing < depths[1]:
            ax.plot(crossing, level, "o", color=color, markersize=5)
        if not alike:
            ax.axhline(level, color=color, linewidth=0.9, label=f"out of step, {name}")
    if alike:
        ax.axhline(levels[0], color=STYLES[0][0], label="out of step")
    ax.set_xlabel("modulation depth b")
    ax.set_ylabel("photons within the line")
    dress(ax)
    ax.legend(frameon=False)
    return ax


def _require_some(things: Any, name: str) -> None:
    if not len(things):
        raise InputError(f"{name} has nothing to draw", parameter=name)
