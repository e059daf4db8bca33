"""The distribution of a beam in x and y: absolute positions, symmetry axes, effective area.

C. Bernardini and C. Pellegrini, Transverse beam size in electron storage rings, LNF-64/55 (1964),
section 3 and appendix; equation (8) is printed there as a second (3), and the normalisation of (7)
has det m where det mu belongs.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.sources._checks import as_float


class BeamSpot(Result):
    """A normal distribution in x and y, P = exp(-sum of mu_rs x_r x_s) sqrt(det mu) / pi.

    >>> from fieldwright.rings import beam_spot
    >>> spot = beam_spot([[4e-8, 1e-8], [1e-8, 1e-8]], [1.0, 0.0], 1e-8)
    >>> print([f"{size * 1e6:.1f} um" for size in spot.size], f"{spot.angle:.4f} rad")
    ['228.8 um', '87.4 um'] 0.2318 rad
    """

    covariance: jax.Array = quantity("m^2", "of x and y (..., 2, 2)")
    size: jax.Array = quantity("m", "rms along the axes, that next to x first (..., 2)")
    angle: jax.Array = quantity("rad", "of the first axis against x, within pi/4 (...,)")
    mu: jax.Array = quantity("1/m^2", "mu_rs of equation (8) (..., 2, 2)")
    inverse_area: jax.Array = quantity("1/m^2", "1/S, the integral of P^2 (...,)")

    @property
    def peak(self) -> jax.Array:
        """(...,) the density P(0, 0) [1/m^2]: twice 1/S."""
        return 2 * self.inverse_area


def beam_spot(
    betatron: Any, dispersion: Any = (0.0, 0.0), momentum_variance: Any = 0.0
) -> BeamSpot:
    """Absolute positions from the betatron part and the dispersion, and their symmetry axes.

    Args:
        betatron: covariance <y_r y_s> of the betatron part of x and y (..., 2, 2) [m^2].
        dispersion: xi and zeta (..., 2) [m].
        momentum_variance: <p^2> (...,).

    Returns:
        `BeamSpot`; mu and 1/S are infinite for a beam without a height.

    Raises:
        InputError: arrays of wrong shape, or not finite.

    With m = <y y>^-1 / 2 and alpha^2 = 1 / (2 <p^2>), equation (8) is mu = m - m eta eta^T m /
    (alpha^2 + eta^T m eta): half the inverse of <y y> + <p^2> eta eta^T, as it is computed here.
    The axes stand at tan 2 theta = 2 mu_xy / (mu_xx - mu_yy); of a round spot theta is zero.

    >>> from fieldwright.rings import beam_spot
    >>> spot = beam_spot([[1e-8, 0.0], [0.0, 1e-8]])
    >>> print(f"{spot.inverse_area:.4e} per m^2")  # 1 / (4 pi sigma_x sigma_y)
    7.9577e+06 per m^2
    """
    betatron = as_float(betatron, "betatron", (*np.shape(betatron)[:-2], 2, 2))
    dispersion = as_float(dispersion, "dispersion", (*np.shape(dispersion)[:-1], 2))
    variance = as_float(momentum_variance, "momentum_variance", np.shape(momentum_variance))
    eta = jnp.asarray(dispersion)
    variance = jnp.asarray(variance)[..., None, None]
    covariance = betatron + variance * eta[..., :, None] * eta[..., None, :]
    xx, xy, yy = covariance[..., 0, 0], covariance[..., 0, 1], covariance[..., 1, 1]
    round_ = (xy == 0) & (xx == yy)
    # beyond pi/4 the other axis is next to x
    sign = jnp.where(xx >= yy, 1.0, -1.0)
    angle = 0.5 * jnp.arctan2(sign * 2 * xy, jnp.where(round_, 1.0, jnp.abs(xx - yy)))
    half = jnp.where(round_, 0.0, jnp.hypot(jnp.where(round_, 1.0, (xx - yy) / 2), xy))
    mean = (xx + yy) / 2
    determinant = xx * yy - xy * xy
    # the smaller from the determinant: no digits are lost for flat beams
    large = mean + half
    small = jnp.maximum(determinant, 0.0) / jnp.where(large > 0, large, 1.0)
    squares = jnp.where(
        (xx >= yy)[..., None], jnp.stack([large, small], -1), jnp.stack([small, large], -1)
    )
    adjugate = jnp.stack([jnp.stack([yy, -xy], -1), jnp.stack([-xy, xx], -1)], -2)
    return BeamSpot(
        covariance=covariance,
        size=jnp.sqrt(squares),
        angle=angle,
        mu=adjugate / (2 * determinant[..., None, None]),
        inverse_area=1 / (4 * jnp.pi * jnp.sqrt(jnp.maximum(determinant, 0.0))),
    )
