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
