"""Matching: strengths that give a ring what it shall have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import equinox as eqx
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import ConvergenceError
from fieldwright.rings.beam._equilibrium import equilibrium
from fieldwright.rings.correction._knobs import Problem, Vary
from fieldwright.rings.correction._targets import Target
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.linear_optics._optics import optics

_SAME = 0.01  # of a misfit's square: closer ones are the same least
_NEAR = 1e-5  # of a knob's size: closer to a bound it is on it
_FEELS_NOTHING = 1e-9  # of the strongest response: a direction weaker than that is free


class Matched(Result):
    """What `match` returns: the best ring found, and how near it comes.

    `lattice` is the ring; `knobs` and `targets` are labels. `free` are directions in the space of
    the knobs, in units of `sizes`, that no target feels; (0, k) where all are felt.
    """

    lattice: Lattice
    converged: bool = eqx.field(static=True)
    knobs: tuple[str, ...] = eqx.field(static=True)
    targets: tuple[str, ...] = eqx.field(static=True)
    reached: tuple[np.ndarray, ...]
    wanted: tuple[np.ndarray, ...]
    values: Any = quantity("that of the column", "knobs (k,)")
    sizes: Any = quantity("that of the column", "what the knobs were scaled by (k,)")
    on_bound: Any = quantity("1", "-1 of a knob on its lower bound, 1 on its upper, else 0 (k,)")
    misfits: Any = quantity("1", "largest misfit of each target over its scale (m,)")
    free: Any = quantity("1", "directions of the knobs that no target feels (f, k)")
    evaluations: Any = quantity("1", "how many rings were looked at")

    def checked(self) -> Lattice:
        """The ring, of a match that converged.

        Raises:
            ConvergenceError: the targets were not met; the text has what was reached.
        """
        if not self.converged:
            raise ConvergenceError(str(self))
        return self.lattice

    def __repr__(self) -> str:
        head = "the targets are met" if self.converged else "the targets are NOT met; the best:"
        lines = [f"{head} ({int(self.evaluations)} rings looked at)"]
        rows = zip(self.targets, self.wanted, self.reached, self.misfits, strict=True)
        for label, wanted, reached, misfit in rows:
            lines.append(f"  {label}: wanted {_text(wanted)}, got {_text(reached)} ({misfit:.1e})")
        for label, value, bound in zip(self.knobs, self.values, self.on_bound, strict=True):
            where = {-1: ", on its lower bound", 1: ", on its upper bound"}.get(int(bound), "")
            lines.append(f"  {label} = {value:.8g}{where}")
        for direction in self.free:
            parts = [
                f"{share:+.2g} {k}"
                for share, k in zip(direction * self.sizes, self.knobs, strict=True)
                if abs(share) > 1e-6
            ]
            lines.append(f"  no target feels {' '.join(parts)}")
        return "\n".join(lines)


def match(lattice: Lattice, vary: Sequence[Vary], targets: Sequence[Target]) -> Matched:
    """Strengths within bounds with which a ring has what it shall have.

    Least squares of the targets' misfits over their scales by a trust region (M. Branch, T. Coleman
    and Y. Li, SIAM J. Sci. Comput. 21, 1 (1999)), with derivatives of the maps themselves. A start
    that is unstable is first made stable. Where the targets are not met, other starts near the
    given one are tried, always the same ones, until they are, or two lead to the same misfit.

    Args:
        lattice: the ring to begin with.
        vary: the knobs; their elements' numbers in `lattice` are the start.
        targets: what it shall have.

    Returns:
        `Matched`, with the best ring that was found: `converged` tells whether every misfit is
        below 1e-6 of its scale, and `checked()` gives the ring or raises.

    Raises:
        InputError: no such element or number, a start beyond its bounds, a knob twice.
        UnstableLatticeError, NoClosedOrbitError, NoRFError: the start is no ring that has such
            quantities, and none was found near it.

    >>> from fieldwright.rings import Drift, Lattice, Quadrupole, Target, Vary, match
    >>> cell = [Quadrupole(name="QF", k1=1.2, length=0.2), Drift(name="D", length=1.8),
    ...         Quadrupole(name="QD", k1=-1.2, length=0.2), Drift(name="D", length=1.8)]
    >>> found = match(
    ...     Lattice.of(cell, energy=1e9),
    ...     vary=[Vary("QF", "k1", lower=0, upper=5), Vary("QD", "k1", lower=-5, upper=0)],
    ...     targets=[Target("tunes", (0.21, 0.17))],
    ... )
    >>> print(found.converged, found.lattice.get("Q*", "k1").round(4))
    True [ 3.0674 -2.773 ]
    """
    problem = Problem(lattice, tuple(vary), tuple(targets))
    tried: list[Any] = []
    for start in problem.starts():
        found = problem.descend(start)
        if found is None:
            continue
        again = any(abs(found.cost - other.cost) < _SAME * other.cost for other in tried)
        tried.append(found)
        if again or problem.met(found.x):  # what is found twice is as good as it gets
            break
    if not tried:
        _explain(lattice, targets)
    return _report(problem, min(tried, key=lambda found: found.cost))


def _explain(lattice: Lattice, targets: Sequence[Target]) -> NoReturn:
    """Raise the error that says what is wrong with the start."""
    optics(lattice)
    if any(target.needs_radiation for target in targets):
        equilibrium(lattice)
    raise ConvergenceError("some target of this lattice is not a finite number, here and near")


def _report(problem: Problem, best: Any) -> Matched:
    """The result at the best point."""
    (misfits, _, values), (slopes, _) = problem.look(best.x)
    knobs = best.x * problem.sizes
    near = _NEAR * problem.sizes
    parts = np.split(np.abs(misfits), np.cumsum([len(goal) for goal, _ in problem.goals])[:-1])
    return Matched(
        lattice=problem.ring._with(problem.table(best.x), problem.ring.active),
        converged=problem.met(best.x),
        knobs=tuple(v.label for v in problem.vary),
        targets=tuple(target.label for target in problem.targets),
        wanted=tuple(target.wanted for target in problem.targets),
        reached=tuple(values),
        values=knobs,
        sizes=problem.sizes,
        on_bound=1.0 * (problem.upper - knobs < near) - 1.0 * (knobs - problem.lower < near),
        misfits=np.array([part.max() for part in parts]),
        free=_free(slopes),
        evaluations=problem.evaluations,
    )


def _free(slopes: np.ndarray) -> np.ndarray:
    """Directions (f, k) that no target feels, each with its largest part positive."""
    if not np.isfinite(slopes).all():
        return np.zeros((0, slopes.shape[1]))
    _, strengths, directions = np.linalg.svd(slopes)
    full = np.zeros(len(directions))
    full[: len(strengths)] = strengths
    found = directions[full <= _FEELS_NOTHING * full.max()]
    largest = np.abs(found).argmax(axis=1, keepdims=True)
    return found * np.sign(np.take_along_axis(found, largest, axis=1))


def _text(value: np.ndarray) -> str:
    return np.array2string(np.asarray(value), precision=7, separator=", ").replace("nan", "any")
