"""Integration over the radius of a winding, at equal accuracy for every distance from it.

What a sheet of radius `a` does at (r, z) is singular at a = r +- i z. The substitution
a = r + d sinh(t), d = |z|, carries these points to t = +- i pi / 2 for every distance, and Gauss
nodes in t on two panels, which meet at a = r where the field point faces the winding, lose nothing
as a gap closes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.sources._sheet import loop_flux, loop_flux_dz, sheet_flux, sheet_linkage


class Rule(NamedTuple):
    """How finely to integrate: Gauss nodes a panel, and steps of the arithmetic-geometric mean."""

    nodes: int
    steps: int


#: Holds 1e-14 of the maximum everywhere, faces in contact with a winding included.
FINE = Rule(14, 6)
#: The same where the field point does not face the winding, 0.5 % of its radius away or more.
CLEAR = Rule(8, 5)
#: Beyond FINE: what FINE is compared with where an error is to be estimated.
FINER = Rule(20, 7)


def over_winding(
    kernel: Callable[[jax.Array], Any],
    r2: jax.Array,
    z: jax.Array,
    inner: jax.Array,
    outer: jax.Array,
    rule: Rule,
    smallest: float = 1e-5,
) -> Any:
    """Integral of `kernel(a)` over a = inner ... outer, for a field point at (r, z).

    Singularities less than `smallest` of the winding's width away are taken as that far. Scans over
    the nodes, so that what is held in memory does not grow with their number.
    """
    nodes, weights = np.polynomial.legendre.leggauss(rule.nodes)
    # No further from the axis than a thousandth of the winding is as good as on it, and the root of
    # r^2 has no derivative there.
    r = jnp.sqrt(jnp.maximum(r2, (1e-3 * outer) ** 2))
    d = jnp.sqrt(z * z + (smallest * (outer - inner)) ** 2)
    u, v = (inner - r) / d, (outer - r) / d
    low, high = jnp.arcsinh(u), jnp.arcsinh(v)
    faces = (r > inner) & (r < outer)
    # high - low without the cancellation that a thin winding would suffer from.
    root_u, root_v = jnp.sqrt(1 + u * u), jnp.sqrt(1 + v * v)
    mean = jnp.where(faces, 1.0, (u + v) / jnp.where(faces, 1.0, v * root_u + u * root_v))
    whole = jnp.arcsinh((outer - inner) / d * mean)
    # Both panels at once, on a leading axis.
    starts = jnp.stack([low, jnp.where(faces, 0.0, low + whole / 2)])
    halves = jnp.stack([jnp.where(faces, -low, whole / 2), jnp.where(faces, high, whole / 2)]) / 2

    def add(total: Any, node: tuple[jax.Array, jax.Array]) -> tuple[Any, None]:
        x, weight = node
        grow = jnp.exp(starts + halves * (1 + x))
        a = r + d * (grow - 1 / grow) / 2
        weight = weight * halves * d * (grow + 1 / grow) / 2
        return jax.tree.map(lambda t, k: t + weight * k, total, kernel(a)), None

    zeros = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape), jax.eval_shape(kernel, jnp.zeros_like(starts + d))
    )
    panels, _ = jax.lax.scan(add, zeros, (jnp.asarray(nodes), jnp.asarray(weights)))
    return jax.tree.map(lambda both: both[0] + both[1], panels)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def winding_flux(
    levels: tuple[int, ...],
    rule: Rule,
    r: jax.Array,
    z: jax.Array,
    inner: jax.Array,
    outer: jax.Array,
) -> tuple[jax.Array, ...]:
    """Flux through loops (r, z) of a winding that reaches to z from their plane, and its slopes.

    Level 0 is the flux per turn density [H m^2], level n its n-th derivative with respect to z,
    level -1 its primitive. Their own derivatives, also with respect to the radii, need no
    differentiation of an iteration: along z it is the next level, at the winding's bounds the
    integrand, and along r what Euler's theorem leaves of a function of degree 3 - level.

    Args:
        levels: which to return, consecutive ones.
        rule: how finely to integrate.
        r: radii (...) [m].
        z: signed distances (...) [m], of the shape of `r`.
        inner: inner radius of the winding [m].
        outer: outer radius of the winding [m].
    """
    r2 = r * r

    def kernel(a: jax.Array) -> tuple[jax.Array, ...]:
        return tuple(_ring_flux(level, a, r2, z, rule.steps) for level in levels)

    # The primitive is smooth but for its third derivative, which needs no crowd of nodes.
    smallest = 1e-5 if levels[0] >= 0 else 1e-3
    fluxes = over_winding(kernel, r2, z, inner, outer, rule, smallest)
    return tuple(r2 * flux for flux in fluxes)


@winding_flux.defjvp
def _winding_flux_jvp(levels: tuple[int, ...], rule: Rule, primals: Any, tangents: Any) -> Any:
    r, z, inner, outer = primals
    dr, dz, d_inner, d_outer = tangents
    fluxes = winding_flux((*levels, levels[-1] + 1), rule, r, z, inner, outer)
    on_axis = r == 0
    changes = []
    for level, flux, slope in zip(levels, fluxes[:-1], fluxes[1:], strict=True):
        at_inner = r * r * _ring_flux(level, inner, r * r, z, rule.steps)
        at_outer = r * r * _ring_flux(level, outer, r * r, z, rule.steps)
        rest = (3 - level) * flux - z * slope
        rest = rest - outer * at_outer + inner * at_inner
        along_r = jnp.where(on_axis, 0.0, rest / jnp.where(on_axis, 1.0, r))
        changes.append(slope * dz + along_r * dr + at_outer * d_outer - at_inner * d_inner)
    return fluxes[:-1], tuple(changes)


def _ring_flux(level: int, a: jax.Array, r2: jax.Array, z: jax.Array, steps: int) -> jax.Array:
    """The integrand of `winding_flux` over r^2."""
    if level < 3:
        closed = (sheet_linkage, sheet_flux, loop_flux, loop_flux_dz)[level + 1]
        return closed(a, r2, z, steps)
    lower = partial(_ring_flux, level - 1, a, r2, steps=steps)
    return jax.jvp(lower, (z,), (jnp.ones_like(z),))[1]
