"""Which integrator suits a problem, with how many steps; and what an integrator must refuse."""

from __future__ import annotations

import numpy as np

from fieldwright.constants import COULOMB
from fieldwright.errors import InputError
from fieldwright.motion.integrators._base import Integrator
from fieldwright.motion.integrators._dopri8 import Dopri8
from fieldwright.motion.integrators._exact_flow import ExactFlow, Propagator
from fieldwright.motion.integrators._flow import rate
from fieldwright.motion.integrators._near_choice import near_far_for
from fieldwright.motion.integrators._problem import Problem, fields_at, has_magnetic_rest
from fieldwright.motion.ions._ions import Ions

#: For motion that changes at all rates; its energy drifts by 1e-10 in a hot cloud.
ADAPTIVE = Dopri8(rtol=1e-8)

_TURN = 0.25  # of the fastest motion in one step where losses are looked for [rad]
_SHARE = 1.0  # of the shortest time between charges, that a first try takes as its step
_TRIES = 1e4  # pair sums from which on encounters had better have steps of their own


def choose(
    problem: Problem, ions: Ions, duration: float, radius: float | None
) -> tuple[Integrator, int]:
    """An integrator for the problem, and the least number of steps it should take."""
    least = _least(problem, duration, radius)
    if problem.relativistic or has_magnetic_rest(problem, ions.position):
        return Dopri8(), least
    if problem.coulomb is None:
        return (Propagator() if problem.rest is None else Dopri8()), least
    composed = ExactFlow()
    steps = max(least, int(np.ceil(duration / shortest_time(problem, ions, duration) / _SHARE)))
    if steps * (composed.evaluations or 1) < _TRIES:
        return composed, steps
    return choose_hot(problem, ions, duration, radius)


def choose_hot(
    problem: Problem, ions: Ions, duration: float, radius: float | None
) -> tuple[Integrator, int]:
    """An integrator for interacting charges with close encounters, and how many steps it takes."""
    least = _least(problem, duration, radius)
    charge = np.asarray(ions.charge)
    if charge.min() < 0 < charge.max():  # such pairs may orbit each other closely, for ever
        return ADAPTIVE, least
    integrator, h = near_far_for(problem, ions)
    return integrator, max(least, int(np.ceil(duration / h)))


def _least(problem: Problem, duration: float, radius: float | None) -> int:
    """How many steps it takes to see losses and to damp, whatever the integrator."""
    if radius is None and not problem.damping:
        return 1
    fastest = rate(problem.linear, float(np.max(np.abs(np.asarray(problem.charge_to_mass)))))
    return max(1, int(np.ceil(duration * fastest / _TURN)))


def shortest_time(problem: Problem, ions: Ions, duration: float) -> float:
    """About the shortest time [s] in which the Coulomb force between two charges changes.

    It is the period over 2 pi of two charges as near as the nearest are at the start, or the time
    that the closest encounter to be expected takes, if that is shorter.
    """
    from scipy.spatial import cKDTree

    position, velocity = np.asarray(ions.position), np.asarray(ions.velocity)
    mass = float(np.min(np.asarray(ions.mass)))
    charge = float(np.max(np.abs(np.asarray(ions.charge))))
    nearest = float(cKDTree(position).query(position, k=2)[0][:, 1].min())
    strength = 2 * COULOMB * charge**2 / mass  # of the relative motion [m^3/s^2]
    ringing = np.sqrt(nearest**3 / strength)
    speed = np.sqrt(2) * _thermal_speed(position, velocity)
    if speed == 0:
        return float(ringing)
    n = len(position)
    size = np.maximum(np.std(position, axis=0), nearest / 2)
    density = n / ((4 * np.pi) ** 1.5 * np.prod(size))  # the mean one of a Gaussian cloud
    # Two of them are expected to pass at this distance once; they come no nearer than `turning`.
    passing = 1 / np.sqrt(0.5 * n * density * np.pi * speed * duration)
    turning = 2 * strength / speed**2
    return float(min(ringing, max(passing, turning) / speed))


def _thermal_speed(position: np.ndarray, velocity: np.ndarray) -> float:
    """The root mean square speed [m/s] beside the cloud's drift and its turning about z."""
    x, v = position - position.mean(axis=0), velocity - velocity.mean(axis=0)
    square = np.sum(x[:, :2] ** 2)
    turning = np.sum(x[:, 0] * v[:, 1] - x[:, 1] * v[:, 0]) / square if square > 0 else 0.0
    v = v - turning * np.stack([-x[:, 1], x[:, 0], np.zeros(len(x))], axis=1)
    return float(np.sqrt(np.mean(np.sum(v**2, axis=1))))


def check_integrator(integrator: Integrator, problem: Problem, ions: Ions, h: float) -> None:
    """Raise `InputError` where an integrator cannot solve a problem in steps of h [s]."""
    if not isinstance(integrator, Integrator):
        raise InputError(
            f"integrator must be one of fieldwright.motion's, got {integrator!r}; "
            "note the brackets: RK4(), not RK4",
            parameter="integrator",
        )
    why = integrator.refusal(problem, has_magnetic_rest(problem, ions.position))
    if why is None and problem.relativistic and not integrator.relativistic:
        why = "it knows no relativity; Boris, HigueraCary, Dopri8 and RK4 do"
    if why is not None:
        raise InputError(f"{integrator.name} cannot solve this: {why}", parameter="integrator")
    if integrator.longest_turn is not None:
        _check_turn(integrator, integrator.longest_turn, problem, ions, h)


def _check_turn(
    integrator: Integrator, longest: float, problem: Problem, ions: Ions, h: float
) -> None:
    if problem.rest is None:
        B = np.asarray(problem.linear.B)[None]
    else:
        B = np.asarray(fields_at(problem.source, np.asarray(ions.position), 0.0)[1])
    ratio = np.asarray(problem.charge_to_mass)[np.asarray(problem.species)]
    turn = float(np.max(np.linalg.norm(B, axis=1) * np.abs(ratio) * h))
    if turn > longest:
        raise InputError(
            f"a step of {h:.4g} s is too long for {integrator.name}: the cyclotron motion turns "
            f"by {turn:.3g} rad in it, and {longest:g} rad is the most; take "
            f"{int(np.ceil(turn / longest))} times as many steps, or ExactFlow() or Cyclotronic(), "
            "which follow it exactly",
            parameter="steps",
        )
