"""Results as text in a terminal."""

from __future__ import annotations

import csv
import fnmatch
import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import InputError
from ..units import format_quantity

_COLUMNS = 5
_WIDTH = 100  # of a summary's lines, or the terminal's, if less
_WORDS = 40  # of a printed statement in a summary
_LEAST = 15  # below which words are not worth their room
_COUNTED = {  # in a summary: of one, of several
    "agrees": ("agrees", "agree"),
    "differs": ("differs", "differ"),
    "misprint": ("misprint", "misprints"),
}
_STYLES = {"agrees": "green", "differs": "yellow", "misprint": "red"}


def read_record(folder: Path) -> dict[str, Any]:
    """The content of `results.json` in `folder`; `InputError` where there is none to read."""
    path = folder / "results.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder}: is no results folder; it holds no results.json") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if not isinstance(record, dict) or not {"study", "quantities", "published"} <= record.keys():
        raise InputError(f"{path}: was not written by fieldwright")
    return record


def read_rows(folder: Path, select: str) -> dict[str, list[dict[str, str]]]:
    """Rows of elements of a name (`*` is wild) in each table of `tables/`, by the table's name.

    Raises `InputError` where there are no tables, or no such element.
    """
    found: dict[str, list[dict[str, str]]] = {}
    names: dict[str, None] = {}
    for path in sorted((folder / "tables").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        names |= dict.fromkeys(row["element"] for row in table)
        chosen = [row for row in table if fnmatch.fnmatchcase(row["element"], select)]
        if chosen:
            found[path.stem] = chosen
    if not names:
        raise InputError(f"{folder}: has no tables along rings")
    if not found:
        known = ", ".join(names)
        raise InputError(f"{folder}: no element {select!r}; there is: {known}")
    return found


def print_rows(tables: dict[str, list[dict[str, str]]]) -> None:
    """Print rows of tables on standard output."""
    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=200)
    for name, rows in tables.items():
        table = Table(title=name, title_justify="left", box=None)
        for column in rows[0]:
            table.add_column(Text(column), justify="left" if column == "element" else "right")
        for row in rows:
            table.add_row(*(_short(value) for value in row.values()))
        console.print(table)


def _short(text: str) -> str:
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text


def print_record(record: dict[str, Any]) -> None:
    """Print the quantities and the published figures of a record on standard output."""
    # Not a terminal: as wide as the tables are, so that nothing is cut in a file or a pipe.
    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=160)
    for table in _quantities(record):
        console.print(table)
    if record["published"]:
        console.print(_published(record))
        for number, note in enumerate(_notes(record), 1):
            console.print(Text(f"{number:>3}  {note}"))


def print_summary(record: dict[str, Any], report: Path) -> None:
    """Print how a record compares with print, in a few lines on standard output."""
    console = Console(highlight=False, soft_wrap=True)
    width = min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns)
    verdicts = [entry["verdict"] for entry in record["published"]]
    counts = ((verdicts.count(verdict), *words) for verdict, words in _COUNTED.items())
    said = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)
    console.print(Text(f"{record['study']}: {said or 'done'}   {report}"))
    for entry in record["published"]:
        verdict = entry["verdict"]
        if verdict != "agrees":
            line = Text(f"  {verdict:<8}  ", style=_STYLES.get(verdict, ""))
            console.print(line.append(_comparison(entry, width - len(line)), style="none"))


def _comparison(entry: dict[str, Any], width: int) -> str:
    """What was printed, what is computed, and the beginning of the note, in one line."""
    name = f"{entry['case']}.{entry['quantity']}" if entry["case"] else entry["quantity"]
    computed = f"computed {format_quantity(entry['computed'], entry['unit'])}"
    if isinstance(entry["published"], str):
        room = width - len(f"{name}: printed “”, {computed}")
        printed = f"“{_cut(entry['published'], max(_LEAST, min(_WORDS, room)))}”"
    else:
        printed = entry["printed"]
    line = f"{name}: printed {printed}, {computed}"
    if entry["deviation"] and entry["published"]:
        more = f"{line}, {_deviation(entry)}"
        line = more if len(more) <= width else line
    room = width - len(line) - len(" ()")
    return f"{line} ({_cut(entry['note'], room)})" if entry["note"] and room >= _LEAST else line


def _cut(text: str, width: int) -> str:
    """The beginning of a text, whole words of it."""
    return textwrap.shorten(text, width, placeholder=" …")


def _quantities(record: dict[str, Any]) -> Iterator[Table]:
    """The leading quantities of each case, then those of the whole study."""
    cases: dict[str, dict[str, str]] = {}
    for name, quantity in record["quantities"].items():
        case, _, short = name.rpartition(".")
        cases.setdefault(case, {})[short] = format_quantity(quantity["value"], quantity["unit"])
    plain = cases.pop("", {})
    alike: dict[tuple[str, ...], list[str]] = {}  # cases that show the same columns
    for case, values in cases.items():
        alike.setdefault(tuple(values)[:_COLUMNS], []).append(case)
    for number, (columns, names) in enumerate(alike.items()):
        title = f"{record['study']}: cases" if not number else None
        table = Table(title=title, title_justify="left", box=None)
        table.add_column("case")
        for column in columns:
            table.add_column(column, justify="right")
        for case in names:
            table.add_row(case, *(cases[case].get(column, "") for column in columns))
        yield table
    if plain:
        title = f"{record['study']}: {'derived' if cases else 'computed'}"
        table = Table("quantity", title=title, title_justify="left", box=None)
        table.add_column("value", justify="right")
        for name, value in plain.items():
            table.add_row(name, value)
        yield table


def _published(record: dict[str, Any]) -> Table:
    table = Table(title="Published and computed", title_justify="left", box=None)
    for column in ("case", "quantity", "published", "computed", "deviation", "verdict", "note"):
        side = "right" if column in ("computed", "deviation", "note") else "left"
        width = 44 if column == "published" else None
        table.add_column(column, justify=side, max_width=width)  # type: ignore[arg-type]
    numbers = {note: str(number) for number, note in enumerate(_notes(record), 1)}
    for entry in record["published"]:
        published, unit = entry["published"], entry["unit"]
        words = isinstance(published, str)
        table.add_row(
            entry["case"] or "",
            entry["quantity"],
            Text(entry["printed"]),
            format_quantity(entry["computed"], unit),
            "" if words or not published else _deviation(entry),
            Text(entry["verdict"], style=_STYLES.get(entry["verdict"], "")),
            numbers.get(entry["note"], ""),
        )
    return table


def _deviation(entry: dict[str, Any]) -> str:
    value = 100 * entry["deviation"] / entry["published"]
    return f"{value:+.0e} %" if 0.0 < abs(value) < 0.005 else f"{value:+.2f} %"


def _notes(record: dict[str, Any]) -> list[str]:
    """The notes, each once."""
    return list(dict.fromkeys(entry["note"] for entry in record["published"] if entry["note"]))


def doctor_lines(found: dict[str, Any]) -> Iterator[str]:
    """The findings of `examine` in lines."""
    yield f"python     {found['python']} on {found['platform']}"
    yield "versions   " + ", ".join(f"{name} {v}" for name, v in found["versions"].items())
    yield f"devices    {', '.join(found['devices'])}"
    yield f"64 bit     {'on' if found['x64'] else 'OFF'}"
    for rows, error in found["arithmetic"].items():
        yield f"arithmetic sum((R @ r)**2) of {rows} rows: relative error {error:.1e}"
    yield (
        "healthy"
        if found["healthy"]
        else ("NOT HEALTHY: this JAX computes wrong numbers here; install another version of it")
    )
