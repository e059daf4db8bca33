"""The figures of an actuator study."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fieldwright._figure import new_figure
from fieldwright.forces import plots

from .._study import Drawing
from ._model import ActuatorStudy, FigurePart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ._compute import CaseResult

    Results = dict[str | None, CaseResult]


def drawings(study: ActuatorStudy, results: Results, distance: np.ndarray) -> list[Drawing]:
    """The figures asked for in the study, then one of all cases together."""
    asked = [
        Drawing(name, figure.caption, partial(_asked, study, figure, results, distance))
        for name, figure in study.figures.items()
    ]
    overview = Drawing(
        "overview",
        "All cases: force as a fraction of its maximum. The bar of each case is the range with at "
        "least 95 % of the force, the dot its sweet spot, the dark line its curve.",
        partial(_overview, study, results, distance),
    )
    if len(results) == 1:
        part = FigurePart(caption="-", cases=["-"], show="range")
        caption = (
            "Force per ampere over the distance between the centres of coil and magnet; shaded: at "
            "least 95 % of the maximum."
        )
        return [*asked, Drawing("force", caption, partial(_only, part, results, distance))]
    return [*asked, overview]


def _asked(
    study: ActuatorStudy, figure: FigurePart, results: Results, distance: np.ndarray
) -> Figure:
    chosen = {study.describe_case(name): results[name] for name in figure.cases}
    return _force_curves(figure.show, chosen, distance)


def _only(figure: FigurePart, results: Results, distance: np.ndarray) -> Figure:
    return _force_curves(figure.show, {"force": next(iter(results.values()))}, distance)


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


def _overview(study: ActuatorStudy, results: Results, distance: np.ndarray) -> Figure:
    """One row for each case: a ridge line, its 95 % range as a bar, its sweet spot as a dot."""
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
    names = [study.describe_case(name) for name in results]
    ax.set_yticks([len(results) - 1 - row + 0.3 for row in range(len(results))], names, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("distance between centres (mm)")
    ax.set_xlim(float(z[0]), float(z[-1]))
    ax.grid(True, axis="x", color="0.9", linewidth=0.6)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return figure
