"""The pair sums where JAX sees a GPU; nothing elsewhere."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _motion.case import ball, crystal, paper_trap
from _motion.ours import as_chosen
from _motion.ours import sums as our_sums
from _motion.peers import naive_sums

from fieldwright.constants import ELEMENTARY_CHARGE
from fieldwright.motion import ExactFlow, Ions, simulate, simulate_many

SIZES = (1000, 10_000, 100_000, 1_000_000)


def measure(quick: bool) -> dict[str, Any] | None:
    """The GPU's name and rows: method, pairs per second at each of SIZES; None without one."""
    if jax.default_backend() != "gpu":
        return None
    rows = []
    for name, make in _METHODS.items():
        rates: list[float | None] = []
        for n in SIZES[:3] if quick else SIZES:
            slow = bool(rates) and (rates[-1] is None or n * n / rates[-1] > 30)
            rates.append(None if slow else _rate(make, n))
        rows.append([name, *rates, *[None] * (len(SIZES) - len(rates))])
    return {"device": jax.devices()[0].device_kind, "rows": rows, "times": _times()}


def _rate(make: Any, n: int) -> float | None:
    try:
        call, pairs = make(n)
        best = np.inf
        for turn in range(4):
            start = time.perf_counter()
            jax.block_until_ready(call())
            taken = time.perf_counter() - start
            best = min(best, taken)
            if turn and taken > 1:
                break
    except (MemoryError, RuntimeError):  # XLA's out of memory
        return None
    return pairs / best


def _ours(precise: bool, n: int) -> Any:
    times = max(1, round(2e10 / n**2))
    x, q = jnp.asarray(ball(n) * 1e-6), jnp.full(n, ELEMENTARY_CHARGE)
    return partial(our_sums(precise, min(times, 2000)), x, q), min(times, 2000) * n * (n - 1.0)


def _run(n: int) -> Any:
    steps = min(2000, max(1, round(2e10 / n**2)))
    ions = Ions(6.655e-26, ELEMENTARY_CHARGE, ball(n) * 1e-6, [0.0, 0.0, 0.0])
    integrator, trap = ExactFlow("strang"), paper_trap()

    def call() -> Any:
        return simulate(
            ions, trap, 1e-9 * steps, integrator=integrator, steps=steps, save=1
        ).position

    return call, steps * n * (n - 1.0)


def _naive(n: int) -> Any:
    times = min(200, max(1, round(2e9 / n**2)))

    def run(x: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda x, _: (x + 1e-9 * naive_sums(x), None), x, None, length=times)[0]

    return partial(jax.jit(run), jnp.asarray(ball(n))), times * n * (n - 1.0)


def _times() -> list[list[Any]]:
    """Task and time [s]."""
    run = as_chosen(crystal())
    start = time.perf_counter()
    run()
    single = time.perf_counter() - start
    cases = [
        (Ions(6.655e-26, ELEMENTARY_CHARGE, ball(100, k) * 1e-6, [0.0, 0.0, 0.0]), paper_trap())
        for k in range(64)
    ]
    integrator = ExactFlow("strang")
    for _ in range(2):
        start = time.perf_counter()
        simulate_many(cases, 50e-6, integrator=integrator, steps=2000)
        many = time.perf_counter() - start
    return [["cold crystal, 100 ions, 50 us, as chosen", single],
            ["64 clouds of 100 ions, 2000 steps of ExactFlow(strang)", many]]  # fmt: skip


_METHODS: dict[str, Any] = {
    "ours: sums": partial(_ours, False),
    "ours: sums, precise": partial(_ours, True),
    "ours: whole runs": _run,
    "naive JAX": _naive,
}
