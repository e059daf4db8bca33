"""A ring over its energy, or over the strength of an element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright import rings
from fieldwright.errors import NoClosedOrbitError, UnstableLatticeError

from .._study import Progress, standing
from ._build import final, label, varied
from ._cases import Numbers
from ._formula import difference
from ._model import RingStudy, RunPart, ScanPart
from ._quantities import places, scan_names


@dataclass(frozen=True)
class ScanResult:
    """Curves over what is varied; NaN where the ring is unstable."""

    values: np.ndarray
    unit: str
    curves: dict[str, np.ndarray]


def solve_scan(study: RingStudy, name: str, progress: Progress) -> ScanResult:
    """Every point of a scan."""
    part = study.scans[name]
    run = study.run_of(study.case_of(part.case))
    values, unit, at = varied(final(run), part)
    names = scan_names(study, part)
    curves = {curve: np.full(len(values), np.nan) for curve in names}
    for number, value in enumerate(values):
        progress(f"scanning {name}", number / len(values))
        try:
            found = _point(part, run, at(float(value)))
        except (UnstableLatticeError, NoClosedOrbitError):
            continue
        for curve, number_found in found.items():
            curves[curve][number] = number_found
    if np.all(np.isnan(next(iter(curves.values())))):
        with standing(("scans", name)):
            _point(part, run, at(float(values[0])))  # says why
    return ScanResult(values, unit, curves)


def _point(part: ScanPart, run: RunPart, ring: rings.Lattice) -> Numbers:
    numbers: Numbers = {}
    if "optics" in part.find:
        tunes = rings.optics(ring).tunes
        numbers |= {"tune_1": float(tunes[0]), "tune_2": float(tunes[1])}
    if "beam" in part.find:
        numbers |= _beam(run, ring)
    if "formula" in part.find:
        numbers |= _formula(run, ring)
    return numbers


def _beam(run: RunPart, ring: rings.Lattice) -> Numbers:
    beam = rings.equilibrium(ring)
    numbers = {
        "emittance_1": float(beam.emittances[0]),
        "emittance_2": float(beam.emittances[1]),
        "energy_spread": float(beam.energy_spread),
        "bunch_length": float(beam.bunch_length),
        "energy_loss": float(beam.energy_loss),
    }
    for place in places(run):
        section = np.sqrt(np.maximum(np.diagonal(np.asarray(beam.at(place))), 0.0))
        numbers |= {f"{label(place)}_sigma_x": section[0], f"{label(place)}_sigma_y": section[2]}
    return numbers


def _formula(run: RunPart, ring: rings.Lattice) -> Numbers:
    found = rings.transverse_equilibrium(ring)
    total, full, far = (np.asarray(c) for c in (found.covariance, found.betatron, found.far))
    numbers = {"far_error": difference(far, full, total)}
    for place in places(run):
        here = int(ring.indices(place)[0])
        for kind, part in (("formula", total), ("far", total - full + far)):
            sizes = np.sqrt(np.maximum(np.diagonal(part[here]), 0.0))
            numbers |= {
                f"{label(place)}_{kind}_sigma_x": float(sizes[0]),
                f"{label(place)}_{kind}_sigma_y": float(sizes[2]),
            }
    return numbers


def scan_numbers(part: ScanPart, result: ScanResult) -> Numbers:
    """The quantities of a scan: ends and extremes of its curves."""
    first = next(iter(result.curves.values()))
    stable = np.flatnonzero(np.isfinite(first))
    numbers: Numbers = {"unstable": float(len(first) - len(stable))}
    x = result.values[stable]
    for name, values in result.curves.items():
        y = values[stable]
        numbers |= {
            f"{name}_first": float(y[0]),
            f"{name}_last": float(y[-1]),
            f"{name}_least": float(y.min()),
            f"{name}_largest": float(y.max()),
        }
        if part.vary == "energy":
            ends = y[[0, -1]]
            power = np.log(ends[1] / ends[0]) / np.log(x[-1] / x[0]) if np.all(ends > 0) else 0.0
            numbers[f"{name}_exponent"] = float(power)
    return numbers
