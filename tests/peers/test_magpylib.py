"""Fields and forces against magpylib."""

import magpylib
import numpy as np
import pytest
import scipy.constants
from scipy.spatial.transform import Rotation

from fieldwright.constants import MU_0
from fieldwright.forces import wrench
from fieldwright.sources import Coil, Cuboid, CylinderMagnet, Dipole, Loop, Polyline

POSE = {"position": [1e-3, 2e-3, 3e-3], "rotation": [0.3, 0.4, 0.5]}
THEIR_POSE = {"position": POSE["position"], "orientation": Rotation.from_rotvec(POSE["rotation"])}
#: magpylib takes mu0 from SciPy.
TO_OURS = MU_0 / scipy.constants.mu_0
VERTICES = np.random.default_rng(2).normal(size=(7, 3)) * 1e-2

PAIRS = {
    "loop": (
        Loop(6e-3, current=2.0, **POSE),
        magpylib.current.Circle(current=2.0, diameter=12e-3, **THEIR_POSE),
    ),
    "magnet": (
        CylinderMagnet(radius=3e-3, length=4e-3, magnetization=8.78e5, **POSE),
        magpylib.magnet.Cylinder(
            magnetization=(0, 0, 8.78e5), dimension=(6e-3, 4e-3), **THEIR_POSE
        ),
    ),
    "ring": (
        CylinderMagnet(radius=3e-3, length=4e-3, magnetization=8.78e5, inner_radius=1e-3, **POSE),
        magpylib.magnet.CylinderSegment(
            magnetization=(0, 0, 8.78e5), dimension=(1e-3, 3e-3, 4e-3, 0, 360), **THEIR_POSE
        ),
    ),
    "cuboid": (
        Cuboid([3e-3, 5e-3, 7e-3], [1e5, 2e5, -3e5], **POSE),
        magpylib.magnet.Cuboid(
            magnetization=(1e5, 2e5, -3e5), dimension=(3e-3, 5e-3, 7e-3), **THEIR_POSE
        ),
    ),
    "dipole": (
        Dipole([0.1, -0.2, 0.3], **POSE),
        magpylib.misc.Dipole(moment=(0.1, -0.2, 0.3), **THEIR_POSE),
    ),
    "wire": (
        Polyline(VERTICES, current=3.0, **POSE),
        magpylib.current.Polyline(current=3.0, vertices=VERTICES, **THEIR_POSE),
    ),
}


@pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS.keys())
def test_fields(ours, theirs):
    points = np.random.default_rng(1).uniform(-1e-2, 1e-2, (300, 3))
    expected = theirs.getB(points) * TO_OURS
    error = np.linalg.norm(ours.B(points) - expected, axis=1) / np.linalg.norm(expected, axis=1)
    # Near the lines that edges lie on, magpylib's own closed forms lose digits.
    assert np.median(error) < 3e-14
    assert np.max(error) < 1e-10


def test_force_and_torque_on_a_magnet_off_axis():
    position, rotation = [2e-3, -1e-3, 6e-3], [0.1, 0.2, 0.0]
    found = wrench(
        Coil(9e-3, 18.72e-3, 8e-3, 600),
        CylinderMagnet(
            radius=3e-3, length=3e-3, magnetization=8.78e5, position=position, rotation=rotation
        ),
    )
    # The winding as loops at Gauss nodes; the magnet cut into cells by magpylib's getFT.
    nodes, weights = np.polynomial.legendre.leggauss(6)
    loops = [
        magpylib.current.Circle(
            current=600 * wr * wz / 4,
            diameter=2 * (13.86e-3 + 4.86e-3 * r),
            position=(0, 0, 4e-3 * z),
        )
        for r, wr in zip(nodes, weights, strict=True)
        for z, wz in zip(nodes, weights, strict=True)
    ]
    body = magpylib.magnet.Cylinder(
        magnetization=(0, 0, 8.78e5),
        dimension=(6e-3, 3e-3),
        position=position,
        orientation=Rotation.from_rotvec(rotation),
    )
    winding = magpylib.Collection(loops)
    force, torque = magpylib.getFT(winding, body, pivot=position, meshing=4000)
    # The mesh of 4000 cells is good to a few 1e-5.
    np.testing.assert_allclose(found.force, force * TO_OURS, atol=1e-4 * np.abs(force).max())
    np.testing.assert_allclose(found.torque, torque * TO_OURS, atol=1e-3 * np.abs(torque).max())
