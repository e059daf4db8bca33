"""A current along straight segments."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import MU_0
from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float, is_concrete, scalar
from fieldwright.sources._source import Source


class Polyline(Source):
    """A thin wire along straight segments from vertex to vertex.

    Args:
        vertices: (n, 3) [m], n >= 2; repeat the first as the last to close the circuit.
        current: [A], from the first vertex to the last.
        position: origin (3,) of the vertices' frame [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: fewer than two vertices, two equal ones in a row, or values that are not finite
            float64.

    Biot and Savart's law in closed form for each segment. An open wire's field alone has a curl
    outside the wire. On the wire the field is not finite.

    >>> import numpy as np
    >>> from fieldwright.sources import Polyline
    >>> square = np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0], [1, 1, 0]]) * 0.05
    >>> print(f"{Polyline(square).B([0.0, 0.0, 0.0])[2] * 1e6:.6f} uT")
    11.313708 uT
    """

    vertices: jax.Array = eqx.field(converter=lambda v: as_float(v, "vertices", (None, 3)))
    current: jax.Array = eqx.field(default=1.0, converter=scalar("current"))

    def __check_init__(self) -> None:
        if self.vertices.shape[0] < 2:
            raise InputError("a Polyline needs two vertices or more", parameter="vertices")
        if is_concrete(self.vertices):
            steps = np.linalg.norm(np.diff(self.vertices, axis=0), axis=1)
            if not np.all(steps > 0):
                where = int(np.argmin(steps))
                raise InputError(
                    f"vertices {where} and {where + 1} are the same point", parameter="vertices"
                )

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        def add(total: jax.Array, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
            start, end = points - ends[0], points - ends[1]
            near, far = jnp.linalg.norm(start, axis=-1), jnp.linalg.norm(end, axis=-1)
            # (a x b) (|a| + |b|) / (|a| |b| (|a| |b| + a.b)): no cancellation beside the wire.
            dot = jnp.sum(start * end, axis=-1)
            scale = (near + far) / (near * far * (near * far + dot))
            return total + jnp.cross(start, end) * scale[:, None], None

        segments = (self.vertices[:-1], self.vertices[1:])
        total = jax.lax.scan(add, jnp.zeros_like(points), segments)[0]
        return MU_0 / (4 * jnp.pi) * self.current * total
