"""Lattices of pyAT, the Accelerator Toolbox."""

from __future__ import annotations

import dataclasses
import math
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.motion import SPECIES
from fieldwright.rings.files._imports import (
    LEAVE_OUT,
    Foreign,
    Report,
    lattice_of,
    made,
    multipoles,
    package,
    rectangle,
)
from fieldwright.rings.files._pals_elements import sagitta
from fieldwright.rings.lattice import _elements as ours
from fieldwright.rings.lattice._lattice import Lattice, rest_energy

_SPECIES = {"relativistic": "e-", "electron": "e-", "positron": "e+", "proton": "p"}
_SUFFIXES = ("", "Rad", "Quant")
_METHODS = {
    "straight": [f"{method}{suffix}Pass" for suffix in _SUFFIXES
                 for method in ("StrMPoleSymplectic4", "ExactMultipole", "QuadLinear")],
    "bend": [f"{method}{suffix}Pass" for suffix in _SUFFIXES
             for method in ("BndMPoleSymplectic4", "BndMPoleSymplectic4E2", "ExactSectorBend",
                            "BendLinear")],
    "thin": ["ThinMPolePass"],
    "drift": ["DriftPass", "ExactDriftPass"],
    "nothing": ["IdentityPass"],
    "aperture": ["AperturePass"],
    "corrector": ["CorrectorPass"],
    # a cavity switched off is one that the next 6-D calculation switches on
    "cavity": ["RFCavityPass", "CavityPass", "IdentityPass", "DriftPass"],
    "solenoid": ["SolenoidLinearPass"],
}  # fmt: skip
#: What elements may carry that no pass method reads, or reads for radiation and accuracy alone.
_HARMLESS = {
    *("FamName", "PassMethod", "MaxOrder", "NumIntSteps", "Energy", "_enable_passmethod"),
    *("_disable_passmethod", "Offset", "Scale", "Reading", "Rotation", "ReferencePoint", "Class"),
    *("Device", "FitElement", "ForTuneF", "ForTuneD", "Name", "BetaCode", "EdgeEffect1"),
    *("EdgeEffect2", "tag", "origin", "Tag", "index", "FringeBendEntrance", "FringeBendExit"),
}


def import_at(source: Any, *, leave_out: Sequence[str] = ()) -> Lattice:
    """A lattice of pyAT.

    A cavity is imported with its voltage also where pyAT has it switched off for 4-D work. Bends
    become exact ones, whichever pass method they have; PolynomB and PolynomA are the field about
    the reference orbit. A lattice of several periods is written out. Particles named
    "relativistic" are taken for electrons, and frequencies for as much lower as these are slower.

    Args:
        source: an `at.Lattice`, or the path of a file that `at.load_lattice` reads (.mat, .json,
            .m and others).
        leave_out: what the lattice may lose: "apertures" that are no rectangles about the axis,
            "high_multipoles" beyond the octupole, "misalignments" other than offsets and rolls,
            "quadrupole_fringes".

    Raises:
        InputError: pyAT is not installed, or elements cannot be carried over; their names and the
            reasons.

    >>> import at
    >>> from fieldwright.rings import import_at
    >>> cell = at.Lattice([at.Quadrupole("QF", 0.2, 1.2), at.Drift("D", 1.8)], energy=1e9)
    >>> import_at(cell).get("QF", "k1")
    array([1.2])
    """
    at = package("at", "import_at", "accelerator-toolbox")
    if isinstance(source, str | os.PathLike):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = at.load_lattice(os.fspath(source))
    report = Report("pyAT", leave_out)
    particle = source.particle.name
    if particle not in _SPECIES:
        report.refuse("the particle", f"{particle!r} is not known here")
    elements = [ours_of for element in source for ours_of in _element(report, element)]
    if source.periodicity > 1:  # harmonic numbers may be a period's: the frequencies tell
        elements = [_by_frequency(element) for element in elements] * int(source.periodicity)
    species, energy = _SPECIES.get(particle, "e-"), float(source.energy)
    if particle == "relativistic":  # its turns take C / c, ours a little more
        speed = math.sqrt(1 - (rest_energy(SPECIES[species]) / energy) ** 2)
        elements = [_slowed(element, speed) for element in elements]
    return lattice_of(report, elements, energy, species, str(source.name or ""))


def _by_frequency(element: ours.Element) -> ours.Element:
    if isinstance(element, ours.RFCavity) and element.frequency:
        return dataclasses.replace(element, harmonic=0)
    return element


def _slowed(element: ours.Element, beta: float) -> ours.Element:
    if isinstance(element, ours.RFCavity):
        return dataclasses.replace(element, frequency=element.frequency * beta)
    return element


def _element(report: Report, element: Any) -> list[ours.Element]:
    values = {key: value for key, value in vars(element).items() if key not in _HARMLESS}
    foreign = Foreign(report, element.FamName, values)
    kind = next((c.__name__ for c in type(element).__mro__ if c.__name__ in _READERS), "")
    method = element.PassMethod
    if type(element).__name__ == "Element" and method == "SolenoidLinearPass":
        kind = "Solenoid"
    if not kind:
        foreign.refuse(f"a {type(element).__name__} has no counterpart here")
        return []
    found: list[ours.Element] = _READERS[kind](foreign, element, method)
    return found


def _require(foreign: Foreign, method: str, *groups: str) -> None:
    """Refuse a pass method that does something else than the element says."""
    if not any(method in _METHODS[group] for group in groups):
        foreign.refuse(f"its pass method {method} has no counterpart here")


def _common(foreign: Foreign, element: Any, angle: float = 0.0) -> dict[str, Any]:
    """Length, aperture and misalignment."""
    values = {"length": foreign.number("Length")}
    limits = foreign.take("RApertures", None)
    if limits is not None:
        values |= rectangle(foreign, (limits[0], limits[1]), (limits[2], limits[3]))
    foreign.lose("apertures", "EApertures")
    return values | _shifts(foreign, element, values["length"], angle)


def _shifts(foreign: Foreign, element: Any, length: float, angle: float) -> dict[str, float]:
    """Offsets and rolls: as pyAT keeps them, or found in its T1, R1, T2 and R2."""
    t1, t2 = (np.asarray(foreign.take(key, np.zeros(6))) for key in ("T1", "T2"))
    r1, r2 = (np.asarray(foreign.take(key, np.eye(6))) for key in ("R1", "R2"))
    names = ("dx", "dy", "dz", "tilt", "pitch", "yaw", "tilt_frame")
    kept = {name: float(foreign.take(f"_{name}", 0.0)) for name in names}
    foreign.take("_referencepoint", None)
    if not (t1.any() or t2.any() or (r1 != np.eye(6)).any() or (r2 != np.eye(6)).any()):
        return {}
    roll = math.atan2(r1[0, 2], r1[0, 0])
    turn = np.eye(6)
    turn[:4, :4] = np.kron([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]],
                           np.eye(2))  # fmt: skip
    plain = np.allclose(r1, turn, 0, 1e-12) and np.allclose(r2, turn.T, 0, 1e-12)
    plain = plain and np.allclose(t1, -t2, 0, 1e-12) and not t1[[1, 3, 4, 5]].any()
    if plain and not angle:
        return {"dx": -t1[0] + 0.0, "dy": -t1[2] + 0.0, "roll": roll}
    if plain and not t1.any():
        return {"tilt": roll}
    at_centre = "CENTRE" in str(getattr(element, "ReferencePoint", "CENTRE"))
    moved = kept["dx"] or kept["dy"] or kept["tilt"]
    beyond = kept["dz"] or kept["pitch"] or kept["yaw"] or (moved and kept["tilt_frame"])
    if any(kept.values()) and at_centre and not beyond:
        back, roll = sagitta(length, angle), kept["tilt"]  # pyAT rolls a bend about its chord
        return {
            "dx": kept["dx"] - back * (1 - math.cos(roll)),
            "dy": kept["dy"] + back * math.sin(roll),
            "roll": roll,
            "tilt": kept["tilt_frame"],
        }
    foreign.refuse(f"{LEAVE_OUT['misalignments']} are not carried", "misalignments")
    return {}


def _strengths(foreign: Foreign, element: Any) -> dict[str, float]:
    """k0 to k3s of PolynomB and PolynomA up to MaxOrder, and the kick of correctors in them."""
    count = int(element.MaxOrder) + 1
    scale = foreign.number("FieldScaling", 1.0)
    normal, skew = (
        scale * np.asarray(foreign.take(f"Polynom{letter}"), dtype=float)[:count] for letter in "BA"
    )
    found = multipoles(foreign, list(normal), list(skew), factorials=True)
    kick = foreign.take("KickAngle", (0.0, 0.0))
    if any(kick):
        length = element.Length or 1.0
        found["k0"] -= math.sin(kick[0]) / length
        found["k0s"] += math.sin(kick[1]) / length
    return found


def _magnet(foreign: Foreign, element: Any, method: str) -> list[ours.Element]:
    if method in _METHODS["thin"] or not element.Length:
        _require(foreign, method, "thin", "nothing")
        columns = _strengths(foreign, element) | _common(foreign, element)
        foreign.finish()
        return made(foreign, ours.Multipole, **columns)
    _require(foreign, method, "straight", "bend")
    columns = _strengths(foreign, element)
    if columns.get("k1") or columns.get("k1s"):
        foreign.lose("quadrupole_fringes", "FringeQuadEntrance", "FringeQuadExit")
    columns |= _common(foreign, element)
    kinds = {1: ours.Quadrupole, 2: ours.Sextupole, 3: ours.Octupole}
    kind = kinds.get(getattr(type(element), "DefaultOrder", 1) or 1, ours.Quadrupole)
    idle = ("FringeQuadEntrance", "FringeQuadExit", "EntranceAngle", "ExitAngle", "BendingAngle")
    foreign.finish((*idle, "FullGap", "FringeInt1", "FringeInt2"))
    return made(foreign, kind, **columns)


def _dipole(foreign: Foreign, element: Any, method: str) -> list[ours.Element]:
    angle = float(element.BendingAngle)
    if not angle:
        return _magnet(foreign, element, method)
    _require(foreign, method, "bend")
    values = _strengths(foreign, element)
    foreign.take("BendingAngle")
    if values.get("k1"):
        foreign.lose("quadrupole_fringes", "FringeQuadEntrance", "FringeQuadExit")
    values |= {"angle": angle, "gap": foreign.number("FullGap")}
    for face, side in (("1", "Entrance"), ("2", "Exit")):
        values[f"e{face}"] = foreign.number(f"{side}Angle")
        values[f"fint{face}"] = foreign.number(f"FringeInt{face}")
        if getattr(element, f"FringeBend{side}", 1) == 0:
            values[f"fint{face}"] = 0.0
    values |= _common(foreign, element, angle)
    foreign.finish(("FringeQuadEntrance", "FringeQuadExit"))
    return made(foreign, ours.Bend, **values)


def _cavity(foreign: Foreign, element: Any, method: str) -> list[ours.Element]:
    """Energy gain -V sin(2 pi f (ct - TimeLag) / c - PhaseLag), ct late being positive."""
    _require(foreign, method, "cavity")
    frequency = foreign.number("Frequency")
    late = foreign.number("TimeLag") / SPEED_OF_LIGHT
    values = {
        "voltage": foreign.number("Voltage"),
        "frequency": frequency,
        "harmonic": round(foreign.number("HarmNumber")),
        "phase": 2 * math.pi * frequency * late + foreign.number("PhaseLag"),
    }
    values |= _common(foreign, element)
    foreign.finish()
    return made(foreign, ours.RFCavity, **values)


def _corrector(foreign: Foreign, element: Any, method: str) -> list[ours.Element]:
    _require(foreign, method, "corrector", "nothing", "drift")
    kick = foreign.take("KickAngle", (0.0, 0.0))
    if any(kick) and method not in _METHODS["corrector"]:
        foreign.refuse("its kicks are switched off by its pass method")
    values = _common(foreign, element)
    for letter in "AB":
        foreign.take(f"Polynom{letter}")
    foreign.finish()
    return made(foreign, ours.Kicker, hkick=float(kick[0]), vkick=float(kick[1]), **values)


def _solenoid(foreign: Foreign, element: Any, method: str) -> list[ours.Element]:
    values = {"ks": foreign.number("K")} | _common(foreign, element)
    foreign.finish()
    return made(foreign, ours.Solenoid, **values)


def _plain(kind: type[ours.Element], *methods: str) -> Any:
    def read(foreign: Foreign, element: Any, method: str) -> list[ours.Element]:
        _require(foreign, method, *methods)
        values = _common(foreign, element)
        foreign.finish()
        return made(foreign, kind, **values)

    return read


def _aperture(foreign: Foreign, element: Any, method: str) -> list[ours.Element]:
    _require(foreign, method, "aperture")
    limits = foreign.take("Limits")
    values = rectangle(foreign, (limits[0], limits[1]), (limits[2], limits[3]))
    foreign.finish(("Length",))
    return made(foreign, ours.Marker, **values)


_READERS: dict[str, Any] = {
    "Drift": _plain(ours.Drift, "drift"),
    "Marker": _plain(ours.Marker, "nothing"),
    "Monitor": _plain(ours.Monitor, "nothing", "drift"),
    "Aperture": _aperture,
    "Corrector": _corrector,
    "RFCavity": _cavity,
    "Dipole": _dipole,
    "ThinMultipole": _magnet,
    "Multipole": _magnet,
    "Quadrupole": _magnet,
    "Sextupole": _magnet,
    "Octupole": _magnet,
    "Solenoid": _solenoid,
}
