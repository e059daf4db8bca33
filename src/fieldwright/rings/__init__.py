"""What a lattice does to a beam: elements, orbit, coupled optics, equilibrium, collisions."""

from fieldwright.rings.beam._beam_spot import BeamSpot, beam_spot
from fieldwright.rings.beam._betatron_equations import BetatronEquations, betatron_equations
from fieldwright.rings.beam._equilibria import equilibria
from fieldwright.rings.beam._equilibrium import Equilibrium, equilibrium
from fieldwright.rings.beam._integrals import RadiationIntegrals, radiation_integrals
from fieldwright.rings.beam._noise_covariance import (
    far_from_resonance,
    noise_covariance,
    noise_filter,
)
from fieldwright.rings.beam._skew_lens import (
    LENS_FAILURES,
    LensModes,
    LensRing,
    lens_eigenvectors,
    lens_matrix,
    lens_modes,
)
from fieldwright.rings.beam._skew_lens_beam import LensBeam, lens_beam
from fieldwright.rings.beam._transverse import TransverseEquilibrium, transverse_equilibrium
from fieldwright.rings.collisions._beam_beam import (
    DynamicBeta,
    beam_beam_lens,
    beam_beam_parameter,
    dynamic_beta,
    self_consistent_xi,
)
from fieldwright.rings.collisions._collision import CollidingBeams, beams_in_collision
from fieldwright.rings.collisions._luminosity import Bunch, Luminosity, luminosity
from fieldwright.rings.correction._knobs import Vary
from fieldwright.rings.correction._match import Matched, match
from fieldwright.rings.correction._targets import Target
from fieldwright.rings.files._gallery import vepp2000
from fieldwright.rings.files._import_at import import_at
from fieldwright.rings.files._import_elegant import import_elegant
from fieldwright.rings.files._import_madx import import_madx
from fieldwright.rings.files._import_xsuite import import_xsuite
from fieldwright.rings.files._pals import read_pals, write_pals
from fieldwright.rings.lattice._elements import (
    Bend,
    Drift,
    Element,
    Kicker,
    Marker,
    Monitor,
    Multipole,
    Octupole,
    Quadrupole,
    RFCavity,
    Sextupole,
    Solenoid,
)
from fieldwright.rings.lattice._lattice import Lattice, rest_energy
from fieldwright.rings.lattice._machines import machine, with_errors
from fieldwright.rings.lattice._magnets import MagnetStrengths, magnet_strengths
from fieldwright.rings.lattice._radiation import classical_radius
from fieldwright.rings.lattice._solenoid_field import (
    SolenoidField,
    axis_field,
    section_forces,
    solenoid_field,
    solenoid_from_coils,
)
from fieldwright.rings.lattice._survey import Survey, survey
from fieldwright.rings.lattice._vepp2000_solenoid import vepp2000_solenoid
from fieldwright.rings.linear_optics._chromaticity import Chromaticity, chromaticity
from fieldwright.rings.linear_optics._edwards_teng import EdwardsTeng, edwards_teng
from fieldwright.rings.linear_optics._modes import NormalModes, normal_modes
from fieldwright.rings.linear_optics._optics import Optics, optics
from fieldwright.rings.linear_optics._orbit import (
    TransferMatrices,
    closed_orbit,
    one_turn_matrix,
    transfer_matrices,
)
from fieldwright.rings.tracking._dynamic_aperture import DynamicAperture, dynamic_aperture
from fieldwright.rings.tracking._track import Tracked, track

__all__ = [
    "LENS_FAILURES",
    "BeamSpot",
    "Bend",
    "BetatronEquations",
    "Bunch",
    "Chromaticity",
    "CollidingBeams",
    "Drift",
    "DynamicAperture",
    "DynamicBeta",
    "EdwardsTeng",
    "Element",
    "Equilibrium",
    "Kicker",
    "Lattice",
    "LensBeam",
    "LensModes",
    "LensRing",
    "Luminosity",
    "MagnetStrengths",
    "Marker",
    "Matched",
    "Monitor",
    "Multipole",
    "NormalModes",
    "Octupole",
    "Optics",
    "Quadrupole",
    "RFCavity",
    "RadiationIntegrals",
    "Sextupole",
    "Solenoid",
    "SolenoidField",
    "Survey",
    "Target",
    "Tracked",
    "TransferMatrices",
    "TransverseEquilibrium",
    "Vary",
    "axis_field",
    "beam_beam_lens",
    "beam_beam_parameter",
    "beam_spot",
    "beams_in_collision",
    "betatron_equations",
    "chromaticity",
    "classical_radius",
    "closed_orbit",
    "dynamic_aperture",
    "dynamic_beta",
    "edwards_teng",
    "equilibria",
    "equilibrium",
    "far_from_resonance",
    "import_at",
    "import_elegant",
    "import_madx",
    "import_xsuite",
    "lens_beam",
    "lens_eigenvectors",
    "lens_matrix",
    "lens_modes",
    "luminosity",
    "machine",
    "magnet_strengths",
    "match",
    "noise_covariance",
    "noise_filter",
    "normal_modes",
    "one_turn_matrix",
    "optics",
    "radiation_integrals",
    "read_pals",
    "rest_energy",
    "section_forces",
    "self_consistent_xi",
    "solenoid_field",
    "solenoid_from_coils",
    "survey",
    "track",
    "transfer_matrices",
    "transverse_equilibrium",
    "vepp2000",
    "vepp2000_solenoid",
    "with_errors",
    "write_pals",
]
