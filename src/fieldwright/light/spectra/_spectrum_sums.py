"""The sums behind spectra, compiled: one direction or point after the other."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright.constants import ELEMENTARY_CHARGE, FINE_STRUCTURE, HBAR, SPEED_OF_LIGHT
from fieldwright.light.spectra._directions import Directions, directions_of
from fieldwright.light.spectra._medium_sums import Optics, medium_sum, repeat
from fieldwright.light.spectra._nufft import any_sum, even_sum
from fieldwright.light.spectra._path import Path
from fieldwright.light.spectra._phase import far_phase, far_reach, lag_rate, near_phase, time_step
from fieldwright.light.spectra._stencils import with_ends

#: Angular frequency [1/s] of 1 eV.
TURNS = ELEMENTARY_CHARGE / HBAR

_FAR_STATIC = ("repeated", "even", "pad", "library", "way", "rank", "straight")
_TOGETHER = 32  # directions at once where the sums are products of matrices


class Counts(NamedTuple):
    """How many count; what is beyond fills up arrays, of which there are few sizes."""

    points: Any
    cases: Any  # directions, or places
    energies: Any
    periods: Any = 1


@partial(compiled, static=_FAR_STATIC, options={})
def far_sums(
    path: Path, begin: Any, directions: Directions, energies: jax.Array, optics: Optics | None,
    weights: jax.Array, errors: Any, counts: Counts, *, repeated: bool, even: bool, pad: int,
    library: bool, way: str, rank: int, straight: bool,
) -> tuple[jax.Array, ...]:  # fmt: skip
    """Amplitudes, energies and error in directions (d,) of a path with `pad` points at each end.

    `weights` are of its points and of the nodes at its ends, for steps of one; `errors`, of phases
    and of sums over their weights.
    """
    inner = slice(pad, len(path.time) - pad)
    step, omega, periods = time_step(path), energies * TURNS, counts.periods
    within = counts.points - 2 * pad  # points that count
    place = jnp.minimum(jnp.arange(len(path.time) - 2 * pad), within - 1)
    weights = step * weights

    def held(values: jax.Array) -> jax.Array:
        """As they are at the end, beyond it."""
        return jnp.where(jnp.arange(len(place)) < within, values, values[within - 1])

    def one(direction: Directions) -> tuple[jax.Array, jax.Array]:
        lag, across = far_phase(path, direction, counts.points)
        lag, across = held(lag[inner] - lag[pad]), across[:, inner]
        strengths = weights * with_ends(across, within)
        late = far_reach(begin[1], direction)
        first = omega * (begin[0] - late)
        turn, loss = omega * lag[-1], jnp.zeros_like(omega)
        slow, whole = 0.0 * omega, periods * _largest(strengths)
        if optics is None:
            found = _sum(strengths, with_ends(lag, within), omega, even, library)
        else:
            reach = step * place - lag
            found = medium_sum(
                strengths,
                with_ends(lag, within),
                with_ends(reach, within),
                jnp.max(reach),
                omega,
                optics,
                way if library else "direct",
                rank,
            )
            slow = omega * optics.index_gap
            first += slow * late
            turn += slow * reach[-1]
            if optics.attenuation is not None:
                loss = optics.attenuation * (SPEED_OF_LIGHT * reach[-1] / 2)
                depth = SPEED_OF_LIGHT * (jnp.max(reach) - with_ends(reach, within))
                left = jnp.exp(-jnp.min(optics.attenuation) * depth / 2)
                whole = periods * _largest(strengths * left)
        if repeated:
            found = found * repeat(turn, loss, periods)
        if straight:
            rate = lag_rate(path, direction)[inner][jnp.stack([0 * within, within - 1])]
            turns = jnp.stack([0 * turn, periods * turn])
            waves = jnp.exp(1j * turns) / (omega * rate[:, None] + slow * (1 - rate[:, None]))
            left, right = across[:, :1], across[:, within - 1][:, None]
            found = found + 1j * (right * waves[1] - left * waves[0])
        return (found * jnp.exp(1j * first)).T, whole

    amplitude, largest = _each(one, directions, counts.cases, library)
    index = 1.0 if optics is None else 1 - optics.index_gap
    energy = _energy(amplitude, omega) * index
    return amplitude, energy, _error(amplitude, largest, errors, counts.energies)


@partial(compiled, static=("even", "library"), options={})
def near_sums(
    path: Path, points: jax.Array, energies: jax.Array, weights: jax.Array, errors: Any,
    counts: Counts, *, even: bool, library: bool,
) -> tuple[jax.Array, ...]:  # fmt: skip
    """Amplitudes, energies and error at points (p, 3); see `far_sums`."""
    omega = energies * TURNS
    weights = time_step(path) * weights
    within = jnp.arange(len(path.time)) < counts.points
    middle = path.position[counts.points // 2]

    def one(point: jax.Array) -> tuple[jax.Array, jax.Array]:
        gap = point - middle
        distance = jnp.linalg.norm(gap)
        reference = directions_of(gap / distance)
        lag, radiated, bound = near_phase(path, point, reference, counts.points)
        parts = jnp.concatenate([radiated, bound])
        strengths = weights * distance * with_ends(parts, counts.points)
        late = with_ends(jnp.where(within, lag, lag[counts.points - 1]), counts.points)
        found = _sum(strengths, late, omega, even, library)
        whole = found[:2] + found[2:] * (1j * SPEED_OF_LIGHT / omega)
        first = path.time[0] + jnp.linalg.norm(point - path.position[0]) / SPEED_OF_LIGHT
        return (whole * jnp.exp(1j * omega * first)).T, _largest(strengths[:2])

    amplitude, largest = _each(one, points, counts.cases, library)
    error = _error(amplitude, largest, errors, counts.energies)
    return amplitude, _energy(amplitude, omega), error


def _largest(strengths: jax.Array) -> jax.Array:
    """The sum were all waves in step, of which sums lose digits."""
    return jax.lax.stop_gradient(jnp.sum(jnp.abs(strengths)))


def _error(amplitude: jax.Array, largest: jax.Array, errors: Any, number: Any) -> jax.Array:
    """Of amplitudes over the largest: sums that all but cancel have few digits left."""
    counts = jnp.arange(amplitude.shape[1])[:, None] < number
    peak = jax.lax.stop_gradient(jnp.max(jnp.where(counts, jnp.abs(amplitude), 0.0)))
    phases, sums = errors
    return phases + sums * jnp.max(largest) / jnp.where(peak > 0, peak, 1.0)


def _sum(
    weights: jax.Array, lag: jax.Array, omega: jax.Array, even: bool, library: bool
) -> jax.Array:
    """The sum (c, e) over waves in vacuum."""
    if not even:
        return any_sum(weights, (lag,), (omega,), library)
    count = len(omega)
    step = (omega[-1] - omega[0]) / (count - 1)
    return even_sum(weights, lag, omega[0], step, count, library)


def _each(one: Any, cases: Any, number: Any, library: bool) -> Any:
    """`one` of the first `number` of the cases; several at once where it is a matrix product."""
    count = len(jax.tree.leaves(cases)[0])
    if count == 1:
        found = one(jax.tree.map(lambda leaf: leaf[0], cases))
        return jax.tree.map(lambda leaf: leaf[None], found)
    shapes = jax.eval_shape(one, jax.tree.map(lambda leaf: leaf[0], cases))
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)

    def counted(numbered: Any) -> Any:
        index, case = numbered
        return jax.lax.cond(index < number, one, lambda case: nothing, case)

    batch = None if library else min(_TOGETHER, count)
    return jax.lax.map(counted, (jnp.arange(count), cases), batch_size=batch)


def _energy(amplitude: jax.Array, omega: jax.Array) -> jax.Array:
    """d2W / (d Omega d omega) [J s/sr], but for the refractive index."""
    square = jnp.sum(amplitude.real**2 + amplitude.imag**2, axis=-1)
    return FINE_STRUCTURE * HBAR / (4 * np.pi**2) * omega**2 * square
