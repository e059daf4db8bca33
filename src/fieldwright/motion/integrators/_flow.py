"""Exact maps of position and velocity in fields that are linear in position, driven ones too.

In such a field the equation of motion r'' = (q/m) (E0(t) + G(t) r + r' x B) is linear, so that
(r, v, 1) at one time is a matrix times (r, v, 1) at another. Where the field stays as it is or is
driven by cosines, the matrix is an entire function of time: its Taylor series, here to the power
24, reaches rounding over steps of about a radian of the fastest motion. All coefficients follow by
recurrence, the drive's by the Cauchy product of the cosine's series and the position's.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401  (64-bit, before any array exists)
from fieldwright.sources import LinearField
from fieldwright.sources._checks import is_concrete

#: Degree of the series, and the steps' length times the field's rate for which that is enough.
_DEGREE = 24
_STEP = 1.5


def flow_matrices(
    field: LinearField, charge_to_mass: Any, starts: Any, stops: Any, substeps: Any
) -> jax.Array:
    """The matrices that carry (r, v, 1) from one time to another.

    Args:
        field: the field, linear in position.
        charge_to_mass: of each species (s,) [C/kg].
        starts: when each stretch begins (c,) [s].
        stops: when it ends (c,) [s]; before its start where time runs backwards.
        substeps: into how many equal steps each stretch is divided; see `substeps_for`.

    Returns:
        Matrices (c, s, 7, 7): (r, v, 1) at `stops` is the matrix times (r, v, 1) at `starts`.

    >>> import jax.numpy as jnp
    >>> from fieldwright.motion import flow_matrices
    >>> from fieldwright.sources import LinearField
    >>> field = LinearField.static(B=[0.0, 0.0, 1.0])  # half a turn, clockwise seen from above
    >>> half = flow_matrices(field, [1e6], [0.0], [jnp.pi * 1e-6], 4)[0, 0]
    >>> x, y = (half @ jnp.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]))[:2]  # v = (1, 0, 0) m/s
    >>> print(f"{abs(x) * 1e6:.3f} um, {y * 1e6:.3f} um")
    0.000 um, -2.000 um
    """
    starts, stops = jnp.asarray(starts, dtype=float), jnp.asarray(stops, dtype=float)
    start, span = starts[:, None], ((stops - starts) / substeps)[:, None]
    ratio = jnp.asarray(charge_to_mass, dtype=float)
    matrices = flow_batch(_widened(field, 2), ratio, start, span, substeps)
    return jnp.moveaxis(matrices, (0, 1), (2, 3))


def flow_batch(
    field: LinearField, charge_to_mass: jax.Array, start: jax.Array, span: jax.Array, substeps: Any
) -> jax.Array:
    """Matrices (7, 7, ...) over `substeps` steps of `span` [s] from `start` [s].

    Where `substeps` is not known, inside `jit`, one program serves any number, which derivatives in
    reverse mode do not go through.

    The leaves of `field` have the trailing axes `...` as well, or ones that broadcast against them:
    with the batch innermost, the arithmetic of small matrices is as fast as that of long vectors.
    """
    first = _step(field, charge_to_mass, start, span)
    if not is_concrete(substeps):
        return _any_number(field, charge_to_mass, start, span, substeps, first)
    if substeps == 1:
        return first
    if not len(field.drive_G):
        return _power(first, substeps)

    def advance(matrix: jax.Array, index: jax.Array) -> tuple[jax.Array, None]:
        return product(_step(field, charge_to_mass, start + index * span, span), matrix), None

    eye = jnp.eye(len(first)).reshape(first.shape[:2] + (1,) * (first.ndim - 2))
    eye = jnp.broadcast_to(eye, first.shape)
    return jax.lax.scan(advance, eye, jnp.arange(float(substeps)))[0]


def _any_number(
    field: LinearField,
    charge_to_mass: jax.Array,
    start: jax.Array,
    span: jax.Array,
    substeps: jax.Array,
    first: jax.Array,
) -> jax.Array:
    """As `flow_batch` for a number that is not known; `first` is the matrix of the first step."""
    if len(field.drive_G):

        def advance(index: jax.Array, matrix: jax.Array) -> jax.Array:
            return product(_step(field, charge_to_mass, start + index * span, span), matrix)

        return jax.lax.fori_loop(1, substeps, advance, first)

    def square(state: Any) -> Any:
        left, power, total = state
        total = jnp.where(left % 2 == 1, product(power, total), total)
        return left // 2, product(power, power), total

    state = (substeps - 1, first, first)
    return jax.lax.while_loop(lambda state: state[0] > 0, square, state)[2]


def phase_matrices(
    field: LinearField, charge_to_mass: jax.Array, step: jax.Array, count: jax.Array, room: int
) -> jax.Array:
    """Matrices (room + 1, 7, 7, p) from the time zero to 0, 1 ... `count` times `step` (p,) [s].

    The leaves of `field` have the trailing axis (p,). Beyond `count` the matrices are zero.
    """
    eye = jnp.broadcast_to(jnp.eye(7)[:, :, None], (7, 7, *step.shape))
    matrices = jnp.zeros((room + 1, *eye.shape)).at[0].set(eye)

    def advance(k: jax.Array, matrices: jax.Array) -> jax.Array:
        one = _step(field, charge_to_mass, k * step, step)
        return matrices.at[k + 1].set(product(one, matrices[k]))

    return jax.lax.fori_loop(0, count, advance, matrices)


def substeps_for(field: LinearField, charge_to_mass: Any, span: Any) -> int:
    """How many steps the flow over `span` needs for an error of rounding; outside `jit` only.

    Args:
        field: the field, linear in position.
        charge_to_mass: of each species (s,) [C/kg].
        span: the longest stretch of time [s], of either sign.

    Returns:
        The number for `flow_matrices`, one or more.

    >>> from fieldwright.motion import substeps_for
    >>> from fieldwright.sources import LinearField
    >>> substeps_for(LinearField.static(B=[0.0, 0.0, 1.0]), [1e6], 1e-6)
    1
    """
    ratio = float(np.max(np.abs(np.asarray(charge_to_mass))))
    return max(1, int(np.ceil(float(np.abs(span)) * float(rate(field, ratio)) / _STEP)))


def rate(field: LinearField, charge_to_mass: float) -> np.ndarray:
    """The fastest [1/s] that motion or drive in a field can change, from the sizes of its parts.

    The leaves of `field` may have trailing axes, which the result has too.
    """
    ratio = abs(charge_to_mass)
    half = ratio * np.linalg.norm(np.asarray(field.B), axis=0) / 2
    gradients = [np.asarray(field.G), *np.asarray(field.drive_G)]
    norms = sum(np.linalg.norm(G, 2, axis=(0, 1)) for G in gradients)
    driven = np.max(np.abs(np.asarray(field.angular_frequency)), axis=0, initial=0.0)
    return half + np.sqrt(half * half + ratio * norms) + driven


def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """The product of matrices (i, j, ...) and (j, k, ...) whose batch axes are the last ones."""
    return reduce(jnp.add, (a[:, j, None] * b[None, j] for j in range(len(b))))


def _power(matrix: jax.Array, exponent: int) -> jax.Array:
    """A matrix (7, 7, ...) to a power of one or more, by squaring."""
    if exponent == 1:
        return matrix
    half = _power(matrix, exponent // 2)
    square = product(half, half)
    return product(matrix, square) if exponent % 2 else square


def _widened(field: LinearField, axes: int) -> LinearField:
    """The same field, its leaves with `axes` trailing axes of one."""
    return jax.tree.map(lambda leaf: leaf.reshape(leaf.shape + (1,) * axes), field)


def _step(
    field: LinearField, charge_to_mass: jax.Array, start: jax.Array, span: jax.Array
) -> jax.Array:
    """The matrix (7, 7, ...) over one step, by the Taylor series in time over the step.

    Without B it serves any number n of dimensions: (2 n + 1, 2 n + 1, ...).
    """
    batch = jnp.broadcast_shapes(
        charge_to_mass.shape, start.shape, span.shape, field.G.shape[2:], field.phase.shape[1:]
    )
    n = len(field.G)
    eye = jnp.eye(2 * n + 1).reshape((2 * n + 1, 2 * n + 1) + (1,) * len(batch))
    eye = jnp.broadcast_to(eye, eye.shape[:2] + batch)
    cosines = _cosines(field, start, span)
    push = charge_to_mass * span

    def force(E0: jax.Array, G: jax.Array, r: jax.Array, one: jax.Array) -> jax.Array:
        return (product(G, r).at[:, 2 * n].add(E0 * one)) * push

    def add(k: jax.Array, state: Any) -> Any:
        r, v, history, total_r, total_v = state
        history = history.at[k].set(r)
        gain = force(field.E0, field.G, r, jnp.where(k == 0, 1.0, 0.0))
        if n == 3:
            gain = gain + jnp.cross(v, field.B[:, None], axis=0) * push
        for drive in range(len(field.phase)):
            series = jax.lax.dynamic_slice_in_dim(cosines[:, drive], _DEGREE - 1 - k, _DEGREE)
            both = jnp.sum(series[:, None, None] * history, axis=0)
            gain = gain + force(field.drive_E0[drive], field.drive_G[drive], both, series[0])
        r, v = v * span / (k + 1), gain / (k + 1)
        return r, v, history, total_r + r, total_v + v

    r, v = eye[:n], eye[n : 2 * n]
    state = (r, v, jnp.zeros((_DEGREE, *r.shape)), r, v)
    state = jax.lax.fori_loop(0, _DEGREE, add, state)
    return jnp.concatenate([state[3], state[4], eye[2 * n :]])


def _cosines(field: LinearField, start: jax.Array, span: jax.Array) -> jax.Array:
    """Taylor coefficients (2 degrees - 1, drives, ...) of the drives over a step, last one first.

    Zeros follow the first: so that a window of it is the series as the Cauchy product wants it.
    """
    angle = field.angular_frequency * start + field.phase
    turn = field.angular_frequency * span
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    slopes = jnp.stack([cosine, -sine, -cosine, sine])[jnp.arange(_DEGREE) % 4]
    over = jnp.arange(1.0, _DEGREE).reshape((-1,) + (1,) * turn.ndim)
    powers = jnp.concatenate([jnp.ones_like(turn)[None], jnp.cumprod(turn / over, axis=0)])
    series = (powers * slopes)[::-1]
    return jnp.concatenate([series, jnp.zeros_like(series[1:])])
