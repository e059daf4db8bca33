"""Names in a trap study that must lead somewhere, or be there only once."""

from __future__ import annotations

from collections.abc import Iterator

from ..._yaml import Where
from .._derived import Problem, hint
from .._names import group_of, known, one_case
from ._parts import given
from ._run import SHOWN, FigurePart, TrapStudy

_DRAWN_ANYWAY = {"deviations"}
#: Parts that quantities are of.
GROUPS = ("cases", "comparisons", "convergence", "scans", "detection")


def references(study: TrapStudy) -> Iterator[Problem]:
    """Names of other parts that lead nowhere."""
    for name, comparison in study.comparisons.items():
        for case in comparison.cases:
            yield from known(study, "cases", case, ("comparisons", name, "cases"))
    for group in ("convergence", "detection"):
        for name, part in getattr(study, group).items():
            yield from one_case(study, part.case, (group, name))
    for name, figure in study.figures.items():
        if name in _DRAWN_ANYWAY:
            yield ("figures", name), "is the name of a figure that is drawn anyway; choose another"
        yield from _figure(study, figure, ("figures", name))


def _figure(study: TrapStudy, figure: FigurePart, at: Where) -> Iterator[Problem]:
    key = SHOWN[figure.show]
    asked = getattr(figure, key)
    if key == "cases":
        if not asked and len(study.all_cases()) != 1:
            yield at, f"`show: {figure.show}` needs `cases`: which ones"
        for case in asked:
            yield from known(study, "cases", case, (*at, "cases"))
    elif asked is None:
        if len(getattr(study, group_of(key))) != 1:
            yield at, f"`show: {figure.show}` needs `{key}`: which one"
    else:
        yield from known(study, group_of(key), asked, (*at, key))
    others = set(given(figure)) & set(SHOWN.values()) - {key, "cases"}
    for other in sorted(others):
        yield (*at, other), f"does not go with `show: {figure.show}`"
    if figure.integrator is not None:
        there = [name for part in study.convergence.values() for name in part.integrators]
        if figure.integrator not in there:
            near = hint(figure.integrator, there)
            yield (*at, "integrator"), f"no convergence has {figure.integrator!r}{near}"
