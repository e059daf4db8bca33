"""Several studies at once: commands of their own, here ones that take no time."""

from __future__ import annotations

import io
import sys

import pytest

from fieldwright.studies import _side_by_side, gallery
from fieldwright.studies._progress import Board, Watch
from fieldwright.studies._side_by_side import SECONDS, in_order, run_side_by_side


def test_the_order_knows_every_published_study():
    assert set(SECONDS) == set(gallery())
    order = in_order(gallery())
    assert sorted(order) == sorted(gallery())
    seconds = [SECONDS[name] for name in order]
    assert seconds[0] == min(seconds)
    assert seconds[1:] == sorted(seconds[1:], reverse=True)


def test_one_that_fails_does_not_stop_the_others(capfd):
    done: list[str] = []
    commands = {
        "osem": ["--version"],
        "penning": ["validate", "missing.yaml"],
        "vepp2000": ["fly"],
        "beam-size": ["--version"],
    }
    code = run_side_by_side(commands, done.append)
    assert sorted(done) == ["beam-size", "osem"]
    assert code in (2, 3)  # of the one that failed first
    said = capfd.readouterr().err.splitlines()
    assert any(line.startswith("penning: ") and "missing.yaml" in line for line in said)
    assert any(line.startswith("vepp2000: ") and "fly" in line for line in said)
    assert sum("done in" in line for line in said) == 2
    assert all(line.partition(": ")[0] in commands for line in said)


def test_no_more_at_once_than_there_are_cores(monkeypatch, capfd):
    monkeypatch.setattr(_side_by_side, "cores", lambda: 1)
    done: list[str] = []
    commands = {name: ["--version"] for name in ("beam-size", "osem", "penning")}
    assert run_side_by_side(commands, done.append) == 0
    assert done == ["osem", "penning", "beam-size"]
    assert capfd.readouterr().out == ""


def test_a_process_that_is_killed_is_a_failure(monkeypatch, capfd):
    class Killed(_side_by_side._Run):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.process.kill()

    monkeypatch.setattr(_side_by_side, "_Run", Killed)
    assert run_side_by_side({"osem": ["--version"]}, pytest.fail) == 1
    assert "osem: ended by signal 9" in capfd.readouterr().err


def test_whatever_goes_wrong_here_stops_all(monkeypatch):
    started = []

    class Recorded(_side_by_side._Run):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            started.append(self.process)

    def stop(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(_side_by_side, "_Run", Recorded)
    monkeypatch.setattr(_side_by_side, "cores", lambda: 2)
    with pytest.raises(KeyboardInterrupt):
        run_side_by_side({"osem": ["--version"], "penning": ["doctor"]}, stop)
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_them_together(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    out, err = sys.stdout, sys.stderr
    with Board() as board:
        first, second = Watch("osem", board), Watch("penning", board)
        first("loading")
        second("scanning", 0.5)
        with board.aside():
            assert sys.stdout is out
            shown = err.getvalue()
        first.leave()
        first.finish()
    assert "osem: loading" in shown
    assert "penning: scanning 50 %" in shown
    assert "osem: done in 0" in err.getvalue()
    assert "loading 0" not in err.getvalue()  # phases with times are for logs
    assert sys.stderr is err
