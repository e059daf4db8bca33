"""The integrators of the Penning trap paper: forward Euler and the classical Runge-Kutta."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from fieldwright.motion.integrators._base import Integrator, Moment, Motion
from fieldwright.motion.integrators._problem import Problem


class Euler(Integrator):
    """Forward Euler, of first order: here to show how errors grow (paper's algorithm 1).

    >>> from fieldwright.motion import Euler
    >>> Euler().order
    1
    """

    longest_turn: ClassVar[float | None] = 0.2

    @property
    def order(self) -> int:
        return 1

    @property
    def evaluations(self) -> int | None:
        return 1

    def step(self, problem: Problem, at: Moment) -> tuple[Motion, Any]:
        x, v = at.motion
        dx, dv = problem.rates(x, v, at.time, at.alive)
        return (x + at.h * dx, v + at.h * dv), at.handed


class RK4(Integrator):
    """The classical Runge-Kutta method of fourth order (paper's algorithm 2).

    The field is taken at t, t + h/2 and t + h, where the four slopes are.

    >>> from fieldwright.motion import RK4
    >>> RK4().evaluations
    4
    """

    longest_turn: ClassVar[float | None] = 1.0

    @property
    def order(self) -> int:
        return 4

    @property
    def evaluations(self) -> int | None:
        return 4

    def step(self, problem: Problem, at: Moment) -> tuple[Motion, Any]:
        (x, v), h = at.motion, at.h

        def stage(total: Any, knot: Any) -> Any:
            (part, weight), ((dx, dv), (sx, sv)) = knot, total
            a = part * h
            dx, dv = problem.rates(x + a * dx, v + a * dv, at.time + a, at.alive)
            return ((dx, dv), (sx + weight * dx, sv + weight * dv)), None

        zero = (jnp.zeros_like(x), jnp.zeros_like(v))
        knots = jnp.array([[0.0, 0.5, 0.5, 1.0], [1.0, 2.0, 2.0, 1.0]])
        (_, (sx, sv)), _ = jax.lax.scan(stage, (zero, zero), (knots[0], knots[1]))
        return (x + h / 6 * sx, v + h / 6 * sv), at.handed
