"""Few sizes for arrays of any length, as each size is compiled for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np


def padded_size(number: int) -> int:
    """The least of few sizes that holds `number`: 1, 2, 3, 4, 6, 8, ... and closer above 32.

    Up to there the work is not what takes the time; above, at most an eighth is added.

    >>> [padded_size(n) for n in (1, 5, 17, 100, 1000)]
    [1, 6, 24, 104, 1024]
    """
    octave = 1 << max(number - 1, 0).bit_length()
    step = max(octave // (4 if number <= 32 else 16), 1)
    return -(-number // step) * step


def filled_up(values: Any, number: int) -> Any:
    """Rows (n, ...) repeated from the last one to `number` of them, with NumPy."""
    values = np.asarray(values)
    return np.concatenate([values, np.repeat(values[-1:], number - len(values), axis=0)])


def in_few_sizes(function: Callable[[Any], Any], values: Any, inner: int = 0) -> Any:
    """`function(values)`, which acts on each element alone, compiled for few shapes.

    Args:
        function: takes an array (n, ...) and returns arrays, or nested ones, of leading axis n;
            or takes one element as it is.
        values: (..., ...) of any leading shape; inside `jit` it stays as it is.
        inner: the number of axes that belong to an element.

    >>> in_few_sizes(lambda x: 2 * x, np.arange(5.0).reshape(1, 5))
    Array([[0., 2., 4., 6., 8.]], dtype=float64)
    """
    shape = np.shape(values)[: np.ndim(values) - inner]
    if not shape or isinstance(values, jax.core.Tracer):
        return function(values)
    number = int(np.prod(shape))
    room = padded_size(number)
    if shape == (room,) or not number:
        return function(values)
    rows = np.reshape(values, (number, *np.shape(values)[len(shape) :]))
    found = function(filled_up(rows, room))
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(found)):
        return jax.tree.map(lambda leaf: leaf[:number].reshape(shape + leaf.shape[1:]), found)
    # Cut by NumPy: what is cut by JAX is compiled for each shape.
    cut = jax.tree.map(lambda a: np.asarray(a)[:number].reshape(shape + a.shape[1:]), found)
    return jax.device_put(cut)
