"""Exact maps in linear fields: against analytic motion, other solvers, and what maps must keep."""

from __future__ import annotations

from typing import Any

import jax
import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fieldwright.constants import ATOMIC_MASS, ELEMENTARY_CHARGE
from fieldwright.motion import flow_matrices, substeps_for
from fieldwright.sources import LinearField

RATIO = ELEMENTARY_CHARGE / (40.077 * ATOMIC_MASS)
TRAP = LinearField.static(
    G=np.diag([1.0, 1.0, -2.0]) * 25e-3 / 500e-6**2, B=np.array([0.0, 0.0, 1.0])
)
#: Lengths in metres and velocities in metres per microsecond are of a size.
SCALE = np.array([1.0, 1.0, 1.0, 1e-6, 1e-6, 1e-6, 1.0])

flow = jax.jit(flow_matrices)  # one program for any number of steps
known_flow = jax.jit(flow_matrices, static_argnums=4)  # a program for each, with derivatives


def drive(G: object, w: float, phase: float = 0.0, E0: object = 0.0) -> LinearField:
    return LinearField.static(E0=E0, G=G).driven(w, phase)


DRIVEN = {
    "parametric": TRAP + drive(0.7 * TRAP.G, 1.4e6, 0.3),
    "fast": TRAP + drive(0.7 * TRAP.G, 50e6, 0.3),
    "strong": TRAP + drive(30.0 * TRAP.G, 5e6),
    "Paul": LinearField.static(G=TRAP.G) + drive(50.0 * TRAP.G, 20e6),
    "two frequencies": TRAP
    + drive(np.diag([5e4, -5e4, 0.0]), 2e6, 0.1, E0=np.array([1.0, 2.0, 3.0]))
    + drive(np.array([[0, 5e4, 0], [5e4, 0, 0], [0, 0, 0.0]]), 2.3e6, 1.6),
}


def one(
    field: LinearField, start: float, stop: float, finer: float = 1, known: bool = False
) -> np.ndarray:
    """The map of the paper's ion, in metres and microseconds."""
    substeps = round(substeps_for(field, [RATIO], stop - start) * finer)
    given = field, np.array([RATIO]), np.array([start]), np.array([stop]), substeps
    matrix = np.asarray((known_flow if known else flow)(*given)[0, 0])
    return SCALE[:, None] * matrix / SCALE


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / np.abs(b).max())


def test_a_single_ion_moves_as_the_analytic_solution_over_50_us() -> None:
    t, x0, z0, vy = 50e-6, 20e-6, 20e-6, 25.0
    w0, wz = RATIO, np.sqrt(2 * RATIO * 25e-3) / 500e-6
    root = np.sqrt(w0**2 - 2 * wz**2)
    fast, slow = (w0 + root) / 2, wz**2 / (w0 + root)
    a, b = (vy + slow * x0) / (slow - fast), -(vy + fast * x0) / (slow - fast)
    plane = a * np.exp(-1j * fast * t) + b * np.exp(-1j * slow * t)
    speed = -1j * fast * a * np.exp(-1j * fast * t) - 1j * slow * b * np.exp(-1j * slow * t)

    state = one(TRAP, 0.0, t) @ (SCALE * np.array([x0, 0, z0, 0, vy, 0, 1.0]))
    # The phase itself is known to no more than 115 rad times rounding.
    assert np.hypot(state[0] - plane.real, state[1] - plane.imag) < 3e-14 * abs(plane)
    assert np.hypot(state[3] * 1e6 - speed.real, state[4] * 1e6 - speed.imag) < 3e-14 * abs(speed)
    assert abs(state[2] - z0 * np.cos(wz * t)) < 2e-14 * z0
    assert abs(state[5] * 1e6 + z0 * wz * np.sin(wz * t)) < 2e-14 * z0 * wz


@pytest.mark.parametrize("span", [3e-6, -3e-6])
def test_static_maps_agree_with_the_matrix_exponential_to_30_digits(span: float) -> None:
    random = np.random.default_rng(3)
    G = random.normal(size=(3, 3)) * 1e5
    field = LinearField.static(random.normal(size=3), G + G.T, random.normal(size=3))
    A = np.zeros((7, 7))
    A[:3, 3:6] = np.eye(3)
    A[3:6, :3] = RATIO * np.asarray(field.G)
    A[3:6, 3:6] = RATIO * np.cross(np.eye(3), np.asarray(field.B)).T
    A[3:6, 6] = RATIO * np.asarray(field.E0)
    with mpmath.workdps(30):
        exact = mpmath.expm(mpmath.matrix((A * span).tolist()))
        exact = np.array(exact.tolist(), dtype=float)
    for known in (False, True):
        found = one(field, 0.0, span, known=known)
        assert difference(found, SCALE[:, None] * exact / SCALE) < 1e-14


@pytest.mark.parametrize("name", DRIVEN)
def test_driven_maps_agree_with_another_solver(name: str) -> None:
    field, stop = DRIVEN[name], 4e-6

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        state = y.reshape(6, 7)
        factor = np.cos(np.asarray(field.angular_frequency) * t * 1e-6 + np.asarray(field.phase))
        G = np.asarray(field.G) + np.tensordot(factor, np.asarray(field.drive_G), 1)
        E0 = np.asarray(field.E0) + np.tensordot(factor, np.asarray(field.drive_E0), 1)
        push = G @ state[:3] * RATIO * 1e-12
        push[:, 6] += E0 * RATIO * 1e-12
        push += np.cross(state[3:], np.asarray(field.B)[:, None], axis=0) * RATIO * 1e-6
        return np.concatenate([state[3:], push]).ravel()

    solved = solve_ivp(
        slope, (0.0, 4.0), np.eye(7)[:6].ravel(), method="DOP853", rtol=1e-13, atol=1e-14
    )
    # The last column is in metres, and large: compare it by itself.
    ours, theirs = one(field, 0.0, stop)[:6], solved.y[:, -1].reshape(6, 7)
    assert difference(ours[:, :6], theirs[:, :6]) < 1e-11
    assert np.abs(ours[:, 6] - theirs[:, 6]).max() <= 1e-11 * np.abs(theirs[:, 6]).max()


@pytest.mark.parametrize("name", DRIVEN)
def test_the_chosen_steps_reach_rounding(name: str) -> None:
    chosen, finer = (one(DRIVEN[name], 0.0, 10e-6, finer) for finer in (1, 2))
    # The phase of Paul's drive, 200 rad, is known to 3e-14, and the drive is far stronger than
    # what is left of it on average.
    assert difference(chosen, finer) < (5e-13 if name == "Paul" else 2e-14)


def test_the_chosen_steps_are_not_many_more_than_needed() -> None:
    field = DRIVEN["strong"]
    assert difference(one(field, 0.0, 10e-6, 1 / 2), one(field, 0.0, 10e-6, 2)) > 1e-12


@pytest.mark.parametrize("name", DRIVEN)
def test_maps_are_symplectic(name: str) -> None:
    M = one(DRIVEN[name], 1e-6, 4e-6)[:6, :6]
    # In r and v the form has a part from B; it is the canonical one in r and m v + q A.
    turn = -RATIO * 1e-6 * np.cross(np.eye(3), np.asarray(DRIVEN[name].B)).T
    form = np.block([[turn, np.eye(3)], [-np.eye(3), np.zeros((3, 3))]])
    assert np.abs(M.T @ form @ M - form).max() < 3e-15 * np.abs(M).max() ** 2 + 3e-14
    canonical = np.block([[np.eye(3), np.zeros((3, 3))], [turn / 2, np.eye(3)]])
    M = canonical @ M @ np.linalg.inv(canonical)
    J = np.block([[np.zeros((3, 3)), np.eye(3)], [-np.eye(3), np.zeros((3, 3))]])
    assert np.abs(M.T @ J @ M - J).max() < 3e-15 * np.abs(M).max() ** 2 + 3e-14


@pytest.mark.parametrize("name", DRIVEN)
def test_maps_compose_and_run_backwards(name: str) -> None:
    field = DRIVEN[name]
    whole = one(field, 0.0, 3e-6)
    assert difference(one(field, 1.2e-6, 3e-6) @ one(field, 0.0, 1.2e-6), whole) < 1e-14
    back = one(field, 3e-6, 0.0) @ whole
    size = np.abs(one(field, 3e-6, 0.0)) @ np.abs(whole)
    assert np.abs(back - np.eye(7)).max() < 3e-14 * size.max()


def test_a_uniform_field_accelerates_steadily() -> None:
    field = LinearField.static(E0=np.array([1.0, -2.0, 3.0]))
    state = one(field, 0.0, 2e-6)[:, 6]
    fall = RATIO * np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(state[:3], fall * (2e-6) ** 2 / 2, rtol=4e-16)
    np.testing.assert_allclose(state[3:6] * 1e6, fall * 2e-6, rtol=4e-16)


def test_crossed_fields_make_a_drift() -> None:
    field = LinearField.static(E0=np.array([5.0, 0.0, 0.0]), B=np.array([0.0, 0.0, 1.0]))
    turns = 2 * np.pi / RATIO
    state = one(field, 0.0, 7 * turns)[:, 6]  # whole turns leave the drift alone
    np.testing.assert_allclose(state[:3], [0.0, -5.0 * 7 * turns, 0.0], atol=1e-14)


def test_species_and_stretches_are_independent() -> None:
    field, ratios = DRIVEN["parametric"], np.array([RATIO, -2 * RATIO, 0.0])
    starts, stops = np.array([0.0, 2e-6]), np.array([1e-6, -1e-6])
    every = np.asarray(known_flow(field, ratios, starts, stops, 8))
    assert every.shape == (2, 3, 7, 7)
    for c in range(2):
        for s in range(3):
            alone = flow(field, ratios[s : s + 1], starts[c : c + 1], stops[c : c + 1], 8)
            np.testing.assert_allclose(every[c, s], alone[0, 0], rtol=1e-13, atol=1e-22)
    coasting = np.eye(7)
    coasting[:3, 3:6] = np.eye(3) * 1e-6
    np.testing.assert_allclose(every[0, 2], coasting, rtol=1e-15)


def test_no_time_is_the_identity() -> None:
    for field in (TRAP, DRIVEN["two frequencies"]):
        for known in (False, True):
            np.testing.assert_array_equal(one(field, 1e-6, 1e-6, known=known), np.eye(7))
    assert substeps_for(TRAP, [RATIO], 0.0) == 1


def test_steps_grow_with_the_span_and_the_fastest_frequency() -> None:
    n = substeps_for(TRAP, [RATIO], 50e-6)
    assert substeps_for(TRAP, [RATIO], -100e-6) in (2 * n - 1, 2 * n)
    assert substeps_for(TRAP, [RATIO, 10 * RATIO], 50e-6) > 8 * n
    assert substeps_for(DRIVEN["fast"], [RATIO], 50e-6) > 10 * n


def test_maps_have_derivatives() -> None:
    @jax.jit
    def end_and_slopes(voltage: jax.Array, w: jax.Array) -> tuple[jax.Array, Any]:
        return jax.value_and_grad(end, (0, 1))(voltage, w)

    def end(voltage: jax.Array, w: jax.Array) -> jax.Array:
        G = np.diag([1.0, 1.0, -2.0]) * voltage / 500e-6**2
        field = LinearField.static(G=G, B=np.array([0.0, 0.0, 1.0]))
        field = field + LinearField.static(G=0.4 * G).driven(w, 0.0)
        times = np.zeros(1), np.array([0.4e-6])
        return known_flow(field, np.array([RATIO]), *times, 1)[0, 0, 2, 5] * 1e6

    at = 25e-3, 1.4e6
    _, slopes = end_and_slopes(*at)
    for k, h in ((0, 1e-5), (1, 1e3)):
        up, down = (
            float(end_and_slopes(*(x + s * h * (i == k) for i, x in enumerate(at)))[0])
            for s in (1, -1)
        )
        np.testing.assert_allclose(slopes[k], (up - down) / (2 * h), rtol=1e-6)
