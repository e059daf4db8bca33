"""Sections on what a designer asks: the sweet spot, gradients, many geometries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _forces.case import (
    ANCHOR_FORCE,
    ANCHOR_MU_0,
    ANCHOR_POSITION,
    ANCHOR_RANGE,
    Case,
)
from _forces.king import force as king_force
from _forces.king import reference_force, reference_gradient
from _forces.rivals import by_hand_core, by_hand_func, by_hand_king
from _shared.table import Table
from _shared.timing import once, race, seconds
from scipy.optimize import brentq, minimize_scalar

from fieldwright.constants import MU_0
from fieldwright.forces import axial_force, sweet_spot
from fieldwright.sources import Coil, CylinderMagnet

_FORCE = ANCHOR_FORCE * MU_0 / ANCHOR_MU_0


def spot_table(rounds: int) -> Table:
    """The sweet spot and its 95 % range, whole."""
    case = Case()
    coil, magnet = case.coil, case.magnet

    def ours(coil: Coil = coil, magnet: CylinderMagnet = magnet) -> tuple[Any, ...]:
        spot = sweet_spot(coil, magnet)
        return spot.position, spot.force_per_current, *spot.range(0.95)

    jitted = jax.jit(ours)
    tasks: dict[str, Callable[[], Any]] = {
        "ours: sweet_spot and .range(0.95)": ours,
        "the same under the user's jax.jit": lambda: jitted(coil, magnet),
        "SciPy optimize over core 12 × 12": lambda: _scipy_spot(by_hand_core(12)(case)),
        "SciPy optimize over func 12 × 12": lambda: _scipy_spot(by_hand_func(12)(case)),
        "SciPy optimize over King in NumPy": lambda: _scipy_spot(by_hand_king(12)(case)),
    }
    first = {name: once(task) for name, task in tasks.items()}
    times = race(tasks, rounds)
    rows = []
    for name, task in tasks.items():
        z, F, *ends = (float(value) for value in task())
        off = max(abs(a - b) for a, b in zip(ends, ANCHOR_RANGE, strict=True))
        compiling = seconds(first[name] - times[name].median) if "optim" not in name else None
        errors = [abs(F / _FORCE - 1), abs(z - ANCHOR_POSITION), off]
        rows.append([name, *errors, times[name], compiling])
    return Table(
        "A whole sweet spot with its 95 % range",
        "Errors against the 14-digit anchors. SciPy: minimize_scalar (bounded) and two brentq; a "
        "maximum found from values alone is only as sharp as the root of rounding.",
        ["method", "force, relative", "position [m]", "range [m]", "time", "to compile"],
        rows,
    )


def _scipy_spot(force: Callable[[Any], np.ndarray]) -> tuple[float, ...]:
    def size(z: float) -> float:
        return abs(float(force(np.array([z]))[0]))

    best = minimize_scalar(
        lambda z: -size(z), bounds=(1e-3, 30e-3), method="bounded", options={"xatol": 1e-11}
    )
    level = 0.95 * size(best.x)
    low = brentq(lambda z: size(z) - level, 0.0, best.x, xtol=1e-14)
    return best.x, size(best.x), low, brentq(lambda z: size(z) - level, best.x, 30e-3, xtol=1e-14)


def gradient_table(rounds: int) -> Table:
    """The force's derivatives with respect to every dimension and the distance."""
    case, distance = Case(), 6e-3
    values = np.array([*case.dimensions, distance])
    truth = reference_gradient(case, distance)

    def force(p: Any) -> Any:
        magnet = CylinderMagnet(p[3], p[4], case.magnetization)
        return axial_force(Coil(p[0], p[1], p[2], case.turns), magnet, p[5])

    grad = jax.grad(force)
    jitted = jax.jit(grad)
    tasks: dict[str, Callable[[], Any]] = {
        "ours: jax.grad": lambda: grad(jnp.asarray(values)),
        "ours: jax.jit(jax.grad)": lambda: jitted(values),
        "differences over core 12 × 12 (12 calls)": lambda: _differences(by_hand_core(12), values),
        "differences over func 12 × 12 (12 calls)": lambda: _differences(by_hand_func(12), values),
        "complex step through King in NumPy (6 calls)": lambda: _complex_step(values),
    }
    first = {name: once(task) for name, task in tasks.items()}
    times = race(tasks, rounds)
    rows = []
    for name, task in tasks.items():
        error = float(np.max(np.abs(np.asarray(task()) - truth)) / np.max(np.abs(truth)))
        compiling = seconds(first[name] - times[name].median) if "ours" in name else None
        rows.append([name, error, times[name], compiling])
    return Table(
        "Gradient with respect to five dimensions and the distance",
        "At 6 mm; largest error of a component over the largest component, against differences in "
        "the long double reference.",
        ["method", "error", "time", "to compile"],
        rows,
    )


def _case_of(p: Any) -> Case:
    return Case(inner_radius=p[0], outer_radius=p[1], length=p[2], radius=p[3], height=p[4])


def _differences(build: Callable[[Case], Any], values: np.ndarray) -> np.ndarray:
    step = 1e-5 * values
    gradient = []
    for shift in np.diag(step):
        up, down = (float(build(_case_of(p))(p[5:])[0]) for p in (values + shift, values - shift))
        gradient.append((up - down) / (2 * np.max(shift)))
    return np.array(gradient)


def _complex_step(values: np.ndarray) -> np.ndarray:
    gradient = []
    for shift in 1e-30j * np.eye(values.size):
        p = values + shift
        case = _case_of(p)
        F = king_force(case.winding(12), p[3], p[4], case.magnetization, p[5])
        gradient.append(F.imag / 1e-30)
    return np.array(gradient)


def geometries_table(rounds: int) -> Table:
    """One distance, a thousand coils."""
    case, distance, count = Case(), 6e-3, 1000
    rng = np.random.default_rng(2)
    inner = rng.uniform(7e-3, 11e-3, count)
    outer = inner + rng.uniform(4e-3, 12e-3, count)
    length = rng.uniform(4e-3, 12e-3, count)
    cases = [Case(*coil) for coil in zip(inner, outer, length, strict=True)]
    truth = np.array([reference_force(coil, distance)[0] for coil in cases[:50]])

    def one(a: Any, b: Any, c: Any) -> Any:
        return axial_force(Coil(a, b, c, case.turns), case.magnet, distance)

    many = jax.jit(jax.vmap(one))
    slope = jax.jit(jax.vmap(jax.grad(one, argnums=(0, 1, 2))))

    def loop(build: Callable[[Case], Any]) -> np.ndarray:
        return np.array([build(coil)(np.array([distance]))[0] for coil in cases])

    tasks: dict[str, Callable[[], Any]] = {
        "ours: jit(vmap(axial_force))": lambda: many(inner, outer, length),
        "ours: its gradient, jit(vmap(grad))": lambda: slope(inner, outer, length),
        "King in NumPy, broadcast by hand": lambda: _king_broadcast(inner, outer, length, distance),
        "loop over core 12 × 12": lambda: loop(by_hand_core(12)),
        "loop over func 12 × 12": lambda: loop(by_hand_func(12)),
    }
    first = {name: once(task) for name, task in tasks.items()}
    times = race(tasks, min(rounds, 5), slot=0.0)
    rows = []
    for name, task in tasks.items():
        error = None
        if "gradient" not in name:
            error = float(np.max(np.abs(np.asarray(task())[:50] - truth)) / np.max(np.abs(truth)))
        compiling = seconds(first[name] - times[name].median) if "ours" in name else None
        rows.append([name, error, times[name].per(count), compiling])
    return Table(
        "A thousand coils at one distance",
        "Inner radius 7 to 11 mm, winding 4 to 12 mm deep and long; time a coil; error over the "
        "first 50, relative to the largest force.",
        ["method", "error", "time a coil", "to compile"],
        rows,
    )


def _king_broadcast(inner: Any, outer: Any, length: Any, distance: float) -> np.ndarray:
    """King's 12 x 12 loops of many coils at once, in pieces that fit the cache."""
    case = Case()
    x, weight = np.polynomial.legendre.leggauss(12)
    turns = case.turns * np.outer(weight, weight).ravel() / 4
    body = case.radius, case.height, case.magnetization
    pieces = []
    for part in np.array_split(np.arange(inner.size), max(1, inner.size // 125)):
        a0, a1, h = (value[part, None, None] for value in (inner, outer, length))
        a = a0 + (a1 - a0) * (1 + x[:, None]) / 2
        loops = (v.reshape(part.size, -1) for v in np.broadcast_arrays(a, h / 2 * x))
        pieces.append(king_force((*loops, turns), *body, distance))
    return np.concatenate(pieces)
