"""What can be wrong with an actuator study although each of its fields is well formed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from ...errors import InputError
from ...units import parse
from .._judge import Published
from .._yaml import Where
from ._model import ActuatorStudy, CasePart, Magnets
from ._quantities import ALL, CURVES, available, has_tolerances

RESERVED = {*ALL, *CURVES, "case", "distance"}
DRAWN_ANYWAY = {"overview", "force", "deviations"}

Problem = tuple[Where, str]


def problems(study: ActuatorStudy) -> Iterator[Problem]:
    """Every contradiction between the fields, with the place where it stands."""
    for name, case in study.all_cases().items():
        at: Where = () if name is None else ("cases", name)
        yield from _coil(study, case, at)
        yield from _magnets(case, at)
    yield from _derived(study)
    for index, entry in enumerate(study.published):
        yield from _published(study, entry, ("published", index))
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


def _derived(study: ActuatorStudy) -> Iterator[Problem]:
    units = available(study)
    for name, derived in study.derived.items():
        at: Where = ("derived", name)
        if name in RESERVED:
            yield at, "is the name of something else that is computed; choose another"
        pair = derived.difference or derived.ratio
        assert pair is not None  # the model has seen to that
        rule = "difference" if derived.difference else "ratio"
        unknown = [n for n in pair if n not in units or n in study.derived]
        for quantity in unknown:
            yield (*at, rule), _no_quantity(quantity, units)
        if unknown:
            continue
        if len({units[n] for n in pair}) != 1:
            yield (*at, rule), f"{pair[0]} is in {units[pair[0]]} but {pair[1]} in {units[pair[1]]}"
        elif derived.in_units_of is not None:
            yield from _parses(derived.in_units_of, units[pair[0]], (*at, "in_units_of"))


def _parses(text: str, unit: str, at: Where) -> Iterator[Problem]:
    try:
        if parse(text, unit) == 0.0:
            yield at, "must not be zero"
    except InputError as error:
        yield at, str(error)


def _published(study: ActuatorStudy, entry: Published, at: Where) -> Iterator[Problem]:
    units = available(study)
    for key in ("case", "follows_from"):
        case = getattr(entry, key)
        if case is not None:
            found = list(_known_case(study, case, (*at, key)))
            yield from found
            if found:
                return
    for case in filter(None, [entry.case, entry.follows_from]):
        if entry.name(case) not in units:
            yield (*at, "quantity"), _no_quantity(entry.name(case), units)
            return
    if entry.name() not in units:
        yield (*at, "quantity"), _no_quantity(entry.name(), units)
        return
    for where, message in entry.check_unit(units[entry.name()]):
        yield (*at, *where), message


def _known_case(study: ActuatorStudy, case: str, at: Where) -> Iterator[Problem]:
    known = list(study.cases or {})
    if case not in known:
        yield at, f"there is no case {case!r}{_hint(case, known)}"


def _no_quantity(name: str, known: Iterable[str]) -> str:
    return f"no quantity {name!r} is computed here{_hint(name, known)}"


def _hint(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f", did you mean {close[0]!r}?" if close else ""
