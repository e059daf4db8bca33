"""What a bent crystal allows: the numbers that planar channeling stands or falls with.

All are smooth functions of amplitude, period and energy, for optimisers too. Planes wave as
x = A cos(2 pi z / l). Energies are total ones of an electron or positron.
"""

from __future__ import annotations

from math import pi
from typing import Any

import jax.numpy as jnp
import numpy as np

from fieldwright.constants import ELECTRON_RADIUS, ELECTRON_REST_ENERGY, FINE_STRUCTURE
from fieldwright.errors import InputError
from fieldwright.light._checks import above_zero, not_negative, numbers
from fieldwright.light.undulators._gauss import gauss_nodes
from fieldwright.sources import Crystal, PlanarPotential
from fieldwright.sources._checks import is_concrete

_NODES = 64


def momentum_speed(energy: Any) -> Any:
    """Momentum times speed, p v [eV], of an electron or positron of an energy [eV].

    Raises:
        InputError: the energy is not above the rest energy.
    """
    energy = numbers(energy, "energy")
    if is_concrete(energy) and not jnp.all(energy > ELECTRON_REST_ENERGY):
        raise InputError(
            f"energy is the total one in eV, above the electron's {ELECTRON_REST_ENERGY:.0f}, got "
            f"{float(jnp.min(energy)):g}",
            parameter="energy",
        )
    return energy - ELECTRON_REST_ENERGY**2 / energy


def charge_sign(species: str) -> int:
    """The sign of the charge of "e+" or "e-"."""
    if species not in ("e+", "e-"):
        raise InputError(f'species must be "e+" or "e-", got {species!r}', parameter="species")
    return 1 if species == "e+" else -1


def lindhard_angle(potential: PlanarPotential, energy: Any) -> Any:
    """The largest angle to the planes at which a charge is held, sqrt(2 U / p v) [rad].

    Args:
        potential: across the planes.
        energy: of the charge (...) [eV].

    Raises:
        InputError: the energy is not above the rest energy.

    J. Lindhard, Mat. Fys. Medd. Dan. Vid. Selsk. 34, no. 14 (1965). Of a straight channel; times
    the Lorentz factor it is what the paper calls q_ch.

    >>> from fieldwright.light import lindhard_angle
    >>> from fieldwright.sources import HarmonicPotential
    >>> print(f"{float(lindhard_angle(HarmonicPotential(1.26e-10, 24.9), 13.6e9)) * 1e6:.3f} urad")
    60.513 urad
    """
    return jnp.sqrt(2 * potential.depth / momentum_speed(energy))


def bending_parameter(potential: PlanarPotential, energy: Any, amplitude: Any, period: Any) -> Any:
    """The largest centrifugal force over the largest force of the planes, C.

    Args:
        potential: across the planes.
        energy: of the charge (...) [eV].
        amplitude: of the bending (...) [m].
        period: of the bending (...) [m].

    Raises:
        InputError: the energy is not above the rest energy, the period not above zero.

    C = p v A (2 pi / l)^2 / e F. From C = 1 on no charge follows the planes (A. V. Korol, A. V.
    Solov'yov and W. Greiner, Int. J. Mod. Phys. E 13, 867 (2004)). Of what a straight channel takes
    in, an evenly bent one takes about 1 - C of a parallel beam and (1 - C)^2 of a wide one.

    >>> from fieldwright.light import bending_parameter
    >>> from fieldwright.sources import HarmonicPotential
    >>> channel = HarmonicPotential(1.26e-10, 24.9)
    >>> print(f"{float(bending_parameter(channel, 13.6e9, 1.27e-10, 14e-6)):.4f}")
    0.4401
    """
    period, amplitude = above_zero(period, "period"), numbers(amplitude, "amplitude")
    force = momentum_speed(energy) * jnp.abs(amplitude) * (2 * pi / period) ** 2
    return force / potential.largest_field


def channeling_period(
    potential: PlanarPotential, energy: Any, amplitude: Any = None, species: str = "e+"
) -> Any:
    """The length of one oscillation across a straight channel [m].

    Args:
        potential: across the planes.
        energy: of the charge (...) [eV].
        amplitude: of the oscillation (...) [m], below that which leaves the channel; small ones
            where it is None.
        species: "e+", about the middle of the gap, or "e-", about the plane (or pair of planes).

    Raises:
        InputError: energy or species are wrong, or a charge of such an amplitude is not held.

    >>> from fieldwright.light import channeling_period
    >>> from fieldwright.sources import DoyleTurner, HarmonicPotential
    >>> channels = HarmonicPotential(1.26e-10, 24.9), DoyleTurner("diamond", "110")
    >>> print([f"{float(channeling_period(channel, 13.6e9)) * 1e6:.3f} um" for channel in channels])
    ['6.541 um', '7.061 um']
    """
    sign, pv = charge_sign(species), momentum_speed(energy)
    middle = 0.0 if sign > 0 else potential.spacing / 2
    if amplitude is None:
        return 2 * pi * jnp.sqrt(pv / jnp.abs(potential.curvature(middle)))
    edge = _edge(potential, sign)
    if is_concrete(amplitude, edge) and np.any(above_zero(amplitude, "amplitude") > edge):
        raise InputError(
            f"a charge is held to {float(edge):.4g} m from the middle of its channel, got an "
            f"amplitude of {float(np.max(amplitude)):.4g} m",
            parameter="amplitude",
        )
    amplitude = jnp.asarray(amplitude)[..., None]
    nodes, weights = gauss_nodes(_NODES)
    angle = pi / 2 * nodes
    there = potential.energy(middle + amplitude * jnp.sin(angle))
    drop = sign * (potential.energy(middle + amplitude) - there)
    speed = jnp.sqrt(2 * drop / jnp.asarray(pv)[..., None])
    return 2 * pi * jnp.sum(weights * amplitude * jnp.cos(angle) / speed, axis=-1)


def _edge(potential: PlanarPotential, sign: int) -> Any:
    """How far from the middle of its channel a charge turns back at most [m]."""
    return potential.plane if sign > 0 else potential.spacing / 2


def swing_ratio(potential: PlanarPotential, energy: Any, period: Any) -> Any:
    """The amplitude of a charge that waving planes force along, over that of the planes.

    Args:
        potential: across the planes.
        energy: of the positron (...) [eV].
        period: of the bending (...) [m].

    Raises:
        InputError: the energy is not above the rest energy, the period not above zero.

    In a harmonic channel x'' = -K^2 (x - A cos k z) is solved by A cos k z / (1 - k^2 / K^2): the
    ratio is one for slow waves, and has no bound where the bending period meets the
    `channeling_period`. The undulator parameter and the part of the channel used up grow by it.

    >>> from fieldwright.light import swing_ratio
    >>> from fieldwright.sources import HarmonicPotential
    >>> print(f"{float(swing_ratio(HarmonicPotential(1.26e-10, 24.9), 13.6e9, 14e-6)):.4f}")
    1.2793
    """
    period = above_zero(period, "period")
    return 1 / (1 - (channeling_period(potential, energy) / period) ** 2)


def dechanneling_length(
    potential: PlanarPotential, energy: Any, bending: Any = 0.0, species: str = "e+"
) -> Any:
    """The length over which the number of channeled charges falls by e [m]: an estimate.

    Args:
        potential: across the planes, of a crystal.
        energy: of the charge (...) [eV].
        bending: the `bending_parameter` C (...); the length falls with (1 - C)^2.
        species: "e+" or "e-".

    Raises:
        InputError: energy or species are wrong, C is below zero, or the potential is of no crystal.

    Positrons scatter on electrons, all over the channel: 256 / (9 pi^2) p v a d / (r m c^2 L), a
    Thomas and Fermi's radius, r an electron's classical one, L = ln(sqrt(2 gamma) m c^2 / I) -
    23/24 (V. M. Biryukov, Yu. A. Chesnokov and V. I. Kotov, Crystal Channeling (Springer, 1997);
    L for positrons: Korol, Solov'yov and Greiner (2004)). The ln(2 gamma m c^2 / I) - 1 of heavy
    charges makes it 1.4 times shorter, and with it a proton's is 22 cm at 400 GeV in silicon (110).
    It is good to tens of percent.

    Electrons pass through the nuclei. Their length is the length in which multiple scattering as in
    amorphous matter gives the depth of the well as transverse energy, alpha U E X / (pi (m c^2)^2),
    X the radiation length (as V. N. Baier, V. M. Katkov and V. M. Strakhovenko, Electromagnetic
    Processes at High Energies in Oriented Single Crystals (World Scientific, 1998)). It
    gives 15 um at 855 MeV in silicon (110), where H. Backe et al., J. Phys.: Conf. Ser. 438, 012017
    (2013), found 18 um; Backe, Lauth and Tran Thi, arXiv:2004.04539, hold such measurements to be
    too few for more than that. At many GeV it is too long.

    >>> from fieldwright.light import dechanneling_length
    >>> from fieldwright.sources import DoyleTurner
    >>> channel = DoyleTurner("diamond", "110")
    >>> print([f"{float(dechanneling_length(channel, 13.6e9, C)) * 1e3:.2f} mm" for C in (0, 0.4)])
    ['6.67 mm', '2.40 mm']
    """
    crystal, pv = _crystal_of(potential), momentum_speed(energy)
    bending = not_negative(bending, "bending")
    if charge_sign(species) < 0:
        gain = pi * ELECTRON_REST_ENERGY**2 / (FINE_STRUCTURE * crystal.radiation_length)
        straight = potential.depth * jnp.asarray(energy) / gain
    else:
        gamma = jnp.asarray(energy) / ELECTRON_REST_ENERGY
        logarithm = (
            jnp.log(jnp.sqrt(2 * gamma) * ELECTRON_REST_ENERGY / crystal.excitation_energy)
            - 23 / 24
        )
        gap = potential.spacing * 0.75 if _paired(potential) else potential.spacing
        area = crystal.screening_length * gap
        straight = (
            256 / (9 * pi**2) * pv * area / (ELECTRON_RADIUS * ELECTRON_REST_ENERGY * logarithm)
        )
    return straight * jnp.maximum(1 - jnp.asarray(bending), 0.0) ** 2


def _paired(potential: PlanarPotential) -> bool:
    return getattr(potential, "planes", "") == "111"


def _crystal_of(potential: PlanarPotential) -> Crystal:
    if potential.crystal is None:
        raise InputError(
            "this needs to know the crystal's atoms: give HarmonicPotential the crystal as well",
            parameter="potential",
        )
    return potential.crystal
