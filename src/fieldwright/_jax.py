"""Switches JAX to 64-bit; every room that computes imports it before anything else."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

import jax

from fieldwright._programs import Programs

jax.config.update("jax_enable_x64", True)

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: XLA's newer way to fuse operations copies what several of them need into each: for long formulas
#: of small arrays that compiles in twice the time to code that is slower.
PLAIN = {"xla_cpu_use_fusion_emitters": False}


_programs: dict[Callable[..., Any], Programs] = {}


def compiled(
    function: Callable[_P, _R],
    *,
    static: tuple[str, ...] = (),
    options: Mapping[str, Any] = PLAIN,
) -> Callable[_P, _R]:
    """`jax.jit` whose programs are kept on disk too: see `fieldwright._programs`.

    Inside another `jax.jit`, or where something is differentiated, it is `jax.jit` alone, as
    options of the compiler are of a whole program.

    Args:
        function: of a module, found there by its name, else its programs stay in memory.
        static: names of the arguments that are static.
        options: of the compiler; the default is for long formulas of small arrays, whose compile
            time counts, and `{}` is XLA's own choice, which large arrays may want.
    """
    inside = jax.jit(function, static_argnames=static)
    programs = Programs(function, static, options, known_options)
    run = programs.run

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return run(args, kwargs, inside)

    _programs[call] = programs
    stands_for(call, call)
    return call


def stands_for(call: Callable[..., Any], wrapper: Callable[..., Any]) -> None:
    """Tell a compiled function what its name in its module stands for, where that is not itself."""
    _programs[call].wrapper = wrapper


def known_options(options: Mapping[str, Any]) -> dict[str, Any]:
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
