"""The curves of a ring study, as one dataset; and tables along each ring."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._judge import Quantity
from .._study import Attachment
from ._cases import CaseResult
from ._model import RingStudy

if TYPE_CHECKING:
    import xarray

    from ._compute import Results

_Data = dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]

_COORDINATES = ["x", "px", "y", "py", "z", "delta"]


def dataset(
    study: RingStudy, results: Results, quantities: Mapping[str, Quantity]
) -> xarray.Dataset:
    """Functions along the rings, scans, apertures and tracking; names end with that of their part.

    Along a ring rows have the names of elements: `data.where(data.element_round == "QF")`.
    """
    import xarray

    # put together once: a dataset that grows entry by entry takes many times as long
    data: _Data = {}
    for name, case in results.cases.items():
        _case(data, name or study.study, case)
    for name, scan in results.scans.items():
        axis = f"varied_{name}"
        _put(data, axis, (axis,), scan.values, scan.unit, study.scans[name].vary)
        units = {q: quantities[f"{name}.{q}_first"] for q in scan.curves}
        for curve, values in scan.curves.items():
            words = units[curve].long_name.removesuffix(", first of the scan")
            _put(data, f"{curve}_{name}", (axis,), values, units[curve].unit, words)
    for name, aperture in results.apertures.items():
        ray = f"ray_{name}"
        _put(data, ray, (ray,), aperture.angle, "rad", "direction in the plane of x and y")
        _put(data, f"radius_{name}", (ray,), aperture.radius, "m", "amplitude that stays")
    for name, tracked in results.tracking.items():
        turn = f"turn_{name}"
        axes = (turn, "coordinate", "coordinate_2")
        _put(data, turn, (turn,), tracked.turns, "1", "turns")
        for what, values in (("tracked", tracked.covariance), ("expected", tracked.expected)):
            _put(data, f"{what}_{name}", axes, values, "m^2 and so on", f"covariance, {what}")
        data["coordinate"] = (("coordinate",), _COORDINATES, {"long_name": "coordinate"})
    for name, lens in results.lenses.items():
        if lens.beam is not None:
            axis = f"tune_{name}"
            _put(data, axis, (axis,), lens.tunes, "1", "horizontal tune without the lens")
            size = np.asarray(lens.beam.size)
            for plane, letter in enumerate("xy"):
                words = f"rms size in {letter}"
                _put(data, f"sigma_{letter}_{name}", (axis,), size[:, plane], "m", words)
    for name, quantity in quantities.items():
        _put(data, name, (), np.array(quantity.value), quantity.unit, quantity.long_name)
    return xarray.Dataset(data)


def _case(data: _Data, name: str, case: CaseResult) -> None:
    row = f"place_{name}"
    columns = along(case)
    if columns:
        names = [*case.lattice.names, "end"]
        data[f"element_{name}"] = (
            (row,),
            names,
            {"units": "1", "long_name": "element that begins"},
        )
    for key, (unit, words, values) in columns.items():
        _put(data, f"{key}_{name}", (row,), values, unit, words)


def along(case: CaseResult) -> dict[str, tuple[str, str, np.ndarray]]:
    """Unit, words and values (n + 1,) at the entrance of each element and at the end."""
    found: dict[str, tuple[str, str, np.ndarray]] = {}
    ring, optics, beam = case.lattice, case.optics, case.beam
    if optics is None and beam is None and case.orbit is None:
        return found
    found["s"] = ("m", "path along the reference orbit", np.asarray(ring.s))
    if case.orbit is not None:
        found["orbit_x"] = ("m", "horizontal closed orbit", case.orbit[:, 0])
        found["orbit_y"] = ("m", "vertical closed orbit", case.orbit[:, 2])
    if optics is not None:
        beta, alpha, phase, dispersion = (
            np.asarray(getattr(optics, name)) for name in ("beta", "alpha", "phase", "dispersion")
        )
        for plane, letter in enumerate("xy"):
            found[f"beta_{letter}"] = ("m", f"beta function in {letter}", beta[:, plane])
            found[f"alpha_{letter}"] = ("1", f"alpha in {letter}", alpha[:, plane])
            turns = phase[:, plane] / (2 * np.pi)
            found[f"phase_{letter}"] = ("1", f"phase in {letter} over 2 pi", turns)
            words = f"dispersion in {letter}"
            found[f"dispersion_{letter}"] = ("m", words, dispersion[:, 2 * plane])
    if beam is not None:
        for letter in "xy":
            size = np.asarray(getattr(beam, f"sigma_{letter}"))
            found[f"sigma_{letter}"] = ("m", f"rms size in {letter}", size)
    if case.formula is not None:
        size = np.sqrt(np.maximum(np.asarray(case.formula.covariance)[:, [0, 2], [0, 2]], 0.0))
        for plane, letter in enumerate("xy"):
            words = f"rms size in {letter} by formula (10)"
            found[f"formula_sigma_{letter}"] = ("m", words, size[:, plane])
    return found


def places_tables(study: RingStudy, results: Results) -> list[Attachment]:
    """A table along each ring, a row for each element, as CSV."""
    return [
        Attachment(
            f"tables/{name or study.study}.csv",
            f"{study.describe_case(name)}: functions along the ring, a row for each element",
            partial(_write, case),
        )
        for name, case in results.cases.items()
        if along(case)
    ]


def _write(case: CaseResult, path: Path) -> None:
    columns = along(case)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["element", *(f"{key} [{unit}]" for key, (unit, _, _) in columns.items())])
        rows = zip(*(values for _, _, values in columns.values()), strict=True)
        for name, row in zip([*case.lattice.names, "end"], rows, strict=True):
            writer.writerow([name, *(f"{value:.9g}" for value in row)])


def _put(data: _Data, name: str, axes: tuple[str, ...], values: Any, unit: str, words: str) -> None:
    data[name] = (axes, np.asarray(values), {"units": unit, "long_name": words})
