"""Raising the order of a quadrature until two orders agree."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import ConvergenceError
from fieldwright.sources import Source
from fieldwright.sources._checks import is_concrete

#: Orders tried in turn. Each is about 1.5 times the one before, so that an error which falls
#: geometrically with the order is the change to its power 1.5, far below it.
ORDERS = (6, 9, 13, 19, 28, 42, 63)
#: The order where the geometry is not known (inside `jit`, `grad`, `vmap`), and one to judge it by.
TRACED_ORDERS = (19, 28)
TOLERANCE = 1e-11

#: Computes arrays at an order, and for each the sum of its terms regardless of sign.
Compute = Callable[[int], tuple[tuple[jax.Array, ...], tuple[jax.Array, ...]]]


def converge(
    compute: Compute, *bodies: Source
) -> tuple[tuple[jax.Array, ...], tuple[jax.Array, ...]]:
    """The arrays of `compute` at the first order that changes none, and a bound on each error.

    Raises:
        ConvergenceError: even the highest orders differ by more than 1e-6.
    """
    if not is_concrete(bodies):
        coarse, _ = compute(TRACED_ORDERS[0])
        fine, scales = compute(TRACED_ORDERS[1])
        return fine, _errors(coarse, fine, scales)
    coarse, _ = compute(ORDERS[0])
    for order in ORDERS[1:]:
        fine, scales = compute(order)
        errors = _errors(coarse, fine, scales)
        # A sum that all but cancels cannot be asked for digits that its terms do not have.
        sizes = [
            max(float(jnp.max(jnp.abs(value))), 1e-3 * float(scale))
            for value, scale in zip(fine, scales, strict=True)
        ]
        worst = max(float(error) / size for error, size in zip(errors, sizes, strict=True) if size)
        if worst <= TOLERANCE:
            return fine, errors
        coarse = fine
    if worst <= 1e-6:
        return fine, errors
    raise ConvergenceError(
        f"no order of integration converges (relative change {worst:.1g} at order {order}): "
        f"the bodies overlap or touch"
    )


def _errors(
    coarse: tuple[jax.Array, ...], fine: tuple[jax.Array, ...], scales: tuple[jax.Array, ...]
) -> tuple[jax.Array, ...]:
    """The change between orders, and what rounding does to terms of these sizes."""
    return tuple(
        jnp.max(jnp.abs(after - before)) + 4 * np.finfo(float).eps * scale
        for before, after, scale in zip(coarse, fine, scales, strict=True)
    )
