"""Rings as files of the Particle Accelerator Lattice Standard (PALS), in YAML."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from fieldwright._yaml import read_document
from fieldwright.constants import ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.motion import SPECIES, Species
from fieldwright.rings.files._pals_elements import Reference, to_element
from fieldwright.rings.files._pals_given import EXTENSION, Given, suggestion
from fieldwright.rings.files._pals_lines import Facility, root_line
from fieldwright.rings.files._pals_write import SPECIES_NAMES, pals_text
from fieldwright.rings.lattice._elements import Element
from fieldwright.rings.lattice._lattice import Lattice, rest_energy

_MEGABYTES = 30


def read_pals(path: str | os.PathLike[str]) -> Lattice:
    """A lattice from a PALS file in YAML.

    Carried: the kinds Drift, Marker, Instrument, Bend, Quadrupole, Sextupole, Octupole, Multipole
    (of no length), Kicker, Solenoid and RFCavity with the parameters that elements here have;
    lines of lines, `repeat` (negative: in reverse order), `inherit`, and elements changed where
    they stand in a line; one branch. The line begins with a BeginningEle that has species and
    energy. All else is refused by name, but `authors` and `MetaP`, which by the standard cannot
    affect the beam. Notes become the lattice's note. Fields (`Bn1`, `Bsol`) are normalised at the
    reference energy with the sign of the charge, as the standard says.

    Args:
        path: of the file.

    Returns:
        The lattice.

    Raises:
        InputError: anything wrong, unknown or not carried, with the file, its line and what to
            write.

    Source: the standard's chapters at pals-project.readthedocs.io, as of 2026.

    >>> from importlib.resources import files
    >>> from fieldwright.rings import read_pals
    >>> ring = read_pals(files("fieldwright.rings") / "gallery" / "vepp2000.pals.yaml")
    >>> print(f"{len(ring)} elements, {ring.circumference:.3f} m, {ring.energy:.0e} eV")
    112 elements, 24.388 m, 1e+09 eV
    """
    document = read_document(Path(os.fspath(path)), "lattice", "PALS", _MEGABYTES)
    facility = Facility(document)
    name, line, given, parts = root_line(facility)
    shown = given.take(EXTENSION, "name", default=name)
    given.finish("Lattice")
    if not parts or _kind(parts[0]) != "BeginningEle":
        problem = "the line must begin with a BeginningEle, whose ReferenceP has species and energy"
        given.refuse(("branches",), problem)
    species, reference = _reference(parts[0])
    made: dict[int, Element] = {}
    elements = []
    for part in parts[1:]:
        if _kind(part) == "BeginningEle":  # of a line within the line: dropped
            continue
        if id(part) not in made:
            made[id(part)] = to_element(part, reference)
        elements.append(made[id(part)])
    if not elements:
        given.refuse(("branches",), f"the line {line} has no elements")
    try:
        note = _note(facility.root)
        return Lattice.of(elements, reference.energy, species, str(shown), note)
    except InputError as error:
        raise InputError(f"{document.name}: {error}") from None


def write_pals(lattice: Lattice, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a lattice as a PALS file in YAML, which `read_pals` reads back.

    Numbers come back as they were, or to rounding where the standard holds them in another form
    (fringe integrals, `k0` of bends, offsets of tilted elements, phases of cavities). What the
    standard has no place for stands in groups named `Fieldwright`, which the file declares as an
    extension: the gap of bends, the profile of solenoids, names that are none in the standard.

    Args:
        lattice: its table must be of numbers, of one machine.
        path: of the file; `.pals.yaml` at its end tells other programs what it is.
        overwrite: whether a file that is there may be replaced.

    Returns:
        The path. The file appears whole or not at all.

    Raises:
        InputError: the file is there, cannot be written, or the lattice cannot be: a table of
            many machines or of traced numbers, or a species that has no name.

    >>> import tempfile
    >>> from fieldwright.rings import Drift, Lattice, Quadrupole, read_pals, write_pals
    >>> cell = Lattice.of([Quadrupole(name="QF", length=0.2, k1=1.2), Drift(name="D", length=1.8)],
    ...                   energy=1e9)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = read_pals(write_pals(cell, f"{folder}/cell.pals.yaml"))
    >>> bool((again.table == cell.table).all())
    True
    """
    target = Path(os.fspath(path))
    text = pals_text(lattice)
    if target.exists() and not overwrite:
        raise InputError(
            f"{target}: is there already; write overwrite=True to replace it", parameter="path"
        )
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InputError(
            f"{target}: cannot be written: {error.strerror or error}", parameter="path"
        ) from None
    return target


def _kind(given: Given) -> Any:
    value, _ = given.entries.get(("kind",), (None, ()))
    return value


def _reference(given: Given) -> tuple[Species, Reference]:
    """Species, energy and signed rigidity of the BeginningEle."""
    given.take("kind")
    given.only("length", allowed=0, why="a BeginningEle has no length")
    name = given.take("ReferenceP", "species_ref")
    names = {pals: own for own, pals in SPECIES_NAMES.items()}
    if name not in names:
        path = ("ReferenceP", "species_ref")
        given.refuse(path, f"no species {name!r} is known{suggestion(str(name), names)}")
    species = SPECIES[names[name]]
    rest = rest_energy(species)
    total = given.number("ReferenceP", "E_tot_ref", unit="eV", default=math.nan)
    momentum = given.number("ReferenceP", "pc_ref", unit="eV", default=math.nan)
    if math.isnan(total) == math.isnan(momentum):
        given.refuse(("ReferenceP",), "E_tot_ref or pc_ref is due, one of them [eV]")
    given.only("ReferenceP", "time_ref", allowed=0, why="is not carried")
    if math.isnan(total):
        total = math.hypot(momentum, rest)
    elif total <= rest:
        problem = f"must be above the rest energy, {rest:.6g} eV; got {total:g} eV"
        given.refuse(("ReferenceP", "E_tot_ref"), problem)
    else:
        momentum = math.sqrt((total - rest) * (total + rest))
    given.finish("BeginningEle")
    charge = species.charge / ELEMENTARY_CHARGE
    return species, Reference(total, momentum / (SPEED_OF_LIGHT * charge))


def _note(root: dict[str, Any]) -> str:
    """Notes and reminders of a file, a paragraph each."""
    parts = []
    for key in ("notes", "reminders"):
        value = root.get(key) or []
        parts += [str(part) for part in (value if isinstance(value, list) else [value])]
    return "\n\n".join(part.strip() for part in parts)
