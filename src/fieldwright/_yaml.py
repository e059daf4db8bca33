"""A YAML file as plain data that remembers on which line each thing stands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .errors import InputError

#: Where a value stands in a file: keys and list indices from the top.
Where = tuple[str | int, ...]

_MOST_MEGABYTES = 1
_VALUES_PER_MEGABYTE = 100_000
_DEEPEST = 40


class Document:
    """The content of a file: `.data` (dicts, lists and scalars) and the line of each part."""

    def __init__(self, name: str, data: dict[str, Any], lines: dict[Where, int]):
        self.name = name
        self.data = data
        self._lines = lines
        self._given: set[Where] = set()

    def set(self, path: str, text: str) -> None:
        """Put the YAML scalar `text` at the dotted `path`, as `--set coil.turns=700` does.

        Raises `InputError` where the path leads through something that has no parts.
        """
        parts = path.split(".")
        if "" in parts:
            raise InputError(f"--set {path}={text}: write a dotted path, such as coil.turns=700")
        where: Where = ()
        node: Any = self.data
        key: Any
        for part in parts[:-1]:
            key = _key(node, part, path)
            where = (*where, key)
            if isinstance(node, dict) and key not in node:
                self._given.add(where)
                node[key] = {}
            node = node[key]
        key = _key(node, parts[-1], path)
        node[key] = parse_scalar(text)
        self._given.add((*where, key))

    def place(self, where: Where) -> str:
        """`study.yaml:7` for the nearest enclosing part that stands in the file."""
        for end in range(len(where), -1, -1):
            if where[:end] in self._given:
                return f"--set {dotted(where[:end])}"
            if where[:end] in self._lines:
                return f"{self.name}:{self._lines[where[:end]]}"
        return self.name


def _key(node: Any, part: str, path: str) -> str | int:
    """`part` as a key of the mapping or as an index of the list that `node` is."""
    if isinstance(node, dict):
        return part
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return int(part)
    raise InputError(f"--set {path}: {part!r} leads nowhere in this study")


class _TooLargeError(Exception):
    """More values, or deeper ones, than a file of ours has."""


def dotted(where: Where) -> str:
    """`cases.pr.magnet.radius` for ("cases", "pr", "magnet", "radius")."""
    return ".".join(str(part) for part in where)


def read_document(
    path: Path, what: str = "study", first: str = "kind", megabytes: int = _MOST_MEGABYTES
) -> Document:
    """Read a file; `InputError` (with the line) where it is not readable YAML 1.2.

    Args:
        path: of the file.
        what: what the file holds, for messages.
        first: the key it cannot be without.
        megabytes: the largest file taken.
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    name = os.fspath(path)
    text = _text(path, name, what, megabytes)
    try:
        tree = _loader().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise InputError(f"{name}{line}: {_problem(error)}") from None
    except (YAMLError, ValueError) as error:
        raise InputError(f"{name}: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise InputError(f"{name}: nested more deeply than any {what} needs") from None
    if tree is None:
        raise InputError(f"{name}: the file holds no {what}; it needs at least `{first}:`")
    if not isinstance(tree, dict):
        raise InputError(
            f"{name}: a {what} is a mapping of keys (`{first}: ...`), not {_sort(tree)}"
        )
    lines: dict[Where, int] = {(): 1}
    try:
        return Document(name, _plain(tree, (), lines, megabytes), lines)
    except _TooLargeError:
        raise InputError(f"{name}: nested more deeply or larger than any {what} needs") from None


def parse_scalar(text: str) -> Any:
    """What YAML 1.2 makes of one scalar: 700 is a number, '9 mm' is text."""
    from ruamel.yaml.error import YAMLError

    try:
        return _plain(_loader().load(text), (), {}, _MOST_MEGABYTES)
    except (YAMLError, _TooLargeError):
        return text


def _loader() -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="rt", pure=True)  # YAML 1.2; refuses duplicate keys; keeps lines


def _text(path: Path, name: str, what: str, megabytes: int) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(megabytes * 1_000_000 + 1)
    except FileNotFoundError:
        raise InputError(f"{name}: there is no such file") from None
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder; give the {what} file in it") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    if len(raw) > megabytes * 1_000_000:
        raise InputError(f"{name}: is larger than {megabytes} MB, so it cannot be a {what}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name}: is not a text file in UTF-8, so it cannot be a {what}") from None
    if "\0" in text:
        raise InputError(f"{name}: is a binary file, so it cannot be a {what}")
    return text


def _problem(error: Any) -> str:
    problem = str(error.problem or error.context).split("\n")[0]
    if problem.startswith("found duplicate key"):
        key = problem.split('"')[1]
        return f"key {key!r} is given twice"
    if "cannot start any token" in problem and "'\\t'" in problem:
        return "a tab cannot indent YAML; use spaces"
    return f"not valid YAML: {problem}"


def _sort(tree: Any) -> str:
    return "a list" if isinstance(tree, list) else f"the single value {str(tree)[:40]!r}"


def _plain(node: Any, where: Where, lines: dict[Where, int], megabytes: int) -> Any:
    """Dicts, lists and Python scalars; fills `lines` (1-based) on the way."""
    most = megabytes * _VALUES_PER_MEGABYTE
    if len(where) > _DEEPEST or len(lines) > most:  # also an alias within itself
        raise _TooLargeError
    if isinstance(node, dict):
        return _plain_mapping(node, where, lines, megabytes)
    if isinstance(node, list):
        for index in range(len(node)):
            lines[(*where, index)] = getattr(node, "lc").item(index)[0] + 1  # noqa: B009
        return [_plain(item, (*where, i), lines, megabytes) for i, item in enumerate(node)]
    for sort in (bool, int, float, str):
        if isinstance(node, sort):
            return sort(node)
    if node is None:
        return None
    if type(node).__name__ == "ScalarBoolean":
        return bool(node)
    return str(getattr(node, "value", node))  # tagged scalars and dates are text to us


def _plain_mapping(
    node: Any, where: Where, lines: dict[Where, int], megabytes: int
) -> dict[str, Any]:
    plain = {}
    for key, value in node.items():
        place = (*where, str(key))
        if key in node.lc.data:  # keys merged in by `<<` keep the line of the mapping they are in
            lines[place] = node.lc.key(key)[0] + 1
        else:
            lines[place] = lines.get(where, 1)
        plain[str(key)] = _plain(value, place, lines, megabytes)
    return plain
