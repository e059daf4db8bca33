"""How far from the orbit a particle may start and stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.linear_optics._orbit import closed_orbit
from fieldwright.rings.tracking._track import track
from fieldwright.sources._checks import as_float

_RADII = 24  # of each ray in a run
_NEAR, _WIDE = 1e-6, 0.5  # [m] amplitudes among which the first run looks


class DynamicAperture(Result):
    """What `dynamic_aperture` returns.

    Attributes:
        angle: (a,) of the rays in the plane of x and y, from x [rad].
        radius: (a,) the largest amplitude of a ray up to which no particle was lost [m].
        lost_radius: (a,) the smallest amplitude at which one was lost [m]: the edge is between
            both, as far as these turns can tell.
        turns: that particles had to stay.
        scan: (a, r) amplitudes that were tried on an even grid [m].
        scan_lost: (a, r) the turn in which each was lost; -1 of those that stayed.
    """

    angle: np.ndarray = quantity("rad", "direction in the plane of x and y")
    radius: np.ndarray = quantity("m", "amplitude up to which particles stay")
    lost_radius: np.ndarray = quantity("m", "smallest amplitude at which one was lost")
    turns: int = quantity("1", "turns")
    scan: np.ndarray = quantity("m", "amplitudes tried")
    scan_lost: np.ndarray = quantity("1", "turn in which each was lost, -1 of those that stayed")

    @property
    def area(self) -> float:
        """The area that the rays span, polygon by polygon [m^2]."""
        x, y = self.radius * np.cos(self.angle), self.radius * np.sin(self.angle)
        return float(0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def dynamic_aperture(
    lattice: Lattice,
    turns: int = 1000,
    *,
    angles: Any = None,
    delta: float | None = None,
    radiation: str = "none",
    progress: Callable[[float], None] | None = None,
) -> DynamicAperture:
    """The largest amplitudes at the start of a ring from which particles stay for some turns.

    Particles start at rest in px and py, displaced from the closed orbit along rays.

    Args:
        lattice: a ring; its apertures count, and beyond one metre all is lost.
        turns: to stay.
        angles: (a,) of the rays, from x towards y [rad]; 13 from 0 to pi if None.
        delta: momentum deviation of the closed orbit that they start about, without RF; 6-D about
            the orbit with its cavities if None.
        radiation: as in `track`.
        progress: called with the fraction done.

    Returns:
        A `DynamicAperture`. Three batches of all rays: amplitudes in powers, on an even grid, and
        within the step of it that lost the first particle, to 1/340 of the largest radius or
        better. An island of loss that falls between amplitudes of the even grid is not seen.

    Raises:
        InputError: angles of another shape.
        NoClosedOrbitError, NoRFError: as `closed_orbit`.

    >>> from fieldwright.rings import Drift, Lattice, Marker, Quadrupole, dynamic_aperture
    >>> half = [Quadrupole(name="QF", length=0.1, k1=1.2)]
    >>> cell = [Marker(name="M", x_limit=0.01), *half, Drift(name="D", length=1.8),
    ...         Quadrupole(name="QD", length=0.2, k1=-1.2), Drift(name="D", length=1.8), *half]
    >>> found = dynamic_aperture(Lattice.of(cell, energy=1e9), 50, angles=[0.0], delta=0.0)
    >>> print(f"{found.radius[0] * 1e3:.1f} to {found.lost_radius[0] * 1e3:.1f} mm")
    10.0 to 10.0 mm
    """
    if angles is None:
        angles = np.linspace(0.0, np.pi, 13)
    angles = np.asarray(as_float(angles, "angles", (None,)))
    if not len(angles):
        raise InputError("dynamic_aperture needs at least one angle", parameter="angles")
    orbit = np.asarray(closed_orbit(lattice, delta=delta))[0]

    def lost(radii: np.ndarray, done: int) -> np.ndarray:
        """Turn of loss (a, r) at amplitudes (a, r)."""
        start = np.tile(orbit, (*radii.shape, 1))
        start[..., 0] += radii * np.cos(angles)[:, None]
        start[..., 2] += radii * np.sin(angles)[:, None]
        tell = None if progress is None else lambda part: progress((done + part) / 3)
        found = track(lattice, start.reshape(-1, 6), turns, radiation=radiation, progress=tell)
        return np.asarray(found.lost_turn).reshape(radii.shape)

    powers = np.tile(np.geomspace(_NEAR, _WIDE, _RADII), (len(angles), 1))
    _, reach = _edge(powers, lost(powers, 0))
    even = np.tile(np.linspace(0.0, 1.0, _RADII + 1)[1:] * reach.max(), (len(angles), 1))
    scan_lost = lost(even, 1)
    stay, gone = _edge(even, scan_lost)
    inside = np.linspace(0.0, 1.0, _RADII + 2)[1:-1]
    fine = stay[:, None] + inside * (gone - stay)[:, None]
    low, high = _edge(fine, lost(fine, 2))
    # what the finer grid did not lose is lost at its end, and what it lost at once is kept before
    radius = np.where(low > 0, low, stay)
    lost_radius = np.where(np.isfinite(high), high, gone)
    return DynamicAperture(angles, radius, lost_radius, turns, even, scan_lost)


def _edge(radii: np.ndarray, lost_turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each ray the last radius before the first loss, zero if none, and that of the loss."""
    lost = lost_turn >= 0
    first = np.where(lost.any(axis=1), lost.argmax(axis=1), radii.shape[1])
    padded = np.concatenate([np.zeros((len(radii), 1)), radii, np.full((len(radii), 1), np.inf)], 1)
    rows = np.arange(len(radii))
    return padded[rows, first], padded[rows, first + 1]
