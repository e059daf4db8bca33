"""What a command is doing, on standard error: a line that moves, or plain lines in a log."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.status import Status


class Watch:
    """Call it with the name of each phase as it begins; it shows them, with times, on stderr."""

    def __init__(self, title: str):
        self._title = title
        self._phase: str | None = None
        self._began = self._since = perf_counter()
        self._stack = ExitStack()
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status(self._title)
            self._stack.enter_context(self._status)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        if error[0] is None:
            self._finish()
            print(f"{self._title}: done in {perf_counter() - self._began:.1f} s", file=sys.stderr)

    def __call__(self, phase: str) -> None:
        """Begin a phase, and so end the one before."""
        if phase == self._phase:
            return
        self._finish()
        self._phase, self._since = phase, perf_counter()
        if self._status is not None:
            self._status.update(f"{self._title}: {phase}")

    def _finish(self) -> None:
        if self._phase is not None and self._status is None:
            seconds = perf_counter() - self._since
            print(f"{self._title}: {self._phase} {seconds:.1f} s", file=sys.stderr, flush=True)
