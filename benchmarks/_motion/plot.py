"""The figures: error against cost, and pairs per second over the number of ions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

#: Marker, colour (Okabe and Ito's and a grey scale for ours) and line of each method.
_STYLE = {
    "ours: as chosen": ("*", "#000000", ""),
    "ours: ExactFlow(rkn14a)": ("o", "#000000", "-"),
    "ours: ExactFlow(rkn11b)": ("s", "#3c3c3c", "-"),
    "ours: ExactFlow(rkn6b)": ("D", "#606060", "-"),
    "ours: ExactFlow(strang)": ("v", "#808080", "-"),
    "ours: NearFar": ("X", "#000000", ":"),
    "ours: Cyclotronic": ("^", "#999999", "-"),
    "ours: Boris": ("<", "#adadad", "-"),
    "ours: RK4": (">", "#808080", "--"),
    "ours: Euler": ("x", "#999999", "--"),
    "ours: Dopri8": ("P", "#000000", "--"),
    "SciPy DOP853, NumPy sums": ("h", "#CC79A7", ":"),
    "SciPy DOP853, C sums": ("H", "#CC79A7", "-"),
    "diffrax Dopri8, naive sums": ("p", "#D55E00", "-"),
    "REBOUND IAS15": ("d", "#0072B2", "-"),
    "REBOUND BS": ("1", "#56B4E9", "-"),
    "heyoka": ("8", "#009E73", "-"),
    "RK4 in C": ("+", "#E69F00", "-"),
}
_SUMS = {
    "ours: sums": ("o", "#000000"),
    "ours: sums, precise": ("s", "#606060"),
    "ours: whole runs": ("*", "#000000"),
    "ours with FMM3D, 1e-6": ("D", "#999999"),
    "C kernel": ("+", "#E69F00"),
    "naive JAX": ("p", "#D55E00"),
    "REBOUND": ("d", "#0072B2"),
    "heyoka": ("8", "#009E73"),
    "NumPy": ("h", "#CC79A7"),
}


def plot_cost(points: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """Write motion.png and motion.svg: a row for each case, over evaluations and over time."""
    _prepare()
    figure, axes = plt.subplots(len(points), 2, figsize=(12, 5 * len(points)), sharey="row")
    for row, (case, found) in zip(axes, points.items(), strict=True):
        for ax, cost in zip(row, ("evaluations", "seconds"), strict=True):
            for name, (marker, colour, line) in _STYLE.items():
                if name == "heyoka" and cost == "evaluations":
                    continue  # a Taylor step is no number of evaluations
                mine = [one for one in found if one["method"] == name and one["error"] < 300]
                size = 14 if marker == "*" else 5.5
                ax.plot(
                    [one[cost] for one in mine],
                    [one["error"] for one in mine],
                    linestyle=line or "none",
                    lw=1.1,
                    marker=marker,
                    ms=size,
                    color=colour,
                    label="heyoka (over time alone)" if name == "heyoka" else name,
                )
            ax.set(xscale="log", yscale="log", title=case)
            ax.grid(True, color="0.9", linewidth=0.6)
            ax.set_axisbelow(True)
        row[0].set(
            xlabel="evaluations of the Coulomb field", ylabel="largest error after 50 µs [µm]"
        )
        row[1].set_xlabel("time on one core [s]")
        goal = 1e-6 if case == "two ions" else 1e-5
        most = 2000 if case == "two ions" else 1000
        corner = [row[0].get_xlim()[0], most, most], [goal, goal, 1e-13]
        row[0].plot(*corner, color="#D55E00", lw=0.8)
        row[0].text(most, 2e-13, " aim", color="#D55E00")
        row[0].set_ylim(1e-13, 300)
    handles, labels = axes[-1][-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0.13 if len(points) == 1 else 0.1, 1, 1))
    _save(figure, folder, "motion")


def plot_pairs(tables: dict[int, list[list[Any]]], sizes: tuple[int, ...], folder: Path) -> None:
    """Write motion_pairs.png and motion_pairs.svg: a panel for each number of cores."""
    _prepare()
    figure, axes = plt.subplots(1, len(tables), figsize=(12, 5.5), sharey=True, squeeze=False)
    for ax, (cores, rows) in zip(axes[0], tables.items(), strict=True):
        for name, *rates in rows:
            marker, colour = _SUMS[name]
            size = 12 if marker == "*" else 7
            xy = [(n, r) for n, r in zip(sizes, rates, strict=False) if r]
            ax.plot(*zip(*xy, strict=True), "-", marker=marker, color=colour, ms=size, label=name)
        ax.set(xscale="log", yscale="log", xlabel="ions", title=f"{cores} core{'s'[: cores - 1]}")
        ax.grid(True, color="0.9", linewidth=0.6)
        ax.set_axisbelow(True)
    axes[0][0].set_ylabel("ordered pairs per second")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=5, frameon=False)
    figure.tight_layout(rect=(0, 0.1, 1, 1))
    _save(figure, folder, "motion_pairs")


def _prepare() -> None:
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "motion"


def _save(figure: Any, folder: Path, name: str) -> None:
    for suffix in ("png", "svg"):
        metadata = {"Date": None} if suffix == "svg" else None
        figure.savefig(folder / f"{name}.{suffix}", dpi=150, metadata=metadata)
    plt.close(figure)
