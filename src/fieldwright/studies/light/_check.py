"""What can be wrong with a light study although each of its fields is well formed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..._yaml import Where
from ...errors import BelowThresholdError, FieldwrightError, InputError
from .._derived import Problem, check_derived, check_published
from .._names import part_names, unique_names
from ._model import CasePart, LightStudy, RunPart
from ._quantities import (
    available,
    finds,
    found_in,
    has_current,
    in_medium,
    spectrum_unit,
    undulating,
    waving,
)
from ._references import GROUPS, references

#: What a case must have for it to be found out.
_NEEDED = {
    "lines": "an undulator, or a crystal whose planes wave",
    "axis": "an undulator, a crystal whose planes wave, or a trajectory and a `photon_energy`",
    "path": "an undulator, or a crystal whose planes wave",
    "flux": "a `current` and a magnet in vacuum",
    "power": "a `current` and an undulator in vacuum that is not `uniform`",
    "channeling": "a crystal",
    "formulas": "a `bunch`, planar motion and a `medium` with its `plasma_energy`",
    "coherent": "a `bunch` and an undulator, or a crystal whose planes wave",
}


def problems(study: LightStudy) -> Iterator[Problem]:
    """Every contradiction between the fields, with the place where it stands."""
    yield from unique_names(study, GROUPS)
    wrong = False
    for name, case in study.all_cases().items():
        for problem in _case(study, name, case):
            wrong = True
            yield problem
    dangling = list(references(study))
    yield from dangling
    if wrong or dangling:
        return
    found = [*_parts(study)]
    yield from found
    if found:
        return
    units = available(study)
    yield from check_derived(study.derived, units, part_names(study, GROUPS))
    yield from check_published(study.published, units, part_names(study, GROUPS))


def impossible(study: LightStudy) -> Iterator[tuple[Where, FieldwrightError]]:
    """Charges too slow to make light in what fills their undulator."""
    from ._build import build

    for name in study.all_cases():
        run = study.run_of(name)
        if not (undulating(run) and in_medium(run)):
            continue
        from fieldwright.light import medium_lines

        try:
            setup = build(run)
            if setup.undulator is not None:
                medium_lines(setup.undulator, setup.gamma, setup.medium)
        except BelowThresholdError as error:
            yield study.place_of(name, "beam"), error


def _case(study: LightStudy, name: str | None, case: CasePart) -> Iterator[Problem]:
    """What is wrong with a case, taken together with the study."""
    at: Where = () if name is None else ("cases", name)
    run = study.whole(case)
    if run.radiator is None:
        yield at, "has no `radiator`; give it one, or the study"
        return
    missing = list(_missing(study, name, run))
    yield from missing
    if not missing:
        yield from _built(study, name, run)


def _missing(study: LightStudy, name: str | None, run: RunPart) -> Iterator[Problem]:
    """What a case needs beside what it has."""
    at: Where = () if name is None else ("cases", name)
    radiator = run.radiator
    assert radiator is not None
    if run.beam is None and radiator.trajectory is None:
        yield at, "has no `beam`; give it one, or the study"
    crystal = radiator.crystal
    if crystal is not None and run.beam is not None and run.beam.species == "e-" and crystal.waves:
        place = (*study.place_of(name, "beam"), "species")
        yield place, "a crystalline undulator is of positrons: write `species: e+`"
    unknown = run.photon_energy is None or not in_medium(run)
    if crystal is not None and crystal.waves and crystal.period is None and unknown:
        place = (*study.place_of(name, "radiator"), "crystal")
        yield place, "without a `period` give `photon_energy` and `medium`, to which one is fit"
    if radiator.bending_magnet is not None and not has_current(run):
        yield study.place_of(name, "beam"), "needs a `current`, for a bending magnet's flux"
    if run.leaving not in (None, "none") and not waving(run):
        yield study.place_of(name, "leaving"), "goes with a crystal whose planes wave"
    there = finds(run)
    for find in found_in(run):
        if find not in there:
            yield study.place_of(name, "find"), f"{find!r} needs {_NEEDED[find]}"


def _built(study: LightStudy, name: str | None, run: RunPart) -> Iterator[Problem]:
    """Build everything, and say what the constructors say where it stands."""
    from . import _build

    stages: list[tuple[str, Callable[[], Any]]] = [
        ("beam", lambda: run.beam and _build.build_beam(run.beam, _build.gamma_of(run.beam))),
        ("bunch", lambda: run.bunch and _build.build_bunch(run.bunch, 1.0)),
        ("photon_energy", lambda: _lets_through(run, run.photon_energy)),
        ("radiator", lambda: _build.build(run)),
    ]
    for field, build in stages:
        try:
            build()
        except BelowThresholdError:
            return  # see `impossible`
        except InputError as error:
            yield _place(study.place_of(name, field), run, error), str(error)
            return


def _lets_through(run: RunPart, energy: float | None) -> Any:
    """Raise `InputError` where the medium lets no light of a photon energy through."""
    from ._build import build_medium

    return energy and build_medium(run.medium).one_minus_index(energy)


def _let_through(at: Where, run: RunPart, energy: float | None) -> Iterator[Problem]:
    try:
        _lets_through(run, energy)
    except InputError as error:
        yield at, str(error)


def _place(at: Where, run: RunPart, error: InputError) -> Where:
    """The line of the parameter that a constructor named, where the part has such a field."""
    part: Any = None
    if at[-1] == "radiator" and run.radiator is not None:
        sort = next(
            s for s in type(run.radiator).model_fields if getattr(run.radiator, s) is not None
        )
        at, part = (*at, sort), getattr(run.radiator, sort)
    elif at[-1] in ("beam", "bunch"):
        part = getattr(run, str(at[-1]))
    if part is None or error.parameter not in type(part).model_fields:
        return at
    return (*at, str(error.parameter))


def _parts(study: LightStudy) -> Iterator[Problem]:
    """Parts whose case cannot have what they ask for."""
    runs = {name: study.run_of(name) for name in study.all_cases()}

    def each(group: str) -> Iterator[tuple[Where, Any, RunPart]]:
        for name, part in getattr(study, group).items():
            yield (group, name), part, runs[study.case_of(part.case)]

    for at, part, run in each("spectra"):
        yield from _let_through((*at, "from"), run, part.start)
        if run.radiator is not None and run.radiator.crystal is not None and not waving(run):
            yield at, "needs a radiator: planes that wave"
    for at, part, run in each("maps"):
        yield from _let_through((*at, "photon_energy"), run, part.photon_energy)
        if not undulating(run):
            yield at, "needs an undulator, or a crystal whose planes wave"
    for at, _, run in each("tuning"):
        if "flux" not in finds(run) or not undulating(run):
            yield at, "needs a magnetic undulator in vacuum and a beam with a `current`"
    for at, _, run in each("channels"):
        if run.radiator is None or run.radiator.crystal is None:
            yield at, "needs a crystal"
    for group in ("limits", "designs"):
        for at, _, run in each(group):
            if not waving(run):
                yield at, "needs a crystal whose planes wave"
            elif group == "designs" and (run.bunch is None or not in_medium(run)):
                yield at, "needs a `bunch` and a `medium`"
    for at, part, run in each("measurements"):
        if "coherent" not in found_in(run):
            yield at, "needs a case that finds `coherent` light"
        elif part.modulated == 0 and part.unmodulated is None:
            yield (*at, "modulated"), "must be larger than zero"
    yield from _shown(study)


def _shown(study: LightStudy) -> Iterator[Problem]:
    """Figures of cases that do not have what is shown."""
    for name, figure in study.figures.items():
        if figure.show not in ("coherent", "potential"):
            continue
        shown: list[str | None] = [*figure.cases] or [study.case_of(None)]
        for case in shown:
            run = study.run_of(case)
            if figure.show == "coherent" and "coherent" not in found_in(run):
                yield ("figures", name), f"case {case} does not find `coherent` light"
            if figure.show == "potential" and (
                run.radiator is None or run.radiator.crystal is None
            ):
                yield ("figures", name), f"case {case} has no crystal"
    for name, figure in study.figures.items():
        units = {spectrum_unit(study, spectrum) for spectrum in figure.spectra}
        if len(units) > 1:
            yield ("figures", name, "spectra"), "one axis cannot carry flux and light of one charge"
