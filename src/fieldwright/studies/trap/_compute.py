"""From a trap study to numbers, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fieldwright import constants

from .._derived import derive
from .._judge import Quantity
from .._names import named
from .._pieces import Pieces
from .._study import Attachment, Outcome, Progress
from ._quantities import CONSTANTS, case_names, group_names
from ._run import TrapStudy
from .cases import CaseResult, case_numbers, distance_numbers, distances, solve_case
from .convergence import ConvergenceResult, convergence_numbers, solve_convergence
from .detection import DetectionResult, detection_numbers, solve_detection
from .scans import ScanResult, scan_numbers, solve_scan

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Results:
    """What all parts of a trap study came to, by name."""

    cases: dict[str | None, CaseResult] = field(default_factory=dict)
    distances: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    convergence: dict[str, ConvergenceResult] = field(default_factory=dict)
    scans: dict[str, ScanResult] = field(default_factory=dict)
    detection: dict[str, DetectionResult] = field(default_factory=dict)


def compute(study: TrapStudy, progress: Progress, pieces: Pieces) -> Outcome:
    """Compute every part of a study, its derived quantities, and what the report shows."""
    from ._dataset import dataset
    from ._figures import drawings
    from ._methods import methods
    from ._tables import tables

    results = solve(study, progress, pieces)
    quantities = _quantities(study, results)
    quantities |= derive(study.derived, quantities)
    return Outcome(
        quantities=quantities,
        dataset=partial(dataset, study, results, quantities),
        tables=tables(study, results, quantities),
        drawings=drawings(study, results),
        attachments=_films(study, results),
        methods=methods(study, results),
        titles=_titles(study),
    )


def solve(study: TrapStudy, progress: Progress, pieces: Pieces) -> Results:
    """Everything that takes time."""
    results = Results()
    for name in study.all_cases():
        results.cases[name] = solve_case(study, name, pieces, progress)
    for key, comparison in study.comparisons.items():
        first, second = (results.cases[case] for case in comparison.cases)
        results.distances[key] = distances(first, second)
    for key in study.convergence:
        results.convergence[key] = solve_convergence(study, key, progress)
    for key, detection in study.detection.items():
        case = results.cases[study.case_of(detection.case)]
        results.detection[key] = solve_detection(detection, case)
    for key in study.scans:
        results.scans[key] = solve_scan(study, key, pieces, progress)
    return results


def _quantities(study: TrapStudy, results: Results) -> dict[str, Quantity]:
    found: dict[str, Quantity] = {}
    for case, result in results.cases.items():
        found |= named(case, case_numbers(result), case_names(study, case))
    groups = group_names(study)
    for key, (_, apart) in results.distances.items():
        found |= named(key, distance_numbers(apart), groups[key])
    for key, convergence in results.convergence.items():
        numbers = convergence_numbers(study.convergence[key], convergence)
        found |= named(key, numbers, groups[key])
    for key, detection in results.detection.items():
        found |= named(key, detection_numbers(detection), groups[key])
    for key, scan in results.scans.items():
        found |= named(key, scan_numbers(study.scans[key], scan), groups[key])
    return found | _constants(study)


def _constants(study: TrapStudy) -> dict[str, Quantity]:
    """The constants that printed figures are held against."""
    values = {"coulomb_constant": constants.COULOMB, "tesla": 1.0, "volt": 1.0}
    asked = {entry.name() for entry in study.published}
    return {name: Quantity(values[name], *CONSTANTS[name]) for name in CONSTANTS if name in asked}


def _films(study: TrapStudy, results: Results) -> list[Attachment]:
    films = []
    for name, result in results.cases.items():
        if result.run.animation:
            title = study.describe_case(name)
            file = f"animations/{name or study.study}.gif"
            films.append(Attachment(file, f"{title}, from above and from the side", _film(result)))
    return films


def _film(result: CaseResult) -> partial[None]:
    def write(result: CaseResult, path: Path) -> None:
        from fieldwright.motion.plots import animate

        animate(result.trajectory, path)

    return partial(write, result)


def _titles(study: TrapStudy) -> Mapping[str, str]:
    titles = {name: study.describe_case(name) for name in study.all_cases() if name is not None}
    titles |= {name: part.title for name, part in study.comparisons.items()}
    titles |= {name: part.title or name for name, part in study.convergence.items()}
    titles |= {name: f"Image current {name}" for name in study.detection}
    return titles | {name: part.title or name for name, part in study.scans.items()}
