"""Rings on which codes are compared, each given once, in our own elements."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fieldwright.rings import (
    Bend,
    Drift,
    Element,
    Lattice,
    Quadrupole,
    RFCavity,
    Sextupole,
    Solenoid,
    vepp2000,
)

__all__ = ["COUPLED", "RINGS", "SHIPPED", "ring", "shipped"]


def _quadrupole(name: str, k1: float, length: float = 0.3, tilt: float = 0.0) -> Quadrupole:
    return Quadrupole(name=name, length=length, k1=k1, tilt=tilt)


def _drift(length: float) -> Drift:
    return Drift(name=f"D{round(1000 * length)}", length=length)


def _cavity(voltage: float, harmonic: int) -> RFCavity:
    return RFCavity(name="RF", voltage=voltage, harmonic=harmonic)


def _fodo(edge: float, focus: float, defocus: float, cells: int = 8) -> list[list[Element]]:
    """Cells of two bends with pole faces turned by `edge` times half their angle."""
    angle = math.pi / cells
    face = edge * angle / 2
    bend = Bend(name="B", length=1.2, angle=angle, e1=face, e2=face)
    cell = [
        _quadrupole("QF", focus), _drift(0.35), bend, _drift(0.35),
        _quadrupole("QD", defocus), _drift(0.35), bend, _drift(0.35),
    ]  # fmt: skip
    return [list(cell) for _ in range(cells)]


def _sector() -> list[list[Element]]:
    return _fodo(0.0, 2.5, -2.0)


def _rectangular() -> list[list[Element]]:
    return _fodo(1.0, 3.0, -1.5)


def _close(cells: list[list[Element]], voltage: float, harmonic: int, energy: float) -> Lattice:
    elements = [element for cell in cells for element in cell]
    return Lattice.of([_cavity(voltage, harmonic), *elements], energy=energy)


def fodo_sector() -> Lattice:
    """Plain cells with sector bends."""
    return _close(_sector(), 2.5e6, 20, 2e9)


def fodo_rectangular() -> Lattice:
    """The same with rectangular bends: the pole faces' damping matters."""
    return _close(_rectangular(), 2.5e6, 20, 2e9)


def gradient() -> Lattice:
    """Bends that defocus by themselves, a sextupole component with them."""
    bend = Bend(name="BD", length=1.2, angle=math.pi / 4, k1=-1.0, k2=-3.0)
    cell = [_quadrupole("QF", 5.0), _drift(0.5), bend, _drift(0.5)]
    return _close([cell] * 8, 1.5e6, 16, 1.5e9)


def achromat() -> Lattice:
    """Double-bend achromats with sextupoles, bends with soft edges."""
    angle = math.pi / 12
    first = Bend(name="B", length=1.5, angle=angle, e1=angle / 2, e2=angle / 2,
                 fint1=0.5, fint2=0.4, gap=0.05)  # fmt: skip
    half = [
        _drift(1.2), _quadrupole("Q1", 2.49), _drift(0.4), _quadrupole("Q2", -3.155), _drift(0.6),
        first, _drift(0.45), Sextupole(name="SD", length=0.2, k2=-20.0), _drift(0.45),
    ]  # fmt: skip
    back = [element for element in reversed(half) if not isinstance(element, Bend)]
    second = Bend(name="B2", length=1.5, angle=angle, e1=angle / 2, e2=angle / 2,
                  fint1=0.4, fint2=0.5, gap=0.05)  # fmt: skip
    back.insert(3, second)
    cell = [*half, _quadrupole("QC", 2.235, 0.4), *back]
    return _close([cell] * 12, 2e6, 160, 2e9)


def small() -> Lattice:
    """Eight rectangular bends of 45 degrees in 18 m."""
    bend = Bend(name="B", length=1.1, angle=math.pi / 4, e1=math.pi / 8, e2=math.pi / 8)
    cell = [
        _quadrupole("QF", 3.0), _drift(0.4), bend, _drift(0.35),
        _quadrupole("QD", 0.5, 0.25), _drift(0.35), bend, _drift(0.4),
    ]  # fmt: skip
    return _close([cell] * 4, 4e5, 14, 1e9)


def skew() -> Lattice:
    """The ring of rectangular bends with one skew quadrupole: coupled."""
    cells = _rectangular()
    cells[2][5] = _drift(0.1)
    cells[2][6:6] = [Quadrupole(name="SKEW", length=0.2, k1s=0.25), _drift(0.1)]
    return _close(cells, 2.5e6, 20, 2e9)


def tilted() -> Lattice:
    """Quadrupoles tilted where there is dispersion: coupled, with vertical dispersion."""
    cells = _sector()
    cells[1][4] = _quadrupole("QT1", -2.0, tilt=0.06)
    cells[4][0] = _quadrupole("QT2", 2.5, tilt=-0.09)
    cells[6][4] = _quadrupole("QT3", -2.0, tilt=0.13)
    return _close(cells, 2.5e6, 20, 2e9)


def detector() -> Lattice:
    """A solenoid, made up for by a shorter one where the optics differ: coupled."""
    cells = _fodo(0.5, 2.7, -1.5)
    main = [_drift(0.2), Solenoid(name="MAIN", length=0.8, ks=0.45), _drift(0.2)]
    anti = [_drift(0.2), Solenoid(name="ANTI", length=0.3, ks=-1.2), _drift(0.2)]
    cells[0] = [*main, *cells[0], *anti]
    return _close(cells, 2.5e6, 20, 2e9)


def rolled() -> Lattice:
    """Two bends of a chicane turned into the vertical plane: coupled through dispersion."""
    cells = _fodo(1.0, 2.7, -2.3)
    up = Bend(name="VUP", length=0.3, angle=0.06, tilt=math.pi / 2, e1=0.03, e2=0.03)
    down = Bend(name="VDOWN", length=0.3, angle=-0.06, tilt=math.pi / 2, e1=-0.03, e2=-0.03)
    cells[3] = [up, _drift(0.4), down, *cells[3]]
    cells[5][0] = _quadrupole("QT", 2.7, tilt=0.05)
    return _close(cells, 2.5e6, 20, 2e9)


def round_beam() -> Lattice:
    """VEPP-2000, ++--: both modes degenerate up to the integer of their tunes."""
    return vepp2000("++--")


def flat_beam() -> Lattice:
    """VEPP-2000, +-+-: one mode holds all emittance, in a plane at 45 degrees."""
    return vepp2000("+-+-")


RINGS: dict[str, Callable[[], Lattice]] = {
    make.__name__: make
    for make in (
        fodo_sector,
        fodo_rectangular,
        gradient,
        achromat,
        small,
        skew,
        tilted,
        detector,
        rolled,
        round_beam,
        flat_beam,
    )
}

COUPLED = ("skew", "tilted", "detector", "rolled", "round_beam", "flat_beam")

#: Lattices that come with pyAT, and what they are called there.
SHIPPED = {"esrf": "esrf.m", "soleil": "soleil.m", "hmba": "hmba.mat", "err": "err.mat"}


@cache
def ring(name: str) -> Lattice:
    """One of RINGS by its name, made once."""
    return RINGS[name]()


def shipped(name: str) -> Path:
    """The file of one of SHIPPED."""
    found = find_spec("machine_data")
    assert found is not None and found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / SHIPPED[name]
