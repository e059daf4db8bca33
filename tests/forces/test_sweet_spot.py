"""Sweet spots: the anchors, honesty of the errors, gradients, and what has none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.forces.pairs import NOMINAL, OSEM, PR, SPOTS, opposed, spots
from tests.forces.reference import TO_CODATA, coil, magnet, number, table

from fieldwright.errors import ConvergenceError, InputError
from fieldwright.forces import axial_force, axial_force_derivatives, sweet_spot
from fieldwright.sources import Assembly, Coil, CylinderMagnet


def _body(case):
    single = magnet(case["magnet"])
    if not case["opposed_twin_distance"]:
        return single
    twin = {**case["magnet"], "magnetization": -case["magnet"]["magnetization"]}
    return Assembly([single, magnet(twin, position=[0, 0, case["opposed_twin_distance"]])])


@pytest.mark.parametrize("case", table("anchors")["cases"])
def test_anchors(case):
    spot = sweet_spot(coil(case["coil"]), _body(case))
    low, high = spot.range(0.95)
    assert spot.force_per_current / TO_CODATA == pytest.approx(
        number(case["force_per_current"]), rel=1e-13
    )
    assert spot.position == pytest.approx(number(case["position"]), rel=1e-13)
    assert low == pytest.approx(number(case["range_low"]), rel=1e-13)
    assert high == pytest.approx(number(case["range_high"]), rel=1e-13)
    assert spot.curvature / TO_CODATA == pytest.approx(number(case["curvature"]), rel=1e-13)
    assert abs(spot.position - number(case["position"])) < spot.position_error_estimate + 1e-17
    assert spot.error_estimate < 1e-12 * spot.force_per_current
    assert spot.curvature_error_estimate < 1e-11 * abs(spot.curvature)


def test_it_is_where_the_slope_vanishes():
    spot = sweet_spot(OSEM, PR)
    force, slope, curvature = axial_force_derivatives(OSEM, PR, spot.position)
    assert abs(slope) < 1e-12 * abs(curvature) * spot.position
    assert spot.direction * spot.force_per_current == pytest.approx(float(force), rel=1e-14)
    for z in spot.range(0.5):
        assert abs(axial_force(OSEM, PR, z)) == pytest.approx(
            float(spot.force_per_current) / 2, rel=1e-13
        )


def test_reversed_magnetization_reverses_only_the_direction():
    spot = sweet_spot(OSEM, PR)
    other = sweet_spot(OSEM, CylinderMagnet(radius=3e-3, length=3e-3, magnetization=-8.78e5))
    assert (spot.direction, other.direction) == (-1, 1)
    assert other.force_per_current == spot.force_per_current
    assert other.curvature == spot.curvature < 0


def test_a_point_dipole_in_a_loop_has_it_at_half_a_radius():
    # F = m dB/dz of a loop is largest where 4 z^2 = a^2, not "one radius from the centre".
    thin = Coil(inner_radius=10e-3, outer_radius=10.001e-3, length=1e-6, turns=1)
    spot = sweet_spot(thin, CylinderMagnet(radius=5e-5, length=5e-5, magnetization=1e6))
    assert spot.position == pytest.approx(10.0005e-3 / 2, rel=2e-5)


def test_opposing_poles_have_it_in_the_middle():
    pair = Assembly(
        [
            CylinderMagnet(radius=3e-3, length=5e-3, magnetization=1e6, position=[0, 0, 6e-3]),
            CylinderMagnet(radius=3e-3, length=5e-3, magnetization=-1e6, position=[0, 0, -6e-3]),
        ]
    )
    spot = sweet_spot(OSEM, pair)
    low, high = spot.range()
    assert abs(spot.position) < 1e-15
    assert high == pytest.approx(-float(low), rel=1e-12)


def test_a_coil_can_be_the_magnet():
    inner = Coil(inner_radius=4e-3, outer_radius=5e-3, length=6e-3, turns=50, current=2.0)
    spot = sweet_spot(OSEM, inner)
    forces = np.abs(axial_force(OSEM, inner, np.linspace(0, 3e-2, 301)))
    assert forces.max() <= spot.force_per_current < forces.max() * (1 + 1e-3)


def _everything(v):
    spot = sweet_spot(Coil(v[0], v[1], v[2], 600.0), CylinderMagnet(v[3], v[4], 8.78e5))
    return jnp.stack([spot.force_per_current, spot.position, spot.curvature, *spot.range(0.95)])


def test_gradients_through_the_search():
    values = np.array([9e-3, 18.72e-3, 8e-3, 3e-3, 3e-3])
    # Linearized once for both: column by column forwards, row by row backwards.
    _, forwards = jax.linearize(_everything, jnp.asarray(values))
    backwards = jax.linear_transpose(forwards, jnp.asarray(values))
    by_columns = jax.vmap(forwards, out_axes=1)(np.eye(5))
    (by_rows,) = jax.vmap(backwards)(np.eye(5))
    for index in range(5):
        h = np.zeros(5)
        h[index] = 3e-4 * values[index]

        def at(k, h=h):
            return np.asarray(_everything(values + k * h))

        slope = (45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + (at(3) - at(-3))) / (60 * h[index])
        np.testing.assert_allclose(by_columns[:, index], slope, rtol=1e-8)
        np.testing.assert_allclose(by_rows[:, index], slope, rtol=1e-8)


def test_many_designs_at_once():
    # So far apart that the smallest magnet, too, is pushed harder than the other one.
    apart = NOMINAL | {"magnet.sources.1.position.2": 4e-2}
    designs = np.tile([*apart.values()], (SPOTS, 1))
    designs[:, list(NOMINAL).index("magnet.sources.0.radius")] = np.linspace(1e-3, 6e-3, SPOTS)
    found = np.asarray(spots(designs))
    for row in np.linspace(0, SPOTS - 1, 5).astype(int):
        one = sweet_spot(*opposed(designs[row]))
        assert found[row, 1] == pytest.approx(float(one.position), rel=1e-12)
        assert found[row, 3] == pytest.approx(float(one.range(0.9)[1]), rel=1e-12)


def test_result_prints_and_exports():
    spot = sweet_spot(OSEM, PR)
    assert "force_per_current = 0.1287978" in repr(spot)
    data = spot.to_xarray()
    assert data.position.attrs["units"] == "m"
    assert float(data.force_per_current) == float(spot.force_per_current)


def test_no_force_and_bad_levels():
    cancelling = Assembly(
        [CylinderMagnet(radius=3e-3, length=3e-3, magnetization=M) for M in (1e6, -1e6)]
    )
    with pytest.raises(ConvergenceError, match="the force is zero"):
        sweet_spot(OSEM, cancelling)
    with pytest.raises(InputError, match=r"between 0 and 1, got 1\.5"):
        sweet_spot(OSEM, PR).range(1.5)


def _magnet(radius, length, M=8.78e5, **more):
    return CylinderMagnet(radius=radius, length=length, magnetization=M, **more)


@pytest.mark.parametrize(
    ("source", "body", "reach"),
    [
        (
            OSEM,
            Assembly([_magnet(3e-3, 3e-3), _magnet(3e-3, 3e-3, 9e5, position=[0, 0, -0.3])]),
            0.4,
        ),
        (OSEM, Assembly([_magnet(3e-3, 3e-3), _magnet(5e-3, 3e-3, position=[0, 0, -1.0])]), 1.1),
        (Coil(1e-3, 1.1e-3, 1.0, 1000), _magnet(5e-4, 1e-3), 0.6),
        (OSEM, _magnet(0.1, 5e-3), 0.3),
        (OSEM, _magnet(0.15, 5e-3, inner_radius=0.12), 0.3),
        (OSEM, _magnet(0.04, 5e-3, inner_radius=0.02), 0.1),
        (Coil(30e-3, 31e-3, 2e-3, 10), _magnet(29.9e-3, 1e-3), 0.1),
    ],
)
def test_it_is_the_highest_of_all(source, body, reach):
    spot = sweet_spot(source, body)
    scan = np.abs(axial_force(source, body, np.linspace(0, reach, 40001)))
    assert scan.max() <= spot.force_per_current * (1 + 1e-13)
    assert spot.force_per_current < scan.max() * 1.01


def test_a_magnet_wider_than_the_bore_would_end_in_the_winding():
    with pytest.raises(ConvergenceError, match=r"in the winding: .* touch, 5\.5 mm"):
        sweet_spot(OSEM, _magnet(12e-3, 3e-3))


def test_the_range_ends_where_the_force_first_falls_to_the_level():
    # Two maxima: a range must not jump over the valley between them.
    body = Assembly([_magnet(3e-3, 3e-3), _magnet(3e-3, 3e-3, 7e5, position=[0, 0, -0.02])])
    spot = sweet_spot(OSEM, body)
    away = np.linspace(0, 0.04, 40001)
    for side in (-1, 1):
        forces = axial_force(OSEM, body, float(spot.position) + side * away) * spot.direction
        for level in (0.99, 0.6, 0.2):
            below = np.asarray(forces) < level * float(spot.force_per_current)
            assert below.any()
            end = spot.range(level)[(side + 1) // 2]
            first = float(spot.position) + side * away[np.argmax(below)]
            assert end == pytest.approx(first, abs=1.1e-6)
