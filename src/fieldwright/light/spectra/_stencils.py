"""Integrals and values between equally spaced points, and sums that end, to high order."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.sources._checks import numpy_for

#: Points of the polynomials that a path is interpolated and integrated by.
POINTS = 12
#: Steps at each end of a sum over which it fades, and Gauss's nodes there.
BLEND = 16
NODES = 64
#: The fewest points of a path.
FEWEST = 40

_BUMP = 30.0  # shape of the bump, whose waves are exp(-30) in size beyond


@lru_cache
def lagrange(points: int) -> np.ndarray:
    """Coefficients (points, points) of the polynomials that are 1 at one node, 0 at the others.

    The nodes are 0, 1, ..., and row k has the powers, lowest first, of the one that is 1 at k.
    """
    rows = []
    for k in range(points):
        row = [Fraction(1)]
        for node in range(points):
            if node != k:
                scale = Fraction(1, k - node)
                low, high = [-node * scale * a for a in row], [scale * a for a in row]
                row = [
                    a + b for a, b in zip([*low, Fraction(0)], [Fraction(0), *high], strict=True)
                ]
        rows.append(row)
    return np.array(rows, dtype=object)


@lru_cache
def interval_weights(points: int) -> np.ndarray:
    """Weights (points - 1, points): row j integrates over the interval from node j to j + 1."""
    powers = np.array(
        [
            [Fraction((j + 1) ** (m + 1) - j ** (m + 1), m + 1) for m in range(points)]
            for j in range(points - 1)
        ],
        dtype=object,
    )
    return (powers @ lagrange(points).T).astype(float)


def value_weights(at: np.ndarray) -> np.ndarray:
    """Weights (a, POINTS) of values at places (a,), of values at 0, 1, ..., POINTS - 1."""
    places = np.arange(POINTS)
    # products, since sums of powers would lose half the digits
    return np.stack(
        [np.prod([(at - m) / (k - m) for m in places if m != k], axis=0) for k in places], axis=-1
    )


def running_integral(values: jax.Array, number: Any = None, points: int = POINTS) -> jax.Array:
    """The integral (n,) from the first point to each, of values (n,) at steps of one.

    The first `number` of them count, all by default; the others only fill up the arrays.
    """
    weights = interval_weights(points)
    reach = points // 2 - 1  # intervals at either end that lie off the middle of their polynomial
    count = len(values) - points + 1
    middle = sum(weights[reach, k] * values[k : k + count] for k in range(points))
    number = len(values) if number is None else number
    final = jax.lax.dynamic_slice_in_dim(values, number - points, points)
    last = jnp.asarray(weights[reach + 1 :]) @ final
    parts: list[jax.Array] = [
        jnp.zeros(1),
        jnp.asarray(weights[:reach]) @ values[:points],
        jnp.asarray(middle),
        jnp.zeros_like(last),
    ]
    steps = jnp.concatenate(parts)
    return jnp.cumsum(jax.lax.dynamic_update_slice_in_dim(steps, last, number - len(last), 0))


def refine(columns: Any, factor: int) -> Any:
    """Values ((n - 1) factor + 1, c) at finer steps, of columns (n, c)."""
    reach = POINTS // 2 - 1  # intervals at either end that lie off the middle of their polynomial
    count = len(columns) - POINTS + 1
    weights = value_weights(np.arange((POINTS - 1) * factor) / factor)
    before, middle, after = np.split(weights, [reach * factor, (reach + 1) * factor])
    xp = numpy_for(columns)
    windows = xp.stack([columns[k : k + count] for k in range(POINTS)], axis=1)
    inside = xp.tensordot(windows, middle, axes=(1, 1)).swapaxes(1, 2)
    inside = inside.reshape(-1, columns.shape[1])
    first, last = before @ columns[:POINTS], after @ columns[-POINTS:]
    return xp.concatenate([first, inside, last, columns[-1:]])


def _rise(x: np.ndarray) -> np.ndarray:
    """A smooth step: 0 at 0, 1 at BLEND, the integral of a Kaiser-Bessel bump between.

    The bump has no waves, to 1e-13, shorter than those that turn by 4 rad from point to point.
    """
    nodes, weights = np.polynomial.legendre.leggauss(200)
    part = np.clip(x, 0, BLEND) / BLEND

    def bump(u: np.ndarray) -> np.ndarray:
        return np.i0(_BUMP * np.sqrt(np.clip(1 - u**2, 0, 1)))

    u = -1 + part[:, None] * (nodes + 1)
    return part * (bump(u) @ weights) / (bump(nodes) @ weights)


@lru_cache
def sum_weights(n: int) -> np.ndarray:
    """Weights of a sum for the integral over n points, with nodes near both ends after them.

    A plain sum is as good as the integral of what fades smoothly, so points near an end fade by a
    smooth step; what is left there is integrated by Gauss's rule at nodes of its own, whose values
    `with_ends` finds: (n + 2 NODES,).
    """
    nodes, gauss = np.polynomial.legendre.leggauss(NODES)
    at = BLEND * (nodes + 1) / 2
    ends = gauss * BLEND / 2 * (1 - _rise(at))
    weights = np.ones(n)
    fade = _rise(np.arange(BLEND + 1.0))
    weights[: BLEND + 1] *= fade
    weights[-BLEND - 1 :] *= fade[::-1]
    return np.concatenate([weights, ends, ends])


@lru_cache
def _end_values() -> np.ndarray:
    """Values (NODES, n) at the nodes near an end from the first n points there."""
    nodes, _ = np.polynomial.legendre.leggauss(NODES)
    at = BLEND * (nodes + 1) / 2
    count = BLEND + POINTS // 2
    rows = np.zeros((NODES, count))
    for row, x in zip(rows, at, strict=True):
        first = min(max(int(x) - POINTS // 2 + 1, 0), count - POINTS)
        row[first : first + POINTS] = value_weights(np.array([x - first]))[0]
    return rows


def padded_weights(n: int, room: int) -> np.ndarray:
    """`sum_weights` for arrays of `room` points of which n count, (room + 2 NODES,)."""
    return np.insert(sum_weights(n), n, np.zeros(room - n))


def with_ends(values: jax.Array, number: Any) -> jax.Array:
    """Values (..., n), and those at the nodes of `sum_weights` after them, (..., n + 2 NODES).

    The first `number` of the values count.
    """
    rows = _end_values()
    count = rows.shape[1]
    first = values[..., :count] @ rows.T
    final = jax.lax.dynamic_slice_in_dim(values, number - count, count, axis=-1)
    last = final[..., ::-1] @ rows.T
    return jnp.concatenate([values, first, last], axis=-1)
