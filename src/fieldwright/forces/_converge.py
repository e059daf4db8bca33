"""Raising the order of a quadrature until two orders agree."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import ConvergenceError
from fieldwright.forces._elements import Elements
from fieldwright.sources import Source
from fieldwright.sources._checks import is_concrete

#: Orders tried in turn, by pairs. Each is about 1.5 times the one before, so that an error which
#: falls geometrically with the order is the change to its power 1.5, far below it.
ORDERS = ((6, 9), (13, 19), (28, 42), (42, 63))
#: The orders where the geometry is not known (inside `jit`, `grad`, `vmap`).
TRACED_ORDERS = (19, 28)
TOLERANCE = 1e-10

#: Arrays, and for each the sum of its terms regardless of sign.
Sums = tuple[tuple[jax.Array, ...], tuple[jax.Array, ...]]
#: Arrays, a bound on the error of each, and the largest of these over the size of its array.
Judged = tuple[tuple[jax.Array, ...], tuple[jax.Array, ...], jax.Array]


def converge(
    compute: Callable[[tuple[int, int]], Judged], *bodies: Source
) -> tuple[tuple[jax.Array, ...], tuple[jax.Array, ...]]:
    """What `compute` finds at an order that is high enough, and a bound on the error of each array.

    Args:
        compute: what `judged` makes of the sums at two orders, in one program to compile.
        bodies: what the orders are chosen for.

    Raises:
        ConvergenceError: even the highest orders differ by more than 1e-3.
    """
    if not is_concrete(bodies):
        return compute(TRACED_ORDERS)[:2]
    for orders in ORDERS:
        values, errors, worst = compute(orders)
        if float(worst) <= TOLERANCE:
            return values, errors
    if float(worst) <= 1e-3:
        return values, errors
    raise ConvergenceError(
        f"no order of integration converges (relative change {float(worst):.1g} at order "
        f"{orders[1]}): do the bodies overlap, or are they thousands of times their size apart?"
    )


def gather(parts: list[Elements]) -> tuple[Elements, list[slice]]:
    """Nodes of several orders as one set, and which of them belong to each."""
    ends = np.cumsum([0, *(part.points.shape[0] for part in parts)])
    nodes = Elements(*(jnp.concatenate(column) for column in zip(*parts, strict=True)))
    return nodes, [slice(*pair) for pair in pairwise(ends.tolist())]


def judged(coarse: Sums, fine: Sums) -> Judged:
    """The finer sums; twice the change between orders and what rounding does to terms of this size.

    A sum that all but cancels cannot be asked for digits that its terms do not have.
    """
    errors, worst = [], jnp.zeros(())
    for before, after, scale in zip(coarse[0], *fine, strict=True):
        error = 2 * jnp.max(jnp.abs(after - before)) + 4 * np.finfo(float).eps * scale
        size = jnp.maximum(jnp.max(jnp.abs(after)), 1e-3 * scale)
        worst = jnp.maximum(worst, jnp.where(size > 0, error / jnp.where(size > 0, size, 1.0), 0.0))
        errors.append(error)
    return fine[0], tuple(errors), worst
