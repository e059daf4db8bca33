from __future__ import annotations

import pytest
from pydantic import ValidationError

from fieldwright.studies import Quantity, judge
from fieldwright.studies._judge import Published

QUANTITIES = {
    "a.force": Quantity(0.1288, "N/A", "force"),
    "b.force": Quantity(0.1544, "N/A", "force"),
    "shift": Quantity(3e-5, "m", "shift"),
    "zero": Quantity(0.0, "m", "nothing"),
}


def verdict(**entry):
    return judge(Published(**entry), QUANTITIES)


def test_a_figure_is_held_to_its_last_digit():
    assert verdict(quantity="force", case="a", value="0.129 N/A").verdict == "agrees"
    assert verdict(quantity="force", case="a", value="0.1288 N/A").verdict == "agrees"
    assert verdict(quantity="force", case="a", value="0.13 N/A").verdict == "agrees"
    assert verdict(quantity="force", case="a", value="0.1290 N/A").verdict == "differs"
    assert verdict(quantity="force", case="a", value="128.8 mN/A").verdict == "agrees"


def test_exactly_half_a_digit_still_agrees():
    exact = {"q": Quantity(0.1285, "N/A", "force")}
    assert judge(Published(quantity="q", value="0.129 N/A"), exact).verdict == "agrees"
    beyond = {"q": Quantity(0.12849, "N/A", "force")}
    assert judge(Published(quantity="q", value="0.129 N/A"), beyond).verdict == "differs"


def test_the_stated_verdict_holds_only_where_they_differ():
    entry = {"quantity": "force", "case": "a", "when_different": "misprint"}
    assert verdict(**entry, value="1.29 N/A").verdict == "misprint"
    assert verdict(**entry, value="0.129 N/A").verdict == "agrees"


def test_the_record():
    record = verdict(quantity="force", case="a", value="0.13 N/A", note="Rounded.").record()
    assert record.pop("deviation") == pytest.approx(-0.0012)
    assert record == {
        "quantity": "force",
        "case": "a",
        "published": 0.13,
        "printed": "0.13 N/A",
        "computed": 0.1288,
        "unit": "N/A",
        "verdict": "agrees",
        "note": "Rounded.",
    }


def test_where_the_print_follows_from():
    found = verdict(quantity="force", case="a", value="0.154 N/A", follows_from="b", note="Wrong.")
    assert found.verdict == "differs"
    assert found.note == ("Wrong. The printed digits follow from case b, which gives 0.1544 N/A.")
    found = verdict(quantity="force", case="a", value="0.155 N/A", follows_from="b")
    assert found.note == "Case b gives 0.1544 N/A, which does not explain the print either."


def test_words():
    entry = {"quantity": "shift", "words": "hardly moves"}
    assert verdict(**entry, at_most="0.1 mm").verdict == "agrees"
    assert verdict(**entry, at_most="10 um").verdict == "differs"
    assert verdict(**entry, at_least="10 um", at_most="0.1 mm").verdict == "agrees"
    found = verdict(**entry, at_least="1 mm")
    assert (found.verdict, found.published, found.deviation) == ("differs", "hardly moves", None)
    assert found.note == "Taken to mean at least 1 mm."


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"value": "1 m", "words": "one"},
        {"words": "one"},
        {"value": "1 m", "at_most": "2 m"},
        {"value": "1 m", "when_different": "agrees"},
        {"value": "1 m", "spare": 1},
    ],
)
def test_half_made_entries_are_refused(entry):
    with pytest.raises(ValidationError):
        Published(quantity="shift", **entry)


def test_units_of_entries_are_checked():
    entry = Published(quantity="shift", value="3 T")
    ((where, message),) = entry.check_unit("m")
    assert where == ("value",)
    assert "'3 T' is a flux density" in message
    assert not list(Published(quantity="shift", value="3 mm").check_unit("m"))
