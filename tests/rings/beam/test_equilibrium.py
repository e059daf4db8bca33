"""The beam a ring holds: VEPP-2000's figures, particles that radiate by chance, and derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.errors import NoClosedOrbitError, NoRFError, UnstableLatticeError
from fieldwright.rings import (
    Equilibrium,
    Lattice,
    equilibrium,
    optics,
    radiation_integrals,
    track,
    vepp2000,
)
from fieldwright.rings.beam._equilibrium import stein

Ring = Callable[..., Lattice]


@pytest.fixture(scope="module")
def beam(small_ring: Ring) -> Equilibrium:
    return equilibrium(small_ring())


@pytest.fixture(scope="module")
def round_beam() -> Equilibrium:
    return equilibrium(vepp2000("++--"))


def test_vepp_2000_round(round_beam: Equilibrium) -> None:
    beam = round_beam
    np.testing.assert_allclose(beam.energy_loss, 63.19e3, atol=5)
    np.testing.assert_allclose(beam.decrements, [3.002e-5, 3.002e-5, 6.634e-5], atol=1e-8)
    np.testing.assert_allclose(beam.energy_spread, 7.066e-4, atol=1e-7)
    # the orbit's sawtooth parts the modes' emittances by 7e-4
    np.testing.assert_allclose(beam.emittances[:2], 2.197e-7, rtol=1e-3)
    np.testing.assert_allclose(beam.emittances[:2].mean(), 2.197e-7, rtol=5e-4)
    np.testing.assert_allclose([beam.sigma_x[0], beam.sigma_y[0]], 148.2e-6, atol=0.1e-6)
    np.testing.assert_allclose(beam.bunch_length, 39.4e-3, atol=0.1e-3)
    np.testing.assert_allclose(beam.tunes[:2], 0.1, atol=2e-5)
    np.testing.assert_array_equal(beam.at("IP1"), beam.covariance[0])


def test_vepp_2000_flat_at_45_degrees() -> None:
    beam = equilibrium(vepp2000("+-+-"))
    order = np.argsort(beam.emittances[:2])
    np.testing.assert_allclose(beam.emittances[order[1]], 4.638e-7, rtol=5e-4)
    assert beam.emittances[order[0]] < 1e-12
    np.testing.assert_allclose(np.abs(beam.tilt[0]), np.pi / 4, atol=1e-4)
    # what is beyond the printed figure is the orbit's sawtooth, squared: it goes with energy^6
    energies = np.array([1.0, 0.5, 0.25])
    beams = [equilibrium(vepp2000("+-+-").with_energy(1e9 * energy)) for energy in energies]
    sizes = np.array([beam.emittances[:2].max() for beam in beams]) / energies**2
    np.testing.assert_allclose(sizes[2], 4.6377e-7, rtol=1e-5)
    assert 3e-4 < sizes[0] / sizes[2] - 1 < 6e-4
    assert 0 < sizes[1] - sizes[2] < (sizes[0] - sizes[2]) / 40


def test_the_sum_of_decrements_is_robinsons(beam: Equilibrium, round_beam: Equilibrium) -> None:
    # 2 U0 / E for the sum of the modes' decrements of amplitude
    np.testing.assert_allclose(round_beam.decrements.sum(), 2 * round_beam.energy_loss / 1e9, 1e-4)
    # with a sizeable loss, of which the cavity's kick takes a part of its own
    np.testing.assert_allclose(beam.decrements.sum(), 2 * beam.energy_loss / 5e9, rtol=1e-2)


def test_the_covariance_is_periodic_and_positive(beam: Equilibrium) -> None:
    np.testing.assert_allclose(beam.covariance[0], beam.covariance[-1], rtol=1e-9, atol=1e-20)
    assert np.linalg.eigvalsh(beam.covariance).min() > 0
    values = np.linalg.eigvals(beam.covariance[3] @ np.kron(np.eye(3), [[0, 1], [-1, 0]]))
    # emittances are those of the covariance, wherever one looks, up to what damping adds
    found = np.sort(np.abs(values.imag))[::2]
    np.testing.assert_allclose(found, np.sort(beam.emittances), rtol=2e-2)


def test_stein_solves_its_equation() -> None:
    random = np.random.default_rng(5)
    matrix = 0.3 * random.standard_normal((6, 6))
    noise = random.standard_normal((6, 6))
    noise = noise @ noise.T
    total = sum(
        np.linalg.matrix_power(matrix, n) @ noise @ np.linalg.matrix_power(matrix, n).T
        for n in range(200)
    )
    np.testing.assert_allclose(stein(matrix, noise), total, rtol=1e-10, atol=1e-12)


def test_batches_leave_lapacks_factorisations_alone() -> None:
    """Two of them at once, of many matrices, wait for each other for ever: see
    rings/linear_optics/_linear.py."""
    ring = vepp2000("++--")

    def numbers(table: Any) -> Any:
        machine = ring.with_table(table)
        return equilibrium(machine).emittances, optics(machine).beta

    program = jax.jit(jax.vmap(numbers)).lower(np.repeat(ring.table[None], 2, 0)).as_text()
    assert "lapack" in program  # of eigenvalues, which do not
    assert not [name for name in ("getrf", "potrf", "trsm") if name in program]


def against_particles(
    beam: Equilibrium, ring: Lattice, number: int, samples: int, seed: int
) -> None:
    """Covariances of particles after they forgot their start, within four of their errors."""
    slowest = float(beam.decrements.min())
    apart = int(0.7 / slowest)
    begin = np.repeat(np.asarray(beam.orbit[:1]), number, axis=0)
    first = int(4 / slowest)
    seen = track(ring, begin, first, radiation="quantum", seed=seed).final
    found = []
    for sample in range(samples):
        seen = track(ring, seen, apart, radiation="quantum", seed=seed + 1 + sample).final
        found.append(seen)
    found = np.concatenate(found)
    assert np.isfinite(found).all()
    expected = np.asarray(beam.covariance[0])
    scale = np.sqrt(np.diagonal(expected))
    measured = np.cov(found.T) / np.outer(scale, scale)
    expected = expected / np.outer(scale, scale)
    # of normal deviates; samples a decrement's 0.7 apart share a quarter of their variance
    error = np.sqrt((1 + expected**2) / (0.6 * len(found)))
    pulls = (measured - expected) / error
    assert np.abs(pulls).max() < 4, pulls
    mean = (found.mean(0) - np.asarray(beam.orbit[0])) / scale * np.sqrt(0.4 * len(found))
    assert np.abs(mean).max() < 6, mean


def test_particles_that_radiate_by_chance_find_the_same_beam(
    beam: Equilibrium, small_ring: Ring
) -> None:
    against_particles(beam, small_ring(), number=400, samples=4, seed=10)


@pytest.mark.slow
def test_particles_in_vepp_2000() -> None:
    # Damping takes 8000 turns at 1.6 GeV. Without sextupoles tunes that go with momentum widen the
    # beam by a fifth and more: motion that is not linear any more. Nor is that of +-+- with them:
    # they part its equal tunes, and the flat beam leaves its plane.
    ring = vepp2000("++--", sextupoles=True).with_energy(1.6e9).set("RF", voltage=1.2e6)
    against_particles(equilibrium(ring), ring, number=600, samples=1, seed=20)


@pytest.mark.slow
def test_a_beam_without_coupling_has_no_height(small_ring: Ring) -> None:
    beam = equilibrium(small_ring(skew=1e-300))
    integrals = radiation_integrals(small_ring(skew=1e-300, energy=5e8, voltage=1e5))
    assert abs(beam.emittances[1]) < 1e-20
    slow = equilibrium(small_ring(skew=1e-300, energy=5e8, voltage=1e5))
    np.testing.assert_allclose(slow.emittances[0], integrals.emittances[0], rtol=1e-4)
    np.testing.assert_allclose(slow.energy_spread, integrals.energy_spread, rtol=3e-4)
    np.testing.assert_allclose(slow.decrements, integrals.decrements, rtol=1e-4)
    np.testing.assert_allclose(slow.energy_loss, integrals.energy_loss, rtol=1e-5)


def test_what_cannot_be_is_said(small_ring: Ring) -> None:
    with pytest.raises(NoRFError, match=r"lattice\.set\('RF', voltage"):
        equilibrium(small_ring(voltage=0.0))
    with pytest.raises(NoClosedOrbitError, match="raise the voltage") as caught:
        equilibrium(small_ring(voltage=1e7))
    assert caught.value.numbers["energy_loss_eV"] > 1e7
    ring = small_ring()
    for wrong, plane in ((ring.set("QD", k1=0.9), "y"), (ring.set("RF", voltage=-6e7), "z")):
        with pytest.raises(UnstableLatticeError, match="is unstable") as unstable:
            equilibrium(wrong)
        assert abs(unstable.value.numbers[f"trace_{plane}"]) > 2
    with pytest.raises(NoClosedOrbitError, match=r"is lost in \w+, which begins at") as lost:
        equilibrium(ring.set("B", k0=3.0))
    assert ring.names[int(lost.value.numbers["lost_in"])] == "B"


def central(function: Any, direction: np.ndarray, h: float) -> np.ndarray:
    """Sixth-order difference along a direction."""
    at = {n: np.asarray(function(n * h * direction)) for n in (-3, -2, -1, 1, 2, 3)}
    return (45 * (at[1] - at[-1]) - 9 * (at[2] - at[-2]) + at[3] - at[-3]) / (60 * h)


@pytest.mark.slow
def test_derivatives_of_the_equilibrium_are_those_of_differences(small_ring: Ring) -> None:
    ring = small_ring().allow("B", "k1", "dx").allow("SQ", "k1")

    @jax.jit
    def numbers(change: Any) -> Any:
        moved = ring.set("QF", k1=0.9 + change[0]).set("QD", k1=-0.5 + change[1])
        moved = moved.set("SQ", k1s=0.05 + change[2]).set("B", k1=change[3], angle=np.pi / 6)
        beam = equilibrium(moved)
        single = jnp.stack([beam.energy_loss, beam.energy_spread, beam.bunch_length])
        sizes = jnp.sqrt(jnp.diagonal(beam.covariance[5]))
        return jnp.concatenate([beam.tunes, beam.emittances, beam.decrements, single, sizes])

    direction = np.array([0.3, -0.5, 0.8, 0.05])
    value, exact = jax.jit(lambda x: jax.jvp(numbers, (x,), (direction,)))(np.zeros(4))
    numeric = central(numbers, direction, 5e-4)
    # the orbit is known to 1e-10, and so is a difference
    np.testing.assert_allclose(exact / value, numeric / value, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
def test_derivatives_of_optics_are_those_of_differences() -> None:
    ring = vepp2000("++--").set("SF", k2=20.0).allow("QF", "k1s")

    @jax.jit
    def numbers(change: Any) -> Any:
        moved = ring.set("QF", k1=14.66 + change[0], k1s=0.3 + change[1])
        moved = moved.set("S1*", ks=3.9 + change[2]).set("B", angle=np.pi / 4 + 0 * change[0])
        seen = optics(moved, delta=change[3])
        functions = [seen.tunes, seen.at("IP2").beta, seen.at("RF").dispersion, seen.at("QD").alpha]
        return jnp.concatenate(
            [*functions, seen.at("B").mode_beta.reshape(-1), seen.slip_factor[None]]
        )

    direction = np.array([0.3, 0.2, -0.1, 0.01])
    _, exact = jax.jit(lambda x: jax.jvp(numbers, (x,), (direction,)))(np.zeros(4))
    numeric = central(numbers, direction, 1e-3)
    np.testing.assert_allclose(exact, numeric, rtol=1e-6, atol=1e-8)
