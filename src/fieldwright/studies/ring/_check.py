"""What can be wrong with a ring study although each of its fields is well formed."""

from __future__ import annotations

from collections.abc import Iterator

from ..._yaml import Where
from ...errors import FieldwrightError, InputError, NoRFError
from .._derived import Problem, check_derived, check_published
from .._names import part_names, unique_names
from ._build import build, label, place_where, varied
from ._build import where as keys_of
from ._matching import make_targets, make_vary
from ._model import CasePart, CollisionPart, FigurePart, RingStudy
from ._quantities import available, found_in, has_rf, scan_names
from ._references import GROUPS, references

#: What a figure of a case shows, and what the case must find out for it.
_NEEDED = {"optics": "optics", "tunes": "optics", "orbit": "orbit", "sizes": "beam", "spot": "beam"}


def problems(study: RingStudy) -> Iterator[Problem]:
    """Every contradiction between the fields, with the place where it stands."""
    yield from unique_names(study, GROUPS)
    wrong = False
    for name, case in study.all_cases().items():
        for problem in _run(study, name, case):
            wrong = True
            yield problem
    dangling = list(references(study))
    yield from dangling
    if dangling or wrong:
        return
    found = [*_collisions(study), *_scans(study), *_figures(study)]
    yield from found
    if found:
        return
    units = available(study)
    yield from check_derived(study.derived, units, part_names(study, GROUPS))
    yield from check_published(study.published, units, part_names(study, GROUPS))


def _run(study: RingStudy, name: str | None, case: CasePart) -> Iterator[Problem]:
    """What is wrong with a case, taken together with the study: builds its lattice."""
    at: Where = () if name is None else ("cases", name)
    run = study.whole(case)
    if run.ring is None:
        yield at, "has no `ring`; give it one, or the study"
        return
    try:
        lattice = build(run)
    except InputError as error:
        path = list(keys_of(error.parameter, run))
        field = {"set": "changes"}.get(str(path[0]), str(path[0])) if path else "ring"
        place = study.says(case, at, field)
        yield place_where(place, error.parameter, run), str(error)
        return
    try:
        if run.match is not None:
            make_vary(lattice, run.match)
            make_targets(run.match, lattice)
    except InputError as error:
        yield place_where(study.says(case, at, "match"), error.parameter, run), str(error)
    for index, element in enumerate(run.places or []):
        try:
            lattice.indices(element)
        except InputError as error:
            yield (*study.says(case, at, "places"), index), str(error)
    labels = [label(element) for element in run.places or []]
    if len(set(labels)) < len(labels):
        yield study.says(case, at, "places"), "two of them give quantities the same name"


def _collisions(study: RingStudy) -> Iterator[Problem]:
    for name, part in study.collisions.items():
        yield from _collision(study, part, ("collisions", name))


def _collision(study: RingStudy, part: CollisionPart, at: Where) -> Iterator[Problem]:
    if part.at is None:
        return
    lattice = build(study.run_of(study.case_of(part.case)))
    for index, element in enumerate(part.at):
        if element not in lattice.names:
            yield (*at, "at", index), f"the lattice has no element {element!r}"
    if not has_rf(lattice):
        yield (
            (*at, "at"),
            "needs a beam, and the case has no RF: give `emittance`, `beta`, `length`",
        )


def _scans(study: RingStudy) -> Iterator[Problem]:
    for name, part in study.scans.items():
        at: Where = ("scans", name)
        lattice = build(study.run_of(study.case_of(part.case)))
        try:
            values, _, lattice_at = varied(lattice, part)
            lattice_at(float(values[0]))
        except InputError as error:
            yield (*at, error.parameter or "vary"), str(error)


def _figures(study: RingStudy) -> Iterator[Problem]:
    for name, figure in study.figures.items():
        yield from _figure(study, figure, ("figures", name))


def _figure(study: RingStudy, figure: FigurePart, at: Where) -> Iterator[Problem]:
    need = _NEEDED.get(figure.show)
    cases: list[str | None] = [*figure.cases] or [study.case_of(None)]
    for case in cases if need else []:
        run = study.run_of(case)
        if need not in found_in(run):
            yield (*at, "cases"), f"{case or 'the study'} does not `find` its {need}"
        if figure.at is not None and figure.at not in build(run).names:
            yield (*at, "at"), f"there is no element {figure.at!r} in the ring of {case}"
    if figure.show == "scan":
        scan = figure.scan or next(iter(study.scans))
        known = scan_names(study, study.scans[scan])
        for quantity in figure.quantities:
            if quantity not in known:
                said = ", ".join(known)
                yield (*at, "quantities"), f"{quantity!r} is no curve of {scan}; there is: {said}"
        units = {known[quantity][0] for quantity in figure.quantities if quantity in known}
        if len(units) > 1:
            said = ", ".join(sorted(units))
            yield (*at, "quantities"), f"one axis cannot carry {said}: give a figure to each unit"


def impossible(study: RingStudy) -> Iterator[tuple[Where, FieldwrightError]]:
    """Beams that nothing gives back what they radiate."""
    beams: list[tuple[str | None, Where]] = [
        (name, study.place_of(name, "find"))
        for name in study.all_cases()
        if {"beam", "formula"} & set(study.run_of(name).find or [])
    ]
    beams += [
        (study.case_of(part.case), ("scans", name))
        for name, part in study.scans.items()
        if "beam" in part.find
    ]
    beams += [(study.case_of(p.case), ("tracking", n)) for n, p in study.tracking.items()]
    for case, at in beams:
        lattice = build(study.run_of(case))
        if not has_rf(lattice):
            cavities = lattice.kinds.count("RFCavity")
            advice = "give `rf: {voltage: ...}`" if cavities else "the lattice needs an RFCavity"
            yield (
                at,
                NoRFError(
                    f"the ring has no cavity with a voltage, so that it holds no beam: {advice}",
                    {"cavities": float(cavities)},
                ),
            )
