"""What an outside field does to a magnet or an assembly: why one opposes two magnets."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.sources import (
    Assembly,
    Coil,
    Cuboid,
    CylinderMagnet,
    Dipole,
    Loop,
    Source,
    rotation_matrix,
)
from fieldwright.sources._checks import as_float, is_concrete


class ExternalCoupling(Result):
    """How a body feels the field of its surroundings; what `external_coupling` returns.

    Attributes:
        moment: net magnetic moment (3,) [A m^2].
        first_moment: integral of r_i M_j about the body's position (3, 3) [A m^3]; for an opposed
            pair, whose moment is zero, it is what a gradient can still turn.
    """

    moment: jax.Array = quantity("A m^2", "net magnetic moment")
    first_moment: jax.Array = quantity("A m^3", "first moment of the magnetization")

    def force(self, gradient: Any) -> jax.Array:
        """Force in a uniform field gradient.

        Args:
            gradient: dB_i/dx_j (3, 3) [T/m], without divergence and curl as outside fields are.

        Returns:
            The force (3,) [N].

        Raises:
            InputError: the gradient has a trace or is not symmetric.
        """
        return _require_gradient(gradient) @ self.moment

    def torque(self, field: Any, gradient: Any = None) -> jax.Array:
        """Torque about the body's position in a field that may have a uniform gradient.

        Args:
            field: B (3,) [T] at the body's position.
            gradient: dB_i/dx_j (3, 3) [T/m], zero if not given.

        Returns:
            The torque (3,) [N m].

        Raises:
            InputError: as `force`.
        """
        torque = jnp.cross(self.moment, as_float(field, "field", (3,)))
        if gradient is None:
            return torque
        # r x grad(M.B) + M x (G r) = eps_kab G_bc (D_ac + D_ca), summed over the body.
        both = (self.first_moment + self.first_moment.T) @ _require_gradient(gradient)
        return torque + jnp.stack(
            [both[1, 2] - both[2, 1], both[2, 0] - both[0, 2], both[0, 1] - both[1, 0]]
        )


def external_coupling(magnet: Source) -> ExternalCoupling:
    """Net moment of a body, and with it the force and torque that a slowly varying field exerts.

    Args:
        magnet: `CylinderMagnet`, `Cuboid`, `Dipole`, a `Coil` or `Loop` at its own current, or an
            `Assembly` of these.

    Returns:
        An `ExternalCoupling`.

    Raises:
        InputError: a source of another kind.

    Source: F = grad(m . B); J. D. Jackson, Classical Electrodynamics (1999), eq. 5.69.

    >>> from fieldwright.forces import external_coupling
    >>> from fieldwright.sources import Assembly, CylinderMagnet
    >>> def magnet(M, z):
    ...     return CylinderMagnet(radius=5e-3, length=0.01, magnetization=M, position=[0, 0, z])
    >>> gradient = [[-5e-7, 0, 0], [0, -5e-7, 0], [0, 0, 1e-6]]  # 1 uT/m
    >>> alone = external_coupling(Assembly([magnet(8.78e5, 0)]))
    >>> pair = external_coupling(Assembly([magnet(8.78e5, 0), magnet(-8.78e5, 0.0652)]))
    >>> print(f"{alone.force(gradient)[2] * 1e9:.1f} nN, {pair.force(gradient)[2] * 1e9:.1f} nN")
    689.6 nN, 0.0 nN
    """
    moment, first = _moments(magnet)
    return ExternalCoupling(moment, first - jnp.outer(jnp.asarray(magnet.position), moment))


def _moments(body: Source) -> tuple[jax.Array, jax.Array]:
    """Moment and first moment in the frame that `body` is placed in."""
    match body:
        case Assembly():
            parts = [_moments(member) for member in body.sources]
            moment = sum((part[0] for part in parts[1:]), start=parts[0][0])
            first = sum((part[1] for part in parts[1:]), start=parts[0][1])
        case CylinderMagnet() | Cuboid() | Dipole() | Coil() | Loop():
            moment, first = jnp.asarray(body.moment), jnp.zeros((3, 3))
        case _:
            raise InputError(
                f"the magnetic moment of a {type(body).__name__} is not known", parameter="magnet"
            )
    R = rotation_matrix(jnp.asarray(body.rotation))
    moment = R @ moment
    return moment, R @ first @ R.T + jnp.outer(jnp.asarray(body.position), moment)


def _require_gradient(gradient: Any) -> jax.Array:
    gradient = as_float(gradient, "gradient", (3, 3))
    if is_concrete(gradient):
        size = 1e-9 * np.max(np.abs(gradient))
        if abs(np.trace(gradient)) > size:
            raise InputError(
                f"the gradient has a divergence of {np.trace(gradient):.3g} T/m: that of a "
                f"magnetic field is zero",
                parameter="gradient",
            )
        if np.max(np.abs(gradient - gradient.T)) > size:
            raise InputError(
                "the gradient is not symmetric: outside its sources a magnetic field has no curl",
                parameter="gradient",
            )
    return jnp.asarray(gradient)
