"""The distance at which a coil pushes a magnet hardest, and how flat the force is there."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import ConvergenceError, InputError
from fieldwright.forces._coaxial import (
    Walls,
    force_and_errors,
    force_derivatives,
    require_coaxial,
    walls_of,
)
from fieldwright.forces._result import Result, quantity
from fieldwright.sources import Coil, Source
from fieldwright.sources._checks import is_concrete
from fieldwright.sources._winding import Rule

#: Distances at which the first look at the force is taken.
_LOOKS = 64
_NEWTON_STEPS = 40


class SweetSpot(Result):
    """Where the force of a coil on a magnet is largest; what `sweet_spot` returns.

    Attributes:
        position: distance of the magnet's centre from the coil's [m].
        force_per_current: the largest force, its magnitude [N/A].
        curvature: second derivative of the magnitude there [N/A/m^2], negative at a maximum.
        direction: sign of the force on the magnet: -1 towards the coil for a positive current.
        error_estimate: bound on the error of `force_per_current` [N/A].
        position_error_estimate: bound on the error of `position` [m].
        curvature_error_estimate: bound on the error of `curvature` [N/A/m^2].
    """

    _coil: Coil
    _magnet: Source
    position: jax.Array = quantity("m", "distance between centres at the sweet spot")
    force_per_current: jax.Array = quantity("N/A", "largest force per ampere")
    curvature: jax.Array = quantity("N/A/m^2", "second derivative of the force per ampere")
    direction: jax.Array = quantity("1", "sign of the force on the magnet")
    error_estimate: jax.Array = quantity("N/A", "bound on the error of the force")
    position_error_estimate: jax.Array = quantity("m", "bound on the error of the position")
    curvature_error_estimate: jax.Array = quantity("N/A/m^2", "bound on the error of the curvature")

    def range(self, level: float = 0.95) -> tuple[jax.Array, jax.Array]:
        """Distances between which the force is at least `level` of the largest.

        Args:
            level: between 0 and 1.

        Returns:
            (low, high), the nearest such distances on either side of `position` [m].

        Raises:
            InputError: `level` is not between 0 and 1.
            ConvergenceError: the force does not fall to `level` on one side.
        """
        if not 0 < level < 1:
            raise InputError(
                f"level is a part of the largest force, between 0 and 1, got {level:g}",
                parameter="level",
            )
        found, ends = _range(
            self._coil,
            self._magnet,
            self.position,
            self.direction * self.force_per_current * level,
            require_coaxial(self._coil, self._magnet),
        )
        if is_concrete(found) and not np.all(found):
            raise ConvergenceError(
                f"the force does not fall to {level:g} of its maximum on both sides of "
                f"{float(self.position) * 1e3:.4g} mm"
            )
        return ends[0], ends[1]


def sweet_spot(coil: Coil, magnet: Source) -> SweetSpot:
    """The distance at which the force on a magnet is largest, and a small shift changes nothing.

    Args:
        coil: at the origin.
        magnet: a `CylinderMagnet`, a `Coil`, or an `Assembly` of them along the axis (such as an
            opposed pair); distances are those of its centre, an assembly's origin.

    Returns:
        A `SweetSpot`. Of several maxima, the highest at a distance of zero or more. Differentiable
        with respect to every dimension.

    Raises:
        InputError: the magnet is not on the axis, or of a kind that has no axial force.
        ConvergenceError: there is no force, or it has no maximum.

    Source: M. Barton, JGW-T1503239 (2016), section 2, where `deriv2` is minus our `curvature`.

    >>> from fieldwright.forces import sweet_spot
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> spot = sweet_spot(coil, CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5))
    >>> print(f"{spot.force_per_current:.6f} N/A at {spot.position * 1e3:.6f} mm")
    0.128798 N/A at 6.718813 mm
    >>> print("95 % from {:.4f} mm to {:.4f} mm".format(*(1e3 * z for z in spot.range(0.95))))
    95 % from 5.1688 mm to 8.5299 mm
    """
    found, reach, values, errors = _sweet_spot(coil, magnet, require_coaxial(coil, magnet))
    position, force, curvature = values
    if is_concrete(found, values):
        if not abs(force) > errors[0]:
            raise ConvergenceError("the coil does not push this magnet: the force is zero")
        if not found or not curvature * np.sign(force) < 0:
            raise ConvergenceError(
                f"the force has no maximum between 0 and {float(reach) * 1e3:.4g} mm"
            )
    direction = jnp.sign(force)
    return SweetSpot(
        coil, magnet, position, direction * force, direction * curvature, direction, *errors
    )


def _reach(coil: Coil, walls: Walls) -> jax.Array:
    """A distance beyond any maximum: the ends meet, and two coil radii more."""
    return coil.length / 2 + jnp.max(walls.length / 2 + jnp.abs(walls.z)) + 2 * coil.outer_radius


def _looks(coil: Coil, walls: Walls) -> jax.Array:
    """Distances from 0 outwards, closest where the coil is near."""
    near = (coil.inner_radius + coil.length) / 2
    reach = _reach(coil, walls)
    return near * jnp.expm1(jnp.linspace(0.0, 1.0, _LOOKS) * jnp.log1p(reach / near))


@partial(jax.jit, static_argnums=2)
def _sweet_spot(coil: Coil, magnet: Source, rule: Rule) -> tuple[Any, ...]:
    """Whether a maximum is inside the search, how far that went, the maximum, and its errors.

    The maximum as (position, force, curvature), bounds as for (force, position, curvature).
    """
    walls = walls_of(magnet)
    start, found = _search(*jax.lax.stop_gradient((coil, walls)), rule)
    # One more step of Newton's settles the last digits, and carries the derivatives with respect to
    # the dimensions.
    (force, slope, curvature, third), errors = force_and_errors(coil, walls, start, 3, rule)
    step = -slope / jax.lax.stop_gradient(curvature)
    force = force + step * (slope + step * curvature / 2)
    values = start + step, force, curvature + step * third
    bounds = errors[0], errors[1] / jnp.abs(jax.lax.stop_gradient(curvature)), errors[2]
    return found, _reach(coil, walls), values, bounds


def _search(coil: Coil, walls: Walls, rule: Rule) -> tuple[jax.Array, jax.Array]:
    """The largest force by a look at many distances, then Newton's method on the slope."""
    looks = _looks(coil, walls)
    (forces,) = force_derivatives(coil, walls, looks, 1, rule)
    best = jnp.argmax(jnp.abs(forces))
    sign = jnp.sign(forces[best])
    # The maximum may lie at the centre itself, by symmetry: look a little to its other side.
    low = jnp.where(best == 0, -looks[1], looks[jnp.maximum(best - 1, 0)])
    high = looks[jnp.minimum(best + 1, _LOOKS - 1)]

    def slope(z: jax.Array) -> tuple[jax.Array, jax.Array]:
        _, first, second = force_derivatives(coil, walls, z, 3, rule)
        return sign * first, sign * second

    return _root(slope, low, high, looks[best]), best < _LOOKS - 1


def _root(function: Any, low: jax.Array, high: jax.Array, start: jax.Array) -> jax.Array:
    """Root of a function that falls through zero in (low, high), by Newton kept in the bracket.

    Settled when a step is below 1e-6: the step after it, which is the caller's, is the last needed.
    """

    def unsettled(state: tuple[jax.Array, ...]) -> jax.Array:
        count, _, _, z, step = state
        return (count < _NEWTON_STEPS) & jnp.any(jnp.abs(step) > 1e-6 * jnp.abs(z))

    def improve(state: Any) -> Any:
        count, low, high, z, _ = state
        value, slope = function(z)
        low, high = jnp.where(value > 0, z, low), jnp.where(value > 0, high, z)
        newton = z - value / slope
        fits = (slope < 0) & (newton >= low) & (newton <= high)
        new = jnp.where(value == 0, z, jnp.where(fits, newton, (low + high) / 2))
        return count + 1, low, high, new, new - z

    state = (jnp.asarray(0), low, high, start, jnp.full_like(start, jnp.inf))
    return jax.lax.while_loop(unsettled, improve, state)[3]


@partial(jax.jit, static_argnums=4)
def _range(
    coil: Coil, magnet: Source, position: jax.Array, force: jax.Array, rule: Rule
) -> tuple[jax.Array, jax.Array]:
    """Distances (low, high) around `position` at which the force falls to `force`."""
    walls = walls_of(magnet)
    start, found = _range_search(*jax.lax.stop_gradient((coil, walls, position, force)), rule)
    value, slope = force_derivatives(coil, walls, start, 2, rule)
    return found, start - (value - force) / jax.lax.stop_gradient(slope)


def _range_search(
    coil: Coil, walls: Walls, position: jax.Array, force: jax.Array, rule: Rule
) -> tuple[jax.Array, jax.Array]:
    sides = jnp.array([-1.0, 1.0])
    away = _looks(coil, walls)
    looks = position + sides[:, None] * away
    (values,) = force_derivatives(coil, walls, looks, 1, rule)
    below = values / force < 1
    first = jnp.maximum(jnp.argmax(below, axis=1), 1)
    low, high = away[first - 1], away[first]

    def excess(step: jax.Array) -> tuple[jax.Array, jax.Array]:
        value, slope = force_derivatives(coil, walls, position + sides * step, 2, rule)
        return value / force - 1, sides * slope / force

    step = _root(excess, low, high, (low + high) / 2)
    return position + sides * step, jnp.any(below, axis=1)
