"""Published studies side by side: each in a fresh process, as many at once as there are cores.

A process is a command of its own, since JAX, once started, must not be forked. What it says on
standard output is read here line by line: phases, each marked, and all else as words for the user.
A process whose reader has gone cannot say its next phase, and stops by that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from queue import SimpleQueue

from .._threads import cores
from ._progress import Board, Watch

_MARK = "\x1e"  # begins a line that tells a phase (RFC 7464)

#: Roughly how long each takes with nothing compiled [s], for the order alone.
SECONDS = {
    "osem": 9,
    "crystalline-undulator": 41,
    "beam-size": 48,
    "vepp2000": 71,
    "penning": 164,
}


def in_order(names: Iterable[str]) -> list[str]:
    """The shortest first, for there to be something to read soon; then the longest ones first.

    So no long one is left for the end, when the other processes have nothing more to do.

    >>> in_order(["beam-size", "osem", "penning"])
    ['osem', 'penning', 'beam-size']
    """
    first, *others = sorted(names, key=SECONDS.__getitem__)
    return [first, *reversed(others)]


def tell_phase(phase: str, fraction: float | None = None, /) -> None:
    """The progress of a study in a process of its own, told to the one that reads it."""
    print(f"{_MARK}{json.dumps([phase, fraction])}", flush=True)


def run_side_by_side(commands: Mapping[str, list[str]], finished: Callable[[str], None]) -> int:
    """Run studies, each by a `fieldwright` command of its own.

    Args:
        commands: for each study the arguments of `fieldwright`, which tells phases by `tell_phase`.
        finished: is called with the name of each study that has succeeded, as soon as it has.

    Returns:
        The exit code of the first study that failed, or 0: one that fails does not stop the others.

    Whatever ends it early stops all processes, and waits until they have tidied up.
    """
    waiting = in_order(commands)
    running: dict[str, _Run] = {}
    code, heard = 0, SimpleQueue[tuple[str, str | None]]()
    with Board() as board, ExitStack() as stack:
        stack.callback(_stop, running)
        while waiting or running:
            while waiting and len(running) < cores():
                name = waiting.pop(0)
                running[name] = _Run(name, commands[name], board, heard)
            name, line = heard.get()
            if line is not None:
                running[name].hear(line)
                continue
            failure = running[name].end()
            del running[name]
            code = code or failure
            if not failure:
                with board.aside():
                    finished(name)
    return code


class _Run:
    """A study that is running: its process, what watches it, and the thread that reads it."""

    def __init__(
        self,
        name: str,
        command: list[str],
        board: Board,
        heard: SimpleQueue[tuple[str, str | None]],
    ):
        self._name = name
        self._watch = Watch(name, board)
        self._watch("loading")
        self.process = subprocess.Popen(
            # It finds modules where this process does, and no others: not in the current folder.
            [sys.executable, "-P", "-m", "fieldwright", *command],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            process_group=0,  # Ctrl-C is for this process alone, which stops the others
        )

        def read() -> None:
            assert self.process.stdout is not None
            with self.process.stdout as lines:
                for line in lines:
                    heard.put((name, line.rstrip("\n")))
            heard.put((name, None))

        threading.Thread(target=read, daemon=True).start()

    def hear(self, line: str) -> None:
        """Show a phase, or pass on what is said, with the name of the study."""
        if line.startswith(_MARK):
            self._watch(*json.loads(line.removeprefix(_MARK)))
        else:
            said = line.removeprefix("fieldwright: ").removeprefix(f"{self._name}: ")
            print(f"{self._name}: {said}", file=sys.stderr, flush=True)

    def end(self) -> int:
        """The exit code of the process, which has closed its output."""
        code = self.process.wait()
        if code < 0:
            print(f"{self._name}: ended by signal {-code}", file=sys.stderr, flush=True)
        if not code:
            self._watch.finish()
        self._watch.leave()
        return 1 if code < 0 else code


def _stop(running: dict[str, _Run]) -> None:
    """Ask all to stop and wait until they have; who interrupts that ends them at once."""
    try:
        for run in running.values():
            run.process.terminate()
        for run in running.values():
            run.process.wait()
    except BaseException:
        for run in running.values():
            run.process.kill()
        raise
