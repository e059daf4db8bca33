"""Closed formulas of magnetic undulators: strength of harmonics, cones, sources, brilliance."""

from __future__ import annotations

from functools import partial
from math import pi
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._result import Result, quantity
from fieldwright._sizes import in_few_sizes
from fieldwright.constants import FINE_STRUCTURE, HC
from fieldwright.light._checks import above_zero, as_result, whole
from fieldwright.light.undulators._bessel import bessel_j
from fieldwright.light.undulators._light_beam import LightBeam
from fieldwright.light.undulators._undulator import HelicalUndulator, Undulator
from fieldwright.sources._checks import as_float, numpy_for


def harmonic_strength(undulator: Undulator, harmonic: int) -> Any:
    """F_n, the strength of a harmonic on the axis: alpha N^2 gamma^2 F_n photons per sr and band.

    Args:
        undulator: planar or helical.
        harmonic: n, from 1 on.

    Returns:
        F_n = (n K / (1 + K^2/2))^2 (J_((n-1)/2)(x) - J_((n+1)/2)(x))^2 with x = n K^2 / (4 + 2 K^2)
        for odd harmonics of a planar undulator, and nothing for even ones; 2 K^2 / (1 + K^2)^2 for
        the first of a helical one, and nothing for others.

    Raises:
        InputError: a harmonic that is not whole, from 1 on.

    Source: K.-J. Kim, AIP Conf. Proc. 184, 565 (1989). What it leaves out of the true motion is of
    the order of 1 / gamma^2 for planar undulators with N periods, at gamma = 5871 and N = 100 5e-8.

    >>> from fieldwright.light import PlanarUndulator, harmonic_strength
    >>> print([f"{harmonic_strength(PlanarUndulator(0.02, 1.0, 100), n):.5f}" for n in (1, 2, 3)])
    ['0.36806', '0.00000', '0.17921']
    """
    helical = isinstance(undulator, HelicalUndulator)
    return as_result(_strength(undulator.K, helical, whole(harmonic, "harmonic")))


def _strength(K: Any, helical: bool, harmonic: int) -> Any:
    """As `harmonic_strength`, of K (...)."""
    if helical and harmonic == 1:
        return 2 * K**2 / (1 + K**2) ** 2
    if helical or harmonic % 2 == 0:
        return np.zeros(np.shape(K))
    x = harmonic * K**2 / (4 + 2 * K**2)
    factor = bessel_j((harmonic - 1) // 2, x) - bessel_j((harmonic + 1) // 2, x)
    return (harmonic * K / (1 + K**2 / 2) * factor) ** 2


class Brilliance(Result):
    """One harmonic of an undulator with a real beam; what `brilliance` returns."""

    photon_energy: Any = quantity("eV", "of the harmonic on the axis")
    flux: Any = quantity("1/(s 0.1%BW)", "in the central cone")
    density: Any = quantity("1/(s mrad^2 0.1%BW)", "flux density on the axis, Gaussian")
    brilliance: Any = quantity("1/(s mm^2 mrad^2 0.1%BW)", "flux over the source's phase space")
    size: Any = quantity("m", "rms sizes of the source in x and y (2,)")
    divergence: Any = quantity("rad", "rms angles of the light in x and y (2,)")


def brilliance(undulator: Undulator, beam: LightBeam, harmonic: int = 1) -> Brilliance:
    """Brilliance of one harmonic, all that radiates taken as Gaussian.

    Args:
        undulator: planar or helical; its K may be an array (k,), for a curve.
        beam: at the undulator's middle, where its phase-space ellipses should be upright.
        harmonic: odd for a planar one.

    Returns:
        `Brilliance`, at the photon energy of the harmonic on the axis.

    Raises:
        InputError: a harmonic that is not whole, from 1 on.

    Flux over 4 pi^2 times the products of sizes and of angles. The light of one charge has the rms
    angle sqrt(lambda / 2 L) Q(e) and the size sqrt(2 lambda L) / (4 pi) Q(e / 4)^(2/3), where e =
    2 pi n N spread: Q and its powers are those of T. Tanaka and H. Kitamura, J. Synchrotron Rad.
    16, 380 (2009); the size is K.-J. Kim's, AIP Conf. Proc. 184, 565 (1989), with which size times
    angle is lambda / (4 pi), as SPECTRA has it. The paper of 2009 and xrt take twice that size. The
    flux is pi/2 alpha N n F_n' with F_n' = F_n (1 + K^2/2) / n^2.

    For one charge that is exact; a real beam is no Gaussian in such light. At the same photon
    energy the Wigner function on the axis (G. Geloni, V. Kocharyan and E. Saldin, J. Synchrotron
    Rad. 22, 288 (2015)) is larger, by 6 to 20 % for beams of storage rings, and the density by 10
    %. Both are largest where the photon energy is lower by some 0.3 / (n N): there the Wigner
    function is 13 to 40 % above the Gaussian estimate. The flux over all angles is twice as much
    at 1 / (n N) below. Exact figures of flux are those of `flux_density` and `flux`.

    >>> from fieldwright.light import LightBeam, PlanarUndulator, brilliance
    >>> beam = LightBeam.of_twiss(3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0], spread=1e-3)
    >>> found = brilliance(PlanarUndulator(0.02, 1.0, 100), beam)
    >>> print(f"{found.brilliance:.3e} at {found.photon_energy:.0f} eV")
    4.323e+20 at 2849 eV
    """
    strength = harmonic_strength(undulator, harmonic)
    return _brilliance(undulator.single, undulator.periods, beam, strength, harmonic)


@partial(compiled, options={})
def _brilliance(
    undulator: Undulator, N: Any, beam: LightBeam, strength: Any, harmonic: Any
) -> Brilliance:
    excess = 1 + undulator.K**2 / (1 if isinstance(undulator, HelicalUndulator) else 2)
    wave = undulator.period * excess / (2 * harmonic * beam.gamma**2)
    L = undulator.period * N
    # variances, not sizes: derivatives are finite for a beam that has none
    variance = jnp.diagonal(beam.covariance)
    blur = (2 * pi * harmonic * N) ** 2 * variance[5]
    angle = jnp.sqrt(wave / (2 * L)) * _smear(blur)
    extent = jnp.sqrt(2 * wave * L) / (4 * pi) * _smear(blur / 16) ** (2 / 3)
    size = jnp.sqrt(variance[:3:2] + extent[..., None] ** 2)
    divergence = jnp.sqrt(variance[1:4:2] + angle[..., None] ** 2)
    # alpha N^2 gamma^2 F_n times the cone's 2 pi lambda / 2 L
    total = 0.5 * pi * FINE_STRUCTURE * N * strength * excess / harmonic * beam.rate * 1e-3
    density = total / (2 * pi * jnp.prod(divergence, axis=-1)) * 1e-6
    spot = 2 * pi * jnp.prod(size, axis=-1) * 1e6
    return Brilliance(HC / wave, total, density, density / spot, size, divergence)


def _smear(blur: Any) -> Any:
    """Q of Tanaka and Kitamura, of e^2: how an energy spread widens the cone; one without."""
    square = 2 * blur
    small = square < 1e-3
    safe = jnp.where(small, 1.0, square)
    root = jnp.sqrt(safe)
    below = jnp.exp(-safe) - 1 + jnp.sqrt(pi) * root * jax.scipy.special.erf(root)
    # e^-s - 1 + sqrt(pi s) erf(sqrt s) = s - s^2 / 6 + s^3 / 30 - ...
    series = 1 / (1 - square / 6 + square**2 / 30)
    return jnp.sqrt(jnp.where(small, series, safe / below))


class TuningCurve(Result):
    """Brilliance and flux of one harmonic while K changes; what `tuning_curve` returns."""

    K: Any = quantity("", "undulator parameter (k,)")
    photon_energy: Any = quantity("eV", "of the harmonic on the axis (k,)")
    flux: Any = quantity("1/(s 0.1%BW)", "in the central cone (k,)")
    density: Any = quantity("1/(s mrad^2 0.1%BW)", "flux density on the axis, Gaussian (k,)")
    brilliance: Any = quantity("1/(s mm^2 mrad^2 0.1%BW)", "of the source (k,)")
    harmonic: int = 1


def tuning_curve(undulator: Undulator, beam: LightBeam, K: Any, harmonic: int = 1) -> TuningCurve:
    """What a harmonic gives while the field of an undulator is changed.

    Args:
        undulator: planar or helical; its own K is not used.
        beam: as for `brilliance`.
        K: undulator parameters (k,).
        harmonic: odd for a planar one.

    Raises:
        InputError: a harmonic that is not whole, K not an array (k,) above zero.

    >>> import numpy as np
    >>> from fieldwright.light import LightBeam, PlanarUndulator, tuning_curve
    >>> beam = LightBeam.of_twiss(3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0], spread=1e-3)
    >>> found = tuning_curve(PlanarUndulator(0.02, 1.0, 100), beam, np.array([0.5, 1.0, 2.0]))
    >>> print([f"{flux:.2e}" for flux in found.flux])
    ['1.50e+14', '3.95e+14', '6.23e+14']
    """
    values, harmonic = above_zero(as_float(K, "K", (None,)), "K"), whole(harmonic, "harmonic")
    strengths = _strength(values, isinstance(undulator, HelicalUndulator), harmonic)
    rows = numpy_for(values).stack([values, strengths], axis=-1)
    single, N = undulator.single, undulator.periods
    found = in_few_sizes(lambda some: _curve(single, N, beam, some, harmonic), rows, inner=1)
    values = as_result(values)
    return TuningCurve(
        values, found.photon_energy, found.flux, found.density, found.brilliance, harmonic
    )


@partial(compiled, options={})
def _curve(undulator: Undulator, N: Any, beam: LightBeam, rows: Any, harmonic: Any) -> Brilliance:
    """`_brilliance` at K and strengths, rows (k, 2)."""

    def at(row: Any) -> Brilliance:
        one = eqx.tree_at(lambda whole: whole.K, undulator, row[0])
        return _brilliance(one, N, beam, row[1], harmonic)

    return jax.vmap(at)(rows)
