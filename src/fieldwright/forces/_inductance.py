"""Mutual and self-inductance of loops and coils."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright.errors import InputError
from fieldwright.forces._converge import Judged, converge, gather, judged
from fieldwright.forces._elements import elements_of
from fieldwright.forces._wrench import unit_current
from fieldwright.sources import Coil, Loop, Polyline, Source
from fieldwright.sources._checks import is_concrete
from fieldwright.sources._loop import squared_radius
from fieldwright.sources._sheet import loop_flux, sheet_flux
from fieldwright.sources._source import rotation_by, to_global, to_local
from fieldwright.sources._winding import FINE, Rule, over_winding, winding_flux

#: Nodes over the radius of the second winding, drawn together at its edges.
_NODES = 32
_RULE = Rule(32, 8)


def mutual_inductance(first: Coil | Loop, second: Coil | Loop | Polyline) -> jax.Array:
    """Mutual inductance of two conductors at the poses they have.

    Args:
        first: a `Coil` or `Loop`.
        second: a `Coil`, `Loop` or closed `Polyline`.

    Returns:
        The flux through `second` per ampere in `first` [H]: positive where their fields add up.
        Coaxial coils: closed forms but for the two radii, or further than ten sizes apart their
        turns one by one, good to 1e-11; else the vector potential of `first` along `second`, raised
        in order until it settles, good to 1e-11 up to some ten sizes.

    Raises:
        InputError: a source of another kind, or an open `Polyline`.
        ConvergenceError: they overlap, off axis.

    Source: J. C. Maxwell, Treatise (1873), art. 701.

    >>> from fieldwright.forces import mutual_inductance
    >>> from fieldwright.sources import Coil
    >>> inner = Coil(inner_radius=5e-3, outer_radius=6e-3, length=8e-3, turns=100)
    >>> outer = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> print(f"{mutual_inductance(inner, outer) * 1e6:.4f} uH")
    261.4598 uH
    """
    if not isinstance(first, Coil | Loop):
        raise InputError(
            f"first must be a Coil or Loop, got {type(first).__name__}", parameter="first"
        )
    if isinstance(second, Polyline) and is_concrete(second.vertices):
        gap = np.linalg.norm(second.vertices[0] - second.vertices[-1])
        if gap > 1e-12 * np.max(np.abs(second.vertices)):
            raise InputError(
                f"the Polyline is open by {gap:.3g} m: only a closed circuit has an inductance",
                parameter="second",
            )
    if isinstance(first, Coil) and isinstance(second, Coil) and _coaxial(first, second):
        return _far_coils(first, second) if _far(first, second) else _coaxial_coils(first, second)
    source, target = unit_current(first, "first"), unit_current(second, "second")
    (linkage,), _ = converge(partial(_linkage, source, target), first, second)
    return linkage


def self_inductance(coil: Coil) -> jax.Array:
    """Self-inductance of a coil whose current is spread evenly over its section.

    Args:
        coil: of rectangular section.

    Returns:
        The inductance [H], good to 1e-11; where the winding is thinner or shorter than a hundredth
        of its radius, less: to 1e-7 at a ten-thousandth.

    Raises:
        InputError: `coil` is no `Coil`; a `Loop` without thickness has an infinite inductance.

    Source: twice the energy of its field; closed forms but for the two radii.

    >>> from fieldwright.forces import self_inductance
    >>> from fieldwright.sources import Coil
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> print(f"{self_inductance(coil) * 1e3:.6f} mH")
    8.711892 mH
    """
    if not isinstance(coil, Coil):
        raise InputError(
            f"self_inductance takes a Coil, got {type(coil).__name__}"
            + (": a wire of no thickness has none" if isinstance(coil, Loop) else ""),
            parameter="coil",
        )
    return _coaxial_coils(coil, coil)


def _coaxial(first: Coil, second: Coil) -> bool:
    """Whether both are known to stand on one axis, and point the same way along it."""
    if not is_concrete(first.position, first.rotation, second.position, second.rotation):
        return False
    turn = rotation_by(np, np.asarray(first.rotation))
    offset = (np.asarray(second.position) - np.asarray(first.position)) @ turn
    aside = np.linalg.norm(offset[:2]) > 1e-13 * np.linalg.norm(offset)
    return bool(np.array_equal(first.rotation, second.rotation) and not aside)


def _far(first: Coil, second: Coil) -> bool:
    """Whether coaxial coils are known to be so far apart that closed forms would cancel."""
    if not is_concrete(first, second):
        return False
    sizes = sum(body.length + 2 * body.outer_radius for body in (first, second))
    return bool(np.linalg.norm(second.position - first.position) > 5 * sizes)


@partial(compiled, options={})
def _far_coils(first: Coil, second: Coil) -> jax.Array:
    """Loop by loop: nothing cancels, and few nodes do."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    offset = to_local(first, second.position)[2]

    def radii(coil: Coil) -> jax.Array:
        return coil.inner_radius + (coil.outer_radius - coil.inner_radius) * (1 + nodes) / 2

    a, r = radii(first)[:, None, None, None], radii(second)[:, None, None]
    z = offset + second.length / 2 * nodes[:, None] - first.length / 2 * nodes
    flux = r * r * loop_flux(a, r * r, z, FINE.steps)
    mean = jnp.einsum("ijkl,i,j,k,l->", flux, *(weights / 2,) * 4)
    return first.turns * second.turns * mean


@partial(compiled, options={})
def _coaxial_coils(first: Coil, second: Coil) -> jax.Array:
    offset = to_local(first, second.position)[2]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    s = (1 + nodes) / 2
    # The flux has logarithmic singularities where edges of the windings meet: nodes that crowd
    # there like s^4 do not feel them.
    fraction = s**4 * (35 - 84 * s + 70 * s**2 - 20 * s**3)
    weight = weights / 2 * 140 * (s * (1 - s)) ** 3
    width = second.outer_radius - second.inner_radius
    radius = second.inner_radius + width * fraction
    z = (
        offset
        + first.length / 2 * jnp.array([1.0, 1.0, -1.0, -1.0])
        + second.length / 2 * jnp.array([1.0, -1.0, 1.0, -1.0])
    )
    radius, z = jnp.broadcast_arrays(radius[:, None], z)
    bounds = first.inner_radius, first.outer_radius
    (linkage,) = winding_flux((-1,), _RULE, radius, z, *bounds)
    total = jnp.sum(width * weight[:, None] * jnp.array([1.0, -1.0, -1.0, 1.0]) * linkage)
    return first.turn_density * second.turn_density * total


@partial(compiled, static=("orders",), options={})
def _linkage(source: Any, target: Source, orders: tuple[int, int]) -> Judged:
    """The linkage at two orders."""
    nodes, slices = gather([elements_of(target, order) for order in orders])
    terms = jnp.sum(nodes.current * _vector_potential(source, nodes.points), axis=-1)
    coarse, fine = (((jnp.sum(terms[part]),), (jnp.sum(jnp.abs(terms[part])),)) for part in slices)
    return judged(coarse, fine)


def _vector_potential(source: Coil | Loop, points: jax.Array) -> jax.Array:
    """A (n, 3) [T m] of a source at 1 A: along phi, the flux through a loop over its length."""
    local = to_local(source, points)
    r2, z = squared_radius(local), local[:, 2]
    if isinstance(source, Loop):
        flux = loop_flux(source.radius, r2, z, 7)
    else:
        ends = z[:, None] + jnp.array([0.5, -0.5]) * source.length
        r2 = r2[:, None]
        bounds = source.inner_radius, source.outer_radius
        whole = over_winding(lambda a: sheet_flux(a, r2, ends, FINE.steps), r2, ends, *bounds, FINE)
        flux = source.turn_density * (whole[:, 0] - whole[:, 1])
    along = jnp.stack([-local[:, 1], local[:, 0], jnp.zeros_like(z)], axis=-1)
    return to_global(source, along * flux[:, None] / (2 * jnp.pi))
