"""The beam of a ring with one skew lens, through its coupling resonance.

C. Bernardini and C. Pellegrini, Transverse beam size in electron storage rings, LNF-64/55 (1964),
section 5, carried to sizes.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.rings.beam._noise_covariance import far_from_resonance, noise_covariance
from fieldwright.rings.beam._skew_lens import (
    LensRing,
    join_blocks,
    lens_matrix,
    stack_rows,
    thin_lens,
)
from fieldwright.sources._checks import as_float, is_concrete


class LensBeam(Result):
    """The beam behind the lens of a `LensRing`: covariances (..., 4, 4) of (x, x', y, y').

    >>> from fieldwright.rings import LensRing, lens_beam
    >>> ring = LensRing(mu_x=1.9, mu_y=1.2, strength=0.05, decrement_x=1e-4, decrement_y=1e-4)
    >>> found = lens_beam(ring, 1e-7, 0.0)
    >>> print([f"{emittance * 1e9:.3f}" for emittance in found.emittance])
    ['99.767', '0.282']
    """

    covariance: jax.Array = quantity("m^2, m rad, rad^2", "covariance by formula (10)")
    far: jax.Array = quantity("m^2, m rad, rad^2", "covariance by its far-from-resonance form")

    @property
    def emittance(self) -> jax.Array:
        """(..., 2) emittances of the projections on the two planes [m rad]."""
        planes = jnp.stack([self.covariance[..., :2, :2], self.covariance[..., 2:, 2:]], axis=-3)
        return jnp.sqrt(jnp.maximum(jnp.linalg.det(planes), 0.0))

    @property
    def size(self) -> jax.Array:
        """(..., 2) rms sizes in x and y [m]."""
        diagonal = jnp.diagonal(self.covariance, axis1=-2, axis2=-1)
        return jnp.sqrt(diagonal[..., ::2])

    @property
    def far_error(self) -> jax.Array:
        """(...,) largest error of the far-from-resonance form, over the larger emittance.

        Errors are taken in units of the covariance's own scale: |dC_ij| / sqrt(C_ii C_jj).
        """
        scale = jnp.sqrt(jnp.diagonal(self.covariance, axis1=-2, axis2=-1))
        weight = scale[..., :, None] * scale[..., None, :]
        weight = jnp.where(weight > 0, weight, 1.0)
        return jnp.max(jnp.abs(self.far - self.covariance) / weight, axis=(-2, -1))


def lens_beam(ring: LensRing, emittance_x: Any, emittance_y: Any = 0.0) -> LensBeam:
    """The beam that the lens makes of one that the ring alone would hold.

    The noise is taken at all phases alike, so that without the lens each plane has its emittance.
    Through mu_x = mu_y the planes share their emittances where the lens splits the tunes by more
    than the damping; the far-from-resonance form has them share at any strength.

    Args:
        ring: with a batch of shape (...) and decrements above zero.
        emittance_x: horizontal one of the ring without the lens [m rad].
        emittance_y: the vertical one [m rad].

    Returns:
        `LensBeam`; NaN where the ring is unstable.

    Raises:
        InputError: a decrement is not above zero.

    >>> import math
    >>> from fieldwright.rings import LensRing, lens_beam
    >>> near = LensRing(mu_x=1.9, mu_y=1.901, strength=0.01, decrement_x=1e-4, decrement_y=1e-4)
    >>> print([f"{size * 1e6:.1f} um" for size in lens_beam(near, 1e-8).size])
    ['71.1 um', '70.3 um']
    """
    for name in ("decrement_x", "decrement_y"):
        value = getattr(ring, name)
        if is_concrete(value) and not np.all(np.asarray(value) > 0):
            raise InputError(
                f"{name} must be above zero for a beam to settle, got {value}", parameter=name
            )
    emittance_x = as_float(emittance_x, "emittance_x", np.shape(emittance_x))
    emittance_y = as_float(emittance_y, "emittance_y", np.shape(emittance_y))
    grown_x = -jnp.expm1(-2 * ring.decrement_x) * emittance_x
    grown_y = -jnp.expm1(-2 * ring.decrement_y) * emittance_y
    noise = join_blocks(
        _ellipse(grown_x, ring.beta_x, ring.alpha_x), _ellipse(grown_y, ring.beta_y, ring.alpha_y)
    )
    lens = thin_lens(ring)
    matrix, noise = jnp.broadcast_arrays(
        lens_matrix(ring), lens @ noise @ jnp.swapaxes(lens, -1, -2)
    )
    return LensBeam(noise_covariance(matrix, noise), far_from_resonance(matrix, noise))


def _ellipse(emittance: Any, beta: Any, alpha: Any) -> Any:
    gamma = (1 + alpha * alpha) / beta
    shape = stack_rows([[beta, -alpha], [-alpha, gamma]])
    return jnp.asarray(emittance)[..., None, None] * shape
