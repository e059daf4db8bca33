"""Where compiled programs are kept on disk: a folder that only this user can write.

What lies in it is run, so a folder that others may write is not used at all. Files are written
under another name and then renamed, so that any number of processes may share a folder without
locks. Nothing here raises: a folder that fails is a folder without programs.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import tempfile
import time
from pathlib import Path

#: Names another folder, or says `off`.
VARIABLE = "FIELDWRIGHT_PROGRAMS"
#: Bytes that all programs together may take; those longest unused go first.
BOUND = 1 << 30

_MAGIC = b"fieldwright program 1\n"
_SUFFIX = ".program"
_STALE = 3600.0  # seconds after which what a killed process left half written is removed


def folder() -> Path | None:
    """The folder of this user, made if need be; None without one."""
    return _folder(os.environ.get(VARIABLE), os.environ.get("XDG_CACHE_HOME"))


@functools.cache
def _folder(given: str | None, cache: str | None) -> Path | None:
    if given == "off" or not hasattr(os, "getuid"):
        return None
    try:
        if given:
            wanted = Path(given).expanduser()
        else:
            absolute = cache is not None and cache.startswith("/")
            base = Path(str(cache)) if absolute else Path("~/.cache").expanduser()
            wanted = base / "fieldwright" / "programs"
        wanted.parent.mkdir(parents=True, exist_ok=True)
        wanted.mkdir(mode=0o700, exist_ok=True)
        found = wanted.resolve(strict=True)
        own = found.stat()
        private = (
            own.st_uid == os.getuid()
            and not own.st_mode & 0o022
            and all(_only_ours(place) for place in found.parents)
        )
    except (OSError, RuntimeError, ValueError):
        return None
    return found if private else None


def _only_ours(place: Path) -> bool:
    """Whether nobody but this user and root can put another in the place of what is in a folder."""
    told = place.stat()
    if told.st_uid not in (0, os.getuid()):
        return False
    if told.st_mode & stat.S_ISVTX and told.st_mode & 0o002:
        return True  # such as /tmp, where nobody can replace what is another's
    own_group = told.st_gid == os.getgid() == os.getuid()  # of this user alone, by custom
    return not told.st_mode & (0o002 if own_group else 0o022)


def read(key: str) -> bytes | None:
    """What was written under this very key; None if nothing, or not whole."""
    home = folder()
    if home is None:
        return None
    path = _path(home, key)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            told = os.fstat(descriptor)
            if told.st_uid != os.getuid() or told.st_mode & 0o022:
                return None
            content = file.read()
            with contextlib.suppress(OSError):
                os.utime(descriptor)
    except OSError:
        return None
    head = _head(key)
    body = content[len(head) + 32 :]
    whole = content[: len(head)] == head
    if whole and hashlib.sha256(body).digest() == content[len(head) : len(head) + 32]:
        return body
    return None


def write(key: str, body: bytes) -> bool:
    """Keep `body` under a key; whether that worked."""
    home = folder()
    if home is None or len(body) > BOUND // 4:
        return False
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=home)  # for this user alone
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_head(key) + hashlib.sha256(body).digest() + body)
        temporary.replace(_path(home, key))
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        return False
    _keep_bound(home)
    return True


def _path(home: Path, key: str) -> Path:
    return home / (hashlib.sha256(key.encode()).hexdigest() + _SUFFIX)


def _head(key: str) -> bytes:
    """The key itself, so that no program is taken for another."""
    text = key.encode()
    return _MAGIC + len(text).to_bytes(8, "little") + text


def _keep_bound(home: Path) -> None:
    found = []
    for entry in os.scandir(home):
        with contextlib.suppress(OSError):  # another process may remove it at the same time
            told = entry.stat(follow_symlinks=False)
            found.append((told.st_mtime, told.st_size, Path(entry)))
    total = sum(size for _, size, _ in found)
    now = time.time()
    for used, size, path in sorted(found):
        program = path.suffix == _SUFFIX
        if total > BOUND if program else now - used > _STALE:
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size
