"""Import a code and do a task with it for the first time, in this process."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import time
from typing import Any

_TRACE = "/jax/core/compile/jaxpr_trace_duration"
_LOWER = "/jax/core/compile/jaxpr_to_mlir_module_duration"
_COMPILE = "/jax/core/compile/backend_compile_duration"


def measure(
    modules: str, module: str, task: str, code: str, folder: str, numbers: list[int]
) -> dict[str, Any]:
    """Times [s] of importing modules and of a call with input of each number; what JAX compiled.

    The task is one of those in `module`.
    Calls with a number just like the one before are of the same input. Programs are those that
    our calls compiled: name and times [s] to trace, lower and compile; an operation that is not in
    a program of ours is one too.
    """
    begin = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        for name in modules.split():
            importlib.import_module(name)
    taken = time.perf_counter() - begin
    tasks = importlib.import_module(module).TASKS  # imports NumPy, which counts above
    prepare = tasks[task].ways[code].prepare
    heard = _listen() if code == "ours" else []
    calls: list[dict[str, Any]] = []
    call, last = None, None
    for number in numbers:
        if number != last:
            call, last = prepare(folder, number), number
        assert call is not None
        heard.clear()
        begin = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            call()
        calls.append({"seconds": time.perf_counter() - begin, "programs": _programs(heard)})
    return {"import": taken, "calls": calls}


def _listen() -> list[tuple[str, str, float]]:
    """A list that fills with what JAX tells: event, name of the function, time [s]."""
    heard: list[tuple[str, str, float]] = []

    def hear(event: str, taken: float, **more: Any) -> None:
        heard.append((event, str(more.get("fun_name", "")), taken))

    sys.modules["jax"].monitoring.register_event_duration_secs_listener(hear)
    return heard


def _programs(heard: list[tuple[str, str, float]]) -> list[tuple[str, float, float, float]]:
    """(name, trace, lower, compile) of each program; the trace of the last of that name before."""
    found = []
    traces: dict[str, float] = {}
    lowering = 0.0
    for event, name, taken in heard:
        plain = name.removeprefix("jit(").removesuffix(")")
        if event == _TRACE:
            traces[plain] = taken
        elif event == _LOWER:
            lowering = taken
        elif event == _COMPILE:
            own = plain.removeprefix("kept_")
            found.append((own, traces.pop(plain, 0.0), lowering, taken))
            lowering = 0.0
    return found
