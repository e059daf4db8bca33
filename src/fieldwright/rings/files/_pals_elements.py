"""One element of a PALS file as an element of ours, by the standard's conventions.

The standard's strengths are those of MAD: K_n + i K_s = (q / P0) d^n (B_y + i B_x) / dx^n, turned
by exp(-i (n + 1) tilt). Its RF phase is in turns and runs with time: t f + phase + phi0, the
energy gain being the cosine of that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from fieldwright.errors import InputError
from fieldwright.rings.files._pals_bends import read_bend, read_shape
from fieldwright.rings.files._pals_given import EXTENSION, Given
from fieldwright.rings.lattice import _elements

_TURN = 2 * math.pi
_STRENGTHS = [f"{letter}{part}{n}{long}" for letter in "KB" for part in "ns" for n in range(4)
              for long in ("", "L")]  # fmt: skip
_MULTIPOLE = re.compile(r"([KB])([ns])(\d+)(L?)")
_TILT = re.compile(r"tilt(\d+)")
#: Where zero phase lies, in turns from the crest, when time runs (`zero_phase` of RFP).
_ZERO_PHASE = {"ACCELERATING": 0.0, "ABOVE_TRANSITION": 0.25, "BELOW_TRANSITION": -0.25}


class Reference(NamedTuple):
    """The reference particle: its energy [eV] and rigidity P0 / q [T m], of the charge's sign."""

    energy: float
    rigidity: float


def to_element(given: Given, reference: Reference) -> _elements.Element:
    """An element of ours from what a file gives.

    Raises:
        InputError: with the line, for anything that is wrong, unknown or not carried.
    """
    given.check_names()
    kind = given.take("kind")
    if kind is None:
        given.refuse((), "its kind is missing, as in `kind: Quadrupole`")
    if kind not in _READERS:
        hint = f"kinds of elements are {', '.join(_READERS)}"
        if kind in ("SBend", "RBend"):
            hint = "the standard calls it Bend, with `ref_geometry: CHORD` if it is rectangular"
        given.refuse(("kind",), f"{kind!r} is not carried; {hint}")
    given.only("is_on", allowed=True, why="an element switched off is a Drift: write that")
    given.only("field_master", allowed=False, why="normalised strengths are kept: write false")
    extension = {path: given.take(EXTENSION, path) for path in ("name", "tilt")}
    if extension["tilt"] is not None and kind not in _UNTILTED:
        given.refuse((EXTENSION, "tilt"), f"a {kind} is tilted by the standard's own parameters")
    values: dict[str, Any] = {"name": extension["name"] or given.name}
    if extension["tilt"]:
        values["tilt"] = given.number(EXTENSION, "tilt", unit="rad")
    values["length"] = given.number("length", unit="m")
    made, more = _READERS[kind](given, values["length"], reference)
    values |= more
    values |= _shift(given, values)
    values |= _aperture(given, values["length"])
    given.finish(kind)
    try:
        return made(**values)
    except InputError as error:
        path = (error.parameter,) if error.parameter == "length" else ()
        given.refuse(path, str(error).removeprefix(f"{values['name']}: "))


def _shift(given: Given, values: dict[str, Any]) -> dict[str, float]:
    """BodyShiftP: errors about the centre of the body, in a bend of its chord.

    Ours are in the element's own axes, which turn with its tilt; in a bend about the middle of its
    arc. The two differ by what a roll does to the sagitta.
    """
    x, y = (given.number("BodyShiftP", f"{axis}_offset", unit="m") for axis in "xy")
    roll = given.number("BodyShiftP", "z_rot", unit="rad")
    for name in ("z_offset", "x_rot", "y_rot"):
        given.only("BodyShiftP", name, allowed=0, why="is not carried")
    if "angle" in values:
        back = sagitta(values["length"], values["angle"])
        return {
            "dx": x - back * (1 - math.cos(roll)),
            "dy": y + back * math.sin(roll),
            "roll": roll,
        }
    tilt = values.get("tilt", 0.0)
    if tilt:
        c, s = math.cos(tilt), math.sin(tilt)
        x, y = c * x + s * y, c * y - s * x
    return {"dx": x, "dy": y, "roll": roll}


def sagitta(length: float, angle: float) -> float:
    """How far the middle of an arc is from its chord [m], of the angle's sign."""
    return length * math.sin(angle / 4) ** 2 / (angle / 2) if angle else 0.0


def _aperture(given: Given, length: float) -> dict[str, float]:
    """ApertureP: a rectangle at both ends, about the axis."""
    found = {f"{axis}_limit": _limit(given, axis) for axis in "xy"}
    limits = {name: limit for name, limit in found.items() if limit is not None}
    shape = given.word("ApertureP", "shape", default="ELLIPTICAL")
    place = given.word("ApertureP", "location", default="ENTRANCE_END")
    given.only("ApertureP", "aperture_shifts_with_body", allowed=False, why="is not carried")
    given.only("ApertureP", "aperture_active", allowed=True, why="leave the aperture out instead")
    if limits and shape != "RECTANGULAR":
        given.refuse(("ApertureP",), f"only `shape: RECTANGULAR` is carried; here it is {shape}")
    if limits and place != "BOTH_ENDS" and (length or place not in ("ENTRANCE_END", "EXIT_END")):
        given.refuse(("ApertureP",), f"only `location: BOTH_ENDS` is carried; here it is {place}")
    return limits


def _limit(given: Given, axis: str) -> float | None:
    low, high = (
        given.number("ApertureP", f"{axis}_{end}", unit="m", default=math.nan)
        for end in ("min", "max")
    )
    width = given.number("ApertureP", f"{axis}_width", unit="m", default=math.nan)
    given.only(
        "ApertureP", f"{axis}_center", allowed=0, why="an aperture off the axis is not carried"
    )
    both = not math.isnan(low) or not math.isnan(high)
    if both and not math.isnan(width):
        given.refuse(("ApertureP", f"{axis}_width"), f"{axis}_min and {axis}_max say it already")
    if both and low != -high:
        given.refuse(
            ("ApertureP",),
            f"only an aperture about the axis is carried: {axis}_min = -{axis}_max is due, got "
            f"{low:g} and {high:g} m",
        )
    return high if both else None if math.isnan(width) else width / 2


def _multipoles(
    given: Given, length: float, reference: Reference, whole: bool = False
) -> tuple[dict[int, complex], dict[int, float]]:
    """K_n + i K_s of each order, and each order's tilt.

    Strengths are integrated where there is no length, and if the `whole` is asked for.
    """
    group = "MagneticMultipoleP"
    given.know(group, [*_STRENGTHS, *(f"tilt{n}" for n in range(4))])
    strengths: dict[int, complex] = {}
    tilts: dict[int, float] = {}
    forms: dict[int, tuple[str, str]] = {}
    for key in given.keys(group):
        path = (group, key)
        if found := _TILT.fullmatch(key):
            tilts[int(found[1])] = given.number(*path, unit="rad")
            continue
        if not (found := _MULTIPOLE.fullmatch(key)) or not given.has(*path):
            continue
        letter, part, order, integrated = found[1], found[2], int(found[3]), found[4]
        if forms.setdefault(order, (letter, integrated)) != (letter, integrated):
            given.refuse(path, f"the strength of order {order} is given in another form already")
        unit = f"{'T' if letter == 'B' else '1'}/m^{order + (letter == 'K') - bool(integrated)}"
        value = given.number(*path, unit=unit.replace("/m^0", "").replace("m^1", "m"))
        if order > 3 and value:
            given.refuse(path, "multipoles are carried up to the octupole, order 3")
        if not length and not integrated and value:
            given.refuse(path, f"without a length only an integrated strength has one: {key}L")
        value = value / reference.rigidity if letter == "B" else value
        if integrated and length and not whole:
            value /= length
        elif whole and not integrated:
            value *= length
        if order < 4:
            strengths[order] = strengths.get(order, 0) + value * (1 if part == "n" else 1j)
    return strengths, {order: tilt for order, tilt in tilts.items() if order < 4}


def _turned(strengths: dict[int, complex], tilts: dict[int, float]) -> dict[str, float]:
    """The columns k0 to k3s of strengths, each of its own tilt."""
    columns: dict[str, float] = {}
    for order, strength in strengths.items():
        angle = (order + 1) * tilts.get(order, 0.0)
        turned = strength * complex(math.cos(angle), -math.sin(angle)) if angle else strength
        columns |= {f"k{order}": turned.real, f"k{order}s": turned.imag}
    return columns


def _magnet(kind: type[_elements.Element]) -> Callable[..., Any]:
    """A reader of what carries multipoles; one tilt of all of them is the element's."""

    def read(given: Given, length: float, reference: Reference) -> Any:
        strengths, tilts = _multipoles(given, length, reference)
        of_all = {tilts.get(order, 0.0) for order in strengths.keys() | tilts.keys()}
        if len(of_all) == 1:
            return kind, _turned(strengths, {}) | {"tilt": of_all.pop()}
        return kind, _turned(strengths, tilts)

    return read


def _kicker(given: Given, length: float, reference: Reference) -> Any:
    strengths, tilts = _multipoles(given, length, reference, whole=True)
    for order, strength in strengths.items():
        if order and strength:
            given.refuse(("MagneticMultipoleP",), f"a Kicker has order 0 only, not {order}")
    kick = strengths.get(0, 0j)
    values = {"hkick": 0.0 - kick.real, "vkick": kick.imag, "tilt": tilts.get(0, 0.0)}
    return _elements.Kicker, values


def _solenoid(given: Given, length: float, reference: Reference) -> Any:
    if given.has("SolenoidP", "Ksol") and given.has("SolenoidP", "Bsol"):
        given.refuse(("SolenoidP", "Bsol"), "Ksol says it already")
    field = given.number("SolenoidP", "Bsol", unit="T") / reference.rigidity
    profile = given.take(EXTENSION, "profile", default=[])
    good = isinstance(profile, list) and all(
        isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in profile
    )
    if not good or len(profile) in (1, 2, 3):
        given.refuse((EXTENSION, "profile"), "a list of numbers is due, at least 4 along the axis")
    values = {
        "ks": given.number("SolenoidP", "Ksol", unit="1/m", default=field),
        "profile": tuple(float(value) for value in profile),
    }
    return _elements.Solenoid, values


def _cavity(given: Given, length: float, reference: Reference) -> Any:
    zero = given.word("RFP", "zero_phase", default="ACCELERATING")
    if zero not in _ZERO_PHASE:
        given.refuse(("RFP", "zero_phase"), f"is one of {', '.join(_ZERO_PHASE)}; got {zero!r}")
    given.only("RFP", "cavity_type", allowed="STANDING_WAVE", why="only STANDING_WAVE is carried")
    for name in ("multipass_phase", "dE_ref"):
        given.only("RFP", name, allowed=0, why="is not carried")
    given.know("RFP", ["voltage"])
    if given.has("RFP", "gradient"):
        given.refuse(("RFP", "gradient"), "is not carried; write voltage, gradient times length")
    frequency = given.number("RFP", "frequency", unit="Hz")
    harmonic = given.number("RFP", "harmon")
    if frequency and harmonic:
        given.refuse(("RFP", "harmon"), "frequency says it already; the standard has one of them")
    where = ("RFP", "harmon") if harmonic else (EXTENSION, "harmonic")
    harmonic = harmonic or given.number(EXTENSION, "harmonic")
    if harmonic != round(harmonic) or harmonic < 0:
        given.refuse(where, f"a whole number is due, got {harmonic:g}")
    turns = given.number("RFP", "phase", unit="turns")
    phase = _TURN * (0.25 - _ZERO_PHASE[zero] - turns) + 0.0
    values = {
        "voltage": given.number("RFP", "voltage", unit="V"),
        "frequency": frequency,
        "phase": phase,
        "harmonic": round(harmonic),
    }
    return _elements.RFCavity, values


def _plain(kind: type[_elements.Element]) -> Callable[..., Any]:
    return lambda given, length, reference: (kind, {})


def _bend(given: Given, length: float, reference: Reference) -> Any:
    shape = read_shape(given, reference.rigidity)
    strengths, tilts = _multipoles(given, shape[0], reference)
    return _elements.Bend, read_bend(given, shape, _turned(strengths, tilts), strengths)


_READERS: dict[str, Callable[[Given, float, Reference], Any]] = {
    "Drift": _plain(_elements.Drift),
    "Marker": _plain(_elements.Marker),
    "Instrument": _plain(_elements.Monitor),
    "Bend": _bend,
    "Quadrupole": _magnet(_elements.Quadrupole),
    "Sextupole": _magnet(_elements.Sextupole),
    "Octupole": _magnet(_elements.Octupole),
    "Multipole": _magnet(_elements.Multipole),
    "Kicker": _kicker,
    "Solenoid": _solenoid,
    "RFCavity": _cavity,
}
#: Kinds that the standard gives no tilt: it stands in our own data.
_UNTILTED = ("Drift", "Marker", "Instrument", "Solenoid", "RFCavity")
