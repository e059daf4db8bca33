"""What a PALS file gives for one element: each value with the line it stands on."""

from __future__ import annotations

import difflib
import math
from typing import Any, NoReturn

from fieldwright._yaml import Document, Where
from fieldwright.errors import InputError

#: A parameter's place in an element: ("length",) or ("BendP", "e1").
Path = tuple[str, ...]

#: Name of our own data in a file, where the standard has no place for it.
EXTENSION = "Fieldwright"

#: What the standard knows and an element of ours cannot have.
_STANDARD = {
    *("ACKickerP", "BeamBeamP", "ConverterP", "ElectricMultipoleP", "FloorP", "FloorShiftP"),
    *("FoilP", "ForkFromP", "ForkP", "GirderP", "ParticleP", "PatchP", "ReferenceChangeP"),
    *("ReferenceP", "TaylorP", "TrackingP", "TwissP", "ApertureP", "BendP", "BodyShiftP"),
    *("MagneticMultipoleP", "RFP", "SolenoidP", "field_master", "s_position", "name", "placement"),
    *("multipass_index", "superimpose", "include", "zero_point", "multipass"),
}


def refuse(document: Document, where: Where, what: str, problem: str) -> NoReturn:
    """Raise what is wrong with a file, as `ring.pals.yaml:12: Q1.length: ...`."""
    raise InputError(f"{document.place(where)}: {what}: {problem}")


def suggestion(word: str, known: Any) -> str:
    """`; did you mean Kn1?`, or what there is where nothing is near."""
    names = sorted(set(known))
    near = difflib.get_close_matches(word, names, 1, 0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known here: {', '.join(names)}" if 0 < len(names) <= 12 else ""


def number_of(document: Document, where: Where, what: str, value: Any, unit: str) -> float:
    """A finite number; text is told what to write instead."""
    of = f" in {unit}" if unit else ""
    if isinstance(value, str):
        refuse(document, where, what, f"write a plain number{of}, not the text {value!r}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(document, where, what, f"a number{of} is due, got {value!r}")
    if not math.isfinite(value):
        refuse(document, where, what, f"a finite number{of} is due, got {value!r}")
    return float(value)


class Given:
    """The parameters of one element, taken one by one; what is left at the end is refused.

    Args:
        document: the file.
        name: of the element.
        where: it stands in the file.
        entries: every parameter's value and where it stands.
    """

    def __init__(
        self, document: Document, name: str, where: Where, entries: dict[Path, tuple[Any, Where]]
    ):
        self.document, self.name, self.where, self.entries = document, name, where, entries
        self._left = dict(entries)
        self._asked: set[Path] = set()

    def refuse(self, path: Path, problem: str) -> NoReturn:
        """Raise a problem of one parameter, or of a group of them, with its line."""
        where = self.where
        for found, (_, place) in self.entries.items():
            if found[: len(path)] == path:
                where = place[: len(place) - len(found) + len(path)]
                break
        refuse(self.document, where, ".".join((self.name, *path)), problem)

    def has(self, *path: str) -> bool:
        """Whether a parameter is set; null means that it is not."""
        return self.entries.get(path, (None, ()))[0] is not None

    def keys(self, group: str) -> list[str]:
        """What a group has, in the order of the file."""
        return [path[1] for path in self.entries if len(path) == 2 and path[0] == group]

    def know(self, group: str, names: Any) -> None:
        """Names to suggest for a misspelt one of a group."""
        self._asked.update((group, name) for name in names)

    def take(self, *path: str, default: Any = None) -> Any:
        """A parameter's value, or what it is where the file does not set it."""
        self._asked.add(path)
        self._left.pop(path, None)
        value, _ = self.entries.get(path, (None, ()))
        return default if value is None else value

    def number(self, *path: str, unit: str = "", default: float = 0.0) -> float:
        """A parameter that is a number."""
        value = self.take(*path)
        if value is None:
            return default
        _, where = self.entries[path]
        return number_of(self.document, where, ".".join((self.name, *path)), value, unit)

    def word(self, *path: str, default: str) -> str:
        """A parameter that is one of the standard's words, in capitals."""
        value = self.take(*path, default=default)
        if not isinstance(value, str):
            self.refuse(path, f"a word such as {default} is due, got {value!r}")
        return value.upper()

    def only(self, *path: str, allowed: Any, why: str) -> None:
        """A parameter that may be there as long as it changes nothing."""
        value = self.take(*path)
        if isinstance(value, str):
            value = value.upper()
        if value is not None and value != allowed:
            self.refuse(path, f"{why}; got {value!r}")

    def check_names(self) -> None:
        """Raise at what no element has: before what its absence elsewhere would lead to."""
        plain = {"kind", "length", "is_on", EXTENSION, "MetaP"}
        for path in self.entries:
            if len(path) == 1 and path[0] not in plain | _STANDARD:
                self.refuse(path, "unknown" + suggestion(path[0], plain | _STANDARD))

    def finish(self, kind: str) -> None:
        """Raise if anything was given that nobody took."""
        groups = {asked[0] for asked in self._asked} | {"MetaP"}
        for path in self._left:
            top, *inner = path
            if top == "MetaP":  # by the standard it cannot affect the beam
                continue
            if inner and top in groups:
                known = [asked[1] for asked in self._asked if len(asked) == 2 and asked[0] == top]
                self.refuse(path, "unknown" + suggestion(inner[0], known))
            if top in _STANDARD and top not in groups:
                self.refuse((top,), f"is not carried in a {kind}; remove it")
            self.refuse((top,), "unknown" + suggestion(top, groups))


def flatten(body: dict[str, Any], where: Where) -> dict[Path, tuple[Any, Where]]:
    """The parameters of an element's mapping, with the groups opened."""
    found: dict[Path, tuple[Any, Where]] = {}
    for key, value in body.items():
        if isinstance(value, dict) and value:
            for inner, content in value.items():
                found[key, inner] = content, (*where, key, inner)
        else:
            found[key,] = value, (*where, key)
    return found
