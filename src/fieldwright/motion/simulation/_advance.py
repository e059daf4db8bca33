"""The loop over steps, under `jit`: motion, damping, losses."""

from __future__ import annotations

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from fieldwright._jax import compiled
from fieldwright.motion.integrators._base import Integrator, Moment, Motion
from fieldwright.motion.integrators._problem import Problem
from fieldwright.motion.interaction._coulomb import WIDE

_BLOCK = 32  # steps whose tables are made at once


class State(eqx.Module):
    """Where the charges are between two steps, and what became of those that were lost."""

    motion: Motion  # position (n, 3) [m] and velocity (n, 3) [m/s]
    alive: jax.Array  # (n,) bool
    lost_step: jax.Array  # (n,): the step in which each was lost, -1 for those that are there
    before: Motion  # at the beginning of that step
    handed: Any  # what the integrator's last step hands to the next


class Run(eqx.Module):
    """What stays the same through a run; `radius` [m] is None where nothing is ever lost."""

    integrator: Integrator
    problem: Problem
    needs: Any
    h: Any
    start_time: Any
    radius: Any
    seed: Any


def begin(run: Run, position: Any, velocity: Any) -> tuple[Any, State]:
    """What all steps share, and the state at the beginning.

    A charge that begins outside the radius is lost at once.
    """
    prepared = run.integrator.prepare(run.problem, run.needs, run.h)
    n = len(position)
    alive = jnp.ones(n, dtype=bool)
    if run.radius is not None:
        alive = jnp.sum(position**2, axis=1) <= run.radius**2
    motion = (position, velocity)
    handed = run.integrator.begin(run.problem, motion, run.start_time, alive)
    lost = jnp.where(alive, -1, 0).astype(int)  # as steps give it back: else they compile twice
    return prepared, State(motion, alive, lost, motion, handed)


def advance(
    run: Run, prepared: Any, state: State, first: Any, each: Any, number: Any, room: int
) -> tuple[State, Motion]:
    """The state after all steps, and the motion after each of the intervals.

    Args:
        run: what stays the same.
        prepared: what all steps share.
        state: at the beginning.
        first: the index of the first step.
        each: the number of steps in an interval.
        number: of intervals.
        room: for so many of them, the length of what is kept: zeros beyond `number`.
    """

    def interval(index: Any, carry: Any) -> Any:
        state, kept = carry
        state = _steps(run, prepared, state, first + index * each, each)
        gone = ~state.alive[:, None]
        # The velocity is gamma v where it is relativistic.
        now = (jnp.where(gone, jnp.nan, part) for part in state.motion)
        return state, tuple(all.at[index].set(part) for all, part in zip(kept, now, strict=True))

    empty = tuple(jnp.zeros((room, *part.shape)) for part in state.motion)
    return jax.lax.fori_loop(0, number, interval, (state, empty))


def _many(
    run: Run, prepared: Any, state: State, first: Any, each: Any, number: Any, room: int
) -> tuple[State, Motion]:
    """`advance` of a batch of runs on the leading axis."""
    one = partial(advance, first=first, each=each, number=number, room=room)
    return jax.vmap(one)(run, prepared, state)


def _begin_many(run: Run, *rest: Any) -> Any:
    return jax.vmap(begin)(run, *rest)


compiled_advance = compiled(advance, static=("room",), options=WIDE)
compiled_advance_many = compiled(_many, static=("room",), options=WIDE)
compiled_begin = compiled(begin)
compiled_begin_many = compiled(_begin_many)


def _steps(run: Run, prepared: Any, state: State, first: jax.Array, count: jax.Array) -> State:
    def tables(times: jax.Array) -> Any:
        return run.integrator.tables(run.problem, run.needs, prepared, times, run.h)

    if jax.eval_shape(tables, jnp.zeros(_BLOCK)) is None:
        return jax.lax.fori_loop(
            first, first + count, lambda index, s: _step(run, prepared, s, index, None), state
        )

    def block(number: jax.Array, state: State) -> State:
        begin = first + number * _BLOCK
        tabled = tables(run.start_time + (begin + jnp.arange(_BLOCK)) * run.h)

        def one(j: jax.Array, state: State) -> State:
            table = jax.tree.map(lambda leaf: leaf[j], tabled)
            return _step(run, prepared, state, begin + j, table)

        return jax.lax.fori_loop(0, jnp.minimum(_BLOCK, count - number * _BLOCK), one, state)

    return jax.lax.fori_loop(0, -(-count // _BLOCK), block, state)


def _step(run: Run, prepared: Any, state: State, index: jax.Array, table: Any) -> State:
    time = run.start_time + index * run.h
    before = state.motion
    at = Moment(before, time, run.h, state.alive, state.handed, prepared, table)
    (position, velocity), handed = run.integrator.step(run.problem, at)
    for number, damping in enumerate(run.problem.damping):
        key = jax.random.fold_in(jax.random.PRNGKey(run.seed), index)
        key = jax.random.fold_in(key, number)
        damped = damping.apply(velocity, position, run.problem.mass, run.problem.charge, run.h, key)
        velocity = jnp.where(state.alive[:, None], damped, velocity)
    motion = (position, velocity)
    if run.radius is None:
        return State(motion, state.alive, state.lost_step, state.before, handed)
    left = state.alive & (_farthest(run, before, motion) > run.radius**2)
    mask = left[:, None]
    return State(
        motion,
        state.alive & ~left,
        jnp.where(left, index, state.lost_step),
        tuple(jnp.where(mask, now, then) for now, then in zip(before, state.before, strict=True)),  # type: ignore[arg-type]
        handed,
    )


def _farthest(run: Run, before: Motion, after: Motion) -> jax.Array:
    """The largest r^2 (n,) within a step, on the cubic through both ends and their slopes."""

    def knot(motion: Motion) -> tuple[jax.Array, jax.Array]:
        position, velocity = motion
        v = run.problem.true_velocity(velocity)
        return jnp.sum(position**2, axis=1), 2 * run.h * jnp.sum(position * v, axis=1)

    return largest_of_cubic(*knot(before), *knot(after))


@partial(jnp.vectorize, signature="(),(),(),()->()")
def largest_of_cubic(a: jax.Array, da: jax.Array, b: jax.Array, db: jax.Array) -> jax.Array:
    """The largest value over (0, 1) of the cubic with values a, b and slopes da, db at its ends."""
    square = 3 * (da + db) - 6 * (b - a)
    linear = 6 * (b - a) - 4 * da - 2 * db
    # The root of da + linear s + square s^2 where the slope falls, without cancellation.
    root = jnp.sqrt(jnp.maximum(linear**2 - 4 * square * da, 0.0))
    divisor = root - linear
    s = jnp.clip(2 * da / jnp.where(divisor > 0, divisor, 1.0), 0.0, 1.0)
    value = a + s * (da + s * (linear / 2 + s * square / 3))
    peak = (da > 0) & (db < 0)
    return jnp.maximum(jnp.maximum(a, b), jnp.where(peak, value, -jnp.inf))
