"""Orbits and transfer matrices: all rows of a programme are linearised at once.

The orbit is found by multiple shooting: every row is evaluated, and differentiated, at its own
guess of the state, rows of one operation side by side; Newton's method then joins the ends. There
is no tracking from row to row, and a poor first guess does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.rings.lattice import _radiation
from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._rows import Rows, branches, prepare
from fieldwright.rings.lattice._slopes import with_jacobian
from fieldwright.rings.lattice._steps import STEPS, Beam, Row
from fieldwright.rings.linear_optics._chain import Chain, apply, matmul
from fieldwright.rings.linear_optics._linear import solve

_STEPS = 40  # Newton steps before the orbit is given up
_SMALL = 1e-10  # [m, rad]: a step below this ends Newton's method, whose next would be rounding
_ROUNDING = 1e-7  # [m, rad]: nor do steps below this that do not shrink get any better


class Tiles(eqx.Module):
    """The numbers of rows, as tiles of rows of one operation take them.

    Args:
        values: (tiles, columns, lanes, ...) of the table, as `prepare` makes it; machines behind.
        beam: the reference particle.
    """

    values: Any
    beam: Beam

    @classmethod
    def of(cls, rows: Rows, table: Any, energy: Any) -> Tiles:
        """Of a table (..., N, columns)."""
        ready, beam = prepare(rows, table, energy)
        values = ready[..., rows.tile_element, :]
        return cls(_behind(values, 3, (0, 2, 1)), beam)

    def row(self, rows: Rows, tile: Any) -> Row:
        """A tile's rows as one whose numbers are arrays (lanes, ...)."""
        values = self.values[tile]
        behind = [1] * (values.ndim - 2)
        fraction = rows.tile_fraction[tile].reshape(-1, *behind)
        extra = rows.tile_extra[tile].reshape(3, -1, *behind)
        return Row(values, fraction, extra, self.beam)


def _behind(values: Any, own: int, order: tuple[int, ...]) -> Any:
    """Machines' axes moved from the front to the end, the `own` others to the front in `order`."""
    batch = values.ndim - own
    return jnp.transpose(values, (*(batch + axis for axis in order), *range(batch)))


def _loop(rows: Rows, tiles: Tiles, states: Any, given: Any, apply: Any, join: Any) -> Any:
    """What all tiles make of the states of their rows.

    Args:
        rows: the programme.
        tiles: its numbers.
        states: (R + 1, 6, ...).
        given: of the shapes that a tile makes; the first is its states (6, lanes, ...).
        apply: (name of a step, row, weight, choice, states) -> what the step makes of them.
        join: (whether the step is its tile's first, what it makes, what was before) -> given.
    """
    steps, branch_of = branches(list(STEPS), rows.step)
    placed = jnp.moveaxis(states[rows.tile_flat], 2, 1)

    def act(number: Any, carry: Any) -> Any:
        given, made = carry
        tile, begins = rows.tile[number], rows.begins[number]
        state = jnp.where(begins, placed[tile], given[0])
        about = tiles.row(rows, tile), rows.weight[number, 0], rows.weight[number, 1]
        acts = [lambda s, name=name: apply(name, *about, s) for name in steps]
        given = join(begins, jax.lax.switch(branch_of[number], acts, state), given)
        put = jax.lax.dynamic_update_index_in_dim
        return given, jax.tree.map(lambda all, one: put(all, one, tile, 0), made, given)

    none = jax.tree.map(lambda part: jnp.zeros((len(placed), *part.shape)), given)
    return jax.lax.fori_loop(0, rows.steps, act, (given, none))[1]


def _act(name: str, row: Row, weight: Any, choice: Any, state: Any) -> Any:
    """A step of states (6, lanes, ...)."""
    return (jnp.stack(jnp.broadcast_arrays(*STEPS[name](row, tuple(state), weight, choice))),)


def _act_with_jacobian(name: str, row: Row, weight: Any, choice: Any, state: Any) -> Any:
    """A step of states (6, lanes, ...), and its Jacobian (6, 6, lanes, ...)."""
    return with_jacobian(name, row, tuple(state), weight, choice)


def linearise(rows: Rows, tiles: Tiles, states: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Each row's map of its own state (L, 6, B, ...), and what gives the Jacobians.

    `states` are (R + 1, 6, ...) by `flat`. The Jacobians (6, 6, B, ...) are those of one of the L.
    """

    def join(begins: Any, made: Any, given: Any) -> Any:
        state, own = made
        return state, jax.lax.cond(begins, lambda: own, lambda: matmul(own, given[1]))

    none = jnp.zeros((6, rows.tile_flat.shape[1], *states.shape[2:]))
    given = none, jnp.zeros((6, *none.shape))
    ends, slopes = _loop(rows, tiles, states, given, _act_with_jacobian, join)
    tile, lane = jnp.divmod(rows.slot, slopes.shape[3])
    there = _there(rows, slopes.ndim - 4)
    one = jnp.eye(6).reshape(6, 6, *[1] * (slopes.ndim - 3))

    def jacobians(number: Any) -> Any:
        found = jnp.moveaxis(slopes[tile[number], :, :, lane[number]], 0, 2)
        return jnp.where(there[number], found, one)

    return _in_order(rows, ends, 1), jacobians


def ends_of(rows: Rows, tiles: Tiles, states: Any) -> Any:
    """Each row's map of its own state, (L, 6, B, ...)."""
    given = (jnp.zeros((6, rows.tile_flat.shape[1], *states.shape[2:])),)
    (ends,) = _loop(rows, tiles, states, given, _act, lambda begins, made, given: made)
    return _in_order(rows, ends, 1)


def _in_order(rows: Rows, made: Any, axes: int) -> Any:
    """(L, ..., B, ...) of rows, from (tiles, ..., lanes, ...), with so many axes between."""
    lanes = rows.tile_element.shape[1]
    found = made[(rows.slot // lanes, *[slice(None)] * axes, rows.slot % lanes)]
    return jnp.moveaxis(found, 1, 1 + axes)


def _there(rows: Rows, batch: int) -> Any:
    """(L, 1, B, 1...) which rows are there."""
    empty = rows.tile_element.size - 1
    shape = (rows.slot.shape[0], 1, rows.slot.shape[1], *[1] * batch)
    return (rows.slot != empty).reshape(shape)


def gaps(rows: Rows, ends: Any, states: Any) -> Any:
    """(L, 6, B, ...) by how much rows' ends miss the next rows' states."""
    following = jnp.moveaxis(states[rows.following], 2, 1)
    return jnp.where(_there(rows, ends.ndim - 3), ends - following, 0.0)


def _newton(rows: Rows, chain: Chain, states: Any, ends: Any, longitudinal: Any) -> Any:
    """The step (R + 1, 6, ...) that joins the rows' ends, as their Jacobians have it."""

    def first(moved: Any) -> Any:
        gap = moved + states[-1] - states[0]
        return _closing(chain.turn, gap, jnp.zeros_like(gap), longitudinal)

    return chain.moved(rows.length, gaps(rows, ends, states), first)


def _closing(turn: Any, gap: Any, given: Any, longitudinal: Any) -> Any:
    """(6, ...) the first state with which the last is the same again, up to a gap.

    All of it, or its transverse part where the longitudinal one is `given`.
    """
    gap = gap + apply(turn, given)
    open_turn = jnp.moveaxis(
        jnp.eye(6).reshape(6, 6, *[1] * (turn.ndim - 2)) - turn, (0, 1), (-2, -1)
    )
    free = (np.arange(6) < 4) | longitudinal
    matrix = jnp.where(free[:, None] & free, open_turn, jnp.eye(6))
    right = jnp.where(free, jnp.moveaxis(gap, 0, -1), 0.0)
    first = jnp.moveaxis(solve(matrix, right[..., None])[..., 0], -1, 0)
    return first + given


class Orbit(NamedTuple):
    """A closed orbit and small motion about it; machines behind.

    Args:
        states: (R + 1, 6, ...) by `flat`; not finite where there is no orbit.
        chain: of the rows' Jacobians there.
    """

    states: Any
    chain: Chain


def find_orbit(
    rows: Rows, table: Any, energy: Any, delta: Any, longitudinal: Any
) -> tuple[Orbit, Tiles]:
    """The closed orbit of a table (..., N, columns), and the rows' numbers.

    The table may have machines in front, which are behind in what is found: all are done together.
    `longitudinal` is whether z and delta close, too.
    """

    # Rows are known wherever derivatives are taken later, and so may be closed over.
    @jax.custom_jvp
    def find(table: Any, energy: Any, delta: Any, longitudinal: Any) -> Orbit:
        return _find(rows, longitudinal > 0, table, energy, delta)

    @find.defjvp
    def slope(primals: Any, tangents: Any) -> Any:
        found = find(*primals)
        return found, _find_derivative(rows, primals[3] > 0, found, primals[:3], tangents[:3])

    at = [jnp.asarray(value, float) for value in (table, energy, delta, longitudinal)]
    return find(*at), Tiles.of(rows, *at[:2])


def _find(rows: Rows, longitudinal: Any, table: Any, energy: Any, delta: Any) -> Orbit:
    tiles = Tiles.of(rows, table, energy)
    states = _guess(rows, table, tiles.beam, delta, longitudinal)
    batch = states.shape[2:]

    def unfinished(carry: Any) -> Any:
        _, size, settled, count = carry
        return (~settled & jnp.isfinite(size)).any() & (count < _STEPS) | (count == 0)

    def step(carry: Any) -> Any:
        orbit, last, _, count = carry
        ends, jacobians = linearise(rows, tiles, orbit.states)
        chain = Chain.of(jacobians, len(rows.slot), rows.length)
        change = _newton(rows, chain, orbit.states, ends, longitudinal)
        size = jnp.abs(change).max((0, 1))
        rounding = (size < _ROUNDING) & (size > 0.5 * last)
        settled = (size <= _SMALL) | rounding
        return Orbit(orbit.states + change, chain), size, settled, count + 1

    endless = jnp.full(batch, jnp.inf)
    length, blocks = rows.slot.shape
    none = jnp.zeros((length, 6, 6, blocks, *batch))
    chain = Chain(none, none, none[0], none[0], none[0, :, :, 0])
    begin = Orbit(states, chain), endless, endless < 0, 0
    orbit, _, settled, _ = jax.lax.while_loop(unfinished, step, begin)
    return orbit._replace(states=jnp.where(settled, orbit.states, jnp.nan))


def _guess(rows: Rows, table: Any, beam: Beam, delta: Any, longitudinal: Any) -> Any:
    """(R + 1, 6, ...) the reference particle, and z where cavities replace what bends radiate."""
    batch = table.shape[:-2]
    count = rows.slant.shape[0]
    faces = _of_rows(table, rows)
    slant = rows.slant.reshape(-1, *[1] * len(batch))
    angle = jnp.where(slant == 1, faces["e1"], -faces["e2"])
    early = jnp.where(longitudinal, _early(rows, table, beam), 0.0)
    parts = [
        jnp.zeros((count, *batch)),
        jnp.where(slant > 0, jnp.sin(angle), 0.0),
        *[jnp.zeros((count, *batch))] * 2,
        jnp.broadcast_to(early, (count, *batch)),
        jnp.broadcast_to(delta, (count, *batch)),
    ]
    return jnp.stack(parts, axis=1)


def _of_rows(table: Any, rows: Rows) -> dict[str, Any]:
    """Angles of the faces (R + 1, ...) that rows, by `flat`, are about."""
    element = jnp.zeros(rows.order.shape, rows.element.dtype)
    element = element.at[rows.order[:-1]].set(rows.element)
    return {name: jnp.moveaxis(table[..., COLUMN[name]], -1, 0)[element] for name in ("e1", "e2")}


def _early(rows: Rows, table: Any, beam: Beam) -> Any:
    """Where the cavities about replace what the bends radiate: a first guess of z [m]."""
    ready_frequency = table[..., COLUMN["frequency"]]
    radiates = rows.radiating[1] > rows.radiating[0]
    angle, length = table[..., COLUMN["angle"]], table[..., COLUMN["length"]]
    square = jnp.where(rows.bend, angle**2 / jnp.where(rows.bend, length, 1.0), 0.0).sum(-1)
    loss = (2 / 3) * beam.radius / beam.mu2**1.5 * square
    voltage = jnp.where(rows.cavity, table[..., COLUMN["voltage"]], 0.0).sum(-1) / beam.momentum
    first = jnp.argmax(rows.cavity)
    length_of_turn = length.sum(-1)
    own = rows.harmonic[first] / (length_of_turn * jnp.sqrt(1 + beam.mu2)) * SPEED_OF_LIGHT
    frequency = jnp.where(rows.follows[first], own, ready_frequency[..., first])
    wave_number = frequency * (2 * np.pi / SPEED_OF_LIGHT)
    there = radiates & rows.cavity.any()
    share = loss / jnp.where(there, voltage, 1.0)
    phase = jnp.arcsin(jnp.clip(share, -0.95, 0.95))
    turned = jnp.where(jnp.cos(table[..., first, COLUMN["phase"]]) > 0, phase, -phase)
    return jnp.where(there, turned / jnp.where(there, wave_number, 1.0), 0.0)


def _find_derivative(
    rows: Rows, longitudinal: Any, found: Orbit, primals: Any, tangents: Any
) -> Orbit:
    # The orbit's derivative is a Newton step on what the parameters move at the rows' ends; the
    # Jacobians' follows from it. Only the latter needs second derivatives of the maps.
    states, chain = found

    def ends(table: Any, energy: Any) -> Any:
        return ends_of(rows, Tiles.of(rows, table, energy), states)

    def slopes(table: Any, energy: Any, states: Any) -> Any:
        jacobians = linearise(rows, Tiles.of(rows, table, energy), states)[1]
        return Chain.of(jacobians, len(rows.slot), rows.length)

    _, moved = jax.jvp(ends, primals[:2], tangents[:2])
    moved = jnp.where(_there(rows, moved.ndim - 3), moved, 0.0)
    drive = jnp.zeros(states.shape[1:])
    drive = drive.at[5].set(jnp.where(longitudinal, 0.0, tangents[2]))
    change = chain.moved(
        rows.length, moved, lambda gap: _closing(chain.turn, gap, drive, longitudinal)
    )
    _, curving = jax.jvp(slopes, (*primals[:2], states), (*tangents[:2], change))
    return Orbit(change, curving)


def radiation_noise(rows: Rows, tiles: Tiles, states: Any) -> Any:
    """(L, 6, 6, B, ...) the covariance that each row's photons add."""
    (noise,) = _radiating(rows, tiles, states, rows.radiating[1], _diffusion)
    return noise


def radiation_slopes(rows: Rows, tiles: Tiles, states: Any) -> tuple[Any, Any]:
    """What radiation adds to states (L, 6, B, ...) and to Jacobians (L, 6, 6, B, ...) of rows."""

    def added(row: Row, state: Any, tile: Any) -> Any:
        def by(name: str) -> Any:
            return lambda: with_jacobian(name, row, tuple(state), 1.0, 0.0)

        face = tile >= rows.radiating[1]
        after, slopes = jax.lax.cond(face, by("radiate_face"), by("radiate"))
        return after - state, slopes - jnp.eye(6).reshape(6, 6, *[1] * (state.ndim - 1))

    return _radiating(rows, tiles, states, rows.radiating[2], added)


def _diffusion(row: Row, state: Any, tile: Any) -> tuple[Any]:
    return (_radiation.diffusion(row, tuple(state)),)


def _radiating(rows: Rows, tiles: Tiles, states: Any, end: Any, make: Any) -> Any:
    """What `make`, of (row, states, tile), finds of the tiles that radiate up to one."""
    placed = jnp.moveaxis(states[rows.tile_flat], 2, 1)

    def act(tile: Any, made: Any) -> Any:
        found = make(tiles.row(rows, tile), placed[tile], tile)
        put = jax.lax.dynamic_update_index_in_dim
        return tuple(put(all, one, tile, 0) for all, one in zip(made, found, strict=True))

    shapes = jax.eval_shape(lambda: make(tiles.row(rows, 0), placed[0], 0))
    none = tuple(jnp.zeros((len(placed), *shape.shape)) for shape in shapes)
    made = jax.lax.fori_loop(rows.radiating[0], end, act, none)
    batch = states.ndim - 2
    return tuple(_in_order(rows, part, part.ndim - 2 - batch) for part in made)
