"""The first answer of a process, and the next: Fieldwright beside other codes.

    python benchmarks/first_call.py [--quick] [--json] [--only PART ...]

Prints the tables (as JSON with --json) and, unless --quick or --only, writes them to
benchmarks/results/first_call.md. Parts: rings, forces, motion, light. Each number is of a fresh
process, whose folders for what is kept are its own. Needs the extra `peers`, and a C compiler.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _first_call.others import TASKS as OTHERS
from _first_call.rings import SIZES, TASKS
from _first_call.task import Task
from _shared.about import describe
from _shared.table import Table
from _shared.timing import seconds
from _shared.worker import ask

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "jax", "jaxlib", "equinox", "numpy", "scipy", "accelerator-toolbox", "xtrack", "magpylib",
    "rebound", "heyoka", "srwpy", "xrt",
)  # fmt: skip
PARTS = ("rings", "forces", "motion", "light")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rings, once; writes no files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help="some parts")
    options = parser.parse_args()
    start = time.perf_counter()
    about = describe(PACKAGES)
    tables = measure(options.only or PARTS, 1 if options.quick else 3, options.quick)
    if options.json:
        print(json.dumps({"about": about, "tables": [t.as_json() for t in tables]}, indent=1))
    else:
        print(about, *tables, sep="\n\n")
    if not (options.quick or options.only):
        RESULTS.mkdir(exist_ok=True)
        text = "\n".join(["# The first call: side by side\n", about, "", *map(str, tables)])
        (RESULTS / "first_call.md").write_text(text, encoding="utf-8")
    print(f"took {time.perf_counter() - start:.0f} s", file=sys.stderr)


def measure(parts: Any, rounds: int, quick: bool) -> list[Table]:
    """Both tables."""
    wanted = {
        name: task
        for name, task in {**TASKS, **OTHERS}.items()
        if task.part in parts and not (quick and task.size in ("small", "large"))
    }
    rows, programs = [], []
    with tempfile.TemporaryDirectory() as folder:
        counts = ask("_first_call.rings", None, folder, more=_kept(Path(folder), "written"))
        for name, task in wanted.items():
            for code in task.ways:
                found = _one(name, task, code, Path(folder), rounds)
                rows.append([name, code, *_row(found, code == "ours")])
                if code == "ours":
                    programs += _programs(name, found)
    rings = "; ".join(
        f"{size}: {', '.join(f'{name} ({counts[name]} elements)' for name in names)}"
        for size, names in SIZES.items()
    )
    return [
        Table("The first call", _NOTE.format(rings=rings), _HEADER, rows),
        Table("To compile each program", _PROGRAMS, _TIMES, programs),
    ]


_HEADER = [
    "task", "code", "import", "first, cold", "second", "first, warm", "never seen, warm",
    "with import", "next", "programs",
]  # fmt: skip
_NOTE = (
    "Each row in fresh processes, the shortest of some rounds. Cold: nothing is kept anywhere, so "
    "that a first call traces, lowers and compiles all its programs (and writes them to the "
    "store); the second is of the same input. Warm: of another process, with the store as the cold "
    "one left it. Never seen: the first call of a process, with other input of the same size than "
    "the store was filled by; 'with import': that and the import together. Next: another new input "
    "after that, in the same process. 'Programs': how many were compiled in the first cold call, "
    "with input never seen before, and with the next; single operations that JAX compiles as "
    "programs count. Reading a lattice from its file, or making it for another code, is not "
    "counted; all else that input is made of is. Rings are lattices that come with pyAT, whole or "
    "in part, each with its cavity. Of each size the first fills the store, the second is the one "
    "never seen, the third the next. {rings}. Sizes are those of numbers of elements; a ring of "
    "more than four rows an element counts as one of more elements, so that the equilibrium of one "
    "never seen may have to be compiled. pyAT and xtrack as they come. Orbit, optics and "
    "equilibrium together: one after the other. xtrack's chromaticities are part of its optics, "
    "its orbits of its twisses; its bends are not sliced, where its emittances are too high. "
    "Track: 1000 particles, 10 turns; with few kicks a bend xtrack is faster, and loses these. "
    "Forces: three coils and magnets; getFT with 144 loops and 100 cells; SciPy over magpylib's "
    "fields of 144 loops. Two ions for 50 µs, 100 ions of the paper's random cloud for 10 µs; the "
    "scan: 2 amplitudes, 5 frequencies, 20 ions, 500 µs, heyoka's by one ion's equations, compiled "
    "once. Light: undulators of three strengths, 1000 photon energies on the axis by the path (xrt "
    "by one period); flux of a real "
    "beam through a slit at 10 photon energies about the first line."
)
_TIMES = ["task", "program", "trace", "lower", "compile", "together"]
_PROGRAMS = (
    "Of the first cold call of each task, the shortest of some rounds; those below 50 ms together. "
    "Under 'orbit, optics and equilibrium' and 'track' rings of several sizes, whose programs "
    "differ in the sizes of arrays only, show that compiling does not grow with the ring."
)


def _one(name: str, task: Task, code: str, folder: Path, rounds: int) -> dict[str, list[Any]]:
    """What processes found: cold, warm, and with input never seen before; of each round."""
    found: dict[str, list[Any]] = {"cold": [], "warm": [], "unseen": []}
    numbers = {"cold": [0, 0], "warm": [0], "unseen": [1, 2]}
    for _ in range(rounds):
        for kind, which in numbers.items():
            if kind == "cold":
                shutil.rmtree(folder / "cold", ignore_errors=True)
            else:  # what a process keeps must not serve the one after
                shutil.rmtree(folder / kind, ignore_errors=True)
                shutil.copytree(folder / "cold", folder / kind)
            more = _kept(folder, kind)
            asked = [task.ways[code].modules, task.module, name, code, str(folder), which]
            found[kind].append(ask("_first_call.process", None, *asked, more=more))
    return found


def _kept(folder: Path, kind: str) -> dict[str, str]:
    """Environment by which a process keeps all it keeps in a folder of its own."""
    own = folder / kind
    places = {
        "FIELDWRIGHT_PROGRAMS": own / "programs",
        "XDG_CACHE_HOME": own / "cache",
        "JAX_COMPILATION_CACHE_DIR": own / "jax",
        "NUMBA_CACHE_DIR": own / "numba",
    }
    for place in places.values():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {name: str(place) for name, place in places.items()}


def _row(found: dict[str, list[Any]], ours: bool) -> list[Any]:
    def shortest(kind: str, call: int) -> float:
        return min(one["calls"][call]["seconds"] for one in found[kind])

    taken = [shortest("cold", 0), shortest("cold", 1), shortest("warm", 0), shortest("unseen", 0)]
    importing = min(one["import"] for ones in found.values() for one in ones)
    times = [importing, *taken, importing + taken[-1], shortest("unseen", 1)]
    counted = [("cold", 0), ("unseen", 0), ("unseen", 1)]
    counts = [len(found[kind][0]["calls"][call]["programs"]) for kind, call in counted]
    return [*map(seconds, times), " / ".join(map(str, counts)) if ours else None]


def _programs(task: str, found: dict[str, list[Any]]) -> list[list[Any]]:
    best: dict[tuple[str, int], list[float]] = {}
    for one in found["cold"]:
        seen: dict[str, int] = {}
        for name, *times in one["calls"][0]["programs"]:
            key = name, seen.get(name, 0)
            seen[name] = key[1] + 1
            best[key] = min(best.get(key, times), times, key=sum)
    rows = [
        [task, name, *map(seconds, times), seconds(sum(times))]
        for (name, _), times in best.items()
        if sum(times) >= _SMALL
    ]
    small = [times for times in best.values() if sum(times) < _SMALL]
    if small:
        sums = [sum(column) for column in zip(*small, strict=True)]
        rows.append([task, f"{len(small)} small", *map(seconds, sums), seconds(sum(sums))])
    return rows


_SMALL = 0.05  # s


if __name__ == "__main__":
    main()
