"""Studies: YAML in, results and report out; and the gallery of published ones.

>>> from fieldwright.studies import gallery, read_study
>>> read_study(gallery()["osem"]).kind
'actuator'
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ._judge import Judgement, Quantity, judge
from ._read import StudyError, read_study
from ._results import Results
from ._run import compute_study, run_study
from ._schema import schema
from ._study import KINDS, Study

__all__ = [
    "KINDS",
    "Judgement",
    "Quantity",
    "Results",
    "Study",
    "StudyError",
    "compute_study",
    "gallery",
    "judge",
    "read_study",
    "run_study",
    "schema",
]


def gallery() -> dict[str, Path]:
    """The published studies that come with Fieldwright: name -> study file.

    >>> from fieldwright.studies import gallery
    >>> sorted(gallery())
    ['beam-size', 'crystalline-undulator', 'osem', 'penning', 'vepp2000']
    """
    folder = Path(str(files(__package__) / "gallery"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
