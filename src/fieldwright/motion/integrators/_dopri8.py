"""Adaptive steps of eighth order, by diffrax."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from fieldwright.errors import InputError
from fieldwright.motion.integrators._base import Integrator, Moment, Motion
from fieldwright.motion.integrators._problem import Problem

_STAGES = 13  # of which pair sums are made in one try
_MOST = 100_000  # tries within one step of ours


class Dopri8(Integrator):
    """Dormand and Prince's method of order 8(7), its steps as short as the error asks (diffrax).

    For hot clouds with close encounters, fields that are not linear and relativistic motion. A step
    of `simulate` is what it divides; the error is held against the size of the motion.

    Args:
        rtol: relative error of one step.
        atol: absolute error of one step [m]; velocities count times the time in which they change.

    Raises:
        InputError: a tolerance is not above zero.

    >>> from fieldwright.motion import Dopri8
    >>> Dopri8(rtol=1e-8).rtol
    1e-08
    """

    rtol: float = 1e-10
    atol: float = 1e-15

    @property
    def order(self) -> int:
        return 8

    @property
    def evaluations(self) -> int | None:
        return None

    def __check_init__(self) -> None:
        for name in ("rtol", "atol"):
            value = getattr(self, name)
            if isinstance(value, (int, float)) and not value > 0:
                raise InputError(f"{name} must be above zero, got {value}", parameter=name)

    def begin(self, problem: Problem, motion: Motion, time: jax.Array, alive: jax.Array) -> Any:
        return jnp.full((), jnp.nan, dtype=float), jnp.zeros((), dtype=int)

    def step(self, problem: Problem, at: Moment) -> tuple[Motion, Any]:
        import diffrax  # takes half a second to import

        last, count = at.handed
        (x, v), time, h = at.motion, at.time, at.h
        scale = _time_scale(problem, at.motion, time, at.alive)

        def rates(t: Any, y: Any, args: Any) -> Any:
            dx, dv = problem.rates(y[0], y[1] / scale, t, at.alive)
            return dx, dv * scale

        first = jnp.where(jnp.isnan(last), jnp.minimum(h, scale / 50), jnp.minimum(h, last))
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(rates),
            diffrax.Dopri8(scan_kind="lax"),
            time,
            time + h,
            first,
            (x, v * scale),
            stepsize_controller=diffrax.PIDController(
                rtol=self.rtol, atol=self.atol, norm=_largest
            ),
            saveat=diffrax.SaveAt(t1=True, controller_state=False),
            max_steps=_MOST,
            throw=False,
            adjoint=diffrax.ForwardMode(),
        )
        ok = solution.result == diffrax.RESULTS.successful
        x, v = (jnp.where(ok, y[0], jnp.nan) for y in solution.ys)
        steps = solution.stats["num_steps"]
        # The mean step, a little longer, opens the next interval.
        following = h / jnp.maximum(solution.stats["num_accepted_steps"], 1)
        return (x, v / scale), (following, count + _STAGES * steps)

    @property
    def name(self) -> str:
        return f"Dopri8(rtol={self.rtol:g})"


def _largest(y: Any) -> jax.Array:
    return jnp.max(jnp.stack([jnp.max(jnp.abs(leaf)) for leaf in jax.tree.leaves(y)]))


def _time_scale(problem: Problem, motion: Motion, time: jax.Array, alive: jax.Array) -> jax.Array:
    """About the time [s] in which the motion changes: velocity over acceleration, at most."""
    _, push = problem.rates(*motion, time, alive)
    speed = jnp.sqrt(jnp.sum(motion[1] ** 2))
    change = jnp.sqrt(jnp.sum(push**2))
    return jnp.where((speed > 0) & (change > 0), speed / change, 1e-6)
