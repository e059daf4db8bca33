"""What makes electric and magnetic fields: coils, magnets, wires, traps and drives, and more."""

from fieldwright.sources._assembly import Assembly
from fieldwright.sources._coil import Coil
from fieldwright.sources._crystal_plane import CrystalPlanes
from fieldwright.sources._crystals import CRYSTALS, Crystal, find_crystal
from fieldwright.sources._cuboid import Cuboid
from fieldwright.sources._cylinder import CylinderMagnet
from fieldwright.sources._dipole import Dipole
from fieldwright.sources._driven import (
    Driven,
    dipole_drive,
    parametric_drive,
    quadrupole_drive,
    rotating_wall,
)
from fieldwright.sources._field_map import FieldMap
from fieldwright.sources._linear import LinearField
from fieldwright.sources._loop import Loop
from fieldwright.sources._penning import PenningTrap
from fieldwright.sources._planar_potential import (
    DoyleTurner,
    HarmonicPotential,
    PlanarPotential,
)
from fieldwright.sources._polyline import Polyline
from fieldwright.sources._source import (
    Source,
    fields_of,
    linear_of,
    rotation_matrix,
    split_linear,
)
from fieldwright.sources._uniform import Uniform

__all__ = [
    "CRYSTALS",
    "Assembly",
    "Coil",
    "Crystal",
    "CrystalPlanes",
    "Cuboid",
    "CylinderMagnet",
    "Dipole",
    "DoyleTurner",
    "Driven",
    "FieldMap",
    "HarmonicPotential",
    "LinearField",
    "Loop",
    "PenningTrap",
    "PlanarPotential",
    "Polyline",
    "Source",
    "Uniform",
    "dipole_drive",
    "fields_of",
    "find_crystal",
    "linear_of",
    "parametric_drive",
    "quadrupole_drive",
    "rotating_wall",
    "rotation_matrix",
    "split_linear",
]
