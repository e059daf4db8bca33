"""Lines of Xsuite."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from fieldwright.rings.files._imports import (
    LEAVE_OUT,
    Foreign,
    Report,
    add,
    lattice_of,
    made,
    multipoles,
    package,
    rectangle,
)
from fieldwright.rings.lattice import _elements as ours
from fieldwright.rings.lattice._lattice import Lattice, rest_energy

#: What says how finely a magnet is integrated, and whether it radiates, not what it is.
_HARMLESS = {
    *("_internal_record_id", "_tpsa_enabled", "integrator", "inv_factorial_order", "model"),
    *("num_multipole_kicks", "num_kicks", "order", "radiation_flag", "isthick", "main_order"),
    *("main_is_skew", "_dummy", "rbend_compensate_sagitta"),
}
_HIGHER = ("k1", "k2", "k3", "k1s", "k2s", "k3s")
_MISALIGNED = ("shift_s", "rot_x_rad", "rot_y_rad")


def import_xsuite(
    source: Any, line: str | None = None, *, leave_out: Sequence[str] = ()
) -> Lattice:
    """A line of Xsuite, as it was before it was sliced.

    Models and numbers of kicks are not carried: bends become exact ones with full pole faces.

    Args:
        source: an `xtrack.Line` or `Environment`, or the path of a JSON file of one.
        line: which line of an environment; may be left out where there is only one.
        leave_out: what the lattice may lose: "apertures" that are no rectangles about the axis,
            "high_multipoles" beyond the octupole, "misalignments" other than offsets and rolls,
            "quadrupole_fringes".

    Raises:
        InputError: xtrack is not installed, the line has no reference particle or none of that
            name, or elements cannot be carried over; their names and the reasons.

    >>> import xtrack as xt
    >>> from fieldwright.rings import import_xsuite
    >>> line = xt.Line(elements=[xt.Quadrupole(length=0.2, k1=1.2)], element_names=["qf"])
    >>> line.particle_ref = xt.Particles(mass0=xt.ELECTRON_MASS_EV, q0=-1, energy0=1e9)
    >>> import_xsuite(line).get("qf", "k1")
    array([1.2])
    """
    xt = package("xtrack", "import_xsuite", "xtrack")
    found = _line(xt, source, line)
    report = Report("Xsuite", leave_out)
    reference = found.particle_ref
    if reference is None:
        report.refuse("the line", "it has no reference particle: set line.particle_ref")
        report.finish()
    species = _species(report, float(reference.mass0), float(reference.q0))
    elements = [
        element
        for name in found.element_names
        for element in _element(report, name, _real(found, name))
    ]
    energy = float(np.ravel(reference.energy0)[0])
    return lattice_of(report, elements, energy, species, str(getattr(found, "name", None) or ""))


def _line(xt: Any, source: Any, name: str | None) -> Any:
    from fieldwright.errors import InputError

    if isinstance(source, str | os.PathLike):
        source = _load(xt, os.fspath(source))
    if isinstance(source, xt.Line):
        return source
    lines = list(source.lines)
    if name is None and len(lines) == 1:
        name = lines[0]
    if name not in lines:
        raise InputError(
            f"name one of the environment's lines, {', '.join(lines)}; got {name!r}",
            parameter="line",
        )
    return source.lines[name]


def _load(xt: Any, path: str) -> Any:
    from fieldwright.errors import InputError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return xt.load(path)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file", parameter="source") from None


def _real(line: Any, name: str) -> Any:
    """An element by name; that which it is a replica of."""
    element = line.get(name)
    return element.resolve(line) if type(element).__name__ == "Replica" else element


def _species(report: Report, mass: float, charge: float) -> str:
    from fieldwright.constants import ELEMENTARY_CHARGE
    from fieldwright.motion import SPECIES

    for name, species in SPECIES.items():
        same = math.isclose(rest_energy(species), mass, rel_tol=1e-6)
        if same and math.isclose(species.charge / ELEMENTARY_CHARGE, charge):
            return name
    report.refuse("the particle", f"none of {mass:g} eV and charge {charge:g} is known here")
    return "e-"


def _element(report: Report, name: str, element: Any) -> list[ours.Element]:
    kind = type(element).__name__
    foreign = Foreign(report, name, _values(element))
    if kind not in _READERS:
        sliced = "Slice" in kind
        hint = "import the line before it is sliced" if sliced else "it has no counterpart here"
        foreign.refuse(f"a {kind}: {hint}")
        return []
    found: list[ours.Element] = _READERS[kind](foreign)
    return found


def _values(element: Any) -> dict[str, Any]:
    fields = getattr(type(element), "_xofields", {})
    return {key: getattr(element, key, None) for key in fields if key not in _HARMLESS}


def _placed(foreign: Foreign, length: float, bent: bool = False) -> dict[str, Any]:
    """Offsets and rolls, which a bend has about the middle of its arc."""
    anchor = foreign.number("rot_shift_anchor")
    foreign.lose("misalignments", *_MISALIGNED)
    x, y = foreign.number("shift_x"), foreign.number("shift_y")
    turn, roll = foreign.number("rot_s_rad"), foreign.number("rot_s_rad_no_frame")
    if bent and (x or roll) and not math.isclose(anchor, length / 2):
        foreign.refuse(f"{LEAVE_OUT['misalignments']} are not carried (shift_x)", "misalignments")
        return {"tilt": turn}
    if bent:  # shifted along the machine's axes, of which the tilt turns ours away
        c, s = math.cos(turn), math.sin(turn)
        return {"dx": c * x + s * y, "dy": c * y - s * x, "roll": roll, "tilt": turn}
    return {"dx": x, "dy": y, "roll": turn + roll}


def _strengths(foreign: Foreign, length: float, *orders: int) -> dict[str, float]:
    """k0 to k3s of the strengths and of the integrated ones besides."""
    columns = {}
    for order in orders:
        for part in ("", "s"):
            columns[f"k{order}{part}"] = foreign.number(f"k{order}{part}")
    more = multipoles(foreign, list(foreign.take("knl", ())), list(foreign.take("ksl", ())))
    if foreign.number("delta_taper"):
        foreign.refuse("delta_taper is not carried")
    return add(columns, more, 1 / (length or 1.0))


def _magnet(kind: type[ours.Element], *orders: int) -> Any:
    def read(foreign: Foreign) -> list[ours.Element]:
        length = foreign.number("length")
        if kind is ours.Multipole:
            length = 0.0  # of what is thin: for its radiation only
        columns = _strengths(foreign, length, *orders)
        if columns.get("k1") or columns.get("k1s"):
            foreign.lose("quadrupole_fringes", "edge_entry_active", "edge_exit_active")
        columns |= _placed(foreign, length)
        foreign.finish(("edge_entry_active", "edge_exit_active"))
        own = ours.Multipole if not length else kind
        return made(foreign, own, length=length, **columns)

    return read


def _bend(foreign: Foreign) -> list[ours.Element]:
    length, angle = foreign.number("length"), foreign.number("angle")
    straight = foreign.take("rbend_model", "curved-body")
    rectangular = foreign.take("length_straight", None) is not None
    foreign.take("h")
    field, follows = foreign.take("k0"), foreign.take("k0_from_h", True)
    values = _strengths(foreign, length, 1, 2)
    if not follows:
        values = add(values, {"k0": float(field) - angle / length})
    values |= _faces(foreign, angle / 2 if rectangular else 0.0)
    if rectangular and straight == "straight-body":
        turned = values["e1"] != angle / 2 or values["e2"] != angle / 2
        if turned or any(value for key, value in values.items() if key in _HIGHER):
            foreign.refuse("multipoles or turned faces of a straight body: set rbend_model")
    values |= _placed(foreign, length, bent=True)
    foreign.finish()
    if not angle:
        keep = {k: v for k, v in values.items() if k[0] == "k" or k in ("dx", "dy", "roll", "tilt")}
        return made(foreign, ours.Quadrupole, length=length, **keep)
    return made(foreign, ours.Bend, length=length, angle=angle, **values)


def _faces(foreign: Foreign, half: float) -> dict[str, float]:
    values: dict[str, float] = {}
    gaps = []
    for face, side in (("1", "entry"), ("2", "exit")):
        values[f"e{face}"] = foreign.number(f"edge_{side}_angle") + half
        values[f"fint{face}"] = foreign.number(f"edge_{side}_fint")
        gaps.append(2 * foreign.number(f"edge_{side}_hgap"))
        model = foreign.take(f"edge_{side}_model", "linear")
        active = foreign.take(f"edge_{side}_active", 1)
        if (not active or model == "suppressed") and values[f"e{face}"]:
            foreign.refuse(f"its pole face is turned, but edge_{side} is switched off")
        if not active or model == "suppressed":
            values[f"fint{face}"] = 0.0
    gap = max(gaps)
    if gap:  # one gap for both: only the products with the integrals matter
        values |= {
            f"fint{n}": values[f"fint{n}"] * g / gap for n, g in zip("12", gaps, strict=True)
        }
    return values | {"gap": gap}


def _solenoid(foreign: Foreign) -> list[ours.Element]:
    length = foreign.number("length")
    if any(_strengths(foreign, length).values()):
        foreign.refuse("multipoles in a solenoid are not carried")
    edges = foreign.take("edge_entry_active", 1), foreign.take("edge_exit_active", 1)
    if not all(edges):
        foreign.refuse("a solenoid without its ends is not carried")
    values = {"ks": foreign.number("ks")} | _placed(foreign, length)
    foreign.finish()
    return made(foreign, ours.Solenoid, length=length, **values)


def _cavity(foreign: Foreign) -> list[ours.Element]:
    """Energy gain |q| V sin(phase - 2 pi f zeta / beta c), zeta ahead being positive."""
    length = foreign.number("length")
    phase = foreign.number("phase") + math.radians(foreign.number("lag"))
    values = {
        "voltage": foreign.number("voltage"),
        "frequency": foreign.number("frequency"),
        "harmonic": round(foreign.number("harmonic")),
        "phase": math.pi - phase,
    }
    values |= _placed(foreign, length)
    foreign.finish()
    return made(foreign, ours.RFCavity, length=length, **values)


def _plain(kind: type[ours.Element]) -> Any:
    def read(foreign: Foreign) -> list[ours.Element]:
        length = foreign.number("length")
        foreign.finish()
        return made(foreign, kind, length=length)

    return read


def _limits(foreign: Foreign) -> list[ours.Element]:
    x, y = ((foreign.number(f"min_{a}"), foreign.number(f"max_{a}")) for a in "xy")
    values = rectangle(foreign, x, y)
    foreign.finish()
    return made(foreign, ours.Marker, **values)


def _no_rectangle(foreign: Foreign) -> list[ours.Element]:
    foreign.refuse(f"{LEAVE_OUT['apertures']} are not carried", "apertures")
    return made(foreign, ours.Marker)


_READERS: dict[str, Any] = {
    "Drift": _plain(ours.Drift),
    "DriftExact": _plain(ours.Drift),
    "Marker": _plain(ours.Marker),
    "BeamPositionMonitor": lambda foreign: made(foreign, ours.Monitor),
    "Bend": _bend,
    "RBend": _bend,
    "Quadrupole": _magnet(ours.Quadrupole, 1),
    "Sextupole": _magnet(ours.Sextupole, 2),
    "Octupole": _magnet(ours.Octupole, 3),
    "Multipole": _magnet(ours.Multipole),
    "UniformSolenoid": _solenoid,
    "Cavity": _cavity,
    "LimitRect": _limits,
    "LimitEllipse": _no_rectangle,
    "LimitRectEllipse": _no_rectangle,
    "LimitRacetrack": _no_rectangle,
    "LimitPolygon": _no_rectangle,
}
