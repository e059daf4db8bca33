"""Losses over the frequency of a drive: ensembles of clouds, and the bands of instability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright import motion
from fieldwright.sources import Assembly, Source, parametric_drive

from ...errors import InputError
from .._pieces import Pieces
from .._study import Progress
from ._ions import build_ions
from ._quantities import is_linear
from ._run import BandPart, RunPart, ScanPart, TrapStudy, inputs
from ._setup import make_integrator
from .cases import Numbers

_FINE = 2001  # frequencies at which growth rates are shown and measured


@dataclass(frozen=True)
class ScanResult:
    """What one scan came to."""

    losses: motion.LossScan
    bands: list[list[motion.InstabilityBand]]  # of each amplitude
    trap: Source
    species: motion.Species
    drive: Callable[[Any, Any, Any], Source]


def solve_scan(study: TrapStudy, name: str, pieces: Pieces, progress: Progress) -> ScanResult:
    """Scan, piece by piece; pieces that an earlier run has finished are taken from there."""
    part = study.scans[name]
    run = study.whole(part)
    assert run.trap is not None and run.ions is not None and run.duration is not None
    trap = run.trap.build([])
    clouds = [build_ions(run.ions, trap, run.trap.size, seed) for seed in range(part.clouds)]
    solve = _by_matrices if run.interaction is False and is_linear(run.trap) else _by_steps
    fractions = solve(part, run, trap, clouds, pieces, _Phase(progress, f"scanning {name}"))
    w = frequencies(part)
    numbers: tuple[Any, ...] = (part.amplitudes, w, fractions, run.duration, run.trap.size)
    arrays: list[Any] = [np.asarray(number) for number in numbers]
    losses = motion.LossScan(*arrays)
    species = motion.Species("ion", float(clouds[0].mass[0]), float(clouds[0].charge[0]))
    progress(f"explaining {name}")
    ends = float(w[0]), float(w[-1])
    drive = drive_of(run)
    bands: list[list[motion.InstabilityBand]] = [[] for _ in part.amplitudes]
    if not run.allow_unstable:  # or there are no motions to name as a reason
        bands = [
            motion.instability_bands(trap, species, f, ends, drive=drive) for f in part.amplitudes
        ]
    return ScanResult(losses, bands, trap, species, drive)


def drive_of(run: RunPart) -> Callable[[Any, Any, Any], Source]:
    """The parametric drive of a run's trap, as scans and Floquet analysis take it."""
    assert run.trap is not None
    electrodes = run.trap.electrodes()  # beside a coil, the trap is an assembly
    return lambda _, amplitude, w: parametric_drive(electrodes, amplitude, w)


def frequencies(part: ScanPart) -> np.ndarray:
    """Angular frequencies (k,) [rad/s] of a scan."""
    return np.linspace(part.frequencies.start, part.frequencies.stop, part.frequencies.points)


class _Phase:
    """A phase of which several pieces of equal length are parts."""

    def __init__(self, progress: Progress, name: str):
        self._progress, self._name = progress, name

    def __call__(self, done: int, total: int, within: float = 0.0) -> None:
        self._progress(self._name, (done + within) / total)


def _by_matrices(
    part: ScanPart,
    run: RunPart,
    trap: Source,
    clouds: list[motion.Ions],
    pieces: Pieces,
    phase: _Phase,
) -> np.ndarray:
    """Fractions left (clouds, F, W) without interaction: one piece for each amplitude."""
    assert run.trap is not None and run.duration is not None
    size, duration = run.trap.size, run.duration
    w, rows = frequencies(part), []
    for number, f in enumerate(part.amplitudes):
        phase(number, len(part.amplitudes))

        def make(f: float = f, number: int = number) -> dict[str, np.ndarray]:
            found = motion.loss_scan(
                clouds, trap, np.array([f]), w, duration, radius=size, drive=drive_of(run),
                progress=lambda done: phase(number, len(part.amplitudes), done),
            )  # fmt: skip
            return {"fractions": np.asarray(found.fractions)[:, 0]}

        made_from = _made_from(run, part, f) | {"clouds": part.clouds}
        rows.append(pieces.get(made_from, make)["fractions"])
    return np.stack(rows, axis=1)


def _by_steps(
    part: ScanPart,
    run: RunPart,
    trap: Source,
    clouds: list[motion.Ions],
    pieces: Pieces,
    phase: _Phase,
) -> np.ndarray:
    """Fractions left (clouds, F, W), step by step: one piece for each amplitude and cloud."""
    total = len(part.amplitudes) * len(clouds)
    fractions = np.empty((len(clouds), len(part.amplitudes), part.frequencies.points))
    for number in range(total):
        seed, row = divmod(number, len(part.amplitudes))
        f = part.amplitudes[row]
        phase(number, total)

        def make(seed: int = seed, f: float = f, number: int = number) -> dict[str, np.ndarray]:
            return {"fractions": _simulated(part, run, trap, clouds[seed], f, phase, number, total)}

        made_from = _made_from(run, part, f) | {"cloud": seed}
        fractions[seed, row] = pieces.get(made_from, make)["fractions"]
    return fractions


def _simulated(
    part: ScanPart,
    run: RunPart,
    trap: Source,
    cloud: motion.Ions,
    amplitude: float,
    phase: _Phase,
    number: int,
    total: int,
) -> np.ndarray:
    """Fractions left (W,) of a cloud at one amplitude."""
    assert run.trap is not None and run.duration is not None
    drive = drive_of(run)
    cases = [(cloud, Assembly((trap, drive(trap, amplitude, w)))) for w in frequencies(part)]
    found = motion.simulate_many(
        cases,
        run.duration,
        steps=run.steps,
        integrator=make_integrator(run),
        coulomb=run.interaction is not False,
        loss_radius=run.trap.size,
        progress=lambda done: phase(number, total, done),
    )
    return np.array([np.asarray(trajectory.kept).mean() for trajectory in found])


def _made_from(run: RunPart, part: ScanPart, amplitude: float) -> dict[str, Any]:
    own = inputs(run) | {"amplitudes": amplitude, "clouds": None}
    return {"scan": own, "amplitude": amplitude, "points": frequencies(part).tolist()}


def scan_numbers(part: ScanPart, result: ScanResult) -> Numbers:
    """The quantities of a scan and of its bands."""
    left = np.asarray(result.losses.fraction_left)
    w = np.asarray(result.losses.angular_frequency)
    numbers: Numbers = {
        "found": float(sum(len(row) for row in result.losses.bands(part.limit))),
        "least_left": float(left.min()),
        "step": float(w[1] - w[0]),
    }
    widths = []
    for name, band in part.bands.items():
        row = nearest(part.amplitudes, band.amplitude)
        found = _band(w, left[row], band, part.limit) | _unstable(result, row, band)
        numbers |= {f"{name}_{quantity}": value for quantity, value in found.items()}
        widths.append(found["width"])
    numbers["narrowest"] = min(widths, default=0.0)
    return numbers


def nearest(amplitudes: list[float], amplitude: float) -> int:
    """The index of an amplitude among those of a scan."""
    return int(np.argmin(np.abs(np.array(amplitudes) - amplitude)))


def _band(w: np.ndarray, left: np.ndarray, band: BandPart, limit: float) -> Numbers:
    """Edges of the loss band that has the least ions left, where straight lines cross the limit."""
    inside = np.flatnonzero((w >= band.start) & (w <= band.stop))
    if not inside.size:
        raise InputError(f"no frequency of the scan lies between {band.start:g} and {band.stop:g}")
    deepest = inside[np.argmin(left[inside])]
    low = high = float(w[deepest])
    if left[deepest] < limit:
        low, high = _crossing(w, left, deepest, -1, limit), _crossing(w, left, deepest, 1, limit)
    return {"low": low, "high": high, "width": high - low, "left": float(left[deepest])}


def _crossing(w: np.ndarray, left: np.ndarray, start: int, side: int, limit: float) -> float:
    """Where, going from `start` to one side, the fraction left rises over the limit."""
    here = start
    while 0 <= here + side < len(w) and left[here + side] < limit:
        here += side
    beyond = here + side
    if not 0 <= beyond < len(w):
        return float(w[here])
    part = (limit - left[here]) / (left[beyond] - left[here])
    return float(w[here] + part * (w[beyond] - w[here]))


def _unstable(result: ScanResult, row: int, band: BandPart) -> Numbers:
    """The Floquet bands that reach into the range: their outer edges, and the fastest growth."""
    found = [b for b in result.bands[row] if b.high >= band.start and b.low <= band.stop]
    if not found:
        middle = (band.start + band.stop) / 2
        return {"unstable_low": middle, "unstable_high": middle, "growth": 0.0}
    strongest = max(found, key=lambda b: b.growth)
    return {
        "unstable_low": strongest.low,
        "unstable_high": strongest.high,
        "growth": strongest.growth,
    }


def growth_rates(part: ScanPart, result: ScanResult) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (k,) [rad/s] and growth rates (F, k) [1/s], fine enough for narrow bands."""
    w = np.linspace(part.frequencies.start, part.frequencies.stop, _FINE)
    return w, motion.growth_rate(
        result.trap, result.species, np.array(part.amplitudes), w, drive=result.drive
    )
