"""What a ring does to a beam: Fieldwright beside pyAT and xtrack on the same ring.

    python benchmarks/rings.py [--quick] [--json] [--only PART ...]

Prints the tables (as JSON with --json) and, unless --quick or --only, writes them to
benchmarks/results/rings.md. Parts: tracking, analysis, batch, scaling, imports, gpu; each runs in
processes of its own. Needs the extra `peers`, and a C compiler for xtrack's threads.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _shared.about import describe
from _shared.table import Table
from _shared.timing import seconds
from _shared.worker import ask

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("jax", "jaxlib", "equinox", "numpy", "scipy", "accelerator-toolbox", "xtrack", "xsuite")
CODES = (
    "ours",
    "pyAT, as it comes",
    "pyAT, converged",
    "xtrack, as it comes",
    "xtrack, one kick a bend",
)
#: xtrack's kernels for several threads are not among those it comes with.
_COMPILE = {"XSUITE_ALLOW_KERNEL_COMPILATION": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller tasks; writes no files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help="some parts")
    options = parser.parse_args()
    start = time.perf_counter()
    about = describe(PACKAGES)
    tables: list[Table] = []
    for name in options.only or PARTS:
        more = PARTS[name](options.quick)
        tables += more
        if not options.json:
            print(*([about] if len(tables) == len(more) else []), *more, sep="\n\n", flush=True)
    if options.json:
        print(json.dumps({"about": about, "tables": [t.as_json() for t in tables]}, indent=1))
    if not (options.quick or options.only):
        RESULTS.mkdir(exist_ok=True)
        text = "\n".join(["# Rings: side by side\n", about, "", *map(str, tables)])
        (RESULTS / "rings.md").write_text(text, encoding="utf-8")
    print(f"took {time.perf_counter() - start:.0f} s", file=sys.stderr)


def tracking(quick: bool) -> list[Table]:
    """Particle-turns per second on one core and on all."""
    count, rounds, turns = (1000, 1, 1) if quick else (10_000, 3, 2)
    cores = _cores()
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for turn in range(turns):  # codes in turns, so that other work hits all alike
        for code in CODES:
            for number in cores:
                threads = number > 1 and code.startswith("xtrack")
                if threads and (turn or code == "xtrack, as it comes"):
                    continue  # minutes to compile
                more = _COMPILE if threads else None
                one = ask("_rings.tracking", number, code, count, rounds, more=more)
                found.setdefault((code, number), []).append(one)
    rows = []
    for code in CODES:
        mine = found[code, 1][0]
        row: list[Any] = [code]
        rates = [[one["rate"] for one in found.get((code, number), [])] for number in cores]
        row += [_rate(max(rate)) if rate else None for rate in rates]
        row += [f"{value:.5f}" for value in mine["tunes"][:2]]
        row += [f"{value:.3f}" for value in mine["tunes"][2:]]
        rows.append([*row, _compiled(mine["first"]), mine["lost"]])
    header = ["code", *(f"{n} core{'s'[: n - 1]}" for n in cores)]
    header += ["tune 1", "tune 2", "chromaticity 1", "chromaticity 2", "to compile", "lost"]
    note = _TRACKING.format(count=count)
    return [Table("Particle-turns per second", note, header, rows)]


_TRACKING = (
    "VEPP-2000 as reconstructed, ++--, with sextupoles, cavity on, no radiation; {count} "
    "particles, none of which may be lost; codes in turns, the best of some runs. Tunes and "
    "chromaticities as each code finds them on what it tracks: they tell how alike the models are. "
    "Ours: exact bends with full pole faces. 'pyAT, as it comes': expanded bends, linear pole "
    "faces, 10 steps; 'converged': its exact maps with 6 steps, which hold the tunes to 1e-5; two "
    "cores are two processes. 'xtrack, as it comes': its default models of bends, linear pole "
    "faces; 'one kick a bend': exact bends, full pole faces, whose single kick has nothing to do; "
    "two cores are two threads, for which it compiles with the C compiler for minutes (not shown)."
)


def analysis(quick: bool) -> list[Table]:
    """Orbit, optics and equilibrium of one machine."""
    rounds = 2 if quick else 20
    found = {n: ask("_rings.analysis", n, "single", rounds) for n in _cores()}
    rows = []
    for number, (code, task, first, _) in enumerate(found[1]):
        times = [seconds(one[number][3]) for one in found.values()]
        rows.append([code, task, *times, _compiled(first)])
    header = ["code", "task", *(f"{n} core{'s'[: n - 1]}" for n in found), "to compile"]
    note = (
        "The same ring without sextupoles; the best of some calls. 'Everywhere' is at its 113 "
        "places. 'To compile': what the first call took beyond the next. pyAT as it comes "
        "(expanded bends, 10 steps); xtrack with one kick a bend, unsliced, where its emittance is "
        "10 to 20 % high (with 64 slices, where it is right, its twiss with radiation takes "
        "seconds)."
    )
    return [Table("Optics and equilibrium of one machine", note, header, rows)]


def batch(quick: bool) -> list[Table]:
    """A batch of machines with errors."""
    machines, rounds = (50, 1) if quick else (1000, 3)
    found = {n: ask("_rings.analysis", n, "batch", machines, rounds) for n in _cores()}
    rows = []
    for number, (code, task, first, _) in enumerate(found[1]):
        times = [seconds(one[number][3]) for one in found.values()]
        rows.append([code, task, *times, _compiled(first)])
    header = ["code", "task", *(f"{n} core{'s'[: n - 1]}" for n in found), "to compile and warm up"]
    note = (
        f"{machines} machines with offsets of 30 µm, rolls of 0.1 mrad and strengths off by 1e-4 "
        "of each quadrupole; time for each machine. Ours: `equilibria`, and `jax.vmap` of "
        "`optics`. pyAT: 20 of them one after the other, their making not counted."
    )
    return [Table("Many machines, time for each", note, header, rows)]


def scaling(quick: bool) -> list[Table]:
    """Cost over elements, particles and machines."""
    sizes = (100, 300) if quick else (100, 300, 1000, 3000, 10_000)
    rows = []
    for size in sizes:
        one = ask("_rings.scaling", 1, "elements", size, 1 if quick else 3)
        row: list[Any] = [one["elements"]]
        for task in ("tracking", "optics", "equilibrium"):
            row += [seconds(one[task][1]), _compiled(one[task][0])]
        rows.append([*row, seconds(one["pyAT tracking"]), seconds(one["pyAT ohmi_envelope"])])
    header = ["elements", "1000 particles, a turn", "to compile", "optics", "to compile "]
    header += ["equilibrium", "to compile  ", "pyAT: a turn", "pyAT: ohmi_envelope"]
    note = "Rings of cells of two bends and two quadrupoles, on one core; pyAT as it comes."
    tables = [Table("Over the number of elements", note, header, rows)]
    counts = [1, 100, 10_000] if quick else [1, 10, 100, 1000, 10_000, 100_000]
    rates = ask("_rings.scaling", 1, "particles", counts, 1 if quick else 2)
    rows = [[name, *map(_rate, mine)] for name, mine in rates.items()]
    header = ["code", *(f"{n} particles" for n in counts)]
    note = "VEPP-2000 with sextupoles, on one core."
    tables.append(Table("Particle-turns per second over particles", note, header, rows))
    numbers = [1, 10] if quick else [1, 10, 100, 1000]
    times = ask("_rings.scaling", 1, "machines", numbers, 1 if quick else 3)
    header = ["code", *(f"{n} machines" for n in numbers)]
    note = "VEPP-2000 with errors as above, on one core: time of the equilibrium for each machine."
    return [*tables, Table("Over machines", note, header, [["ours", *map(seconds, times)]])]


def imports(quick: bool) -> list[Table]:
    """Time to import."""
    found = ask("_rings.analysis", None, "imports", 1 if quick else 5)
    rows = [[name, seconds(taken)] for name, taken in found.items()]
    return [Table("To import", "In a fresh process, the best of some.", ["code", "time"], rows)]


def gpu(quick: bool) -> list[Table]:
    """The same on a GPU, where there is one."""
    found = ask("_rings.gpu", None, 100 if quick else 1000, 1 if quick else 3, gpu=True)
    if found is None:
        return []
    header = ["code", "1e4 particles", "1e5 particles", "1e6 particles", "to compile"]
    row = ["ours", *map(_rate, found["rates"]), _compiled(max(found["compiling"]))]
    device = found["device"]
    tables = [Table(f"Particle-turns per second, {device}", "As above.", header, [row])]
    rows = [[task, seconds(taken), _compiled(first)] for _, task, first, taken in found["batch"]]
    header = ["task", "time for each", "to compile"]
    return [*tables, Table(f"Many machines, {device}", "As above.", header, rows)]


PARTS: dict[str, Callable[[bool], list[Table]]] = {
    "tracking": tracking,
    "analysis": analysis,
    "batch": batch,
    "scaling": scaling,
    "imports": imports,
    "gpu": gpu,
}


def _cores() -> list[int]:
    return sorted({1, min(2, os.cpu_count() or 1)})


def _rate(value: float) -> str:
    return f"{value:.2g}".replace("e+0", "e")


def _compiled(taken: float) -> str | None:
    """None for what compiles nothing."""
    return seconds(taken) if taken > 5e-2 else None


if __name__ == "__main__":
    main()
