from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.signal

from fieldwright.constants import ELEMENTARY_CHARGE
from fieldwright.errors import InputError
from fieldwright.motion import (
    SPECIES,
    Ions,
    analytic_motion,
    frequencies,
    image_current,
    spectrum,
)
from fieldwright.sources import PenningTrap

ION = SPECIES["40Ca+"]
TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
START = Ions.of(ION, [[20e-6, 0.0, 20e-6], [25e-6, 25e-6, 0.0]], [[0, 25.0, 0], [0, 40.0, 5.0]])


def path(ions: Ions, time: np.ndarray) -> SimpleNamespace:
    position, velocity = analytic_motion(ions, TRAP, time)
    return SimpleNamespace(ions=ions, position=position, velocity=velocity, time=time)


def test_charge_that_flows_is_the_charge_induced() -> None:
    """Between plates a charge q that moves by dz moves q dz / distance through the circuit."""
    time = np.linspace(0, 20e-6, 20_001)
    moving = path(START, time)
    for index, axis in enumerate("xyz"):
        current = np.asarray(image_current(moving, axis, 1e-3, efficiency=0.8))
        flowed = np.trapezoid(current, time)
        shift = np.asarray(moving.position[-1] - moving.position[0])[:, index].sum()
        assert flowed == pytest.approx(ELEMENTARY_CHARGE * 0.8 * shift / 1e-3, rel=1e-5)


def test_lost_charges_induce_nothing_and_signs_count() -> None:
    moving = path(START, np.array([0.0, 1e-6]))
    lost = SimpleNamespace(
        ions=START, position=moving.position, velocity=moving.velocity.at[:, 0].set(np.nan)
    )
    alone = path(START[1], np.array([0.0, 1e-6]))
    assert np.array_equal(image_current(lost, "z", 1e-3), image_current(alone, "z", 1e-3))
    electron = Ions.of("e-", [[0.0, 0.0, 0.0]], [0.0, 0.0, 1.0])
    assert float(image_current(electron, "z", 1e-3)) == -ELEMENTARY_CHARGE / 1e-3


def test_peaks_lie_at_the_eigenfrequencies() -> None:
    time = np.arange(2**14) * 0.25e-6
    moving = path(START[0], time)
    found = frequencies(TRAP, ION.mass, ION.charge)
    for axis, lines in (("z", [found.axial]), ("x", [found.magnetron, found.modified_cyclotron])):
        seen = spectrum(image_current(moving, axis, 1e-3), time)
        peaks, _ = scipy.signal.find_peaks(seen.amplitude, height=0.01 * seen.amplitude.max())
        assert len(peaks) == len(lines)
        width = seen.frequency[1]
        assert seen.frequency[peaks] == pytest.approx(np.array(lines) / (2 * np.pi), abs=width)


def test_density_against_scipy_and_parseval() -> None:
    random = np.random.default_rng(5)
    for count in (4096, 4097):
        signal, time = random.normal(size=count), np.arange(count) * 1e-3
        seen = spectrum(signal, time)
        frequency, power = scipy.signal.periodogram(
            signal, fs=1e3, window="hann", detrend="constant", scaling="density"
        )
        assert seen.frequency == pytest.approx(frequency)
        assert seen.density**2 == pytest.approx(power, rel=1e-9, abs=1e-15)
        assert np.sum(seen.density**2) * seen.frequency[1] == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: image_current(START, "r", 1.0), "axis is 'x', 'y' or 'z', got 'r'"),
        (lambda: image_current(START, "z", 0.0), "distance must be above zero"),
        (lambda: image_current(START, "z", 1.0, efficiency=-1.0), "efficiency must be above zero"),
        (lambda: spectrum(np.ones(9), np.arange(9.0) ** 2), "evenly spaced"),
        (lambda: spectrum(np.ones(9), -np.arange(9.0)), "rising times"),
        (lambda: spectrum(np.ones(5), np.arange(5.0)), "8 times or more, got 5"),
        (lambda: spectrum(np.ones(9), np.arange(10.0)), r"signal must have the shape \(10\)"),
        (lambda: spectrum(np.full(9, np.nan), np.arange(9.0)), "signal must be finite"),
    ],
)
def test_errors(make: Callable[[], object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
