"""The beams of many machines at once, in pieces, a thread for each core."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from fieldwright._threads import cores
from fieldwright.errors import InputError
from fieldwright.rings.beam._equilibrium import Equilibrium, beam_of
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.linear_optics import _checks

_CHUNK = 16  # machines: their matrices fit a core's cache


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
