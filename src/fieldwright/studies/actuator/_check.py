"""What can be wrong with an actuator study although each of its fields is well formed."""

from __future__ import annotations

from collections.abc import Iterator

from ..._yaml import Where
from ...errors import InputError
from .._derived import Problem, check_derived, check_published, no_case
from ._model import ActuatorStudy, CasePart, Magnets
from ._quantities import ALL, CURVES, available, has_tolerances

RESERVED = {*ALL, *CURVES, "case", "distance"}
DRAWN_ANYWAY = {"overview", "force", "deviations"}


def problems(study: ActuatorStudy) -> Iterator[Problem]:
    """Every contradiction between the fields, with the place where it stands."""
    for name, case in study.all_cases().items():
        at: Where = () if name is None else ("cases", name)
        yield from _coil(study, case, at)
        yield from _magnets(case, at)
    units = available(study)
    yield from check_derived(study.derived, units, RESERVED)
    yield from check_published(study.published, units, study.cases or {})
    for name, figure in study.figures.items():
        if name in DRAWN_ANYWAY:
            yield ("figures", name), "is the name of a figure that is drawn anyway; choose another"
        for case_name in figure.cases:
            yield from _known_case(study, case_name, ("figures", name, "cases"))
    if study.tolerances and not any(has_tolerances(study, c) for c in study.all_cases().values()):
        yield ("tolerances",), "need a case with a single magnet"


def _coil(study: ActuatorStudy, case: CasePart, at: Where) -> Iterator[Problem]:
    part, place = (case.coil, (*at, "coil")) if case.coil else (study.coil, ("coil",))
    wire = study.wire_of(case)
    if part is None:
        yield place, f"is missing; give the study{' or this case' if at else ''} a `coil`"
        return
    if at and not case.coil and at != ("cases", next(iter(study.all_cases()))):
        return  # the study's coil was checked with the first case
    if part.outer_radius is not None and wire is not None and wire.layers is not None:
        yield (*place, "outer_radius"), "is given, and so are `layers` of wire; give one of them"
        return
    try:
        coil = part.build(wire)
    except InputError as error:
        yield _place(place, error)
        return
    if wire is not None:
        try:
            wire.resistance_of(coil)
        except InputError as error:
            own = at and (case.wire is not None)
            yield _place((*at, "wire") if own else ("wire",), error)


def _magnets(case: Magnets, at: Where) -> Iterator[Problem]:
    for index, part in enumerate(case.parts()):
        place: Where = (*at, "magnet") if case.magnet else (*at, "magnets", index)
        try:
            part.build()
        except InputError as error:
            yield _place(place, error)
        if part.uniform_magnetization() == 0.0:
            given = "magnetization" if part.magnetization is not None else "remanence"
            yield (*place, given), "must not be zero: nothing would push"


def _place(at: Where, error: InputError) -> Problem:
    """The line of the parameter that the constructor named, and its message without the name."""
    message = str(error)
    if error.parameter is None:
        return at, message
    return (*at, error.parameter), message.removeprefix(error.parameter).lstrip(": ")


def _known_case(study: ActuatorStudy, case: str, at: Where) -> Iterator[Problem]:
    known = list(study.cases or {})
    if case not in known:
        yield at, no_case(case, known)
