"""The lattice as a table: what is set, found, allowed and refused."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.rings import (
    Bend,
    Drift,
    Kicker,
    Lattice,
    Marker,
    Multipole,
    Quadrupole,
    RFCavity,
    Solenoid,
    rest_energy,
    vepp2000,
)
from fieldwright.rings.lattice._programme import rows_of
from fieldwright.rings.lattice._steps import OPERATIONS

CELL = [
    Marker(name="START"),
    Quadrupole(name="QF", length=0.2, k1=1.2),
    Drift(name="D", length=1.8),
    Quadrupole(name="QD", length=0.2, k1=-1.2),
    Drift(name="D", length=1.8),
    RFCavity(name="RF", frequency=5e8, voltage=1e5),
]


def line(energy: float = 1e9) -> Lattice:
    return Lattice.of(CELL, energy=energy, name="cell", note="of a test")


def test_elements_come_back_as_they_were_given() -> None:
    found = line().elements
    assert found[:5] == CELL[:5] and list(line()) == found and len(line()) == 6
    assert found[5].harmonic == 7  # 7 periods of 5e8 Hz in 4 m
    solenoid = Solenoid(name="S", length=0.4, ks=2.0, profile=(0.1, 1.0, 0.1))
    assert Lattice.of([solenoid], energy=1e9).elements == [solenoid]


def test_places() -> None:
    ring = line()
    np.testing.assert_allclose(ring.s, [0, 0, 0.2, 2.0, 2.2, 4.0, 4.0], atol=1e-15)
    assert ring.circumference == ring.s[-1] == 4.0
    np.testing.assert_array_equal(ring.indices("D"), [2, 4])
    np.testing.assert_array_equal(ring.indices("Q*"), [1, 3])
    np.testing.assert_array_equal(ring.indices("Q?"), [1, 3])
    np.testing.assert_array_equal(ring.indices("Drift:*"), [2, 4])
    np.testing.assert_array_equal(ring.indices("Quadrupole:QD"), [3])


def test_numbers_are_set_together_or_one_by_one() -> None:
    ring = line()
    np.testing.assert_array_equal(ring.set("Q*", k1=0.5).get("Q*", "k1"), 0.5)
    np.testing.assert_array_equal(ring.set("Q*", k1=[0.5, -0.6]).get("Q*", "k1"), [0.5, -0.6])
    np.testing.assert_array_equal(ring.get("Q*", "k1"), [1.2, -1.2])  # the first is as it was
    both = ring.set("QF", k1=1.0, k2=3.0)
    assert both.get("QF", "k1")[0] == 1.0 and both.get("QF", "k2")[0] == 3.0
    assert both.elements[1].k2 == 3.0 and both.name == "cell" and both.note == "of a test"


def operations(ring: Lattice) -> list[str]:
    return [list(OPERATIONS)[number] for number in rows_of(ring).operation]


def test_only_what_may_differ_from_zero_is_computed() -> None:
    ring = line()
    assert operations(ring) == ["quadrupole", "drift", "quadrupole", "drift", "cavity"]
    assert "straight" in operations(ring.set("QF", k2=3.0))
    assert operations(ring.set("QF", k2=3.0).set("QF", k2=0.0)) == operations(ring)
    assert operations(ring.set("RF", voltage=0.0)) == operations(ring)[:-1]
    allowed = ring.allow("QF", "k2", "dx")
    assert operations(allowed)[:3] == ["enter", "straight", "leave"]
    np.testing.assert_array_equal(allowed.table, ring.table)
    # strengths known only inside a transformation may be anything
    seen: list[list[str]] = []
    jax.jit(lambda k2: seen.append(operations(ring.set("QD", k2=k2))) or k2)(0.0)
    assert "straight" in seen[0]


def test_rows_of_the_same_structure_are_one_object() -> None:
    assert rows_of(line()) is rows_of(line().set("QF", k1=1.3))
    assert rows_of(line()) is not rows_of(line().set("QF", k2=1.3))


def test_strong_bodies_are_cut_into_pieces() -> None:
    for strength in (1.0, 30.0, 300.0):
        ring = line().set("QF", k1=strength)
        count = operations(ring)[:-4].count("quadrupole") + 1
        assert strength * (0.2 / count) ** 2 <= 0.5
    long = Lattice.of([Solenoid(name="S", length=4.0, ks=2.5)], energy=1e9)
    assert len(rows_of(long)) == 10


def test_energies() -> None:
    rest = rest_energy(line().species)
    ring = line()
    np.testing.assert_allclose(ring.gamma, 1e9 / rest, rtol=1e-15)
    np.testing.assert_allclose(ring.rigidity, np.sqrt(1e18 - rest**2) / 299792458.0, rtol=1e-14)
    np.testing.assert_allclose(1 - ring.beta**2, ring.gamma**-2.0, rtol=1e-9)
    np.testing.assert_allclose(ring.revolution_frequency, ring.beta * 299792458.0 / 4.0)
    half = ring.with_energy(0.5e9)
    np.testing.assert_array_equal(half.table, ring.table)
    np.testing.assert_allclose(half.momentum / ring.momentum, 0.5, rtol=1e-6)
    protons = Lattice.of(CELL, energy=2e9, species="p")
    np.testing.assert_allclose(protons.gamma, 2e9 / 938.272089e6, rtol=1e-9)


def test_vepp_2000_signs_its_solenoids() -> None:
    for polarity in ("++--", "+-+-", "++++", "+++-", "+--+"):
        ring = vepp2000(polarity)
        signs = [np.sign(ring.get(name, "ks")[0]) for name in ("S1U", "S1D", "S2U", "S2D")]
        assert signs == [1.0 if sign == "+" else -1.0 for sign in polarity]
    np.testing.assert_allclose(vepp2000().circumference, 24.388, atol=1e-9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Lattice.of([], energy=1e9), "at least one element"),
        (lambda: Lattice.of(["QF"], energy=1e9), "no element of a lattice"),
        (lambda: Lattice.of(CELL, energy=1e5), "above the rest energy"),
        (lambda: Lattice.of(CELL, energy=1e9, species="muon-"), "muon"),
        (lambda: line().with_energy(5e5), "above the rest energy"),
        (lambda: line().indices("QG"), "did you mean 'QF'|did you mean 'QD'"),
        (lambda: line().indices("Bend:*"), "no element"),
        (lambda: line().set("QF", k9=1.0), "has no 'k9'"),
        (lambda: line().get("D", "k1"), "D is a Drift and has no 'k1'"),
        (lambda: line().allow("D", "k1"), "has no 'k1'"),
        (lambda: Lattice.of([RFCavity(name="C", voltage=1.0)], energy=1e9), "frequency"),
        (lambda: Quadrupole(name="Q", length=-1.0), "must not be negative"),
        (lambda: Quadrupole(name="", length=1.0), "needs a name"),
        (lambda: Quadrupole(name="Q", length=1.0, k1=float("nan")), "finite"),
        (lambda: Quadrupole(name="Q", length=1.0, k1="strong"), "real number"),
        (lambda: Bend(name="B", length=1.0, angle=0.0), "must not be zero"),
        (lambda: Bend(name="B", angle=0.1), "length above zero"),
        (lambda: Multipole(name="M", length=0.1), "no length"),
        (lambda: Kicker(name="K", x_limit=0.0), "x_limit must be above zero"),
    ],
)
def test_what_is_wrong_is_said(wrong: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        wrong()
