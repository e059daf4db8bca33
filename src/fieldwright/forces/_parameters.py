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
    if not isinstance(name, str):
        raise InputError(f"dimensions go by names such as 'coil.length', got {name!r}")
    value: Any = pair
    for part in name.split("."):
        names = _names(value)
        if part not in names:
            raise InputError(
                f"there is no dimension {name!r}: {_hint(part, names)}", parameter=name
            )
        value = value[int(part)] if part.isdigit() else getattr(value, part)
    if value is None or np.ndim(value) != 0 or isinstance(value, Source):
        further = _names(value)
        raise InputError(
            f"{name!r} is not one number: "
            + (f"go on to one of {', '.join(further)}" if further else "this magnet has none"),
            parameter=name,
        )
    _require_coaxial(name)
    return value


def _hint(part: str, names: list[str]) -> str:
    near = difflib.get_close_matches(part, names, n=1)
    if near:
        return f"did you mean {near[0]!r} for {part!r}?"
    if names == list(Pair._fields):
        return "begin with 'coil.' or 'magnet.'"
    return (
        f"{part!r} is none of {', '.join(names)}" if names else f"nothing follows before {part!r}"
    )


def _require_coaxial(name: str) -> None:
    """Of the poses, only where members of an assembly are along the axis leaves it coaxial."""
    parts = name.split(".")
    if "rotation" in parts or ("position" in parts and (len(parts) < 5 or parts[-1] != "2")):
        raise InputError(
            f"{name!r} leaves the axis, or is part of the distance, which is not a dimension: "
            f"see wrench and stiffness",
            parameter=name,
        )


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
