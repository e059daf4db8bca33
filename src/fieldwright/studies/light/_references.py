"""Names in a light study that must lead somewhere, or be there only once."""

from __future__ import annotations

from collections.abc import Iterator

from ..._yaml import Where
from .._derived import Problem
from .._names import group_of, known, one_case
from ._model import SHOWN, FigurePart, LightStudy

_DRAWN_ANYWAY = {"deviations"}
#: Parts that quantities are of.
GROUPS = (
    "cases", "spectra", "maps", "tuning", "channels", "limits", "designs", "measurements",
)  # fmt: skip


def references(study: LightStudy) -> Iterator[Problem]:
    """Names of other parts that lead nowhere."""
    for group in GROUPS[1:]:
        for name, part in getattr(study, group).items():
            yield from one_case(study, part.case, (group, name))
    for name, figure in study.figures.items():
        if name in _DRAWN_ANYWAY:
            yield ("figures", name), "is the name of a figure that is drawn anyway; choose another"
        yield from _figure(study, figure, ("figures", name))


def _figure(study: LightStudy, figure: FigurePart, at: Where) -> Iterator[Problem]:
    key = SHOWN[figure.show]
    group = group_of(key)
    there = study.all_cases() if group == "cases" else getattr(study, group)
    asked = getattr(figure, key)
    if not asked and len(there) != 1:
        yield at, f"`show: {figure.show}` needs `{key}`: which"
    for name in [asked] if isinstance(asked, str) else asked or []:
        yield from known(study, group, name, (*at, key))
    for other in sorted(set(SHOWN.values()) - {key}):
        if getattr(figure, other):
            yield (*at, other), f"does not go with `show: {figure.show}`"
