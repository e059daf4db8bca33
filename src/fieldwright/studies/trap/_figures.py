"""The figures of a trap study."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_figure
from fieldwright.motion import plots

from .._study import Drawing
from ._run import SHOWN, FigurePart, TrapStudy
from .cases import CaseResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._compute import Results

_FEW = 12  # cases that are drawn unasked
_MOST_PATHS = 200  # ions whose paths are drawn
_MAP_AMPLITUDES, _MAP_FREQUENCIES = 121, 601


def drawings(study: TrapStudy, results: Results) -> list[Drawing]:
    """The figures asked for; where none are, one of every sort that there is something for."""
    asked = study.figures or dict(_unasked(study))
    return [
        Drawing(name, part.caption, partial(_draw, study, results, part))
        for name, part in asked.items()
    ]


def _unasked(study: TrapStudy) -> Iterator[tuple[str, FigurePart]]:
    """Figures of a study that asks for none."""

    def part(show: str, caption: str, **more: Any) -> FigurePart:
        return FigurePart.model_validate({"show": show, "caption": caption, **more})

    for name in list(study.all_cases())[:_FEW]:
        end, which = (f"_{name}", {"cases": [name]}) if name else ("", {})
        title = study.describe_case(name)
        yield f"orbit{end}", part("orbit", f"{title}: paths seen along the axis.", **which)
        yield f"axial{end}", part("axial", f"{title}: motion of the first ion along z.", **which)
        yield f"phase_z{end}", part("phase_z", f"{title}: phase plane of z.", **which)
    for name in study.comparisons:
        caption = f"{study.comparisons[name].title}: distance of equal ions over time."
        yield f"difference_{name}", part("difference", caption, comparison=name)
    for name, convergence in study.convergence.items():
        for integrator in convergence.integrators:
            shown = {"convergence": name, "integrator": integrator}
            caption = f"Relative error of {integrator} over time."
            yield f"error_{name}_{integrator}", part("error", caption, **shown)
        yield f"order_{name}", part("order", "Error over step size.", convergence=name)
    for name in study.detection:
        caption = "Spectrum of the image current, with the frequencies of a single ion."
        yield f"spectrum_{name}", part("spectrum", caption, detection=name)
    for name in study.scans:
        caption = (
            f"{study.describe('scans', name)}: fraction of ions left; shaded: unstable motion."
        )
        yield f"resonance_{name}", part("resonance", caption, scan=name)
        yield f"growth_{name}", part("growth", "Growth rate of the motion.", scan=name)


def _draw(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    draw: dict[str, Callable[[TrapStudy, Results, FigurePart], Figure]] = {
        "axial": _axial,
        "orbit": partial(_planes, _orbit),
        "phase_x": partial(_planes, partial(_phase, "x")),
        "phase_z": partial(_planes, partial(_phase, "z")),
        "paths": _paths,
        "difference": _difference,
        "error": _error,
        "order": _order,
        "resonance": _resonance,
        "growth": _growth,
        "mathieu": _mathieu,
        "spectrum": _spectrum,
    }
    return draw[part.show](study, results, part)


def _cases(study: TrapStudy, results: Results, part: FigurePart) -> dict[str, CaseResult]:
    """The cases of a figure by their titles."""
    names: list[str | None] = [*part.cases] or [*results.cases]
    return {study.describe_case(name): results.cases[name] for name in names}


def _named(results: Results, part: FigurePart) -> tuple[str, Any]:
    """Name and result of the one part that a figure shows."""
    key = SHOWN[part.show]
    groups: dict[str, dict[str, Any]] = {
        "comparison": dict(results.distances),
        "convergence": dict(results.convergence),
        "scan": dict(results.scans),
        "detection": dict(results.detection),
    }
    group = groups[key]
    name = getattr(part, key) or next(iter(group))
    return name, group[name]


def _axial(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    """Motion along z, on the exact motion where it is known; below, how far they are apart."""
    cases = _cases(study, results, part)
    ion = part.ion - 1
    known = [case for case in cases.values() if case.exact is not None]
    figure = new_figure(7.2, 5.4 if known else 3.6)
    axes = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1)) if known else None
    ax = axes[0] if axes is not None else figure.add_subplot()
    if known:
        exact = _Path(known[0].trajectory.time, known[0].exact)
        look: dict[str, Any] = {"color": "0.75", "linestyle": "-", "linewidth": 4.0}
        plots.plot_coordinate(exact, "z", ax, ion=ion, label="exact", **look)
    for style, (title, case) in enumerate(cases.items()):
        plots.plot_coordinate(case.trajectory, "z", ax, ion=ion, label=title, style=style)
        if axes is not None and case.exact is not None:
            error = np.abs(np.asarray(case.trajectory.position) - case.exact)[:, ion, 2]
            plots.plot_error(case.trajectory.time, error, axes[1], style=style, relative=False)
    if axes is not None:
        ax.set_xlabel("")
        axes[1].set_ylabel(r"$|z-z_\mathrm{exact}|$ (m)")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=4, frameon=False)
    return figure


class _Path:
    """Times and positions, as pictures of trajectories take them."""

    def __init__(self, time: Any, position: Any):
        self.time, self.position = time, position


def _planes(
    draw: Callable[[CaseResult, Any], object], study: TrapStudy, results: Results, part: FigurePart
) -> Figure:
    """A panel for each case, side by side."""
    cases = _cases(study, results, part)
    figure = new_figure(max(5.2, 4.2 * len(cases)), 4.6)
    panels = figure.subplots(1, len(cases), squeeze=False)[0]
    for ax, (title, case) in zip(panels, cases.items(), strict=True):
        draw(case, ax)
        if len(cases) > 1:
            ax.set_title(title, fontsize=10)
    _name_ions(figure, next(iter(cases.values())))
    return figure


def _orbit(case: CaseResult, ax: Any) -> None:
    plots.plot_orbit(case.trajectory, "xy", ax, ions=_some(case))


def _phase(axis: str, case: CaseResult, ax: Any) -> None:
    plots.plot_phase(case.trajectory, axis, ax, ions=_some(case))


def _some(case: CaseResult) -> np.ndarray | None:
    """So few ions that their paths can be drawn; None for all."""
    count = len(case.setup.ions)
    if count <= _MOST_PATHS:
        return None
    return np.linspace(0, count - 1, _MOST_PATHS).round().astype(int)


def _paths(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    cases = _cases(study, results, part)
    figure = new_figure(max(6.0, 4.6 * len(cases)), 5.0)
    for index, (title, case) in enumerate(cases.items(), 1):
        ax = figure.add_subplot(1, len(cases), index, projection="3d")
        plots.plot_paths(case.trajectory, ax, ions=_some(case))
        ax.set_box_aspect(None, zoom=0.88)  # or z is cut off
        if len(cases) > 1:
            ax.set_title(title, fontsize=10)
    _name_ions(figure, next(iter(cases.values())))
    return figure


def _name_ions(figure: Figure, case: CaseResult) -> None:
    """A legend of the ions, and of where paths begin and end."""
    from matplotlib.lines import Line2D

    count = len(case.setup.ions)
    marks = {
        "begins": Line2D([], [], marker="o", color="black", markerfacecolor="white", ls="none"),
        "ends": Line2D([], [], marker="o", color="black", ls="none"),
    }
    if 1 < count <= len(STYLES):
        ions = {f"ion {i + 1}": Line2D([], [], color=STYLES[i][0]) for i in range(count)}
        marks = ions | marks
    if count > _MOST_PATHS:
        marks[f"{_MOST_PATHS} of {count} ions"] = Line2D([], [], ls="none")
    figure.legend(
        list(marks.values()), list(marks), loc="outside upper left", ncols=6, frameon=False
    )


def _difference(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    name, (time, distance) = _named(results, part)
    figure = new_figure(7.2, 3.8)
    ax = figure.add_subplot()
    many = distance.shape[1] > len(STYLES)
    if many:
        curves = {
            "largest": np.nanmax(distance, axis=1),
            "root mean square": np.sqrt(np.nanmean(distance**2, axis=1)),
        }
    else:
        curves = {f"ion {i + 1}": distance[:, i] for i in range(distance.shape[1])}
    for style, (label, values) in enumerate(curves.items()):
        plots.plot_error(time, values, ax, label=label, style=style, relative=False)
    ax.set_ylabel("distance (m)")
    ax.set_title(study.comparisons[name].title, fontsize=10)
    ax.legend(frameon=False)
    return figure


def _error(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    _, result = _named(results, part)
    figure = new_figure(7.2, 4.0)
    ax = figure.add_subplot()
    integrators = [part.integrator] if part.integrator else list(result.curves)
    for integrator in integrators:
        for style, (steps, curve) in enumerate(result.curves[integrator].items()):
            label = f"{steps} steps" if part.integrator else f"{integrator}, {steps} steps"
            plots.plot_error(curve.time, curve.relative, ax, label=label, style=style)
    ax.legend(loc="lower right", framealpha=0.9, fontsize=9)
    return figure


def _order(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    _, result = _named(results, part)
    figure = new_figure(5.8, 4.4)
    ax = figure.add_subplot()
    for style, integrator in enumerate(result.curves):
        order = result.orders[integrator]
        plots.plot_order(
            result.steps(integrator), result.errors(integrator), ax, order=order,
            label=f"{integrator}; line: order {order}", style=style,
        )  # fmt: skip
    ax.legend(frameon=False, fontsize=9)
    return figure


def _resonance(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    name, result = _named(results, part)
    figure = new_figure(8.4, 4.8)
    ax = figure.add_subplot()
    bands = dict(zip(study.scans[name].amplitudes, result.bands, strict=True))
    plots.plot_resonances(result.losses, bands, ax)
    if part.coarse is not None:
        _coarse(ax, result, part.coarse)
    return figure


def _coarse(ax: Any, result: Any, step: float) -> None:
    """What a scan with long steps would have seen, from the same curves."""
    w = np.asarray(result.losses.angular_frequency)
    left = np.asarray(result.losses.fraction_left)
    seen = w[0] + step * np.arange(int((w[-1] - w[0]) / step + 1e-9) + 1)
    factor = float(ax.get_xlim()[1]) / w[-1]
    for row in range(len(left)):
        color = STYLES[row % len(STYLES)][0]
        ax.plot(
            seen * factor, np.interp(seen, w, left[row]), "os^Dv"[row % 5], color=color,
            markerfacecolor="white", markersize=6, linestyle="none", zorder=4,
        )  # fmt: skip


def _growth(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    name, result = _named(results, part)
    scan = study.scans[name]
    figure = new_figure(8.4, 4.8)
    amplitudes = np.linspace(0.0, 1.1 * max(scan.amplitudes), _MAP_AMPLITUDES)
    w = np.linspace(scan.frequencies.start, scan.frequencies.stop, _MAP_FREQUENCIES)
    ax = figure.add_subplot()
    plots.plot_growth(result.trap, result.species, amplitudes, w, ax, drive=result.drive)
    for f in scan.amplitudes:
        ax.axhline(f, color="0.4", linewidth=0.6, linestyle="--")
    return figure


def _mathieu(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    name, result = _named(results, part)
    scan = study.scans[name]
    peaks = [band.peak for band in result.bands[-1] if band.growth > 1 / scan_duration(study, name)]
    figure = new_figure(6.6, 5.4)
    ax = figure.add_subplot()
    plots.plot_mathieu(result.trap, result.species, scan.amplitudes, np.array(peaks), ax)
    dress(ax)
    return figure


def scan_duration(study: TrapStudy, name: str) -> float:
    """How long the drive of a scan lasts [s]."""
    duration = study.whole(study.scans[name]).duration
    assert duration is not None
    return float(duration)


def _spectrum(study: TrapStudy, results: Results, part: FigurePart) -> Figure:
    _, result = _named(results, part)
    figure = new_figure(7.2, 4.4)
    plots.plot_spectrum(
        result.frequency, result.amplitude, figure.add_subplot(), marks=result.marks
    )
    return figure
