"""Section 5 in closed form: against numeric eigenvalues and the rates of two coupled modes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.rings import (
    LENS_FAILURES,
    LensRing,
    lens_beam,
    lens_eigenvectors,
    lens_matrix,
    lens_modes,
)

FUNCTIONS = {"beta_x": 6.0, "beta_y": 9.0, "alpha_x": 0.7, "alpha_y": -1.3}
modes = jax.jit(lens_modes)
beam = jax.jit(lens_beam)


def random_rings(count: int, **more: object) -> LensRing:
    draw = np.random.default_rng(4)
    mu_x, mu_y = draw.uniform(0.05, 2 * np.pi - 0.05, (2, count))
    return LensRing(mu_x, mu_y, draw.uniform(0.0, 0.3, count), **FUNCTIONS, **more)


def test_growth_phases_and_conditions_are_those_of_the_numeric_eigenvalues() -> None:
    ring = random_rings(3000)
    found = modes(ring)
    values = np.linalg.eigvals(lens_matrix(ring))
    growth = np.log(np.abs(values)).max(-1)
    # eigenvalues near each other are good to the root of rounding
    np.testing.assert_allclose(found.growth, growth, atol=1e-6)
    stable = np.asarray(found.stable)
    assert np.all(growth[stable] < 1e-6) and np.all(growth[~stable] > 1e-6)
    assert 500 < stable.sum() < 2500
    phases = np.sort(np.asarray(found.phase)[stable], axis=-1)
    expected = np.sort(np.abs(np.angle(values[stable])), axis=-1)[:, ::2]
    np.testing.assert_allclose(np.cos(phases), np.cos(expected), atol=1e-10)
    assert set(np.asarray(found.fails)) == set(range(len(LENS_FAILURES)))


def test_only_one_condition_can_fail_and_the_limit_is_where_it_does() -> None:
    ring = random_rings(3000)
    limit, fails = modes(ring).limit, modes(ring).fails
    product = np.sin(ring.mu_x) * np.sin(ring.mu_y)
    assert np.all(product[fails == 1] < 0)
    assert np.all(product[fails >= 2] > 0)
    for factor in (1 - 1e-9, 1 + 1e-9):
        edge = LensRing(ring.mu_x, ring.mu_y, factor * limit, **FUNCTIONS)
        assert np.all(np.asarray(modes(edge).stable) == (factor < 1))


def test_closed_form_eigenvectors_diagonalise() -> None:
    ring = random_rings(500)
    ring = jax.tree.map(lambda v: v[modes(ring).stable] if np.ndim(v) else v, ring)
    values, U = lens_eigenvectors(ring)
    N = lens_matrix(ring)
    np.testing.assert_allclose(U @ N, values[..., None] * U, atol=1e-8 * np.abs(U).max())
    product = U @ N @ np.linalg.inv(U)
    np.testing.assert_allclose(product, values[..., None] * np.eye(4), atol=1e-7)


def test_damping_is_real_to_first_order_and_right() -> None:
    size = 1e-6
    ring = random_rings(400, decrement_x=3 * size, decrement_y=size)
    found = modes(ring)
    good = np.asarray(found.stable & (found.discriminant > 1e-3))
    good = good & np.all(np.abs(np.sin(found.phase)) > 0.05, axis=-1)
    values = np.linalg.eigvals(lens_matrix(ring))[good]
    for side in range(2):
        for sign in (1, -1):
            guess = np.exp(sign * 1j * found.phase[good, side] - found.decrement[good, side])
            nearest = np.abs(values - guess[:, None]).min(-1)
            # what is left is of second order: the frequency does not shift in first
            assert nearest.max() < 60 * size**2
    np.testing.assert_allclose(found.decrement.sum(-1), 4 * size, rtol=1e-12)


def test_unequal_damping_lowers_the_limit_of_a_sum_resonance() -> None:
    """To the ratio of the decrements' geometric and arithmetic means, however small they are."""
    one, other = 3e-5, 1e-5
    damped = {**FUNCTIONS, "decrement_x": one, "decrement_y": other}
    limit = modes(LensRing(2.0, 4.2, 0.0, **FUNCTIONS)).limit
    lower = limit * 2 * np.sqrt(one * other) / (one + other)
    found = modes(LensRing(2.0, 4.2, lower * np.array([1 - 1e-3, 1 + 1e-3]), **damped))
    assert np.all(found.stable)
    ring = LensRing(2.0, 4.2, lower * np.array([1 - 1e-3, 1 + 1e-3]), **damped)
    growth = np.log(np.abs(np.linalg.eigvals(lens_matrix(ring))).max(-1))
    np.testing.assert_allclose(growth, -found.decrement.min(-1), rtol=1e-2)
    assert growth[0] < 0 < growth[1]
    equal = LensRing(2.0, 4.2, limit * (1 - 1e-6), **FUNCTIONS, decrement_x=1e-5, decrement_y=1e-5)
    assert np.abs(np.linalg.eigvals(lens_matrix(equal))).max() < 1


def test_without_the_lens_each_plane_keeps_its_emittance() -> None:
    ring = LensRing(1.9, 1.2, 0.0, **FUNCTIONS, decrement_x=1e-4, decrement_y=2e-4)
    found = beam(ring, 1e-7, 2e-8)
    np.testing.assert_allclose(found.emittance, [1e-7, 2e-8], rtol=1e-10)
    np.testing.assert_allclose(found.size**2, [6e-7, 18e-8], rtol=1e-10)
    assert float(found.far_error) < 1e-3


def test_through_the_difference_resonance() -> None:
    """Two modes that exchange their actions at the rate kappa, each damped: the width of the
    resonance is kappa and twice the damping, in squares."""
    kappa, one, other = 2e-4, 1e-4, 2e-4
    split = np.linspace(-2e-3, 2e-3, 81)
    m = kappa / np.sqrt(54.0)
    ring = LensRing(1.9 + split, 1.9, m, **FUNCTIONS, decrement_x=one, decrement_y=other)
    found = beam(ring, 1e-7, 1e-9)
    rate = kappa**2 / 2 * (one + other) / ((one + other) ** 2 + split**2)
    matrix = np.array([[2 * one + rate, -rate], [-rate, 2 * other + rate]]).transpose(2, 0, 1)
    source = np.array([2 * one * 1e-7, 2 * other * 1e-9])
    expected = np.linalg.solve(matrix, np.broadcast_to(source[:, None], (81, 2, 1)))[..., 0]
    np.testing.assert_allclose(found.emittance, expected, rtol=3e-3)
    # on resonance the form for far from it shares alike, whatever the strength
    far = np.asarray(found.far)[40]
    emittances = [np.sqrt(np.linalg.det(far[k : k + 2, k : k + 2])) for k in (0, 2)]
    assert emittances[0] / emittances[1] == pytest.approx(1.0, rel=1e-3)
    assert found.emittance[40, 0] / found.emittance[40, 1] > 1.5
    assert found.far_error[40] > 0.2 and found.far_error[0] < 0.05


def test_derivatives_are_finite_and_right() -> None:
    def vertical(mu_y: jax.Array, m: jax.Array) -> jax.Array:
        ring = LensRing(1.9, mu_y, m, **FUNCTIONS, decrement_x=1e-3, decrement_y=1e-3)
        return jnp.log(lens_beam(ring, 1e-7).size[1])

    slope = jax.jit(jax.grad(vertical, argnums=(0, 1)))
    point = (jnp.array(1.88), jnp.array(3e-3))
    for index, step in enumerate((1e-5, 1e-6)):
        moved = [list(point), list(point)]
        moved[0][index] = moved[0][index] + step
        moved[1][index] = moved[1][index] - step
        difference = (vertical(*moved[0]) - vertical(*moved[1])) / (2 * step)
        assert slope(*point)[index] == pytest.approx(float(difference), rel=1e-5)
    assert np.all(np.isfinite(slope(jnp.array(1.9), jnp.array(3e-3))))


def test_bad_input_is_refused_in_the_users_words() -> None:
    with pytest.raises(InputError, match="beta_x must be above zero"):
        LensRing(1.9, 1.2, 0.1, beta_x=-1.0)
    with pytest.raises(InputError, match="mu_y must be finite"):
        LensRing(1.9, np.nan, 0.1)
    with pytest.raises(InputError, match="decrement_x must be above zero for a beam"):
        lens_beam(LensRing(1.9, 1.2, 0.1), 1e-7)
