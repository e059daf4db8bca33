"""Normal modes of a one-turn matrix, and what stays of them where two have the same tune.

No eigenvectors are computed. With T = M + M^-1, whose eigenvalues 2 cos(mu) are those of the modes,
a polynomial of T projects on each mode, and M - M^-1 = 2 sin(mu) J there, with J^2 = -1. Then
-J S is the covariance of a beam of unit emittance in that mode, S the symplectic form: it is
smooth, needs no phase convention, and of two modes together it exists even where either alone
does not.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._result import Result, quantity
from fieldwright.errors import InputError, UnstableLatticeError
from fieldwright.sources._checks import as_float, is_concrete

#: Closer than this [rad], two modes' functions would keep fewer than six digits.
RESOLUTION = 1e-9


class NormalModes(Result):
    """What `normal_modes` returns; k is the mode, of n.

    Modes whose tunes cannot be told apart are one group: any two vectors of its invariant subspace
    would do as modes. What belongs to one of its modes alone is NaN; what belongs to the group,
    a beam that fills its modes with equal emittances, is there for each of them.
    """

    tunes: Any = quantity("", "tune of each mode, its fractional part (n,)")
    group: Any = quantity("", "first mode of the group that each mode belongs to (n,)")
    covariance: Any = quantity("m, 1, 1/m", "of unit emittance in one mode (n, 2n, 2n)")
    projector: Any = quantity("m, 1, 1/m", "on the plane of one mode (n, 2n, 2n)")
    group_covariance: Any = quantity("m, 1, 1/m", "of unit emittance in each of a group's modes")
    group_projector: Any = quantity("m, 1, 1/m", "on the subspace of a group (n, 2n, 2n)")
    together: Any = quantity("m, 1, 1/m", "of unit emittance in every mode (2n, 2n)")

    @property
    def vectors(self) -> Any:
        """(n, 2n) complex eigenvectors v, v* S v = 2i, so that Re v v* is the mode's covariance.

        M v = exp(2 pi i tune) v. The larger of a vector's position parts at most is real: that of
        the plane which the mode is mostly in. NaN in groups.
        """
        return eigenvectors(self.covariance, self.projector)

    @property
    def basis(self) -> Any:
        """(2n, 2n) symplectic matrix A: A^-1 M A is a rotation by -mu in each pair."""
        v = self.vectors
        pairs = jnp.stack([v.real, v.imag], axis=1)
        return jnp.reshape(pairs, (-1, v.shape[-1])).T


def symplectic_form(size: int) -> np.ndarray:
    """S of the pairs (q, p): x^T S y is conserved."""
    return np.kron(np.eye(size // 2), [[0.0, 1.0], [-1.0, 0.0]])


def inverse(matrix: Any) -> Any:
    """The inverse of a symplectic matrix."""
    form = symplectic_form(matrix.shape[-1])
    return -form @ jnp.swapaxes(matrix, -1, -2) @ form


def normal_modes(matrix: Any, resolution: Any = RESOLUTION) -> NormalModes:
    """The normal modes of a stable symplectic matrix.

    Args:
        matrix: (2n, 2n) for n = 1, 2 or 3, of pairs (q, p) such as (x, px, y, py).
        resolution: modes whose phase advances differ by less [rad] are one group. Where damping is
            known, its decrement: modes that beat more slowly than they are damped do not part.

    Returns:
        `NormalModes`, the most horizontal mode first, then the most vertical. The tune's sign is
        that of the motion (Krein's signature), so that tunes are in 0..1 and not folded. In a
        transformation, numbers of an unstable matrix are NaN.

    Raises:
        InputError: not a symplectic (2n, 2n) matrix of numbers.
        UnstableLatticeError: an oscillation grows, or stands on a resonance with another of
            opposite sign; `numbers` has the traces of the blocks, the tunes and the growth.

    The projectors generalise D. Edwards and L. Teng, IEEE Trans. NS-20 (1973) 885; the covariances
    are F. Willeke's and G. Ripken's generalised functions, DESY 88-114.

    >>> import numpy as np
    >>> from fieldwright.rings import normal_modes
    >>> c, s = np.cos(2 * np.pi * 0.8), np.sin(2 * np.pi * 0.8)
    >>> modes = normal_modes(np.array([[c, 0.3 * s], [-s / 0.3, c]]))
    >>> print(f"tune {modes.tunes[0]:.3f}, beta {modes.covariance[0, 0, 0]:.3f} m")
    tune 0.800, beta 0.300 m
    """
    matrix = _require_symplectic(matrix)
    require_stable(matrix)
    return modes_of(matrix, resolution)


def _require_symplectic(matrix: Any) -> Any:
    matrix = as_float(matrix, "matrix", (None, None))
    if matrix.shape not in ((2, 2), (4, 4), (6, 6)):
        raise InputError(
            f"matrix must be (2, 2), (4, 4) or (6, 6), got {matrix.shape}", parameter="matrix"
        )
    if is_concrete(matrix):
        m = np.asarray(matrix)
        error = np.abs(np.asarray(inverse(m)) @ m - np.eye(len(m))).max()
        if error > 1e-6:
            raise InputError(
                f"matrix is not symplectic: M^-1 M differs from 1 by {error:.2g}; leave radiation "
                "out of it",
                parameter="matrix",
            )
    return matrix


def require_stable(matrix: Any, what: str = "the motion") -> None:
    """Raise `UnstableLatticeError` if a matrix that is known has an eigenvalue off the circle."""
    if not is_concrete(matrix) or np.isfinite(modes_of(matrix, RESOLUTION).tunes).all():
        return
    m = np.asarray(matrix)
    blocks = [float(np.trace(m[i : i + 2, i : i + 2])) for i in range(0, len(m), 2)]
    values = np.linalg.eigvals(m)
    growth = float(np.abs(values).max())
    tunes = np.sort(np.abs(np.angle(values)))[::2] / (2 * np.pi)
    said = ", ".join(f"{trace:.6g} of {plane}" for trace, plane in zip(blocks, "xyz", strict=False))
    numbers = {"growth": growth}
    for index, (trace, tune) in enumerate(zip(blocks, tunes, strict=True)):
        numbers |= {f"trace_{'xyz'[index]}": trace, f"tune_{index + 1}": float(tune)}
    if growth < 1 + 1e-6 and all(abs(abs(trace) - 2) > 1e-9 for trace in blocks):
        raise UnstableLatticeError(
            f"{what} stands on a sum resonance: the sum of two tunes is a whole number, so that "
            f"any error makes both grow (tunes {', '.join(f'{t:.9g}' for t in tunes)}, each up to "
            f"its sign; traces of the blocks: {said}); move the tunes apart",
            numbers,
        )
    raise UnstableLatticeError(
        f"{what} is unstable: amplitudes grow {growth:.6g}-fold in a turn (traces of the blocks: "
        f"{said}; without coupling each must be between -2 and 2); change the focusing",
        numbers,
    )


@partial(compiled, static=("planar",))
def modes_of(matrix: Any, resolution: Any, planar: bool = False) -> NormalModes:
    """The modes of a matrix, without checks: NaN where it is unstable.

    `planar` says that the planes do not couple anywhere: then each is a mode, even at equal tunes.
    """
    size = matrix.shape[-1]
    total, difference = matrix + inverse(matrix), matrix - inverse(matrix)
    if planar or size == 2:
        planes = np.kron(np.eye(size // 2)[:, :, None] * np.eye(size // 2), np.eye(2))
        t = jnp.diagonal(total)[::2]
        return _apart(*jax.vmap(partial(_single, difference))(t, planes), jnp.asarray(planes))
    if size == 4:
        return _ordered(_pair(total, difference, jnp.eye(4), resolution))
    t, projector = _isolated(total)
    alone = _apart(*(a[None] for a in (*_single(difference, t, projector), projector)))
    pair = _pair(total, difference, jnp.eye(6) - projector, resolution)
    return _ordered(_beside(pair, alone))


def _apart(tunes: Any, covariance: Any, projector: Any) -> NormalModes:
    """Modes of which each is a group of its own."""
    group = jnp.arange(len(tunes))
    together = covariance.sum(0)
    return NormalModes(tunes, group, covariance, projector, covariance, projector, together)


def _beside(first: NormalModes, second: NormalModes) -> NormalModes:
    second = eqx.tree_at(lambda m: m.group, second, second.group + len(first.tunes))
    joined = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, second)
    together = first.together + second.together
    return eqx.tree_at(lambda modes: modes.together, joined, together)


def _root(value: Any) -> Any:
    """The square root; NaN, without spoiling derivatives, where there is none."""
    return jnp.where(value > 0, jnp.sqrt(jnp.where(value > 0, value, 1.0)), jnp.nan)


def _single(difference: Any, t: Any, projector: Any) -> tuple[Any, Any]:
    """Tune and covariance of a mode: eigenvalue t of M + M^-1, and its projector."""
    raw = -difference @ projector @ symplectic_form(len(difference))
    sine = jnp.where(jnp.trace(raw) < 0, -1.0, 1.0) * _root(1 - t * t / 4)
    return _tune(t, sine), raw / (2 * sine)


def _tune(t: Any, sine: Any) -> Any:
    return jnp.mod(jnp.arctan2(sine, t / 2) / (2 * jnp.pi), 1.0)


def _pair(total: Any, difference: Any, subspace: Any, resolution: Any) -> NormalModes:
    """Two modes of a subspace of four dimensions, each alone and together."""
    middle = jnp.trace(total @ subspace) / 4
    apart = total @ subspace - middle * subspace  # (t1 - t2) / 2 times P1 - P2
    spread2 = jnp.trace(apart @ apart)  # (t1 - t2)^2
    both, alike = _together(difference, subspace, apart, middle, spread2)
    # of opposite sign, they are told apart as long as rounding lets them
    near = jnp.where(alike, resolution, RESOLUTION)
    limit = 2 * near * jnp.sqrt(jnp.maximum(1 - middle * middle / 4, 1e-12))
    close = jnp.abs(spread2) < limit * limit
    spread = _root(jnp.where(close, 1.0, spread2))
    step = jnp.where(close, 0.0, spread / 2)
    t = middle + jnp.stack([step, -step])
    projectors = subspace / 2 + jnp.stack([apart, -apart]) / spread
    tunes, covariances = jax.vmap(partial(_single, difference))(t, projectors)
    # at equal tunes of opposite sign nothing is determined, and nothing is stable for long
    lost = jnp.where(close & ~alike, jnp.nan, 1.0)
    mean = _tune(middle, jnp.where(jnp.trace(both) < 0, -1.0, 1.0) * _root(1 - middle**2 / 4))
    both = both * jnp.where(jnp.trace(both) < 0, -1.0, 1.0)
    hidden = jnp.where(close, jnp.nan, 1.0)
    return NormalModes(
        jnp.where(close, mean, tunes) * lost,
        jnp.where(close, jnp.array([0, 0]), jnp.array([0, 1])),
        covariances * hidden,
        projectors * hidden,
        jnp.where(close, both, covariances) * lost,
        jnp.where(close, subspace, projectors) * lost,
        jnp.where(alike, both, covariances.sum(0)) * lost,
    )


def _together(
    difference: Any, subspace: Any, apart: Any, middle: Any, spread2: Any
) -> tuple[Any, Any]:
    """Covariance of both modes of a pair, up to its sign, and whether they turn the same way.

    (4 - T^2)^(-1/2) on the pair by Newton's interpolation, in symmetric functions of its two
    eigenvalues, which are smooth where these meet.
    """
    sum2 = 2 * middle**2 + spread2 / 2
    product = middle**2 - spread2 / 4
    sines = _root(16 - 4 * sum2 + product**2)
    sum_of_sines = _root(8 - sum2 + 2 * sines)
    mean, slope = sum_of_sines / (2 * sines), 2 * middle / (sines * sum_of_sines)
    form = symplectic_form(len(difference))
    both = -difference @ (mean * subspace + slope * apart) @ form
    sizes = jnp.linalg.eigvalsh(jax.lax.stop_gradient(both))
    largest = jnp.abs(sizes).max()
    alike = (sizes[0] > -1e-6 * largest) | (sizes[-1] < 1e-6 * largest)
    return both, alike


def _isolated(total: Any) -> tuple[Any, Any]:
    """Of three eigenvalues of M + M^-1 the one farthest from the others, and its projector."""
    square = total @ total
    p1, p2, p3 = jnp.trace(total) / 2, jnp.trace(square) / 2, jnp.trace(square @ total) / 2
    e2 = (p1 * p1 - p2) / 2
    e3 = (p3 - p1 * p2 + p1 * e2) / 3
    t = _far_root(*(jax.lax.stop_gradient(value) for value in (p1, e2, e3)))
    for _ in range(3):  # Newton's steps bring the last digits, and derivatives to second order
        t = t - (((t - p1) * t + e2) * t - e3) / ((3 * t - 2 * p1) * t + e2)
    both, product = p1 - t, e2 - t * (p1 - t)
    one = jnp.eye(len(total))
    return t, (square - both * total + product * one) / ((t - both) * t + product)


def _far_root(p1: Any, e2: Any, e3: Any) -> Any:
    """The root of t^3 - p1 t^2 + e2 t - e3 that is farthest from the others, or the real one."""
    shift = p1 / 3
    q, r = shift**2 - e2 / 3, shift**3 - shift * e2 / 2 + e3 / 2  # u^3 - 3 q u - 2 r, t = shift + u
    scale = jnp.sqrt(jnp.maximum(q, 1e-300))
    angle = jnp.arccos(jnp.clip(jnp.abs(r) / scale**3, 0.0, 1.0)) / 3
    excess = jnp.sqrt(jnp.maximum(r * r - q**3, 0.0))
    real = jnp.cbrt(jnp.abs(r) + excess)
    real = real + q / jnp.where(real == 0, 1.0, real)
    # the largest of the cosines belongs to the root on the far side of the two others
    return shift + jnp.where(r < 0, -1.0, 1.0) * jnp.where(
        excess > 0, real, 2 * scale * jnp.cos(angle)
    )


def _ordered(modes: NormalModes) -> NormalModes:
    """The most horizontal first, then the most vertical, then the most longitudinal.

    Where two are as horizontal, the one of larger tune comes first.
    """
    count = len(modes.tunes)
    shares = jax.lax.stop_gradient(modes.group_projector[:, ::2, ::2])
    shares = jnp.nan_to_num(jnp.diagonal(shares, axis1=1, axis2=2))
    tilted = jnp.round(shares[:, 0], 6) + 1e-7 * jnp.nan_to_num(modes.tunes)
    last = jnp.where(jnp.arange(count) == jnp.argmax(shares[:, -1]), -1e300, 0.0)
    order = jnp.argsort(-(tilted + (last if count == 3 else 0.0)), stable=True)
    return take_modes(modes, order)


def take_modes(modes: NormalModes, order: Any) -> NormalModes:
    """The modes in another order; groups are named after their first mode in it."""
    group = modes.group[order]
    first = jnp.argmax(group[:, None] == group, axis=1)
    moved = jax.tree.map(lambda leaf: leaf[order], eqx.tree_at(lambda m: m.together, modes, order))
    return eqx.tree_at(lambda m: (m.group, m.together), moved, (first, modes.together))


def eigenvectors(covariance: Any, projector: Any) -> Any:
    """(..., 2n) eigenvectors of modes (..., 2n, 2n): see `NormalModes.vectors`."""
    outer = covariance - 1j * projector @ symplectic_form(covariance.shape[-1])
    shares = jnp.diagonal(projector, axis1=-2, axis2=-1)[..., ::2]
    column = 2 * jnp.argmax(shares, axis=-1)[..., None]
    one = jnp.take_along_axis(outer, column[..., None], axis=-1)[..., 0]
    return one / jnp.sqrt(jnp.take_along_axis(one, column, axis=-1).real)
