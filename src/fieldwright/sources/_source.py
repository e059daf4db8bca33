"""What all sources of a magnetic field share: a place, an orientation, and `B`."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import fieldwright._jax  # noqa: F401  (64-bit, before any array exists)
from fieldwright.sources._checks import require_points, vector


def rotation_matrix(rotation: jax.Array) -> jax.Array:
    """The matrix (3, 3) of a rotation vector (3,) [rad], by Rodrigues' formula.

    Written in the squared angle, so that it and its derivatives hold at zero too.

    >>> import jax.numpy as jnp
    >>> from fieldwright.sources import rotation_matrix
    >>> x, y, z = rotation_matrix(jnp.array([0.0, 0.0, jnp.pi / 2])) @ jnp.array([1.0, 0.0, 0.0])
    >>> print(f"{x:.3f} {y:.3f} {z:.3f}")
    0.000 1.000 0.000
    """
    x, y, z = rotation[0], rotation[1], rotation[2]
    square = x * x + y * y + z * z
    small = square < 1e-6
    safe = jnp.where(small, 1.0, square)
    angle = jnp.sqrt(safe)
    # The series' next terms are 2e-22 and 2e-23 at the switch, and their derivatives 6e-16.
    sine = jnp.where(small, 1 - square / 6 * (1 - square / 20), jnp.sin(angle) / angle)
    versine = jnp.where(
        small, 0.5 - square / 24 * (1 - square / 30), 2 * (jnp.sin(angle / 2) / angle) ** 2
    )
    zero = jnp.zeros_like(x)
    K = jnp.stack([jnp.stack([zero, -z, y]), jnp.stack([z, zero, -x]), jnp.stack([-y, x, zero])])
    return jnp.eye(3) + sine * K + versine * (K @ K)


class Source(eqx.Module):
    """Anything that makes a magnetic field; it sits at `position`, turned by `rotation`."""

    position: jax.Array = eqx.field(
        default=(0.0, 0.0, 0.0), converter=vector("position"), kw_only=True
    )
    rotation: jax.Array = eqx.field(
        default=(0.0, 0.0, 0.0), converter=vector("rotation"), kw_only=True
    )

    def B(self, points: Any) -> jax.Array:
        """The magnetic flux density [T] at points.

        Args:
            points: where, shape (..., 3) [m].

        Returns:
            B, shape (..., 3) [T].

        Raises:
            InputError: points are not float64 of shape (..., 3).
        """
        return _field(self, require_points(points))

    @abstractmethod
    def _local_B(self, points: jax.Array) -> jax.Array:
        """B (n, 3) [T] at points (n, 3) [m], both in the source's own frame."""


def to_local(source: Source, points: jax.Array) -> jax.Array:
    """Points (..., 3) [m] in the source's own frame."""
    return (points - source.position) @ rotation_matrix(source.rotation)


def to_global(source: Source, vectors: jax.Array) -> jax.Array:
    """Vectors (..., 3) of the source's own frame, in the outer frame."""
    return vectors @ rotation_matrix(source.rotation).T


def field_of(source: Source, points: jax.Array) -> jax.Array:
    """B (n, 3) [T] at points (n, 3) [m] in the frame that the source is placed in."""
    return to_global(source, source._local_B(to_local(source, points)))


@jax.jit
def _field(source: Source, points: jax.Array) -> jax.Array:
    return field_of(source, points.reshape(-1, 3)).reshape(points.shape)
