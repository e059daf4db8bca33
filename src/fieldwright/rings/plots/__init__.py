"""Pictures of rings: layout, optics, orbits, tunes, beams and what they survive."""

from __future__ import annotations

from fieldwright.rings.plots._aperture import plot_dynamic_aperture
from fieldwright.rings.plots._beam import plot_beam_ellipse, plot_energy_scan
from fieldwright.rings.plots._layout import plot_layout
from fieldwright.rings.plots._optics import plot_optics, plot_orbit
from fieldwright.rings.plots._skew_lens import (
    plot_lens_beam,
    plot_lens_phases,
    plot_lens_stability,
)
from fieldwright.rings.plots._solenoid import plot_solenoid_field
from fieldwright.rings.plots._tune import plot_tune_diagram

__all__ = [
    "plot_beam_ellipse",
    "plot_dynamic_aperture",
    "plot_energy_scan",
    "plot_layout",
    "plot_lens_beam",
    "plot_lens_phases",
    "plot_lens_stability",
    "plot_optics",
    "plot_orbit",
    "plot_solenoid_field",
    "plot_tune_diagram",
]
