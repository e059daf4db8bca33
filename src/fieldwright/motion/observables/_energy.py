"""Energies and temperatures of charges."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.constants import BOLTZMANN, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.motion.interaction._coulomb import pair_energy
from fieldwright.motion.ions._ions import Ions, parts, require_apart
from fieldwright.sources import Assembly, Driven, LinearField, Source, split_linear
from fieldwright.sources._checks import as_float, is_concrete
from fieldwright.sources._source import to_local

if TYPE_CHECKING:
    from fieldwright.motion.simulation._trajectory import Trajectory


def kinetic_energy(ions: Ions | Trajectory, *, relativistic: bool = False) -> jax.Array:
    """The kinetic energy of each charge.

    Args:
        ions: the charges; of a `Trajectory`, at each of its times.
        relativistic: (gamma - 1) m c^2 instead of m v^2 / 2.

    Returns:
        (n,) [J], or (k, n) of a trajectory; NaN where a charge is lost.

    >>> from fieldwright.motion import Ions, kinetic_energy
    >>> ions = Ions.of("p", [[0.0, 0.0, 0.0]], [0.0, 0.0, 1e6])
    >>> print(f"{kinetic_energy(ions)[0] / 1.602176634e-19:.3f} eV")
    5219.842 eV
    """
    mass, _, _, velocity = parts(ions)
    square = jnp.sum(velocity**2, axis=-1)
    if not relativistic:
        return mass * square / 2
    gamma = 1 / jnp.sqrt(1 - square / SPEED_OF_LIGHT**2)
    return mass * square * gamma**2 / (1 + gamma)  # gamma - 1 without a difference


def potential_energy(
    ions: Ions | Trajectory,
    source: Source | LinearField | None = None,
    time: Any = 0.0,
    *,
    coulomb: bool = True,
) -> jax.Array:
    """The potential energy of all charges, in the field of a source and of each other.

    Args:
        ions: the charges; of a `Trajectory`, at each of its times, and those that are there.
        source: whose electric field must have a potential that is known: traps, drives, uniform
            fields, anything linear in position, magnets, and assemblies of these. None for the
            charges alone.
        time: at which drives are taken [s]; a trajectory has its own times.
        coulomb: whether the charges act on each other. Pairs are summed in blocks: memory is no
            matter.

    Returns:
        The energy [J], or (k,) of a trajectory.

    Raises:
        InputError: the potential of the source is not known, or two charges are at one place.

    >>> from fieldwright.motion import Ions, potential_energy
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> pair = Ions.of("40Ca+", [[0.0, 0.0, 1e-5], [0.0, 0.0, -1e-5]], [0.0, 0.0, 0.0])
    >>> print(f"{potential_energy(pair, trap) / 1.602176634e-19 * 1e6:.4f} ueV")
    91.9982 ueV
    """
    _, charge, position, _ = parts(ions)
    _require_potential(source)
    if coulomb and isinstance(ions, Ions):
        require_apart(ions)
    if isinstance(ions, Ions):
        return _potential_energy(source, charge, position, as_float(time, "time"), coulomb)
    return _potential_energies(source, charge, position, ions.time, coulomb)


def total_energy(
    ions: Ions | Trajectory,
    source: Source | LinearField | None = None,
    time: Any = 0.0,
    *,
    coulomb: bool = True,
    relativistic: bool = False,
) -> jax.Array:
    """Kinetic and potential energy of all charges.

    Args:
        ions: as for `potential_energy`, and so are the other arguments.
        source: what makes the field.
        time: [s].
        coulomb: whether the charges act on each other.
        relativistic: as for `kinetic_energy`.

    Returns:
        The energy [J], or (k,) of a trajectory.

    Raises:
        InputError: as `potential_energy`.

    >>> from fieldwright.motion import Ions, total_energy
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions.of("40Ca+", [[0.0, 0.0, 0.0]], [0.0, 0.0, 10.0])
    >>> print(f"{total_energy(ion, trap) / 1.602176634e-19 * 1e6:.4f} ueV")
    20.7089 ueV
    """
    kinetic = jnp.nansum(kinetic_energy(ions, relativistic=relativistic), axis=-1)
    return kinetic + potential_energy(ions, source, time, coulomb=coulomb)


class Temperatures(Result):
    """Temperatures of a cloud along and across z; see `temperatures`."""

    axial: jax.Array = quantity("K", "temperature along the axis")
    radial: jax.Array = quantity("K", "temperature across the axis")
    rotation: jax.Array = quantity("rad/s", "angular frequency of the rigid rotation")


def temperatures(ions: Ions | Trajectory) -> Temperatures:
    """How hot a cloud is along z and across, beside its motion as a whole.

    The mean velocity is taken off, and across z the rigid rotation about the centre of mass which
    leaves the least energy. What is left has n - 1 degrees of freedom along z and 2 n - 3 across,
    with k T / 2 each.

    Args:
        ions: two charges or more; of a `Trajectory`, those that are there at each of its times.

    Returns:
        Temperatures [K] and the rotation [rad/s], counted from x to y; (k,) of a trajectory. They
        are NaN where fewer than two charges are left.

    Raises:
        InputError: there are fewer than two charges.

    >>> from fieldwright.motion import normal_cloud, temperatures
    >>> cloud = normal_cloud(10_000, "40Ca+", 1e-4, temperature=300.0, seed=1)
    >>> found = temperatures(cloud)
    >>> print(f"{found.axial:.0f} K, {found.radial:.0f} K")
    301 K, 300 K
    """
    mass, _, position, velocity = parts(ions)
    if len(mass) < 2:
        raise InputError(f"temperatures need two charges or more, got {len(mass)}")
    return Temperatures(*_temperatures(mass, position, velocity))


@jax.jit
def _temperatures(
    mass: jax.Array, position: jax.Array, velocity: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    there = jnp.all(jnp.isfinite(velocity), axis=-1)
    count = jnp.sum(there, axis=-1).astype(float)
    count = jnp.where(count < 2, jnp.nan, count)
    weight = jnp.where(there, mass, 0.0)
    own = [
        _about_mean(weight, jnp.where(there[..., None], part, 0.0)) for part in (position, velocity)
    ]
    (x, y, _), (vx, vy, vz) = (jnp.moveaxis(part, -1, 0) for part in own)
    inertia = jnp.sum(weight * (x**2 + y**2), axis=-1)
    rotation = jnp.sum(weight * (x * vy - y * vx), axis=-1) / inertia
    turn = rotation[..., None]
    across = jnp.sum(weight * ((vx + turn * y) ** 2 + (vy - turn * x) ** 2), axis=-1)
    along = jnp.sum(weight * vz**2, axis=-1)
    return along / (count - 1) / BOLTZMANN, across / (2 * count - 3) / BOLTZMANN, rotation


def _about_mean(weight: jax.Array, vectors: jax.Array) -> jax.Array:
    mean = jnp.sum(weight[..., None] * vectors, axis=-2) / jnp.sum(weight, axis=-1)[..., None]
    return vectors - mean[..., None, :]


def potential_of(source: Source | LinearField | None, points: jax.Array, time: Any) -> jax.Array:
    """The electric potential (n,) [V] of a source at points (n, 3) [m]."""
    if source is None:
        return jnp.zeros(len(points))
    if isinstance(source, Assembly):
        local = to_local(source, points)
        return sum((potential_of(part, local, time) for part in source.sources), jnp.zeros(()))
    if isinstance(source, Driven):
        factor = jnp.cos(source.angular_frequency * time + source.phase)
        return factor * potential_of(source.source, to_local(source, points), time)
    if hasattr(source, "potential"):
        return source.potential(points)
    if isinstance(source, Source) and hasattr(source, "_local_potential"):
        return source._local_potential(to_local(source, points))
    field = source if isinstance(source, LinearField) else split_linear(source)[0]
    E0, G = field.at(time)
    return -(points @ E0 + jnp.sum(points * (points @ G), axis=-1) / 2)


def _require_potential(source: Source | LinearField | None) -> None:
    """Raise `InputError` where `potential_of` does not give all of a source's potential."""
    if isinstance(source, Assembly):
        for part in source.sources:
            _require_potential(part)
        return
    if isinstance(source, Driven):
        _require_potential(source.source)
        return
    if source is None or hasattr(source, "potential") or hasattr(source, "_local_potential"):
        return
    field, rest = (source, None) if isinstance(source, LinearField) else split_linear(source)
    if rest is not None and type(rest)._local_E is not Source._local_E:
        raise InputError(
            f"the electric potential of a {type(source).__name__} is not known, so that there is "
            "no potential energy in it",
            parameter="source",
        )
    gradients = [field.G, *field.drive_G]
    if is_concrete(gradients) and any(not np.allclose(G, np.asarray(G).T) for G in gradients):
        raise InputError(
            "the gradient of the electric field is not symmetric: such a field has no potential",
            parameter="source",
        )


@partial(jax.jit, static_argnames="coulomb")
def _potential_energy(
    source: Any, charge: jax.Array, position: jax.Array, time: Any, coulomb: bool
) -> jax.Array:
    there = jnp.all(jnp.isfinite(position), axis=-1)
    charge = jnp.where(there, charge, 0.0)
    # What is lost goes where it meets nobody, one metre from the next.
    away = 1.0 + jnp.arange(float(len(charge)))
    position = jnp.where(there[:, None], position, away[:, None])
    potential = jnp.where(there, potential_of(source, position, time), 0.0)
    energy = jnp.sum(charge * potential)
    return energy + pair_energy(position, charge) if coulomb else energy


@partial(jax.jit, static_argnames="coulomb")
def _potential_energies(
    source: Any, charge: jax.Array, position: jax.Array, time: jax.Array, coulomb: bool
) -> jax.Array:
    return jax.lax.map(
        lambda now: _potential_energy(source, charge, *now, coulomb), (position, time)
    )
