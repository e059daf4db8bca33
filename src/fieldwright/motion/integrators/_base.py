"""What all integrators share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import equinox as eqx
import jax

from fieldwright.motion.integrators._problem import Problem

#: Position and velocity, each (n, 3); the velocity times gamma where it is relativistic.
Motion = tuple[jax.Array, jax.Array]


class Moment(eqx.Module):
    """Where a step begins, and what was made ready for it."""

    motion: Motion
    time: jax.Array  # [s]
    h: jax.Array  # length of the step [s]
    alive: jax.Array  # (n,) bool
    handed: Any  # what `begin` or the last step hands on
    prepared: Any  # what `prepare` found
    table: Any = None  # this step's of `tables`


class Integrator(eqx.Module):
    """A way to carry charges over one step of time.

    A kind of integrator gives `step`; `needs`, `prepare` and `tables` are for what can be found out
    ahead of the steps, `begin` for what one step hands on to the next.
    """

    #: The farthest that the cyclotron motion may turn in one step [rad]; None: any.
    longest_turn: ClassVar[float | None] = None
    #: Whether it can move fast charges.
    relativistic: ClassVar[bool] = True

    @property
    @abstractmethod
    def order(self) -> int:
        """Order of the error of position and velocity in the step's length."""

    @property
    @abstractmethod
    def evaluations(self) -> int | None:
        """Sums over all pairs in one step; None where the integrator counts them itself."""

    def refusal(self, problem: Problem, magnetic_rest: bool) -> str | None:
        """Why it cannot solve this problem, or None."""
        return None

    def needs(self, problem: Problem, h: float) -> Any:
        """How much work steps of length h [s] are: found once, outside `jit`."""
        return None

    def prepare(self, problem: Problem, needs: Any, h: jax.Array) -> Any:
        """What all steps of length h [s] share, computed once."""
        return None

    def tables(
        self, problem: Problem, needs: Any, prepared: Any, times: jax.Array, h: jax.Array
    ) -> Any:
        """What the steps that begin at times (b,) [s] need, computed at once; leading axis b."""
        return None

    def begin(self, problem: Problem, motion: Motion, time: jax.Array, alive: jax.Array) -> Any:
        """What the first step is handed."""
        return None

    @abstractmethod
    def step(self, problem: Problem, at: Moment) -> tuple[Motion, Any]:
        """The motion after one step, and what the next one is handed."""

    @property
    def name(self) -> str:
        """What results say it is."""
        return type(self).__name__
