"""Spectra of an undulator beside xrt's and SRW's."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from fieldwright import light
from fieldwright.constants import SPEED_OF_LIGHT

GAMMA, PERIOD, PERIODS = 5870.853542730, 0.02, 20
ENERGIES = np.linspace(2.2e3, 3.4e3, 60)


def undulator(begin: float = 0.0) -> light.Path:
    """Velocity as sin(kz + begin)."""
    k = 2 * np.pi / PERIOD
    mean = 1 + (1 + 0.5) / (2 * GAMMA**2)
    ct = np.linspace(0, PERIODS * PERIOD * mean, 64 * PERIODS + 1)
    wave = np.sin(2 * k * ct / mean + 2 * begin) - np.sin(2 * begin)
    z = ct / mean + wave / (8 * k * GAMMA**2)
    u = np.sin(k * z + begin)
    place = np.c_[(np.cos(begin) - np.cos(k * z + begin)) / (GAMMA * k), 0 * z, z]
    return light.Path(ct / SPEED_OF_LIGHT, place, np.c_[u, 0 * u, np.sqrt(GAMMA**2 - 1 - u**2)])


def test_xrt() -> None:
    """Its undulator begins where the velocity is largest, and its electron goes on straight."""
    sources = pytest.importorskip("xrt.backends.raycing.sources")
    source = sources.Undulator(
        eE=GAMMA * 0.51099895069e-3, eI=0.1, eEspread=0, eEpsilonX=0, eEpsilonZ=0, betaX=10,
        betaZ=10, xPrimeMax=0.1, zPrimeMax=0.1, eMin=2.2e3, eMax=3.4e3, distE="BW",
        targetOpenCL=None, period=20.0, n=PERIODS, K=1.0, gp=1e-9,
    )  # fmt: skip
    zero = np.zeros(1)
    theirs = np.asarray(source.intensities_on_mesh(ENERGIES, zero, zero)[0]).ravel() * 1e-6
    found = light.spectrum(undulator(np.pi / 2), ENERGIES, [0.0, 0.0, 1.0], ends="straight")
    ours = np.asarray(found.flux(0.1))
    assert np.max(np.abs(ours - theirs)) < 1e-5 * np.max(ours)  # its gamma is 4e-8 off


def test_srw_at_a_screen() -> None:
    """Its lines lie 8e-6 lower, in steps of any size: its constants are not ours."""
    srwlib = pytest.importorskip("srwpy.srwlib")
    length, screen = PERIOD * PERIODS, 10.0
    z = np.linspace(0, length, 1000 * PERIODS + 1)
    peak = 2 * np.pi / PERIOD * 510998.95069 / SPEED_OF_LIGHT
    By, none = array("d", peak * np.cos(2 * np.pi / PERIOD * z)), array("d", 0 * z)
    grid = srwlib.SRWLMagFld3D(
        _arBx=none, _arBy=By, _arBz=none, _nx=1, _ny=1, _nz=len(z), _rz=length, _nRep=1, _interp=4
    )
    middle = array("d", [length / 2])
    field = srwlib.SRWLMagFldC([grid], array("d", [0]), array("d", [0]), middle)
    wave = srwlib.SRWLWfr()
    wave.allocate(len(ENERGIES), 1, 1)
    wave.mesh.zStart, wave.mesh.eStart, wave.mesh.eFin = screen, ENERGIES[0], ENERGIES[-1]
    wave.mesh.xStart = wave.mesh.xFin = wave.mesh.yStart = wave.mesh.yFin = 0.0
    wave.partBeam.Iavg = 0.1
    wave.partBeam.partStatMom1.gamma = GAMMA
    srwlib.srwl.CalcElecFieldSR(wave, 0, field, [0, 2e-4, 0.0, length, 50000, 0, 0])
    theirs = array("f", [0] * len(ENERGIES))
    srwlib.srwl.CalcIntFromElecField(theirs, wave, 6, 0, 0, 0.0, 0.0, 0.0)
    path = undulator()
    distance = screen - float(path.position[len(path.time) // 2, 2])
    energies = ENERGIES * (1 + 8e-6)
    ours = light.spectrum_at(path, energies, [0.0, 0.0, screen]).flux(0.1) / distance**2
    assert np.max(np.abs(np.asarray(ours) - theirs)) < 5e-5 * np.max(np.asarray(ours))
