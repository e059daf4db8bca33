"""What light goes through: vacuum, a plasma, or a crystal with its measured refraction and loss.

Far above all binding energies every medium is a plasma of its electrons, formula (11) of the paper:
eps = 1 - (E_p / E)^2. Differences from one are kept as such, never formed by subtraction.
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from math import pi
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.constants import ELECTRON_RADIUS, HBAR_C, HC
from fieldwright.errors import InputError
from fieldwright.light._checks import numbers
from fieldwright.sources import Crystal, find_crystal
from fieldwright.sources._checks import as_float, is_concrete, require_positive

#: Below, solids are not the sum of their atoms, which the tables are of [eV].
_LOWEST = 100.0


class Medium(eqx.Module):
    """A homogeneous medium: how fast waves go in it, and how soon they are lost."""

    @abstractmethod
    def one_minus_index(self, photon_energy: Any) -> Any:
        """One minus the refractive index, without loss of digits; photon energy in eV."""

    def permittivity(self, photon_energy: Any) -> Any:
        """The relative permittivity: the square of the refractive index."""
        return (1 - self.one_minus_index(photon_energy)) ** 2

    def attenuation(self, photon_energy: Any) -> Any:
        """How fast intensity is lost [1/m]; zero where it is not known."""
        return np.zeros(np.shape(_energies(photon_energy, 0.0)))


class Vacuum(Medium):
    """Nothing at all.

    >>> from fieldwright.light import Vacuum
    >>> print(float(Vacuum().permittivity(8e3)))
    1.0
    """

    def one_minus_index(self, photon_energy: Any) -> Any:
        """Zero."""
        return np.zeros(np.shape(_energies(photon_energy, 0.0)))


class Plasma(Medium):
    """Free electrons without loss: eps = 1 - (E_p / E)^2, formula (11) of the paper.

    Args:
        plasma_energy: hbar times the plasma frequency [eV].

    Raises:
        InputError: a plasma energy not above zero; later, a photon energy not above it, at which
            no wave goes through.

    >>> from fieldwright.light import Plasma
    >>> print(f"{Plasma(38.0).one_minus_index(8265.6):.6e}")
    1.056795e-05
    """

    plasma_energy: Any

    def __init__(self, plasma_energy: Any):
        self.plasma_energy = as_float(plasma_energy, "plasma_energy")
        require_positive(plasma_energy=self.plasma_energy)

    def one_minus_permittivity(self, photon_energy: Any) -> Any:
        """(E_p / E)^2."""
        energy = _energies(photon_energy, self.plasma_energy)
        return (self.plasma_energy / energy) ** 2

    def permittivity(self, photon_energy: Any) -> Any:
        """1 - (E_p / E)^2."""
        return 1 - self.one_minus_permittivity(photon_energy)

    def one_minus_index(self, photon_energy: Any) -> Any:
        """(E_p / E)^2 / (1 + sqrt(eps))."""
        lack = self.one_minus_permittivity(photon_energy)
        return lack / (1 + jnp.sqrt(1 - lack))


class TabulatedMedium(Medium):
    """A medium of atoms with measured or computed scattering factors; `material` reads them.

    Between the table's energies f1 is linear in the logarithm of energy, attenuation a power.
    Above the table f1 is its last value, and attenuation is not known and given as zero.

    Args:
        energies: of the table (n,), rising [eV].
        f1: electrons that scatter, per atom (n,).
        losses: attenuation (n,) [1/m].
        atoms: density of atoms [1/m^3].
        atomic_number: electrons of an atom.

    Raises:
        InputError: arrays of wrong shape, energies that do not rise, losses or a density that are
            not above zero; later, a photon energy below the table or the plasma energy.

    >>> import numpy as np
    >>> from fieldwright.light import TabulatedMedium
    >>> gas = TabulatedMedium(np.array([1e3, 1e4]), np.array([18.0, 18.0]), np.array([9.0, 0.009]),
    ...                       2.5e25, 18)
    >>> print(f"{gas.plasma_energy:.4f} eV, {gas.attenuation(1e4**0.5 * 1e3**0.5):.4f} /m")
    0.7877 eV, 0.2846 /m
    """

    energies: Any
    f1: Any
    losses: Any
    atoms: Any
    atomic_number: Any

    def __init__(self, energies: Any, f1: Any, losses: Any, atoms: Any, atomic_number: Any):
        self.energies = as_float(energies, "energies", (None,))
        count = len(self.energies)
        self.f1 = as_float(f1, "f1", (count,))
        self.losses = as_float(losses, "losses", (count,))
        self.atoms = as_float(atoms, "atoms")
        self.atomic_number = as_float(atomic_number, "atomic_number")
        require_positive(atoms=self.atoms, atomic_number=self.atomic_number)
        rise = np.diff(self.energies, prepend=0.0) if is_concrete(self.energies) else 1.0
        if not count or not np.all(rise > 0):
            raise InputError("energies of the table must rise, above zero", parameter="energies")
        if is_concrete(self.losses) and not np.all(np.asarray(self.losses) > 0):
            raise InputError("losses must be above zero, in 1/m", parameter="losses")

    @property
    def plasma_energy(self) -> Any:
        """Of all electrons of the atoms, by their density [eV]."""
        return HBAR_C * jnp.sqrt(4 * pi * ELECTRON_RADIUS * self.atoms * self.atomic_number)

    def one_minus_index(self, photon_energy: Any) -> Any:
        """r_e lambda^2 / (2 pi) times the atoms' density and f1."""
        energy = self._inside(photon_energy)
        f1 = jnp.interp(jnp.log(energy), jnp.log(self.energies), self.f1)
        return ELECTRON_RADIUS * (HC / energy) ** 2 / (2 * pi) * self.atoms * f1

    def attenuation(self, photon_energy: Any) -> Any:
        """Absorption and scattering together [1/m]; zero above the table, where not known."""
        energy = self._inside(photon_energy)
        logs = jnp.log(self.energies), jnp.log(self.losses)
        value = jnp.exp(jnp.interp(jnp.log(energy), *logs))
        return jnp.where(energy <= self.energies[-1], value, 0.0)

    def _inside(self, photon_energy: Any) -> Any:
        energy = _energies(photon_energy, self.plasma_energy)
        if is_concrete(energy, self.energies) and np.any(np.asarray(energy) < self.energies[0]):
            raise InputError(
                f"refraction is tabulated from {float(self.energies[0]):g} eV on, got "
                f"{float(np.min(energy)):g} eV",
                parameter="photon_energy",
            )
        return energy


def material(name: str | Crystal) -> TabulatedMedium:
    """A crystal's refraction and attenuation, from C. T. Chantler's tables (in `xraydb`).

    Args:
        name: of one of `CRYSTALS`, or a `Crystal`.

    Returns:
        A medium from 100 eV to 966 keV; above, it is a plasma of its electrons without loss.
        Attenuation is the sum of absorption and scattering: of diamond at 30 keV absorption is a
        fifth. Tables of different authors differ by 5 % in that of diamond at 8 keV, by less in the
        others, and by twice within 10 eV of an edge.

    Raises:
        InputError: no crystal of that name is known.

    Source: C. T. Chantler, J. Phys. Chem. Ref. Data 29, 597 (2000).

    >>> from fieldwright.light import material
    >>> diamond = material("diamond")
    >>> print(f"{diamond.plasma_energy:.2f} eV, 1/e in {1e3 / diamond.attenuation(8265.6):.3f} mm")
    38.19 eV, 1/e in 0.718 mm
    """
    return _read(find_crystal(name))


@functools.cache
def _read(crystal: Crystal) -> TabulatedMedium:
    import xraydb

    symbol = xraydb.atomic_symbol(crystal.atomic_number)
    energies = xraydb.chantler_energies(symbol)
    energies = energies[energies >= _LOWEST]
    f1 = crystal.atomic_number + xraydb.f1_chantler(symbol, energies.copy())
    # from cm^2/g
    losses = 0.1 * crystal.density * xraydb.mu_chantler(symbol, energies.copy())
    return TabulatedMedium(energies, f1, losses, crystal.atom_density, float(crystal.atomic_number))


def as_medium(medium: Any) -> Medium:
    """A `Medium`; vacuum if None."""
    if medium is None:
        return Vacuum()
    if not isinstance(medium, Medium):
        raise InputError(
            f'medium must be one such as material("diamond") or Plasma(38.0), got {medium!r}',
            parameter="medium",
        )
    return medium


def _energies(photon_energy: Any, plasma_energy: Any) -> Any:
    """Photon energies of any shape, known to be above the plasma energy."""
    energy = numbers(photon_energy, "photon_energy")
    if is_concrete(energy, plasma_energy) and np.any(np.asarray(energy) <= plasma_energy):
        low = float(np.min(energy))
        if plasma_energy > 0:
            text = (
                f"photon energy {low:g} eV is not above the plasma energy "
                f"{float(plasma_energy):g} eV: no wave goes through such a medium"
            )
        else:
            text = f"photon_energy must be above zero, in eV, got {low:g}"
        raise InputError(text, parameter="photon_energy")
    return energy
