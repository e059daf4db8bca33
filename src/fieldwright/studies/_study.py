"""What every study has, whatever its kind, and what a kind has to provide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import Field, PrivateAttr

from .._yaml import Where
from ..errors import FieldwrightError
from ._fields import Part
from ._judge import Published, Quantity, Text
from ._pieces import Pieces

if TYPE_CHECKING:
    from pathlib import Path

    import xarray
    from matplotlib.figure import Figure

#: The kinds of study: name in the file -> module that holds its `KIND`.
KINDS = {
    "actuator": "fieldwright.studies.actuator",
    "trap": "fieldwright.studies.trap",
    "ring": "fieldwright.studies.ring",
    "light": "fieldwright.studies.light",
}


class Lines:
    """How an error is said where it stands in a study file; any two are equal."""

    def __init__(self, placed: Callable[[Where, str], str] | None = None):
        self._placed = placed

    def placed(self, where: Where, message: str) -> str:
        """`FILE:LINE: where: message`; the message alone of a study that is from no file."""
        return message if self._placed is None else self._placed(where, message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lines)

    def __hash__(self) -> int:
        return 0


@contextmanager
def standing(where: Where) -> Iterator[None]:
    """Errors from within stand at a place of the study: `compute_study` says on which line."""
    try:
        yield
    except FieldwrightError as error:
        if not hasattr(error, "where"):
            error.where = where  # type: ignore[attr-defined]
        raise


class Study(Part):
    """The part of a study file that all kinds share."""

    kind: str
    study: Text = Field("study", description="short name; the file's name by default")
    title: Text
    source: Text | None = Field(None, description="the publication, with its number and date")
    remarks: list[Text] = Field([], description="paragraphs for the report")
    published: list[Published] = Field([], description="printed figures to hold results against")
    _lines: Lines = PrivateAttr(default_factory=Lines)

    def read_from(self, lines: Lines) -> None:
        """Remember on which lines of a file the study stands."""
        self._lines = lines

    def explained(self, error: FieldwrightError) -> str:
        """The text of an error of its computation, with its line if that is known."""
        where = getattr(error, "where", None)
        return str(error) if where is None else self._lines.placed(where, str(error))

    def problems(self) -> Iterator[tuple[Where, str]]:
        """What no single field shows to be wrong: where it stands, and a message."""
        yield from ()

    def impossible(self) -> Iterator[tuple[Where, FieldwrightError]]:
        """What is well said but cannot be, such as a trap that holds nothing: looked at last."""
        yield from ()

    def resolved(self) -> dict[str, Any]:
        """The study with every default filled in, as it could stand in a file."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)


@dataclass(frozen=True)
class Drawing:
    """One figure of a report: `draw()` makes it; `alt` says it for those who cannot see it."""

    name: str
    caption: str
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class Table:
    """One table of a report; the first column is text, the others are figures."""

    title: str
    header: list[str]
    rows: list[list[str]]
    caption: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file of the results folder that only this study has; `write(path)` makes it."""

    name: str  # with its folder, such as `animations/cloud.gif`
    caption: str
    write: Callable[[Path], None]


@dataclass(frozen=True)
class Outcome:
    """What a study came to, ready to be written."""

    quantities: Mapping[str, Quantity]  # by `case.quantity`, or a plain name
    dataset: Callable[[], xarray.Dataset]
    tables: list[Table] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)  # sentences: how it was computed
    titles: Mapping[str, str] = field(default_factory=dict)  # of the cases


class Progress(Protocol):
    """Tells the user what is going on."""

    def __call__(self, phase: str, fraction: float | None = None, /) -> None:
        """The name of each phase as it begins; of a long one also the fraction that is done."""


@dataclass(frozen=True)
class Kind:
    """A kind of study: its model, and what turns an instance of it into an outcome."""

    model: type[Study]
    compute: Callable[[Any, Progress, Pieces], Outcome]


def find_kind(name: str) -> Kind:
    """The kind called `name`, imported when first asked for."""
    kind = import_module(KINDS[name]).KIND
    assert isinstance(kind, Kind)
    return kind
