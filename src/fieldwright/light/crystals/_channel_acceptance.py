"""Which charges a crystal's planes take in."""

from __future__ import annotations

from functools import partial
from math import pi
from typing import Any

import jax
import jax.numpy as jnp

from fieldwright.errors import InputError
from fieldwright.light._checks import not_negative
from fieldwright.light.crystals._crystal_limits import charge_sign, momentum_speed
from fieldwright.light.undulators._gauss import gauss_nodes
from fieldwright.sources import PlanarPotential
from fieldwright.sources._checks import as_float

_GRID = 2049  # points of a period among which the well's edges are first looked for
_HALVINGS = 40
_NODES = 96


def channel_acceptance(
    potential: PlanarPotential,
    energy: Any,
    curvature: Any = 0.0,
    divergence: Any = 0.0,
    species: str = "e+",
) -> jax.Array:
    """The fraction of a beam that planes hold, evenly bent, before anything scatters.

    Args:
        potential: across the planes.
        energy: of the charge [eV].
        curvature: of the planes [1/m]; for waving planes their largest, which leaves too little.
        divergence: root mean square angle of the beam across the planes [rad]; its mean is along
            them, and it fills all of a period evenly.
        species: "e+" or "e-".

    Returns:
        The fraction. It counts the well about the middle of the widest gap, or for electrons about
        the plane or pair of planes. A harmonic channel takes 1 - C of a parallel beam.

    Raises:
        InputError: energy or species are wrong, a number is none, or the divergence below zero.

    A charge is held where its transverse energy p v theta^2 / 2 + W(x) is below the lower edge of
    the well W = U - p v x / R (Biryukov, Chesnokov and Kotov, Crystal Channeling (1997)).

    >>> from fieldwright.light import channel_acceptance
    >>> from fieldwright.sources import DoyleTurner
    >>> channel = DoyleTurner("diamond", "110")
    >>> [f"{float(channel_acceptance(channel, 13.6e9, 0.0, sigma)):.3f}" for sigma in (0, 30e-6)]
    ['1.000', '0.812']
    """
    if not isinstance(potential, PlanarPotential):
        raise InputError(
            "potential must be a DoyleTurner or a HarmonicPotential, got "
            f"{type(potential).__name__}",
            parameter="potential",
        )
    curvature = as_float(curvature, "curvature")
    divergence = not_negative(as_float(divergence, "divergence"), "divergence")
    sign, pv = charge_sign(species), momentum_speed(as_float(energy, "energy"))
    force = pv * jnp.abs(curvature)
    return _fraction(potential, pv, force, divergence, sign)


@partial(jax.jit, static_argnames="sign")
def _fraction(
    potential: PlanarPotential, pv: jax.Array, force: jax.Array, divergence: jax.Array, sign: int
) -> jax.Array:
    """The fraction held against a force [eV/m] across the planes."""
    middle = 0.0 if sign > 0 else potential.spacing / 2

    def well(x: Any) -> Any:
        return sign * potential.energy(middle + x) - force * x

    def slope(x: Any) -> Any:
        return -sign * potential.field(middle + x) - force

    left, right = _edges(potential, well, slope, lambda x: sign * potential.curvature(middle + x))
    nodes, weights = gauss_nodes(_NODES)
    # Nodes crowd at both ends, where the angles that are held go to zero as a square root.
    angle = pi * (nodes - 0.5)
    x = (left + right) / 2 + (right - left) / 2 * jnp.sin(angle)
    held = jnp.maximum(well(right) - well(x), 0.0)
    wide = divergence > 0
    spread = pv * jnp.where(wide, divergence, 1.0) ** 2
    share = jnp.where(wide, jax.scipy.special.erf(_root(held / spread)), 1.0)
    return (right - left) * jnp.sum(weights * pi / 2 * jnp.cos(angle) * share) / potential.spacing


def _root(x: jax.Array) -> jax.Array:
    safe = x > 0
    return jnp.where(safe, jnp.sqrt(jnp.where(safe, x, 1.0)), 0.0)


def _edges(potential: PlanarPotential, well: Any, slope: Any, bend: Any) -> Any:
    """Both edges [m] of the well from its middle: the lower one, and where it is as high.

    Where there is no well both are one. Each is polished by a step of Newton's, that derivatives
    go through.
    """
    grid = jnp.linspace(-potential.spacing / 2, potential.spacing / 2, _GRID)
    height = jax.lax.stop_gradient(well(grid))
    # The lower edge is on the side that the force points to, beyond the bottom.
    bottom = jnp.argmin(jnp.where(grid >= 0, height, jnp.inf))
    top = jnp.argmax(jnp.where(jnp.arange(_GRID) >= bottom, height, -jnp.inf))
    right = grid[top]
    for _ in range(3):
        right = jax.lax.stop_gradient(right)
        rounded = jax.lax.stop_gradient(bend(right))
        step = slope(right) / jnp.where(rounded < 0, rounded, -jnp.inf)
        right = jnp.clip(right - step, grid[0], grid[-1])
    edge = well(right)
    above = (height >= edge) & (jnp.arange(_GRID) <= bottom)
    start = jnp.max(jnp.where(above, jnp.arange(_GRID), 0))

    def halve(_: int, ends: Any) -> Any:
        low, high = ends
        x = (low + high) / 2
        inside = well(x) < edge
        return jnp.where(inside, low, x), jnp.where(inside, x, high)

    ends = jax.lax.stop_gradient((grid[start], grid[jnp.minimum(start + 1, bottom)]))
    low, high = jax.lax.stop_gradient(jax.lax.fori_loop(0, _HALVINGS, halve, ends))
    left = (low + high) / 2
    steep = jax.lax.stop_gradient(slope(left))
    left = left - (well(left) - edge) / jnp.where(steep < 0, steep, -jnp.inf)
    exists = top > bottom
    return jnp.where(exists, jnp.maximum(left, grid[0]), 0.0), jnp.where(exists, right, 0.0)
