"""Losses over a drive: the known bands, and every single ion against another solver."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from fieldwright.constants import ATOMIC_MASS, ELEMENTARY_CHARGE
from fieldwright.errors import InputError
from fieldwright.motion import Ions, LossScan, Species, growth_rate, loss_scan, normal_cloud
from fieldwright.motion.resonances import _scan as scan_module
from fieldwright.motion.resonances._first_exit import quintic_maximum
from fieldwright.sources import (
    Assembly,
    PenningTrap,
    Source,
    dipole_drive,
    parametric_drive,
    split_linear,
)

TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
ION = Species("Ca+", 40.078 * ATOMIC_MASS, ELEMENTARY_CHARGE)
RATIO = ION.charge / ION.mass


def cloud(n: int, seed: int) -> Ions:
    """The course's: a tenth of the trap's size, in um and in um/us."""
    return normal_cloud(n, ION, 50e-6, velocity_spread=50.0, seed=seed)


def test_the_bands_are_the_known_ones() -> None:
    w = np.linspace(0.2e6, 2.5e6, 300)
    scan = loss_scan(cloud(100, 1), TRAP, [0.1, 0.4, 0.7], w, 500e-6)
    known = [
        [(1.354, 1.415), (2.192, 2.200)],
        [(0.677, 0.692), (1.246, 1.52), (2.154, 2.238)],
        [(0.331, 0.331), (0.431, 0.454), (0.631, 0.708), (1.138, 1.62), (2.123, 2.269)],
    ]
    for found, expected in zip(scan.bands(), known, strict=True):
        # A step of the grid is 0.0077 rad/us: what a cloud of other seed would move an edge by.
        np.testing.assert_allclose(np.array(found) / 1e6, expected, atol=0.0078)
    growth = growth_rate(TRAP, ION, [0.1, 0.4, 0.7], w)
    assert np.all(np.asarray(scan.fraction_left)[growth > 5 / 500e-6] < 1)


def farthest(ion: Ions, source: Source, duration: float) -> float:
    """The largest distance from the origin [m] of one ion by DOP853, looked at densely."""
    field = split_linear(source)[0]
    E0, G, B, drive_E0, drive_G, w, phase = (np.asarray(part) for part in jax.tree.leaves(field))

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        factor = np.cos(w * t + phase)
        E = E0 + factor @ drive_E0 + (G + np.tensordot(factor, drive_G, 1)) @ y[:3]
        return np.concatenate([y[3:], RATIO * (E + np.cross(y[3:], B))])

    start = np.concatenate([ion.position[0], ion.velocity[0]])
    tolerance = {"rtol": 1e-11, "atol": np.repeat([1e-15, 1e-9], 3), "max_step": 0.1e-6}
    solved = solve_ivp(slope, (0, duration), start, "DOP853", dense_output=True, **tolerance)
    t = np.linspace(0.0, duration, 100_001)
    return float(np.sqrt(np.sum(solved.sol(t)[:3] ** 2, axis=0)).max())


CASES = {
    "parametric, growing": (parametric_drive, 0.4, 1.3e6),
    "parametric, slow": (parametric_drive, 0.7, 0.21e6),
    "parametric, fast": (parametric_drive, 0.5, 9e6),
    "dipole": (
        lambda trap, field, w: dipole_drive(field * np.array([0.3, 0.0, 1.0]), w),
        1.0,
        0.66e6,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_ion_is_lost_where_its_farthest_point_is_outside(name: str) -> None:
    drive, amplitude, w = CASES[name]
    duration = 27.3e-6  # no whole number of periods
    for seed in (0, 1):
        ion = cloud(1, seed)
        reach = farthest(ion, Assembly((TRAP, drive(TRAP, amplitude, w))), duration)
        for radius, left in ((reach * (1 + 2e-5), 1.0), (reach * (1 - 2e-5), 0.0)):
            found = loss_scan(ion, TRAP, [amplitude], [w], duration, drive=drive, radius=radius)
            assert found.fraction_left[0, 0] == left, (seed, reach, radius)


def test_no_ion_changes_its_fate_with_closer_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    w = np.linspace(2.08e6, 2.3e6, 60)
    plain = loss_scan(cloud(100, 2), TRAP, [0.4, 0.7], w, 300e-6)
    monkeypatch.setattr(scan_module, "_STEP", 0.3)
    closer = loss_scan(cloud(100, 2), TRAP, [0.4, 0.7], w, 300e-6)
    assert 0.2 < np.asarray(plain.fraction_left).mean() < 0.8
    np.testing.assert_array_equal(plain.fractions, closer.fractions)


def test_an_ion_that_comes_back_is_lost_all_the_same() -> None:
    # Undriven, 100 um out along z and back within half a period of the axial motion.
    ion = Ions.of(ION, [[0.0, 0.0, 0.0]], [0.0, 0.0, 69.4])
    reach = 69.4 / (np.sqrt(2 * RATIO * 25e-3) / 500e-6)
    for radius, duration, left in (
        (reach * 1.00001, 9e-6, 1.0),
        (reach * 0.99999, 9e-6, 0.0),
        (reach * 0.99, 2.0e-6, 1.0),  # not yet there
        (reach * 0.99, 2.3e-6, 0.0),
    ):
        scan = loss_scan(ion, TRAP, [0.0], [1e6], duration, radius=radius)
        assert scan.fraction_left[0, 0] == left, (radius, duration)


def test_ions_that_start_outside_are_lost() -> None:
    ions = Ions.of(ION, [[0.0, 0.0, 0.0], [0.0, 0.0, 600e-6]], [0.0, 0.0, 0.0])
    scan = loss_scan(ions, TRAP, [0.0], [1e6], 1e-9)
    assert scan.fraction_left[0, 0] == 0.5


def test_mixtures_and_clouds_are_their_parts() -> None:
    light = Species("light", 20 * ATOMIC_MASS, ELEMENTARY_CHARGE)
    w = np.array([1.388e6, 1.96e6, 2.198e6])
    first = cloud(15, 3)
    second = normal_cloud(15, light, 50e-6, velocity_spread=50.0, seed=4)
    third, fourth = cloud(15, 5), normal_cloud(15, light, 50e-6, velocity_spread=50.0, seed=6)
    whole = loss_scan([first + second, third + fourth], TRAP, [0.4], w, 100e-6)
    assert whole.fractions.shape == (2, 1, 3)
    for row, (heavy, other) in enumerate(((first, second), (third, fourth))):
        # Each twice: as many ions of a kind as in the whole, so that one program does them all.
        parts = [
            loss_scan([part, part], TRAP, [0.4], w, 100e-6).fractions[0] for part in (heavy, other)
        ]
        np.testing.assert_allclose(whole.fractions[row], (parts[0] + parts[1]) / 2)
    spread = np.abs(np.diff(whole.fractions, axis=0))[0] / 2
    np.testing.assert_allclose(whole.standard_error, spread)
    assert np.isnan(loss_scan(first, TRAP, [0.4], w, 1e-6).standard_error).all()


def test_bands_are_runs_below_a_fraction() -> None:
    left = np.array([[[0.1, 0.9, 0.2, 0.3, 1.0, 0.0]]])
    scan = LossScan(np.ones(1), np.arange(1.0, 7.0), left, np.array(1.0), np.array(1.0))
    assert scan.bands() == [[(1.0, 1.0), (3.0, 4.0), (6.0, 6.0)]]
    assert scan.bands(0.25) == [[(1.0, 1.0), (3.0, 3.0), (6.0, 6.0)]]
    assert scan.to_xarray().fractions.attrs["units"] == "1"


def test_progress_is_told() -> None:
    told: list[float] = []
    w = np.linspace(2.08e6, 2.3e6, 70)
    loss_scan(cloud(100, 0), TRAP, [0.1], w, 30e-6, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


compiled_maximum = jax.jit(quintic_maximum)


@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.floats(0.05, 1.0))
def test_a_maximum_of_a_quintic_is_found(slopes: list[float], last: float) -> None:
    # One maximum: slopes of a concave polynomial, p'' = -(a + b s)^2 - 1, through a free start.
    a, b, d0, p0 = slopes
    bend = np.polynomial.Polynomial([-(a**2) - 1, -2 * a * b, -(b**2)])
    p = bend.integ(2, k=[d0, p0])
    ends = [float(q(s)) for q in (p, p.deriv(), bend) for s in (0.0, 1.0)]
    found = compiled_maximum(*ends, last)
    s = np.linspace(0.0, last, 20_001)[1:]
    best = p(s).max()
    assert abs(float(found) - best) < 2e-3 * (1 + a**2 + b**2)
    assert float(found) <= p(np.linspace(0, last, 200_001)).max() + 1e-9


def test_wrong_input_is_told_of() -> None:
    ion = cloud(1, 0)
    anharmonic = dataclasses.replace(TRAP, C4=np.array(0.1))
    with pytest.raises(InputError, match="use simulate"):
        loss_scan(ion, anharmonic, [0.1], [1e6], 1e-6)
    with pytest.raises(InputError, match="at which radius"):
        loss_scan(ion, Assembly((TRAP,)), [0.1], [1e6], 1e-6, drive=lambda _, f, w: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(InputError, match="duration must be above zero"):
        loss_scan(ion, TRAP, [0.1], [1e6], -1e-6)
    with pytest.raises(InputError, match="above zero"):
        loss_scan(ion, TRAP, [0.1], [-1e6], 1e-6)
    with pytest.raises(InputError, match="got 1 and 2"):
        loss_scan([ion, cloud(2, 0)], TRAP, [0.1], [1e6], 1e-6)
    with pytest.raises(InputError, match="no amplitudes"):
        loss_scan(ion, TRAP, [], [1e6], 1e-6)
