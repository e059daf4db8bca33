"""Rings of a few sizes, from lattices that come with pyAT, and what codes are asked of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from _first_call.task import Task, Way

#: Of each ring the file, where to begin and end, how often, and a voltage if it has no cavity.
_PARTS: dict[str, tuple[str, int, int, int, float]] = {
    "hmba, a cell": ("hmba.mat", 0, 121, 1, 0.0),
    "esrf, a sixteenth": ("esrf.m", 0, 102, 1, 0.0),
    "thomx, half": ("thomx.m", 0, 78, 1, 0.0),
    "dba": ("dba.mat", 0, 145, 1, 1e5),
    "hmba, 3 cells": ("hmba.mat", 0, 121, 3, 0.0),
    "thomx": ("thomx.m", 0, 156, 1, 0.0),
    "hmba, 8 cells": ("hmba.mat", 0, 121, 8, 0.0),
    "esrf, half": ("esrf.m", 0, 818, 1, 0.0),
    "hmba, 6 cells": ("hmba.mat", 0, 121, 6, 0.0),
}
_NAMES = list(_PARTS)
#: Of each size three rings: what the store is filled by, one never seen before, and the next.
SIZES = {"small": _NAMES[:3], "middle": _NAMES[3:6], "large": _NAMES[6:]}
TURNS, PARTICLES = 10, 1000


def measure(folder: str) -> dict[str, int]:
    """Write our rings into a folder; their numbers of elements."""
    from fieldwright.rings import import_at, write_pals

    counts = {}
    for name in _PARTS:
        ring = import_at(_at_ring(name), leave_out=["quadrupole_fringes"])
        write_pals(ring, _file(folder, name))
        counts[name] = len(ring)
    return counts


def _file(folder: str, name: str) -> Path:
    return Path(folder) / f"{name}.pals.yaml"


def _at_ring(name: str) -> Any:
    """In pyAT, which takes particles to move at the speed of light."""
    import at

    warnings.simplefilter("ignore")
    file, begin, end, times, voltage = _PARTS[name]
    found = find_spec("machine_data")
    assert found is not None and found.submodule_search_locations
    whole = at.load_lattice(str(Path(found.submodule_search_locations[0]) / file))
    elements = [e.deepcopy() for _ in range(times) for e in list(whole)[begin:end]]
    if voltage:
        elements.insert(0, at.RFCavity("RF", 0.0, voltage, 5e8, 1, whole.energy))
    made = at.Lattice(elements, energy=whole.energy, periodicity=1)
    turns = 299792458 / made.circumference
    for cavity in (element for element in made if isinstance(element, at.RFCavity)):
        cavity.HarmNumber = round(cavity.Frequency / turns)
        cavity.Frequency = cavity.HarmNumber * turns
    return made


def _particles() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(PARTICLES, 6)) * 1e-6


def _ours(size: str, ask: str, folder: str, number: int) -> Callable[[], Any]:
    from fieldwright import rings

    ring = rings.read_pals(_file(folder, SIZES[size][number]))
    particles = _particles()

    def orbit() -> Any:
        return rings.closed_orbit(ring)

    def optics() -> Any:
        found = rings.optics(ring)
        return found.beta, found.tunes, found.dispersion

    def equilibrium() -> Any:
        found = rings.equilibrium(ring)
        return found.emittances, found.energy_spread, found.covariance

    asked: dict[str, Callable[[], Any]] = {
        "closed orbit": orbit,
        "optics": optics,
        "chromaticity": lambda: rings.chromaticity(ring).total,
        "equilibrium": equilibrium,
        "orbit, optics and equilibrium": lambda: (orbit(), optics(), equilibrium()),
        "track": lambda: rings.track(ring, particles, TURNS).final,
    }
    return asked[ask]


def _pyat(size: str, ask: str, folder: str, number: int) -> Callable[[], Any]:
    import at
    from _rings.tracking import in_at
    from tests.peers.ring_peers import radiating

    ring = _at_ring(SIZES[size][number])
    flat, full, plain = ring.disable_6d(copy=True), radiating(ring), ring.enable_6d(copy=True)
    for element in plain:  # cavities, but no radiation
        element.PassMethod = element.PassMethod.replace("RadPass", "Pass")
    every = range(len(ring) + 1)

    def orbit() -> Any:
        return at.find_orbit6(plain, refpts=every)

    def optics(**more: Any) -> Any:
        return at.linopt6(flat, refpts=every, dp=0.0, **more)

    def equilibrium() -> Any:
        return full.ohmi_envelope(refpts=every)

    run = in_at(ring, _particles(), 1) if ask == "track" else None
    asked: dict[str, Callable[[], Any]] = {
        "closed orbit": orbit,
        "optics": optics,
        "chromaticity": lambda: optics(get_chrom=True),
        "equilibrium": equilibrium,
        "orbit, optics and equilibrium": lambda: (orbit(), optics(), equilibrium()),
        "track": lambda: run and run(TURNS),
    }
    return asked[ask]


def _xtrack(size: str, ask: str, folder: str, number: int) -> Callable[[], Any]:
    from _rings.case import xtrack_line

    from fieldwright.rings import read_pals

    ring = read_pals(_file(folder, SIZES[size][number]))
    line, shining = (xtrack_line("xtrack, as it comes", ring) for _ in range(2))
    particles = dict(zip(("x", "px", "y", "py", "zeta", "delta"), _particles().T, strict=True))

    def orbit() -> Any:
        if line.tracker is None:  # its other questions do that by themselves
            line.build_tracker()
        return line.find_closed_orbit()

    def optics() -> Any:
        return line.twiss(method="4d", with_progress=False)

    def equilibrium() -> Any:
        shining.configure_radiation(model="mean")
        return shining.twiss(radiation_analysis=True, radiation_method="full", with_progress=False)

    def track() -> Any:
        if line.tracker is None:
            line.build_tracker()
        made = line.build_particles(**particles)
        line.track(made, num_turns=TURNS)
        return made.x

    asked: dict[str, Callable[[], Any]] = {
        "closed orbit": orbit,
        "optics": optics,
        "equilibrium": equilibrium,
        "orbit, optics and equilibrium": lambda: (optics(), equilibrium()),
        "track": track,
    }
    return asked[ask]


_CODES = {
    "ours": ("fieldwright.rings", _ours),
    "pyAT": ("at", _pyat),
    "xtrack": ("xtrack", _xtrack),
}


def _task(size: str, ask: str) -> Task:
    ways = {
        code: Way(module, partial(make, size, ask))
        for code, (module, make) in _CODES.items()
        if (code, ask) != ("xtrack", "chromaticity")  # is in its optics
    }
    return Task("rings", __name__, ways, size)


_ALONE = ("closed orbit", "optics", "chromaticity", "equilibrium")
TASKS = {f"{ask}, middle": _task("middle", ask) for ask in _ALONE} | {
    f"{ask}, {size}": _task(size, ask)
    for ask in ("orbit, optics and equilibrium", "track")
    for size in SIZES
}
