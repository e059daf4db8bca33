"""What a command says while it works, where nobody watches a terminal."""

from __future__ import annotations

import pytest

from fieldwright.studies import _progress
from fieldwright.studies._progress import Watch, duration


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes when it is told to."""
    now = [0.0]
    monkeypatch.setattr(_progress, "perf_counter", lambda: now[0])
    return now


def test_phases_with_times(clock, capsys):
    with Watch("study") as watch:
        watch("loading")
        clock[0] = 2.0
        watch("drawing")
        watch("drawing")
        clock[0] = 2.5
    assert capsys.readouterr().err.splitlines() == [
        "study: loading 2.0 s",
        "study: drawing 0.5 s",
        "study: done in 2.5 s",
    ]


def test_a_long_phase_tells_how_far_it_is(clock, capsys):
    with Watch("study") as watch:
        watch("scanning", 0.5)  # the first half was done by an earlier run
        for second in range(1, 61):
            clock[0] = float(second)
            watch("scanning", 0.5 + second / 240)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "study: scanning 57 %, 1 min 44 s left"  # at 16 s: 104 of 120 s to go
    assert len(said) == 5  # every quarter of a minute, the phase, the end
    assert "study: scanning 60.0 s" in said


def test_nothing_is_said_of_a_run_that_fails(clock, capsys):
    with pytest.raises(ValueError, match="no"), Watch("study") as watch:
        watch("loading")
        raise ValueError("no")
    assert capsys.readouterr().err == ""


def test_durations():
    assert [duration(s) for s in (0.4, 59.4, 60, 3599, 3600, 86399)] == [
        "0 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "23 h 59 min",
    ]  # fmt: skip
