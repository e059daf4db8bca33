"""Bends of PALS files: shape from any two parameters, faces, fringes, the extra field."""

from __future__ import annotations

import math
from typing import Any

from fieldwright.rings.files._pals_given import EXTENSION, Given

#: What gives the curvature, and what gives the length; a third set is the angle alone.
_CURVATURES = ("g_ref", "Bn0_ref", "radius_ref")
_LENGTHS = ("length", "L_chord")
_SHAPES = ("ARC", "CHORD", "ENTRANCE_COORDS", "EXIT_COORDS")


def read_shape(given: Given, rigidity: float) -> tuple[float, float]:
    """Length of the arc [m] and angle [rad] of a bend: two parameters, of different sets."""
    g = _curvature(given, rigidity)
    angle = given.number("BendP", "angle_ref", unit="rad", default=math.nan)
    chord = given.number("BendP", "L_chord", unit="m", default=math.nan)
    length = given.number("length", unit="m", default=math.nan)
    if given.has("BendP", "L_rectangle"):
        given.refuse(("BendP", "L_rectangle"), "is not carried; write length or L_chord")
    if given.has("BendP", "L_sagitta"):
        given.refuse(("BendP", "L_sagitta"), "is an output of the standard; remove it")
    known = [not math.isnan(value) for value in (g, angle, chord, length)]
    if sum(known) != 2 or (known[2] and known[3]):
        given.refuse(
            ("BendP",),
            "two parameters shape a bend, of different sets: one of length, BendP.L_chord; one of "
            f"BendP.{', BendP.'.join(_CURVATURES)}; BendP.angle_ref. Here are {_names(given)}",
        )
    if not math.isnan(chord):
        if math.isnan(angle):
            angle = 2 * math.asin(_within(given, g * chord / 2))
        return chord * angle / (2 * math.sin(angle / 2)) if angle else chord, angle
    if math.isnan(length):
        return angle / g if g else math.nan, angle
    return length, g * length if math.isnan(angle) else angle


def _curvature(given: Given, rigidity: float) -> float:
    found = [name for name in _CURVATURES if given.has("BendP", name)]
    if len(found) > 1:
        given.refuse(("BendP", found[1]), f"{found[0]} says it already")
    radius = given.number("BendP", "radius_ref", unit="m", default=math.nan)
    if radius == 0:
        given.refuse(("BendP", "radius_ref"), "a radius other than zero is due [m]")
    field = given.number("BendP", "Bn0_ref", unit="T", default=math.nan)
    by_field = field / rigidity if math.isnan(radius) else 1 / radius
    return given.number("BendP", "g_ref", unit="1/m", default=by_field)


def _names(given: Given) -> str:
    names = [f"BendP.{n}" for n in (*_CURVATURES, "angle_ref", "L_chord") if given.has("BendP", n)]
    return ", ".join([*(["length"] if given.has("length") else []), *names]) or "none"


def _within(given: Given, sine: float) -> float:
    if abs(sine) > 1:
        given.refuse(("BendP", "L_chord"), "the chord is longer than the circle is wide")
    return sine


def read_faces(given: Given, angle: float) -> dict[str, float]:
    """Pole faces and fringe fields; those of rectangular magnets count from its sides."""
    shape = given.word("BendP", "ref_geometry", default="ARC")
    if shape not in _SHAPES:
        given.refuse(("BendP", "ref_geometry"), f"is one of {', '.join(_SHAPES)}; got {shape!r}")
    share = {"ENTRANCE_COORDS": (0.0, 1.0), "EXIT_COORDS": (1.0, 0.0)}.get(shape, (0.5, 0.5))
    values = {}
    for face, part in zip("12", share, strict=True):
        rect, sector = (("BendP", f"e{face}{end}") for end in ("_rect", ""))
        if given.has(*rect) and given.has(*sector):
            given.refuse(rect, f"e{face} says it already")
        square = given.number(*rect, unit="rad", default=0.0) + part * angle
        sets = given.has(*rect) or shape != "ARC"
        values[f"e{face}"] = given.number(*sector, unit="rad", default=square if sets else 0.0)
        given.only("BendP", f"h{face}", allowed=0, why="curved pole faces are not carried")
    return values | _fringes(given)


def _fringes(given: Given) -> dict[str, float]:
    """Brown's integrals and the gap: the standard has half their product, Bmad's fint * hgap.

    Without our own `gap` the larger integral is taken as 1/2; only the products matter.
    """
    one, two = (given.number("BendP", f"edge{face}_int", unit="m") for face in "12")
    gap = given.number(EXTENSION, "gap", unit="m", default=4 * max(abs(one), abs(two)))
    if gap == 0:
        if one or two:
            given.refuse((EXTENSION, "gap"), "must not be zero where the fringe integrals are not")
        return {name: given.number(EXTENSION, name) for name in ("fint1", "fint2")}
    return {"fint1": 2 * one / gap, "fint2": 2 * two / gap, "gap": gap}


def read_field(
    given: Given, g: float, strengths: dict[int, complex], columns: dict[str, float]
) -> dict[str, float]:
    """What the dipole field has beyond the reference's, and multipoles about the arc.

    Ours are derivatives of B_y along x in the midplane: the standard's horizontally pure ones.
    """
    follows = given.take("BendP", "Kn0_from_g_ref", default=True)
    if not isinstance(follows, bool):
        given.refuse(("BendP", "Kn0_from_g_ref"), f"is true or false, got {follows!r}")
    geometry = given.word("BendP", "multipole_geometry", default="FOLLOWS_REF_GEOMETRY")
    names = ("FOLLOWS_REF_GEOMETRY", "VERTICALLY_PURE", "HORIZONTALLY_PURE")
    if geometry not in names:
        path = ("BendP", "multipole_geometry")
        given.refuse(path, f"only HORIZONTALLY_PURE is carried, got {geometry!r}")
    higher = [order for order, strength in strengths.items() if order and strength]
    if higher and geometry != "HORIZONTALLY_PURE":
        given.refuse(
            ("MagneticMultipoleP",),
            f"multipoles of order {higher[0]} in a bend need `multipole_geometry: "
            "HORIZONTALLY_PURE` in its BendP, so that they are derivatives of B_y across the "
            "midplane; the standard's default, vertically pure, is not carried",
        )
    if any(given.has("MagneticMultipoleP", f"{letter}n0{long}")
           for letter in "KB" for long in ("", "L")):  # fmt: skip
        return columns | {"k0": columns["k0"] - g}
    return columns | ({} if follows else {"k0": -g})


def read_bend(given: Given, shape: tuple[float, float], columns: Any, strengths: Any) -> Any:
    """All columns of a bend."""
    length, angle = shape
    values = {"length": length, "angle": angle, "tilt": given.number("BendP", "tilt_ref")}
    g = angle / length if length else 0.0
    return values | read_faces(given, angle) | read_field(given, g, strengths, columns)
