"""What a run is asked for: checked, completed, ready to be compiled."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.motion.integrators._base import Integrator
from fieldwright.motion.integrators._problem import Problem, make_problem
from fieldwright.motion.interaction._coulomb import Coulomb
from fieldwright.motion.ions._ions import Ions, require_apart
from fieldwright.motion.simulation._advance import Run
from fieldwright.motion.simulation._choose import check_integrator, choose
from fieldwright.sources import Source
from fieldwright.sources._checks import as_float, numpy_for, require_positive


@dataclass(frozen=True)
class Plan:
    """One run, checked and ready."""

    ions: Ions
    problem: Problem
    integrator: Integrator
    steps: int
    save: int
    duration: float
    start_time: float
    radius: float | None
    seed: int

    @property
    def h(self) -> float:
        """The length of a step [s]."""
        return self.duration / self.steps


def make_plan(
    ions: Ions,
    source: Source,
    duration: Any,
    steps: int | None,
    integrator: Integrator | None,
    coulomb: bool | Coulomb,
    relativistic: bool,
    damping: Sequence[Any],
    loss_radius: Any,
    save: int,
    start_time: Any,
    seed: int,
) -> Plan:
    """What `simulate` is asked for, checked, with integrator and steps chosen where need be."""
    duration = float(as_float(duration, "duration"))
    start_time = float(as_float(start_time, "start_time"))
    require_positive(duration=duration)
    check_counts(steps, save)
    radius = _bound(source) if loss_radius is None else float(as_float(loss_radius, "loss_radius"))
    if radius is not None:
        require_positive(loss_radius=radius)
    _check_speed(ions, relativistic)
    if len(ions) < 2:
        coulomb = False
    summed = Coulomb() if coulomb is True else (coulomb or None)
    if summed is not None:
        require_apart(ions)
    problem = make_problem(ions, source, summed, tuple(damping), relativistic)
    if integrator is None:
        integrator, least = choose(problem, ions, duration, radius)
        steps = steps or -(-least // save) * save
    elif steps is None:
        raise InputError(
            f"give `steps` with the integrator {integrator.name}: how many equal steps the "
            "duration is divided into",
            parameter="steps",
        )
    check_integrator(integrator, problem, ions, duration / steps)
    return Plan(ions, problem, integrator, steps, save, duration, start_time, radius, seed)


def check_counts(steps: int | None, save: int) -> None:
    """Raise `InputError` unless steps and intervals are whole numbers that divide evenly."""
    for name, value in (("steps", steps), ("save", save)):
        if value is not None and (isinstance(value, bool) or value != int(value) or value < 1):
            raise InputError(f"{name} must be a whole number above zero, got {value}")
    if steps is not None and steps % save:
        raise InputError(
            f"steps must be a multiple of save, and {steps} is none of {save}: the motion is kept "
            f"after equally many steps; give save={np.gcd(steps, save)}, or "
            f"steps={-(-steps // save) * save}",
            parameter="steps",
        )


def _check_speed(ions: Ions, relativistic: bool) -> None:
    fastest = float(np.max(np.linalg.norm(np.asarray(ions.velocity), axis=1), initial=0.0))
    if fastest >= SPEED_OF_LIGHT:
        raise InputError(
            f"an ion moves at {fastest:.6g} m/s, and light only at {SPEED_OF_LIGHT:.6g} m/s",
            parameter="velocity",
        )
    if not relativistic and fastest > 0.05 * SPEED_OF_LIGHT:
        raise InputError(
            f"an ion moves at {fastest / SPEED_OF_LIGHT:.3f} of the speed of light: "
            "give relativistic=True",
            parameter="relativistic",
        )


def _bound(source: Source) -> float | None:
    """The size of the bounded trap that a source is or holds."""
    parts = jax.tree.leaves(source, is_leaf=lambda part: getattr(part, "bounded", False))
    sizes = [float(part.size) for part in parts if getattr(part, "bounded", False)]
    return min(sizes, default=None)


def check_memory(plan: Plan, cases: int) -> None:
    """Raise `InputError` if what is kept of the run would not fit into memory."""
    needed = 3 * cases * (plan.save + 1) * len(plan.ions) * 6 * 8
    free = _free_memory()
    if needed > free:
        raise InputError(
            f"keeping {len(plan.ions)} ions at {plan.save + 1} times"
            + (f" of {cases} cases" if cases > 1 else "")
            + f" takes about {needed / 2**30:.3g} GiB, and {free / 2**30:.3g} GiB are free: "
            "give a smaller `save`",
            parameter="save",
        )


def _free_memory() -> float:
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return float("inf")


def run_of(plan: Plan) -> Run:
    """A plan in the form that the compiled loop takes."""
    return Run(
        integrator=plan.integrator,
        problem=plan.problem,
        needs=plan.integrator.needs(plan.problem, plan.h),
        h=np.asarray(plan.h),
        start_time=np.asarray(plan.start_time),
        radius=None if plan.radius is None else np.asarray(plan.radius),
        seed=np.asarray(plan.seed),
    )


def start(plan: Plan) -> tuple[Any, Any]:
    """Position and velocity at the beginning, (n, 3) each; gamma v where it is relativistic."""
    position, velocity = plan.ions.position, plan.ions.velocity
    if plan.problem.relativistic:
        xp = numpy_for(velocity)
        square = xp.sum((xp.asarray(velocity) / SPEED_OF_LIGHT) ** 2, axis=1, keepdims=True)
        velocity = velocity / xp.sqrt(1 - square)
    return position, velocity
