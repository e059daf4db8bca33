"""One thin quadrupole turned by 45 degrees in a ring without other coupling, in closed form.

C. Bernardini and C. Pellegrini, Transverse beam size in electron storage rings, LNF-64/55 (1964),
section 5. Their z is y here, their m the `strength`.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float, is_concrete

#: What `LensModes.fails` means.
LENS_FAILURES = (
    "stable",
    "the modes meet: sum resonance",
    "mode + leaves the circle at +1: integer tune",
    "mode - leaves the circle at -1: half-integer tune",
)


def _number(name: str) -> Any:
    return lambda value: as_float(value, name, np.shape(value))


class LensRing(eqx.Module):
    """An uncoupled ring with a thin skew quadrupole at the end of its period.

    All numbers may be arrays; they are broadcast against each other.

    Args:
        mu_x, mu_y: phase advances over the period without the lens [rad].
        strength: m, the integrated k1s of the lens [1/m].
        beta_x, beta_y, alpha_x, alpha_y: Courant-Snyder functions of the uncoupled ring at the
            lens [m], [1].
        decrement_x, decrement_y: damping of the uncoupled amplitudes in a period, exp(-decrement):
            half the paper's D_11 s_0 and D_22 s_0.

    Raises:
        InputError: a number is not finite, or a beta function not above zero.

    >>> from fieldwright.rings import LensRing, lens_modes
    >>> ring = LensRing(mu_x=1.9, mu_y=1.2, strength=0.05, beta_x=6.0, beta_y=9.0)
    >>> print(f"{lens_modes(ring).limit:.4f} per m")
    0.2662 per m
    """

    mu_x: Any = eqx.field(converter=_number("mu_x"))
    mu_y: Any = eqx.field(converter=_number("mu_y"))
    strength: Any = eqx.field(converter=_number("strength"))
    beta_x: Any = eqx.field(converter=_number("beta_x"), default=1.0)
    beta_y: Any = eqx.field(converter=_number("beta_y"), default=1.0)
    alpha_x: Any = eqx.field(converter=_number("alpha_x"), default=0.0)
    alpha_y: Any = eqx.field(converter=_number("alpha_y"), default=0.0)
    decrement_x: Any = eqx.field(converter=_number("decrement_x"), default=0.0)
    decrement_y: Any = eqx.field(converter=_number("decrement_y"), default=0.0)

    def __check_init__(self) -> None:
        for name in ("beta_x", "beta_y"):
            value = getattr(self, name)
            if is_concrete(value) and not np.all(np.asarray(value) > 0):
                raise InputError(f"{name} must be above zero, got {value}", parameter=name)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the batch."""
        return np.broadcast_shapes(*(np.shape(value) for value in jax.tree.leaves(self)))

    @property
    def difference(self) -> Any:
        """Of the cosines, cos mu_x - cos mu_y."""
        return jnp.cos(self.mu_x) - jnp.cos(self.mu_y)

    @property
    def discriminant(self) -> Any:
        """b^2 = (cos mu_x - cos mu_y)^2 + m^2 beta_x beta_y sin mu_x sin mu_y."""
        coupling = self.strength**2 * self.beta_x * self.beta_y
        return self.difference**2 + coupling * jnp.sin(self.mu_x) * jnp.sin(self.mu_y)


class LensModes(Result):
    """The two normal modes of a `LensRing`: arrays (...,) or, for modes + and -, (..., 2).

    The eigenvalues are exp(+-i g - omega). To first order in the damping omega is real (the paper
    has it complex, and complicated), (d_x + d_y) / 2 +- (d_x - d_y) (cos mu_x - cos mu_y) / (2 b)
    for decrements d; that holds where b is large compared with the decrements.

    Near a sum resonance unequal damping makes one mode grow inside the region that is stable
    without damping: a beam settles up to `limit` times 2 sqrt(d_x d_y) / (d_x + d_y) only, however
    small the decrements are.

    >>> from fieldwright.rings import LensRing, lens_modes
    >>> found = lens_modes(LensRing(mu_x=1.9, mu_y=1.2, strength=0.05, beta_x=6.0, beta_y=9.0))
    >>> print([f"{phase:.4f}" for phase in found.phase], bool(found.stable))
    ['1.1556', '1.9436'] True
    """

    discriminant: jax.Array = quantity("", "(cos mu_x - cos mu_y)^2 + m^2 bx by sin sin")
    phase: jax.Array = quantity("rad", "phase advance g of the modes; NaN where unstable")
    decrement: jax.Array = quantity("", "damping omega of the modes' amplitudes in a period")
    x_share: jax.Array = quantity("", "share of a mode's action that is horizontal")
    growth: jax.Array = quantity("", "logarithm of the fastest growth in a period, undamped")
    stable: jax.Array = quantity("", "whether amplitudes stay bounded without damping")
    fails: jax.Array = quantity("", "which condition fails: index into LENS_FAILURES")
    limit: jax.Array = quantity("1/m", "strength of the lens up to which the ring is stable")


def lens_matrix(ring: LensRing) -> jax.Array:
    """The matrix N of one period, just behind the lens.

    Args:
        ring: with a batch of shape (...).

    Returns:
        (..., 4, 4), for (x, x', y, y'), damped by the decrements.

    >>> import numpy as np
    >>> from fieldwright.rings import LensRing, lens_matrix
    >>> matrix = lens_matrix(LensRing(mu_x=1.9, mu_y=1.2, strength=0.05))
    >>> print(f"{np.linalg.det(matrix):.12f}")
    1.000000000000
    """
    return thin_lens(ring) @ _uncoupled(ring)


def lens_modes(ring: LensRing) -> LensModes:
    """Phases, damping and stability of the modes, in closed form.

    A ring whose sin mu_x sin mu_y is positive can only lose the first of the paper's conditions,
    |a +- b| <= 2; one in which it is negative only the second, b^2 > 0.

    Args:
        ring: with a batch of shape (...).

    Returns:
        `LensModes`.

    >>> from fieldwright.rings import LENS_FAILURES, LensRing, lens_modes
    >>> found = lens_modes(LensRing(mu_x=2.0, mu_y=4.2, strength=[0.05, 0.1]))
    >>> [LENS_FAILURES[code] for code in found.fails], f"{found.limit[1]:.4f} per m"
    (['stable', 'the modes meet: sum resonance'], '0.0833 per m')
    """
    a = jnp.cos(ring.mu_x) + jnp.cos(ring.mu_y)
    squared = ring.discriminant
    b = jnp.sqrt(squared + 0j)
    sides = jnp.array([1.0, -1.0])
    phase = jnp.arccos((a[..., None] + sides * b[..., None]) / 2)
    # real on either side of the root, with a finite derivative
    size = jnp.sqrt(jnp.where(squared > 0, squared, 1.0))
    lean = jnp.where(squared > 0, ring.difference / size, 0.0)
    share = (1 + sides * lean[..., None]) / 2
    decrement = share * _last(ring.decrement_x) + (1 - share) * _last(ring.decrement_y)
    fails = jnp.where(squared < 0, 1, 0)
    fails = jnp.where((squared >= 0) & (a - b.real < -2), 3, fails)
    fails = jnp.where((squared >= 0) & (a + b.real > 2), 2, fails)
    # broadcast what does not depend on everything
    shape = ring.shape
    return LensModes(
        discriminant=jnp.broadcast_to(squared, shape),
        phase=jnp.broadcast_to(jnp.where(fails[..., None] == 0, phase.real, jnp.nan), (*shape, 2)),
        decrement=jnp.broadcast_to(decrement, (*shape, 2)),
        x_share=jnp.broadcast_to(share, (*shape, 2)),
        growth=jnp.broadcast_to(jnp.abs(phase.imag).max(-1), shape),
        stable=jnp.broadcast_to(fails == 0, shape),
        fails=jnp.broadcast_to(fails, shape),
        limit=jnp.broadcast_to(_limit(ring), shape),
    )


def lens_eigenvectors(ring: LensRing) -> tuple[jax.Array, jax.Array]:
    """Eigenvalues and the matrix U of the ring without damping, in closed form.

    The paper leaves U out as lengthy. With e(l) = (F_12, l - F_11) of a plane's matrix F, the
    column of U^-1 for an eigenvalue l of a mode that is mainly horizontal is
    ((w - 2 cos mu_y) e_x, m X_12 e_y), w = l + 1/l; planes change places for the other mode. The
    rows of U follow since N is symplectic: they are the columns for 1/l times the symplectic unit.

    Args:
        ring: with a batch of shape (...); decrements are left out.

    Returns:
        Eigenvalues (..., 4) in the paper's order, exp(+-i g+), exp(+-i g-); and U (..., 4, 4), for
        which U N U^-1 is diagonal. Undefined where two eigenvalues meet.

    >>> import jax.numpy as jnp
    >>> from fieldwright.rings import LensRing, lens_eigenvectors, lens_matrix
    >>> ring = LensRing(mu_x=1.9, mu_y=1.2, strength=0.05, beta_x=6.0, beta_y=9.0)
    >>> values, U = lens_eigenvectors(ring)
    >>> print(bool(jnp.allclose(U @ lens_matrix(ring), values[:, None] * U, atol=1e-13)))
    True
    """
    ring = _broadcast(ring)
    b = jnp.sqrt(ring.discriminant + 0j)
    a = jnp.cos(ring.mu_x) + jnp.cos(ring.mu_y)
    columns, values = [], []
    for side in (1.0, -1.0):
        phase = jnp.arccos((a + side * b) / 2)
        for sign in (1, -1):
            values.append(jnp.exp(sign * 1j * phase))
            columns.append(_column(ring, values[-1], side, b))
    vectors = jnp.stack(columns, axis=-1)  # U^-1, but for scale
    # the column of 1 / l stands next to that of l
    rows = jnp.swapaxes(vectors[..., np.array([1, 0, 3, 2])], -1, -2) @ _UNIT
    scale = jnp.einsum("...rk,...kr->...r", rows, vectors)
    return jnp.stack(values, axis=-1), rows / scale[..., None]


#: The symplectic unit of (x, x', y, y').
_UNIT = np.kron(np.eye(2), [[0.0, 1.0], [-1.0, 0.0]])


def _last(value: Any) -> Any:
    return jnp.asarray(value)[..., None]


def _broadcast(ring: LensRing) -> LensRing:
    return jax.tree.map(lambda value: jnp.broadcast_to(value, ring.shape), ring)


def _column(ring: LensRing, value: Any, side: float, b: Any) -> Any:
    """An eigenvector: of the two forms, which differ by a factor, the one that is not small."""
    x12, y12 = ring.beta_x * jnp.sin(ring.mu_x), ring.beta_y * jnp.sin(ring.mu_y)
    x11 = jnp.cos(ring.mu_x) + ring.alpha_x * jnp.sin(ring.mu_x)
    y11 = jnp.cos(ring.mu_y) + ring.alpha_y * jnp.sin(ring.mu_y)
    above, below = ring.difference + side * b, side * b - ring.difference  # w - 2 cos mu_y, mu_x
    mainly_x = (ring.difference >= 0) == (side > 0)
    in_x = jnp.where(mainly_x, above, ring.strength * y12)
    in_y = jnp.where(mainly_x, ring.strength * x12, below)
    return jnp.stack([in_x * x12, in_x * (value - x11), in_y * y12, in_y * (value - y11)], axis=-1)


def _limit(ring: LensRing) -> Any:
    """The strength at which the first of the conditions fails."""
    product = jnp.tan(ring.mu_x / 2) * jnp.tan(ring.mu_y / 2)
    size = jnp.abs(product)
    one_mode = 4 * jnp.minimum(size, 1 / size)
    overlap = jnp.abs(jnp.sin(ring.mu_x) * jnp.sin(ring.mu_y))
    both = ring.difference**2 / overlap
    scale = ring.beta_x * ring.beta_y
    return jnp.sqrt(jnp.where(product > 0, one_mode, both) / scale)


def _uncoupled(ring: LensRing) -> Any:
    """The ring without the lens, damped."""
    planes = []
    for axis in ("x", "y"):
        mu, beta, alpha, decrement = (
            getattr(ring, f"{name}_{axis}") for name in ("mu", "beta", "alpha", "decrement")
        )
        c, s = jnp.cos(mu), jnp.sin(mu)
        gamma = (1 + alpha * alpha) / beta
        rows = stack_rows([[c + alpha * s, beta * s], [-gamma * s, c - alpha * s]])
        planes.append(rows * jnp.exp(-jnp.asarray(decrement))[..., None, None])
    return join_blocks(*planes)


def thin_lens(ring: LensRing) -> Any:
    """(..., 4, 4) of the lens alone."""
    m = jnp.asarray(ring.strength)
    return stack_rows([[1, 0, 0, 0], [0, 1, m, 0], [0, 0, 1, 0], [m, 0, 0, 1]])


def stack_rows(rows: list[list[Any]]) -> Any:
    """A matrix (..., n, k) of entries that are broadcast."""
    entries = jnp.broadcast_arrays(*(jnp.asarray(v, dtype=float) for row in rows for v in row))
    return jnp.stack(entries, axis=-1).reshape(*entries[0].shape, len(rows), len(rows[0]))


def join_blocks(one: Any, other: Any) -> Any:
    """(..., 4, 4) of one (..., 2, 2) for each plane."""
    shape = (*np.broadcast_shapes(one.shape[:-2], other.shape[:-2]), 2, 2)
    one, other = jnp.broadcast_to(one, shape), jnp.broadcast_to(other, shape)
    none = jnp.zeros(shape)
    return jnp.concatenate(
        [jnp.concatenate([one, none], -1), jnp.concatenate([none, other], -1)], -2
    )
