"""Physical constants, pinned to CODATA 2022 (https://physics.nist.gov/constants, 2024-05)."""

from __future__ import annotations

from math import pi

#: Vacuum magnetic permeability [N/A^2], CODATA 2022 (relative uncertainty 1.6e-10).
MU_0 = 1.25663706127e-6

#: The value it had by definition before 2019 [N/A^2]; the OSEM paper's and its anchors'.
MU_0_BEFORE_2019 = 4e-7 * pi

#: Speed of light in vacuum [m/s], exact.
SPEED_OF_LIGHT = 299_792_458.0

#: Elementary charge [C], exact.
ELEMENTARY_CHARGE = 1.602176634e-19

#: Boltzmann constant [J/K], exact.
BOLTZMANN = 1.380649e-23

#: Planck constant [J s], exact.
PLANCK = 6.62607015e-34

#: Coulomb constant 1/(4 pi epsilon_0) [N m^2/C^2], from MU_0 and the speed of light.
COULOMB = MU_0 * SPEED_OF_LIGHT**2 / (4 * pi)

#: Atomic mass constant [kg], CODATA 2022.
ATOMIC_MASS = 1.66053906892e-27

#: Electron mass [kg], CODATA 2022.
ELECTRON_MASS = 9.1093837139e-31

#: Proton mass [kg], CODATA 2022.
PROTON_MASS = 1.67262192595e-27

# What follows is made of the above, so that all agree with one another.

#: Reduced Planck constant [J s].
HBAR = PLANCK / (2 * pi)

#: Planck constant times the speed of light: photon energy times wavelength [eV m].
HC = PLANCK * SPEED_OF_LIGHT / ELEMENTARY_CHARGE

#: The same, reduced [eV m].
HBAR_C = HC / (2 * pi)

# What follows is made of the above, so that all agree with one another.

#: Reduced Planck constant [J s].
HBAR = PLANCK / (2 * pi)

#: Planck constant times the speed of light: photon energy times wavelength [eV m].
HC = PLANCK * SPEED_OF_LIGHT / ELEMENTARY_CHARGE

#: The same, reduced [eV m].
HBAR_C = HC / (2 * pi)

#: Fine-structure constant.
FINE_STRUCTURE = COULOMB * ELEMENTARY_CHARGE**2 / (HBAR * SPEED_OF_LIGHT)

#: Rest energy of an electron or positron [eV].
ELECTRON_REST_ENERGY = ELECTRON_MASS * SPEED_OF_LIGHT**2 / ELEMENTARY_CHARGE

#: Classical radius of the electron [m].
ELECTRON_RADIUS = COULOMB * ELEMENTARY_CHARGE**2 / (ELECTRON_MASS * SPEED_OF_LIGHT**2)

#: Bohr radius [m].
BOHR_RADIUS = ELECTRON_RADIUS / FINE_STRUCTURE**2
