"""Tolerances by gradients, against sampling."""

import numpy as np
import pytest
from tests.forces.pairs import NOMINAL, OSEM, PR, SPOTS, opposed, spots

from fieldwright.errors import InputError
from fieldwright.forces import sweet_spot, tolerance

PAIR = opposed([*NOMINAL.values()])
DEVIATIONS = {
    "coil.inner_radius": 2e-5,
    "coil.outer_radius": 4e-5,
    "coil.length": 3e-5,
    "coil.turns": 2.0,
    "magnet.sources.0.radius": 1e-5,
    "magnet.sources.0.length": 2e-5,
    "magnet.sources.0.magnetization": 4e3,
    "magnet.sources.1.magnetization": 4e3,
    "magnet.sources.1.position.2": 1e-4,
}


def _spread(**deviations):
    """Of these dimensions alone: the others are named too, as each set of names is compiled for."""
    names = {name.replace(".", "_"): name for name in NOMINAL}
    given = {names[name]: sigma for name, sigma in deviations.items()}
    return tolerance(*PAIR, dict.fromkeys(NOMINAL, 0.0) | given)


def test_against_sampling():
    spread = tolerance(*PAIR, DEVIATIONS)
    rng = np.random.default_rng(20160225)
    # Samples of just the mean and the covariance that are wanted: what sampling finds then differs
    # from the first order by what is beyond it, and not by chance.
    draws = rng.normal(size=(SPOTS, len(DEVIATIONS)))
    draws -= draws.mean(axis=0)
    draws = np.linalg.solve(np.linalg.cholesky(np.cov(draws.T, bias=True)), draws.T).T
    samples = [*NOMINAL.values()] + draws * [*DEVIATIONS.values()]
    sampled = np.std(np.asarray(spots(samples)), axis=0)[:3]
    ours = [spread.force_per_current, spread.position, spread.curvature]
    np.testing.assert_allclose(ours, sampled, rtol=1e-3)


def test_contributions_are_signed_derivatives():
    spread = _spread(
        coil_turns=6.0,
        magnet_sources_0_magnetization=8.78e3,
        magnet_sources_1_magnetization=8.78e3,
    )
    spot = sweet_spot(*PAIR)
    parts = {name: np.array(part) for name, part in spread.contributions.items()}
    first, second = (parts[f"magnet.sources.{n}.magnetization"] for n in (0, 1))
    # Each is one part in a hundred of what force and curvature are proportional to; the second of
    # the two magnets is magnetized the other way.
    for force, position, curvature in (parts["coil.turns"], first - second):
        assert force == pytest.approx(float(spot.force_per_current) / 100, rel=1e-10)
        assert curvature == pytest.approx(float(spot.curvature) / 100, rel=1e-10)
        assert abs(position) < 1e-12
    total = np.sqrt(parts["coil.turns"] ** 2 + first**2 + second**2)
    assert spread.force_per_current == pytest.approx(total[0], rel=1e-10)


def test_members_of_an_assembly():
    spread = _spread(magnet_sources_1_position_2=1e-4)

    def position(z):
        moved = NOMINAL | {"magnet.sources.1.position.2": z}
        return float(sweet_spot(*opposed([*moved.values()])).position)

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
