"""Names in a ring study that must lead somewhere, or be there only once."""

from __future__ import annotations

from collections.abc import Iterator

from ..._yaml import Where
from .._derived import Problem, no_case
from ._model import SHOWN, FigurePart, RingStudy

_DRAWN_ANYWAY = {"deviations"}
_GROUPS = (
    "cases", "collisions", "scans", "apertures", "tracking", "solenoids", "lenses",
)  # fmt: skip
_PLURALS = {"scan": "scans", "aperture": "apertures", "solenoid": "solenoids", "lens": "lenses"}
_SINGULARS = {plural: key for key, plural in _PLURALS.items()} | {"cases": "case"}


def unique_names(study: RingStudy) -> Iterator[Problem]:
    """Names of the parts of a study are those of its quantities: each only once."""
    seen: dict[str, str] = {}
    for group in _GROUPS:
        for name in getattr(study, group) or {}:
            if name in seen:
                yield (group, name), f"is the name of one of the {seen[name]} already"
            seen[name] = group


def group_names(study: RingStudy) -> list[str]:
    """The names of all cases and other parts that quantities are of."""
    return [name for group in _GROUPS for name in getattr(study, group) or {}]


def references(study: RingStudy) -> Iterator[Problem]:
    """Names of other parts that lead nowhere."""
    for group in ("collisions", "scans", "apertures", "tracking"):
        for name, part in getattr(study, group).items():
            yield from _one_case(study, part.case, (group, name))
    for name, figure in study.figures.items():
        if name in _DRAWN_ANYWAY:
            yield ("figures", name), "is the name of a figure that is drawn anyway; choose another"
        yield from _figure(study, figure, ("figures", name))


def _one_case(study: RingStudy, case: str | None, at: Where) -> Iterator[Problem]:
    if case is not None:
        yield from _known(study, "cases", case, (*at, "case"))
    elif len(study.all_cases()) != 1:
        yield at, "needs a `case`: which one"


def _known(study: RingStudy, group: str, name: str, at: Where) -> Iterator[Problem]:
    known = list(getattr(study, group) or {})
    if name not in known:
        yield at, no_case(name, known, _SINGULARS.get(group, group))


def _figure(study: RingStudy, figure: FigurePart, at: Where) -> Iterator[Problem]:
    key = SHOWN[figure.show]
    asked = getattr(figure, key)
    if key == "cases":
        if not asked and len(study.all_cases()) != 1:
            yield at, f"`show: {figure.show}` needs `cases`: which ones"
        for case in asked:
            yield from _known(study, "cases", case, (*at, "cases"))
    elif asked is None:
        if len(getattr(study, _PLURALS.get(key, key))) != 1:
            yield at, f"`show: {figure.show}` needs `{key}`: which one"
    else:
        yield from _known(study, _PLURALS.get(key, key), asked, (*at, key))
    for other in sorted(set(SHOWN.values()) - {key}):
        if getattr(figure, other):
            yield (*at, other), f"does not go with `show: {figure.show}`"
