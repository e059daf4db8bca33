"""Light over photon energies, over angles, and while K changes.

Spectra and maps are kept piece by piece, so that a killed run goes on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fieldwright import light

from ._build import Setup
from ._model import MapPart, SpectrumPart, TuningPart
from ._quantities import harmonics_of, has_current, in_medium
from ._task import Arrays, Task

if TYPE_CHECKING:
    from ._cases import Numbers

_ROWS = 21  # of a map that are made at a time


def spectrum(task: Task, part: SpectrumPart) -> Arrays:
    """Light over photon energies: of the beam, or of one charge."""
    energy = np.linspace(part.start, part.stop, part.points)
    return task.get(0, 1, lambda: {"energy": energy, "value": _light(task.setup, part, energy)})


def _light(setup: Setup, part: SpectrumPart, energy: np.ndarray) -> np.ndarray:
    radiator = setup.run.radiator
    assert radiator is not None
    if radiator.trajectory is not None:
        found = light.spectrum(
            setup.path, energy, part.direction, setup.medium, periods=radiator.trajectory.periods
        )
        value = found.flux(setup.beam.current) if _is_flux(setup) else found.photons
    elif radiator.bending_magnet is not None:
        value = light.bending_magnet_light(
            setup.beam, radiator.bending_magnet.field, energy
        ).density
    elif _is_flux(setup):
        assert setup.undulator is not None
        value = light.flux_density(setup.undulator, setup.beam, energy, part.direction)
    else:
        assert setup.undulator is not None
        value = light.undulator_photons(
            setup.undulator, setup.gamma, energy, part.direction, setup.medium
        )
    return np.asarray(value)


def _is_flux(setup: Setup) -> bool:
    return has_current(setup.run) and not in_medium(setup.run)


def spectrum_numbers(found: Arrays) -> Numbers:
    """Peak, where it is, and its width."""
    energy, value = found["energy"], found["value"]
    top = int(np.argmax(value))
    half = value[top] / 2
    ends = []
    for side in (value[top::-1], value[top:]):
        below = int(np.argmax(side < half)) if np.any(side < half) else len(side) - 1
        step = (side[below - 1] - half) / (side[below - 1] - side[below]) if below else 0.0
        ends.append(below - 1 + min(float(step), 1.0) if below else 0.0)
    width = sum(ends) * (energy[1] - energy[0])
    return {
        "peak": float(value[top]),
        "peak_energy": float(energy[top]),
        "width": float(width),
        "relative_width": float(width / energy[top]),
    }


def angular_map(task: Task, part: MapPart) -> Arrays:
    """Photons of one charge over two angles, some rows at a time."""
    setup = task.setup
    undulator = setup.undulator
    assert undulator is not None
    energy = part.photon_energy or setup.photon_energy
    side = np.linspace(-part.half_angle, part.half_angle, part.points)
    rows = [side[i : i + _ROWS] for i in range(0, part.points, _ROWS)]

    def make(some: np.ndarray) -> Arrays:
        # as many rows in every piece, so that one piece of code does all
        padded = np.resize(some, min(_ROWS, part.points))
        grid = np.stack(np.meshgrid(side, padded), axis=-1)
        value = light.undulator_photons(undulator, setup.gamma, energy, grid, setup.medium)
        return {"value": np.asarray(value)[: len(some)]}

    found = [task.get(i, len(rows), partial(make, some)) for i, some in enumerate(rows)]
    return {"angle": side, "value": np.concatenate([piece["value"] for piece in found])}


def map_numbers(found: Arrays) -> Numbers:
    """Largest value, where it is, and the integral over the picture."""
    angle, value = found["angle"], found["value"]
    row, column = np.unravel_index(np.argmax(value), value.shape)
    weights = np.full(len(angle), angle[1] - angle[0])
    weights[[0, -1]] /= 2
    return {
        "peak": float(value[row, column]),
        "peak_x": float(angle[column]),
        "peak_y": float(angle[row]),
        "total": float(weights @ value @ weights),
    }


def tuning(task: Task, part: TuningPart) -> dict[int, light.TuningCurve]:
    """A curve of each harmonic."""
    task.progress(f"tuning {task.name}")
    K = np.linspace(part.start, part.stop, part.points)
    assert task.setup.undulator is not None
    return {
        n: light.tuning_curve(task.setup.undulator, task.setup.beam, K, n)
        for n in part.harmonics or harmonics_of(task.setup.run)
    }


def tuning_numbers(found: dict[int, light.TuningCurve]) -> Numbers:
    """Ends and the best of each curve."""
    numbers: Numbers = {}
    for n, curve in found.items():
        best = int(np.argmax(curve.brilliance))
        numbers |= {
            f"harmonic_{n}_lowest_energy": float(np.min(curve.photon_energy)),
            f"harmonic_{n}_highest_energy": float(np.max(curve.photon_energy)),
            f"harmonic_{n}_largest_brilliance": float(curve.brilliance[best]),
            f"harmonic_{n}_largest_flux": float(np.max(curve.flux)),
            f"harmonic_{n}_best_K": float(curve.K[best]),
        }
    return numbers
