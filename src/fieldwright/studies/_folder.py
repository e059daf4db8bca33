"""A folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError

_MARK = "results.json"  # a folder that holds it was written by us


def check_target(folder: Path, force: bool) -> None:
    """Refuse, before anything is computed, a folder that must not be replaced."""
    try:
        _check_target(folder, force)
    except OSError as error:
        raise InputError(f"{folder}: cannot be looked at: {error.strerror}") from None


def _check_target(folder: Path, force: bool) -> None:
    if not folder.exists() and not folder.is_symlink():
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        if not above.is_dir():
            raise InputError(f"{folder}: cannot be written: {above} is not a folder")
        if not os.access(above, os.W_OK | os.X_OK):
            raise InputError(f"{folder}: cannot be written: {above} is read-only")
        return
    if not force:
        raise InputError(f"{folder}: exists already; choose another with -o, or give --force")
    if not folder.is_dir():
        raise InputError(f"{folder}: is not a folder, and --force replaces only results folders")
    if any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise InputError(f"{folder}: holds no {_MARK}, so --force will not replace it")


@contextmanager
def whole_folder(folder: Path, force: bool = False) -> Iterator[Path]:
    """A temporary folder beside `folder` that takes its name once the block has succeeded.

    Whatever ends the block early (an error, Ctrl-C, a full disk), the temporary folder goes and an
    old `folder` stays as it was. Raises `InputError` where the folder cannot be written.
    """
    check_target(folder, force)
    folder = folder.resolve()
    partial: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        partial.chmod(0o777 & ~_umask())
        yield partial
        _take_name(partial, folder, force)
    except OSError as error:
        what = error.strerror or str(error)
        raise InputError(f"{folder}: cannot be written: {what}; nothing was left there") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def _take_name(partial: Path, folder: Path, force: bool) -> None:
    check_target(folder, force)  # again: it may have appeared meanwhile
    if not folder.exists():
        partial.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    old = folder.rename(aside / folder.name)
    try:
        partial.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
