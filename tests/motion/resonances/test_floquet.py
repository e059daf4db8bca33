"""Growth in driven traps: against Mathieu's functions, weak drives, and frames where all rests."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import mathieu_a, mathieu_b

from fieldwright.constants import ATOMIC_MASS, ELEMENTARY_CHARGE
from fieldwright.errors import InputError
from fieldwright.motion import (
    Species,
    growth_rate,
    instability_bands,
    mathieu_discriminant,
    mathieu_points,
    mathieu_stable,
)
from fieldwright.sources import (
    Assembly,
    Driven,
    Loop,
    PenningTrap,
    Source,
    dipole_drive,
    parametric_drive,
    quadrupole_drive,
    rotating_wall,
)

TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
ION = Species("Ca+", 40.078 * ATOMIC_MASS, ELEMENTARY_CHARGE)
RATIO = ION.charge / ION.mass
W0, WZ = RATIO, np.sqrt(2 * RATIO * 25e-3) / 500e-6
W1 = np.sqrt(W0**2 - 2 * WZ**2)
FAST, SLOW = (W0 + W1) / 2, (W0 - W1) / 2


def wall(trap: Source, voltage: float, w: float) -> Source:
    """A quadrupole that turns as the ions do: clockwise seen from above."""
    return rotating_wall(voltage, 500e-6, -w)


def quadrupole(trap: Source, voltage: float, w: float) -> Source:
    return quadrupole_drive(voltage, 500e-6, w)


def edges(n: int, axial: bool, f: float) -> tuple[float, float]:
    """Where a line through Mathieu's chart enters and leaves the n-th tongue [rad/s]."""
    square, depth = (4 * WZ**2, f / 2) if axial else (W1**2, f * WZ**2 / W1**2)

    def distance(w: float, edge: object) -> float:
        a = square / w**2
        return edge(n, a * depth) - a  # type: ignore[operator]

    near = np.sqrt(square) / n
    found = [
        brentq(distance, 0.7 * near, 1.3 * near, (edge,), xtol=1e-6, rtol=1e-14)
        for edge in (mathieu_a, mathieu_b)
    ]
    return min(found), max(found)


def label(n: int, axial: bool) -> str:
    if not axial:
        return "ω+ − ω−" if n == 1 else f"(ω+ − ω−)/{n}"
    return {1: "2ωz", 2: "ωz", 3: "2ωz/3", 4: "ωz/2", 5: "2ωz/5", 6: "ωz/3"}[n]


@pytest.mark.parametrize("f", [pytest.param(0.1, marks=pytest.mark.slow), 0.7])
def test_bands_of_a_parametric_drive_are_mathieus(f: float) -> None:
    bands = {band.label: band for band in instability_bands(TRAP, ION, f, (0.3e6, 2.5e6))}
    for n, axial in (
        (1, True),
        (2, True),
        (3, True),
        (4, True),
        (1, False),
        (2, False),
        (3, False),
    ):
        low, high = edges(n, axial, f)
        band = bands.pop(label(n, axial))
        # Edges hold where growth in a period reaches 1e-6: for narrow bands, a little inside.
        slack = 1e-8 * low + 1e-6 * (high - low)
        assert abs(band.low - low) < slack, band
        assert abs(band.high - high) < slack, band
        assert low < band.peak < high
    # No others, but of high order.
    assert all(label.startswith("(ω+ − ω−)/") or label == "2ωz/5" for label in bands), bands
    assert all(band.growth < 30 for band in bands.values()), bands


def test_weak_drives_grow_as_perturbation_theory_says() -> None:
    f = 1e-4
    axial, radial = (growth_rate(TRAP, ION, [f], [w])[0, 0] for w in (2 * WZ, FAST - SLOW))
    assert abs(axial / (f * WZ / 4) - 1) < 1e-3
    assert abs(radial / (f * WZ**2 / (4 * W1)) - 1) < 1e-3


def test_growth_is_that_of_the_mathieu_exponent() -> None:
    w = np.array([1.2e6, 1.388e6, 1.5e6])
    at = mathieu_points(TRAP, ION, 0.6, w)
    # Inside the first tongue cos(pi nu) = -cosh(growth times the period 2 pi / w).
    expected = np.arccosh(-mathieu_discriminant(at.axial_a, at.axial_q)) * w / (2 * np.pi)
    np.testing.assert_allclose(growth_rate(TRAP, ION, [0.6], w)[0], expected, rtol=1e-9)


def test_a_turning_quadrupole_grows_as_in_the_frame_where_it_rests() -> None:
    voltage, w = 4e-3, np.linspace(0.05e6, 2.6e6, 200)
    strength = RATIO * voltage / 500e-6**2
    expected = []
    for turn in -w:  # x'' in the frame that turns about z at this rate
        spin = np.array([[0.0, 1.0], [-1.0, 0.0]])
        push = np.diag([WZ**2 / 2 - strength, WZ**2 / 2 + strength])
        push = push + (turn**2 + W0 * turn) * np.eye(2)
        block = np.block([[np.zeros((2, 2)), np.eye(2)], [push, (W0 + 2 * turn) * spin]])
        expected.append(np.linalg.eigvals(block).real.max())
    rates = growth_rate(TRAP, ION, [voltage], w, drive=wall)[0]
    expected = np.where(np.array(expected) > 10.0, expected, 0.0)
    assert np.count_nonzero(expected) > 5
    np.testing.assert_allclose(rates, expected, rtol=1e-8, atol=10.0)


def test_reasons_of_a_quadrupole_are_its_own() -> None:
    for reason, at in (("2ω+", 2 * FAST), ("2ω−", 2 * SLOW)):
        (band,) = instability_bands(TRAP, ION, 2e-4, (0.9 * at, 1.1 * at), drive=quadrupole)
        assert band.label == reason
        assert abs(band.peak / at - 1) < 1e-3
    # At w+ + w- it swaps the two motions, whose energies differ in sign: nothing grows.
    near = FAST + SLOW + np.linspace(-0.05e6, 0.05e6, 101)
    assert not growth_rate(TRAP, ION, [2e-3], near, drive=quadrupole).any()


@pytest.mark.slow
def test_reasons_of_a_turning_quadrupole_are_its_own() -> None:
    (band,) = instability_bands(TRAP, ION, 2e-3, (2.2e6, 2.4e6), drive=wall)
    assert band.label == "ω+"  # its electrodes are driven at twice the frequency of its turns
    against = growth_rate(
        TRAP, ION, [2e-3], np.linspace(2.2e6, 2.4e6, 99), drive=lambda t, U, w: wall(t, U, -w)
    )
    assert not against.any()


def test_a_coupling_of_plane_and_axis_names_both() -> None:
    def tilted(trap: Source, voltage: float, w: float) -> Source:
        part = quadrupole_drive(voltage, 500e-6, w)
        return Assembly((part,), rotation=[0.0, 0.7, 0.0])

    bands = instability_bands(TRAP, ION, 2e-3, (0.55e6, 3.05e6), drive=tilted)
    found = {band.label: band.peak for band in bands if band.growth > 100}
    assert abs(found["ω+ + ωz"] / (FAST + WZ) - 1) < 1e-3
    assert abs(found["ωz − ω−"] / (WZ - SLOW) - 1) < 3e-3
    assert abs(found["2ωz"] / (2 * WZ) - 1) < 1e-3
    # wz + w- and w+ - wz only swap motions.
    assert not {"ωz + ω−", "ω+ − ωz"} & set(found)


def test_all_that_matters_is_the_ratio_of_charge_and_mass() -> None:
    mirrored = dataclasses.replace(TRAP, voltage=-TRAP.voltage)
    anion = Species("anion", ION.mass, -ION.charge)
    ours, theirs = (
        instability_bands(trap, ion, 0.4, (1.0e6, 2.5e6))
        for trap, ion in ((TRAP, ION), (mirrored, anion))
    )
    assert [band.label for band in ours] == [band.label for band in theirs]
    np.testing.assert_allclose([b.low for b in ours], [b.low for b in theirs], rtol=1e-8)


@pytest.mark.slow
def test_small_motion_does_not_feel_what_is_not_linear() -> None:
    w = np.array([1.3e6, 1.388e6, 2.2e6])
    anharmonic = dataclasses.replace(TRAP, C4=np.array(0.1), B2=np.array(10.0))
    plain, other = (growth_rate(trap, ION, [0.4], w) for trap in (TRAP, anharmonic))
    np.testing.assert_allclose(other, plain, rtol=1e-12)


def test_the_field_of_a_coil_counts_as_it_is_at_the_centre() -> None:
    radius = 0.1
    coil = Loop(radius=radius, current=2 * radius / (4e-7 * np.pi))  # near 1 T
    B0 = float(coil.B(np.zeros(3))[2])
    electrodes = dataclasses.replace(TRAP, magnetic_field=np.array(0.0))
    uniform = dataclasses.replace(TRAP, magnetic_field=np.array(B0))
    w = np.array([2.18e6, 2.2e6, 2.22e6])
    rates = growth_rate(
        Assembly((electrodes, coil)),
        ION,
        [0.4],
        w,
        drive=lambda _, f, w: parametric_drive(electrodes, f, w),
    )
    np.testing.assert_allclose(rates, growth_rate(uniform, ION, [0.4], w), rtol=1e-9)


def test_a_dipole_does_not_make_motion_grow_in_this_sense() -> None:
    def dipole(trap: Source, field: float, w: float) -> Source:
        return dipole_drive([0.0, 0.0, 1.0], w)

    assert not growth_rate(TRAP, ION, [1.0], [WZ, 1e6], drive=dipole).any()


def test_a_trap_that_holds_nothing_still_has_a_growth_but_no_reasons() -> None:
    weak = dataclasses.replace(TRAP, magnetic_field=np.array(0.3))
    rates = growth_rate(weak, ION, [0.0], [1e6])[0, 0]
    w0 = 0.3 * RATIO
    assert abs(rates / (np.sqrt(2 * WZ**2 - w0**2) / 2) - 1) < 1e-9
    with pytest.raises(InputError, match="does not hold this ion"):
        instability_bands(weak, ION, 0.1, (1e6, 2e6))


def test_a_paul_trap_holds_inside_the_first_region() -> None:
    none = dataclasses.replace(TRAP, magnetic_field=np.array(0.0), voltage=np.array(0.0))
    w = 1e7

    def rf(trap: Source, q: float, w: float) -> Source:
        # z'' = -4 (q/m) V / (2 d^2) z cos wt: q_z = 4 (q/m) V / (d^2 w^2)
        voltage = q * w**2 * 500e-6**2 / (4 * RATIO)
        return Driven(PenningTrap(magnetic_field=0.0, voltage=voltage, size=500e-6).electrodes, w)

    rates = growth_rate(none, ION, [0.3, 0.90, 0.91], [w], drive=rf)[:, 0]
    assert rates[0] == rates[1] == 0 < rates[2]


def test_wrong_input_is_told_of() -> None:
    with pytest.raises(InputError, match="above zero"):
        growth_rate(TRAP, ION, [0.1], [0.0, 1e6])
    with pytest.raises(InputError, match="no common period"):
        growth_rate(
            TRAP,
            ION,
            [0.1],
            [1e6],
            drive=lambda trap, f, w: Assembly(
                (parametric_drive(trap, f, w), parametric_drive(trap, f, np.sqrt(2) * w))
            ),
        )
    with pytest.raises(InputError, match="not linear in position"):
        growth_rate(TRAP, ION, [0.1], [1e6], drive=lambda trap, f, w: Driven(Loop(1e-3), w))
    with pytest.raises(InputError, match=r"\(lowest, highest\)"):
        instability_bands(TRAP, ION, 0.1, (2e6, 1e6))
    with pytest.raises(InputError, match="without ellipticity"):
        mathieu_points(dataclasses.replace(TRAP, ellipticity=np.array(0.1)), ION, 0.1, [1e6])


@pytest.mark.parametrize("n", range(5))
def test_mathieus_chart_has_its_edges_at_the_characteristic_values(n: int) -> None:
    q = np.linspace(0.1, 5.0, 8)
    for edge, sign in ((mathieu_a, -1), (mathieu_b, 1)) if n else ((mathieu_a, -1),):
        a = edge(n, q)
        np.testing.assert_allclose(mathieu_discriminant(a, q), (-1.0) ** n, atol=1e-12)
        inside = sign * -1e-3
        assert mathieu_stable(a + inside, q).all()
        # SciPy's tongues are narrower than the step only where a_n and b_n nearly meet.
        beyond = a - inside
        other = mathieu_b(n, q) if edge is mathieu_a else mathieu_a(n, q)
        wide = np.abs(other - a) > 2e-3 if n else np.full(q.shape, True)
        assert not mathieu_stable(beyond, q)[wide].any()


def test_without_a_drive_the_discriminant_is_a_cosine() -> None:
    a = np.array([[0.0, 0.3, 4.7], [9.0, 16.0, -1.0]])
    expected = np.cos(np.pi * np.sqrt(a.astype(complex))).real
    np.testing.assert_allclose(mathieu_discriminant(a, 0.0), expected, rtol=1e-13, atol=1e-14)
