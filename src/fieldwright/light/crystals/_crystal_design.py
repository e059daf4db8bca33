"""The best crystalline undulator for a beam and a photon energy, by gradient, within its limits."""

from __future__ import annotations

from functools import lru_cache
from math import pi
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.constants import ELECTRON_REST_ENERGY, HC
from fieldwright.errors import ConvergenceError, InputError
from fieldwright.light._checks import not_negative
from fieldwright.light.bunches._bunch import ModulatedBunch
from fieldwright.light.crystals._crystal_limits import (
    bending_parameter,
    lindhard_angle,
    momentum_speed,
    swing_ratio,
)
from fieldwright.light.crystals._crystalline_undulator import coherent_of
from fieldwright.light.crystals._demodulation import demodulation_length
from fieldwright.light.media._medium import Medium
from fieldwright.light.undulators._undulator import PlanarUndulator, _lorentz
from fieldwright.sources import PlanarPotential
from fieldwright.sources._checks import as_float, require_positive, scalar

#: Nodes in a period: soft light turns once in it.
_NODES = 64
#: Of a limit that holds, by rounding.
_SLACK = 1e-6


class ChannelLimits(eqx.Module):
    """What waving planes hold of a beam of positrons, and for how long, as a design needs it.

    All are smooth functions of the bending's amplitude and period [m]. `channeling_conditions`
    tells more of one crystal.

    Args:
        potential: of the planes.
        energy: of the positrons [eV].
        largest_bending: of C, centrifugal force over the largest of the planes.

    Raises:
        InputError: the energy is not above the rest energy, the largest C not above zero.

    >>> from fieldwright.light import ChannelLimits
    >>> from fieldwright.sources import HarmonicPotential
    >>> limits = ChannelLimits(HarmonicPotential(1.26e-10, 24.9, "diamond"), 13.6e9)
    >>> print([f"{float(number):.3f}" for number in limits.slack(1.27e-10, 14e-6)])
    ['0.058', '-0.467']
    >>> print(f"{float(limits.held(1.27e-10, 14e-6)):.3f}")
    0.437
    """

    potential: PlanarPotential
    energy: Any = eqx.field(converter=scalar("energy"))
    largest_bending: Any = eqx.field(default=0.3, converter=scalar("largest_bending"))

    def __check_init__(self) -> None:
        momentum_speed(self.energy)
        require_positive(largest_bending=self.largest_bending)

    def slack(self, amplitude: Any, period: Any) -> Any:
        """(2,) how far q is below q_ch and C below its largest, relative to them."""
        steepest = 2 * pi * amplitude / period
        flat = 1 - steepest / lindhard_angle(self.potential, self.energy)
        bending = bending_parameter(self.potential, self.energy, amplitude, period)
        return jnp.stack([flat, 1 - bending / self.largest_bending])

    def swing(self, period: Any) -> Any:
        """Amplitude of the charges over that of the planes, `swing_ratio`; one in resonance."""
        ratio = swing_ratio(self.potential, self.energy, period)
        return jnp.where(ratio > 0, ratio, 1.0)

    def held(self, amplitude: Any, period: Any) -> Any:
        """Share of a parallel beam that follows the planes at the entrance.

        1 - C times `swing_ratio`: what the forced oscillation leaves of a harmonic channel. Planes
        that wave as fast as charges oscillate, or faster, hold nothing.
        """
        return 1 - self._used(amplitude, period)

    def lasting(self, amplitude: Any, period: Any, photon_energy: Any) -> Any:
        """1/e length of what is channeled and still modulated: the demodulation length [m]."""
        used = self._used(amplitude, period)
        return demodulation_length(self.potential, self.energy, photon_energy, used)

    def _used(self, amplitude: Any, period: Any) -> Any:
        """Share of half a gap that the forced oscillation takes."""
        bending = bending_parameter(self.potential, self.energy, amplitude, period)
        ratio = swing_ratio(self.potential, self.energy, period)
        return jnp.where(ratio > 0, jnp.minimum(bending * ratio, 1.0), 1.0)


class CrystalDesign(Result):
    """The crystal that gives most light in step; what `best_crystal` finds."""

    amplitude: Any = quantity("m", "of the bending")
    period: Any = quantity("m", "of the bending")
    length: Any = quantity("m", "of the crystal")
    periods: Any = quantity("", "length over period, not rounded")
    K: Any = quantity("", "undulator parameter, the paper's q")
    coherent: Any = quantity("photons", "in step, at the bunch's depth")
    kept: Any = quantity("", "what loss and leaving charges leave of them")
    held: Any = quantity("", "fraction of the beam that follows the planes")
    slack: Any = quantity("", "of the conditions (k,)")


def period_for(photon_energy: Any, gamma: Any, amplitude: Any, medium: Medium) -> Any:
    """The period [m] at which a crystal's soft light, omega-, has a photon energy.

    Args:
        photon_energy: [eV].
        gamma: Lorentz factor of the charges.
        amplitude: of the bending [m].
        medium: the crystal.

    Returns:
        The longer of the two periods l that solve 1 / l = (E / h c) (1 / (2 gamma^2) + 1 - n +
        (pi amplitude / l)^2); nan where the amplitude is too large for any.

    Raises:
        InputError: an amplitude below zero, gamma not above one, a photon energy that does not go
            through the medium.

    >>> from fieldwright.light import Plasma, period_for
    >>> print(f"{period_for(8265.6, 26614.5, 1.25e-10, Plasma(38.0)) * 1e6:.4f} um")
    14.1919 um
    """
    gamma, amplitude = _lorentz(gamma), not_negative(amplitude, "amplitude")
    wave = photon_energy / HC
    flat = wave * (0.5 / gamma**2 + medium.one_minus_index(photon_energy))
    bent = wave * (pi * amplitude) ** 2
    return (1 + jnp.sqrt(1 - 4 * flat * bent)) / (2 * flat)


def best_crystal(
    bunch: ModulatedBunch,
    gamma: Any,
    medium: Medium,
    conditions: ChannelLimits,
    *,
    amplitudes: Any = (1e-11, 1e-9),
    lengths: Any = (5e-5, 2e-2),
) -> CrystalDesign:
    """Amplitude, period and length that give a modulated bunch's light in step its most photons.

    Args:
        bunch: its resonance is the photon energy; the period follows from it, see `period_for`.
        gamma: Lorentz factor of the charges.
        medium: the crystal, with its attenuation.
        conditions: what the planes hold, and for how long.
        amplitudes: least and largest amplitude [m].
        lengths: least and largest length [m].

    Returns:
        `CrystalDesign`. The smallest modulation depth that can be measured falls as the root of
        its photons; the same crystal is best for both.

    Raises:
        InputError: bounds that are not two rising numbers above zero, a gamma that is not that of
            the conditions.
        ConvergenceError: no crystal within the bounds meets the conditions, or none was found.

    Photons of `coherent_photons` times the square of the fraction held; sequential quadratic
    programming (SciPy's SLSQP) in logarithms, with derivatives by JAX.

    >>> from fieldwright.light import ChannelLimits, ModulatedBunch, best_crystal, material
    >>> from fieldwright.sources import HarmonicPotential
    >>> limits = ChannelLimits(HarmonicPotential(1.26e-10, 24.9, "diamond"), 13.6e9)
    >>> bunch = ModulatedBunch(1.56e9, [1e-5, 1e-5, 9e-6], depth=0.01, resonance=8265.6)
    >>> found = best_crystal(bunch, 26614.5, material("diamond"), limits)
    >>> print(f"{found.amplitude * 1e10:.3f} A, {found.period * 1e6:.2f} um")
    0.825 A, 14.02 um
    """
    from scipy.optimize import minimize

    box = np.log([_bounds(amplitudes, "amplitudes"), _bounds(lengths, "lengths")])
    gamma = _lorentz(gamma)
    if abs(gamma * ELECTRON_REST_ENERGY / conditions.energy - 1) > 1e-3:
        raise InputError(
            f"gamma = {float(gamma):.6g} is not that of the conditions' energy, "
            f"{float(conditions.energy / ELECTRON_REST_ENERGY):.6g}",
            parameter="gamma",
        )
    lack, lost = medium.one_minus_index(bunch.resonance), medium.attenuation(bunch.resonance)

    @lru_cache(maxsize=4)
    def at(u: tuple[float, float]) -> Any:
        found = _evaluate(np.array(u), bunch, gamma, medium, lack, lost, conditions)
        return jax.tree.map(np.asarray, found)

    best: Any = None
    for share in (0.25, 0.5, 0.75):
        found = minimize(
            lambda u: at(tuple(u))[1][0],
            box[:, 0] + share * (box[:, 1] - box[:, 0]),
            jac=lambda u: at(tuple(u))[0][0],
            method="SLSQP",
            bounds=box,
            constraints={
                "type": "ineq",
                "fun": lambda u: at(tuple(u))[1][1:],
                "jac": lambda u: at(tuple(u))[0][1:],
            },
            options={"ftol": 1e-12, "maxiter": 200},
        )
        fits = bool(np.all(at(tuple(found.x))[1][1:] >= -_SLACK))
        if found.success and fits and (best is None or found.fun < best.fun):
            best = found
    if best is None:
        raise ConvergenceError(
            "no crystal was found within the bounds that meets the conditions: smaller amplitudes "
            "or a lower energy of the charges ease them",
        )
    design: CrystalDesign = at(tuple(best.x))[2]
    return design


def _bounds(pair: Any, name: str) -> Any:
    pair = as_float(pair, name, (2,))
    if not 0 < pair[0] < pair[1]:
        raise InputError(
            f"{name} must be two rising numbers above zero, got {pair}", parameter=name
        )
    return pair


@eqx.filter_jit
def _evaluate(
    u: Any, bunch: Any, gamma: Any, medium: Any, lack: Any, lost: Any, conditions: Any
) -> tuple[Any, Any, CrystalDesign]:
    """Of logarithms of amplitude and length: derivatives, minus log of photons and slacks, design.

    Derivatives and values are (1 + k, 2) and (1 + k,).
    """

    def values(u: Any) -> tuple[Any, Any]:
        amplitude, length = jnp.exp(u[0]), jnp.exp(u[1])
        # the charges' own amplitude is a second-order correction to the period: one step will do
        swing = conditions.swing(period_for(bunch.resonance, gamma, amplitude, medium))
        period = period_for(bunch.resonance, gamma, swing * amplitude, medium)
        charges = swing * amplitude
        undulator = PlanarUndulator.from_amplitude(period, charges, gamma, 1)
        path = conditions.lasting(amplitude, period, bunch.resonance)
        light = coherent_of(undulator, gamma, bunch, lack, lost, path, length, _NODES)
        held, slack = conditions.held(amplitude, period), conditions.slack(amplitude, period)
        # far beyond its limits a crystal holds nothing
        photons = light.coherent * jnp.maximum(held, 1e-9) ** 2
        design = CrystalDesign(
            amplitude,
            period,
            length,
            length / period,
            undulator.K,
            photons,
            light.kept,
            held,
            slack,
        )
        result = jnp.concatenate([-jnp.log(jnp.maximum(photons, 1e-300))[None], slack])
        return result, (result, design)

    slopes, (result, design) = jax.jacfwd(values, has_aux=True)(jnp.asarray(u))
    return slopes, result, design
