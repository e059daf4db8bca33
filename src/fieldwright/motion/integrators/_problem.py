"""What an integrator works on: charges in the fields of a source and of each other."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.motion.interaction._coulomb import Coulomb
from fieldwright.motion.ions._ions import Ions
from fieldwright.sources import LinearField, Source, fields_of, split_linear
from fieldwright.sources._checks import is_concrete, numpy_for

#: `fields_of` as one program, for checks before a run: op by op they would take seconds.
fields_at = jax.jit(fields_of)


class Problem(eqx.Module):
    """Charges and all that acts on them; the equation of motion in the forms integrators use.

    `species` says which of the ratios `charge_to_mass` (s,) [C/kg] each charge (n,) has. `linear`
    and `rest` are the two parts of `source`. Where it is relativistic, what is called velocity
    here is gamma v.
    """

    mass: jax.Array
    charge: jax.Array
    species: Any
    charge_to_mass: Any
    source: Source
    linear: LinearField
    rest: Source | None
    coulomb: Coulomb | None
    damping: tuple[Any, ...]
    relativistic: bool = eqx.field(static=True)

    @property
    def ratio(self) -> jax.Array:
        """Charge over mass of each charge, as a column (n, 1) [C/kg]."""
        return (self.charge / self.mass)[:, None]

    def true_velocity(self, velocity: Any) -> Any:
        """V (n, 3) [m/s] of what integrators carry."""
        return velocity / self.gamma(velocity)

    def gamma(self, velocity: Any) -> Any:
        """The Lorentz factor (n, 1) of what integrators carry; 1 where that is not asked for."""
        if not self.relativistic:
            return 1.0
        xp = numpy_for(velocity)
        return xp.sqrt(1 + xp.sum((velocity / SPEED_OF_LIGHT) ** 2, axis=-1, keepdims=True))

    def interaction(self, position: jax.Array, alive: jax.Array) -> jax.Array:
        """E (n, 3) [V/m] that the charges still there make at each other's places."""
        if self.coulomb is None:
            return jnp.zeros_like(position)
        return self.coulomb.field(position, jnp.where(alive, self.charge, 0.0))

    def fields(
        self, position: jax.Array, time: Any, alive: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """E and B (n, 3) at each charge, of the source and of the other charges."""
        E, B = fields_of(self.source, position, time)
        return E + self.interaction(position, alive), B

    def rates(
        self, position: jax.Array, velocity: jax.Array, time: Any, alive: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """The time derivatives of position and velocity; zero for charges that are lost."""
        E, B = self.fields(position, time, alive)
        v = self.true_velocity(velocity)
        push = self.ratio * (E + jnp.cross(v, B))
        there = alive[:, None]
        return jnp.where(there, v, 0.0), jnp.where(there, push, 0.0)


def make_problem(
    ions: Ions,
    source: Source,
    coulomb: Coulomb | None,
    damping: tuple[Any, ...],
    relativistic: bool,
) -> Problem:
    """A problem of what the user gave, which has been checked."""
    species = np.arange(len(ions))
    if is_concrete(ions.charge, ions.mass):
        ratio = np.asarray(ions.charge) / np.asarray(ions.mass)
        ratio, species = np.unique(ratio, return_inverse=True)
    else:
        ratio = ions.charge / ions.mass
    linear, rest = split_linear(source)
    return Problem(
        mass=ions.mass,
        charge=ions.charge,
        species=species,
        charge_to_mass=ratio,
        source=source,
        linear=linear,
        rest=rest,
        coulomb=coulomb,
        damping=damping,
        relativistic=relativistic,
    )


def has_magnetic_rest(problem: Problem, position: Any) -> bool:
    """Whether a magnetic field is left beside the uniform one, at the charges' places or nearby."""
    if problem.rest is None:
        return False
    position = np.asarray(position)
    reach = np.max(np.abs(position), initial=1e-9)
    probes = np.random.default_rng(0).normal(size=(16, 3)) * reach
    _, B = fields_at(problem.rest, np.concatenate([position, probes]), 0.3e-9)
    return bool(np.any(np.asarray(B) != 0))
