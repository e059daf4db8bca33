"""Ways of charges: from a file, and through an undulator."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

import numpy as np

from fieldwright import light
from fieldwright.light import Path

from ...constants import SPEED_OF_LIGHT
from ...errors import InputError
from ._parts import TrajectoryPart

_COLUMNS = ("t", "x", "y", "z", "ux", "uy", "uz")
_NODES = 64  # of a period, for the gain of light on the charge
_AGAIN = 12  # times that the place follows from itself


def read_path(part: TrajectoryPart) -> Path:
    """A charge's way from a file."""
    file = FilePath(part.file)
    try:
        if file.suffix == ".npz":
            with np.load(file) as data:
                columns = {name: np.asarray(data[name], dtype=float) for name in data.files}
        else:
            table = np.atleast_1d(np.genfromtxt(file, delimiter=",", names=True))
            columns = {name: np.asarray(table[name]) for name in table.dtype.names or ()}
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{file}: cannot be read: {error}", parameter="file") from None
    missing = [name for name in _COLUMNS if name not in columns]
    if missing:
        raise InputError(
            f"{file}: has no {', '.join(missing)}; a trajectory has {', '.join(_COLUMNS)}",
            parameter="file",
        )
    t, x, y, z, ux, uy, uz = (columns[name] for name in _COLUMNS)
    return Path(t, np.stack([x, y, z], axis=1), np.stack([ux, uy, uz], axis=1))


def path_through(undulator: light.Undulator, gamma: float, points: int = 641) -> Path:
    """One period of the motion in an undulator as a path, in equal steps of time.

    That of constant longitudinal velocity is faster than light at times where K is large.
    """
    k = 2 * np.pi / float(undulator.period)

    def velocities(z: np.ndarray) -> Any:
        ux = undulator.K * np.sin(k * z)
        uy = undulator.K * np.cos(k * z) * isinstance(undulator, light.HelicalUndulator)
        return undulator.velocities(gamma, ux, uy)

    # what light gains on the charge up to z: a smooth periodic integrand, term by term
    nodes = np.arange(_NODES) / _NODES * float(undulator.period)
    slip = np.asarray(velocities(nodes).slip)
    terms = np.fft.rfft(slip / (1 - slip)) / _NODES
    m = np.arange(1, len(terms) - 1)

    def gain(z: np.ndarray) -> np.ndarray:
        waves = terms[m] / (1j * k * m) * (np.exp(1j * k * m * z[:, None]) - 1)
        return terms[0].real * z + 2 * np.sum(waves.real, axis=1)

    end = float(undulator.period) * (1 + terms[0].real)  # c t
    way = np.linspace(0.0, end, points)
    z = way / (1 + terms[0].real)
    for _ in range(_AGAIN):
        z = way - gain(z)
    v = velocities(z)
    place = np.stack([0 * z, 0 * z, z], axis=1)
    across = np.stack([np.asarray(v.beta_x), np.asarray(v.beta_y)], axis=1)
    return Path.prescribed(
        way / SPEED_OF_LIGHT, place, across, np.asarray(v.slip), superluminal=True
    )
