"""The current that ions induce in electrodes, and its spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np

from fieldwright import motion
from fieldwright.constants import ATOMIC_MASS

from ._run import DetectionPart
from .cases import CaseResult, Numbers

_MOST_KINDS = 4  # of ions whose frequencies are marked


@dataclass(frozen=True)
class DetectionResult:
    """The spectrum of an image current, and frequencies to be marked in it."""

    time: np.ndarray  # (k,) [s]
    current: np.ndarray  # (k,) [A]
    frequency: np.ndarray  # (l,) [Hz]
    amplitude: np.ndarray  # (l,) [A]
    marks: dict[str, float]  # [Hz]


def solve_detection(part: DetectionPart, case: CaseResult) -> DetectionResult:
    """The image current of a case, with the frequencies that its ions would have alone."""
    trajectory = case.trajectory
    current = np.asarray(
        motion.image_current(trajectory, part.axis, part.distance, efficiency=part.efficiency)
    )
    found = motion.spectrum(current, np.asarray(trajectory.time))
    marks = {} if case.run.allow_unstable else _marks(part, case)
    return DetectionResult(
        np.asarray(trajectory.time), current, found.frequency, found.amplitude, marks
    )


def _marks(part: DetectionPart, case: CaseResult) -> dict[str, float]:
    ions = case.setup.ions
    kinds = np.unique(np.stack([ions.mass, ions.charge], axis=1), axis=0)[:_MOST_KINDS]
    marks = {}
    for mass, charge in kinds:
        whose = f", {mass / ATOMIC_MASS:.4g} u" if len(kinds) > 1 else ""
        for name, w in audible(part, case.setup.still, mass, charge).items():
            marks[name + whose] = w / (2 * pi)
    return marks


def audible(part: DetectionPart, trap: object, mass: float, charge: float) -> dict[str, float]:
    """The angular frequencies [rad/s] that electrodes along an axis hear, by name."""
    found = motion.frequencies(trap, mass, charge)  # type: ignore[arg-type]
    if part.axis == "z":
        return {r"$\omega_z$": abs(float(found.axial))}
    return {
        r"$\omega_+$": abs(float(found.modified_cyclotron)),
        r"$\omega_-$": abs(float(found.magnetron)),
    }


def detection_numbers(result: DetectionResult) -> Numbers:
    """The quantities of a detection."""
    peak = int(np.argmax(result.amplitude))
    return {
        "peak_frequency": float(result.frequency[peak]),
        "peak_amplitude": float(result.amplitude[peak]),
        "line_spacing": float(result.frequency[1]),
    }
