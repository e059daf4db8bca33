"""Cost over the number of elements, of particles and of machines."""

from __future__ import annotations

import time
from typing import Any

from _rings.analysis import twice
from _rings.case import at_ring, beam, errors, long_ring, ring
from _rings.tracking import best_of, in_at, ours
from tests.peers.ring_peers import radiating, to_at

from fieldwright.rings import equilibria, equilibrium, optics

_AT = "pyAT, as it comes"


def measure(task: str, *arguments: Any) -> Any:
    return {"elements": elements, "particles": particles, "machines": machines}[task](*arguments)


def elements(count: int, rounds: int) -> dict[str, Any]:
    """One ring of about `count` elements: seconds, and seconds to compile."""
    lattice = long_ring(count)
    run = ours(lattice, beam(1000) * 0.1)
    first, _ = run(1)
    tracked = min(run(1)[0] for _ in range(rounds))
    made = to_at(lattice, 10, exact=False)
    other = in_at(made, beam(1000) * 0.1, 1)
    return {
        "elements": len(lattice),
        "tracking": [max(0.0, first - tracked), tracked],
        "optics": twice(lambda: optics(lattice).beta, rounds),
        "equilibrium": twice(lambda: equilibrium(lattice).covariance, rounds),
        "pyAT tracking": min(other(1)[0] for _ in range(rounds)),
        "pyAT ohmi_envelope": _envelope(made),
    }


def _envelope(made: Any) -> float:
    full = radiating(made)
    start = time.perf_counter()
    full.ohmi_envelope(refpts=range(len(full) + 1))
    return time.perf_counter() - start


def particles(sizes: list[int], rounds: int) -> dict[str, list[float]]:
    """Particle-turns per second."""
    lattice, found = ring(), {"ours": [], _AT: []}
    for size in sizes:
        start = beam(size)
        runs = {"ours": ours(lattice, start), _AT: in_at(at_ring(_AT, lattice), start, 1)}
        for name, run in runs.items():
            found[name].append(size * best_of(run, 0.5, rounds)[0])
    return found


def machines(sizes: list[int], rounds: int) -> list[float]:
    """Time [s] a machine of the equilibrium of a batch."""
    lattice, tables = errors(ring(sextupoles=False), max(sizes))
    lattice = lattice.with_table(tables[0])
    some = {n: lattice.with_table(tables[:n]) for n in sizes}
    return [twice(lambda n=n: equilibria(some[n]).covariance, rounds)[1] / n for n in sizes]
