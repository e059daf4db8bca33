"""Sequences of MAD-X, run by cpymad."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fieldwright.errors import InputError
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
from fieldwright.rings.lattice import _elements as ours
from fieldwright.rings.lattice._lattice import Lattice

_SPECIES = {"electron": "e-", "positron": "e+", "proton": "p", "antiproton": "antiproton"}
#: Where an element stands, what it is called, how it is sliced or drawn: nothing of its field.
_HARMLESS = {
    *("at", "from", "refer", "type", "comments", "slot_id", "assembly_id", "mech_sep", "v_pos"),
    *("kmax", "kmin", "calib", "polarity", "magnet", "slice", "thick", "model", "method", "exact"),
    *("nst", "slice_straight", "fringe", "frngmax", "aper_tol", "lrad", "closed_orbit", "betrf"),
    *("pg", "shunt", "tfill", "nbin", "binmax", "n_bessel", "lfile", "tfile", "add_angle"),
}


def import_madx(source: Any, sequence: str, *, leave_out: Sequence[str] = ()) -> Lattice:
    """A sequence of MAD-X, with its beam.

    Args:
        source: a `cpymad.madx.Madx`, or the path of a file that one calls.
        sequence: which sequence or line; it is used, so that errors set before are gone.
        leave_out: what the lattice may lose: "apertures" that are no rectangles about the axis,
            "high_multipoles" beyond the octupole, "misalignments" other than offsets and rolls.

    Raises:
        InputError: cpymad is not installed, MAD-X stops at the file, has no such sequence or no
            beam for it, or elements cannot be carried over; their names and the reasons.

    >>> from cpymad.madx import Madx
    >>> from fieldwright.rings import import_madx
    >>> mad = Madx(stdout=False)
    >>> _ = mad.input("beam, particle=electron, energy=1; qf: quadrupole, l=0.2, k1=1.2;"
    ...               "ring: sequence, l=1, refer=entry; qf, at=0.4; endsequence;")
    >>> ring = import_madx(mad, "ring")
    >>> print(ring.get("qf", "k1"), ring.circumference)
    [1.2] 1.0
    >>> mad.quit()
    """
    cpymad = package("cpymad.madx", "import_madx", "cpymad")
    if isinstance(source, str | os.PathLike):
        with cpymad.Madx(stdout=False) as mad:
            _call(mad, Path(os.fspath(source)))
            return import_madx(mad, sequence, leave_out=leave_out)
    mad = source
    if sequence not in mad.sequence:
        names = ", ".join(mad.sequence) or "none"
        raise InputError(
            f"MAD-X has no sequence {sequence!r}; it has {names}", parameter="sequence"
        )
    try:
        mad.use(sequence)
        beam = mad.sequence[sequence].beam
    except RuntimeError as error:
        raise InputError(f"MAD-X cannot use {sequence!r}: {error}", parameter="sequence") from None
    report = Report("MAD-X", leave_out)
    if beam.bv != 1 or beam.particle not in _SPECIES:
        report.refuse("the beam", f"particle {beam.particle!r}, bv {beam.bv:g}: not known here")
    chord = bool(mad.options.rbarc)
    elements = [
        element
        for foreign in mad.sequence[sequence].expanded_elements
        for element in _element(report, foreign, chord)
    ]
    species = _SPECIES.get(beam.particle, "e-")
    return lattice_of(report, elements, 1e9 * beam.energy, species, sequence)


def _call(mad: Any, file: Path) -> None:
    """Have MAD-X run a file."""
    if not file.is_file():
        raise InputError(f"{file}: there is no such file", parameter="source")
    try:
        mad.call(str(file.resolve()), chdir=True)
    except RuntimeError as error:
        raise InputError(f"{file}: MAD-X stops: {error}", parameter="source") from None


def _element(report: Report, element: Any, chord: bool) -> list[ours.Element]:
    kind = element.base_type.name
    defaults = dict(element.base_type.items())
    given = {
        key: value
        for key, value in element.items()
        if key not in _HARMLESS and key != "l" and value != defaults.get(key)
    }
    foreign = Foreign(report, element.name.replace("$", "_"), given)
    if element.name.endswith(("$start", "$end")):
        return []
    if kind not in _READERS:
        foreign.refuse(f"a {kind} of MAD-X has no counterpart here")
        return []
    if getattr(element, "align_errors", None) or getattr(element, "field_errors", None):
        foreign.refuse("errors by EALIGN and EFCOMP are not carried; make them here")
    values = {"length": float(element.get("l", 0.0) or 0.0)}
    own, more = _READERS[kind](foreign, values["length"], chord)
    if kind not in ("drift", "marker"):
        more = {"tilt": foreign.number("tilt")} | more
    values |= _aperture(foreign) | _shifts(foreign, "angle" in more) | more
    foreign.finish()
    return made(foreign, own, **values)


def _aperture(foreign: Foreign) -> dict[str, float]:
    sizes = [size for size in foreign.take("aperture", ()) if size]
    shape = foreign.take("apertype", "circle")
    foreign.lose("apertures", "aper_offset", "aper_tilt")
    foreign.take("aper_vx", None)
    foreign.take("aper_vy", None)
    if not sizes:
        return {}
    if shape != "rectangle" or len(sizes) != 2:
        foreign.refuse(f"{LEAVE_OUT['apertures']} are not carried", "apertures")
        return {}
    return rectangle(foreign, (-sizes[0], sizes[0]), (-sizes[1], sizes[1]))


def _shifts(foreign: Foreign, bent: bool) -> dict[str, float]:
    """Offsets kept in the element; MAD-X has them about the entrance."""
    foreign.lose("misalignments", "ds", "dtheta", "dphi")
    if bent:
        foreign.lose("misalignments", "dx", "dy", "dpsi")
        return {}
    return {
        "dx": foreign.number("dx"),
        "dy": foreign.number("dy"),
        "roll": foreign.number("dpsi"),
    }


def _strengths(foreign: Foreign, *orders: int) -> dict[str, float]:
    """Of a thick magnet; its knl and ksl are read by some of MAD-X's modules only."""
    for key in ("knl", "ksl"):
        if any(foreign.take(key, ())):
            foreign.refuse(f"{key} of a thick magnet, which twiss ignores, is not carried")
    return {
        f"k{order}{part}": foreign.number(f"k{order}{part}")
        for order in orders
        for part in ("", "s")
    }


def _bend(foreign: Foreign, length: float, chord: bool) -> Any:
    """A sector bend; MAD-X bends by `angle` alone, whatever its k0 says."""
    angle = foreign.number("angle")
    field = foreign.number("k0")
    if field and not math.isclose(field * length, angle, rel_tol=1e-9):
        foreign.refuse(f"k0 = {field:g} differs from angle / l = {angle / length:g}")
    values = _strengths(foreign, 1, 2, 3)
    fint, fintx = foreign.number("fint"), foreign.number("fintx", -1.0)
    if foreign.number("k0s"):
        foreign.refuse("k0s in a bend is not carried")
    values |= {
        "angle": angle,
        "e1": foreign.number("e1"),
        "e2": foreign.number("e2"),
        "fint1": fint,
        "fint2": fint if fintx < 0 else fintx,
        "gap": 2 * foreign.number("hgap"),
    }
    if angle:
        return ours.Bend, values
    return ours.Quadrupole, {key: value for key, value in values.items() if key[0] == "k"}


def _rectangular(foreign: Foreign, length: float, chord: bool) -> Any:
    """Faces count from the parallel ones; with the option rbarc, `l` is the chord."""
    half = float(foreign.look("angle")) / 2
    arc = length * half / math.sin(half) if chord and half else length
    foreign.take("true_rbend", None)
    kind, values = _bend(foreign, arc, chord)
    if kind is ours.Bend:
        values |= {"length": arc, "e1": values["e1"] + half, "e2": values["e2"] + half}
    return kind, values


def _magnet(kind: type[ours.Element], *orders: int) -> Any:
    def read(foreign: Foreign, length: float, chord: bool) -> Any:
        columns = _strengths(foreign, *orders)
        if not length and kind is not ours.Multipole:
            main = [foreign.name for key in columns if columns[key]]
            if main:
                foreign.refuse("a magnet of no length has no strength; write a multipole")
            return ours.Marker, {}
        return kind, columns

    return read


def _multipole(foreign: Foreign, length: float, chord: bool) -> Any:
    normal, skew = list(foreign.take("knl", ())), list(foreign.take("ksl", ()))
    if foreign.number("angle") or any(normal[:1] + skew[:1]):
        foreign.refuse(
            "a multipole of order 0, which bends MAD-X's reference orbit, is not carried"
        )
    return ours.Multipole, {"length": 0.0} | multipoles(foreign, normal, skew)


def _kicker(horizontal: str, vertical: str) -> Any:
    def read(foreign: Foreign, length: float, chord: bool) -> Any:
        h, v = (foreign.number(key) if key else 0.0 for key in (horizontal, vertical))
        return ours.Kicker, {"hkick": h, "vkick": v}

    return read


def _solenoid(foreign: Foreign, length: float, chord: bool) -> Any:
    ks = foreign.number("ks")
    foreign.take("ksi")  # of thin solenoids: ks times their length
    if ks and not length:
        foreign.refuse("a thin solenoid is not carried")
    return ours.Solenoid, {"ks": ks}


def _cavity(foreign: Foreign, length: float, chord: bool) -> Any:
    """MAD-X has MV, MHz, and phases from the zero that is stable below transition."""
    return ours.RFCavity, {
        "voltage": 1e6 * foreign.number("volt"),
        "frequency": 1e6 * foreign.number("freq"),
        "harmonic": round(foreign.number("harmon")),
        "phase": math.pi - 2 * math.pi * foreign.number("lag"),
    }


def _plain(kind: type[ours.Element]) -> Any:
    return lambda foreign, length, chord: (
        kind if length or kind is not ours.Drift else ours.Marker,
        {},
    )


_READERS: dict[str, Any] = {
    "drift": _plain(ours.Drift),
    "collimator": _plain(ours.Drift),
    "placeholder": _plain(ours.Drift),
    "marker": _plain(ours.Marker),
    "instrument": _plain(ours.Monitor),
    "monitor": _plain(ours.Monitor),
    "hmonitor": _plain(ours.Monitor),
    "vmonitor": _plain(ours.Monitor),
    "sbend": _bend,
    "rbend": _rectangular,
    "quadrupole": _magnet(ours.Quadrupole, 1),
    "sextupole": _magnet(ours.Sextupole, 2),
    "octupole": _magnet(ours.Octupole, 3),
    "multipole": _multipole,
    "hkicker": _kicker("kick", ""),
    "vkicker": _kicker("", "kick"),
    "kicker": _kicker("hkick", "vkick"),
    "tkicker": _kicker("hkick", "vkick"),
    "solenoid": _solenoid,
    "rfcavity": _cavity,
}
