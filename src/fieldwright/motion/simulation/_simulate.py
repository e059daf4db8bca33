"""Charges in time through any source, one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from fieldwright.errors import ConvergenceError, InputError
from fieldwright.motion.integrators._base import Integrator
from fieldwright.motion.integrators._exact_flow import ExactFlow
from fieldwright.motion.integrators._near_far import NearFar
from fieldwright.motion.integrators._problem import make_problem
from fieldwright.motion.interaction._coulomb import Coulomb
from fieldwright.motion.ions._ions import Ions
from fieldwright.motion.simulation import _checkpoint
from fieldwright.motion.simulation._advance import (
    State,
    advance,
    begin,
    compiled_advance,
    compiled_begin,
)
from fieldwright.motion.simulation._choose import ADAPTIVE, choose_hot
from fieldwright.motion.simulation._outcome import Kept, check_finite, make_trajectory
from fieldwright.motion.simulation._plan import (
    Plan,
    check_counts,
    check_memory,
    make_plan,
    run_of,
    start,
)
from fieldwright.motion.simulation._trajectory import Trajectory
from fieldwright.sources import Source
from fieldwright.sources._checks import is_concrete

#: How many intervals one call of the compiled loop does, where they take no more pair sums than
#: that: 2e7 are a twentieth of a second. Longer ones are calls of their own.
_GROUPS = ((256, 2e7), (32, 6.4e9))
_TOLERANCE = 1e-12  # of positions [m], to which steps are shortened where they are ours to choose
_DOUBLINGS = 3  # before chaos is taken for granted
_LONG = 2e9  # steps times pairs of a run that is not done twice to learn its error

#: Called with the fraction of a run that is done.
Progress = Callable[[float], None]


def simulate(
    ions: Ions,
    source: Source,
    duration: Any,
    *,
    steps: int | None = None,
    integrator: Integrator | None = None,
    coulomb: bool | Coulomb = True,
    relativistic: bool = False,
    damping: Sequence[Any] = (),
    loss_radius: Any = None,
    save: int = 200,
    start_time: Any = 0.0,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> Trajectory:
    """Move charges through the field of a source, and of each other.

    Args:
        ions: the charges and how they start.
        source: what makes the field: a trap, a coil, an `Assembly` with drives, ...
        duration: how long [s].
        steps: equal steps of the integrator, a multiple of `save`; chosen where it is None.
        integrator: one of this room's; chosen where it is None (see below).
        coulomb: whether the charges act on each other, or a `Coulomb` that says how to sum.
        relativistic: whether they may be fast.
        damping: `BufferGas`, `LaserCooling`, ... that act once a step, beside the fields.
        loss_radius: charges farther than this from the origin [m] are lost: taken out, with time
            and place on record. By default the size of a bounded `PenningTrap`; else none is lost.
        save: into how many equal intervals the time is divided; the motion is kept at their ends.
        start_time: when it begins [s], for drives.
        seed: of what is random in `damping`.
        checkpoint: a file that the run is written to every few seconds; a run that was killed goes
            on from there, to the same last bit. It is removed at the end. Short runs, whose steps
            are halved until they agree, write none.
        progress: is called with the fraction done, now and then.

    Returns:
        The `Trajectory`.

    Raises:
        InputError: the arguments contradict each other, a step is too long for the cyclotron
            motion, the result would not fit into memory, or the checkpoint is of another run.
        ConvergenceError: the motion left what numbers can hold, or a field map.

    Inside `jit` and under forward-mode derivatives `steps` and `integrator` must be given (RK4,
    Boris, HigueraCary or Dopri8), nothing is refused, and no ion is lost.

    Without an integrator given: charges that do not interact in a field that is linear in position
    move exactly (`Propagator`); interacting ones, by `ExactFlow` with steps halved until positions
    change by less than 1e-12 m, the estimate being with the result; hot clouds, whose motion is
    chaotic, by `NearFar`; fast charges, opposite ones that meet and those in magnetic fields that
    are not uniform by `Dopri8`.

    >>> from fieldwright.motion import Ions, simulate
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> place, velocity = [[20e-6, 0, 20e-6], [25e-6, 25e-6, 0]], [[0, 25.0, 0], [0, 40.0, 5.0]]
    >>> ions = Ions(40.078 * 1.66053906892e-27, 1.602176634e-19, place, velocity)
    >>> x, y, z = simulate(ions, trap, 50e-6).position[-1, 0] * 1e6
    >>> print(f"({x:.4f}, {y:.4f}, {z:.4f}) um")
    (17.9142, 66.4025, -19.7202) um
    """
    if not is_concrete(ions, source):
        return _traced(
            ions, source, duration, steps, integrator, coulomb, relativistic, tuple(damping),
            save, start_time, seed,
        )  # fmt: skip
    plan = make_plan(
        ions, source, duration, steps, integrator, coulomb, relativistic, damping, loss_radius,
        save, start_time, seed,
    )  # fmt: skip
    check_memory(plan, 1)
    if steps is None and isinstance(plan.integrator, ExactFlow) and _worth_repeating(plan):
        found = _converged(plan, progress)
        if found is not None:
            return found
        hot, number = choose_hot(plan.problem, ions, plan.duration, plan.radius)
        plan = replace(plan, integrator=hot, steps=-(-number // save) * save)
    if integrator is None and isinstance(plan.integrator, NearFar):
        try:
            return make_trajectory(plan, *_loop(plan, checkpoint, progress))
        except ConvergenceError:  # more pairs came close than there was room for
            plan = replace(plan, integrator=ADAPTIVE)
            if checkpoint is not None:  # a file of its own: another run is in the first
                Path(checkpoint).unlink(missing_ok=True)
                checkpoint = f"{checkpoint}.adaptive"
    return make_trajectory(plan, *_loop(plan, checkpoint, progress))


def _worth_repeating(plan: Plan) -> bool:
    """Whether a run is short enough, and the same in steps of another length, to learn its error.

    Random kicks differ with the steps, so that runs with them never agree.
    """
    return not plan.problem.damping and plan.steps * len(plan.ions) ** 2 <= _LONG


def _traced(
    ions: Ions,
    source: Source,
    duration: Any,
    steps: int | None,
    integrator: Integrator | None,
    coulomb: bool | Coulomb,
    relativistic: bool,
    damping: tuple[Any, ...],
    save: int,
    start_time: Any,
    seed: int,
) -> Trajectory:
    """The run inside `jit`, `jvp` and `vmap`, where nothing can be looked at beforehand."""
    if steps is None or integrator is None:
        raise InputError("inside jit, give `steps` and `integrator`", parameter="steps")
    check_counts(steps, save)
    summed = Coulomb() if coulomb is True else (coulomb or None)
    problem = make_problem(ions, source, summed if len(ions) > 1 else None, damping, relativistic)
    plan = Plan(
        ions, problem, integrator, steps, save, float(duration), float(start_time), None, seed
    )
    run = run_of(plan)
    position, velocity = start(plan)
    _, kept = advance(run, *begin(run, position, velocity), 0, steps // save, save, save)
    nothing = jnp.full(len(ions), jnp.inf), jnp.full((len(ions), 3), jnp.nan)
    return Trajectory(
        time=jnp.asarray(plan.start_time + plan.duration * np.arange(save + 1) / save),
        position=jnp.concatenate([ions.position[None], kept[0]]),
        velocity=jnp.concatenate([ions.velocity[None], problem.true_velocity(kept[1])]),
        lost_time=nothing[0],
        lost_position=nothing[1],
        error_estimate=jnp.full((), jnp.nan),
        ions=ions,
        source=source,
        integrator=integrator.name,
        steps=steps,
        evaluations=(integrator.evaluations or 0) * steps if problem.coulomb else 0,
        momentum=jnp.concatenate([velocity[None], kept[1]]) if relativistic else None,
    )


def _group(plan: Plan) -> int:
    """How many intervals one call does."""
    each = plan.steps // plan.save * (plan.integrator.evaluations or 50)
    pairs = each * len(plan.ions) * (len(plan.ions) if plan.problem.coulomb else 10)
    return next((group for group, most in _GROUPS if min(group, plan.save) * pairs <= most), 1)


def _converged(plan: Plan, progress: Progress | None) -> Trajectory | None:
    """The run with ever shorter steps until they matter no more; None where that does not help.

    Half the steps leave an error that is 2^order times larger: so two runs tell it.
    """
    coarse, _ = _loop(plan, None, None)
    for _ in range(_DOUBLINGS):
        plan = replace(plan, steps=2 * plan.steps)
        fine, state = _loop(plan, None, progress)
        error = np.max(np.abs(fine[0] - coarse[0]), initial=0.0, where=~np.isnan(coarse[0]))
        error /= 2**plan.integrator.order - 1
        if error < _TOLERANCE and np.array_equal(np.isnan(fine[0]), np.isnan(coarse[0])):
            return make_trajectory(plan, fine, state, float(error))
        coarse = fine
    return None


def _loop(
    plan: Plan, checkpoint: str | Path | None, progress: Progress | None
) -> tuple[Kept, State]:
    run = run_of(plan)
    prepared, state = compiled_begin(run, *start(plan))
    each, group = plan.steps // plan.save, _group(plan)
    parts: list[Kept] = []
    done = 0
    file = _checkpoint.open_checkpoint(checkpoint, (plan, group), state)
    if file is not None and file.found is not None:
        state, parts, done = file.found
    while done < plan.save:
        now = min(group, plan.save - done)
        state, kept = compiled_advance(run, prepared, state, done * each, each, now, group)
        parts.append((np.asarray(kept[0])[:now], np.asarray(kept[1])[:now]))
        done += now
        check_finite(state, plan, done)
        if progress is not None:
            progress(done / plan.save)
        if file is not None:
            file.write(state, parts, done, last=done == plan.save)
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
    ), state
