"""What makes a magnetic field: loops, coils, magnets, wires, and assemblies of them."""

from fieldwright.sources._assembly import Assembly
from fieldwright.sources._coil import Coil
from fieldwright.sources._cuboid import Cuboid
from fieldwright.sources._cylinder import CylinderMagnet
from fieldwright.sources._dipole import Dipole
from fieldwright.sources._loop import Loop
from fieldwright.sources._polyline import Polyline
from fieldwright.sources._source import Source, rotation_matrix

__all__ = [
    "Assembly",
    "Coil",
    "Cuboid",
    "CylinderMagnet",
    "Dipole",
    "Loop",
    "Polyline",
    "Source",
    "rotation_matrix",
]
