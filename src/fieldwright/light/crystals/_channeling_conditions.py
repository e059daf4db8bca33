"""Whether a crystalline undulator can be: every condition, with its numbers and in words."""

from __future__ import annotations

from math import pi
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from fieldwright._result import Result, quantity
from fieldwright.constants import ELECTRON_REST_ENERGY
from fieldwright.errors import InputError
from fieldwright.light._checks import not_negative
from fieldwright.light.crystals._channel_acceptance import channel_acceptance
from fieldwright.light.crystals._crystal_limits import (
    bending_parameter,
    channeling_period,
    dechanneling_length,
    lindhard_angle,
    momentum_speed,
    swing_ratio,
)
from fieldwright.light.crystals._demodulation import demodulation_length
from fieldwright.light.media._medium import Medium
from fieldwright.sources import CrystalPlanes
from fieldwright.sources._checks import as_float, require_positive


class Condition(NamedTuple):
    """One condition: what is compared, whether it holds, and what that means."""

    name: str
    value: float
    limit: float
    met: bool
    words: str


class ChannelingConditions(Result):
    """The numbers a crystalline undulator stands or falls with; `channeling_conditions` finds them.

    `checks` are the conditions one by one, `report` is all of them as text.
    """

    lindhard_angle: jax.Array = quantity("rad", "Lindhard angle of the straight channel")
    steepest_angle: jax.Array = quantity("rad", "largest angle of the planes")
    undulator_parameter: jax.Array = quantity("", "q of the planes, Lorentz factor times angle")
    largest_parameter: jax.Array = quantity("", "q_ch, Lorentz factor times Lindhard angle")
    bending_parameter: jax.Array = quantity("", "C, centrifugal over largest force of the planes")
    acceptance: jax.Array = quantity("", "fraction held by planes bent evenly at their largest")
    amplitude_in_spacings: jax.Array = quantity("", "amplitude of the planes over their distance")
    channeling_period: jax.Array = quantity("m", "length of a small oscillation in the channel")
    period_ratio: jax.Array = quantity("", "bending period over channeling period")
    swing_ratio: jax.Array = quantity("", "amplitude of the charges over that of the planes")
    forced_amplitude: jax.Array = quantity("m", "forced swing of the charges about the planes")
    moving_parameter: jax.Array = quantity("", "C times the swing ratio: part of the channel used")
    dechanneling_straight: jax.Array = quantity("m", "dechanneling length, straight")
    dechanneling_length: jax.Array = quantity("m", "dechanneling length, bent")
    attenuation_length: jax.Array = quantity("m", "attenuation length of the light")
    demodulation_length: jax.Array = quantity("m", "demodulation length, bent")
    length: jax.Array = quantity("m", "length of the crystal")

    @property
    def checks(self) -> tuple[Condition, ...]:
        """The conditions, one by one."""
        return tuple(_angles(self) + _lengths(self))

    @property
    def met(self) -> bool:
        """Whether all conditions hold."""
        return all(check.met for check in self.checks)

    @property
    def report(self) -> str:
        """All conditions in words, a line each."""
        return "\n".join(
            f"{'holds' if check.met else 'FAILS'}  {check.name}: {check.words}"
            for check in self.checks
        )


def channeling_conditions(
    planes: CrystalPlanes,
    energy: Any,
    photon_energy: Any,
    *,
    medium: Medium | None = None,
    divergence: Any = 0.0,
) -> ChannelingConditions:
    """Check whether positrons channel through waving planes, and light and modulation get out.

    Args:
        planes: the crystal, with amplitude and period of its bending.
        energy: of the positrons [eV].
        photon_energy: of the light, at whose wavelength the bunch is modulated [eV].
        medium: what attenuates the light; by default nothing does.
        divergence: root mean square angle of the beam across the planes [rad].

    Returns:
        `ChannelingConditions`.

    Raises:
        InputError: the planes do not wave, their potential is of no crystal, or a number is wrong.

    >>> from fieldwright.light import channeling_conditions
    >>> from fieldwright.sources import CrystalPlanes, HarmonicPotential
    >>> channel = HarmonicPotential(1.26e-10, 24.9, "diamond")
    >>> planes = CrystalPlanes(channel, 1.4e-3, amplitude=1.27e-10, period=14e-6)
    >>> found = channeling_conditions(planes, 13.6e9, 8265.6)
    >>> [check.name for check in found.checks if not check.met]
    ['bending', 'forced swing']
    >>> print(found.checks[1].words)
    C = 0.440 is more than 0.3: planes bent evenly so hold 56.0 % of the beam
    """
    if not isinstance(planes, CrystalPlanes) or planes.period is None:
        raise InputError(
            "these are the conditions of waving planes: give CrystalPlanes amplitude and period",
            parameter="planes",
        )
    photon_energy = as_float(photon_energy, "photon_energy")
    require_positive(photon_energy=photon_energy)
    energy = as_float(energy, "energy")
    momentum_speed(energy)  # refuses energies that are too low
    divergence = not_negative(as_float(divergence, "divergence"), "divergence")
    attenuation = jnp.zeros(()) if medium is None else medium.attenuation(photon_energy)
    return _numbers(planes, energy, photon_energy, attenuation, divergence)


@jax.jit
def _numbers(
    planes: CrystalPlanes, energy: Any, photon_energy: Any, attenuation: Any, divergence: Any
) -> ChannelingConditions:
    potential, amplitude, period = planes.potential, planes.amplitude, planes.period
    assert period is not None
    gamma = energy / ELECTRON_REST_ENERGY
    steepest = 2 * pi * jnp.abs(amplitude) / period
    C = bending_parameter(potential, energy, amplitude, period)
    oscillation = channeling_period(potential, energy)
    swing = swing_ratio(potential, energy, period)
    angle = lindhard_angle(potential, energy)
    return ChannelingConditions(
        lindhard_angle=angle,
        steepest_angle=steepest,
        undulator_parameter=steepest * momentum_speed(energy) / ELECTRON_REST_ENERGY,
        largest_parameter=gamma * angle,
        bending_parameter=C,
        acceptance=channel_acceptance(potential, energy, planes.largest_curvature, divergence),
        amplitude_in_spacings=jnp.abs(amplitude) / potential.spacing,
        channeling_period=oscillation,
        period_ratio=period / oscillation,
        swing_ratio=swing,
        forced_amplitude=jnp.abs(amplitude * (swing - 1)),
        moving_parameter=C * jnp.abs(swing),
        dechanneling_straight=dechanneling_length(potential, energy),
        dechanneling_length=dechanneling_length(potential, energy, C),
        attenuation_length=1 / attenuation,
        demodulation_length=demodulation_length(potential, energy, photon_energy, C),
        length=planes.length,
    )


_SMALL = 0.3  # of C, up to which half of a channel's acceptance and of its length are left


def _angles(found: ChannelingConditions) -> list[Condition]:
    q, most = float(found.undulator_parameter), float(found.largest_parameter)
    C, moving = float(found.bending_parameter), float(found.moving_parameter)
    held, ratio = 100 * float(found.acceptance), float(found.period_ratio)
    swing = float(found.swing_ratio)

    def than(met: bool) -> str:
        return "less" if met else "more"

    steep = Condition(
        "angle", q, most, q < most,
        f"q = {q:.3g} of the planes is {than(q < most)} than q_ch = {most:.3g}; that they are no "
        "steeper than the Lindhard angle does not say that charges follow them",
    )  # fmt: skip
    bent = Condition(
        "bending", C, _SMALL, C < _SMALL,
        f"C = {C:.3f} is {than(C < _SMALL)} than {_SMALL}: "
        + (
            f"planes bent evenly so hold {held:.1f} % of the beam"
            if C < 1
            else "the planes are too weak to turn the charges, and hold none"
        ),
    )  # fmt: skip
    slow = Condition(
        "period", ratio, 1.0, ratio > 1,
        f"the bending period is {ratio:.3g} channeling periods"
        + ("" if ratio > 1 else ": the charges cannot follow the planes"),
    )  # fmt: skip
    met = slow.met and moving < _SMALL
    forced = Condition(
        "forced swing", moving, _SMALL, met,
        f"charges swing {swing:.3g} times as far as the planes, "
        f"{float(found.forced_amplitude):.3g} m about them, and use "
        f"up {100 * min(moving, 1.0):.0f} % of the channel",
    )  # fmt: skip
    return [steep, bent, slow, forced]


def _lengths(found: ChannelingConditions) -> list[Condition]:
    L = float(found.length)
    kinds = (
        ("dechanneling", found.dechanneling_length, "positrons"),
        ("attenuation", found.attenuation_length, "light made at the entrance"),
        ("demodulation", found.demodulation_length, "the modulation"),
    )
    checks = []
    for name, value, what in kinds:
        limit = float(value)
        left = float(jnp.exp(-L / limit)) if limit > 0 else 0.0
        words = (
            f"{L * 1e3:.3g} mm of crystal, {limit * 1e3:.3g} mm of {name}: {100 * left:.0f} % of "
            f"{what} are left at the end"
        )
        checks.append(Condition(name, L, limit, limit > L, words))
    return checks
