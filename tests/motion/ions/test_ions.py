from __future__ import annotations

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.constants
import scipy.stats

from fieldwright.constants import ATOMIC_MASS, BOLTZMANN, ELEMENTARY_CHARGE
from fieldwright.errors import InputError
from fieldwright.motion import (
    SPECIES,
    Ions,
    Species,
    find_species,
    normal_cloud,
    paper_cloud,
    require_apart,
    uniform_cloud,
)

PLACES = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])


def test_numbers_for_all_are_spread_over_the_ions() -> None:
    ions = Ions(2.0, -1, PLACES, [0, 0, 1])
    assert ions.mass.tolist() == [2.0, 2.0, 2.0]
    assert ions.charge.tolist() == [-1.0, -1.0, -1.0]
    assert ions.velocity.tolist() == [[0.0, 0.0, 1.0]] * 3
    assert all(part.dtype == np.float64 for part in jax.tree.leaves(ions))


@pytest.mark.parametrize(
    ("which", "rows"),
    [
        (1, [1]),
        (-1, [2]),
        (slice(0, 2), [0, 1]),
        ([2, 0], [2, 0]),
        (np.array([True, False, True]), [0, 2]),
        (jnp.array([False, True, False]), [1]),
        ([True, False, False], [0]),
        ([], []),
    ],
)
def test_picking(which: object, rows: list[int]) -> None:
    ions = Ions([1.0, 2.0, 3.0], [0.1, 0.2, 0.3], PLACES, -PLACES)[which]
    assert len(ions) == len(rows)
    assert np.array_equal(ions.position, PLACES[rows])
    assert np.array_equal(ions.velocity, -PLACES[rows])
    assert np.array_equal(ions.mass, np.array([1.0, 2.0, 3.0])[rows])


def test_a_mixture() -> None:
    both = Ions.of("9Be+", PLACES[:2], PLACES[:2]) + Ions.of("e-", PLACES[2:], [0.0, 0.0, 1.0])
    assert len(both) == 3
    assert both.charge[2] == -both.charge[0] == -ELEMENTARY_CHARGE
    assert np.array_equal(both.position, PLACES)
    assert both.velocity[2].tolist() == [0.0, 0.0, 1.0]


def test_ions_pass_through_jit_and_grad() -> None:
    def energy(mass: jax.Array) -> jax.Array:
        ions = Ions(mass, 1.0, PLACES, PLACES)
        return jnp.sum(ions.mass * jnp.sum(ions.velocity**2, axis=1))

    assert jax.jit(jax.grad(energy))(jnp.array(1.0)) == np.sum(PLACES**2)
    batch = jax.vmap(lambda x: Ions(1.0, 1.0, x, x).position)(jnp.ones((4, 2, 3)))
    assert batch.shape == (4, 2, 3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Ions(1.0, 1.0, [1.0, 2.0, 3.0], PLACES), r"position must have the shape \(n, 3\)"),
        (lambda: Ions(1.0, 1.0, PLACES, PLACES[:2]), r"velocity must have the shape \(3, 3\)"),
        (lambda: Ions([1.0, 1.0], 1.0, PLACES, PLACES), r"mass must have the shape \(3\)"),
        (lambda: Ions([1.0, -2.0, 1.0], 1.0, PLACES, PLACES), "the mass of ion 1 is -2 kg"),
        (lambda: Ions(0.0, 1.0, PLACES, PLACES), "the mass of ion 0 is 0 kg"),
        (lambda: Ions(1.0, [1.0, 1.0, np.nan], PLACES, PLACES), "charge of ion 2 is not finite"),
        (
            lambda: Ions(1.0, 1.0, np.where(PLACES == 5.0, np.inf, PLACES), PLACES),
            r"position of ion 1 is not finite: \[ 4. inf  6.\]",
        ),
        (lambda: Ions(1.0, 1.0, PLACES.astype("float32"), PLACES), "position is float32"),
        (lambda: Ions(1.0, 1.0, [[1.0, 2.0], [3.0]], PLACES), "position is not an array"),
        (lambda: Ions(1.0, "e", PLACES, PLACES), "charge must be a real number"),
        (lambda: Ions.of("Ca40+", PLACES, PLACES), r"no species 'Ca40\+' is known; did you mean"),
        (lambda: find_species(3), "no species 3 is known. Known are e-"),
        (lambda: Species("x", -1.0, 0.0), "mass must be above zero"),
        (lambda: normal_cloud(0, "p", 1.0, temperature=1.0), "n must be a whole number above zero"),
        (lambda: normal_cloud(1, "p", -1.0, temperature=1.0), "position_spread must not be below"),
        (lambda: normal_cloud(1, "p", 1.0), "give either velocity_spread"),
        (lambda: paper_cloud(ensemble="randu"), "ensemble is 'normal' or 'uniform', got 'randu'"),
    ],
)
def test_errors(make: Callable[[], object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


def test_coincident_ions_are_refused_by_number() -> None:
    rng = np.random.default_rng(2)
    place = rng.normal(size=(100_000, 3))
    require_apart(Ions(1.0, 1.0, place, place))
    place[31_415] = place[77_777]
    begun = time.perf_counter()
    with pytest.raises(InputError, match="ions 31415 and 77777 are both at"):
        require_apart(Ions(1.0, 1.0, place, place))
    assert time.perf_counter() - begun < 2  # all pairs would be 5e9
    near = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 5e-324]])
    require_apart(Ions(1.0, 1.0, near, near))
    neutral = np.zeros((2, 3))
    require_apart(Ions(1.0, [1.0, 0.0], neutral, neutral))


def test_masses_of_ions_against_codata() -> None:
    """Electron, proton, deuteron and alpha are CODATA's; bound electrons make up the rest."""
    u, electron = ATOMIC_MASS, SPECIES["e-"].mass
    assert SPECIES["p"].mass + electron == pytest.approx(1.007825031898 * u, rel=2e-8)
    assert SPECIES["antiproton"].charge == -SPECIES["p"].charge == SPECIES["e-"].charge
    deuteron, alpha = (
        scipy.constants.physical_constants[f"{name} mass in u"][0] * u
        for name in ("deuteron", "alpha particle")
    )
    assert SPECIES["D+"].mass == pytest.approx(deuteron, abs=2e-8 * u)
    assert SPECIES["4He+"].mass == pytest.approx(alpha + electron, abs=9e-8 * u)  # 79 eV are bound
    assert SPECIES["H2+"].mass == pytest.approx(2 * SPECIES["p"].mass + electron, abs=4e-8 * u)


def test_masses_lie_near_their_mass_numbers() -> None:
    for name, species in SPECIES.items():
        assert species.name == name
        if name[0].isdigit():
            number = int("".join(filter(str.isdigit, name)))
            assert species.mass / ATOMIC_MASS == pytest.approx(number, abs=0.1)


def test_a_normal_cloud_has_its_spread_and_temperature() -> None:
    cloud = normal_cloud(20_000, "24Mg+", [1e-5, 2e-5, 0.0], temperature=4.0, seed=7)
    assert np.std(cloud.position, axis=0) == pytest.approx([1e-5, 2e-5, 0.0], rel=0.02)
    width = np.sqrt(BOLTZMANN * 4.0 / SPECIES["24Mg+"].mass)
    for column in np.asarray(cloud.velocity).T:
        assert scipy.stats.kstest(column / width, "norm").pvalue > 1e-3


def test_a_uniform_cloud_fills_its_ellipsoid_evenly() -> None:
    axes = np.array([1e-4, 2e-4, 3e-4])
    cloud = uniform_cloud(20_000, "e-", axes, velocity_spread=5.0, seed=7)
    scaled = np.asarray(cloud.position) / axes
    radius = np.linalg.norm(scaled, axis=1)
    assert scipy.stats.kstest(radius**3, "uniform").pvalue > 1e-3
    assert scipy.stats.kstest(scaled[:, 2] / radius, "uniform", (-1, 2)).pvalue > 1e-3
    assert np.std(cloud.velocity) == pytest.approx(5.0, rel=0.02)


def test_seeds_make_clouds() -> None:
    assert np.array_equal(paper_cloud(seed=3).position, paper_cloud(seed=3).position)
    assert not np.array_equal(paper_cloud(seed=3).position, paper_cloud(seed=4).position)


def test_the_papers_cloud_in_both_readings() -> None:
    normal = paper_cloud(20_000)
    assert np.std(normal.position) == pytest.approx(50e-6, rel=0.02)
    assert np.std(normal.velocity) == pytest.approx(50.0, rel=0.02)
    assert normal.mass[0] == 40.077 * ATOMIC_MASS
    uniform = paper_cloud(20_000, ensemble="uniform", size=1e-3)
    for part, scale in ((uniform.position, 1e-4), (uniform.velocity, 100.0)):
        assert scipy.stats.kstest(np.ravel(part) / scale, "uniform").pvalue > 1e-3
