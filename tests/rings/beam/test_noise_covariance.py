"""Formula (10) on matrices: against SciPy, against random walks, at degeneracy; and its spot."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.linalg import block_diag, expm, solve_discrete_lyapunov

from fieldwright.errors import InputError
from fieldwright.rings import beam_spot, far_from_resonance, noise_covariance, noise_filter

spot_of = jax.jit(beam_spot)
both = jax.jit(lambda m, r: (noise_covariance(m, r), far_from_resonance(m, r)))


def turn(mu: float) -> np.ndarray:
    return np.array([[np.cos(mu), np.sin(mu)], [-np.sin(mu), np.cos(mu)]])


def coupled(mu_1: float, mu_2: float, damping: float) -> np.ndarray:
    """A damped symplectic motion of two modes, both in both planes."""
    draw = np.random.default_rng(1)
    form = draw.normal(size=(4, 4))
    unit = np.kron(np.eye(2), [[0.0, 1.0], [-1.0, 0.0]])
    basis = expm(unit @ (form + form.T) / 6)
    return basis @ block_diag(turn(mu_1), turn(mu_2)) @ np.linalg.inv(basis) * np.exp(-damping)


def some_noise() -> np.ndarray:
    root = np.random.default_rng(2).normal(size=(4, 4))
    return root @ root.T


def test_it_solves_the_equation_it_was_made_for() -> None:
    for mu_2, damping in ((2.6, 1e-5), (1.9001, 1e-4), (2 * np.pi - 1.9, 1e-3)):
        N, R = coupled(1.9, mu_2, damping), some_noise()
        found, _ = both(N, R)
        expected = solve_discrete_lyapunov(N, R, method="direct")
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_where_modes_are_degenerate_it_is_right_and_the_far_form_is_not() -> None:
    N, R = coupled(1.9, 1.9, 1e-4), some_noise()
    found, far = both(N, R)
    expected = solve_discrete_lyapunov(N, R, method="direct")
    size = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * size)
    assert np.abs(far - expected).max() > 0.05 * size


def test_far_from_resonances_the_error_is_the_damping_over_the_distance() -> None:
    R = some_noise()
    for damping in (1e-3, 1e-4):
        N = coupled(1.9, 1.1, damping)
        found, far = both(N, R)
        assert np.abs(far - found).max() < 5 * damping * np.abs(found).max()
        assert np.abs(far - found).max() > 0.01 * damping * np.abs(found).max()


def test_random_kicks_reach_it() -> None:
    N, R = coupled(1.9, 1.95, 0.02), some_noise()
    draw = np.random.default_rng(7)
    many, turns = 20_000, 300
    y = np.zeros((4, many))
    root = np.linalg.cholesky(R)
    for _ in range(turns):
        y = N @ y + root @ draw.normal(size=(4, many))
    expected = np.asarray(both(N, R)[0])
    error = np.sqrt((expected**2 + np.outer(np.diag(expected), np.diag(expected))) / many)
    assert np.all(np.abs(y @ y.T / many - expected) < 4.5 * error)
    left = np.exp(-0.02 * 2 * turns)
    assert left < 1e-5


def test_derivatives_hold_where_eigenvalues_meet() -> None:
    R = jnp.asarray(some_noise())

    def size(mu: jax.Array) -> jax.Array:
        c, s = jnp.cos(mu), jnp.sin(mu)
        plane = jnp.stack([jnp.stack([c, s]), jnp.stack([-s, c])])
        still = jnp.asarray(turn(1.9))
        none = jnp.zeros((2, 2))
        motion = jnp.block([[plane, none], [none, still]]) * jnp.exp(-1e-2)
        return noise_covariance(motion, R)[0, 2]

    slope, curve = jax.jit(jax.grad(size)), jax.jit(jax.grad(jax.grad(size)))
    step = 1e-4
    for mu in (1.9, 1.91):
        difference = (size(mu + step) - size(mu - step)) / (2 * step)
        assert float(slope(mu)) == pytest.approx(float(difference), rel=1e-3)
        bent = (slope(mu + step) - slope(mu - step)) / (2 * step)
        assert float(curve(mu)) == pytest.approx(float(bent), rel=1e-3)


def test_the_filter_shows_what_resonates() -> None:
    values, gain = noise_filter(coupled(1.9, 1.9001, 1e-3))
    gain = np.asarray(gain)
    opposite = np.sign(values.imag)[:, None] != np.sign(values.imag)
    assert np.all(gain[opposite] > 400) and np.all(gain[~opposite] < 2)


def test_what_cannot_settle_is_nan_and_what_cannot_be_is_refused() -> None:
    assert np.all(np.isnan(noise_covariance(np.eye(4) * 1.01, np.eye(4))))
    with pytest.raises(InputError, match=r"matrix must have the shape \(3, 3\)"):
        noise_covariance(np.ones((4, 3)), np.eye(4))


def test_spot_is_equations_7_and_8() -> None:
    y = np.array([[4e-8, 1e-8], [1e-8, 1e-8]])
    eta, p2 = np.array([0.5, -0.2]), 3e-7
    spot = spot_of(y, eta, p2)
    m = 0.5 * np.linalg.inv(y)
    alpha2 = 1 / (2 * p2)
    mu = m - np.outer(m @ eta, m @ eta) / (alpha2 + eta @ m @ eta)  # equation (8)
    np.testing.assert_allclose(spot.mu, mu, rtol=1e-12)
    # the appendix
    theta = 0.5 * np.arctan(2 * mu[0, 1] / (mu[0, 0] - mu[1, 1]))
    np.testing.assert_allclose(spot.angle, theta, rtol=1e-12)
    middle, rest = (mu[0, 0] + mu[1, 1]) / 2, mu[0, 1] / np.sin(2 * theta)
    axes = np.array([middle + rest, middle - rest])
    np.testing.assert_allclose(spot.size, 1 / np.sqrt(2 * axes), rtol=1e-12)
    np.testing.assert_allclose(spot.inverse_area, np.sqrt(axes.prod()) / (2 * np.pi), rtol=1e-12)
    # the density with det mu, not det m, is normalised, and its square integrates to 1/S

    def density(v: float, u: float) -> float:
        x = np.array([u, v]) * scale
        return float(spot.peak * scale**2 * np.exp(-x @ mu @ x))

    scale = float(spot.size.max())
    whole = dblquad(density, -9, 9, -9, 9, epsabs=1e-9)[0]
    assert whole == pytest.approx(1.0, abs=1e-7)
    printed = np.sqrt(np.linalg.det(m) / np.linalg.det(mu))
    assert printed == pytest.approx(np.sqrt(1 + eta @ m @ eta / alpha2), rel=1e-12)


def test_round_and_flat_spots() -> None:
    round_ = spot_of(1e-8 * np.eye(2))
    np.testing.assert_allclose(round_.size, 1e-4, rtol=1e-14)
    assert float(round_.angle) == 0.0
    flat = spot_of(np.array([[1e-8, 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose(flat.size, [1e-4, 0.0])
    assert np.isinf(flat.inverse_area)
    upright = spot_of(np.array([[1e-8, 1e-9], [1e-9, 4e-8]]))
    assert upright.size[1] > upright.size[0] and abs(upright.angle) < np.pi / 4
    slope = jax.grad(lambda c: spot_of(c).size.sum())(jnp.eye(2) * 1e-8)
    assert np.all(np.isfinite(slope))
