"""The light of one charge in an undulator: amplitude and photons, in vacuum or in a medium.

All periods are alike, so the amplitude is that of one period, by Gauss-Legendre quadrature, times
the sum of N phases. Nothing is left out: all harmonics add up coherently, ends included.
"""

from __future__ import annotations

from functools import partial
from math import pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._sizes import in_few_sizes
from fieldwright.constants import (
    ELEMENTARY_CHARGE,
    FINE_STRUCTURE,
    HBAR_C,
    HC,
    PLANCK,
    SPEED_OF_LIGHT,
)
from fieldwright.errors import InputError
from fieldwright.light._checks import as_result, numbers
from fieldwright.light.media._medium import Medium, as_medium
from fieldwright.light.spectra._directions import Directions, as_directions
from fieldwright.light.undulators._gauss import nodes_for
from fieldwright.light.undulators._undulator import Period, Undulator, _lorentz
from fieldwright.sources._checks import is_concrete, numpy_for

#: Nodes where numbers are not known, inside a transformation: 100 oscillations in a period.
_TRACED = 256
#: Turns of phase in a period, at most: above, synchrotron radiation tells as much.
_MOST_CYCLES = 1500
#: Pairs of energy and direction that are computed at a time.
_BATCH = 4096


def undulator_amplitude(
    undulator: Undulator,
    gamma: Any,
    photon_energy: Any,
    direction: Any = (0.0, 0.0),
    medium: Medium | None = None,
) -> Any:
    """Amplitude of the light of one charge: the integral of n x (n x beta) exp(i omega s) dt.

    Args:
        undulator: planar or helical.
        gamma: Lorentz factor of the charge.
        photon_energy: [eV], of any shape that broadcasts with that of the directions.
        direction: angles (..., 2) about z [rad], or vectors (..., 3).
        medium: what fills the undulator; vacuum if None. Light is lost from where it is made to
            the end.

    Returns:
        (..., 2) complex [s], along x and y turned with z into the direction, the shortest way.

    Raises:
        InputError: numbers of wrong shape, a photon energy at which nothing goes through the
            medium, a charge faster than light in the medium.

    Source: formulas (2) and (5) to (9) of the paper, with sums in place of their limits.

    >>> from fieldwright.light import PlanarUndulator, undulator_amplitude
    >>> found = undulator_amplitude(PlanarUndulator(0.02, 1.0, 100), 5870.853542730, 2848.9)
    >>> print(f"{abs(found[0]):.4e} s")
    5.1705e-13 s
    """
    gamma, medium = _lorentz(gamma, undulator), as_medium(medium)
    energy, n = numbers(photon_energy, "photon_energy"), as_directions(direction)
    shape = _together(energy.shape, n.shape)
    lack, lost = medium.one_minus_index(energy), medium.attenuation(energy)
    known = is_concrete(undulator, gamma, energy, n, lack)
    count = node_count(undulator, gamma, energy, n, lack) if known else _TRACED
    xp = numpy_for(energy, lack, lost, n)
    parts = (energy, lack, lost, n.drop, n.across[..., 0], n.across[..., 1])
    rows = xp.stack([xp.broadcast_to(xp.asarray(part), shape) for part in parts], axis=-1)
    single, N = undulator.single, undulator.periods
    return in_few_sizes(lambda some: _amplitudes(single, N, gamma, some, count), rows, inner=1)


def undulator_photons(
    undulator: Undulator,
    gamma: Any,
    photon_energy: Any,
    direction: Any = (0.0, 0.0),
    medium: Medium | None = None,
) -> Any:
    """Photons that one charge radiates in an undulator, per solid angle and relative bandwidth.

    Arguments and errors are those of `undulator_amplitude`.

    Returns:
        (...,) photons per sr and per d(omega) / omega, of both polarisations.

    Source: formula (2) of the paper, divided by hbar.

    >>> from fieldwright.light import PlanarUndulator, undulator_photons
    >>> undulator, gamma = PlanarUndulator(0.02, 1.0, 100), 5870.853542730
    >>> found = undulator_photons(undulator, gamma, undulator.harmonic_energy(gamma))
    >>> print(f"{found * 0.1 / 1.602176634e-19 * 1e-9:.6e} /s/mrad^2/0.1%BW at 100 mA")
    5.778032e+17 /s/mrad^2/0.1%BW at 100 mA
    """
    medium = as_medium(medium)
    found = undulator_amplitude(undulator, gamma, photon_energy, direction, medium)
    return photons_of(found, photon_energy, medium)


def photons_of(amplitude: Any, photon_energy: Any, medium: Medium) -> Any:
    """Photons per sr and d(omega) / omega of amplitudes (..., 2) [s]."""
    index = 1 - medium.one_minus_index(photon_energy)
    xp = numpy_for(amplitude, photon_energy, index)
    rate = xp.asarray(photon_energy) * ELEMENTARY_CHARGE * 2 * pi / PLANCK
    square = xp.sum(xp.abs(xp.asarray(amplitude)) ** 2, axis=-1)
    return as_result(FINE_STRUCTURE * xp.asarray(index) * rate**2 / (4 * pi**2) * square)


def _together(energies: tuple[int, ...], directions: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of energies and directions that broadcast, not empty."""
    if 0 in directions:
        raise InputError("no direction is given", parameter="direction")
    try:
        return np.broadcast_shapes(energies, directions)
    except ValueError:
        raise InputError(
            f"photon energies of the shape {energies} and directions of the shape {directions} do "
            "not broadcast: give one of them more axes, of length one",
            parameter="photon_energy",
        ) from None


@partial(compiled, static=("count",), options={})
def _amplitudes(undulator: Undulator, periods: Any, gamma: Any, rows: Any, count: int) -> Any:
    """(..., 2) amplitudes for rows (..., 6) of energy, lack and loss, and drop and across."""
    one = undulator.motion(gamma, count)

    def each(row: Any) -> Any:
        n = Directions(row[4:], row[3])
        field, phase = one_period(undulator.period, one, row[0], n, row[1], row[2])
        return field * all_periods(phase, periods)

    found = jax.lax.map(each, rows.reshape(-1, rows.shape[-1]), batch_size=_BATCH)
    return found.reshape(*rows.shape[:-1], 2)


def one_period(
    period: Any, one: Period, energy: Any, n: Directions, lack: Any = 0.0, lost: Any = 0.0
) -> tuple[Any, Any]:
    """Amplitude (2,) [s] of one period, and the complex phase [rad] from one to the next.

    `lack` is one minus the refractive index, `lost` the attenuation [1/m]. Amplitudes are those at
    the end of the period; the phase's imaginary part tells how much weaker earlier periods are.
    """
    (nx, ny), drop = n.across, n.drop
    loss = 0.5 * lost * period
    turn = period * energy / HBAR_C * _lag(n, lack, one.x, one.y, one.time, one.gain)
    phase = jnp.exp(-loss * (1 - one.z)) * jax.lax.complex(jnp.cos(turn), jnp.sin(turn))
    late = one.slip + drop - one.slip * drop - nx * one.beta_x - ny * one.beta_y
    lean = (late + one.slip - drop) / (2 - drop)
    field = jnp.stack([nx - one.beta_x - nx * lean, ny - one.beta_y - ny * lean])
    weights = one.weights / (1 - one.slip) * (period / SPEED_OF_LIGHT)
    return field @ (weights * phase), period_phase(period, one, energy, n, lack) + 1j * loss


def period_phase(period: Any, one: Period, energy: Any, n: Directions, lack: Any = 0.0) -> Any:
    """The real phase [rad] from one period to the next, in directions (...)."""
    return period * energy / HBAR_C * _lag(n, lack, *one.whole)


def _lag(n: Directions, lack: Any, x: Any, y: Any, time: Any, gain: Any) -> Any:
    """C t - (1 - lack) n.r without its large parts."""
    z = time - gain
    aside = n.across[..., 0] * x + n.across[..., 1] * y
    return gain + n.drop * z + lack * z * (1 - n.drop) - (1 - lack) * aside


def all_periods(phase: Any, periods: int) -> Any:
    """The sum of exp(i k p) over k from 0 to periods - 1, with p = Re `phase`, made weaker.

    The last period, of k = periods - 1, has all its strength; each earlier one has exp(-Im
    `phase`) of that of the next.
    """
    loss = jnp.imag(phase)
    # of (phase - 2 pi m) / 2, growing from period to period
    half = 0.5 * (jnp.real(phase) - 2 * pi * jnp.round(jnp.real(phase) / (2 * pi))) - 0.5j * loss
    ratio = periods * _sinc(periods * half) / _sinc(half)
    middle = 0.5 * (periods - 1)
    return ratio * jnp.exp(1j * middle * jnp.real(phase) - middle * loss)


def _sinc(z: Any) -> Any:
    """sin(z) / z of complex numbers, smooth at zero."""
    small = jnp.abs(z) < 1e-2
    safe = jnp.where(small, 1.0, z)
    square = jnp.where(small, z * z, 0.0)
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42))
    return jnp.where(small, series, jnp.sin(safe) / safe)


def node_count(undulator: Undulator, gamma: Any, energy: Any, n: Directions, lack: Any) -> int:
    """Nodes that resolve the fastest phase in a period of any of the energies and directions."""
    if np.min(np.asarray(lack) + 0.5 / float(gamma) ** 2) < 0:
        raise InputError(
            "the charge is faster than light in this medium: its light is Cherenkov radiation, "
            "which this sum over periods does not hold",
            parameter="medium",
        )
    one = undulator.motion(gamma, 48)
    steep = np.max(np.hypot(one.beta_x, one.beta_y))
    bend = np.max(np.hypot(n.across[..., 0], n.across[..., 1]))
    fastest = (np.max(one.slip) + np.max(n.drop) + bend * steep) * np.max(energy)
    fastest += np.max(np.abs(lack) * energy)
    cycles = float(undulator.period * fastest / HC)
    if cycles > _MOST_CYCLES:
        raise InputError(
            f"light would turn {cycles:.3g} times against the charge in a period, and at most "
            f"{_MOST_CYCLES} are computed: take lower photon energies or smaller angles",
            parameter="photon_energy",
        )
    return nodes_for(cycles)
