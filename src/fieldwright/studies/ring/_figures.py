"""The figures of a ring study."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np
from matplotlib.ticker import MaxNLocator

from fieldwright._figure import STYLES, dress, new_figure
from fieldwright.rings import plots, transverse_equilibrium

from .._study import Drawing
from ._build import label
from ._model import SHOWN, FigurePart, RingStudy
from ._quantities import found_in, places

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._cases import CaseResult
    from ._compute import Results

_PLURALS = {"scan": "scans", "aperture": "apertures", "solenoid": "solenoids", "lens": "lenses"}
_FEW = 6  # cases that are drawn unasked
_ACROSS = 3  # spots in a row
_POINTS = 601  # along a ring


def drawings(study: RingStudy, results: Results) -> list[Drawing]:
    """The figures asked for; where none are, one of every sort that there is something for."""
    asked = study.figures or dict(_unasked(study))
    return [
        Drawing(name, part.caption, partial(_draw, study, results, part))
        for name, part in asked.items()
    ]


def _unasked(study: RingStudy) -> Iterator[tuple[str, FigurePart]]:
    """Figures of a study that asks for none."""

    def part(show: str, caption: str, **more: Any) -> FigurePart:
        return FigurePart.model_validate({"show": show, "caption": caption, **more})

    for name in list(study.all_cases())[:_FEW]:
        end, which = (f"_{name}", {"cases": [name]}) if name else ("", {})
        title, find = study.describe_case(name), found_in(study.run_of(name))
        yield f"layout{end}", part("layout", f"{title}: seen from above.", **which)
        for show, need, words in (
            ("optics", "optics", "beta functions and dispersion"),
            ("tunes", "optics", "tunes among resonances"), ("orbit", "orbit", "closed orbit"),
            ("sizes", "beam", "sizes of the beam"), ("spot", "beam", "the beam's ellipse"),
        ):  # fmt: skip
            if need in find:
                yield f"{show}{end}", part(show, f"{title}: {words}.", **which)
    for show in ("scan", "aperture", "tracking", "solenoid"):
        plural = _PLURALS.get(show, show)
        for name in getattr(study, plural):
            yield f"{show}_{name}", part(show, f"{study.describe(plural, name)}.", **{show: name})
    for name, lens in study.lenses.items():
        title = study.describe("lenses", name)
        yield f"stability_{name}", part("stability", f"{title}: where it is stable.", lens=name)
        if lens.resonance is not None:
            words = f"{title}: the beam through the resonance."
            yield f"resonance_{name}", part("resonance", words, lens=name)


def _draw(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    draw: dict[str, Callable[[RingStudy, Results, FigurePart], Figure]] = {
        "layout": _layout, "optics": _optics, "orbit": _orbit, "sizes": _sizes, "tunes": _tunes,
        "spot": _spot, "scan": _scan, "aperture": _aperture, "tracking": _tracking,
        "solenoid": _solenoid, "stability": _stability, "resonance": _resonance,
    }  # fmt: skip
    return draw[part.show](study, results, part)


def _cases(study: RingStudy, results: Results, part: FigurePart) -> dict[str | None, CaseResult]:
    names: list[str | None] = [*part.cases] or [study.case_of(None)]
    return {name: results.cases[name] for name in names}


def _named(study: RingStudy, results: Results, part: FigurePart) -> tuple[str, Any]:
    """Name and result of what a figure shows that is no case."""
    key = SHOWN[part.show]
    found = getattr(results, _PLURALS.get(key, key))
    name = getattr(part, key) or next(iter(found))
    return name, found[name]


def _titled(study: RingStudy, cases: dict[str | None, CaseResult], name: str | None) -> str:
    return study.describe_case(name) if len(cases) > 1 else ""


def _stacked(study: RingStudy, results: Results, part: FigurePart, height: float, draw: Any) -> Any:
    """One picture above the other, a case each."""
    cases = _cases(study, results, part)
    figure = new_figure(8.6, height * len(cases))
    axes = np.atleast_1d(figure.subplots(len(cases), 1))
    for ax, (name, case) in zip(axes, cases.items(), strict=True):
        draw(ax, case)
        title = _titled(study, cases, name)
        if title:
            ax.set_title(title, fontsize=10, loc="left", pad=30)
    return figure


def _layout(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    (case, *_) = _cases(study, results, part).values()
    figure = new_figure(7.8, 6.6)
    plots.plot_layout(case.lattice, figure.add_subplot())
    return figure


def _optics(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    def draw(ax: Any, case: CaseResult) -> None:
        optics = case.fine if case.fine is not None else case.optics
        assert optics is not None  # the check has seen to that
        plots.plot_optics(optics, ax, lattice=case.lattice)

    figure: Figure = _stacked(study, results, part, 4.6, draw)
    return figure


def _orbit(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    def draw(ax: Any, case: CaseResult) -> None:
        plots.plot_orbit(case.lattice.s, case.orbit, ax, lattice=case.lattice)

    figure: Figure = _stacked(study, results, part, 3.6, draw)
    return figure


def _sizes(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    """Sizes along the ring: lines by formula (10), dots at elements by the 6-D solution."""

    def draw(ax: Any, case: CaseResult) -> None:
        assert case.beam is not None
        s, fine = np.asarray(case.lattice.s), None
        if case.formula is not None:
            along = np.linspace(0.0, s[-1], _POINTS)
            fine = np.asarray(transverse_equilibrium(case.lattice, along).covariance)
        for number, letter in enumerate("xy"):
            color, dashes = STYLES[number]
            size = 1e3 * np.asarray(getattr(case.beam, f"sigma_{letter}"))
            if fine is None:
                ax.plot(s, size, color=color, linestyle=dashes, label=rf"$\sigma_{letter}$")
                continue
            square = np.maximum(fine[:, 2 * number, 2 * number], 0.0)
            ax.plot(along, 1e3 * np.sqrt(square), color=color, linestyle=dashes, linewidth=1.3,
                    label=rf"$\sigma_{letter}$, formula (10)")  # fmt: skip
            ax.plot(s, size, "o^"[number], color=color, markerfacecolor="none", markersize=4,
                    linestyle="none", label=rf"$\sigma_{letter}$, 6-D")  # fmt: skip
        ax.set_xlabel("s (m)")
        ax.set_ylabel("rms size (mm)")
        ax.set_xlim(s[0], s[-1])
        ax.set_ylim(bottom=0.0)
        dress(ax)
        ax.legend(frameon=False, ncols=4, fontsize=9, loc="upper center",
                  bbox_to_anchor=(0.5, 1.16))  # fmt: skip

    figure: Figure = _stacked(study, results, part, 3.6, draw)
    return figure


def _tunes(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    cases = _cases(study, results, part)
    points = {}
    for name, case in cases.items():
        assert case.optics is not None
        points[study.describe_case(name)] = np.asarray(case.optics.tunes)
    wide, high = np.ptp(list(points.values()), axis=0) + 2 * part.window
    figure = new_figure(8.0, 0.9 + 5.4 * min(1.2, high / wide))
    plots.plot_tune_diagram(
        points, figure.add_subplot(), order=part.order, window=part.window, labels=len(points) == 1
    )
    return figure


def _spot(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    cases = _cases(study, results, part)
    across = min(_ACROSS, len(cases))
    rows = -(-len(cases) // across)
    figure = new_figure(3.9 * across if across > 1 else 5.2, 4.1 * rows if across > 1 else 5.0)
    axes = np.atleast_1d(figure.subplots(rows, across, squeeze=False)).reshape(-1)
    for ax, (name, case) in zip(axes, cases.items(), strict=False):
        assert case.beam is not None
        place = part.at or places(case.run)[0]
        title = ", ".join(filter(None, [_titled(study, cases, name), f"at {place}"]))
        section = np.asarray(case.beam.at(place))[:3:2, :3:2]
        raised, line = _with_height(section)
        plots.plot_beam_ellipse(raised, ax, title=title)
        if line:
            ax.set_title(f"{title}\n{line}", fontsize=10)
    for ax in axes[len(cases) :]:
        ax.set_axis_off()
    return figure


def _with_height(section: np.ndarray) -> tuple[np.ndarray, str]:
    """A beam that is a line, as one a hundredth as thick as it is long, and what it really is."""
    values, vectors = np.linalg.eigh(section)
    if values[0] > 1e-4 * values[1]:
        return section, ""
    along = vectors[:, 1] * (np.sign(vectors[0, 1]) or 1.0)
    angle = np.degrees(np.arctan2(along[1], along[0]))
    raised = vectors @ np.diag([1e-4 * values[1], values[1]]) @ vectors.T
    text = rf"a line, $\sigma$ = {np.sqrt(values[1]) * 1e6:.4g} µm, at {angle:.2f}°"
    return raised, text.replace("-", "\N{MINUS SIGN}").replace("at \N{MINUS SIGN}0.00", "at 0.00")


def _scan(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    name, result = _named(study, results, part)
    scan = study.scans[name]
    run = study.run_of(study.case_of(scan.case))
    first = label(places(run)[0])
    chosen = part.quantities or [
        curve for curve in result.curves if curve in (f"{first}_sigma_x", f"{first}_sigma_y")
    ] or list(result.curves)[:2]  # fmt: skip
    figure = new_figure(6.8, 4.4)
    ax = figure.add_subplot()
    unit = _curve_unit(study, name, chosen[0])
    factor, shown = (1e6, "µm") if unit == "m" else (1.0, unit)
    x, axis = _varied(scan.vary, result)
    for number, curve in enumerate(chosen):
        words = _said(curve, places(run), chosen)
        ax.plot(x, factor * result.curves[curve], label=words, **_look(chosen, number))
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_xlabel(axis)
    sizes = all("sigma" in curve for curve in chosen)
    kind = "rms size" if sizes else _together(chosen)
    ax.set_ylabel(f"{kind} ({shown})" if shown != "1" else kind)
    if sizes:
        ax.set_ylim(bottom=0.0)
    dress(ax)
    ax.legend(frameon=False, fontsize=9)
    return figure


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


def _curve_unit(study: RingStudy, scan: str, curve: str) -> str:
    from ._quantities import scan_names

    return scan_names(study, study.scans[scan])[curve][0]


def _varied(vary: str, result: Any) -> tuple[np.ndarray, str]:
    if vary == "energy":
        return result.values / 1e6, "energy (MeV)"
    unit = result.unit.replace("^2", "²").replace("^3", "³")
    return result.values, f"{vary} ({unit})"


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


def _aperture(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    _, result = _named(study, results, part)
    figure = new_figure(6.8, 4.8)
    plots.plot_dynamic_aperture(result, figure.add_subplot())
    return figure


def _tracking(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    """Sizes squared over turns, with their standard errors, over those expected."""
    _, result = _named(study, results, part)
    figure = new_figure(8.6, 5.2)
    axes = figure.subplots(2, 2, sharex=True).reshape(-1)
    for ax, (index, words, factor, unit) in zip(
        axes,
        ((0, r"$\sigma_x$", 1e6, "µm"), (2, r"$\sigma_y$", 1e6, "µm"),
         (4, r"$\sigma_z$", 1e3, "mm"), (5, r"$\sigma_\delta$", 1e3, r"$10^{-3}$")),
        strict=True,
    ):  # fmt: skip
        tracked, expected = result.covariance[:, index, index], result.expected[:, index, index]
        size = np.sqrt(tracked)
        error = result.standard_error[:, index, index] / (2 * size)
        ax.errorbar(result.turns, factor * size, factor * error, fmt="o", color=STYLES[1][0],
                    markersize=3.5, capsize=2, linewidth=1, label="tracked")  # fmt: skip
        ax.plot(result.turns, factor * np.sqrt(np.maximum(expected, 0)), color="black",
                linewidth=1.2, label="theory")  # fmt: skip
        ax.set_ylabel(f"{words} ({unit})")
        ax.set_ylim(bottom=0.0)
        dress(ax)
    for ax in axes[2:]:
        ax.set_xlabel("turns")
    axes[0].legend(frameon=False, fontsize=9, loc="lower right")
    return figure


def _solenoid(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    _, result = _named(study, results, part)
    figure = new_figure(7.2, 5.2)
    plots.plot_solenoid_field(result.sections, figure.add_subplot(), names=result.names)
    return figure


def _stability(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    """The map for this lens, half of it and twice it, with its working point."""
    name, _ = _named(study, results, part)
    lens = study.lenses[name]
    own = abs(lens.strength) * np.sqrt(lens.beta_x * lens.beta_y)
    strengths = [own / 2, own, 2 * own] if own else [0.1, 0.3, 1.0]
    figure = new_figure(7.6, 5.6)
    ax = plots.plot_lens_stability([float(f"{m:.3g}") for m in strengths], figure.add_subplot())
    ax.plot(lens.tune_x % 1, lens.tune_y % 1, "*", color="black", markerfacecolor="white",
            markersize=13, zorder=4)  # fmt: skip
    return figure


def _resonance(study: RingStudy, results: Results, part: FigurePart) -> Figure:
    name, result = _named(study, results, part)
    lens = study.lenses[name]
    figure = new_figure(6.8, 4.4)
    many = eqx.tree_at(lambda r: r.mu_x, result.ring, 2 * np.pi * np.asarray(result.tunes))
    plots.plot_lens_beam(many, lens.emittance_x, lens.emittance_y, figure.add_subplot())
    return figure
