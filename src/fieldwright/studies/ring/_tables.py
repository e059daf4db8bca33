"""The tables of a ring study's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ...units import format_quantity
from .._judge import Quantity
from .._names import full_name
from .._study import Table
from ._build import label
from ._model import RingStudy
from ._quantities import (
    APERTURE,
    COLLISION,
    LENS,
    LENS_BEAM,
    places,
)

if TYPE_CHECKING:
    from ._compute import Results

_OPTICS = ["tune_1", "tune_2", "momentum_compaction", "largest_beta_x", "largest_beta_y",
           "largest_dispersion"]  # fmt: skip
_BEAM = ["emittance_1", "emittance_2", "energy_spread", "bunch_length", "energy_loss",
         "decrement_1", "decrement_2", "decrement_3"]  # fmt: skip
_WORDS = {
    "tune_1": "tune 1", "tune_2": "tune 2", "momentum_compaction": "momentum compaction",
    "largest_beta_x": "largest beta x", "largest_beta_y": "largest beta y",
    "largest_dispersion": "largest dispersion", "emittance_1": "emittance 1",
    "emittance_2": "emittance 2", "energy_spread": "energy spread", "bunch_length": "bunch length",
    "energy_loss": "loss per turn", "decrement_1": "decrement 1", "decrement_2": "decrement 2",
    "decrement_3": "decrement 3",
}  # fmt: skip


def tables(study: RingStudy, results: Results, quantities: Mapping[str, Quantity]) -> list[Table]:
    """Optics and beam of each ring, beams at places, magnets, collisions, scans, lenses."""
    found = [
        _cases(study, quantities, "Rings", _OPTICS,
               f"{_notes(results)} Tunes are those of the modes, with whole parts; functions are "
               "of a beam that fills both modes alike."),
        _cases(study, quantities, "Beams", _BEAM,
               "Modes are ordered by the plane they have most of; of degenerate ones the order "
               "means nothing."),
        _spots(study, quantities),
        _formula(study, quantities),
        *_magnets(study, results, quantities),
        _groups("Collisions", study, "collisions", list(COLLISION), quantities, _COLLISION),
        *(_scan(study, name, results, quantities) for name in study.scans),
        _groups("Dynamic aperture", study, "apertures", list(APERTURE), quantities),
        _tracking(study, quantities),
        _forces(study, results, quantities),
        _groups("A thin skew quadrupole", study, "lenses", [*LENS, *LENS_BEAM], quantities),
    ]  # fmt: skip
    if study.derived:
        rows = [[part.title, show(quantities.get(n))] for n, part in study.derived.items()]
        found.append(Table("Quantities derived from these", ["", "value"], rows))
    return [table for table in found if table is not None and table.rows]


def _notes(results: Results) -> str:
    """What the lattices say of themselves at first, each once."""
    notes = {
        f"{case.lattice.name}: {' '.join(case.lattice.note.split()).split('. ')[0]}.": None
        for case in results.cases.values()
        if case.lattice.note
    }
    return " ".join(notes)


_COLLISION = (
    "Dynamic quantities are in collision: the bunches' own lenses change beta and emittance."
)


def show(quantity: Quantity | None, digits: int = 5) -> str:
    """A quantity for a table cell; a dash where there is none."""
    if quantity is None:
        return "–"
    value, unit = quantity.value, quantity.unit
    if unit == "m" and abs(value) < 1e-12:
        return "0" if abs(value) < 1e-15 else format_quantity(value, unit, 1)
    if unit == "m" and 1e-7 <= abs(value) < 1e-3:
        return f"{value * 1e6:.{digits}g} um"
    if unit == "rad" and abs(value) < 1e-7:
        return f"{value:.2g} rad"
    if unit == "rad" and abs(value) < 10:
        return f"{value * 57.29577951308232:.3f} deg"
    if unit == "m rad":
        return "0" if abs(value) < 1e-20 else f"{value * 1e9:.{digits}g} nm rad"
    if unit == "1/m^2/s":
        return f"{value * 1e-4:.4e} 1/cm^2/s"
    return format_quantity(value, unit, digits)


def _cases(
    study: RingStudy, quantities: Mapping[str, Quantity], title: str, names: list[str], note: str
) -> Table:
    rows = []
    for case in study.all_cases():
        found = [quantities.get(full_name(case, name)) for name in names]
        if any(found):
            rows.append([study.describe_case(case), *(show(q) for q in found)])
    return Table(title, ["ring", *(_WORDS[name] for name in names)], rows, note)


def _spots(study: RingStudy, quantities: Mapping[str, Quantity]) -> Table:
    names = {
        "beta_x": "beta x", "beta_y": "beta y", "alpha_x": "alpha x", "alpha_y": "alpha y",
        "sigma_x": "sigma x", "sigma_y": "sigma y", "axis_1": "axis 1", "axis_2": "axis 2",
        "tilt": "tilt",
    }  # fmt: skip
    rows = []
    for case in study.all_cases():
        for place in places(study.run_of(case)):
            found = [quantities.get(full_name(case, f"{label(place)}_{name}")) for name in names]
            if any(found):
                cells = [show(q, 4) for q in found]
                round_ = quantities.get(full_name(case, f"{label(place)}_roundness"))
                if round_ is not None and round_.value > 0.999:
                    cells[-1] = "round"
                cells = ["0" if _tiny(q) else cell for q, cell in zip(found, cells, strict=True)]
                rows.append([f"{study.describe_case(case)}, {place}", *cells])
    return Table("Beams at places", ["place", *names.values()], rows,
                 "Axis 1 is the axis of the beam's ellipse that is next to x.")  # fmt: skip


def _tiny(quantity: Quantity | None) -> bool:
    return quantity is not None and quantity.unit == "1" and abs(quantity.value) < 1e-7


def _formula(study: RingStudy, quantities: Mapping[str, Quantity]) -> Table:
    names = {
        "formula_difference": "(10) from 6-D", "emittance_difference": "emittances",
        "far_error": "far form from (10)",
        "footnote_error": "footnote's noise", "spread_difference": "energy spread",
        "loss_difference": "energy loss", "correlation": "correlation",
    }  # fmt: skip
    rows = []
    for case in study.all_cases():
        found = [quantities.get(full_name(case, name)) for name in names]
        if any(found):
            cells = ("–" if q is None else f"{q.value:.2g}" if abs(q.value) > 0.1
                     else f"{q.value:.1e}" for q in found)  # fmt: skip
            rows.append([study.describe_case(case), *cells])
    return Table("Formula (10)", ["ring", *names.values()], rows,
                 "Differences of the covariance of x and y over the larger size squared, the "
                 "largest along the ring; of emittances' sum, spread and loss, relative ones. "
                 "Of degenerate modes the far-from-resonance form is arbitrary.")  # fmt: skip


def _magnets(
    study: RingStudy, results: Results, quantities: Mapping[str, Quantity]
) -> Iterator[Table]:
    """Of every case that finds them, without what none of its magnets has."""
    words = {
        "count": "number", "length": "length", "radius": "radius", "field": "field",
        "gradient": "gradient", "sextupole": "second derivative", "octupole": "third derivative",
    }  # fmt: skip
    for case, result in results.cases.items():
        if result.magnets is None:
            continue
        if result.run.bore is not None:
            words["bore_field"] = f"field at {format_quantity(result.run.bore, 'm', 4)}"
        magnets = {
            name: {key: quantities.get(full_name(case, f"{label(name)}_{key}")) for key in words}
            for name in dict.fromkeys(result.magnets.names)
        }
        magnets = {name: found for name, found in magnets.items() if any(found.values())}
        keys = [key for key in words if any(found[key] for found in magnets.values())]
        rows = [[name, *(show(found[key]) for key in keys)] for name, found in magnets.items()]
        yield Table(
            f"Magnets: {study.describe_case(case)}", ["magnet", *(words[key] for key in keys)],
            rows, "At the energy of the ring; signs are of a positive charge.",
        )  # fmt: skip


def _groups(
    title: str,
    study: RingStudy,
    group: str,
    names: list[str],
    quantities: Mapping[str, Quantity],
    caption: str = "",
) -> Table:
    """One column for each part, one row for each quantity."""
    parts = getattr(study, group)
    rows = []
    for name in names:
        found = [quantities.get(f"{part}.{name}") for part in parts]
        if any(found):
            words = next(q.long_name for q in found if q is not None)
            rows.append([words, *(show(q) for q in found)])
    header = ["", *(study.describe(group, part) for part in parts)]
    return Table(title, header, rows if parts else [], caption)


def _scan(
    study: RingStudy, name: str, results: Results, quantities: Mapping[str, Quantity]
) -> Table:
    rows = []
    for curve in results.scans[name].curves:
        keys = ["first", "last", "least", "largest", "exponent"]
        found = [quantities.get(f"{name}.{curve}_{key}") for key in keys]
        first = found[0]
        assert first is not None
        rows.append(
            [first.long_name.removesuffix(", first of the scan"), *(show(q) for q in found)]
        )
    part = study.scans[name]
    header = ["", "first", "last", "least", "largest", "power"]
    if part.vary != "energy":
        header, rows = header[:-1], [row[:-1] for row in rows]
    values, unit = results.scans[name].values, results.scans[name].unit
    ends = [_plain(float(v), unit, 9) for v in (values[0], values[-1])]
    lost = int(quantities[f"{name}.unstable"].value)
    caption = f"{part.vary} from {ends[0]} to {ends[1]}, {len(values)} points."
    if lost:
        caption += f" The ring is unstable or has no closed orbit at {lost} of them."
    return Table(f"Scan: {study.describe('scans', name)}", header, rows, caption)


def _tracking(study: RingStudy, quantities: Mapping[str, Quantity]) -> Table:
    rows = []
    for name in study.tracking:
        for key, words in (
            ("sigma_x", "horizontal size"), ("sigma_y", "vertical size"),
            ("length", "bunch length"), ("energy_spread", "energy spread"),
        ):  # fmt: skip
            pair = [quantities[f"{name}.{key}{end}"] for end in ("", "_expected")]
            title = f"{study.describe('tracking', name)}: {words}"
            rows.append([title, *(show(q, 4) for q in pair)])
        lost = quantities[f"{name}.lost"].value
        if lost:
            rows.append(["particles lost, of which nothing is told here", f"{lost:.0f}", "0"])
        worst = quantities[f"{name}.deviation"].value
        rows.append(["largest deviation of 21 covariances", f"{worst:.2f} standard errors", "–"])
    return Table("Particles that radiate by chance", ["", "tracked", "theory"], rows)


def _forces(study: RingStudy, results: Results, quantities: Mapping[str, Quantity]) -> Table | None:
    rows = []
    for name, result in results.solenoids.items():
        for number, section in enumerate(result.names):
            own = [quantities[f"{name}.{section}_{key}"] for key in ("current", "peak", "force")]
            if own[0].value == 0:
                continue
            pushes = [
                _plain(result.forces[other, number], "N", 4) if other != number else "–"
                for other in range(len(result.names))
                if quantities[f"{name}.{result.names[other]}_current"].value != 0
            ]
            rows.append([f"{study.describe('solenoids', name)}: {section}",
                         *(show(q) for q in own), " / ".join(pushes)])  # fmt: skip
    return Table("Solenoid sections", ["section", "current", "own peak", "force along the axis",
                                       "from each section"], rows,
                 "Forces are towards the increasing coordinate. Sections without current are left "
                 "out.")  # fmt: skip


def _plain(value: float, unit: str, digits: int) -> str:
    """A number inside a text: with a minus sign, and powers as they are written."""
    text = format_quantity(float(value), unit, digits).replace("-", "\N{MINUS SIGN}")
    return text.replace("^2", "²").replace("^3", "³").replace("^4", "⁴")
