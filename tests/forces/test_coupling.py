"""Net moments, and force and torque in an outside field against finite sources of that field."""

import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.forces import external_coupling, wrench
from fieldwright.sources import Assembly, Coil, Cuboid, CylinderMagnet, Dipole, Loop, Polyline

# A coil of two metres: across a magnet its field is that of a gradient to 1e-5.
FAR = Coil(inner_radius=1.0, outer_radius=1.1, length=0.1, turns=100)


def _field_and_gradient(where):
    import jax

    return np.array(FAR.B(where)), np.array(jax.jacfwd(FAR.B)(np.asarray(where)))


@pytest.mark.parametrize("rotation", [[0.0, 0.0, 0.0], [0.3, -0.8, 0.2]])
def test_against_the_wrench_of_a_distant_coil(rotation):
    where = np.array([0.2, 0.1, 0.4])
    body = Assembly(
        [
            CylinderMagnet(radius=2e-3, length=3e-3, magnetization=9e5, position=[1e-3, 0, -2e-3]),
            Cuboid([2e-3, 1e-3, 1e-3], [0, -4e5, 2e5], position=[0, 3e-3, 0], rotation=[0.5, 0, 0]),
            Dipole([1e-2, 0, 0], position=[0, 0, 4e-3]),
            Coil(2e-3, 3e-3, 1e-3, 10, current=2.0, position=[0, -3e-3, 0]),
            Loop(2e-3, current=5.0, rotation=[1.0, 0, 0]),
        ],
        position=where,
        rotation=rotation,
    )
    field, gradient = _field_and_gradient(where)
    # Taylor's remainder of the coil's field is not free of rounding: symmetrize what is symmetric.
    gradient = (gradient + gradient.T) / 2
    gradient -= np.eye(3) * np.trace(gradient) / 3
    coupling, exact = external_coupling(body), wrench(FAR, body)
    np.testing.assert_allclose(coupling.force(gradient), exact.force, rtol=2e-2, atol=1e-9)
    scale = np.abs(exact.torque).max()
    np.testing.assert_allclose(coupling.torque(field, gradient), exact.torque, atol=3e-5 * scale)
    # The gradient's part of the torque matters: without it, it is a hundred times further off.
    assert np.abs(coupling.torque(field) - exact.torque).max() > 1e-3 * scale


def test_an_opposed_pair_feels_no_force_but_a_torque():
    def one(M, z):
        return CylinderMagnet(radius=5e-3, length=1e-2, magnetization=M, position=[0, 0, z])

    pair = external_coupling(Assembly([one(8.78e5, 0.0), one(-8.78e5, 65.2e-3)]))
    assert np.abs(pair.moment).max() == 0
    shear = np.array([[0, 0, 1e-6], [0, 0, 0], [1e-6, 0, 0]])
    np.testing.assert_array_equal(pair.force(shear), 0)
    # Two dipoles m at +-d/2 of opposite sign in dBx/dz: m d G each from force and turning.
    m = 8.78e5 * np.pi * 25e-6 * 1e-2
    expected = -2 * m * 65.2e-3 * 1e-6
    np.testing.assert_allclose(pair.torque([0, 0, 0], shear), [0, expected, 0], atol=1e-20)


def test_moments():
    ring = CylinderMagnet(radius=5e-3, length=2e-3, magnetization=1e6, inner_radius=3e-3)
    assert ring.moment[2] == pytest.approx(1e6 * np.pi * 16e-6 * 2e-3, rel=1e-14)
    solid = CylinderMagnet(radius=3e-3, length=3e-3, remanence=1.1, rotation=[np.pi / 2, 0, 0])
    m = external_coupling(solid).moment
    np.testing.assert_allclose(m, [0, -1.1 / 1.25663706127e-6 * np.pi * 27e-9, 0], atol=1e-17)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.force(np.diag([1.0, 1, 1])), "divergence of 3 T/m"),
        (lambda c: c.force([[0, 1, 0], [0, 0, 0], [0, 0, 0.0]]), "not symmetric"),
        (lambda c: c.torque([0, 0]), r"shape \(3\)"),
        (lambda c: external_coupling(Polyline([[0, 0, 0], [1, 0, 0]])), "is not known"),
    ],
)
def test_what_is_no_outside_field(call, message):
    with pytest.raises(InputError, match=message):
        call(external_coupling(Dipole([0, 0, 1])))
