"""Force and torque between a coil and a magnet at any pose, and how they change with it."""

from __future__ import annotations

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._result import Result, quantity
from fieldwright.constants import MU_0
from fieldwright.errors import InputError
from fieldwright.forces._converge import Judged, Sums, converge, gather, judged
from fieldwright.forces._elements import Elements, elements_of
from fieldwright.sources import Coil, Loop, Polyline, Source, rotation_matrix
from fieldwright.sources._source import field_of


class Wrench(Result):
    """Force and torque on a magnet; what `wrench` returns.

    Attributes:
        force: (3,) [N/A].
        torque: (3,) about the magnet's centre [N m/A].
        error_estimate: bound on the error of each component of `force` [N/A].
        torque_error_estimate: bound on the error of each component of `torque` [N m/A].
    """

    force: jax.Array = quantity("N/A", "force on the magnet per ampere")
    torque: jax.Array = quantity("N m/A", "torque about the magnet's centre per ampere")
    error_estimate: jax.Array = quantity("N/A", "bound on the error of the force")
    torque_error_estimate: jax.Array = quantity("N m/A", "bound on the error of the torque")


def wrench(coil: Coil | Loop | Polyline, magnet: Source) -> Wrench:
    """Force and torque on a magnet per ampere in a coil, both at the poses they have.

    Args:
        coil: a `Coil`, `Loop` or `Polyline`; its own `current` does not count.
        magnet: any body: `CylinderMagnet`, `Cuboid`, `Dipole`, an `Assembly`, or a `Coil`, `Loop`
            or `Polyline` at its own current.

    Returns:
        A `Wrench` in the axes that both are placed in; the torque is about the magnet's `position`.
        The magnet's poles are integrated over until two orders agree to 1e-10 of the force;
        inside `jit` or `grad`, where the geometry is not known, at a fixed high order.

    Raises:
        InputError: `coil` carries no current, or forces on `magnet` are not known.
        ConvergenceError: they overlap or all but touch, so that no order converges.

    Source: F = sum of q B, T = sum of q r x B over poles q = M . dS; J. D. Jackson, Classical
    Electrodynamics (1999), sections 5.7 to 5.9.

    >>> from fieldwright.forces import wrench
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(
    ...     radius=3e-3, length=3e-3, magnetization=8.78e5, position=[2e-3, 0, 6.72e-3]
    ... )
    >>> push = wrench(coil, magnet)
    >>> print(f"{push.force[0] * 1e3:.4f} mN/A across, {push.force[2] * 1e3:.4f} mN/A along")
    -0.6897 mN/A across, -133.5626 mN/A along
    >>> print(f"{push.torque[1] * 1e6:.3f} uN m/A")
    138.242 uN m/A
    """
    source = unit_current(coil, "coil")
    (force, torque), errors = converge(partial(_wrench, source, magnet), coil, magnet)
    return Wrench(force, torque, *errors)


def stiffness(coil: Coil | Loop | Polyline, magnet: Source) -> jax.Array:
    """How force and torque on a magnet change with its pose, per ampere in a coil.

    Args:
        coil: as for `wrench`.
        magnet: as for `wrench`.

    Returns:
        The derivative (6, 6) of (force, torque) with respect to the displacement of the magnet
        [m] and its rotation [rad] about its centre, all along the outer axes; torque counts about
        the moved centre. Units: [N/A/m], [N/A/rad] above [N m/A/m], [N m/A/rad].

    Raises:
        InputError: as `wrench`.
        ConvergenceError: as `wrench`.

    >>> from fieldwright.forces import stiffness
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(
    ...     radius=3e-3, length=3e-3, magnetization=8.78e5, position=[0, 0, 6.7188127e-3]
    ... )
    >>> k = stiffness(coil, magnet)
    >>> print(f"dFx/dtheta_y {k[0, 4]:.6f} N/A/rad, dTy/dtheta_y {k[4, 4] * 1e3:.6f} mN m/A/rad")
    dFx/dtheta_y 0.067866 N/A/rad, dTy/dtheta_y -1.471400 mN m/A/rad
    """
    source = unit_current(coil, "coil")
    (matrix,), _ = converge(partial(_stiffness, source, magnet), coil, magnet)
    return matrix


def unit_current(conductor: Source, name: str) -> Source:
    """`conductor` at one ampere."""
    if not isinstance(conductor, Coil | Loop | Polyline):
        raise InputError(
            f"{name} must be a Coil, Loop or Polyline, got {type(conductor).__name__}",
            parameter=name,
        )
    return eqx.tree_at(lambda source: source.current, conductor, np.float64(1.0))


@partial(compiled, static=("orders",), options={})
def _wrench(source: Source, magnet: Source, orders: tuple[int, int]) -> Judged:
    """(force, torque) at two orders."""
    parts = [elements_of(magnet, order) for order in orders]
    return judged(*_sums(source, parts, jnp.asarray(magnet.position)))


@partial(compiled, static=("orders",), options={})
def _stiffness(source: Source, magnet: Source, orders: tuple[int, int]) -> Judged:
    """The matrix (6, 6) at two orders, judged by its rows of force and those of torque."""
    parts = [elements_of(magnet, order) for order in orders]
    centre = jnp.asarray(magnet.position)

    def moved(pose: jax.Array) -> Any:
        R = rotation_matrix(pose[3:])

        def move(points: jax.Array) -> jax.Array:
            return (points - centre) @ R.T + centre + pose[:3]

        turned = [
            Elements(
                move(nodes.points),
                nodes.pole,
                nodes.current @ R.T,
                move(nodes.sites),
                nodes.moment @ R.T,
            )
            for nodes in parts
        ]
        sums = _sums(source, turned, centre + pose[:3])
        return [values for values, _ in sums], [scales for _, scales in sums]

    rows, scales = jax.jacfwd(moved, has_aux=True)(jnp.zeros(6))
    arms = jnp.concatenate([parts[0].points, parts[0].sites]) - centre
    size = jnp.maximum(jnp.max(jnp.abs(arms)), 1e-6)
    coarse, fine = (
        (pair, (scale[0] / size, scale[1] / size)) for pair, scale in zip(rows, scales, strict=True)
    )
    rows, errors, worst = judged(coarse, fine)
    return (jnp.concatenate(rows),), errors, worst


def _sums(source: Source, parts: list[Elements], centre: jax.Array) -> tuple[Sums, Sums]:
    """Force and torque about `centre` on two sets of nodes."""
    nodes, slices = gather(parts)
    B = field_of(source, nodes.points)
    forces = nodes.pole[:, None] * B + jnp.cross(nodes.current, B)
    torques = jnp.cross(nodes.points - centre, forces)
    # Dipoles are the same at every order.
    point_forces = point_torques = jnp.zeros((0, 3))
    sites, moment = parts[0].sites, parts[0].moment
    if sites.shape[0]:
        gradient = jax.vmap(jax.jacfwd(lambda p: field_of(source, p[None])[0]))(sites)
        point_forces = jnp.einsum("nji,nj->ni", gradient, moment)
        point_torques = jnp.cross(moment, field_of(source, sites))
        point_torques += jnp.cross(sites - centre, point_forces)

    # What rounding does to the field of a coil is a part of that of its ends, which may cancel.
    ends = _end_field(source) * (jnp.abs(nodes.pole) + jnp.linalg.norm(nodes.current, axis=1))
    arms = jnp.linalg.norm(nodes.points - centre, axis=1)

    def total(part: slice) -> Sums:
        pair = (
            jnp.concatenate([forces[part], point_forces]),
            jnp.concatenate([torques[part], point_torques]),
        )
        sums = jnp.sum(pair[0], axis=0), jnp.sum(pair[1], axis=0)
        noise = jnp.sum(ends[part]), jnp.sum(ends[part] * arms[part])
        return sums, (_size(pair[0]) + noise[0], _size(pair[1]) + noise[1])

    coarse, fine = (total(part) for part in slices)
    return coarse, fine


def _size(terms: jax.Array) -> jax.Array:
    return jnp.max(jnp.sum(jnp.abs(terms), axis=0))


def _end_field(source: Source) -> jax.Array | float:
    """About the field [T] at the end of a coil; 0 for wires, whose closed forms do not cancel."""
    if not isinstance(source, Coil):
        return 0.0
    return MU_0 / 2 * source.turn_density * (source.outer_radius - source.inner_radius)
