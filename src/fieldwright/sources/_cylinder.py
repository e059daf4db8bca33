"""A cylindrical permanent magnet, solid or hollow, magnetized along its axis."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from fieldwright.constants import MU_0
from fieldwright.errors import InputError
from fieldwright.sources._checks import (
    as_float,
    is_concrete,
    millimetres,
    require_positive,
)
from fieldwright.sources._loop import axisymmetric, squared_radius
from fieldwright.sources._sheet import sheet_field
from fieldwright.sources._source import Source


class CylinderMagnet(Source):
    """A cylinder of uniform magnetization along its z axis; hollow if `inner_radius` is given.

    Args:
        radius: outer radius [m].
        length: along the axis [m].
        magnetization: [A/m], negative if it points along -z. Or:
        remanence: mu0 times the magnetization [T]. Give one of the two.
        inner_radius: of a ring magnet [m]; a solid one has None.
        position: centre (3,) [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: a value is not a finite float64, a dimension is not above zero, the inner radius
            is not inside the outer, or magnetization and remanence are both given or both missing.

    The field is that of the current sheets on its walls, in closed form; on the edges it is not
    finite, as that of a sharp-edged magnet is not. Far away the walls' ends cancel: at a hundred
    sizes ten digits are left, at a thousand seven.

    >>> from fieldwright.sources import CylinderMagnet
    >>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, remanence=1.1)
    >>> print(f"{magnet.B([0.0, 0.0, 0.0])[2]:.6f} T, {magnet.moment[2]:.6f} A m^2")
    0.491935 T, 0.074250 A m^2
    """

    radius: jax.Array
    length: jax.Array
    magnetization: jax.Array
    inner_radius: jax.Array | None

    def __init__(
        self,
        radius: Any,
        length: Any,
        magnetization: Any = None,
        remanence: Any = None,
        inner_radius: Any = None,
        position: Any = (0.0, 0.0, 0.0),
        rotation: Any = (0.0, 0.0, 0.0),
    ):
        if (magnetization is None) == (remanence is None):
            raise InputError(
                "give a magnet either its magnetization [A/m] or its remanence [T], not "
                + ("neither" if remanence is None else "both"),
                parameter="magnetization",
            )
        self.radius = as_float(radius, "radius")
        self.length = as_float(length, "length")
        self.magnetization = (
            as_float(remanence, "remanence") / MU_0
            if magnetization is None
            else as_float(magnetization, "magnetization")
        )
        self.inner_radius = None if inner_radius is None else as_float(inner_radius, "inner_radius")
        self.position = as_float(position, "position", (3,))
        self.rotation = as_float(rotation, "rotation", (3,))

    def __check_init__(self) -> None:
        require_positive(radius=self.radius, length=self.length)
        if self.inner_radius is None or not is_concrete(self.inner_radius, self.radius):
            return
        if self.inner_radius < 0:
            raise InputError(
                f"inner_radius must not be below zero, got {millimetres(self.inner_radius)}",
                parameter="inner_radius",
            )
        if not self.radius > self.inner_radius:
            raise InputError(
                f"radius {millimetres(self.radius)} is not outside "
                f"inner_radius {millimetres(self.inner_radius)}",
                parameter="radius",
            )

    @property
    def walls(self) -> list[tuple[float, jax.Array]]:
        """Its walls as (sign, radius [m]): the magnet is a sheet of `magnetization` on each."""
        outer = [(1.0, self.radius)]
        return outer if self.inner_radius is None else [*outer, (-1.0, self.inner_radius)]

    @property
    def volume(self) -> jax.Array:
        """Volume of the material [m^3]."""
        return jnp.pi * self.length * sum(sign * radius**2 for sign, radius in self.walls)

    @property
    def moment(self) -> jax.Array:
        """Magnetic moment (3,) [A m^2] in the magnet's own frame."""
        return self.magnetization * self.volume * jnp.array([0.0, 0.0, 1.0])

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        r2 = squared_radius(points)[:, None]
        ends = points[:, 2:] + jnp.array([0.5, -0.5]) * self.length
        total = jnp.zeros((2, points.shape[0]))
        for sign, wall in self.walls:
            # A hollow of no radius carries no current, but its closed form is 0/0.
            closed = wall == 0
            field = jnp.stack(sheet_field(jnp.where(closed, self.radius, wall), r2, ends, 7))
            total += jnp.where(closed, 0.0, sign) * (field[..., 0] - field[..., 1])
        return axisymmetric(points, *(self.magnetization * total))
