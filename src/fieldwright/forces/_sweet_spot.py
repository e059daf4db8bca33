"""The distance at which a coil pushes a magnet hardest, and how flat the force is there."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._result import Result, quantity
from fieldwright._sizes import filled_up, padded_size
from fieldwright.errors import ConvergenceError, InputError
from fieldwright.forces._coaxial import (
    Walls,
    coaxial_pair,
    first_sheets,
    force_derivatives,
    rounding_errors,
    sheet_count,
)
from fieldwright.sources import Coil, Source
from fieldwright.sources._checks import as_float, is_concrete
from fieldwright.sources._winding import Rule

#: Distances to look at, before Newton's method, in each of the three stretches that a body has.
_LOOKS = 14
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
        level = as_float(level, "level")
        if is_concrete(level) and not 0 < level < 1:
            raise InputError(
                f"level is a part of the largest force, between 0 and 1, got {level:g}",
                parameter="level",
            )
        walls, rule = coaxial_pair(self._coil, self._magnet)
        spot = self.position, self.direction, self.force_per_current
        found, low, high = _range(self._coil, walls, spot, self.curvature, level, rule=rule)
        if is_concrete(found) and not np.asarray(found).all():
            raise ConvergenceError(
                f"the force does not fall to {level:g} of its maximum on both sides of "
                f"{float(self.position) * 1e3:.4g} mm"
            )
        return low, high


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
        ConvergenceError: there is no force, or it has no maximum but where coil and magnet would
            overlap.

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
    walls, rule = coaxial_pair(coil, magnet)
    firsts = first_sheets(magnet)
    looked = filled_up(firsts, padded_size(len(firsts)))
    found, reach, values = _sweet_spot(coil, walls, looked, rule=rule)
    spot = SweetSpot(coil, magnet, *values)
    if is_concrete(found, values):
        if not float(spot.force_per_current) > float(spot.error_estimate):
            raise ConvergenceError("the coil does not push this magnet: the force is zero")
        if not found or not float(spot.curvature) < 0:
            raise ConvergenceError(
                f"the force has no maximum between 0 and {float(reach) * 1e3:.4g} mm"
            )
        _require_apart(coil, magnet, walls, firsts, float(spot.position))
    return spot


def _require_apart(
    coil: Coil, magnet: Source, walls: Walls, firsts: tuple[int, ...], position: float
) -> None:
    """Raise `ConvergenceError` if a part of the magnet would be inside the winding."""
    if not is_concrete(coil, magnet):
        return
    for first, last in pairwise((*firsts, sheet_count(magnet))):
        radii = walls.radius[first:last]
        # One sheet is a solid magnet, several are a hollow one or a winding.
        inside = 0.0 if last - first == 1 else np.min(radii)
        # A design that ends at the wall may be through it by what a constraint tolerates.
        wide, narrow = coil.outer_radius * (1 - 1e-6), coil.inner_radius * (1 + 1e-6)
        beside = inside >= wide or np.max(radii) <= narrow
        nearest = float(coil.length + walls.length[first]) / 2
        if not beside and abs(position + walls.z[first]) < nearest * (1 - 1e-12):
            raise ConvergenceError(
                f"the force is largest at {position * 1e3:.4g} mm, where the magnet would be in "
                f"the winding: it grows until they touch, {nearest * 1e3:.4g} mm from centre to "
                f"centre"
            )


def _looks(coil: Coil, walls: Walls, firsts: jax.Array) -> jax.Array:
    """Distances of zero or more to look at, as many for each of the magnet's bodies.

    Closest around those where an end of the body meets one of the coil's: there the force turns, on
    the scale of the gap between the two or, further out, of their radii.
    """
    radius, length, _, z = (jnp.asarray(column)[firsts, None] for column in walls)
    meet = (coil.length + length) / 2
    part = jnp.abs(coil.length - length) / 2
    gap = jnp.maximum(jnp.abs(coil.inner_radius - radius), 1e-3 * coil.outer_radius)
    grades = jnp.linspace(0.0, 1.0, _LOOKS + 1)[1:]
    away = gap / 4 * jnp.expm1(grades * jnp.log1p(12 * (coil.outer_radius + radius) / gap))
    between = jnp.linspace(0.0, 1.0, _LOOKS) * meet
    half = jnp.concatenate([between, meet + away, jnp.maximum(part - away, 0.0)], axis=1)
    # The force of a body alone is odd about its centre: one side of it will do.
    sides = half - z if len(firsts) == 1 else jnp.concatenate([half - z, -half - z], axis=1)
    return jnp.sort(jnp.maximum(sides, 0.0).ravel())


@partial(compiled, static=("rule",))
def _sweet_spot(
    coil: Coil, walls: Walls, firsts: jax.Array, rule: Rule
) -> tuple[jax.Array, jax.Array, tuple[jax.Array, ...]]:
    """Whether a maximum is inside the search, how far that went, and the numbers of a SweetSpot."""
    looks = _looks(*jax.lax.stop_gradient((coil, walls)), firsts)
    found, near, coarse = _search(*jax.lax.stop_gradient((coil, walls)), looks, rule)
    # A last step of Newton's, by the finer rule: it settles the last digits, and carries the
    # derivatives with respect to the dimensions.
    finer, rounding = rounding_errors(coil, walls, near, 3)
    force, slope, curvature, third = finer
    step = -slope / jax.lax.stop_gradient(curvature)
    changes = [
        jnp.abs(fine - rough) + small
        for fine, rough, small in zip(finer, coarse, rounding, strict=False)
    ]
    errors = jax.lax.stop_gradient((changes[0], changes[1] / jnp.abs(curvature), changes[2]))
    direction = jnp.sign(force)
    values = (
        near + step,
        direction * (force + step * (slope + step * curvature / 2)),
        direction * (curvature + step * third),
        direction,
        *errors,
    )
    return found, looks[-1], values


def _search(
    coil: Coil, walls: Walls, looks: jax.Array, rule: Rule
) -> tuple[jax.Array, jax.Array, tuple[jax.Array, ...]]:
    """The largest force by a look at many distances, then Newton's method on the slope.

    Returns whether it is inside the search, the last distance at which Newton's method looked, and
    the force and its derivatives there.
    """
    (forces,) = force_derivatives(coil, walls, looks, 1, rule)
    best = jnp.argmax(jnp.abs(forces))
    sign, start = jnp.sign(forces[best]), looks[best]
    high = jnp.min(jnp.where(looks > start, looks, jnp.inf))
    low = jnp.max(jnp.where(looks < start, looks, -jnp.inf))
    # The maximum may lie at zero itself, by symmetry: look a little to its other side.
    low = jnp.where(start == 0, -high, low)

    def slope(z: jax.Array) -> tuple[jax.Array, jax.Array, Any]:
        values = force_derivatives(coil, walls, z, 3, rule)
        return sign * values[1], sign * values[2], values

    near, values = _root(slope, low, jnp.minimum(high, 2 * looks[-1]), start)
    return jnp.isfinite(high), near, values


def _root(function: Any, low: jax.Array, high: jax.Array, start: jax.Array) -> tuple[Any, Any]:
    """Root of a function that falls through zero in (low, high), by Newton kept in the bracket.

    `function` returns its value, its slope, and whatever else the caller wants of the last place
    it was called at. Settled when the next step would be below 1e-9 of the bracket: that step is
    the caller's, and the last that is needed.
    """
    width = high - low

    def unsettled(state: Any) -> jax.Array:
        count, _, _, _, step, _ = state
        return (count == 0) | (count < _NEWTON_STEPS) & jnp.any(jnp.abs(step) > 1e-9 * width)

    def improve(state: Any) -> Any:
        count, low, high, z, step, _ = state
        z = z + step
        value, slope, extra = function(z)
        low, high = jnp.where(value > 0, z, low), jnp.where(value > 0, high, z)
        newton = z - value / slope
        fits = (slope < 0) & (newton >= low) & (newton <= high)
        new = jnp.where(value == 0, z, jnp.where(fits, newton, (low + high) / 2))
        return count + 1, low, high, z, new - z, extra

    shapes = jax.eval_shape(function, start)[2]
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes)
    state = (jnp.asarray(0), low, high, start, jnp.zeros_like(start), nothing)
    state = jax.lax.while_loop(unsettled, improve, state)
    return state[3], state[5]


@partial(compiled, static=("rule",))
def _range(
    coil: Coil,
    walls: Walls,
    spot: tuple[jax.Array, jax.Array, jax.Array],
    curvature: jax.Array,
    level: float,
    rule: Rule,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Whether the force falls to `level` of that at the spot on both sides, and where."""
    position, force = spot[0], spot[1] * spot[2]
    wanted = force * level
    fixed = jax.lax.stop_gradient((coil, walls, (position, force), curvature, jnp.asarray(level)))
    away = _range_search(fixed[0], fixed[1], fixed[2], fixed[3], fixed[4], rule)
    start = jax.lax.stop_gradient(position) + away
    value, slope = force_derivatives(coil, walls, start, 2, rule)
    ends = start - (value - wanted) / jax.lax.stop_gradient(slope)
    return jnp.abs(value - wanted) < 1e-3 * jnp.abs(force), ends[0], ends[1]


def _range_search(
    coil: Coil,
    walls: Walls,
    spot: tuple[jax.Array, jax.Array],
    curvature: jax.Array,
    level: jax.Array,
    rule: Rule,
) -> jax.Array:
    """How far below and above the spot the range ends (2,), negative below it."""
    position, force = spot
    sides = jnp.array([-1.0, 1.0])

    def excess(away: jax.Array) -> tuple[jax.Array, jax.Array, tuple[()]]:
        value, slope = force_derivatives(coil, walls, position + sides * away, 2, rule)
        return value / force - level, sides * slope / force, ()

    # Where the parabola falls to the level is a good place to start.
    guess = jnp.sqrt(2 * (1 - level) * jnp.abs(force / curvature))
    reach = coil.length + 4 * coil.outer_radius
    reach += jnp.max(walls.length + jnp.abs(walls.z) + 4 * walls.radius)
    start = jnp.full(2, jnp.minimum(guess, reach))
    away, _ = _root(excess, jnp.zeros(2), jnp.full(2, 2 * reach), start)
    return sides * away
