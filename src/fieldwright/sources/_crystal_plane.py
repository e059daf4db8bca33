"""The field of a crystal's planes: straight, bent, or bent to and fro."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from fieldwright.errors import InputError
from fieldwright.sources._checks import is_concrete, require_positive, scalar
from fieldwright.sources._planar_potential import PlanarPotential
from fieldwright.sources._source import Source


class CrystalPlanes(Source):
    """The electric field of a crystal's planes, for charges that move nearly along z.

    Args:
        potential: across the planes: a `DoyleTurner` or a `HarmonicPotential`.
        length: of the crystal [m]: there is a field where 0 <= z <= length.
        curvature: one over the radius that the planes are bent to [1/m]; above zero their middle of
            curvature is at positive x.
        amplitude: of the bending to and fro [m].
        period: of the bending to and fro [m]; needed where there is an amplitude.
        position: where (0, 0, 0) of the crystal is [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: a length or a period is not above zero, an amplitude has no period, or planes
            are bent to a radius below the length.

    The planes stand across x and fill all space across z. The middle of a gap runs along x =
    offset(z), amplitude cos(2 pi z / period) plus the arc of a circle through the origin; it begins
    parallel to z. The field is the gradient of one potential, so that the energy of a charge is
    conserved inside. The faces are sharp: a charge that crosses one keeps its momentum, while its
    potential energy, at most the depth, begins or ends.

    >>> from fieldwright.sources import CrystalPlanes, DoyleTurner
    >>> planes = CrystalPlanes(DoyleTurner("diamond", "110"), 1.4e-3, amplitude=1e-10, period=14e-6)
    >>> print(f"{planes.E([0.7e-10, 0.0, 0.0])[0]:.4e} V/m")
    3.7360e+11 V/m
    """

    potential: PlanarPotential
    length: jax.Array = eqx.field(converter=scalar("length"))
    curvature: jax.Array = eqx.field(default=0.0, converter=scalar("curvature"), kw_only=True)
    amplitude: jax.Array = eqx.field(default=0.0, converter=scalar("amplitude"), kw_only=True)
    period: jax.Array | None = eqx.field(
        default=None, converter=lambda v: v if v is None else scalar("period")(v), kw_only=True
    )

    def __check_init__(self) -> None:
        if not isinstance(self.potential, PlanarPotential):
            raise InputError(
                "potential must be a DoyleTurner or a HarmonicPotential, got "
                f"{type(self.potential).__name__}",
                parameter="potential",
            )
        require_positive(length=self.length)
        if is_concrete(self.curvature, self.length) and abs(self.curvature) * self.length >= 1:
            raise InputError(
                f"planes bent to a radius of {float(1 / abs(self.curvature)):g} m turn back within "
                f"the length of {float(self.length):g} m",
                parameter="curvature",
            )
        if self.period is not None:
            require_positive(period=self.period)
        elif is_concrete(self.amplitude) and self.amplitude != 0:
            raise InputError(
                "planes with an amplitude need the period of their bending [m] as well",
                parameter="period",
            )

    def offset(self, z: Any) -> jax.Array:
        """The x [m] of the middle of the gap that begins at the origin or one amplitude from it.

        Args:
            z: depth in the crystal (...) [m].
        """
        bend = self.curvature * z * z / (1 + jnp.sqrt(1 - (self.curvature * z) ** 2))
        return bend + self._waves(z)[0]

    def slope(self, z: Any) -> jax.Array:
        """The angle dx/dz [rad] of the planes at depth z (...) [m]."""
        turn = self.curvature * z
        return turn / jnp.sqrt(1 - turn * turn) + self._waves(z)[1]

    def across(self, x: Any, z: Any) -> jax.Array:
        """The coordinate across the planes (...) [m] of points at x and z (...) [m]."""
        return self._gap(x, z)[0]

    @property
    def largest_curvature(self) -> jax.Array:
        """The largest curvature of the planes [1/m]."""
        if self.period is None:
            return jnp.abs(self.curvature)
        wave = jnp.abs(self.amplitude) * (2 * jnp.pi / self.period) ** 2
        return jnp.abs(self.curvature) + wave

    def _waves(self, z: Any) -> tuple[jax.Array, jax.Array]:
        """The wavy part of the planes' place [m] and slope."""
        if self.period is None:
            return jnp.zeros_like(z), jnp.zeros_like(z)
        k = 2 * jnp.pi / self.period
        return self.amplitude * jnp.cos(k * z), -self.amplitude * k * jnp.sin(k * z)

    def _gap(self, x: Any, z: Any) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The coordinate across the planes and its derivatives to x and to z.

        The distance to a circle's middle is written without subtracting the radius.
        """
        bent = self.curvature
        root = jnp.sqrt((1 - bent * x) ** 2 + (bent * z) ** 2)
        wave, slope = self._waves(z)
        across = (2 * x - bent * (x * x + z * z)) / (1 + root)
        return across - wave, (1 - bent * x) / root, -bent * z / root - slope

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        x, z = points[:, 0], points[:, 2]
        across, to_x, to_z = self._gap(x, z)
        inside = (z >= 0) & (z <= self.length)
        field = jnp.where(inside, self.potential.field(across), 0.0)
        return jnp.stack([field * to_x, jnp.zeros_like(field), field * to_z], axis=-1)
