"""The tables of an actuator study's report."""

from __future__ import annotations

from collections.abc import Mapping

from ...units import format_quantity
from .._judge import Quantity
from .._names import full_name
from .._study import Table
from ._model import ActuatorStudy
from ._quantities import ALL


def tables(study: ActuatorStudy, quantities: Mapping[str, Quantity]) -> list[Table]:
    """What each case can do, what it couples to, its coils, and the derived quantities."""
    found = [_forces(study, quantities), _moments(study, quantities), _coils(study, quantities)]
    found += _tolerances(study, quantities)
    if study.derived:
        rows = [[part.title, show(quantities.get(n))] for n, part in study.derived.items()]
        found.append(Table("Quantities derived from these", ["", "value"], rows))
    return found


def show(quantity: Quantity | None, digits: int = 6) -> str:
    """A quantity for a table cell; a dash where there is none."""
    return format_quantity(quantity.value, quantity.unit, digits, zeros=True) if quantity else "–"


def _rows(
    study: ActuatorStudy, quantities: Mapping[str, Quantity], names: list[str], digits: int = 6
) -> list[list[str]]:
    rows = []
    for case in study.all_cases():
        cells = [show(quantities.get(full_name(case, name)), digits) for name in names]
        rows.append([study.describe_case(case), *cells])
    return rows


def _forces(study: ActuatorStudy, quantities: Mapping[str, Quantity]) -> Table:
    names = ["force_per_current", "sweet_spot", "range_low", "range_high", "curvature"]
    rows = _rows(study, quantities, names)
    for row, case in zip(rows, study.all_cases(), strict=True):
        force = quantities[full_name(case, "force_per_current")]
        spot = quantities[full_name(case, "sweet_spot")]
        for estimate, unit in ((force.error_estimate, "N/A"), (spot.error_estimate, "m")):
            row.append("–" if estimate is None else f"{estimate:.0e} {unit}")
    return Table(
        "Force and sweet spot",
        ["case", "force per current", "sweet spot", "95 % from", "to", "curvature",
         "error of force", "error of spot"],
        rows,
        "Distances are between the centres of the coil and of the first magnet. The curvature is "
        "the second derivative of the force at its maximum, hence negative.",
    )  # fmt: skip


def _moments(study: ActuatorStudy, quantities: Mapping[str, Quantity]) -> Table:
    names = ["magnet_moment", "material_moment", "net_moment", "magnetization", "remanence"]
    return Table(
        "Magnets, and what couples to outside fields",
        ["case", "moment of the first", "of all, regardless of sign", "net", "magnetization",
         "remanence"],
        _rows(study, quantities, names),
        "A uniform outside field turns the magnets by their net moment, a gradient pulls on it. "
        "Magnetization and remanence are those of the material.",
    )  # fmt: skip


def _coils(study: ActuatorStudy, quantities: Mapping[str, Quantity]) -> Table:
    names = ["coil_outer_radius", "current_density", "resistance", "power_per_force_squared"]
    return Table(
        "Coils",
        ["case", "outer radius", "current density at 1 A", "resistance", "power per force squared"],
        _rows(study, quantities, names, 5),
        "Power is what the coil dissipates at the sweet spot to push with one newton.",
    )


def _tolerances(study: ActuatorStudy, quantities: Mapping[str, Quantity]) -> list[Table]:
    if not study.tolerances:
        return []
    names = ["force_per_current_deviation", "sweet_spot_deviation", "curvature_deviation"]
    given = ", ".join(f"{k} {v}" for k, v in study.tolerances.texts().items())
    header = ["case", *(ALL[name][1] for name in names)]
    caption = f"From these standard deviations of the dimensions: {given}."
    return [Table("Tolerances", header, _rows(study, quantities, names, 3), caption)]
