"""Error against cost, and drift of the energy: ours and others on one core."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _motion.case import CASES, Case, crystal, hot
from _motion.ours import DRIFT as OUR_DRIFT
from _motion.ours import OURS
from _motion.peers import DRIFT as THEIR_DRIFT
from _motion.peers import PEERS, Run


def measure(what: str, *arguments: Any) -> list[Any]:
    """Points of the cost-error diagram of a case, or rows of the table of drifts."""
    return {"points": points, "drift": drift}[what](*arguments)


def points(name: str, quick: bool) -> list[dict[str, Any]]:
    """For each method and setting: evaluations, time [s], error [um], time to compile [s]."""
    case = CASES[name]()
    found = []
    for method in (*OURS, *PEERS):
        settings = method.settings[name]
        for setting in settings[:: 3 if quick else 1]:
            start = time.perf_counter()
            run = method.prepare(case, setting)
            prepared = time.perf_counter() - start
            seconds, (state, evaluations) = _best(run)
            point = {"method": method.name, "setting": setting, "evaluations": evaluations}
            point |= {"seconds": seconds, "error": case.error(state[:3].T)}
            found.append(point | {"prepare": max(0.0, prepared - seconds)})
    return found


def _best(run: Run) -> tuple[float, Any]:
    best, total, result = np.inf, 0.0, None
    for _ in range(5):
        start = time.perf_counter()
        result = run()
        taken = time.perf_counter() - start
        best, total = min(best, taken), total + taken
        if total > 0.3:
            break
    return best, result


def drift(budget: int, seeds: int) -> list[list[Any]]:
    """Method; evaluations, time [s] and relative drift of the energy, hot and then cold.

    The finest choice that stays within 1.2 times the budget; of the hot clouds the worst seed.
    """
    return [
        [
            name,
            *_drift([hot(seed=k) for k in range(seeds)], prepare, choices["hot cloud"], budget),
            *_drift([crystal()], prepare, choices["cold crystal"], budget),
        ]
        for name, prepare, choices in (*OUR_DRIFT, *THEIR_DRIFT)
    ]


def _drift(
    cases: list[Case], prepare: Callable[[Case, Any], Run], choices: list[Any], budget: int
) -> tuple[int, float, float]:
    best = None
    for choice in choices:
        found = [_energy(case, prepare(case, choice)) for case in cases]
        worst = tuple(max(column) for column in zip(*found, strict=True))
        if best is not None and worst[0] > 1.2 * budget:
            break
        best = worst
    assert best is not None
    return best


def _energy(case: Case, run: Run) -> tuple[int, float, float]:
    start = time.perf_counter()
    state, evaluations = run()
    taken = time.perf_counter() - start
    return evaluations, taken, float(abs(case.energy(state) / case.energy(case.start) - 1))
