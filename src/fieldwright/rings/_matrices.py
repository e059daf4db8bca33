"""Orbits and transfer matrices: all rows of a programme are linearised at once.

The orbit is found by multiple shooting: every row is evaluated, and differentiated, at its own
guess of the state, all rows of one map in one batch; Newton's method then joins the ends. There
is no tracking from row to row, and a poor first guess does no harm.
"""

from __future__ import annotations

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.rings import _radiation
from fieldwright.rings._chain import Chain, apply
from fieldwright.rings._elements import COLUMN
from fieldwright.rings._linear import solve
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
_ROUNDING = 1e-7  # [m, rad]: nor do steps below this that do not shrink get any better
_SHRINKING = 0.3  # steps that shrink this well need no new Jacobians


def linearise(rows: Rows, table: Any, beam: Beam, states: Any) -> tuple[Any, Any]:
    """Each row's map of its own state, (..., rows, 6), and its Jacobian, (..., rows, 6, 6)."""
    ends, jacobians, order = [], [], []
    for number in np.unique(rows.operation):
        (where,) = np.nonzero(rows.operation == number)
        order.append(where)
        act = _together(rows, number, where, table, beam)
        end, jacobian = _columns(act, tuple(jnp.moveaxis(states[..., where, :], -1, 0)))
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
    """(6, ..., rows) and its derivatives (6, 6, ..., rows)."""

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


def _newton(chain: Chain, states: Any, ends: Any, longitudinal: bool) -> Any:
    """The step (..., rows + 1, 6) that joins the rows' ends, as their Jacobians have it."""

    def first(moved: Any) -> Any:
        gap = moved + states[..., -1, :] - states[..., 0, :]
        return _closing(chain.turn, gap, jnp.zeros_like(gap), longitudinal)

    return chain.moved(ends - states[..., 1:, :], first)


def _closing(turn: Any, gap: Any, given: Any, longitudinal: bool) -> Any:
    """(..., 6) the first state with which the last is the same again, up to a gap.

    All of it, or its transverse part where the longitudinal one is `given`.
    """
    size = 6 if longitudinal else 4
    gap = (gap + apply(turn, given))[..., :size]
    open_turn = jnp.eye(size) - turn[..., :size, :size]
    first = solve(open_turn, gap[..., None])[..., 0]
    return jnp.concatenate([first, given[..., size:]], axis=-1)


@functools.partial(compiled, static=("rows", "longitudinal"))
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
        _, _, size, settled, count = carry
        return (~settled & jnp.isfinite(size)).any() & (count < _STEPS) | (count == 0)

    def step(carry: Any) -> Any:
        """A step with Jacobians of the states, and more with the same while these get there."""
        states, _, last, _, count = carry
        ends, jacobians = linearise(rows, ready, beam, states[..., :-1, :])
        chain = Chain.of(jacobians)
        change = _newton(chain, states, ends, longitudinal)
        size = _largest(change)

        def going(carry: Any) -> Any:
            _, size, shrunk = carry
            return ((size > _SMALL) & shrunk).any()

        def again(carry: Any) -> Any:
            states, size, shrunk = carry
            ends = _ends(rows, ready, beam, states[..., :-1, :])
            change = _newton(chain, states, ends, longitudinal)
            smaller = _largest(change)
            shrunk = shrunk & (size > _SMALL) & (smaller < _SHRINKING * size)
            states = jnp.where(shrunk[..., None, None], states + change, states)
            return states, jnp.where(shrunk, smaller, size), shrunk

        begin = states + change, size, jnp.isfinite(size)
        states, _, _ = jax.lax.while_loop(going, again, begin)
        rounding = (size < _ROUNDING) & (size > 0.5 * last)
        return states, jacobians, size, (size <= _SMALL) | rounding, count + 1

    endless = jnp.full(batch, jnp.inf)
    begin = states, jnp.zeros((*batch, len(rows), 6, 6)), endless, endless < 0, 0
    states, jacobians, _, settled, _ = jax.lax.while_loop(unfinished, step, begin)
    return jnp.where(settled[..., None, None], states, jnp.nan), jacobians


def _largest(change: Any) -> Any:
    return jnp.abs(change).max((-2, -1))


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
        return linearise(rows, ready, beam, states[..., :-1, :])[1]

    _, moved = jax.jvp(ends, primals[:2], tangents[:2])
    chain = Chain.of(jacobians)
    drive = jnp.zeros((*states.shape[:-2], 6))
    if not longitudinal:
        drive = drive.at[..., 5].set(tangents[2])
    change = chain.moved(moved, lambda gap: _closing(chain.turn, gap, drive, longitudinal))
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
