"""Ours on the same tasks: the one place that calls fieldwright.motion."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _motion.case import Case
from _motion.peers import Method, Run

from fieldwright.motion import (
    RK4,
    Boris,
    Coulomb,
    Cyclotronic,
    Dopri8,
    Euler,
    ExactFlow,
    Integrator,
    NearFar,
    simulate,
)
from fieldwright.motion.interaction._coulomb import compiler_options


def _state(trajectory: Any) -> np.ndarray:
    """(6, n) [um, um/us] at the end."""
    return np.concatenate(
        [np.asarray(trajectory.position[-1]).T * 1e6, np.asarray(trajectory.velocity[-1]).T]
    )


def _run(case: Case, integrator: Integrator | None, steps: int | None) -> Run:
    def run() -> tuple[np.ndarray, int]:
        found = simulate(
            case.ions, case.trap, case.duration, integrator=integrator, steps=steps, save=1
        )
        return _state(found), found.evaluations

    run()  # compiles
    return run


def _stepped(integrator: Integrator, case: Case, steps: int) -> Run:
    return _run(case, integrator, steps)


def near_far(case: Case) -> NearFar:
    """Cut off near the distance of neighbours in the crystal."""
    return NearFar(cutoff=20e-6, pairs=min(1024, case.n * (case.n - 1) // 2))


def _near_far(case: Case, steps: int) -> Run:
    return _run(case, near_far(case), steps)


def _adaptive(case: Case, tolerance: float) -> Run:
    return _run(case, Dopri8(rtol=tolerance, atol=tolerance * 1e-5), 1)


def as_chosen(case: Case, setting: None = None) -> Run:
    """With neither an integrator nor steps given."""
    return _run(case, None, None)


def _steps(first: int, two: int, crystal: int, ratio: float = 2.0) -> dict[str, list[Any]]:
    """Numbers of steps that grow by `ratio`, so many for each case."""
    return {
        name: [round(first * ratio**k) for k in range(count)]
        for name, count in (("two ions", two), ("cold crystal", crystal))
    }


_TOLERANCES = [1e-6, 1e-8, 1e-10, 1e-12]

OURS = [
    Method("ours: as chosen", as_chosen, {"two ions": [None], "cold crystal": [None]}),
    Method("ours: ExactFlow(rkn14a)", partial(_stepped, ExactFlow()), _steps(24, 9, 9, 1.42)),
    Method("ours: ExactFlow(rkn11b)", partial(_stepped, ExactFlow("rkn11b")), _steps(32, 6, 6)),
    Method("ours: ExactFlow(rkn6b)", partial(_stepped, ExactFlow("rkn6b")), _steps(56, 8, 7)),
    Method("ours: ExactFlow(strang)", partial(_stepped, ExactFlow("strang")), _steps(250, 9, 7)),
    Method("ours: NearFar", _near_far, _steps(100, 6, 5)),
    Method("ours: Cyclotronic", partial(_stepped, Cyclotronic()), _steps(250, 9, 7)),
    Method("ours: Boris", partial(_stepped, Boris()), _steps(250, 9, 7)),
    Method("ours: RK4", partial(_stepped, RK4()), _steps(250, 8, 6)),
    Method("ours: Euler", partial(_stepped, Euler()), _steps(4000, 5, 3)),
    Method("ours: Dopri8", _adaptive, {"two ions": _TOLERANCES, "cold crystal": _TOLERANCES}),
]


def _budget(integrator: Integrator) -> dict[str, list[Any]]:
    """Steps for ten thousand evaluations."""
    steps = 10_000 // (integrator.evaluations or 1)
    return {"hot cloud": [steps], "cold crystal": [steps]}


_FIXED = (
    ExactFlow(),
    ExactFlow("rkn11b"),
    ExactFlow("rkn6b"),
    ExactFlow("strang"),
    Cyclotronic(),
    Boris(),
    RK4(),
)

#: For the drift of the energy: method, and choices from rough to fine.
DRIFT = [
    ("ours: as chosen", as_chosen, {"hot cloud": [None], "cold crystal": [None]}),
    ("ours: NearFar", _near_far, _budget(NearFar(cutoff=20e-6, pairs=1024))),
    *((f"ours: {one.name}", partial(_stepped, one), _budget(one)) for one in _FIXED),
    ("ours: Dopri8", _adaptive, {"hot cloud": [1e-3, 1e-4], "cold crystal": [1e-13]}),
]


def sums(precise: bool, times: int, batched: bool = False) -> Any:
    """A compiled function of places (n, 3) [m] and charges (n,): pair sums `times` times."""
    coulomb = Coulomb(precise=precise)

    def run(x: jax.Array, q: jax.Array) -> jax.Array:
        def again(x: jax.Array, _: None) -> tuple[jax.Array, None]:
            return x + 1e-18 * coulomb.field(x, q), None

        return jax.lax.scan(again, x, None, length=times)[0]

    return jax.jit(jax.vmap(run) if batched else run, compiler_options=compiler_options())


def field(precise: bool, x: np.ndarray, q: np.ndarray) -> np.ndarray:
    """E (n, 3) [V/m], once."""
    coulomb = Coulomb(precise=precise)
    made = jax.jit(coulomb.field, compiler_options=compiler_options())
    return np.asarray(made(jnp.asarray(x), jnp.asarray(q)))
