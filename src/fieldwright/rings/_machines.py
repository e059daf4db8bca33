"""Many machines at once: one lattice with random errors, and the beams they hold."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import numpy as np

from fieldwright._threads import cores
from fieldwright.errors import InputError
from fieldwright.rings import _checks
from fieldwright.rings._elements import COLUMN
from fieldwright.rings._equilibrium import Equilibrium, beam_of
from fieldwright.rings._lattice import Lattice

_CHUNK = 16  # machines: their matrices fit a core's cache


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


def equilibria(
    lattice: Lattice,
    *,
    pole_face_damping: bool = True,
    progress: Callable[[float], None] | None = None,
) -> Equilibrium:
    """The beams of many machines: `equilibrium` of each.

    Args:
        lattice: with a table (machines, n, columns), as `with_errors` makes.
        pole_face_damping: see `equilibrium`.
        progress: called with the fraction done.

    Returns:
        An `Equilibrium` whose quantities have the machines in front. Machines without a closed
        orbit, or unstable ones, have no finite numbers or a decrement not above zero.

    Raises:
        InputError: the lattice is of one machine.
        NoRFError: no cavity with a voltage.

    >>> from fieldwright.rings import equilibria, vepp2000, with_errors
    >>> rings = with_errors(vepp2000("++--"), 2, {"Quadrupole:*": {"dx": 1e-5}})
    >>> equilibria(rings).emittances.shape
    (2, 3)
    """
    if np.ndim(lattice.table) != 3:
        raise InputError(
            "equilibria is of many machines: its lattice's table must have the shape (machines, "
            f"n, columns), got {np.shape(lattice.table)}; make one by with_errors",
            parameter="lattice",
        )
    _checks.require_rf(lattice)
    table = np.asarray(lattice.table)
    count = len(table)
    chunks = -(-count // _CHUNK)
    full = np.concatenate([table, np.repeat(table[-1:], chunks * _CHUNK - count, axis=0)])
    parts = full.reshape(chunks, _CHUNK, *table.shape[1:])

    def one(part: Any) -> Any:
        return beam_of(lattice.with_table(part), pole_face_damping)

    found = []
    with ThreadPoolExecutor(cores() if jax.default_backend() == "cpu" else 1) as pool:
        # the first by itself, or each thread would compile
        for beams in itertools.chain([one(parts[0])], pool.map(one, parts[1:])):
            found.append(beams)
            if progress is not None:
                progress(len(found) / chunks)
    joined = jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *found)
    return Equilibrium(**joined, names=lattice.names)


def machine(lattice: Lattice, number: int) -> Lattice:
    """One of the machines of a lattice that `with_errors` made.

    >>> from fieldwright.rings import machine, vepp2000, with_errors
    >>> rings = with_errors(vepp2000("++--"), 3, {"QF": {"dx": 1e-5}})
    >>> machine(rings, 2).table.ndim
    2
    """
    return eqx.tree_at(lambda lattice: lattice.table, lattice, lattice.table[number])
