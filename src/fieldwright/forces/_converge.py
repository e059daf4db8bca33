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


def converge(
    compute: Callable[[tuple[int, int]], tuple[Sums, Sums]], *bodies: Source
) -> tuple[tuple[jax.Array, ...], tuple[jax.Array, ...]]:
    """What `compute` finds at an order that is high enough, and a bound on the error of each array.

    Args:
        compute: sums at two orders; both at once, so that there is one program to compile.
        bodies: what the orders are chosen for.

    Raises:
        ConvergenceError: even the highest orders differ by more than 1e-3.
    """
    if not is_concrete(bodies):
        coarse, fine = compute(TRACED_ORDERS)
        return fine[0], _errors(coarse, fine)
    for orders in ORDERS:
        coarse, fine = compute(orders)
        errors = _errors(coarse, fine)
        # A sum that all but cancels cannot be asked for digits that its terms do not have.
        sizes = [
            max(float(np.max(np.abs(value))), 1e-3 * float(scale))
            for value, scale in zip(*fine, strict=True)
        ]
        ratios = [float(e) / size for e, size in zip(errors, sizes, strict=True) if size]
        worst = max(ratios, default=0.0)
        if worst <= TOLERANCE:
            return fine[0], errors
    if worst <= 1e-3:
        return fine[0], errors
    raise ConvergenceError(
        f"no order of integration converges (relative change {worst:.1g} at order {orders[1]}): do "
        f"the bodies overlap, or are they thousands of times their size apart?"
    )


def gather(parts: list[Elements]) -> tuple[Elements, list[slice]]:
    """Nodes of several orders as one set, and which of them belong to each."""
    ends = np.cumsum([0, *(part.points.shape[0] for part in parts)])
    nodes = Elements(*(jnp.concatenate(column) for column in zip(*parts, strict=True)))
    return nodes, [slice(*pair) for pair in pairwise(ends.tolist())]


def _errors(coarse: Sums, fine: Sums) -> tuple[jax.Array, ...]:
    """Twice the change between orders, and what rounding does to terms of these sizes."""
    return tuple(
        2 * jnp.max(jnp.abs(after - before)) + 4 * np.finfo(float).eps * scale
        for before, after, scale in zip(coarse[0], *fine, strict=True)
    )
