"""What every source checks about the numbers it is given, in the user's words."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError


def is_concrete(*values: Any) -> bool:
    """Whether values are known numbers: inside `jit`, `grad` and `vmap` they are not."""
    return not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))


def numpy_for(*values: Any) -> Any:
    """NumPy where values are known numbers, else JAX's: op by op, JAX compiles each operation."""
    return np if is_concrete(*values) else jnp


def as_float(value: Any, name: str, shape: tuple[int | None, ...] = ()) -> Any:
    """`value` as a float64 array of `shape`; None in a shape stands for any number."""
    if not isinstance(value, jax.Array):
        try:
            value = np.asarray(value)
        except ValueError as error:
            raise InputError(
                f"{name} is not an array of numbers: {error}", parameter=name
            ) from None
        if value.dtype.kind not in "iuf":
            raise InputError(
                f"{name} must be a real number in SI units, got {value!r}", parameter=name
            )
        if value.dtype.kind in "iu":
            value = value.astype(np.float64)
    if value.dtype not in (np.dtype("float64"), jax.dtypes.float0):
        raise InputError(
            f"{name} is {value.dtype}: Fieldwright computes in float64 only; "
            f"convert it with .astype('float64')",
            parameter=name,
        )
    fits = len(value.shape) == len(shape) and all(
        want in (None, got) for got, want in zip(value.shape, shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join("n" if n is None else str(n) for n in shape) + ")"
        raise InputError(
            f"{name} must have the shape {wanted}, got {tuple(value.shape)}", parameter=name
        )
    if is_concrete(value) and not np.all(np.isfinite(value)):
        raise InputError(f"{name} must be finite, got {value}", parameter=name)
    return value


def scalar(name: str) -> Any:
    """A converter for one number called `name`."""
    return lambda value: as_float(value, name)


def vector(name: str) -> Any:
    """A converter for a vector (3,) called `name`."""
    return lambda value: as_float(value, name, (3,))


def require_positive(**values: Any) -> None:
    """Raise `InputError` unless every value that is known is above zero."""
    for name, value in values.items():
        if is_concrete(value) and not value > 0:
            raise InputError(f"{name} must be above zero, got {value:g}", parameter=name)


def require_points(points: Any) -> Any:
    """`points` as a float64 array (..., 3)."""
    if not isinstance(points, jax.Array):
        try:
            points = np.asarray(points)
        except ValueError as error:
            raise InputError(
                f"points are not an array of numbers: {error}", parameter="points"
            ) from None
        if points.dtype.kind in "iu":
            points = points.astype(np.float64)
    if points.ndim == 0 or points.shape[-1] != 3:
        raise InputError(
            f"points must have the shape (..., 3) in metres, got {points.shape}",
            parameter="points",
        )
    if points.dtype != np.dtype("float64"):
        raise InputError(
            f"points are {points.dtype}: Fieldwright computes in float64 only; "
            f"convert them with .astype('float64')",
            parameter="points",
        )
    return points


def millimetres(length: Any) -> str:
    """A length [m] as people write it in a drawing."""
    return f"{float(length) * 1e3:.6g} mm"
