"""Pictures of trapped charges: trajectories, resonances, and the stability of driven traps."""

from __future__ import annotations

from fieldwright.motion.plots._animation import animate
from fieldwright.motion.plots._error import plot_error, plot_order, plot_spectrum
from fieldwright.motion.plots._resonance import plot_growth, plot_mathieu, plot_resonances
from fieldwright.motion.plots._trajectory import (
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
