"""What all sources share: a place, an orientation, `E` and `B`."""

from __future__ import annotations

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._sizes import in_few_sizes
from fieldwright.sources._checks import as_float, is_concrete, require_points, vector
from fieldwright.sources._linear import LinearField


def rotation_matrix(rotation: jax.Array) -> jax.Array:
    """The matrix (3, 3) of a rotation vector (3,) [rad], by Rodrigues' formula.

    Written in the squared angle, so that it and its derivatives hold at zero too.

    >>> import jax.numpy as jnp
    >>> from fieldwright.sources import rotation_matrix
    >>> x, y, z = rotation_matrix(jnp.array([0.0, 0.0, jnp.pi / 2])) @ jnp.array([1.0, 0.0, 0.0])
    >>> print(f"{x:.3f} {y:.3f} {z:.3f}")
    0.000 1.000 0.000
    """
    return rotation_by(jnp, rotation)


def rotation_by(xp: Any, rotation: Any) -> Any:
    """As `rotation_matrix`, by NumPy or by JAX's."""
    x, y, z = rotation[0], rotation[1], rotation[2]
    square = x * x + y * y + z * z
    small = square < 1e-6
    safe = xp.where(small, 1.0, square)
    angle = xp.sqrt(safe)
    # The series' next terms are 2e-22 and 2e-23 at the switch, and their derivatives 6e-16.
    sine = xp.where(small, 1 - square / 6 * (1 - square / 20), xp.sin(angle) / angle)
    versine = xp.where(
        small, 0.5 - square / 24 * (1 - square / 30), 2 * (xp.sin(angle / 2) / angle) ** 2
    )
    zero = xp.zeros_like(x)
    K = xp.stack([xp.stack([zero, -z, y]), xp.stack([z, zero, -x]), xp.stack([-y, x, zero])])
    return xp.eye(3) + sine * K + versine * (K @ K)


class Source(eqx.Module):
    """Anything that makes a field; it sits at `position`, turned by `rotation`.

    A kind of source gives `_local_E`, `_local_B` or both, in its own frame; what it does not give
    is zero. Where its fields, or a part of them, are linear in position it says so in `_linear`,
    and gives what is left over in `_rest`: the motion in linear fields is solved exactly.

    >>> import jax.numpy as jnp
    >>> from fieldwright.sources import Source
    >>> class Undulator(Source):
    ...     def _local_B(self, points, time):
    ...         y, z = 200.0 * points[:, 1], 200.0 * points[:, 2]
    ...         B = [0.0 * z, jnp.cosh(y) * jnp.cos(z), -jnp.sinh(y) * jnp.sin(z)]
    ...         return jnp.stack(B, axis=-1)
    >>> print(f"{Undulator(position=[0.0, 0.0, 5e-3]).B([0.0, 0.0, 0.0])[1]:.4f} T")
    0.5403 T
    """

    position: jax.Array = eqx.field(
        default=(0.0, 0.0, 0.0), converter=vector("position"), kw_only=True
    )
    rotation: jax.Array = eqx.field(
        default=(0.0, 0.0, 0.0), converter=vector("rotation"), kw_only=True
    )

    def B(self, points: Any, time: Any = 0.0) -> jax.Array:
        """The magnetic flux density [T] at points.

        Args:
            points: where, shape (..., 3) [m].
            time: when [s]; only driven sources change.

        Returns:
            B, shape (..., 3) [T].

        Raises:
            InputError: points are not float64 of shape (..., 3), or outside a `FieldMap`.
        """
        return self._known_fields(points, time)[1]

    def E(self, points: Any, time: Any = 0.0) -> jax.Array:
        """The electric field [V/m] at points.

        Args:
            points: where, shape (..., 3) [m].
            time: when [s]; only driven sources change.

        Returns:
            E, shape (..., 3) [V/m].

        Raises:
            InputError: points are not float64 of shape (..., 3), or outside a `FieldMap`.
        """
        return self._known_fields(points, time)[0]

    def _known_fields(self, points: Any, time: Any) -> tuple[jax.Array, jax.Array]:
        points = require_points(points)
        if self._limited and is_concrete(self, points):
            self._require_inside(to_local(self, jnp.reshape(points, (-1, 3))))
        time = as_float(time, "time")
        return in_few_sizes(lambda rows: _fields(self, rows, time), points, inner=1)

    @property
    def _limited(self) -> bool:
        """Whether there are points where no field is known."""
        return False

    def _require_inside(self, points: jax.Array) -> None:
        """Raise `InputError` where no field is known at points (n, 3), in the source's frame."""

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        """E (n, 3) [V/m] at points (n, 3) [m], both in the source's own frame."""
        return jnp.zeros_like(points)

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        """B (n, 3) [T] at points (n, 3) [m], both in the source's own frame."""
        return jnp.zeros_like(points)

    def _linear(self) -> LinearField | None:
        """The part linear in position, in the source's own frame; None where there is none."""
        return None

    def _rest(self) -> Source | None:
        """A source of what `_linear` leaves out, in the outer frame; None where nothing is left."""
        return self


def to_local(source: Source, points: jax.Array) -> jax.Array:
    """Points (..., 3) [m] in the source's own frame."""
    return (points - source.position) @ rotation_matrix(source.rotation)


def to_global(source: Source, vectors: jax.Array) -> jax.Array:
    """Vectors (..., 3) of the source's own frame, in the outer frame."""
    return vectors @ rotation_matrix(source.rotation).T


def fields_of(source: Source, points: jax.Array, time: Any) -> tuple[jax.Array, jax.Array]:
    """E (n, 3) [V/m] and B (n, 3) [T] at points (n, 3) [m], in the frame the source is placed in.

    >>> import jax.numpy as jnp
    >>> from fieldwright.sources import Loop, fields_of
    >>> E, B = fields_of(Loop(6e-3), jnp.zeros((1, 3)), 0.0)
    >>> print(f"{B[0, 2] * 1e6:.4f} uT")
    104.7198 uT
    """
    local = to_local(source, points)
    return (
        to_global(source, source._local_E(local, time)),
        to_global(source, source._local_B(local, time)),
    )


def linear_of(source: Source) -> LinearField | None:
    """The part of a source's field that is linear in position, in the outer frame; or None.

    >>> from fieldwright.sources import Loop, Uniform, linear_of
    >>> print(linear_of(Uniform(magnetic=[0.0, 0.0, 2.0])).B, linear_of(Loop(6e-3)))
    [0. 0. 2.] None
    """
    part = source._linear()
    if part is None:
        return None
    if not is_concrete(part, source.position, source.rotation):
        return part.placed(source.position, rotation_matrix(source.rotation))
    # Known numbers stay with NumPy: so little work is not worth a compiler's.
    part = jax.tree.map(np.asarray, part)
    if not (np.any(source.position) or np.any(source.rotation)):
        return part
    R = rotation_by(np, np.asarray(source.rotation))
    return part.placed(np.asarray(source.position), R)


def split_linear(source: Source) -> tuple[LinearField, Source | None]:
    """A source as a field linear in position and a source of the rest.

    Returns:
        The `LinearField`, zero where there is none, and what is left, or None where nothing is.

    >>> from fieldwright.sources import Loop, split_linear
    >>> field, rest = split_linear(Loop(6e-3))
    >>> float(abs(field.G).max()), type(rest).__name__
    (0.0, 'Loop')
    """
    return linear_of(source) or LinearField.static(), source._rest()


def field_of(source: Source, points: jax.Array) -> jax.Array:
    """B (n, 3) [T] at points (n, 3) [m] in the frame that the source is placed in, at rest."""
    return fields_of(source, points, jnp.zeros(()))[1]


@partial(compiled, options={})
def _fields(source: Source, points: jax.Array, time: Any) -> tuple[jax.Array, jax.Array]:
    E, B = fields_of(source, points.reshape(-1, 3), time)
    return E.reshape(points.shape), B.reshape(points.shape)
