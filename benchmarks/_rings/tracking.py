"""Particle-turns per second of one code, on the cores this process has."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _rings.case import AT, XTRACK, at_ring, beam, ring, tunes, xtrack_line

from fieldwright.rings import track

CODES = ("ours", *AT, *XTRACK)


def measure(code: str, count: int, rounds: int) -> dict[str, Any]:
    """Rate, tunes and chromaticity, time of the first turn, how many particles were lost."""
    lattice, cores = ring(), len(os.sched_getaffinity(0))
    if code in AT:
        made = at_ring(code, lattice)
        run = in_at(made, beam(count), cores)
    elif code in XTRACK:
        made = xtrack_line(code, lattice)
        figures = tunes(code, made)
        run = _xtrack(made, beam(count), cores)
    else:
        made = lattice
        run = ours(lattice, beam(count))
    best, first, lost = best_of(run, 1.0, rounds)
    return {
        "rate": count * best,
        "first": first,
        "tunes": figures if code in XTRACK else tunes(code, made),
        "lost": lost,
    }


#: Tracks so many turns: the time taken [s], and how many particles were lost.
Run = Callable[[int], tuple[float, int]]


def best_of(run: Run, length: float, rounds: int) -> tuple[float, float, int]:
    """Turns per second of runs of about `length` seconds, time to compile [s], particles lost."""
    first, one = run(1)[0], run(1)[0]
    turns = max(1, min(2000, round(length / one)))
    warm, lost = run(turns)
    taken = min(run(turns)[0] for _ in range(rounds))
    return turns / taken, max(0.0, first - one) + max(0.0, warm - taken), lost


def ours(lattice: Any, particles: np.ndarray) -> Run:
    def run(turns: int) -> tuple[float, int]:
        began = time.perf_counter()
        found = track(lattice, particles, turns)
        return time.perf_counter() - began, int(np.sum(~np.asarray(found.kept)))

    return run


def in_at(made: Any, particles: np.ndarray, cores: int) -> Run:
    made = made.enable_6d(copy=True)
    for element in made:  # cavities, but no radiation
        element.PassMethod = element.PassMethod.replace("RadPass", "Pass")
    start = np.asfortranarray(particles[:, [0, 1, 2, 3, 5, 4]].T)
    start[5] *= -1
    several = {"use_mp": True, "pool_size": cores} if cores > 1 else {}

    def run(turns: int) -> tuple[float, int]:
        began = time.perf_counter()
        end, *_ = made.track(start.copy(order="F"), nturns=turns, **several)
        return time.perf_counter() - began, int(np.isnan(end[0]).sum())

    return run


def _xtrack(line: Any, particles: np.ndarray, cores: int) -> Run:
    import xobjects as xo

    line.discard_tracker()
    context = xo.ContextCpu(omp_num_threads=cores if cores > 1 else 0)
    # its compiling for threads leaves files, and reads a pyproject.toml that is none of its own
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        line.build_tracker(_context=context)
    names = ("x", "px", "y", "py", "zeta", "delta")
    start = dict(zip(names, particles.T, strict=True))

    def run(turns: int) -> tuple[float, int]:
        particles = line.build_particles(_context=context, **start)
        began = time.perf_counter()
        line.track(particles, num_turns=turns)
        return time.perf_counter() - began, int((particles.state <= 0).sum())

    return run
