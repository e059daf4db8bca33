"""Ordered pairs per second: pair sums alone, and whole runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import heyoka
import jax
import jax.numpy as jnp
import numpy as np
import rebound
from _motion.case import Case, ball, hot, paper_trap
from _motion.kernel import field as kernel_field
from _motion.ours import field as our_field
from _motion.ours import sums as our_sums
from _motion.peers import heyoka_system, naive_sums, numpy_sums

from fieldwright.constants import COULOMB, ELEMENTARY_CHARGE
from fieldwright.motion import Coulomb, ExactFlow, Ions, simulate, simulate_many

SIZES = (100, 1000, 10_000, 100_000)
#: Cases in a batch, and ions in each.
BATCHES = ((32, 100), (8, 1000))
_SLOT = 1.5e8  # pairs in one timed call of a fast code: some tenths of a second
_PATIENCE = 9.0  # s that one call may take, by what the size before took
_MASS = 6.655e-26

#: A task: the call, and how many pairs it sums.
Task = tuple[Callable[[], Any], float]


def measure(cores: int, quick: bool) -> list[list[Any]]:
    """Rows of pairs per second: method, each of SIZES, each of BATCHES; None where too slow.

    The last entry is the error of the sums.
    """
    names = [name for name in _METHODS if cores == 1 or name not in _ONE_CORE]
    rates: dict[str, list[float | None]] = {name: [] for name in names}
    for n in SIZES:
        fit = [] if quick and n > 10_000 else [k for k in names if _fits(k, n, cores, rates[k])]
        found = _race({name: _METHODS[name][0](n, cores) for name in fit}, n < 100_000)
        for name in names:
            rates[name].append(found.get(name))
    for shape in BATCHES:
        batched = [name for name in names if _METHODS[name][1]]
        found = _race({name: _METHODS[name][1](*shape, cores) for name in batched}, True)
        for name in names:
            rates[name].append(found.get(name))
    return [[name, *rates[name], _errors().get(name)] for name in names]


def _fits(name: str, n: int, cores: int, before: list[float | None]) -> bool:
    """Whether one call is worth waiting for, by the rate at the size before."""
    if n > _LARGEST.get(name, n):
        return False
    patience = _PATIENCE * (4 if name in _OURS and (cores > 1 or name == "ours: sums") else 1)
    if name in ("C kernel", "ours with FMM3D, 1e-6") or not before:
        return True
    return before[-1] is not None and n * n / before[-1] < patience


def _race(tasks: dict[str, Task], warm: bool) -> dict[str, float]:
    """Pairs per second, the best of rounds in which the tasks take turns."""
    best, spent = dict.fromkeys(tasks, np.inf), dict.fromkeys(tasks, 0.0)
    for turn in range(-1 if warm else 0, 5):  # the first call compiles
        for name, (call, _) in tasks.items():
            if spent[name] > 0.5:
                continue
            start = time.perf_counter()
            jax.block_until_ready(call())
            taken = time.perf_counter() - start
            best[name] = min(best[name], taken)
            spent[name] += taken if turn >= 0 or taken > 4.0 else 0.0
    return {name: pairs / best[name] for name, (_, pairs) in tasks.items()}


def _times(n: int) -> int:
    return max(1, round(_SLOT / n**2))


def _ours_sums(precise: bool, n: int, cores: int) -> Task:
    times = _times(n)
    x, q = jnp.asarray(ball(n) * 1e-6), jnp.full(n, ELEMENTARY_CHARGE)
    made = our_sums(precise, times).lower(x, q).compile()
    return partial(made, x, q), times * n * (n - 1.0)


def _ions(n: int, seed: int) -> Ions:
    return Ions(_MASS, ELEMENTARY_CHARGE, ball(n, seed) * 1e-6, [0.0, 0.0, 0.0])


def _flow(n: int) -> tuple[ExactFlow, int]:
    """The integrator and steps: of the default's kind where they fit."""
    times = _times(n)
    return (ExactFlow(), max(1, times // 14)) if times >= 14 else (ExactFlow("strang"), times)


def _ours_run(n: int, cores: int) -> Task:
    integrator, steps = _flow(n)
    ions, trap = _ions(n, 0), paper_trap()

    def call() -> Any:
        return simulate(
            ions, trap, 1e-9 * steps, integrator=integrator, steps=steps, save=1
        ).position

    return call, integrator.evaluations * steps * n * (n - 1.0)


def _ours_batch(cases: int, n: int, cores: int) -> Task:
    integrator, steps = ExactFlow(), max(1, _times(n) // 28)
    trap = paper_trap()
    pairs = [(_ions(n, seed), trap) for seed in range(cases)]

    def call() -> Any:
        found = simulate_many(pairs, 1e-9 * steps, integrator=integrator, steps=steps)
        return [one.position for one in found]

    return call, cases * integrator.evaluations * steps * n * (n - 1.0)


def _ours_sums_batch(precise: bool, cases: int, n: int, cores: int) -> Task:
    times = max(1, _times(n) // cases)
    x = jnp.asarray(np.stack([ball(n, seed) for seed in range(cases)]) * 1e-6)
    q = jnp.full((cases, n), ELEMENTARY_CHARGE)
    made = our_sums(precise, times, batched=True)
    return partial(made, x, q), cases * times * n * (n - 1.0)


def _fmm(n: int, cores: int) -> Task:
    coulomb = Coulomb(fmm_tolerance=1e-6)
    x, q = jnp.asarray(ball(n) * 1e-6), jnp.full(n, ELEMENTARY_CHARGE)
    return partial(coulomb.field, x, q), n * (n - 1.0)


def _naive(n: int, cores: int) -> Task:
    times = max(1, _times(n) // 10)

    def run(x: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda x, _: (x + 1e-9 * naive_sums(x), None), x, None, length=times)[0]

    return partial(jax.jit(run), jnp.asarray(ball(n))), times * n * (n - 1.0)


def _naive_batch(cases: int, n: int, cores: int) -> Task:
    times = max(1, _times(n) // cases // 10)

    def run(x: jax.Array) -> jax.Array:
        step = jax.vmap(naive_sums)
        return jax.lax.scan(lambda x, _: (x + 1e-9 * step(x), None), x, None, length=times)[0]

    x = jnp.asarray(np.stack([ball(n, seed) for seed in range(cases)]))
    return partial(jax.jit(run), x), cases * times * n * (n - 1.0)


def _kernel(n: int, cores: int) -> Task:
    times, rows = _times(n), min(n, 5000)
    return partial(kernel_field, ball(n), times, cores, rows), times * rows * (n - 1.0)


def _kernel_batch(cases: int, n: int, cores: int) -> Task:
    from concurrent.futures import ThreadPoolExecutor

    places, times = [ball(n, seed) for seed in range(cases)], max(1, _times(n) // cases)

    def call() -> Any:
        with ThreadPoolExecutor(cores) as pool:
            return list(pool.map(lambda x: kernel_field(x, times), places))

    return call, cases * times * n * (n - 1.0)


def _numpy(n: int, cores: int) -> Task:
    x = ball(n).T.copy()
    return partial(numpy_sums, x), n * (n - 1.0)


def _rebound(n: int, cores: int) -> Task:
    """Steps of its leapfrog, which takes one evaluation each."""
    simulation = rebound.Simulation()
    simulation.integrator = "leapfrog"
    simulation.G, simulation.dt = -1.0, 1e-9
    for x, y, z in ball(n):
        simulation.add(m=1.0, x=x, y=y, z=z)
    times = max(1, _times(n) // 8)
    return partial(simulation.steps, times), times * n * (n - 1.0)


def _heyoka(n: int, cores: int) -> Task:
    """A Taylor step of order p makes p derivatives of every pair."""
    case: Case = hot(n)
    made = heyoka.taylor_adaptive(heyoka_system(case), case.start.T.ravel(), compact_mode=True)
    steps = 200

    def call() -> None:
        made.time = 0.0
        made.state[:] = case.start.T.ravel()
        for _ in range(steps):
            made.step()

    return call, steps * made.order * n * (n - 1.0)


_METHODS: dict[str, tuple[Any, Any]] = {
    "ours: sums": (partial(_ours_sums, False), partial(_ours_sums_batch, False)),
    "ours: sums, precise": (partial(_ours_sums, True), partial(_ours_sums_batch, True)),
    "ours: whole runs": (_ours_run, _ours_batch),
    "ours with FMM3D, 1e-6": (_fmm, None),
    "C kernel": (_kernel, _kernel_batch),
    "naive JAX": (_naive, _naive_batch),
    "REBOUND": (_rebound, None),
    "heyoka": (_heyoka, None),
    "NumPy": (_numpy, None),
}
_ONE_CORE = ("REBOUND", "heyoka", "NumPy")
_OURS = ("ours: sums", "ours: whole runs")
_LARGEST = {"heyoka": 100, "NumPy": 1000, "REBOUND": 10_000}


def _errors() -> dict[str, float]:
    """Largest error of the sums at 1000 ions over the largest sum, against long double."""
    if not _ERRORS:
        x = ball(1000)
        wide = x.astype(np.longdouble)
        exact = np.zeros((1000, 3), np.longdouble)
        for i in range(1000):
            d = wide[i] - np.delete(wide, i, axis=0)
            exact[i] = (d / np.sum(d * d, axis=1)[:, None] ** np.longdouble(1.5)).sum(axis=0)
        # To metres or so by a power of two, which rounds nothing.
        charge, scale = np.full(1000, ELEMENTARY_CHARGE), 2.0**-20
        ours = [
            our_field(p, x * scale, charge) * scale**2 / (COULOMB * ELEMENTARY_CHARGE)
            for p in (False, True)
        ]
        values = {
            "ours: sums": ours[0],
            "ours: sums, precise": ours[1],
            "C kernel": kernel_field(x).T,
            "naive JAX": np.asarray(naive_sums(jnp.asarray(x))),
            "NumPy": numpy_sums(x.T.copy()).T,
        }
        size = np.abs(exact).max()
        _ERRORS.update({k: float(np.abs(v - exact).max() / size) for k, v in values.items()})
    return _ERRORS


_ERRORS: dict[str, float] = {}
