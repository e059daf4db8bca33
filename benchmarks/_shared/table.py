"""Tables of the results, as text that is also Markdown, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from _shared.timing import Timing


@dataclass(frozen=True)
class Table:
    """A float in a cell is an error, a `Timing` a time; anything else is printed as it is."""

    title: str
    note: str
    header: list[str]
    rows: list[list[Any]]

    def __str__(self) -> str:
        cells = [self.header, *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.header))]
        lines = [_line(row, widths) for row in cells]
        lines.insert(1, _line(["-" * width for width in widths], widths))
        return f"## {self.title}\n\n{self.note}\n\n" + "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        rows = [
            {name: _plain(cell) for name, cell in zip(self.header, row, strict=True)}
            for row in self.rows
        ]
        return {"title": self.title, "note": self.note, "rows": rows}


def _line(row: list[str], widths: list[int]) -> str:
    return "| " + " | ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)) + " |"


def _text(cell: Any) -> str:
    if cell is None:
        return "–"
    return f"{cell:.1e}" if isinstance(cell, float) else str(cell)


def _plain(cell: Any) -> Any:
    if isinstance(cell, Timing):
        return {"median_s": cell.median, "spread_s": cell.spread}
    return cell
