"""How this room's compiled functions are called: one program for all lattices of a size."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import PLAIN, compiled, stands_for
from fieldwright.rings._rows import Programme, Rows
from fieldwright.sources._checks import is_concrete

_P = ParamSpec("_P")
_R = TypeVar("_R")


def of_rows(
    function: Callable[Concatenate[Rows, _P], _R],
    *,
    static: tuple[str, ...] = (),
    options: Mapping[str, Any] = PLAIN,
) -> Callable[Concatenate[Programme, _P], _R]:
    """A function whose first argument is a lattice's `Rows`, compiled, of a `Programme`.

    With known numbers, the programme is data and the program serves every lattice of its size.
    Inside a user's transformation it is known as it is traced, so that loops have known lengths
    and can be differentiated backwards; that is compiled for each structure.
    """
    outside = compiled(function, static=static, options=options)
    inside = jax.jit(function, static_argnames=("rows", *static))

    @functools.wraps(function)
    def call(programme: Programme, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        if is_concrete(args, kwargs):
            return outside(programme.rows, *args, **kwargs)
        return inside(programme.exact, *args, **kwargs)

    stands_for(outside, call)
    return call


def table_for(programme: Programme, lattice: Any, *others: Any) -> Any:
    """The lattice's table as compiled functions take it: filled up, but inside a transformation.

    `others` is what they are given besides.
    """
    if is_concrete(lattice.table, lattice.energy, others):
        return jax.device_put(programme.filled(np.asarray(lattice.table)))
    return lattice.table


def numbers(*values: Any) -> Any:
    """Numbers as one array, which takes a call less time than one by one."""
    if is_concrete(values):
        return jax.device_put(np.array(values, dtype=float))
    return jnp.stack([jnp.asarray(value, dtype=float) for value in values])


def known(values: Any) -> Any:
    """Arrays as NumPy's, whose parts can be taken without compiling anything; else as they are."""
    return jax.tree.map(np.asarray, values) if is_concrete(values) else values
