"""What light asks of the numbers it is given, in the user's words."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float, is_concrete


def numbers(value: Any, name: str) -> Any:
    """`value` as a float64 array of any shape, not empty; a number that is none is refused."""
    try:
        shape = np.shape(value)
    except ValueError as error:
        raise InputError(f"{name} is not an array of numbers: {error}", parameter=name) from None
    value = as_float(value, name, shape)
    if 0 in shape:
        raise InputError(f"{name} is empty, of the shape {shape}", parameter=name)
    return value


def as_result(found: Any) -> Any:
    """What NumPy found of known numbers as arrays of JAX, which results are."""
    return jax.device_put(found) if is_concrete(found) else found


def above_zero(value: Any, name: str) -> Any:
    """`numbers` that are all above zero."""
    value = numbers(value, name)
    if is_concrete(value) and not np.all(np.asarray(value) > 0):
        raise InputError(f"{name} must be above zero, got {value}", parameter=name)
    return value


def not_negative(value: Any, name: str) -> Any:
    """`numbers` of which none is below zero."""
    value = numbers(value, name)
    if is_concrete(value) and not np.all(np.asarray(value) >= 0):
        raise InputError(f"{name} must not be below zero, got {value}", parameter=name)
    return value


def whole(value: Any, name: str, least: int = 1) -> int:
    """A whole number, at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(
            f"{name} must be a whole number, at least {least}, got {value!r}", parameter=name
        )
    return int(value)
