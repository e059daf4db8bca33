"""What a compiled program depends on, as text that says the same in every process.

What has no such text is not guessed at: `UnnameableError` is raised, and its program is not
stored. So it is with all that a user's own code takes part in, which may change until the next
start.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright._threads import cores

#: Packages whose functions are part of programs; their versions stand for their source.
_PACKAGES = (
    "jax", "jaxlib", "numpy", "scipy", "equinox", "diffrax", "lineax", "optimistix", "jax_finufft",
)  # fmt: skip
_VERSIONED = frozenset(_PACKAGES) | {"fieldwright"} | sys.stdlib_module_names
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))


class UnnameableError(Exception):
    """A value without a text that means the same in the next process."""


def text_of(value: Any) -> str:
    """A static value as text; raises `UnnameableError` where there is none."""
    kind = type(value)
    if kind in _PLAIN:
        return f"{kind.__name__} {value!r}"
    if kind in (tuple, list):
        return f"{kind.__name__}({','.join(map(text_of, value))})"
    if kind in (set, frozenset):
        return f"set({','.join(sorted(map(text_of, value)))})"
    if kind is dict:
        return f"dict({','.join(f'{text_of(k)}:{text_of(v)}' for k, v in value.items())})"
    if kind is functools.partial:
        return f"partial({text_of((value.func, value.args, value.keywords))})"
    if kind is np.ndarray and not value.dtype.hasobject:
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array({value.dtype.str},{value.shape},{content})"
    if isinstance(value, np.generic | np.dtype):
        return f"{kind.__name__} {value!r}"
    return _object(value, kind)


def _object(value: Any, kind: type) -> str:
    if isinstance(value, enum.Enum):
        return f"{name_of(kind)}.{value.name}"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return f"{name_of(kind)}({','.join(map(text_of, value))})"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (getattr(value, field.name) for field in dataclasses.fields(value))
        return f"{name_of(kind)}({','.join(map(text_of, fields))})"
    if kind.__module__.startswith("equinox.") and not getattr(value, "__dict__", True):
        return f"{name_of(kind)}()"  # what it puts where a field is missing
    return name_of(value)


def name_of(value: Any) -> str:
    """The name by which anyone can import a class or a function of known source."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        raise UnnameableError(f"{type(value).__qualname__} has no name")
    if module.partition(".")[0] not in _VERSIONED or named(module, name) is not value:
        raise UnnameableError(f"{module}.{name} is not of this library, or not found by its name")
    return f"{module}.{name}"


def named(module: str, name: str) -> Any:
    """What a name stands for among the modules that are loaded; None if for nothing."""
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def tree_text(tree: Any) -> str:
    """A pytree's structure; its own text leaves out in which module a class is."""
    node = tree.node_data()
    if node is None:
        return "*"
    kind, extra = node
    if kind is type(None):
        return "None"
    return f"{name_of(kind)}[{text_of(extra)}]({','.join(map(tree_text, tree.children()))})"


@functools.cache
def surroundings() -> str:
    """Versions, source, processor and what else is the same for the whole process."""
    return "\n".join(
        [
            f"python {sys.version}",
            *(f"{package} {_version(package)}" for package in _PACKAGES),
            f"source {source_hash(Path(__file__).parent)}",
            f"processor {_processor()}",
            f"threads {cores()}",
            f"XLA_FLAGS {os.environ.get('XLA_FLAGS', '')}",
        ]
    )


def source_hash(package: Path) -> str:
    """Of the content of all modules: 6 ms for 270, which times and sizes would not save much of.

    Times alone would mislead, as those of installed files are often one and the same.
    """
    total = hashlib.sha256()
    for folder, folders, files in os.walk(package):
        folders.sort()
        for name in sorted(name for name in files if name.endswith(".py")):
            content = Path(folder, name).read_bytes()
            total.update(f"{Path(folder, name).relative_to(package)} {len(content)}\n".encode())
            total.update(content)
    return total.hexdigest()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


_IDENTITY = frozenset(
    [
        *("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features", "isa"),
        *("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision"),
    ]
)


def _processor() -> str:
    """Model and features of the first processor; where they are not told, this machine's name."""
    lines: list[str] = []
    try:
        with Path("/proc/cpuinfo").open() as told:
            for line in told:
                if not line.strip() and lines:
                    break
                name, _, value = line.partition(":")
                if name.strip() in _IDENTITY:
                    lines.append(f"{name.strip()}={value.strip()}")
    except OSError:
        pass
    return ";".join([platform.machine(), *(lines or [platform.node()])])
