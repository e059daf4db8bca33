"""From the facility of a PALS file to one list of elements: names, inheritance, lines, repetition.

Sources: the standard's chapters on beam lines and lattice construction (pals-project.org).
"""

from __future__ import annotations

from typing import Any

from fieldwright._yaml import Document, Where
from fieldwright.rings.files._pals_given import EXTENSION, Given, Path, flatten, refuse, suggestion

_MOST = 1_000_000  # elements of a line, against repetitions of repetitions
_ROOT = {"version", "authors", "notes", "reminders", "extension_labels", "facility"}
_NOT_CARRIED = {
    *("include", "load", "post_expansion", "phase_space_coordinates", "constants", "variables"),
    *("set", "sets", "superimpose", "expand_lattice"),
}


class Facility:
    """The named things of a file: elements, lines and lattices.

    Args:
        document: the file.

    Raises:
        InputError: what is not of the standard, or not carried, with its line.
    """

    def __init__(self, document: Document):
        self.document = document
        self.root = self._root()
        self.defined: dict[str, tuple[dict[str, Any], Where]] = {}
        self.use: tuple[Any, Where] | None = None
        self._found: dict[str, Given] = {}
        for index, item in enumerate(self.root["facility"]):
            self._define(item, ("PALS", "facility", index))

    def _root(self) -> dict[str, Any]:
        root = self.document.data.get("PALS")
        if not isinstance(root, dict):
            refuse(self.document, ("PALS",), "PALS", "the file needs a mapping `PALS:` at its top")
        for key in root:
            if key not in _ROOT:
                known = "is not carried; remove it" if key in _NOT_CARRIED else "unknown"
                hint = "" if key in _NOT_CARRIED else suggestion(key, _ROOT)
                refuse(self.document, ("PALS", key), f"PALS.{key}", known + hint)
        if not isinstance(root.get("facility"), list):
            refuse(self.document, ("PALS",), "PALS.facility", "a list of elements and lines is due")
        labels = root.get("extension_labels") or {}
        for part in labels if isinstance(labels, dict) else [labels]:
            names = labels.get(part) if isinstance(labels, dict) else None
            if part != "names" or not isinstance(names, dict) or set(names) - {EXTENSION}:
                where = ("PALS", "extension_labels", str(part))
                refuse(
                    self.document, where, "PALS.extension_labels",
                    "data of other programs is not carried; remove it and what it names",
                )  # fmt: skip
        return root

    def _define(self, item: Any, where: Where) -> None:
        name, body, where = self.entry(item, where)
        if name == "use":
            self.use = body, where
            return
        if name in _NOT_CARRIED:
            refuse(self.document, where, name, "is not carried; write its outcome instead")
        if not isinstance(body, dict):
            refuse(self.document, where, name, "its parameters are due, `kind:` the first of them")
        if name in self.defined:
            first = self.document.place(self.defined[name][1])
            refuse(self.document, where, name, f"is defined already, at {first}")
        self.defined[name] = body, where

    def entry(self, item: Any, where: Where) -> tuple[str, Any, Where]:
        """Name, parameters and place of one item of a list, `- Q1: {...}`."""
        if isinstance(item, str):
            return item, {}, where
        if not isinstance(item, dict) or len(item) != 1:
            problem = f"one name is due, its parameters indented below it; got {str(item)[:60]}"
            refuse(self.document, where, "an item", problem)
        ((name, body),) = item.items()
        return name, {} if body is None else body, (*where, name)

    def kind(self, name: str) -> str:
        """What a name stands for; empty where it inherits that."""
        return str(self.defined[name][0].get("kind", ""))

    def look(self, name: Any, where: Where, what: str) -> None:
        """Raise if nothing is called so."""
        if not isinstance(name, str) or name not in self.defined:
            hint = suggestion(str(name), self.defined)
            refuse(self.document, where, what, f"there is no {name!r} in the facility{hint}")

    def element(self, name: str, where: Where, above: tuple[str, ...] = ()) -> Given:
        """An element defined in the facility, with all that it inherits."""
        if name in above:
            refuse(self.document, where, name, "inherits from itself")
        if name not in self._found:
            body, place = self.defined[name]
            self._found[name] = self.made(name, body, place, (*above, name))
        return self._found[name]

    def made(self, name: str, body: dict[str, Any], where: Where, above: tuple[str, ...]) -> Given:
        """An element from its parameters, over those of what it inherits."""
        entries = flatten(body, where)
        parent, place = entries.pop(("inherit",), (None, where))
        merged: dict[Path, tuple[Any, Where]] = {}
        if parent is not None:
            self.look(parent, place, f"{name}.inherit")
            merged = self.element(parent, place, above).entries
            own, inherited = entries.get(("kind",)), merged.get(("kind",))
            if own and inherited and own[0] != inherited[0]:
                refuse(
                    self.document, own[1], f"{name}.kind",
                    f"is {own[0]}, but {parent}, which it inherits, is a {inherited[0]}",
                )  # fmt: skip
        return Given(self.document, name, where, merged | entries)

    def line(self, name: str, where: Where, above: tuple[str, ...] = ()) -> list[Given]:
        """The elements of a line, in order."""
        if name in above:
            refuse(self.document, where, name, "is a part of itself")
        body, place = self.defined[name]
        for key in body:
            if key not in ("kind", "line", "periodic"):
                problem = "is not carried in a BeamLine; remove it"
                refuse(self.document, (*place, key), f"{name}.{key}", problem)
        items = body.get("line")
        if not isinstance(items, list):
            refuse(self.document, place, f"{name}.line", "a list of elements and lines is due")
        found: list[Given] = []
        for index, item in enumerate(items):
            found += self._item(item, (*place, "line", index), (*above, name))
            if len(found) > _MOST:
                refuse(self.document, place, name, f"is longer than {_MOST} elements")
        return found

    def _item(self, item: Any, where: Where, above: tuple[str, ...]) -> list[Given]:
        name, body, where = self.entry(item, where)
        if not isinstance(body, dict):
            refuse(self.document, where, name, "its parameters are due")
        body = dict(body)
        repeat = self._repeat(name, body.pop("repeat", 1), where)
        self._direction(name, body.pop("direction", 1), where)
        if name in self.defined and self.kind(name) == "BeamLine" and "kind" not in body:
            if body:
                key = next(iter(body))
                refuse(self.document, (*where, key), f"{name}.{key}", "a line has no such thing")
            parts = self.line(name, where, above)
        else:
            parts = [self._place(name, body, where)]
        if len(parts) * abs(repeat) > _MOST:
            refuse(self.document, where, name, f"is longer than {_MOST} elements")
        return (parts if repeat > 0 else parts[::-1]) * abs(repeat)

    def _place(self, name: str, body: dict[str, Any], where: Where) -> Given:
        """An element of a line: by its name, changed, or defined in place."""
        if "kind" in body or "inherit" in body:
            if body.get("kind") in ("BeamLine", "Lattice"):
                refuse(self.document, where, name, "define a line in the facility, not in a line")
            if name in self.defined:
                first = self.document.place(self.defined[name][1])
                refuse(
                    self.document, where, name,
                    f"is defined already, at {first}; leave out kind and inherit to change it here",
                )  # fmt: skip
            return self.made(name, body, where, (name,))
        self.look(name, where, name)
        if self.kind(name) == "Lattice":
            refuse(self.document, where, name, "a Lattice cannot stand in a line")
        known = self.element(name, where)
        if not body:
            return known
        return Given(self.document, name, where, known.entries | flatten(body, where))

    def _repeat(self, name: str, value: Any, where: Where) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value == 0:
            problem = f"a whole number is due, negative for the reverse order; got {value!r}"
            refuse(self.document, (*where, "repeat"), f"{name}.repeat", problem)
        return value

    def _direction(self, name: str, value: Any, where: Where) -> None:
        """Only forwards: by the standard a reversed element is turned end for end.

        Its frame must then be joined to its neighbours' by reflection Patches; without them the
        line is no path a beam could take.
        """
        if value == -1:
            refuse(
                self.document, (*where, "direction"), f"{name}.direction",
                "turns elements end for end, which the standard joins to others only by a "
                "reflection Patch, and those are not carried; for the reverse order write "
                "repeat: -1, and exchange e1 and e2 of its bends if they differ",
            )  # fmt: skip
        if isinstance(value, bool) or value != 1:
            problem = f"is 1, got {value!r}"
            refuse(self.document, (*where, "direction"), f"{name}.direction", problem)


def root_line(facility: Facility) -> tuple[str, str, Given, list[Given]]:
    """Name of the lattice and of its line, our own data of it, and the line's elements."""
    document = facility.document
    lattices = [name for name in facility.defined if facility.kind(name) == "Lattice"]
    if not lattices:
        problem = "write one, as in `- ring: {kind: Lattice, branches: [line]}`"
        refuse(document, ("PALS", "facility"), "PALS.facility", f"there is no Lattice; {problem}")
    name = lattices[-1]
    if facility.use is not None:
        used, where = facility.use
        if used not in lattices:
            refuse(document, where, "use", f"{used!r} is no Lattice{suggestion(used, lattices)}")
        name = used
    body, where = facility.defined[name]
    given = Given(document, name, where, flatten(body, where))
    given.take("kind")
    branches = given.take("branches")
    if not isinstance(branches, list) or len(branches) != 1:
        given.refuse(("branches",), "one branch is carried: a list with the name of one BeamLine")
    line, place = _branch(facility, branches[0], (*where, "branches", 0))
    return name, line, given, facility.line(line, place)


def _branch(facility: Facility, item: Any, where: Where) -> tuple[str, Where]:
    name, body, where = facility.entry(item, where)
    wrong = [key for key in body if key not in ("inherit", "periodic")]
    if wrong:
        problem = "unknown" + suggestion(wrong[0], ("inherit", "periodic"))
        refuse(facility.document, (*where, wrong[0]), f"{name}.{wrong[0]}", problem)
    line = body.get("inherit", name)
    facility.look(line, where, name)
    if facility.kind(line) != "BeamLine":
        refuse(facility.document, where, name, f"a BeamLine is due, {line} is none")
    return line, where
