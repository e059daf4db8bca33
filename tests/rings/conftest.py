"""A ring that several tests share, and so its compiled programmes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fieldwright.rings import Bend, Drift, Lattice, Multipole, RFCavity


def _small_ring(energy: float = 5e9, voltage: float = 6e7, skew: float = 0.05) -> Lattice:
    angle = np.pi / 6
    bend = Bend(name="B", length=0.8, angle=angle, e1=angle / 2, e2=angle / 2)
    drift = Drift(name="D", length=0.4)
    focus, defocus = Multipole(name="QF", k1=0.9), Multipole(name="QD", k1=-0.5)
    cell = [focus, drift, bend, drift, defocus, drift, bend, drift]
    cavity = RFCavity(name="RF", voltage=voltage, harmonic=5)
    return Lattice.of([*(6 * cell), Multipole(name="SQ", k1s=skew), cavity], energy=energy)


@pytest.fixture(scope="session")
def small_ring() -> Callable[..., Lattice]:
    """A coupled ring of rectangular bends and thin lenses that damps within 300 turns."""
    return _small_ring
