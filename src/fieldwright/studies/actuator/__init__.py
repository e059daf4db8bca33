"""Study kind `actuator`: a coil pushes magnets on its axis."""

from __future__ import annotations

from .._pieces import Pieces
from .._study import Kind, Outcome, Progress
from ._model import ActuatorStudy

__all__ = ["KIND", "ActuatorStudy"]


def _compute(study: ActuatorStudy, progress: Progress, pieces: Pieces) -> Outcome:
    from ._compute import compute  # brings JAX; checking a file should not wait for it

    return compute(study, progress)


KIND = Kind(model=ActuatorStudy, compute=_compute)
