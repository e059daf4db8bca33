from __future__ import annotations

from collections.abc import Callable

import jax
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.constants import ATOMIC_MASS, ELEMENTARY_CHARGE
from fieldwright.errors import InputError, UnstableTrapError
from fieldwright.motion import (
    SPECIES,
    Ions,
    amplitudes,
    analytic_motion,
    flow_matrices,
    frequencies,
    require_trapped,
    substeps_for,
)
from fieldwright.sources import (
    Assembly,
    Coil,
    LinearField,
    PenningTrap,
    Uniform,
    parametric_drive,
    split_linear,
)

M, Q = 40.078 * ATOMIC_MASS, ELEMENTARY_CHARGE
TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
Frequencies = tuple[float, float, float, float]


def four(trap: object, mass: float = M, charge: float = Q) -> np.ndarray:
    found = frequencies(trap, mass, charge)  # type: ignore[arg-type]
    return np.array([found.cyclotron, found.axial, found.modified_cyclotron, found.magnetron])


def reference(trap: PenningTrap, mass: float, charge: float) -> list[float]:
    """|w|, largest first, from eigenvalues of the equation of motion with 60 digits."""
    field, _ = split_linear(trap)
    G, B = np.asarray(field.G), np.asarray(field.B)
    with mpmath.workdps(60):
        k = mpmath.mpf(charge) / mpmath.mpf(mass)
        matrix = mpmath.zeros(6)
        for i in range(3):
            matrix[i, 3 + i] = 1
            for j in range(3):
                matrix[3 + i, j] = k * float(G[i, j])
        x, y, z = (k * float(b) for b in B)
        for i, j, value in ((0, 1, z), (1, 2, x), (2, 0, y)):
            matrix[3 + i, 3 + j], matrix[3 + j, 3 + i] = value, -value
        values = mpmath.eig(matrix, left=False, right=False)
        assert all(abs(value.real) < 1e-25 * abs(x + y + z) for value in values)
        return sorted((float(v.imag) for v in values if v.imag > 0), reverse=True)


def test_anchors_of_the_paper() -> None:
    assert four(TRAP) / 1e6 == pytest.approx([2.4074, 0.6939, 2.3029, 0.1045], abs=5e-5)


def test_printed_formulas() -> None:
    w0, wz, plus, minus = four(TRAP)
    assert w0 == pytest.approx(Q * 1.0 / M, rel=1e-15)
    assert wz**2 == pytest.approx(2 * Q * 25e-3 / (M * 500e-6**2), rel=1e-15)
    root = np.sqrt(w0**2 - 2 * wz**2)
    assert [plus, minus] == pytest.approx([(w0 + root) / 2, (w0 - root) / 2], rel=1e-13)


@pytest.mark.parametrize("rotation", [[0, 0, 0], [0.3, -1.0, 0.2], [0.0, 1.2, 0.0]])
@pytest.mark.parametrize("sign", [1, -1])
def test_frequencies_know_no_place_and_no_direction(rotation: list[float], sign: int) -> None:
    moved = PenningTrap(sign * 1.0, 25e-3, 500e-6, position=[1e-3, 2e-3, -3e-4], rotation=rotation)
    assert four(moved) == pytest.approx(four(TRAP) * [sign, 1, sign, sign], rel=1e-12)


def test_negative_charges_go_the_other_way() -> None:
    mirrored = PenningTrap(1.0, -25e-3, 500e-6)
    assert four(mirrored, charge=-Q) == pytest.approx(four(TRAP) * [-1, 1, -1, -1], rel=1e-15)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(-0.8, 0.8), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-3, 3),
)  # fmt: skip
def test_invariance_theorem(ellipticity: float, a: float, b: float, turn: float) -> None:
    trap = PenningTrap(
        1.0, 10e-3, 500e-6, ellipticity=ellipticity, tilt=[a, b], rotation=[0.2, 0, turn]
    )
    w0, *three = four(trap)
    assert np.sum(np.square(three)) == pytest.approx(w0**2, rel=1e-13)


@pytest.mark.parametrize(
    ("trap", "name"),
    [
        (PenningTrap(1.0, 25e-3, 500e-6, ellipticity=0.4), "40Ca+"),
        (PenningTrap(1.0, 25e-3, 500e-6, ellipticity=-0.4, tilt=[0.1, -0.2]), "40Ca+"),
        (PenningTrap(5.3, -100.0, 4e-3, ellipticity=0.01, tilt=[0.01, 0.0]), "e-"),
        (PenningTrap(1.8, 14.0, 10e-3, tilt=[0.0, 0.001]), "p"),
        (PenningTrap(0.6, 25e-3, 500e-6, tilt=[0.05, 0.0]), "9Be+"),
    ],
)
def test_eigenvalues_in_many_digits(trap: PenningTrap, name: str) -> None:
    ion = SPECIES[name]
    found = np.abs(four(trap, ion.mass, ion.charge)[1:])
    want = reference(trap, ion.mass, ion.charge)
    assert sorted(found, reverse=True) == pytest.approx(want, rel=3e-12)
    assert found[1] > found[2]  # w+ above w-


def test_elliptic_trap_against_its_formula() -> None:
    """M. Kretzschmar, Int. J. Mass Spectrom. 275, 21 (2008): an elliptic trap that is straight."""
    eps = 0.6
    w0, wz, plus, minus = four(PenningTrap(1.0, 25e-3, 500e-6, ellipticity=eps))
    root = np.sqrt(w0**4 - 2 * w0**2 * wz**2 + eps**2 * wz**4)
    assert wz == pytest.approx(four(TRAP)[1], rel=1e-14)
    assert plus**2 == pytest.approx((w0**2 - wz**2 + root) / 2, rel=1e-13)
    assert minus**2 == pytest.approx((w0**2 - wz**2 - root) / 2, rel=1e-12)


def test_axial_motion_is_named_also_where_it_is_the_fastest() -> None:
    edge = float(Q * 500e-6**2 / (4 * M))  # V0 at which w0^2 = 2 wz^2
    _, wz, plus, minus = four(PenningTrap(1.0, 0.999 * edge, 500e-6, tilt=[1e-4, 0.0]))
    assert wz > plus > minus
    assert wz == pytest.approx(four(PenningTrap(1.0, 0.999 * edge, 500e-6))[1], rel=1e-5)


def test_drives_are_left_out() -> None:
    driven = Assembly([TRAP, parametric_drive(TRAP, 0.4, 1e6)])
    assert np.array_equal(four(driven), four(TRAP))


def test_trap_in_a_coil_and_a_push_of_its_centre() -> None:
    coil = Coil(inner_radius=0.05, outer_radius=0.08, length=0.3, turns=100_000, current=10.0)
    electrodes = PenningTrap(0.0, 25e-3, 500e-6, C4=0.05)
    push = Uniform(electric=[0.2, 0.0, -1.0])
    B = float(coil.B([0.0, 0.0, 0.0])[2])
    found = four(Assembly([electrodes, coil, push]))
    assert found == pytest.approx(four(PenningTrap(B, 25e-3, 500e-6)), rel=2e-4)
    assert found != pytest.approx(four(PenningTrap(B, 25e-3, 500e-6)), rel=1e-6)  # the push counts


@pytest.mark.parametrize(
    ("trap", "charge", "words"),
    [
        (
            PenningTrap(1.0, -25e-3, 500e-6),
            Q,
            "along its axis: .* voltage and charge need the same",
        ),
        (TRAP, -Q, "along its axis"),
        (TRAP, 0.0, "does not hold what has no charge"),
        (PenningTrap(0.3, 25e-3, 500e-6), Q, r"across its axis: w0 = 722232 rad/s must be above"),
        (PenningTrap(0.0, 25e-3, 500e-6), Q, "across its axis"),
        (Uniform(magnetic=[0.0, 0.0, 1.0]), Q, "along its axis"),
        (PenningTrap(1.0, 25e-3, 500e-6, ellipticity=1.2), Q, "its distance from the centre grows"),
        (PenningTrap(1.0, 25e-3, 500e-6, tilt=[1.0, 0.0]), Q, "its distance from the centre grows"),
    ],
)
def test_what_is_not_held(trap: object, charge: float, words: str) -> None:
    with pytest.raises(UnstableTrapError, match=words) as caught:
        require_trapped(trap, M, charge)  # type: ignore[arg-type]
    assert caught.value.exit_code == 4
    assert "cyclotron" in caught.value.numbers


def test_the_edge_of_stability_itself_holds_nothing() -> None:
    """B0 = 1 T, q/m = 1 C/kg, V0 / d^2 = 1/4 V/m^2: equality in the paper's equation 22."""
    with pytest.raises(UnstableTrapError, match="across"):
        require_trapped(PenningTrap(1.0, 0.25, 1.0), 1.0, 1.0)
    require_trapped(PenningTrap(1.0, np.nextafter(0.25, 0), 1.0), 1.0, 1.0)


@pytest.mark.parametrize("mass", [-1.0, np.nan])
def test_wrong_numbers(mass: float) -> None:
    with pytest.raises(InputError, match="mass"):
        frequencies(TRAP, mass, Q)


IONS = Ions(
    [M, M, 2 * M], Q,
    [[20e-6, 0.0, 20e-6], [25e-6, 25e-6, 0.0], [1e-6, -3e-6, 2e-6]],
    [[0.0, 25.0, 0.0], [0.0, 40.0, 5.0], [-3.0, 2.0, 7.0]],
)  # fmt: skip


@pytest.mark.parametrize(
    ("trap", "charge"),
    [
        (TRAP, Q),
        (PenningTrap(1.0, -25e-3, 500e-6), -Q),
        (PenningTrap(-1.0, 25e-3, 500e-6), Q),
        (PenningTrap(1.0, 25e-3, 500e-6, position=[1e-4, 0, 2e-5], rotation=[1.0, 0.5, 0.0]), Q),
        (Assembly([TRAP, Uniform(electric=[0.5, 0.3, -2.0])]), Q),
        (LinearField.static(G=np.diag([-3e4, -3e4, -1e5]), B=[0.0, 0.0, 1.0]), Q),
    ],
)
def test_analytic_motion_against_the_flow(trap: object, charge: float) -> None:
    ions = Ions(IONS.mass, charge, IONS.position, IONS.velocity)
    time = np.linspace(0.0, 50e-6, 7)
    position, velocity = analytic_motion(ions, trap, time)  # type: ignore[arg-type]
    field = trap if isinstance(trap, LinearField) else split_linear(trap)[0]  # type: ignore[arg-type]
    ratio = ions.charge / ions.mass
    matrices = flow_matrices(field, ratio, 0 * time, time, substeps_for(field, ratio, 50e-6))
    start = np.concatenate([ions.position, ions.velocity, np.ones((3, 1))], axis=1)
    want = np.einsum("csij,sj->csi", matrices, start)
    assert np.abs(position - want[..., :3]).max() < 1e-12 * np.abs(want[..., :3]).max()
    assert np.abs(velocity - want[..., 3:6]).max() < 1e-12 * np.abs(want[..., 3:6]).max()


def test_amplitudes_stay_and_phases_advance() -> None:
    time = np.array([0.0, 3e-6])
    position, velocity = analytic_motion(IONS, TRAP, time)
    first, second = (
        amplitudes(Ions(IONS.mass, Q, position[i], velocity[i]), TRAP) for i in range(2)
    )
    for name in ("modified_cyclotron", "axial", "magnetron"):
        assert np.asarray(getattr(second, name)) == pytest.approx(
            np.asarray(getattr(first, name)), rel=1e-12
        )
        rates = [getattr(frequencies(TRAP, m, Q), name) for m in IONS.mass]
        ahead = getattr(second, f"{name}_phase") - getattr(first, f"{name}_phase")
        turns = (np.asarray(ahead) - np.array(rates) * 3e-6) / (2 * np.pi)
        assert np.abs(turns - np.round(turns)).max() < 1e-12


def test_formulas_of_the_paper_for_amplitudes() -> None:
    """Particle 1 starts at x0 with a velocity along y, at z0 with none along z."""
    found = amplitudes(IONS[0], TRAP)
    _, _, plus, minus = four(TRAP)
    fast = (25.0 + minus * 20e-6) / (plus - minus)
    slow = (25.0 + plus * 20e-6) / (plus - minus)
    assert float(found.modified_cyclotron[0]) == pytest.approx(fast, rel=1e-13)
    assert float(found.magnetron[0]) == pytest.approx(slow, rel=1e-13)
    assert float(found.axial[0]) == pytest.approx(20e-6, rel=1e-15)


def test_radial_bounds_are_reached_and_kept() -> None:
    position, _ = analytic_motion(IONS, TRAP, np.linspace(0, 200e-6, 20_001))
    radius = np.hypot(position[..., 0], position[..., 1])
    found = amplitudes(IONS, TRAP)
    assert np.all(radius <= found.radius_high * (1 + 1e-12))
    assert np.all(radius >= found.radius_low * (1 - 1e-12))
    # Near its largest value the radius is a parabola in time: 0.01 us apart, 1e-4 is enough.
    assert radius.max(axis=0) == pytest.approx(np.asarray(found.radius_high), rel=1e-3)
    assert radius.min(axis=0) == pytest.approx(np.asarray(found.radius_low), rel=1e-2, abs=1e-8)


def test_energy_is_that_of_the_three_motions() -> None:
    """H = m/2 ((w+ - w-) (w+ A+^2 - w- A-^2) + wz^2 Az^2): the magnetron's energy is negative."""
    ion = IONS[1]
    found = amplitudes(ion, TRAP)
    _, wz, plus, minus = four(TRAP)
    fast, slow, axial = (
        float(part[0]) for part in (found.modified_cyclotron, found.magnetron, found.axial)
    )
    modes = (plus - minus) * (plus * fast**2 - minus * slow**2) + wz**2 * axial**2
    kinetic = np.sum(np.square(ion.velocity))
    potential = 2 * Q / M * float(TRAP.potential(ion.position[0]))
    assert modes == pytest.approx(kinetic + potential, rel=1e-13)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: amplitudes(IONS, PenningTrap(1.0, 25e-3, 500e-6, tilt=[0.1, 0.0])),
            InputError, "elliptic, or tilted",
        ),
        (lambda: amplitudes(IONS, PenningTrap(0.5, 25e-3, 500e-6)), UnstableTrapError, "1.2"),
        (lambda: analytic_motion(IONS, TRAP, 1e-6), InputError, r"time must have the shape \(n\)"),
    ],
)  # fmt: skip
def test_errors(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_derivative_of_the_exact_motion() -> None:
    def z(start: jax.Array) -> jax.Array:
        ion = Ions(M, Q, start[None], [0.0, 0.0, 0.0])
        return analytic_motion(ion, TRAP, np.array([1e-6]))[0][0, 0, 2]

    slope = jax.grad(z)(jax.numpy.array([1e-5, 0.0, 1e-5]))[2]
    assert float(slope) == pytest.approx(np.cos(four(TRAP)[1] * 1e-6), rel=1e-14)
