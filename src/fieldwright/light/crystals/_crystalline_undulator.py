"""Light of a modulated bunch in a crystalline undulator: the paper's formulas, and right ones.

The paper's (14), (15) and (21) to (23) are densities in theta^2 on the axis, per rad^2, though it
reads them as numbers of photons. `coherent_photons` integrates over angles; how much that gives,
the bunch's width decides, and what the crystal absorbs and scatters away is left out.
"""

from __future__ import annotations

from math import pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.constants import FINE_STRUCTURE, HBAR_C, HC
from fieldwright.errors import BelowThresholdError, InputError
from fieldwright.light.bunches._bunch import ModulatedBunch
from fieldwright.light.media._medium import Medium, Vacuum, as_medium
from fieldwright.light.spectra._directions import Directions
from fieldwright.light.undulators._gauss import gauss_nodes
from fieldwright.light.undulators._undulator import Undulator, _lorentz
from fieldwright.light.undulators._undulator_light import node_count, one_period, photons_of
from fieldwright.sources._checks import as_float, is_concrete, require_positive

#: Nodes of the integral over distances along the crystal, in a variable that is fine near zero.
_NODES = 1024
#: The least width of a bunch [m]: next to it the natural cone is all there is.
_THINNEST = 1e-13


class PaperFormulas(Result):
    """The paper's closed formulas, as it prints them; what `paper_formulas` returns."""

    low: Any = quantity("eV", "omega- of (12b)")
    high: Any = quantity("eV", "omega+ of (12b)")
    threshold: Any = quantity("", "gamma_th of (12b)")
    on_axis: Any = quantity("1/(eV rad^2)", "(14) on the line: dN/dE per theta^2, one charge")
    incoherent_line: Any = quantity("1/rad^2", "(15): in 1/n of bandwidth, per theta^2, one charge")
    coherent: Any = quantity("1/rad^2", "(22): of the modulated bunch, per theta^2")
    incoherent: Any = quantity("1/rad^2", "(23): of the bunch in the same width, per theta^2")
    ratio: Any = quantity("", "(24): coherent over incoherent")
    natural_width: Any = quantity("", "relative linewidth of one charge, 1 / n")
    coherent_width: Any = quantity("", "full relative linewidth of F_Z, lambda / (pi sigma_Z)")


def paper_formulas(
    undulator: Undulator, gamma: Any, bunch: ModulatedBunch, plasma_energy: Any
) -> PaperFormulas:
    """The closed formulas of the paper for a modulated bunch, without judgement.

    Args:
        undulator: planar, the crystal.
        gamma: Lorentz factor.
        bunch: with its depth b; its resonance is taken to be on the line, as the paper does.
        plasma_energy: of the crystal [eV].

    Returns:
        `PaperFormulas`. (14), (15), (22) and (23) are per theta^2, which the paper leaves out. (23)
        takes the full width lambda / (pi sigma_Z), of which the paper's energy spread is half.

    Raises:
        BelowThresholdError: gamma is not above gamma_th.
        InputError: numbers of wrong shape, a bunch without modulation or length, a plasma energy
            not above zero.

    >>> from fieldwright.light import ModulatedBunch, PlanarUndulator, paper_formulas
    >>> bunch = ModulatedBunch(1.56e9, [0.0, 0.0, 9e-6], depth=1.0, resonance=8265.6)
    >>> found = paper_formulas(PlanarUndulator(14e-6, 1.5, 100), 26614.5, bunch, 38.0)
    >>> print(f"{found.coherent:.3e} {found.incoherent:.3e} {found.ratio:.3e}")
    4.536e+15 1.312e+07 3.456e+08
    """
    gamma, plasma = _lorentz(gamma, undulator), as_float(plasma_energy, "plasma_energy")
    _require_modulated(bunch)
    require_positive(plasma_energy=plasma)
    excess = 1 + undulator.K**2 / 2
    step = HC / undulator.period * jnp.sqrt(1 - excess / gamma**2)
    threshold = jnp.sqrt(excess) * plasma / step
    if is_concrete(threshold, gamma) and not gamma > threshold:
        raise BelowThresholdError(
            f"gamma = {float(gamma):.6g} is not above gamma_th = {float(threshold):.6g} of (12b): "
            "the crystal gives no light on its axis",
            {"gamma": float(gamma), "threshold": float(threshold)},
        )
    root = jnp.sqrt(1 - (threshold / gamma) ** 2)
    top = step * gamma**2 / excess
    n, wave, sigma = undulator.periods, HC / bunch.resonance, bunch.size[2]
    strength = FINE_STRUCTURE * undulator.K**2 * bunch.resonance / (4 * step**2 * gamma**2)
    reach = undulator.K * undulator.length / gamma
    line = FINE_STRUCTURE * n * (undulator.K * undulator.period / (2 * gamma * wave)) ** 2
    coherent = jnp.sqrt(pi) * FINE_STRUCTURE / (2 * sigma * wave) * (reach / 4) ** 2
    # the root's complement without a difference
    low = top * (threshold / gamma) ** 2 / (1 + root)
    return PaperFormulas(
        low=low,
        high=top * (1 + root),
        threshold=threshold,
        on_axis=pi * strength * n**2,
        incoherent_line=pi * line,
        coherent=coherent * (bunch.particles * bunch.depth) ** 2,
        incoherent=FINE_STRUCTURE * bunch.particles / (sigma * wave) * (reach / 2) ** 2,
        ratio=jnp.sqrt(pi) / 8 * bunch.particles * bunch.depth**2,
        natural_width=jnp.asarray(1 / n),
        coherent_width=wave / (pi * sigma),
    )


class CoherentLight(Result):
    """Light of a modulated bunch at its resonance; what `coherent_photons` returns."""

    coherent: Any = quantity("photons", "in step, over all angles and the whole line")
    incoherent: Any = quantity("photons", "not in step, over all angles, within `width`")
    per_steradian: Any = quantity("photons/sr", "in step, on the axis, over the whole line")
    width: Any = quantity("eV", "full width 2 hbar c / sigma_Z of the line, as in (23)")
    solid_angle: Any = quantity("sr", "of the cone: coherent over per_steradian")
    kept: Any = quantity("", "what loss and dechanneling leave of `coherent`")


def coherent_photons(
    undulator: Undulator,
    gamma: Any,
    bunch: ModulatedBunch,
    medium: Medium | None = None,
    dechanneling_length: Any = np.inf,
) -> CoherentLight:
    r"""Photons of a modulated bunch at its resonance, in step and not, over all angles.

    Args:
        undulator: the crystal, or a magnet.
        gamma: Lorentz factor of the charges, which all go along the axis.
        bunch: its width decides the cone of light in step; its length the line's width, which is
            taken to be narrow next to that of the undulator, 1 / n.
        medium: with its attenuation; vacuum if None.
        dechanneling_length: over which charges leave the channel, by exp(-z / length) [m].

    Returns:
        `CoherentLight`. The resonance need not be on the undulator's line: what is off counts less.

    Raises:
        InputError: numbers of wrong shape, a bunch without modulation or length, a dechanneling
            length not above zero, a resonance that does not go through the medium.

    Near the axis the amplitude is A_1 / l times the integral of f(z) exp(i (d - k theta^2 / 2) z)
    along the crystal, with A_1 of a period and f(z) = exp(-z / L_D - mu (L - z) / 2). Its square
    with F_R = exp(-(k sigma theta)^2), integrated over angles, is one integral over distances:
    |A_1 / l|^2 pi R(D) exp(i d D) / sqrt((k sigma_x)^2 + i k D / 2) / sqrt(same of y), of f's
    autocorrelation R. For a thin bunch it is |A_1 / l|^2 pi lambda times the integral of f^2: a
    cone of theta^2 = lambda / L. It counts angles small next to sqrt(lambda / l), the harmonic's
    own cone.

    >>> from fieldwright.light import ModulatedBunch, PlanarUndulator, Plasma, coherent_photons
    >>> crystal = PlanarUndulator(14e-6, 1.5, 100)
    >>> for width in (0.0, 1e-6, 1e-5):
    ...     bunch = ModulatedBunch(1.56e9, [width, width, 9e-6], depth=1.0, resonance=8153.8222)
    ...     found = coherent_photons(crystal, 26614.536, bunch, Plasma(38.0))
    ...     print(f"{found.coherent:.3e}")
    4.860e+08
    2.621e+06
    2.621e+04
    """
    gamma, medium = _lorentz(gamma, undulator), as_medium(medium)
    _require_modulated(bunch)
    if is_concrete(dechanneling_length) and not dechanneling_length > 0:
        raise InputError(
            f"dechanneling_length must be above zero, got {dechanneling_length}",
            parameter="dechanneling_length",
        )
    energy = jnp.asarray(as_float(bunch.resonance, "resonance"))
    lack = medium.one_minus_index(energy)
    axis = Directions(jnp.zeros(2), jnp.asarray(0.0))
    known = is_concrete(undulator, gamma, energy)
    count = node_count(undulator, gamma, energy, axis, lack) if known else 256
    lost = medium.attenuation(energy)
    length = undulator.length
    return coherent_of(undulator, gamma, bunch, lack, lost, dechanneling_length, length, count)


def _require_modulated(bunch: Any) -> None:
    if not isinstance(bunch, ModulatedBunch):
        raise InputError(
            f"this is the light of a ModulatedBunch, got {type(bunch).__name__}", parameter="bunch"
        )
    if is_concrete(bunch) and not bunch.size[2] > 0:
        raise InputError(
            "the bunch's length, the third of its sizes, must be above zero: the light's line is "
            "as narrow as the bunch is long",
            parameter="bunch",
        )


@jax.jit(static_argnames=("count",))
def coherent_of(
    undulator: Undulator, gamma: Any, bunch: ModulatedBunch, lack: Any, mu: Any, path: Any,
    length: Any, count: int,
) -> CoherentLight:  # fmt: skip
    """`coherent_photons` of numbers: one minus the index, attenuation, paths, length, nodes."""
    one = undulator.motion(gamma, count)
    energy = bunch.resonance
    axis = Directions(jnp.zeros(2), jnp.asarray(0.0))
    field, phase = one_period(undulator.period, one, energy, axis, lack)
    # phase per length, less the whole waves that light gains in a period
    whole = 2 * pi * jnp.round(jnp.real(phase) / (2 * pi))
    off = (jnp.real(phase) - whole) / undulator.period
    index = 1 - lack
    wave = energy / HBAR_C * index
    # photons per sr, energy and length^2 along the crystal
    rate = index * photons_of(field / undulator.period, energy, Vacuum()) / energy
    leave, lose = 1 / jnp.asarray(path), 0.5 * mu
    width = 2 * HBAR_C / bunch.size[2]
    line = bunch.particles**2 * bunch.depth**2 / 4 * jnp.sqrt(pi) * width / 2

    def along(leave: Any, lose: Any) -> Any:
        return lambda apart: _in_step(length, leave, lose, apart)

    kept = _over_angles(wave, off, length, bunch.size[:2], along(leave, lose))
    free = _over_angles(wave, off, length, bunch.size[:2], along(0.0, 0.0))
    alone = _over_angles(
        wave, off, length, jnp.zeros(2), lambda apart: _alone(length, leave, lose, apart)
    )
    forward = jnp.abs(_forward(length, leave, lose, off)) ** 2
    return CoherentLight(
        coherent=rate * line * kept,
        incoherent=rate * bunch.particles * width * alone,
        per_steradian=rate * line * forward,
        width=width,
        solid_angle=kept / forward,
        kept=kept / free,
    )


def _over_angles(wave: Any, off: Any, length: Any, sigma: Any, correlation: Any) -> Any:
    """Integral over angles of |integral of f exp(i (off - k theta^2 / 2) z) dz|^2 F_R."""
    thick = jnp.maximum(sigma, _THINNEST)
    # the root below is smooth in t where distances are scale * sinh(t)
    scale = 2 * wave * jnp.prod(thick)
    nodes, weights = gauss_nodes(_NODES)
    top = jnp.arcsinh(length / scale)
    apart = scale * jnp.sinh(top * nodes)
    step = weights * top * scale * jnp.cosh(top * nodes)
    square = (wave * thick[:, None]) ** 2 + 0.5j * wave * apart
    cone = pi / (jnp.sqrt(square[0]) * jnp.sqrt(square[1]))
    # of both signs of the distance
    return 2 * jnp.sum(step * correlation(apart) * jnp.real(cone * jnp.exp(1j * off * apart)))


def _in_step(length: Any, leave: Any, lose: Any, apart: Any) -> Any:
    """Autocorrelation of f(z) = exp(-leave z - lose (L - z)): the mean amplitude's."""
    rest = length - apart
    return jnp.exp(-(leave + lose) * length) * rest * _sinhc((lose - leave) * rest)


def _alone(length: Any, leave: Any, lose: Any, apart: Any) -> Any:
    """The same of one charge, which is in the channel at both places or not."""
    rest = length - apart
    twice = 2 * lose - leave
    middle = (lose - leave) * apart - 2 * lose * length + 0.5 * twice * rest
    return jnp.exp(middle) * rest * _sinhc(0.5 * twice * rest)


def _forward(length: Any, leave: Any, lose: Any, off: Any) -> Any:
    """Integral of f(z) exp(i off z), but for a phase."""
    half = 0.5 * length * (lose - leave + 1j * off)
    return length * jnp.exp(-0.5 * (leave + lose) * length) * _sinhc(half)


def _sinhc(z: Any) -> Any:
    """sinh(z) / z, smooth at zero."""
    small = jnp.abs(z) < 1e-2
    safe = jnp.where(small, 1.0, z)
    square = jnp.where(small, z * z, 0.0)
    series = 1 + square / 6 * (1 + square / 20 * (1 + square / 42))
    return jnp.where(small, series, jnp.sinh(safe) / safe)
