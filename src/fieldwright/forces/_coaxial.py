"""Force between a coil and a magnet on one axis.

A body magnetized along its axis is a current sheet on each wall. The flux of a winding through a
loop has a closed form but for one integration over the winding's radius, and so has its primitive
along the axis; the force on a magnet is that primitive at the four distances between an end of the
coil and an end of the magnet. Nothing is subtracted that is much larger than the result, until the
magnet is far away: the error is a few 1e-16 of the largest force.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._sizes import in_few_sizes, padded_size
from fieldwright.errors import InputError
from fieldwright.sources import Assembly, Coil, CylinderMagnet, Source, rotation_matrix
from fieldwright.sources._checks import as_float, is_concrete
from fieldwright.sources._winding import CLEAR, FINE, FINER, Rule, winding_flux

#: Radii at which a winding in the place of the magnet is taken as sheets.
_SHEETS = 20


class Walls(NamedTuple):
    """A coaxial body as current sheets: each array has one element a sheet."""

    radius: Any  # [m]
    length: Any  # [m]
    current: Any  # [A/m], the magnetization inside
    z: Any  # centre on the axis [m], from the body's own


class Corners(NamedTuple):
    """The force as a sum over the ends of coil and sheets: sum(weight * flux(radius, z))."""

    weight: jax.Array
    radius: jax.Array
    z: jax.Array


def axial_force(coil: Coil, magnet: Source, distance: Any) -> jax.Array:
    """Force on a magnet on the axis of a coil, along the axis, per ampere.

    Positive away from the coil for a positive distance: a magnet whose magnetization points along
    +z is pulled back (negative) by a positive current.

    Args:
        coil: its own position must be zero.
        magnet: a `CylinderMagnet`, a `Coil` (at its own current), or an `Assembly` of them at
            positions along the axis. Its own position must be zero: `distance` says where it is.
        distance: of the magnet's centre (an assembly's origin) from the coil's, along +z, any
            shape [m].

    Returns:
        The force, of the shape of `distance` [N/A]; good to about 1e-14 of the largest force,
        `axial_force_error` bounds the error. Differentiable in the distance and every dimension;
        inside `jit`, where a pose that is not coaxial cannot be refused, it gives NaN.

    Raises:
        InputError: something is off the axis (use `wrench`), is no axially magnetized body, or is
            not float64.

    Source: Maxwell, Treatise (1873), art. 701, integrated over coil and magnet; the force of
    M. Barton, JGW-T1503239 (2016), section 2, there by a three-dimensional quadrature.

    >>> from fieldwright.forces import axial_force
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
    >>> print(f"{axial_force(coil, magnet, 6.72e-3):.8f} N/A")
    -0.12879781 N/A
    """
    return _at_distances(partial(_derivatives, levels=1), coil, magnet, distance)[0]


def axial_force_derivatives(
    coil: Coil, magnet: Source, distance: Any
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Force per ampere as `axial_force`, with its first and second derivative along the axis.

    Args:
        coil: as for `axial_force`.
        magnet: as for `axial_force`.
        distance: any shape [m].

    Returns:
        F [N/A], dF/dz [N/A/m] and d2F/dz2 [N/A/m^2], each of the shape of `distance`.

    Raises:
        InputError: as `axial_force`.

    >>> from fieldwright.forces import axial_force_derivatives
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
    >>> F, slope, curvature = axial_force_derivatives(coil, magnet, 6.7188127359607e-3)
    >>> print(f"{curvature:.4f} N/A/m^2")
    4732.3578 N/A/m^2
    """
    return _at_distances(partial(_derivatives, levels=3), coil, magnet, distance)


def axial_force_error(coil: Coil, magnet: Source, distance: Any) -> jax.Array:
    """A bound on the error of `axial_force`.

    What a finer integration changes, and what rounding can do to the terms of the sum.

    Args:
        coil: as for `axial_force`.
        magnet: as for `axial_force`.
        distance: any shape [m].

    Returns:
        The bound, of the shape of `distance` [N/A].

    Raises:
        InputError: as `axial_force`.

    >>> from fieldwright.forces import axial_force_error
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
    >>> bool(axial_force_error(coil, magnet, 6.72e-3) < 1e-13)
    True
    """
    return _at_distances(_errors, coil, magnet, distance)


def _at_distances(function: Any, coil: Coil, magnet: Source, distance: Any) -> Any:
    """`function(coil, walls, distances, rule=rule)`; many distances are filled up to few sizes."""
    walls, rule = coaxial_pair(coil, magnet)
    distance = as_float(distance, "distance", (None,) * np.ndim(distance))
    return in_few_sizes(lambda at: function(coil, walls, at, rule=rule), distance)


def coaxial_pair(coil: Coil, magnet: Source) -> tuple[Walls, Rule]:
    """The magnet as current sheets, and the cheapest rule that is exact; FINE where not known.

    Raises:
        InputError: it is no coaxial pair of a coil and a magnet with its centre at the origin.
    """
    if not isinstance(coil, Coil):
        raise InputError(f"coil must be a Coil, got {type(coil).__name__}", parameter="coil")
    for name, body in (("coil", coil), ("magnet", magnet)):
        if is_concrete(body.position) and np.any(body.position):
            raise InputError(
                f"the distance says how far the magnet's centre is from the coil's: leave the "
                f"{name}'s own position at zero, or use wrench",
                parameter=name,
            )
    if is_concrete(coil.rotation) and np.any(coil.rotation):
        raise InputError("the coil must point along z here: use wrench", parameter="coil")
    walls = walls_of(magnet)
    if not is_concrete(coil.position, coil.rotation):
        displaced = jnp.any(coil.position != 0) | jnp.any(coil.rotation != 0)
        walls = walls._replace(current=jnp.where(displaced, jnp.nan, walls.current))
    return walls, _rule(coil, walls)


def _rule(coil: Coil, walls: Walls) -> Rule:
    """CLEAR if no sheet is known to face the winding."""
    if not is_concrete(coil.inner_radius, coil.outer_radius, walls.radius):
        return FINE
    inside = walls.radius < 0.995 * coil.inner_radius
    return CLEAR if np.all(inside | (walls.radius > 1.005 * coil.outer_radius)) else FINE


def walls_of(magnet: Source) -> Walls:
    """A coaxial body as current sheets, about its own origin.

    Known dimensions stay with NumPy: so little work is not worth a compiler's. Where a pose is not
    known, one that is not coaxial makes the currents NaN.

    Raises:
        InputError: a part of it is off its axis, or has no axial sheets.
    """
    if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(magnet)):
        magnet = jax.tree.map(lambda v: np.asarray(v) if is_concrete(v) else v, magnet)
    sheets = _sheets(magnet, _centred(magnet), -magnet.position[2])
    # Filled up with sheets that carry nothing, to few numbers, as each is compiled for.
    radius, length, _, z = sheets[0]
    sheets += [(radius, length, 0.0, z)] * (sheet_room(len(sheets)) - len(sheets))
    if is_concrete(sheets):
        return Walls(*(np.array(column) for column in zip(*sheets, strict=True)))
    return Walls(*(jnp.stack(column) for column in zip(*sheets, strict=True)))


def _centred(body: Source) -> Any:
    """1, or NaN if the body turns out not to be at the origin."""
    if is_concrete(body.position):
        return 1.0
    return jnp.where(jnp.any(body.position != 0), jnp.nan, 1.0)


def _sheets(body: Source, direction: Any, z: Any) -> list[tuple[Any, Any, Any, Any]]:
    """Each sheet (radius, length, current, z) of a body in a frame along `direction` at `z`."""
    z = z + direction * body.position[2]
    direction = direction * _direction(body)
    if isinstance(body, Assembly):
        return [sheet for member in body.sources for sheet in _sheets(member, direction, z)]
    if isinstance(body, CylinderMagnet):
        M = direction * body.magnetization
        return [(radius, body.length, sign * M, z) for sign, radius in body.walls]
    if isinstance(body, Coil):
        nodes, weights = np.polynomial.legendre.leggauss(_SHEETS)
        half = (body.outer_radius - body.inner_radius) / 2
        density = direction * body.current * body.turn_density * half
        return [
            (body.inner_radius + half * (1 + node), body.length, density * weight, z)
            for node, weight in zip(nodes, weights, strict=True)
        ]
    raise InputError(
        f"axial forces are for CylinderMagnet, Coil and Assembly, got {type(body).__name__}: "
        f"use wrench",
        parameter="magnet",
    )


def first_sheets(body: Source, start: int = 0) -> tuple[int, ...]:
    """For each magnet or coil that a body consists of, the number of its first sheet."""
    if not isinstance(body, Assembly):
        return (start,)
    firsts: tuple[int, ...] = ()
    for member in body.sources:
        firsts += first_sheets(member, start)
        start += sheet_count(member)
    return firsts


def sheet_room(count: int) -> int:
    """For how many sheets there is room where there are `count`."""
    return padded_size(count) if count < _SHEETS else -(-count // 4) * 4


def sheet_count(body: Source) -> int:
    if isinstance(body, Assembly):
        return sum(sheet_count(member) for member in body.sources)
    return len(body.walls) if isinstance(body, CylinderMagnet) else _SHEETS


def _direction(body: Source) -> Any:
    """+1 or -1 along the axis of the frame that `body` is placed in."""
    if not is_concrete(body.position, body.rotation):
        along = rotation_matrix(jnp.asarray(body.rotation))[2, 2]
        aside = jnp.any(jnp.asarray(body.position)[:2] != 0)
        return jnp.where(aside | (jnp.abs(along) < 1 - 1e-12), jnp.nan, jnp.sign(along))
    # Half a turn about an axis across z turns the body round.
    direction = np.cos(np.linalg.norm(body.rotation)) if np.any(body.rotation[:2]) else 1.0
    tilted = abs(abs(direction) - 1) > 1e-12 or (direction < 0 and body.rotation[2] != 0)
    if tilted or np.any(body.position[:2]):
        raise InputError(
            f"a {type(body).__name__} is off the coil's axis or tilted against it: use wrench",
            parameter="magnet",
        )
    return np.sign(direction)


def _corners(coil: Coil, walls: Walls, distance: jax.Array) -> Corners:
    """The terms of the force, shape distance.shape + (sheets, 4)."""
    centre = jnp.asarray(distance)[..., None, None] + jnp.asarray(walls.z)[:, None]
    z = (
        centre
        + walls.length[:, None] / 2 * jnp.array([1.0, 1.0, -1.0, -1.0])
        + coil.length / 2 * jnp.array([1.0, -1.0, 1.0, -1.0])
    )
    weight = coil.turn_density * walls.current[:, None] * jnp.array([1.0, -1.0, -1.0, 1.0])
    return Corners(weight, jnp.broadcast_to(walls.radius[:, None], z.shape), z)


def force_derivatives(
    coil: Coil, walls: Walls, distance: jax.Array, levels: int, rule: Rule
) -> tuple[jax.Array, ...]:
    """The force [N/A] and its first `levels` - 1 derivatives along the axis."""
    weight, radius, z = _corners(coil, walls, distance)
    fluxes = winding_flux(
        tuple(range(levels)), rule, radius, z, coil.inner_radius, coil.outer_radius
    )
    return tuple(jnp.sum(weight * flux, axis=(-2, -1)) for flux in fluxes)


def rounding_errors(
    coil: Coil, walls: Walls, distance: jax.Array, levels: int
) -> tuple[tuple[jax.Array, ...], tuple[jax.Array, ...]]:
    """By a finer rule: the force and its first `levels` derivatives, and their rounding errors."""
    weight, radius, z = _corners(coil, walls, distance)
    bounds = coil.inner_radius, coil.outer_radius
    fluxes = winding_flux(tuple(range(levels + 1)), FINER, radius, z, *bounds)
    values = tuple(jnp.sum(weight * flux, axis=(-2, -1)) for flux in fluxes)
    # The closed forms and the sum over nodes hold some eps each (24 are ample); their arguments,
    # distances between ends, some of the largest length, which the next level turns into an error
    # of the flux.
    eps = np.finfo(float).eps
    length = jnp.max(jnp.abs(z), axis=-1, keepdims=True) + coil.outer_radius
    terms = [
        jnp.abs(weight) * (24 * jnp.abs(flux) + 3 * length * jnp.abs(slope))
        for flux, slope in pairwise(fluxes)
    ]
    return values, tuple(eps * jnp.sum(term, axis=(-2, -1)) for term in terms)


_derivatives = compiled(force_derivatives, static=("levels", "rule"), options={})


@partial(compiled, static=("rule",), options={})
def _errors(coil: Coil, walls: Walls, distance: jax.Array, rule: Rule) -> jax.Array:
    (force,) = force_derivatives(coil, walls, distance, 1, rule)
    finer, rounding = rounding_errors(coil, walls, distance, 1)
    return jnp.abs(force - finer[0]) + rounding[0]
