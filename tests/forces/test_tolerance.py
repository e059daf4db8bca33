"""Tolerances by gradients, against sampling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.forces import sweet_spot, tolerance
from fieldwright.sources import Assembly, Coil, CylinderMagnet

OSEM = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
PR = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
DEVIATIONS = {
    "coil.inner_radius": 2e-5,
    "coil.outer_radius": 4e-5,
    "coil.length": 3e-5,
    "magnet.radius": 1e-5,
    "magnet.length": 2e-5,
    "magnet.magnetization": 4e3,
}


def test_against_sampling():
    spread = tolerance(OSEM, PR, DEVIATIONS)
    nominal = np.array([9e-3, 18.72e-3, 8e-3, 3e-3, 3e-3, 8.78e5])
    rng = np.random.default_rng(20160225)
    samples = nominal + rng.normal(size=(4000, 6)) * np.array(list(DEVIATIONS.values()))

    @jax.jit
    @jax.vmap
    def spot(v):
        found = sweet_spot(Coil(v[0], v[1], v[2], 600.0), CylinderMagnet(v[3], v[4], v[5]))
        return jnp.stack([found.force_per_current, found.position, found.curvature])

    sampled = np.std(np.asarray(spot(samples)), axis=0)
    ours = [spread.force_per_current, spread.position, spread.curvature]
    # A standard deviation of 4000 samples is itself known to 1 / sqrt(8000) = 1.1 %.
    np.testing.assert_allclose(ours, sampled, rtol=0.035)


def test_contributions_are_signed_derivatives():
    spread = tolerance(OSEM, PR, {"magnet.magnetization": 8.78e3, "coil.turns": 6.0})
    spot = sweet_spot(OSEM, PR)
    for force, position, curvature in spread.contributions.values():
        # Each is one part in a hundred of what force and curvature are proportional to.
        assert force == pytest.approx(float(spot.force_per_current) / 100, rel=1e-10)
        assert curvature == pytest.approx(float(spot.curvature) / 100, rel=1e-10)
        assert abs(position) < 1e-12
    assert spread.force_per_current == pytest.approx(
        float(spot.force_per_current) * 2**0.5 / 100, rel=1e-10
    )


def test_members_of_an_assembly():
    pair = Assembly([PR, CylinderMagnet(3e-3, 3e-3, -8.78e5, position=[0, 0, 2e-2])])
    spread = tolerance(OSEM, pair, {"magnet.sources.1.position.2": 1e-4})

    def position(z):
        moved = Assembly([PR, CylinderMagnet(3e-3, 3e-3, -8.78e5, position=[0, 0, z])])
        return float(sweet_spot(OSEM, moved).position)

    slope = (position(2.01e-2) - position(1.99e-2)) / 2
    assert spread.position == pytest.approx(abs(slope), rel=1e-3)


@pytest.mark.parametrize(
    ("deviations", "message"),
    [
        ({"coil.inner_raduis": 1e-5}, "did you mean 'inner_radius'"),
        ({"magnet.radius": -1e-5}, "must not be negative"),
        ({"magnet": 1e-5}, "is not one number"),
        ({"magnet.position": 1e-5}, "is not one number"),
        ({"magnet.position.2": 1e-5}, "part of the distance"),
        ({"coil.rotation.0": 1e-5}, "leaves the axis"),
        ({"magnet.inner_radius": 1e-5}, "this magnet has none"),
        ({"inner_radius": 1e-5}, "begin with 'coil.' or 'magnet.'"),
        ({}, "must be a dictionary"),
        (["coil.length"], "must be a dictionary"),
    ],
)
def test_bad_names_and_deviations(deviations, message):
    with pytest.raises(InputError, match=message):
        tolerance(OSEM, PR, deviations)
