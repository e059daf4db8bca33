"""One section of the benchmark of motion in a process of its own, on some cores."""

from __future__ import annotations

from typing import Any

from _shared.worker import ask as _ask


def ask(section: str, cores: int | None, *arguments: Any, gpu: bool = False) -> Any:
    """What `_motion.SECTION.measure(*arguments)` returns in a fresh process."""
    return _ask(f"_motion.{section}", cores, *arguments, gpu=gpu)
