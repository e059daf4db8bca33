"""Retarded time along a path, and the velocity across a direction, without loss of digits.

With n_z = 1 - d and v_z / c = 1 - s, 1 - n.v/c is ((n - v/c)^2 + 1 - v^2/c^2) / 2, whose z part is
(s - d)^2: squares of small differences, and nothing large is subtracted.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.light.spectra._directions import Directions, directions_of
from fieldwright.light.spectra._path import Path
from fieldwright.light.spectra._stencils import running_integral


def lag_rate(path: Path, direction: Directions) -> jax.Array:
    """1 - n.v/c (n,), for one direction or for one at each point."""
    gap = direction.across - path.velocity
    square = jnp.sum(gap**2, axis=-1) + (path.slip - direction.drop) ** 2
    return (square + path.below_light) / 2


def time_step(path: Path) -> jax.Array:
    """The step of time [s]."""
    return (path.time[-1] - path.time[0]) / (len(path.time) - 1)


def far_phase(path: Path, direction: Directions, number: Any) -> tuple[jax.Array, jax.Array]:
    """Retarded time (n,) [s] from the first point on, and minus the velocity across (2, n) [c].

    The two axes across are x and y turned with z into the direction, the shortest way. The first
    `number` of the points count.
    """
    lag = time_step(path) * running_integral(lag_rate(path, direction), number)
    # n x (n x v) is along these axes what v - n is
    gap = direction.across - path.velocity
    return lag, across(gap, path.slip - direction.drop, direction)


def far_reach(place: jax.Array, direction: Directions) -> jax.Array:
    """n.r/c [s] of a place (3,) [m]."""
    along = place[2] * (1 - direction.drop)
    return (along + direction.across @ place[:2]) / SPEED_OF_LIGHT


def near_phase(
    path: Path, point: jax.Array, reference: Directions, number: Any
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Retarded time t + R/c (n,) [s] from the first point on, and what is summed for a near point.

    The other two are, along the axes across `reference` (2, n): (n - v/c) / R [1/m], and
    n / R^2 [1/m^2], which counts with i c / omega. The first `number` of the path's points count.
    """
    gap = point - path.position
    distance = jnp.sqrt(jnp.sum(gap**2, axis=1))
    sight = directions_of(gap / distance[:, None])
    lag = time_step(path) * running_integral(lag_rate(path, sight), number)
    radiated = across(sight.across - path.velocity, path.slip - sight.drop, reference) / distance
    bound = across(sight.across - reference.across, reference.drop - sight.drop, reference) / (
        distance**2
    )
    return lag, radiated, bound


def across(transverse: jax.Array, along: jax.Array, reference: Directions) -> jax.Array:
    """Vectors (n, 2) and (n,) along the two axes across a direction (2, n).

    They are x' = x - n_x z - (n_x, n_y) n_x / (1 + n_z), and likewise y'.
    """
    flat = transverse - along[:, None] * reference.across
    return (flat - transverse @ reference.tilt()).T
