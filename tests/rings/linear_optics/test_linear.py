"""Linear equations of small matrices: against NumPy's, and their derivatives."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.rings.linear_optics._linear import inverse, solve


@pytest.mark.parametrize("size", [1, 4, 21])
def test_solutions_are_numpys(size: int) -> None:
    random = np.random.default_rng(size)
    matrix, right = random.normal(size=(2, 5, size, size)), random.normal(size=(5, size, 3))
    found = jax.jit(solve)(matrix, right)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right[None]), rtol=0, atol=1e-10)
    whole = matrix + 1j * random.normal(size=matrix.shape)
    np.testing.assert_allclose(inverse(whole) @ whole, np.broadcast_to(np.eye(size), whole.shape),
                               rtol=0, atol=1e-10)  # fmt: skip


def test_pivots_are_sought() -> None:
    swapped = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1e-30, 1.0]])
    np.testing.assert_array_equal(solve(swapped, np.array([2.0, 3.0, 4.0])), [3.0, 1.0, 4.0])
    assert not np.isfinite(solve(np.ones((2, 2)), np.array([1.0, 2.0]))).any()


def test_derivatives_both_ways() -> None:
    random = np.random.default_rng(0)
    matrix, right = random.normal(size=(4, 4)), random.normal(size=4)

    def ours(matrix: jax.Array) -> jax.Array:
        return jnp.sin(solve(matrix, right)).sum()

    def theirs(matrix: jax.Array) -> jax.Array:
        return jnp.sin(jnp.linalg.solve(matrix, right)).sum()

    np.testing.assert_allclose(jax.grad(ours)(matrix), jax.grad(theirs)(matrix), rtol=1e-12)
    along = random.normal(size=(4, 4))
    np.testing.assert_allclose(
        jax.jvp(ours, (matrix,), (along,))[1], jax.jvp(theirs, (matrix,), (along,))[1], rtol=1e-12
    )
