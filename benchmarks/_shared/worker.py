"""One section of a benchmark in a process of its own, on some cores; prints JSON.

python benchmarks/_shared/worker.py MODULE CORES ARGUMENTS
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def ask(
    module: str,
    cores: int | None,
    *arguments: Any,
    gpu: bool = False,
    more: dict[str, str] | None = None,
) -> Any:
    """What `module.measure(*arguments)` returns in a fresh process, with `more` environment."""
    environment = os.environ | (more or {})
    if not gpu:
        environment["JAX_PLATFORMS"] = "cpu"
    if cores:  # NumPy's and FMM3D's threads; XLA's follow the processor's mask
        environment |= {f"{name}_NUM_THREADS": str(cores) for name in ("OMP", "OPENBLAS")}
    command = [sys.executable, __file__, module, str(cores or 0), json.dumps(arguments)]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    print(f"{module} {arguments}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _main() -> None:
    module, cores, arguments = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    here = Path(__file__).parents[1]
    sys.path[:1] = [str(here), str(here.parent)]  # not this folder: its names are too plain
    print(json.dumps(importlib.import_module(module).measure(*arguments)))


if __name__ == "__main__":
    _main()
