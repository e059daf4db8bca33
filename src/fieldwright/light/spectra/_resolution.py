"""Whether a path's points are close enough for a photon energy, and a finer path where not."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.errors import InputError
from fieldwright.light.spectra._path import Path
from fieldwright.light.spectra._stencils import POINTS, interval_weights
from fieldwright.sources._checks import is_concrete, numpy_for

#: The most that the phase may turn from point to point [rad]; beyond 2, sums are not integrals.
TURN = 1.6
#: The same for one period of a periodic motion, which is short, and whose errors add up.
PERIOD_TURN = 0.8

_ROUGH = 10  # points of polynomials whose integral tells how good those of POINTS are
_WORST = 1e-3  # error of the phase [rad] from which on a path is refused
_GOAL = 1e-8  # error of the phase [rad] that a refused path is told the points for
_MOST = 20_000_000  # points of a refined path, which take 5 GB


def resolve(path: Path, rate: np.ndarray, omega: float, extra: float, turn: float) -> int:
    """Into how many each step must be divided.

    Args:
        path: the path, known.
        rate: 1 - n.v/c (n,), at its largest over all directions.
        omega: the largest angular frequency [1/s].
        extra: how fast a medium turns the phase beside, or weakens waves, at most [1/s].
        turn: the most that the phase may turn from point to point [rad].
    """
    step = step_size(path)
    factor = max(1, int(np.ceil(step * (omega * float(np.max(np.abs(rate))) + extra) / turn)))
    if factor * len(rate) > _MOST:
        raise InputError(
            f"the phase turns by {factor * turn:.3g} rad from point to point, and {len(rate)} "
            f"points would become {factor * len(rate):.3g}: divide the path, or ask for lower "
            "photon energies or directions nearer to the motion",
            parameter="photon_energy",
        )
    return factor


def phase_error(path: Path, rate: np.ndarray, omega: float) -> float:
    """Error of the phase [rad] from points that are far apart for the path's own bends.

    Raises:
        InputError: it is so large that the result would mean nothing.
    """
    first, error = (
        omega * step_size(path) * _change(rate, points) for points in (_ROUGH - 2, _ROUGH)
    )
    if error > _WORST:
        needed = len(rate) * max(2.0, (error / _GOAL) ** (1 / _ROUGH))
        raise InputError(
            f"the trajectory is undersampled: {len(rate)} points leave its phase uncertain by "
            f"{error:.2g} rad; about {_rounded_up(needed)} points are needed",
            parameter="trajectory",
        )
    # from each to the next, polynomials gain about as much as from the one before
    return error * min(1.0, error / first) if first > 0 else 0.0


def _change(rate: np.ndarray, points: int) -> float:
    """By how much the integral of a rate, at steps of one, changes from POINTS to fewer points."""
    change = interval_weights(POINTS)[POINTS // 2 - 1].copy()
    shift = (POINTS - points) // 2
    change[shift : shift + points] -= interval_weights(points)[points // 2 - 1]
    drift = np.cumsum(np.convolve(rate, change[::-1], "valid"))
    return float(np.max(drift) - np.min(drift))


def phase_rounding(path: Path, rate: np.ndarray, omega: float, extra: float) -> float:
    """Error of the phase [rad] from the digits that numbers have."""
    turns = step_size(path) * (omega * float(np.sum(np.abs(rate))) + extra * len(rate))
    return 0.1 * float(np.finfo(float).eps) * turns  # they are at random


def step_size(path: Path) -> float:
    """The step of time [s] of a known path."""
    time = np.asarray(path.time)
    return float(time[-1] - time[0]) / (len(time) - 1)


def _rounded_up(count: float) -> int:
    size = 10 ** int(np.log10(count) - 1)
    return int(np.ceil(count / size) * size)


def largest_rate(path: Path, across: np.ndarray, drop: np.ndarray) -> np.ndarray:
    """1 - n.v/c (n,) at its largest over directions across (d, 2), drop (d,): a bound from above.

    For one direction it is what it is.
    """
    velocity, slip, below = (np.asarray(part) for part in (path.velocity, path.slip,
                                                           path.below_light))  # fmt: skip
    if len(drop) == 1:
        gap = velocity - across
        return ((gap * gap).sum(axis=1) + (slip - drop) ** 2 + below) / 2
    low, high = across.min(axis=0), across.max(axis=0)
    gap = np.maximum(np.abs(velocity - low), np.abs(velocity - high))
    along = np.maximum(np.abs(slip - drop.min()), np.abs(slip - drop.max()))
    return ((gap * gap).sum(axis=1) + along**2 + below) / 2


def nearest_rate(path: Path, points: np.ndarray) -> np.ndarray:
    """1 - n.v/c (n,) at its largest over points (p, 3): those farthest out stand for all."""
    place, velocity, slip, below = (
        np.asarray(part) for part in (path.position, path.velocity, path.slip, path.below_light)
    )
    sides = points @ np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, -1, 0]]).T
    outer = np.unique(np.concatenate([sides.argmin(axis=0), sides.argmax(axis=0)]))
    rates = []
    for point in points[outer]:
        gap = point - place
        distance = np.linalg.norm(gap, axis=1)
        if not np.all(distance > 0):
            raise InputError(
                f"the point {tuple(float(x) for x in point)} m is on the path", parameter="point"
            )
        n = gap / distance[:, None]
        square = (n[:, 0] ** 2 + n[:, 1] ** 2) / (1 + np.maximum(n[:, 2], 0))
        drop = np.where(n[:, 2] > 0, square, 1 - n[:, 2])
        across = np.sum((n[:, :2] - velocity) ** 2, axis=1)
        rates.append((across + (slip - drop) ** 2 + below) / 2)
    return np.max(rates, axis=0)


def one_period(path: Path) -> Path:
    """A period with POINTS more at either end, as they follow from its repetition.

    Raises:
        InputError: the velocity at its end is not that of its beginning.
    """
    if is_concrete(path):
        ends = np.asarray(path.velocity)[[0, -1]], np.asarray(path.slip)[[0, -1]]
        scale = np.max(np.abs(np.asarray(path.velocity))), np.max(np.asarray(path.slip))
        off = max(
            np.max(np.abs(end[1] - end[0])) / (s or 1.0) for end, s in zip(ends, scale, strict=True)
        )
        if off > 1e-6:
            raise InputError(
                "with `periods` the trajectory must be one period, first and last point included: "
                f"its velocities there differ by {off:.2g} of the largest",
                parameter="periods",
            )

    return Path._with(*_wrapped(path))


def _wrapped(path: Path) -> tuple[Any, ...]:
    xp = numpy_for(path)
    time, place, velocity, slip, below = (
        xp.asarray(getattr(path, name)) for name in path.__dataclass_fields__
    )

    def around(values: Any, jump: Any = 0.0) -> Any:
        before, after = values[-1 - POINTS : -1], values[1 : POINTS + 1]
        return xp.concatenate([before - jump, values, after + jump])

    return (
        around(time, time[-1] - time[0]),
        around(place, place[-1] - place[0]),
        around(velocity),
        around(slip),
        around(below),
    )
