"""How far apart the same ions are in two cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..._figure import STYLES, new_figure
from .._derived import Problem
from .._engine import lead
from .._fields import Part
from .._judge import Text
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Picture, Section, Shown
from .cases import CASES

if TYPE_CHECKING:
    import numpy as np

    from fieldwright.motion import plots
else:
    np, plots = later("numpy", "fieldwright.motion.plots")

_TICKS = 2.0**30


class ComparisonPart(Part):
    """How far apart the same ions are in two cases."""

    title: Text
    cases: tuple[Text, Text]


NAMES: Names = {
    "initial_distance": ("m", "distance of equal ions at the beginning, root mean square"),
    "final_distance": ("m", "distance of equal ions at the end, root mean square"),
    "largest_distance": ("m", "largest distance of equal ions"),
}


def astray(item: Item) -> Iterator[Problem]:
    """Cases that are not there."""
    return lead(item.study, CASES, item.part.cases, (*item.at, "cases"))


def _solve(item: Item) -> tuple[np.ndarray, np.ndarray]:
    """Times (k,) [s] at which two cases were both kept, and how far equal ions are apart (k, n)."""
    first, second = (item.results["cases"][case].trajectory for case in item.part.cases)
    t, s = np.asarray(first.time), np.asarray(second.time)
    common, i, j = np.intersect1d(_ticks(t, t[-1]), _ticks(s, t[-1]), return_indices=True)
    there, here = np.asarray(first.position), np.asarray(second.position)
    return common * t[-1] / _TICKS, np.linalg.norm(there[i] - here[j], axis=2)


def _ticks(time: np.ndarray, end: float) -> np.ndarray:
    """Times in small parts of the end, so that equal ones are equal although rounded."""
    return np.rint(time / end * _TICKS)


def _numbers(item: Item) -> Numbers:
    _, distance = item.result
    return {
        "initial_distance": np.sqrt(np.nanmean(distance[0] ** 2)),
        "final_distance": np.sqrt(np.nanmean(distance[-1] ** 2)),
        "largest_distance": np.nanmax(distance),
    }


def _draw(picture: Picture) -> Any:
    (item,) = picture.items
    time, distance = item.result
    figure = new_figure(7.2, 3.8)
    ax = figure.add_subplot()
    if distance.shape[1] > len(STYLES):
        curves = {
            "largest": np.nanmax(distance, axis=1),
            "root mean square": np.sqrt(np.nanmean(distance**2, axis=1)),
        }
    else:
        curves = {f"ion {i + 1}": distance[:, i] for i in range(distance.shape[1])}
    for style, (label, values) in enumerate(curves.items()):
        plots.plot_error(time, values, ax, label=label, style=style, relative=False)
    ax.set_ylabel("distance (m)")
    ax.set_title(item.title, fontsize=10)
    ax.legend(frameon=False)
    return figure


COMPARISONS = Section(
    group="comparisons", one="comparison", part=ComparisonPart, words="of two cases, by name",
    of_case=False, names=NAMES, solve=_solve, numbers=_numbers,
    tables=[Columns(
        "Two cases compared", {words: name for name, (_, words) in NAMES.items()}, digits=5
    )],
    shown=(Shown("difference", _draw, "distance of equal ions over time"),),
)  # fmt: skip
