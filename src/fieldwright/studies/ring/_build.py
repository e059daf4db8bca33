"""From what a ring study says to a lattice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from ..._yaml import Where
from ._later import rings
from ._matching import make_targets, make_vary
from ._parts import ErrorsPart, RFPart, RingPart
from ._run import RunPart, inputs
from ._settings import naming, value_of


@dataclass(frozen=True)
class _Recipe:
    """What a lattice is made from; `text` says it all."""

    text: str
    run: RunPart = field(compare=False)


def build(run: RunPart) -> rings.Lattice:
    """The lattice of a whole case (see `CaseStudy.whole`) but for its match; made once, and kept.

    Raises `InputError` for what does not fit the lattice; its `parameter` is the path in the case.
    """
    return _build(_recipe(run))


def final(run: RunPart) -> rings.Lattice:
    """The lattice of a whole case, matched if it asks for that, its errors put in at last.

    Raises what `build` does, and `ConvergenceError` where no match is found.
    """
    return build(run) if run.match is None else _matched(_recipe(run))


def _recipe(run: RunPart) -> _Recipe:
    return _Recipe(json.dumps(inputs(run), sort_keys=True), run)


@lru_cache(maxsize=64)
def _build(recipe: _Recipe) -> rings.Lattice:
    run = recipe.run
    lattice = _changed(run)
    return lattice if run.errors is None else _with_errors(lattice, run.errors)


@lru_cache(maxsize=64)
def _matched(recipe: _Recipe) -> rings.Lattice:
    run = recipe.run
    assert run.match is not None
    lattice = _changed(run)
    found = rings.match(lattice, make_vary(lattice, run.match), make_targets(run.match)).checked()
    lattice = alike(lattice, found, [])
    return lattice if run.errors is None else _with_errors(lattice, run.errors)


def _changed(run: RunPart) -> rings.Lattice:
    """The ring of a case as it is read, with its changes."""
    first, lattice = _source(run)
    touched: list[tuple[str, str]] = []
    for name, values in (run.changes or {}).items():
        for column, value in values.items():
            lattice = _set(lattice, name, column, value)
            touched.append((name, column))
    return alike(first, lattice, touched)


def _source(run: RunPart) -> tuple[rings.Lattice, rings.Lattice]:
    """A ring whose structure will do, and the file or the gallery's ring at its energy."""
    assert run.ring is not None
    first, lattice = _read(run.ring)
    if run.energy is not None:
        with naming("energy"):
            first, lattice = (ring.with_energy(run.energy) for ring in (first, lattice))
    if run.rf is not None:
        first, lattice = (_with_rf(ring, run.rf) for ring in (first, lattice))
    return first, lattice


def _read(ring: RingPart) -> tuple[rings.Lattice, rings.Lattice]:
    if ring.file is not None:
        with naming("ring.file"):
            lattice = rings.read_pals(ring.file)
        return lattice, lattice
    # of one structure for all, so that what is compiled for one serves the others
    first = rings.vepp2000("++--", sextupoles=True)
    return first, rings.vepp2000(ring.polarity or "++--", bool(ring.sextupoles))


def _with_rf(lattice: rings.Lattice, rf: RFPart) -> rings.Lattice:
    values = {
        name: getattr(rf, name)
        for name in ("voltage", "frequency", "phase")
        if getattr(rf, name) is not None
    }
    with naming("rf.elements"):
        return lattice.set(rf.elements, **values)


def _set(lattice: rings.Lattice, name: str, column: str, given: str | int | float) -> rings.Lattice:
    with naming(f"set.{name}"):
        lattice.indices(name)
    with naming(f"set.{name}.{column}"):
        return lattice.set(name, **{column: value_of(lattice, name, column, given)})


def _with_errors(lattice: rings.Lattice, errors: ErrorsPart) -> rings.Lattice:
    sizes: dict[str, dict[str, float]] = {}
    for number, part in enumerate(errors.of):
        with naming(f"errors.of.{number}.elements"):
            lattice.indices(part.elements)
        given = {column: getattr(part, column) for column in ("dx", "dy", "roll")}
        sizes.setdefault(part.elements, {}).update({c: v for c, v in given.items() if v})
    return rings.machine(rings.with_errors(lattice, 1, sizes, errors.seed), 0)


def alike(
    first: rings.Lattice, lattice: rings.Lattice, touched: list[tuple[str, str]]
) -> rings.Lattice:
    """The lattice with the structure of the one it came from, if that will do.

    Lattices of one structure share what is compiled; a strength of zero must not change it.
    """
    for name, column in touched:
        first, lattice = first.allow(name, column), lattice.allow(name, column)
    fits = all(now <= before for now, before in zip(lattice.active, first.active, strict=True))
    enough = all(
        now <= before
        for name in ("pieces", "nodes")
        for now, before in zip(getattr(lattice, name), getattr(first, name), strict=True)
    )
    return first.with_table(lattice.table) if fits and enough else lattice


def where(path: str | None, run: RunPart) -> Iterator[str | int]:
    """The path of an error as keys: names of elements may hold dots themselves."""
    head, _, rest = (path or "").partition(".")
    if not head:
        return
    yield head
    if head == "set" and rest:
        name = max(
            (n for n in run.changes or {} if rest == n or rest.startswith(f"{n}.")),
            key=len,
            default=rest,
        )
        yield name
        rest = rest.removeprefix(name).lstrip(".")
    yield from (int(part) if part.isdigit() else part for part in rest.split(".") if part)


def place_where(study_place: Where, path: str | None, run: RunPart) -> Where:
    """Where an error stands, from the place of the key it is in."""
    return (*study_place, *list(where(path, run))[1:])
