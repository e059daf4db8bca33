"""How this room's compiled functions are called: one program for all lattices of a size."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import PLAIN, compiled, stands_for
from fieldwright.rings.lattice._programme import Programme
from fieldwright.rings.lattice._rows import Rows
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


def placed(
    programme: Programme, lattice: Any, *numbers: Any, beside: Any = None
) -> tuple[Any, Any]:
    """The lattice's table and some numbers where compiled functions run, as they take them.

    The table is filled up, but inside a transformation. `beside` is what they are given as well.
    """
    if not is_concrete(lattice.table, numbers, beside):
        return lattice.table, jnp.stack([jnp.asarray(number, dtype=float) for number in numbers])
    return _placed(programme.filled(np.asarray(lattice.table)), np.array(numbers, dtype=float))


#: By a compiled function, as `jax.device_put` takes three times as long.
_placed = jax.jit(lambda *arrays: arrays)


def known(values: Any) -> Any:
    """Arrays as NumPy's, whose parts can be taken without compiling anything; else as they are."""
    return jax.tree.map(np.asarray, values) if is_concrete(values) else values
