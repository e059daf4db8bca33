"""From a ring study to numbers, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from fieldwright import rings

from .._derived import derive
from .._judge import Quantity
from .._names import named
from .._pieces import Pieces
from .._study import Outcome, Progress, standing
from ._build import final
from ._cases import CaseResult, Numbers, case_numbers, solve_case
from ._collisions import CollisionResult, solve_collision
from ._lenses import LensResult, lens_numbers, solve_lens
from ._model import RingStudy
from ._quantities import case_names, group_names
from ._scans import ScanResult, scan_numbers, solve_scan
from ._solenoids import SolenoidResult, solenoid_numbers, solve_solenoid
from ._tracking import TrackingResult, solve_tracking, tracking_numbers


@dataclass(frozen=True)
class Results:
    """What all parts of a ring study came to, by name."""

    cases: dict[str | None, CaseResult] = field(default_factory=dict)
    collisions: dict[str, CollisionResult] = field(default_factory=dict)
    scans: dict[str, ScanResult] = field(default_factory=dict)
    apertures: dict[str, rings.DynamicAperture] = field(default_factory=dict)
    tracking: dict[str, TrackingResult] = field(default_factory=dict)
    solenoids: dict[str, SolenoidResult] = field(default_factory=dict)
    lenses: dict[str, LensResult] = field(default_factory=dict)


def compute(study: RingStudy, progress: Progress, pieces: Pieces) -> Outcome:
    """Compute every part of a study, its derived quantities, and what the report shows."""
    from ._dataset import dataset, places_tables
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
        attachments=places_tables(study, results),
        methods=methods(study, results),
        titles=_titles(study),
    )


def solve(study: RingStudy, progress: Progress, pieces: Pieces) -> Results:
    """Everything that takes time."""
    results = Results()
    for name in study.all_cases():
        results.cases[name] = solve_case(study, name, progress)
    for key, collision in study.collisions.items():
        progress(f"collision {key}")
        with standing(("collisions", key)):
            case = results.cases[study.case_of(collision.case)]
            results.collisions[key] = solve_collision(collision, case)
    for key, solenoid in study.solenoids.items():
        progress(f"solenoid {key}")
        with standing(("solenoids", key)):
            results.solenoids[key] = solve_solenoid(solenoid)
    for key, lens in study.lenses.items():
        progress(f"lens {key}")
        with standing(("lenses", key)):
            results.lenses[key] = solve_lens(lens)
    for key in study.scans:
        results.scans[key] = solve_scan(study, key, progress)
    for key in study.apertures:
        results.apertures[key] = _aperture(study, key, progress)
    for key in study.tracking:
        results.tracking[key] = solve_tracking(study, key, pieces, progress)
    return results


def _aperture(study: RingStudy, key: str, progress: Progress) -> rings.DynamicAperture:
    import numpy as np

    part = study.apertures[key]
    case = study.case_of(part.case)
    progress(f"aperture {key}")
    with standing(study.place_of(case, "ring")):
        return rings.dynamic_aperture(
            final(study.run_of(case)), part.turns, angles=np.linspace(0.0, np.pi, part.rays),
            delta=part.delta, progress=lambda done: progress(f"aperture {key}", done),
        )  # fmt: skip


def _quantities(study: RingStudy, results: Results) -> dict[str, Quantity]:
    found: dict[str, Quantity] = {}
    for case, result in results.cases.items():
        found |= named(case, case_numbers(result), case_names(study, case))
    numbers: dict[str, Numbers] = {key: r.numbers for key, r in results.collisions.items()}
    numbers |= {key: scan_numbers(study.scans[key], r) for key, r in results.scans.items()}
    numbers |= {key: _aperture_numbers(r) for key, r in results.apertures.items()}
    numbers |= {
        key: tracking_numbers(study.tracking[key], r) for key, r in results.tracking.items()
    }
    numbers |= {key: solenoid_numbers(r) for key, r in results.solenoids.items()}
    numbers |= {key: lens_numbers(study.lenses[key], r) for key, r in results.lenses.items()}
    for key, names in group_names(study).items():
        found |= named(key, numbers[key], names)
    return found


def _aperture_numbers(found: rings.DynamicAperture) -> Numbers:
    return {
        "least_radius": float(found.radius.min()),
        "radius_x": float(found.radius[0]),
        "area": found.area,
    }


def _titles(study: RingStudy) -> Mapping[str, str]:
    titles = {name: study.describe_case(name) for name in study.all_cases() if name is not None}
    for group in ("collisions", "scans", "apertures", "tracking", "solenoids", "lenses"):
        titles |= {name: study.describe(group, name) for name in getattr(study, group)}
    return titles
