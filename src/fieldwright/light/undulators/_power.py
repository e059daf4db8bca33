"""Power of an undulator's light: in all, and in each direction.

What a charge sends in a direction follows from its motion alone, whatever its spectrum (Lienard);
Kim's formula for planar undulators is that with all small quantities dropped.
"""

from __future__ import annotations

from math import pi
from typing import Any

import jax
import jax.numpy as jnp

import fieldwright._jax  # noqa: F401
from fieldwright.constants import ELECTRON_RADIUS, ELECTRON_REST_ENERGY
from fieldwright.errors import InputError
from fieldwright.light._checks import numbers
from fieldwright.light.spectra._directions import Directions, as_directions
from fieldwright.light.undulators._light_beam import LightBeam
from fieldwright.light.undulators._undulator import PlanarUndulator, Undulator, _lorentz

#: Nodes over a period: exact to rounding at large angles, and at K up to some 20.
_NODES = 512


def undulator_power(undulator: Undulator, beam: LightBeam) -> Any:
    """Power of all the light of a beam in an undulator [W].

    Args:
        undulator: planar or helical, with the true motion.
        beam: its energy and current count.

    Raises:
        InputError: an undulator of constant longitudinal velocity, whose charge changes energy.

    Lienard's formula along the motion of constant energy: 2/3 r_e m c^2 gamma^4 |d beta / dz|^2
    over its length, but for the longitudinal part, which is small.

    >>> from fieldwright.light import LightBeam, PlanarUndulator, undulator_power
    >>> print(f"{undulator_power(PlanarUndulator(0.02, 1.0, 100), LightBeam(3e9, 0.1)):.2f} W")
    326.56 W
    """
    _require_true(undulator)
    _lorentz(beam.gamma, undulator)
    return beam.current * _loss(undulator, beam.gamma)


def power_density(undulator: Undulator, beam: LightBeam, direction: Any = (0.0, 0.0)) -> Any:
    """Power of a beam's light in a direction [W/mrad^2], (...).

    Args:
        undulator: planar or helical, with the true motion.
        beam: its energy and current count; its divergence is left out.
        direction: angles (..., 2) about z [rad], or vectors (..., 3).

    Raises:
        InputError: as `undulator_power`; directions of wrong shape.

    Lienard: energy per solid angle and time of the charge e^2 / (16 pi^2 eps0 c) |n x ((n - beta) x
    beta')|^2 / (1 - n.beta)^5. For small angles it is K.-J. Kim's formula, `kim_power_density`.

    >>> from fieldwright.light import LightBeam, PlanarUndulator, power_density
    >>> print(f"{power_density(PlanarUndulator(0.02, 1.0, 100), LightBeam(3e9, 0.1)):.1f}")
    4453.2
    """
    _require_true(undulator)
    n = as_directions(direction)
    return 1e-6 * beam.current * _density(undulator, _lorentz(beam.gamma, undulator), n)


def kim_power_density(
    undulator: PlanarUndulator, beam: LightBeam, direction: Any = (0.0, 0.0)
) -> Any:
    """Power density of a planar undulator by Kim's closed formula [W/mrad^2], (...).

    Arguments as `power_density`; directions are angles (..., 2). Source: K.-J. Kim, Nucl. Instrum.
    Methods A 246, 67 (1986).

    Raises:
        InputError: an undulator that is not planar, directions of wrong shape.

    >>> from fieldwright.light import LightBeam, PlanarUndulator, kim_power_density
    >>> print(f"{kim_power_density(PlanarUndulator(0.02, 1.0, 100), LightBeam(3e9, 0.1)):.1f}")
    4453.2
    """
    if not isinstance(undulator, PlanarUndulator):
        raise InputError("Kim's formula is for planar undulators", parameter="undulator")
    gamma, K = _lorentz(beam.gamma, undulator), undulator.K
    angles = jnp.asarray(numbers(direction, "direction"))
    if angles.shape[-1:] != (2,):
        raise InputError(
            f"direction must be angles (..., 2) [rad], got the shape {angles.shape}",
            parameter="direction",
        )
    x, y = jnp.moveaxis(gamma * angles, -1, 0)
    t = 2 * pi * (jnp.arange(_NODES) + 0.5) / _NODES
    side = x[..., None] - K * jnp.cos(t)
    D = 1 + y[..., None] ** 2 + side**2
    mean = jnp.mean(jnp.sin(t) ** 2 * (1 / D**3 - 4 * side**2 / D**5), axis=-1)
    total = beam.current * ELECTRON_RADIUS * ELECTRON_REST_ENERGY / 3 * (2 * pi * gamma * K) ** 2
    total = total * undulator.periods / undulator.period
    # 21 gamma^2 / (16 pi K) G f with f G = 16 K / (7 pi) times the integral over a period
    return 1e-6 * total * gamma**2 * 6 / pi * mean


@jax.jit
def _loss(undulator: Undulator, gamma: Any) -> Any:
    """Energy that one charge radiates [eV]."""
    _, rates, weight = _turning(undulator, gamma)
    square = sum(rate**2 for rate in rates)
    factor = 2 / 3 * ELECTRON_RADIUS * ELECTRON_REST_ENERGY * undulator.periods / undulator.period
    return factor * gamma**4 * jnp.sum(weight * square)


@jax.jit
def _density(undulator: Undulator, gamma: Any, n: Directions) -> Any:
    """Energy per solid angle that one charge radiates [eV/sr] (...)."""
    one, (ax, ay, az), weight = _turning(undulator, gamma)
    nx, ny, drop = n.across[..., 0, None], n.across[..., 1, None], n.drop[..., None]
    gap = nx - one.beta_x, ny - one.beta_y, one.slip - drop
    square = ax**2 + ay**2 + az**2
    late = 0.5 * (gap[0] ** 2 + gap[1] ** 2 + gap[2] ** 2 + 1 / gamma**2)
    along = nx * ax + ny * ay + (1 - drop) * az
    # |n x ((n - b) x b')|^2 = late^2 b'^2 + 2 late (n.b')(b.b') - (n.b')^2 / gamma^2, b.b' = 0
    strength = late**2 * square - along**2 / gamma**2
    factor = (
        ELECTRON_RADIUS * ELECTRON_REST_ENERGY / (4 * pi) * undulator.periods / undulator.period
    )
    return factor * jnp.sum(weight * strength / late**5, axis=-1)


def _turning(undulator: Undulator, gamma: Any) -> Any:
    """Motion at even steps of a period, d beta / d(c t / period), and weights in c t / period."""
    place = (jnp.arange(_NODES) + 0.5) / _NODES
    (ux, uy), (tx, ty) = jax.jvp(undulator._momenta, (place,), (jnp.ones(_NODES),))
    one = undulator.velocities(gamma, ux, uy)
    beta_z = 1 - one.slip
    ax, ay = tx / gamma * beta_z, ty / gamma * beta_z
    az = -(one.beta_x * ax + one.beta_y * ay) / beta_z
    return one, (ax, ay, az), 1 / (beta_z * _NODES)


def _require_true(undulator: Undulator) -> None:
    if getattr(undulator, "uniform", False):
        raise InputError(
            "a charge of constant longitudinal velocity changes its energy as it goes: take "
            "uniform=False for its power",
            parameter="undulator",
        )
