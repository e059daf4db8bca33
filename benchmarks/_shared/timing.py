"""Times of several tasks, taken in turns, so that what else the machine does hits all alike."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

Task = Callable[[], Any]


@dataclass(frozen=True)
class Timing:
    """Median time [s] of one call, and half the distance of the quartiles."""

    median: float
    spread: float

    def per(self, count: int) -> Timing:
        return Timing(self.median / count, self.spread / count)

    def __str__(self) -> str:
        return f"{seconds(self.median)} ± {100 * self.spread / self.median:.0f} %"


def seconds(t: float) -> str:
    """A time with two or three digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if t >= size:
            return f"{t / size:.3g} {unit}"
    return f"{t / 1e-9:.3g} ns"


def once(task: Task) -> float:
    """Time of one call to its finished result [s]."""
    start = time.perf_counter()
    jax.block_until_ready(task())
    return time.perf_counter() - start


def race(tasks: dict[str, Task], rounds: int = 7, slot: float = 0.03) -> dict[str, Timing]:
    """Medians over `rounds` in which each task in turn runs for about `slot` seconds (once if 0).

    Each is called before, so that compiling and first touches do not count.
    """
    calls = {}
    for name, task in tasks.items():
        once(task)
        # a second call for its length only where several may fit
        calls[name] = max(1, min(2000, int(slot / once(task)))) if slot else 1
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                jax.block_until_ready(task())
            times[name].append((time.perf_counter() - start) / calls[name])
    return {name: _summary(values) for name, values in times.items()}


def race_processes(codes: dict[str, str], rounds: int) -> dict[str, Timing]:
    """Wall-clock of a fresh Python process for each piece of code, taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
            times[name].append(time.perf_counter() - start)
    return {name: _summary(values) for name, values in times.items()}


def _summary(values: list[float]) -> Timing:
    low, median, high = np.percentile(values, [25, 50, 75])
    return Timing(float(median), float(high - low) / 2)
