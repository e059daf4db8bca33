"""What the whole suite shares: the CPU, quiet plots, and the same random examples every time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before anything imports JAX or matplotlib; the commands that tests start inherit it.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["MPLBACKEND"] = "agg"
os.environ["EQX_ON_ERROR"] = "nan"  # as the command has it: else diffrax compiles anew each time
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # XLA's loader is wordy about its own cache

if "PYTEST_XDIST_WORKER" not in os.environ:  # whose environment is this one's
    # What tests transform by themselves compiles as the library's own programs do, in two thirds
    # of the time, and in one piece: each piece keeps pieces of memory, of which Linux grants a
    # process 65530. An XLA that does not know the options would stop the process.
    plain = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    flags = {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {plain}"}
    trial = [sys.executable, "-c", "import jax; jax.jit(lambda x: x + 1)(0.0)"]
    if not subprocess.run(trial, env=os.environ | flags, capture_output=True).returncode:
        os.environ |= flags

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "fieldwright",
    derandomize=True,  # a failure is a failure on every machine, and on every run
    deadline=None,  # the first example compiles
    database=None,
    max_examples=25,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("fieldwright")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compiled code and fonts of the commands that tests start, apart from the user's own."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> None:
    """Most of the suite's time is compilation: both processes, and later runs, share what is."""
    import jax

    folder = Path(__file__).parents[1] / ".pytest_cache"
    os.environ["FIELDWRIGHT_PROGRAMS"] = str(folder / "programs")
    jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


#: (compiled, seconds, pieces of memory) of each process.
_COUNTED = pytest.StashKey[list[tuple[int, float, int]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_COUNTED] = []


@pytest.fixture(scope="session", autouse=True)
def compilations_counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the suite compiles is told at its end, so that one sees what a new test adds."""
    from tests.compilations import compilations

    with compilations() as programs:
        yield
    pieces = Path("/proc/self/maps")
    maps = pieces.read_bytes().count(b"\n") if pieces.exists() else 0
    counted = len(programs), sum(seconds for _, seconds in programs), maps
    request.config.stash[_COUNTED].append(counted)
    if hasattr(request.config, "workeroutput"):  # one of several processes
        request.config.workeroutput["counted"] = counted


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any, error: object) -> None:
    """What a process of several has counted."""
    if "counted" in getattr(node, "workeroutput", {}):
        node.config.stash[_COUNTED].append(tuple(node.workeroutput["counted"]))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """A line on what was compiled; a process may have 65530 pieces of memory on Linux."""
    counted = config.stash[_COUNTED]
    if counted:
        programs, seconds, pieces = zip(*counted, strict=True)
        terminalreporter.write_line(
            f"compiled: {sum(programs)} programs in {sum(seconds):.0f} s, in {len(counted)} "
            f"processes; pieces of memory of each at the end: {', '.join(map(str, pieces))}"
        )
