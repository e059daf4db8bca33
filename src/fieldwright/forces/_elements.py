"""What a body feels a field with: magnetic poles, current elements, and point dipoles.

A uniformly magnetized body feels a field exactly as the poles on its faces do (force and torque
alike), a winding as its current elements. Each is a set of nodes of a quadrature; where the field
is smooth on the scale of the body, a few are exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.sources import (
    Assembly,
    Coil,
    Cuboid,
    CylinderMagnet,
    Dipole,
    Loop,
    Polyline,
    Source,
    rotation_matrix,
)


class Elements(NamedTuple):
    """Nodes of a body, in the frame it is placed in."""

    points: jax.Array  # (n, 3) [m]
    pole: jax.Array  # (n,) [A m]: force is pole B
    current: jax.Array  # (n, 3) [A m]: force is current x B
    sites: jax.Array  # (m, 3) [m], of
    moment: jax.Array  # (m, 3) [A m^2]: force is grad(moment . B), torque moment x B besides


_NONE: Any = np.zeros((0, 3))


def elements_of(body: Source, order: int) -> Elements:
    """The nodes of `body`, `order` along each of its dimensions and twice as many around it.

    Raises:
        InputError: the body is of a kind that has no nodes.
    """
    local = _local_elements(body, order)
    R = rotation_matrix(jnp.asarray(body.rotation))
    return Elements(
        local.points @ R.T + body.position,
        local.pole,
        local.current @ R.T,
        local.sites @ R.T + body.position,
        local.moment @ R.T,
    )


def _local_elements(body: Source, order: int) -> Elements:
    match body:
        case Assembly():
            parts = [elements_of(member, order) for member in body.sources]
            return Elements(*(jnp.concatenate(column) for column in zip(*parts, strict=True)))
        case CylinderMagnet():
            return _cylinder(body, order)
        case Cuboid():
            return _cuboid(body, order)
        case Coil():
            return _coil(body, order)
        case Loop():
            points, along, weight = _ring(body.radius[None], jnp.zeros(1), 4 * order)
            return _currents(points, body.current * weight[:, None] * along)
        case Polyline():
            return _polyline(body, order)
        case Dipole():
            return Elements(_NONE, jnp.zeros(0), _NONE, jnp.zeros((1, 3)), body.moment[None, :])
    raise InputError(f"forces on a {type(body).__name__} are not known", parameter="magnet")


def _currents(points: jax.Array, current: jax.Array) -> Elements:
    return Elements(points, jnp.zeros(points.shape[0]), current, _NONE, _NONE)


def _poles(points: jax.Array, pole: jax.Array) -> Elements:
    return Elements(points, pole, jnp.zeros_like(points), _NONE, _NONE)


def _gauss(low: jax.Array, high: jax.Array, order: int) -> tuple[jax.Array, jax.Array]:
    """Nodes and weights (order,) on (low, high)."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    half = (high - low) / 2
    return low + half * (1 + nodes), half * weights


def _ring(r: jax.Array, z: jax.Array, count: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Points (n count, 3) around circles (n,), the unit vectors along them, and length each."""
    phi = 2 * np.pi * (np.arange(count) + 0.5) / count
    cos, sin, one = jnp.asarray(np.cos(phi)), jnp.asarray(np.sin(phi)), jnp.ones(count)
    points = jnp.stack([jnp.outer(r, cos), jnp.outer(r, sin), jnp.outer(z, one)], axis=-1).reshape(
        -1, 3
    )
    along = jnp.tile(jnp.stack([-sin, cos, 0 * one], axis=-1), (r.shape[0], 1))
    return points, along, jnp.repeat(2 * np.pi * r / count, count)


def _cylinder(magnet: CylinderMagnet, order: int) -> Elements:
    inner = 0.0 if magnet.inner_radius is None else magnet.inner_radius
    r, weight = _gauss(jnp.asarray(inner), magnet.radius, order)
    count = 2 * order
    disc, _, length = _ring(r, jnp.zeros_like(r), count)
    pole = magnet.magnetization * length * jnp.repeat(weight, count)
    up = jnp.array([0.0, 0.0, 0.5]) * magnet.length
    return _poles(jnp.concatenate([disc + up, disc - up]), jnp.concatenate([pole, -pole]))


def _cuboid(block: Cuboid, order: int) -> Elements:
    points, poles = [], []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        first, weight_u = _gauss(-block.size[u] / 2, block.size[u] / 2, order)
        second, weight_v = _gauss(-block.size[v] / 2, block.size[v] / 2, order)
        grid = jnp.meshgrid(first, second, indexing="ij")
        for side in (0.5, -0.5):
            face = [jnp.zeros(order * order)] * 3
            face[u], face[v] = grid[0].ravel(), grid[1].ravel()
            face[axis] = jnp.full(order * order, side) * block.size[axis]
            points.append(jnp.stack(face, axis=-1))
            pole = 2 * side * block.magnetization[axis]
            poles.append(pole * jnp.outer(weight_u, weight_v).ravel())
    return _poles(jnp.concatenate(points), jnp.concatenate(poles))


def _coil(coil: Coil, order: int) -> Elements:
    r, weight_r = _gauss(coil.inner_radius, coil.outer_radius, order)
    z, weight_z = _gauss(-coil.length / 2, coil.length / 2, order)
    section = jnp.meshgrid(r, z, indexing="ij")
    count = 2 * order
    points, along, length = _ring(section[0].ravel(), section[1].ravel(), count)
    weight = jnp.repeat(jnp.outer(weight_r, weight_z).ravel(), count) * length
    return _currents(points, (coil.current * coil.turn_density * weight)[:, None] * along)


def _polyline(wire: Polyline, order: int) -> Elements:
    step = jnp.diff(wire.vertices, axis=0)
    fraction, weight = _gauss(jnp.asarray(0.0), jnp.asarray(1.0), order)
    points = wire.vertices[:-1, None, :] + fraction[:, None] * step[:, None, :]
    current = wire.current * weight[:, None] * step[:, None, :]
    return _currents(points.reshape(-1, 3), current.reshape(-1, 3))
