"""The trajectories of a trap study, and what is read off them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright import motion

from .._pieces import Pieces
from .._study import Progress
from ._quantities import has_energy, has_exact, is_round
from ._run import RunPart, TrapStudy, inputs
from ._setup import Setup, make_setup

Numbers = dict[str, float]

_MOST_PAIRS = 2_000_000_000  # for an energy over time: a few seconds


@dataclass(frozen=True)
class CaseResult:
    """What one case came to."""

    run: RunPart
    setup: Setup
    trajectory: motion.Trajectory
    exact: np.ndarray | None  # positions (k, n, 3) [m] of the exact motion, where it is known

    @property
    def error(self) -> np.ndarray:
        """Distance of each ion from its exact place (k, n) [m]."""
        assert self.exact is not None
        return np.linalg.norm(np.asarray(self.trajectory.position) - self.exact, axis=2)


def solve_case(
    study: TrapStudy, name: str | None, pieces: Pieces, progress: Progress
) -> CaseResult:
    """Simulate a case, or take from `pieces` what an earlier run has simulated."""
    run = study.run_of(name)
    setup = make_setup(run)
    made_from = {"case": inputs(run), "files": _contents(run)}
    phase = f"moving {name}" if name else "moving"

    def make() -> dict[str, np.ndarray]:
        trajectory = motion.simulate(
            setup.ions,
            setup.source,
            **setup.arguments,
            checkpoint=pieces.path(made_from, ".checkpoint"),
            progress=lambda fraction: progress(phase, fraction),
        )
        return {name: np.asarray(getattr(trajectory, name)) for name in _fields()}

    progress(phase)
    found = pieces.get(made_from, make)
    plain: dict[str, Any] = {
        name: value if value.ndim else value.item() for name, value in found.items()
    }
    trajectory = motion.Trajectory(**plain, ions=setup.ions, source=setup.source)
    exact = exact_places(run, setup, found["time"]) if has_exact(run) else None
    return CaseResult(run, setup, trajectory, exact)


def _fields() -> list[str]:
    """The fields of a trajectory that a file can hold; the others follow from the study."""
    names = [field.name for field in dataclasses.fields(motion.Trajectory)]
    return [name for name in names if name not in ("ions", "source", "momentum")]


def exact_places(run: RunPart, setup: Setup, time: np.ndarray) -> np.ndarray:
    """Where ions that do not interact are at equal intervals of time, exactly."""
    if is_round(run) and not run.drives:
        return np.asarray(motion.analytic_motion(setup.ions, setup.still, time)[0])
    found = motion.simulate(
        setup.ions, setup.source, setup.duration, coulomb=False, save=len(time) - 1
    )
    return np.asarray(found.position)


def case_numbers(result: CaseResult) -> Numbers:
    """The quantities of a case, by name."""
    run, trajectory, ions = result.run, result.trajectory, result.setup.ions
    assert run.trap is not None
    kept = np.asarray(trajectory.kept)
    last = trajectory.position[-1, 0] if kept[0] else trajectory.lost_position[0]
    field = np.asarray(result.setup.still.B(np.zeros(3)))
    numbers = {
        "ions": float(len(ions)),
        "left": float(kept.mean()),
        "magnetic_field": float(np.linalg.norm(field)),
        "voltage": run.trap.voltage,
        "size": run.trap.size,
        "mass": float(ions.mass[0]),
        **{f"final_{axis}": float(last[k]) for k, axis in enumerate("xyz")},
        "steps": float(trajectory.steps),
        "evaluations": float(trajectory.evaluations),
    }
    if not run.allow_unstable:
        numbers |= _held(result)
    if is_round(run):
        numbers |= _round(result)
    if has_energy(run):
        numbers["energy_drift"] = float(np.nanmax(np.abs(energy_drift(result))))
    if has_exact(run):
        numbers |= _errors(result)
    return numbers


def energy_drift(result: CaseResult) -> np.ndarray:
    """Relative change of the total energy (k,), in units of its largest part at the beginning."""
    coulomb = bool(result.setup.arguments["coulomb"]) and len(result.setup.ions) > 1
    trajectory, source = (
        _thinned(result.trajectory, len(result.setup.ions) ** 2),
        result.setup.still,
    )
    total = np.asarray(motion.total_energy(trajectory, source, coulomb=coulomb))
    kinetic = float(motion.kinetic_energy(result.setup.ions).sum())
    size = max(abs(total[0]), kinetic, abs(total[0] - kinetic))
    return (total - total[0]) / size if size else total


def _thinned(trajectory: motion.Trajectory, pairs: int) -> motion.Trajectory:
    """The trajectory at so few of its times that pair sums at them take seconds, two at least."""
    count = len(trajectory.time)
    some = int(np.clip(_MOST_PAIRS // pairs, 2, count))
    if some == count:
        return trajectory
    chosen = np.linspace(0, count - 1, some).round().astype(int)
    parts = {name: getattr(trajectory, name)[chosen] for name in ("time", "position", "velocity")}
    return dataclasses.replace(trajectory, **parts)


def _held(result: CaseResult) -> Numbers:
    ions, trap = result.setup.ions, result.setup.still
    found = motion.frequencies(trap, ions.mass[0], ions.charge[0])
    return {
        "cyclotron_frequency": abs(float(found.cyclotron)),
        "axial_frequency": float(found.axial),
        "modified_cyclotron_frequency": abs(float(found.modified_cyclotron)),
        "magnetron_frequency": abs(float(found.magnetron)),
        "trapping_ratio": float(found.cyclotron**2 / (2 * found.axial**2)),
    }


def _round(result: CaseResult) -> Numbers:
    """How far the motion is from that of single ions: circles in a ring, and a swing along z."""
    trajectory, trap = result.trajectory, result.setup.still
    alone = motion.amplitudes(result.setup.ions, trap)
    axial = np.asarray(motion.amplitudes(trajectory, trap).axial)
    swings = np.asarray(alone.axial)
    spread = np.nanmax(axial, axis=0) - np.nanmin(axial, axis=0)
    distance = np.hypot(*np.moveaxis(np.asarray(trajectory.position)[..., :2], -1, 0))
    low, high = np.asarray(alone.radius_low), np.asarray(alone.radius_high)
    outside = np.fmax(np.fmax(distance - high, low - distance), 0.0)
    return {
        "radius_low": float(low[0]),
        "radius_high": float(high[0]),
        "axial_spread": float(np.nanmax(spread / np.where(swings > 0, swings, np.inf))),
        "ring_excess": float(np.nanmax(outside)),
    }


def _errors(result: CaseResult) -> Numbers:
    assert result.exact is not None
    axial = np.abs(np.asarray(result.trajectory.position)[..., 2] - result.exact[..., 2])
    early = max(1, len(axial) // 10)
    return {
        "largest_error": float(result.error.max()),
        "final_error": float(result.error[-1].max()),
        "largest_axial_error": float(axial.max()),
        "early_axial_error": float(axial[:early].max()),
        "relative_error": float(relative(result.error, result.exact).max()),
    }


def relative(error: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Errors (k, n) [m] over the distance of the exact places (k, n, 3) from the centre."""
    distance = np.linalg.norm(exact, axis=2)
    return error / np.where(distance > 0, distance, np.inf)


def distances(first: CaseResult, second: CaseResult) -> tuple[np.ndarray, np.ndarray]:
    """Times (k,) [s] at which two cases were both kept, and how far equal ions are apart (k, n)."""
    t, s = (np.asarray(result.trajectory.time) for result in (first, second))
    common, i, j = np.intersect1d(_ticks(t, t[-1]), _ticks(s, t[-1]), return_indices=True)
    there, here = (np.asarray(r.trajectory.position) for r in (first, second))
    return common * t[-1] / _TICKS, np.linalg.norm(there[i] - here[j], axis=2)


_TICKS = 2.0**30


def _ticks(time: np.ndarray, end: float) -> np.ndarray:
    """Times in small parts of the end, so that equal ones are equal although rounded."""
    return np.rint(time / end * _TICKS)


def distance_numbers(distance: np.ndarray) -> Numbers:
    """The quantities of a comparison."""
    return {
        "initial_distance": float(np.sqrt(np.nanmean(distance[0] ** 2))),
        "final_distance": float(np.sqrt(np.nanmean(distance[-1] ** 2))),
        "largest_distance": float(np.nanmax(distance)),
    }


def _contents(run: RunPart) -> dict[str, Any]:
    """Hashes of the files that a case is made from."""
    import hashlib
    from pathlib import Path

    files = [part.file for part in run.ions or [] if part.file is not None]
    return {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in files}
