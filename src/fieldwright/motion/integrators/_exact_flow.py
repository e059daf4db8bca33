"""Exact motion in the linear field, composed with kicks of all other fields.

The linear part of the field moves charges by a matrix, whatever its drive; what is left (the
Coulomb field, imperfections of a trap) depends on position alone and changes velocities. The first
part's energy is quadratic, so that compositions made for Runge-Kutta-Nystrom problems apply.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.motion.integrators._base import Integrator, Moment, Motion
from fieldwright.motion.integrators._flow import flow_matrices, substeps_for
from fieldwright.motion.integrators._problem import Problem
from fieldwright.sources import LinearField, fields_of


def _palindrome(*half: float, middle: bool) -> np.ndarray:
    """A symmetric sequence that sums to one, from its first half; its last number is what is left.

    `middle` says whether the number that is left stands once, in the middle, or twice.
    """
    left = 1 - 2 * sum(half) if middle else 0.5 - sum(half)
    back = half[::-1] if middle else (left, *half[::-1])
    return np.array([*half, left, *back])


# S. Blanes and P. C. Moan, J. Comput. Appl. Math. 142, 313 (2002), tables 2 and 3: (flows, kicks);
# where there is one kick more than flows the step begins and ends with a kick, else with a flow.
_COMPOSITIONS: dict[str, tuple[int, np.ndarray, np.ndarray]] = {
    "strang": (2, np.array([0.5, 0.5]), np.array([1.0])),
    "rkn6b": (
        4,
        _palindrome(0.245298957184271, 0.604872665711080, middle=False),
        _palindrome(0.0829844064174052, 0.396309801498368, -0.0390563049223486, middle=True),
    ),
    "rkn11b": (
        6,
        _palindrome(
            0.123229775946271,
            0.290553797799558,
            -0.127049212625417,
            -0.246331761062075,
            0.357208872795928,
            middle=True,
        ),
        _palindrome(
            0.0414649985182624,
            0.198128671918067,
            -0.0400061921041533,
            0.0752539843015807,
            -0.0115113874206879,
            middle=False,
        ),
    ),
    "rkn14a": (
        6,
        _palindrome(
            0.0378593198406116,
            0.102635633102435,
            -0.0258678882665587,
            0.314241403071447,
            -0.130144459517415,
            0.106417700369543,
            -0.00879424312851058,
            middle=True,
        ),
        _palindrome(
            0.0917191526244617,
            0.183983170005006,
            -0.0565343658328883,
            0.00491468877471285,
            0.143761127168358,
            0.328567693746804,
            middle=False,
        ),
    ),
}

Composition = Literal["strang", "rkn6b", "rkn11b", "rkn14a"]


class _Composed(Integrator):
    """Flows by matrices and kicks, in turns."""

    relativistic: ClassVar[bool] = False

    @abstractmethod
    def scheme(self) -> tuple[int, np.ndarray, np.ndarray]:
        """Order, flows and kicks as parts of the step."""

    @abstractmethod
    def moved(self, problem: Problem) -> LinearField:
        """The part of the field that moves charges by matrices."""

    @abstractmethod
    def kick(self, problem: Problem, position: jax.Array, time: Any, alive: jax.Array) -> jax.Array:
        """E (n, 3) [V/m] of all that the matrices leave out."""

    @property
    def order(self) -> int:
        return self.scheme()[0]

    @property
    def evaluations(self) -> int | None:
        _, flows, kicks = self.scheme()
        return min(len(flows), len(kicks))  # the last kick of a step is the next one's first

    def needs(self, problem: Problem, h: float) -> Any:
        longest = float(np.abs(self.scheme()[1]).max()) * h
        return np.asarray(substeps_for(self.moved(problem), problem.charge_to_mass, longest))

    def prepare(self, problem: Problem, needs: Any, h: jax.Array) -> Any:
        field = self.moved(problem)
        if len(field.drive_G):
            return None
        times = jnp.asarray(self.scheme()[1]) * h
        return flow_matrices(field, problem.charge_to_mass, jnp.zeros_like(times), times, needs)

    def tables(
        self, problem: Problem, needs: Any, prepared: Any, times: jax.Array, h: jax.Array
    ) -> Any:
        if prepared is not None:
            return None
        ends = jnp.cumsum(jnp.asarray(self.scheme()[1])) * h
        starts = times[:, None] + jnp.concatenate([jnp.zeros(1), ends[:-1]])
        stops = times[:, None] + ends
        matrices = flow_matrices(
            self.moved(problem),
            problem.charge_to_mass,
            starts.ravel(),
            stops.ravel(),
            needs,
        )
        return matrices.reshape(*starts.shape, *matrices.shape[1:])

    def begin(self, problem: Problem, motion: Motion, time: jax.Array, alive: jax.Array) -> Any:
        _, flows, kicks = self.scheme()
        return self.kick(problem, motion[0], time, alive) if len(kicks) > len(flows) else None

    def step(self, problem: Problem, at: Moment) -> tuple[Motion, Any]:
        _, flows, kicks = self.scheme()
        matrices = at.prepared if at.table is None else at.table
        begun = at.time + at.h * jnp.cumsum(jnp.asarray(flows))
        there = jnp.where(at.alive[:, None], problem.ratio * at.h, 0.0)
        x, v = at.motion
        kick_first = len(kicks) > len(flows)
        if kick_first:
            v = v + kicks[0] * there * at.handed
            kicks = kicks[1:]

        def stage(state: Any, part: Any) -> tuple[Any, None]:
            x, v, _ = state
            matrix, kick, end = part
            x, v = move(problem, matrix, x, v, at.alive)
            field = self.kick(problem, x, end, at.alive)
            return (x, v + kick * there * field, field), None

        number = len(kicks)
        state = (x, v, jnp.zeros_like(x))
        parts = (matrices[:number], jnp.asarray(kicks), begun[:number])
        (x, v, field), _ = jax.lax.scan(stage, state, parts)
        if kick_first:
            return (x, v), field
        return move(problem, matrices[-1], x, v, at.alive), at.handed


def move(
    problem: Problem, matrices: jax.Array, x: jax.Array, v: jax.Array, alive: jax.Array
) -> Motion:
    """Position and velocity after the flow given by matrices (s, 7, 7) of each species."""
    motion = jnp.concatenate([x, v], axis=1)
    if len(problem.charge_to_mass) == 1:
        after = motion @ matrices[0, :6, :6].T + matrices[0, :6, 6]
    else:
        own = matrices[problem.species]
        after = jnp.einsum("nij,nj->ni", own[:, :6, :6], motion) + own[:, :6, 6]
    after = jnp.where(alive[:, None], after, motion)
    return after[:, :3], after[:, 3:]


class ExactFlow(_Composed):
    """Exact motion in the linear part of the field, composed with kicks of the rest.

    Symplectic, and reversible in time. Single charges in an ideal trap move exactly, driven or not;
    the error comes from the Coulomb field and imperfections alone.

    Args:
        composition: "strang" of second order; "rkn6b" of fourth; "rkn11b" and "rkn14a" of sixth
            order (S. Blanes and P. C. Moan, J. Comput. Appl. Math. 142, 313 (2002)).

    Raises:
        InputError: there is no composition of that name.

    >>> from fieldwright.motion import ExactFlow
    >>> ExactFlow("rkn6b").order, ExactFlow().evaluations
    (4, 14)
    """

    composition: Composition = eqx.field(default="rkn14a", static=True)

    def __check_init__(self) -> None:
        if self.composition not in _COMPOSITIONS:
            raise InputError(
                f"there is no composition {self.composition!r}; there is: "
                f"{', '.join(_COMPOSITIONS)}",
                parameter="composition",
            )

    def scheme(self) -> tuple[int, np.ndarray, np.ndarray]:
        return _COMPOSITIONS[self.composition]

    def moved(self, problem: Problem) -> LinearField:
        return problem.linear

    def kick(self, problem: Problem, position: jax.Array, time: Any, alive: jax.Array) -> jax.Array:
        E = problem.interaction(position, alive)
        if problem.rest is not None:
            E = E + fields_of(problem.rest, position, time)[0]
        return E

    def refusal(self, problem: Problem, magnetic_rest: bool) -> str | None:
        if magnetic_rest:
            return "it takes a magnetic field that is uniform, and this one is not"
        return None

    @property
    def name(self) -> str:
        return f"ExactFlow({self.composition})"


class Propagator(_Composed):
    """Exact motion in a linear field alone, by matrices: nothing is left to be approximated.

    For charges that do not interact in an ideal trap, driven or not; steps matter only for when
    losses are looked for.

    >>> from fieldwright.motion import Propagator
    >>> Propagator().evaluations
    0
    """

    def scheme(self) -> tuple[int, np.ndarray, np.ndarray]:
        return 99, np.array([1.0]), np.array([])  # of any order: there is no error

    def moved(self, problem: Problem) -> LinearField:
        return problem.linear

    def kick(self, problem: Problem, position: jax.Array, time: Any, alive: jax.Array) -> jax.Array:
        return jnp.zeros_like(position)

    def refusal(self, problem: Problem, magnetic_rest: bool) -> str | None:
        if problem.coulomb is not None:
            return "it is for charges that do not interact: give coulomb=False"
        if problem.rest is not None:
            return "it takes fields that are linear in position, and these are not"
        return None


class Cyclotronic(_Composed):
    """Exact turns in the uniform magnetic field, kicks of all electric fields between.

    Of second order, symplectic and reversible; steps may be long against the cyclotron motion, not
    against the electric one (L. Patacchini and I. H. Hutchinson, J. Comput. Phys. 228, 2604
    (2009)).

    >>> from fieldwright.motion import Cyclotronic
    >>> Cyclotronic().order
    2
    """

    def scheme(self) -> tuple[int, np.ndarray, np.ndarray]:
        return _COMPOSITIONS["strang"]

    def moved(self, problem: Problem) -> LinearField:
        return LinearField.static(B=problem.linear.B)

    def kick(self, problem: Problem, position: jax.Array, time: Any, alive: jax.Array) -> jax.Array:
        return problem.fields(position, time, alive)[0]

    def refusal(self, problem: Problem, magnetic_rest: bool) -> str | None:
        if magnetic_rest:
            return "it takes a magnetic field that is uniform, and this one is not"
        return None
