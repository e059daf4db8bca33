"""What random kicks, shared out again every turn, make of a damped linear motion: formula (10).

C. Bernardini and C. Pellegrini, Transverse beam size in electron storage rings, LNF-64/55 (1964),
section 4; equation numbers are theirs.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.rings.linear_optics import _linear
from fieldwright.sources._checks import as_float


def noise_covariance(matrix: Any, noise: Any) -> jax.Array:
    """The covariance that a damped motion reaches under noise, by formula (10).

    With U N U^-1 = diag(D) and U R U^T = R', it is the sum over r', s' of
    U^-1_rr' U^-1_ss' R'_r's' / (1 - D_r' D_s'). Derivatives do not pass through eigenvectors but
    solve the same equation again, so that they are finite where eigenvalues meet.

    Args:
        matrix: N of one period (..., 2n, 2n), damping included.
        noise: R, the covariance that one period's kicks have at its end (..., 2n, 2n), in the
            units of the coordinates squared.

    Returns:
        The covariance (..., 2n, 2n) at the end of a period, C = N C N^T + R; NaN where an
        eigenvalue of N is not inside the unit circle.

    Raises:
        InputError: an array is not square, or not finite.

    >>> import numpy as np
    >>> from fieldwright.rings import noise_covariance
    >>> turn = np.array([[np.cos(1.9), np.sin(1.9)], [-np.sin(1.9), np.cos(1.9)]])
    >>> found = noise_covariance(np.exp(-1e-3) * turn, 2e-12 * np.eye(2))
    >>> print(f"{found[0, 0] * 1e9:.4f}")  # noise over twice the damping
    1.0010
    """
    matrix, noise = _square(matrix, "matrix"), _square(noise, "noise")
    return _covariance(jnp.asarray(matrix), jnp.asarray(noise))


def far_from_resonance(matrix: Any, noise: Any) -> jax.Array:
    """The covariance with only the terms of conjugate eigenvalues in formula (10).

    These are the terms in 1 - D_1 D_2 = 2 omega+ and 1 - D_3 D_4 = 2 omega-, each twice: r', s'
    may be either way round. What is left out is small where no other 1 - D_r' D_s' is as small as
    the damping, that is far from g+ +- g- = 2 n pi and g+- = n pi. At g+ = g- what is conjugate
    to what is arbitrary, and so is the result.

    Args:
        matrix: N of one period (..., 2n, 2n), damping included.
        noise: R, the covariance of one period's kicks (..., 2n, 2n).

    Returns:
        The covariance (..., 2n, 2n); NaN where an eigenvalue is not inside the unit circle.

    Raises:
        InputError: an array is not square, or not finite.

    >>> import numpy as np
    >>> from fieldwright.rings import far_from_resonance
    >>> turn = np.array([[np.cos(1.9), np.sin(1.9)], [-np.sin(1.9), np.cos(1.9)]])
    >>> found = far_from_resonance(np.exp(-1e-3) * turn, np.diag([0.0, 4e-12]))
    >>> print(f"{found[0, 0] * 1e9:.4f}")
    1.0010
    """
    matrix = jnp.asarray(_square(matrix, "matrix"))
    values, vectors, inverse = _decompose(matrix)
    # LAPACK gives conjugate eigenvalues next to each other
    partner = np.arange(matrix.shape[-1]) ^ 1
    pairs = np.eye(matrix.shape[-1])[partner]
    return _sum(values, vectors, inverse, jnp.asarray(_square(noise, "noise")), pairs)


def noise_filter(matrix: Any) -> tuple[jax.Array, jax.Array]:
    """The eigenvalues of one period, and how much each pair of them amplifies noise.

    Args:
        matrix: N of one period (..., 2n, 2n), damping included.

    Returns:
        Eigenvalues D (..., 2n), complex, conjugate ones next to each other; and
        |1 / (1 - D_r D_s)| (..., 2n, 2n): large where D_r and D_s are nearly conjugate. That is
        so for each mode, and at a resonance for two different ones.

    Raises:
        InputError: the array is not square, or not finite.

    >>> import numpy as np
    >>> from fieldwright.rings import noise_filter
    >>> turn = np.array([[np.cos(1.9), np.sin(1.9)], [-np.sin(1.9), np.cos(1.9)]])
    >>> values, gain = noise_filter(np.exp(-1e-3) * turn)
    >>> print(np.array2string(np.asarray(gain), precision=1, suppress_small=True))
    [[  0.5 500.5]
     [500.5   0.5]]
    """
    values = jnp.linalg.eigvals(jnp.asarray(_square(matrix, "matrix")))
    return values, 1 / jnp.abs(1 - values[..., :, None] * values[..., None, :])


def _square(value: Any, name: str) -> Any:
    shape = np.shape(value)
    size = shape[-1] if shape else 2
    return as_float(value, name, (*shape[:-2], size, size))


def _decompose(matrix: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Eigenvalues D, U^-1 (its columns are eigenvectors), and U; NaN where noise piles up."""
    # sums over conjugate pairs, as derivatives want them, do not depend on the vectors' phases
    values, vectors = jax.lax.linalg.eig(
        matrix, compute_left_eigenvectors=False, enable_eigvec_derivs=True
    )
    damped = jnp.all(jnp.abs(values) < 1, axis=-1, keepdims=True)
    return jnp.where(damped, values, jnp.nan), vectors, _linear.inverse(vectors)


def _sum(
    values: jax.Array, vectors: jax.Array, inverse: jax.Array, noise: jax.Array, terms: Any
) -> jax.Array:
    """Those `terms` (2n, 2n) of formula (10)."""
    projected = inverse @ noise @ jnp.swapaxes(inverse, -1, -2)  # U R U^T
    projected = terms * projected / (1 - values[..., :, None] * values[..., None, :])
    return (vectors @ projected @ jnp.swapaxes(vectors, -1, -2)).real


def _covariance(matrix: jax.Array, noise: jax.Array) -> jax.Array:
    """Formula (10) as the solution of C - N C N^T = R, so that derivatives know the equation."""
    found = _decompose(jax.lax.stop_gradient(matrix))

    def without(covariance: jax.Array) -> jax.Array:
        return covariance - matrix @ covariance @ jnp.swapaxes(matrix, -1, -2)

    def solve(_: Any, right: jax.Array) -> jax.Array:
        return _sum(*found, right, 1.0)

    def solve_transposed(_: Any, right: jax.Array) -> jax.Array:
        values, vectors, inverse = found
        return _sum(
            values, jnp.swapaxes(inverse, -1, -2), jnp.swapaxes(vectors, -1, -2), right, 1.0
        )

    return jax.lax.custom_linear_solve(without, noise, solve, solve_transposed)
