"""What cools ions: collisions with a gas, and laser light."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import fieldwright._jax  # noqa: F401  (64-bit, before any array exists)
from fieldwright.constants import BOLTZMANN, PLANCK
from fieldwright.errors import InputError
from fieldwright.motion.ions._species import find_species
from fieldwright.sources._checks import is_concrete, require_positive, scalar, vector


class Damping(eqx.Module):
    """What changes velocities beside the fields: once a step, solved exactly over that step."""

    @abstractmethod
    def apply(
        self,
        velocity: jax.Array,
        position: jax.Array,
        mass: jax.Array,
        charge: jax.Array,
        h: Any,
        key: jax.Array,
    ) -> jax.Array:
        """The velocities after a time, were there nothing but the damping.

        Args:
            velocity: before (n, 3) [m/s].
            position: (n, 3) [m].
            mass: (n,) [kg].
            charge: (n,) [C].
            h: the time [s].
            key: of `jax.random`, a fresh one for each step.

        Returns:
            velocity after, (n, 3) [m/s].
        """


class BufferGas(Damping):
    """Collisions with a thin gas, many and weak: a linear drag with the thermal kicks it implies.

    Args:
        rate: at which a mean velocity dies out, dv/dt = -rate v [1/s].
        temperature: of the gas [K].

    Raises:
        InputError: a value is not a finite float64, or is below zero.

    This is the Langevin equation, and its solution over a step is exact (G. E. Uhlenbeck and
    L. S. Ornstein, Phys. Rev. 36, 823 (1930)), so that any step leaves the Maxwell distribution of
    `temperature` as it is. In a Penning trap drag makes the magnetron motion grow.

    >>> import jax, jax.numpy as jnp
    >>> from fieldwright.motion import BufferGas
    >>> gas = BufferGas(rate=1e4, temperature=0.0)
    >>> v, one = jnp.array([[100.0, 0.0, 0.0]]), jnp.ones(1)
    >>> print(f"{gas.apply(v, v, one, one, 1e-4, jax.random.key(0))[0, 0]:.3f} m/s")
    36.788 m/s
    """

    rate: jax.Array = eqx.field(converter=scalar("rate"))
    temperature: jax.Array = eqx.field(converter=scalar("temperature"))

    def __check_init__(self) -> None:
        for name in ("rate", "temperature"):
            value = getattr(self, name)
            if is_concrete(value) and value < 0:
                raise InputError(f"{name} must not be below zero, got {value:g}", parameter=name)

    def apply(
        self,
        velocity: jax.Array,
        position: jax.Array,
        mass: jax.Array,
        charge: jax.Array,
        h: Any,
        key: jax.Array,
    ) -> jax.Array:
        """As `Damping.apply`."""
        variance = -jnp.expm1(-2 * self.rate * h) * BOLTZMANN * self.temperature / mass
        kicks = jax.random.normal(key, velocity.shape, velocity.dtype)
        return velocity * jnp.exp(-self.rate * h) + jnp.sqrt(variance)[:, None] * kicks


class LaserCooling(Damping):
    """The mean force of one laser beam on ions with two levels.

    Args:
        wavelength: of the light [m].
        linewidth: Gamma, the natural width of the transition [rad/s].
        saturation: s, the intensity over the saturation intensity.
        detuning: of the light from the transition of an ion at rest [rad/s]; below zero it cools.
        direction: in which the light travels (3,), of any length.
        species: which ions it acts on, a name of `SPECIES` or a `Species`; all if None.

    Raises:
        InputError: a value is not a finite float64 of its shape, a wavelength, linewidth or
            saturation is not above zero, the direction has no length, or the species is unknown.

    The force hbar k Gamma/2 s / (1 + s + 4 (detuning - k v)^2 / Gamma^2) along the beam (H. J.
    Metcalf and P. van der Straten, Laser Cooling and Trapping, 1999, equation 3.14) is solved
    exactly over a step, so that steps may be long. The recoil of single photons is left out: there
    is no Doppler limit.

    >>> from math import pi
    >>> import jax, jax.numpy as jnp
    >>> from fieldwright.motion import SPECIES, LaserCooling
    >>> width = 2 * pi * 19.6e6
    >>> laser = LaserCooling(313e-9, width, 0.5, detuning=-width / 2, direction=[0.0, 0.0, -1.0])
    >>> v, ion = jnp.array([[0.0, 0.0, 3.0]]), SPECIES["9Be+"]
    >>> mass, charge = jnp.array([ion.mass]), jnp.array([ion.charge])
    >>> print(f"{laser.apply(v, v, mass, charge, 1e-6, jax.random.key(0))[0, 2]:.4f} m/s")
    0.4973 m/s
    """

    wavelength: jax.Array = eqx.field(converter=scalar("wavelength"))
    linewidth: jax.Array = eqx.field(converter=scalar("linewidth"))
    saturation: jax.Array = eqx.field(converter=scalar("saturation"))
    detuning: jax.Array = eqx.field(converter=scalar("detuning"))
    direction: jax.Array = eqx.field(converter=vector("direction"))
    species: Any = eqx.field(
        default=None, converter=lambda kind: kind and find_species(kind), static=True
    )

    def __check_init__(self) -> None:
        require_positive(
            wavelength=self.wavelength, linewidth=self.linewidth, saturation=self.saturation
        )
        if is_concrete(self.direction) and not jnp.any(self.direction):
            raise InputError("direction must have a length, got (0, 0, 0)", parameter="direction")

    def apply(
        self,
        velocity: jax.Array,
        position: jax.Array,
        mass: jax.Array,
        charge: jax.Array,
        h: Any,
        key: jax.Array,
    ) -> jax.Array:
        """As `Damping.apply`; nothing here is random."""
        beam = jnp.asarray(self.direction)
        beam = beam / jnp.linalg.norm(beam)
        k = 2 * jnp.pi / self.wavelength
        x = 2 * (self.detuning - k * (velocity @ beam)) / self.linewidth
        # With x the shifted detuning in half widths, (1 + s) x + x^3 / 3 changes steadily.
        push = PLANCK / (2 * jnp.pi) * k**2 / mass * self.saturation * h
        step = _cubic_step(x, 1 + self.saturation, push)
        gain = -self.linewidth / (2 * k) * step
        if self.species is not None:
            alike = jnp.isclose(mass, self.species.mass, rtol=1e-6, atol=0.0)
            alike &= jnp.isclose(charge, self.species.charge, rtol=1e-6, atol=0.0)
            gain = jnp.where(alike, gain, 0.0)
        return velocity + gain[:, None] * beam


def _cubic_step(x: jax.Array, a: jax.Array, drop: jax.Array) -> jax.Array:
    """How far x must go for a x + x^3 / 3 to fall by `drop`; a > 0, so there is one answer."""
    target = a * x + x**3 / 3 - drop
    step = 2 * jnp.sqrt(a) * jnp.sinh(jnp.arcsinh(1.5 * target / a**1.5) / 3) - x
    # The difference above loses digits of small steps; Newton's method on the step regains them.
    for _ in range(2):
        over = step * (a + x**2 + step * (x + step / 3)) + drop
        step = step - over / (a + (x + step) ** 2)
    return step
