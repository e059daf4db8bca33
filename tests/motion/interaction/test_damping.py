from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

from fieldwright.constants import BOLTZMANN, PLANCK
from fieldwright.errors import InputError
from fieldwright.motion import (
    SPECIES,
    BufferGas,
    Damping,
    ExactFlow,
    Ions,
    LaserCooling,
    Species,
    amplitudes,
    frequencies,
    normal_cloud,
    simulate,
    temperatures,
)
from fieldwright.sources import PenningTrap

ION = SPECIES["40Ca+"]
WIDTH = 2 * np.pi * 21.6e6
KEY = jax.random.key(5)


def apply(damping: Damping, velocity: np.ndarray, h: float, key: jax.Array = KEY) -> np.ndarray:
    ones = jnp.ones(len(velocity))
    place = jnp.zeros_like(velocity)
    mass, charge = ION.mass * ones, ION.charge * ones
    return np.asarray(damping.apply(jnp.asarray(velocity), place, mass, charge, h, key))


def beam(**changes: object) -> LaserCooling:
    given = {
        "wavelength": 397e-9,
        "linewidth": WIDTH,
        "saturation": 1.5,
        "detuning": -0.7 * WIDTH,
        "direction": [1.0, 2.0, -2.0],
    }
    return LaserCooling(**(given | changes))


@pytest.mark.parametrize("h", [1e-8, 1e-4, 1.0])
def test_gas_leaves_its_own_temperature_as_it_is(h: float) -> None:
    gas = BufferGas(rate=1e4, temperature=300.0)
    width = np.sqrt(BOLTZMANN * 300.0 / ION.mass)
    before = np.random.default_rng(1).normal(scale=width, size=(40_000, 3))
    after = apply(gas, before, h)
    # 120000 numbers: their mean square is known to 0.4 %, one sigma.
    assert np.mean(after**2) / width**2 == pytest.approx(1.0, abs=0.016)
    # What is left of the start is exp(-rate h) of it, what came in is independent of it.
    left = np.mean(after * before) / np.mean(before**2)
    assert left == pytest.approx(np.exp(-1e4 * h), abs=0.012)


def test_gas_without_temperature_is_pure_drag_and_steps_compose() -> None:
    gas = BufferGas(rate=2e4, temperature=0.0)
    v = np.array([[1.0, -2.0, 3.0], [0.0, 5.0, 0.0]])
    assert apply(gas, v, 3e-5) == pytest.approx(v * np.exp(-0.6), rel=1e-15)
    assert apply(gas, apply(gas, v, 1e-5), 2e-5) == pytest.approx(apply(gas, v, 3e-5), rel=1e-15)


def test_gas_is_the_same_for_the_same_key_only() -> None:
    gas = BufferGas(rate=2e4, temperature=4.0)
    v = np.ones((5, 3))
    assert np.array_equal(apply(gas, v, 1e-5), apply(gas, v, 1e-5))
    assert not np.array_equal(apply(gas, v, 1e-5), apply(gas, v, 1e-5, jax.random.key(6)))


@pytest.mark.parametrize("speed", [-400.0, -20.0, 0.0, 3.0, 400.0])
@pytest.mark.parametrize("h", [1e-9, 1e-6, 1e-3])
def test_laser_against_a_solver(speed: float, h: float) -> None:
    laser = beam()
    n = np.array([1.0, 2.0, -2.0]) / 3
    k = 2 * np.pi / 397e-9

    def force(_: float, v: np.ndarray) -> np.ndarray:
        x = 2 * (-0.7 * WIDTH - k * v) / WIDTH
        return PLANCK / (2 * np.pi) * k * WIDTH / 2 * 1.5 / (2.5 + x**2) / ION.mass

    want = scipy.integrate.solve_ivp(
        force, (0, h), [speed], method="DOP853", rtol=1e-12, atol=1e-12
    ).y[0, -1]
    across = np.array([2.0, 0.0, 1.0])
    found = apply(laser, (speed * n + across)[None], h)[0]
    assert found == pytest.approx(want * n + across, rel=1e-9, abs=1e-9)


def test_laser_keeps_the_digits_of_short_steps() -> None:
    k = 2 * np.pi / 397e-9
    acceleration = PLANCK / (2 * np.pi) * k * WIDTH / 2 * 1.5 / (2.5 + 1.4**2) / ION.mass
    gain = apply(beam(), np.zeros((1, 3)), 1e-15)[0] @ (np.array([1.0, 2.0, -2.0]) / 3)
    assert gain == pytest.approx(acceleration * 1e-15, rel=1e-9)


def test_laser_cools_the_species_it_is_for() -> None:
    laser = beam(species="24Mg+")
    assert np.array_equal(apply(laser, np.ones((2, 3)), 1e-6), np.ones((2, 3)))
    same = beam(species=Species("mine", ION.mass, ION.charge))
    assert not np.array_equal(apply(same, np.ones((2, 3)), 1e-6), np.ones((2, 3)))


def test_derivatives_are_finite() -> None:
    def energy(saturation: jax.Array, detuning: jax.Array) -> jax.Array:
        laser = beam(saturation=saturation, detuning=detuning)
        mass = jnp.array([ION.mass])
        return jnp.sum(laser.apply(jnp.zeros((1, 3)), jnp.zeros((1, 3)), mass, mass, 1e-6, KEY))

    gradient = jax.grad(energy, argnums=(0, 1))(jnp.array(1.0), jnp.array(-WIDTH))
    step = 1e-5
    slope = (energy(jnp.array(1 + step), -WIDTH) - energy(jnp.array(1 - step), -WIDTH)) / (2 * step)
    assert gradient[0] == pytest.approx(float(slope), rel=1e-8)
    assert np.isfinite(gradient[1])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BufferGas(rate=-1.0, temperature=1.0), "rate must not be below zero, got -1"),
        (lambda: BufferGas(rate=1.0, temperature=np.nan), "temperature must be finite"),
        (lambda: beam(saturation=0.0), "saturation must be above zero"),
        (lambda: beam(direction=[0.0, 0.0, 0.0]), "direction must have a length"),
        (lambda: beam(species="24Mg"), r"did you mean '24Mg\+'"),
    ],
)
def test_errors(make: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()  # type: ignore[operator]


TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)


def test_drag_in_a_trap_makes_the_magnetron_motion_grow() -> None:
    """Without kicks f'' + (i w0 + rate) f' = wz^2/2 f: its roots are the rates of both circles."""
    rate, time = 5e3, 50e-6
    ion = Ions.of(ION, [[20e-6, 0.0, 20e-6]], [[0.0, 25.0, 0.0]])
    gas = (BufferGas(rate, temperature=0.0),)
    path = simulate(ion, TRAP, time, integrator=ExactFlow(), steps=4000, save=1, damping=gas)
    found = frequencies(TRAP, ION.mass, ION.charge)
    roots = np.roots([1.0, 1j * found.cyclotron + rate, -(found.axial**2) / 2])
    roots = roots[np.argsort(-np.abs(roots))]
    f, df = 20e-6, 25j
    parts = np.linalg.solve(np.array([[1.0, 1.0], roots]), [f, df])
    want = np.sum(parts * np.exp(roots * time))
    x, y, z = np.asarray(path.position[-1, 0])
    # One drag a step: an error of first order in the step of 12.5 ns, over 20 um.
    assert abs(x + 1j * y - want) < 2e-9
    start, end = amplitudes(ion, TRAP), amplitudes(path.final, TRAP)
    assert end.magnetron[0] > start.magnetron[0]
    assert end.modified_cyclotron[0] < start.modified_cyclotron[0]
    swing = np.sqrt(found.axial**2 - rate**2 / 4)
    want_z = 20e-6 * np.exp(-rate * time / 2) * np.cos(swing * time)
    want_z += 20e-6 * np.exp(-rate * time / 2) * rate / 2 / swing * np.sin(swing * time)
    assert abs(z - want_z) < 2e-9


def test_gas_brings_ions_to_its_temperature() -> None:
    cold = normal_cloud(3000, ION, 1e-6, temperature=0.0, seed=1)
    gas = (BufferGas(rate=3e5, temperature=20.0),)
    path = simulate(
        cold, TRAP, 40e-6, integrator=ExactFlow(), steps=200, save=1, damping=gas, coulomb=False
    )
    found = temperatures(path.final)
    assert float(found.axial) == pytest.approx(20.0, rel=0.1)  # 3000 ions: 2.6 %, one sigma
    spread = ION.mass * float(frequencies(TRAP, ION.mass, ION.charge).axial) ** 2
    potential = spread * float(np.mean(np.square(path.final.position[:, 2]))) / BOLTZMANN
    assert potential == pytest.approx(20.0, rel=0.1)


def test_two_beams_stop_the_axial_motion() -> None:
    ion = Ions.of(ION, [[0.0, 0.0, 20e-6]], [0.0, 0.0, 0.0])
    beams = [beam(direction=[0.0, 0.0, sign], detuning=-WIDTH / 2) for sign in (1.0, -1.0)]
    path = simulate(
        ion, TRAP, 200e-6, integrator=ExactFlow(), steps=4000, save=1, damping=beams, coulomb=False
    )
    assert float(amplitudes(path.final, TRAP).axial[0]) < 2e-8
