"""What is asked of each code for the first time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Way:
    """How a code does a task.

    Args:
        modules: what has to be imported, names apart by spaces.
        prepare: (folder, number) gives a call that does the task with input of that number, of
            three; files are in the folder. What it does is not counted.
    """

    modules: str
    prepare: Callable[[str, int], Callable[[], Any]]


@dataclass(frozen=True)
class Task:
    """A row for each code, of a part of the benchmark; `module` is where the task is made."""

    part: str
    module: str
    ways: dict[str, Way]
    size: str = ""
