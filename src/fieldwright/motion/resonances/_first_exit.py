"""Whether ions that move by matrices ever get too far from the centre.

The matrices carry ions to phases of the drive's period, from which they take values and the first
two derivatives of r^2. Between phases r^2 is taken for the quintic that has them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from fieldwright._jax import compiled
from fieldwright.motion.integrators._flow import phase_matrices
from fieldwright.sources import LinearField

#: Phases that are looked at together.
BLOCK = 64


@partial(compiled, static=("room",), options={})
def never_beyond(
    room: int,
    field: LinearField,
    ratio: jax.Array,
    stretch: jax.Array,
    count: jax.Array,
    duration: jax.Array,
    state: jax.Array,
) -> jax.Array:
    """Which ions (points, n) never get to r = 1, from their `state` (7, n).

    The leaves of `field` have the trailing axis (points,), `stretch` is (points,) [s]. There are
    `count` phases, a whole number of blocks, in each; `room` bounds it.
    """
    step = stretch / count
    matrices = phase_matrices(field, ratio, step, count, room)
    rows = jnp.moveaxis(_with_acceleration(field, ratio, step, matrices), -1, 0)
    phases = jnp.arange(float(BLOCK))[:, None]

    def point(args: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
        rows, step, stretch = args

        def carry(carried: Any) -> Any:
            state, kept, turn = carried
            steps_left = (duration - turn * stretch) / step

            def look(block: jax.Array, farthest: jax.Array) -> jax.Array:
                part = jax.lax.dynamic_slice_in_dim(rows, block * BLOCK, BLOCK + 1)
                left = steps_left - block * BLOCK - phases
                return jnp.maximum(farthest, _farthest(part, state, step, left))

            farthest = jnp.sum(state[:3] ** 2, axis=0)
            farthest = jax.lax.fori_loop(0, count // BLOCK, look, farthest)
            kept = kept & (farthest < 1)  # false for NaN too, where a lost ion has gone too far
            state = jnp.concatenate([rows[count, :6] @ state, state[6:]])
            return jnp.where(kept, state, 0.0), kept, turn + 1

        def goes_on(carried: Any) -> jax.Array:
            return jnp.any(carried[1]) & (carried[2] * stretch < duration)

        start = (state, jnp.ones(state.shape[1], dtype=bool), 0)
        return jax.lax.while_loop(goes_on, carry, start)[1]

    return jax.lax.map(point, (rows, step, stretch))


def _with_acceleration(
    field: LinearField, ratio: jax.Array, step: jax.Array, matrices: jax.Array
) -> jax.Array:
    """Rows (k, 9, 7, p) that give r, v and the acceleration at the phases of `matrices`."""
    time = jnp.arange(float(len(matrices)))[:, None] * step
    at_points = jax.vmap(LinearField.at, in_axes=-1, out_axes=-1)
    E0, G = jax.vmap(at_points, in_axes=(None, 0))(field, time)
    field_rows = jnp.sum(G[:, :, :, None] * matrices[:, None, :3], axis=2).at[:, :, 6].add(E0)
    across = jnp.cross(matrices[:, 3:6], field.B[None, :, None], axis=1)
    return jnp.concatenate([matrices[:, :6], ratio * (field_rows + across)], axis=1)


def _farthest(rows: jax.Array, state: jax.Array, step: jax.Array, left: jax.Array) -> jax.Array:
    """The largest r^2 (n,) within the steps between the phases of `rows` (k + 1, 9, 7).

    There are `left` (k, 1) steps left from the beginning of each.
    """
    r, v, a = jnp.split((rows.reshape(-1, 7) @ state).reshape(len(rows), 9, -1), 3, axis=1)
    square = jnp.sum(r * r, axis=1)
    slope = 2 * step * jnp.sum(r * v, axis=1)
    bend = 2 * step**2 * jnp.sum(v * v + r * a, axis=1)
    ends = (square[:-1], square[1:], slope[:-1], slope[1:], bend[:-1], bend[1:])
    peaks = quintic_maximum(*ends, jnp.clip(left, 0.0, 1.0))
    return jnp.max(jnp.where(left > 0, peaks, 0.0), axis=0)


def quintic_maximum(
    p0: jax.Array,
    p1: jax.Array,
    d0: jax.Array,
    d1: jax.Array,
    c0: jax.Array,
    c1: jax.Array,
    last: jax.Array,
) -> jax.Array:
    """The largest value over 0 < s <= `last` <= 1 of a quintic known at 0 and 1.

    Known are its values p, first derivatives d and second derivatives c. It is taken to have one
    maximum at most, which Newton's method finds from where a straight line through d is zero.

    >>> import jax.numpy as jnp
    >>> s = (1.0, 0.75, 0.75, -1.25, -2.0, -2.0)  # 1 + 3/4 s - s^2
    >>> print(f"{quintic_maximum(*map(jnp.asarray, s), 1.0):.6f}")
    1.140625
    """
    rise = p1 - p0
    a2 = c0 / 2
    a3 = 10 * rise - 6 * d0 - 4 * d1 - (3 * c0 - c1) / 2
    a4 = -15 * rise + 8 * d0 + 7 * d1 + (3 * c0 - 2 * c1) / 2
    a5 = 6 * rise - 3 * d0 - 3 * d1 - (c0 - c1) / 2

    def value(s: jax.Array) -> jax.Array:
        return p0 + s * (d0 + s * (a2 + s * (a3 + s * (a4 + s * a5))))

    s = jnp.clip(d0 / jnp.where(d0 == d1, 1.0, d0 - d1), 0.0, 1.0)
    for _ in range(2):
        slope = d0 + s * (2 * a2 + s * (3 * a3 + s * (4 * a4 + s * 5 * a5)))
        bend = 2 * a2 + s * (6 * a3 + s * (12 * a4 + s * 20 * a5))
        s = jnp.clip(s - slope / jnp.where(bend < 0, bend, -jnp.inf), 0.0, 1.0)
    return jnp.maximum(value(jnp.minimum(s, last)), value(last))
