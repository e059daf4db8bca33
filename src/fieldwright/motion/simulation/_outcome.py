"""From what the loop leaves to a trajectory, with times and places of losses."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from fieldwright.errors import ConvergenceError
from fieldwright.motion.simulation._advance import State
from fieldwright.motion.simulation._plan import Plan
from fieldwright.motion.simulation._plan import start as begin
from fieldwright.motion.simulation._trajectory import Trajectory, crossing, empty_losses

Kept = tuple[np.ndarray, np.ndarray]  # positions and what is called velocity (intervals, n, 3)


def check_finite(state: State, plan: Plan, done: int) -> None:
    """Raise `ConvergenceError` if an ion that is there is nowhere, after `done` intervals."""
    there = np.asarray(state.alive)
    fine = [np.isfinite(np.asarray(part)).all(axis=-1) for part in state.motion]
    bad = there & ~(fine[0] & fine[1])
    if bad.any():
        time = plan.start_time + plan.duration * done / plan.save
        raise ConvergenceError(
            f"ion {int(np.argmax(np.any(np.atleast_2d(bad), axis=0)))} has no finite place before "
            f"{time:.6g} s: it left a field map, met another charge, or its steps of "
            f"{plan.h:.3g} s with {plan.integrator.name} are too long or its room too small"
        )


def make_trajectory(
    plan: Plan, kept: Kept, state: State, error: float = float("nan")
) -> Trajectory:
    """The trajectory of a run; `error` [m] is the estimate of its positions' error, if any."""
    n = len(plan.ions)
    lost_time, lost_position = _losses(plan, state, n)
    at_start = np.asarray(state.lost_step) >= 0
    at_start &= np.isclose(lost_time, plan.start_time, rtol=0, atol=0)
    start = [np.array(part) for part in (plan.ions.position, plan.ions.velocity)]
    for part in start:
        part[at_start] = np.nan
    velocity, momentum = kept[1], None
    if plan.problem.relativistic:
        momentum = np.concatenate([np.asarray(begin(plan)[1])[None], kept[1]])
        momentum[0, at_start] = np.nan
        velocity = plan.problem.true_velocity(kept[1])
    evaluations = plan.integrator.evaluations
    if evaluations is None:
        total = int(state.handed[1])
    else:
        total = evaluations * plan.steps if plan.problem.coulomb else 0
    # Put as they are: `jnp.array` would compile a program for each shape.
    arrays = jax.device_put(
        {
            "time": plan.start_time + plan.duration * (np.arange(plan.save + 1) / plan.save),
            "position": np.concatenate([start[0][None], kept[0]]),
            "velocity": np.concatenate([start[1][None], velocity]),
            "lost_time": lost_time,
            "lost_position": lost_position,
            "error_estimate": np.asarray(error),
            "momentum": momentum,
        }
    )
    return Trajectory(
        ions=plan.ions,
        source=plan.problem.source,
        integrator=plan.integrator.name,
        steps=plan.steps,
        evaluations=total,
        **arrays,
    )


def _losses(plan: Plan, state: State, n: int) -> tuple[np.ndarray, np.ndarray]:
    lost_time, lost_position = empty_losses(n)
    lost_step = np.asarray(state.lost_step)
    lost = lost_step >= 0
    if plan.radius is None or not lost.any():
        return lost_time, lost_position
    place = np.asarray(plan.ions.position)
    outside = lost & (np.sum(place**2, axis=1) > plan.radius**2)
    lost_time[outside], lost_position[outside] = plan.start_time, place[outside]
    later = lost & ~outside

    def motion(pair: Any) -> tuple[np.ndarray, np.ndarray]:
        x, v = (np.asarray(part)[later] for part in pair)
        return x, np.asarray(plan.problem.true_velocity(v))

    begun = plan.start_time + lost_step[later] * plan.h
    within, where = crossing(motion(state.before), motion(state.motion), plan.h, plan.radius)
    lost_time[later], lost_position[later] = begun + within, where
    return lost_time, lost_position
