"""A lattice's programme: its rows as compiled functions take them, made once a structure."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._listing import Listing, listed
from fieldwright.rings.lattice._rows import Rows, laid_out
from fieldwright.sources._checks import is_concrete


@dataclass(frozen=True, eq=False)
class Programme(Listing):
    """The rows of a lattice, and the same as data of compiled functions."""

    @functools.cached_property
    def full(self) -> Rows:
        """Filled up to a size."""
        return laid_out(self, filled=True)

    @functools.cached_property
    def rows(self) -> Rows:
        """The same where compiled functions run, which take it."""
        return jax.device_put(self.full)

    @functools.cached_property
    def exact(self) -> Rows:
        """Not filled up, for the transformations of a user; sizes and counts are known there."""
        found = laid_out(self, filled=False)
        with jax.ensure_compile_time_eval():  # arrays, but not of the transformation at hand
            # scalars stay NumPy's: they are lengths of loops
            return jax.tree.map(lambda leaf: jnp.asarray(leaf) if np.ndim(leaf) else leaf, found)

    def flat(self, rows: np.ndarray, found: Any) -> np.ndarray:
        """Where rows, or the end, are in what was found (R + 1, ...) by `Rows.flat`."""
        return (self.full if is_concrete(found) else self.exact).order[rows]

    def filled(self, table: Any) -> Any:
        """The table (..., n, columns) filled up with rows of zeros to N elements."""
        missing = len(self.full.corrector) - table.shape[-2]
        widths = [(0, 0)] * (table.ndim - 2) + [(0, missing), (0, 0)]
        return np.pad(table, widths)


def rows_of(
    lattice: Lattice,
    *,
    radiation: bool = False,
    pole_faces: bool = True,
    cavities: bool = True,
    apertures: bool = False,
    cuts: tuple[int, ...] = (),
) -> Programme:
    """The programme of a lattice; `cuts` says into how many parts each body is cut for looking.

    A lattice of the same structure gets the same object.
    """
    structure = (lattice.kinds, lattice.active, lattice.pieces, lattice.nodes, lattice.profiles)
    beam = (lattice.harmonics, lattice.species)
    return _programme(structure, beam, (radiation, pole_faces, cavities, apertures), cuts)


@functools.lru_cache(maxsize=256)
def _programme(
    structure: tuple[Any, ...],
    beam: tuple[Any, Any],
    switches: tuple[bool, bool, bool, bool],
    cuts: tuple[int, ...],
) -> Programme:
    return Programme(**vars(listed(structure, beam, switches, cuts)))
