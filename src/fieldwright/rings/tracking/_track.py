"""Many particles, many turns: in blocks that stay in a core's cache, a thread for each core."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright._threads import cores
from fieldwright.errors import InputError
from fieldwright.rings.lattice._kernel import placed
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._programme import Programme, rows_of
from fieldwright.rings.lattice._turns import started, turns_of
from fieldwright.sources._checks import as_float, is_concrete

_BLOCK = 2500  # particles: their states and intermediates fit a core's cache
_WORK = 5_000_000  # particle-rows of one call, so that progress is told about every second
_SIZES = (1, 4, 16, 64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)  # of blocks
_ROOM = 32  # saved turns


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
    programme = rows_of(lattice, radiation=radiation != "none", apertures=True)
    run = _Run(programme, lattice, radiation == "quantum", seed, every or turns, progress)
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
        programme: Programme,
        lattice: Lattice,
        chance: bool,
        seed: int,
        every: int,
        progress: Callable[[float], None] | None,
    ):
        self.programme, self.lattice, self.chance = programme, lattice, chance
        self.seed, self.every, self.progress = seed, every, progress

    def threaded(self, start: np.ndarray, turns: int, with_start: bool) -> Tracked:
        """Blocks of particles side by side, in calls of about a second."""
        threads = cores() if jax.default_backend() == "cpu" else 1
        blocks = _blocks(start, _BLOCK if jax.default_backend() == "cpu" else len(start))
        rows = max(1, len(self.programme))
        saves = turns // self.every
        slots = _slots(saves, _WORK / (len(blocks[0]) * rows * self.every))
        states = [started(block) for block in blocks]
        kept: list[np.ndarray] = [start[None]] if with_start else []
        with ThreadPoolExecutor(min(threads, len(blocks))) as pool:
            for done in range(0, saves, slots):
                count = min(slots, saves - done)
                calls = [
                    pool.submit(self._call, state, number, done, count, slots)
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
        table, given = placed(self.programme, self.lattice, self.lattice.energy, beside=state)
        when = np.array([done * self.every, count, self.every])
        stretch = np.array([0, len(self.programme)])
        state, seen = turns_of(
            self.programme,
            table,
            given,
            state,
            when,
            stretch,
            np.array([self.seed, block]),
            chance=self.chance,
            slots=slots,
        )
        return state, np.asarray(seen) if is_concrete(seen) else seen

    def traced(self, start: Any, turns: int, with_start: bool) -> Tracked:
        """All in one, inside a transformation."""
        saves = turns // self.every
        state, seen = self._call(started(start), 0, 0, saves, saves)
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
    """Blocks of one of a few sizes, an even number of them, filled up with the last particle."""
    count = 2 * -(-len(start) // (2 * size)) if len(start) > 512 else 1
    each = _filled(-(-len(start) // count), size)
    full = np.concatenate([start, np.repeat(start[-1:], each * count - len(start), axis=0)])
    return list(full.reshape(count, each, 6))


def _filled(number: int, most: int) -> int:
    """The size to which so many particles are filled up: powers of two times 1 and 1.5."""
    for size in _SIZES:
        if number <= size and size < most:
            return size
    return max(number, most)


def _slots(saves: int, fitting: float) -> int:
    """For how many saved turns a call has room: few sizes, and no more than a second's work."""
    if saves == 1 or fitting < _ROOM:
        return 1
    slots = _ROOM
    while slots < saves and slots * _ROOM <= fitting:
        slots *= _ROOM
    return slots
