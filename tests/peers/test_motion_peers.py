"""Charges in time against integrators and pair sums of other people: REBOUND, heyoka, SciPy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fieldwright.constants import ATOMIC_MASS, COULOMB, ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from fieldwright.motion import Ions, coulomb_energy, coulomb_field, simulate
from fieldwright.sources import (
    Assembly,
    PenningTrap,
    Uniform,
    dipole_drive,
    parametric_drive,
    rotating_wall,
)

TRAP = {"magnetic_field": 1.0, "voltage": 25e-3, "size": 500e-6}
#: Three ions of two kinds; m, m/s.
PLACES = np.array([[20.0, 0.0, 20.0], [25.0, 25.0, 0.0], [-15.0, 8.0, -12.0]]) * 1e-6
SPEEDS = np.array([[0.0, 25.0, 0.0], [0.0, 40.0, 5.0], [10.0, -5.0, 3.0]])
MASSES = np.array([40.078, 40.078, 24.305]) * ATOMIC_MASS
DURATION = 10e-6


def ions(masses=MASSES):
    return Ions(masses, ELEMENTARY_CHARGE, PLACES[: len(masses)], SPEEDS[: len(masses)])


def apart(trajectory, places):
    """Largest distance [m] at the end."""
    return float(np.abs(np.asarray(trajectory.position[-1]) - places).max())


def dop853(right, position, velocity, duration=DURATION):
    """Places (n, 3) [m] by SciPy; right(t, x, v) [m/s^2], in um and us inside."""

    def rates(t, y):
        x, v = y.reshape(2, -1, 3)
        return np.concatenate([v.ravel(), right(t * 1e-6, x * 1e-6, v).ravel() * 1e-6])

    start = np.concatenate([position.ravel() * 1e6, velocity.ravel()])
    found = solve_ivp(rates, (0, duration * 1e6), start, "DOP853", rtol=3e-14, atol=1e-13)
    return found.y[: position.size, -1].reshape(-1, 3) * 1e-6


def pushes(masses, voltage=lambda t: TRAP["voltage"], more=lambda t, x: 0.0):
    """The equations 23 to 25 of the paper, for a voltage that changes and more electric field."""
    ratio = (ELEMENTARY_CHARGE / masses)[:, None]

    def right(t, x, v):
        E = voltage(t) / TRAP["size"] ** 2 * x * [1.0, 1.0, -2.0] + more(t, x)
        d = x[:, None] - x[None]
        r = np.linalg.norm(d, axis=2) + np.eye(len(x))
        E = E + COULOMB * ELEMENTARY_CHARGE * (d / r[:, :, None] ** 3).sum(axis=1)
        return ratio * (E + np.cross(v, [0.0, 0.0, TRAP["magnetic_field"]]))

    return right


def test_mixture_against_scipy():
    found = simulate(ions(), PenningTrap(**TRAP), DURATION, save=1)
    assert apart(found, dop853(pushes(MASSES), PLACES, SPEEDS)) < 1e-13


def test_three_drives_at_once_against_scipy():
    trap, w, field = PenningTrap(**TRAP), 1.3e6, np.array([0.3, 0.0, 0.5])
    source = Assembly(
        [
            trap,
            parametric_drive(trap, 0.4, w),
            dipole_drive(field, 0.7 * w, 0.3),
            rotating_wall(2e-3, TRAP["size"], 0.2 * w),
        ]
    )
    right = pushes(
        MASSES,
        voltage=lambda t: TRAP["voltage"] * (1 + 0.4 * np.cos(w * t)),
        more=lambda t, x: (
            field * np.cos(0.7 * w * t + 0.3) + turned_quadrupole(2e-3, 0.2 * w * t, x)
        ),
    )
    found = simulate(ions(), source, DURATION, save=1)
    assert apart(found, dop853(right, PLACES, SPEEDS)) < 1e-13


def turned_quadrupole(voltage, angle, x):
    """Minus the gradient of V / (2 size^2) rho^2 cos(2 (phi - angle))."""
    c, s = np.cos(2 * angle), np.sin(2 * angle)
    E = [c * x[:, 0] + s * x[:, 1], s * x[:, 0] - c * x[:, 1], 0 * x[:, 0]]
    return -voltage / TRAP["size"] ** 2 * np.stack(E, axis=1)


def test_relativistic_electron_against_scipy():
    mass, E, B = 9.1093837139e-31, np.array([1e7, 0.0, -2e7]), np.array([0.01, 0.0, 0.05])
    start = np.array([0.0, 0.6, 0.3]) * SPEED_OF_LIGHT
    electron = Ions(mass, -ELEMENTARY_CHARGE, [[0.0, 0.0, 0.0]], [start])
    found = simulate(electron, Uniform(E, B), 1e-9, relativistic=True, save=1)
    gamma = 1 / np.sqrt(1 - (start / SPEED_OF_LIGHT) @ (start / SPEED_OF_LIGHT))

    def rates(t, y):  # in m, ns and units of m c
        beta = y[3:] / np.sqrt(1 + y[3:] @ y[3:])
        push = E / SPEED_OF_LIGHT + np.cross(beta, B)
        rate = [beta * SPEED_OF_LIGHT * 1e-9, -ELEMENTARY_CHARGE / mass * push * 1e-9]
        return np.concatenate(rate)

    y = np.concatenate([np.zeros(3), gamma * start / SPEED_OF_LIGHT])
    peer = solve_ivp(rates, (0, 1), y, "DOP853", rtol=3e-14, atol=1e-14).y[:3, -1]
    assert apart(found, peer) < 1e-9 * np.linalg.norm(peer)


def test_pair_of_ions_against_heyoka():
    heyoka = pytest.importorskip("heyoka")
    ratio = ELEMENTARY_CHARGE / MASSES[0]
    strength = COULOMB * ELEMENTARY_CHARGE * ratio * 1e6  # um^3/us^2
    turn, push = ratio * 1e-6, ratio * TRAP["voltage"] / TRAP["size"] ** 2 * 1e-12
    # Its own N-body model; masses of one repel where G is below zero.
    system = heyoka.model.nbody(2, masses=[1.0, 1.0], Gconst=-strength)
    rows = []
    for x, y, z, u, v, w in (system[:6], system[6:]):
        rows += [x, y, z, (u[0], u[1] + push * x[0] + turn * v[0])]
        rows += [(v[0], v[1] + push * y[0] - turn * u[0]), (w[0], w[1] - 2 * push * z[0])]
    start = np.concatenate([PLACES[:2] * 1e6, SPEEDS[:2]], axis=1)
    peer = heyoka.taylor_adaptive(rows, start.ravel(), tol=1e-15)
    peer.propagate_until(50.0)
    found = simulate(ions(MASSES[:2]), PenningTrap(**TRAP), 50e-6, save=1)
    assert apart(found, peer.state.reshape(2, 6)[:, :3] * 1e-6) < 1e-13


def test_pair_sums_and_energy_against_rebound():
    rebound = pytest.importorskip("rebound")
    places = np.random.default_rng(3).normal(size=(40, 3))
    simulation = rebound.Simulation()
    simulation.integrator, simulation.G, simulation.dt = "leapfrog", -1.0, 1e-6
    for x, y, z in places:
        simulation.add(m=1.0, x=x, y=y, z=z)
    potential = simulation.energy()
    simulation.steps(1)
    speeds = np.array([[p.vx, p.vy, p.vz] for p in simulation.particles]) / simulation.dt
    field = coulomb_field(places, np.ones(40)) / COULOMB
    np.testing.assert_allclose(field, speeds, rtol=0, atol=1e-11 * np.abs(speeds).max())
    np.testing.assert_allclose(coulomb_energy(places, np.ones(40)) / COULOMB, potential, rtol=1e-13)


def test_cloud_without_magnet_against_rebound():
    """Twelve ions that fly apart, as a cluster under gravity turned round does."""
    rebound = pytest.importorskip("rebound")
    random = np.random.default_rng(5)
    places, speeds = random.normal(size=(12, 3)) * 20, random.normal(size=(12, 3)) * 5
    mass = MASSES[0]
    simulation = rebound.Simulation()
    simulation.integrator = "ias15"
    simulation.G = -COULOMB * ELEMENTARY_CHARGE**2 / mass * 1e6
    for (x, y, z), (vx, vy, vz) in zip(places, speeds, strict=True):
        simulation.add(m=1.0, x=x, y=y, z=z, vx=vx, vy=vy, vz=vz)
    simulation.integrate(3.0)
    peer = np.array([[p.x, p.y, p.z] for p in simulation.particles]) * 1e-6
    cloud = Ions(mass, ELEMENTARY_CHARGE, places * 1e-6, speeds)
    found = simulate(cloud, Uniform(), 3e-6, save=1)
    assert apart(found, peer) < 1e-13
