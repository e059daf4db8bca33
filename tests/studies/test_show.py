"""Results as text: the few lines of a summary."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from fieldwright.studies._show import print_record, print_summary

RECORD = {
    "study": "two",
    "quantities": {},
    "published": [
        {
            "quantity": "force", "case": "near", "published": 0.128, "printed": "0.128 N/A",
            "computed": 0.1281, "unit": "N/A", "deviation": 1e-4, "verdict": "agrees", "note": "",
        },
        {
            "quantity": "spot", "case": "near", "published": 3.4e-3, "printed": "3.4 mm",
            "computed": 6.7e-3, "unit": "m", "deviation": 3.3e-3, "verdict": "misprint",
            "note": "Of some [b]coil[/b], as one sees from the magnet that stands beside it.",
        },
        {
            "quantity": "shift", "case": None, "published": "it [red]hardly[/red] moves at all",
            "printed": "“it [red]hardly[/red] moves at all”", "computed": 2e-3, "unit": "m",
            "deviation": None, "verdict": "differs", "note": "It does.",
        },
    ],
}  # fmt: skip


def lines(record, capsys):
    print_summary(record, Path("out/two/report.html"))
    return capsys.readouterr().out.splitlines()


def test_a_summary_is_a_line_for_each_that_does_not_agree(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    assert lines(RECORD, capsys) == [
        "two: 1 agrees, 1 differs, 1 misprint   out/two/report.html",
        "  misprint  near.spot: printed 3.4 mm, computed 6.7 mm, +97.06 % "
        "(Of some [b]coil[/b], as one …)",
        "  differs   shift: printed “it [red]hardly[/red] moves at all”, computed 2 mm (It does.)",
    ]


@pytest.mark.parametrize("columns", [100, 80, 200])
def test_lines_are_as_wide_as_the_terminal_and_no_wider_than_a_page(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    record = copy.deepcopy(RECORD)
    for entry in record["published"][1:]:
        entry["note"] *= 9
    record["published"][2]["published"] *= 9
    long = lines(record, capsys)
    assert max(map(len, long)) <= min(columns, 100)
    assert long[1].endswith(" …)") == (columns > 80)  # there is no room for a word of it
    assert "…”, computed 2 mm" in long[2]


def test_several_of_each(capsys):
    record = RECORD | {"published": RECORD["published"] * 2}
    assert lines(record, capsys)[0].startswith("two: 2 agree, 2 differ, 2 misprints ")
    assert lines(RECORD | {"published": []}, capsys) == ["two: done   out/two/report.html"]


def test_tables_have_every_row(capsys):
    print_record(RECORD)
    said = capsys.readouterr().out
    for entry in RECORD["published"]:
        assert entry["quantity"] in said
    assert "it [red]hardly[/red] moves at all" in said
