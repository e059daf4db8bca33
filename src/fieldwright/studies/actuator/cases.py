"""The cases of an actuator study: a coil and magnets, their force over the distance."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from ..._figure import new_figure
from ..._yaml import Where
from ...constants import MU_0
from ...errors import ConvergenceError, InputError
from .._derived import Problem
from .._fields import Part, refuse
from .._judge import Text
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Quantities, Section, table
from .._study import Table
from ._parts import CoilPart, Magnets, WirePart

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fieldwright import forces
    from fieldwright.forces import plots
else:
    np, forces, plots = later("numpy", "fieldwright.forces", "fieldwright.forces.plots")

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


class CasePart(Magnets):
    """One arrangement; a case may have a coil and wire of its own."""

    title: Text | None = None
    coil: CoilPart | None = None
    wire: WirePart | None = None

    @model_validator(mode="after")
    def _some_magnet(self) -> Self:
        if (self.magnet is None) == (self.magnets is None):
            raise refuse("give either `magnet` or a list of `magnets`")
        return self


class FigurePart(Part):
    """A figure: the force curves of some cases."""

    caption: Text
    cases: list[Text] = Field(min_length=1)
    show: Literal["maximum", "parabola", "range"] = "maximum"


#: name -> (unit, in words); all of them for each case.
ALWAYS: Names = {
    "force_per_current": ("N/A", "largest force per current"),
    "sweet_spot": ("m", "distance of the largest force"),
    "range_low": ("m", "near end of the range with 95 % of the force"),
    "range_high": ("m", "far end of the range with 95 % of the force"),
    "curvature": ("N/A/m^2", "second derivative of the force at the sweet spot"),
    "displacement_coupling": ("N/A/m^2", "displacement-force coupling: minus the curvature"),
    "range_margin": ("m", "distance from the sweet spot to the nearer end of the range"),
    "net_moment": ("A m^2", "net magnetic moment of all magnets (absolute value)"),
    "material_moment": ("A m^2", "sum of the magnets' moments regardless of direction"),
    "magnet_moment": ("A m^2", "magnetic moment of the first magnet (absolute value)"),
    "magnetization": ("A/m", "magnetization of the first magnet's material (absolute value)"),
    "remanence": ("T", "remanence of the first magnet's material (absolute value)"),
    "current_density": ("A/m^2", "coil current density at 1 A"),
    "coil_outer_radius": ("m", "outer radius of the winding"),
    "coil_mean_radius": ("m", "mean radius of the winding"),
}

#: Only where the wire is known.
WITH_WIRE: Names = {
    "resistance": ("ohm", "resistance of the coil"),
    "power_per_force_squared": ("W/N^2", "dissipated power per square of the force"),
}

#: Only where tolerances are given and the case has one magnet.
WITH_TOLERANCES: Names = {
    "force_per_current_deviation": ("N/A", "standard deviation of the largest force per current"),
    "sweet_spot_deviation": ("m", "standard deviation of the sweet spot"),
    "curvature_deviation": ("N/A/m^2", "standard deviation of the curvature"),
}

#: What is computed over the distances.
CURVES: Names = {
    "force": ("N/A", "axial force on the magnet per current"),
    "force_gradient": ("N/A/m", "first derivative of the axial force with distance"),
    "force_curvature": ("N/A/m^2", "second derivative of the axial force with distance"),
}

ALL = {**ALWAYS, **WITH_WIRE, **WITH_TOLERANCES}


def has_tolerances(item: Item) -> bool:
    """Whether a case gets standard deviations: they are defined for a magnet alone."""
    return item.study.tolerances is not None and len(item.part.parts()) == 1


def _names(item: Item) -> Names:
    names = dict(ALWAYS)
    names |= WITH_WIRE if item.study.wire_of(item.part) is not None else {}
    return names | (WITH_TOLERANCES if has_tolerances(item) else {})


def _check(item: Item) -> Iterator[Problem]:
    yield from _coil(item.study, item.part, item.at)
    yield from _magnets(item.part, item.at)


def _coil(study: Any, case: CasePart, at: Where) -> Iterator[Problem]:
    part, place = (case.coil, (*at, "coil")) if case.coil else (study.coil, ("coil",))
    wire = study.wire_of(case)
    if part is None:
        yield place, f"is missing; give the study{' or this case' if at else ''} a `coil`"
        return
    if at and not case.coil and at != ("cases", next(iter(study.all_cases()))):
        return  # the study's coil was checked with the first case
    if part.outer_radius is not None and wire is not None and wire.layers is not None:
        yield (*place, "outer_radius"), "is given, and so are `layers` of wire; give one of them"
        return
    try:
        coil = part.build(wire)
    except InputError as error:
        yield _place(place, error)
        return
    if wire is not None:
        try:
            wire.resistance_of(coil)
        except InputError as error:
            own = at and (case.wire is not None)
            yield _place((*at, "wire") if own else ("wire",), error)


def _magnets(case: Magnets, at: Where) -> Iterator[Problem]:
    for index, part in enumerate(case.parts()):
        place: Where = (*at, "magnet") if case.magnet else (*at, "magnets", index)
        try:
            part.build()
        except InputError as error:
            yield _place(place, error)
        if part.uniform_magnetization() == 0.0:
            given = "magnetization" if part.magnetization is not None else "remanence"
            yield (*place, given), "must not be zero: nothing would push"


def _place(at: Where, error: InputError) -> Problem:
    """The line of the parameter that the constructor named, and its message without the name."""
    message = str(error)
    if error.parameter is None:
        return at, message
    return (*at, error.parameter), message.removeprefix(error.parameter).lstrip(": ")


@dataclass(frozen=True)
class CaseResult:
    """What one case came to: coil, sweet spot, range [m] and curves over the distances."""

    coil: Any
    spot: Any
    range: tuple[float, float]
    curves: dict[str, np.ndarray]  # each (distances,)


def _solve(item: Item) -> CaseResult:
    study, cases = item.study, item.study.all_cases()
    distance = study.distances()
    magnets = item.part.build(max(len(case.parts()) for case in cases.values()))
    pair = study.coil_of(item.part), magnets
    if item.name == next(iter(cases)):
        item.progress("compiling")
        _compile(item.name, pair, distance)
        item.progress("computing")
    return _solved(item.name, *pair, distance)


def _compile(name: str | None, pair: tuple[Any, Any], distance: np.ndarray) -> None:
    """Solve one case, in parts at a time: XLA compiles outside Python's lock.

    What the figures and the dataset need is imported meanwhile.
    """
    with ThreadPoolExecutor(max_workers=3) as pool:
        tasks: list[Future[Any]] = [
            pool.submit(_solved, name, *pair, distance[:0]),
            pool.submit(forces.axial_force_derivatives, *pair, distance),
            *(pool.submit(import_module, name) for name in ("matplotlib.figure", "xarray")),
        ]
        for task in tasks:
            task.result()


def _find_spot(coil: Any, magnet: Any) -> tuple[Any, tuple[float, float]]:
    spot = forces.sweet_spot(coil, magnet)
    low, high = spot.range(FRACTION)
    return spot, (float(low), float(high))


def _solved(name: str | None, coil: Any, magnet: Any, distance: np.ndarray) -> CaseResult:
    try:
        spot, limits = _find_spot(coil, magnet)
    except ConvergenceError as error:
        raise ConvergenceError(f"cases.{name}: {error}" if name else str(error)) from None
    found = forces.axial_force_derivatives(coil, magnet, distance)
    curves = dict(zip(CURVES, (np.asarray(values) for values in found), strict=True))
    return CaseResult(coil, spot, limits, curves)


def _numbers(item: Item) -> Numbers:
    """Each quantity of a case, with an error estimate where there is one."""
    case, result = item.part, item.result
    spot, (low, high), coil = result.spot, result.range, result.coil
    position, curvature = float(spot.position), float(spot.curvature)
    error, position_error = float(spot.error_estimate), float(spot.position_error_estimate)
    curvature_error = float(spot.curvature_error_estimate)
    first = case.parts()[0]
    area = float(coil.length) * (float(coil.outer_radius) - float(coil.inner_radius))
    material = abs(first.uniform_magnetization()) * first.length
    material /= first.material_length or first.length
    numbers: Numbers = {
        "force_per_current": (float(spot.force_per_current), error),
        "sweet_spot": (position, position_error),
        "range_low": low,
        "range_high": high,
        "curvature": (curvature, curvature_error),
        "displacement_coupling": (-curvature, curvature_error),
        "range_margin": min(position - low, high - position),
        "net_moment": abs(sum(part.moment() for part in case.parts())),
        "material_moment": sum(abs(part.moment()) for part in case.parts()),
        "magnet_moment": abs(first.moment()),
        "magnetization": material,
        "remanence": MU_0 * material,
        "current_density": float(coil.turns) / area,
        "coil_outer_radius": float(coil.outer_radius),
        "coil_mean_radius": (float(coil.inner_radius) + float(coil.outer_radius)) / 2,
    }
    return numbers | _of_wire(item) | _of_tolerances(item)


def _of_wire(item: Item) -> Numbers:
    part, result = item.study.wire_of(item.part), item.result
    if part is None:
        return {}
    resistance = part.resistance_of(result.coil)
    power = resistance / float(result.spot.force_per_current) ** 2  # of the spot already found
    return {"resistance": resistance, "power_per_force_squared": power}


def _of_tolerances(item: Item) -> Numbers:
    if not has_tolerances(item):
        return {}
    deviations = item.study.tolerances.deviations()
    found = forces.tolerance(item.result.coil, item.part.build(), deviations)
    return {
        "force_per_current_deviation": float(found.force_per_current),
        "sweet_spot_deviation": float(found.position),
        "curvature_deviation": float(found.curvature),
    }


def _tables(items: list[Item], quantities: Quantities) -> list[Table]:
    """What each case can do, what it couples to, its coils, and tolerances."""
    tables = [_forces(items, quantities), *(table(c, items, quantities) for c in _TABLES)]
    study = items[0].study
    if study.tolerances:
        given = ", ".join(f"{k} {v}" for k, v in study.tolerances.texts().items())
        caption = f"From these standard deviations of the dimensions: {given}."
        columns = {words: name for name, (_, words) in WITH_TOLERANCES.items()}
        tables.append(table(Columns("Tolerances", columns, caption, "case", digits=3),
                            items, quantities))  # fmt: skip
    return tables


def _forces(items: list[Item], quantities: Quantities) -> Table:
    columns = Columns("Force and sweet spot", {
        "force per current": "force_per_current", "sweet spot": "sweet_spot",
        "95 % from": "range_low", "to": "range_high", "curvature": "curvature",
    }, "Distances are between the centres of the coil and of the first magnet. The curvature is "
       "the second derivative of the force at its maximum, hence negative.", "case")  # fmt: skip
    found = table(columns, items, quantities)
    for row, item in zip(found.rows, items, strict=True):
        for name, unit in (("force_per_current", "N/A"), ("sweet_spot", "m")):
            estimate = quantities[item.full(name)].error_estimate
            row.append("–" if estimate is None else f"{estimate:.0e} {unit}")
    found.header.extend(["error of force", "error of spot"])
    return found


_TABLES = [
    Columns("Magnets, and what couples to outside fields", {
        "moment of the first": "magnet_moment", "of all, regardless of sign": "material_moment",
        "net": "net_moment", "magnetization": "magnetization", "remanence": "remanence",
    }, "A uniform outside field turns the magnets by their net moment, a gradient pulls on it. "
       "Magnetization and remanence are those of the material.", "case"),
    Columns("Coils", {
        "outer radius": "coil_outer_radius", "current density at 1 A": "current_density",
        "resistance": "resistance", "power per force squared": "power_per_force_squared",
    }, "Power is what the coil dissipates at the sweet spot to push with one newton.", "case",
       digits=5),
]  # fmt: skip


def draw_asked(items: list[Item], part: FigurePart, distance: np.ndarray) -> Figure:
    """The force curves of some cases."""
    by_name = {item.name: item for item in items}
    chosen = {by_name[name].title: by_name[name].result for name in part.cases}
    return _force_curves(part.show, chosen, distance)


def draw_only(items: list[Item], distance: np.ndarray) -> Figure:
    """The force curve of the only case."""
    return _force_curves("range", {"force": items[0].result}, distance)


def _force_curves(show: str, results: dict[str, CaseResult], distance: np.ndarray) -> Figure:
    """The curves of some cases; several also from near, for they may lie close together."""
    if len(results) == 1:
        figure = new_figure(6.4, 4.0)
        whole, near = figure.add_subplot(), None
    else:
        figure = new_figure(7.6, 4.0)
        whole, near = figure.subplots(1, 2, width_ratios=(1.5, 1))
    for style, (title, result) in enumerate(results.items()):
        spot = result.spot
        label = f"{title}: {spot.force_per_current:.4g} N/A at {spot.position * 1e3:.2f} mm"
        for ax in filter(None, (whole, near)):
            _curve(ax, result, distance, label, style, show)
    if near is not None:
        _zoom(near, results)
    figure.legend(*whole.get_legend_handles_labels(), loc="outside upper left", frameon=False)
    return figure


def _curve(
    ax: Axes, result: CaseResult, distance: np.ndarray, label: str, style: int, show: str
) -> None:
    position, height = float(result.spot.position), float(result.spot.force_per_current)
    plots.draw_force(ax, distance, plots.pull(result.curves["force"]), label=label, style=style)
    if show == "parabola":
        curvature = float(result.spot.curvature)
        label = f"parabola of curvature \N{MINUS SIGN}{abs(curvature):.0f} N/A/m²"
        plots.draw_parabola(ax, distance, position, height, curvature, label=label)
    elif show == "range":
        plots.draw_range(ax, *result.range, label="at least 95 % of the force")
    plots.draw_maximum(ax, position, height, style=style)


def _zoom(ax: Axes, results: dict[str, CaseResult]) -> None:
    """Show what lies within a millimetre of the sweet spots."""
    spots = [float(r.spot.position) for r in results.values()]
    heights = [float(r.spot.force_per_current) for r in results.values()]
    ax.set_xlim(1e3 * min(spots) - 1.0, 1e3 * max(spots) + 1.0)
    drop = max(0.5 * abs(float(r.spot.curvature)) * 1e-6 for r in results.values())
    ax.set_ylim(min(heights) - drop, max(heights) + 0.3 * drop)
    ax.set_ylabel("")
    ax.set_title("near the maximum", fontsize=10)


def draw_overview(items: list[Item], distance: np.ndarray) -> Figure:
    """One row for each case: a ridge line, its 95 % range as a bar, its sweet spot as a dot."""
    results = {item.name: item.result for item in items}
    figure = new_figure(7.2, 0.9 + 0.42 * len(results))
    ax = figure.add_subplot()
    z = distance * 1e3
    for row, result in enumerate(results.values()):
        base = float(len(results) - 1 - row)
        curve = plots.pull(result.curves["force"]) / float(result.spot.force_per_current)
        ax.plot(z, base + 0.78 * curve, color="0.25", linewidth=1.0)
        low, high = (edge * 1e3 for edge in result.range)
        ax.fill_betweenx([base, base + 0.78], low, high, color="#56B4E9", alpha=0.45, linewidth=0)
        ax.plot(
            [float(result.spot.position) * 1e3], [base + 0.78], "o", color="black", markersize=4
        )
    names = [item.title for item in items]
    ax.set_yticks([len(results) - 1 - row + 0.3 for row in range(len(results))], names, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("distance between centres (mm)")
    ax.set_xlim(float(z[0]), float(z[-1]))
    ax.grid(True, axis="x", color="0.9", linewidth=0.6)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return figure


CASES = Section(
    group="cases", one="case", part=CasePart, check=_check, names=_names, solve=_solve,
    numbers=_numbers, tables=_tables, methods=lambda items: METHODS,
)  # fmt: skip
