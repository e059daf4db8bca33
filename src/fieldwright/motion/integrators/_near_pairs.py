"""Pairs of charges close to each other: a smooth near part of their field, and how to find them."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import COULOMB

_TERMS = 5  # of the far part's series in r^2; near and far forces have as many derivatives, less 2
_BITS = 32  # pairs in one word
_BLOCK = 1_000_000  # pairs looked at at a time
_MARGIN = 1.1  # of the cutoff: for what the charges do to each other while they approach


def _slopes() -> np.ndarray:
    """Of the Taylor series of u^(-1/2) about u = 1: the derivative's coefficients."""
    k = np.arange(1, _TERMS)
    return k * np.cumprod(-(k - 0.5) / k)


class Pairs(eqx.Module):
    """A list of pairs, and what they need to act on each other; `count` of its places are taken.

    With u = (r / cutoff)^2 the potential k q / r of a pair within the cutoff is divided into a far
    part, the first terms of the Taylor series of 1 / sqrt(u) about u = 1 (R. D. Skeel, I. Tezcan
    and D. J. Hardy, J. Comput. Chem. 23, 673 (2002)), and a near part, the rest, which vanishes at
    the cutoff together with its derivatives.
    """

    first: jax.Array  # (p,) index of one charge of each pair
    second: jax.Array
    push: jax.Array  # (p,) k times the second's charge [V m]; zero in places that are free
    pull: jax.Array  # the same of the first
    strength: jax.Array  # (p,) k |q q'| over the reduced mass [m^3/s^2]
    taken: jax.Array  # (p,) bool
    count: jax.Array
    cutoff: jax.Array  # [m]

    def field(self, position: jax.Array) -> tuple[jax.Array, jax.Array]:
        """E (3, n) [V/m] of the near parts at positions (3, n) [m], and r^2 (p,) of the pairs."""
        d = position[:, self.first] - position[:, self.second]
        limit = self.cutoff**2
        square = jnp.where(self.taken, d[0] * d[0] + d[1] * d[1] + d[2] * d[2], 4 * limit)
        past = square / limit - 1
        slope = jnp.polyval(jnp.asarray(_slopes()[::-1]), past)
        weight = 1 / (square * jnp.sqrt(square)) + 2 * slope / self.cutoff**3
        E = jnp.where(past < 0, weight, 0.0) * d
        field = jnp.zeros_like(position).at[:, self.first].add(E * self.push)
        return field.at[:, self.second].add(-E * self.pull), square

    def fastest(self, square: jax.Array, velocity: jax.Array) -> jax.Array:
        """The rate [1/s] of the fastest encounter, from r^2 (p,) and velocities (3, n) [m/s]."""
        w = velocity[:, self.first] - velocity[:, self.second]
        speed = w[0] * w[0] + w[1] * w[1] + w[2] * w[2]
        rate = (speed + self.strength / jnp.sqrt(square)) / square
        return jnp.sqrt(jnp.max(jnp.where(self.taken, rate, 0.0)))


def find_pairs(
    position: jax.Array,
    shift: jax.Array,
    bend: jax.Array,
    charge: jax.Array,
    mass: jax.Array,
    cutoff: float | jax.Array,
    room: int,
) -> Pairs:
    """All pairs that come closer than the cutoff while the charges move.

    Args:
        position: (3, n) [m].
        shift: by how much each moves (3, n) [m].
        bend: how far its path is from the chord, at most (n,) [m].
        charge: (n,) [C]; zero where a charge counts no more.
        mass: (n,) [kg].
        cutoff: [m].
        room: the length of the list; `count` says how many pairs there are, also where it is more.
    """
    n = position.shape[1]
    reach = jnp.where(charge != 0, _MARGIN * cutoff / 2 + bend, -jnp.inf)
    words = _words(position, shift, reach)
    columns = words.shape[1]
    words = words.ravel()
    ends = jnp.cumsum(_number(words))
    place = jnp.arange(room)
    at = jnp.searchsorted(ends, place, side="right", method="scan_unrolled")
    at = jnp.minimum(at, len(words) - 1)
    word = words[at]
    left = place - (ends[at] - _number(word))
    masks = jnp.asarray(2 ** np.arange(1, _BITS + 1) - 1, dtype=jnp.uint32)
    bit = jnp.sum(_number(word[:, None] & masks) <= left[:, None], axis=1)
    taken = place < ends[-1]
    first = jnp.where(taken, at // columns, 0)
    second = jnp.where(taken, jnp.minimum(at % columns * _BITS + bit, n - 1), 1)
    product = jnp.abs(charge[first] * charge[second])
    return Pairs(
        first,
        second,
        push=jnp.where(taken, COULOMB * charge[second], 0.0),
        pull=jnp.where(taken, COULOMB * charge[first], 0.0),
        strength=COULOMB * product * (1 / mass[first] + 1 / mass[second]),
        taken=taken,
        count=ends[-1],
        cutoff=jnp.asarray(cutoff),
    )


def _number(words: jax.Array) -> jax.Array:
    return jax.lax.population_count(words).astype(int)


def _words(position: jax.Array, shift: jax.Array, reach: jax.Array) -> jax.Array:
    """One bit for each pair that is close and whose second index is the larger: (n, n / 32)."""
    n = position.shape[1]
    rows = max(1, min(n, _BLOCK // n))
    count = -(-n // rows)
    moved = jnp.concatenate([position, shift, reach[None]])
    columns = _padded(moved, n + -n % _BITS)
    blocks = _padded(moved, count * rows).reshape(7, count, rows).swapaxes(0, 1)
    first = jnp.arange(count) * rows
    words = jax.lax.map(lambda block: _word_block(block[0], block[1], columns), (blocks, first))
    return words.reshape(count * rows, -1)[:n]


def _padded(moved: jax.Array, length: int) -> jax.Array:
    """More columns, of charges that are close to none."""
    added = ((0, 0), (0, length - moved.shape[1]))
    return jnp.pad(moved, added).at[6, moved.shape[1] :].set(-jnp.inf)


def _word_block(rows: jax.Array, first: jax.Array, columns: jax.Array) -> jax.Array:
    d = [columns[k] - rows[k][:, None] for k in range(3)]
    s = [columns[k] - rows[k][:, None] for k in range(3, 6)]
    dd, ds, ss = (sum(a * b for a, b in zip(*two, strict=True)) for two in ((d, d), (d, s), (s, s)))
    # Where on the way, of length one, they are closest.
    t = jnp.clip(-ds / jnp.where(ss > 0, ss, 1.0), 0.0, 1.0)
    both = jnp.maximum(columns[6] + rows[6][:, None], 0.0)
    row = first + jax.lax.broadcasted_iota(int, both.shape, 0)
    column = jax.lax.broadcasted_iota(int, both.shape, 1)
    close = (dd + t * (2 * ds + t * ss) < both * both) & (row < column)
    bits = close.reshape(len(both), -1, _BITS).astype(jnp.uint32)
    return jnp.sum(bits << jnp.arange(_BITS, dtype=jnp.uint32), axis=2, dtype=jnp.uint32)
