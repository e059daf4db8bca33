"""Charges in time through any source."""

from fieldwright.motion._bands import InstabilityBand, instability_bands
from fieldwright.motion._clouds import normal_cloud, paper_cloud, uniform_cloud
from fieldwright.motion._coulomb import Coulomb, coulomb_energy, coulomb_field
from fieldwright.motion._crystal import crystal
from fieldwright.motion._damping import BufferGas, Damping, LaserCooling
from fieldwright.motion._detection import AmplitudeSpectrum, image_current, spectrum
from fieldwright.motion._energy import (
    Temperatures,
    kinetic_energy,
    potential_energy,
    temperatures,
    total_energy,
)
from fieldwright.motion._floquet import growth_rate
from fieldwright.motion._flow import flow_matrices, substeps_for
from fieldwright.motion._frequencies import TrapFrequencies, frequencies, require_trapped
from fieldwright.motion._integrators import (
    RK4,
    Boris,
    Cyclotronic,
    Dopri8,
    Euler,
    ExactFlow,
    HigueraCary,
    Integrator,
    NearFar,
    Propagator,
)
from fieldwright.motion._ions import Ions, require_apart
from fieldwright.motion._many import simulate_many
from fieldwright.motion._mathieu import (
    MathieuPoints,
    mathieu_discriminant,
    mathieu_points,
    mathieu_stable,
)
from fieldwright.motion._modes import Amplitudes, amplitudes, analytic_motion
from fieldwright.motion._openpmd import read_openpmd, write_openpmd
from fieldwright.motion._scan import LossScan, loss_scan
from fieldwright.motion._simulate import simulate
from fieldwright.motion._species import SPECIES, Species, find_species
from fieldwright.motion._trajectory import Trajectory

__all__ = [
    "RK4",
    "SPECIES",
    "AmplitudeSpectrum",
    "Amplitudes",
    "Boris",
    "BufferGas",
    "Coulomb",
    "Cyclotronic",
    "Damping",
    "Dopri8",
    "Euler",
    "ExactFlow",
    "HigueraCary",
    "InstabilityBand",
    "Integrator",
    "Ions",
    "LaserCooling",
    "LossScan",
    "MathieuPoints",
    "NearFar",
    "Propagator",
    "Species",
    "Temperatures",
    "Trajectory",
    "TrapFrequencies",
    "amplitudes",
    "analytic_motion",
    "coulomb_energy",
    "coulomb_field",
    "crystal",
    "find_species",
    "flow_matrices",
    "frequencies",
    "growth_rate",
    "image_current",
    "instability_bands",
    "kinetic_energy",
    "loss_scan",
    "mathieu_discriminant",
    "mathieu_points",
    "mathieu_stable",
    "normal_cloud",
    "paper_cloud",
    "potential_energy",
    "read_openpmd",
    "require_apart",
    "require_trapped",
    "simulate",
    "simulate_many",
    "spectrum",
    "substeps_for",
    "temperatures",
    "total_energy",
    "uniform_cloud",
    "write_openpmd",
]
