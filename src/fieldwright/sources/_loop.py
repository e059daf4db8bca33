"""A circular current loop of no thickness."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp

from fieldwright.sources._checks import require_positive, scalar
from fieldwright.sources._sheet import loop_field
from fieldwright.sources._source import Source


def axisymmetric(points: jax.Array, radial: jax.Array, axial: jax.Array) -> jax.Array:
    """Vectors (n, 3) from their radial part over r and their axial part, both (n,)."""
    return jnp.stack([points[:, 0] * radial, points[:, 1] * radial, axial], axis=-1)


def squared_radius(points: jax.Array) -> jax.Array:
    """Squared distance (n,) of points (n, 3) from the z axis."""
    return points[:, 0] ** 2 + points[:, 1] ** 2


class Loop(Source):
    """A thin circular loop around its z axis; positive current flows along +phi.

    Args:
        radius: [m].
        current: [A].
        position: centre (3,) [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: a value is not a finite float64, or the radius is not above zero.

    The field is Maxwell's, through the arithmetic-geometric mean (L. V. King, 1924), which is exact
    on the axis. On the wire itself it is not finite.

    >>> from fieldwright.sources import Loop
    >>> Bz = Loop(radius=0.01).B([0.0, 0.0, 0.0])[2]
    >>> print(f"{Bz:.6e} T")
    6.283185e-05 T
    """

    radius: jax.Array = eqx.field(converter=scalar("radius"))
    current: jax.Array = eqx.field(default=1.0, converter=scalar("current"))

    def __check_init__(self) -> None:
        require_positive(radius=self.radius)

    @property
    def moment(self) -> jax.Array:
        """Magnetic moment (3,) [A m^2] in the loop's own frame."""
        return self.current * jnp.pi * self.radius**2 * jnp.array([0.0, 0.0, 1.0])

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        field = loop_field(self.radius, squared_radius(points), points[:, 2], 7)
        return axisymmetric(points, *(self.current * part for part in field))
