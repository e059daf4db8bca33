"""Other people's codes on the same ions. Each run gives the state (6, n) and what it took."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import diffrax
import heyoka
import jax
import jax.numpy as jnp
import numpy as np
import rebound
from _motion.case import CASES, Case
from _motion.kernel import library, rates, rk4
from scipy.integrate import solve_ivp

#: The state (6, n) [um, um/us] at the end, and the number of evaluations of the pair sums.
Run = Callable[[], tuple[np.ndarray, int]]


@dataclass(frozen=True)
class Method:
    """`prepare(case, setting)` compiles what must be compiled and gives the run."""

    name: str
    prepare: Callable[[Case, Any], Run]
    settings: dict[str, list[Any]]  # by the case's name; from rough to fine


# ---- NumPy and SciPy


def numpy_sums(x: np.ndarray) -> np.ndarray:
    """sum d / r^3 (3, n) at x (3, n), as one writes it."""
    d = x[:, :, None] - x[:, None]
    square = np.einsum("kij,kij->ij", d, d)
    np.fill_diagonal(square, np.inf)
    return np.einsum("kij,ij->ki", d, 1 / (square * np.sqrt(square)))


def numpy_rates(case: Case) -> Callable[[float, np.ndarray], np.ndarray]:
    def right(time: float, y: np.ndarray) -> np.ndarray:
        s = y.reshape(6, -1)
        a = case.push * s[:3]
        a[2] *= -2
        a[0] += case.turn * s[4]
        a[1] -= case.turn * s[3]
        a += case.coulomb * numpy_sums(s[:3])
        return np.concatenate([s[3:], a]).ravel()

    return right


def scipy_dop853(kernel: bool, case: Case, tolerance: float) -> Run:
    right = rates(case) if kernel else numpy_rates(case)

    def run() -> tuple[np.ndarray, int]:
        found = solve_ivp(
            right,
            (0, case.span),
            case.start.ravel(),
            method="DOP853",
            rtol=max(tolerance, 2.3e-14),
            atol=tolerance * 10,
            t_eval=[case.span],
        )
        return found.y[:, -1].reshape(6, -1), found.nfev

    return run


def kernel_rk4(case: Case, steps: int) -> Run:
    return lambda: (rk4(case, steps), 4 * steps)


# ---- JAX, as one writes it


def naive_sums(x: jax.Array) -> jax.Array:
    """sum d / r^3 (n, 3) at x (n, 3)."""
    d = x[:, None] - x[None]
    square = jnp.sum(d * d, axis=-1) + jnp.eye(len(x))
    return jnp.sum(d * square[..., None] ** -1.5, axis=1)


def naive_rates(case: Case, t: Any, y: jax.Array) -> jax.Array:
    x, v = y[:3], y[3:]
    trap = case.push * x * jnp.array([[1.0], [1.0], [-2.0]])
    turn = case.turn * jnp.stack([v[1], -v[0], jnp.zeros_like(v[0])])
    return jnp.concatenate([v, trap + turn + case.coulomb * naive_sums(x.T).T])


@cache
def _diffrax(name: str) -> Any:
    case = CASES[name]()
    rates = partial(naive_rates, case)

    @jax.jit
    def solve(start: jax.Array, rtol: jax.Array) -> Any:
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: rates(t, y)),
            diffrax.Dopri8(),
            0.0,
            case.span,
            0.01,
            start,
            stepsize_controller=diffrax.PIDController(rtol=rtol, atol=10 * rtol),
            saveat=diffrax.SaveAt(t1=True),
            max_steps=100_000,
            adjoint=diffrax.ForwardMode(),
        )

    return solve


def plain_diffrax(case: Case, tolerance: float) -> Run:
    solve, start = _diffrax(case.name), jnp.asarray(case.start)
    jax.block_until_ready(solve(start, tolerance).ys)

    def run() -> tuple[np.ndarray, int]:
        found = solve(start, tolerance)
        return np.asarray(found.ys[0]), 13 * int(found.stats["num_steps"])

    return run


# ---- REBOUND


def rebound_simulation(case: Case) -> rebound.Simulation:
    """Its own pair sums with G below zero, so that masses of 1 repel; the trap in C."""
    particle = rebound.Particle
    library().rebound_layout(
        *(
            ctypes.c_ssize_t(value)
            for value in (
                rebound.Simulation.N.offset,
                rebound.Simulation._particles.offset,
                ctypes.sizeof(particle),
                particle.x.offset,
                particle.vx.offset,
                particle.ax.offset,
            )
        ),
        ctypes.c_double(case.turn),
        ctypes.c_double(case.push),
    )
    simulation = rebound.Simulation()
    simulation.G = -case.coulomb
    for x, y, z, vx, vy, vz in case.start.T:
        simulation.add(m=1.0, x=x, y=y, z=z, vx=vx, vy=vy, vz=vz)
    simulation.additional_forces = ctypes.cast(
        library().rebound_forces, ctypes.CFUNCTYPE(None, ctypes.POINTER(rebound.Simulation))
    )
    simulation.force_is_velocity_dependent = 1
    simulation.dt = 0.01
    return simulation


def rebound_run(integrator: str, case: Case, tolerance: float) -> Run:
    def run() -> tuple[np.ndarray, int]:
        simulation = rebound_simulation(case)
        simulation.integrator = integrator
        if integrator == "ias15":
            simulation.integrator.epsilon = tolerance
        else:
            simulation.integrator.eps_rel = tolerance
            simulation.integrator.eps_abs = 10 * tolerance
        with warnings.catch_warnings():  # that rough steps of IAS15 do not converge
            warnings.simplefilter("ignore")
            simulation.integrate(case.span)
        state = [[p.x, p.y, p.z, p.vx, p.vy, p.vz] for p in simulation.particles]
        return np.array(state).T, library().rebound_calls()

    return run


# ---- heyoka


def heyoka_system(case: Case) -> list[Any]:
    """Its N-body expressions with G below zero, and the trap's linear forces added."""
    masses = [1.0] * case.n
    system = heyoka.model.nbody(case.n, masses=masses, Gconst=-case.coulomb)
    made = []
    for k in range(case.n):
        x, y, z, u, v, w = system[6 * k : 6 * k + 6]
        made += [x, y, z]
        made.append((u[0], u[1] + case.push * x[0] + case.turn * v[0]))
        made.append((v[0], v[1] + case.push * y[0] - case.turn * u[0]))
        made.append((w[0], w[1] - 2 * case.push * z[0]))
    return made


@cache
def _heyoka(name: str, tolerance: float) -> Any:
    case = CASES[name]()
    return heyoka.taylor_adaptive(
        heyoka_system(case), case.start.T.ravel(), tol=tolerance, compact_mode=case.n > 9
    )


def heyoka_run(case: Case, tolerance: float) -> Run:
    made = _heyoka(case.name, tolerance)

    def run() -> tuple[np.ndarray, int]:
        made.time = 0.0
        made.state[:] = case.start.T.ravel()
        outcome = made.propagate_until(case.span)
        return made.state.reshape(-1, 6).T.copy(), int(outcome[3]) * made.order

    return run


_TOLERANCES = [1e-4, 1e-6, 1e-8, 1e-10, 1e-12]
_ALL = {"two ions": _TOLERANCES, "cold crystal": _TOLERANCES}
_FEWER = {"two ions": _TOLERANCES, "cold crystal": _TOLERANCES[:4]}  # where a run takes long
_STEPS = [1000, 2000, 4000, 8000, 16000, 32000]

PEERS = [
    Method("SciPy DOP853, NumPy sums", partial(scipy_dop853, False), _FEWER),
    Method("SciPy DOP853, C sums", partial(scipy_dop853, True), _ALL),
    Method("diffrax Dopri8, naive sums", plain_diffrax, _FEWER),
    Method(
        "REBOUND IAS15",
        partial(rebound_run, "ias15"),
        {"two ions": [1e-2, 1e-4, 1e-6, 1e-9], "cold crystal": [1.0, 0.1, 0.01]},
    ),
    Method("REBOUND BS", partial(rebound_run, "bs"), _ALL),
    Method(
        "heyoka",
        heyoka_run,
        {"two ions": [*_TOLERANCES, 1e-15], "cold crystal": [1e-4, 1e-8, 1e-12]},
    ),
    Method("RK4 in C", kernel_rk4, {"two ions": _STEPS, "cold crystal": _STEPS[:4]}),
]

#: For the drift of the energy: method, and choices from rough to fine.
DRIFT = [
    (
        "SciPy DOP853, C sums",
        partial(scipy_dop853, True),
        {"hot cloud": [1e-3, 1e-4, 1e-5], "cold crystal": [1e-13, 1e-14]},
    ),
    (
        "REBOUND IAS15",
        partial(rebound_run, "ias15"),
        {"hot cloud": [1.0], "cold crystal": [0.1, 0.01]},
    ),
    (
        "REBOUND BS",
        partial(rebound_run, "bs"),
        {"hot cloud": [0.1, 1e-2, 1e-3], "cold crystal": [1e-11, 1e-12]},
    ),
    ("heyoka", heyoka_run, {"hot cloud": [1e-2], "cold crystal": [1e-15]}),
    ("RK4 in C", kernel_rk4, {"hot cloud": [2500], "cold crystal": [2500]}),
]
