"""The Penning trap: a quadrupole of electrodes in a uniform magnetic field, ideal or not quite."""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.sources._assembly import Assembly
from fieldwright.sources._checks import (
    as_float,
    is_concrete,
    numpy_for,
    require_points,
    require_positive,
    scalar,
)
from fieldwright.sources._linear import LinearField
from fieldwright.sources._source import Source, rotation_by, to_local

#: In place of a part that is left out.
_NONE: Any = np.zeros(())


def _zero(*values: Any) -> bool:
    """Whether all values are known to be zero."""
    return is_concrete(*values) and not any(np.any(np.asarray(value)) for value in values)


def _within(radius: jax.Array, bounded: bool, points: jax.Array, field: jax.Array) -> jax.Array:
    if not bounded:
        return field
    inside = jnp.sum(points**2, axis=-1, keepdims=True) < radius**2
    return jnp.where(inside, field, 0.0)


def _quadrupole(of: Electrodes | PenningTrap) -> jax.Array:
    """The gradient (3, 3) [V/m^2] of the quadratic potential's field."""
    xp = numpy_for(of.voltage, of.size, of.ellipticity)
    one = np.ones(())
    slopes = xp.stack([one + of.ellipticity, one - of.ellipticity, -2 * one])
    return of.voltage / of.size**2 * xp.diag(slopes)


class Electrodes(Source):
    """What makes the electric field of a `PenningTrap`, see there."""

    voltage: jax.Array
    size: jax.Array
    C2: jax.Array
    C4: jax.Array
    C6: jax.Array
    ellipticity: jax.Array
    bounded: bool = eqx.field(static=True)

    def _local_potential(self, points: jax.Array) -> jax.Array:
        x, y, _, rho2, z2 = self._scaled(points)
        second = z2 - rho2 / 2 - self.ellipticity * (x**2 - y**2) / 2
        fourth = z2**2 - 3 * z2 * rho2 + 3 / 8 * rho2**2
        sixth = z2**3 - 7.5 * z2**2 * rho2 + 45 / 8 * z2 * rho2**2 - 5 / 16 * rho2**3
        return self.voltage / 2 * (self.C2 * second + self.C4 * fourth + self.C6 * sixth)

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        x, y, z, rho2, z2 = self._scaled(points)
        # Slopes of the three harmonics along z, and along x and y over x and y.
        axial = self.C2 * 2 + self.C4 * (4 * z2 - 6 * rho2)
        axial += self.C6 * (6 * z2**2 - 30 * z2 * rho2 + 45 / 4 * rho2**2)
        radial = self.C4 * (1.5 * rho2 - 6 * z2)
        radial += self.C6 * (22.5 * z2 * rho2 - 15 * z2**2 - 15 / 8 * rho2**2)
        slopes = [
            x * (radial - self.C2 * (1 + self.ellipticity)),
            y * (radial - self.C2 * (1 - self.ellipticity)),
            z * axial,
        ]
        strength = self.voltage / (jnp.sqrt(2) * self.size)
        return _within(self.size, self.bounded, points, -strength * jnp.stack(slopes, axis=-1))

    def _scaled(self, points: jax.Array) -> tuple[jax.Array, ...]:
        """Coordinates over d, and the squares of rho and z over d^2; size^2 = 2 d^2."""
        x, y, z = jnp.moveaxis(points * (jnp.sqrt(2) / self.size), -1, 0)
        return x, y, z, x**2 + y**2, z**2

    def _linear(self) -> LinearField:
        return LinearField.static(G=self.C2 * _quadrupole(self))

    def _rest(self) -> Source | None:
        return None if _zero(self.C4, self.C6) else dataclasses.replace(self, C2=_NONE)


class Magnet(Source):
    """What makes the magnetic field of a `PenningTrap`, see there; the tilt is its rotation."""

    field: jax.Array
    B2: jax.Array
    size: jax.Array
    bounded: bool = eqx.field(static=True)

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        x, y, z = jnp.moveaxis(points, -1, 0)
        axial = self.field + self.B2 * (z**2 - (x**2 + y**2) / 2)
        B = jnp.stack([-self.B2 * z * x, -self.B2 * z * y, axial], axis=-1)
        return _within(self.size, self.bounded, points, B)

    def _linear(self) -> LinearField:
        return LinearField.static(B=self.field * np.array([0.0, 0.0, 1.0]))

    def _rest(self) -> Source | None:
        return None if _zero(self.B2) else dataclasses.replace(self, field=_NONE)


class PenningTrap(Source):
    """A Penning trap: the field of its electrodes and a magnetic field along z.

    Args:
        magnetic_field: B0 [T], along z; of any sign, zero leaves the electrodes alone.
        voltage: V0 [V]; above zero it holds positive charges along z.
        size: the length [m] of V0 / (2 size^2) (2 z^2 - x^2 - y^2). For hyperbolic electrodes V0
            apart size^2 = z0^2 + rho0^2 / 2, so it is sqrt(2) times the d of Brown and Gabrielse.
        C4: octupole part of the potential.
        C6: dodecapole part of the potential.
        B2: magnetic bottle [T/m^2].
        ellipticity: epsilon, of the quadrupole across the axis.
        tilt: rotation (2,) [rad], about x and y, of the magnetic field against the electrodes.
        bounded: whether E and B stop at the distance `size` from the centre. Such fields are not
            Maxwell's: their edge would need charges and currents there.
        position: centre (3,) [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: a value is not a finite float64 of its shape, or `size` is not above zero.

    With d = size / sqrt(2) and r, theta from the centre and the z axis, the potential is

        V = V0/2 [ (r/d)^2 P2 - epsilon (x^2 - y^2)/(2 d^2) + C4 (r/d)^4 P4 + C6 (r/d)^6 P6 ],

    P_k = P_k(cos theta): the expansion of L. S. Brown and G. Gabrielse (Rev. Mod. Phys. 58, 233,
    1986; for epsilon and the tilt Phys. Rev. A 25, 2423, 1982) with C2 = 1. Its quadratic part is
    V0 / (2 size^2) [2 z^2 - (1 + epsilon) x^2 - (1 - epsilon) y^2]. So w_z^2 = 2 q V0 / (m size^2),
    and an axial amplitude A shifts w_z by the fractions 3/4 C4 (A/d)^2 and 15/16 C6 (A/d)^4.

    The magnetic field is B0 z^ + B2 [(z^2 - rho^2/2) z^ - z rho rho^], turned as a whole by `tilt`.

    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> print(f"{trap.E([0.0, 0.0, 20e-6])[2]:.6f} V/m")
    -4.000000 V/m
    """

    magnetic_field: jax.Array = eqx.field(converter=scalar("magnetic_field"))
    voltage: jax.Array = eqx.field(converter=scalar("voltage"))
    size: jax.Array = eqx.field(converter=scalar("size"))
    C4: jax.Array = eqx.field(default=0.0, converter=scalar("C4"), kw_only=True)
    C6: jax.Array = eqx.field(default=0.0, converter=scalar("C6"), kw_only=True)
    B2: jax.Array = eqx.field(default=0.0, converter=scalar("B2"), kw_only=True)
    ellipticity: jax.Array = eqx.field(default=0.0, converter=scalar("ellipticity"), kw_only=True)
    tilt: jax.Array = eqx.field(
        default=(0.0, 0.0), converter=lambda value: as_float(value, "tilt", (2,)), kw_only=True
    )
    bounded: bool = eqx.field(default=False, static=True, kw_only=True)

    def __check_init__(self) -> None:
        require_positive(size=self.size)

    @property
    def electrodes(self) -> Source:
        """What makes the electric field: a source placed as the trap is."""
        return self._electrodes(position=self.position, rotation=self.rotation)

    def potential(self, points: Any) -> jax.Array:
        """The electric potential [V] of the electrodes at points; a bound is left out of account.

        Args:
            points: where, shape (..., 3) [m].

        Returns:
            V, shape (...) [V], zero at the centre; E = -grad V.

        Raises:
            InputError: points are not float64 of shape (..., 3).

        >>> from fieldwright.sources import PenningTrap
        >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
        >>> print(f"{trap.potential([0.0, 0.0, 500e-6]) * 1e3:.3f} mV")
        25.000 mV
        """
        local = to_local(self, require_points(points))
        return self._electrodes()._local_potential(local)

    def _electrodes(self, **placement: Any) -> Electrodes:
        one: Any = np.ones(())
        shape = self.C4, self.C6, self.ellipticity, self.bounded
        return Electrodes(self.voltage, self.size, one, *shape, **placement)

    def _magnet(self) -> Magnet:
        rotation = numpy_for(self.tilt).append(self.tilt, 0.0)
        return Magnet(self.magnetic_field, self.B2, self.size, self.bounded, rotation=rotation)

    def _parts(self) -> Assembly:
        placement = {"position": self.position, "rotation": self.rotation}
        return Assembly((self._electrodes(), self._magnet()), **placement)

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return self._electrodes()._local_E(points, time)

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return self._parts()._local_B(points, time)

    def _linear(self) -> LinearField | None:
        """The quadratic potential and the uniform B, without the bound of a bounded trap.

        Ions that reach the bound are lost, so that what is beyond it moves none of them.
        """
        xp = numpy_for(self.tilt)
        axis = rotation_by(xp, xp.append(self.tilt, 0.0))[:, 2]
        return LinearField.static(G=_quadrupole(self), B=self.magnetic_field * axis)

    def _rest(self) -> Source | None:
        return None if _zero(self.C4, self.C6, self.B2) else self._parts()._rest()
