"""The curves of a trap study, as one dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .._judge import Quantity
from ._run import TrapStudy
from .cases import CaseResult
from .convergence import ConvergenceResult
from .detection import DetectionResult
from .scans import ScanResult

if TYPE_CHECKING:
    import xarray

    from ._compute import Results


def dataset(
    study: TrapStudy, results: Results, quantities: Mapping[str, Quantity]
) -> xarray.Dataset:
    """Trajectories, errors, losses and currents; names end with that of the part they are of."""
    import xarray

    data = xarray.Dataset()
    for name, case in results.cases.items():
        _case(data, name or study.study, case)
    for name, convergence in results.convergence.items():
        _convergence(data, name, convergence)
    for name, scan in results.scans.items():
        _scan(data, name, scan)
    for name, detection in results.detection.items():
        _detection(data, name, detection)
    for name, quantity in quantities.items():
        _put(data, name, (), np.array(quantity.value), quantity.unit, quantity.long_name)
    return data


def _case(data: xarray.Dataset, name: str, result: CaseResult) -> None:
    time, ion = f"time_{name}", f"ion_{name}"
    found, ions = result.trajectory, result.setup.ions
    if "axis" not in data.coords:
        data["axis"] = ("axis", ["x", "y", "z"], {"long_name": "axis"})
    _put(data, time, (time,), found.time, "s", "time")
    _put(data, f"position_{name}", (time, ion, "axis"), found.position, "m", "position")
    _put(data, f"velocity_{name}", (time, ion, "axis"), found.velocity, "m/s", "velocity")
    _put(data, f"mass_{name}", (ion,), ions.mass, "kg", "mass")
    _put(data, f"charge_{name}", (ion,), ions.charge, "C", "charge")
    _put(data, f"lost_time_{name}", (ion,), found.lost_time, "s", "time of loss, infinite if kept")
    _put(data, f"lost_position_{name}", (ion, "axis"), found.lost_position, "m", "place of loss")


def _convergence(data: xarray.Dataset, name: str, result: ConvergenceResult) -> None:
    for integrator, curves in result.curves.items():
        for steps, curve in curves.items():
            own = f"{name}_{integrator}_{steps}"
            _put(data, f"time_{own}", (f"time_{own}",), curve.time, "s", "time")
            _put(data, f"error_{own}", (f"time_{own}",), curve.relative, "1", "relative error")


def _scan(data: xarray.Dataset, name: str, result: ScanResult) -> None:
    amplitude, frequency, cloud = (f"{what}_{name}" for what in ("amplitude", "frequency", "cloud"))
    losses = result.losses
    _put(data, amplitude, (amplitude,), losses.amplitude, "1", "amplitude of the drive")
    _put(data, frequency, (frequency,), losses.angular_frequency, "rad/s",
         "angular frequency of the drive")  # fmt: skip
    _put(data, f"fraction_left_{name}", (cloud, amplitude, frequency), losses.fractions, "1",
         "fraction of ions left")  # fmt: skip


def _detection(data: xarray.Dataset, name: str, result: DetectionResult) -> None:
    time, line = f"detection_time_{name}", f"line_{name}"
    _put(data, time, (time,), result.time, "s", "time")
    _put(data, f"current_{name}", (time,), result.current, "A", "image current")
    _put(data, line, (line,), result.frequency, "Hz", "frequency")
    _put(data, f"amplitude_{name}", (line,), result.amplitude, "A",
         "amplitude of the image current")  # fmt: skip


def _put(
    data: xarray.Dataset, name: str, axes: tuple[str, ...], values: object, unit: str, words: str
) -> None:
    data[name] = (axes, np.asarray(values), {"units": unit, "long_name": words})
