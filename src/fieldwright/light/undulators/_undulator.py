"""Undulators by their period and strength, and how a charge moves in them.

The motion is that of a charge of constant energy whose transverse velocity is a sine of its place:
beta_x = (K / gamma) sin k z, and in a helical one also beta_y = (K / gamma) cos k z. Its
longitudinal velocity follows exactly from the energy, unless the paper's average is asked for.
"""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from math import pi
from typing import Any, NamedTuple, Self

import equinox as eqx
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.constants import ELECTRON_MASS, ELEMENTARY_CHARGE, HC, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light._checks import above_zero, as_result, whole
from fieldwright.light.spectra._directions import Directions, as_directions
from fieldwright.light.undulators._gauss import gauss_nodes, running_integral
from fieldwright.sources._checks import as_float, is_concrete, numpy_for, require_positive


class Period(NamedTuple):
    """One period of the motion at n nodes along z; lengths in periods, velocities in c.

    Attributes:
        weights: of the nodes (n,), of an integral over z; their sum is one.
        beta_x: velocity along x (n,); `beta_y` likewise.
        slip: one minus the velocity along z.
        x: place across, from the start of the period; `y` and `z` likewise.
        time: c t from the start; `gain`: c t less z, what light gained on the charge.
        whole: x, y, time and gain of the whole period.
    """

    weights: Any
    beta_x: Any
    beta_y: Any
    slip: Any
    z: Any
    x: Any
    y: Any
    time: Any
    gain: Any
    whole: Any


class Velocities(NamedTuple):
    """Of a charge, in c: along x and y, and one minus that along z."""

    beta_x: Any
    beta_y: Any
    slip: Any


class Undulator(eqx.Module):
    """What planar and helical undulators share: `PlanarUndulator` and `HelicalUndulator`."""

    period: Any
    K: Any
    periods: int = eqx.field(static=True)

    def __init__(self, period: Any, K: Any, periods: int):
        self.period = as_float(period, "period")
        self.K = as_float(K, "K")
        require_positive(period=self.period, K=self.K)
        self.periods = whole(periods, "periods")

    @classmethod
    def from_field(cls, period: Any, field: Any, periods: int) -> Self:
        """A magnetic undulator for electrons of peak field `field` [T]."""
        field = as_float(field, "field")
        factor = ELEMENTARY_CHARGE / (2 * pi * ELECTRON_MASS * SPEED_OF_LIGHT)
        return cls(period, factor * field * period, periods)

    @classmethod
    def from_amplitude(cls, period: Any, amplitude: Any, gamma: Any, periods: int) -> Self:
        """A crystal bent with an amplitude [m], for charges of a Lorentz factor.

        K = 2 pi gamma amplitude / period, the paper's q.
        """
        amplitude, period = as_float(amplitude, "amplitude"), as_float(period, "period")
        require_positive(amplitude=amplitude, period=period)
        gamma = _lorentz(gamma)
        return cls(period, 2 * pi * gamma * amplitude / period, periods)

    @property
    def length(self) -> Any:
        """Of all periods [m]."""
        return self.period * self.periods

    @property
    def peak_field(self) -> Any:
        """Of a magnetic undulator that bends electrons so [T]."""
        return 2 * pi * ELECTRON_MASS * SPEED_OF_LIGHT * self.K / (ELEMENTARY_CHARGE * self.period)

    @property
    def mean_square(self) -> Any:
        """Mean of (gamma beta_perp)^2 over a period: K^2 / 2, or K^2 of a helical one."""
        xp = numpy_for(self)
        return xp.mean(sum(u**2 for u in self._momenta(np.linspace(0.0, 1.0, 17)[:-1])))

    def average_gamma(self, gamma: Any) -> Any:
        """The Lorentz factor of the mean motion: gamma / sqrt(1 + `mean_square`)."""
        return gamma / numpy_for(self).sqrt(1 + self.mean_square)

    def harmonic_energy(self, gamma: Any, harmonic: Any = 1, direction: Any = (0.0, 0.0)) -> Any:
        """Photon energy [eV] of a harmonic in vacuum in directions (...); exact.

        In a period of the true motion light gains `harmonic` wavelengths on the charge. The usual
        2 gamma^2 h c / (period (1 + K^2 / 2)) leaves out parts of the order of 1 / gamma^2.
        """
        gamma = _lorentz(gamma, self)
        energy = _energy(self, gamma, as_directions(direction))
        return as_result(above_zero(harmonic, "harmonic") * energy)

    def motion(self, gamma: Any, count: int) -> Period:
        """One period of the motion at `count` Gauss-Legendre nodes."""
        nodes, weights = gauss_nodes(count)
        ux, uy = self._momenta(nodes)
        v = self.velocities(gamma, ux, uy)
        xp = numpy_for(v)
        slopes = xp.stack([v.beta_x, v.beta_y, xp.ones_like(v.slip), v.slip]) / (1 - v.slip)
        x, y, time, gain = slopes @ running_integral(count).T
        whole = slopes @ weights
        return Period(weights, v.beta_x, v.beta_y, v.slip, nodes, x, y, time, gain, whole)

    def velocities(self, gamma: Any, ux: Any, uy: Any) -> Velocities:
        """Velocities in c where gamma times the transverse ones are `ux` and `uy`."""
        lack = (1 + self._square(ux, uy)) / gamma**2 + 0 * ux
        return Velocities(ux / gamma, uy / gamma, lack / (1 + numpy_for(lack).sqrt(1 - lack)))

    @property
    def single(self) -> Self:
        """One period of it, to compile for: programs serve any number of periods."""
        one = copy(self)
        object.__setattr__(one, "periods", 1)
        return one

    @abstractmethod
    def _momenta(self, place: Any) -> tuple[Any, Any]:
        """Gamma times beta_x and beta_y at places in periods."""

    def _square(self, ux: Any, uy: Any) -> Any:
        """Of gamma times the transverse velocity: what the longitudinal one is short of."""
        return ux**2 + uy**2


class PlanarUndulator(Undulator):
    """A planar undulator: beta_x = (K / gamma) sin k z from its entrance on.

    Args:
        period: [m].
        K: undulator parameter, the largest gamma beta_x.
        periods: how many, whole.
        uniform: whether the longitudinal velocity is taken as constant, of the mean square, as in
            (1) of the paper. That is exact enough for soft light of a medium (omega-) and on the
            first harmonic at small K, and else not.

    Raises:
        InputError: a period or K not above zero, a number of periods that is not whole.

    >>> from fieldwright.light import PlanarUndulator
    >>> undulator = PlanarUndulator(0.02, 1.0, 100)
    >>> print(f"{undulator.harmonic_energy(5870.853542730):.6f} eV, {undulator.peak_field:.4f} T")
    2848.902310 eV, 0.5355 T
    """

    uniform: bool = eqx.field(static=True)

    def __init__(self, period: Any, K: Any, periods: int, *, uniform: bool = False):
        super().__init__(period, K, periods)
        self.uniform = uniform

    def _momenta(self, place: Any) -> tuple[Any, Any]:
        ux = self.K * numpy_for(place).sin(2 * pi * place)
        return ux, 0 * ux

    def _square(self, ux: Any, uy: Any) -> Any:
        return self.K**2 / 2 if self.uniform else super()._square(ux, uy)


class HelicalUndulator(Undulator):
    """A helical undulator: beta_x = (K / gamma) sin k z, beta_y = (K / gamma) cos k z.

    Args:
        period: [m].
        K: undulator parameter, gamma times the transverse velocity over that of light.
        periods: how many, whole.

    Raises:
        InputError: a period or K not above zero, a number of periods that is not whole.

    >>> from fieldwright.light import HelicalUndulator
    >>> print(f"{HelicalUndulator(0.02, 1.0, 100).harmonic_energy(5870.853542730):.4f} eV")
    2136.6767 eV
    """

    def _momenta(self, place: Any) -> tuple[Any, Any]:
        xp = numpy_for(place)
        return self.K * xp.sin(2 * pi * place), self.K * xp.cos(2 * pi * place)


def _energy(undulator: Undulator, gamma: Any, n: Directions) -> Any:
    x, y, _, gain = undulator.motion(gamma, 48).whole
    lag = gain + n.drop - n.across[..., 0] * x - n.across[..., 1] * y
    return HC / (undulator.period * lag)


def _lorentz(gamma: Any, undulator: Any = None) -> Any:
    """A Lorentz factor, known to be above one, and above what an undulator would turn back."""
    gamma = as_float(gamma, "gamma")
    if is_concrete(gamma) and not gamma > 1:
        raise InputError(f"gamma must be above one, got {gamma:g}", parameter="gamma")
    if undulator is None:
        return gamma
    if not isinstance(undulator, Undulator):
        raise InputError(
            "undulator must be a PlanarUndulator or a HelicalUndulator, got "
            f"{type(undulator).__name__}",
            parameter="undulator",
        )
    if is_concrete(gamma, undulator) and not 0.9 * gamma > undulator.K:
        raise InputError(
            f"K = {float(undulator.K):g} turns a charge of gamma = {float(gamma):g} about: K must "
            "be well below gamma",
            parameter="gamma",
        )
    return gamma
