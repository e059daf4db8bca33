"""The tables of a light study's report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...units import format_quantity
from .._judge import Quantity
from .._names import full_name
from .._study import Table
from ._model import LightStudy
from ._quantities import harmonics_of

if TYPE_CHECKING:
    from ._compute import Results

_DASH = "–"

#: Header and quantity of the columns of each table of cases.
_CASES = {
    "gamma": "gamma", "K": "K", "period": "period", "length": "length",
    "photon energy": "photon_energy", "soft line": "low", "hard line": "high",
    "widths off the line": "line_offset", "on the axis (1/sr)": "on_axis",
}  # fmt: skip
_CRYSTALS = {
    "q": "planes_K", "q/q_ch": "K_ratio", "C": "bending_parameter", "swing ratio": "swing_ratio",
    "held": "held", "channeling period": "channeling_period",
    "dechanneling length": "dechanneling_length", "demodulation length": "demodulation_length",
    "attenuation length": "attenuation_length", "conditions failed": "failed",
}  # fmt: skip
_FORMULAS = {
    "omega-": "formula_low", "omega+": "formula_high", "gamma_th": "formula_threshold",
    "(15)": "formula_line", "(22)": "formula_coherent", "(23)": "formula_incoherent",
    "(24)": "formula_ratio", "width of F_Z": "formula_width",
}  # fmt: skip
_COHERENT = {
    "in step": "coherent", "not in step": "incoherent", "width": "line_width",
    "solid angle": "solid_angle", "kept": "kept", "depth of equal parts": "equal_depth",
    "of charges that follow": "coherent_held",
}  # fmt: skip
_HARMONIC = {
    "photon energy": "energy", "flux density": "density", "flux": "flux",
    "brilliance": "brilliance",
}  # fmt: skip
_BENDING = {
    "critical energy": "critical_energy", "flux": "flux", "flux density": "density",
    "opening": "opening", "polarisation": "polarisation", "image of a point": "image_size",
}  # fmt: skip

#: Title, header and quantity of the columns of each table of other parts.
_PARTS: dict[str, tuple[str, dict[str, str]]] = {
    "spectra": ("Spectra", {
        "largest value": "peak", "at": "peak_energy", "width": "width",
        "relative width": "relative_width",
    }),
    "maps": ("Angular maps", {
        "largest value": "peak", "at x": "peak_x", "at y": "peak_y", "in the picture": "total",
    }),
    "channels": ("Charges in channels", {
        "left half way": "half_way", "left at the end": "left", "energy changes by": "error",
    }),
    "limits": ("What bent planes allow", {
        "amplitude, by C": "bending_amplitude", "by q_ch": "angle_amplitude",
        "q, by C": "bending_K", "shortest period": "shortest_period",
    }),
    "designs": ("Best crystals", {
        "amplitude": "amplitude", "period": "period", "length": "length", "q": "K",
        "C": "bending_parameter", "held": "held", "kept": "kept", "in step": "coherent",
    }),
    "measurements": ("Modulation depth from counts", {
        "gain": "gain", "b": "depth", "error": "depth_error", "significance": "significance",
        "least b": "smallest",
    }),
}  # fmt: skip


def tables(study: LightStudy, results: Results, quantities: Mapping[str, Quantity]) -> list[Table]:
    """What each case came to, crystals, light in step, harmonics, and all other parts."""
    found = [
        _cases(study, quantities, "Cases", _CASES, "",
               "Light on the axis: photons of one charge per steradian and unit bandwidth."),
        _harmonics(study, quantities),
        _cases(study, quantities, "Bending magnets", _BENDING, "critical_energy",
               "Fluxes are in 0.1 % of bandwidth."),
        _cases(study, quantities, "Crystals", _CRYSTALS, "lindhard_angle",
               "Held is the share of a parallel beam that follows the planes."),
        _cases(study, quantities, "The paper's formulas", _FORMULAS, "formula_low",
               "(15), (22) and (23) are densities in the square of the angle."),
        _cases(study, quantities, "Light of the bunch, over all angles", _COHERENT, "coherent",
               "Photons at the modulation depth of the bunch; kept is what loss of light and of "
               "charges on the way leaves; of charges that follow counts what the planes hold."),
    ]  # fmt: skip
    found += [_parts(study, quantities, group) for group in _PARTS]
    found.append(_tuning(study, quantities))
    if study.derived:
        rows = [[part.title, show(quantities.get(n))] for n, part in study.derived.items()]
        found.append(Table("Quantities derived from these", ["", "value"], rows))
    return [table for table in found if table.rows]


def show(quantity: Quantity | None, digits: int = 5) -> str:
    """A quantity for a table cell; a dash where there is none."""
    if quantity is None:
        return _DASH
    if quantity.unit == "m" and 1e-7 <= abs(quantity.value) < 1e-3:
        return f"{quantity.value * 1e6:.{digits}g} um"
    unit = "sr" if quantity.long_name.startswith("solid angle") else quantity.unit
    return format_quantity(quantity.value, unit, digits)


def _filled(title: str, header: list[str], rows: list[list[str]], caption: str) -> Table:
    """A table without the columns and rows that hold nothing."""
    rows = [row for row in rows if set(row[2:]) != {_DASH}]  # the first value may be of all
    full = [0] + [i for i in range(1, len(header)) if any(row[i] != _DASH for row in rows)]
    return Table(
        title, [header[i] for i in full], [[row[i] for i in full] for row in rows], caption
    )


def _cases(
    study: LightStudy, quantities: Mapping[str, Quantity], title: str, columns: dict[str, str],
    own: str, caption: str,
) -> Table:  # fmt: skip
    """A row for each case that has the quantity `own`, if that is named."""
    rows = [
        [study.describe_case(case)]
        + [show(quantities.get(full_name(case, name))) for name in columns.values()]
        for case in study.all_cases()
        if not own or full_name(case, own) in quantities
    ]
    return _filled(title, ["case", *columns], rows, caption)


def _harmonics(study: LightStudy, quantities: Mapping[str, Quantity]) -> Table:
    rows = [
        [f"{study.describe_case(case)}: harmonic {n}"]
        + [
            show(quantities.get(full_name(case, f"harmonic_{n}_{name}")))
            for name in _HARMONIC.values()
        ]
        for case in study.all_cases()
        for n in harmonics_of(study.run_of(case))
    ]
    header = ["case", *_HARMONIC]
    return _filled("Harmonics", header, rows, "Fluxes are in 0.1 % of bandwidth.")


def _parts(study: LightStudy, quantities: Mapping[str, Quantity], group: str) -> Table:
    title, columns = _PARTS[group]
    rows = [
        [study.describe(group, name)]
        + [show(quantities.get(f"{name}.{key}")) for key in columns.values()]
        for name in getattr(study, group)
    ]
    return Table(title, ["", *columns], rows)


def _tuning(study: LightStudy, quantities: Mapping[str, Quantity]) -> Table:
    names = ("lowest_energy", "highest_energy", "largest_brilliance", "best_K", "largest_flux")
    rows = []
    for name, part in study.tuning.items():
        run = study.run_of(study.case_of(part.case))
        for n in part.harmonics or harmonics_of(run):
            found = [show(quantities.get(f"{name}.harmonic_{n}_{key}")) for key in names]
            rows.append([f"{study.describe('tuning', name)}: harmonic {n}", *found])
    header = ["", "from", "to", "largest brilliance", "at K", "largest flux"]
    return Table("Tuning curves", header, rows, "Fluxes are in 0.1 % of bandwidth.")
