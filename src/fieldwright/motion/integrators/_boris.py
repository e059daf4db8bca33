"""Integrators that turn the velocity about the magnetic field: Boris's, and Higuera and Cary's."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.motion.integrators._base import Integrator, Moment, Motion
from fieldwright.motion.integrators._problem import Problem


class Boris(Integrator):
    """Half a drift, kick and turn with the fields at the middle, half a drift.

    Of second order; it conserves volume and can be reversed. Relativistic where `simulate` is asked
    for that (Boris 1970; Birdsall and Langdon, section 15-4), then with the gamma after the first
    half of the electric kick.

    >>> from fieldwright.motion import Boris
    >>> Boris().evaluations
    1
    """

    longest_turn: ClassVar[float | None] = 1.0

    @property
    def order(self) -> int:
        return 2

    @property
    def evaluations(self) -> int | None:
        return 1

    def gamma(self, problem: Problem, u: jax.Array, turn: jax.Array) -> Any:
        """The Lorentz factor (n, 1) for the turn, from u (n, 3) [m/s] before it."""
        return problem.gamma(u)

    def step(self, problem: Problem, at: Moment) -> tuple[Motion, Any]:
        (x, u), h = at.motion, at.h
        there = jnp.where(at.alive[:, None], 1.0, 0.0)
        middle = x + h / 2 * there * problem.true_velocity(u)
        E, B = problem.fields(middle, at.time + h / 2, at.alive)
        kick = h / 2 * there * problem.ratio
        before = u + kick * E
        half_turn = kick * B  # of a charge at rest
        t = half_turn / self.gamma(problem, before, half_turn)
        turned = before + jnp.cross(before, t)
        s = 2 / (1 + jnp.sum(t * t, axis=-1, keepdims=True))
        after = before + s * jnp.cross(turned, t) + kick * E
        return (middle + h / 2 * there * problem.true_velocity(after), after), at.handed


class HigueraCary(Boris):
    """As Boris's, with the gamma that makes relativistic drifts across crossed fields right.

    It conserves volume (A. V. Higuera and J. R. Cary, Phys. Plasmas 24, 052104 (2017), equation
    20). Slow charges move as with `Boris`.

    >>> from fieldwright.motion import HigueraCary
    >>> HigueraCary().order
    2
    """

    def gamma(self, problem: Problem, u: jax.Array, turn: jax.Array) -> Any:
        if not problem.relativistic:
            return 1.0
        square = problem.gamma(u) ** 2
        turn_square = jnp.sum(turn * turn, axis=-1, keepdims=True)
        along = jnp.sum(u * turn, axis=-1, keepdims=True) / SPEED_OF_LIGHT
        sigma = square - turn_square
        return jnp.sqrt((sigma + jnp.sqrt(sigma**2 + 4 * (turn_square + along**2))) / 2)
