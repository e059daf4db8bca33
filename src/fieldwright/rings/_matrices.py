"""Orbits and transfer matrices: all rows of a programme are linearised at once.

The orbit is found by multiple shooting: every row is evaluated, and differentiated, at its own
guess of the state, all rows of one map in one batch; Newton's method then joins the ends. There
is no tracking from row to row, and a poor first guess does no harm.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.rings import _radiation
from fieldwright.rings._elements import COLUMN
from fieldwright.rings._rows import (
    OPERATION,
    OPERATIONS,
    Beam,
    Row,
    Rows,
    prepare,
)

_STEPS = 40  # Newton steps before the orbit is given up
_SMALL = 1e-10  # [m, rad]: a step below this ends Newton's method, whose next would be rounding


def linearise(
    rows: Rows, table: Any, beam: Beam, states: Any, columns: Any = None
) -> tuple[Any, Any]:
    """Each row's map of its own state, (..., rows, 6), and its Jacobian, (..., rows, 6, 6)."""
    columns = columns or _columns
    ends, jacobians, order = [], [], []
    for number in np.unique(rows.operation):
        (where,) = np.nonzero(rows.operation == number)
        order.append(where)
        act = _together(rows, number, where, table, beam)
        end, jacobian = columns(act, tuple(jnp.moveaxis(states[..., where, :], -1, 0)))
        ends.append(end)
        jacobians.append(jacobian)
    back = np.argsort(np.concatenate(order))
    end, jacobian = jnp.concatenate(ends, axis=-1), jnp.concatenate(jacobians, axis=-1)
    end, jacobian = end[..., back], jacobian[..., back]
    return jnp.moveaxis(end, 0, -1), jnp.moveaxis(jacobian, (0, 1), (-2, -1))


def _together(rows: Rows, number: int, where: np.ndarray, table: Any, beam: Beam) -> Any:
    """The map of all rows of one operation: a function of six arrays (..., rows) to six."""
    apply = list(OPERATIONS.values())[number]
    row = places(rows, where, table, beam)

    def act(*state: Any) -> tuple[Any, ...]:
        return tuple(jnp.broadcast_arrays(*apply(row, state)))

    return act


def places(rows: Rows, where: np.ndarray, table: Any, beam: Beam) -> Row:
    """Several rows as one whose numbers are arrays (..., rows)."""
    values = jnp.moveaxis(table[..., rows.element[where], :], -1, 0)
    shift = jnp.asarray(beam.rf_shift)[..., None]
    beam = eqx.tree_at(lambda beam: beam.rf_shift, beam, shift)
    return Row(values, jnp.asarray(rows.fraction[where]), jnp.asarray(rows.extra[where].T), beam)


def _columns(act: Any, state: tuple[Any, ...]) -> tuple[Any, Any]:
    """(6, ..., rows) and its derivatives (6, 6, ..., rows), one coordinate after the other.

    A column by itself leaves out what does not depend on its coordinate, which is most: that
    computes faster than all six at once.
    """
    columns = []
    for number, value in enumerate(state):

        def along(value: Any, number: int = number) -> tuple[Any, ...]:
            return act(*state[:number], value, *state[number + 1 :])

        end, change = jax.jvp(along, (value,), (jnp.ones_like(value),))
        columns.append(jnp.stack(change))
    return jnp.stack(end), jnp.stack(columns, axis=1)


def _columns_at_once(act: Any, state: tuple[Any, ...]) -> tuple[Any, Any]:
    """The same, all coordinates in one batch: where this is differentiated it compiles faster."""

    def along(direction: Any) -> Any:
        directions = tuple(jnp.broadcast_to(part, state[0].shape) for part in direction)
        return jax.jvp(lambda *at: jnp.stack(act(*at)), state, directions)

    return jax.vmap(along, out_axes=(None, 1))(jnp.eye(6))


def _ends(rows: Rows, table: Any, beam: Beam, states: Any) -> Any:
    """Each row's map of its own state, (..., rows, 6)."""
    ends, order = [], []
    for number in np.unique(rows.operation):
        (where,) = np.nonzero(rows.operation == number)
        order.append(where)
        act = _together(rows, number, where, table, beam)
        ends.append(jnp.stack(act(*jnp.moveaxis(states[..., where, :], -1, 0)), axis=-1))
    return jnp.concatenate(ends, axis=-2)[..., np.argsort(np.concatenate(order)), :]


def products(matrices: Any, offsets: Any, noise: Any = None) -> tuple[Any, ...]:
    """What rows do together: (..., rows + 1, 6, 6), (..., rows + 1, 6) from the start to each row.

    With `noise`, (..., rows, 6, 6) of each row, also the covariance that has gathered by then. Rows
    are taken in blocks of the square root of their number: all blocks' products grow at once,
    then the blocks are joined.
    """
    *batch, count, _, _ = matrices.shape
    size = max(1, math.isqrt(count))
    blocks = -(-count // size)
    spare = blocks * size - count
    steps = [matrices, offsets] if noise is None else [matrices, offsets, noise]
    none = [jnp.eye(6), jnp.zeros(6), jnp.zeros((6, 6))][: len(steps)]

    def padded(step: Any, nothing: Any) -> Any:
        """(size, blocks, ..., of a row): rows first, then what is done at once."""
        shape = nothing.shape
        fill = jnp.broadcast_to(nothing, (*batch, spare, *shape))
        full = jnp.concatenate([step, fill], axis=-1 - len(shape))
        full = full.reshape(*batch, blocks, size, *shape)
        return jnp.moveaxis(full, (len(batch) + 1, len(batch)), (0, 1))

    columns = tuple(map(padded, steps, none))
    start = tuple(jnp.broadcast_to(n, c.shape[1:]) for n, c in zip(none, columns, strict=True))
    _, inner = jax.lax.scan(lambda c, step: (_after(c, step),) * 2, start, columns)
    lasts = tuple(part[-1] for part in inner)
    begin = tuple(part[0] for part in start)
    _, outer = jax.lax.scan(lambda c, step: (_after(c, step), c), begin, lasts)
    whole = _after(tuple(part[None] for part in outer), inner)

    def flat(part: Any, nothing: Any) -> Any:
        shape = nothing.shape
        joined = jnp.moveaxis(part, (0, 1), (len(batch) + 1, len(batch)))
        joined = joined.reshape(*batch, blocks * size, *shape)
        joined = jax.lax.slice_in_dim(joined, 0, count, axis=len(batch))
        first = jnp.broadcast_to(nothing, (*batch, 1, *shape))
        return jnp.concatenate([first, joined], axis=len(batch))

    return tuple(map(flat, whole, none))


def _after(first: Any, then: Any) -> Any:
    """One stretch of rows after another: matrices, offsets and noise, or the first two."""
    (matrix, shift, *gathered), (more, move, *noise) = first, then
    found = [matmul(more, matrix), (more * shift[..., None, :]).sum(-1) + move]
    if noise:
        found.append(matmul(matmul(more, gathered[0]), jnp.swapaxes(more, -1, -2)) + noise[0])
    return tuple(found)


def matmul(a: Any, b: Any) -> Any:
    """Products of many small matrices, as sums that run over the batch."""
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2)


def join(rows: Rows, table: Any, beam: Beam, states: Any, longitudinal: bool) -> Any:
    """One Newton step of the orbit's states (..., rows + 1, 6); also the rows' Jacobians."""
    ends, jacobians = linearise(rows, table, beam, states[..., :-1, :])
    matrices, moves = products(jacobians, ends - states[..., 1:, :])
    gap = moves[..., -1, :] + states[..., -1, :] - states[..., 0, :]
    size = 6 if longitudinal else 4
    first = _closing(matrices[..., -1, :, :], gap, jnp.zeros_like(gap), size)
    step = (matrices * first[..., None, None, :]).sum(-1) + moves
    return states + step, jacobians


def _closing(turn: Any, gap: Any, given: Any, size: int) -> Any:
    """(..., 6) the first state with which the last is the same again, up to a gap.

    All of it, or its transverse part, `size` of 4, where the rest is given.
    """
    gap = (gap + (turn * given[..., None, :]).sum(-1))[..., :size]
    open_turn = jnp.eye(size) - turn[..., :size, :size]
    first = jnp.linalg.solve(open_turn, gap[..., None])[..., 0]
    return jnp.concatenate([first, given[..., size:]], axis=-1)


@functools.partial(jax.jit, static_argnames=("rows", "longitudinal"))
def find_orbit(
    rows: Rows, table: Any, energy: Any, delta: Any, longitudinal: bool
) -> tuple[Any, Any]:
    """The closed orbit's states (..., rows + 1, 6) and the rows' Jacobians (..., rows, 6, 6).

    The table may have machines in front: then all are done together, which takes half of the time
    of `jax.vmap`. Without an orbit the states are not finite.
    """
    return _find(rows, longitudinal, jnp.asarray(table), jnp.asarray(energy), jnp.asarray(delta))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _find(rows: Rows, longitudinal: bool, table: Any, energy: Any, delta: Any) -> tuple[Any, Any]:
    ready, beam = prepare(rows, table, energy)
    batch = table.shape[:-2]
    states = jnp.zeros((*batch, len(rows) + 1, 6)).at[..., 5].set(delta)
    states = states.at[..., :-1, 1].set(_slanted(rows, ready))
    if longitudinal:
        states = states.at[..., 4].set(jnp.asarray(_early(rows, ready, beam))[..., None])

    def unfinished(carry: Any) -> Any:
        _, _, size, count = carry
        return (size > _SMALL).any() & (count < _STEPS)

    def step(carry: Any) -> Any:
        states, _, _, count = carry
        after, jacobians = join(rows, ready, beam, states, longitudinal)
        size = jnp.abs(after - states).max((-2, -1))
        size = jnp.where(jnp.isfinite(size), size, -jnp.inf)  # given up
        return after, jacobians, size, count + 1

    begin = states, jnp.zeros((*batch, len(rows), 6, 6)), jnp.full(batch, jnp.inf), 0
    states, jacobians, size, _ = jax.lax.while_loop(unfinished, step, begin)
    lost = (size > _SMALL) | (size < 0)
    return jnp.where(lost[..., None, None], jnp.nan, states), jacobians


def _slanted(rows: Rows, table: Any) -> Any:
    """(..., rows) px of the reference particle, not zero between a turned pole face's maps."""
    faces = ["fringe", "soft_fringe", "wedge", "turn"]
    names = np.array(list(OPERATIONS))[rows.operation]
    entering = rows.extra[:, 0] > 0
    inside = np.isin(names, faces) & (names != np.where(entering, "turn", "wedge"))
    angle = jnp.where(
        entering, table[..., rows.element, COLUMN["e1"]], -table[..., rows.element, COLUMN["e2"]]
    )
    return jnp.where(inside, jnp.sin(angle), 0.0)


def _early(rows: Rows, table: Any, beam: Beam) -> Any:
    """Where the cavities about replace what the bends radiate: a first guess of z [m]."""
    if not (rows.operation == OPERATION["radiate"]).any():
        return 0.0
    bends = np.flatnonzero(np.array(rows.kinds) == "Bend")
    angle, length = table[..., bends, COLUMN["angle"]], table[..., bends, COLUMN["length"]]
    loss = (2 / 3) * beam.radius / beam.mu2**1.5 * (angle**2 / length).sum(-1)
    (where,) = np.nonzero(rows.operation == OPERATION["cavity"])
    cavities = rows.element[where]
    voltage = table[..., cavities, COLUMN["voltage"]].sum(-1) / beam.momentum
    first = table[..., cavities[0], :]
    wave_number = first[..., COLUMN["frequency"]] * (2 * np.pi / SPEED_OF_LIGHT)
    phase = jnp.arcsin(jnp.clip(loss / voltage, -0.95, 0.95))
    return jnp.where(jnp.cos(first[..., COLUMN["phase"]]) > 0, phase, -phase) / wave_number


@_find.defjvp
def _find_derivative(rows: Rows, longitudinal: bool, primals: Any, tangents: Any) -> Any:
    # The orbit's derivative is a Newton step on what the parameters move at the rows' ends; the
    # Jacobians' follows from it. Only the latter needs second derivatives of the maps.
    states, jacobians = _find(rows, longitudinal, *primals)

    def ends(table: Any, energy: Any) -> Any:
        ready, beam = prepare(rows, table, energy)
        return _ends(rows, ready, beam, states[..., :-1, :])

    def slopes(table: Any, energy: Any, states: Any) -> Any:
        ready, beam = prepare(rows, table, energy)
        return linearise(rows, ready, beam, states[..., :-1, :], _columns_at_once)[1]

    _, moved = jax.jvp(ends, primals[:2], tangents[:2])
    matrices, moves = products(jacobians, moved)
    drive = jnp.zeros((*states.shape[:-2], 6))
    if not longitudinal:
        drive = drive.at[..., 5].set(tangents[2])
    first = _closing(matrices[..., -1, :, :], moves[..., -1, :], drive, 6 if longitudinal else 4)
    change = (matrices * first[..., None, None, :]).sum(-1) + moves
    _, curving = jax.jvp(slopes, (*primals[:2], states), (*tangents[:2], change))
    return (states, jacobians), (change, curving)


def radiation_noise(rows: Rows, table: Any, energy: Any, states: Any) -> Any:
    """(..., rows, 6, 6) the covariance that each row's photons add."""
    ready, beam = prepare(rows, table, energy)
    (where,) = np.nonzero(rows.operation == OPERATION["radiate"])
    row = places(rows, where, ready, beam)
    found = _radiation.diffusion(row, tuple(jnp.moveaxis(states[..., where, :], -1, 0)))
    found = jnp.moveaxis(found, (0, 1), (-2, -1))
    batch = found.shape[:-3]
    return jnp.zeros((*batch, len(rows), 6, 6)).at[..., where, :, :].set(found)
