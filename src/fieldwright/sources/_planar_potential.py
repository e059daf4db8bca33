"""The potential between the planes of a crystal, averaged along them.

A fast charge that moves nearly along the planes feels the atoms of a plane smeared out over it
(J. Lindhard, Mat. Fys. Medd. Dan. Vid. Selsk. 34, no. 14 (1965)). With the electron scattering
factor f of the atoms, the Fourier coefficients of that potential are

    c_n = 2 N (2 pi hbar^2 / m) f(s) exp(-g^2 u^2 / 2) S_n,   g = 2 pi n / period,  s = g / (4 pi),

N atoms in a volume, each with the displacement u, and S_n the mean of cos(g x) over the planes of a
period. For f a sum of Gaussians (Doyle and Turner) the series is the sum of Gaussians over all
planes, by Poisson's formula, and shorter.
"""

from __future__ import annotations

from abc import abstractmethod
from math import ceil, pi, sqrt
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import ELECTRON_MASS, ELEMENTARY_CHARGE, MU_0, PLANCK, SPEED_OF_LIGHT
from fieldwright.sources._checks import as_float, require_positive, scalar
from fieldwright.sources._crystals import Crystal, find_crystal, plane_places

_ROUNDING = 40.0  # exp(-40) is below the rounding of one
_GRID = 257  # points of half a period among which an extremum is first looked for
_NEWTON = 4
#: 2 pi hbar^2 / m [V m^2] of an electron: potential times volume, per scattering length.
_MOTT = PLANCK**2 / (2 * pi * ELECTRON_MASS * ELEMENTARY_CHARGE)
_EPSILON_0 = 1 / (MU_0 * SPEED_OF_LIGHT**2)


class PlanarPotential(eqx.Module):
    """What guides a charge between the planes of a crystal: a potential periodic in one coordinate.

    The coordinate x is zero in the middle of the widest gap, where the potential is zero. Kinds of
    it give `spacing`, `energy`, `field` and `curvature`.

    >>> from fieldwright.sources import DoyleTurner
    >>> potential = DoyleTurner("silicon", "110")
    >>> print(f"{potential.depth:.2f} eV, {potential.largest_field / 1e11:.2f} GV/cm")
    21.28 eV, 5.67 GV/cm
    """

    spacing: eqx.AbstractVar[jax.Array]
    crystal: eqx.AbstractVar[Crystal | None]

    @abstractmethod
    def energy(self, x: Any) -> jax.Array:
        """The energy [eV] of one positive elementary charge at x (...) [m]; zero at x = 0."""

    @abstractmethod
    def field(self, x: Any) -> jax.Array:
        """The electric field [V/m] across the planes at x (...) [m]."""

    @abstractmethod
    def curvature(self, x: Any) -> jax.Array:
        """The second derivative of the energy [eV/m^2] at x (...) [m]."""

    @property
    @abstractmethod
    def plane(self) -> jax.Array:
        """Where the energy is highest [m], between 0 and half the spacing."""

    @property
    def depth(self) -> jax.Array:
        """The depth of the well [eV]: of the gap for positive charges, the plane for negative."""
        return self.energy(jax.lax.stop_gradient(self.plane))

    @property
    @abstractmethod
    def largest_field(self) -> jax.Array:
        """The largest electric field [V/m]."""


class HarmonicPotential(PlanarPotential):
    """A parabola between each two planes: the energy is depth (2 x / spacing)^2.

    Args:
        spacing: distance of the planes [m].
        depth: of the well [eV].
        crystal: a `Crystal` or its name, for what asks about its atoms; or None.

    Raises:
        InputError: a number is not above zero, or the crystal is not known.

    >>> from fieldwright.sources import HarmonicPotential
    >>> potential = HarmonicPotential(1.26e-10, 24.9, "diamond")
    >>> print(f"{potential.energy(0.315e-10):.4f} eV, {potential.largest_field:.4e} V/m")
    6.2250 eV, 7.9048e+11 V/m
    """

    spacing: jax.Array = eqx.field(converter=scalar("spacing"))
    height: jax.Array
    crystal: Crystal | None = eqx.field(static=True)

    def __init__(self, spacing: Any, depth: Any, crystal: Any = None):
        self.spacing, self.height = as_float(spacing, "spacing"), as_float(depth, "depth")
        self.crystal = None if crystal is None else find_crystal(crystal)
        require_positive(spacing=self.spacing, depth=self.height)

    def _folded(self, x: Any) -> jax.Array:
        return x - self.spacing * jax.lax.stop_gradient(jnp.round(x / self.spacing))

    def energy(self, x: Any) -> jax.Array:
        return self.height * (2 * self._folded(x) / self.spacing) ** 2

    def field(self, x: Any) -> jax.Array:
        return -8 * self.height / self.spacing**2 * self._folded(x)

    def curvature(self, x: Any) -> jax.Array:
        return 8 * self.height / self.spacing**2 * jnp.ones_like(x)

    @property
    def plane(self) -> jax.Array:
        return self.spacing / 2

    @property
    def depth(self) -> jax.Array:
        return self.height

    @property
    def largest_field(self) -> jax.Array:
        return 4 * self.height / self.spacing


class DoyleTurner(PlanarPotential):
    """The continuum potential of a crystal's planes, thermally averaged.

    Args:
        crystal: "diamond", "silicon", "germanium", or a `Crystal`.
        planes: Miller indices "100", "110" or "111".
        temperature: [K].

    Raises:
        InputError: crystal or planes are not known, or the temperature is below zero.

    The planes (111) come in pairs: x = 0 is the middle of the wide gap, x = spacing / 2 that of the
    narrow one. Doyle and Turner's fit holds for s up to 2 per Angstrom; it is good to a percent
    between the planes, and least where atoms are within a tenth of an Angstrom.

    >>> from fieldwright.sources import DoyleTurner
    >>> potential = DoyleTurner("diamond", "110", temperature=293.0)
    >>> print(f"{potential.spacing * 1e10:.4f} Angstrom, {potential.depth:.2f} eV")
    1.2611 Angstrom, 23.46 eV
    """

    spacing: jax.Array
    coefficients: jax.Array  # c_n of cos(g x), n = 1, 2, ... [eV]
    smearing: jax.Array  # mean of cos(g x) over the atoms, for the same n
    crystal: Crystal = eqx.field(static=True)
    planes: str = eqx.field(static=True)

    def __init__(self, crystal: Any, planes: str, temperature: Any = 293.0):
        self.crystal = crystal = find_crystal(crystal)
        self.planes = planes
        period, _ = crystal.planes(planes)
        strengths, widths = (
            np.asarray(values)
            for values in (crystal.scattering_strengths, crystal.scattering_widths)
        )
        # So many terms as cold atoms need: their number must not depend on what may be traced.
        least = widths.min() / (16 * pi**2) + float(crystal.vibration(0.0)) ** 2 / 2
        n = np.arange(1, ceil(period / (2 * pi) * sqrt(_ROUNDING / least)) + 1)
        g = 2 * pi / period * n
        structure = np.mean([np.cos(2 * pi * n * place) for place in plane_places(planes)], axis=0)
        factor = np.sum(strengths * np.exp(-widths * (g[:, None] / (4 * pi)) ** 2), axis=1)
        self.spacing = jnp.asarray(period)
        self.smearing = structure * jnp.exp(-((g * crystal.vibration(temperature)) ** 2) / 2)
        self.coefficients = 2 * crystal.atom_density * _MOTT * factor * self.smearing

    @property
    def _g(self) -> jax.Array:
        return 2 * pi / self.spacing * jnp.arange(1.0, len(self.coefficients) + 1)

    @jax.jit
    def energy(self, x: Any) -> jax.Array:
        half = jnp.asarray(x)[..., None] * self._g / 2
        return -2 * jnp.sum(self.coefficients * jnp.sin(half) ** 2, axis=-1)

    @jax.jit
    def field(self, x: Any) -> jax.Array:
        return _sine_series(self.coefficients * self._g, jnp.asarray(x) * self._g[0])

    @jax.jit
    def curvature(self, x: Any) -> jax.Array:
        waves = jnp.cos(jnp.asarray(x)[..., None] * self._g)
        return -jnp.sum(self.coefficients * self._g**2 * waves, axis=-1)

    def electron_density(self, x: Any) -> jax.Array:
        """Electrons in a volume [1/m^3] at x (...) [m], by Poisson's equation from the potential.

        Near a plane it is as good as the fit's second derivative, no more.

        >>> from fieldwright.sources import DoyleTurner
        >>> potential = DoyleTurner("silicon", "110")
        >>> mean = 14 * potential.crystal.atom_density
        >>> print(f"{potential.electron_density(0.0) / mean:.3f} of the mean, midway")
        0.302 of the mean, midway
        """
        Z, N = self.crystal.atomic_number, self.crystal.atom_density
        per_charge = _EPSILON_0 / ELEMENTARY_CHARGE
        waves = jnp.cos(jnp.asarray(x)[..., None] * self._g)
        parts = 2 * Z * N * self.smearing - per_charge * self._g**2 * self.coefficients
        return Z * N + jnp.sum(parts * waves, axis=-1)

    @property
    def plane(self) -> jax.Array:
        return _highest(self)

    @property
    def largest_field(self) -> jax.Array:
        return _largest_field(self)


def _sine_series(weights: jax.Array, angle: jax.Array) -> jax.Array:
    """The sum of weights_n sin(n angle), n = 1, 2, ..., by Clenshaw: one sine for all terms."""

    def step(last: tuple[jax.Array, jax.Array], weight: jax.Array) -> Any:
        return (weight + twice * last[0] - last[1], last[0]), None

    twice, nothing = 2 * jnp.cos(angle), jnp.zeros_like(angle)
    (total, _), _ = jax.lax.scan(step, (nothing, nothing), weights[::-1], unroll=8)
    return total * jnp.sin(angle)


@jax.jit
def _highest(potential: DoyleTurner) -> jax.Array:
    """Where the energy is highest [m]."""
    return _peak(
        potential.energy, lambda x: -potential.field(x), potential.curvature, potential.spacing
    )


@jax.jit
def _largest_field(potential: DoyleTurner) -> jax.Array:
    """The largest electric field [V/m]."""
    where = _peak(
        lambda x: jnp.abs(potential.field(x)),
        potential.curvature,
        jax.grad(potential.curvature),
        potential.spacing,
    )
    return jnp.abs(potential.field(jax.lax.stop_gradient(where)))


def _peak(height: Any, slope: Any, bend: Any, spacing: jax.Array) -> jax.Array:
    """Where `height` is largest between 0 and half the spacing; a root of `slope`, by Newton."""
    grid = jnp.linspace(0.0, spacing / 2, _GRID)
    x = grid[jnp.argmax(height(grid))]
    step = grid[1]
    for _ in range(_NEWTON):
        bent = bend(x)
        x = x - jnp.clip(slope(x) / jnp.where(bent == 0, 1.0, bent), -step, step)
    return x
