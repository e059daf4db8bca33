"""Particles that traps hold, by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fieldwright.constants import ATOMIC_MASS, ELECTRON_MASS, ELEMENTARY_CHARGE, PROTON_MASS
from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float, require_positive


@dataclass(frozen=True)
class Species:
    """One kind of particle.

    Args:
        name: what it is called.
        mass: [kg].
        charge: [C], of either sign.

    Raises:
        InputError: a value is not a finite number, or the mass is not above zero.

    >>> from fieldwright.motion import SPECIES
    >>> ion = SPECIES["40Ca+"]
    >>> print(f"{ion.mass:.6e} kg, {ion.charge:.6e} C")
    6.635853e-26 kg, 1.602177e-19 C
    """

    name: str
    mass: float
    charge: float

    def __post_init__(self) -> None:
        as_float(self.mass, "mass")
        as_float(self.charge, "charge")
        require_positive(mass=self.mass)


# Masses of neutral atoms [u] from the Atomic Mass Evaluation 2020: M. Wang, W. J. Huang,
# F. G. Kondev, G. Audi and S. Naimi, Chinese Physics C 45, 030003 (2021), table I.
_ATOMS = {
    "H": 1.007825031898,
    "D": 2.014101777844,
    "4He": 4.002603254130,
    "9Be": 9.012183062,
    "24Mg": 23.985041689,
    "25Mg": 24.985836966,
    "40Ca": 39.962590850,
    "43Ca": 42.958766381,
    "88Sr": 87.905612253,
    "137Ba": 136.905827207,
    "138Ba": 137.905247059,
    "171Yb": 170.936331515,
    "174Yb": 173.938867545,
}


def ion_of(atom: str, state: int) -> Species | None:
    """The ion of a neutral atom that has lost `state` electrons; None of unknown atoms.

    The binding energy of what is taken away is left out: under 3e-8 u of the first electron.
    """
    if atom not in _ATOMS:
        return None
    mass = _ATOMS[atom] * ATOMIC_MASS - state * ELECTRON_MASS
    return Species(atom + "+" * state, mass, state * ELEMENTARY_CHARGE)


def _table() -> Mapping[str, Species]:
    hydrogen = Species("H2+", 2 * _ATOMS["H"] * ATOMIC_MASS - ELECTRON_MASS, ELEMENTARY_CHARGE)
    ions = [ion_of(atom, 1) for atom in _ATOMS if atom != "H"]
    known = [
        Species("e-", ELECTRON_MASS, -ELEMENTARY_CHARGE),
        Species("e+", ELECTRON_MASS, ELEMENTARY_CHARGE),
        Species("p", PROTON_MASS, ELEMENTARY_CHARGE),
        Species("antiproton", PROTON_MASS, -ELEMENTARY_CHARGE),
        hydrogen,
        *filter(None, ions),
    ]
    return MappingProxyType({species.name: species for species in known})


#: The particles known by name: electron "e-", positron "e+", proton "p", "antiproton", and singly
#: charged ions such as "9Be+" and "40Ca+". Constants of CODATA 2022, atomic masses of AME 2020.
SPECIES = _table()


def find_species(name: Any) -> Species:
    """A particle by its name; a `Species` is returned as it is.

    Args:
        name: one of `SPECIES`.

    Raises:
        InputError: no particle of that name is known.

    >>> from fieldwright.motion import find_species
    >>> find_species("24Mg+").name
    '24Mg+'
    """
    if isinstance(name, Species):
        return name
    if isinstance(name, str) and name in SPECIES:
        return SPECIES[name]
    near = difflib.get_close_matches(str(name), SPECIES, 1, 0.4)
    raise InputError(
        f"no species {name!r} is known"
        + (f"; did you mean {near[0]!r}?" if near else ".")
        + f" Known are {', '.join(SPECIES)}; any other is Species(name, mass, charge)",
        parameter="species",
    )
