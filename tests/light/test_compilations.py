"""What light compiles: other numbers of the same kind compile nothing."""

from __future__ import annotations

import numpy as np
from tests.compilations import compilations

from fieldwright import light

LIGHT = 299792458.0


def path(points: int, K: float = 1.0) -> light.Path:
    gamma, k = 1000.0, 2 * np.pi / 0.02
    time = np.linspace(0, 0.2, points) / LIGHT
    vx = K * np.sin(k * LIGHT * time) / gamma
    u = np.c_[gamma * vx, 0 * time, np.sqrt(gamma**2 - 1 - (gamma * vx) ** 2)]
    return light.Path(time, np.zeros((points, 3)), u)


def test_spectra_of_other_paths_energies_and_directions_compile_nothing() -> None:
    energies, aims = np.linspace(70.0, 90.0, 101), np.linspace(0.0, 1e-4, 10).reshape(5, 2)
    light.spectrum(path(641), energies, [0.0, 0.0, 1.0])
    light.spectrum(path(641), energies, aims)
    light.spectrum_at(path(641), energies, [0.0, 0.0, 10.0])
    with compilations() as programs:
        light.spectrum(path(672, 0.9), energies[:100] + 2.0, [0.0, 0.0, 1.0])
        light.spectrum(path(641), energies + 1.0, np.concatenate([aims, aims[:1]]))
        light.spectrum_at(path(650), energies[:97], [0.0, 1e-3, 9.0])
    assert not programs


def test_undulators_of_other_periods_compile_nothing() -> None:
    beam = light.LightBeam.of_twiss(
        3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0], spread=1e-3
    )
    hole = [[-20e-6, 20e-6], [-20e-6, 20e-6]]
    energies = np.linspace(2800.0, 2900.0, 11)

    def all_of(undulator: light.Undulator, energies: np.ndarray) -> None:
        light.flux(undulator, beam, energies, hole)
        light.undulator_photons(undulator, beam.gamma, energies)
        light.brilliance(undulator, beam)
        light.tuning_curve(undulator, beam, energies / 3000.0)

    all_of(light.PlanarUndulator(0.02, 1.0, 100), energies)
    with compilations() as programs:
        all_of(light.PlanarUndulator(0.02, 1.01, 98), np.linspace(2810.0, 2900.0, 12))
    assert not programs
