"""The same undulator by xrt, SRW and OCELOT: photons/s/0.1 % BW on the axis.

Per mrad^2 far away by xrt, per mm^2 on the screen by the others.
"""

from __future__ import annotations

import contextlib
import io
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
from _light.case import CURRENT, ENERGIES, GAMMA, PERIOD, PERIODS, SCREEN, K

_REST = 0.51099895069e-3  # GeV

Run = Callable[[], np.ndarray]


def _field(strength: float) -> float:
    """Of an undulator of a strength K, at its peaks [T]."""
    return strength * 2 * np.pi / PERIOD * 510998.95069 / 299792458


def xrt_periodic(precision: float, K: float = K) -> Run:
    """The far field of one period, repeated."""
    from xrt.backends.raycing.sources import Undulator

    with contextlib.redirect_stdout(io.StringIO()):
        source = Undulator(**_XRT, period=PERIOD * 1e3, n=PERIODS, K=K, gp=precision)
    return lambda: _xrt(source)


def xrt_field(nodes: int) -> Run:
    """The far field of any field, with so many Gauss points a period, chosen by us.

    Its own search for a number of points took minutes.
    """
    from xrt.backends.raycing.sources import SourceFromField

    z = np.linspace(0, PERIOD * PERIODS * 1e3, 100 * PERIODS + 1)
    table = np.c_[z, _field(K) * np.cos(2 * np.pi / (PERIOD * 1e3) * z)]
    with contextlib.redirect_stdout(io.StringIO()):
        source = SourceFromField(**_XRT, customField=table, filamentBeam=True)
    source.quadm, source.gIntervals = nodes, PERIODS
    source._useGauLeg, source.convergenceSearchFlag = True, False
    source.reset = lambda: None
    source._build_integration_grid()
    source.needReset = False
    return lambda: _xrt(source)


_XRT = {
    "eE": GAMMA * _REST,
    "eI": CURRENT,
    "eEspread": 0,
    "eEpsilonX": 0,
    "eEpsilonZ": 0,
    "betaX": 10,
    "betaZ": 10,
    "xPrimeMax": 0.1,
    "zPrimeMax": 0.1,
    "eMin": 1e3,
    "eMax": 16e3,
    "distE": "BW",
    "targetOpenCL": None,
}


def _xrt(source: Any) -> np.ndarray:
    with contextlib.redirect_stdout(io.StringIO()):
        found = source.intensities_on_mesh(ENERGIES, np.zeros(1), np.zeros(1))[0]
    return np.asarray(found).reshape(len(ENERGIES)) * 1e-6  # of rad^2


def srw(method: int, precision: float, points: int, K: float = K) -> Run:
    """The field at a screen: by method 0, in steps of `precision` [m], or 1, for undulators."""
    from srwpy import srwlib

    with contextlib.redirect_stdout(io.StringIO()):
        z = np.linspace(0, PERIOD * PERIODS, 1000 * PERIODS + 1)
        By = array("d", _field(K) * np.cos(2 * np.pi / PERIOD * z))
        none = array("d", np.zeros(len(z)))
        grid = srwlib.SRWLMagFld3D(
            _arBx=none,
            _arBy=By,
            _arBz=none,
            _nx=1,
            _ny=1,
            _nz=len(z),
            _rz=PERIOD * PERIODS,
            _nRep=1,
            _interp=4,  # a cubic spline: linear pieces shift the lines
        )
        field = srwlib.SRWLMagFldC([grid], array("d", [0]), array("d", [0]),
                                   array("d", [PERIOD * PERIODS / 2]))  # fmt: skip
        beam = srwlib.SRWLPartBeam()
        beam.Iavg = CURRENT
        beam.partStatMom1.gamma = GAMMA
        beam.partStatMom1.z = 0.0

    def run() -> np.ndarray:
        wave = srwlib.SRWLWfr()
        wave.allocate(len(ENERGIES), 1, 1)
        wave.mesh.zStart = SCREEN
        wave.mesh.eStart, wave.mesh.eFin = ENERGIES[0], ENERGIES[-1]
        wave.mesh.xStart = wave.mesh.xFin = wave.mesh.yStart = wave.mesh.yFin = 0.0
        wave.partBeam = beam
        srwlib.srwl.CalcElecFieldSR(
            wave, 0, field, [method, precision, 0.0, PERIOD * PERIODS, points, 0, 0]
        )
        found = array("f", [0] * len(ENERGIES))
        srwlib.srwl.CalcIntFromElecField(found, wave, 6, 0, 0, 0.0, 0.0, 0.0)
        return np.array(found, dtype=float)

    return run


def srw_flux(
    K: float,
    energies: np.ndarray,
    half: float,
    distance: float,
    emittance: list[float],
    beta: list[float],
    spread: float,
) -> np.ndarray:
    """Photons/s/0.1 % BW of a beam through a square of width 2 `half` [m] at a distance [m]."""
    from srwpy import srwlib

    beam = srwlib.SRWLPartBeam()
    beam.Iavg = CURRENT
    beam.partStatMom1.gamma = GAMMA
    for first, e, b in zip((0, 3), emittance, beta, strict=True):
        beam.arStatMom2[first], beam.arStatMom2[first + 2] = e * b, e / b
    beam.arStatMom2[10] = spread**2
    found = srwlib.SRWLStokes()
    found.allocate(len(energies), 1, 1)
    mesh = found.mesh
    mesh.zStart, mesh.eStart, mesh.eFin = distance, energies[0], energies[-1]
    mesh.xStart, mesh.xFin, mesh.yStart, mesh.yFin = -half, half, -half, half
    magnet = srwlib.SRWLMagFldU([srwlib.SRWLMagFldH(1, "v", _field(K))], PERIOD, PERIODS)
    srwlib.srwl.CalcStokesUR(found, beam, magnet, [1, 9, 8.0, 8.0, 1])
    return np.array(found.arS[: len(energies)])


def ocelot(accuracy: float) -> Run:
    """Its own trajectory, and the field at a screen."""
    with contextlib.redirect_stdout(io.StringIO()):
        from ocelot.cpbd.beam import Beam
        from ocelot.cpbd.elements import Undulator
        from ocelot.cpbd.magnetic_lattice import MagneticLattice
        from ocelot.rad.radiation_py import calculate_radiation
        from ocelot.rad.screen import Screen

    beam = Beam()
    beam.E, beam.I = GAMMA * _REST, CURRENT
    lattice = MagneticLattice((Undulator(Kx=K, nperiods=PERIODS, lperiod=PERIOD, eid="u"),))

    def run() -> np.ndarray:
        screen = Screen()
        screen.z, screen.size_x, screen.size_y, screen.nx, screen.ny = SCREEN, 0.0, 0.0, 1, 1
        screen.start_energy, screen.end_energy = ENERGIES[0], ENERGIES[-1]
        screen.num_energy = len(ENERGIES)
        with contextlib.redirect_stdout(io.StringIO()):
            found = calculate_radiation(lattice, screen, beam, accuracy=accuracy)
        return np.asarray(found.Total)

    return run


#: Name, what it is compared with, and how it is made ready.
PEERS: dict[str, tuple[str, Callable[[], Run]]] = {
    "xrt, one period": ("crests", lambda: xrt_periodic(1e-6)),
    "xrt, any field": ("straight", lambda: xrt_field(32)),
    "SRW, for undulators, 0.01": ("srw", lambda: srw(1, 0.01, 50000)),
    "SRW, for undulators, 0.001": ("srw", lambda: srw(1, 0.001, 50000)),
    "SRW, steps of 0.1 mm": ("srw", lambda: srw(0, 1e-4, 200000)),
    "OCELOT, accuracy 1": ("screen", lambda: ocelot(1)),
    "OCELOT, accuracy 4": ("screen", lambda: ocelot(4)),
}
