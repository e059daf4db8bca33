"""What importers of other programs' lattices share: strictness, and one message for all."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Sequence
from typing import Any

from fieldwright.errors import InputError
from fieldwright.rings.lattice._elements import Element
from fieldwright.rings.lattice._lattice import Lattice

#: What may be left out of an imported lattice, if the user says so.
LEAVE_OUT = {
    "apertures": "apertures other than a rectangle about the axis",
    "high_multipoles": "multipoles beyond the octupole",
    "misalignments": "misalignments other than offsets and rolls",
    "quadrupole_fringes": "hard-edge fringe fields of quadrupoles",
}
_SHOWN = 8


def package(name: str, function: str, install: str) -> Any:
    """Another program's package, imported now.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise InputError(
            f"{function} needs the package {install}: pip install 'fieldwright[import]'"
        ) from None


class Report:
    """Collects what cannot be carried over, to say all of it at once.

    Args:
        program: what the lattice is of.
        leave_out: names from `LEAVE_OUT` of what the user does without.

    Raises:
        InputError: a name that is none of them.
    """

    def __init__(self, program: str, leave_out: Sequence[str]):
        self.program, self.leave_out = program, leave_out
        self.problems: dict[tuple[str, str], list[str]] = {}
        names = [leave_out] if isinstance(leave_out, str) else leave_out
        for name in names:
            if name not in LEAVE_OUT:
                raise InputError(
                    f"leave_out has names from {', '.join(LEAVE_OUT)}; got {name!r}",
                    parameter="leave_out",
                )

    def refuse(self, element: str, reason: str, lost: str = "") -> None:
        """Note why an element cannot be carried over, unless what is `lost` may be left out."""
        if not lost or lost not in self.leave_out:
            self.problems.setdefault((reason, lost), []).append(element)

    def finish(self) -> None:
        """Raise if anything was refused."""
        if not self.problems:
            return
        lines = [f"  {_some(names)}: {reason}" for (reason, _), names in self.problems.items()]
        more = [f"  and {len(lines) - _SHOWN} other reasons"] if len(lines) > _SHOWN else []
        lost = sorted({lost for _, lost in self.problems if lost})
        hint = f"\nTo do without, write leave_out={lost}." if lost else ""
        raise InputError(
            f"this lattice of {self.program} cannot be carried over:\n"
            + "\n".join(lines[:_SHOWN] + more)
            + hint
        )


def _some(names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    if len(distinct) <= 3:
        return ", ".join(distinct)
    return f"{', '.join(distinct[:3])} and {len(distinct) - 3} others"


class Foreign:
    """Parameters of an element of another program, taken one by one.

    Args:
        report: where problems go.
        name: of the element.
        values: its parameters; those that are zero or empty do nothing.
    """

    def __init__(self, report: Report, name: str, values: dict[str, Any]):
        self.report, self.name = report, name
        self._left = dict(values)

    def take(self, key: str, default: Any = 0.0) -> Any:
        """A parameter, or what it is where it is not given."""
        value = self._left.pop(key, None)
        return default if value is None else value

    def look(self, key: str, default: Any = 0.0) -> Any:
        """A parameter that will be taken later."""
        return self._left.get(key, default)

    def drop(self) -> None:
        """Take everything there is."""
        self._left.clear()

    def number(self, key: str, default: float = 0.0) -> float:
        """A parameter that is a number."""
        return float(self.take(key, default))

    def refuse(self, reason: str, lost: str = "") -> None:
        """Note why the element cannot be carried over."""
        self.report.refuse(self.name, reason, lost)

    def lose(self, lost: str, *keys: str) -> None:
        """Parameters that are not carried, unless they do nothing."""
        for key in keys:
            if acts(self._left.pop(key, None)):
                self.refuse(f"{LEAVE_OUT[lost]} are not carried ({key})", lost)

    def finish(self, harmless: Iterable[str] = ()) -> None:
        """Refuse what is left, but what cannot affect the beam."""
        for key, value in self._left.items():
            if key not in harmless and acts(value):
                self.refuse(f"{key} = {_short(value)} is not carried")


def acts(value: Any) -> bool:
    """Whether a parameter may do anything: it is not zero, empty or false."""
    if value is None or isinstance(value, str):
        return bool(value)
    try:
        return any(acts(item) for item in value)
    except TypeError:
        return bool(value)


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) < 40 else text[:37] + "..."


def multipoles(
    foreign: Foreign, normal: Sequence[Any], skew: Sequence[Any], factorials: bool = False
) -> dict[str, float]:
    """Columns k0 to k3s of arrays of strengths; `factorials` if they are those of a polynomial."""
    columns = {}
    for letter, values in (("", normal), ("s", skew)):
        for order, value in enumerate(values):
            if order > 3:
                if value:
                    lost = LEAVE_OUT["high_multipoles"]
                    foreign.refuse(f"{lost} are not carried", "high_multipoles")
            else:
                factor = math.factorial(order) if factorials else 1
                columns[f"k{order}{letter}"] = float(value) * factor
    return columns


def add(columns: dict[str, float], more: dict[str, float], factor: float = 1.0) -> dict[str, float]:
    """Columns and a multiple of others."""
    return columns | {k: columns.get(k, 0.0) + factor * v for k, v in more.items()}


def rectangle(foreign: Foreign, x: tuple[float, float], y: tuple[float, float]) -> dict[str, float]:
    """Limits of a rectangular aperture, given by its ends; far ones are none."""
    limits = {}
    for axis, (low, high) in (("x", x), ("y", y)):
        if low == -high and high > 0:
            if high < 1e3:
                limits[f"{axis}_limit"] = float(high)
        else:
            foreign.refuse(f"{LEAVE_OUT['apertures']} are not carried", "apertures")
    return limits


def lattice_of(
    report: Report, elements: list[Element], energy: float, species: Any, name: str
) -> Lattice:
    """The lattice, if nothing was refused.

    Raises:
        InputError: what cannot be carried over.
    """
    report.finish()
    return Lattice.of(elements, energy, species, name, f"imported from {report.program}")


def made(foreign: Foreign, kind: type[Element], **values: Any) -> list[Element]:
    """An element of ours, or nothing where its numbers are refused."""
    try:
        return [kind(name=foreign.name, **values)]
    except InputError as error:
        foreign.refuse(str(error).removeprefix(f"{foreign.name}: "))
        return []
