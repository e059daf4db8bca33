"""Charges in time: Fieldwright beside other codes on the same ions.

    python benchmarks/motion.py [--quick] [--json] [--only PART ...]

Prints the tables (as JSON with --json) and, unless --quick or --only, writes them with the figures
to benchmarks/results/. Parts: pairs, cost, drift, memory, times, gpu; each runs in processes of its
own. Needs the extras `peers` and `fmm`, and a C compiler.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _motion.memory import LARGEST
from _motion.plot import plot_cost, plot_pairs
from _motion.worker import ask
from _shared.about import describe
from _shared.table import Table
from _shared.timing import seconds

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "jax", "jaxlib", "equinox", "diffrax", "numpy", "scipy", "rebound", "heyoka", "fmm3dpy",
)  # fmt: skip
SIZES = (100, 1000, 10_000, 100_000)
GOALS = {"two ions": 1e-6, "cold crystal": 1e-5}

_Found = tuple[list[Table], dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller tasks; writes no files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help="some parts")
    options = parser.parse_args()
    start = time.perf_counter()
    about = f"{describe(PACKAGES)} C kernel: {_compiler()}."
    tables: list[Table] = []
    data: dict[str, Any] = {}
    for name in options.only or PARTS:
        more, found = PARTS[name](options.quick)
        tables += more
        data |= found
        if not options.json:
            print(*([about] if len(tables) == len(more) else []), *more, sep="\n\n", flush=True)
    if options.json:
        print(json.dumps({"about": about, "tables": [t.as_json() for t in tables]}, indent=1))
    if not (options.quick or options.only):
        _write(about, tables, data)
    print(f"took {time.perf_counter() - start:.0f} s", file=sys.stderr)


def _write(about: str, tables: list[Table], data: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    pictures = (
        "![error against evaluations and time](motion.svg)\n\n"
        "![pairs per second over the number of ions](motion_pairs.svg)\n"
    )
    text = "\n".join(["# Motion: side by side\n", about, "", *map(str, tables), pictures])
    (RESULTS / "motion.md").write_text(text, encoding="utf-8")
    plot_cost(data["cost"], RESULTS)
    plot_pairs(data["pairs"], SIZES, RESULTS)


def pairs(quick: bool) -> _Found:
    """Ordered pairs per second, on one core and on all."""
    found = {cores: ask("pairs", cores, cores, quick) for cores in sorted({1, os.cpu_count() or 1})}
    tables = []
    for cores, rows in found.items():
        best = (
            "codes in turns, the best of some calls; the first, which compiles, is left out except "
            "at 1e5 ions. "
        )
        note = _PAIRS if cores == 1 else "As above."
        tables.append(
            Table(
                f"Ordered pairs per second, {cores} core{'s'[: cores - 1]}",
                f"N (N - 1) pairs an evaluation, {best}{note}",
                ["code", *(f"{n} ions" for n in SIZES), "32 × 100", "8 × 1000", "error"],
                [[name, *map(_rate, rates), error] for name, *rates, error in rows],
            )
        )
    return tables, {"pairs": {cores: [row[:5] for row in rows] for cores, rows in found.items()}}


_PAIRS = (
    "'Sums': the Coulomb field alone, in a compiled loop; 'precise' sums differences of places. "
    "'Whole runs': `simulate` with ExactFlow (rkn14a at 100 and 1000 ions, strang above), its "
    "checks and the flow in the trap included; batches by `simulate_many`. '32 × 100': a batch of "
    "32 cases of 100 ions. FMM3D sums no pairs: what they would be. The C kernel is "
    "`kernel.c`; at 1e4 ions and above, 5000 rows of it. REBOUND: its wheel, gravity "
    "'basic' with G < 0 so that equal charges repel, steps of its leapfrog; it reckons each pair "
    "once, which is counted twice here. heyoka: a Taylor step of order p makes p derivatives of "
    "every pair and counts as p evaluations; it writes out every pair, so that compiling takes "
    "minutes from some hundred ions on. A dash: too slow, or too large. Error: of the sums at "
    "1000 ions, the largest over the largest sum, against long double."
)


def cost(quick: bool) -> _Found:
    """Error against cost for two ions and the crystal."""
    points = {name: ask("cost", 1, "points", name, quick) for name in GOALS}
    rows = []
    for method in dict.fromkeys(one["method"] for found in points.values() for one in found):
        row: list[Any] = [method]
        for name, goal in GOALS.items():
            mine = [one for one in points[name] if one["method"] == method]
            good = [one for one in mine if one["error"] <= goal]
            best = min(good, key=lambda one: one["evaluations"], default=None)
            row += [best and best["evaluations"], best and best["error"]]
            row.append(best and seconds(min(one["seconds"] for one in good)))
            row.append(_compiled(max(one["prepare"] for one in mine)))
        rows.append(row)
    note = (
        "The paper's two ions (40.078 u) to 1e-6 µm, and a cold crystal of 100 ions at 1 mK to "
        "1e-5 µm, after 50 µs, on one core; errors are the largest distance of an ion from where "
        "long double puts it (tests/reference: extrapolation and heyoka's Taylor series, 1e-12 µm "
        "apart). The cheapest of the settings tried, all of which the figure shows; a dash: none "
        "was good enough. 'To compile': the first call above the next; ExactFlow(rkn14a) was "
        "compiled before, being what was chosen for two ions. NearFar counts sums over "
        "all pairs, not those of close pairs in their short steps. REBOUND with its own pair sums "
        "(G < 0), the trap's forces in C as additional forces that depend on velocities, IAS15 "
        "with its default step criterion and epsilon of 1e-9 and above (rough ones warn), BS with "
        "eps_abs = 10 eps_rel in µm; WHFast and the like do not apply. heyoka: its N-body "
        "expressions with the trap's forces added, compact mode for the crystal; counted as order "
        "times steps. diffrax: Dopri8 with pair sums as one writes them. SciPy: pair sums in NumPy "
        "or of the C kernel. Boris's and Higuera and Cary's are the same for slow ions."
    )
    header = ["method"]
    for goal in ("2 ions", "crystal"):
        header += [f"{goal}: evaluations", "error [µm]", "time", "to compile"]
    return [Table("Cheapest way to a given error", note, header, rows)], {"cost": points}


def drift(quick: bool) -> _Found:
    """Drift of the energy at ten thousand evaluations."""
    seeds = 1 if quick else 3
    rows = [
        [name, *_drift(found[:3]), *_drift(found[3:])]
        for name, *found in ask("cost", 1, "drift", 10_000, seeds)
    ]
    note = (
        "Over 50 µs on one core, |E(end) / E(start) - 1|, reckoned in long double. Hot: the "
        f"paper's random cloud of 100 ions, the worst of {seeds} seeds; cold: the crystal. Codes "
        "that choose their own steps: with the finest of some tolerances that kept to the budget, "
        "or the roughest. NearFar counts sums over all pairs, its close pairs' are in the time."
    )
    header = ["method", "hot: evaluations", "time", "drift"]
    header += ["cold: evaluations", "time ", "drift "]
    return [Table("Drift of the energy at 1e4 evaluations", note, header, rows)], {}


def _drift(found: list[Any]) -> list[Any]:
    evaluations, taken, change = found
    return [evaluations, seconds(taken), change]


def memory(quick: bool) -> _Found:
    """Peak memory over the number of ions."""
    rows = []
    for code, largest in LARGEST.items():
        sizes = [n for n in (0, *SIZES) if n <= min(largest, 1000 if quick else largest)]
        peaks: list[Any] = [f"{ask('memory', None, code, n):.0f}" for n in sizes]
        rows.append([code, *peaks, *[None] * (len(SIZES) + 1 - len(peaks))])
    note = (
        "Peak resident memory [MB] of a fresh process that makes one evaluation; the first column "
        "is of the imports alone. REBOUND at 1e5 ions is left out for its time only; heyoka at "
        "1000 ions, tried once, took 11 GB and 5 minutes to compile."
    )
    return [Table("Memory", note, ["code", "none", *(f"{n} ions" for n in SIZES)], rows)], {}


def times(quick: bool) -> _Found:
    """Times of whole tasks."""
    rows = [
        [task, what, seconds(taken), None if first is None else _compiled(first)]
        for task, what, taken, first in ask("times", None, quick)
    ]
    note = "On all cores; the second call. 'To compile': what the first took beyond that."
    return [Table("Whole tasks", note, ["task", "run", "time", "to compile"], rows)], {}


def gpu(quick: bool) -> _Found:
    """The sums on a GPU, where there is one."""
    found = ask("gpu", None, quick, gpu=True)
    if found is None:
        return [], {}
    sizes = (1000, 10_000, 100_000, 1_000_000)
    rows = [[name, *map(_rate, rates)] for name, *rates in found["rows"]]
    pairs = Table(
        f"Ordered pairs per second, {found['device']}",
        "As on the processor, in double precision.",
        ["code", *(f"{n} ions" for n in sizes)],
        rows,
    )
    rows = [[task, seconds(taken)] for task, taken in found["times"]]
    return [pairs, Table("Whole tasks on the GPU", "The second call.", ["task", "time"], rows)], {}


PARTS: dict[str, Callable[[bool], _Found]] = {
    "pairs": pairs,
    "cost": cost,
    "drift": drift,
    "memory": memory,
    "times": times,
    "gpu": gpu,
}


def _rate(value: float | None) -> str | None:
    return None if value is None else f"{value:.2g}".replace("e+0", "e")


def _compiled(taken: float) -> str | None:
    """None for codes that compile nothing."""
    return seconds(taken) if taken > 5e-3 else None


def _compiler() -> str:
    from _motion.kernel import FLAGS, compiler

    version = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=True)
    return f"{version.stdout.splitlines()[0]}, {' '.join(FLAGS)}"


if __name__ == "__main__":
    main()
