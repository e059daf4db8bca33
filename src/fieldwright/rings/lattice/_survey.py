"""Where the elements of a lattice stand on the floor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.sources._checks import is_concrete


class Survey(Result):
    """The reference orbit in space; what `survey` returns.

    Attributes:
        s: (n + 1,) path to the entrance of each element, and to the end [m].
        position: (n + 1, 3) there [m]; the start is the origin, y points up and z along the beam
            at the start.
        axes: (n + 1, 3, 3) the axes x, y and s there, as columns.
    """

    s: np.ndarray = quantity("m", "path along the reference orbit")
    position: np.ndarray = quantity("m", "place on the floor")
    axes: np.ndarray = quantity("1", "axes x, y, s as columns")


def survey(lattice: Lattice) -> Survey:
    """Places and axes of the reference orbit at all elements.

    Args:
        lattice: with known numbers; errors of elements do not move the orbit.

    Returns:
        A `Survey`.

    Raises:
        InputError: a lattice whose numbers are not known, inside a transformation.

    >>> from fieldwright.rings import Bend, Drift, Lattice, survey
    >>> side = [Drift(name="D", length=2.0), Bend(name="B", length=1.0, angle=0.5235987755982988)]
    >>> found = survey(Lattice.of(12 * side, energy=1e9))
    >>> print(abs(found.position[-1] - found.position[0]).max() < 1e-14)
    True
    """
    if not is_concrete(lattice.table):
        raise InputError("survey needs a lattice of known numbers", parameter="lattice")
    places, axes = [np.zeros(3)], [np.eye(3)]
    for index in range(len(lattice)):
        length, angle, tilt = bend_of(lattice, index)
        shift, turn = _arc(length, angle, tilt)
        places.append(places[-1] + axes[-1] @ shift)
        axes.append(axes[-1] @ turn)
    return Survey(np.asarray(lattice.s), np.array(places), np.array(axes))


def bend_of(lattice: Lattice, index: int) -> tuple[float, float, float]:
    """Length [m], angle and tilt [rad] of the reference orbit in an element."""
    length, angle, tilt = (
        float(lattice.table[index, COLUMN[name]]) for name in ("length", "angle", "tilt")
    )
    return (length, angle, tilt) if lattice.kinds[index] == "Bend" else (length, 0.0, 0.0)


def along_arc(length: float, angle: float, fraction: Any) -> np.ndarray:
    """(m, 2) x and s of an arc after fractions (m,) of its length, in the axes of its start."""
    part = np.asarray(fraction, dtype=float) * angle
    if angle == 0:
        return np.stack([np.zeros_like(part), np.asarray(fraction) * length], axis=1)
    radius = length / angle
    return np.stack([-2 * radius * np.sin(part / 2) ** 2, radius * np.sin(part)], axis=1)


def _arc(length: float, angle: float, tilt: float) -> tuple[np.ndarray, np.ndarray]:
    """How far an element goes, and how it turns, in the axes of its start."""
    x, s = along_arc(length, angle, [1.0])[0]
    c, r = math.cos(tilt), math.sin(tilt)
    roll = np.array([[c, -r, 0.0], [r, c, 0.0], [0.0, 0.0, 1.0]])
    c, r = math.cos(angle), math.sin(angle)
    turn = np.array([[c, 0.0, -r], [0.0, 1.0, 0.0], [r, 0.0, c]])
    return roll @ np.array([x, 0.0, s]), roll @ turn @ roll.T
