"""Finished pieces of a long run, kept so that a killed run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import zipfile
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np

    Arrays = dict[str, np.ndarray]


def partial_folder(folder: Path) -> Path:
    """Where the pieces of a run are kept until its results folder is complete."""
    named = folder if folder.name not in ("", "..") else folder.resolve()
    return named.with_name(f"{named.name}.partial")


class Pieces:
    """Pieces in `folder`, each durable at once and named by the hash of its inputs.

    A piece is found again only by the same inputs, the same versions and the same kind of machine,
    so that what a resumed run writes is bit for bit what an undisturbed one would have written.
    Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None = None):
        self._folder = folder

    def get(self, inputs: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
        """The arrays that `make` gives for `inputs` (of what JSON can hold), kept if possible."""
        path = self.path(inputs, ".npz")
        if path is None:
            return make()
        found = _load(path)
        if found is None:
            found = make()
            _save(path, found)
        return found

    def path(self, inputs: Mapping[str, Any], suffix: str) -> Path | None:
        """A file for what belongs to `inputs`, such as a checkpoint; None where none is kept."""
        if self._folder is None:
            return None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self._folder, error) from None
        return self._folder / f"{_hash(inputs)}{suffix}"

    def remove(self) -> None:
        """Forget everything: the run is complete."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _hash(inputs: Mapping[str, Any]) -> str:
    numerics = ("jax", "jaxlib", "numpy")
    maker = [__version__, platform.machine(), *(metadata.version(name) for name in numerics)]
    text = json.dumps([maker, inputs], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _load(path: Path) -> Arrays | None:
    import numpy as np

    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, zipfile.BadZipFile):  # not ours, or of a failing disk: again
        return None


def _save(path: Path, arrays: Arrays) -> None:
    import numpy as np

    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # names are ours
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise _unwritable(path.parent, error) from None


def _unwritable(folder: Path, error: OSError) -> InputError:
    what = error.strerror or str(error)
    return InputError(f"{folder}: cannot be written: {what}; it keeps what is finished of a run")
