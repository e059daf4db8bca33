"""What the field of a bunch does to the bunch it meets: tune shift, dynamic beta and emittance."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.errors import InputError, UnstableLatticeError
from fieldwright.motion import Species, find_species
from fieldwright.rings.collisions._luminosity import Bunch
from fieldwright.rings.lattice._radiation import classical_radius
from fieldwright.sources._checks import as_float, is_concrete, require_positive


def beam_beam_lens(bunch: Bunch, gamma: Any, species: Species | str = "e-") -> Any:
    """The lens that a bunch is for small amplitudes of a beam of opposite charge.

    Args:
        bunch: that is met.
        gamma: Lorentz factor of the beam that meets it.
        species: of both beams, but for the sign of the charge.

    Returns:
        K (2, 2) [1/m]: (px, py) change by -K (x, y); of a tilted ellipse K is tilted
        with it.

    Raises:
        InputError: gamma not above one, or an unknown species.

    Source: M. Bassetti and G. Erskine, CERN-ISR-TH/80-06 (1980), to first order: along an axis of
    the ellipse K = 2 N r / (gamma sigma (sigma + sigma')), for any direction the inverse root of
    its covariance.

    >>> from fieldwright.rings import Bunch, beam_beam_lens
    >>> bunch = Bunch.of_twiss(1e11, emittance=2.2e-7, beta=0.1, length=0.033)
    >>> print(f"{beam_beam_lens(bunch, 1957.0)[0, 0]:.3f} /m")
    6.545 /m
    """
    gamma = as_float(gamma, "gamma")
    if is_concrete(gamma) and not gamma > 1:
        raise InputError(f"gamma must be above one, got {gamma:g}", parameter="gamma")
    section = bunch.section
    xx, xy, yy = section[0, 0], section[0, 1], section[1, 1]
    # sigma sigma' and (sigma + sigma')^2 of the axes: smooth where the bunch is round
    product = jnp.sqrt(xx * yy - xy * xy)
    adjugate = jnp.stack([jnp.stack([yy, -xy]), jnp.stack([-xy, xx])])
    shape = (adjugate + product * jnp.eye(2)) / (product * (xx + yy + 2 * product))
    return 2 * bunch.particles * classical_radius(find_species(species)) / gamma * shape


def beam_beam_parameter(bunch: Bunch, beta: Any, gamma: Any, species: Species | str = "e-") -> Any:
    """The space-charge parameter xi: the tune shift of a weak crossing with a bunch.

    Args:
        bunch: that is met.
        beta: of the beam that meets it, (2,) along x and y, or one for both [m].
        gamma: its Lorentz factor.
        species: of both beams, but for the sign of the charge.

    Returns:
        xi (2,) along x and y: N r beta / (2 pi gamma sigma_x (sigma_x + sigma_y)) and the like for
        y; of a round bunch N r beta / (4 pi gamma sigma^2), of the same emittance as the beam
        N r / (4 pi gamma emittance), whatever beta is.

    Raises:
        InputError: as `beam_beam_lens`, or a beta not above zero.

    >>> from fieldwright.rings import Bunch, beam_beam_parameter
    >>> bunch = Bunch.of_twiss(1e11, emittance=2.2e-7, beta=0.1, length=0.033)
    >>> print(f"{beam_beam_parameter(bunch, 0.1, 1957.0)[0]:.4f}")
    0.0521
    """
    beta = as_float(beta, "beta", (2,) if np.ndim(beta) else ())
    if is_concrete(beta) and not np.all(np.asarray(beta) > 0):
        raise InputError(f"beta must be above zero, got {beta} m", parameter="beta")
    return beta * jnp.diagonal(beam_beam_lens(bunch, gamma, species)) / (4 * jnp.pi)


class DynamicBeta(Result):
    """How a beam changes by the lens of the other; what `dynamic_beta` returns.

    Attributes:
        xi: of the lens, with the beta that the ring has without it.
        beta_ratio: beta at the crossing, over that without the lens.
        emittance_ratio: emittance, over that without the lens.
        size_ratio: rms size at the crossing, over that without the lens.
        tune_shift: of the whole ring.
    """

    xi: Any = quantity("", "space-charge parameter of the lens")
    beta_ratio: Any = quantity("", "beta at the crossing over that without the lens")
    emittance_ratio: Any = quantity("", "emittance over that without the lens")
    size_ratio: Any = quantity("", "size at the crossing over that without the lens")
    tune_shift: Any = quantity("", "tune shift of the ring")


def dynamic_beta(xi: Any, tune: Any, crossings: int = 1) -> DynamicBeta:
    """Beta, emittance and tune of a round beam under the linear lens of the other.

    Args:
        xi: space-charge parameter of the lens, with the beta that the ring has without it.
        tune: of the ring without it.
        crossings: equal ones, equally spaced, in a turn.

    Returns:
        A `DynamicBeta`. The emittance is that of noise which comes at all phases of the
        oscillation alike; damping is that without the lens. In a ring whose bends stand at few
        phases it may grow otherwise: `beams_in_collision` has the ring's own.

    Raises:
        InputError: a negative xi, or fewer crossings than one.
        UnstableLatticeError: the lens makes the motion unstable.

    Source: cos(mu') = cos(mu) - 2 pi xi sin(mu) between crossings; with q = 4 pi xi / tan(mu)
    (beta/beta')^2 = 1 + q - (2 pi xi)^2 and emittance'/emittance = (1 + q / 2) beta'/beta:
    A. V. Otboyev and E. A. Perevedentsev, Phys. Rev. ST Accel. Beams 2, 104401 (1999).

    >>> from fieldwright.rings import dynamic_beta
    >>> found = dynamic_beta(0.0521, tune=4.1, crossings=2)
    >>> print(f"beta {found.beta_ratio:.3f}, emittance {found.emittance_ratio:.3f}")
    beta 0.586, emittance 1.177
    """
    xi, advance = _require(xi, tune, crossings)
    cotangent = jnp.cos(advance) / jnp.sin(advance)
    q = 4 * jnp.pi * xi * cotangent
    square = 1 + q - (2 * jnp.pi * xi) ** 2
    cosine = jnp.cos(advance) - 2 * jnp.pi * xi * jnp.sin(advance)
    if is_concrete(square) and not square > 0:
        numbers = {"xi": float(xi), "tune": float(tune), "cosine": float(cosine)}
        raise UnstableLatticeError(
            f"no stable motion: a lens of xi = {float(xi):.4g} at each of {crossings} crossings of "
            f"a ring of tune {float(tune):g}; cos(mu) between them becomes {float(cosine):.4g}",
            numbers,
        )
    beta_ratio = 1 / jnp.sqrt(square)
    emittance_ratio = beta_ratio * (1 + q / 2)
    # a focusing lens moves the phase on, up to the next half integer
    shift = jnp.arccos(cosine) - jnp.arccos(jnp.cos(advance))
    shift = jnp.where(jnp.sin(advance) > 0, shift, -shift) * crossings / (2 * jnp.pi)
    size = jnp.sqrt(beta_ratio * emittance_ratio)
    return DynamicBeta(xi, beta_ratio, emittance_ratio, size, shift)


def self_consistent_xi(
    xi: Any, tune: Any, crossings: int = 1, *, emittance_changes: bool = True
) -> Any:
    """The space-charge parameter once both round beams have the sizes that their lenses give them.

    Args:
        xi: with the sizes that the beams have apart.
        tune: of the ring without collisions.
        crossings: equal ones, equally spaced, in a turn.
        emittance_changes: False leaves the emittance as it is: beta alone is dynamic.

    Returns:
        xi, with the beta that the ring has without collisions and the sizes in collision:
        xi over the square of `dynamic_beta(...).size_ratio`. It is the positive root of a
        quadratic equation; there always is one, and the motion is stable with it.

    Raises:
        InputError: as `dynamic_beta`.

    >>> from fieldwright.rings import dynamic_beta, self_consistent_xi
    >>> xi = self_consistent_xi(0.0521, tune=4.1, crossings=2)
    >>> print(f"{xi:.5f} = {0.0521 / dynamic_beta(xi, 4.1, 2).size_ratio**2:.5f}")
    0.07847 = 0.07847
    """
    xi, advance = _require(xi, tune, crossings)
    half = 2 * jnp.pi * xi * jnp.cos(advance) / jnp.sin(advance)
    square = (2 * jnp.pi * xi) ** 2
    # area ratio a: a^2 + 4 pi xi cot a - (2 pi xi)^2 = a + 2 pi xi cot, or = 1 of beta alone
    linear, constant = (
        (2 * half - 1, square + half) if emittance_changes else (2 * half, square + 1)
    )
    area = (jnp.sqrt(linear**2 + 4 * constant) - linear) / 2
    return xi / area


def _require(xi: Any, tune: Any, crossings: int) -> tuple[Any, Any]:
    xi, tune = as_float(xi, "xi"), as_float(tune, "tune")
    if is_concrete(xi) and not xi >= 0:
        raise InputError(f"xi must not be negative, got {xi:g}", parameter="xi")
    if crossings < 1:
        raise InputError(f"crossings must be at least 1, got {crossings}", parameter="crossings")
    require_positive(tune=tune)
    advance = 2 * jnp.pi * tune / crossings
    if is_concrete(advance) and abs(np.sin(advance)) < 1e-9:
        raise InputError(
            f"a tune of {tune:g} is {tune / crossings:g} between crossings: on an integer or half "
            "integer no lens is weak",
            parameter="tune",
        )
    return xi, advance
