"""The harmonics of a crystalline undulator, (4) to (12a) of the paper, in step and apart."""

from __future__ import annotations

from math import pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.constants import FINE_STRUCTURE, HC, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light._checks import above_zero, not_negative, numbers
from fieldwright.light.media._medium import Medium, as_medium
from fieldwright.light.spectra._directions import Directions, as_directions
from fieldwright.light.undulators._bessel import bessel_j
from fieldwright.light.undulators._undulator import PlanarUndulator, _lorentz
from fieldwright.light.undulators._undulator_light import photons_of
from fieldwright.sources._checks import is_concrete

#: Half of the number of harmonics that are summed.
_HARMONICS = 60
#: The largest argument of Bessel functions for which so many are all to rounding.
_ARGUMENT = 25.0


class HarmonicSum(Result):
    """Photons of one charge by harmonics, per sr and d(omega)/omega; from `harmonic_sum`."""

    coherent: Any = quantity("1/sr", "|sum of A_m|^2 over all m, (9): the integral along (1)")
    incoherent: Any = quantity("1/sr", "sum of |A_m|^2 over m from 1 on, formula (10)")


def harmonic_sum(
    undulator: PlanarUndulator,
    gamma: Any,
    photon_energy: Any,
    direction: Any = (0.0, 0.0),
    medium: Medium | None = None,
) -> HarmonicSum:
    """Photons of one charge on the path (1), from harmonics: all in step, and as in (10).

    Args:
        undulator: planar and uniform, of constant longitudinal velocity.
        gamma: Lorentz factor of the charge.
        photon_energy: [eV] (...).
        direction: angles (..., 2) about z [rad], or vectors (..., 3).
        medium: without loss; vacuum if None.

    Returns:
        `HarmonicSum`. (10) drops products of different harmonics; that is good on a line, and off
        it they matter.

    Raises:
        InputError: another undulator, numbers of wrong shape, an energy below the plasma energy, a
            medium with loss, or so large angles and energies that 60 harmonics are too few.

    Source: (4) to (10) of the paper, with the motion along x rather than y and from a zero on.

    >>> from fieldwright.light import PlanarUndulator, Plasma, harmonic_sum
    >>> crystal = PlanarUndulator(14e-6, 1.5, 100, uniform=True)
    >>> for energy in (8153.8, 8200.0):
    ...     found = harmonic_sum(crystal, 26614.5, energy, medium=Plasma(38.0))
    ...     print(f"{found.coherent:.6f} {found.incoherent:.6f}")
    491.234358 491.235694
    153.538413 152.675218
    """
    if not (isinstance(undulator, PlanarUndulator) and undulator.uniform):
        raise InputError(
            "formula (10) is for constant longitudinal velocity: give a "
            "PlanarUndulator(..., uniform=True)",
            parameter="undulator",
        )
    medium, energy = as_medium(medium), numbers(photon_energy, "photon_energy")
    gamma, n = _lorentz(gamma, undulator), as_directions(direction)
    lack = medium.one_minus_index(energy)
    _require_few(undulator, gamma, energy, n, medium.attenuation(energy))
    found = _harmonics(undulator, gamma, energy, n, lack)
    return HarmonicSum(*(photons_of(jnp.sqrt(f)[..., None], energy, medium) for f in found))


def first_harmonic(
    undulator: PlanarUndulator, gamma: Any, photon_energy: Any, direction: Any, plasma_energy: Any
) -> Any:
    """Photons of one charge near the axis by formula (12a): the first harmonic of a dipole.

    Args:
        undulator: planar.
        gamma: Lorentz factor of the charge.
        photon_energy: [eV] (...).
        direction: angles (..., 2) about z [rad], x that of the motion.
        plasma_energy: of the medium [eV].

    Returns:
        (...) photons per sr and d(omega) / omega. (12a) is per d(omega) d(theta^2) d(phi), half of
        that over omega. It is good where theta^2 is small next to lambda / period, on the line.

    Raises:
        InputError: numbers of wrong shape.

    >>> from fieldwright.light import PlanarUndulator, first_harmonic
    >>> crystal = PlanarUndulator(14e-6, 1.5, 100)
    >>> print(f"{first_harmonic(crystal, 26614.5, 8153.8, [1e-4, 0.0], 38.0):.4f}")
    486.9677
    """
    gamma, plasma = _lorentz(gamma, undulator), not_negative(plasma_energy, "plasma_energy")
    energy = jnp.asarray(above_zero(photon_energy, "photon_energy"))
    if is_concrete(energy, plasma) and not np.all(np.asarray(energy) > plasma):
        raise InputError(
            f"photon_energy must be above the plasma energy, {plasma} eV, got {energy} eV",
            parameter="photon_energy",
        )
    angles = jnp.asarray(numbers(direction, "direction"))
    if angles.shape[-1:] != (2,):
        raise InputError(
            f"direction must be angles (..., 2) [rad], got the shape {angles.shape}",
            parameter="direction",
        )
    excess = 1 + undulator.K**2 / 2
    step = HC / undulator.period * jnp.sqrt(1 - excess / gamma**2)
    along, across = angles[..., 0] ** 2, angles[..., 1] ** 2
    square = along + across
    # x of (12a), of the root's quadratic: (w - w-)(w+ - w) without the roots
    lag = energy / (2 * step) * (excess / gamma**2 + (plasma / energy) ** 2 + square)
    fringe = jnp.sinc(undulator.periods * (lag - 1)) ** 2
    # cos^2 + (1 - s)^2 sin^2 with s = theta^2 w / Omega, smooth on the axis
    ratio = energy / step
    shape = 1 - 2 * along * ratio + along * square * ratio**2
    size = (undulator.K * energy * undulator.periods / (2 * gamma * step)) ** 2
    return FINE_STRUCTURE * size * shape * fringe


def _require_few(undulator: Any, gamma: Any, energy: Any, n: Directions, lost: Any) -> None:
    """Refuse loss, and what takes more harmonics than are summed: J_m of m far above x is zero."""
    if is_concrete(lost) and np.any(np.asarray(lost) > 0):
        raise InputError("formula (10) is of a medium without loss", parameter="medium")
    if not is_concrete(undulator, gamma, energy, n):
        return
    x = undulator.period / HC * energy * undulator.K / gamma * np.abs(n.across[..., 0])
    if np.max(x) > _ARGUMENT:
        raise InputError(
            f"the harmonics' Bessel functions are of {float(np.max(x)):.3g}, and at most "
            f"{_ARGUMENT:g} is summed: take smaller angles or lower photon energies",
            parameter="direction",
        )


@jax.jit
def _harmonics(
    undulator: PlanarUndulator, gamma: Any, energy: Any, n: Directions, lack: Any
) -> tuple[Any, Any]:
    """|A|^2 [s^2]: of the sum over harmonics, and summed over harmonics from 1 on."""
    across = undulator.K / gamma
    below = (1 + undulator.K**2 / 2) / gamma**2
    along = jnp.sqrt(1 - below)
    slip = below / (1 + along)
    turns = undulator.period * energy / (HC * along)  # omega / Omega
    index = 1 - lack
    # 1 - beta_par n cos(theta), of small parts alone
    start = turns * (slip + along * (lack + index * n.drop))
    nx, ny = n.across[..., 0, None], n.across[..., 1, None]
    argument = turns * across * index * n.across[..., 0]
    m = jnp.arange(-_HARMONICS, _HARMONICS + 1)
    j_m = bessel_j(m, argument[..., None])
    # m J_m / alpha_2 of (8), smooth on the axis
    j_side = 0.5 * (bessel_j(m - 1, argument[..., None]) + bessel_j(m + 1, argument[..., None]))
    # n x beta along x, y, z: a from beta_par, b from the transverse velocity times sin(Omega t)
    a = jnp.stack([ny * along + 0 * j_m, -nx * along + 0 * j_m, 0 * j_m])
    b = across * jnp.stack([0 * j_m, 1 - n.drop[..., None] + 0 * j_m, -ny + 0 * j_m])
    size = j_m * a + j_side * b
    detuning = pi * undulator.periods * (start[..., None] - m)  # n x_m
    time = undulator.periods * undulator.period / (SPEED_OF_LIGHT * along)
    wave = jnp.exp(1j * (0.5 * pi * m + detuning)) * jnp.sinc(detuning / pi) * time
    parts = size * wave
    whole = jnp.sum(jnp.abs(jnp.sum(parts, axis=-1)) ** 2, axis=0)
    apart = jnp.sum(jnp.where(m > 0, jnp.sum(jnp.abs(parts) ** 2, axis=0), 0.0), axis=-1)
    return whole, apart
