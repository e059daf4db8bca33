"""Light of a bending magnet: flux, vertical angles, polarisation, and the image it makes of a beam.

J. Schwinger, Phys. Rev. 75, 1912 (1949). The Bessel functions K_nu of fractions come from their
integral over exp(-x cosh t) cosh(nu t), which the trapezoidal rule gives to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.constants import (
    ELECTRON_MASS,
    ELEMENTARY_CHARGE,
    FINE_STRUCTURE,
    HBAR_C,
    HC,
    SPEED_OF_LIGHT,
)
from fieldwright.light._checks import above_zero, numbers
from fieldwright.light.undulators._light_beam import LightBeam
from fieldwright.sources._checks import as_float, require_positive

#: Steps of the trapezoidal rule, up to where the integrand is exp(-60) of its largest.
_STEPS = np.arange(129) / 128
_FADED = 60.0
#: Vertical angles over which light is integrated, in a variable that is fine near the plane.
_ANGLES = np.linspace(0.0, 8.0, 385)


class BendingLight(Result):
    """Light of a bending magnet; what `bending_magnet_light` returns."""

    flux: Any = quantity("1/(s mrad 0.1%BW)", "over all vertical angles, a horizontal mrad (e,)")
    density: Any = quantity("1/(s mrad^2 0.1%BW)", "in the plane of the orbit (e,)")
    opening: Any = quantity("rad", "rms vertical angle of one charge's light (e,)")
    opening_sigma: Any = quantity("rad", "the same of light polarised in the plane (e,)")
    polarisation: Any = quantity("", "linear, over all vertical angles (e,)")
    image_size: Any = quantity("m", "rms size a point has in polarised light, by diffraction (e,)")
    critical_energy: Any = quantity("eV", "3 hbar c gamma^3 / (2 radius)")


def bending_magnet_light(beam: LightBeam, field: Any, photon_energy: Any) -> BendingLight:
    """What a beam radiates in a bending magnet.

    Args:
        beam: its energy and current count, and its vertical divergence for `density`.
        field: of the magnet [T].
        photon_energy: (e,) or one [eV].

    Returns:
        `BendingLight`. `image_size` is the rms of the image of a point by a perfect lens that takes
        in all vertical angles, of the polarisation in the plane: (lambda / 2 pi) times the rms
        slope of its amplitude with angle. A beam's image has the root of the sum of squares with
        its own size. Depth along the orbit is left out.

    Raises:
        InputError: a field or photon energy not above zero, numbers of wrong shape.

    Source: J. Schwinger, Phys. Rev. 75, 1912 (1949); the flux is sqrt(3) / (2 pi)
    alpha gamma (E / E_c) times the integral of K_5/3 from E / E_c on.

    >>> from fieldwright.light import LightBeam, bending_magnet_light
    >>> found = bending_magnet_light(LightBeam(1.9e9, 0.4), 1.27, 3050.0)
    >>> print(f"{found.critical_energy:.0f} eV, {found.flux:.3e}, {found.opening * 1e6:.0f} urad")
    3049 eV, 1.216e+13, 154 urad
    """
    field = as_float(field, "field")
    energy = above_zero(photon_energy, "photon_energy")
    require_positive(field=field)
    return _light(beam, field, jnp.asarray(energy))


def bending_magnet_density(
    beam: LightBeam, field: Any, photon_energy: Any, vertical: Any = 0.0
) -> Any:
    """Flux of one charge's light at vertical angles, both polarisations.

    Args:
        beam: its energy and current count; its divergence is left out.
        field: of the magnet [T].
        photon_energy: (...) [eV].
        vertical: angles from the plane of the orbit, that broadcast with energies [rad].

    Returns:
        (2, ...) in and across the plane of the orbit [1/(s mrad^2 0.1%BW)].

    Raises:
        InputError: a field or photon energy not above zero, numbers that are none.

    >>> from fieldwright.light import LightBeam, bending_magnet_density
    >>> found = bending_magnet_density(LightBeam(1.9e9, 0.4), 1.27, 3050.0, 1e-4)
    >>> print([f"{value:.3e}" for value in found])
    ['2.329e+13', '2.000e+12']
    """
    field = as_float(field, "field")
    require_positive(field=field)
    energy, angle = above_zero(photon_energy, "photon_energy"), numbers(vertical, "vertical")
    return _density(beam, field, jnp.asarray(energy), jnp.asarray(angle))


@jax.jit
def _density(beam: LightBeam, field: Any, energy: Any, vertical: Any) -> Any:
    parts = _amplitudes(energy / critical_energy(beam, field), beam.gamma * vertical)
    return _scale(beam) * jnp.stack(jnp.broadcast_arrays(*parts)) ** 2


def critical_energy(beam: LightBeam, field: Any) -> Any:
    """Photon energy that halves the power of a bending magnet [eV]."""
    speed = jnp.sqrt(1 - 1 / beam.gamma**2)
    momentum = ELECTRON_MASS * SPEED_OF_LIGHT * beam.gamma * speed
    return 1.5 * HBAR_C * beam.gamma**3 * ELEMENTARY_CHARGE * field / momentum


def _scale(beam: LightBeam) -> Any:
    return 0.75 * FINE_STRUCTURE / pi**2 * beam.gamma**2 * beam.rate * 1e-9


@jax.jit
def _light(beam: LightBeam, field: Any, energy: Any) -> BendingLight:
    top = critical_energy(beam, field)
    y = energy / top
    whole = jnp.sqrt(3) / (2 * pi) * FINE_STRUCTURE * beam.gamma * y * _k53_from(y)
    # angles in units of where the light fades: about y^(-1/3) far below the critical energy
    width = jnp.minimum((1 / y) ** (1 / 3), jnp.sqrt(1 / y)) + 0 * y
    X = 1.2 * width[..., None] * jnp.sinh(_ANGLES * 0.35)
    step = 1.2 * width[..., None] * 0.35 * jnp.cosh(_ANGLES * 0.35) * (_ANGLES[1] - _ANGLES[0])
    step = step.at[..., 0].multiply(0.5)
    amplitude, slope = jax.jvp(lambda x: _amplitudes(y[..., None], x), (X,), (jnp.ones_like(X),))
    sigma, across = (jnp.sum(step * a**2, axis=-1) for a in amplitude)
    squares = [jnp.sum(step * (X * a) ** 2, axis=-1) for a in amplitude]
    steep = jnp.sum(step * slope[0] ** 2, axis=-1)
    image = HC / energy / (2 * pi) * beam.gamma * jnp.sqrt(steep / sigma)
    return BendingLight(
        flux=whole * beam.rate * 1e-6,
        density=_smeared(beam, y),
        opening=jnp.sqrt(sum(squares) / (sigma + across)) / beam.gamma,
        opening_sigma=jnp.sqrt(squares[0] / sigma) / beam.gamma,
        polarisation=(sigma - across) / (sigma + across),
        image_size=image,
        critical_energy=top,
    )


def _smeared(beam: LightBeam, y: Any) -> Any:
    """Density in the plane, averaged over the beam's vertical divergence."""
    x = jnp.linspace(-7.0, 7.0, 141)
    weight = jnp.exp(-0.5 * x**2) / jnp.sum(jnp.exp(-0.5 * x**2))
    parts = _amplitudes(y[..., None], beam.gamma * beam.divergence[1] * x)
    return _scale(beam) * jnp.sum(weight * (parts[0] ** 2 + parts[1] ** 2), axis=-1)


def _amplitudes(y: Any, X: Any) -> tuple[Any, Any]:
    """Of both polarisations: y (1 + X^2) K_2/3 and y X sqrt(1 + X^2) K_1/3.

    They are at xi = y (1 + X^2)^(3/2) / 2.
    """
    square = 1 + X**2
    xi = 0.5 * y * square**1.5
    first, second = _bessel_k(2 / 3, xi), _bessel_k(1 / 3, xi)
    return y * square * first, y * X * jnp.sqrt(square) * second


def _bessel_k(order: float, x: Any) -> Any:
    """K_nu(x): the integral of exp(-x cosh t) cosh(nu t) over t from 0 on."""
    return _integral(x, lambda t: jnp.cosh(order * t))


def _k53_from(x: Any) -> Any:
    """The integral of K_5/3 from x on (V. O. Kostroun, Nucl. Instrum. Methods 172, 371 (1980))."""
    return _integral(x, lambda t: jnp.cosh(5 / 3 * t) / jnp.cosh(t))


def _integral(x: Any, other: Callable[[Any], Any]) -> Any:
    x = jnp.asarray(x)[..., None]
    top = jnp.arccosh(1 + _FADED / x)
    t = top * _STEPS
    values = jnp.exp(-x * jnp.cosh(t)) * other(t)
    return (jnp.sum(values, axis=-1) - 0.5 * values[..., 0]) * (top[..., 0] * _STEPS[1])
