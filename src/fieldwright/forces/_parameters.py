"""Dimensions by name: 'coil.inner_radius', 'magnet.sources.1.length'."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np

from fieldwright.errors import InputError
from fieldwright.sources import Coil, Source


class Pair(NamedTuple):
    """A coil and the magnet it pushes: what names of dimensions start from."""

    coil: Coil
    magnet: Source


def get(pair: Pair, name: str) -> Any:
    """The dimension called `name`.

    Raises:
        InputError: there is none of that name.
    """
    value: Any = pair
    for part in name.split("."):
        names = _names(value)
        if part not in names:
            near = difflib.get_close_matches(part, names, n=1)
            raise InputError(
                f"there is no dimension {name!r}: "
                + (f"did you mean {near[0]!r} for {part!r}?" if near else "")
                + (f" {part!r} is none of {', '.join(names)}" if names and not near else ""),
                parameter=name,
            )
        value = value[int(part)] if part.isdigit() else getattr(value, part)
    if value is None or np.ndim(value) != 0 or isinstance(value, Source):
        raise InputError(f"{name!r} is not one number: go on to {_names(value)}", parameter=name)
    return value


def replaced(pair: Pair, values: Mapping[str, Any]) -> Pair:
    """The pair with some of its dimensions changed."""
    for name, value in values.items():
        pair = _replaced(pair, name.split("."), value)
    return pair


def _replaced(node: Any, parts: list[str], value: Any) -> Any:
    if not parts:
        return value
    first, rest = parts[0], parts[1:]
    if isinstance(node, tuple) and not hasattr(node, "_fields"):
        index = int(first)
        return (*node[:index], _replaced(node[index], rest, value), *node[index + 1 :])
    if first.isdigit():  # a component of a position
        index = int(first)
        return [_replaced(v, rest, value) if i == index else v for i, v in enumerate(node)]
    child = _replaced(getattr(node, first), rest, value)
    if isinstance(child, list):
        import jax.numpy as jnp

        child = jnp.stack([jnp.asarray(component, dtype=float) for component in child])
    if isinstance(node, Pair):
        return node._replace(**{first: child})
    return eqx.tree_at(lambda n: getattr(n, first), node, child)


def _names(value: Any) -> list[str]:
    if isinstance(value, Pair):
        return list(value._fields)
    if isinstance(value, Source):
        return [field.name for field in dataclasses.fields(value)]
    if isinstance(value, tuple) or np.ndim(value) == 1:
        return [str(index) for index in range(len(value))]
    return []
