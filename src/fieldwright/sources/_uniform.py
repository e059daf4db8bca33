"""Fields that are the same everywhere."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp

from fieldwright.sources._checks import vector
from fieldwright.sources._linear import LinearField
from fieldwright.sources._source import Source


class Uniform(Source):
    """A uniform electric and magnetic field.

    Args:
        electric: (3,) [V/m].
        magnetic: (3,) [T].
        position: (3,) [m]; of no effect.
        rotation: rotation vector (3,) [rad]; turns both fields.

    Raises:
        InputError: a value is not a finite float64 of shape (3,).

    >>> from fieldwright.sources import Uniform
    >>> field = Uniform(magnetic=[0.0, 0.0, 1.0])
    >>> print(field.B([0.1, 0.2, 0.3]), field.E([0.1, 0.2, 0.3]))
    [0. 0. 1.] [0. 0. 0.]
    """

    electric: jax.Array = eqx.field(default=(0.0, 0.0, 0.0), converter=vector("electric"))
    magnetic: jax.Array = eqx.field(default=(0.0, 0.0, 0.0), converter=vector("magnetic"))

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return jnp.broadcast_to(self.electric, points.shape)

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return jnp.broadcast_to(self.magnetic, points.shape)

    def _linear(self) -> LinearField:
        return LinearField.static(E0=self.electric, B=self.magnetic)

    def _rest(self) -> None:
        return None
