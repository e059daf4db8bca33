"""The tables of a trap study's report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...units import format_quantity
from .._judge import Quantity
from .._names import full_name
from .._study import Table
from ._quantities import COMPARISON, EXACT
from ._run import TrapStudy
from .scans import ScanResult

if TYPE_CHECKING:
    from ._compute import Results

_MICRO = 1e-6


def tables(study: TrapStudy, results: Results, quantities: Mapping[str, Quantity]) -> list[Table]:
    """What each case came to, how ions move in its trap, errors, orders, bands."""
    found = [_cases(study, results, quantities), _motion(study, quantities)]
    found += [_errors(study, quantities), _comparisons(study, quantities)]
    found += [_orders(study, name, quantities) for name in study.convergence]
    found += [_bands(study, name, results.scans[name]) for name in study.scans]
    if study.derived:
        rows = [[part.title, show(quantities.get(n))] for n, part in study.derived.items()]
        found.append(Table("Quantities derived from these", ["", "value"], rows))
    return [table for table in found if table.rows]


def show(quantity: Quantity | None, digits: int = 6) -> str:
    """A quantity for a table cell; a dash where there is none."""
    if quantity is None:
        return "–"
    if quantity.unit == "rad/s":
        return frequency(quantity.value, digits)
    if quantity.unit == "m" and 1e-7 <= abs(quantity.value) < 1e-3:
        return f"{quantity.value / _MICRO:.{digits}g} um"
    return format_quantity(quantity.value, quantity.unit, digits)


def frequency(value: float, digits: int = 6) -> str:
    """An angular frequency [rad/s] in the unit that suits traps of ions."""
    if 1e4 <= abs(value) < 1e9:
        return f"{value * _MICRO:.{digits}g} rad/us"
    return format_quantity(value, "rad/s", digits)


def _cases(study: TrapStudy, results: Results, quantities: Mapping[str, Quantity]) -> Table:
    rows = []
    for case, result in results.cases.items():
        numbers = [
            show(quantities.get(full_name(case, name)), digits)
            for name, digits in (
                ("ions", 6), ("left", 4), ("steps", 9), ("evaluations", 9), ("energy_drift", 2)
            )
        ]  # fmt: skip
        interaction = bool(result.setup.arguments["coulomb"]) and len(result.setup.ions) > 1
        rows.append([
            study.describe_case(case),
            format_quantity(result.setup.duration, "s", 4),
            result.trajectory.integrator,
            "yes" if interaction else "no",
            *numbers,
        ])  # fmt: skip
    return Table(
        "Cases",
        ["case", "duration", "integrator", "interaction", "ions", "fraction left", "steps",
         "pair sums", "energy drift"],
        rows,
        "The energy drift is relative to the largest part of the energy at the beginning.",
    )  # fmt: skip


def _motion(study: TrapStudy, quantities: Mapping[str, Quantity]) -> Table:
    names = ["cyclotron_frequency", "axial_frequency", "modified_cyclotron_frequency",
             "magnetron_frequency", "radius_low", "radius_high"]  # fmt: skip
    rows = _rows(study, quantities, names)
    return Table(
        "Motion of the first ion, were it alone",
        ["case", "w0", "wz", "w+", "w-", "R-", "R+"],
        rows,
        "w0 is the free cyclotron frequency, R- and R+ bound the distance from the axis.",
    )


def _errors(study: TrapStudy, quantities: Mapping[str, Quantity]) -> Table:
    rows = _rows(study, quantities, list(EXACT), 4)
    return Table("Distance from the exact motion", ["case", *_words(EXACT)], rows)


def _comparisons(study: TrapStudy, quantities: Mapping[str, Quantity]) -> Table:
    rows = [
        [part.title, *(show(quantities.get(f"{key}.{name}"), 5) for name in COMPARISON)]
        for key, part in study.comparisons.items()
    ]
    return Table("Two cases compared", ["", *_words(COMPARISON)], rows)


def _orders(study: TrapStudy, name: str, quantities: Mapping[str, Quantity]) -> Table:
    part = study.convergence[name]
    rows = []
    for integrator in part.integrators:
        errors = [quantities[f"{name}.{integrator}_error_{steps}"] for steps in part.steps]
        last = [quantities[f"{name}.{integrator}_{what}"] for what in ("rate", "order")]
        rows.append([integrator, *(show(q, 4) for q in errors), *(show(q, 5) for q in last)])
    return Table(
        part.title or f"Convergence {name}",
        ["integrator", *(f"{steps} steps" for steps in part.steps), "mean rate", "last order"],
        rows,
        "Largest distance from the exact place. The mean rate is the mean of the slopes of its "
        "logarithm over that of the step; the last order is the slope between the two smallest.",
    )


def _bands(study: TrapStudy, name: str, result: ScanResult) -> Table:
    part = study.scans[name]
    rows = []
    for row, f in enumerate(part.amplitudes):
        for low, high in result.losses.bands(part.limit)[row]:
            inside = [b for b in result.bands[row] if b.high >= low and b.low <= high]
            reason = max(inside, key=lambda band: band.growth, default=None)
            rows.append([
                f"f = {f:g}", frequency(low, 5), frequency(high, 5),
                reason.label if reason else "–",
                frequency(reason.low, 5) if reason else "–",
                frequency(reason.high, 5) if reason else "–",
                f"{reason.growth:.4g} 1/s" if reason else "–",
            ])  # fmt: skip
    return Table(
        f"Loss bands: {study.describe('scans', name)}",
        ["amplitude", "fewer left from", "to", "reason", "unstable from", "to", "largest growth"],
        rows,
        f"First and last frequency of the scan with less than {part.limit:g} of the ions left, "
        "mean over the clouds; beside it, the strongest instability there by Floquet analysis.",
    )


def _rows(
    study: TrapStudy, quantities: Mapping[str, Quantity], names: list[str], digits: int = 6
) -> list[list[str]]:
    """A row for each case that has any of the quantities."""
    rows = []
    for case in study.all_cases():
        found = [quantities.get(full_name(case, name)) for name in names]
        if any(found):
            rows.append([study.describe_case(case), *(show(q, digits) for q in found)])
    return rows


def _words(names: Mapping[str, tuple[str, str]]) -> list[str]:
    return [words for _, words in names.values()]
