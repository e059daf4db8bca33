"""Pictures of trapped charges: trajectories, resonances, and the stability of driven traps."""

from __future__ import annotations

from fieldwright.motion._animation import animate
from fieldwright.motion._error_plots import plot_error, plot_order, plot_spectrum
from fieldwright.motion._resonance_plots import plot_growth, plot_mathieu, plot_resonances
from fieldwright.motion._trajectory_plots import (
    plot_coordinate,
    plot_orbit,
    plot_paths,
    plot_phase,
)

__all__ = [
    "animate",
    "plot_coordinate",
    "plot_error",
    "plot_growth",
    "plot_mathieu",
    "plot_orbit",
    "plot_order",
    "plot_paths",
    "plot_phase",
    "plot_resonances",
    "plot_spectrum",
]
