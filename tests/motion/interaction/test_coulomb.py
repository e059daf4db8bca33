"""The Coulomb field in pairs: against plain sums in long double, in blocks, by multipoles."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.constants import COULOMB, ELEMENTARY_CHARGE, MU_0, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.motion import Coulomb, coulomb_energy, coulomb_field
from fieldwright.motion.interaction import _coulomb


def charges(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sign = rng.choice([-2.0, 1.0, 1.0], n)
    return rng.normal(size=(n, 3)) * 1e-4, sign * ELEMENTARY_CHARGE


def plain(position: np.ndarray, charge: np.ndarray) -> tuple[np.ndarray, float]:
    """Field and energy by the textbook's double sum, in long double."""
    x, q = position.astype(np.longdouble), charge.astype(np.longdouble)
    d = x[:, None] - x[None]
    square = np.sum(d**2, axis=2)
    np.fill_diagonal(square, np.inf)
    field = COULOMB * np.sum((q / square**1.5)[:, :, None] * d, axis=1)
    return field, float(COULOMB / 2 * np.sum(q[:, None] * q / np.sqrt(square)))


def test_constant_is_one_over_four_pi_epsilon() -> None:
    epsilon_0 = 1 / (MU_0 * SPEED_OF_LIGHT**2)
    assert pytest.approx(1 / (4 * np.pi * epsilon_0), rel=1e-15) == COULOMB
    assert pytest.approx(8.9875517862e9, rel=1e-10) == COULOMB  # CODATA 2022, printed


@pytest.mark.parametrize("n", [1, 2, 3, 100, 701])
@pytest.mark.parametrize("precise", [True, False])
def test_field_is_the_plain_sum(n: int, precise: bool) -> None:
    position, charge = charges(n)
    expected, energy = plain(position, charge)
    found = np.asarray(coulomb_field(position, charge, precise=precise))
    scale = np.linalg.norm(expected, axis=1, keepdims=True) + 1e-20
    assert np.max(np.abs(found - expected) / scale) < (1e-14 if precise else 1e-11)
    assert float(coulomb_energy(position, charge)) == pytest.approx(energy, rel=1e-13, abs=1e-40)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    position, charge = charges(101)
    whole = coulomb_field(position, charge)
    energy = float(coulomb_energy(position, charge))
    monkeypatch.setattr(_coulomb, "_BLOCK", 1000)  # 9 rows at a time; 101 is no multiple
    jax.clear_caches()
    for precise in (True, False):
        found = coulomb_field(position, charge, precise=precise)
        np.testing.assert_allclose(found, whole, rtol=1e-11, atol=1e-11 * np.abs(whole).max())
    assert float(coulomb_energy(position, charge)) == pytest.approx(energy, rel=1e-13)
    jax.clear_caches()


def test_never_more_than_a_block_is_held() -> None:
    n = 20_000
    spec = jax.ShapeDtypeStruct((n, 3), float), jax.ShapeDtypeStruct((n,), float)
    lowered = jax.jit(Coulomb().field).lower(*spec)
    held = lowered.compile().memory_analysis().temp_size_in_bytes
    assert held < 0.02 * 8 * n * n


@pytest.mark.parametrize("precise", [True, False])
def test_forces_add_up_to_nothing(precise: bool) -> None:
    position, charge = charges(200, 1)
    force = charge[:, None] * np.asarray(coulomb_field(position, charge, precise=precise))
    largest = np.abs(force).max()
    assert np.abs(force.sum(axis=0)).max() < (1e-13 if precise else 1e-11) * largest
    torque = np.cross(position, force)
    assert np.abs(torque.sum(axis=0)).max() < 1e-11 * np.abs(torque).max()


def test_precise_form_keeps_the_digits_of_a_close_pair() -> None:
    # A pair 1 nm apart, 1 mm from the origin: a million times its distance.
    position = np.array([[1e-3, 0, 0], [1e-3, 1e-9, 0], [0, 0, 1e-4]])
    charge = np.full(3, ELEMENTARY_CHARGE)
    expected, _ = plain(position, charge)
    errors = [
        np.abs(np.asarray(coulomb_field(position, charge, precise=p)) - expected)[0].max()
        / np.linalg.norm(expected[0])
        for p in (True, False)
    ]
    assert errors[0] < 1e-15
    assert errors[1] < 1e-9


def test_field_is_the_gradient_of_the_energy() -> None:
    position, charge = charges(12)
    gradient = np.asarray(jax.jit(jax.grad(coulomb_energy))(position, charge))
    expected = -gradient / charge[:, None]
    for precise in (True, False):
        np.testing.assert_allclose(
            coulomb_field(position, charge, precise=precise), expected, rtol=1e-11
        )


def test_field_can_be_differentiated() -> None:
    position, charge = charges(6)
    direction = charges(6, 5)[0]

    def moved(s: float) -> np.ndarray:
        return plain(position + s * direction, charge)[0]

    h = 1e-4
    expected = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
    for precise in (True, False):
        field = Coulomb(precise=precise).field
        slopes = jax.jit(lambda x, dx, f=field: jax.jvp(lambda x: f(x, charge), (x,), (dx,))[1])
        slope = slopes(position, direction)
        np.testing.assert_allclose(slope, expected, rtol=1e-7, atol=1e-9 * np.abs(expected).max())


def test_multipoles_agree_with_pairs() -> None:
    pytest.importorskip("fmm3dpy")
    position, charge = charges(1000)
    field = Coulomb(fmm_tolerance=1e-9).field(jnp.asarray(position), jnp.asarray(charge))
    expected, _ = plain(position, charge)
    assert np.abs(np.asarray(field) - expected).max() < 1e-8 * np.abs(expected).max()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="exclude each other"):
        Coulomb(precise=True, fmm_tolerance=1e-6)
    with pytest.raises(InputError, match="between 0 and 1, got 2"):
        Coulomb(fmm_tolerance=2)
    with pytest.raises(InputError, match=r"shape \(2\)"):
        coulomb_field(np.zeros((2, 3)), np.zeros(3))
    with pytest.raises(InputError, match="finite"):
        coulomb_field([[0.0, np.nan, 0.0]], [1.0])
