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

    def _local_B(self, points: jax.Array) -> jax.Array:
        half = self.size / 2
        # Offsets from the faces: [axis][0] from the one at -half, [axis][1] from that at +half.
        offsets = [(points[:, k] + half[k], points[:, k] - half[k]) for k in range(3)]
        # H = M . grad grad of the Newtonian potential: a symmetric matrix.
        rows = [[_element(offsets, i, j) for j in range(3)] for i in range(3)]
        matrix = jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)
        inside = jnp.all(jnp.abs(points) < half, axis=-1, keepdims=True)
        H = jnp.einsum("nij,j->ni", matrix, self.magnetization) / (4 * jnp.pi)
        return MU_0 * (H + inside * self.magnetization)


def _element(offsets: list[tuple[jax.Array, jax.Array]], i: int, j: int) -> jax.Array:
    """Second derivative of the block's Newtonian potential along axes i and j."""
    # The faces of axis i, or the edges along the third axis, whose two ends come last.
    k, m = ((i + 1) % 3, (i + 2) % 3) if i == j else (j, 3 - i - j)
    term = _angle if i == j else _edge
    total = jnp.zeros_like(offsets[0][0])
    for sign, u in zip((1.0, -1.0), offsets[i], strict=True):
        for other, v in zip((1.0, -1.0), offsets[k], strict=True):
            total += sign * other * term(u, v, *offsets[m])
    return total


def _angle(u: jax.Array, v: jax.Array, w: jax.Array, w_far: jax.Array) -> jax.Array:
    """Solid angle of a quarter face at a distance u, between its corners at w and at w_far."""
    up = jnp.where(u < 0, -1.0, 1.0)

    def corner(w: jax.Array) -> jax.Array:
        distance = jnp.sqrt(u * u + v * v + w * w)
        return jnp.arctan2(up * v * w, up * u * distance)

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
