"""What synchrotron radiation takes from a particle, on the mean and by chance.

A particle on an orbit of curvature kappa loses dE/dl = (2/3) r_0 m c^2 beta^3 gamma^4 kappa^2, and
the squares of its photons' energies, over its own, sum up at (55 / 24 sqrt 3) r_0 (hbar / m c)
gamma^5 kappa^3 a metre (M. Sands, SLAC-121 (1970), eq. 4.2 and 5.40). Photons leave along the
particle's own direction: all components of the kinetic momentum shrink alike.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from fieldwright.constants import COULOMB, PLANCK, SPEED_OF_LIGHT
from fieldwright.motion import Species
from fieldwright.rings.lattice import _maps

_QUANTUM = 55 / (24 * math.sqrt(3))


def classical_radius(species: Species) -> float:
    """The classical radius q^2 / (4 pi epsilon_0 m c^2) of a particle [m].

    >>> from fieldwright.motion import SPECIES
    >>> from fieldwright.rings import classical_radius
    >>> print(f"{classical_radius(SPECIES['e-']):.6e} m")
    2.817940e-15 m
    """
    return COULOMB * species.charge**2 / (species.mass * SPEED_OF_LIGHT**2)


def compton_length(species: Species) -> float:
    """The reduced Compton length hbar / (m c) of a particle [m]."""
    return PLANCK / (2 * math.pi * species.mass * SPEED_OF_LIGHT)


def bending(row: Any, state: _maps.State) -> tuple[Any, Any]:
    """Square of the field across the particle's direction over (B rho)^2, and its path [m].

    `extra` of the row has the weight of the place, and a solenoid's field along the beam and its
    slope, over `ks`.
    """
    x, px, y, py, _, delta = state
    momentum = 1 + delta
    ks = row["ks"] * row.extra[1]
    slope = row["ks"] * row.extra[2] / row["length"]
    kx, ky = px + 0.5 * ks * y, py - 0.5 * ks * x
    pz = jnp.sqrt(momentum * momentum - kx * kx - ky * ky)
    by, bx = _maps.field(x, y, _maps.multipoles(row.values))
    curvature = row["angle"] / row["length"]
    by = by + curvature - 0.5 * slope * y
    bx = bx - 0.5 * slope * x
    ux, uy, uz = kx / momentum, ky / momentum, pz / momentum
    # (u x B)^2, the field across the particle's own direction
    across = (uy * ks - uz * by) ** 2 + (uz * bx - ux * ks) ** 2 + (ux * by - uy * bx) ** 2
    return across, row["length"] * row.extra[0] * (1 + curvature * x) * momentum / pz


def missing(row: Any, state: _maps.State, angle: Any) -> tuple[Any, Any]:
    """The same for what a turned pole face takes away from the sector: -x tan(e) of its path."""
    field = row["angle"] / row["length"] + row["k0"]
    return field * field, -state[0] * jnp.tan(angle)


def mean_loss(row: Any, delta: Any, across: Any, path: Any) -> Any:
    """Mean loss of momentum over P0."""
    mu2 = row.beam.mu2
    gamma2 = ((1 + delta) ** 2 + mu2) / mu2
    return (2 / 3) * row.beam.radius * gamma2 / jnp.sqrt(mu2) * across * path


def shrink(row: Any, state: _maps.State, loss: Any) -> _maps.State:
    """The state after losing momentum along its own direction."""
    x, px, y, py, z, delta = state
    ks = row["ks"] * row.extra[1]  # without solenoids ks is zero
    share = loss / (1 + delta)
    kx, ky = px + 0.5 * ks * y, py - 0.5 * ks * x
    return x, px - share * kx, y, py - share * ky, z, delta - loss


def variance(row: Any, state: _maps.State) -> Any:
    """The variance of delta that photons add at one place."""
    across, path = bending(row, state)
    momentum = 1 + state[5]
    gamma = jnp.sqrt((momentum**2 + row.beam.mu2) / row.beam.mu2)
    strength = _QUANTUM * row.beam.radius * row.beam.compton * gamma**5
    # across^(3/2), with a finite derivative where there is no field
    safe = jnp.where(across > 0, across, 1.0)
    return strength * jnp.where(across > 0, safe * jnp.sqrt(safe), 0.0) / momentum * path


def radiate_by_chance(row: Any, state: _maps.State, key: Any) -> _maps.State:
    """The loss at one place with a normal deviate of the right variance."""
    across, path = bending(row, state)
    loss = mean_loss(row, state[5], across, path)
    noise = jax.random.normal(key, state[5].shape)
    return shrink(row, state, loss + noise * jnp.sqrt(variance(row, state)))


def diffusion(row: Any, state: _maps.State) -> Any:
    """(6, 6, ...) the covariance that photons add at places of states of any shape."""
    ones = shrink(row, state, jnp.ones_like(state[5]))
    push = jnp.stack([after - before for after, before in zip(ones, state, strict=True)])
    return variance(row, state) * push[:, None] * push[None, :]
