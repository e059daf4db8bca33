"""The Floquet spectrum of a driven trap in the modes of the trap at rest.

Multipliers leave the unit circle where two of opposite Krein signature meet (V. A. Yakubovich and
V. M. Starzhinskii, Linear Differential Equations with Periodic Coefficients, 1975, chapter III):
where two of the trap's frequencies, each with the sign of its mode's energy, add up to a multiple n
of the drive's. The energy of the magnetron motion is negative, so its frequency counts as -w-: a
parametric drive makes motion grow at 2 wz / n and at (w+ - w-) / n.

Frequencies shift as the drive gets strong, so n is not guessed from them. Each solution is written
in the modes of the trap at rest; how often its largest parts turn in a period says which modes
take part, and the sum of their turns is n exactly wherever the motion grows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fieldwright.errors import InputError
from fieldwright.motion.integrators._flow import rate
from fieldwright.motion.resonances._floquet import ROUNDING, growth, monodromies
from fieldwright.motion.resonances._periodic import PeriodicFields
from fieldwright.sources import LinearField


class Modes(NamedTuple):
    """Modes of a trap at rest: axial, modified cyclotron, magnetron.

    Attributes:
        frequency: (3,) [rad/s], below zero where the mode's energy is.
        basis: columns (6, 6) of (r, v x unit): the modes, which turn as exp(-i w t), and their
            conjugates; their Krein signatures are 1 and -1.
        unit: of time [s], in which ions move about as far as they are from the centre.
    """

    frequency: np.ndarray
    basis: np.ndarray
    unit: float


def trap_modes(fields: PeriodicFields, ratio: float) -> Modes:
    """The modes of the part of the fields that stays at rest, the same for all points.

    Raises:
        InputError: that part does not hold an ion.
    """
    field = fields.field
    E0, G, B = (np.asarray(part[..., 0]) for part in (field.E0, field.G, field.B))
    unit = 1 / max(float(rate(LinearField.static(E0, G, B), ratio)), 1e-300)
    turn = ratio * np.cross(np.eye(3), B).T  # v -> v x B
    zero, one = np.zeros((3, 3)), np.eye(3)
    generator = np.block([[zero, one], [ratio * unit**2 * G, unit * turn]])
    values, vectors = np.linalg.eig(generator)
    form = np.block([[-unit * turn, one], [-one, zero]])
    sign = np.real(1j * np.einsum("im,ij,jm->m", vectors.conj(), form, vectors))
    chosen = np.flatnonzero(sign > 1e-9)
    if len(chosen) != 3 or np.abs(values.real).max() > 1e-9:
        raise InputError(
            "the trap does not hold this ion without its drive, so that there are no modes to name "
            "as a reason: growth_rate gives the growth alone",
            parameter="trap",
        )
    vectors = vectors[:, chosen] / np.sqrt(sign[chosen])
    frequency = -values.imag[chosen] / unit
    along = np.abs(B @ vectors[:3]) / np.linalg.norm(vectors[:3], axis=0)
    axial = int(np.argmax(along))
    plane = sorted({0, 1, 2} - {axial}, key=lambda mode: -abs(frequency[mode]))
    order = [axial, *plane]
    vectors = vectors[:, order]
    return Modes(frequency[order], np.concatenate([vectors, vectors.conj()], axis=1), unit)


class Spectrum(NamedTuple):
    """What p points of a scan do in a drive's period.

    Attributes:
        turns: of each mode (p, 3), its phase's winding over the period over 2 pi.
        growth: of each pair of modes (p, 3, 3), logarithm of the multiplier; zero where stable.
    """

    turns: np.ndarray
    growth: np.ndarray


def spectrum(fields: PeriodicFields, ratio: float, modes: Modes) -> Spectrum:
    """Which modes grow, and how often each turns, at each of the points of `fields`."""
    points = len(fields.period)
    result = Spectrum(np.full((points, 3), np.nan), np.zeros((points, 3, 3)))
    to_modes = np.linalg.inv(modes.basis)
    for index, matrices in monodromies(fields, ratio, modes.unit):
        multipliers, vectors = np.linalg.eig(matrices[:, -1])
        parts = (to_modes @ matrices.astype(complex)) @ vectors[:, None]
        ahead = np.angle(parts[:, 1:] * parts[:, :-1].conj()).sum(axis=1) / (2 * np.pi)
        # Conjugate parts turn the other way, so that both count forward for their mode.
        ahead *= np.repeat([-1.0, 1.0], 3)[:, None]
        size = np.sum(np.abs(parts) ** 2, axis=1)
        for point, *one in zip(index, np.abs(multipliers), ahead, size, strict=True):
            _assign(point, result, *one)
    return result


def _assign(
    point: int, result: Spectrum, multipliers: np.ndarray, ahead: np.ndarray, size: np.ndarray
) -> None:
    """Give each solution (6,) to the mode or the pair of modes that it mostly is.

    `ahead` and `size` are (6 parts, 6 solutions), of modes and then of their conjugates.
    """
    from scipy.optimize import linear_sum_assignment  # a third of a second, not always wanted

    gain = growth(multipliers)
    free = [0, 1, 2]
    for solution in np.flatnonzero(gain > 0):
        one, other = int(np.argmax(size[:3, solution])), int(np.argmax(size[3:, solution]))
        result.growth[point, one, other] = result.growth[point, other, one] = gain[solution]
        result.turns[point, one] = ahead[one, solution]
        result.turns[point, other] = ahead[3 + other, solution]
        free = [mode for mode in free if mode not in (one, other)]
    stable = np.flatnonzero(np.abs(np.log(multipliers)) <= ROUNDING)
    share = size[:3, stable] / size[:, stable].sum(axis=0)
    chosen = linear_sum_assignment(share[free], maximize=True)
    for mode, solution in zip(np.take(free, chosen[0]), stable[chosen[1]], strict=True):
        result.turns[point, mode] = ahead[mode, solution]
