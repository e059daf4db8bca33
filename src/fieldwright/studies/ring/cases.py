"""The cases of a ring study: their lattices, what stands along them, and what they find."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from ...errors import InputError
from .._fields import Count
from .._judge import Text
from .._sections import (
    Attachment,
    Found,
    Impossible,
    Item,
    Names,
    Picture,
    Problems,
    Section,
    Shown,
    Unasked,
    Variable,
    Variables,
    on_axes,
    standing,
    unasked,
)
from ._build import build, final, place_where
from ._build import where as keys_of
from ._case import found_in, has_rf, label, needs, no_beam
from ._later import np, plots, rings
from ._matching import make_targets, make_vary
from ._run import CasePart
from .finds import beam, optics, orbit
from .finds.chromaticity import CHROMATICITY
from .finds.formula import FORMULA_FIND
from .finds.magnets import MAGNETS

_FEW = 6  # cases that are drawn unasked

CASE: Names = {
    "circumference": Found("m", "circumference", "circumference"),
    "energy": Found("eV", "energy of a particle", "energy"),
    "rigidity": Found("T m", "magnetic rigidity B rho", "rigidity"),
    "revolution_frequency": Found("Hz", "revolution frequency", "revolution_frequency"),
}


def _cavity(ring: rings.Lattice) -> int:
    """The first cavity with a voltage."""
    pairs = enumerate(zip(ring.kinds, ring.active, strict=True))
    return next(n for n, (kind, on) in pairs if kind == "RFCavity" and "voltage" in on)


def _frequency(item: Item) -> float:
    ring, on = item.result, _cavity(item.result)
    given = float(ring.elements[on].frequency)
    return given or ring.harmonics[on] * float(ring.revolution_frequency)


#: Where there are cavities with a voltage.
RF: Names = {
    "rf_frequency": Found("Hz", "frequency of the RF", _frequency),
    "rf_harmonic": Found(
        "1", "harmonic number of the RF", lambda item: item.result.harmonics[_cavity(item.result)]
    ),
    "rf_voltage": Found(
        "V", "RF voltage of all cavities",
        lambda item: np.sum(item.result.get("RFCavity:*", "voltage")),
    ),
}  # fmt: skip


def _check(item: Item) -> Problems:
    """What is wrong with a case, taken together with the study: builds its lattice."""
    run, says = item.run, partial(item.study.says, item.part, item.at)
    if run.ring is None:
        yield item.at, "has no `ring`; give it one, or the study"
        return
    try:
        lattice = build(run)
    except InputError as error:
        path = list(keys_of(error.parameter, run))
        field = {"set": "changes"}.get(str(path[0]), str(path[0])) if path else "ring"
        yield place_where(says(field), error.parameter, run), str(error)
        return
    try:
        if run.match is not None:
            make_vary(lattice, run.match)
            make_targets(run.match, lattice)
    except InputError as error:
        yield place_where(says("match"), error.parameter, run), str(error)
    for index, element in enumerate(run.places or []):
        try:
            lattice.indices(element)
        except InputError as error:
            yield (*says("places"), index), str(error)
    labels = [label(element) for element in run.places or []]
    if len(set(labels)) < len(labels):
        yield says("places"), "two of them give quantities the same name"


def _impossible(item: Item) -> Impossible:
    if {"beam", "formula"} & set(item.run.find or []):
        yield from no_beam(item, item.study.place_of(item.name, "find"))


def _solve(item: Item) -> rings.Lattice:
    """Its lattice; an error in its match stands where that does."""
    if item.run.match is not None:
        item.progress(f"matching {item.name}" if item.name else "matching")
    with standing(item.study.place_of(item.name, "match")):
        return final(item.run)


def _variables(item: Item) -> Variables:
    """The rows that finds have variables along, if any has."""
    row = (f"place_{item.label}",)
    if any(True for one in item.finds() for _ in one.section.variables(one)):
        names = [*item.result.names, "end"]
        yield f"element_{item.label}", row, names, "1", "element that begins"
        yield f"s_{item.label}", row, item.result.s, "m", "path along the reference orbit"


def _attachments(item: Item) -> Iterator[Attachment]:
    """A table along the ring, a row for each element, as CSV."""
    every = [variable for one in (item, *item.finds()) for variable in one.section.variables(one)]
    if every:
        caption = f"{item.title}: functions along the ring, a row for each element"
        yield Attachment(f"tables/{item.label}.csv", caption, partial(_write, item, every[1:]))


def _write(item: Item, columns: list[Variable], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        end = f"_{item.label}"
        heads = (f"{name.removesuffix(end)} [{unit}]" for name, _, _, unit, _ in columns)
        writer.writerow(["element", *heads])
        rows = zip(*(np.asarray(values) for _, _, values, _, _ in columns), strict=True)
        for name, row in zip([*item.result.names, "end"], rows, strict=True):
            writer.writerow([name, *(f"{value:.9g}" for value in row)])


def _draw_layout(picture: Picture, ax: Any) -> None:
    plots.plot_layout(picture.items[0].result, ax)


def _unasked(items: list[Item]) -> Unasked:
    """Of the first cases; what is of optics stands together."""
    shown = {one.show: one for one in CASES.shown}
    for item in items[:_FEW]:
        for show in ("layout", "optics", "tunes", "orbit", "sizes", "spot"):
            find = {"tunes": "optics", "sizes": "beam", "spot": "beam"}.get(show, show)
            if find in ("layout", *found_in(item.run)):
                yield f"{show}_{item.name}" if item.name else show, unasked(item, shown[show])


def _methods(items: list[Item]) -> Iterator[str]:
    """What the lattices say of themselves, each once."""
    notes = {(item.result.name, item.result.note): None for item in items if item.result.note}
    if notes:
        said = (f"Of the lattice {name}: {' '.join(note.split())}" for name, note in notes)
        yield " ".join(said)


CASES = Section(
    group="cases", one="case", doing="ring", part=CasePart, several=True, check=_check,
    impossible=_impossible, names=lambda item: CASE | (RF if has_rf(build(item.run)) else {}),
    solve=_solve, variables=_variables, attachments=_attachments, methods=_methods,
    finds=(
        orbit.ORBIT, *optics.FINDS, CHROMATICITY, beam.BEAM_FIND, FORMULA_FIND, MAGNETS,
    ),
    asks=lambda item: found_in(item.run),
    shown=(
        Shown("layout", on_axes(7.8, 6.6, _draw_layout), "seen from above"),
        optics.FUNCTIONS,
        orbit.CURVE,
        beam.SIZES,
        Shown(
            "tunes", optics.draw_tunes, "tunes among resonances", {
                "order": (int, Field(4, ge=1, le=12, description="of tunes: of resonances")),
                "window": (Count, Field(0.3, description="of tunes: half of the picture")),
            }, fits=needs("optics"),
        ),
        Shown(
            "spot", beam.draw_spot, "the beam's ellipse",
            {"at": (Text | None, Field(None, description="of spot: the element"))},
            fits=needs("beam"),
        ),
    ),
    unasked=_unasked,
)  # fmt: skip
