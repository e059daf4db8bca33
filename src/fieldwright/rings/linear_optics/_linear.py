"""Linear equations of small matrices, many at once.

LAPACK's factorisations are not used for them: XLA shares out a batch of these among its threads,
and where two such calls meet in one program, on two cores, they wait for each other for ever
(jaxlib 0.10.1; three `jnp.linalg.solve` of 32 matrices of order 36 that do not depend on each other
show it).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def solve(matrix: Any, right: Any) -> Any:
    """The x of A x = b: matrices (..., n, n) and right sides (..., n, m), or (n,) of one matrix.

    By Gauss and Jordan with the largest pivot of each column; not finite where A is singular.
    """
    matrix, right = jnp.asarray(matrix), jnp.asarray(right)
    if right.ndim == 1:
        return solve(matrix, right[:, None])[:, 0]
    kind = jnp.result_type(matrix, right)
    batch = jnp.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
    matrix = jnp.broadcast_to(matrix, (*batch, *matrix.shape[-2:])).astype(kind)
    right = jnp.broadcast_to(right, (*batch, *right.shape[-2:])).astype(kind)
    return jax.lax.custom_linear_solve(
        lambda x: (matrix[..., :, :, None] * x[..., None, :, :]).sum(-2),
        right,
        lambda _, b: _eliminate(matrix, b),
        lambda _, b: _eliminate(jnp.swapaxes(matrix, -1, -2), b),
    )


def inverse(matrix: Any) -> Any:
    """The inverse of matrices (..., n, n)."""
    return solve(matrix, jnp.eye(matrix.shape[-1]))


def _eliminate(matrix: Any, right: Any) -> Any:
    size = matrix.shape[-1]
    numbers = jnp.arange(size)
    begin = jnp.moveaxis(jnp.concatenate([matrix, right], axis=-1), (-2, -1), (0, 1))

    def column(k: Any, work: Any) -> Any:
        """Work is (n, n + m, ...): after this the k-th column is that of a unit matrix."""
        sizes = jnp.where(_shaped(numbers, work[:, 0]) < k, -1.0, jnp.abs(work[:, k]))
        best = jnp.argmax(sizes, axis=0)
        chosen = _shaped(numbers, work[:, 0]) == best
        pivot = (work * chosen[:, None]).sum(0)
        # the row that stood at k goes where the pivot's came from
        work = jnp.where(chosen[:, None], work[k], work)
        pivot = pivot / pivot[k]
        factors = jnp.where(_shaped(numbers, work[:, 0]) == k, 0.0, work[:, k])
        return (work - factors[:, None] * pivot).at[k].set(pivot)

    work = jax.lax.fori_loop(0, size, column, begin)
    return jnp.moveaxis(work[:, size:], (0, 1), (-2, -1))


def _shaped(numbers: Any, like: Any) -> Any:
    """(n,) numbers that broadcast over the batch of (n, ...)."""
    return numbers.reshape(-1, *[1] * (like.ndim - 1))
