"""What a benchmark was run on."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fieldwright


def describe(packages: Iterable[str]) -> str:
    """The day, the processor and the versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}; {_processor()}; "
        f"Python {platform.python_version()}, fieldwright {_ours()}, {versions}; "
        f"other work on the machine at the start: {_load()}."
    )


def _load() -> str:
    """How many processes compete for the cores: times are longer where these are many."""
    with contextlib.suppress(AttributeError, OSError):  # Windows
        return f"load {os.getloadavg()[0]:.1f}"
    return "unknown"


def _ours() -> str:
    try:
        return version("fieldwright")
    except PackageNotFoundError:  # run from a source tree
        return fieldwright.__version__


def _processor() -> str:
    """The CPU's model and number of cores."""
    cores = f"{os.cpu_count()} cores"
    with contextlib.suppress(OSError):  # elsewhere than on Linux
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.split(':', 1)[1].strip()}, {cores}"
    return f"{platform.processor() or platform.machine()}, {cores}"
