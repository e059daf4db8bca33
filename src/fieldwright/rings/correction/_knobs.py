"""Knobs: what may vary in a match, and the ring as a function of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.rings.correction._targets import Target, needed, seen_along
from fieldwright.rings.lattice._elements import COLUMN, COLUMNS
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._programme import rows_of
from fieldwright.rings.linear_optics import _checks
from fieldwright.sources._checks import is_concrete

_BOUNDS = ("lower", "upper")
_TOLERANCE = 1e-6  # of a target's scale
_STARTS = 12  # how many starts are tried until the targets are met
_SCATTER = 0.15  # of the knobs' sizes, from the given start to the others


@dataclass(frozen=True)
class Vary:
    """A knob: one column of the elements of a name, as from one power supply.

    Elements keep the ratios to the first that they have, so that solenoids of alternating
    polarity can be one knob; those that are all zero become equal. Bounds are of the first.

    Args:
        select: name of the elements, as `Lattice.indices` takes it, or several names.
        column: their number that varies, such as "k1".
        lower, upper: bounds, in its unit.

    Raises:
        InputError: the lower bound is not below the upper.

    >>> from fieldwright.rings import Vary
    >>> Vary("Q*", "k1", lower=-2.0, upper=2.0).label
    'k1 of Q*'
    """

    select: str | tuple[str, ...]
    column: str
    lower: float = -np.inf
    upper: float = np.inf

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise InputError(
                f"{self.label}: the lower bound {self.lower:g} must be below the upper one, "
                f"{self.upper:g}",
                parameter="lower",
            )

    @property
    def label(self) -> str:
        """What it is, in words."""
        names = (self.select,) if isinstance(self.select, str) else self.select
        return f"{self.column} of {', '.join(names)}"


class Problem:
    """A match as a function of its knobs over their sizes."""

    def __init__(self, lattice: Lattice, vary: tuple[Vary, ...], targets: tuple[Target, ...]):
        if not vary or not targets:
            raise InputError("match needs at least one knob and one target", parameter="vary")
        if not is_concrete(lattice):
            raise InputError("match needs a lattice of known numbers", parameter="lattice")
        for target in targets:
            if target.at is not None:
                _checks.place(lattice.names, target.at)
        self.vary, self.targets = vary, targets
        self.entries, weights, given = zip(*(_knob(lattice, v) for v in vary), strict=True)
        _require_apart(lattice, self.entries)
        self.given = np.array(given)
        self.lower, self.upper = (np.array([getattr(v, b) for v in vary], float) for b in _BOUNDS)
        self._require_inside()
        self.sizes = _sizes(self.given, self.lower, self.upper)
        self.weights = [w * size for w, size in zip(weights, self.sizes, strict=True)]
        self.ring = self._prepared(lattice)
        self._programme = rows_of(self.ring, cavities=False)
        self._needs = needed(targets)
        if "beam" in self._needs:
            _checks.require_rf(lattice)
        self._beam_rows = rows_of(self.ring, radiation="beam" in self._needs).rows
        self._own = _own_targets(self.ring, targets)
        self.goals = [(t.wanted[t.counts], t.size) for t in targets]
        self.evaluations = 0
        self._seen: tuple[Any, Any] = (None, None)

    def _require_inside(self) -> None:
        outside = (self.given < self.lower) | (self.given > self.upper)
        for v, value in zip(np.array(self.vary)[outside], self.given[outside], strict=True):
            raise InputError(
                f"{v.label} is {value:g}, beyond its bounds {v.lower:g} and {v.upper:g}: set "
                "the lattice to a start between them",
                parameter="vary",
            )

    def _prepared(self, lattice: Lattice) -> Lattice:
        """The lattice with the columns allowed, in pieces short enough for the strongest knobs."""
        reach = np.maximum(np.abs(self.lower), np.abs(self.upper))
        reach = np.where(np.isfinite(reach), reach, np.abs(self.given))
        table, active = np.array(lattice.table), list(lattice.active)
        whole = zip(self.entries, self.weights, reach / self.sizes, self.vary, strict=True)
        for (indices, column), weight, most, v in whole:
            table[list(indices), column] = weight * most
            for index in indices:
                active[index] = active[index] | {v.column}
        return lattice._with(table, tuple(active)).with_table(lattice.table)

    def starts(self) -> Iterator[np.ndarray]:
        """The given start and others near it."""
        yield self.given / self.sizes
        random = np.random.default_rng(0)
        for _ in range(_STARTS - 1):
            moved = self.given + _SCATTER * self.sizes * random.standard_normal(len(self.given))
            yield np.clip(moved, self.lower, self.upper) / self.sizes

    def look(self, x: np.ndarray) -> tuple[Any, ...]:
        """(misfits, instability, values) at x and the derivatives of the first two by x."""
        if self._seen[0] is None or not np.array_equal(self._seen[0], x):
            self.evaluations += 1
            self._seen = np.array(x), self._look(np.asarray(x, float))
        return self._seen[1]

    def table(self, x: np.ndarray) -> np.ndarray:
        """(n, columns) of the ring at x."""
        table = np.array(self.ring.table)
        for (indices, column), weight, knob in zip(self.entries, self.weights, x, strict=True):
            table[list(indices), column] = weight * knob
        return table

    def _look(self, x: np.ndarray) -> tuple[Any, ...]:
        table, changes = self.table(x), self._changes()
        programme, energy = self._programme, self.ring.energy
        found, slopes = jax.tree.map(
            np.asarray,
            seen_along(
                programme, self._beam_rows, programme.filled(table), energy,
                programme.filled(changes), needs=self._needs,
            ),
        )  # fmt: skip
        own = iter(zip(*self._own(table, changes[: len(x)]), strict=True)) if self._own else None
        values, misfits, along = [], [], []
        for target, (goal, size) in zip(self.targets, self.goals, strict=True):
            if isinstance(target.what, str):
                value, slope = self._value(target, table, found.found, slopes.found)
            else:
                value, slope = next(own)  # type: ignore[arg-type]
            if value.shape != target.wanted.shape:
                raise InputError(
                    f"{target.label} has the shape {value.shape}, its value "
                    f"{target.wanted.shape}; None stands for what may be anything",
                    parameter="value",
                )
            values.append(value)
            misfits.append((value[target.counts] - goal) / size)
            along.append(slope[target.counts][..., : len(x)] / size)
        return (
            (np.concatenate([m.reshape(-1) for m in misfits]), found.instability, values),
            (
                np.concatenate([a.reshape(-1, len(x)) for a in along]),
                slopes.instability[:, : len(x)],
            ),
        )

    def _changes(self) -> np.ndarray:
        """(k, n, columns) what a change of each knob, over its size, does; k filled up."""
        count = 4
        while count < len(self.entries):
            count *= 2
        changes = np.zeros((count, *np.shape(self.ring.table)))
        for change, (indices, column), weight in zip(
            changes, self.entries, self.weights, strict=False
        ):
            change[list(indices), column] = weight
        return changes

    def _value(
        self, target: Target, table: np.ndarray, found: dict[str, Any], slopes: dict[str, Any]
    ) -> tuple[np.ndarray, np.ndarray]:
        """A target's value and its derivatives (..., k)."""
        if target.what == "circumference":
            length = COLUMN["length"]
            return np.sum(table[:, length]), self._changes()[:, :, length].sum(-1)
        value, slope = found[str(target.what)], slopes[str(target.what)]
        if target.at is None:
            return value, slope
        place = _checks.place(self.ring.names, target.at)
        return value[place], slope[place]

    def met(self, x: np.ndarray) -> bool:
        """Whether all targets are."""
        return bool(np.abs(self.look(x)[0][0]).max() < _TOLERANCE)

    def descend(self, start: np.ndarray) -> Any:
        """The nearest least squares; None if no stable ring was found on the way."""
        (misfits, instability, _), _ = self.look(start)
        if not np.isfinite(misfits).all():
            if not np.isfinite(instability).all():
                return None
            start = self._least(start, 1, 60).x
            if not np.isfinite(self.look(start)[0][0]).all():
                return None
        return self._least(start, 0, 200)

    def _least(self, start: np.ndarray, part: int, limit: int) -> Any:
        from scipy.optimize import least_squares

        lower, upper = self.lower / self.sizes, self.upper / self.sizes
        return least_squares(
            lambda x: self.look(x)[0][part],
            np.clip(start, lower, upper),
            lambda x: self.look(x)[1][part],
            bounds=(lower, upper),
            ftol=1e-13,
            xtol=1e-13,
            gtol=1e-13,
            max_nfev=limit,
        )


def _own_targets(ring: Lattice, targets: Sequence[Target]) -> Any:
    """A user's own functions of a lattice and their derivatives (..., k), compiled; or None."""
    functions = [target.what for target in targets if callable(target.what)]
    if not functions:
        return None

    @jax.jit
    def look(table: Any, changes: Any) -> Any:
        def values(table: Any) -> list[Any]:
            return [jnp.asarray(what(ring.with_table(table))) for what in functions]

        def along(change: Any) -> Any:
            return jax.jvp(values, (table,), (change,))

        return jax.vmap(along, out_axes=(None, -1))(changes)

    return lambda *at: jax.tree.map(np.asarray, look(*at))


def _knob(lattice: Lattice, vary: Vary) -> tuple[Any, np.ndarray, float]:
    """((indices, column), weights, start): the elements' numbers are weights times the knob."""
    names = (vary.select,) if isinstance(vary.select, str) else vary.select
    numbers = np.concatenate([lattice.get(name, vary.column) for name in names])
    indices = np.concatenate([lattice.indices(name) for name in names])
    first = float(numbers[0])
    if first == 0 and np.any(numbers != 0):
        raise InputError(
            f"{vary.label}: the first of the elements is zero and others are not, so they have no "
            "ratios to keep; set them before matching",
            parameter="vary",
        )
    weights = numbers / first if first else np.ones(len(numbers))
    return (tuple(int(i) for i in indices), COLUMN[vary.column]), weights, first


def _require_apart(lattice: Lattice, entries: Sequence[tuple[tuple[int, ...], int]]) -> None:
    seen: set[tuple[int, int]] = set()
    for indices, column in entries:
        for index in indices:
            if (index, column) in seen:
                raise InputError(
                    f"{COLUMNS[column]} of {lattice.names[index]} is varied twice",
                    parameter="vary",
                )
            seen.add((index, column))


def _sizes(given: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """How large a change of a knob is of note."""
    span = np.where(np.isfinite(upper - lower), upper - lower, 10.0)
    return np.where(given != 0, np.abs(given), span / 10)
