"""Particles through the rows of a lattice: the one compiled tracker of every use.

A turn is a scan over the rows of the lattice's programme, with a switch on each row's map, so that
compiling takes no longer for a long ring than for a short one.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.rings.lattice import _radiation
from fieldwright.rings.lattice._kernel import of_rows, placed
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._programme import rows_of
from fieldwright.rings.lattice._rows import Rows, branches, prepare
from fieldwright.rings.lattice._steps import OPERATIONS, Beam, Row
from fieldwright.sources._checks import is_concrete

_FAR = 1.0  # [m]: farther out a particle is lost, apertures or not


def started(block: Any) -> Any:
    """What `turns_of` takes of (n, 6) particles: their coordinates, and that none is lost."""
    xp = np if is_concrete(block) else jnp
    none = np.full(block.shape[0], -1, dtype=np.int64)
    return tuple(xp.asarray(block).T), none, none


def _many_turns(
    rows: Rows,
    table: Any,
    given: Any,
    state: Any,
    when: Any,
    stretch: Any,
    seed: Any,
    *,
    chance: bool,
    slots: int,
) -> Any:
    """Turns, and (slots, 6, n) the coordinates after each few of them.

    Args:
        rows: of the lattice.
        table: (N, columns) of it.
        given: (1,) energy of the reference particle [eV].
        state: six arrays (n,) of coordinates, turn and element of loss (n,).
        when: number of the first turn, how often to save, and after how many turns.
        stretch: the first row of a turn, and the first after.
        seed: of the chance, and the number of the block.
        chance: whether photons leave by chance.
        slots: room for saved coordinates.
    """
    first, saves, every = when[0], when[1], when[2]
    key: Any = jax.random.fold_in(jax.random.key(seed[0]), seed[1]) if chance else None
    turn = _turn(rows, stretch, chance, *prepare(rows, table, given[0]))

    def save(number: Any, carry: Any) -> Any:
        state, seen = carry
        begin = first + number * every
        state = jax.lax.fori_loop(
            begin,
            begin + every,
            lambda n, s: _lose(n, turn(s, jax.random.fold_in(key, n) if chance else None)),
            state,
        )
        return state, jax.lax.dynamic_update_index_in_dim(seen, jnp.stack(state[0]), number, 0)

    state = jax.tree.map(jnp.asarray, state)
    number = state[0][0].shape[0]
    return jax.lax.fori_loop(0, saves, save, (state, jnp.zeros((slots, 6, number))))


turns_of = of_rows(_many_turns, static=("chance", "slots"))


def passed(lattice: Lattice, state: np.ndarray, begin: int, end: int) -> np.ndarray:
    """(6,) a particle after some elements, from `begin` up to `end`, with cavities off."""
    programme = rows_of(lattice, cavities=False)
    table, given = placed(programme, lattice, lattice.energy)
    when, seed = np.array([0, 1, 1]), np.array([0, 0])
    stretch = programme.begins[[begin, end]]
    (after, *_), _ = turns_of(
        programme,
        table,
        given,
        started(state[None]),
        when,
        stretch,
        seed,
        chance=False,
        slots=1,
    )
    return np.array(after)[:, 0]


def _lose(number: Any, state: Any) -> Any:
    """Note who is lost after turn `number`, counted from 0."""
    coordinates, lost_turn, lost_element = state
    x, _, y, *_ = coordinates
    # comparisons with NaN are false
    there = (jnp.abs(x) < _FAR) & (jnp.abs(y) < _FAR) & jnp.isfinite(coordinates[5])
    coordinates = tuple(jnp.where(there, c, jnp.nan) for c in coordinates)
    lost_turn = jnp.where(~there & (lost_turn < 0), number + 1, lost_turn)
    return coordinates, lost_turn, lost_element


def _turn(rows: Rows, stretch: Any, chance: bool, table: Any, beam: Beam) -> Any:
    """One turn: a loop over the rows, with a switch on each row's map."""
    names, branch_of = branches(list(OPERATIONS), rows.operation)
    maps = [_branch(name, chance) for name in names]
    values = table[rows.element]

    def turn(state: Any, key: Any) -> Any:
        def step(number: Any, state: Any) -> Any:
            row = Row(values[number], rows.fraction[number], rows.extra[number], beam)
            element = rows.element[number]
            acts = [lambda s, act=act: act(row, s, element, key, number) for act in maps]
            return jax.lax.switch(branch_of[number], acts, state)

        coordinates, lost_turn, lost_element = state
        coordinates, lost_element = jax.lax.fori_loop(
            stretch[0], stretch[1], step, (coordinates, lost_element)
        )
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
