"""What a study came to, and what became of its printed figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .. import __version__
from ._deviations import deviation_drawing
from ._judge import Judgement
from ._study import Drawing, Outcome, Study


@dataclass(frozen=True)
class Results:
    """A study with its outcome and what became of the printed figures."""

    study: Study
    outcome: Outcome
    judgements: list[Judgement]

    @cached_property
    def drawings(self) -> list[Drawing]:
        """The figures of the report: those of the kind, and how print and computation compare."""
        deviations = deviation_drawing(self.judgements)
        return [*self.outcome.drawings, *([deviations] if deviations else [])]

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of `results.json`; SI units, `deviation` is computed minus published."""
        quantities = self.outcome.quantities
        return {
            "study": self.study.study,
            "kind": self.study.kind,
            "fieldwright": __version__,
            "quantities": {name: quantity.record() for name, quantity in quantities.items()},
            "published": [judgement.record() for judgement in self.judgements],
        }
