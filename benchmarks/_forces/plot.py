"""The figure: error against time a point, all methods and meshes."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

#: Marker and colour (Okabe and Ito's, told apart by the colour-blind) of a family of methods.
_STYLE = {
    "ours": ("*", "#000000"),
    "ours jitted": ("P", "#555555"),
    "getFT, magnet meshed": ("s", "#D55E00"),
    "getFT, loops meshed": ("D", "#E69F00"),
    "magpylib func by hand": ("o", "#0072B2"),
    "magpylib core by hand": ("^", "#56B4E9"),
    "King in NumPy by hand": ("v", "#009E73"),
    "King under jax.jit by hand": (">", "#7F3C8D"),
    "SciPy by hand": ("X", "#CC79A7"),
    "SciPy dblquad": ("h", "#A08000"),
}


_LEGEND = {
    "ours": "ours: axial_force",
    "ours jitted": "ours under the user's jax.jit",
    "getFT, magnet meshed": "magpylib getFT, magnet in 10, 100, 1000 cells",
    "getFT, loops meshed": "magpylib getFT, loops in 16, 64, 512 segments",
    "magpylib func by hand": "magpylib func by hand, 6 × 6 and 12 × 12",
    "magpylib core by hand": "magpylib core by hand, 6 × 6 and 12 × 12",
    "King in NumPy by hand": "King's AGM in NumPy, 6 × 6 and 12 × 12",
    "King under jax.jit by hand": "King's AGM under jax.jit, 12 × 12",
    "SciPy by hand": "SciPy ellipk/ellipe, 12 × 12",
}


def plot_cost(points: list[dict], folder: Path) -> None:
    """Write forces.png and forces.svg: in a batch and alone, a method's meshes joined by a line."""
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "forces"
    figure, axes = plt.subplots(1, 2, figsize=(12, 6), sharex=True, sharey=True)
    for ax, cost, title in zip(
        axes, ("batch", "single"), ("a point of a batch", "one point alone"), strict=True
    ):
        for family, (marker, colour) in _STYLE.items():
            mine = [point for point in points if point["family"] == family]
            xy = [point[cost] for point in mine], [point["error"] for point in mine]
            size = 15 if marker == "*" else 8
            ax.plot(
                *xy,
                "-",
                lw=1.2,
                marker=marker,
                color=colour,
                ms=size,
                label=_LEGEND.get(family, family),
            )
        ax.set(xscale="log", yscale="log", ylim=(1e-16, 0.3), xlabel="time a point [s]")
        ax.set_title(title)
        ax.grid(True, color="0.88")
    axes[0].set_ylabel("largest error / largest force")
    figure.suptitle("Force of the coil on a 3 × 3 mm magnet at 0 to 30 mm: error against time")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False)
    figure.tight_layout(rect=(0, 0.18, 1, 1))
    for suffix in ("png", "svg"):
        metadata = {"Date": None} if suffix == "svg" else None
        figure.savefig(folder / f"forces.{suffix}", dpi=150, metadata=metadata)
    plt.close(figure)
