"""Hot clouds: close encounters in short steps of their own, all other pairs in long ones.

The Hamiltonian is divided into the linear field's motion together with the near part of close
pairs, and the far part of all pairs together with the rest of the field. Both divisions of a step
are by kicks at the nodes of Gauss and Lobatto's rule: outside for the far part, inside, between two
far kicks, for the near one.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.motion.integrators._base import Integrator, Moment, Motion
from fieldwright.motion.integrators._lobatto import lobatto
from fieldwright.motion.integrators._near_flows import (
    Flows,
    Plan,
    apply,
    at,
    back,
    flow_plan,
    flows_at,
)
from fieldwright.motion.integrators._near_pairs import Pairs, find_pairs
from fieldwright.motion.integrators._problem import Problem
from fieldwright.sources import fields_of

_MOST = 100_000  # near steps between two far kicks
_OUTER, _INNER = lobatto(6), lobatto(2)


class NearFar(Integrator):
    """Exact motion in the linear field, encounters in short steps, kicks of all other pairs.

    For hot clouds: steps follow the motion through a cutoff's length, and only pairs closer than
    that are moved in shorter steps, as short as the fastest encounter of the moment asks. Of fourth
    order. Where more pairs come close than `pairs`, the motion becomes NaN (`ConvergenceError`).

    Args:
        cutoff: how close pairs must come for short steps [m]. A few times the distance at which a
            collision turns back, and up to the mean distance of neighbours.
        pairs: room for so many close pairs.
        resolution: short steps in units of an encounter's time.

    Raises:
        InputError: a number is not above zero.

    >>> from fieldwright.motion import NearFar
    >>> NearFar(cutoff=20e-6, pairs=256).evaluations
    7
    """

    longest_turn: ClassVar[float | None] = 2.0
    relativistic: ClassVar[bool] = False
    cutoff: float
    pairs: int = eqx.field(static=True)
    resolution: float = 0.2

    def __check_init__(self) -> None:
        for name in ("cutoff", "pairs", "resolution"):
            value = getattr(self, name)
            if isinstance(value, (int, float)) and not value > 0:
                raise InputError(f"{name} must be above zero, got {value}", parameter=name)

    @property
    def order(self) -> int:
        return 4

    @property
    def evaluations(self) -> int | None:
        return len(_OUTER.kicks)  # the first kick is the last one of the step before, one is double

    @property
    def name(self) -> str:
        return f"NearFar(cutoff={self.cutoff:.3g})"

    def refusal(self, problem: Problem, magnetic_rest: bool) -> str | None:
        if magnetic_rest:
            return "it takes a magnetic field that is uniform, and this one is not"
        if problem.coulomb is None:
            return "it is for charges that interact; Propagator, ExactFlow and Dopri8 do without"
        return None

    def needs(self, problem: Problem, h: float) -> Any:
        return flow_plan(problem.linear, problem.charge_to_mass, _OUTER.nodes, h)

    def prepare(self, problem: Problem, needs: Any, h: jax.Array) -> Any:
        if len(problem.linear.drive_G):
            return None
        flows = self._flows(problem, needs, jnp.zeros(1), h)
        return jax.tree.map(lambda leaf: leaf[0], flows)

    def tables(
        self, problem: Problem, needs: Any, prepared: Any, times: jax.Array, h: jax.Array
    ) -> Any:
        return self._flows(problem, needs, times, h) if prepared is None else None

    def _flows(self, problem: Problem, needs: Plan, times: jax.Array, h: jax.Array) -> Flows:
        return flows_at(problem.linear, problem.charge_to_mass, _OUTER.nodes, times, h, needs)

    def begin(self, problem: Problem, motion: Motion, time: jax.Array, alive: jax.Array) -> Any:
        charge = jnp.where(alive, problem.charge, 0.0)
        x = motion[0].T
        still = jnp.zeros_like(x)
        pairs = find_pairs(x, still, still[0], charge, problem.mass, self.cutoff, self.pairs)
        return _far(problem, x, pairs.field(x)[0], time, alive), jnp.zeros((), dtype=int)

    def step(self, problem: Problem, at: Moment) -> tuple[Motion, Any]:
        flows = at.prepared if at.table is None else at.table
        far, work = at.handed
        h, alive = at.h, at.alive
        state = jnp.concatenate(at.motion, axis=1).T
        pairs = self._pairs(problem, flows.whole, state, h, alive)
        ratio = jnp.where(alive, problem.ratio[:, 0], 0.0)
        state = state.at[3:].add(_OUTER.kicks[0] * h * ratio * far)

        def stage(carry: Any, part: Any) -> tuple[Any, None]:
            state, near, square, _, work = carry
            series, length, kick, shift, end = part
            begun = (state, near, square, work)
            after, near, square, work = self._move(problem, pairs, series, length * h, ratio, begun)
            state = jnp.where(alive, after, state)

            def field(x: jax.Array, near: jax.Array) -> jax.Array:
                return _far(problem, x, near, at.time + end * h, alive)

            def downhill(far: jax.Array) -> jax.Array:
                there = state[:3] + shift * h**2 * ratio * far
                return field(there, pairs.field(there)[0])

            far = field(state[:3], near)
            kicking = jax.lax.cond(shift != 0, downhill, lambda far: far, far)
            return (state.at[3:].add(kick * h * ratio * kicking), near, square, far, work), None

        ends, kicks, shifts = (jnp.asarray(part[1:]) for part in _OUTER)
        lengths = jnp.asarray(np.diff(_OUTER.nodes))
        carry = (state, *pairs.field(state[:3]), far, work)
        carry, _ = jax.lax.scan(stage, carry, (flows.series, lengths, kicks, shifts, ends))
        state, _, _, far, work = carry
        state = jnp.where(pairs.count > self.pairs, jnp.nan, state)
        return (state[:3].T, state[3:].T), (far, work)

    def _pairs(
        self, problem: Problem, whole: jax.Array, state: jax.Array, h: jax.Array, alive: jax.Array
    ) -> Pairs:
        """The pairs that come close in a step."""
        shift = apply(problem.species, whole[:, :3], state) - state[:3]
        # A parabola is a quarter as far from its chord as its tangent's end is from its own.
        bend = jnp.linalg.norm(shift - state[3:] * h, axis=0) / 4
        charge = jnp.where(alive, problem.charge, 0.0)
        return find_pairs(state[:3], shift, bend, charge, problem.mass, self.cutoff, self.pairs)

    def _move(
        self,
        problem: Problem,
        pairs: Pairs,
        series: jax.Array,
        span: jax.Array,
        ratio: jax.Array,
        begun: Any,
    ) -> Any:
        """The motion (6, n) after a flow of `span` [s], the near fields there, their total number.

        What is carried is the motion taken back to the flow's beginning by the linear field: near
        kicks alone change it. Steps are as long as the resolution allows at their beginnings.
        """

        def short(carry: Any) -> Any:
            s, origin, near, square, velocity, number = carry
            turns = span * pairs.fastest(square, velocity)
            wanted = jnp.ceil((1 - s) * turns / self.resolution)
            part = (1 - s) / jnp.maximum(wanted, 1.0)
            matrices = at(series, s + part * _INNER.nodes)
            gain = part * span * ratio
            origin = origin + back(problem.species, matrices[0], _INNER.kicks[0] * gain * near)

            def kick(carry: Any, node: Any) -> tuple[Any, None]:
                origin, _, _ = carry
                matrix, weight, shift = node
                x = apply(problem.species, matrix[:, :3], origin)
                near, square = pairs.field(x)

                def downhill(near: jax.Array) -> jax.Array:
                    return pairs.field(x + shift * part * span * gain * near)[0]

                kicking = jax.lax.cond(shift != 0, downhill, lambda near: near, near)
                return (
                    origin + back(problem.species, matrix, weight * gain * kicking),
                    near,
                    square,
                ), None

            _, kicks, shifts = (jnp.asarray(one[1:]) for one in _INNER)
            carry = (origin, near, square)
            (origin, near, square), _ = jax.lax.scan(kick, carry, (matrices[1:], kicks, shifts))
            velocity = apply(problem.species, matrices[-1][:, 3:], origin)
            s = jnp.where(wanted <= 1, 1.0, s + part)
            return s, origin, near, square, velocity, number + len(_INNER.kicks)

        origin, near, square, before = begun
        most = before + _MOST * len(_INNER.kicks)
        carry = (jnp.where(pairs.count > 0, 0.0, 1.0), origin, near, square, origin[3:], before)
        s, origin, near, square, _, number = jax.lax.while_loop(
            lambda carry: (carry[0] < 1) & (carry[-1] < most), short, carry
        )
        state = apply(problem.species, at(series, jnp.ones(1))[0], origin)
        return jnp.where(s < 1, jnp.nan, state), near, square, number


def _far(
    problem: Problem, position: jax.Array, near: jax.Array, time: Any, alive: jax.Array
) -> jax.Array:
    """E (3, n) [V/m] of all that the linear field and the near parts leave out."""
    x = position.T
    E = problem.interaction(x, alive)
    if problem.rest is not None:
        E = E + fields_of(problem.rest, x, time)[0]
    return E.T - near
