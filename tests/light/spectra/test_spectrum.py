"""Spectra from trajectories, against direct integration, invariants and the paper's formula (2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from fieldwright import light, motion
from fieldwright.constants import ELECTRON_MASS, ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light.spectra._directions import as_directions
from fieldwright.light.spectra._medium_sums import Optics, medium_sum, repeat
from fieldwright.light.spectra._nufft import any_sum, even_sum
from fieldwright.sources import Uniform

c = SPEED_OF_LIGHT
HBAR = PLANCK / (2 * np.pi)
TURNS = ELEMENTARY_CHARGE / HBAR
PERIOD, PERIODS = 0.02, 10
OMEGA = 2 * np.pi * c / PERIOD
ENERGIES = np.linspace(1e3, 16e3, 40)
TIME = np.linspace(0.0, PERIODS * PERIOD / c, 64 * PERIODS + 1)

#: A wiggle whose retarded time is a sum of sines: transverse velocity, slip and its second harmonic
A, SLIP, SECOND = 1.7e-4, 2.2e-8, -0.6e-8


def wiggle(time: np.ndarray, tilt: float = 0.0) -> light.Path:
    """Along x; `tilt` [rad] turns the plane of motion about z."""
    v = A * np.sin(OMEGA * time)
    x = A * c / OMEGA * (1 - np.cos(OMEGA * time))
    slip = SLIP + SECOND * np.cos(2 * OMEGA * time)
    z = c * (time * (1 - SLIP) - SECOND * np.sin(2 * OMEGA * time) / (2 * OMEGA))
    turn = np.array([np.cos(tilt), np.sin(tilt)])
    position = np.concatenate([x[:, None] * turn, z[:, None]], axis=1)
    return light.Path.prescribed(time, position, v[:, None] * turn, slip)


def direct(energies: np.ndarray, angle: float, gap: np.ndarray | None = None) -> np.ndarray:
    """The amplitude along x in the direction (angle, 0), by Gauss's rule and sines for phases.

    `gap` (e,) is 1 - index of a medium.
    """
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges = np.linspace(0, TIME[-1], 16 * PERIODS + 1)
    half = np.diff(edges) / 2
    t = ((edges[:-1] + half)[:, None] + half[:, None] * nodes).ravel()
    w = (half[:, None] * weights).ravel()
    drop = 2 * np.sin(angle / 2) ** 2
    wave, twice = A * np.sin(OMEGA * t), np.cos(2 * OMEGA * t)
    rate = drop + (1 - drop) * (SLIP + SECOND * twice) - np.sin(angle) * wave
    lag = (drop + (1 - drop) * SLIP) * t + np.sin(angle) * A * (np.cos(OMEGA * t) - 1) / OMEGA
    lag += (1 - drop) * SECOND * np.sin(2 * OMEGA * t) / (2 * OMEGA)
    across = (
        wave - np.sin(angle) + np.sin(angle) * (rate + SLIP + SECOND * twice - drop) / (2 - drop)
    )
    omega = energies * TURNS
    phase = np.outer(omega, lag)
    if gap is not None:
        phase += np.outer(omega * gap, t - lag)
    return -np.exp(1j * phase) @ (w * across)


def close(found: jax.Array, wanted: np.ndarray, tolerance: float) -> None:
    """Within `tolerance` of the largest."""
    assert np.max(np.abs(np.asarray(found) - wanted)) < tolerance * np.max(np.abs(wanted))


class ByGauss:
    """The amplitude of any motion by Gauss's rule: `u` takes times to gamma v/c (n, 3)."""

    NODES = 24

    def __init__(self, u: Callable[[np.ndarray], np.ndarray], span: float, panels: int) -> None:
        nodes, weights = np.polynomial.legendre.leggauss(self.NODES)
        edges = np.linspace(0, span, panels + 1)
        self.half = span / panels / 2
        self.t = ((edges[:-1] + self.half)[:, None] + self.half * nodes).ravel()
        self.weights = np.tile(self.half * weights, panels)
        values = np.polynomial.legendre.legvander(nodes, self.NODES)
        degree = np.arange(self.NODES)
        below = np.concatenate([-np.ones((self.NODES, 1)), values[:, : self.NODES - 1]], axis=1)
        series = (degree + 0.5)[:, None] * values[:, : self.NODES].T * weights
        self.running = ((values[:, 1:] - below) / (2 * degree + 1)) @ series
        self.u, self.span = u, span

    def path(self, points: int) -> light.Path:
        t = np.linspace(0, self.span, points)
        return light.Path(t, np.zeros((points, 3)), self.u(t))

    def amplitude(
        self, energies: np.ndarray, n: np.ndarray, gap: Any = 0.0, loss: Any = 0.0
    ) -> np.ndarray:
        """Along three axes (e, 3), of a medium with 1 - index and attenuation (e,)."""
        u = self.u(self.t)
        gamma = np.sqrt(1 + np.sum(u**2, axis=1))
        beta = u / gamma[:, None]
        along = (1 + np.sum(u[:, :2] ** 2, axis=1)) / gamma / (gamma + u[:, 2])
        drop = np.sum(n[:2] ** 2) / (1 + n[2]) if n[2] > 0 else 1 - n[2]
        rate = np.sum((n[:2] - beta[:, :2]) ** 2, axis=1) + (along - drop) ** 2 + 1 / gamma**2
        parts = self.half * (rate / 2).reshape(-1, self.NODES)
        whole = parts @ np.polynomial.legendre.leggauss(self.NODES)[1]
        before = np.cumsum(whole) - whole
        lag = (before[:, None] + parts @ self.running.T).ravel()
        reach = self.t - lag
        omega, gap, loss = (
            np.broadcast_to(x, np.shape(energies))[:, None] for x in (energies * TURNS, gap, loss)
        )
        out = c * (max(reach[-1], self.span - np.sum(whole)) - reach)
        waves = np.exp(1j * omega * (lag + gap * reach) - loss * out / 2) * self.weights
        return waves @ np.cross(n, np.cross(n, beta))


def undulator(K: float, *, helical: bool) -> Callable[[np.ndarray], np.ndarray]:
    def u(t: np.ndarray) -> np.ndarray:
        x, y = K * np.sin(OMEGA * t), K * np.cos(OMEGA * t) * helical
        return np.stack([x, y, np.sqrt(3.4e7 - 1 - x**2 - y**2)], axis=1)

    return u


def random_walk(t: np.ndarray) -> np.ndarray:
    size, phase = np.random.default_rng(4).normal(size=(2, 2, 9))
    waves = np.sin(t[:, None] * OMEGA * np.arange(1, 10) / 4 + 9 * phase[:, None])
    x, y = np.einsum("km,knm->kn", size / 2, waves)
    return np.stack([x, y, np.sqrt(4e6 + 0 * x)], axis=1)


def bend(t: np.ndarray) -> np.ndarray:
    turn = 2.0 * (t / TIME[-1] - 0.5)
    return 20 * np.stack([np.sin(turn), 0 * t, np.cos(turn)], axis=1)


SPAN = TIME[-1]
CASES = {
    **{
        f"{'helical' if h else 'planar'}, K = {K}": (
            ByGauss(undulator(K, helical=h), SPAN, int(200 * max(1, K / 2))),
            8460.0 / (1 + K**2 / (1 if h else 2)) * max(1, K**2 / 10),
            np.array([3e-5, 1e-5]),
        )
        for h in (False, True)
        for K in (0.1, 1.0, 3.0, 10.0)
    },
    "random": (ByGauss(random_walk, SPAN, 400), 700.0, np.array([5e-4, 2e-4])),
    "arc": (ByGauss(bend, SPAN, 1500), 1e-2, np.array([0.5, 0.1])),
    "arc, from behind": (ByGauss(bend, SPAN, 3000), 1e-3, np.array([2.2, -2.2])),
}


@pytest.mark.parametrize("name", CASES)
def test_any_motion_on_and_off_axis_and_in_gas(name: str) -> None:
    motion, highest, off = CASES[name]
    path, energies = motion.path(2561), np.linspace(0.1, 1.3, 24) * highest
    gas = light.Plasma(0.5 if highest > 1 else 1e-6)
    slow = np.asarray(gas.one_minus_index(energies))
    for angles, medium, gap in ((0 * off, None, 0.0), (off, None, 0.0), (off, gas, slow)):
        n = np.asarray(as_directions(angles).vectors())
        wanted = motion.amplitude(energies, n, gap)
        found = light.spectrum(path, energies, n, medium)
        turned = np.stack([tilted(X, n), tilted(Y, n)], axis=1)
        error = np.max(np.abs(np.asarray(found.amplitude) - wanted @ turned))
        error /= np.max(np.abs(wanted @ turned))
        assert error < 1e-9
        assert error / 3 < found.error_estimate < 1e-8


X, Y, Z = np.eye(3)


def tilted(axis: np.ndarray, n: np.ndarray) -> np.ndarray:
    """An axis turned by the rotation that takes z to n the shortest way (Rodrigues)."""
    turn = np.cross(Z, n)
    return axis * n[2] + np.cross(turn, axis) + turn * (turn @ axis) / (1 + n[2])


@pytest.mark.parametrize("angle", [0.0, 1e-4])
def test_equal_steps_of_energy_against_direct_integration(angle: float) -> None:
    found = light.spectrum(wiggle(TIME), ENERGIES, [angle, 0.0])
    close(found.amplitude[:, 0], direct(ENERGIES, angle), 1e-10)
    close(found.amplitude[:, 1] + 1.0, np.ones(len(ENERGIES)), 1e-10)
    assert found.error_estimate < 1e-8


def test_any_energies_and_media_against_direct_integration() -> None:
    some = np.sort(np.random.default_rng(0).uniform(1e3, 16e3, 40))
    gas = light.Plasma(1.0)
    gap = np.asarray(gas.one_minus_index(some))
    close(light.spectrum(wiggle(TIME), some, [5e-5, 0]).amplitude[:, 0], direct(some, 5e-5), 1e-10)
    found = light.spectrum(wiggle(TIME), some, [5e-5, 0], gas)
    close(found.amplitude[:, 0], direct(some, 5e-5, gap), 1e-10)


class Lossy(light.Plasma):
    def attenuation(self, photon_energy):  # type: ignore[no-untyped-def]
        return 20.0 * (1e3 / photon_energy) ** 3


def test_loss_on_the_way_out() -> None:
    """Light of a straight piece at the middle of its flight is weakened by half of the loss."""
    gas, some = Lossy(1.0), np.array([1e3, 3e3, 9e3])
    found = light.spectrum(wiggle(TIME), some, [0.0, 0.0, 1.0], gas)
    steps, ends = 20 * 64 * PERIODS, np.asarray(gas.attenuation(some))
    t = (np.arange(steps) + 0.5) * TIME[-1] / steps
    lag = SLIP * t + SECOND * np.sin(2 * OMEGA * t) / (2 * OMEGA)
    omega = (some * TURNS)[:, None]
    reach = t - lag
    phase = 1j * omega * (lag + np.asarray(gas.one_minus_index(some))[:, None] * reach)
    loss = ends[:, None] * c * (reach[-1] - reach) / 2
    wanted = -np.exp(phase - loss) @ (A * np.sin(OMEGA * t)) * TIME[-1] / steps
    close(found.amplitude[:, 0], wanted, 1e-5)  # the midpoint rule's error
    whole = light.spectrum(wiggle(TIME), some, [0.0, 0.0, 1.0], gas).amplitude
    folded = light.spectrum(wiggle(TIME[:65]), some, [0.0, 0.0, 1.0], gas, periods=PERIODS)
    close(folded.amplitude, np.asarray(whole), 1e-9)


def in_a_crystal(t: np.ndarray) -> np.ndarray:
    """Positrons of 13.6 GeV in a plane of 14 um and K = 1.5."""
    wave = 1.5 * np.sin(2 * np.pi * c / 1.4e-5 * t)
    return np.stack([wave, 0 * t, np.sqrt(26614.0**2 - 1 - wave**2)], axis=1)


@pytest.mark.parametrize("loss", [False, True])
def test_a_crystalline_undulator_in_its_medium(loss: bool) -> None:
    motion, energies = ByGauss(in_a_crystal, 100 * 1.4e-5 / c, 600), np.linspace(4e3, 16e3, 300)
    medium = light.material("diamond") if loss else light.Plasma(38.0)
    found = light.spectrum(motion.path(3201), energies, [5e-5, 0.0], medium)
    some = slice(0, None, 30)
    gap, taken = (f(energies)[some] for f in (medium.one_minus_index, medium.attenuation))
    n = np.array([np.sin(5e-5), 0.0, np.cos(5e-5)])
    wanted = motion.amplitude(energies[some], n, gap, np.asarray(taken)) @ tilted(X, n)
    error = np.max(np.abs(np.asarray(found.amplitude)[some, 0] - wanted)) / np.max(np.abs(wanted))
    assert error < (1e-9 if loss else 1e-10)
    assert error / 3 < found.error_estimate < 2e-8


def test_ways_through_a_medium_are_the_same() -> None:
    """Transforms either way round, and every wave, from no loss to one that nothing survives."""
    random = np.random.default_rng(2)
    rate = 1e-7 * (2 + np.sin(np.arange(700.0) / 9))
    reach = 1e-12 * np.arange(700.0)
    lag = 1e-12 * np.cumsum(rate)
    weights = random.normal(size=(2, 700))
    omega = np.linspace(1e17, 6e17, 50)
    gap, loss = 1e-7 * (1e17 / omega) ** 2, 1e3 * (1e17 / omega) ** 6
    length = float(c * reach[-1])
    sums = jax.jit(medium_sum, static_argnums=(6, 7))
    repeated = jax.jit(repeat, static_argnums=2)
    cases = (None, "reach"), (None, "lag"), (loss, "reach"), (1e3 * loss, "lag")
    for attenuation, way in cases:
        optics = Optics(gap, attenuation)
        given = weights, lag, reach, reach[-1], omega, optics
        every, found = (np.asarray(sums(*given, w, optics.rank(length))) for w in ("direct", way))
        assert np.max(np.abs(found - every)) < 3e-10 * np.sum(np.abs(weights))
    many = np.exp(1j * np.arange(5)[:, None] * omega * 1e-17)
    for sign in (1, -1):
        steps = np.arange(5)[:: -1 if sign > 0 else 1, None]
        straight = np.sum(many * np.exp(-steps * loss), axis=0)
        found = repeated(omega * 1e-17, sign * loss, 5)
        assert_allclose(np.asarray(found), np.asarray(straight), rtol=1e-12, atol=1e-12)


def test_many_periods_from_one() -> None:
    whole = light.spectrum(wiggle(TIME), ENERGIES, [1e-5, 3e-5])
    folded = light.spectrum(wiggle(TIME[:65]), ENERGIES, [1e-5, 3e-5], periods=PERIODS)
    close(folded.amplitude, np.asarray(whole.amplitude), 1e-12)


def test_rotations_shifts_and_refinement_change_nothing() -> None:
    path, tilt, n = wiggle(TIME), 0.7, np.array([8e-5, -3e-5])
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    plain = light.spectrum(path, ENERGIES, n)
    turned = light.spectrum(wiggle(TIME, tilt), ENERGIES, turn @ n)
    close(turned.amplitude, np.asarray(plain.amplitude) @ turn.T, 1e-10)
    fine = light.spectrum(path.refined(2), ENERGIES, n)
    close(fine.amplitude, np.asarray(plain.amplitude), 1e-10)
    shift, delay = np.array([1e-9, -2e-9, 3e-9]), 1e-17
    moved = light.Path.prescribed(TIME + delay, path.position + shift, path.velocity, path.slip)
    unit = light.spectrum(moved, ENERGIES, n).amplitude
    nz = np.cos(np.hypot(*n))
    late = delay - (n @ shift[:2] + nz * shift[2]) / c
    wave = np.exp(1j * ENERGIES * TURNS * late)[:, None]
    close(unit, np.asarray(plain.amplitude) * wave, 1e-7)  # digits of time lost with the delay


def helix(across: float, along: float, rate: float, span: float) -> light.Path:
    t = np.linspace(0, span, 641)
    gamma = np.sqrt(1 + across**2 + along**2)
    turn = rate * t
    u = np.c_[across * np.cos(turn), across * np.sin(turn), np.full(641, along)]
    r = c / gamma * np.c_[across / rate * np.sin(turn), -across / rate * np.cos(turn), along * t]
    return light.Path(t, r, u)


def test_boosts_change_nothing() -> None:
    """d2W / (d Omega d omega) over omega^2 is the same in every frame."""
    across, along, rate, span, boost = 0.3, 0.2, 1e15, 40e-15, 30.0
    gamma = np.sqrt(1 + across**2 + along**2)
    fast, beta = np.hypot(1, boost), boost / np.hypot(1, boost)
    stretch = fast * (1 + beta * along / gamma)
    theta, energies = 0.9, np.linspace(0.1, 4.0, 40)
    slow = light.spectrum(helix(across, along, rate, span), energies, [theta, 0.0], ends="straight")
    moving = helix(across, fast * along + boost * gamma, rate / stretch, span * stretch)
    doppler = fast * (1 + beta * np.cos(theta))
    ahead = [np.sin(theta), 0.0, fast * (np.cos(theta) + beta)]
    seen = light.spectrum(moving, doppler * energies, ahead, ends="straight")
    close(seen.energy / doppler**2, np.asarray(slow.energy), 1e-10)


def test_light_of_a_helix_is_circular() -> None:
    path = helix(1.0, 50.0, OMEGA, 10 * 2 * np.pi / OMEGA)
    first = 2 * 50.0**2 / 2 * HBAR * OMEGA / ELEMENTARY_CHARGE
    stokes = light.spectrum(path, first, [0.0, 0.0, 1.0]).stokes
    assert_allclose(stokes / stokes[0], [1, 0, 0, 1], atol=1e-2)
    assert_allclose(stokes[0] ** 2, jnp.sum(stokes[1:] ** 2), rtol=1e-12)


def test_a_slow_dipole_by_larmor() -> None:
    """(1 - cos^2) of the angle with its motion, on all sides, and Larmor's energy in all."""
    size, rate, turns = 1e-3, 1e15, 16
    t = np.linspace(0, 2 * np.pi * turns / rate, 641)
    u = np.outer(size * np.sin(rate * t), [1.0, 0.0, 0.0])
    x = np.outer(-size * c / rate * np.cos(rate * t), [1.0, 0.0, 0.0])
    path, span = light.Path(t, x, u), t[-1]
    n = np.array(
        [
            [0, 0, 1],
            [0, 0, -1],
            [0, 1, 0],
            [0.6, 0, 0.8],
            [0.6, 0, -0.8],
            [0, -0.6, -0.8],
            [1e-9, 0, -1],
        ]
    )
    at = HBAR * rate / ELEMENTARY_CHARGE
    found = light.spectrum(path, at, n)
    alpha, sine = 7.2973525643e-3, 1 - n[:, 0] ** 2
    peak = alpha * HBAR / (4 * np.pi**2) * (rate * size * span / 2) ** 2
    assert_allclose(found.energy, peak * sine, rtol=1e-5)
    # x turned with z into the opposite of z about y is -x
    assert_allclose(found.amplitude[1], -found.amplitude[0], atol=1e-4 * size * span)
    wide = np.linspace(0.2, 1.8, 2000)
    line = light.spectrum(path, wide * at, [0.0, 0.0, 1.0]).energy
    total = np.sum(line) * (wide[1] - wide[0]) * rate * 8 * np.pi / 3
    larmor = 2 / 3 * alpha * HBAR * (size * rate) ** 2 / 2 * span
    assert_allclose(total, larmor, rtol=1e-2)  # what a cut path has in its wings


def test_all_energy_of_an_undulator_is_that_of_lienard() -> None:
    """K = 1 with ends that fade, over all angles and harmonics, at equal steps where it drifts."""
    gamma, rate = 20.0, OMEGA
    t = np.linspace(-6, 6, 641) * 2 * np.pi / rate
    fade = np.exp(-((rate * t / 12) ** 4))
    x = fade * np.sin(rate * t)
    path = light.Path(t, np.zeros((641, 3)), np.c_[x, 0 * x, np.sqrt(gamma**2 - 1 - x**2)])
    waves = np.fft.fftfreq(640, t[1] - t[0]) * 2j * np.pi
    force = np.fft.ifft(waves[:, None] * np.fft.fft(np.asarray(path.velocity)[:-1], axis=0), axis=0)
    ahead = np.fft.ifft(waves * np.fft.fft(np.asarray(path.slip)[:-1])).real
    square = np.sum(force.real**2, axis=1) + ahead**2  # constant energy: force across motion
    alpha = 7.2973525643e-3
    wanted = 2 / 3 * alpha * HBAR * gamma**4 * np.sum(square) * (t[1] - t[0])
    drift = gamma / np.sqrt(1.4)
    beta = np.sqrt(1 - 1 / drift**2)
    cosine, weights = np.polynomial.legendre.leggauss(16)
    total = 0.0
    for x, w in zip(cosine, weights, strict=True):
        cos = (x + beta) / (1 + beta * x)
        doppler = drift * (1 - beta * cos)
        sine = np.sqrt(1 - x**2) * doppler
        azimuth = 2 * np.pi * (np.arange(4) + 0.5) / 16  # a quarter: it is as the others
        n = np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cos + 0 * azimuth], axis=1)
        energies = np.linspace(0.02, 14.0, 700) * HBAR * rate * drift / ELEMENTARY_CHARGE / doppler
        found = light.spectrum(path.refined(2), energies, n, ends="straight").energy
        step = (energies[1] - energies[0]) * TURNS
        total += float(jnp.sum(found)) * step * w * 2 * np.pi / 4 * doppler**2
    assert_allclose(total, wanted, rtol=1e-3)


def test_all_energy_is_that_of_lienard() -> None:
    """A charge that is shaken and comes to rest, over all angles and frequencies."""
    t = np.linspace(-12.0, 12.0, 321) * 1e-15
    s = t / 3e-15
    rate = 1e15
    fade, wave = np.exp(-(s**2) / 2), rate * t
    u = 0.8 * fade[:, None] * np.c_[np.sin(wave), 0.5 * np.cos(wave), 0.7 * np.sin(wave + 1)]
    path = light.Path(t, np.zeros_like(u), u)
    beta = u / np.sqrt(1 + np.sum(u**2, axis=1))[:, None]
    waves = np.fft.fftfreq(320, t[1] - t[0]) * 2j * np.pi
    force = np.fft.ifft(waves[:, None] * np.fft.fft(beta[:-1], axis=0), axis=0).real
    cross = np.cross(beta[:-1], force)
    gamma = 1 / np.sqrt(1 - np.sum(beta[:-1] ** 2, axis=1))
    power = gamma**6 * (np.sum(force**2, axis=1) - np.sum(cross**2, axis=1))
    alpha = 7.2973525643e-3
    wanted = 2 / 3 * alpha * HBAR * np.sum(power) * (t[1] - t[0])
    cosine, weights = np.polynomial.legendre.leggauss(10)
    azimuth = np.arange(12) * 2 * np.pi / 12
    sine = np.sqrt(1 - cosine**2)
    n = np.stack(
        [
            sine[:, None] * np.cos(azimuth),
            sine[:, None] * np.sin(azimuth),
            np.tile(cosine[:, None], 12),
        ],
        axis=-1,
    )
    energies = np.linspace(0.02, 8.0, 200)
    found = light.spectrum(path, energies, n).energy
    over = jnp.sum(found, axis=-1) * (energies[1] - energies[0]) * TURNS
    total = jnp.sum(over * weights[:, None]) * 2 * np.pi / 12
    assert_allclose(total, wanted, rtol=1e-3)


def magnetic(periods: int = 100) -> light.Path:
    """The issue's undulator: 3 GeV, 20 mm, K = 1, velocity (K / gamma) sin kz, exactly."""
    gamma, k = 5870.853542730, 2 * np.pi / 0.02
    z = (np.arange(4096) + 0.5) / 4096 * 0.02
    inverse = 1 / np.sqrt(1 - 1 / gamma**2 - (np.sin(k * z) / gamma) ** 2)
    mean, second = np.mean(inverse), 2 * np.mean(inverse * np.cos(2 * k * z))
    ct = np.linspace(0, periods * 0.02 * mean, 64 * periods + 1)
    z = ct / mean
    for _ in range(3):
        z = (ct - second * np.sin(2 * k * z) / (2 * k)) / mean
    u = np.sin(k * z)
    x = (1 - np.cos(k * z)) / (gamma * k)
    position = np.c_[x, 0 * z, z]
    return light.Path(ct / c, position, np.c_[u, 0 * u, np.sqrt(gamma**2 - 1 - u**2)])


def test_anchors_of_the_magnetic_undulator() -> None:
    energies = 2848.902408229 * np.array([1.0, 3.0, 5.0])
    found = light.spectrum(magnetic(), energies, [0.0, 0.0, 1.0]).flux(0.1)
    wanted = [5.7780317e17, 2.8132821e17, 8.632097e16]
    assert [f"{float(value):.6e}" for value in found[2:]] == ["8.632097e+16"]
    assert [f"{float(value):.7e}" for value in found[:2]] == [f"{w:.7e}" for w in wanted[:2]]


def crystalline(exact: bool) -> tuple[light.Path, float]:
    """One period of the paper's undulator, and its angular frequency [1/s].

    Trajectory (1) has a constant longitudinal velocity, and is faster than light at times, for
    q^2 > 2; exact motion follows a plane y = (q l / 2 pi gamma) cos kz at constant speed.
    """
    gamma, q, k = 13.6e9 * ELEMENTARY_CHARGE / (ELECTRON_MASS * c**2), 1.5, 2 * np.pi / 1.4e-5
    drop = (1 + q**2 / 2) / gamma**2
    slow = drop / (1 + np.sqrt(1 - drop))
    frequency = k * c * (1 - slow)
    if not exact:
        t = np.linspace(0, 2 * np.pi / frequency, 65)
        v = np.c_[0 * t, -q / gamma * np.sin(frequency * t)]
        r = np.c_[0 * t, q / gamma / k * np.cos(frequency * t), c * (1 - slow) * t]
        return light.Path.prescribed(t, r, v, np.full(65, slow), superluminal=True), frequency
    # ct = integral of sqrt(1 + slope^2) dz / beta, slope = -(q / gamma) sin kz
    z = np.linspace(0, 1.4e-5, 65)
    for _ in range(3):
        bend = (q / gamma) ** 2 / 4
        z = np.linspace(0, 1.4e-5, 65) + bend * np.sin(2 * k * z) / (2 * k)
    slope = -q / gamma * np.sin(k * z)
    speed = np.sqrt(gamma**2 - 1)
    u = speed * np.c_[0 * z, slope, 1 + 0 * z] / np.sqrt(1 + slope**2)[:, None]
    period = 1.4e-5 * (1 + (q / gamma) ** 2 / 4) / (np.sqrt(1 - 1 / gamma**2) * c)
    r = np.c_[0 * z, q / gamma / k * np.cos(k * z), z]
    return light.Path(np.linspace(0, period, 65), r, u), frequency


@pytest.mark.parametrize(
    ("exact", "energy", "digits", "wanted"),
    [
        (False, 8153.77790759, 9, "5.335352735e-03"),
        (False, 59031956.9936, 9, "3.862770751e+01"),
        (True, 59031956.9936, 9, "2.799952677e+01"),
    ],
)
def test_anchors_of_the_paper(exact: bool, energy: float, digits: int, wanted: str) -> None:
    path, frequency = crystalline(exact)
    found = light.spectrum(path, energy, [0.0, 0.0, 1.0], light.Plasma(38.0), periods=100)
    value = float(found.photons) * frequency / (energy * TURNS)
    assert f"{value:.{digits}e}" == wanted


def test_the_run_of_an_electron_in_a_magnetic_field() -> None:
    gamma, radius = 100.0, 0.5
    speed = c * np.sqrt(1 - 1 / gamma**2)
    momentum = np.sqrt(gamma**2 - 1)
    B = momentum * ELECTRON_MASS * c / (ELEMENTARY_CHARGE * radius)
    electron = motion.Ions(ELECTRON_MASS, -ELEMENTARY_CHARGE, [[0.0, 0.0, 0.0]], [0, 0, speed])
    span = 0.04 / speed
    field = Uniform(magnetic=[0.0, B, 0.0])
    run = motion.simulate(
        electron, field, span, relativistic=True, integrator=motion.RK4(), steps=2000
    )
    t = np.asarray(run.time)
    turn = speed * t / radius
    u = momentum * np.c_[np.sin(turn), 0 * t, np.cos(turn)]
    r = radius * np.c_[2 * np.sin(turn / 2) ** 2, 0 * t, np.sin(turn)]
    ahead = [np.sin(0.04), 0.0, np.cos(0.04)]
    energies = np.linspace(1e-3, 1.0, 40)
    wanted = light.spectrum(light.Path(t, r, u), energies, ahead).amplitude
    close(light.spectrum(run, energies, ahead).amplitude, np.asarray(wanted), 1e-8)
    # seen from 3 m, by the retarded potentials as they stand
    point = np.array([0.3, 0.05, 3.0])
    near = light.spectrum_at(light.Path(t, r, u), energies[[3, 30]], point)
    close(near.energy, potentials(radius, speed, span, energies[[3, 30]], point), 1e-9)
    far = light.spectrum_at(light.Path(t, r, u), energies, 1e7 * np.array(ahead)).energy
    straight = light.spectrum(light.Path(t, r, u), energies, ahead).energy
    close(far, np.asarray(straight), 1e-6)


def potentials(
    radius: float, speed: float, span: float, energies: np.ndarray, point: np.ndarray
) -> np.ndarray:
    """Energy per solid angle of an arc's middle, across the line of sight from there."""
    nodes, weights = np.polynomial.legendre.leggauss(600)
    t = np.longdouble(span) * (nodes + 1) / 2
    turn = speed * t / radius
    x = radius * np.stack([2 * np.sin(turn / 2) ** 2, 0 * t, np.sin(turn)], axis=1)
    beta = speed / c * np.stack([np.sin(turn), 0 * t, np.cos(turn)], axis=1)
    gap = point - x
    far = np.sqrt(np.sum(gap**2, axis=1))
    half = speed * span / 2 / radius
    middle = point - radius * np.array([2 * np.sin(half / 2) ** 2, 0, np.sin(half)])
    found = []
    for omega in energies * TURNS:
        kernel = beta - gap / far[:, None] * (1 + 1j * c / (omega * far))[:, None]
        phase = omega * (t - t[0] + (far - far[0]) / c)
        waves = np.exp(1j * phase) * weights * span / 2 / far
        field = (waves @ kernel).astype(complex) * np.linalg.norm(middle)
        along = middle / np.linalg.norm(middle)
        field -= along * (along @ field)
        found.append(7.2973525643e-3 * HBAR * omega**2 * np.sum(np.abs(field) ** 2))
    return np.array(found) / (4 * np.pi**2)


def test_sums_as_matrix_products_are_those_of_the_library() -> None:
    random = np.random.default_rng(1)
    weights = random.normal(size=(2, 500))
    place, rest = np.sort(random.uniform(0, 9, 500)), np.sin(np.arange(500.0))
    first, step = np.asarray(3.0), np.asarray(0.7)
    evenly = jax.jit(even_sum, static_argnums=(4, 5))
    both = [evenly(weights, place, first, step, 77, library) for library in (False, True)]
    close(both[0], np.asarray(both[1]), 1e-11)
    omega = first + step * np.arange(77)
    straight = weights @ np.exp(1j * np.outer(place, omega))
    close(both[0], np.asarray(straight), 1e-13)
    pairs = (place, rest), (omega, omega**0.5)
    anyhow = jax.jit(any_sum, static_argnums=3)
    both = [anyhow(weights, *pairs, library) for library in (False, True)]
    close(both[0], np.asarray(both[1]), 1e-11)


def test_gradients_against_differences() -> None:
    few = np.array([70.0, 83.0, 160.0])
    t = np.linspace(0, 0.1, 321) / c

    def total(K: jax.Array, angle: jax.Array) -> jax.Array:
        u = K * jnp.sin(OMEGA * t)
        momentum = jnp.stack([u, 0 * u, jnp.sqrt(1e6 - 1 - u**2)], axis=1)
        path = light.Path(t, jnp.zeros((321, 3)), momentum)
        return jnp.sum(light.spectrum(path, few, jnp.stack([angle, 2 * angle])).photons)

    at = (1.0, 1e-4)
    total_and_slopes = jax.jit(jax.value_and_grad(total, argnums=(0, 1)))
    _, found = total_and_slopes(*at)
    for i, size in enumerate(at):
        h = 1e-3 * size

        def moved(k: int, i: int = i, h: float = h) -> float:
            return float(total_and_slopes(*(x + k * h * (j == i) for j, x in enumerate(at)))[0])

        slope = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * h)
        assert_allclose(found[i], slope, rtol=1e-6)


def test_as_many_points_as_are_asked_for_are_enough() -> None:
    motion, energies = ByGauss(undulator(3.0, helical=False), SPAN, 250), np.linspace(300, 8e3, 20)
    n = np.array([0.0, 0.0, 1.0])
    with pytest.raises(InputError, match="undersampled") as refused:
        light.spectrum(motion.path(10 * PERIODS + 1), energies, n)
    needed = int(str(refused.value).split("about ")[1].split()[0])
    found = light.spectrum(motion.path(needed), energies, n)
    close(found.amplitude[:, 0], motion.amplitude(energies, n)[:, 0], 1e-10)
    assert found.error_estimate < 1e-7


def test_derivatives_by_a_medium() -> None:
    path, some = wiggle(TIME), np.array([2e3, 5e3, 9e3])

    @jax.jit
    @jax.value_and_grad
    def total_and_slope(plasma: Any) -> Any:
        return jnp.sum(light.spectrum(path, some, [0.0, 0.0, 1.0], Lossy(plasma)).photons)

    h = 5e-6
    slope = (total_and_slope(1.0 + h)[0] - total_and_slope(1.0 - h)[0]) / (2 * h)
    assert_allclose(total_and_slope(1.0)[1], slope, rtol=1e-5)


def test_what_is_refused() -> None:
    path, n = wiggle(TIME), [0.0, 0.0, 1.0]

    def refused(words: str, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(InputError, match=words):
            light.spectrum(*arguments, **options)

    refused("above its plasma|plasma", path, [30.0, 8e3], n, light.Plasma(38.0))
    refused("above zero", path, [-1.0], n)
    refused("finite", path, [np.nan], n)
    refused("shape", path, 1e3, [0.0])
    refused("one or more", path, 1e3, np.zeros((0, 3)))
    refused("length zero", path, 1e3, [0.0, 0.0, 0.0])
    refused("one period", wiggle(TIME[:50]), 1e3, n, periods=3)
    refused("periods must be", path, 1e3, n, periods=0)
    refused("light.Path", np.zeros(3), 1e3, n)
    with pytest.raises(InputError, match="one or more"):
        light.spectrum_at(path, 1e3, np.zeros((0, 3)))
    with pytest.raises(InputError, match="on the path"):
        light.spectrum_at(path, 1e3, np.asarray(path.position)[7])
    sparse = np.linspace(0, 8 * PERIOD / c, 45)
    refused(r"45 points .* about \d+ points are needed", wiggle(sparse), 8e3, n)
    refused("divide the path", path, 1e13, n)
    with pytest.raises(InputError, match="not slower than light at point 3"):
        light.Path.prescribed(
            np.arange(50.0), np.zeros((50, 3)), np.zeros((50, 2)), 0.1 - 0.2 * (np.arange(50) > 2)
        )
    with pytest.raises(InputError, match="needs 40 or more"):
        light.Path(np.arange(9.0), np.zeros((9, 3)), np.zeros((9, 3)))
    with pytest.raises(InputError, match="equal steps"):
        light.Path(np.arange(50.0) ** 2, np.zeros((50, 3)), np.zeros((50, 3)))
    with pytest.raises(InputError, match="momentum must be finite"):
        light.Path(np.arange(50.0), np.zeros((50, 3)), np.full((50, 3), np.nan))
