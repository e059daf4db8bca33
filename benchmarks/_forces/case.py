"""The task that every method is given: one coil, one magnet, the distances between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.constants import mu_0

from fieldwright.constants import MU_0
from fieldwright.sources import Coil, CylinderMagnet

#: Ours over SciPy's, which magpylib uses: with one mu0 for all, errors are the method's.
MU_0_RATIO = MU_0 / mu_0


@dataclass(frozen=True)
class Case:
    """Dimensions [m], turns and magnetization [A/m]; the paper's coil and its 3 x 3 mm magnet."""

    inner_radius: float = 9e-3
    outer_radius: float = 18.72e-3
    length: float = 8e-3
    turns: float = 600.0
    radius: float = 3e-3
    height: float = 3e-3
    magnetization: float = 8.78e5

    @property
    def coil(self) -> Coil:
        return Coil(self.inner_radius, self.outer_radius, self.length, self.turns)

    @property
    def magnet(self) -> CylinderMagnet:
        return CylinderMagnet(self.radius, self.height, self.magnetization)

    @property
    def dimensions(self) -> tuple[float, ...]:
        return (self.inner_radius, self.outer_radius, self.length, self.radius, self.height)

    def with_gap(self, gap: float) -> Case:
        """The same with a magnet that leaves `gap` [m] to the winding."""
        return replace(self, radius=self.inner_radius - gap)

    def winding(self, nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Radius [m], height [m] and turns of nodes^2 Gauss-Legendre loops, each flat."""
        x, weight = np.polynomial.legendre.leggauss(nodes)
        r = self.inner_radius + (self.outer_radius - self.inner_radius) * (1 + x) / 2
        z = self.length / 2 * x
        R, Z = np.meshgrid(r, z, indexing="ij")
        return R.ravel(), Z.ravel(), self.turns * np.outer(weight, weight).ravel() / 4


#: Issue's anchors: mpmath at 30 digits, with the mu0 = 4 pi 1e-7 that they were made with.
ANCHOR_MU_0 = 4e-7 * np.pi
ANCHOR_POSITION = 6.7188127359607e-3
ANCHOR_FORCE = 0.12879780999655
ANCHOR_RANGE = (5.1688260771666e-3, 8.5298884824347e-3)
#: Off the axis at that distance: offset of 2 mm along x, or a tilt of 5 degrees about y.
ANCHOR_WRENCHES = {
    "offset 2 mm": (
        (2e-3, 0.0),
        (-6.840383412914e-4, 0.0, -0.1335642524047),
        (0.0, 1.382453537616e-4, 0.0),
    ),
    "tilt 5 deg": (
        (0.0, np.deg2rad(5.0)),
        (5.910568074726e-3, 0.0, -0.1282418863411),
        (0.0, -1.282382353427e-4, 0.0),
    ),
}
