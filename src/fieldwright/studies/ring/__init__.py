"""Study kind `ring`: the beam a lattice holds, and what it can collide."""

from __future__ import annotations

from .._pieces import Pieces
from .._study import Kind, Outcome, Progress
from ._model import RingStudy

__all__ = ["KIND", "RingStudy"]


def _compute(study: RingStudy, progress: Progress, pieces: Pieces) -> Outcome:
    from ._compute import compute  # brings JAX; checking a file should not wait for it

    return compute(study, progress, pieces)


KIND = Kind(model=RingStudy, compute=_compute)
