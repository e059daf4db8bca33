"""A ring over its energy, or over the strength of an element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from ..._figure import STYLES, dress, new_figure
from ...errors import InputError, NoClosedOrbitError, UnstableLatticeError
from .._judge import Text
from .._names import reached
from .._sections import (
    Impossible,
    Item,
    Names,
    Numbers,
    Picture,
    Problems,
    Quantities,
    Section,
    Shown,
    Table,
    Variables,
    cell,
    standing,
)
from ._build import alike, build
from ._case import at_places, label, no_beam, numbers_at_places, places
from ._later import np, rings
from ._parts import Setting
from ._run import OfCase
from ._settings import naming, number, plain, split, unit_of
from .finds.beam import BEAM, BEAM_AT
from .finds.formula import FORMULA, FORMULA_AT, difference
from .finds.optics import OPTICS


class ScanPart(OfCase):
    """The ring over its energy, or over a number of its elements."""

    vary: Text = Field(description="energy, or an element's number such as QD.k1")
    start: Setting = Field(alias="from")
    stop: Setting = Field(alias="to")
    points: int = Field(ge=2, le=10_000)
    find: list[Literal["optics", "beam", "formula"]] = Field(["beam"], min_length=1)


#: By `find` the curves of a scan, and those at each place.
_SCANNED: dict[str, Names] = {
    "optics": {name: OPTICS[name] for name in ("tune_1", "tune_2")},
    "beam": {
        name: BEAM[name]
        for name in ("emittance_1", "emittance_2", "energy_spread", "bunch_length", "energy_loss")
    },
    "formula": {"far_error": FORMULA["far_error"]},
}
_SCANNED_AT: dict[str, Names] = {
    "optics": {},
    "beam": {name: BEAM_AT[name] for name in ("sigma_x", "sigma_y")},
    "formula": {
        "formula_sigma_x": FORMULA_AT["formula_sigma_x"],
        "formula_sigma_y": FORMULA_AT["formula_sigma_y"],
        "far_sigma_x": ("m", "horizontal size by the far-from-resonance form"),
        "far_sigma_y": ("m", "vertical size by the far-from-resonance form"),
    },
}


def _curves(item: Item) -> Names:
    names: Names = {}
    for find in item.part.find:
        names |= _SCANNED[find] | at_places(item.run, _SCANNED_AT[find])
    return names


def _names(item: Item) -> Names:
    """The quantities of a scan: ends and extremes of its curves."""
    found: Names = {"unstable": ("1", "points at which the ring is unstable")}
    for name, (unit, words) in _curves(item).items():
        for end in ("first", "last", "least", "largest"):
            found[f"{name}_{end}"] = (unit, f"{words}, {end} of the scan")
        if item.part.vary == "energy":
            found[f"{name}_exponent"] = ("1", f"{words}: power of the energy it goes with")
    return found


def _fits(item: Item) -> Problems:
    try:
        values, _, lattice_at = _varied(build(item.run), item.part)
        lattice_at(float(values[0]))
    except InputError as error:
        yield (*item.at, error.parameter or "vary"), str(error)


def _impossible(item: Item) -> Impossible:
    if "beam" in item.part.find:
        yield from no_beam(item, item.at)


def _varied(
    lattice: rings.Lattice, part: ScanPart
) -> tuple[np.ndarray, str, Callable[[float], rings.Lattice]]:
    """Values (k,) of a scan, their unit, and the lattice at each.

    Raises `InputError` for what does not fit; its `parameter` is the key of the scan.
    """
    at: Callable[[float], rings.Lattice]
    if part.vary == "energy":
        unit, at = "eV", lattice.with_energy
    else:
        name, column = split(part.vary, "vary")
        with naming("vary"):
            lattice.get(name, column)
            unit = unit_of(lattice, name, column)
        structure = lattice.allow(name, column)

        def at(value: float) -> rings.Lattice:
            return alike(structure, lattice.set(name, **{column: value}), [(name, column)])

    ends = []
    for key, text in (("from", part.start), ("to", part.stop)):
        with naming(key):
            ends.append(number(text, unit))
    return np.linspace(ends[0], ends[1], part.points), unit, at


@dataclass(frozen=True)
class ScanResult:
    """Curves over what is varied; NaN where the ring is unstable."""

    values: np.ndarray
    unit: str
    curves: dict[str, np.ndarray]


def _solve(item: Item) -> ScanResult:
    """Every point of a scan."""
    values, unit, at = _varied(item.of_case, item.part)
    curves = {curve: np.full(len(values), np.nan) for curve in _curves(item)}
    for point, value in enumerate(values):
        item.progress(item.phase, point / len(values))
        try:
            found = _point(item, at(float(value)))
        except (UnstableLatticeError, NoClosedOrbitError):
            continue
        for curve, number_found in found.items():
            curves[curve][point] = number_found
    if np.all(np.isnan(next(iter(curves.values())))):
        with standing(item.at):
            _point(item, at(float(values[0])))  # says why
    return ScanResult(values, unit, curves)


def _point(item: Item, ring: rings.Lattice) -> Numbers:
    numbers: Numbers = {}
    if "optics" in item.part.find:
        numbers |= reached(rings.optics(ring), _SCANNED["optics"])
    if "beam" in item.part.find:
        numbers |= _beam(item, ring)
    if "formula" in item.part.find:
        numbers |= _formula(item, ring)
    return numbers


def _beam(item: Item, ring: rings.Lattice) -> Numbers:
    beam = rings.equilibrium(ring)

    def at(place: str) -> Numbers:
        section = np.sqrt(np.maximum(np.diagonal(np.asarray(beam.at(place))), 0.0))
        return {"sigma_x": section[0], "sigma_y": section[2]}

    return reached(beam, _SCANNED["beam"]) | numbers_at_places(item.run, at)


def _formula(item: Item, ring: rings.Lattice) -> Numbers:
    found = rings.transverse_equilibrium(ring)
    total, full, far = (np.asarray(c) for c in (found.covariance, found.betatron, found.far))

    def at(place: str) -> Numbers:
        here = int(ring.indices(place)[0])
        return {
            f"{kind}_sigma_{letter}": np.sqrt(max(part[here, plane, plane], 0.0))
            for kind, part in (("formula", total), ("far", total - full + far))
            for letter, plane in (("x", 0), ("y", 2))
        }

    return {"far_error": difference(far, full, total)} | numbers_at_places(item.run, at)


def _numbers(item: Item) -> Numbers:
    """Ends and extremes of its curves."""
    first = next(iter(item.result.curves.values()))
    stable = np.flatnonzero(np.isfinite(first))
    numbers: Numbers = {"unstable": len(first) - len(stable)}
    x = item.result.values[stable]
    for name, values in item.result.curves.items():
        y = values[stable]
        numbers |= {
            f"{name}_first": y[0],
            f"{name}_last": y[-1],
            f"{name}_least": y.min(),
            f"{name}_largest": y.max(),
        }
        if item.part.vary == "energy":
            ends = y[[0, -1]]
            power = np.log(ends[1] / ends[0]) / np.log(x[-1] / x[0]) if np.all(ends > 0) else 0.0
            numbers[f"{name}_exponent"] = power
    return numbers


def _tables(items: list[Item], quantities: Quantities) -> list[Table]:
    return [_table(item, quantities) for item in items]


def _table(item: Item, quantities: Quantities) -> Table:
    header = ["first", "last", "least", "largest"]
    if item.part.vary == "energy":
        header.append("power")
    rows = []
    for curve, (_, words) in _curves(item).items():
        keys = ["exponent" if head == "power" else head for head in header]
        found = [quantities[item.full(f"{curve}_{key}")] for key in keys]
        rows.append([words, *(cell(item.study, q) for q in found)])
    values, unit = item.result.values, item.result.unit
    ends = [plain(float(v), unit, 9) for v in (values[0], values[-1])]
    lost = int(quantities[item.full("unstable")].value)
    caption = f"{item.part.vary} from {ends[0]} to {ends[1]}, {len(values)} points."
    if lost:
        caption += f" The ring is unstable or has no closed orbit at {lost} of them."
    return Table(f"Scan: {item.title}", ["", *header], rows, caption)


def _variables(item: Item) -> Variables:
    axis = f"varied_{item.name}"
    yield axis, (axis,), item.result.values, item.result.unit, item.part.vary
    for name, (unit, words) in _curves(item).items():
        yield f"{name}_{item.name}", (axis,), item.result.curves[name], unit, words


def _can_be_drawn(picture: Picture) -> Problems:
    item, asked = picture.items[0], picture.part.quantities
    known = _curves(item)
    for quantity in asked:
        if quantity not in known:
            said = ", ".join(known)
            message = f"{quantity!r} is no curve of {item.name}; there is: {said}"
            yield ("quantities",), message
    units = {known[quantity][0] for quantity in asked if quantity in known}
    if len(units) > 1:
        said = ", ".join(sorted(units))
        yield ("quantities",), f"one axis cannot carry {said}: give a figure to each unit"


def _draw(picture: Picture) -> Any:
    from matplotlib.ticker import MaxNLocator

    item = picture.items[0]
    known, curves = places(item.run), item.result.curves
    sizes = (f"{label(known[0])}_sigma_x", f"{label(known[0])}_sigma_y")
    chosen = picture.part.quantities or [c for c in curves if c in sizes] or list(curves)[:2]
    figure = new_figure(6.8, 4.4)
    ax = figure.add_subplot()
    unit = _curves(item)[chosen[0]][0]
    factor, shown = (1e6, "µm") if unit == "m" else (1.0, unit)
    x, axis = _across(item)
    for index, curve in enumerate(chosen):
        words = _said(curve, known, chosen)
        ax.plot(x, factor * curves[curve], label=words, **_look(chosen, index))
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_xlabel(axis)
    are_sizes = all("sigma" in curve for curve in chosen)
    kind = "rms size" if are_sizes else _together(chosen)
    ax.set_ylabel(f"{kind} ({shown})" if shown != "1" else kind)
    if are_sizes:
        ax.set_ylim(bottom=0.0)
    dress(ax)
    ax.legend(frameon=False, fontsize=9)
    return figure


def _across(item: Item) -> tuple[np.ndarray, str]:
    """What is varied, and what its axis is called."""
    if item.part.vary == "energy":
        return item.result.values / 1e6, "energy (MeV)"
    unit = item.result.unit.replace("^2", "²").replace("^3", "³")
    return item.result.values, f"{item.part.vary} ({unit})"


def _together(chosen: list[str]) -> str:
    """What curves of one unit are called along their axis: tune_1 and tune_2 are tunes."""
    stems = {curve.removesuffix("_1").removesuffix("_2") for curve in chosen}
    if len(stems) < len(chosen):
        return ", ".join(sorted(stem.replace("_", " ") for stem in stems))
    return ", ".join(curve.replace("_", " ") for curve in chosen)


def _look(chosen: list[str], number: int) -> dict[str, Any]:
    """Of a curve: lines by formulas, marks by the 6-D solution where both are shown."""
    curve = chosen[number]
    if not any("formula" in other for other in chosen):
        color, dashes = STYLES[number % len(STYLES)]
        mark = "os^Dv"[number % 5]
        return {"color": color, "linestyle": dashes, "marker": mark, "markersize": 4}
    plane = 0 if curve.endswith("x") else 1
    color = STYLES[plane][0]
    if "formula" in curve:
        return {"color": color, "linestyle": "-", "linewidth": 1.5}
    if "far" in curve:
        return {"color": color, "linestyle": (0, (1, 1.5)), "linewidth": 1.5}
    return {"color": color, "linestyle": "none", "marker": "o^"[plane], "markerfacecolor": "none"}


def _said(curve: str, known: list[str], chosen: list[str]) -> str:
    """What a curve is called in a legend; by which theory only where there are two."""
    place = next((p for p in known if curve.startswith(f"{label(p)}_")), "")
    text = curve.removeprefix(f"{label(place)}_") if place else curve
    at = f" at {place}" if place else ""
    two = any("formula" in other or "far" in other for other in chosen)
    for key, words in (
        ("formula_sigma", ", formula (10)"), ("far_sigma", ", far from resonance"),
        ("sigma", ", 6-D" if two else ""),
    ):  # fmt: skip
        if text.startswith(key):
            return rf"$\sigma_{text[-1]}${at}{words}"
    return text.replace("_", " ") + at


_CURVES: Any = (list[Text], Field([], description="of scan: what is drawn"))

SCANS = Section(
    group="scans", one="scan", doing="scanning", part=ScanPart, words="over energy or a strength",
    slow=True, fits=_fits, impossible=_impossible, names=_names, solve=_solve, numbers=_numbers,
    tables=_tables, variables=_variables,
    shown=(Shown("scan", _draw, "", {"quantities": _CURVES}, fits=_can_be_drawn),),
)  # fmt: skip
