"""Bunches: how much of the light of N charges is in step, N + N (N - 1) F.

The form factor F is the square of the Fourier transform of the bunch's density. Charges that
follow the same way with a delay t radiate the same amplitude times exp(i omega t), in a medium as
in vacuum: so what counts along the bunch is arrival times, and the frequency alone. That is (17)
of the paper with cos(theta) put to one; across it, the wave vector's part across the axis.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.constants import HBAR_C
from fieldwright.errors import InputError
from fieldwright.light._checks import above_zero
from fieldwright.light.media._medium import Medium, as_medium
from fieldwright.light.spectra._directions import as_directions
from fieldwright.sources._checks import as_float, is_concrete, require_positive


class LightBunch(eqx.Module):
    """A bunch of N alike charges: `GaussianBunch` and `ModulatedBunch`."""

    particles: eqx.AbstractVar[Any]
    size: eqx.AbstractVar[Any]

    @abstractmethod
    def longitudinal(self, photon_energy: Any) -> Any:
        """F_Z, of arrival times (...)."""

    def transverse(
        self, photon_energy: Any, direction: Any = (0.0, 0.0), medium: Medium | None = None
    ) -> Any:
        """F_R of a Gaussian (...): exp(-(k_x sigma_x)^2 - (k_y sigma_y)^2), (18) of the paper."""
        medium = as_medium(medium)
        across = as_directions(direction).across
        wave = jnp.asarray(photon_energy) / HBAR_C * (1 - medium.one_minus_index(photon_energy))
        return jnp.exp(-(wave**2) * jnp.sum((across * self.size[:2]) ** 2, axis=-1))

    def form_factor(
        self, photon_energy: Any, direction: Any = (0.0, 0.0), medium: Medium | None = None
    ) -> Any:
        """F = F_Z F_R (...), for photon energies [eV] and directions that broadcast.

        Raises:
            InputError: a photon energy not above zero, or at which no wave goes.
        """
        photon_energy = above_zero(photon_energy, "photon_energy")
        return self.longitudinal(photon_energy) * self.transverse(photon_energy, direction, medium)

    def gain(
        self, photon_energy: Any, direction: Any = (0.0, 0.0), medium: Medium | None = None
    ) -> Any:
        """Photons of the bunch over those of one charge: N + N (N - 1) F (...)."""
        return bunch_gain(self.particles, self.form_factor(photon_energy, direction, medium))


class GaussianBunch(LightBunch):
    """A bunch with Gaussian profiles, (18) of the paper.

    Args:
        particles: N.
        size: rms (3,) [m]: in x, in y, and c times that of the arrival times.

    Raises:
        InputError: particles not above zero, sizes below zero.

    >>> from fieldwright.light import GaussianBunch
    >>> bunch = GaussianBunch(1e9, [1e-5, 1e-5, 9e-6])
    >>> print(f"{bunch.gain(0.01):.3e}")  # far infrared: a wave longer than the bunch
    8.122e+17
    """

    particles: Any
    size: Any

    def __init__(self, particles: Any, size: Any):
        self.particles, self.size = _checked(particles, size)

    def longitudinal(self, photon_energy: Any) -> Any:
        """exp(-(k sigma)^2)."""
        return jnp.exp(-((jnp.asarray(photon_energy) / HBAR_C * self.size[2]) ** 2))


class ModulatedBunch(LightBunch):
    """A Gaussian bunch whose density is modulated: times 1 + b cos(k_r Z + phase).

    Args:
        particles: N.
        size: rms (3,) [m]: in x, in y, and c times that of the arrival times.
        depth: b, from 0 to 1.
        resonance: the photon energy whose wave the modulation has [eV].
        phase: of the modulation at the middle of the bunch [rad].

    Raises:
        InputError: particles or a resonance not above zero, sizes below zero, a depth out of range.

    >>> from fieldwright.light import ModulatedBunch
    >>> bunch = ModulatedBunch(1.56e9, [1e-5, 1e-5, 9e-6], depth=0.01, resonance=8265.6)
    >>> print(f"{bunch.form_factor(8265.6):.4e}, gain {bunch.gain(8265.6):.4e}")
    2.5000e-05, gain 6.0842e+13
    """

    particles: Any
    size: Any
    depth: Any
    resonance: Any
    phase: Any

    def __init__(self, particles: Any, size: Any, depth: Any, resonance: Any, phase: Any = 0.0):
        self.particles, self.size = _checked(particles, size)
        self.depth = as_float(depth, "depth")
        self.resonance = as_float(resonance, "resonance")
        self.phase = as_float(phase, "phase")
        require_positive(resonance=self.resonance)
        if is_concrete(self.depth) and not 0 <= self.depth <= 1:
            raise InputError(
                f"depth must be from 0 to 1, else densities are negative, got {self.depth:g}",
                parameter="depth",
            )

    def longitudinal(self, photon_energy: Any) -> Any:
        """All three terms: the bunch as a whole and its modulation at k + k_r and k - k_r.

        (20) of the paper is that of k - k_r alone; see `resonant`.
        """
        k, kr = jnp.asarray(photon_energy) / HBAR_C, self.resonance / HBAR_C
        turn = jnp.exp(1j * self.phase)
        found = self._smooth(k) + 0.5 * self.depth * (
            turn * self._smooth(k + kr) + jnp.conj(turn) * self._smooth(k - kr)
        )
        whole = 1 + self.depth * jnp.cos(self.phase) * self._smooth(kr)
        return jnp.abs(found / whole) ** 2

    def resonant(self, photon_energy: Any) -> Any:
        """(20) of the paper: b^2 / 4 exp(-((k - k_r) sigma)^2)."""
        away = (jnp.asarray(photon_energy) - self.resonance) / HBAR_C
        return 0.25 * self.depth**2 * jnp.exp(-((away * self.size[2]) ** 2))

    def _smooth(self, k: Any) -> Any:
        return jnp.exp(-0.5 * (k * self.size[2]) ** 2)


def bunch_gain(particles: Any, form_factor: Any) -> Any:
    """Photons of N charges over those of one: N + N (N - 1) F.

    Args:
        particles: N (...).
        form_factor: F (...).

    (16) of the paper writes it as N (1 - F) + N^2 F, which is the same.

    >>> from fieldwright.light import bunch_gain
    >>> print(bunch_gain(10, 0.0), bunch_gain(10, 1.0))
    10.0 100.0
    """
    return particles + particles * (particles - 1) * form_factor


def _checked(particles: Any, size: Any) -> tuple[Any, Any]:
    particles, size = as_float(particles, "particles"), as_float(size, "size", (3,))
    require_positive(particles=particles)
    if is_concrete(size) and np.any(np.asarray(size) < 0):
        raise InputError(f"sizes must not be negative, got {size} m", parameter="size")
    return particles, size
