"""Times of optics and of the equilibrium of one machine and of many, and of imports."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from _rings.case import at_ring, errors, ring, xtrack_line
from tests.peers.ring_peers import radiating

from fieldwright.rings import chromaticity, closed_orbit, equilibria, equilibrium, optics

_AT, _XTRACK = "pyAT, as it comes", "xtrack, one kick a bend"


def measure(task: str, *arguments: Any) -> Any:
    return {"single": single, "batch": batch, "imports": imports}[task](*arguments)


def single(rounds: int) -> list[list[Any]]:
    """Rows: code, task, time of the first call beyond the next [s], time [s]."""
    import at

    lattice = ring(sextupoles=False)
    flat = at_ring(_AT, lattice)
    full = radiating(flat)
    every = range(len(full) + 1)
    line, shining = xtrack_line(_XTRACK, lattice), xtrack_line(_XTRACK, lattice)
    shining.configure_radiation(model="mean")
    tasks: list[tuple[str, str, Callable[[], Any]]] = [
        ("ours", "closed orbit, 6-D, everywhere", lambda: closed_orbit(lattice)),
        ("ours", "optics, everywhere", lambda: optics(lattice).beta),
        ("ours", "chromaticity", lambda: chromaticity(lattice).total),
        ("ours", "equilibrium, everywhere", lambda: equilibrium(lattice).covariance),
        ("pyAT", "find_orbit6, everywhere", lambda: at.find_orbit6(full, refpts=every)),
        ("pyAT", "linopt6, everywhere", lambda: at.linopt6(flat, refpts=every, dp=0.0)),
        ("pyAT", "linopt6, with chromaticity",
         lambda: at.linopt6(flat, refpts=every, dp=0.0, get_chrom=True)),
        ("pyAT", "ohmi_envelope, at one point", lambda: full.ohmi_envelope()),
        ("pyAT", "ohmi_envelope, everywhere", lambda: full.ohmi_envelope(refpts=every)),
        ("xtrack", "twiss, everywhere", lambda: line.twiss(method="4d", with_progress=False)),
        ("xtrack", "twiss with radiation, everywhere",
         lambda: shining.twiss(radiation_analysis=True, radiation_method="full",
                               with_progress=False)),
    ]  # fmt: skip
    return [[code, task, *twice(call, rounds)] for code, task, call in tasks]


def twice(call: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Time of the first call beyond the rest [s], and the shortest of the rest [s]."""
    first = _seconds(call)
    rest = min(_seconds(call) for _ in range(rounds))
    return max(0.0, first - rest), rest


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def batch(machines: int, rounds: int) -> list[list[Any]]:
    """Rows: code, task, time of the first call beyond the next [s], time a machine [s]."""
    lattice, tables = errors(ring(sextupoles=False), machines)
    lattice = lattice.with_table(tables[0])

    def beta(table: Any) -> Any:
        return optics(lattice.with_table(table)).beta

    many = jax.jit(jax.vmap(beta))
    tasks = {
        "equilibrium, everywhere": lambda: equilibria(lattice.with_table(tables)).covariance,
        "optics, everywhere": lambda: many(tables),
    }
    rows = []
    for name, task in tasks.items():
        first, taken = twice(task, rounds)
        rows.append(["ours", name, first, taken / machines])
    rows.append(["pyAT", "ohmi_envelope, everywhere", 0.0, _at_machines(lattice, tables[:20])])
    return rows


def _at_machines(lattice: Any, tables: np.ndarray) -> float:
    """Time [s] a machine, lattices being made before."""
    rings = [radiating(at_ring(_AT, lattice.with_table(table))) for table in tables]
    every = range(len(rings[0]) + 1)
    start = time.perf_counter()
    for made in rings:
        made.ohmi_envelope(refpts=every)
    return (time.perf_counter() - start) / len(rings)


def imports(rounds: int) -> dict[str, float]:
    """Time [s] to import a code in a fresh process, that of an empty one taken off."""
    codes = {"ours": "import fieldwright.rings", "pyAT": "import at", "xtrack": "import xtrack"}
    empty = _fresh("pass", rounds)
    return {name: _fresh(code, rounds) - empty for name, code in codes.items()}


def _fresh(code: str, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - start)
    return min(times)
