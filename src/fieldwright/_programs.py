"""Compiled programs, each made once: kept in memory, and on disk for the processes to come.

A program is found by what it depends on: the function, what is static, structure, shapes and types
of the arguments, and JAX's settings; on disk also versions, source and processor. A program found
on disk is neither traced nor lowered nor compiled, which JAX's own cache would save but the last
of. How programs of other libraries are kept does not change.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.experimental import serialize_executable

from fieldwright import _program_files
from fieldwright._program_key import (
    UnnameableError,
    name_of,
    named,
    surroundings,
    text_of,
    tree_text,
)

try:  # JAX has no public names for these; should they go, `jax.jit` does it all
    from jax._src.config import persistent_cache_min_compile_time_secs, trace_context
    from jax._src.lib import utils
except ImportError:
    trace_context = tuple

_log = logging.getLogger(__name__)
_AT_REST = trace_context()
_QUIET = 3  # severities below are not told


class Counted(NamedTuple):
    """How many programs this process compiled, wrote, loaded, and found in memory."""

    compiled: int
    stored: int
    loaded: int
    found: int


class _Counts:
    def __init__(self) -> None:
        self.compiled = self.stored = self.loaded = self.found = 0


_counts = _Counts()
_counting = threading.Lock()


def programs_counted() -> Counted:
    """What was compiled, stored and loaded so far; calls of known programs count as found."""
    return Counted(_counts.compiled, _counts.stored, _counts.loaded, _counts.found)


class Programs:
    """The programs of one function: call `run` with its arguments, none of which is a tracer.

    Args:
        function: of arrays and trees of them.
        static: names of the arguments that are static.
        options: of the compiler.
        known: tells which of the options this compiler knows.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        static: tuple[str, ...],
        options: Mapping[str, Any],
        known: Callable[[Mapping[str, Any]], dict[str, Any]],
    ) -> None:
        self.function, self.options, self.known = function, options, known
        places = {name: place for place, name in enumerate(inspect.signature(function).parameters)}
        self.static = [(name, places[name]) for name in static]
        self.jitted = functools.cache(
            lambda: jax.jit(function, static_argnames=static, compiler_options=known(options))
        )
        self.wrapper: Any = None
        self._made: dict[Any, Callable[..., Any] | None] = {}
        self._making: dict[Any, threading.Lock] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Let go of the programs in memory."""
        self._made.clear()
        self.jitted.cache_clear()

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any], inside: Any) -> Any:
        """The function of these arguments; `inside` is called instead where any is a tracer."""
        fixed, rest, named_rest = self._apart(args, kwargs) if self.static else ((), args, kwargs)
        leaves, tree = jax.tree.flatten((rest, named_rest))
        if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return inside(*args, **kwargs)
        context = trace_context()
        try:
            try:
                kinds = tuple([leaf.aval for leaf in leaves])
            except AttributeError:
                kinds = tuple(map(_kind, leaves))
            program = self._made[tree, kinds, fixed, context]
            _counts.found += 1
        except KeyError:
            program = self._made[tree, kinds, fixed, context] = self._make(
                (tree, tuple(map(jax.typeof, leaves)), fixed, context)
            )
        except TypeError:  # no array, or nothing that can be hashed: `jax.jit` has the words
            program = None
        if program is not None:
            try:
                return program(*leaves)
            except (TypeError, ValueError) as refused:  # arrays on other devices, say
                _log.debug("%s: %s", self.function.__qualname__, refused)
            except Exception:
                config: Any = jax.config
                if not (config.jax_debug_nans or config.jax_debug_infs):
                    raise  # else `jax.jit` finds the operation that made the NaN
        return self.jitted()(*args, **kwargs)

    def _apart(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], list[Any], dict[str, Any]]:
        """What is static, with its type, as 1 equals True; and the arguments with None there."""
        rest, named_rest, fixed = list(args), dict(kwargs), []
        for name, place in self.static:
            if place < len(rest):
                value, rest[place] = rest[place], None
            elif name in named_rest:
                value, named_rest[name] = named_rest[name], None
            else:
                continue
            fixed.append((name, type(value), value))
        return tuple(fixed), rest, named_rest

    def _make(self, key: Any) -> Callable[..., Any] | None:
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                if key not in self._made:
                    self._made[key] = self._loaded_or_compiled(*key)
                return self._made[key]
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _loaded_or_compiled(
        self, tree: Any, kinds: tuple[Any, ...], fixed: tuple[Any, ...], context: Any
    ) -> Callable[..., Any] | None:
        """A program that takes the leaves; None where `jax.jit` is to do it."""
        config: Any = jax.config
        if not _AT_REST or config.jax_disable_jit or config.jax_default_device is not None:
            return None
        if jax.default_backend() != "cpu":
            return None
        key = self._text(tree, kinds, fixed, context) if _program_files.folder() else None
        program = None if key is None else _load(key, len(kinds))
        if program is None:
            program = self._compiled(tree, kinds, fixed, key is not None)
            _count("compiled")
            if key is not None and _store(key, program):
                _count("stored")
        else:
            _count("loaded")
        return program

    def _compiled(
        self, tree: Any, kinds: tuple[Any, ...], fixed: tuple[Any, ...], to_store: bool
    ) -> Any:
        places = dict(self.static)

        def flat(*leaves: Any) -> Any:
            args, kwargs = jax.tree.unflatten(tree, leaves)
            args = list(args)
            for name, _, value in fixed:
                if name in kwargs:
                    kwargs[name] = value
                else:
                    args[places[name]] = value
            return self.function(*args, **kwargs)

        # What JAX's own cache gave cannot be stored again: it loads, and then lacks functions. So
        # what is to be stored bears a name that is never written there, and so never found.
        flat.__name__ = flat.__qualname__ = ("kept_" if to_store else "") + self.function.__name__
        shapes = [
            jax.ShapeDtypeStruct(kind.shape, kind.dtype, weak_type=kind.weak_type) for kind in kinds
        ]
        jitted = jax.jit(flat, compiler_options=self.known(self.options))
        lowered = jitted.lower(*shapes)
        if not to_store:
            return lowered.compile()
        with persistent_cache_min_compile_time_secs(float("inf")):
            return lowered.compile()

    def _text(
        self, tree: Any, kinds: tuple[Any, ...], fixed: tuple[Any, ...], context: Any
    ) -> str | None:
        """All that the program depends on; None where that is not to be told in full."""
        function = self.function
        try:
            # A function that another is made of may bear its name.
            name = f"{function.__module__}.{function.__qualname__}"
            if name_of(function if self._is_named(function) else self.wrapper) != name:
                return None
            lines = [
                f"function {name}",
                f"options {text_of(sorted(self.options.items()))}",
                f"static {text_of([(name, value) for name, _, value in fixed])}",
                f"arguments {tree_text(tree)}",
                *(f"{kind.shape} {kind.dtype} {kind.weak_type}" for kind in kinds),
                f"context {_context_text(context)}",
                f"devices {len(jax.devices())}",
                surroundings(),
            ]
        except UnnameableError as why:
            _log.debug("%s is kept in memory only: %s", function.__qualname__, why)
            return None
        return "\n".join(lines)

    @staticmethod
    def _is_named(function: Any) -> bool:
        return named(function.__module__, function.__qualname__) is function


def _kind(leaf: Any) -> Any:
    """What tells the type of an array or a number; JAX's own is slow to find for these."""
    if type(leaf) is np.ndarray:
        return leaf.shape, leaf.dtype
    return type(leaf) if type(leaf) in (float, int, bool, complex) else jax.typeof(leaf)


def _context_text(context: tuple[Any, ...]) -> str:
    """JAX's settings as text: those without one must be as they were at the start."""
    words = []
    for value, start in zip(context, _AT_REST, strict=True):
        try:
            words.append(text_of(value))
        except UnnameableError:
            if value != start:
                raise
            words.append("at rest")
    equinox = sys.modules.get("equinox")
    config = getattr(equinox, "_config", None)
    default = os.environ.get("EQX_ON_ERROR", "raise")
    return ",".join([*words, f"EQX_ON_ERROR {getattr(config, 'EQX_ON_ERROR', default)}"])


def _count(name: str) -> None:
    with _counting:
        setattr(_counts, name, getattr(_counts, name) + 1)


def _store(key: str, program: Any) -> bool:
    """Keep a program on disk, if it is of a kind that can be; not so one that calls Python."""
    try:
        payload, _, tree = serialize_executable.serialize(program)
        # A result of this structure: the structure itself, pickled, would lose equinox's marks.
        result = pickle.dumps(jax.tree.unflatten(tree, range(tree.num_leaves)))
        if jax.tree.structure(pickle.loads(result)) != tree:
            return False
        body = pickle.dumps((payload, result))
    except Exception as why:  # whatever it is, the program itself is sound
        _log.debug("a program cannot be stored: %s", why)
        return False
    return _program_files.write(key, body)


def _load(key: str, count: int) -> Any:
    """The program under a key, ready to be called with so many leaves; None without one."""
    body = _program_files.read(key)
    if body is None:
        return None
    try:
        payload, result = pickle.loads(body)
        _prepare(payload)
        takes = jax.tree.structure(((0,) * count, {}))
        gives = jax.tree.structure(pickle.loads(result))
        with _silence():
            return serialize_executable.deserialize_and_load(
                payload, takes, gives, execution_devices=jax.devices()[:1]
            )
    except Exception as why:  # whatever it is, the program can be compiled
        _log.debug("a program cannot be loaded: %s", why)
        return None


def _prepare(payload: bytes) -> None:
    """Make known what the program calls by name, which tracing it would have done."""
    if b"lapack_" in payload:
        from jaxlib import lapack

        lapack.prepare_lapack_call("gesdd", np.float64)  # LAPACK's functions, all of them
    if b"nufft" in payload:
        import jax_finufft  # noqa: F401


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep XLA's loader from taking two hints for its compiler for features of a processor.

    It warns, as an error, of crashes to come: but `prefer-no-gather` is no feature, and processors
    are part of the key. The level of what XLA tells at all is the one handle there is once JAX is
    imported; Python's own logs, and what others write on standard error, pass.
    """
    level = str(jax.config.jax_logging_level)  # type: ignore[attr-defined]
    told = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "1")
    before = {"CRITICAL": 3, "ERROR": 2, "WARNING": 1, "INFO": 0, "DEBUG": 0}.get(
        level, int(told) if told.isdigit() else 1
    )
    with _loading:
        utils.absl_set_min_log_level(_QUIET)
        try:
            yield
        finally:
            utils.absl_set_min_log_level(before)


_loading = threading.Lock()
