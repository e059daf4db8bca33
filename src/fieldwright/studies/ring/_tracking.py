"""Particles that radiate by chance, against the beam that theory expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright import rings
from fieldwright.errors import ConvergenceError

from .._pieces import Pieces
from .._study import Progress, standing
from ._build import final
from ._cases import Numbers
from ._model import RingStudy, TrackingPart, inputs

_PAIRS = np.triu_indices(6)


@dataclass(frozen=True)
class TrackingResult:
    """Covariances (k, 6, 6) after some turns (k,), tracked and expected."""

    particles: int
    lost: int
    turns: np.ndarray
    covariance: np.ndarray
    expected: np.ndarray

    @property
    def standard_error(self) -> np.ndarray:
        """(k, 6, 6) of a covariance of as many normal deviates."""
        own = np.diagonal(self.expected, axis1=1, axis2=2)
        square = own[:, :, None] * own[:, None, :] + self.expected**2
        return np.sqrt(square / (self.particles - 1))


def solve_tracking(
    study: RingStudy, name: str, pieces: Pieces, progress: Progress
) -> TrackingResult:
    """Track piece by piece; what an earlier run has done is taken from `pieces`."""
    part = study.tracking[name]
    case = study.case_of(part.case)
    run = study.run_of(case)
    ring = final(run)
    with standing(study.place_of(case, "ring")):
        start = np.asarray(rings.closed_orbit(ring, radiation=True))[0]
        beam = rings.equilibrium(ring)
        matrix = np.asarray(rings.one_turn_matrix(ring, radiation=True))
    each = np.diff(np.linspace(0, part.turns, part.pieces + 1).round().astype(int))
    now = np.tile(start, (part.particles, 1))
    seen, turns = [], np.cumsum(each)
    for number, count in enumerate(each):
        made_from = {
            "tracking": inputs(part), "ring": inputs(run), "contents": _contents(run),
            "turns": each[: number + 1].tolist(),
        }  # fmt: skip

        def make(now: np.ndarray = now, count: int = int(count), number: int = number) -> Any:
            found = rings.track(
                ring, now, count, radiation="quantum", seed=1000 * part.seed + number,
                progress=lambda done: progress(f"tracking {name}", (number + done) / len(each)),
            )  # fmt: skip
            return {"final": np.asarray(found.final)}

        progress(f"tracking {name}", number / len(each))
        now = pieces.get(made_from, make)["final"]
        with standing(("tracking", name)):
            seen.append(_covariance(now, int(turns[number])))
    settled = np.asarray(beam.covariance)[0]
    powers = [np.linalg.matrix_power(matrix, int(n)) for n in turns]
    expected = np.array([settled - power @ settled @ power.T for power in powers])
    lost = int(np.sum(~np.isfinite(now[:, 0])))
    return TrackingResult(part.particles, lost, turns, np.array(seen), expected)


def _covariance(now: np.ndarray, turns: int) -> np.ndarray:
    """(6, 6) of the particles that are left."""
    kept = now[np.isfinite(now[:, 0])]
    if len(kept) < 2:
        raise ConvergenceError(
            f"{len(now) - len(kept)} of {len(now)} particles are lost within {turns} turns, so "
            "that they have no size: apertures are too narrow for this beam, or motion is unstable"
        )
    return np.cov(kept.T)


def _contents(run: Any) -> str:
    """The hash of the file that the lattice is from."""
    import hashlib
    from pathlib import Path

    if run.ring.file is None:
        return ""
    return hashlib.sha256(Path(run.ring.file).read_bytes()).hexdigest()


def tracking_numbers(part: TrackingPart, result: TrackingResult) -> Numbers:
    """Sizes at last beside those expected, and how far they are apart in standard errors."""
    numbers: Numbers = {"lost": float(result.lost)}
    for name, index in (("sigma_x", 0), ("sigma_y", 2), ("length", 4), ("energy_spread", 5)):
        numbers[name] = float(np.sqrt(result.covariance[-1, index, index]))
        numbers[f"{name}_expected"] = float(np.sqrt(max(result.expected[-1, index, index], 0.0)))
    gap = (result.covariance - result.expected)[-1][_PAIRS]
    error = result.standard_error[-1][_PAIRS]
    # of a beam without a height nothing is left to compare
    scale = np.sqrt(np.diagonal(result.expected[-1]))
    there = error > 1e-9 * np.max(scale) * 1e-9
    ratio = gap[there] / error[there]
    numbers["deviation"] = float(np.abs(ratio).max())
    numbers["mean_square_deviation"] = float(np.mean(ratio**2))
    return numbers
