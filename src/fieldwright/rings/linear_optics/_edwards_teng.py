"""Edwards and Teng's functions: two uncoupled modes behind a rotation of symplectic planes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from fieldwright._result import Result, quantity
from fieldwright.rings.linear_optics._optics import Optics


class EdwardsTeng(Result):
    """What `edwards_teng` returns; p is the plane in the decoupled axes, of two."""

    beta: Any = quantity("m", "beta of the mode that stands in plane p (m, p)")
    alpha: Any = quantity("1", "alpha of the mode that stands in plane p (m, p)")
    coupling: Any = quantity("1, m, 1/m", "the coupling matrix C (m, 2, 2)")
    gamma: Any = quantity("1", "sqrt(1 - det C), at least sqrt(1/2) (m,)")
    mode: Any = quantity("1", "index of the mode that stands in plane p (m, p)")


def edwards_teng(optics: Optics) -> EdwardsTeng:
    """Edwards and Teng's functions of coupled motion, at every place of `optics`.

    The one-turn matrix of a place is V U V^-1 with U the modes' own 2 x 2 blocks and V =
    [[gamma, C], [-C+, gamma]], C+ = -S C^T S. Of the two ways to write that, which differ by which
    mode stands in which plane, the one with the larger gamma is taken, so that nothing becomes
    singular where a mode turns from x to y; `mode` then swaps.

    Args:
        optics: of a ring whose modes are not degenerate; else all is NaN.

    Returns:
        `EdwardsTeng`, by equations (8) to (14) of D. Sagan and D. Rubin, Phys. Rev. ST Accel.
        Beams 2, 074001 (1999), from the modes' projectors.

    >>> from fieldwright.rings import Drift, Lattice, Multipole, Quadrupole, edwards_teng, optics
    >>> cell = [Quadrupole(name="QF", k1=1.2, length=0.2), Drift(name="D", length=1.8),
    ...         Multipole(name="SKEW", k1s=0.02),
    ...         Quadrupole(name="QD", k1=-1.4, length=0.2), Drift(name="D", length=1.8)]
    >>> found = edwards_teng(optics(Lattice.of(cell, energy=1e9)))
    >>> print(f"gamma {found.gamma[0]:.5f}, beta {found.beta[0, 0]:.4f} m")
    gamma 0.97440, beta 18.7901 m
    """
    share = optics.projector[..., 0, 0]
    swapped = share[..., 1] > share[..., 0]
    mode = jnp.where(swapped[..., None], jnp.array([1, 0]), jnp.array([0, 1]))
    single = jnp.where(optics.degenerate, jnp.nan, 1.0)

    def of(modes: Any, plane: int) -> Any:
        return (
            single
            * jnp.take_along_axis(modes, mode[..., plane, None, None, None], -3)[..., 0, :, :]
        )

    square = of(optics.projector, 0)[..., 0, 0]
    gamma = jnp.sqrt(square)
    blocks = [
        of(optics.group_covariance, p)[..., 2 * p : 2 * p + 2, 2 * p : 2 * p + 2] for p in (0, 1)
    ]
    own = jnp.stack(blocks, axis=-3) / square[..., None, None, None]
    return EdwardsTeng(
        beta=own[..., 0, 0],
        alpha=-own[..., 0, 1],
        coupling=-of(optics.projector, 0)[..., :2, 2:] / gamma[..., None, None],
        gamma=gamma,
        mode=mode,
    )
