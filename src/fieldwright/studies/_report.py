"""The report: one HTML file that holds everything it shows."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from ..units import format_quantity, split_printed
from ._judge import Judgement
from ._study import Table

if TYPE_CHECKING:
    from ._results import Results

_VERDICTS = {
    "agrees": "rounds to the digits printed",
    "differs": "ours and theirs differ, for the reason in the note",
    "misprint": "the printed figure cannot be what was meant",
}


def report_page(
    results: Results, pictures: Mapping[str, bytes], versions: Mapping[str, str]
) -> str:
    """The whole page; `pictures` holds each figure as SVG, by name."""
    study, outcome = results.study, results.outcome
    parts = [
        f"<header><h1>{escape(study.title)}</h1>",
        f'<p class="source">{escape(study.source)}</p>' if study.source else "",
        f"<p>{_summary(results)}</p></header>",
        *(_table(table) for table in outcome.tables[:1]),
        _published(results),
        _figures(results, pictures),
        _attachments(results),
        *(_table(table) for table in outcome.tables[1:]),
        _remarks(results),
        _method(results, versions),
    ]
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(study.title)}</title><style>{style}</style>"
    )
    body = "\n".join(part for part in parts if part).replace(" %", "\N{NO-BREAK SPACE}%")
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _summary(results: Results) -> str:
    verdicts = Counter(str(judgement.verdict) for judgement in results.judgements)
    cases = max(len(results.outcome.titles), 1)
    text = f"{cases} case{'s' if cases > 1 else ''} computed"
    if verdicts:
        counts = [f"{verdicts[v]} {_badge(v)}" for v in _VERDICTS if verdicts[v]]
        text += f"; of {verdicts.total()} published figures and statements: {', '.join(counts)}"
    return text + "."


def _badge(verdict: str) -> str:
    return f'<span class="verdict {verdict}">{verdict}</span>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = []
    for first, *others in table.rows:
        cells = "".join(f"<td>{_typeset(cell)}</td>" for cell in others)
        rows.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
    caption = f'<p class="caption">{escape(table.caption)}</p>' if table.caption else ""
    return (
        f"<section><h2>{escape(table.title)}</h2>"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f"</table></div>{caption}</section>"
    )


def _typeset(text: str) -> str:
    """Escape, with a real minus sign, exponents raised and `u` as micro."""
    shown = escape(text)
    if shown.startswith("-"):
        shown = "\N{MINUS SIGN}" + shown[1:]
    mantissa, e, rest = shown.partition("e")
    exponent, _, unit = rest.partition(" ")
    if e and exponent.lstrip("+-").isdigit() and mantissa[-1:].isdigit():
        shown = f"{mantissa} × 10<sup>{int(exponent)}</sup> {unit}".replace("-", "\N{MINUS SIGN}")
    for power in ("2", "3"):
        shown = shown.replace(f"^{power}", f"<sup>{power}</sup>")
    return (
        shown.replace(" um", " \N{GREEK SMALL LETTER MU}m")
        .replace(" ueV", " \N{GREEK SMALL LETTER MU}eV")
        .replace("rad/us", "rad/\N{GREEK SMALL LETTER MU}s")
        .replace(" ohm", " Ω")
    )


def _published(results: Results) -> str:
    if not results.judgements:
        return ""
    legend = "; ".join(f"{_badge(verdict)} {words}" for verdict, words in _VERDICTS.items())
    groups: dict[str | None, list[Judgement]] = {}
    for judgement in results.judgements:
        groups.setdefault(judgement.case, []).append(judgement)
    titles = results.outcome.titles
    body = "".join(
        f'<tbody><tr class="group"><th colspan="5">{_heading(case, titles)}</th></tr>'
        f"{''.join(_judged(judgement, results) for judgement in group)}</tbody>"
        for case, group in groups.items()
    )
    return (
        "<section><h2>Published and computed</h2>"
        f'<p class="caption">Each printed figure is held to its own last digit. {legend}. '
        "The deviation is computed minus printed.</p>"
        '<div class="wide"><table class="published"><thead><tr><th>quantity</th><th>printed</th>'
        "<th>computed</th><th>deviation</th><th>verdict</th></tr></thead>"
        f"{body}</table></div></section>"
    )


def _heading(case: str | None, titles: Mapping[str, str]) -> str:
    if case is None:
        return "The study as a whole"
    return f"{escape(titles.get(case, case))} <code>{escape(case)}</code>"


def _judged(judgement: Judgement, results: Results) -> str:
    name = f"{judgement.case}.{judgement.quantity}" if judgement.case else judgement.quantity
    words = results.outcome.quantities[name].long_name
    symbol = f" <i>{escape(judgement.symbol)}</i>" if judgement.symbol != judgement.quantity else ""
    text = escape(judgement.note).replace("^2", "²")
    note = f'<tr class="note"><td colspan="5">{text}</td></tr>'
    return (
        f'<tr><th scope="row">{escape(words)}{symbol}</th><td>{_typeset(judgement.printed)}</td>'
        f"<td>{_typeset(computed_as_printed(judgement))}</td><td>{_deviation(judgement)}</td>"
        f"<td>{_badge(judgement.verdict)}</td></tr>{note if judgement.note else ''}"
    )


def computed_as_printed(judgement: Judgement) -> str:
    """The computed value in the unit of the printed one, with two digits more."""
    if judgement.half_digit is None:
        return format_quantity(judgement.computed, judgement.unit, 4)
    number, unit, scale = split_printed(judgement.printed, judgement.unit)
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) + 2
    value = judgement.computed / scale / 10.0 ** int(exponent or 0)
    if judgement.computed and not float(f"{value:.{decimals}f}"):  # far below print
        return format_quantity(judgement.computed, judgement.unit, 4)
    return f"{value:.{decimals}f}{'e' + exponent if exponent else ''} {unit}".rstrip()


def _deviation(judgement: Judgement) -> str:
    if judgement.deviation is None or isinstance(judgement.published, str):
        return "–"
    if not judgement.published:
        return _typeset(format_quantity(judgement.deviation, judgement.unit, 2))
    percent = 100 * judgement.deviation / judgement.published
    if 0.0 < abs(percent) < 0.005:
        return _typeset(f"{percent:.0e} %")
    return f"{percent:+.2f} %".replace("-", "\N{MINUS SIGN}")


def _figures(results: Results, pictures: Mapping[str, bytes]) -> str:
    parts = []
    for number, drawing in enumerate(results.drawings, 1):
        data = base64.b64encode(pictures[drawing.name]).decode("ascii")
        parts.append(
            f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{escape(drawing.caption)}">'
            f"<figcaption><b>Figure {number}.</b> {escape(drawing.caption)}</figcaption></figure>"
        )
    return f"<section><h2>Figures</h2>{''.join(parts)}</section>" if parts else ""


def _attachments(results: Results) -> str:
    text = "".join(
        f"<li><code>{escape(attachment.name)}</code>: {escape(attachment.caption)}</li>"
        for attachment in results.outcome.attachments
    )
    return f"<section><h2>Beside this page</h2><ul>{text}</ul></section>" if text else ""


def _remarks(results: Results) -> str:
    text = "".join(f"<p>{escape(remark)}</p>" for remark in results.study.remarks)
    return f"<section><h2>Remarks</h2>{text}</section>" if text else ""


def _method(results: Results, versions: Mapping[str, str]) -> str:
    method = "".join(f"<p>{escape(sentence)}</p>" for sentence in results.outcome.methods)
    listing = ", ".join(f"{name} {version}" for name, version in versions.items())
    resolved = json.dumps(results.study.resolved(), indent=2, ensure_ascii=False)
    return (
        f"<section><h2>How it was computed</h2>{method}"
        f"<p>Computed in double precision with {escape(listing)}. Every number is in "
        "<code>results.json</code>, every curve in <code>results.nc</code> beside this page.</p>"
        "<details><summary>The study, with every default filled in</summary>"
        f"<pre>{escape(resolved)}</pre></details></section>"
    )
