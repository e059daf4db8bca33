"""Compiles kernel.c and calls it."""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_SOURCE = Path(__file__).with_name("kernel.c")
FLAGS = ("-O3", "-march=native", "-ffast-math")


def compiler() -> str:
    """The C compiler: of the environment, or the one that made Python."""
    return os.environ.get("CC") or (sysconfig.get_config_var("CC") or "cc").split()[0]


@cache
def library() -> ctypes.CDLL:
    """The compiled kernel; compiled anew only when its source has changed."""
    key = hashlib.sha256(_SOURCE.read_bytes() + repr((compiler(), FLAGS)).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"motion-kernel-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    built = folder / f"{key}.so"
    if not built.exists():
        part = folder / f"{key}.{os.getpid()}"
        command = [compiler(), *FLAGS, "-shared", "-fPIC", "-o", part, _SOURCE, "-lm"]
        subprocess.run(command, check=True)
        part.rename(built)
    return ctypes.CDLL(str(built))


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    assert array.flags.c_contiguous and array.dtype == float
    return ctypes.c_void_p(array.ctypes.data)


def _int(value: int) -> ctypes.c_ssize_t:
    return ctypes.c_ssize_t(value)


def field(places: np.ndarray, times: int = 1, cores: int = 1, rows: int | None = None) -> Any:
    """sum d / r^3 (3, rows) at the first rows of places (n, 3), `times` times, on some cores."""
    n = len(places)
    rows = rows or n
    xyz = np.ascontiguousarray(places.T)
    out = np.zeros((3, n))
    pointers = [_pointer(row) for row in (*xyz, *out)]
    edges = [rows * k // cores for k in range(cores + 1)]

    def work(k: int) -> None:
        bounds = map(_int, (times, n, edges[k], edges[k + 1]))
        library().repeat(*bounds, ctypes.c_double(1.0), *pointers)

    if cores == 1:
        work(0)
    else:
        with ThreadPoolExecutor(cores) as pool:  # ctypes lets go of the interpreter's lock
            list(pool.map(work, range(cores)))
    return out[:, :rows] / times


def rates(case: Any) -> Any:
    """Right-hand side for SciPy: f(t, y) of y (6 n,), through the C kernel."""
    n = _int(case.n)
    numbers = [ctypes.c_double(value) for value in (case.coulomb, case.turn, case.push)]

    def right(time: float, y: np.ndarray) -> np.ndarray:
        out = np.empty_like(y)
        library().trap_rates(n, *numbers, _pointer(y), _pointer(out))
        return out

    return right


def rk4(case: Any, steps: int) -> np.ndarray:
    """The state (6, n) at the end of the paper's Runge-Kutta in C."""
    state = case.start.copy()
    work = np.empty(18 * case.n)
    numbers = [case.span / steps, case.coulomb, case.turn, case.push]
    library().rk4(
        _int(case.n), _int(steps), *map(ctypes.c_double, numbers), _pointer(state), _pointer(work)
    )
    return state
