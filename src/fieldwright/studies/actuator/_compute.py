"""From an actuator study to numbers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright import forces

from ...constants import MU_0
from ...errors import ConvergenceError
from .._derived import derive
from .._judge import Quantity
from .._names import full_name
from .._study import Outcome, Progress
from ._model import ActuatorStudy, CasePart
from ._quantities import ALL, CURVES, has_tolerances

if TYPE_CHECKING:
    import xarray

FRACTION = 0.95  # of the largest force, that bounds the range

METHODS = [
    "Coil and magnets are coaxial. A magnet of uniform magnetization M is the current sheet M on "
    "its curved surfaces, so the force per ampere is the difference of the mutual inductances of "
    "the coil with a loop at each of the magnet's two faces, times M.",
    "The sweet spot is where the derivative of the force vanishes, found on the analytic "
    "derivative; the range is where the force is 95 % of the force there; the curvature is the "
    "analytic second derivative, not a fit.",
    "Error estimates are numerical; they leave out the uncertainty of dimensions and material.",
]


@dataclass(frozen=True)
class CaseResult:
    """What one case came to: coil, sweet spot, range [m] and curves over the distances."""

    coil: Any
    spot: Any
    range: tuple[float, float]
    curves: dict[str, np.ndarray]  # each (distances,)


def compute(study: ActuatorStudy, progress: Progress) -> Outcome:
    """Compute every case, its derived quantities, and what the report shows."""
    from ._figures import drawings
    from ._tables import tables

    distance = np.linspace(study.distance.start, study.distance.stop, study.distance.points)
    cases = study.all_cases()
    most = max(len(case.parts()) for case in cases.values())
    sources = {name: (study.coil_of(case), case.build(most)) for name, case in cases.items()}
    progress("compiling")
    _compile(*next(iter(sources.items())), distance)
    progress("computing")
    results = {name: _solve(name, *pair, distance) for name, pair in sources.items()}
    quantities: dict[str, Quantity] = {}
    for name, case in study.all_cases().items():
        for quantity, (value, error) in _numbers(study, case, results[name]).items():
            unit, words = ALL[quantity]
            quantities[full_name(name, quantity)] = Quantity(value, unit, words, error)
    quantities |= derive(study.derived, quantities)
    return Outcome(
        quantities=quantities,
        dataset=_dataset(study, results, quantities, distance),
        tables=tables(study, quantities),
        drawings=drawings(study, results, distance),
        methods=METHODS,
        titles={name: study.describe_case(name) for name in results if name is not None},
    )


def _compile(name: str | None, pair: tuple[Any, Any], distance: np.ndarray) -> None:
    """Solve one case, in parts at a time: XLA compiles outside Python's lock.

    What the figures and the dataset need is imported meanwhile.
    """
    with ThreadPoolExecutor(max_workers=3) as pool:
        tasks: list[Future[Any]] = [
            pool.submit(_solve, name, *pair, distance[:0]),
            pool.submit(forces.axial_force_derivatives, *pair, distance),
            *(pool.submit(import_module, name) for name in ("matplotlib.figure", "xarray")),
        ]
        for task in tasks:
            task.result()


def _find_spot(coil: Any, magnet: Any) -> tuple[Any, tuple[float, float]]:
    spot = forces.sweet_spot(coil, magnet)
    low, high = spot.range(FRACTION)
    return spot, (float(low), float(high))


def _solve(name: str | None, coil: Any, magnet: Any, distance: np.ndarray) -> CaseResult:
    try:
        spot, limits = _find_spot(coil, magnet)
    except ConvergenceError as error:
        raise ConvergenceError(f"cases.{name}: {error}" if name else str(error)) from None
    found = forces.axial_force_derivatives(coil, magnet, distance)
    curves = dict(zip(CURVES, (np.asarray(values) for values in found), strict=True))
    return CaseResult(coil, spot, limits, curves)


def _numbers(
    study: ActuatorStudy, case: CasePart, result: CaseResult
) -> dict[str, tuple[float, float | None]]:
    """Value and error estimate (None where there is none) of each quantity of a case."""
    spot, (low, high), coil = result.spot, result.range, result.coil
    position, curvature = float(spot.position), float(spot.curvature)
    error, position_error = float(spot.error_estimate), float(spot.position_error_estimate)
    curvature_error = float(spot.curvature_error_estimate)
    first = case.parts()[0]
    area = float(coil.length) * (float(coil.outer_radius) - float(coil.inner_radius))
    material = abs(first.uniform_magnetization()) * first.length
    material /= first.material_length or first.length
    numbers: dict[str, tuple[float, float | None]] = {
        "force_per_current": (float(spot.force_per_current), error),
        "sweet_spot": (position, position_error),
        "range_low": (low, None),
        "range_high": (high, None),
        "curvature": (curvature, curvature_error),
        "displacement_coupling": (-curvature, curvature_error),
        "range_margin": (min(position - low, high - position), None),
        "net_moment": (abs(sum(part.moment() for part in case.parts())), None),
        "material_moment": (sum(abs(part.moment()) for part in case.parts()), None),
        "magnet_moment": (abs(first.moment()), None),
        "magnetization": (material, None),
        "remanence": (MU_0 * material, None),
        "current_density": (float(coil.turns) / area, None),
        "coil_outer_radius": (float(coil.outer_radius), None),
        "coil_mean_radius": ((float(coil.inner_radius) + float(coil.outer_radius)) / 2, None),
    }
    return numbers | _of_wire(study, case, result) | _of_tolerances(study, case, result)


def _of_wire(
    study: ActuatorStudy, case: CasePart, result: CaseResult
) -> dict[str, tuple[float, float | None]]:
    part = study.wire_of(case)
    if part is None:
        return {}
    resistance = part.resistance_of(result.coil)
    power = resistance / float(result.spot.force_per_current) ** 2  # of the spot already found
    return {"resistance": (resistance, None), "power_per_force_squared": (power, None)}


def _of_tolerances(
    study: ActuatorStudy, case: CasePart, result: CaseResult
) -> dict[str, tuple[float, float | None]]:
    if not has_tolerances(study, case):
        return {}
    assert study.tolerances is not None
    found = forces.tolerance(result.coil, case.build(), study.tolerances.deviations())
    return {
        "force_per_current_deviation": (float(found.force_per_current), None),
        "sweet_spot_deviation": (float(found.position), None),
        "curvature_deviation": (float(found.curvature), None),
    }


def _dataset(
    study: ActuatorStudy,
    results: dict[str | None, CaseResult],
    quantities: dict[str, Quantity],
    distance: np.ndarray,
) -> Callable[[], xarray.Dataset]:
    """What makes the dataset; later, so that xarray is imported only when results are written."""

    def make() -> xarray.Dataset:
        import xarray

        cases = [name or study.study for name in results]
        data = xarray.Dataset(coords={"case": ("case", cases, {"long_name": "case of the study"})})
        data = data.assign_coords(distance=("distance", distance))
        data["distance"].attrs = {"units": "m", "long_name": "distance between coil and magnet"}
        for curve, (unit, words) in CURVES.items():
            values = np.stack([result.curves[curve] for result in results.values()])
            data[curve] = (("case", "distance"), values, {"units": unit, "long_name": words})
        for name, (unit, words) in ALL.items():
            found = [quantities.get(full_name(case, name)) for case in results]
            _add(data, name, [q.value if q else np.nan for q in found], unit, words)
            errors = [q.error_estimate if q else None for q in found]
            estimates = [np.nan if e is None else e for e in errors]
            _add(data, f"{name}_error_estimate", estimates, unit, f"error estimate: {words}")
        for name in study.derived:
            q = quantities[name]
            data[name] = ((), q.value, {"units": q.unit, "long_name": q.long_name})
        return data

    return make


def _add(data: xarray.Dataset, name: str, values: list[float], unit: str, words: str) -> None:
    if not all(np.isnan(values)):
        data[name] = (("case",), np.array(values), {"units": unit, "long_name": words})
