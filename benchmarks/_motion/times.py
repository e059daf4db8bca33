"""Times of the tasks that the room is built for, on all cores."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _motion.case import crystal, hot, paper_trap
from _motion.ours import as_chosen

from fieldwright.motion import ExactFlow, loss_scan, paper_cloud, simulate_many
from fieldwright.sources import Assembly, PenningTrap, parametric_drive

_AMPLITUDES = (0.1, 0.4, 0.7)


def measure(quick: bool) -> list[list[Any]]:
    """Rows: task, what was run, time [s], time of the first call beyond that [s]."""
    rows = [
        _row("cold crystal, 100 ions, 50 us", "simulate, as chosen", *_single(crystal())),
        _row("hot cloud, 100 ions, 50 us", "simulate, as chosen", *_single(hot())),
        _row("900 (f, w) x 100 ions x 500 us, not interacting", "loss_scan", *_twice(_scan)),
        ["the same", "RK4 in NumPy, 5000 steps; 900 times one point", 900 * _paper_point(), None],
    ]
    points = 2 if quick else 8
    seconds, first = _twice(lambda: _zoom(points))
    what = f"simulate_many, ExactFlow(strang), 20000 steps; {3 * points} of 120 points"
    rows.append(
        _row("Figure 16: 120 (f, w) x 100 ions x 500 us, interacting", what, seconds, first)
    )
    rows.append(["the same", "all 120, by proportion", seconds * 40 / points, None])
    return rows


def _row(task: str, what: str, seconds: float, first: float) -> list[Any]:
    return [task, what, seconds, first]


def _single(case: Any) -> tuple[float, float]:
    start = time.perf_counter()
    run = as_chosen(case)
    first = time.perf_counter() - start
    best = min(_seconds(run) for _ in range(3))
    return best, max(0.0, first - best)


def _twice(call: Callable[[], Any]) -> tuple[float, float]:
    first, second = _seconds(call), _seconds(call)
    return second, max(0.0, first - second)


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _scan() -> Any:
    w = np.linspace(0.2e6, 2.5e6, 300)
    return loss_scan(paper_cloud(seed=1), paper_trap(), _AMPLITUDES, w, 500e-6)


def _paper_point(amplitude: float = 0.1, frequency: float = 0.7) -> float:
    """Time [s] of a point of the scan as the paper did it, all its ions at once in NumPy."""
    case, h, signs = hot(), 500 / 5000, np.array([[1.0], [1.0], [-2.0]])

    def rates(t: float, s: np.ndarray) -> np.ndarray:
        a = case.push * (1 + amplitude * np.cos(frequency * t)) * signs * s[:3]
        a[0] += case.turn * s[4]
        a[1] -= case.turn * s[3]
        return np.concatenate([s[3:], a])

    def run(steps: int = 500) -> None:
        s = case.start
        for t in h * np.arange(steps):
            a = rates(t, s)
            b = rates(t + h / 2, s + h / 2 * a)
            c = rates(t + h / 2, s + h / 2 * b)
            d = rates(t + h, s + h * c)
            s = s + h / 6 * (a + 2 * b + 2 * c + d)

    return 10 * min(_seconds(run) for _ in range(3))


def _zoom(points: int) -> Any:
    trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6, bounded=True)
    cloud = paper_cloud(seed=1)
    cases = [
        (cloud, Assembly([trap, parametric_drive(trap, f, w)]))
        for f in _AMPLITUDES
        for w in np.linspace(2.05e6, 2.35e6, points)
    ]
    return simulate_many(cases, 500e-6, integrator=ExactFlow("strang"), steps=20_000)
