"""Names in a trap study that must lead somewhere, or be there only once."""

from __future__ import annotations

from collections.abc import Iterator

from ..._yaml import Where
from .._derived import Problem, hint, no_case
from ._model import SHOWN, FigurePart, TrapStudy
from ._parts import given

_DRAWN_ANYWAY = {"deviations"}
_GROUPS = ("cases", "comparisons", "convergence", "scans", "detection")


def unique_names(study: TrapStudy) -> Iterator[Problem]:
    """Names of the parts of a study are those of its quantities: each only once."""
    seen: dict[str, str] = {}
    for group in _GROUPS:
        for name in getattr(study, group) or {}:
            if name in seen:
                yield (group, name), f"is the name of one of the {seen[name]} already"
            seen[name] = group


def group_names(study: TrapStudy) -> list[str]:
    """The names of all cases and other parts that quantities are of."""
    return [name for group in _GROUPS for name in getattr(study, group) or {}]


def references(study: TrapStudy) -> Iterator[Problem]:
    """Names of other parts that lead nowhere."""
    for name, comparison in study.comparisons.items():
        for case in comparison.cases:
            yield from _known(study, "cases", case, ("comparisons", name, "cases"))
    for group in ("convergence", "detection"):
        for name, part in getattr(study, group).items():
            yield from _one_case(study, part.case, (group, name))
    for name, figure in study.figures.items():
        if name in _DRAWN_ANYWAY:
            yield ("figures", name), "is the name of a figure that is drawn anyway; choose another"
        yield from _figure(study, figure, ("figures", name))


def _one_case(study: TrapStudy, case: str | None, at: Where) -> Iterator[Problem]:
    if case is not None:
        yield from _known(study, "cases", case, (*at, "case"))
    elif len(study.all_cases()) != 1:
        yield at, "needs a `case`: which one"


def _known(study: TrapStudy, group: str, name: str, at: Where) -> Iterator[Problem]:
    known = list(getattr(study, group) or {})
    if name not in known:
        what = {"cases": "case", "comparisons": "comparison", "scans": "scan"}.get(group, group)
        yield at, no_case(name, known, what)


def _figure(study: TrapStudy, figure: FigurePart, at: Where) -> Iterator[Problem]:
    key = SHOWN[figure.show]
    plural = {"comparison": "comparisons", "scan": "scans"}.get(key, key)
    asked = getattr(figure, key)
    if key == "cases":
        if not asked and len(study.all_cases()) != 1:
            yield at, f"`show: {figure.show}` needs `cases`: which ones"
        for case in asked:
            yield from _known(study, "cases", case, (*at, "cases"))
    elif asked is None:
        if len(getattr(study, plural)) != 1:
            yield at, f"`show: {figure.show}` needs `{key}`: which one"
    else:
        yield from _known(study, plural, asked, (*at, key))
    others = set(given(figure)) & set(SHOWN.values()) - {key, "cases"}
    for other in sorted(others):
        yield (*at, other), f"does not go with `show: {figure.show}`"
    if figure.integrator is not None:
        known = [name for part in study.convergence.values() for name in part.integrators]
        if figure.integrator not in known:
            near = hint(figure.integrator, known)
            yield (*at, "integrator"), f"no convergence has {figure.integrator!r}{near}"
