"""A point magnetic dipole."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp

from fieldwright.constants import MU_0
from fieldwright.sources._checks import vector
from fieldwright.sources._source import Source


class Dipole(Source):
    """A point magnetic dipole.

    Args:
        moment: (3,) [A m^2].
        position: (3,) [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: a value is not a finite float64 of shape (3,).

    Its field is not finite where it sits.

    >>> from fieldwright.sources import Dipole
    >>> print(f"{Dipole(moment=[0.0, 0.0, 1.0]).B([0.0, 0.0, 0.1])[2] * 1e3:.6f} mT")
    0.200000 mT
    """

    moment: jax.Array = eqx.field(converter=vector("moment"))

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        square = jnp.sum(points**2, axis=-1, keepdims=True)
        along = points @ self.moment
        return (
            MU_0 / (4 * jnp.pi) * (3 * points * along[:, None] - self.moment * square) / square**2.5
        )
