"""Many simulations at once, in batches on all cores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from fieldwright._sizes import padded_size
from fieldwright._threads import cores
from fieldwright.errors import InputError
from fieldwright.motion.integrators._base import Integrator
from fieldwright.motion.interaction._coulomb import Coulomb
from fieldwright.motion.ions._ions import Ions
from fieldwright.motion.simulation._advance import Run, compiled_advance_many, compiled_begin_many
from fieldwright.motion.simulation._outcome import check_finite, make_trajectory
from fieldwright.motion.simulation._plan import Plan, check_memory, make_plan, run_of, start
from fieldwright.motion.simulation._simulate import Progress
from fieldwright.motion.simulation._trajectory import Trajectory
from fieldwright.sources import Source


def simulate_many(
    cases: Sequence[tuple[Ions, Source]],
    duration: Any,
    *,
    steps: int | None = None,
    integrator: Integrator | None = None,
    coulomb: bool | Coulomb = True,
    loss_radius: Any = None,
    save: int = 1,
    start_time: Any = 0.0,
    progress: Progress | None = None,
) -> list[Trajectory]:
    """Simulate many cases at once, of equally many charges and equally built sources.

    As `simulate`, several cases in one compiled loop, on all cores: for scans over drives, trap
    parameters, and seeds.

    Args:
        cases: pairs of ions and source.
        duration: as for `simulate`, and so are the other arguments.
        steps: chosen for all cases together where it is None.
        integrator: chosen by the first case where it is None.
        coulomb: whether the charges of a case act on each other.
        loss_radius: [m].
        save: intervals.
        start_time: [s].
        progress: is called with the fraction done.

    Returns:
        One `Trajectory` for each case.

    Raises:
        InputError: as `simulate`, or the cases do not match.
        ConvergenceError: as `simulate`.

    >>> from fieldwright.motion import Ions, simulate_many
    >>> from fieldwright.sources import PenningTrap
    >>> ions = Ions(6.655e-26, 1.602e-19, [[20e-6, 0.0, 20e-6]], [[0.0, 25.0, 0.0]])
    >>> traps = [PenningTrap(1.0, voltage, 500e-6) for voltage in (20e-3, 25e-3)]
    >>> found = simulate_many([(ions, trap) for trap in traps], 50e-6)
    >>> [f"{trajectory.position[-1, 0, 2] * 1e6:.3f}" for trajectory in found]
    ['18.532', '-19.817']
    """
    if not cases:
        raise InputError("simulate_many needs one case or more", parameter="cases")
    plans = _plans(cases, duration, steps, integrator, coulomb, loss_radius, save, start_time)
    check_memory(plans[0], len(plans))
    runs = [run_of(plan) for plan in plans]
    if (
        len({jax.tree.structure(run) for run in runs}) > 1
        or len({tuple(np.shape(leaf) for leaf in jax.tree.leaves(run)) for run in runs}) > 1
    ):
        raise InputError(
            "the cases differ in more than numbers: each needs equally many ions, and a source "
            "built in the same way",
            parameter="cases",
        )
    return _run_batches(plans, runs, progress)


def _plans(
    cases: Sequence[tuple[Ions, Source]],
    duration: Any,
    steps: int | None,
    integrator: Integrator | None,
    coulomb: bool | Coulomb,
    loss_radius: Any,
    save: int,
    start_time: Any,
) -> list[Plan]:
    """Plans of all cases, with one integrator and equally many steps."""

    def plan(case: tuple[Ions, Source], steps: int | None, chosen: Integrator | None) -> Plan:
        return make_plan(
            *case, duration, steps, chosen, coulomb, False, (), loss_radius, save, start_time, 0
        )

    plans = [plan(case, steps, integrator) for case in cases]
    most = max(plan.steps for plan in plans)
    chosen = integrator or plans[0].integrator
    return [
        one if (one.steps, one.integrator) == (most, chosen) else plan(case, most, chosen)
        for one, case in zip(plans, cases, strict=True)
    ]


def _run_batches(plans: list[Plan], runs: list[Run], progress: Progress | None) -> list[Trajectory]:
    """All runs, in batches that fit the caches, one thread for each core."""
    threads = cores()
    size = max(1, min(8, -(-len(plans) // threads)))
    batches = [range(i, min(i + size, len(plans))) for i in range(0, len(plans), size)]
    found: list[Trajectory] = []

    def work(batch: range) -> list[Trajectory]:
        # The last batch is filled up, so that one program serves all.
        members = [batch[min(j, len(batch) - 1)] for j in range(size)]
        run = jax.tree.map(lambda *leaves: np.stack(leaves), *[runs[i] for i in members])
        starts = [start(plans[i]) for i in members]
        position, velocity = (np.stack(part) for part in zip(*starts, strict=True))
        prepared, state = compiled_begin_many(run, position, velocity)
        save, steps = plans[0].save, plans[0].steps
        room = padded_size(save)
        state, kept = compiled_advance_many(run, prepared, state, 0, steps // save, save, room)
        state, kept = jax.tree.map(np.asarray, (state, kept))
        results = []
        for row, i in enumerate(batch):
            own = jax.tree.map(lambda leaf, row=row: leaf[row], state)
            check_finite(own, plans[i], plans[i].save)
            rows = (kept[0][row, :save], kept[1][row, :save])
            results.append(make_trajectory(plans[i], rows, own))
        return results

    with ThreadPoolExecutor(max_workers=threads) as pool:
        for results in pool.map(work, batches):
            found += results
            if progress is not None:
                progress(len(found) / len(plans))
    return found
