"""A coil of rectangular winding section."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp

from fieldwright.errors import InputError
from fieldwright.sources._checks import is_concrete, millimetres, require_positive, scalar
from fieldwright.sources._loop import axisymmetric, squared_radius
from fieldwright.sources._sheet import sheet_field
from fieldwright.sources._source import Source
from fieldwright.sources._winding import FINE, over_winding


class Coil(Source):
    """A coil wound around its z axis, its current spread evenly over a rectangular section.

    Args:
        inner_radius: of the winding [m].
        outer_radius: of the winding [m].
        length: along the axis [m].
        turns: number of turns.
        current: in each turn [A], along +phi if positive.
        position: centre (3,) [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: a value is not a finite float64, a dimension or the number of turns is not above
            zero, or the outer radius is inside the inner one.

    The field is the sum over current sheets (closed form of each by Landen's transformation, see
    `sources._sheet`) with Gauss nodes placed for the distance: good to 1e-13 of the field in the
    bore, to 1e-11 inside the winding. Far away the fields of its ends cancel: at a hundred sizes
    seven digits are left.

    >>> from fieldwright.sources import Coil
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> print(f"{coil.B([0.0, 0.0, 0.0])[2] * 1e3:.6f} mT")
    27.053030 mT
    """

    inner_radius: jax.Array = eqx.field(converter=scalar("inner_radius"))
    outer_radius: jax.Array = eqx.field(converter=scalar("outer_radius"))
    length: jax.Array = eqx.field(converter=scalar("length"))
    turns: jax.Array = eqx.field(converter=scalar("turns"))
    current: jax.Array = eqx.field(default=1.0, converter=scalar("current"))

    def __check_init__(self) -> None:
        require_positive(
            inner_radius=self.inner_radius,
            outer_radius=self.outer_radius,
            length=self.length,
            turns=self.turns,
        )
        radii = self.inner_radius, self.outer_radius
        if is_concrete(*radii) and not self.outer_radius > self.inner_radius:
            raise InputError(
                f"outer_radius {millimetres(self.outer_radius)} is not outside "
                f"inner_radius {millimetres(self.inner_radius)}",
                parameter="outer_radius",
            )

    @property
    def turn_density(self) -> jax.Array:
        """Turns per area of the winding's section [1/m^2]: the current density of 1 A."""
        return self.turns / ((self.outer_radius - self.inner_radius) * self.length)

    @property
    def moment(self) -> jax.Array:
        """Magnetic moment (3,) [A m^2] in the coil's own frame."""
        cubes = self.outer_radius**3 - self.inner_radius**3
        moment = self.current * self.turn_density * self.length * jnp.pi * cubes / 3
        return moment * jnp.array([0.0, 0.0, 1.0])

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        r2 = squared_radius(points)[:, None]
        ends = points[:, 2:] + jnp.array([0.5, -0.5]) * self.length
        radial, axial = over_winding(
            lambda a: sheet_field(a, r2, ends, FINE.steps),
            r2,
            ends,
            self.inner_radius,
            self.outer_radius,
            FINE,
        )
        density = self.current * self.turn_density
        return axisymmetric(
            points,
            density * (radial[:, 0] - radial[:, 1]),
            density * (axial[:, 0] - axial[:, 1]),
        )
