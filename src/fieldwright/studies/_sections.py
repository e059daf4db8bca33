"""What a section of a study is: one module says all about one sort of part, top to bottom.

A section is a `Section` of plain functions. Each gets an `Item`: one part of a study, by name, with
its case and, once computed, its result. What is left out, the engine does as for most sections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._yaml import Where
from ._derived import Problem
from ._fields import Part
from ._judge import Quantity
from ._names import Names, full_name
from ._pieces import Pieces
from ._study import Attachment, Progress, Table, standing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._pieces import Arrays

#: By a quantity's name what `float` takes, or that with an error estimate.
Numbers = dict[str, Any]
Quantities = Mapping[str, Quantity]
Unasked = Iterator[tuple[str, dict[str, Any]]]  # name of a figure, and its fields

#: Name, axes, values, unit and words of a variable of the dataset.
Variable = tuple[str, tuple[str, ...], Any, str, str]


_DASH = "–"


def _quiet(phase: str, fraction: float | None = None, /) -> None: ...


@dataclass(frozen=True)
class Item:
    """One part of a study as its section sees it; a case has the name None where it is alone."""

    study: Any
    section: Section
    name: Any
    part: Any
    results: dict[str, dict[Any, Any]] = field(default_factory=dict)  # by group and name
    pieces: Pieces = field(default_factory=Pieces)
    progress: Progress = _quiet

    @property
    def at(self) -> Where:
        """Where it stands in the file."""
        return () if self.name is None else (self.section.group, self.name)

    @property
    def title(self) -> str:
        """What it is called, or its name."""
        return getattr(self.part, "title", None) or self.section.untitled.format(self.name)

    @property
    def case(self) -> Any:
        """The name of the case that it is of; a case is its own."""
        return self.name if self.section.group == "cases" else self.study.case_of(self.part.case)

    @property
    def run(self) -> Any:
        """Its case, whole."""
        return self.study.run_of(self.case)

    @property
    def result(self) -> Any:
        """What it came to."""
        return self.results[self.section.group][self.name]

    @property
    def of_case(self) -> Any:
        """What its case came to."""
        return self.results["cases"][self.case]

    @property
    def phase(self) -> str:
        """What progress calls it."""
        return f"{self.section.one} {self.name}" if self.name else self.section.one

    def full(self, quantity: str) -> str:
        """The full name of one of its quantities."""
        return full_name(self.name, quantity)

    def piece(
        self, inputs: Mapping[str, Any], number: int, of: int, make: Callable[[], Arrays]
    ) -> Arrays:
        """A piece of the work, kept by its inputs so that a killed run goes on; tells progress."""
        self.progress(f"{self.section.group} {self.name}", number / of)
        with standing(self.at):
            return self.pieces.get({**inputs, "piece": number}, make)


@dataclass(frozen=True)
class Picture:
    """A figure that is asked for: its part of the study, and the items it shows."""

    study: Any
    part: Any
    items: list[Item]


@dataclass(frozen=True)
class Shown:
    """One sort of figure of a section: the value of `show`, and what draws it."""

    show: str
    draw: Callable[[Picture], Figure]
    # of the caption after the title, or all of it if a sentence; None: drawn only when asked for
    words: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # more keys: type and `Field`
    check: Callable[[Item], Iterator[str]] = lambda item: iter(())  # what an item lacks for it


@dataclass(frozen=True)
class Columns:
    """A table of a row for each item: header and quantity of its columns."""

    title: str
    columns: Mapping[str, str]
    caption: str = ""
    first: str = ""
    own: str = ""  # only of items that have this quantity
    filled: bool = False  # without columns and rows that hold nothing
    digits: int | None = None
    each: Callable[[Item], Mapping[str, str]] | None = None  # several rows: words, and prefix


@dataclass(frozen=True, kw_only=True)
class Section:
    """All about one sort of part of a study."""

    group: str  # its key in the file
    part: type[Part]  # what stands there under each name
    one: str  # what one of them is called
    words: str = ""  # what the schema says of the key
    of_case: bool = True  # whether a part names a case
    several: bool = False  # whether figures name a list of them, by the group's own name
    untitled: str = "{}"  # the title of a part that has none
    slow: bool = False  # computed when all others are
    last: bool = False  # its figures come last in a study that asks for none

    check: Callable[[Item], Iterator[Problem]] = lambda item: iter(())  # alone
    fits: Callable[[Item], Iterator[Problem]] = lambda item: iter(())  # once all names lead to it
    impossible: Callable[[Item], Iterator[tuple[Where, Any]]] = lambda item: iter(())
    names: Callable[[Item], Names] | Names
    solve: Callable[[Item], Any]
    numbers: Callable[[Item], Numbers] = lambda item: item.result
    tables: Iterable[Columns] | Callable[[list[Item], Quantities], Iterable[Table]] = ()
    variables: Callable[[Item], Iterator[Variable]] = lambda item: iter(())
    shown: tuple[Shown, ...] = ()
    unasked: Callable[[list[Item]], Unasked] | None = None
    attachments: Callable[[Item], Iterator[Attachment]] = lambda item: iter(())
    methods: str | Callable[[list[Item]], Iterable[str]] = ()  # type: ignore[assignment]

    @property
    def key(self) -> str:
        """The key of a figure that names what it shows."""
        return self.group if self.several else self.one

    def items(self, study: Any, **more: Any) -> list[Item]:
        """Every part of a study that is of this section."""
        there = study.all_cases() if self.group == "cases" else getattr(study, self.group)
        return [Item(study, self, name, part, **more) for name, part in there.items()]

    def names_of(self, item: Item) -> Names:
        """The quantities of a part."""
        return self.names(item) if callable(self.names) else self.names


def unasked(item: Item, shown: Shown) -> dict[str, Any]:
    """The fields of a figure of one item, for a study that asks for none."""
    of = [item.name] if item.section.several else item.name
    words = shown.words or ""
    caption = words if words.endswith(".") else f"{item.title}: {words}."
    return {"show": shown.show, "caption": caption, item.section.key: of}


def taken(found: Any, names: Iterable[str], prefix: str = "") -> dict[str, Any]:
    """Numbers that an object has under the names of the quantities, after a prefix."""
    return {f"{prefix}{name}": getattr(found, name) for name in names}


def table(columns: Columns, items: list[Item], quantities: Quantities) -> Table:
    """A table of a row for each item, or of several."""
    rows = []
    for item in items:
        if columns.own and item.full(columns.own) not in quantities:
            continue
        for words, prefix in (columns.each(item) if columns.each else {"": ""}).items():
            found = [quantities.get(item.full(prefix + q)) for q in columns.columns.values()]
            cells = [cell(item.study, q, columns.digits) for q in found]
            rows.append([f"{item.title}: {words}" if words else item.title, *cells])
    header = [columns.first, *columns.columns]
    if columns.filled:
        # the first value may be of all
        rows = [row for row in rows if set(row[2:]) != {_DASH}]
        full = [n for n in range(len(header)) if not n or any(row[n] != _DASH for row in rows)]
        header, rows = [header[n] for n in full], [[row[n] for n in full] for row in rows]
    return Table(columns.title, header, rows, columns.caption)


def cell(study: Any, quantity: Quantity | None, digits: int | None = None) -> str:
    """A quantity for a table cell; a dash where there is none."""
    return _DASH if quantity is None else study.show(quantity, digits)
