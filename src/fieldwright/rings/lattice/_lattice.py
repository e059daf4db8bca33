"""A ring or a line: its elements in order, as one table of numbers."""

from __future__ import annotations

import difflib
import fnmatch
import math
from collections.abc import Iterator, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.constants import ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.motion import Species, find_species
from fieldwright.rings.lattice._elements import (
    COLUMN,
    COLUMNS,
    KINDS,
    Element,
    RFCavity,
    columns_of,
)
from fieldwright.sources._checks import is_concrete

_DEFAULTS = np.array([math.inf if name in ("x_limit", "y_limit") else 0.0 for name in COLUMNS])


class Lattice(eqx.Module):
    """Elements in the order the beam meets them, and the beam they are made for.

    All numbers are in one table, so that a lattice can be changed, differentiated and batched
    (`jax.vmap` over `table`) like any array. Made by `Lattice.of`, or read by `read_pals`.

    Args:
        table: (n, columns) every number of every element, in the order of `COLUMNS`.
        energy: total energy of the reference particle [eV].
        names, kinds: (n,) of the elements.
        species: what circulates.

    >>> from fieldwright.rings import Drift, Lattice, Quadrupole
    >>> cell = [Quadrupole(name="QF", length=0.2, k1=1.2), Drift(name="D", length=1.8),
    ...         Quadrupole(name="QD", length=0.2, k1=-1.2), Drift(name="D", length=1.8)]
    >>> line = Lattice.of(cell, energy=1e9)
    >>> line = line.set("QF", k1=1.3)
    >>> print(line.get("Q*", "k1"), f"{line.circumference:.1f} m")
    [ 1.3 -1.2] 4.0 m
    """

    table: Any
    energy: Any
    names: tuple[str, ...] = eqx.field(static=True)
    kinds: tuple[str, ...] = eqx.field(static=True)
    active: tuple[frozenset[str], ...] = eqx.field(static=True)
    pieces: tuple[int, ...] = eqx.field(static=True)
    nodes: tuple[int, ...] = eqx.field(static=True)
    profiles: tuple[tuple[float, ...], ...] = eqx.field(static=True)
    harmonics: tuple[int, ...] = eqx.field(static=True)
    species: Species = eqx.field(static=True)
    name: str = eqx.field(static=True)
    note: str = eqx.field(static=True)

    @classmethod
    def of(
        cls,
        elements: Sequence[Element],
        energy: Any,
        species: Species | str = "e-",
        name: str = "",
        note: str = "",
    ) -> Lattice:
        """A lattice of elements.

        Args:
            elements: in the order the beam meets them.
            energy: total energy of the reference particle [eV].
            species: a `Species` or the name of one.
            name: what it is called.
            note: where it comes from.

        Raises:
            InputError: no elements, something that is no element, or an energy not above the
                rest energy.
        """
        species = find_species(species)
        if not elements:
            raise InputError("a lattice needs at least one element", parameter="elements")
        for element in elements:
            if type(element).__name__ not in KINDS:
                raise InputError(f"{element!r} is no element of a lattice", parameter="elements")
        rest = rest_energy(species)
        if is_concrete(energy) and not float(energy) > rest:
            raise InputError(
                f"energy must be above the rest energy of {species.name}, {rest:.6g} eV; "
                f"got {float(energy):g} eV",
                parameter="energy",
            )
        rows = [_row(element) for element in elements]
        concrete = is_concrete(rows)
        table = np.array(rows, dtype=float) if concrete else jnp.stack([jnp.stack(r) for r in rows])
        kinds = tuple(type(element).__name__ for element in elements)
        known = np.asarray(table) if concrete else _known(rows)
        strengths = np.where(np.isnan(known), 0.0, known)
        known_energy = float(energy) if is_concrete(energy) else None
        return cls(
            table=table,
            energy=np.float64(energy) if is_concrete(energy) else energy,
            names=tuple(element.name for element in elements),
            kinds=kinds,
            active=_active(known),
            pieces=tuple(map(_pieces, kinds, strengths)),
            nodes=tuple(map(_nodes, kinds, strengths)),
            profiles=tuple(tuple(getattr(element, "profile", ())) for element in elements),
            harmonics=_harmonics(elements, strengths, known_energy, rest),
            species=species,
            name=name,
            note=note,
        )

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Element]:
        return iter(self.elements)

    @property
    def elements(self) -> list[Element]:
        """The elements as records, each with the numbers it has now."""
        found = []
        for index, kind in enumerate(self.kinds):
            values = {name: self.table[index, COLUMN[name]] for name in columns_of(kind)}
            if is_concrete(values):
                values = {name: float(value) for name, value in values.items()}
            extra: dict[str, Any] = {}
            if kind == "Solenoid":
                extra["profile"] = self.profiles[index]
            if kind == "RFCavity":
                extra["harmonic"] = self.harmonics[index]
            found.append(KINDS[kind](name=self.names[index], **values, **extra))
        return found

    def indices(self, select: str) -> np.ndarray:
        """Where elements of a name stand; `*` and `?` are wild, `Quadrupole:*` names a kind.

        Raises:
            InputError: nothing of that name; the nearest name is given.
        """
        kind, _, pattern = select.rpartition(":")
        found = [
            index
            for index, name in enumerate(self.names)
            if fnmatch.fnmatchcase(name, pattern) and kind in ("", self.kinds[index])
        ]
        if not found:
            near = difflib.get_close_matches(pattern, sorted(set(self.names)), 1, 0.4)
            raise InputError(
                f"the lattice has no element {select!r}"
                + (f"; did you mean {near[0]!r}?" if near else ""),
                parameter="select",
            )
        return np.array(found)

    def get(self, select: str, column: str) -> Any:
        """(m,) one column of the elements of a name, in SI units; (machines, m) of many machines.

        Raises:
            InputError: no such element, or it has no such number.
        """
        indices = self.indices(select)
        self._require_column(indices, column)
        return self.table[..., indices, COLUMN[column]]

    def set(self, select: str, **values: Any) -> Lattice:
        """The lattice with numbers of the elements of a name changed: a scalar, or (m,) for each.

        Raises:
            InputError: no such element, or it has no such number.
        """
        indices = self.indices(select)
        table, active = self.table, list(self.active)
        for column, value in values.items():
            self._require_column(indices, column)
            if is_concrete(table, value):
                table = np.array(table)
                table[..., indices, COLUMN[column]] = value
            else:
                table = jnp.asarray(table).at[..., indices, COLUMN[column]].set(value)
            zero = is_concrete(value) and np.all(np.asarray(value) == _DEFAULTS[COLUMN[column]])
            for index in indices:
                active[index] = active[index] - {column} if zero else active[index] | {column}
        return self._with(table, tuple(active))

    def with_table(self, table: Any) -> Lattice:
        """The lattice with another table of numbers, as in `jax.vmap` over machines.

        No number may differ from zero there that was zero here; `allow` says which may.
        """
        return eqx.tree_at(lambda lattice: lattice.table, self, table)

    def allow(self, select: str, *columns: str) -> Lattice:
        """The lattice prepared for `columns` of these elements to differ from zero."""
        active = list(self.active)
        indices = self.indices(select)
        for column in columns:
            self._require_column(indices, column)
        for index in indices:
            active[index] = active[index] | set(columns)
        return self._with(self.table, tuple(active))

    def with_energy(self, energy: Any) -> Lattice:
        """The lattice at another energy [eV], its magnets scaled along; voltages stay."""
        if is_concrete(energy) and not float(energy) > rest_energy(self.species):
            raise InputError(
                f"energy must be above the rest energy {rest_energy(self.species):.6g} eV, "
                f"got {float(energy):g} eV",
                parameter="energy",
            )
        value = np.float64(energy) if is_concrete(energy) else energy
        return eqx.tree_at(lambda lattice: lattice.energy, self, value)

    @property
    def length(self) -> Any:
        """(n,) of the elements [m]."""
        return self.table[..., COLUMN["length"]]

    @property
    def s(self) -> Any:
        """(n + 1,) where each element begins, and where the last ends [m]."""
        xp = np if is_concrete(self.table) else jnp
        zero = xp.zeros_like(self.length[..., :1])
        return xp.concatenate([zero, xp.cumsum(self.length, axis=-1)], axis=-1)

    @property
    def circumference(self) -> Any:
        """Length of the reference orbit [m]."""
        return self.length.sum(-1)

    @property
    def momentum(self) -> Any:
        """Of the reference particle, times the speed of light [eV]."""
        rest = rest_energy(self.species)
        return ((self.energy - rest) * (self.energy + rest)) ** 0.5

    @property
    def gamma(self) -> Any:
        """Lorentz factor of the reference particle."""
        return self.energy / rest_energy(self.species)

    @property
    def beta(self) -> Any:
        """Velocity of the reference particle over that of light."""
        return self.momentum / self.energy

    @property
    def rigidity(self) -> Any:
        """B rho of the reference particle [T m]."""
        charges = abs(self.species.charge) / ELEMENTARY_CHARGE
        return self.momentum / (SPEED_OF_LIGHT * charges)

    @property
    def revolution_frequency(self) -> Any:
        """Of the reference particle [Hz]."""
        return self.beta * SPEED_OF_LIGHT / self.circumference

    def _require_column(self, indices: np.ndarray, column: str) -> None:
        for index in indices:
            known = columns_of(self.kinds[index])
            if column not in known:
                near = difflib.get_close_matches(column, known, 1, 0.4)
                raise InputError(
                    f"{self.names[index]} is a {self.kinds[index]} and has no {column!r}"
                    + (f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known)}"),
                    parameter=column,
                )

    def _with(self, table: Any, active: tuple[frozenset[str], ...]) -> Lattice:
        pieces, nodes = self.pieces, self.nodes
        if is_concrete(table):
            strongest = np.abs(np.reshape(table, (-1, *np.shape(table)[-2:]))).max(axis=0)
            pieces = tuple(map(_pieces, self.kinds, strongest))
            nodes = tuple(map(_nodes, self.kinds, strongest))
        return Lattice(
            table=table,
            energy=self.energy,
            names=self.names,
            kinds=self.kinds,
            active=active,
            pieces=pieces,
            nodes=nodes,
            profiles=self.profiles,
            harmonics=self.harmonics,
            species=self.species,
            name=self.name,
            note=self.note,
        )


def rest_energy(species: Species) -> float:
    """Rest energy of a particle [eV].

    >>> from fieldwright.motion import SPECIES
    >>> from fieldwright.rings import rest_energy
    >>> print(f"{rest_energy(SPECIES['e-']):.2f} eV")
    510998.95 eV
    """
    return species.mass * SPEED_OF_LIGHT**2 / ELEMENTARY_CHARGE


def _row(element: Element) -> list[Any]:
    row: list[Any] = list(_DEFAULTS)
    for name in columns_of(type(element).__name__):
        row[COLUMN[name]] = getattr(element, name)
    return row


def _active(table: np.ndarray) -> tuple[frozenset[str], ...]:
    """The columns of each element that may differ from their default: what is not known may."""
    differs = table != _DEFAULTS  # NaN, which stands for the unknown, differs too
    columns = np.array(COLUMNS)
    return tuple(frozenset(columns[row].tolist()) for row in differs)


def _known(rows: list[list[Any]]) -> np.ndarray:
    """The table with NaN for what is not known."""
    return np.array([[float(v) if is_concrete(v) else math.nan for v in row] for row in rows])


def _pieces(kind: str, row: np.ndarray) -> int:
    """In how many pieces the body is taken, so that each piece's series converge.

    Maps of quadrupoles are series in k1 l^2, those of solenoids in ks l. Twice the strength is
    allowed for, so that strengths may move without the pieces being counted anew.
    """
    length = abs(row[COLUMN["length"]])
    if kind == "Solenoid":
        return max(1, math.ceil(abs(row[COLUMN["ks"]]) * length / 1.0))
    if kind == "Bend":
        gradient = math.hypot(row[COLUMN["k1"]], row[COLUMN["k1s"]])
        sextupole = math.hypot(row[COLUMN["k2"]], row[COLUMN["k2s"]])
        return max(1, math.ceil(4 * length * math.sqrt(gradient + 0.01 * sextupole)))
    gradient = math.hypot(row[COLUMN["k1"]], row[COLUMN["k1s"]])
    return max(1, math.ceil(length * math.sqrt(gradient / 0.5)))


def _nodes(kind: str, row: np.ndarray) -> int:
    """At how many Gauss-Legendre places in the body radiation acts.

    Integrals over a bend are then exact to 1e-8. A straight magnet radiates by a particle's
    distance from its axis, squared: its middle is enough.
    """
    if kind == "Bend":
        gradient = math.sqrt(math.hypot(row[COLUMN["k1"]], row[COLUMN["k1s"]]))
        turn = abs(row[COLUMN["angle"]]) + gradient * row[COLUMN["length"]]
        return 2 + math.ceil(2 * turn)
    if kind == "Solenoid":
        return 1 + math.ceil(abs(row[COLUMN["ks"]]) * row[COLUMN["length"]])
    return 1


def _harmonics(
    elements: Sequence[Element], table: np.ndarray, energy: float | None, rest: float
) -> tuple[int, ...]:
    """How often each cavity's field turns while the reference particle goes round once."""
    found = []
    for element, row in zip(elements, table, strict=True):
        harmonic = getattr(element, "harmonic", 0)
        frequency = row[COLUMN["frequency"]]
        if isinstance(element, RFCavity) and not harmonic:
            if not frequency or energy is None:
                raise InputError(
                    f"{element.name}: a cavity needs its frequency [Hz] or its harmonic number",
                    parameter="frequency",
                )
            beta = math.sqrt(1 - (rest / energy) ** 2)
            turn = table[:, COLUMN["length"]].sum() / (beta * SPEED_OF_LIGHT)
            harmonic = max(1, round(frequency * turn))
        found.append(int(harmonic))
    return tuple(found)
