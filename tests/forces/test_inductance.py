"""Inductances against another method, thin limits, reciprocity and gradients."""

import jax
import numpy as np
import pytest
from scipy.special import ellipe, ellipk
from tests.forces.reference import TO_CODATA, coil, number, table

from fieldwright.constants import MU_0
from fieldwright.errors import InputError
from fieldwright.forces import mutual_inductance, self_inductance, wrench
from fieldwright.sources import Coil, CylinderMagnet, Loop, Polyline

TABLE = table("inductance")


@pytest.mark.parametrize("case", TABLE["self"], ids=lambda case: case["name"])
def test_self_inductance(case):
    assert self_inductance(coil(case["coil"])) / TO_CODATA == pytest.approx(
        number(case["L"]), rel=1e-11
    )


@pytest.mark.parametrize("case", TABLE["coaxial"], ids=lambda case: case["name"])
def test_coaxial_coils(case):
    a, b = coil(case["a"]), coil(case["b"], position=[0, 0, case["distance"]])
    assert mutual_inductance(a, b) / TO_CODATA == pytest.approx(number(case["M"]), rel=1e-12)
    assert mutual_inductance(b, a) / TO_CODATA == pytest.approx(number(case["M"]), rel=1e-12)


@pytest.mark.parametrize("case", TABLE["loops"])
def test_loops_at_any_pose(case):
    a = Loop(case["a_radius"])
    b = Loop(case["b_radius"], position=case["position"], rotation=case["rotation"])
    assert mutual_inductance(a, b) / TO_CODATA == pytest.approx(number(case["M"]), rel=1e-12)


@pytest.mark.parametrize("case", TABLE["coils"])
def test_coils_at_any_pose(case):
    a, b = coil(case["a"]), coil(case["b"], position=case["position"], rotation=case["rotation"])
    there = mutual_inductance(a, b)
    assert there / TO_CODATA == pytest.approx(number(case["M"]), rel=1e-11)
    assert mutual_inductance(b, a) == pytest.approx(float(there), rel=1e-11)


def test_maxwells_formula():
    a, b, z = 10e-3, 7e-3, 4e-3
    m = 4 * a * b / ((a + b) ** 2 + z**2)
    k = np.sqrt(m)
    expected = MU_0 * np.sqrt(a * b) * ((2 / k - k) * ellipk(m) - 2 / k * ellipe(m))
    assert mutual_inductance(Loop(a), Loop(b, position=[0, 0, z])) == pytest.approx(
        expected, rel=1e-13
    )


def test_currents_do_not_count_and_directions_do():
    a, b = Coil(5e-3, 6e-3, 4e-3, 10, current=7.0), Loop(9e-3, current=3.0)
    plain = mutual_inductance(Coil(5e-3, 6e-3, 4e-3, 10), Loop(9e-3))
    assert mutual_inductance(a, b) == pytest.approx(float(plain), rel=1e-14)
    turned = Loop(9e-3, rotation=[np.pi, 0, 0])
    assert mutual_inductance(a, turned) == pytest.approx(-float(plain), rel=1e-12)


def test_a_closed_polygon_encloses_the_flux():
    turn = np.linspace(0, 2 * np.pi, 1441)
    ring = np.stack([9e-3 * np.cos(turn), 9e-3 * np.sin(turn), 0 * turn], axis=1)
    a = Coil(3e-3, 4e-3, 4e-3, 10)
    assert mutual_inductance(a, Polyline(ring)) == pytest.approx(
        float(mutual_inductance(a, Loop(9e-3))), rel=1e-5
    )


def test_force_is_the_gradient_of_the_inductance():
    first = Coil(9e-3, 12e-3, 8e-3, 100)

    def mutual(z):
        where = z * np.array([0.0, 0.0, 1.0])
        return mutual_inductance(first, Coil(3e-3, 4e-3, 5e-3, 30, position=where))

    z = np.float64(6e-3)
    force = wrench(first, Coil(3e-3, 4e-3, 5e-3, 30, current=2.0, position=[0, 0, z])).force[2]
    h = 2e-4
    slope = (
        45 * (mutual(z + h) - mutual(z - h))
        - 9 * (mutual(z + 2 * h) - mutual(z - 2 * h))
        + (mutual(z + 3 * h) - mutual(z - 3 * h))
    ) / (60 * h)
    assert force == pytest.approx(2 * float(slope), rel=1e-8)


def test_long_solenoid_and_gradient():
    # Nagaoka: L -> mu0 N^2 pi a^2 / l (1 - 8 a / (3 pi l)) for a thin, long one.
    a, length = 10e-3, 1.0
    thin = Coil(a - 1e-6, a + 1e-6, length, 1000)
    expected = MU_0 * 1000**2 * np.pi * a**2 / length * (1 - 8 * a / (3 * np.pi * length))
    assert self_inductance(thin) == pytest.approx(expected, rel=1e-4)

    def inductance(outer):
        return self_inductance(Coil(9e-3, outer, 8e-3, 600.0))

    h = 1e-4
    slope = (inductance(18.72e-3 + h) - inductance(18.72e-3 - h)) / (2 * h)
    assert jax.grad(inductance)(18.72e-3) == pytest.approx(float(slope), rel=1e-5)


def test_coupled_energy_is_positive():
    a, b = Coil(9e-3, 12e-3, 8e-3, 100), Coil(5e-3, 8.9e-3, 8e-3, 500)
    k = mutual_inductance(a, b) / np.sqrt(self_inductance(a) * self_inductance(b))
    assert 0 < k < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: self_inductance(Loop(1e-2)), "a wire of no thickness"),
        (lambda: mutual_inductance(CylinderMagnet(1e-3, 1e-3, 1e6), Loop(1e-2)), "first must be"),
        (lambda: mutual_inductance(Loop(1e-2), Polyline([[0, 0, 0], [1, 0, 0]])), "open by 1 m"),
    ],
)
def test_what_has_no_inductance(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("distance", [1.0, 10.0, 1000.0])
def test_far_coils_are_dipoles(distance):
    a = Coil(9e-3, 18.72e-3, 8e-3, 600)
    b = Coil(9e-3, 18.72e-3, 8e-3, 600, position=[0, 0, distance])
    expected = MU_0 / (2 * np.pi) * float(a.moment[2]) ** 2 / distance**3
    assert mutual_inductance(a, b) == pytest.approx(expected, rel=2 * (3e-2 / distance) ** 2)


def test_the_two_ways_meet():
    # Just on either side of where coaxial coils are taken loop by loop.
    a = Coil(9e-3, 18.72e-3, 8e-3, 600)
    values = [
        float(mutual_inductance(a, Coil(9e-3, 18.72e-3, 8e-3, 600, position=[0, 0, z]))) * z**3
        for z in (0.45, 0.4544, 0.4545, 0.46)
    ]
    assert values[1] == pytest.approx(values[2], rel=1e-6)
    slopes = np.diff(values) / np.diff([0.45, 0.4544, 0.4545, 0.46])
    np.testing.assert_allclose(slopes, slopes[0], rtol=0.1)
