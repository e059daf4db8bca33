"""What a run compiles: other numbers of the same kind compile nothing."""

from __future__ import annotations

import numpy as np
from tests.compilations import compilations

from fieldwright.motion import RK4, Dopri8, Ions, loss_scan, simulate, simulate_many
from fieldwright.sources import Assembly, PenningTrap, parametric_drive

CALCIUM, CHARGE = 40.078 * 1.66053906892e-27, 1.602176634e-19
PLACE = np.array([[20e-6, 0.0, 20e-6], [25e-6, 25e-6, 0.0]])
VELOCITY = np.array([[0.0, 25.0, 0.0], [0.0, 40.0, 5.0]])


def trap(voltage: float = 25e-3) -> PenningTrap:
    return PenningTrap(magnetic_field=1.0, voltage=voltage, size=500e-6)


def pair(scale: float = 1.0) -> Ions:
    return Ions(CALCIUM, CHARGE, scale * PLACE, VELOCITY)


def test_a_first_run_compiles_its_two_programs_alone() -> None:
    eleven = Ions(CALCIUM, CHARGE, 1e-5 * np.arange(33.0).reshape(11, 3), [0.0, 0.0, 0.0])
    with compilations() as programs:
        simulate(eleven, trap(), 1e-6)
    # Beside them the compiler may be asked, once, which options it knows.
    names = {name for name, _ in programs if name != "jit(<lambda>)"}
    assert names <= {"jit(kept_advance)", "jit(kept_begin)"}  # none that an earlier run has kept


def test_runs_of_other_lengths_and_numbers_compile_nothing() -> None:
    driven = Assembly([trap(), parametric_drive(trap(), 0.3, 1.4e6)])
    simulate(pair(), trap(), 20e-6)
    simulate(pair(), driven, 2e-6, coulomb=False)
    simulate(pair(), trap(), 20e-6, steps=400, integrator=RK4())
    simulate(pair(), trap(), 1e-6, integrator=Dopri8(), steps=20, save=20)
    with compilations() as programs:
        simulate(pair(1.1), trap(20e-3), 30e-6)  # another duration, and so other steps
        simulate(pair(), trap(), 20e-6, save=150, start_time=1e-6)
        simulate(pair(), trap(), 200e-6, save=10)  # substeps in each step
        other = Assembly([trap(20e-3), parametric_drive(trap(), 0.2, 1.3e6)])
        simulate(pair(), other, 30e-6, save=7, coulomb=False)
        simulate(pair(), trap(), 10e-6, steps=600, integrator=RK4(), save=6)
        simulate(pair(), trap(), 2e-6, integrator=Dopri8(rtol=1e-9), steps=30, save=30)
    assert not programs


def test_many_runs_and_scans_of_other_lengths_compile_nothing() -> None:
    amplitudes, frequencies = [0.2, 0.4], np.linspace(1.0e6, 1.4e6, 3)
    simulate_many([(pair(), trap()), (pair(1.1), trap())], 5e-6, steps=60, integrator=RK4(), save=6)
    loss_scan(pair(), trap(), amplitudes, frequencies, 50e-6)
    with compilations() as programs:
        cases = [(pair(), trap(20e-3)), (pair(1.2), trap())]
        simulate_many(cases, 6e-6, steps=100, integrator=RK4(), save=5)
        loss_scan(pair(), trap(24e-3), amplitudes, frequencies * 1.01, 60e-6)
    assert not programs
