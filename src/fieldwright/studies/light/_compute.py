"""From a light study to numbers, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from fieldwright import light

from .._derived import derive
from .._judge import Quantity
from .._names import named
from .._pieces import Pieces
from .._study import Outcome, Progress
from . import _crystals, _curves
from ._cases import CaseResult, Numbers, solve_case
from ._model import LightStudy
from ._quantities import case_names, group_names
from ._references import GROUPS
from ._task import Task


@dataclass(frozen=True)
class Results:
    """What all parts of a light study came to, by name."""

    cases: dict[str | None, CaseResult] = field(default_factory=dict)
    curves: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)  # spectra, maps, ...
    tuning: dict[str, dict[int, light.TuningCurve]] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)


def compute(study: LightStudy, progress: Progress, pieces: Pieces) -> Outcome:
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
        methods=methods(study),
        titles=_titles(study),
    )


def solve(study: LightStudy, progress: Progress, pieces: Pieces) -> Results:
    """Everything that takes time."""
    results = Results()
    for name in study.all_cases():
        results.cases[name] = solve_case(study, name, progress)

    def task(group: str, name: str) -> Task:
        case = results.cases[study.case_of(getattr(study, group)[name].case)]
        return Task(study, group, name, case, pieces, progress)

    for name, spectrum in study.spectra.items():
        results.curves[name] = _curves.spectrum(task("spectra", name), spectrum)
        results.numbers[name] = _curves.spectrum_numbers(results.curves[name])
    for name, one in study.maps.items():
        results.curves[name] = _curves.angular_map(task("maps", name), one)
        results.numbers[name] = _curves.map_numbers(results.curves[name])
    for name, tuned in study.tuning.items():
        results.tuning[name] = _curves.tuning(task("tuning", name), tuned)
        results.numbers[name] = _curves.tuning_numbers(results.tuning[name])
    for name, channel in study.channels.items():
        results.curves[name] = _crystals.channels(task("channels", name), channel)
        results.numbers[name] = _crystals.channel_numbers(results.curves[name])
    for name, limits in study.limits.items():
        results.curves[name] = _crystals.limits(task("limits", name), limits)
        results.numbers[name] = _crystals.limits_numbers(task("limits", name), limits)
    for name, design in study.designs.items():
        results.numbers[name] = _crystals.design(task("designs", name), design)
    for name, measured in study.measurements.items():
        results.numbers[name] = _crystals.measurement(task("measurements", name), measured)
    return results


def _quantities(study: LightStudy, results: Results) -> dict[str, Quantity]:
    found: dict[str, Quantity] = {}
    for case, result in results.cases.items():
        found |= named(case, result.numbers, case_names(study, case))
    for key, names in group_names(study).items():
        found |= named(key, results.numbers[key], names)
    return found


def _titles(study: LightStudy) -> Mapping[str, str]:
    titles = {name: study.describe_case(name) for name in study.all_cases() if name is not None}
    for group in GROUPS[1:]:
        titles |= {name: study.describe(group, name) for name in getattr(study, group)}
    return titles
