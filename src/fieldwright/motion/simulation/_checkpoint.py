"""A run on disk, so that it can go on after it was killed, to the same last bit."""

from __future__ import annotations

import hashlib
import io
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright import __version__
from fieldwright.errors import InputError

_SECONDS = 2.0  # at least this long between two writings

Kept = tuple[np.ndarray, np.ndarray]


@dataclass
class Checkpoint:
    """A file that a run is kept in; `found` is what an earlier run left there, if any."""

    path: Path
    fingerprint: str
    found: tuple[Any, list[Kept], int] | None = None
    written: float = 0.0

    def write(self, state: Any, parts: list[Kept], done: int, *, last: bool) -> None:
        """Write the run, unless that was done a moment ago; remove the file after the last part."""
        if last:
            self.path.unlink(missing_ok=True)
            return
        if time.monotonic() - self.written < _SECONDS:
            return
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
        arrays: dict[str, Any] = {f"state_{i}": leaf for i, leaf in enumerate(leaves)}
        arrays["position"] = np.concatenate([part[0] for part in parts])
        arrays["velocity"] = np.concatenate([part[1] for part in parts])
        buffer = io.BytesIO()
        np.savez(buffer, done=done, fingerprint=self.fingerprint, **arrays)
        partial = self.path.with_name(self.path.name + ".part")
        with partial.open("wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)
        self.written = time.monotonic()


def open_checkpoint(path: str | Path | None, inputs: Any, state: Any) -> Checkpoint | None:
    """The checkpoint at `path` for a run with these inputs; `state` has the form to be read."""
    if path is None:
        return None
    file = Checkpoint(Path(path), fingerprint(inputs))
    if not file.path.parent.is_dir():
        raise InputError(
            f"there is no folder {file.path.parent} for a checkpoint", parameter="checkpoint"
        )
    if file.path.exists():
        file.found = _read(file, state)
    return file


def _read(file: Checkpoint, state: Any) -> tuple[Any, list[Kept], int]:
    try:
        with np.load(file.path, allow_pickle=False) as data:
            arrays = dict(data)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{file.path} is no checkpoint of a run ({error}): remove it, or name another file",
            parameter="checkpoint",
        ) from None
    if str(arrays.get("fingerprint")) != file.fingerprint:
        raise InputError(
            f"{file.path} is the checkpoint of another run, or of another version of Fieldwright: "
            "remove it, or name another file",
            parameter="checkpoint",
        )
    leaves, form = jax.tree.flatten(state)
    read = [jnp.asarray(arrays[f"state_{i}"]) for i in range(len(leaves))]
    parts = [(arrays["position"], arrays["velocity"])]
    return jax.tree.unflatten(form, read), parts, int(arrays["done"])


def fingerprint(inputs: Any) -> str:
    """A hash of arrays, numbers and texts in any nesting, and of the version of the package."""
    digest = hashlib.sha256(__version__.encode())
    leaves, form = jax.tree.flatten(_fields(inputs))
    digest.update(str(form).encode())
    for leaf in leaves:
        if isinstance(leaf, (np.ndarray, jax.Array)):
            digest.update(np.asarray(leaf).tobytes())
        else:
            digest.update(repr(leaf).encode())
    return digest.hexdigest()


def _fields(inputs: Any) -> Any:
    """Plain frozen dataclasses as dictionaries; all else as it is."""
    if isinstance(inputs, tuple):
        return tuple(_fields(part) for part in inputs)
    if hasattr(inputs, "__dataclass_fields__") and len(jax.tree.leaves(inputs)) == 1:
        return {name: getattr(inputs, name) for name in inputs.__dataclass_fields__}
    return inputs
