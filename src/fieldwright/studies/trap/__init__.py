"""Study kind `trap`: ions in a Penning trap, and what to find out about them."""

from __future__ import annotations

from .._pieces import Pieces
from .._study import Kind, Outcome, Progress
from ._run import TrapStudy

__all__ = ["KIND", "TrapStudy"]


def _compute(study: TrapStudy, progress: Progress, pieces: Pieces) -> Outcome:
    from ._compute import compute  # brings JAX; checking a file should not wait for it

    return compute(study, progress, pieces)


KIND = Kind(model=TrapStudy, compute=_compute)
