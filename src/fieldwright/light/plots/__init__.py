"""Pictures of light and of what makes it."""

from __future__ import annotations

from fieldwright.light.plots._crystal import (
    plot_channel,
    plot_channeled_fraction,
    plot_crystal_limits,
    plot_planar_potential,
)
from fieldwright.light.plots._light import (
    plot_angular_map,
    plot_coherent_light,
    plot_tuning_curves,
    plot_undulator_spectrum,
)

__all__ = [
    "plot_angular_map",
    "plot_channel",
    "plot_channeled_fraction",
    "plot_coherent_light",
    "plot_crystal_limits",
    "plot_planar_potential",
    "plot_tuning_curves",
    "plot_undulator_spectrum",
]
