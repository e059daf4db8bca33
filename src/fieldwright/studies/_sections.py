"""What a section of a study is: one module says all about one sort of part, top to bottom.

A section is a `Section` of plain functions. Each gets an `Item`: one part of a study, by name, with
its case and, once computed, its result. What is left out, the engine does as for most sections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._figure import new_figure
from .._yaml import Where
from ..errors import FieldwrightError
from ._derived import Problem
from ._fields import Part
from ._judge import Quantity
from ._names import Found, Names, full_name, reach
from ._pieces import Pieces
from ._study import Attachment, Progress, Table, standing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._pieces import Arrays

# With what else a section needs.
__all__ = [
    "Attachment",
    "Columns",
    "Found",
    "Impossible",
    "Item",
    "Names",
    "Numbers",
    "Picture",
    "Problem",
    "Problems",
    "Quantities",
    "Rows",
    "Section",
    "Shown",
    "Table",
    "Unasked",
    "Variable",
    "Variables",
    "cell",
    "numbers_of",
    "standing",
    "table",
    "taken",
    "unasked",
]  # fmt: skip

#: By a quantity's name what `float` takes, or that with an error estimate.
Numbers = dict[str, Any]
Quantities = Mapping[str, Quantity]
Unasked = Iterator[tuple[str, dict[str, Any]]]  # name of a figure, and its fields
Problems = Iterator[Problem]
Impossible = Iterator[tuple[Where, FieldwrightError]]

#: Name, axes, values, unit (None: there is none) and words of a variable of the dataset.
Variable = tuple[str, tuple[str, ...], Any, str | None, str]
Variables = Iterator[Variable]


_DASH = "–"


def _quiet(phase: str, fraction: float | None = None, /) -> None: ...


@dataclass(frozen=True)
class Item:
    """One part of a study as its section sees it; a case has the name None where it is alone.

    A find of a part sees the part's own item, with the find as its `section`.
    """

    study: Any
    section: Section
    name: Any
    part: Any
    results: dict[str, dict[Any, Any]] = field(default_factory=dict)  # by group and name
    pieces: Pieces = field(default_factory=Pieces)
    progress: Progress = _quiet
    whole: Section | None = None  # the section that this is a find of

    @property
    def _home(self) -> Section:
        return self.whole or self.section

    @property
    def at(self) -> Where:
        """Where it stands in the file."""
        return () if self.name is None else (self._home.group, self.name)

    @property
    def title(self) -> str:
        """What it is called, or its name."""
        return getattr(self.part, "title", None) or self._home.untitled.format(self.name)

    @property
    def label(self) -> str:
        """Its name; the study's of a case that has none."""
        return str(self.name or self.study.study)

    @property
    def case(self) -> Any:
        """The name of the case that it is of; a case is its own."""
        return self.name if self._home.group == "cases" else self.study.case_of(self.part.case)

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
        words = self._home.doing or self._home.one
        return f"{words} {self.name}" if self.name else words

    def finds(self, *, asked: bool = False) -> list[Item]:
        """What is found out about it, or only what it asks for: an item for each find."""
        names = self.section.asks(self) if self.section.finds else ()
        return [
            replace(self, section=find, whole=self.section)
            for find in self.section.finds
            if find.group in names or (not asked and find.also(self))
        ]

    def found(self, find: str) -> Any:
        """What a find of its case came to; None where that was not looked for."""
        return self.results[find].get(self.case)

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
    fits: Callable[[Picture], Iterator[Problem]] = lambda picture: iter(())  # places are within it


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


@dataclass(frozen=True)
class Rows:
    """A table of a row for each quantity, in its own words, and a column for each item."""

    title: str
    quantities: Iterable[str]
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """All about one sort of part of a study."""

    group: str  # its key in the file
    part: type[Part] = Part  # what stands there under each name
    one: str = ""  # what one of them is called
    doing: str = ""  # what progress calls it, if not that
    words: str = ""  # what the schema says of the key
    of_case: bool = True  # whether a part names a case
    several: bool = False  # whether figures name a list of them, by the group's own name
    untitled: str = "{}"  # the title of a part that has none
    slow: bool = False  # computed when all others are
    last: bool = False  # its figures come last in a study that asks for none

    check: Callable[[Item], Iterator[Problem]] = lambda item: iter(())  # alone
    fits: Callable[[Item], Iterator[Problem]] = lambda item: iter(())  # once all names lead to it
    impossible: Callable[[Item], Iterator[tuple[Where, Any]]] = lambda item: iter(())
    names: Callable[[Item], Names] | Names = field(default_factory=dict)
    solve: Callable[[Item], Any]
    numbers: Callable[[Item], Numbers] = lambda item: item.result
    tables: Iterable[Columns | Rows] | Callable[[list[Item], Quantities], Iterable[Table]] = ()
    variables: Callable[[Item], Iterator[Variable]] = lambda item: iter(())
    shown: tuple[Shown, ...] = ()
    unasked: Callable[[list[Item]], Unasked] | None = None
    attachments: Callable[[Item], Iterator[Attachment]] = lambda item: iter(())
    methods: str | Callable[[list[Item]], Iterable[str]] = ()  # type: ignore[assignment]

    # What a part can be asked to `find`: sections of their own, without a key in the file. They
    # come after the part they are of, get its item, and tables are given all parts.
    finds: tuple[Section, ...] = ()
    asks: Callable[[Item], Iterable[str]] = lambda item: ()  # the groups of the finds asked for
    also: Callable[[Item], bool] = lambda item: False  # of a find: needed though not asked for

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
    words = shown.words or ""
    caption = f"{item.title}: {words}." if words else f"{item.title}."
    if words.endswith("."):
        caption = words
    named = {} if item.name is None else {item.section.key: item.name}
    if item.section.several:
        named = {key: [name] for key, name in named.items()}
    return {"show": shown.show, "caption": caption, **named}


def on_axes(
    width: float, height: float, draw: Callable[[Picture, Any], Any]
) -> Callable[[Picture], Figure]:
    """What draws a figure of one pair of axes, in inches, of what draws on these."""

    def whole(picture: Picture) -> Figure:
        figure = new_figure(width, height)
        draw(picture, figure.add_subplot())
        return figure

    return whole


def taken(found: Any, names: Iterable[str], prefix: str = "") -> dict[str, Any]:
    """Numbers that an object has under the names of the quantities, after a prefix."""
    return {f"{prefix}{name}": getattr(found, name) for name in names}


def numbers_of(item: Item) -> dict[str, Quantity]:
    """The quantities of a part by their full names."""
    names, made = item.section.names_of(item), None
    found = {}
    for name, (unit, words) in names.items():
        named = names[name]
        if not isinstance(named, Found):
            made = item.section.numbers(item) if made is None else made
            number = made[name]
        elif callable(named.how):
            number = named.how(item)
        else:
            number = reach(item.result, named.how)
        value, error = number if isinstance(number, tuple) else (number, None)
        found[item.full(name)] = Quantity(float(value), unit, words, error)
    return found


def table(columns: Columns | Rows, items: list[Item], quantities: Quantities) -> Table:
    """A table of a row, or several, for each item; or of a column for each."""
    return (
        _rows(columns, items, quantities)
        if isinstance(columns, Rows)
        else _columns(columns, items, quantities)
    )


def _rows(rows: Rows, items: list[Item], quantities: Quantities) -> Table:
    lines = []
    for name in rows.quantities:
        found = [quantities.get(item.full(name)) for item in items]
        words = next((q.long_name for q in found if q is not None), None)
        if words is not None:
            cells = (cell(item.study, q) for item, q in zip(items, found, strict=True))
            lines.append([words, *cells])
    return Table(rows.title, ["", *(item.title for item in items)], lines, rows.caption)


def _columns(columns: Columns, items: list[Item], quantities: Quantities) -> Table:
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
