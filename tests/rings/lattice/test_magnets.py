"""Magnets in physical units, where they stand, and solenoids of coil sections."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from fieldwright.constants import MU_0, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.forces import wrench
from fieldwright.rings import (
    Bend,
    Drift,
    Kicker,
    Lattice,
    Multipole,
    Octupole,
    Quadrupole,
    Sextupole,
    Solenoid,
    axis_field,
    magnet_strengths,
    section_forces,
    solenoid_field,
    solenoid_from_coils,
    survey,
    track,
    vepp2000,
    vepp2000_solenoid,
)
from fieldwright.sources import Coil, Loop

BEND = Bend(name="B", length=1.4 * np.pi / 4, angle=np.pi / 4)
MAGNETS = [
    BEND,
    Quadrupole(name="QF", length=0.19, k1=14.0),
    Drift(name="D", length=1.0),
    Quadrupole(name="QS", length=0.1, k1=3.0, k1s=4.0),
    Sextupole(name="S", length=0.08, k2=-400.0),
    Octupole(name="O", length=0.1, k3=5e3),
    Multipole(name="M", k2=2.0),
    Solenoid(name="SOL", length=0.4, ks=-3.9),
    Kicker(name="K", length=0.1, hkick=3e-4, vkick=4e-4),
    Quadrupole(name="off", length=0.1),
    BEND,
]


def test_fields_are_the_strengths_times_b_rho() -> None:
    found = magnet_strengths(Lattice.of(MAGNETS, energy=1e9))
    rigidity = np.sqrt(1e18 - 510998.95069**2) / SPEED_OF_LIGHT
    expected = {
        "B": ("field", rigidity / 1.4),
        "QF": ("gradient", 14 * rigidity),
        "QS": ("gradient", 5 * rigidity),
        "S": ("sextupole", -400 * rigidity),
        "O": ("octupole", 5e3 * rigidity),
        "M": ("sextupole", 2 * rigidity),
        "SOL": ("field", -3.9 * rigidity),
        "K": ("field", 5e-3 * rigidity),
    }
    assert found.names == tuple(expected)  # drifts and what is off are no magnets
    for name, (column, value) in expected.items():
        assert abs(found[name][column] / value - 1) < 1e-12, name
    assert found["B"]["count"] == 2
    assert abs(found["B"]["radius"] - 1.4) < 1e-12
    assert repr(found).count("\n") == len(expected)
    table = found.to_xarray()
    assert float(table.gradient.sel(magnet="QF")) == found["QF"]["gradient"]
    assert table.gradient.units == "T/m"


def test_fields_at_the_poles_are_the_powers_of_the_radius() -> None:
    found = magnet_strengths(Lattice.of(MAGNETS, energy=1e9))
    at = dict(zip(found.names, found.field_at(0.02), strict=True))
    rigidity = float(Lattice.of(MAGNETS, energy=1e9).rigidity)
    assert abs(at["QF"] / (14 * rigidity * 0.02) - 1) < 1e-12
    assert abs(at["S"] / (400 * rigidity * 0.02**2 / 2) - 1) < 1e-12
    assert abs(at["O"] / (5e3 * rigidity * 0.02**3 / 6) - 1) < 1e-12
    with pytest.raises(InputError, match="above zero"):
        found.field_at(0.0)


def test_the_bends_of_vepp_2000_from_200_mev_to_1_gev() -> None:
    """Chapter 2 of P. Yu. Shatunov (2011): 23.82 kG at 140 cm and 1 GeV; 5 to 24 kG in use."""
    ring = Lattice.of(MAGNETS, energy=1e9)
    top, bottom = (magnet_strengths(ring.with_energy(e))["B"]["field"] for e in (1e9, 0.2e9))
    assert abs(top - 2.3826) < 5e-5
    assert abs(top / 2.382 - 1) < 3e-4  # printed with its last digit cut off, not rounded
    assert abs(bottom - 0.4765) < 5e-5


def test_magnets_of_a_name_that_differ_have_a_row_each() -> None:
    ring = Lattice.of([MAGNETS[1]] * 3, energy=1e9).set("QF", k1=np.array([14.0, 14.0, 13.0]))
    found = magnet_strengths(ring)
    assert found.names == ("QF", "QF")
    assert list(found.count) == [2, 1]
    with pytest.raises(InputError, match="no magnet 'QD'; there are QF"):
        found["QD"]
    with pytest.raises(InputError, match="known numbers"):
        jax.eval_shape(lambda k: magnet_strengths(ring.set("QF", k1=k)).gradient, 1.0)


def test_a_survey_goes_round_and_stays_on_the_floor() -> None:
    cell = [Drift(name="D", length=2.5), BEND]
    ring = Lattice.of(8 * cell, energy=1e9)
    found = survey(ring)
    np.testing.assert_allclose(found.position[-1], 0.0, atol=1e-13)
    np.testing.assert_allclose(found.axes[-1], np.eye(3), atol=1e-13)
    assert np.all(found.position[:, 1] == 0)
    # a positive angle bends towards -x, by the chord of the arc
    chord = found.position[2] - found.position[1]
    half = np.pi / 8
    np.testing.assert_allclose(
        chord, 2.8 * np.sin(half) * np.array([-np.sin(half), 0.0, np.cos(half)]), atol=1e-14
    )
    # turned by a quarter it bends towards -y
    up = survey(Lattice.of([Bend(name="V", length=1.0, angle=0.5, tilt=np.pi / 2)], energy=1e9))
    assert up.position[1, 1] < -0.2
    assert abs(up.position[1, 0]) < 1e-15
    np.testing.assert_allclose(up.axes[1].T @ up.axes[1], np.eye(3), atol=1e-15)


def solenoid() -> tuple[Coil, Coil, Coil]:
    return vepp2000_solenoid()


def test_the_field_on_the_axis_is_that_of_the_coils() -> None:
    sections = solenoid()
    s = np.array([-0.7, -0.24, -0.1, 0.0, 0.05, 0.4])
    points = np.stack([0 * s, 0 * s, s], axis=1)
    known = sum(np.asarray(coil.B(points))[:, 2] for coil in sections)
    np.testing.assert_allclose(axis_field(sections, s), known, rtol=1e-11)


def test_peak_integral_and_focusing_of_a_solenoid() -> None:
    sections = solenoid()
    found = solenoid_field(sections[:2])

    def field(s: float) -> float:
        return float(axis_field(sections[:2], np.array([s]))[0])

    assert abs(found.peak - 13.0) < 1e-9
    assert abs(field(found.peak_position) - found.peak) < 1e-9
    ampere = MU_0 * sum(float(c.turns * c.current) for c in sections[:2])
    assert abs(found.integral / ampere - 1) < 1e-12
    whole = 2 * quad(lambda s: field(s) ** 2, 0, 40.0, points=[0.1, 0.3, 1.0], epsrel=1e-11)[0]
    assert abs(found.focusing / whole - 1) < 1e-9
    # chapter 2: additional section up to 8 T; the main ones turn a beam of 1 GeV by 45 degrees
    assert abs(solenoid_field(sections[2:]).peak - 8.0) < 1e-12
    rigidity = float(Lattice.of(MAGNETS, energy=1e9).rigidity)
    assert abs(np.degrees(found.integral / (2 * rigidity)) - 45) < 0.02


def test_forces_between_sections_are_those_of_coils_anywhere() -> None:
    sections = solenoid()
    forces = section_forces(sections)
    np.testing.assert_allclose(forces, -forces.T)
    assert forces[0, 1] < 0 < forces[1, 0]  # like currents attract
    push = wrench(sections[1], sections[2]).force[2] * sections[1].current
    assert abs(float(push) / forces[1, 2] - 1) < 1e-7
    # far apart they are dipoles: F = 3 mu_0 m m' / (2 pi d^4)
    small = {"inner_radius": 1e-3, "outer_radius": 1.1e-3, "length": 1e-4, "turns": 10.0}
    far = section_forces([Coil(**small), Coil(**small, current=2.0, position=[0.0, 0.0, 0.1])])
    moment = float(Coil(**small).moment[2])
    assert abs(far[0, 1] / (-3 * MU_0 * 2 * moment**2 / (2 * np.pi * 0.1**4)) - 1) < 2e-3


def test_an_element_of_coils_focuses_as_their_field_does() -> None:
    """In turning axes u'' = -(B_s / 2 B rho)^2 u: J. Larmor's theorem."""
    sections, rigidity = solenoid()[:2], float(Lattice.of(MAGNETS, energy=1e9).rigidity)
    element = solenoid_from_coils("S", sections, 0.6, rigidity, points=65)
    assert len(element.profile) == 65
    assert max(element.profile) <= 1.0
    h = 1e-5
    rays = h * np.concatenate([np.eye(4), -np.eye(4)])
    start = np.concatenate([rays, np.zeros((8, 2))], axis=1)
    final = np.asarray(track(Lattice.of([element], energy=1e9), start, 1).final)[:, :4]
    matrix = (final[:4] - final[4:]).T / (2 * h)

    def rate(s: float) -> float:
        return float(axis_field(sections, np.array([s]))[0]) / (2 * rigidity)

    def slope(s: float, u: np.ndarray) -> np.ndarray:
        k = rate(s) ** 2
        return np.array([u[2], u[3], -k * u[0], -k * u[1]])

    way = solve_ivp(slope, (-0.3, 0.3), [1.0, 0.0, 0.0, 1.0], rtol=1e-11, atol=1e-12)
    focusing = way.y[:, -1].reshape(2, 2)
    turn = quad(rate, -0.3, 0.3, epsabs=1e-12)[0]
    c, s = np.cos(turn), np.sin(turn)
    known = np.kron([[c, s], [-s, c]], focusing)
    np.testing.assert_allclose(matrix, known, atol=1e-6)


def test_what_is_no_solenoid_is_refused() -> None:
    coil = Coil(inner_radius=0.03, outer_radius=0.08, length=0.2, turns=100)
    with pytest.raises(InputError, match="at least one section"):
        solenoid_field([])
    with pytest.raises(InputError, match="must be Coils, got Loop"):
        axis_field([Loop(0.1)], [0.0])
    beside = Coil(0.03, 0.08, 0.2, 100, position=[0.01, 0.0, 0.0])
    with pytest.raises(InputError, match="around the z axis"):
        section_forces([coil, beside])
    with pytest.raises(InputError, match="no field"):
        solenoid_field([Coil(0.03, 0.08, 0.2, 100, 0.0)])
    with pytest.raises(InputError, match="at least 5"):
        solenoid_from_coils("S", [coil], 0.5, 3.3, points=3)
    with pytest.raises(InputError, match="length must be above zero"):
        solenoid_from_coils("S", [coil], 0.0, 3.3)


def test_the_magnets_of_vepp_2000_against_chapter_2() -> None:
    """Counts and lengths are the printed ones; one gradient of the reconstruction is not."""
    found = magnet_strengths(vepp2000("++--"))
    quadrupoles = {}
    for kind, count, length in zip(found.kinds, found.count, found.length, strict=True):
        if kind == "Quadrupole":
            quadrupoles[round(length, 6)] = quadrupoles.get(round(length, 6), 0) + int(count)
    assert quadrupoles == {0.19: 4, 0.14: 16, 0.06: 4}
    assert found["B"]["count"] == 8
    assert abs(found["B"]["radius"] - 1.4) < 1e-9
    solenoids = [
        abs(f) for f, kind in zip(found.field, found.kinds, strict=True) if kind == "Solenoid"
    ]
    np.testing.assert_allclose(solenoids, 13.0, rtol=2e-4)
    gradients = {
        n: abs(found[n]["gradient"])
        for n, k in zip(found.names, found.kinds, strict=True)
        if k == "Quadrupole"
    }
    # printed: up to 5.2 kG/cm, and 1.1 kG/cm of the short ones
    assert max(gradients.values()) < 52.0
    assert 18.0 < gradients["QI"] < 18.5
