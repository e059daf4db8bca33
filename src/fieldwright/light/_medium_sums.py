"""Sums of waves in a medium, which slows and weakens them on their way out of it."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light._medium import Medium
from fieldwright.light._nufft import any_sum
from fieldwright.sources._checks import is_concrete

_UNKNOWN_RANK = 24  # inside `jit`: enough for exp(-10)


class Optics(eqx.Module):
    """What a medium does at each photon energy (e,): 1 - index, and attenuation [1/m] if any."""

    index_gap: jax.Array
    attenuation: jax.Array | None

    def rank(self, length: float | None) -> int:
        """How many terms the loss along at most `length` [m] takes; 0 where nothing is lost."""
        if self.attenuation is None:
            return 0
        if length is None or not is_concrete(self.attenuation):
            return _UNKNOWN_RANK
        depth = float(np.max(np.asarray(self.attenuation))) * length / 2
        # exp(-depth x) over (0, 1) by Chebyshev polynomials: terms fall as Bessel's I(depth / 2)
        return 0 if depth == 0 else 6 + int(np.ceil(2 * np.sqrt(depth) + depth))


def optics_of(medium: Any, photon_energy: jax.Array) -> Optics:
    """What `medium` does at photon energies (e,) [eV].

    Raises:
        InputError: no wave goes through at one of them, or the medium lacks a method.
    """
    for name in ("one_minus_index", "attenuation"):
        if not hasattr(medium, name):
            raise InputError(
                f"medium must have {name}(photon_energy), such as light.Plasma has; got "
                f"{type(medium).__name__}",
                parameter="medium",
            )
    gap = jnp.broadcast_to(medium.one_minus_index(photon_energy), photon_energy.shape)
    loss = None
    if getattr(type(medium), "attenuation", None) is not Medium.attenuation:
        loss = jnp.broadcast_to(medium.attenuation(photon_energy), photon_energy.shape)
    if is_concrete(gap):
        bad = ~(np.asarray(gap) < 1)  # NaN too, which a root of a negative permittivity is
        if bad.any():
            first = float(photon_energy[int(np.argmax(bad))])
            raise InputError(
                f"no light of {first:g} eV goes through this medium: it must be above its plasma "
                "energy",
                parameter="photon_energy",
            )
    return Optics(gap, loss)


def medium_sum(
    weights: jax.Array, lag: jax.Array, reach: jax.Array, end: jax.Array, omega: jax.Array,
    optics: Optics, rank: int, library: bool,
) -> jax.Array:  # fmt: skip
    """The sum (c, e) of weights (c, n) over waves from retarded times and n.r/c (n,) [s].

    Light leaves the medium where n.r/c is `end`. The phase is omega lag + kappa reach with
    kappa = omega (1 - index). Both grow along the path; so lag is written as slope times reach and
    a rest, which is short: a two-dimensional transform whose second dimension is small.
    """
    slope = (lag @ reach) / (reach @ reach)
    slope = jax.lax.stop_gradient(slope)
    places = (reach, lag - slope * reach)
    frequencies = (omega * (slope + optics.index_gap), omega)
    if optics.attenuation is None or rank == 0:
        return any_sum(weights, places, frequencies, library)
    # Loss exp(-mu (end - depth) / 2) as a short sum of products of one of mu and one of depth
    low, high = jnp.min(reach), jnp.max(reach)
    place = jnp.clip(2 * (reach - low) / (high - low) - 1, -1.0, 1.0)
    angles = np.pi * (np.arange(rank) + 0.5) / rank
    depth = SPEED_OF_LIGHT * (end - (low + (high - low) * (np.cos(angles) + 1) / 2))
    losses = jnp.exp(-optics.attenuation[:, None] * depth / 2)
    terms = np.cos(np.outer(np.arange(rank), angles)) * (2 / rank)
    terms[0] /= 2
    coefficients = losses @ terms.T
    shapes = _chebyshev(place, rank)
    found = any_sum(
        (shapes[:, None] * weights).reshape(-1, len(reach)), places, frequencies, library
    )
    return jnp.einsum("er,rce->ce", coefficients, found.reshape(rank, len(weights), -1))


def _chebyshev(x: jax.Array, count: int) -> jax.Array:
    """Chebyshev polynomials (count, n) at x (n,)."""

    def following(pair: Any, _: Any) -> Any:
        before, now = pair
        return (now, 2 * x * now - before), before

    return jax.lax.scan(following, (jnp.ones_like(x), x), None, length=count)[1]


def repeat(phase: jax.Array, loss: jax.Array, periods: int) -> jax.Array:
    """The sum (e,) over k = 0 ... N - 1 of exp(i k phase - (N - 1 - k) loss): N periods for one.

    It is sin(N phase / 2) / sin(phase / 2) and a phase where nothing is lost.
    """
    turn = 2 * np.pi
    near = phase - turn * jnp.round(jax.lax.stop_gradient(phase) / turn)
    z = (loss + 1j * near) / 2
    small = jnp.abs(z) < 1e-3 / periods
    safe = jnp.where(small, 1.0, z)
    ratio = jnp.where(
        small,
        periods * (1 + (periods**2 - 1) * z**2 / 6),
        jnp.sinh(periods * safe) / jnp.sinh(safe),
    )
    return ratio * jnp.exp((periods - 1) * (1j * near - loss) / 2)
