"""Undulators and bending magnets with real beams, beside xrt and SRW.

Magnets begin and end differently in each of them, which tells in the wings of lines: spectra are
compared on the lines, and power by what more periods add.
"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import pytest

from fieldwright import light

GAMMA, PERIOD, PERIODS = 5870.853542730, 0.02, 100
ENERGY = GAMMA * 510998.95069
UNDULATOR = light.PlanarUndulator(PERIOD, 1.0, PERIODS)
MACHINE = {"emittance": [3.2e-10, 8e-12], "beta": [9.0, 2.0]}  # of a ring of 3 GeV
HARMONICS = [1, 3, 5]


def beam(*, spread: float = 0.0, **twiss: Any) -> light.LightBeam:
    twiss = twiss or {"emittance": [0.0, 0.0], "beta": [1.0, 1.0]}
    return light.LightBeam.of_twiss(ENERGY, 0.5, spread=spread, **twiss)


def xrt_density(energy: Any, angles: Any = (0.0, 0.0), *, spread: float = 0.0, **K: float) -> Any:
    """Flux density of xrt [1/s/mrad^2/0.1%BW]."""
    sources = pytest.importorskip("xrt.backends.raycing.sources")
    source = sources.Undulator(
        eE=ENERGY * 1e-9, eI=0.5, eEspread=spread, eEpsilonX=0, eEpsilonZ=0, betaX=10, betaZ=10,
        xPrimeMax=0.1, zPrimeMax=0.1, eMin=energy[0], eMax=energy[-1] + 1, distE="BW",
        targetOpenCL=None, period=1e3 * PERIOD, n=PERIODS, gp=1e-8, **K,
    )  # fmt: skip
    x, y = np.atleast_1d(angles[0]), np.atleast_1d(angles[1])
    found = source.intensities_on_mesh(energy, x, y, eSpreadSigmas=6, eSpreadNSamples=60)
    return np.asarray(found[0]).ravel() * 1e-6


@pytest.mark.parametrize("harmonic", HARMONICS)
@pytest.mark.parametrize("spread", [0.0, 8e-4])
def test_lines_on_the_axis_against_xrt(harmonic: int, spread: float) -> None:
    top = float(UNDULATOR.harmonic_energy(GAMMA, harmonic))
    energy = top * np.linspace(0.9995, 1.0005, 9)
    ours = np.asarray(light.flux_density(UNDULATOR, beam(spread=spread), energy))
    assert ours.max() == pytest.approx(xrt_density(energy, spread=spread, K=1.0).max(), rel=5e-5)


def test_even_harmonics_strong_fields_and_helices_against_xrt() -> None:
    angles = np.array([3e-5, 2e-5])
    cases = [
        (UNDULATOR, 2, angles, {"K": 1.0}),
        (light.PlanarUndulator(PERIOD, 5.0, PERIODS), 7, np.zeros(2), {"K": 5.0}),
        (light.HelicalUndulator(PERIOD, 2.0, PERIODS), 1, np.zeros(2), {"Kx": 2.0, "Ky": 2.0}),
    ]
    for undulator, harmonic, direction, K in cases:
        energy = np.atleast_1d(undulator.harmonic_energy(GAMMA, harmonic, direction))
        ours = light.flux_density(undulator, beam(), energy, direction)
        phase = {"phaseDeg": 90.0} if "Kx" in K else {}
        np.testing.assert_allclose(ours, xrt_density(energy, direction, **K, **phase), rtol=5e-6)


def test_a_bending_magnet_against_xrt() -> None:
    sources = pytest.importorskip("xrt.backends.raycing.sources")
    magnet = sources.BendingMagnet(
        eE=1.9, eI=0.4, eEspread=0, eEpsilonX=0, eEpsilonZ=0, betaX=10, betaZ=10, B0=1.27,
        xPrimeMax=1, zPrimeMax=5, eMin=5, eMax=4e4, distE="BW",
    )  # fmt: skip
    energy, vertical = np.array([10.0, 1e3, 3050.0, 1e4, 3e4]), np.array([0.0, 1e-4, 4e-4])
    theirs = np.asarray(magnet.intensities_on_mesh(energy, np.zeros(1), vertical)[0])
    ours = light.bending_magnet_density(
        light.LightBeam(1.9e9, 0.4), 1.27, energy[:, None], vertical
    )
    np.testing.assert_allclose(ours.sum(axis=0), theirs.reshape(5, 3) * 1e-6, rtol=1e-5)


def srw_beam(srw: Any, spread: float = 0.0, twiss: Any = None) -> Any:
    found = srw.SRWLPartBeam()
    found.Iavg, start = 0.5, found.partStatMom1
    start.gamma, start.x, start.y, start.xp, start.yp = GAMMA, 0, 0, 0, 0
    if twiss is not None:
        moments = found.arStatMom2
        for first, emittance, beta in zip((0, 3), twiss["emittance"], twiss["beta"], strict=True):
            moments[first], moments[first + 2] = emittance * beta, emittance / beta
        moments[10] = spread**2
    return found


def srw_undulator(srw: Any, K: float, periods: int, *, helical: bool = False) -> Any:
    field = K * 2 * np.pi / PERIOD * 510998.95069 / 299792458.0
    parts = [srw.SRWLMagFldH(1, "v", field)]
    if helical:
        parts.append(srw.SRWLMagFldH(1, "h", field, _ph=np.pi / 2))
    return srw.SRWLMagFldU(parts, PERIOD, periods)


def srw_flux(K: float, energy: Any, half: float, distance: float, spread: float) -> Any:
    """Flux of SRW through a square of width 2 `half` [m] [1/s/0.1%BW]."""
    srw = pytest.importorskip("srwpy.srwlib")
    found = srw.SRWLStokes()
    found.allocate(len(energy), 1, 1)
    mesh = found.mesh
    mesh.zStart, mesh.eStart, mesh.eFin = distance, energy[0], energy[-1]
    mesh.xStart, mesh.xFin, mesh.yStart, mesh.yFin = -half, half, -half, half
    magnet = srw_undulator(srw, K, PERIODS)
    srw.srwl.CalcStokesUR(found, srw_beam(srw, spread, MACHINE), magnet, [1, 9, 8.0, 8.0, 1])
    return np.array(found.arS[: len(energy)])


@pytest.mark.parametrize(("K", "harmonic"), [(1.0, 1), (2.0, 3), (2.0, 5)])
def test_flux_of_a_real_machine_through_a_slit_against_srw(K: float, harmonic: int) -> None:
    undulator, distance = light.PlanarUndulator(PERIOD, K, PERIODS), 30.0
    # where the light of slits is strongest
    energy = float(undulator.harmonic_energy(GAMMA, harmonic)) * np.linspace(0.997, 1.0, 4)
    half, real = 0.4e-3, beam(spread=8e-4, **MACHINE)
    theirs = srw_flux(K, energy, half, distance, 8e-4)
    edges = np.full((2, 2), half / distance) * [-1, 1]
    ours = np.asarray(light.flux(undulator, real, energy, edges, distance))
    assert ours.max() == pytest.approx(theirs.max(), rel=5e-3)


def srw_power(K: float, periods: int, angles: Any, *, helical: bool) -> Any:
    """Power density of SRW over x and y alike [W/mrad^2]."""
    srw = pytest.importorskip("srwpy.srwlib")
    none = array("d", [0.0])
    magnets = srw.SRWLMagFldC([srw_undulator(srw, K, periods, helical=helical)], none, none, none)
    electrons = srw_beam(srw)
    electrons.partStatMom1.z = -PERIOD * (periods + 4) / 2
    found, distance = srw.SRWLStokes(), 1000.0
    found.allocate(1, len(angles), len(angles))
    mesh = found.mesh
    mesh.zStart, mesh.xStart, mesh.xFin = distance, angles[0] * distance, angles[-1] * distance
    mesh.yStart, mesh.yFin = mesh.xStart, mesh.xFin
    srw.srwl.CalcPowDenSR(found, electrons, 0, magnets, [2, 1, 0, 0, 20000])
    return np.array(found.arS[: len(angles) ** 2]).reshape(len(angles), -1) * distance**2


@pytest.mark.parametrize(("K", "helical"), [(0.01, False), (1.0, False), (5.0, False), (1.0, True)])
def test_power_of_each_period_against_srw(K: float, helical: bool) -> None:
    kind = light.HelicalUndulator if helical else light.PlanarUndulator
    angles = np.linspace(-3.0, 3.0, 13) * (1 + K / 2) / GAMMA
    long, short = (srw_power(K, count, angles, helical=helical) for count in (40, 20))
    grid = np.stack(np.meshgrid(angles, angles), axis=-1)
    ours = np.asarray(light.power_density(kind(PERIOD, K, 20), beam(), grid))
    np.testing.assert_allclose(ours, long - short, rtol=0, atol=1e-4 * ours.max())
