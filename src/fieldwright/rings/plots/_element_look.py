"""How elements look in pictures: what they have in common, seen from above and as a strip."""

from __future__ import annotations

from typing import Any, NamedTuple

from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._lattice import Lattice

#: How long what has no length is drawn, in the ring's size.
THIN = 0.004
LINE: dict[str, Any] = {"edgecolor": "0.15", "linewidth": 0.5}


class Look(NamedTuple):
    """How an element is drawn.

    Args:
        label: of its kind, in a legend.
        face: colour.
        width: across the beam, seen from above, in widths of a bend.
        low, high: in the strip, from -1 to 1 about the beam.
        hatch: of matplotlib, or none.
        sign: written into it; none if empty.
    """

    label: str
    face: str
    width: float
    low: float
    high: float
    hatch: str = ""
    sign: str = ""


_BEND = Look("bend", "#BFC9D1", 1.0, -0.5, 0.5)
_FOCUSING = Look("quadrupole, focusing", "#0072B2", 0.8, 0.0, 1.0)
_DEFOCUSING = Look("quadrupole, defocusing", "#A6D3EE", 0.8, -1.0, 0.0)
_SKEW = Look("skew quadrupole", "#CC79A7", 0.8, -0.6, 0.6, "//")
_SEXTUPOLE = Look("sextupole", "#E69F00", 0.62, 0.0, 0.6)
_OCTUPOLE = Look("octupole", "#8C6BB1", 0.55, -0.35, 0.35)
_SOLENOID = Look("solenoid", "#D55E00", 0.9, -0.75, 0.75)
_CAVITY = Look("cavity", "#009E73", 1.0, -0.6, 0.6, "..")
_CORRECTOR = Look("corrector", "#444444", 0.4, -0.3, 0.3)
#: The order in a legend.
LOOKS = (
    _BEND, _FOCUSING, _DEFOCUSING, _SKEW, _SEXTUPOLE, _OCTUPOLE, _SOLENOID, _CAVITY, _CORRECTOR,
)  # fmt: skip


def look_of(lattice: Lattice, index: int) -> Look | None:
    """How an element is drawn; None of what is not."""
    kind = lattice.kinds[index]
    row = {name: float(lattice.table[index, COLUMN[name]]) for name in _NUMBERS}
    if kind == "Bend":
        return _BEND
    if kind == "Solenoid":
        sign = "+" if row["ks"] > 0 else "−" if row["ks"] < 0 else ""
        return _SOLENOID._replace(sign=sign)
    if kind == "RFCavity":
        return _CAVITY
    if kind == "Kicker":
        return _CORRECTOR
    if kind in ("Quadrupole", "Sextupole", "Octupole", "Multipole"):
        return _multipole(kind, row)
    return None


_NUMBERS = ("k1", "k1s", "k2", "k2s", "k3", "k3s", "ks", "tilt")


def _multipole(kind: str, row: dict[str, float]) -> Look:
    """By the lowest order that it has; by its kind, if it is off."""
    if abs(row["k1s"]) > abs(row["k1"]) or (row["k1"] and abs(row["tilt"]) > 0.1):
        return _SKEW
    if row["k1"] or kind == "Quadrupole":
        return _FOCUSING if row["k1"] >= 0 else _DEFOCUSING
    if row["k2"] or row["k2s"] or kind == "Sextupole":
        return _SEXTUPOLE if row["k2"] >= 0 else _SEXTUPOLE._replace(low=-0.6, high=0.0)
    if row["k3"] or row["k3s"] or kind == "Octupole":
        return _OCTUPOLE
    return _CORRECTOR
