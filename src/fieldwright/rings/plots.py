"""Pictures of rings: layout, optics, orbits, tunes, beams and what they survive."""

from __future__ import annotations

from fieldwright.rings._aperture_plots import plot_dynamic_aperture
from fieldwright.rings._beam_plots import plot_beam_ellipse, plot_energy_scan
from fieldwright.rings._layout_plots import plot_layout
from fieldwright.rings._optics_plots import plot_optics, plot_orbit
from fieldwright.rings._skew_lens_plots import (
    plot_lens_beam,
    plot_lens_phases,
    plot_lens_stability,
)
from fieldwright.rings._solenoid_plots import plot_solenoid_field
from fieldwright.rings._tune_plots import plot_tune_diagram

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
