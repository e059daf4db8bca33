"""Rows one after another: what they do together, from the start of a ring to each row.

Rows are taken in blocks of the square root of their number: all blocks' products grow at once,
then the blocks are joined. So a scan is of tens of steps, not of hundreds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np


class Chain(eqx.Module):
    """The matrices of rows, and their products.

    Args:
        steps: (size, blocks, ..., 6, 6) each row's own matrix, row by row in each block.
        inner: of the same shape, from a block's start to the end of each row.
        outer: (blocks, ..., 6, 6) from the start of all to that of each block.
        count: number of rows; the rest of the last block are units.
    """

    steps: Any
    inner: Any
    outer: Any
    count: int = eqx.field(static=True)

    @classmethod
    def of(cls, matrices: Any) -> Chain:
        """The chain of matrices (..., rows, 6, 6)."""
        unit = jnp.eye(6)
        steps = _blocked(matrices, unit)
        first = jnp.broadcast_to(unit, steps.shape[1:])
        _, inner = jax.lax.scan(lambda m, step: (matmul(step, m),) * 2, first, steps)
        _, outer = jax.lax.scan(lambda m, block: (matmul(block, m), m), first[0], inner[-1])
        return cls(steps, inner, outer, matrices.shape[-3])

    @property
    def matrices(self) -> Any:
        """(..., rows + 1, 6, 6) from the start to each row, and to the end."""
        first = jnp.broadcast_to(jnp.eye(6), self.outer.shape[1:])
        return self._flat(matmul(self.inner, self.outer), first)

    @property
    def turn(self) -> Any:
        """(..., 6, 6) from the start to the end."""
        return matmul(self.inner[-1, -1], self.outer[-1])

    def moved(self, offsets: Any, first: Callable[[Any], Any]) -> Any:
        """(..., rows + 1, 6) the state at each row and the end, with offsets at the rows' ends.

        Args:
            offsets: (..., rows, 6).
            first: gives the state (..., 6) at the start, from what all offsets come to at the end.
        """
        start, outer, inner = self._carried(_blocked(offsets, jnp.zeros(6)), apply, first)
        return self._flat(apply(self.inner, outer) + inner, start)

    def gathered(self, noise: Any, first: Callable[[Any], Any], places: np.ndarray) -> Any:
        """(..., places, 6, 6) the covariance at places, which are numbers of rows.

        Args:
            noise: (..., rows, 6, 6) what each row adds.
            first: gives the covariance (..., 6, 6) at the start, from what has gathered at the end.
            places: 0 is the start, and the number of rows the end.
        """
        start, outer, inner = self._carried(_blocked(noise, jnp.zeros((6, 6))), congruent, first)
        block, row = np.divmod(np.maximum(places, 1) - 1, len(self.inner))
        after = congruent(self.inner[row, block], outer[block]) + inner[row, block]
        begins = (places == 0).reshape(-1, *[1] * start.ndim)
        return jnp.moveaxis(jnp.where(begins, start, after), 0, -3)

    def _carried(self, added: Any, act: Callable[[Any, Any], Any], first: Any) -> tuple[Any, ...]:
        """The start, what there is at the start of each block, and what each block adds."""

        def after(carry: Any, row: Any) -> Any:
            return act(row[0], carry) + row[1]

        none = jnp.zeros_like(added[0])
        _, inner = jax.lax.scan(lambda c, row: (after(c, row),) * 2, none, (self.steps, added))
        blocks = (self.inner[-1], inner[-1])
        whole, _ = jax.lax.scan(lambda c, block: (after(c, block), None), none[0], blocks)
        start = first(whole)
        _, outer = jax.lax.scan(lambda c, block: (after(c, block), c), start, blocks)
        return start, outer, inner

    def _flat(self, blocked: Any, first: Any) -> Any:
        """(..., rows + 1, ...) of (size, blocks, ..., ...), with `first` before all."""
        size, blocks, *batch = self.inner.shape[:-2]
        at = len(batch)
        rows = jnp.moveaxis(blocked, (0, 1), (at + 1, at))
        rows = rows.reshape(*batch, size * blocks, *first.shape[at:])
        rows = jax.lax.slice_in_dim(rows, 0, self.count, axis=at)
        return jnp.concatenate([jnp.expand_dims(first, at), rows], axis=at)


def matmul(a: Any, b: Any) -> Any:
    """Products of many small matrices, as sums that run over the batch."""
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2)


def apply(matrix: Any, vector: Any) -> Any:
    """Products of many small matrices with vectors."""
    return (matrix * vector[..., None, :]).sum(-1)


def congruent(matrix: Any, inner: Any) -> Any:
    """The covariance after a matrix: M C M^T."""
    return matmul(matmul(matrix, inner), jnp.swapaxes(matrix, -1, -2))


def _blocked(rows: Any, none: Any) -> Any:
    """(size, blocks, ..., of a row) of (..., rows, of a row), filled up with `none`."""
    axes = none.ndim
    batch, count = rows.shape[: rows.ndim - axes - 1], rows.shape[-axes - 1]
    size = max(1, math.isqrt(count))
    blocks = -(-count // size)
    fill = jnp.broadcast_to(none, (*batch, blocks * size - count, *none.shape))
    full = jnp.concatenate([rows, fill], axis=-1 - axes)
    full = full.reshape(*batch, blocks, size, *none.shape)
    return jnp.moveaxis(full, (len(batch) + 1, len(batch)), (0, 1))
