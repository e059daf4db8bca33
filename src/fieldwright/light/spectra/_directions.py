"""Directions of light: unit vectors, or small angles about the beam's axis z."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float, is_concrete


class Directions(eqx.Module):
    """Unit vectors n as `across` (..., 2), n_x and n_y, and `drop` (...), 1 - n_z, not rounded."""

    across: Any
    drop: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the set of directions."""
        return tuple(self.drop.shape)

    def vectors(self) -> jax.Array:
        """The unit vectors (..., 3)."""
        return jnp.concatenate([self.across, 1 - jnp.asarray(self.drop)[..., None]], axis=-1)

    def tilt(self) -> jax.Array:
        """(1 - n_z) times e e^T (..., 2, 2) of the unit vector e along n_x, n_y.

        It takes x and y to what they lose where z turns into n the shortest way. Straight behind,
        where every way is as short, they turn about y.
        """
        drop, across = jnp.asarray(self.drop), jnp.asarray(self.across)
        behind = drop > 1
        nowhere = behind & (jnp.sum(across**2, axis=-1) == 0)
        across = jnp.where(nowhere[..., None], jnp.array([1.0, 0.0]), across)
        square = jnp.where(behind, jnp.sum(across**2, axis=-1), 1.0)
        # (1 - n_z) / (n_x^2 + n_y^2) is 1 / (1 + n_z), of which either may lose its digits
        scale = jnp.where(behind, drop / square, 1 / (2 - jnp.where(behind, 0.0, drop)))
        return scale[..., None, None] * across[..., :, None] * across[..., None, :]

    def flat(self) -> Directions:
        """The same directions on one axis."""
        return Directions(self.across.reshape(-1, 2), self.drop.reshape(-1))


def as_directions(direction: Any) -> Directions:
    """`direction` as the user may give it.

    Args:
        direction: vectors (..., 3) of any length, or angles (..., 2) [rad]: the polar angle from z
            is their root of squares, and the azimuth that of the vector they make.

    Raises:
        InputError: another shape, a vector of length zero, or a value that is not finite.
    """
    shape = np.shape(direction)
    if not shape or shape[-1] not in (2, 3):
        raise InputError(
            "direction must be vectors (..., 3) or angles (..., 2) about z [rad], got the shape "
            f"{shape}",
            parameter="direction",
        )
    if 0 in shape:
        raise InputError("direction must be one or more, got none", parameter="direction")
    value = as_float(direction, "direction", (None,) * len(shape))
    xp = np if is_concrete(value) else jnp
    value = xp.asarray(value)
    if shape[-1] == 3:
        length = xp.sqrt(xp.sum(value**2, axis=-1, keepdims=True))
        if xp is np and not np.all(length > 0):
            raise InputError("a direction has length zero", parameter="direction")
        return directions_of(value / length)
    square = xp.sum(value**2, axis=-1)
    # sin(x) / x and 2 sin(x / 2)^2, smooth at zero
    polar = xp.sqrt(xp.where(square > 0, square, 1.0))
    sinc = xp.where(square > 1e-8, xp.sin(polar) / polar, 1 - square / 6)
    drop = xp.where(square > 1e-8, 2 * xp.sin(polar / 2) ** 2, square / 2 - square**2 / 24)
    return Directions(value * sinc[..., None], drop)


def directions_of(unit: Any) -> Directions:
    """Directions of vectors (..., 3) of length one, in NumPy or in JAX as they are."""
    xp = np if isinstance(unit, np.ndarray) else jnp
    across, along = unit[..., :2], unit[..., 2]
    ahead = along > 0
    square = xp.sum(across**2, axis=-1)
    drop = xp.where(ahead, square / (1 + xp.where(ahead, along, 0.0)), 1 - along)
    return Directions(across, drop)
