"""Sums of waves in a medium, which slows and weakens them on their way out of it."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light.media._medium import Medium
from fieldwright.light.spectra._nufft import LOSSY, any_sum
from fieldwright.sources._checks import is_concrete

_UNKNOWN_RANK = 28  # where attenuation is not known: enough for any down to exp(-64)
_SHIFT = 10.0  # over the depth: what is added to attenuation before its logarithm is taken
_DIGITS = 30.0  # of terms that fall by a ratio: enough of them leave exp(-30) of the first


class Optics(eqx.Module):
    """What a medium does at each photon energy (e,): 1 - index, and attenuation [1/m] if any."""

    index_gap: jax.Array
    attenuation: jax.Array | None

    def rank(self, length: float | None) -> int:
        """How many terms the loss along at most `length` [m] takes; 0 where nothing is lost."""
        if self.attenuation is None:
            return 0
        if not is_concrete(self.attenuation):
            return _UNKNOWN_RANK
        loss = np.asarray(self.attenuation)
        low, high = float(np.min(loss)), float(np.max(loss))
        if high == 0:
            return 0
        shift = 0.0 if length is None else _SHIFT / length
        if low + shift == 0:
            return _UNKNOWN_RANK
        half = np.log((high + shift) / (low + shift)) / 2
        if half < 1e-12:
            return 1
        # exp(-mu d) is small where the logarithm of mu is less than pi / 2 off the real axis, and
        # its Chebyshev series falls as the powers of the ellipse that reaches there
        wide = np.pi / 2 / half
        return 1 + int(np.ceil(_DIGITS / np.arcsinh(wide)))


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


def cheapest(
    optics: Optics, rank: int, rate: np.ndarray, step: float, factor: int, omega: np.ndarray
) -> str:
    """How `medium_sum` takes least time, for 1 - n.v/c (n,) at steps [s] to be divided by a factor.

    Times [s] are as measured on one core: of transforms by points, energies and size of their
    grid, and of every wave at every point.
    """
    lag = step * np.cumsum(rate)
    reach = step * np.arange(len(rate)) - lag
    kappa = omega * np.asarray(optics.index_gap)
    points, channels = factor * len(rate), 2 * max(1, rank)
    times = {"direct": 4e-8 * points * len(omega)}
    for way, pairs in {
        "reach": (reach, lag, kappa, omega),
        "lag": (lag, reach, omega, kappa),
    }.items():
        first, second, a, b = pairs
        slope = _slope(first, second)
        sides = ((first, a + slope * b), (second - slope * first, b))
        grid = np.prod([4 / np.pi * float(np.ptp(x)) * float(np.ptp(k)) / 2 + 30 for x, k in sides])
        times[way] = channels * (2e-7 * (points + len(omega)) + 1e-7 * float(grid)) + 1e-3
    return min(times, key=lambda way: times[way])


def medium_sum(
    weights: jax.Array, lag: jax.Array, reach: jax.Array, end: jax.Array, omega: jax.Array,
    optics: Optics, way: str, rank: int,
) -> jax.Array:  # fmt: skip
    """The sum (c, e) of weights (c, n) over waves from retarded times and n.r/c (n,) [s].

    Light leaves the medium where n.r/c is `end`. The phase is omega lag + kappa reach with
    kappa = omega (1 - index). Both grow along the path; so one is written as a slope times the
    other, by which `way` is called, and a rest, which is short: a two-dimensional transform whose
    second dimension is small. Where it is not, or energies are few, `way` is "direct".
    """
    kappa = omega * optics.index_gap
    depth = SPEED_OF_LIGHT * (end - reach)
    places: tuple[jax.Array, ...] = (lag, reach)
    frequencies: tuple[jax.Array, ...] = (omega, kappa)
    if way == "direct":
        if optics.attenuation is not None:
            places, frequencies = (*places, depth), (*frequencies, 0.5j * optics.attenuation)
        return any_sum(weights, places, frequencies, False)
    if way == "reach":
        places, frequencies = places[::-1], frequencies[::-1]
    slope = jax.lax.stop_gradient(_slope(*places))
    places = (places[0], places[1] - slope * places[0])
    frequencies = (frequencies[0] + slope * frequencies[1], frequencies[1])
    if rank == 0:
        return any_sum(weights, places, frequencies, True)
    assert optics.attenuation is not None
    length = SPEED_OF_LIGHT * jax.lax.stop_gradient(jnp.max(lag + reach))
    losses, shares = _losses(optics.attenuation, length, rank)
    weak = jnp.exp(-losses[:, None] * depth / 2)
    found = any_sum(
        (weak[:, None] * weights).reshape(-1, len(reach)), places, frequencies, True, LOSSY
    )
    return jnp.einsum("er,rce->ce", shares, found.reshape(rank, len(weights), -1))


def _slope(first: Any, second: Any) -> Any:
    """Of the second over the first; n.r/c may be zero all along."""
    return (first @ second) / (first @ first + 1e-30 * (second @ second))


def _losses(attenuation: jax.Array, length: jax.Array, rank: int) -> tuple[jax.Array, jax.Array]:
    """Attenuations (rank,) [1/m], and the shares (e, rank) of their losses in those by (e,).

    Loss is interpolated between Chebyshev's points of log(attenuation + shift): no power is too
    large for that, while light from deep inside that never gets out is no concern.
    """
    shift = _SHIFT / length
    place = jnp.log(attenuation + shift)
    low, high = (jax.lax.stop_gradient(f(place)) for f in (jnp.min, jnp.max))
    middle, half = (low + high) / 2, jnp.maximum((high - low) / 2, 1e-9)
    angles = np.pi * (np.arange(rank) + 0.5) / rank
    terms = np.cos(np.outer(np.arange(rank), angles)) * (2 / rank)
    terms[0] /= 2
    shares = _chebyshev((place - middle) / half, rank).T @ terms
    return jnp.exp(middle + half * np.cos(angles)) - shift, shares


def _chebyshev(x: jax.Array, count: int) -> jax.Array:
    """Chebyshev polynomials (count, n) at x (n,)."""

    def following(pair: Any, _: Any) -> Any:
        before, now = pair
        return (now, 2 * x * now - before), before

    return jax.lax.scan(following, (jnp.ones_like(x), x), None, length=count)[1]


def repeat(phase: jax.Array, loss: jax.Array, periods: int) -> jax.Array:
    """The sum (e,) over k = 0 ... N - 1 of exp(i k phase - (N - 1 - k) loss): N periods for one.

    It is sin(N phase / 2) / sin(phase / 2) and a phase where nothing is lost. Where a charge goes
    against its light, `loss` is below zero, and the first period is the last to be passed: k takes
    the place of N - 1 - k.
    """
    turn = 2 * np.pi
    near = phase - turn * jnp.round(jax.lax.stop_gradient(phase) / turn)
    ahead = loss >= 0
    z = jnp.abs(loss) + 1j * jnp.where(ahead, near, -near)
    small = jnp.abs(z) < 1e-3 / periods
    safe = jnp.where(small, 1.0, z)
    ratio = jnp.where(
        small,
        periods * (1 + (periods**2 - 1) * z**2 / 24) * jnp.exp(-(periods - 1) * z / 2),
        jnp.expm1(-periods * safe) / jnp.expm1(-safe),
    )
    return ratio * jnp.exp(1j * (periods - 1) * jnp.where(ahead, near, 0.0))
