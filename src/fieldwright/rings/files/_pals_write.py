"""A lattice as the text of a PALS file."""

from __future__ import annotations

import json
import math
import re
import textwrap
from typing import Any

import numpy as np

from fieldwright.errors import InputError
from fieldwright.motion import SPECIES
from fieldwright.rings.files._pals_elements import sagitta
from fieldwright.rings.files._pals_given import EXTENSION
from fieldwright.rings.lattice._elements import Element
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.sources._checks import is_concrete

#: Names of species here, and in the standard (openPMD's).
SPECIES_NAMES = {"e-": "electron", "e+": "positron", "p": "proton", "antiproton": "anti-proton"}
SPECIES_NAMES |= {name: f"#{name}" for name in SPECIES if name not in SPECIES_NAMES}

_TURN = 2 * math.pi
_ORDERS = {"Quadrupole": 1, "Sextupole": 2, "Octupole": 3}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TAKEN = {"use", "begin", "constants", "variables", "set", "sets", "include", "superimpose"}
_TAKEN |= {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}  # no text in some YAML

Body = dict[str, Any]


def pals_text(lattice: Lattice) -> str:
    """The text of a PALS file.

    Raises:
        InputError: the lattice's numbers are not known, or of many machines, or its species has
            no name in the standard.
    """
    _check(lattice)
    names = _Names()
    keys = [names.of(element.name, _body(element, lattice)) for element in lattice.elements]
    line, ring = names.unused("line"), names.unused("ring", lattice.name)
    begin: Body = {
        "kind": "BeginningEle",
        "ReferenceP": {
            "species_ref": SPECIES_NAMES[lattice.species.name],
            "E_tot_ref": float(lattice.energy),
        },
    }
    whole: Body = {"kind": "Lattice", "branches": [line]}
    if ring != lattice.name:
        whole[EXTENSION] = {"name": lattice.name}
    root = ["PALS:", "  version: null"]
    if lattice.note:
        root += ["  notes:", *(f"    - {_scalar(part)}" for part in lattice.note.split("\n\n"))]
    bodies = [*names.bodies.values(), whole]
    if any(EXTENSION in body for body in bodies):
        meaning = "what PALS has no name for: gap of a bend, profile of a solenoid, odd names"
        root += ["  extension_labels:", "    names:", f"      {EXTENSION}: {_scalar(meaning)}"]
    root += ["  facility:", *_lines("begin", begin)]
    for key, body in names.bodies.items():
        root += _lines(key, body)
    root += [f"    - {line}:", "        kind: BeamLine"]
    root += ["        periodic: true"] if _closes(lattice) else []
    listed = textwrap.wrap(", ".join(["begin", *keys]), 84, break_long_words=False)
    root += ["        line: [", *(f"          {row}" for row in listed), "        ]"]
    return "\n".join([*root, *_lines(ring, whole), ""])


def _check(lattice: Lattice) -> None:
    if not is_concrete(lattice.table, lattice.energy) or np.ndim(lattice.table) != 2:
        raise InputError(
            "only one machine of known numbers can be written, not a batch of them and not one "
            "inside a JAX transformation",
            parameter="lattice",
        )
    species = lattice.species
    if SPECIES.get(species.name) != species:
        raise InputError(
            f"the species {species.name!r} has no name in PALS; those written are "
            f"{', '.join(SPECIES)}",
            parameter="species",
        )


def _closes(lattice: Lattice) -> bool:
    """Whether the bends make full turns: a ring, of which the standard wants to know."""
    angles = [getattr(element, "angle", 0.0) for element in lattice.elements]
    turns = abs(sum(angles)) / _TURN
    return turns > 0.5 and abs(turns - round(turns)) < 1e-6


class _Names:
    """Names for elements: the standard's letters, and one for each set of numbers."""

    def __init__(self) -> None:
        self.bodies: dict[str, Body] = {}
        self._known: dict[str, str] = {}

    def unused(self, *wishes: str) -> str:
        """The last wish that is a name nobody has, or the first with a number."""
        for wish in reversed(wishes):
            if _NAME.fullmatch(wish) and wish not in self.bodies and wish.lower() not in _TAKEN:
                return wish
        number = 2
        while f"{wishes[0]}_{number}" in self.bodies:
            number += 1
        return f"{wishes[0]}_{number}"

    def of(self, name: str, body: Body) -> str:
        """The key of an element in the file, which has it once."""
        content = json.dumps([name, body])
        if content not in self._known:
            plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
            key = self.unused(plain if _NAME.fullmatch(plain) else f"_{plain}")
            if key != name:
                body = {**body, EXTENSION: {"name": name} | body.get(EXTENSION, {})}
            self.bodies[key] = body
            self._known[content] = key
        return self._known[content]


def _body(element: Element, lattice: Lattice) -> Body:
    """An element's parameters, those that are not zero."""
    kind = type(element).__name__
    body: Body = {"kind": "Instrument" if kind == "Monitor" else kind}
    if element.length:
        body["length"] = element.length
    special = _SPECIAL.get(kind)
    groups, own = special(element, lattice) if special else ({}, {})
    if kind in ("Drift", "Marker", "Monitor", "Solenoid", "RFCavity") and element.tilt:
        own["tilt"] = element.tilt
    groups["BodyShiftP"] = _shift(element)
    groups["ApertureP"] = _aperture(element)
    for name, group in groups.items():
        if group:
            body[name] = group
    if own:
        body[EXTENSION] = own
    return body


def _shift(element: Element) -> Body:
    x, y, roll, tilt = element.dx, element.dy, element.roll, element.tilt
    angle = getattr(element, "angle", 0.0)
    if angle:
        back = sagitta(element.length, angle)
        x, y = x + back * (1 - math.cos(roll)), y - back * math.sin(roll)
    elif tilt:
        c, s = math.cos(tilt), math.sin(tilt)
        x, y = c * x - s * y, s * x + c * y
    return _nonzero(x_offset=x, y_offset=y, z_rot=roll)


def _aperture(element: Element) -> Body:
    limits = {"x": element.x_limit, "y": element.y_limit}
    found: Body = {}
    for axis, limit in limits.items():
        if math.isfinite(limit):
            found |= {f"{axis}_min": -limit, f"{axis}_max": limit}
    return found | {"shape": "RECTANGULAR", "location": "BOTH_ENDS"} if found else {}


def _strengths(element: Any) -> Body:
    """KnN and KsN, integrated where there is no length; the element's tilt as that of each."""
    long = "" if element.length else "L"
    columns = [(order, part) for order in range(4) for part in "ns"]
    found = {
        f"K{part}{order}{long}": getattr(element, f"k{order}{'s' if part == 's' else ''}")
        for order, part in columns
    }
    return _nonzero(**found)


def _magnet(element: Any, lattice: Lattice) -> tuple[Body, Body]:
    group = _strengths(element)
    if element.tilt:
        orders = {int(key[2]) for key in group} or {_ORDERS.get(type(element).__name__, 0)}
        group |= {f"tilt{order}": element.tilt for order in sorted(orders)}
    return {"MagneticMultipoleP": group}, {}


def _bend(element: Any, lattice: Lattice) -> tuple[Body, Body]:
    group = _strengths(element)
    if element.k0:
        group["Kn0"] = element.angle / element.length + element.k0
    shape = {"angle_ref": element.angle} | _nonzero(
        e1=element.e1,
        e2=element.e2,
        edge1_int=element.fint1 * element.gap / 2,
        edge2_int=element.fint2 * element.gap / 2,
        tilt_ref=element.tilt,
    )
    if any(int(key[2]) for key in group):
        shape["multipole_geometry"] = "HORIZONTALLY_PURE"
    own = _nonzero(gap=element.gap)
    if not element.gap:  # without a gap they do nothing, but they are numbers of the table
        own |= _nonzero(fint1=element.fint1, fint2=element.fint2)
    return {"BendP": shape, "MagneticMultipoleP": group}, own


def _kicker(element: Any, lattice: Lattice) -> tuple[Body, Body]:
    group = _nonzero(Kn0L=-element.hkick, Ks0L=element.vkick, tilt0=element.tilt)
    return {"MagneticMultipoleP": group}, {}


def _solenoid(element: Any, lattice: Lattice) -> tuple[Body, Body]:
    own = {"profile": list(element.profile)} if element.profile else {}
    return {"SolenoidP": _nonzero(Ksol=element.ks)}, own


def _cavity(element: Any, lattice: Lattice) -> tuple[Body, Body]:
    group = _nonzero(voltage=element.voltage, frequency=element.frequency)
    nearest = max(1, round(element.frequency / float(lattice.revolution_frequency)))
    own: Body = {}
    if not element.frequency:
        group["harmon"] = element.harmonic
    elif element.harmonic != nearest:
        own["harmonic"] = element.harmonic
    group |= {"zero_phase": "ABOVE_TRANSITION"} | _nonzero(phase=-element.phase / _TURN)
    return {"RFP": group}, own


_SPECIAL: dict[str, Any] = {
    "Bend": _bend,
    "Quadrupole": _magnet,
    "Sextupole": _magnet,
    "Octupole": _magnet,
    "Multipole": _magnet,
    "Kicker": _kicker,
    "Solenoid": _solenoid,
    "RFCavity": _cavity,
}


def _nonzero(**values: float) -> Body:
    return {name: value for name, value in values.items() if value}


def _lines(name: str, body: Body) -> list[str]:
    found = [f"    - {name}:"]
    for key, value in body.items():
        if isinstance(value, dict):
            inner = ", ".join(f"{k}: {_scalar(v)}" for k, v in value.items())
            found += [f"        {key}: {{{inner}}}"]
        else:
            found.append(f"        {key}: {_scalar(value)}")
    return found


def _scalar(value: Any) -> str:
    """A value as YAML 1.1 and 1.2 read it alike: to the former, 1e-05 is text."""
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, str):
        plain = _NAME.fullmatch(value) and value.lower() not in _TAKEN
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}"
