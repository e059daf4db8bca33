"""Cubic splines in three dimensions: smooth values between the nodes of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401  (64-bit, before any array exists)
from fieldwright.sources._checks import is_concrete

LEAST = 4  # nodes along an axis


def _basis(nodes: Any, x: Any, xp: ModuleType = jnp) -> tuple[Any, Any]:
    """The four B-splines that are not zero at x (n,): index of the first, values (n, 4).

    The knots are the nodes without the second and the last but one ("not a knot"). Piegl and
    Tiller, The NURBS Book (1997), algorithm A2.2, over all points at once.
    """
    knots = xp.concatenate([nodes[:1]] * 4 + [nodes[2:-2]] + [nodes[-1:]] * 4)
    span = xp.clip(xp.searchsorted(knots, x, side="right") - 1, 3, len(nodes) - 1)
    after = [knots[span + 1 + j] - x for j in range(3)]
    before = [x - knots[span - j] for j in range(3)]
    values = [xp.ones_like(x)]
    for degree in range(3):
        shares = [values[r] / (after[r] + before[degree - r]) for r in range(degree + 1)]
        kept = [after[r] * share for r, share in enumerate(shares)] + [xp.zeros_like(x)]
        passed = [xp.zeros_like(x)] + [before[degree - r] * s for r, s in enumerate(shares)]
        values = [a + b for a, b in zip(kept, passed, strict=True)]
    return span - 3, xp.stack(values, axis=-1)


def _collocation(nodes: np.ndarray) -> np.ndarray:
    """The matrix (n, n) that takes coefficients along an axis to values at its nodes."""
    first, weights = _basis(nodes, nodes, np)
    matrix = np.zeros((len(nodes), len(nodes)))
    np.put_along_axis(matrix, first[:, None] + np.arange(4), weights, axis=1)
    return matrix


def spline_coefficients(axes: Sequence[np.ndarray], values: Any) -> jax.Array:
    """Coefficients of the spline through values (nx, ny, nz, c) at known nodes, of that shape."""
    xp: Any = np if is_concrete(values) else jnp  # known values need no compiling
    for index, nodes in enumerate(axes):
        lines = xp.moveaxis(values, index, 0)
        solved = xp.linalg.solve(_collocation(nodes), lines.reshape(len(nodes), -1))
        values = xp.moveaxis(solved.reshape(lines.shape), 0, index)
    return jnp.asarray(values)


def spline_values(axes: Sequence[np.ndarray], coefficients: Any) -> np.ndarray:
    """Values at all nodes (nx, ny, nz, c) from coefficients of the same shape."""
    values = np.asarray(coefficients)
    for index, nodes in enumerate(axes):
        values = np.moveaxis(np.tensordot(_collocation(nodes), values, (1, index)), 0, index)
    return values


def spline_at(axes: Sequence[jax.Array], coefficients: jax.Array, points: jax.Array) -> jax.Array:
    """The spline (n, c) at points (n, 3) inside the grid."""
    (i, u), (j, v), (k, w) = (_basis(nodes, points[:, a]) for a, nodes in enumerate(axes))
    four = jnp.arange(4)
    rows, columns = (j[:, None] + four)[:, :, None], (k[:, None] + four)[:, None, :]

    def slab(index: int) -> jax.Array:
        near = coefficients[(i + index)[:, None, None], rows, columns]
        return u[:, index, None] * jnp.einsum("njkc,nj,nk->nc", near, v, w)

    # One slab of 4 x 4 nodes after the other: a quarter of the memory of all 64.
    return slab(0) + slab(1) + slab(2) + slab(3)
