"""Field maps in files: text tables and HDF5."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.errors import InputError
from fieldwright.units import parse

UNITS = {"x": "m", "y": "m", "z": "m", "E": "V/m", "B": "T"}
_COLUMN = re.compile(r"([A-Za-z]\w*)\s*(?:[\[(]([^\])]*)[\])])?")
_GAP = re.compile(r"\s*[,;]\s*|\s+")


def read_csv(path: Path) -> dict[str, np.ndarray]:
    """The arguments of a `FieldMap` that a text table holds."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the field map {path}: {error}", parameter="path") from None
    start = next((i for i, line in enumerate(lines) if line.strip(" \t#%")), 0)
    header = lines[start] if lines else ""
    columns = _COLUMN.findall(header)
    names = [name for name, _ in columns]
    fields = _fields_named(names, f"{path}:{start + 1}")
    scale = [_scale(name[0], unit, f"{path}:{start + 1}") for name, unit in columns]
    numbers, rows = _rows(lines, start + 1, len(names), path)
    table = dict(zip(names, (rows * scale).T, strict=True))
    axes, place = _grid([table[name] for name in "xyz"], numbers, path)
    shape = tuple(len(nodes) for nodes in axes)
    arguments = dict(zip("xyz", axes, strict=True))
    for field in fields:
        values = np.empty((*shape, 3))
        values[place] = np.stack([table[field + along] for along in "xyz"], axis=-1)
        arguments[field] = values
    return arguments


def _fields_named(names: list[str], where: str) -> list[str]:
    """Which of E and B the columns hold."""
    fields = [field for field in "EB" if any(name.startswith(field) for name in names)]
    wanted = [*"xyz", *(field + along for field in fields or "B" for along in "xyz")]
    if sorted(names) != sorted(wanted):
        raise InputError(
            f"{where}: the first line must name the columns x, y, z and Bx, By, Bz or Ex, Ey, Ez "
            f"or both, got {', '.join(names) or 'no names'}",
            parameter="path",
        )
    return fields


def _scale(quantity: str, unit: str, where: str) -> float:
    """The size of a unit in SI."""
    try:
        return parse(f"1 {unit}", UNITS[quantity]) if unit else 1.0
    except InputError as error:
        raise InputError(f"{where}: {quantity}: {error}", parameter="path") from None


def _rows(lines: list[str], start: int, width: int, path: Path) -> tuple[list[int], np.ndarray]:
    """Numbers of the lines that hold rows, and the rows."""
    numbers, rows = [], []
    for number, line in enumerate(lines[start:], start + 1):
        cells = _GAP.split(line.partition("#")[0].strip(" \t,;"))
        if cells == [""]:
            continue
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            row = []
        if len(row) != width or not all(map(math.isfinite, row)):
            raise InputError(
                f"{path}:{number}: expected {width} finite numbers, got {line.strip()[:60]!r}",
                parameter="path",
            )
        numbers.append(number)
        rows.append(row)
    return numbers, np.array(rows).reshape(-1, width)


def _grid(
    columns: list[np.ndarray], numbers: list[int], path: Path
) -> tuple[list[np.ndarray], tuple[np.ndarray, ...]]:
    """Nodes along each axis, and each row's place on the grid."""
    axes, place = zip(*(_axis(column) for column in columns), strict=True)
    shape = tuple(len(nodes) for nodes in axes)
    total = math.prod(shape)
    made_of = f"{path}: {' x '.join(map(str, shape))} nodes"
    if total > 1000 * len(numbers):
        raise InputError(
            f"{made_of} from {len(numbers)} rows: they are on no regular grid", parameter="path"
        )
    flat = np.ravel_multi_index(place, shape) if total else np.zeros(0, int)
    found, counts = np.unique(flat, return_counts=True)
    if np.any(counts > 1):
        node = found[np.argmax(counts > 1)]
        one, two = (numbers[row] for row in np.flatnonzero(flat == node)[:2])
        raise InputError(
            f"{path}:{two}: the node {_at(axes, node)} was given in line {one} already",
            parameter="path",
        )
    if len(found) < total:
        node = np.argmax(np.append(found, total) != np.arange(len(found) + 1))
        raise InputError(
            f"{made_of} are {total}, but {total - len(found)} of them are missing: the first is "
            f"{_at(axes, node)}",
            parameter="path",
        )
    return list(axes), place


def _axis(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nodes in a column, and the number of each row's; 1e-9 of the length is rounding."""
    values, inverse = np.unique(column, return_inverse=True)
    if not len(values):
        return values, inverse
    new = np.append(True, np.diff(values) > 1e-9 * (values[-1] - values[0]))
    return values[new], (np.cumsum(new) - 1)[inverse]


def _at(axes: tuple[np.ndarray, ...], node: Any) -> str:
    place = np.unravel_index(node, tuple(len(nodes) for nodes in axes))
    return "(" + ", ".join(f"{n[i]:.6g}" for n, i in zip(axes, place, strict=True)) + ") m"


def write_csv(path: Path, axes: list[np.ndarray], fields: dict[str, np.ndarray]) -> None:
    """Write a text table that `read_csv` reads."""
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    table = np.concatenate([nodes, *fields.values()], axis=-1).reshape(-1, 3 + 3 * len(fields))
    names = [*"xyz", *(field + along for field in fields for along in "xyz")]
    header = ",".join(f"{name} [{UNITS[name[0]]}]" for name in names)
    with _new_file(path) as partial:
        np.savetxt(partial, table, fmt="%.15g", delimiter=",", header=header, comments="")


def read_hdf5(path: Path) -> dict[str, np.ndarray]:
    """The arguments of a `FieldMap` that an HDF5 file holds."""
    import h5py  # here: most maps are text

    try:
        with h5py.File(path) as file:
            missing = [name for name in "xyz" if name not in file]
            if missing or not ("E" in file or "B" in file):
                raise InputError(
                    f"{path}: a field map has the datasets x, y, z and E or B or both, got "
                    f"{', '.join(file) or 'none'}",
                    parameter="path",
                )
            return {name: _dataset(file[name], path) for name in UNITS if name in file}
    except OSError as error:
        raise InputError(f"cannot read the field map {path}: {error}", parameter="path") from None


def _dataset(dataset: Any, path: Path) -> np.ndarray:
    name = dataset.name.strip("/")
    unit = dataset.attrs.get("units", "")
    unit = unit.decode() if isinstance(unit, bytes) else str(unit)
    try:
        values = np.asarray(dataset[()], dtype=float)
    except (TypeError, ValueError, AttributeError):
        raise InputError(f"{path}: {name} is no array of numbers", parameter="path") from None
    return values * _scale(name, unit, str(path))


def write_hdf5(path: Path, axes: list[np.ndarray], fields: dict[str, np.ndarray]) -> None:
    """Write an HDF5 file that `read_hdf5` reads."""
    import h5py

    with _new_file(path) as partial, h5py.File(partial, "w") as file:
        for name, values in [*zip("xyz", axes, strict=True), *fields.items()]:
            file.create_dataset(name, data=values).attrs["units"] = UNITS[name]


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A file that appears whole or not at all, and over no other."""
    if path.exists():
        raise InputError(f"{path} exists: choose another name or remove it", parameter="path")
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
