"""The Coulomb field of charges on each other: exact in pairs, in blocks, for any number.

A block of rows of the pair matrix is all that is ever held. Squared distances come from
differences, so that close pairs keep their digits; their power -3/2 starts from a single-precision
root that one series step mends, which is several times faster than a division and a root in double
precision. The sums are then one matrix product with the columns (q x, q): four sums for the
reading of one matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import known_options
from fieldwright.constants import COULOMB
from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float

_BLOCK = 1_000_000  # pairs held at a time: 8 MB, near what caches hold
_BLOCK_GPU = 100_000_000  # there a block has to keep thousands of lanes busy
_FAR = 1e30  # stands for the squared distance [m^2] of a charge from itself

#: Lets XLA use the widest vectors there are: twice as fast where there is AVX-512.
WIDE = {"xla_cpu_prefer_vector_width": 512}


def compiler_options() -> dict[str, Any]:
    """What to hand to `jax.jit(compiler_options=...)` around pair sums on this device."""
    return known_options(WIDE)


class Coulomb(eqx.Module):
    """How the Coulomb interaction is summed.

    Args:
        precise: sum differences of positions instead of using matrix products. The product form
            loses digits where a pair is much closer than its distance from the origin: 1e-16 times
            the ratio of the two. Three times slower.
        fmm_tolerance: use the fast multipole method of FMM3D (extra `[fmm]`) with this relative
            tolerance instead of all pairs; worth it from about 5e4 charges on.

    Raises:
        InputError: both are asked for, the tolerance is not between 0 and 1, or FMM3D is not there.

    >>> from fieldwright.motion import Coulomb
    >>> Coulomb(precise=True).precise
    True
    """

    precise: bool = eqx.field(default=False, static=True)
    fmm_tolerance: float | None = eqx.field(default=None, static=True)

    def __check_init__(self) -> None:
        if self.fmm_tolerance is None:
            return
        if self.precise:
            raise InputError("precise sums and fmm_tolerance exclude each other: give one")
        if not 0 < self.fmm_tolerance < 1:
            raise InputError(
                f"fmm_tolerance must lie between 0 and 1, got {self.fmm_tolerance}",
                parameter="fmm_tolerance",
            )
        _fmm()

    def field(self, position: jax.Array, charge: jax.Array) -> jax.Array:
        """E (n, 3) [V/m] at each of n charges (n,) [C] at positions (n, 3) [m], of the others."""
        if self.fmm_tolerance is not None:
            return _fmm_field(self.fmm_tolerance, position, charge)
        block = _difference_block if self.precise else _product_block
        sums = _by_rows(block, position, charge)
        if not self.precise:
            sums = position * sums[:, 3:] - sums[:, :3]
        return COULOMB * sums


def coulomb_field(position: Any, charge: Any, *, precise: bool = True) -> jax.Array:
    """The electric field that point charges make at each other's places.

    Args:
        position: of the charges (n, 3) [m].
        charge: (n,) [C].
        precise: as for `Coulomb`.

    Returns:
        E (n, 3) [V/m] at each charge, of all others (paper on the Penning trap, equation 2).

    Raises:
        InputError: a shape does not fit, or a value is not finite.

    >>> from fieldwright.constants import ELEMENTARY_CHARGE as e
    >>> E = coulomb_field([[0.0, 0.0, 0.0], [1e-6, 0.0, 0.0]], [e, e])
    >>> print(f"{E[1, 0]:.2f} {E[0, 0]:.2f} V/m")
    1439.96 -1439.96 V/m
    """
    position = as_float(position, "position", (None, 3))
    charge = as_float(charge, "charge", (position.shape[0],))
    return _field(Coulomb(precise=precise), position, charge)


def coulomb_energy(position: Any, charge: Any) -> jax.Array:
    """The electrostatic energy of point charges [J]: the sum of k q_i q_j / r_ij over pairs.

    Args:
        position: of the charges (n, 3) [m].
        charge: (n,) [C].

    Raises:
        InputError: a shape does not fit, or a value is not finite.

    >>> from fieldwright.constants import ELEMENTARY_CHARGE as e
    >>> print(f"{coulomb_energy([[0.0, 0.0, 0.0], [1e-6, 0.0, 0.0]], [e, e]) / e * 1e3:.5f} meV")
    1.43996 meV
    """
    position = as_float(position, "position", (None, 3))
    charge = as_float(charge, "charge", (position.shape[0],))
    return pair_energy(position, charge)


@jax.jit
def _field(coulomb: Coulomb, position: jax.Array, charge: jax.Array) -> jax.Array:
    return coulomb.field(position, charge)


@jax.jit
def pair_energy(position: jax.Array, charge: jax.Array) -> jax.Array:
    """As `coulomb_energy`, for arrays known to be right."""
    potential = _by_rows(_potential_block, position, charge)[:, 0]
    return 0.5 * COULOMB * jnp.sum(charge * potential)


Block = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]  # targets (3, rows), first, charges


def _by_rows(block: Block, position: jax.Array, charge: jax.Array) -> jax.Array:
    """`block` for some targets at a time against all charges."""
    n = position.shape[0]
    held = _BLOCK if jax.default_backend() == "cpu" else _BLOCK_GPU
    rows = min(n, max(1, held // max(n, 1)))
    # XLA would compute the positions anew for each pair, and read them with strides; what comes out
    # of a matrix product it keeps.
    charges = jnp.concatenate([jnp.eye(3) @ position.T, charge[None]])
    if rows >= n:
        return block(charges[:3], jnp.zeros((), dtype=int), charges)
    count = -(-n // rows)
    targets = jnp.pad(charges[:3], ((0, 0), (0, count * rows - n)))
    targets = targets.reshape(3, count, rows).swapaxes(0, 1)
    first = jnp.arange(count) * rows
    sums = jax.lax.map(lambda one: block(one[0], one[1], charges), (targets, first))
    return sums.reshape(count * rows, -1)[:n]


def _squared_distances(
    targets: jax.Array, first: jax.Array, charges: jax.Array
) -> tuple[list[jax.Array], jax.Array]:
    """Differences (3 of (rows, n)) and their squared length; far away for a charge and itself."""
    differences = [targets[k][:, None] - charges[k][None, :] for k in range(3)]
    squared = sum(d * d for d in differences[1:]) + differences[0] * differences[0]
    row = jax.lax.broadcasted_iota(jnp.int64, squared.shape, 0) + first
    column = jax.lax.broadcasted_iota(jnp.int64, squared.shape, 1)
    return differences, jnp.where(row == column, _FAR, squared)


def _inverse_cube(squared: jax.Array) -> jax.Array:
    """(r^2)^(-3/2): y ~ 1/r to 1e-7, then y^3 (1 - e)^(-3/2) with e = 1 - r^2 y^2."""
    y = jax.lax.rsqrt(squared.astype(jnp.float32)).astype(jnp.float64)
    e = 1 - squared * (y * y)
    return y * y * y * (1 + e * (1.5 + e * 1.875))


def _product_block(targets: jax.Array, first: jax.Array, charges: jax.Array) -> jax.Array:
    _, squared = _squared_distances(targets, first, charges)
    columns = jnp.concatenate([charges[:3] * charges[3], charges[3:]])
    return _inverse_cube(squared) @ columns.T


def _difference_block(targets: jax.Array, first: jax.Array, charges: jax.Array) -> jax.Array:
    differences, squared = _squared_distances(targets, first, charges)
    weight = _inverse_cube(squared) * charges[3]
    return jnp.stack([jnp.sum(weight * d, axis=1) for d in differences], axis=1)


def _potential_block(targets: jax.Array, first: jax.Array, charges: jax.Array) -> jax.Array:
    _, squared = _squared_distances(targets, first, charges)
    return jnp.sum(charges[3] / jnp.sqrt(squared), axis=1, keepdims=True)


def _fmm() -> Any:
    try:
        import fmm3dpy
    except ImportError:
        raise InputError(
            "fmm_tolerance needs FMM3D: pip install 'fieldwright[fmm]'", parameter="fmm_tolerance"
        ) from None
    return fmm3dpy


def _fmm_field(tolerance: float, position: jax.Array, charge: jax.Array) -> jax.Array:
    def call(x: Any, q: Any) -> np.ndarray:
        x, q = np.asarray(x), np.asarray(q)
        scale = max(float(np.abs(x).max()), 1e-300)
        unit = max(float(np.abs(q).max()), 1e-300)
        found = _fmm().lfmm3d(eps=tolerance, sources=x.T / scale, charges=q / unit, pg=2)
        return -4 * np.pi * found.grad.T * (unit / scale**2)  # its potential is 1 / (4 pi r)

    shape = jax.ShapeDtypeStruct(position.shape, position.dtype)
    return COULOMB * jax.pure_callback(call, shape, position, charge, vmap_method="sequential")
