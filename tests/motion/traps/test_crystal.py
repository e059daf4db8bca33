from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fieldwright.constants import COULOMB
from fieldwright.errors import InputError, UnstableTrapError
from fieldwright.motion import (
    SPECIES,
    ExactFlow,
    Ions,
    Species,
    coulomb_field,
    crystal,
    frequencies,
    simulate,
)
from fieldwright.motion.traps._crystal import _Cluster
from fieldwright.sources import PenningTrap, fields_of

ION = SPECIES["40Ca+"]
TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
STRONG = PenningTrap(magnetic_field=6.0, voltage=25e-3, size=500e-6)
AXIAL = frequencies(TRAP, ION.mass, ION.charge).axial
UNIT = (COULOMB * ION.charge**2 / (ION.mass * AXIAL**2)) ** (1 / 3)

# Energies per ion of the lowest states in a round well: P. Ludwig, S. Kosse and
# M. Bonitz, Phys. Rev. E 71, 046403 (2005), table I, where U = sum r^2 + sum 1/r.
PUBLISHED = {2: 0.750000, 3: 1.310371, 5: 2.245187, 10: 4.164990, 13: 5.166798}


def lowest(n: int, starts: int = 4) -> tuple[float, np.ndarray]:
    places = _Cluster(1.0, np.ones((n, 3)), np.ones(n)).lowest(0, starts)
    i, j = np.triu_indices(n, 1)
    distance = np.linalg.norm(places[i] - places[j], axis=1)
    return float(np.sum(places**2) / 2 + np.sum(1 / distance)), places


@pytest.mark.parametrize("n", PUBLISHED)
def test_published_energies_in_a_round_well(n: int) -> None:
    energy, places = lowest(n)
    assert energy / n * 2 ** (1 / 3) == pytest.approx(PUBLISHED[n], abs=6e-7)
    # The virial theorem: twice the energy in the springs is that of the repulsion.
    assert energy == pytest.approx(1.5 * np.sum(places**2), rel=1e-13)


def test_solids_of_plato() -> None:
    """Four charges make a tetrahedron, six an octahedron, with sizes that follow by hand."""
    for n, pairs in ((4, 3 * np.sqrt(6) / 8), (6, 0.25 + np.sqrt(2))):
        radius = np.linalg.norm(lowest(n)[1], axis=1)
        assert radius == pytest.approx(np.full(n, np.cbrt(pairs)), rel=1e-13)


def residual(ions: Ions, trap: PenningTrap) -> float:
    """The largest force that is not m v x (turn), over the largest single force."""
    E, B = (np.asarray(part) for part in fields_of(trap, ions.position, 0.0))
    mass, charge = np.asarray(ions.mass)[:, None], np.asarray(ions.charge)[:, None]
    push = charge * np.asarray(coulomb_field(ions.position, ions.charge))
    axis = np.asarray(B[0]) / np.linalg.norm(B[0])
    offset = np.asarray(ions.position - trap.position)
    across = offset - np.outer(offset @ axis, axis)
    v = np.asarray(ions.velocity)
    turn = np.sum(np.cross(axis, across) * v) / np.sum(across**2)
    assert v == pytest.approx(turn * np.cross(axis, across), rel=1e-12, abs=1e-9)
    left = charge * (E + np.cross(v, B)) + push + mass * turn**2 * across
    return float(np.abs(left).max() / max(np.abs(push).max(), np.abs(charge * E).max()))


@pytest.mark.parametrize(
    ("trap", "name"),
    [
        (TRAP, "40Ca+"),
        (PenningTrap(-1.0, 25e-3, 500e-6), "40Ca+"),
        (PenningTrap(1.0, -0.1, 500e-6), "e-"),
        (PenningTrap(1.0, 25e-3, 500e-6, position=[1e-3, 0, 2e-3], rotation=[1, 0.4, 0]), "9Be+"),
    ],
)
def test_forces_balance(trap: PenningTrap, name: str) -> None:
    assert residual(crystal(7, name, trap, starts=1), trap) < 1e-11


def test_two_ions_in_a_ball() -> None:
    """By default both springs are alike: each ion is pulled in as strongly as the other pushes."""
    pair = crystal(2, "40Ca+", TRAP)
    distance = np.linalg.norm(pair.position[0] - pair.position[1])
    assert distance == pytest.approx(2 ** (1 / 3) * UNIT, rel=1e-12)


def test_chains() -> None:
    """D. F. V. James, Appl. Phys. B 66, 181 (1998), table 1: ions in a row in a harmonic well."""
    rows = {3: [1.0772], 4: [0.4544, 1.4368], 5: [0.8221, 1.7429]}
    w0 = frequencies(STRONG, ION.mass, ION.charge).cyclotron
    for n, want in rows.items():
        ions = crystal(n, "40Ca+", STRONG, w0 / 2, starts=2)
        assert np.abs(ions.position[:, :2]).max() < 1e-12 * UNIT
        z = np.sort(np.asarray(ions.position[:, 2])) / UNIT
        assert z[-len(want) :] == pytest.approx(want, abs=6e-5)
    assert np.cbrt(5 / 4) == pytest.approx(rows[3][0], abs=6e-5)


def test_a_flat_crystal_near_the_lower_limit() -> None:
    """Three ions in a triangle of the radius that balances: R^3 = q^2 k / (sqrt 3 spring)."""
    found = frequencies(TRAP, ION.mass, ION.charge)
    turn = 1.2 * found.magnetron
    ions = crystal(3, "40Ca+", TRAP, turn, starts=1)
    spring = ION.mass * (turn * (found.cyclotron - turn) - found.axial**2 / 2)
    radius = np.cbrt(COULOMB * ION.charge**2 / (np.sqrt(3) * spring))
    x, y, z = np.asarray(ions.position).T
    assert np.abs(z).max() < 1e-12 * radius
    assert np.hypot(x, y) == pytest.approx(np.full(3, radius), rel=1e-12)
    # Clockwise seen from +z, as the magnetron motion of positive charges.
    assert np.asarray(ions.velocity).T[0] == pytest.approx(turn * y, rel=1e-12)


def test_it_keeps_its_shape() -> None:
    ions = crystal(20, "40Ca+", TRAP, starts=1)
    path = simulate(ions, TRAP, 20e-6, integrator=ExactFlow(), steps=200, save=2)
    start, end = np.asarray(path.position[0]), np.asarray(path.position[-1])
    y = start[:, 1]
    turn = float(np.sum(y * ions.velocity[:, 0]) / np.sum(y**2)) * 20e-6
    cosine, sine = np.cos(turn), np.sin(turn)
    turned = start @ np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    assert np.abs(end - turned).max() < 1e-12


def test_mixtures() -> None:
    ions = crystal([3, 2], ["40Ca+", "24Mg+"], TRAP, starts=2)
    assert ions.mass.tolist() == [ION.mass] * 3 + [SPECIES["24Mg+"].mass] * 2
    assert residual(ions, TRAP) < 1e-11
    light, heavy = (
        np.hypot(*np.asarray(ions.position[part, :2]).T) for part in ([3, 4], [0, 1, 2])
    )
    assert light.max() < heavy.min()  # centrifuged: the heavier species is outside


def test_a_charge_alone_sits_at_the_centre() -> None:
    ion = crystal(1, "40Ca+", TRAP)
    assert np.abs(ion.position).max() < 1e-20
    assert np.abs(ion.velocity).max() < 1e-12


def test_seeds() -> None:
    first, second = (crystal(5, "40Ca+", TRAP, seed=3, starts=1).position for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, crystal(5, "40Ca+", TRAP, seed=4, starts=1).position)


@pytest.mark.slow
def test_a_thousand_ions() -> None:
    ions = crystal(1000, "40Ca+", TRAP, starts=1)
    assert residual(ions, TRAP) < 1e-10
    # A cold ball has an even density, three springs over 4 pi: so its radius is l n^(1/3).
    radius = np.sort(np.linalg.norm(ions.position, axis=1))
    assert radius[-1] == pytest.approx(UNIT * np.cbrt(1000), rel=0.1)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: crystal(5, "40Ca+", TRAP, 1.0e5), InputError, "between w- = 104"),
        (lambda: crystal(5, "40Ca+", TRAP, 2.4e6), InputError, "is not held across the axis"),
        (lambda: crystal(5, "e-", TRAP), UnstableTrapError, "along its axis"),
        (lambda: crystal(5, Species("x", 1e-26, 0.0), TRAP), UnstableTrapError, "no charge"),
        (
            lambda: crystal(5, "40Ca+", PenningTrap(1.0, 25e-3, 500e-6, ellipticity=0.1)),
            InputError, "elliptic",
        ),
        (lambda: crystal([1, 2], "40Ca+", TRAP), InputError, "2 numbers and 1 species"),
        (lambda: crystal([1, 2], ["40Ca+", "e-"], TRAP), InputError, "need the same sign"),
        (lambda: crystal(2.5, "40Ca+", TRAP), InputError, "whole numbers above zero, got 2.5"),
        (lambda: crystal(5000, "40Ca+", TRAP), InputError, "up to 2000 ions"),
    ],
)  # fmt: skip
def test_errors(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
