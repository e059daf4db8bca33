"""The ring, its beam and its errors that all codes get, and the codes as they are set up."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from tests.peers.ring_peers import to_at, to_xtrack

from fieldwright.rings import (
    Bend,
    Drift,
    Lattice,
    Quadrupole,
    RFCavity,
    chromaticity,
    optics,
    vepp2000,
)

warnings.simplefilter("ignore")  # of pyAT about flat beams, of xtrack about names to come

#: rms of VEPP-2000's round beam at the crossing point, (x, px, y, py, z, delta).
_SIGMA = np.array([148e-6, 1.48e-3, 148e-6, 1.48e-3, 39e-3, 7.1e-4])
#: How pyAT integrates: steps of a magnet, and whether with its exact maps.
AT = {"pyAT, as it comes": (10, False), "pyAT, converged": (6, True)}
#: How xtrack models a bend; nothing is what it takes by itself.
_KICK = {
    "model": "bend-kick-bend", "integrator": "uniform", "num_multipole_kicks": 1,
    "edge_entry_model": "full", "edge_exit_model": "full",
}  # fmt: skip
XTRACK = {"xtrack, as it comes": {"model": "adaptive"}, "xtrack, one kick a bend": _KICK}


def ring(sextupoles: bool = True) -> Lattice:
    """VEPP-2000 as reconstructed, for round beams."""
    return vepp2000("++--", sextupoles=sextupoles)


def beam(count: int, seed: int = 0) -> np.ndarray:
    """(count, 6) particles of a third of the beam's size, of which none is lost."""
    return np.random.default_rng(seed).normal(size=(count, 6)) * _SIGMA / 3


def long_ring(count: int) -> Lattice:
    """A ring of about `count` elements: cells of two bends and two quadrupoles, and a cavity."""
    cells = max(2, round((count - 1) / 8))
    angle = math.pi / cells
    bend = Bend(name="B", length=1.2, angle=angle, e1=angle / 2, e2=angle / 2)
    gap = Drift(name="D", length=0.35)
    focus = Quadrupole(name="QF", length=0.3, k1=2.0)
    defocus = Quadrupole(name="QD", length=0.3, k1=-2.0)
    cell = [focus, gap, bend, gap, defocus, gap, bend, gap]
    cavity = RFCavity(name="RF", voltage=max(5e5, 2e7 / cells), harmonic=20 * cells)
    return Lattice.of([cavity, *cell * cells], energy=2e9)


def errors(lattice: Lattice, machines: int, seed: int = 1) -> tuple[Lattice, np.ndarray]:
    """The lattice prepared for errors, and (machines, n, columns) tables with them.

    30 um offsets and 0.1 mrad rolls of the quadrupoles, 1e-4 of their strengths.
    """
    from fieldwright.rings.lattice._elements import COLUMN

    random = np.random.default_rng(seed)
    lattice = lattice.allow("Quadrupole:*", "dx", "dy", "roll")
    where = lattice.indices("Quadrupole:*")
    tables = np.repeat(np.asarray(lattice.table)[None], machines, axis=0)
    for column, size in (("dx", 3e-5), ("dy", 3e-5), ("roll", 1e-4)):
        tables[:, where, COLUMN[column]] = size * random.normal(size=(machines, len(where)))
    tables[:, where, COLUMN["k1"]] *= 1 + 1e-4 * random.normal(size=(machines, len(where)))
    return lattice, tables


def at_ring(name: str, lattice: Lattice) -> Any:
    steps, exact = AT[name]
    return to_at(lattice, steps, exact)


def xtrack_line(name: str, lattice: Lattice) -> Any:
    return to_xtrack(lattice, **XTRACK[name])


def tunes(code: str, made: Any) -> list[float]:
    """Fractional tunes and chromaticities by the code itself."""
    if code.startswith("pyAT"):
        import at

        _, whole, _ = at.linopt6(made, dp=0.0, get_chrom=True, DPStep=1e-4)
        found = [*whole.tune[:2], *whole.chromaticity[:2]]
    elif code.startswith("xtrack"):
        whole = made.twiss(method="4d", with_progress=False)
        found = [whole.qx % 1, whole.qy % 1, whole.dqx, whole.dqy]
    else:
        found = [*(optics(made).tunes % 1), *chromaticity(made).total]
    return [float(value) for value in found]
