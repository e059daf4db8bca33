"""Ions in files of the openPMD standard with its extension for particle beams."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from fieldwright.constants import ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.motion.ions._ions import Ions
from fieldwright.motion.ions._species import SPECIES, Species, ion_of
from fieldwright.sources._checks import as_float

# What the extension SpeciesType calls particles; both spellings of versions 1 and 2.
_NAMES = {
    "electron": "e-",
    "positron": "e+",
    "proton": "p",
    "anti-proton": "antiproton",
    "antiproton": "antiproton",
    "deuteron": "D+",
    "H2+": "H2+",
}
_ISOTOPES = {"D": "#2H"}
_MASS, _CHARGE = (0, 1, 0, 0, 0, 0, 0), (0, 0, 1, 1, 0, 0, 0)  # powers of m, kg, s, A, ...


def write_openpmd(
    path: str | Path, ions: Ions, time: Any = 0.0, *, overwrite: bool = False
) -> None:
    """Write ions to a file of the openPMD standard (HDF5, extension BeamPhysics).

    Each species is a group of its own. It carries its mass and charge as records of the base
    standard, so that any ion comes back as it was; programs that know species by name only (such as
    openPMD-beamphysics itself) understand electrons, positrons, protons and H2+. Momenta are
    gamma m v, weights the charge of one particle, and `id` is the place in `ions`.

    Args:
        path: of the file; it appears whole or not at all.
        ions: one or more.
        time: at which they are where they are [s].
        overwrite: whether a file of that name may be replaced.

    Raises:
        InputError: openPMD-beamphysics is not installed (`pip install 'fieldwright[particles]'`),
            there are no ions, one is not slower than light, or the file exists.

    >>> from fieldwright.motion import paper_cloud, read_openpmd, write_openpmd
    >>> write_openpmd("cloud.h5", paper_cloud(100))
    >>> len(read_openpmd("cloud.h5"))
    100
    """
    package = _package()
    path, time = Path(path), float(as_float(time, "time"))
    if not len(ions):
        raise InputError("there are no ions to write", parameter="ions")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists: give another name, or overwrite=True", parameter="path")
    momentum = _momentum(ions)
    import h5py

    unfinished = path.with_name(path.name + ".part")
    with h5py.File(unfinished, "w") as file:
        package.writers.pmd_init(file, basePath="/", particlesPath="particles")
        group = file.create_group("particles")
        for number, rows in enumerate(_alike(ions)):
            _write_species(package, group, number, rows, ions, momentum, time)
    unfinished.replace(path)


def read_openpmd(path: str | Path) -> Ions:
    """Read ions from a file of the openPMD standard (HDF5, extension BeamPhysics).

    Args:
        path: of the file.

    Returns:
        All particles of all species that are alive, in the order of their `id` where that is a
        numbering of all, else species by species.

    Raises:
        InputError: openPMD-beamphysics is not installed (`pip install 'fieldwright[particles]'`),
            the file is no such file or has several iterations, its particles are given at different
            times, a species has neither a record of its mass nor a known name, or its particles
            stand for many each.

    >>> from fieldwright.motion import Ions, read_openpmd, write_openpmd
    >>> write_openpmd("ion.h5", Ions.of("9Be+", [[1e-6, 0.0, 0.0]], [0.0, 0.0, 2e8]), time=1e-6)
    >>> print(f"{read_openpmd('ion.h5').velocity[0, 2]:.1f} m/s")
    200000000.0 m/s
    """
    package = _package()
    import h5py

    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file {path}", parameter="path")
    if not h5py.is_hdf5(path):
        raise InputError(f"{path} is no HDF5 file", parameter="path")
    with h5py.File(path, "r") as file:
        groups = _species_groups(package, file, path)
        found = [_read_species(package, group, path) for group in groups]
    _require_one_time([part.time for part in found], path)
    identity = np.concatenate([part.identity for part in found])
    order = np.argsort(identity, kind="stable")
    if not np.array_equal(identity[order], np.arange(len(identity))):
        order = np.arange(len(identity))
    columns = (np.concatenate(column)[order] for column in list(zip(*found, strict=True))[:4])
    return Ions(*columns)


class _Part(NamedTuple):
    """The particles of one species that are alive."""

    mass: np.ndarray
    charge: np.ndarray
    position: np.ndarray
    velocity: np.ndarray
    time: np.ndarray
    identity: np.ndarray  # NaN where there is none


def _package() -> ModuleType:
    try:
        import beamphysics.readers
        import beamphysics.writers
    except ImportError:
        raise InputError(
            "openPMD files need openPMD-beamphysics: pip install 'fieldwright[particles]'"
        ) from None
    return beamphysics


def _momentum(ions: Ions) -> np.ndarray:
    """The momenta gamma m v (n, 3) [eV/c]."""
    velocity, mass = np.asarray(ions.velocity), np.asarray(ions.mass)
    square = np.sum((velocity / SPEED_OF_LIGHT) ** 2, axis=1)
    if (square >= 1).any():
        raise InputError(
            f"ion {int(np.argmax(square >= 1))} is not slower than light: it has no momentum",
            parameter="velocity",
        )
    own = mass / np.sqrt(1 - square) * (SPEED_OF_LIGHT / ELEMENTARY_CHARGE)
    return own[:, None] * velocity


def _alike(ions: Ions) -> list[np.ndarray]:
    """The indices of the ions of each mass and charge."""
    kinds = np.stack([np.asarray(ions.mass), np.asarray(ions.charge)], axis=1)
    _, species = np.unique(kinds, axis=0, return_inverse=True)
    return [np.flatnonzero(species.ravel() == number) for number in range(species.max() + 1)]


def _write_species(
    package: Any,
    group: Any,
    number: int,
    rows: np.ndarray,
    ions: Ions,
    momentum: np.ndarray,
    time: float,
) -> None:
    mass, charge = float(ions.mass[rows[0]]), float(ions.charge[rows[0]])
    name, n = _type_of(mass, charge, number), len(rows)
    columns = [*np.asarray(ions.position)[rows].T, *momentum[rows].T]
    data = dict(zip(("x", "y", "z", "px", "py", "pz"), columns, strict=True)) | {
        "species": name,
        "n_particle": n,
        "charge": n * charge,
        "t": np.full(n, time),
        "status": np.ones(n, dtype=int),
        "weight": np.full(n, abs(charge)),
        "id": rows,
    }
    package.writers.write_pmd_bunch(group, data)
    for record, value, dimension in (("mass", mass, _MASS), ("charge", charge, _CHARGE)):
        constant = group[name].create_group(record)
        constant.attrs["value"], constant.attrs["shape"] = value, (n,)
        constant.attrs["unitSI"], constant.attrs["unitDimension"] = 1.0, dimension


def _type_of(mass: float, charge: float, number: int) -> str:
    """What SpeciesType calls a particle."""
    for species in SPECIES.values():
        if (species.mass, species.charge) == (mass, charge):
            names = [name for name, ours in _NAMES.items() if ours == species.name]
            atom = species.name.rstrip("+")
            return _ISOTOPES.get(atom) or (names[0] if names else f"#{atom}")
    return f"other:ion{number + 1}"


def _species_groups(package: Any, file: Any, path: Path) -> list[Any]:
    if not {"openPMD", "basePath", "particlesPath"} <= set(file.attrs):
        raise InputError(f"{path} is no openPMD file with particles", parameter="path")
    places = [place for place in package.readers.particle_paths(file) if place in file]
    if len(places) != 1:
        raise InputError(
            f"{path} has {len(places)} iterations with particles, and one is read", parameter="path"
        )
    parent = file[places[0]]
    groups = [parent] if "position" in parent else [parent[name] for name in parent]
    if not groups:
        raise InputError(f"{path} has no particles", parameter="path")
    return groups


def _read_species(package: Any, group: Any, path: Path) -> _Part:
    def read(name: str) -> np.ndarray:
        return np.asarray(package.readers.particle_array(group, name), dtype=float)

    name = group.attrs["speciesType"]
    name = name.decode() if isinstance(name, bytes) else str(name)
    n = int(np.ravel(group.attrs["numParticles"])[0])
    alive = read("status") == 1 if "particleStatus" in group else np.ones(n, dtype=bool)
    mass, charge = _mass_and_charge(read, group, name, path, n)
    position = np.stack([read(axis) for axis in "xyz"], axis=1)
    momentum = np.stack([read(f"p{axis}") for axis in "xyz"], axis=1)
    proper = momentum * (ELEMENTARY_CHARGE / SPEED_OF_LIGHT) / mass[:, None]
    gamma = np.sqrt(1 + np.sum((proper / SPEED_OF_LIGHT) ** 2, axis=1, keepdims=True))
    if "weight" in group:
        _require_single(read("weight"), charge, name, path)
    time = read("t") if "time" in group else np.zeros(n)
    identity = group["id"][()].astype(float) if "id" in group else np.full(n, np.nan)
    columns = (mass, charge, position, proper / gamma, time, identity)
    return _Part(*(column[alive] for column in columns))


def _mass_and_charge(
    read: Any, group: Any, name: str, path: Path, n: int
) -> tuple[np.ndarray, np.ndarray]:
    if "mass" in group and "charge" in group:
        return read("mass"), read("charge")
    states = read("chargeState") if "chargeState" in group else np.ones(n)
    found = _species_named(name, states)
    if found is None:
        raise InputError(
            f"{path} has particles of the species {name!r}, charge states "
            f"{np.unique(states).astype(int).tolist()}, without records of mass and charge: only "
            f"electrons, protons, {', '.join(list(SPECIES)[3:])} and their isotopes' other ions "
            "are known by name",
            parameter="path",
        )
    return np.full(n, found.mass), np.full(n, found.charge)


def _species_named(name: str, states: np.ndarray) -> Species | None:
    if name in _NAMES:
        return SPECIES[_NAMES[name]]
    isotope = re.fullmatch(r"#(\d+)([A-Z][a-z]?)", name)
    if isotope is None or len(states) == 0 or np.ptp(states) != 0:
        return None
    atom = {"1H": "H", "2H": "D"}.get(isotope[1] + isotope[2], isotope[1] + isotope[2])
    return ion_of(atom, int(states[0]))


def _require_single(weight: np.ndarray, charge: np.ndarray, name: str, path: Path) -> None:
    wrong = ~np.isclose(weight, np.abs(charge), rtol=1e-6, atol=0.0)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InputError(
            f"in {path} each particle stands for many: number {first} of the species {name!r} has "
            f"a weight of {weight[first]:.6g} C, one particle a charge of {charge[first]:.6g} C; "
            "ions are single. Where the weight does not matter, set it to that charge",
            parameter="path",
        )


def _require_one_time(times: list[np.ndarray], path: Path) -> None:
    every = np.concatenate(times)
    if np.ptp(every) > 1e-12 * np.abs(every).max(initial=0.0):
        raise InputError(
            f"{path} has particles at different times, from {every.min():g} to {every.max():g} s, "
            "and ions start together: bring them to one time first (ParticleGroup.drift_to_t)",
            parameter="path",
        )
