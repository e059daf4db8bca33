"""Sections on the force along the axis: the methods side by side, many points, a closing gap."""

from __future__ import annotations

import jax
import numpy as np
from _forces.case import Case
from _forces.king import reference_checks, reference_force
from _forces.rivals import (
    METHODS,
    Method,
    by_hand_core,
    by_hand_func,
    by_hand_king,
    by_hand_scipy,
    getft_on_coil,
    getft_on_magnet,
    ours,
    ours_jitted,
    scipy_dblquad,
)
from _shared.table import Table
from _shared.timing import Timing, once, race, seconds

SINGLE = np.array([6.7e-3])
BATCH = 4000
#: Where a face of the magnet meets an end of the winding [mm], the worst places for a quadrature.
_EDGES = (2.5, 5.5)
#: Predicted time [s] above which a method is not asked for more points.
_PATIENCE = 0.6


def main_table(rounds: int) -> tuple[Table, list[dict]]:
    """Error, and time a point alone and in a batch, of every method; the points of the figure."""
    case = Case()
    distances = np.array([0.0, 1.0, *_EDGES, 4.0, 6.7, 8.5, 12.0, 18.0, 24.0, 30.0]) * 1e-3
    reference = reference_force(case, distances)
    largest = float(np.max(np.abs(reference_force(case, np.linspace(6e-3, 7.5e-3, 31)))))
    forces = {method.name: method.build(case) for method in METHODS}
    compiled = {m.name: _first_calls(forces[m.name]) for m in METHODS if _compiles(m)}
    singles = race({name: lambda f=f: f(SINGLE) for name, f in forces.items()}, rounds)
    batches = race(
        {m.name: lambda m=m: forces[m.name](np.linspace(0, 30e-3, m.batch)) for m in METHODS},
        rounds,
        slot=0.0,
    )
    rows, points = [], []
    for method in METHODS:
        name = method.name
        error = float(np.max(np.abs(np.asarray(forces[name](distances)) - reference))) / largest
        batch = batches[name].per(method.batch)
        over = _ratio(singles[name], singles[METHODS[0].name])
        batch_over = _ratio(batch, batches[METHODS[0].name].per(BATCH))
        times = [singles[name], over, batch, batch_over]
        rows.append([name, error, *times, method.batch, compiled.get(name)])
        points.append(
            {
                "name": name,
                "family": method.family,
                "error": error,
                "single": singles[name].median,
                "batch": batch.median,
            }
        )
    header = ["method", "error / fmax", "one point", "over ours", "a point of a batch"]
    header += ["batch over ours", "batch", "to compile"]
    return Table("Force per ampere, 0 to 30 mm", _note(case), header, rows), points


def _ratio(time: Timing, ours: Timing) -> str:
    ratio = time.median / ours.median
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _compiles(method: Method) -> bool:
    return method.family.startswith("ours") or "jit" in method.family


def _first_calls(force: object) -> str:
    """What the first call costs above the second, for one point and for a batch."""
    extra = []
    for distances in (SINGLE, np.linspace(0, 30e-3, BATCH)):
        first = once(lambda d=distances: force(d))
        extra.append(first - once(lambda d=distances: force(d)))
    return " / ".join(seconds(max(t, 0.0)) for t in extra)


def _note(case: Case) -> str:
    checks = "; ".join(f"{name} {value:.1e}" for name, value in reference_checks(case).items())
    return (
        "Coil 9 / 18.72 / 8 mm, 600 turns; magnet of radius 3 mm and length 3 mm at 8.78e5 A/m. "
        "Errors: the largest of 11 distances, two of them with a face of the magnet level with an "
        "end of the winding, against King's AGM in "
        f"{np.finfo(np.longdouble).nmant + 1}-bit floating point on graded Gauss panels, which "
        f"agrees with (relative to fmax) {checks}. "
        "Times: median ± half the quartile distance, methods in turns. getFT and its circles take "
        "the winding as 12 × 12 Gauss loops too. 'To compile': the first call above the second, "
        "for one point / for 4000; each new array shape costs it once in a process."
    )


def points_table(rounds: int) -> Table:
    """How the time a point falls as more are asked for at once."""
    case = Case()
    builds = {
        "ours": ours,
        "ours, user's jit": ours_jitted,
        "func 12 × 12": by_hand_func(12),
        "core 12 × 12": by_hand_core(12),
        "King, NumPy": by_hand_king(12),
        "SciPy 12 × 12": by_hand_scipy(12),
        "getFT, 10 cells": getft_on_magnet(10),
    }
    forces = {name: build(case) for name, build in builds.items()}
    last = dict.fromkeys(forces, 0.0)
    rows = []
    for count in (1, 10, 100, 1000, 10_000, 100_000):
        distances = np.linspace(0.0, 30e-3, count + 1)[1:]
        tasks = {
            name: lambda f=f, d=distances: f(d)
            for name, f in forces.items()
            if 10 * last[name] < _PATIENCE
        }
        compiling = once(lambda d=distances: ours(case)(d))
        times = race(tasks, rounds if count < 10_000 else 3, slot=0.02)
        last.update({name: timing.median for name, timing in times.items()})
        last.update({name: np.inf for name in forces if name not in times})
        row = [times[name].per(count) if name in times else None for name in forces]
        rows.append([count, *row, seconds(max(compiling - times["ours"].median, 0.0))])
    return Table(
        "Time a point, as points are asked for at once",
        "A dash: more than about 0.6 s a call. The last column is what ours spends once for a "
        "new number of points.",
        ["points", *forces, "ours, to compile"],
        rows,
    )


GAPS = (6e-3, 3e-3, 1e-3, 0.5e-3, 0.1e-3, 0.02e-3)
_GAP_METHODS = [
    Method("ours", "", ours, 1000),
    Method("core 12 × 12", "", by_hand_core(12), 200),
    Method("King, NumPy, 12 × 12", "", by_hand_king(12), 200),
    Method("getFT, magnet in 100 cells", "", getft_on_magnet(100), 2),
    Method("getFT, loops in 64 segments", "", getft_on_coil(64), 7),
    Method("SciPy dblquad", "", scipy_dblquad, 1),
]
_REFINED = "King, NumPy, refined to 1e-9"


def gap_tables(rounds: int) -> list[Table]:
    """Error and cost as the magnet grows towards the winding."""
    distances = np.array([0.7, *_EDGES, 4.0, 6.7, 10.0, 20.0]) * 1e-3
    names = [*(method.name for method in _GAP_METHODS), _REFINED]
    errors: dict[str, list] = {name: [name] for name in names}
    costs: dict[str, list] = {name: [name] for name in names}
    for gap in GAPS:
        case = Case().with_gap(gap)
        reference = reference_force(case, distances)
        scale = float(np.max(np.abs(reference)))

        def error(force: object, truth: np.ndarray = reference, scale: float = scale) -> float:
            return float(np.max(np.abs(np.asarray(force(distances)) - truth))) / scale

        nodes = next(
            (n for n in (6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)
             if error(by_hand_king(n)(case)) < 1e-9),
            512,
        )  # fmt: skip
        methods = [*_GAP_METHODS, Method(_REFINED, "", by_hand_king(nodes), 7)]
        forces = {method.name: (method.build(case), method.batch) for method in methods}
        times = race(
            {
                name: lambda f=f, n=n: f(np.linspace(0.5e-3, 20e-3, n))
                for name, (f, n) in forces.items()
            },
            min(rounds, 3),
            slot=0.0,
        )
        for name, (force, count) in forces.items():
            errors[name].append(error(force))
            cost: Timing = times[name].per(count)
            grid = f" ({nodes} × {nodes})" if name == _REFINED else ""
            costs[name].append(seconds(cost.median) + grid)
    header = ["method", *(f"{gap * 1e3:g} mm" for gap in GAPS)]
    note = (
        "The magnet's radius is 9 mm less the gap. Largest error of 7 distances, two of which have "
        "a face of the magnet in the plane of an end of the winding, over the largest force."
    )
    return [
        Table("Error as the gap closes", note, header, list(errors.values())),
        Table(
            "Time a point as the gap closes",
            "In a batch (of 1000 for ours, 200 by hand, fewer for the slow ones). Refined: "
            "the first grid in (6, 8, 12, 16, ... 384) below 1e-9, 512 × 512 where none is.",
            header,
            list(costs.values()),
        ),
    ]


def gpu_table(rounds: int) -> Table | None:
    """Ours on a GPU, where there is one."""
    try:
        gpu = jax.devices("gpu")[0]
    except RuntimeError:
        return None
    case = Case()
    rows = []
    for count in (4000, 100_000, 1_000_000):
        distances = np.linspace(0, 30e-3, count)
        tasks = {}
        for device in (jax.devices("cpu")[0], gpu):
            placed, force = jax.device_put(distances, device), ours_jitted(case)
            tasks[device.platform] = lambda d=placed, f=force: f(d)
        times = race(tasks, min(rounds, 3), slot=0.0)
        rows.append([count, *(times[name].per(count) for name in tasks)])
    return Table(
        "On a GPU",
        f"{gpu.device_kind}; axial_force under jax.jit, time a point.",
        ["points", "CPU", "GPU"],
        rows,
    )
