"""Which photon energies an undulator in a medium gives: two for each harmonic and direction.

Light of frequency w is in step after a period where w (1 - beta n cos theta) = m Omega. In a plasma
that is a quadratic equation, with two roots above a threshold: hard light, as in vacuum, and soft
light, whose energy does not depend on that of the charge.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.constants import HC
from fieldwright.errors import BelowThresholdError, InputError
from fieldwright.light._checks import whole
from fieldwright.light.media._medium import Medium, Plasma
from fieldwright.light.undulators._undulator import Undulator, _lorentz
from fieldwright.sources._checks import as_float, is_concrete

#: Fixed-point steps in a tabulated medium; f1 varies slowly, so that a few are enough.
_STEPS = 60


class MediumLines(Result):
    """The photon energies of one harmonic in a medium; what `medium_lines` returns."""

    low: Any = quantity("eV", "soft light, omega-")
    high: Any = quantity("eV", "hard light, omega+")
    threshold: Any = quantity("", "least Lorentz factor that gives light, gamma_th")
    low_far: Any = quantity("eV", "omega- far above threshold, formula (13)")
    high_far: Any = quantity("eV", "omega+ far above threshold, formula (13)")


def medium_lines(
    undulator: Undulator, gamma: Any, medium: Medium, harmonic: int = 1, angle: Any = 0.0
) -> MediumLines:
    """Both photon energies of a harmonic of an undulator in a medium, and the threshold.

    Args:
        undulator: planar or helical.
        gamma: Lorentz factor of the charge.
        medium: what fills the undulator.
        harmonic: m, from 1 on.
        angle: between the light and the axis [rad].

    Returns:
        `MediumLines`. `low` and `high` solve the quadratic without approximation for a plasma; in
        a tabulated medium each takes the plasma energy that fits the medium at its own energy.

    Raises:
        BelowThresholdError: gamma is not above gamma_th: no light goes that way.
        InputError: numbers of wrong shape, a harmonic below one, a medium without electrons.

    Source: formulas (12b) and (13) of the paper. With Omega = 2 pi beta c / l in energy, b = beta
    cos theta and 1/g^2 = 1 - b^2 the roots are g^2 (m Omega +- b sqrt((m Omega)^2 - (E_p / g)^2)).
    (12b) leaves out parts of the order of Omega / omega- next to one, 5e-6 in the paper's crystal.

    >>> from fieldwright.light import PlanarUndulator, Plasma, medium_lines
    >>> crystal = PlanarUndulator(14e-6, 1.5, 100)
    >>> found = medium_lines(crystal, 26614.5, Plasma(38.0))
    >>> print(f"{found.low:.2f} eV, {found.high / 1e6:.4f} MeV, from gamma = {found.threshold:.1f}")
    8153.82 eV, 59.0318 MeV, from gamma = 625.5
    """
    gamma, angle = _lorentz(gamma, undulator), as_float(angle, "angle")
    harmonic = whole(harmonic, "harmonic")
    if not hasattr(medium, "plasma_energy"):
        raise InputError(
            "the medium must have a plasma energy: in vacuum a harmonic has one photon energy, "
            "which the undulator's harmonic_energy gives",
            parameter="medium",
        )
    excess = 1 + undulator.mean_square
    # 1 - (beta cos theta)^2 = 1/g^2
    inverse = excess / gamma**2 + (1 - excess / gamma**2) * jnp.sin(angle) ** 2
    step = harmonic * HC * jnp.sqrt(1 - excess / gamma**2) / undulator.period
    if isinstance(medium, Plasma):
        low, high, wave = (*_roots(step, inverse, medium.plasma_energy), medium.plasma_energy)
    else:
        low, high, wave = _tabulated(medium, step, inverse)
    threshold = _threshold(excess, harmonic * HC / undulator.period, wave, angle)
    if is_concrete(low) and not jnp.isfinite(low):
        raise BelowThresholdError(
            f"gamma = {float(gamma):.6g} is not above {float(threshold):.6g}, from which on this "
            "undulator gives light of this harmonic in this direction: a longer wave in the medium "
            "(less dense), a shorter period or a smaller K lowers that",
            {"gamma": float(gamma), "threshold": float(threshold)},
        )
    return MediumLines(low, high, threshold, wave**2 / (2 * step), 2 * step * gamma**2 / excess)


def _roots(step: Any, inverse: Any, plasma: Any) -> tuple[Any, Any]:
    """Both roots; nan below threshold. The lower is formed without a difference."""
    square = 1 - inverse
    root = jnp.sqrt(square * (step**2 - plasma**2 * inverse))
    return (step**2 + square * plasma**2) / (step + root), (step + root) / inverse


@jax.jit
def _tabulated(medium: Any, step: Any, inverse: Any) -> tuple[Any, Any, Any]:
    """Roots where the plasma energy is that which the medium's index gives at each root."""
    floor = medium.energies[0]

    def fitting(energy: Any) -> Any:
        energy = jnp.maximum(energy, floor)
        lack = medium.one_minus_index(energy)
        return energy * jnp.sqrt(jnp.maximum(lack * (2 - lack), 0.0))

    def again(_: Any, plasmas: Any) -> Any:
        low, high = _roots(step, inverse, plasmas[0])[0], _roots(step, inverse, plasmas[1])[1]
        return fitting(low), fitting(high)

    whole = medium.plasma_energy
    first, second = jax.lax.fori_loop(0, _STEPS, again, (whole, whole))
    return _roots(step, inverse, first)[0], _roots(step, inverse, second)[1], first


def _threshold(excess: Any, step: Any, plasma: Any, angle: Any) -> Any:
    """Gamma at which both roots are one; infinite where the direction is too steep for any."""
    square = (step / plasma) ** 2
    most, least = square - jnp.sin(angle) ** 2, square + jnp.cos(angle) ** 2
    return jnp.where(most > 0, jnp.sqrt(excess * least / jnp.abs(most)), jnp.inf)
