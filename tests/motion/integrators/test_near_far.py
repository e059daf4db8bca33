"""Hot clouds: the near and far parts of the Coulomb field, and the integrator made of them."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.spatial import cKDTree

from fieldwright.constants import ATOMIC_MASS, COULOMB, ELEMENTARY_CHARGE
from fieldwright.errors import ConvergenceError, InputError
from fieldwright.motion import Coulomb, Dopri8, ExactFlow, Ions, coulomb_energy, simulate
from fieldwright.motion.integrators._lobatto import lobatto
from fieldwright.motion.integrators._near_choice import near_far_for
from fieldwright.motion.integrators._near_far import NearFar
from fieldwright.motion.integrators._near_pairs import find_pairs
from fieldwright.motion.integrators._problem import make_problem
from fieldwright.sources import Assembly, PenningTrap, parametric_drive

TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
MASS = 40.078 * ATOMIC_MASS


def cloud(seed: int, n: int, charge=ELEMENTARY_CHARGE, mass=MASS, size=50e-6) -> Ions:
    rng = np.random.default_rng(seed)
    return Ions(mass, charge, rng.normal(size=(n, 3)) * size, rng.normal(size=(n, 3)) * 50.0)


def mixed(n: int) -> Ions:
    """Two species, charges of both signs."""
    index = np.arange(n)
    charge = np.where(index % 2, 1, -1) * ELEMENTARY_CHARGE
    return cloud(5, n, charge, np.where(index % 3, 40, 9) * ATOMIC_MASS, 30e-6)


def energy(position, velocity) -> float:
    """Of singly charged ions in the trap [J]."""
    x, v = np.asarray(position), np.asarray(velocity)
    potential = 25e-3 / (2 * 500e-6**2) * (2 * x[:, 2] ** 2 - x[:, 0] ** 2 - x[:, 1] ** 2)
    pairs = float(coulomb_energy(x, np.full(len(x), ELEMENTARY_CHARGE)))
    return 0.5 * MASS * (v**2).sum() + ELEMENTARY_CHARGE * potential.sum() + pairs


@pytest.mark.parametrize("flows", [2, 4, 6])
def test_kicks_are_of_fourth_order(flows: int) -> None:
    scheme = lobatto(flows)

    def error(steps: int) -> float:
        x, v, h = 1.0, 0.0, 1.0 / steps
        for _ in range(steps):
            for k, (weight, shift) in enumerate(zip(scheme.kicks, scheme.shifts, strict=True)):
                x += v * h * (scheme.nodes[k] - scheme.nodes[k - 1] if k else 0.0)
                v -= weight * h * (x - shift * h * h * x)
        return abs(x - np.cos(1.0)) + abs(v + np.sin(1.0))

    assert scheme.kicks.sum() == pytest.approx(1.0, rel=1e-14)
    assert error(4) / error(8) == pytest.approx(16, rel=0.1)


@pytest.mark.parametrize("n", [37, 1100])  # in one block, in two
def test_all_pairs_on_their_way_are_found_and_no_far_ones(n: int) -> None:
    rng = np.random.default_rng(n)
    x, shift = rng.normal(size=(3, n)), 0.3 * rng.normal(size=(3, n))
    charge = np.where(np.arange(n) % 5, 1.0, 0.0)
    cutoff = 0.3 if n < 100 else 0.05
    pairs = jax.jit(find_pairs, static_argnums=6)(
        x, shift, np.zeros(n), charge, np.ones(n), cutoff, 4096
    )
    places = np.asarray(pairs.first), np.asarray(pairs.second)
    found = set(zip(*(part[: int(pairs.count)].tolist() for part in places), strict=True))
    assert len(found) == int(pairs.count) < 4096

    def met(distance: float) -> set[tuple[int, int]]:
        """By a tree, at many times on the way."""
        there = [cKDTree((x + t * shift).T).query_pairs(distance) for t in np.linspace(0, 1, 101)]
        return {(i, j) for i, j in set.union(*there) if charge[i] and charge[j]}

    assert met(0.1 * cutoff) != met(cutoff) <= found <= met(1.2 * cutoff)


def test_near_field_is_a_gradient_and_ends_smoothly() -> None:
    q, still, mass = np.array([1.0, -3.0]), np.zeros((3, 2)), np.ones(2)

    @jax.jit
    def field_of(x: jax.Array, still: jax.Array, q: jax.Array, mass: jax.Array) -> jax.Array:
        return find_pairs(x, still, still[0], q, mass, 1.0, 1).field(x)[0]

    def near(r: float) -> float:
        x = np.zeros((3, 2))
        x[2, 0] = r
        field = np.asarray(field_of(x, still, q, mass))
        assert field[2, 1] * q[1] == pytest.approx(-field[2, 0] * q[0])  # action and reaction
        return float(field[2, 0]) / (-3 * COULOMB)

    # With c the binomial coefficients of -1/2: 1/r less the sum of c_k (r^2 - 1)^k to k = 4.
    c = [1, -1 / 2, 3 / 8, -5 / 16, 35 / 128]
    for r in (0.05, 0.5, 0.9):
        far = sum(2 * k * c[k] * r * (r * r - 1) ** (k - 1) for k in range(1, 5))
        assert near(r) == pytest.approx(1 / r**2 + far, rel=1e-10)
    assert near(1.05) == 0
    assert near(0.98) / near(0.99) == pytest.approx(16, rel=0.2)  # vanishes as (1 - r)^4


def test_hot_cloud_keeps_its_energy_with_few_sums() -> None:
    ions, duration = cloud(3, 100), 50e-6
    integrator, h = near_far_for(make_problem(ions, TRAP, Coulomb(), (), False), ions)
    steps = -(-int(np.ceil(duration / h)) // 50) * 50
    found = simulate(ions, TRAP, duration, steps=steps, integrator=integrator, save=50)
    energies = np.array(
        [energy(*both) for both in zip(found.position, found.velocity, strict=True)]
    )
    assert np.abs(energies / energies[0] - 1).max() < 1e-6
    assert found.evaluations < 5000


@pytest.mark.slow
def test_agrees_with_an_adaptive_integrator_and_converges() -> None:
    ions, duration = mixed(30), 3e-6
    exact = simulate(ions, TRAP, duration, steps=1, integrator=Dopri8(1e-12, 1e-18), save=1).final

    def error(steps: int, resolution: float) -> float:
        near_far = NearFar(cutoff=20e-6, pairs=256, resolution=resolution)
        end = simulate(ions, TRAP, duration, steps=steps, integrator=near_far, save=1).final
        return float(np.abs(np.asarray(end.position - exact.position)).max())

    assert error(100, 0.2) < 1e-9
    # With near steps as long as they can be, both kinds get shorter together.
    assert error(50, 10.0) / error(200, 10.0) > 4**3.5


def test_motion_turned_around_comes_back() -> None:
    ions, duration = mixed(30), 3e-6
    near_far = NearFar(cutoff=20e-6, pairs=256)

    def go(ions: Ions, field: float) -> Ions:
        trap = PenningTrap(magnetic_field=field, voltage=25e-3, size=500e-6)
        return simulate(ions, trap, duration, steps=160, integrator=near_far, save=1).final

    there = go(ions, 1.0)
    back = go(Ions(there.mass, there.charge, there.position, -there.velocity), -1.0)
    assert np.abs(np.asarray(there.position - ions.position)).max() > 50e-6
    np.testing.assert_allclose(back.position, ions.position, rtol=0, atol=1e-8)


def test_momentum_stays_in_free_space() -> None:
    ions = mixed(30)
    free = PenningTrap(magnetic_field=1e-12, voltage=1e-12, size=1.0)
    near_far = NearFar(cutoff=20e-6, pairs=256)
    end = simulate(ions, free, 3e-6, steps=40, integrator=near_far, save=1).final
    before, after = (np.asarray(i.mass) @ np.asarray(i.velocity) for i in (ions, end))
    largest = np.abs(np.asarray(ions.mass[:, None] * ions.velocity)).max()
    assert np.abs(np.asarray(end.velocity - ions.velocity)).max() > 1.0
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-11 * largest)


@pytest.mark.slow
def test_far_charges_move_as_by_exact_flow_and_so_do_driven_ones() -> None:
    place, velocity = [[20e-6, 0, 20e-6], [25e-6, 25e-6, 0]], [[0, 25.0, 0], [0, 40.0, 5.0]]
    ions = Ions([MASS, MASS / 4], ELEMENTARY_CHARGE, place, velocity)
    driven = Assembly([TRAP, parametric_drive(TRAP, 0.1, 2 * np.pi * 60e3)])
    for source in (TRAP, driven):
        exact = simulate(ions, source, 10e-6, steps=400, integrator=ExactFlow(), save=1).final
        for cutoff in (1e-6, 1e-3):  # never near, always
            integrator = NearFar(cutoff=cutoff, pairs=1)
            end = simulate(ions, source, 10e-6, steps=400, integrator=integrator, save=1).final
            np.testing.assert_allclose(end.position, exact.position, rtol=0, atol=1e-13)


def test_too_many_close_pairs_are_not_passed_over() -> None:
    near_far = NearFar(cutoff=1e-3, pairs=256)  # and there are 435
    with pytest.raises(ConvergenceError):
        simulate(mixed(30), TRAP, 1e-6, steps=100, integrator=near_far, save=1)


def test_charges_that_fall_into_each_other_are_not_passed_over() -> None:
    ions = Ions(MASS, [ELEMENTARY_CHARGE, -ELEMENTARY_CHARGE], [[0, 0, 5e-6], [0, 0, -5e-6]],
                np.zeros((2, 3)))  # fmt: skip
    with pytest.raises(ConvergenceError):
        simulate(ions, TRAP, 5e-6, steps=50, integrator=NearFar(cutoff=20e-6, pairs=1), save=1)


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(InputError, match="cutoff must be above zero, got 0"):
        NearFar(cutoff=0.0, pairs=10)
    with pytest.raises(InputError, match="interact"):
        simulate(
            cloud(3, 4), TRAP, 1e-6, steps=20, integrator=NearFar(1e-6, 6), save=1, coulomb=False
        )
