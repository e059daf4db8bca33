"""A rectangular block of uniform magnetization."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp

from fieldwright.constants import MU_0
from fieldwright.sources._checks import require_positive, vector
from fieldwright.sources._source import Source


class Cuboid(Source):
    """A uniformly magnetized block.

    Args:
        size: its three edges (3,) [m].
        magnetization: (3,) [A/m], in any direction.
        position: centre (3,) [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: a value is not a finite float64 of shape (3,), or an edge is not above zero.

    The field is that of the charged faces in closed form (arcus tangent and logarithm of the eight
    corners); on edges it is not finite.

    >>> from fieldwright.sources import Cuboid
    >>> block = Cuboid(size=[0.01, 0.01, 0.01], magnetization=[0.0, 0.0, 1e6])
    >>> print(f"{block.B([0.0, 0.0, 0.0])[2]:.6f} T")  # two thirds of mu0 M in a cube
    0.837758 T
    """

    size: jax.Array = eqx.field(converter=vector("size"))
    magnetization: jax.Array = eqx.field(converter=vector("magnetization"))

    def __check_init__(self) -> None:
        for index in range(3):
            require_positive(size=self.size[index])

    @property
    def volume(self) -> jax.Array:
        """Volume of the material [m^3]."""
        return jnp.prod(self.size)

    @property
    def moment(self) -> jax.Array:
        """Magnetic moment (3,) [A m^2] in the magnet's own frame."""
        return self.magnetization * self.volume

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        half = self.size / 2
        # Distances (n, 3, 2) from the two faces across each axis; H = M . grad grad of the block's
        # Newtonian potential, a symmetric matrix of sums over corners, whose signs are those of
        # the faces.
        offsets = jnp.stack([points + half, points - half], axis=-1)
        signs = jnp.array([[1.0, -1.0], [-1.0, 1.0]])
        x, y, z = jnp.array([0, 1, 2]), jnp.array([1, 2, 0]), jnp.array([2, 0, 1])
        u, v, w = offsets[:, x, :, None], offsets[:, y, None, :], offsets[:, z]
        low, high = w[..., None, None, 0], w[..., None, None, 1]
        diagonal = jnp.sum(signs * _angle(u, v, low, high), axis=(-2, -1))
        mixed = jnp.sum(signs * _edge(u, v, low, high), axis=(-2, -1))  # xy, yz, zx
        m = self.magnetization
        H = jnp.stack(
            [
                diagonal[:, 0] * m[0] + mixed[:, 0] * m[1] + mixed[:, 2] * m[2],
                mixed[:, 0] * m[0] + diagonal[:, 1] * m[1] + mixed[:, 1] * m[2],
                mixed[:, 2] * m[0] + mixed[:, 1] * m[1] + diagonal[:, 2] * m[2],
            ],
            axis=-1,
        ) / (4 * jnp.pi)
        inside = jnp.all(jnp.abs(points) < half, axis=-1, keepdims=True)
        return MU_0 * (H + inside * m)


def _angle(u: jax.Array, v: jax.Array, w: jax.Array, w_far: jax.Array) -> jax.Array:
    """Solid angle of a quarter face at a distance u, between its corners at w and at w_far."""
    up = jnp.where(u < 0, -1.0, 1.0)

    def corner(w: jax.Array) -> jax.Array:
        distance = jnp.sqrt(u * u + v * v + w * w)
        # Beyond the end of an edge the angles cancel, but their slopes must not be 0/0.
        along = jnp.where((u == 0) & (v * w == 0), distance, up * u * distance)
        return jnp.arctan2(up * v * w, along)

    return corner(w_far) - corner(w)


def _edge(u: jax.Array, v: jax.Array, w: jax.Array, w_far: jax.Array) -> jax.Array:
    """Potential of an edge from w down to w_far, (u, v) aside: finite beyond its ends too."""
    beyond = w * w_far > 0
    # Between its ends w >= 0 >= w_far: no absolute value there, which has no slope at zero.
    above, below = jnp.where(beyond, jnp.abs(w), w), jnp.where(beyond, jnp.abs(w_far), -w_far)
    aside = u * u + v * v
    start, end = above + jnp.sqrt(aside + w * w), below + jnp.sqrt(aside + w_far * w_far)
    outside = jnp.sign(w) * jnp.log(start / end)
    return jnp.where(beyond, outside, jnp.log(start * end / jnp.where(beyond, 1.0, aside)))
