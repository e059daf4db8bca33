"""Study kind `light`: what charges radiate, in undulators, bending magnets and crystals."""

from __future__ import annotations

from .._pieces import Pieces
from .._study import Kind, Outcome, Progress
from ._model import LightStudy

__all__ = ["KIND", "LightStudy"]


def _compute(study: LightStudy, progress: Progress, pieces: Pieces) -> Outcome:
    from ._compute import compute  # brings JAX; checking a file should not wait for it

    return compute(study, progress, pieces)


KIND = Kind(model=LightStudy, compute=_compute)
