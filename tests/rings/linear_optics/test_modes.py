"""Normal modes of matrices whose modes are known because they were put in."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import block_diag, expm

from fieldwright.errors import InputError, UnstableLatticeError
from fieldwright.rings import normal_modes
from fieldwright.rings.linear_optics._modes import modes_of, symplectic_form

STENCIL = np.array([-2.0, -1.0, 1.0, 2.0])


def rotation(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s], [-s, c]])


def some_basis(size: int, seed: int = 0, strength: float = 0.2) -> np.ndarray:
    """A symplectic matrix: the flow of a random quadratic Hamiltonian."""
    h = np.random.default_rng(seed).normal(size=(size, size))
    return expm(strength * symplectic_form(size) @ (h + h.T))


def flow(generator: jax.Array) -> jax.Array:
    """A symplectic matrix near that of a flow, by Cayley's transform."""
    one = jnp.eye(len(generator))
    return jnp.linalg.solve(one - generator / 2, one + generator / 2)


def with_tunes(tunes: list[float], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    basis = some_basis(2 * len(tunes), seed)
    turn = block_diag(*[rotation(2 * np.pi * tune) for tune in tunes])
    return basis @ turn @ np.linalg.inv(basis), basis


@pytest.mark.parametrize("count", [1, 2, 3])
def test_modes_that_were_put_in(count: int) -> None:
    """Tunes in 0..1 with their sign, vectors and covariances, to rounding."""
    rng = np.random.default_rng(count)
    for seed in range(12):
        tunes = rng.permutation(
            np.array([0.13, 0.71, 0.36])[:count] + 0.04 * rng.normal(size=count)
        )
        matrix, basis = with_tunes(list(tunes), seed)
        found = normal_modes(matrix)
        order = np.argsort(tunes)[np.argsort(np.argsort(found.tunes))]
        assert found.tunes == pytest.approx(tunes[order], abs=1e-11)
        pairs = basis.reshape(2 * count, count, 2)[:, order]
        expected = np.einsum("ikp,jkp->kij", pairs, pairs)
        assert found.covariance == pytest.approx(expected, abs=1e-9)
        assert found.together == pytest.approx(basis @ basis.T, abs=1e-9)
        for vector, tune in zip(np.asarray(found.vectors), np.asarray(found.tunes), strict=True):
            assert matrix @ vector == pytest.approx(np.exp(2j * np.pi * tune) * vector, abs=1e-9)
        own, form = np.asarray(found.basis), symplectic_form(2 * count)
        assert own.T @ form @ own == pytest.approx(form, abs=1e-9)


def test_the_most_horizontal_mode_comes_first() -> None:
    near = expm(0.02 * symplectic_form(6) @ np.ones((6, 6)))
    turn = block_diag(*[rotation(2 * np.pi * tune) for tune in (0.3, 0.8, 0.02)])
    found = normal_modes(near @ turn @ np.linalg.inv(near))
    assert found.tunes == pytest.approx([0.3, 0.8, 0.02], abs=1e-12)


def test_a_turned_ring_has_turned_planes() -> None:
    """Two planes of beta 2 and 5 m, seen from axes turned by an angle."""
    angle = 0.6
    turn = np.kron(rotation(angle), np.eye(2))
    planes = []
    for beta, tune in ((2.0, 0.21), (5.0, 0.34)):
        c, s = np.cos(2 * np.pi * tune), np.sin(2 * np.pi * tune)
        planes.append(np.array([[c, beta * s], [-s / beta, c]]))
    found = normal_modes(turn @ block_diag(*planes) @ turn.T)
    c2, s2 = np.cos(angle) ** 2, np.sin(angle) ** 2
    betas = np.asarray(found.covariance)[:, [0, 2], [0, 2]]
    assert betas == pytest.approx(np.array([[2 * c2, 2 * s2], [5 * s2, 5 * c2]]), rel=1e-12)
    assert np.asarray(found.projector)[:, 0, 0] == pytest.approx([c2, s2], rel=1e-12)


@pytest.mark.parametrize("tunes", [[0.1, 0.1], [0.7, 0.7], [0.2, 0.2, 0.03], [0.2, 0.03, 0.2]])
def test_degenerate_modes_are_a_group(tunes: list[float]) -> None:
    matrix, basis = with_tunes(tunes, seed=4)
    found = normal_modes(matrix)
    pair = np.array(tunes) == max(tunes, key=tunes.count)
    columns = basis[:, np.repeat(pair, 2)]
    group = np.asarray(found.group)
    first = next(k for k in group if (group == k).sum() == 2)
    assert sorted(found.tunes) == pytest.approx(sorted(tunes), abs=1e-11)
    assert found.group_covariance[first] == pytest.approx(columns @ columns.T, abs=1e-10)
    projector = np.asarray(found.group_projector[first])
    assert projector @ columns == pytest.approx(columns, abs=1e-10)
    assert np.trace(projector) == pytest.approx(4, abs=1e-10)
    assert np.isnan(np.asarray(found.covariance)[group == first]).all()
    assert np.isfinite(np.asarray(found.covariance)[group != first]).all()


def test_equal_emittances_pass_a_difference_resonance_smoothly() -> None:
    """Mode functions run away from each other there, their sum does not."""
    basis = some_basis(4, 3)
    for gap in (1e-2, 1e-5, 1e-8, 1e-11, 0.0):
        turn = block_diag(rotation(1.1 + gap), rotation(1.1 - gap))
        found = normal_modes(basis @ turn @ np.linalg.inv(basis))
        assert found.together == pytest.approx(basis @ basis.T, abs=1e-12)
        assert np.isfinite(np.asarray(found.covariance)).all() == (gap > 1e-9)


def test_resolution_says_what_is_one_group() -> None:
    matrix, basis = with_tunes([0.2, 0.2 + 1e-6], seed=2)
    assert list(normal_modes(matrix).group) == [0, 1]
    found = normal_modes(matrix, resolution=1e-4)
    assert list(found.group) == [0, 0]
    assert found.group_covariance[0] == pytest.approx(basis @ basis.T, abs=1e-9)


def test_unstable_motion_says_how_it_grows() -> None:
    basis = some_basis(4, 1)
    turn = block_diag(rotation(0.7), np.diag([1.3, 1 / 1.3]))
    with pytest.raises(UnstableLatticeError, match=r"1\.3-fold in a turn .*traces") as error:
        normal_modes(basis @ turn @ np.linalg.inv(basis))
    assert error.value.numbers["growth"] == pytest.approx(1.3, rel=1e-9)
    assert error.value.exit_code == 4
    pair = np.exp(2j * np.pi * 0.2) * 1.1  # on a sum resonance: four eigenvalues off the circle
    plane = np.array([[pair.real, pair.imag], [-pair.imag, pair.real]])
    four = block_diag(plane, np.linalg.inv(plane).T)[np.ix_([0, 2, 1, 3], [0, 2, 1, 3])]
    with pytest.raises(UnstableLatticeError, match=r"1\.1-fold"):
        normal_modes(basis @ four @ np.linalg.inv(basis))
    assert np.isnan(modes_of(jnp.asarray(four), 1e-9).tunes).all()


def test_a_sum_resonance_determines_nothing() -> None:
    matrix, _ = with_tunes([0.3, 0.7], seed=5)
    with pytest.raises(UnstableLatticeError, match="sum resonance"):
        normal_modes(matrix)
    matrix, basis = with_tunes([0.3, 0.7 + 1e-5], seed=5)
    # beside it modes are modes, however slow the damping that would join modes of like sign
    assert normal_modes(matrix, resolution=1e-3).together == pytest.approx(
        basis @ basis.T, abs=1e-6
    )


def test_what_is_no_matrix_of_motion_is_refused() -> None:
    with pytest.raises(InputError, match=r"must be \(2, 2\), \(4, 4\) or \(6, 6\)"):
        normal_modes(np.eye(3))
    with pytest.raises(InputError, match="not symplectic"):
        normal_modes(0.9 * with_tunes([0.1, 0.2])[0])


@pytest.mark.parametrize("size", [4, 6])
def test_derivatives(size: int) -> None:
    matrix, _ = with_tunes([0.13, 0.71, 0.36][: size // 2], seed=7)
    h = np.random.default_rng(8).normal(size=(size, size))
    generator = symplectic_form(size) @ (h + h.T)

    def functions(x: object) -> jax.Array:
        found = modes_of(flow(x * generator) @ matrix, 1e-9)
        return jnp.concatenate([found.tunes, found.covariance.ravel(), found.together.ravel()])

    step = 1e-4
    values = dict(zip((-2, -1, 1, 2), np.asarray(jax.vmap(functions)(STENCIL * step)), strict=True))
    differences = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * step)
    forward = jax.jacfwd(functions)(0.0)
    assert forward == pytest.approx(differences, rel=1e-7, abs=1e-8 * np.abs(differences).max())
    backward = jax.grad(lambda x: functions(x)[0])(0.0)
    assert float(backward) == pytest.approx(float(forward[0]), rel=1e-9)


def test_derivatives_are_finite_where_modes_meet() -> None:
    """The sum of the tunes and the functions of both modes are smooth through degeneracy."""
    matrix, _ = with_tunes([0.2, 0.2], seed=9)
    h = np.random.default_rng(1).normal(size=(4, 4))
    generator = symplectic_form(4) @ (h + h.T)

    def functions(x: object) -> jax.Array:
        found = modes_of(flow(x * generator) @ matrix, 1e-9)
        return jnp.concatenate([found.tunes.sum()[None], found.together.ravel()])

    step = 1e-3
    values = dict(zip((-2, -1, 1, 2), np.asarray(jax.vmap(functions)(STENCIL * step)), strict=True))
    differences = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * step)
    assert jax.jacfwd(functions)(0.0) == pytest.approx(differences, rel=1e-6, abs=1e-6)
    assert np.isfinite(jax.grad(lambda x: functions(x)[1])(0.0))


def test_a_batch_is_each_of_its_matrices() -> None:
    matrices = np.stack([with_tunes([0.13 + 0.001 * n, 0.71], seed=n)[0] for n in range(50)])
    batch = jax.vmap(lambda matrix: modes_of(matrix, 1e-9))(matrices)
    for n in (0, 17, 49):
        one = normal_modes(matrices[n])
        assert np.asarray(batch.tunes[n]) == pytest.approx(np.asarray(one.tunes), abs=1e-13)
        own = np.asarray(batch.covariance[n])
        assert own == pytest.approx(np.asarray(one.covariance), abs=1e-12)
