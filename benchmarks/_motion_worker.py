"""One section of the benchmark of motion in a process of its own, on some cores; prints JSON.

python benchmarks/_motion_worker.py SECTION CORES [ARGUMENT ...]
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


def ask(section: str, cores: int | None, *arguments: Any, gpu: bool = False) -> Any:
    """What `_motion_SECTION.measure(*arguments)` returns in a fresh process."""
    environment = dict(os.environ)
    if not gpu:
        environment["JAX_PLATFORMS"] = "cpu"
    if cores:  # NumPy's and FMM3D's threads; XLA's follow the processor's mask
        environment |= {f"{name}_NUM_THREADS": str(cores) for name in ("OMP", "OPENBLAS")}
    command = [sys.executable, __file__, section, str(cores or 0), json.dumps(arguments)]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    print(f"{section} {arguments}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _main() -> None:
    section, cores, arguments = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    sys.path.insert(0, str(Path(__file__).parent))
    module = importlib.import_module(f"_motion_{section}")
    print(json.dumps(module.measure(*arguments)))


if __name__ == "__main__":
    _main()
