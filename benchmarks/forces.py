"""Forces between a coil and a magnet: Fieldwright beside other ways to the same numbers.

    python benchmarks/forces.py [--quick] [--json]

Prints the tables (as JSON with --json) and, unless --quick, writes them with the figure to
benchmarks/results/. Needs the `peers` and `test` extras (magpylib, mpmath).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import jax
from _forces.axial import gap_tables, gpu_table, main_table, points_table
from _forces.cold import cold_table
from _forces.designs import geometries_table, gradient_table, spot_table
from _forces.offaxis import wrench_table
from _forces.plot import plot_cost
from _shared.about import describe
from _shared.table import Table

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("jax", "jaxlib", "equinox", "numpy", "scipy", "magpylib", "mpmath")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds; writes no files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    start = time.perf_counter()
    about = describe(PACKAGES)
    tables, points = measure(2 if options.quick else 5)
    if options.json:
        print(json.dumps({"about": about, "tables": [t.as_json() for t in tables]}, indent=1))
    else:
        print(about, *tables, sep="\n\n")
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        text = "\n".join(["# Forces: side by side\n", about, "", *map(str, tables)])
        figure = "\n![error against time a point](forces.svg)\n"
        (RESULTS / "forces.md").write_text(text + figure, encoding="utf-8")
        plot_cost(points, RESULTS)
    print(f"took {time.perf_counter() - start:.0f} s", file=sys.stderr)


def measure(rounds: int) -> tuple[list[Table], list[dict]]:
    """All sections; on the CPU, but for the one about a GPU."""
    with jax.default_device(jax.devices("cpu")[0]):
        first, points = main_table(rounds)
        tables = [
            first,
            points_table(rounds),
            *gap_tables(rounds),
            spot_table(rounds),
            wrench_table(rounds),
            gradient_table(rounds),
            geometries_table(rounds),
            cold_table(1 if rounds < 3 else 3),
        ]
    on_gpu = gpu_table(rounds)
    return [*tables, *([on_gpu] if on_gpu else [])], points


if __name__ == "__main__":
    main()
