"""Fields linear in position: what ideal traps and their drives are made of."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import fieldwright._jax  # noqa: F401  (64-bit, before any array exists)
from fieldwright.sources._checks import numpy_for


class LinearField(eqx.Module):
    """E = E0 + G r + sum over k of (E0_k + G_k r) cos(w_k t + phase_k), and a uniform B.

    Motion in such a field is a linear map of position and velocity, whatever the time dependence.

    Args:
        E0: at the origin (3,) [V/m].
        G: gradient (3, 3) [V/m^2], G[i, j] = dE_i / dx_j.
        B: (3,) [T].
        drive_E0: amplitudes at the origin (k, 3) [V/m].
        drive_G: amplitudes of the gradient (k, 3, 3) [V/m^2].
        angular_frequency: (k,) [rad/s].
        phase: (k,) [rad].

    >>> import jax.numpy as jnp
    >>> from fieldwright.sources import LinearField
    >>> field = LinearField.static(G=jnp.diag(jnp.array([1.0, 1.0, -2.0])))
    >>> print(field.E(jnp.array([0.0, 0.0, 0.5]), 0.0))
    [ 0.  0. -1.]
    """

    E0: jax.Array
    G: jax.Array
    B: jax.Array
    drive_E0: jax.Array
    drive_G: jax.Array
    angular_frequency: jax.Array
    phase: jax.Array

    @classmethod
    def static(cls, E0: Any = 0.0, G: Any = 0.0, B: Any = 0.0) -> LinearField:
        """A field that stays as it is; what is not given is zero."""
        xp = numpy_for(E0, G, B)
        return cls(
            xp.broadcast_to(xp.asarray(E0, dtype=float), (3,)),
            xp.broadcast_to(xp.asarray(G, dtype=float), (3, 3)),
            xp.broadcast_to(xp.asarray(B, dtype=float), (3,)),
            xp.zeros((0, 3)),
            xp.zeros((0, 3, 3)),
            xp.zeros(0),
            xp.zeros(0),
        )

    def E(self, points: jax.Array, time: Any) -> jax.Array:
        """The electric field (..., 3) [V/m] at points (..., 3) [m] and a time [s]."""
        E0, G = self.at(time)
        return E0 + points @ G.T

    def at(self, time: Any) -> tuple[jax.Array, jax.Array]:
        """E (3,) [V/m] at the origin and its gradient (3, 3) [V/m^2] at a time [s]."""
        factor = jnp.cos(self.angular_frequency * time + self.phase)
        return (
            self.E0 + jnp.tensordot(factor, self.drive_E0, 1),
            self.G + jnp.tensordot(factor, self.drive_G, 1),
        )

    def driven(self, angular_frequency: Any, phase: Any) -> LinearField:
        """The static field, its electric part times cos(w t + phase)."""
        xp = numpy_for(self, angular_frequency, phase)
        return LinearField(
            xp.zeros(3),
            xp.zeros((3, 3)),
            xp.zeros(3),
            self.E0[None],
            self.G[None],
            xp.asarray(angular_frequency, dtype=float)[None],
            xp.asarray(phase, dtype=float)[None],
        )

    def placed(self, position: jax.Array, R: jax.Array) -> LinearField:
        """The same field, turned by the matrix R (3, 3) and moved to `position` (3,) [m]."""

        def turned(E0: jax.Array, G: jax.Array) -> tuple[jax.Array, jax.Array]:
            G = R @ G @ R.T
            return E0 @ R.T - G @ position, G

        E0, G = turned(self.E0, self.G)
        drive_E0, drive_G = turned(self.drive_E0, self.drive_G)
        return LinearField(E0, G, R @ self.B, drive_E0, drive_G, self.angular_frequency, self.phase)

    def __add__(self, other: LinearField) -> LinearField:
        xp = numpy_for(self, other)
        return LinearField(
            self.E0 + other.E0,
            self.G + other.G,
            self.B + other.B,
            xp.concatenate([self.drive_E0, other.drive_E0]),
            xp.concatenate([self.drive_G, other.drive_G]),
            xp.concatenate([self.angular_frequency, other.angular_frequency]),
            xp.concatenate([self.phase, other.phase]),
        )
