"""Many machines at once: one lattice with random errors."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import numpy as np

from fieldwright.errors import InputError
from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._lattice import Lattice


def with_errors(
    lattice: Lattice, machines: int, errors: Mapping[str, Mapping[str, float]], seed: int = 0
) -> Lattice:
    """Machines with random errors: the lattice with a table (machines, n, columns).

    Args:
        lattice: what they are without errors.
        machines: how many.
        errors: rms of what is added, by elements' name (see `Lattice.indices`) and column, in the
            column's unit: {"Quadrupole:*": {"dx": 30e-6, "roll": 1e-4}}. Errors are normal,
            cut at three times their rms, and every element has its own.
        seed: of the chance.

    Raises:
        InputError: no machines, an unknown element or column, a negative rms.

    >>> from fieldwright.rings import vepp2000, with_errors
    >>> rings = with_errors(vepp2000("++--"), 100, {"Quadrupole:*": {"dx": 30e-6}})
    >>> print(rings.get("QF", "dx").shape)
    (100, 4)
    """
    if machines < 1:
        raise InputError(f"machines must be at least 1, got {machines}", parameter="machines")
    random = np.random.default_rng(seed)
    for select, columns in errors.items():
        lattice = lattice.allow(select, *columns)
    table = np.repeat(np.asarray(lattice.table)[None], machines, axis=0)
    for select, columns in errors.items():
        where = lattice.indices(select)
        for column, rms in columns.items():
            if not rms >= 0:
                raise InputError(
                    f"the rms of {select} {column} must not be negative, got {rms!r}",
                    parameter="errors",
                )
            deviates = _cut_normal(random, (machines, len(where)))
            table[:, where, COLUMN[column]] += rms * deviates
    return lattice.with_table(table)


def _cut_normal(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Normal deviates within three."""
    found = random.normal(size=shape)
    while (far := np.abs(found) > 3).any():
        found[far] = random.normal(size=int(far.sum()))
    return found


def machine(lattice: Lattice, number: int) -> Lattice:
    """One of the machines of a lattice that `with_errors` made.

    >>> from fieldwright.rings import machine, vepp2000, with_errors
    >>> rings = with_errors(vepp2000("++--"), 3, {"QF": {"dx": 1e-5}})
    >>> machine(rings, 2).table.ndim
    2
    """
    return eqx.tree_at(lambda lattice: lattice.table, lattice, lattice.table[number])
