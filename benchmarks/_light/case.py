"""The undulator that all compute: 3 GeV, 100 periods of 20 mm, K = 1, 100 mA."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright import light
from fieldwright.constants import SPEED_OF_LIGHT

GAMMA, PERIOD, PERIODS, K, CURRENT = 5870.853542730, 0.02, 100, 1.0, 0.1
FIRST = 2848.902408229  # eV, on axis
ENERGIES = np.linspace(1e3, 16e3, 1000)
AXIS = np.array([0.0, 0.0, 1.0])
SCREEN = 30.0  # m from the entrance, for codes that have a screen


def trajectory(
    points: int = 64, periods: int = PERIODS, begin: float = 0.0, K: float = K
) -> tuple[np.ndarray, ...]:
    """Times (n,) [s], places (n, 3) [m] and gamma v / c (n, 3), with so many points a period.

    It begins at the phase `begin` of sin kz [periods].
    """
    k = 2 * np.pi / PERIOD
    z = (np.arange(4096) + 0.5) / 4096 * PERIOD
    inverse = 1 / np.sqrt(1 - 1 / GAMMA**2 - (K / GAMMA * np.sin(k * z)) ** 2)
    mean, second = np.mean(inverse), 2 * np.mean(inverse * np.cos(2 * k * z))
    ct = np.linspace(0, periods * PERIOD * mean, points * periods + 1)
    ct += begin * PERIOD * mean
    z = ct / mean
    for _ in range(3):
        z = (ct - second * np.sin(2 * k * z) / (2 * k)) / mean
    u = K * np.sin(k * z)
    x = K / GAMMA * (1 - np.cos(k * z)) / k
    momentum = np.c_[u, 0 * u, np.sqrt(GAMMA**2 - 1 - u**2)]
    return ct / SPEED_OF_LIGHT, np.c_[x, 0 * x, z], momentum


def path(points: int = 64, periods: int = PERIODS) -> light.Path:
    return light.Path(*trajectory(points, periods))


def straight(begin: float = 0.0) -> np.ndarray:
    """Photons/s/mrad^2/0.1 % BW where the charge comes and goes straight, from a phase on."""
    one = light.Path(*trajectory(256, 1, begin))
    found = light.spectrum(one, ENERGIES, AXIS, periods=PERIODS, ends="straight")
    return np.asarray(found.flux(CURRENT))


def on_screen(electronvolt: float = 1.0) -> np.ndarray:
    """Photons/s/mm^2/0.1 % BW at the middle of the screen, with 256 points a period.

    `electronvolt` is that of the photon energies' maker, over ours.
    """
    found = light.spectrum_at(path(256), ENERGIES * electronvolt, [0.0, 0.0, SCREEN])
    return np.asarray(found.flux(CURRENT)) / (SCREEN - path().position[64 * PERIODS // 2, 2]) ** 2


def crystal(points: int = 64) -> light.Path:
    """The crystalline undulator: positrons of 13.6 GeV, 100 periods of 14 um, K = 1.5."""
    gamma, wave, k = 13.6e9 / 510998.95069, 1.5, 2 * np.pi / 1.4e-5
    ct = np.linspace(0, 100 * 1.4e-5, points * 100 + 1)
    u = wave * np.sin(k * ct)
    momentum = np.c_[u, 0 * u, np.sqrt(gamma**2 - 1 - u**2)]
    x = wave / gamma * (1 - np.cos(k * ct)) / k
    return light.Path(ct / SPEED_OF_LIGHT, np.c_[x, 0 * x, ct], momentum)


def every_wave(
    path: light.Path, energies: np.ndarray, medium: Any = None, direction: np.ndarray = AXIS
) -> np.ndarray:
    """Energies of light, one photon energy at a time: waves are summed as they stand."""
    found = [light.spectrum(path, [energy], direction, medium).energy for energy in energies]
    return np.concatenate(found, axis=-1)


def converged(energies: np.ndarray = ENERGIES) -> np.ndarray:
    """Photons/s/mrad^2/0.1 % BW on the axis, by Fourier series and Gauss's rule."""
    time, _, u = trajectory(512)
    gamma = np.sqrt(1 + np.sum(u**2, axis=1))
    drop = (1 + u[:, 0] ** 2) / (gamma * (gamma + u[:, 2]))
    step = time[1] - time[0]
    # one period's Fourier series gives the retarded time; the light of it is summed 100 times
    one = slice(0, 512)
    waves = np.fft.rfft(drop[one]) / 512
    t = time[:513]
    omega0 = 2 * np.pi / (512 * step)
    lag = waves[0].real * t
    for m in range(1, 40):
        lag += 2 * np.real(waves[m] * (np.exp(1j * m * omega0 * t) - 1) / (1j * m * omega0))
    nodes, weights = np.polynomial.legendre.leggauss(400)
    s = (nodes + 1) / 2 * t[-1]
    series = np.fft.rfft(u[one, 0] / gamma[one]) / 512
    beta = sum(2 * np.real(series[m] * np.exp(1j * m * omega0 * s)) for m in range(1, 40))
    late = waves[0].real * s
    for m in range(1, 40):
        late += 2 * np.real(waves[m] * (np.exp(1j * m * omega0 * s) - 1) / (1j * m * omega0))
    omega = energies * 1.602176634e-19 / 1.054571817646156e-34
    field = np.exp(1j * np.outer(omega, late)) @ (weights * beta) * t[-1] / 2
    turn = omega * lag[-1]
    turn -= 2 * np.pi * np.round(turn / (2 * np.pi))
    many = np.where(
        np.abs(turn) < 1e-9, PERIODS, np.sin(PERIODS * turn / 2) / np.sin(turn / 2 + 1e-300)
    )
    photons = 7.2973525643e-3 / (4 * np.pi**2) * np.abs(omega * field * many) ** 2
    return photons * CURRENT / 1.602176634e-19 * 1e-9
