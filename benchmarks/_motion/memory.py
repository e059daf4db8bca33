"""Peak memory of one evaluation of the pair sums, or of one step, in a process of its own."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

#: Codes and the largest number of ions each is asked for.
LARGEST = {
    "ours: one step of simulate": 100_000,
    "ours with FMM3D, 1e-6": 100_000,
    "C kernel": 100_000,
    "naive JAX": 10_000,
    "REBOUND": 10_000,
    "heyoka": 100,
    "NumPy": 10_000,
}


def measure(code: str, n: int) -> float:
    """Peak resident memory [MB]; with n = 0, of the imports alone."""
    _RUN[code](n)
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage gives on Linux counts the parent's memory too
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return float(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _ours(n: int, tolerance: float | None = None) -> None:
    from _motion.case import ball, paper_trap

    from fieldwright.motion import Coulomb, ExactFlow, Ions, simulate

    if n:
        ions = Ions(6.655e-26, 1.602e-19, ball(n) * 1e-6, [0.0, 0.0, 0.0])
        integrator, coulomb = ExactFlow("strang"), Coulomb(fmm_tolerance=tolerance)
        simulate(ions, paper_trap(), 1e-9, integrator=integrator, steps=1, save=1, coulomb=coulomb)


def _kernel(n: int) -> None:
    from _motion.kernel import field

    if n:
        field(_places(n), rows=min(n, 10_000))


def _naive(n: int) -> None:
    import jax

    import fieldwright._jax  # noqa: F401

    if n:
        x = jax.numpy.asarray(_places(n))
        jax.block_until_ready(jax.jit(_naive_sums)(x))


def _naive_sums(x: Any) -> Any:
    """As in _motion_peers, which imports the other codes as well."""
    import jax.numpy as jnp

    d = x[:, None] - x[None]
    square = jnp.sum(d * d, axis=-1) + jnp.eye(len(x))
    return jnp.sum(d * square[..., None] ** -1.5, axis=1)


def _rebound(n: int) -> None:
    import rebound

    if n:
        simulation = rebound.Simulation()
        simulation.integrator = "leapfrog"
        simulation.G, simulation.dt = -1.0, 1e-9
        for x, y, z in _places(n):
            simulation.add(m=1.0, x=x, y=y, z=z)
        simulation.steps(1)


def _heyoka(n: int) -> None:
    import heyoka

    if n:
        system = heyoka.model.nbody(n, masses=[1.0] * n, Gconst=-1.0)
        state = [0.0] * (6 * n)
        for k, place in enumerate(_places(n)):
            state[6 * k : 6 * k + 3] = place
        heyoka.taylor_adaptive(system, state, compact_mode=True).step()


def _numpy(n: int) -> None:
    import numpy as np

    if n:
        x = _places(n).T
        d = x[:, :, None] - x[:, None]
        square = np.einsum("kij,kij->ij", d, d)
        np.fill_diagonal(square, np.inf)
        np.einsum("kij,ij->ki", d, 1 / (square * np.sqrt(square)))


def _places(n: int) -> Any:
    """Places (n, 3) [um] in a cube; NumPy alone is imported."""
    import numpy as np

    return np.random.default_rng(0).uniform(size=(n, 3)) * 30 * n ** (1 / 3)


_RUN: dict[str, Any] = {
    "ours: one step of simulate": _ours,
    "ours with FMM3D, 1e-6": lambda n: _ours(n, 1e-6),
    "C kernel": _kernel,
    "naive JAX": _naive,
    "REBOUND": _rebound,
    "heyoka": _heyoka,
    "NumPy": _numpy,
}
