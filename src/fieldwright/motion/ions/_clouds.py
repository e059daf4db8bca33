"""Clouds of ions that start at random, the same for the same seed."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from fieldwright.constants import ATOMIC_MASS, BOLTZMANN, ELEMENTARY_CHARGE
from fieldwright.errors import InputError
from fieldwright.motion.ions._ions import Ions
from fieldwright.motion.ions._species import Species, find_species
from fieldwright.sources._checks import as_float

#: The paper's calcium ion.
PAPER_ION = Species("Ca+ (paper)", 40.077 * ATOMIC_MASS, ELEMENTARY_CHARGE)


def normal_cloud(
    n: int,
    species: str | Species,
    position_spread: Any,
    *,
    velocity_spread: Any = None,
    temperature: Any = None,
    seed: int = 0,
) -> Ions:
    """Ions with normally distributed positions and velocities about zero.

    Args:
        n: how many.
        species: a name of `SPECIES`, or a `Species`.
        position_spread: standard deviation along x, y and z: one number, or (3,) [m].
        velocity_spread: the same of the velocity [m/s].
        temperature: instead of it, the temperature [K]: spreads of sqrt(k T / m).
        seed: the same seed gives the same cloud.

    Raises:
        InputError: a spread or temperature is below zero, or not exactly one of `velocity_spread`
            and `temperature` is given, or `n` is not above zero.

    >>> from fieldwright.motion import normal_cloud
    >>> cloud = normal_cloud(1000, "40Ca+", 50e-6, temperature=300.0, seed=1)
    >>> print(f"{cloud.velocity.std():.0f} m/s")
    251 m/s
    """
    kind, size = find_species(species), _count(n)
    width = _spread(position_spread, "position_spread")
    speed = _speeds(kind, velocity_spread, temperature)
    random = np.random.default_rng(seed)
    position = random.normal(size=(size, 3)) * width
    return Ions.of(kind, position, random.normal(size=(size, 3)) * speed)


def uniform_cloud(
    n: int,
    species: str | Species,
    half_axes: Any,
    *,
    velocity_spread: Any = None,
    temperature: Any = None,
    seed: int = 0,
) -> Ions:
    """Ions spread evenly in a ball or an ellipsoid, with normally distributed velocities.

    Args:
        n: how many.
        species: a name of `SPECIES`, or a `Species`.
        half_axes: the ball's radius, or the ellipsoid's half axes (3,) [m].
        velocity_spread: standard deviation along x, y and z: one number, or (3,) [m/s].
        temperature: instead of it, the temperature [K].
        seed: the same seed gives the same cloud.

    Raises:
        InputError: as `normal_cloud`.

    >>> from fieldwright.motion import uniform_cloud
    >>> cloud = uniform_cloud(1000, "9Be+", 1e-4, velocity_spread=0.0)
    >>> bool((abs(cloud.position) < 1e-4).all())
    True
    """
    kind, size = find_species(species), _count(n)
    axes = _spread(half_axes, "half_axes")
    speed = _speeds(kind, velocity_spread, temperature)
    random = np.random.default_rng(seed)
    direction = random.normal(size=(size, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    position = direction * np.cbrt(random.uniform(size=(size, 1))) * axes
    return Ions.of(kind, position, random.normal(size=(size, 3)) * speed)


def paper_cloud(
    n: int = 100,
    *,
    size: Any = 500e-6,
    seed: int = 0,
    ensemble: Literal["normal", "uniform"] = "normal",
    species: str | Species = PAPER_ION,
) -> Ions:
    """The random ions of the paper on the Penning trap, in either reading of it.

    The paper says that Armadillo's `randu()` made them, numbers even in 0 to 1, but not how they
    were scaled. The course it was written for gives `vec(3).randn() * 0.1 * d` for the position in
    um and the same in um/us for the velocity: normal, a tenth of the trap's size wide. That is what
    "normal" does. "uniform" has the same scale with numbers even in 0 to 1: an octant of a cube,
    all ions moving outwards.

    Args:
        n: how many.
        size: d of the trap [m].
        seed: the same seed gives the same cloud; Armadillo's own numbers are not reproduced.
        ensemble: "normal" or "uniform".
        species: the paper's Ca+ of 40.077 u, unless another is given.

    Raises:
        InputError: the ensemble is unknown, `size` is below zero, or `n` is not above zero.

    >>> from fieldwright.motion import paper_cloud
    >>> cloud = paper_cloud(seed=3)
    >>> print(f"{cloud.position.std() * 1e6:.0f} um, {cloud.velocity.std():.0f} m/s")
    51 um, 49 m/s
    """
    kind, count = find_species(species), _count(n)
    width = 0.1 * _spread(size, "size")
    random = np.random.default_rng(seed)
    if ensemble == "normal":
        draws = random.normal(size=(2, count, 3))
    elif ensemble == "uniform":
        draws = random.uniform(size=(2, count, 3))
    else:
        raise InputError(
            f"ensemble is 'normal' or 'uniform', got {ensemble!r}", parameter="ensemble"
        )
    # A velocity in um/us is the same number as in m/s: 50 um wide goes with 50 m/s.
    return Ions.of(kind, draws[0] * width, draws[1] * width * 1e6)


def _count(n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise InputError(f"n must be a whole number above zero, got {n!r}", parameter="n")
    return int(n)


def _spread(value: Any, name: str) -> np.ndarray:
    found = np.asarray(as_float(value, name, (3,) if np.ndim(value) else ()))
    if (found < 0).any():
        raise InputError(f"{name} must not be below zero, got {value}", parameter=name)
    return found


def _speeds(kind: Species, velocity_spread: Any, temperature: Any) -> np.ndarray:
    if (velocity_spread is None) == (temperature is None):
        raise InputError(
            "give either velocity_spread [m/s] or temperature [K]", parameter="temperature"
        )
    if temperature is None:
        return _spread(velocity_spread, "velocity_spread")
    return np.sqrt(BOLTZMANN * _spread(temperature, "temperature") / kind.mass)
