"""Luminosity of two Gaussian bunches that meet head-on, of any shape and any waist."""

from __future__ import annotations

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._result import Result, quantity
from fieldwright.errors import ConvergenceError, InputError
from fieldwright.sources._checks import as_float, is_concrete, require_positive

#: Half of the range of the overlap integral, in rms lengths of both bunches: exp(-2 x^2) is 1e-19.
_REACH = 4.7
#: Numbers of nodes that are tried in turn. The error falls as exp(-0.67 n t) with t = beta* over
#: bunch length: the first is exact to rounding down to t = 0.1, the last to 1e-3.
_NODES = (1024, 8192, 65536)
#: Nodes where nothing is known, inside a transformation: exact down to t = 0.01.
_TRACED = 8192
_TOLERANCE = 1e-11


class Bunch(eqx.Module):
    """A Gaussian bunch at a crossing point.

    Args:
        particles: how many.
        covariance: (6, 6) of (x [m], px, y [m], py, z [m], delta) at the crossing, as
            `equilibrium` gives it; or (4, 4) of the transverse ones, then `length` is needed.
        length: rms [m]; only with a transverse covariance.

    Raises:
        InputError: a covariance that is not symmetric, or whose sizes are not above zero; no
            length with a (4, 4), or one with a (6, 6).

    >>> from fieldwright.rings import Bunch
    >>> bunch = Bunch.of_twiss(1e11, emittance=2.2e-7, beta=0.1, length=0.033)
    >>> print(f"{bunch.sigma[0] * 1e6:.1f} um, {bunch.length * 1e3:.0f} mm")
    148.3 um, 33 mm
    """

    particles: Any
    covariance: Any

    def __init__(self, particles: Any, covariance: Any, length: Any = None):
        self.particles = as_float(particles, "particles")
        require_positive(particles=self.particles)
        shape = np.shape(covariance)
        if shape not in ((4, 4), (6, 6)):
            raise InputError(
                f"covariance must have the shape (4, 4) or (6, 6), got {shape}",
                parameter="covariance",
            )
        covariance = as_float(covariance, "covariance", shape)
        if (shape == (4, 4)) != (length is not None):
            raise InputError(
                "give the bunch's length with a (4, 4) covariance, and only with one: a (6, 6) "
                "holds its own",
                parameter="length",
            )
        if length is not None:
            length = as_float(length, "length")
            require_positive(length=length)
            long = jnp.zeros((2, 2)).at[0, 0].set(length**2)
            covariance = jax.scipy.linalg.block_diag(covariance, long)
            covariance = np.asarray(covariance) if is_concrete(covariance) else covariance
        self.covariance = covariance
        if is_concrete(covariance):
            _require_covariance(np.asarray(covariance))

    @classmethod
    def of_twiss(
        cls, particles: Any, *, emittance: Any, beta: Any, length: Any, alpha: Any = 0.0
    ) -> Bunch:
        """A bunch without coupling or dispersion.

        Args:
            particles: how many.
            emittance: horizontal and vertical, (2,) or one for both [m rad].
            beta: at the crossing, (2,) or one for both [m].
            length: rms [m].
            alpha: -beta'/2 at the crossing, along the bunch's own motion; (2,) or one for both.

        Raises:
            InputError: an emittance, beta or length that is not above zero.
        """
        values = {"emittance": emittance, "beta": beta, "alpha": alpha}
        e, b, a = (_pair(value, name) for name, value in values.items())
        if is_concrete(e, b) and not (np.all(np.asarray(e) > 0) and np.all(np.asarray(b) > 0)):
            raise InputError(f"emittance and beta must be above zero, got {e} m rad and {b} m")
        xp = np if is_concrete(e, b, a) else jnp
        zero = xp.zeros((2, 2))
        blocks = [
            e[i] * xp.stack([xp.stack([b[i], -a[i]]), xp.stack([-a[i], (1 + a[i] ** 2) / b[i]])])
            for i in (0, 1)
        ]
        covariance = xp.concatenate(
            [
                xp.concatenate([blocks[0], zero], axis=1),
                xp.concatenate([zero, blocks[1]], axis=1),
            ]
        )
        return cls(particles, covariance, length)

    @property
    def section(self) -> Any:
        """Covariance (2, 2) of x and y at the crossing [m^2]."""
        return self.covariance[..., :3:2, :3:2]

    @property
    def sigma(self) -> Any:
        """Root mean square sizes (2,) along x and y at the crossing [m]."""
        return jnp.sqrt(jnp.diagonal(self.section, axis1=-2, axis2=-1))

    @property
    def length(self) -> Any:
        """Root mean square length [m]."""
        return jnp.sqrt(self.covariance[..., 4, 4])


class Luminosity(Result):
    """What two bunches collide; what `luminosity` returns.

    Attributes:
        luminosity: [1/(m^2 s)]; 1e-4 of it is in 1/(cm^2 s).
        nominal: with the sizes of the crossing point all along the bunches [1/(m^2 s)].
        hourglass: their ratio, what the waist leaves.
        area: effective area S of the crossing, `nominal` = N1 N2 f / S [m^2].
        error_estimate: bound on the error of `luminosity` [1/(m^2 s)].
    """

    luminosity: Any = quantity("1/(m^2 s)", "luminosity")
    nominal: Any = quantity("1/(m^2 s)", "luminosity with the sizes of the crossing point")
    hourglass: Any = quantity("", "luminosity over nominal luminosity")
    area: Any = quantity("m^2", "effective area of the crossing")
    error_estimate: Any = quantity("1/(m^2 s)", "bound on the error of the luminosity")


def luminosity(first: Bunch, second: Bunch | None = None, *, frequency: Any) -> Luminosity:
    r"""Luminosity of bunches that meet head-on at the speed of light.

    Args:
        first: one bunch.
        second: the other, if it is not the mirror image of the first. x and y are the same for
            both; px, py and z count along the bunch's own motion.
        frequency: of meetings at the crossing: of revolution, times the bunches in a beam [Hz].

    Returns:
        A `Luminosity`. All correlations count: tilted and twisted waists, waists off the crossing
        (alpha), dispersion, bunches tilted along z. It can be differentiated.

    Raises:
        InputError: a frequency not above zero.
        ConvergenceError: a waist too short for the quadrature, under 1e-3 of the bunch length.

    Source: the overlap 2 f N1 N2 integral(rho1 rho2 dx dy ds dct) of W. Herr and B. Muratori,
    CERN-2006-002, p. 361; of Gaussians three of its integrals are done by hand, with
    C = C1(s) + C2(-s) of the covariances of (x, y, z):
    L = 2 f N1 N2 integral ds exp(-2 s^2 (C^-1)_zz) / sqrt((2 pi)^3 det C).
    For equal bunches and a long waist it is N^2 f / S, 1/S = 1 / (4 pi sqrt det) of x and y:
    C. Bernardini and C. Pellegrini, LNF-64/55 (1964), appendix.

    >>> from fieldwright.rings import Bunch, luminosity
    >>> bunch = Bunch.of_twiss(1e11, emittance=2.2e-7, beta=0.1, length=0.033)
    >>> found = luminosity(bunch, frequency=12.29e6)
    >>> print(f"{found.luminosity * 1e-4:.3e} /cm2/s, hourglass {found.hourglass:.4f}")
    4.235e+31 /cm2/s, hourglass 0.9527
    """
    second = first if second is None else second
    frequency = as_float(frequency, "frequency")
    require_positive(frequency=frequency)
    rate = frequency * first.particles * second.particles
    across = first.section + second.section
    area = 2 * jnp.pi * jnp.sqrt(_det2(across[0, 0], across[0, 1], across[1, 1]))
    if not is_concrete(first, second):
        overlap, error = _overlap(first.covariance, second.covariance, _TRACED)
    else:
        for count in _NODES:
            overlap, error = _overlap(first.covariance, second.covariance, count)
            if error <= _TOLERANCE * overlap:
                break
        else:
            raise ConvergenceError(
                f"the overlap of the bunches is known to {float(error / overlap):.1e} only: their "
                "waist is too short for their length"
            )
    return Luminosity(rate * overlap, rate / area, overlap * area, area, rate * error)


@partial(compiled, static=("count",))
def _overlap(first: Any, second: Any, count: int) -> tuple[Any, Any]:
    """The overlap [1/m^2] and a bound on its error, by the trapezoidal rule of `count` steps.

    The rule converges exponentially: its nodes at double distance tell more than its error.
    """
    a, b = _rays(first, 1.0), _rays(second, -1.0)
    constant, linear, square = (p + q for p, q in zip(a, b, strict=True))
    reach = _REACH * jnp.sqrt(constant[2, 2])
    s = reach * jnp.linspace(-1.0, 1.0, count + 1)
    c = constant + s[:, None, None] * (linear + s[:, None, None] * square)
    xx, xy, yy = c[:, 0, 0], c[:, 0, 1], c[:, 1, 1]
    xz, yz, zz = c[:, 0, 2], c[:, 1, 2], c[:, 2, 2]
    flat = _det2(xx, xy, yy)
    det = zz * flat - xz * (xz * yy - yz * xy) - yz * (yz * xx - xz * xy)
    density = jnp.exp(-2 * s * s * flat / det) / jnp.sqrt((2 * jnp.pi) ** 3 * det)
    step = 4 * reach / count
    fine, coarse = step * jnp.sum(density), 2 * step * jnp.sum(density[::2])
    return fine, jnp.abs(fine - coarse) + 1e-15 * fine


def _rays(covariance: Any, sense: float) -> tuple[Any, Any, Any]:
    """Covariance (3, 3) of (x, y, z) after a drift s, as a polynomial in s."""
    place, slope = jnp.array([0, 2, 4]), jnp.array([1, 3])
    # z does not change: a particle that is early stays early
    still = covariance[place][:, place]
    cross = covariance[place][:, slope] @ jnp.eye(2, 3)
    moving = jnp.eye(3, 2) @ covariance[slope][:, slope] @ jnp.eye(2, 3)
    return still, sense * (cross + cross.T), moving


def _det2(xx: Any, xy: Any, yy: Any) -> Any:
    return xx * yy - xy * xy


def _pair(value: Any, name: str) -> Any:
    value = as_float(value, name, (2,) if np.ndim(value) else ())
    xp = np if is_concrete(value) else jnp
    return value if np.ndim(value) else xp.stack([value, value])


def _require_covariance(covariance: np.ndarray) -> None:
    size = np.sqrt(np.abs(np.diagonal(covariance)))
    scale = np.outer(size, size)
    if np.any(np.abs(covariance - covariance.T) > 1e-9 * scale + 1e-300):
        raise InputError("covariance must be symmetric", parameter="covariance")
    extent = covariance[:5:2, :5:2] / np.where(scale > 0, scale, 1.0)[:5:2, :5:2]
    least = np.linalg.eigvalsh(extent)[0]
    if not least > 0:
        raise InputError(
            "covariance must be that of a bunch with a width, a height and a length: of its "
            f"correlations in x, y and z the least eigenvalue is {least:.3g}",
            parameter="covariance",
        )
