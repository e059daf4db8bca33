"""What forces compile: other numbers of the same kind compile nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.compilations import compilations

from fieldwright.forces import (
    axial_force,
    mutual_inductance,
    self_inductance,
    stiffness,
    sweet_spot,
    wrench,
)
from fieldwright.sources import Assembly, Coil, CylinderMagnet


def coil(turns: float = 600.0, **placed: Any) -> Coil:
    return Coil(9e-3, 18.72e-3, 8e-3, turns, **placed)


def magnet(M: float = 8.78e5, **placed: Any) -> CylinderMagnet:
    return CylinderMagnet(radius=3e-3, length=3e-3, magnetization=M, **placed)


def stack(count: int) -> Assembly:
    return Assembly([magnet((-1.0) ** n * 8e5, position=[0, 0, 9e-3 * n]) for n in range(count)])


def test_forces_of_other_sizes_at_other_distances_compile_nothing() -> None:
    z = np.linspace(1e-3, 20e-3, 401)
    for body in (magnet(), stack(5)):
        axial_force(coil(), body, 6e-3)
        axial_force(coil(), body, z)
        sweet_spot(coil(), body).range()
    with compilations() as programs:
        for body in (magnet(9e5), stack(6)):
            axial_force(coil(500.0), body, 7e-3)
            axial_force(coil(500.0), body, z[:400])
            axial_force(coil(500.0), body, z[:400].reshape(4, 100))
            sweet_spot(coil(500.0), body).range(0.9)
    assert not programs


def test_wrenches_and_inductances_at_other_places_compile_nothing() -> None:
    aside = magnet(position=[2e-3, 0.0, 6.72e-3])
    above = coil(position=[0.0, 0.0, 30e-3])
    wrench(coil(), aside)
    stiffness(coil(), aside)
    mutual_inductance(coil(), above)
    with compilations() as programs:
        other = magnet(9e5, position=[1e-3, 1e-3, 7e-3], rotation=[0.1, 0.0, 0.0])
        wrench(coil(500.0), other)
        stiffness(coil(500.0), other)
        mutual_inductance(coil(500.0), above)
        self_inductance(coil())
    assert not programs
