"""Rows one after another: what they do together, from the start of a ring to each row.

Rows stand in blocks (see `Rows`): all blocks' products grow at once, then the blocks are joined. So
a loop is of tens of steps, not of hundreds, and each step's sums run along the blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Chain(NamedTuple):
    """The matrices of rows, and their products; L rows in each of B blocks, and machines behind.

    Args:
        steps: (L, 6, 6, B, ...) each row's own matrix.
        inner: of the same shape, from a block's start to the end of each row.
        blocks: (6, 6, B, ...) of whole blocks.
        outer: (6, 6, B, ...) from the start of all to that of each block.
        turn: (6, 6, ...) of all.
    """

    steps: Any
    inner: Any
    blocks: Any
    outer: Any
    turn: Any

    @classmethod
    def of(cls, own: Callable[[Any], Any], size: int, length: Any) -> Chain:
        """The chain of the matrices (6, 6, B, ...) that `own` gives of each of L rows.

        Args:
            own: of a row's number.
            size: L.
            length: how many of the L are there.
        """
        shape = jax.eval_shape(own, 0).shape
        one = _units(shape[2:])
        none = jnp.zeros((size, *shape))

        def row(number: Any, carry: Any) -> Any:
            product, steps, inner = carry
            here = own(number)
            product = matmul(here, product)
            put = jax.lax.dynamic_update_index_in_dim
            return product, put(steps, here, number, 0), put(inner, product, number, 0)

        blocks, steps, inner = jax.lax.fori_loop(0, length, row, (one, none, none))

        def block(product: Any, block: Any) -> Any:
            return matmul(block, product), product

        turn, outer = jax.lax.scan(block, one[:, :, 0], jnp.moveaxis(blocks, 2, 0))
        return cls(steps, inner, blocks, jnp.moveaxis(outer, 0, 2), turn)

    @property
    def matrices(self) -> Any:
        """(R + 1, 6, 6, ...) from the start to each row, by `flat`, and to the end."""
        after = matmul(self.inner, self.outer, axis=1)
        return self._starting(after, self.outer, self.turn)

    def moved(self, length: Any, offsets: Any, first: Callable[[Any], Any]) -> Any:
        """(R + 1, 6, ...) the state at each row and the end, with offsets at the rows' ends.

        Args:
            length: how many of the L are there.
            offsets: (L, 6, B, ...).
            first: gives the state (6, ...) at the start, from what all offsets come to at the end.
        """
        outer, inner, end = self._carried(length, offsets, apply, first)
        after = apply(self.inner, outer, axis=1) + inner
        return self._starting(after, outer, end)

    def gathered(self, length: Any, noise: Any, first: Callable[[Any], Any], places: Any) -> Any:
        """(P, 6, 6, ...) the covariance at places, by their `flat`.

        Args:
            length: how many of the L are there.
            noise: (L, 6, 6, B, ...) what each row adds.
            first: gives the covariance (6, 6, ...) at the start, from what has gathered at the end.
            places: (P,).
        """
        outer, inner, end = self._carried(length, noise, congruent, first)
        count = self.outer.shape[2]
        row, block = places // count, places % count
        before = jnp.maximum(row - 1, 0)

        def at(parts: Any) -> Any:
            """(6, 6, P, ...) of (L, 6, 6, B, ...)."""
            return jnp.moveaxis(parts[before, :, :, block], 0, 2)

        begins = outer[:, :, block]
        found = congruent(at(self.inner), begins) + at(inner)
        row = row.reshape(-1, *[1] * (found.ndim - 3))
        last = self.steps.shape[0]
        found = jnp.where(row == 0, begins, jnp.where(row == last, end[:, :, None], found))
        return jnp.moveaxis(found, 2, 0)

    def _carried(
        self, length: Any, added: Any, act: Callable[[Any, Any], Any], first: Any
    ) -> tuple[Any, ...]:
        """What there is at each block's start, what rows add in each, and what is at the end."""

        def row(number: Any, carry: Any) -> Any:
            here, kept = carry
            here = act(self.steps[number], here) + added[number]
            return here, jax.lax.dynamic_update_index_in_dim(kept, here, number, 0)

        none = jnp.zeros_like(added[0])
        block_adds, inner = jax.lax.fori_loop(0, length, row, (none, jnp.zeros_like(added)))
        at = none.ndim - (self.turn.ndim - 2) - 1  # the axis of blocks
        parts = jnp.moveaxis(self.blocks, 2, 0), jnp.moveaxis(block_adds, at, 0)

        def block(carry: Any, block: Any) -> Any:
            return act(block[0], carry) + block[1], carry

        whole, _ = jax.lax.scan(block, jnp.zeros_like(parts[1][0]), parts)
        end, outer = jax.lax.scan(block, first(whole), parts)
        return jnp.moveaxis(outer, 0, at), inner, end

    def _starting(self, after: Any, outer: Any, end: Any) -> Any:
        """(R + 1, ...) by `flat`, of what there is after each row (L, ..., B, ...)."""
        whole = jnp.concatenate([outer[None], after[:-1]])
        at = outer.ndim - (self.turn.ndim - 2) - 1
        whole = jnp.moveaxis(whole, at + 1, 1)
        return jnp.concatenate([whole.reshape(-1, *end.shape), end[None]])


def _units(batch: tuple[int, ...]) -> Any:
    one = jnp.eye(6).reshape(6, 6, *[1] * len(batch))
    return jnp.broadcast_to(one, (6, 6, *batch))


def matmul(a: Any, b: Any, axis: int = 0) -> Any:
    """Products of many small matrices, whose axes are `axis` and the next, with many behind.

    With `axis` 1, `a` has one more axis in front than `b`.
    """
    if axis:
        return (a[:, :, :, None] * b[None, None]).sum(2)
    return (a[:, :, None] * b[None]).sum(1)


def apply(matrix: Any, vector: Any, axis: int = 0) -> Any:
    """Products of many small matrices with vectors, laid out as in `matmul`."""
    if axis:
        return (matrix * vector[None, None]).sum(2)
    return (matrix * vector[None]).sum(1)


def congruent(matrix: Any, inner: Any) -> Any:
    """The covariance after a matrix: M C M^T."""
    return matmul(matmul(matrix, inner), jnp.swapaxes(matrix, 0, 1))
