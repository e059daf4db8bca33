"""Switches JAX to 64-bit; every room that computes imports it before anything else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import jax

jax.config.update("jax_enable_x64", True)

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: XLA's newer way to fuse operations copies what several of them need into each: for long formulas
#: of small arrays that compiles in twice the time to code that is slower.
_PLAIN = {"xla_cpu_use_fusion_emitters": False}


def compiled(function: Callable[_P, _R], *, static: tuple[str, ...] = ()) -> Callable[_P, _R]:
    """`jax.jit` for long formulas of small arrays, whose compile time counts.

    Inside another `jax.jit`, or where something is differentiated, it is `jax.jit` alone, as
    options of the compiler are of a whole program.
    """
    inside = jax.jit(function, static_argnames=static)
    outside = functools.cache(
        lambda: jax.jit(function, static_argnames=static, compiler_options=known_options(_PLAIN))
    )

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        traced = any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves((args, kwargs)))
        return (inside if traced else outside())(*args, **kwargs)

    return call


def known_options(options: dict[str, Any]) -> dict[str, Any]:
    """Those options of the compiler that it knows, on this device: their names come and go."""
    if jax.default_backend() != "cpu":
        return {}
    return {name: value for name, value in options.items() if _is_known(name, value)}


@functools.cache
def _is_known(name: str, value: Any) -> bool:
    try:
        jax.jit(lambda x: x, compiler_options={name: value}).lower(0.0).compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True
