"""Many particles, many turns: one tracker for every use.

A turn is a scan over the rows of the lattice's programme, with a switch on each row's map, so that
compiling takes no longer for a long ring than for a short one. Particles are taken in blocks that
stay in a core's cache, a thread for each core.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright._threads import cores
from fieldwright.errors import InputError
from fieldwright.rings import _radiation
from fieldwright.rings._lattice import Lattice
from fieldwright.rings._rows import OPERATIONS, Row, Rows, prepare, rows_of
from fieldwright.sources._checks import as_float, is_concrete

_BLOCK = 2500  # particles: their states and intermediates fit a core's cache
_WORK = 5_000_000  # particle-rows of one call, so that progress is told about every second
_FAR = 1.0  # [m]: farther out a particle is lost, apertures or not


class Tracked(Result):
    """Particles after turns.

    Coordinates are (x [m], px, y [m], py, z [m], delta); those of lost particles are NaN.
    """

    turns: Any = quantity("1", "turns done (k,)")
    coordinates: Any = quantity("m, rad", "after each of these turns (k, n, 6)")
    lost_turn: Any = quantity("1", "turn in which a particle was lost, -1 of kept ones (n,)")
    lost_element: Any = quantity("1", "element at whose aperture, -1 of others (n,)")

    @property
    def kept(self) -> Any:
        """(n,) which particles are still there."""
        return self.lost_turn < 0

    @property
    def final(self) -> Any:
        """(n, 6) the last coordinates."""
        return self.coordinates[-1]


def track(
    lattice: Lattice,
    coordinates: Any,
    turns: int,
    *,
    radiation: str = "none",
    seed: int = 0,
    every: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Tracked:
    """Track particles through a lattice, from its start.

    Args:
        lattice: a ring or a line.
        coordinates: (n, 6) or (6,) of (x [m], px, y [m], py, z [m], delta).
        turns: how often round; 1 of a line.
        radiation: "none", "mean" for the mean loss, or "quantum" for photons by chance, as normal
            deviates of the right variance.
        seed: of the chance; a block of particles has the same on every computer.
        every: keep coordinates before the first turn and after every so many; None keeps the last.
        progress: called with the fraction done.

    Raises:
        InputError: coordinates of a wrong shape or not finite, turns or every below one, turns
            that are no multiple of every, or an unknown kind of radiation.

    >>> from fieldwright.rings import track, vepp2000
    >>> ring = vepp2000("++--")
    >>> seen = track(ring, [1e-4, 0, 0, 0, 0, 0], 10, every=1)
    >>> print(seen.coordinates.shape, f"{seen.final[0, 0] * 1e6:.1f} um")
    (11, 1, 6) 100.0 um
    """
    _require(turns, every, radiation)
    start = as_float(coordinates, "coordinates", np.shape(coordinates))
    start = start[None] if np.ndim(start) == 1 else start
    if np.ndim(start) != 2 or start.shape[1] != 6:
        raise InputError(
            f"coordinates must have the shape (n, 6) or (6,), got {np.shape(coordinates)}",
            parameter="coordinates",
        )
    rows = rows_of(lattice, radiation=radiation != "none", apertures=True)
    run = _Run(rows, lattice, radiation == "quantum", seed, every or turns, progress)
    if not is_concrete(start, lattice):
        return run.traced(start, turns, with_start=every is not None)
    return run.threaded(np.asarray(start), turns, with_start=every is not None)


def _require(turns: int, every: int | None, radiation: str) -> None:
    if int(turns) < 1:
        raise InputError(f"turns must be at least 1, got {turns}", parameter="turns")
    if every is not None and not 1 <= every <= turns:
        raise InputError(f"every must be from 1 to turns, got {every}", parameter="every")
    if every is not None and turns % every:
        raise InputError(
            f"turns must be a multiple of every, so that the last turn is kept; got {turns} turns "
            f"and every {every}",
            parameter="every",
        )
    if radiation not in ("none", "mean", "quantum"):
        raise InputError(
            f"radiation must be 'none', 'mean' or 'quantum', got {radiation!r}",
            parameter="radiation",
        )


class _Run:
    """One task: what all blocks of particles share."""

    def __init__(
        self,
        rows: Rows,
        lattice: Lattice,
        chance: bool,
        seed: int,
        every: int,
        progress: Callable[[float], None] | None,
    ):
        self.rows, self.lattice, self.chance = rows, lattice, chance
        self.key, self.every, self.progress = jax.random.key(seed), every, progress

    def threaded(self, start: np.ndarray, turns: int, with_start: bool) -> Tracked:
        """Blocks of particles side by side, in calls of about a second."""
        threads = cores() if jax.default_backend() == "cpu" else 1
        blocks = _blocks(start, _BLOCK if jax.default_backend() == "cpu" else len(start))
        per_call = max(1, round(_WORK / (len(blocks[0]) * max(1, len(self.rows)) * self.every)))
        saves = turns // self.every
        # rounded up, so that not every number of turns is compiled anew
        per_call = min(per_call, 1 << (saves - 1).bit_length())
        states = [_begin(block) for block in blocks]
        kept: list[np.ndarray] = [start[None]] if with_start else []
        with ThreadPoolExecutor(min(threads, len(blocks))) as pool:
            for done in range(0, saves, per_call):
                count = min(per_call, saves - done)
                calls = [
                    pool.submit(self._call, state, number, done, count, per_call)
                    for number, state in enumerate(states)
                ]
                found = [call.result() for call in calls]
                states = [state for state, _ in found]
                history = np.concatenate([seen[:count] for _, seen in found], axis=2)
                kept.append(history.transpose(0, 2, 1)[:, : len(start)])
                if self.progress is not None:
                    self.progress((done + count) / saves)
        lost = [np.concatenate([np.asarray(s[i]) for s in states])[: len(start)] for i in (1, 2)]
        after = np.arange(0 if with_start else 1, saves + 1) * self.every
        return Tracked(
            turns=after, coordinates=np.concatenate(kept), lost_turn=lost[0], lost_element=lost[1]
        )

    def _call(self, state: Any, block: int, done: int, count: int, slots: int) -> Any:
        key = jax.random.fold_in(self.key, block)
        lattice = self.lattice
        state, seen = _kernel(
            self.rows,
            self.chance,
            slots,
            lattice.table,
            lattice.energy,
            state,
            key,
            done * self.every,
            count,
            self.every,
        )
        return state, np.asarray(seen)

    def traced(self, start: Any, turns: int, with_start: bool) -> Tracked:
        """All in one, inside a transformation."""
        saves, lattice = turns // self.every, self.lattice
        key = jax.random.fold_in(self.key, 0)
        state, seen = _kernel(
            self.rows,
            self.chance,
            saves,
            lattice.table,
            lattice.energy,
            _begin(start),
            key,
            0,
            saves,
            self.every,
        )
        kept = seen.transpose(0, 2, 1)
        if with_start:
            kept = jnp.concatenate([jnp.asarray(start)[None], kept])
        return Tracked(
            turns=np.arange(0 if with_start else 1, saves + 1) * self.every,
            coordinates=kept,
            lost_turn=state[1],
            lost_element=state[2],
        )


def _blocks(start: np.ndarray, size: int) -> list[np.ndarray]:
    """Blocks of one size, an even number of them, the last filled up with the last particle."""
    count = 2 * -(-len(start) // (2 * size)) if len(start) > 512 else 1
    each = -(-len(start) // count)
    full = np.concatenate([start, np.repeat(start[-1:], each * count - len(start), axis=0)])
    return list(full.reshape(count, each, 6))


def _begin(block: Any) -> Any:
    number = block.shape[0]
    none = jnp.full(number, -1, dtype=jnp.int64)
    return tuple(jnp.asarray(block).T), none, none


@functools.partial(jax.jit, static_argnames=("rows", "chance", "slots"))
def _kernel(
    rows: Rows,
    chance: bool,
    slots: int,
    table: Any,
    energy: Any,
    state: Any,
    key: Any,
    first: Any,
    saves: Any,
    every: Any,
) -> Any:
    """`saves` times `every` turns; (slots, 6, n) has the coordinates after each `every`."""
    turn = _turn(rows, chance, *prepare(rows, table, energy))

    def save(number: Any, carry: Any) -> Any:
        state, seen = carry
        begin = first + number * every
        state = jax.lax.fori_loop(
            begin, begin + every, lambda n, s: _lose(n, turn(s, jax.random.fold_in(key, n))), state
        )
        return state, jax.lax.dynamic_update_index_in_dim(seen, jnp.stack(state[0]), number, 0)

    number = state[0][0].shape[0]
    return jax.lax.fori_loop(0, saves, save, (state, jnp.zeros((slots, 6, number))))


def _lose(number: Any, state: Any) -> Any:
    """Note who is lost after turn `number`, counted from 0."""
    coordinates, lost_turn, lost_element = state
    x, _, y, *_ = coordinates
    # comparisons with NaN are false
    there = (jnp.abs(x) < _FAR) & (jnp.abs(y) < _FAR) & jnp.isfinite(coordinates[5])
    coordinates = tuple(jnp.where(there, c, jnp.nan) for c in coordinates)
    lost_turn = jnp.where(~there & (lost_turn < 0), number + 1, lost_turn)
    return coordinates, lost_turn, lost_element


def _turn(rows: Rows, chance: bool, table: Any, beam: Any) -> Any:
    """One turn: a scan over the rows."""
    names = list(OPERATIONS)
    present = sorted(set(rows.operation.tolist()))
    branches = [_branch(names[number], chance) for number in present]
    columns = (
        jnp.asarray(np.searchsorted(present, rows.operation)),
        table[rows.element],
        jnp.asarray(rows.fraction),
        jnp.asarray(rows.extra),
        jnp.asarray(rows.element),
        jnp.arange(len(rows)),
    )

    def turn(state: Any, key: Any) -> Any:
        def step(state: Any, column: Any) -> Any:
            branch, values, fraction, extra, element, number = column
            row = Row(values, fraction, extra, beam)
            acts = [lambda s, act=act: act(row, s, element, key, number) for act in branches]
            return jax.lax.switch(branch, acts, state), None

        coordinates, lost_turn, lost_element = state
        if "aperture" in (names[number] for number in present):
            (coordinates, lost_element), _ = jax.lax.scan(
                step, (coordinates, lost_element), columns
            )
        else:  # what does not change is not carried along
            (coordinates, _), _ = jax.lax.scan(step, (coordinates, ()), columns)
        return coordinates, lost_turn, lost_element

    return turn


def _branch(name: str, chance: bool) -> Any:
    """A map as the switch calls it: (row, (coordinates, lost_element), element, key, number)."""
    apply = OPERATIONS[name]

    def plain(row: Row, state: Any, element: Any, key: Any, number: Any) -> Any:
        return tuple(apply(row, state[0])), state[1]

    def by_chance(row: Row, state: Any, element: Any, key: Any, number: Any) -> Any:
        here = jax.random.fold_in(key, number)
        return tuple(_radiation.radiate_by_chance(row, state[0], here)), state[1]

    def aperture(row: Row, state: Any, element: Any, key: Any, number: Any) -> Any:
        before, lost = state
        after = tuple(apply(row, before))
        hit = jnp.isnan(after[0]) & ~jnp.isnan(before[0]) & (lost < 0)
        return after, jnp.where(hit, element, lost)

    if name == "aperture":
        return aperture
    return by_chance if name == "radiate" and chance else plain
