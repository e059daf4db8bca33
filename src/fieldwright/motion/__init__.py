"""Charges in time through any source."""

from fieldwright.motion.integrators._base import Integrator
from fieldwright.motion.integrators._boris import Boris, HigueraCary
from fieldwright.motion.integrators._dopri8 import Dopri8
from fieldwright.motion.integrators._exact_flow import Cyclotronic, ExactFlow, Propagator
from fieldwright.motion.integrators._flow import flow_matrices, substeps_for
from fieldwright.motion.integrators._near_far import NearFar
from fieldwright.motion.integrators._runge_kutta import RK4, Euler
from fieldwright.motion.interaction._coulomb import Coulomb, coulomb_energy, coulomb_field
from fieldwright.motion.interaction._damping import BufferGas, Damping, LaserCooling
from fieldwright.motion.ions._clouds import normal_cloud, paper_cloud, uniform_cloud
from fieldwright.motion.ions._ions import Ions, require_apart
from fieldwright.motion.ions._openpmd import read_openpmd, write_openpmd
from fieldwright.motion.ions._species import SPECIES, Species, find_species
from fieldwright.motion.observables._detection import AmplitudeSpectrum, image_current, spectrum
from fieldwright.motion.observables._energy import (
    Temperatures,
    kinetic_energy,
    potential_energy,
    temperatures,
    total_energy,
)
from fieldwright.motion.resonances._bands import InstabilityBand, instability_bands
from fieldwright.motion.resonances._floquet import growth_rate
from fieldwright.motion.resonances._mathieu import (
    MathieuPoints,
    mathieu_discriminant,
    mathieu_points,
    mathieu_stable,
)
from fieldwright.motion.resonances._scan import LossScan, loss_scan
from fieldwright.motion.simulation._many import simulate_many
from fieldwright.motion.simulation._simulate import simulate
from fieldwright.motion.simulation._trajectory import Trajectory
from fieldwright.motion.traps._crystal import crystal
from fieldwright.motion.traps._frequencies import TrapFrequencies, frequencies, require_trapped
from fieldwright.motion.traps._modes import Amplitudes, amplitudes, analytic_motion

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
