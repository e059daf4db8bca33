"""What one source does to another: force, torque, stiffness, inductance, sweet spot."""

from fieldwright.forces._coaxial import axial_force, axial_force_derivatives, axial_force_error
from fieldwright.forces._coupling import ExternalCoupling, external_coupling
from fieldwright.forces._design import Design, design
from fieldwright.forces._inductance import mutual_inductance, self_inductance
from fieldwright.forces._sweet_spot import SweetSpot, sweet_spot
from fieldwright.forces._tolerance import Tolerance, tolerance
from fieldwright.forces._wire import Wire, power_per_force_squared, resistance
from fieldwright.forces._wrench import Wrench, stiffness, wrench

__all__ = [
    "Design",
    "ExternalCoupling",
    "SweetSpot",
    "Tolerance",
    "Wire",
    "Wrench",
    "axial_force",
    "axial_force_derivatives",
    "axial_force_error",
    "design",
    "external_coupling",
    "mutual_inductance",
    "power_per_force_squared",
    "resistance",
    "self_inductance",
    "stiffness",
    "sweet_spot",
    "tolerance",
    "wrench",
]
