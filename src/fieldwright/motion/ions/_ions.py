"""Charges and how they start."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401  (64-bit, before any array exists)
from fieldwright.errors import InputError
from fieldwright.motion.ions._species import Species, find_species
from fieldwright.sources._checks import as_float, is_concrete, numpy_for


class Ions(eqx.Module):
    """Charged particles: any number of them, of any mixture of kinds.

    Args:
        mass: of each (n,), or one for all [kg].
        charge: of each (n,), or one for all [C]; below zero or zero as well.
        position: (n, 3) [m].
        velocity: (n, 3), or one (3,) for all [m/s].

    Raises:
        InputError: a shape does not fit, a value is not a finite float64, or a mass is not above
            zero; the text says of which ion.

    `ions[...]` picks some of them by a number, a slice, indices or a mask, `a + b` puts two sets
    together, `len(ions)` counts them.

    >>> from fieldwright.motion import Ions
    >>> pair = Ions(6.64e-26, 1.6e-19, [[0.0, 0.0, 1e-5], [0.0, 0.0, -1e-5]], [0.0, 0.0, 0.0])
    >>> len(pair), len(pair[0]), pair.mass.shape
    (2, 1, (2,))
    """

    mass: jax.Array
    charge: jax.Array
    position: jax.Array
    velocity: jax.Array

    def __init__(self, mass: Any, charge: Any, position: Any, velocity: Any):
        position = _rows(position, "position", (None, 3))
        n = position.shape[0]
        self.position = position
        self.velocity = _rows(velocity, "velocity", (n, 3))
        self.mass = _rows(mass, "mass", (n,))
        self.charge = _rows(charge, "charge", (n,))

    def __check_init__(self) -> None:
        if not is_concrete(self.mass):
            return
        mass = np.asarray(self.mass)
        wrong = ~(mass > 0)
        if wrong.any():
            first = int(np.argmax(wrong))
            raise InputError(
                f"the mass of ion {first} is {mass[first]:g} kg: it must be above zero",
                parameter="mass",
            )

    @classmethod
    def of(cls, species: str | Species, position: Any, velocity: Any) -> Ions:
        """Ions of one species.

        Args:
            species: a name of `SPECIES`, or a `Species`.
            position: (n, 3) [m].
            velocity: (n, 3), or one (3,) for all [m/s].

        Raises:
            InputError: the name is unknown, a shape does not fit, or a value is not finite.

        >>> from fieldwright.motion import Ions
        >>> ions = Ions.of("9Be+", [[0.0, 0.0, 1e-5]], [0.0, 0.0, 0.0])
        >>> print(f"{ions.mass[0]:.6e} kg")
        1.496417e-26 kg
        """
        kind = find_species(species)
        return cls(kind.mass, kind.charge, position, velocity)

    def __len__(self) -> int:
        return self.position.shape[0]

    def __getitem__(self, which: Any) -> Ions:
        index = np.atleast_1d(np.arange(len(self))[which])
        return Ions(
            self.mass[index], self.charge[index], self.position[index], self.velocity[index]
        )

    def __add__(self, other: Ions) -> Ions:
        if not isinstance(other, Ions):
            return NotImplemented
        return Ions(
            jnp.concatenate([self.mass, other.mass]),
            jnp.concatenate([self.charge, other.charge]),
            jnp.concatenate([self.position, other.position]),
            jnp.concatenate([self.velocity, other.velocity]),
        )


def require_apart(ions: Ions) -> None:
    """Raise `InputError` if two charges sit at the same place: no force between them is defined.

    Neutral particles may sit anywhere, and inside `jit` nothing is checked. Positions are sorted,
    so this is quick for any number.

    >>> from fieldwright.motion import Ions, require_apart
    >>> require_apart(Ions(1e-26, 1.6e-19, [[0.0, 0.0, 0.0], [0.0, 0.0, 1e-9]], [0.0, 0.0, 0.0]))
    """
    if not is_concrete(ions):
        return
    charged = np.flatnonzero(np.asarray(ions.charge))
    position = np.asarray(ions.position)[charged]
    order = np.lexsort(position.T)
    same = np.flatnonzero(np.all(np.diff(position[order], axis=0) == 0, axis=1))
    if not same.size:
        return
    first, second = sorted(charged[order[same[0] : same[0] + 2]].tolist())
    x, y, z = np.asarray(ions.position)[first]
    raise InputError(
        f"ions {first} and {second} are both at ({x:g}, {y:g}, {z:g}) m: the Coulomb force "
        "between them is not defined; move one of them, or leave the interaction out",
        parameter="position",
    )


def _rows(value: Any, name: str, shape: tuple[int | None, ...]) -> jax.Array:
    """`value` for each ion; one for all where it has no axis of ions."""
    _require_finite_rows(value, name)
    if None not in shape and np.ndim(value) == len(shape) - 1:
        value = as_float(value, name, shape[1:])
        value = numpy_for(value).broadcast_to(value, shape)
    value = as_float(value, name, shape)
    # A copy, put as it is: `jnp.array` would compile a program for each shape.
    return value if isinstance(value, jax.Array) else jax.device_put(np.array(value))


def _require_finite_rows(value: Any, name: str) -> None:
    if not is_concrete(value):
        return
    try:
        array = np.asarray(value)
    except ValueError:
        return  # what is wrong with it is said where it is converted
    if array.dtype.kind != "f" or array.ndim == 0:
        return
    bad = ~np.isfinite(array)
    if bad.any():
        first = int(np.argwhere(bad)[0][0])
        raise InputError(f"{name} of ion {first} is not finite: {array[first]}", parameter=name)


def parts(motion: Any) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Mass (n,), charge (n,), position and velocity (..., n, 3) of `Ions` or of a `Trajectory`."""
    ions = motion if isinstance(motion, Ions) else motion.ions
    return ions.mass, ions.charge, motion.position, motion.velocity
