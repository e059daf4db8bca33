"""Lattice files of elegant (.lte), read by pyAT's parser and converted here."""

from __future__ import annotations

import contextlib
import io
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fieldwright.errors import InputError
from fieldwright.rings.files._imports import Foreign, Report, lattice_of, made, package
from fieldwright.rings.lattice import _elements as ours
from fieldwright.rings.lattice._lattice import Lattice

#: Numbers of kicks and slices, switches of radiation, names of groups: nothing of the field.
_HARMLESS = {
    *("n_kicks", "n_slices", "nslices", "integration_order", "synch_rad", "isr", "isr1part"),
    *("use_rad_dist", "group", "sqrt_order", "fitpoint", "co_fitpoint"),
    *("edge_order", "nonlinear", "change_t", "fiducial", "phase_reference", "weight"),
}


def import_elegant(
    path: str | os.PathLike[str], line: str, energy: float, *, species: str = "e-"
) -> Lattice:
    r"""A line of a lattice file of elegant.

    Args:
        path: of the file.
        line: which line of it.
        energy: total energy of the reference particle [eV]; elegant has it elsewhere.
        species: what circulates.

    Raises:
        InputError: pyAT, whose parser reads the file, is not installed, the file cannot be read or
            has no such line, or elements cannot be carried over; their names and the reasons.

    >>> from pathlib import Path
    >>> import tempfile
    >>> from fieldwright.rings import import_elegant
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "cell.lte"
    ...     _ = file.write_text("QF: KQUAD, L=0.2, K1=1.2\nD: DRIF, L=1.8\nCELL: LINE=(QF, D)\n")
    ...     cell = import_elegant(file, "CELL", energy=1e9)
    >>> print(cell.names, cell.get("QF", "k1"))
    ('QF', 'D') [1.2]
    """
    load = package("at.load", "import_elegant", "accelerator-toolbox")
    file = Path(os.fspath(path))
    if not file.is_file():
        raise InputError(f"{file}: there is no such file", parameter="path")
    parser = _parsed(load, file)
    name = line.upper()
    if name not in parser.sequences:
        known = ", ".join(parser.sequences) or "none"
        missing = ", ".join(sorted(parser.missing))
        raise InputError(
            f"{file}: there is no line {line!r}; it has {known}"
            + (f", and {missing} not defined" if missing else ""),
            parameter="line",
        )
    report = Report("elegant", ())
    elements = [found for item, back in _expand(parser[name], False)
                for found in _element(report, item, back)]  # fmt: skip
    return lattice_of(report, elements, energy, species, line)


def _parsed(load: Any, file: Path) -> Any:
    """The file's definitions; any command that is not a line is an element of that kind."""

    def kind(name: str) -> type:
        words = {"filename", "group", "mode", "insert_from", "label", "edge_effects"}
        return type(name, (load.ElementDescr,), {"str_attr": words})

    class Kinds(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            self[name] = kind(name)
            return self[name]

    class Parser(load.ElegantParser):
        def _statement(self, line: str) -> bool:
            going_on = bool(super()._statement(line))
            if line.startswith("%"):  # what elegant leaves on its stack is no part of the next
                self.rpn.stack.clear()
            return going_on

    parser = Parser()
    parser.env = Kinds({"LINE": parser.env["LINE"], "__builtins__": {}})
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            parser.parse_files(str(file))
    except Exception as error:  # its parser raises whatever Python's own does
        raise InputError(f"{file}: cannot be read: {error}", parameter="path") from None
    return parser


def _expand(item: Any, back: bool) -> Iterator[tuple[Any, bool]]:
    """The elements of a line in order, and whether each is passed backwards."""
    back ^= getattr(item, "inverse", False)
    if isinstance(item, dict):
        yield item, back
        return
    for part in reversed(item) if back else item:
        yield from _expand(part, back)


def _element(report: Report, item: Any, back: bool) -> list[ours.Element]:
    kind = type(item).__name__
    foreign = Foreign(report, item.name, {k.lower(): v for k, v in item.items()})
    reader = next((read for names, read in _READERS if kind in names), None)
    if reader is None:
        foreign.refuse(f"a {kind} of elegant has no counterpart here")
        return []
    length = foreign.number("l")
    own, values = reader(foreign, length)
    if back and own is ours.Bend:
        for key in ("e", "fint"):
            values[f"{key}1"], values[f"{key}2"] = values[f"{key}2"], values[f"{key}1"]
    if own not in (ours.Drift, ours.Marker):
        bent = own is ours.Bend
        values["tilt"] = foreign.number("tilt")
        if not bent:
            values |= {"dx": foreign.number("dx"), "dy": foreign.number("dy")}
            values |= _unturned(values)
    foreign.finish(_HARMLESS)
    return made(foreign, own, **({"length": length} | values))


def _unturned(values: dict[str, float]) -> dict[str, float]:
    """Offsets along the machine's axes, as those of a tilted element."""
    c, s = math.cos(values["tilt"]), math.sin(values["tilt"])
    x, y = values["dx"], values["dy"]
    return {"dx": c * x + s * y, "dy": c * y - s * x}


def _plain(kind: type[ours.Element]) -> Any:
    return lambda foreign, length: (kind, {})


def _bystander(foreign: Foreign, length: float) -> Any:
    """What only tells of the beam, whatever its parameters."""
    foreign.drop()
    return ours.Marker, {}


def _magnet(kind: type[ours.Element], order: int) -> Any:
    def read(foreign: Foreign, length: float) -> Any:
        columns = {f"k{n}": foreign.number(f"k{n}") for n in (1, 2, 3)}
        if not length:
            if any(columns.values()):
                foreign.refuse("a magnet of no length has no strength; write a MULT")
            return ours.Marker, {}
        return kind, columns

    return read


def _multipole(foreign: Foreign, length: float) -> Any:
    order = round(foreign.number("order", 1.0))
    if order > 3 or length:
        foreign.refuse("a MULT is carried up to order 3 and without a length")
        return ours.Marker, {"length": 0.0}
    return ours.Multipole, {f"k{order}": foreign.number("knl"), f"k{order}s": foreign.number("ksl")}


def _bend(foreign: Foreign, length: float) -> Any:
    fint = foreign.number("fint", 0.5)
    fints = [foreign.number(f"fint{face}", -1.0) for face in "12"]  # negative: as fint
    values = {f"k{order}": foreign.number(f"k{order}") for order in (1, 2, 3)}
    values |= {
        "angle": foreign.number("angle"),
        "e1": foreign.number("e1"),
        "e2": foreign.number("e2"),
        "fint1": fints[0] if fints[0] >= 0 else fint,
        "fint2": fints[1] if fints[1] >= 0 else fint,
        "gap": 2 * foreign.number("hgap"),
    }
    for key in ("edge1_effects", "edge2_effects"):
        if foreign.take(key, 1) == 0:
            foreign.refuse(f"{key} switched off is not carried")
    return (ours.Bend, values) if values["angle"] else (ours.Drift, {})


def _rectangular(foreign: Foreign, length: float) -> Any:
    """Its length is the chord, its faces count from the parallel ones."""
    kind, values = _bend(foreign, length)
    if kind is ours.Bend:
        half = values["angle"] / 2
        values["length"] = length * half / math.sin(half)
        values |= {"e1": values["e1"] + half, "e2": values["e2"] + half}
    return kind, values


def _kicker(horizontal: str, vertical: str) -> Any:
    def read(foreign: Foreign, length: float) -> Any:
        h, v = (foreign.number(key) if key else 0.0 for key in (horizontal, vertical))
        return ours.Kicker, {"hkick": h, "vkick": v}

    return read


def _cavity(foreign: Foreign, length: float) -> Any:
    """Energy gain V sin(2 pi f t + phase), phases in degrees."""
    return ours.RFCavity, {
        "voltage": foreign.number("volt"),
        "frequency": foreign.number("freq", 5e8),
        "phase": math.pi - math.radians(foreign.number("phase")),
    }


_READERS: list[tuple[tuple[str, ...], Any]] = [
    (("DRIF", "DRIFT", "EDRIFT"), _plain(ours.Drift)),
    (("MARK", "MARKER"), _plain(ours.Marker)),
    (("WATCH", "CHARGE", "RECIRC"), _bystander),
    (("MONI", "MONITOR", "HMON", "HMONITOR", "VMON", "VMONITOR"), _plain(ours.Monitor)),
    (("KQUAD", "QUAD", "QUADRUPOLE", "KQUSE"), _magnet(ours.Quadrupole, 1)),
    (("KSEXT", "SEXT", "SEXTUPOLE"), _magnet(ours.Sextupole, 2)),
    (("KOCT", "OCTU", "OCTUPOLE"), _magnet(ours.Octupole, 3)),
    (("MULT", "MULTIPOLE"), _multipole),
    (("CSBEND", "CSBEN", "SBEND", "SBEN"), _bend),
    (("RBEND", "RBEN"), _rectangular),
    (("KICKER", "EKICKER"), _kicker("hkick", "vkick")),
    (("HKICK", "HKICKER", "EHKICK"), _kicker("kick", "")),
    (("VKICK", "VKICKER", "EVKICK"), _kicker("", "kick")),
    (("RFCA",), _cavity),
]
