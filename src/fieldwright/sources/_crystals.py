"""Crystals whose planes guide charges: what their lattices and their atoms are like."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401  (64-bit, before any array exists)
from fieldwright.constants import ATOMIC_MASS, BOHR_RADIUS, BOLTZMANN, PLANCK
from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float, is_concrete

# Period over the cubic cell's edge, and the places of the planes in a period with the middle of the
# widest gap at zero. The planes (111) of the diamond lattice come in pairs a quarter period apart.
_PLANES: dict[str, tuple[float, tuple[float, ...]]] = {
    "100": (1 / 4, (0.5,)),
    "110": (1 / sqrt(8), (0.5,)),
    "111": (1 / sqrt(3), (0.375, 0.625)),
}
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True)
class Crystal:
    """A crystal of the diamond lattice.

    Args:
        name: what it is called.
        atomic_number: Z of its atoms.
        atomic_mass: of its atoms [kg].
        lattice_constant: edge of the cubic cell of eight atoms [m].
        debye_temperature: [K], of the thermal motion of the atoms.
        radiation_length: [m].
        excitation_energy: mean excitation energy I of its electrons [eV].
        scattering_strengths: a (4,) [m] of the electron scattering factor
            f(s) = sum a exp(-b s^2), s = sin(theta) / wavelength.
        scattering_widths: b (4,) [m^2] of the same.

    >>> from fieldwright.sources import CRYSTALS
    >>> silicon = CRYSTALS["silicon"]
    >>> print(f"{silicon.density:.0f} kg/m^3, {silicon.planes('110')[0] * 1e10:.4f} Angstrom")
    2329 kg/m^3, 1.9202 Angstrom
    """

    name: str
    atomic_number: int
    atomic_mass: float
    lattice_constant: float
    debye_temperature: float
    radiation_length: float
    excitation_energy: float
    scattering_strengths: tuple[float, ...]
    scattering_widths: tuple[float, ...]

    @property
    def atom_density(self) -> float:
        """Atoms in a volume [1/m^3]."""
        return 8 / self.lattice_constant**3

    @property
    def density(self) -> float:
        """Mass in a volume [kg/m^3]."""
        return self.atom_density * self.atomic_mass

    @property
    def screening_length(self) -> float:
        """Thomas and Fermi's radius of an atom, 0.8853 Bohr radii over the cube root of Z [m]."""
        return 0.88534 * BOHR_RADIUS / self.atomic_number ** (1 / 3)

    def planes(self, planes: str) -> tuple[float, tuple[float, ...]]:
        """The period of a family of planes [m], and the widths of the gaps in a period [m].

        Args:
            planes: Miller indices "100", "110" or "111"; the last have a wide and a narrow gap.

        Raises:
            InputError: no such planes are known.

        >>> from fieldwright.sources import CRYSTALS
        >>> period, gaps = CRYSTALS["diamond"].planes("111")
        >>> print(f"{period * 1e10:.3f}:", [f"{gap * 1e10:.3f}" for gap in gaps])
        2.059: ['1.545', '0.515']
        """
        share, places = _plane_kind(planes)
        period = share * self.lattice_constant
        wide = 2 * places[0]
        return period, (period,) if len(places) == 1 else (wide * period, (1 - wide) * period)

    def vibration(self, temperature: Any) -> jax.Array:
        """The root mean square displacement of an atom along one axis [m], by Debye's model.

        Args:
            temperature: [K], zero or more.

        Raises:
            InputError: the temperature is below zero or no number.

        u^2 = 3 hbar^2 / (M k T_D) (1/4 + t^2 int_0^(1/t) x / (e^x - 1) dx), t = T / T_D
        (D. S. Gemmell, Rev. Mod. Phys. 46, 129 (1974)).

        >>> from fieldwright.sources import CRYSTALS
        >>> print(f"{CRYSTALS['silicon'].vibration(293.0) * 1e10:.4f} Angstrom")
        0.0750 Angstrom
        """
        temperature = as_float(temperature, "temperature")
        if is_concrete(temperature) and temperature < 0:
            raise InputError(
                f"the temperature is in kelvin, zero or more, got {float(temperature):g}",
                parameter="temperature",
            )
        share = temperature / self.debye_temperature
        # Beyond x = 40 there is nothing left of the integral, to rounding.
        end = 1 / jnp.maximum(share, 1 / 40)
        x = end * (1 + _NODES) / 2
        thermal = share**2 * end / 2 * jnp.sum(_WEIGHTS * x / jnp.expm1(x))
        hbar = PLANCK / (2 * pi)
        scale = 3 * hbar**2 / (self.atomic_mass * BOLTZMANN * self.debye_temperature)
        return jnp.sqrt(scale * (0.25 + thermal))


def _plane_kind(planes: str) -> tuple[float, tuple[float, ...]]:
    if planes not in _PLANES:
        raise InputError(
            f"planes must be one of {', '.join(map(repr, _PLANES))}, got {planes!r}",
            parameter="planes",
        )
    return _PLANES[planes]


def plane_places(planes: str) -> tuple[float, ...]:
    """Where the planes are in a period, whose middle of the widest gap is at 0; per period."""
    return _plane_kind(planes)[1]


def _crystal(
    name: str,
    atomic_number: int,
    mass: float,
    edge: float,
    debye: float,
    radiation: float,
    excitation: float,
    factors: tuple[tuple[float, float], ...],
) -> Crystal:
    """A crystal from units of the tables: u, Angstrom, K, g/cm^2, eV, Angstrom and Angstrom^2."""
    density = 8 * mass * ATOMIC_MASS / (edge * 1e-10) ** 3
    return Crystal(
        name=name,
        atomic_number=atomic_number,
        atomic_mass=mass * ATOMIC_MASS,
        lattice_constant=edge * 1e-10,
        debye_temperature=debye,
        radiation_length=10 * radiation / density,
        excitation_energy=excitation,
        scattering_strengths=tuple(a * 1e-10 for a, _ in factors),
        scattering_widths=tuple(b * 1e-20 for _, b in factors),
    )


# Scattering factors: P. A. Doyle and P. S. Turner, Acta Cryst. A 24, 390 (1968), for
# s up to 2 per Angstrom. Debye temperatures: Gemmell (1974). Lattice constants at room
# temperature: CRC Handbook (diamond, germanium), CODATA 2022 (silicon). Standard atomic weights of
# IUPAC 2021. Radiation lengths and excitation energies: Particle Data Group, Atomic and Nuclear
# Properties of Materials, 2024.
#: The crystals known by name: "diamond", "silicon", "germanium".
CRYSTALS: Mapping[str, Crystal] = MappingProxyType(
    {
        crystal.name: crystal
        for crystal in (
            _crystal(
                "diamond", 6, 12.011, 3.567, 2000.0, 42.70, 78.0,
                ((0.7307, 36.9951), (1.1951, 11.2966), (0.4563, 2.8139), (0.1247, 0.3456)),
            ),
            _crystal(
                "silicon", 14, 28.085, 5.431020511, 543.0, 21.82, 173.0,
                ((2.1293, 57.7748), (2.5333, 16.4756), (0.8349, 2.8796), (0.3216, 0.3860)),
            ),
            _crystal(
                "germanium", 32, 72.630, 5.6579, 290.0, 12.25, 350.0,
                ((2.4467, 55.8930), (2.7015, 14.3930), (1.6157, 2.4461), (0.6009, 0.3415)),
            ),
        )
    }
)  # fmt: skip


def find_crystal(name: Any) -> Crystal:
    """A crystal by its name; a `Crystal` is returned as it is.

    Args:
        name: one of `CRYSTALS`.

    Raises:
        InputError: no crystal of that name is known.

    >>> from fieldwright.sources import find_crystal
    >>> find_crystal("diamond").atomic_number
    6
    """
    if isinstance(name, Crystal):
        return name
    if isinstance(name, str) and name in CRYSTALS:
        return CRYSTALS[name]
    near = difflib.get_close_matches(str(name), CRYSTALS, 1, 0.4)
    raise InputError(
        f"no crystal {name!r} is known"
        + (f"; did you mean {near[0]!r}?" if near else ".")
        + f" Known are {', '.join(CRYSTALS)}; any other of this lattice is Crystal(...)",
        parameter="crystal",
    )
