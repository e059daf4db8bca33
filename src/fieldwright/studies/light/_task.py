"""One part of a light study that is no case: what it is of, and where its pieces are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from .._pieces import Pieces
from .._study import Progress, standing
from ._build import Setup
from ._model import LightStudy, inputs

if TYPE_CHECKING:
    from ._cases import CaseResult

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Task:
    """One part of a study: where it stands, its case, and where its pieces are kept."""

    study: LightStudy
    group: str
    name: str
    case: CaseResult
    pieces: Pieces
    progress: Progress

    @property
    def setup(self) -> Setup:
        """Of its case."""
        return self.case.setup

    def get(self, number: int, of: int, make: Callable[[], Arrays]) -> Arrays:
        """A piece, kept or made; tells progress."""
        part = getattr(self.study, self.group)[self.name]
        key: dict[str, Any] = {
            "group": self.group, "case": inputs(self.setup.run), "part": inputs(part),
            "piece": number,
        }  # fmt: skip
        if self.setup.path is not None:  # the file may be another one by now
            way = np.asarray(self.setup.path.position), np.asarray(self.setup.path.velocity)
            key["way"] = sha256(b"".join(part.tobytes() for part in way)).hexdigest()
        self.progress(f"{self.group} {self.name}", number / of)
        with standing((self.group, self.name)):
            return self.pieces.get(key, make)
