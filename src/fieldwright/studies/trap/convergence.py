"""Errors over step sizes, against the exact motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright import motion

from .._study import Progress
from ._run import ConvergencePart, TrapStudy
from ._setup import Setup, make_integrator, make_setup
from .cases import Numbers, exact_places, relative

_SHOWN = 1000  # times that are kept of an error over time
_MOST = 40_000  # times at which the largest error is looked for


@dataclass(frozen=True)
class ErrorCurve:
    """One integrator at one step size: the error over time, of the ion that is farthest off."""

    step: float  # [s]
    time: np.ndarray  # (k,) [s]
    relative: np.ndarray  # (k,), of the distance from the centre
    largest: float  # [m], over all steps
    largest_relative: float


@dataclass(frozen=True)
class ConvergenceResult:
    """Curves by integrator and number of steps."""

    curves: dict[str, dict[int, ErrorCurve]]
    orders: dict[str, int]  # what each integrator's error is of

    def steps(self, integrator: str) -> np.ndarray:
        """Step sizes (k,) [s], longest first."""
        return np.array([curve.step for curve in self.curves[integrator].values()])

    def errors(self, integrator: str) -> np.ndarray:
        """Largest errors (k,) [m] at these steps."""
        return np.array([curve.largest for curve in self.curves[integrator].values()])


def solve_convergence(study: TrapStudy, name: str, progress: Progress) -> ConvergenceResult:
    """All integrators of a convergence, with all numbers of steps."""
    part = study.convergence[name]
    run = study.run_of(study.case_of(part.case))
    setup = make_setup(run)
    result = ConvergenceResult({}, {})
    total = len(part.integrators) * len(part.steps)
    for index, integrator in enumerate(part.integrators):
        scheme = make_integrator(run, integrator)
        assert scheme is not None  # the model has seen to that
        result.orders[integrator] = scheme.order
        result.curves[integrator] = {}
        for number, steps in enumerate(part.steps):
            progress(f"converging {name}", (index * len(part.steps) + number) / total)
            found = _trajectory(setup, scheme, steps)
            exact = exact_places(run, setup, np.asarray(found.time))
            result.curves[integrator][steps] = _curve(found, exact, setup.duration / steps)
    return result


def _trajectory(setup: Setup, integrator: motion.Integrator, steps: int) -> motion.Trajectory:
    """The motion after each step; after every few of very many."""
    save = max(n for n in range(1, min(steps, _MOST) + 1) if steps % n == 0)
    arguments = setup.arguments | {
        "integrator": integrator, "steps": steps, "save": save, "coulomb": False
    }  # fmt: skip
    return motion.simulate(setup.ions, setup.source, **arguments)


def _curve(found: motion.Trajectory, exact: np.ndarray, step: float) -> ErrorCurve:
    time = np.asarray(found.time)
    error = np.linalg.norm(np.asarray(found.position) - exact, axis=2)
    parts = relative(error, exact).max(axis=1)
    shown = np.unique(np.linspace(0, len(time) - 1, _SHOWN).astype(int))
    return ErrorCurve(step, time[shown], parts[shown], float(error.max()), float(parts.max()))


def convergence_numbers(part: ConvergencePart, result: ConvergenceResult) -> Numbers:
    """The quantities of a convergence.

    The rate is the mean slope, 1/(k - 1) times the sum of log(error_i / error_(i-1)) over
    log(step_i / step_(i-1)); the order is the slope between the two smallest steps.
    """
    numbers: Numbers = {}
    for integrator in part.integrators:
        errors, steps = result.errors(integrator), result.steps(integrator)
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.diff(np.log(errors)) / np.diff(np.log(steps))
        numbers[f"{integrator}_rate"] = float(slopes.mean())
        numbers[f"{integrator}_order"] = float(slopes[-1])
        numbers[f"{integrator}_largest_ratio"] = float((errors[1:] / errors[:-1]).max())
        for count, curve in result.curves[integrator].items():
            numbers[f"{integrator}_error_{count}"] = curve.largest
            numbers[f"{integrator}_relative_{count}"] = curve.largest_relative
    return numbers
