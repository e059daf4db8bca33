"""What a command is doing, on standard error: a line that moves, or plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.status import Status

_PAUSE = 15.0  # seconds between the lines of a log about one phase


class Board:
    """The line that moves in a terminal, for one watch or for several; elsewhere there is none."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status("")
            self._status.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._status is not None:
            self._status.stop()

    @property
    def moves(self) -> bool:
        """Whether there is a terminal."""
        return self._status is not None

    def show(self, title: str, text: str | None) -> None:
        """Show what `title` is at now, or no more of it."""
        if text is None:
            self._texts.pop(title, None)
        else:
            self._texts[title] = f"{title}: {text}"
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text("\n  ".join(self._texts.values())))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Nothing moves, and standard output is itself again."""
        if self._status is None:
            yield
            return
        self._status.stop()
        try:
            yield
            sys.stdout.flush()
        finally:
            self._status.start()


class Watch:
    """Call it with the name of each phase as it begins; it shows them, with times, on stderr.

    A long phase calls again and again with the fraction that is done; then the time left is told.
    Several of them share a board.
    """

    def __init__(self, title: str, board: Board | None = None):
        self._title = title
        self._phase: str | None = None
        self._began = self._since = self._told = perf_counter()
        self._start: tuple[float, float] | None = None  # when the first fraction came, and it
        self._stack = ExitStack()
        self._shared = board is not None
        self._board = board or Board()

    def __enter__(self) -> Self:
        if not self._shared:
            self._stack.enter_context(self._board)
        return self

    def __exit__(self, *error: object) -> None:
        self.leave()
        if error[0] is None:
            self.finish()

    def leave(self) -> None:
        """Show it no more."""
        self._board.show(self._title, None)
        self._stack.close()

    def finish(self) -> None:
        """Say that all is done."""
        self._finish()
        print(f"{self._title}: done in {perf_counter() - self._began:.1f} s", file=sys.stderr)

    def __call__(self, phase: str, fraction: float | None = None) -> None:
        """Begin a phase, and so end the one before; or tell how far it is, from 0 to 1."""
        now = perf_counter()
        if phase != self._phase:
            self._finish()
            self._phase, self._since, self._told, self._start = phase, now, now, None
        elif fraction is None:
            return
        if fraction is not None and self._start is None:
            self._start = now, fraction
        self._show(phase if fraction is None else f"{phase} {self._how_far(fraction, now)}", now)

    def _how_far(self, fraction: float, now: float) -> str:
        """`40 %, 25 s left`; no time before there is something to reckon it by."""
        began, first = self._start or (now, fraction)
        text = f"{100 * fraction:.0f} %"
        if fraction > first and now - began > 1.0:
            left = (now - began) * (1.0 - fraction) / (fraction - first)
            text += f", {duration(left)} left"
        return text

    def _show(self, text: str, now: float) -> None:
        if self._board.moves:
            self._board.show(self._title, text)
        elif now - self._told > _PAUSE:
            self._told = now
            print(f"{self._title}: {text}", file=sys.stderr, flush=True)

    def _finish(self) -> None:
        if self._phase is not None and not self._board.moves:
            seconds = perf_counter() - self._since
            print(f"{self._title}: {self._phase} {seconds:.1f} s", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(42.3), duration(150), duration(8000)
    ('42 s', '2 min 30 s', '2 h 13 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
