"""Undulators: spectra, harmonics, real beams, power."""

from __future__ import annotations

from typing import Any

import jax
import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import jv

from fieldwright.constants import ELEMENTARY_CHARGE, PLANCK
from fieldwright.errors import InputError
from fieldwright.light import (
    HelicalUndulator,
    LightBeam,
    PlanarUndulator,
    Plasma,
    TabulatedMedium,
    brilliance,
    first_harmonic,
    flux,
    flux_density,
    harmonic_strength,
    harmonic_sum,
    kim_power_density,
    material,
    power_density,
    tuning_curve,
    undulator_amplitude,
    undulator_photons,
    undulator_power,
)
from fieldwright.light.undulators._bessel import bessel_j
from fieldwright.light.undulators._gauss import gauss_nodes, running_integral
from fieldwright.rings import Equilibrium

GAMMA = 5870.853542730
UNDULATOR = PlanarUndulator(0.02, 1.0, 100)
HC = PLANCK * 299792458.0 / ELEMENTARY_CHARGE
TO_FLUX = 0.1 / ELEMENTARY_CHARGE * 1e-9  # /s/mrad^2/0.1 %BW at 100 mA
CRYSTAL_GAMMA = 13.6e9 / 510998.95069


@pytest.mark.parametrize(
    ("harmonic", "wanted"), [(1, 5.7780317e17), (3, 2.8132821e17), (5, 8.632097e16)]
)
def test_anchors_of_a_magnetic_undulator(harmonic: int, wanted: float) -> None:
    found = undulator_photons(UNDULATOR, GAMMA, harmonic * 2848.902408229) * TO_FLUX
    assert found == pytest.approx(wanted, rel=2e-8)
    # closed form, at the harmonic of the true motion: parts of 1/gamma^2 are left out
    closed = 1e4 * GAMMA**2 / 137.035999177 * harmonic_strength(UNDULATOR, harmonic)
    exact = undulator_photons(UNDULATOR, GAMMA, UNDULATOR.harmonic_energy(GAMMA, harmonic))
    assert closed == pytest.approx(float(exact), rel=5e-8)


@pytest.mark.parametrize(
    ("energy", "uniform", "wanted"),
    [
        (8153.77790759, True, 5.335352735e-3),
        (59031956.9936, True, 38.62770751),
        (59031956.9936, False, 27.99952677),
    ],
)
def test_anchors_of_the_papers_crystal(energy: float, uniform: bool, wanted: float) -> None:
    crystal = PlanarUndulator(14e-6, 1.5, 100, uniform=uniform)
    found = undulator_photons(crystal, CRYSTAL_GAMMA, energy, medium=Plasma(38.0))
    step = HC / 14e-6 * np.sqrt(1 - 2.125 / CRYSTAL_GAMMA**2)
    assert found * step / energy == pytest.approx(wanted, rel=1e-9)


def by_integration(K: float, gamma: float, energy: float, across: Any, periods: int) -> Any:
    """The amplitude by an ODE solver along a planar undulator of period 20 mm in vacuum."""
    k, w = 2 * np.pi / 0.02, 2 * np.pi * energy / HC
    nx, ny = across
    drop = (nx**2 + ny**2) / (1 + np.sqrt(1 - nx**2 - ny**2))

    def rate(z: float, state: np.ndarray) -> np.ndarray:
        bx = K / gamma * np.sin(k * z)
        lack = 1 / gamma**2 + bx**2
        bz = np.sqrt(1 - lack)
        late = lack / (1 + bz) + drop * bz - nx * bx
        wave = np.exp(1j * w * state[0].real)
        n_beta = 1 - late
        return np.array([late / bz, (nx * n_beta - bx) / bz * wave, ny * n_beta / bz * wave])

    start = np.zeros(3, complex)
    found = solve_ivp(rate, (0, 0.02 * periods), start, method="DOP853", rtol=3e-13, atol=1e-19)
    ax, ay = found.y[1:, -1] / 299792458.0
    # along x and y turned with z into n the shortest way: x' = x - n_x (n + z) / (1 + n_z)
    lean = -(nx * ax + ny * ay) / (1 - drop) / (2 - drop)
    return np.array([ax - nx * lean, ay - ny * lean])


@pytest.mark.parametrize("energy", [2848.9, 4000.0, 9000.0])
def test_amplitude_against_an_ode_solver(energy: float) -> None:
    angles = np.array([7e-5, -4e-5])
    polar = np.hypot(*angles)
    across = angles * np.sin(polar) / polar
    found = undulator_amplitude(PlanarUndulator(0.02, 1.3, 7), GAMMA, energy, angles)
    wanted = by_integration(1.3, GAMMA, energy, across, 7)
    assert np.abs(found - wanted).max() < 1e-9 * np.abs(wanted).max()


def test_sum_over_harmonics_is_the_integral() -> None:
    energy = np.array([8153.8, 8200.0, 9000.0, 2e4, 1e6])[:, None]
    angles = np.array([[0, 0], [3e-6, 1e-6], [3e-5, 2e-5], [1e-4, -1e-4]])
    gain = (1 + 1.5**2 / 2) / (2 * CRYSTAL_GAMMA**2) + 38.0**2 / (2 * energy**2)
    lag = np.pi * 14e-6 / HC * energy * (gain + np.sum(angles**2, axis=-1) / 2)
    for periods in (99, 100):
        crystal = PlanarUndulator(14e-6, 1.5, periods, uniform=True)
        found = harmonic_sum(crystal, CRYSTAL_GAMMA, energy, angles, Plasma(38.0)).coherent
        wanted = undulator_photons(crystal, CRYSTAL_GAMMA, energy, angles, Plasma(38.0))
        # one rounding of the phase is so much of (sin(N lag) / sin(lag))^2, near its zeros most
        slope = 2 * periods * lag / np.tan(periods * lag) - 2 * lag / np.tan(lag)
        rounding = np.finfo(float).eps * np.abs(slope)
        allowed = np.maximum(1e-12, 3 * rounding)
        assert np.all(np.abs(found / wanted - 1) < allowed)
        assert np.sum(allowed > 1e-12) <= 1


def test_formula_10_is_right_on_a_line_and_not_off_it() -> None:
    crystal = PlanarUndulator(14e-6, 1.5, 100, uniform=True)
    on, off = (harmonic_sum(crystal, CRYSTAL_GAMMA, e, medium=Plasma(38.0)) for e in (8153.8, 9e3))
    assert on.incoherent == pytest.approx(float(on.coherent), rel=1e-5)
    assert abs(off.incoherent / off.coherent - 1) > 0.02
    with pytest.raises(InputError, match="uniform=True"):
        harmonic_sum(UNDULATOR, GAMMA, 3e3)


def test_formula_12a_near_the_axis() -> None:
    crystal = PlanarUndulator(14e-6, 1.5, 100, uniform=True)
    angles = np.array([[0, 0], [1e-4, 0], [0, 1e-4]])
    # where each direction's line is
    energy = 8153.8 * (1 + np.array([0, 1e-8, 1e-8]) * CRYSTAL_GAMMA**2 / (2.125 * 7240))
    found = first_harmonic(crystal, CRYSTAL_GAMMA, energy, angles, 38.0)
    wanted = undulator_photons(crystal, CRYSTAL_GAMMA, energy, angles, Plasma(38.0))
    np.testing.assert_allclose(found, wanted, rtol=1e-3)


def test_helical_light_is_round_and_has_one_harmonic() -> None:
    helix = HelicalUndulator(0.02, 1.0, 100)
    energy = helix.harmonic_energy(GAMMA)
    a, b = undulator_amplitude(helix, GAMMA, energy)
    assert abs(a / b - 1j) < 1e-8 or abs(a / b + 1j) < 1e-8
    closed = 1e4 * GAMMA**2 / 137.035999177 * harmonic_strength(helix, 1)
    assert undulator_photons(helix, GAMMA, energy) == pytest.approx(float(closed), rel=5e-8)
    assert undulator_photons(helix, GAMMA, 2 * energy) < 1e-6 * closed
    assert harmonic_strength(helix, 2) == 0


def test_loss_makes_early_periods_weaker() -> None:
    absorber = TabulatedMedium(np.array([1e3, 1e5]), np.full(2, 1e-9), np.full(2, 3.0), 1e25, 1e-9)
    energy = UNDULATOR.harmonic_energy(GAMMA)
    ratio = undulator_photons(UNDULATOR, GAMMA, energy, medium=absorber) / undulator_photons(
        UNDULATOR, GAMMA, energy
    )
    half = 0.5 * 3.0 * 2.0  # mu L / 2
    assert ratio == pytest.approx(((1 - np.exp(-half)) / half) ** 2, rel=1e-3)


def test_gradients_agree_with_differences() -> None:
    def light(K: Any) -> Any:
        return undulator_photons(
            PlanarUndulator(0.02, K, 20), GAMMA, 2900.0, np.array([1e-5, 2e-5])
        )

    step = 1e-5
    wanted = (light(1.0 + step) - light(1.0 - step)) / (2 * step)
    assert jax.grad(light)(1.0) == pytest.approx(float(wanted), rel=1e-6)


def test_a_beam_against_a_plain_average() -> None:
    beam = LightBeam.of_twiss(3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0], spread=1e-3)
    x, y, d = np.linspace(-6, 6, 97), np.linspace(-6, 6, 33), np.linspace(-6, 6, 41)
    weight = [np.exp(-0.5 * v**2) / np.exp(-0.5 * v**2).sum() for v in (x, y, d)]
    sx, sy = np.asarray(beam.divergence)
    grid = np.stack(np.meshgrid(x * sx, y * sy, indexing="ij"), -1)
    total = 0.0
    for off, share in zip(d, weight[2], strict=True):
        gamma = float(beam.gamma) * (1 + 1e-3 * off)
        light = np.asarray(undulator_photons(UNDULATOR, gamma, 2848.9, grid))
        total += share * (weight[0] @ light @ weight[1])
    found = flux_density(UNDULATOR, beam, 2848.9)
    # what one period gives changes with energy in second order
    assert found == pytest.approx(total * float(beam.rate) * 1e-9, rel=2e-5)


def test_a_spread_of_energies_damps_the_fringes() -> None:
    """Light of a period times the mean of |sum of N phases|^2, whose phase falls as gamma^-2."""
    spread, N = 2e-3, 30
    one, many = PlanarUndulator(0.02, 1.0, 1), PlanarUndulator(0.02, 1.0, N)
    beam = LightBeam.of_twiss(3e9, 0.1, emittance=[0, 0], beta=[1, 1], spread=spread)
    energy = np.array([2700.0, 2848.9, 8600.0])
    turn = 2 * np.pi * energy / float(one.harmonic_energy(beam.gamma))
    off, weight = np.polynomial.hermite.hermgauss(80)
    half = turn[:, None] / 2 * (1 - 2 * np.sqrt(2) * spread * off)
    mean = (np.sin(N * half) / np.sin(half)) ** 2 @ weight / np.sqrt(np.pi)
    single = np.asarray(undulator_photons(one, float(beam.gamma), energy))
    wanted = single * mean * float(beam.rate) * 1e-9
    np.testing.assert_allclose(flux_density(many, beam, energy), wanted, rtol=1e-9)


def test_a_spread_of_energies_widens_the_cone_as_published() -> None:
    beam = LightBeam.of_twiss(3e9, 0.1, emittance=[0, 0], beta=[1, 1], spread=1e-3)

    def widened(x: float) -> float:  # Tanaka and Kitamura (2009), their Q
        fall = np.exp(-2 * x**2) - 1 + np.sqrt(2 * np.pi) * x * float(mp.erf(np.sqrt(2) * x))
        return float(np.sqrt(2 * x**2 / fall))

    for harmonic in (1, 5):
        found = brilliance(UNDULATOR, beam, harmonic)
        wave, blur = HC / float(found.photon_energy), 2 * np.pi * harmonic * 100 * 1e-3
        np.testing.assert_allclose(
            found.divergence, np.sqrt(wave / 4.0) * widened(blur), rtol=1e-10
        )
        size = np.sqrt(4 * wave) / (4 * np.pi) * widened(blur / 4) ** (2 / 3)
        np.testing.assert_allclose(found.size, size, rtol=1e-10)


def test_flux_through_a_hole_is_the_integral_of_density() -> None:
    thin = LightBeam(3e9, 0.1)
    beam = LightBeam.of_twiss(3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0])
    edges = [[-30e-6, 10e-6], [-15e-6, 25e-6]]
    found = flux(UNDULATOR, thin, np.array([2848.9, 2820.0]), edges)
    x, w = gauss_nodes(24)
    grid = np.stack(np.meshgrid(*(a + (b - a) * x for a, b in edges), indexing="ij"), -1)
    for energy, wanted in zip((2848.9, 2820.0), found, strict=True):
        light = np.asarray(undulator_photons(UNDULATOR, float(thin.gamma), energy, grid))
        total = w @ light @ w * 40e-6 * 40e-6 * float(thin.rate) * 1e-3
        assert total == pytest.approx(float(wanted), rel=1e-9)
    # a beam smears: what passes is the hole's convolution, by a plain average here
    sx, sy = np.asarray(beam.divergence)
    t = np.linspace(-5, 5, 21)
    weight = np.exp(-0.5 * t**2) / np.exp(-0.5 * t**2).sum()
    moved = x * 40e-6
    total = 0.0
    for off, share in zip(t, weight, strict=True):
        grid = np.stack(
            np.meshgrid(
                -30e-6 + moved + off * sx, (-15e-6 + moved)[:, None] + sy * t, indexing="ij"
            ),
            -1,
        )
        light = np.asarray(undulator_photons(UNDULATOR, float(thin.gamma), 2848.9, grid))
        total += share * np.einsum("i,ijk,j,k->", w, light.reshape(24, 24, 21), w, weight)
    total *= 40e-6**2 * float(thin.rate) * 1e-3
    still = LightBeam.of_twiss(3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0])
    assert float(flux(UNDULATOR, still, 2848.9, edges)) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize(
    "undulator", [PlanarUndulator(0.02, 2.0, 16), HelicalUndulator(0.02, 0.7, 16)]
)
def test_flux_through_a_wide_hole_off_the_axis(
    undulator: PlanarUndulator | HelicalUndulator,
) -> None:
    thin, energy, edges = LightBeam(3e9, 0.1), 7.1e3, [[-2e-4, 1e-4], [1e-4, 3e-4]]
    x, w = gauss_nodes(320)  # for the fringes; light of one period is found at 80
    grid = np.stack(np.meshgrid(*(a + (b - a) * x for a, b in edges), indexing="ij"), -1)
    light = np.asarray(undulator_photons(undulator, float(thin.gamma), energy, grid))
    total = w @ light @ w * 3e-4 * 2e-4 * float(thin.rate) * 1e-3
    assert float(flux(undulator, thin, energy, edges)) == pytest.approx(total, rel=1e-10)


def test_a_near_hole_sees_the_beams_size() -> None:
    beam = LightBeam.of_twiss(3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0])
    sizes = np.hypot(beam.divergence, beam.size / 20.0)
    np.testing.assert_allclose(beam.spot(20.0), sizes, rtol=1e-14)
    assert flux_density(UNDULATOR, beam, 2848.9, distance=20.0) < flux_density(
        UNDULATOR, beam, 2848.9
    )


def test_brilliance_and_tuning() -> None:
    thin = LightBeam(3e9, 0.1)
    found = brilliance(UNDULATOR, thin)
    exact = flux_density(UNDULATOR, thin, 2848.902408)
    assert found.density == pytest.approx(float(exact), rel=1e-6)
    # a Gaussian of the cone's width; the source's phase space is lambda / 4 pi each way
    wave = HC / 2848.902408
    np.testing.assert_allclose(found.size * found.divergence, wave / (4 * np.pi), rtol=1e-6)
    curve = tuning_curve(UNDULATOR, thin, np.array([0.5, 1.0]))
    assert curve.brilliance[1] == pytest.approx(float(found.brilliance), rel=1e-12)
    assert curve.photon_energy[0] == pytest.approx(2848.902408 * 1.5 / 1.125, rel=1e-6)
    slope = jax.grad(lambda beam: brilliance(UNDULATOR, beam).brilliance)(thin)
    assert np.all(np.isfinite(slope.covariance))
    assert slope.covariance[1, 1] < 0
    # all of the cone at the harmonic's energy
    cone = float(flux(UNDULATOR, thin, 2848.9, [[-8e-5, 8e-5]] * 2))
    assert cone == pytest.approx(float(found.flux), rel=0.03)


def wigner_on_axis(beam: LightBeam, harmonic: int) -> float:
    """Brilliance as the Wigner function on the axis, at the harmonic's photon energy.

    With E = integral of exp(-i k theta^2 z / 2) along the undulator, E(theta + p / 2) E*(theta - p
    / 2) exp(-(k size p)^2 / 2) is averaged over slopes theta and integrated over p: Gaussians.
    """
    one = brilliance(UNDULATOR, LightBeam(3e9, 0.1), harmonic)
    k, L, N = float(one.photon_energy) / HC * 2 * np.pi, 2.0, 100
    u, w = gauss_nodes(160)
    total = 0.0
    for apart, weight in zip(L * u**4, L * 4 * u**3 * w, strict=True):
        middle, step = (0.5 * (L - apart) * v for v in (u**4, 4 * u**3 * w))
        value = np.exp(-0.5 * (4 * np.pi * N * harmonic * beam.spread * apart / L) ** 2) + 0j
        for size, slope in zip(beam.size, beam.divergence, strict=True):
            narrow, wide = 1 + 1j * k * apart * slope**2, (k * size) ** 2 + 0.25j * k * apart
            value = value * np.sqrt(2 * np.pi / (narrow * wide + (k * middle * slope) ** 2))
        total += 4 * weight * float(np.sum(step * value).real)
    return float(one.density) * total * (k / (2 * np.pi * L)) ** 2 * 1e-6


@pytest.mark.parametrize(
    ("emittance", "beta", "spread", "lack"),
    [
        ([4e-7, 4e-7], [30.0, 30.0], 0.0, (-0.01, 0.01)),  # much wider than light is
        ([3.2e-10, 8e-12], [9.0, 2.0], 8e-4, (0.12, 0.16)),
        ([3e-10, 5e-12], [3.0, 2.0], 1e-3, (0.1, 0.18)),
        ([1e-11, 1e-11], [1.0, 1.0], 8e-4, (0.04, 0.15)),
    ],
)
def test_brilliance_is_below_the_wigner_function(
    emittance: Any, beta: Any, spread: float, lack: Any
) -> None:
    beam = LightBeam.of_twiss(3e9, 0.1, emittance=emittance, beta=beta, spread=spread)
    for harmonic in (1, 3):
        ratio = float(brilliance(UNDULATOR, beam, harmonic).brilliance) / wigner_on_axis(
            beam, harmonic
        )
        assert lack[0] < 1 - ratio < lack[1]


def test_power_against_kim_and_all_angles() -> None:
    beam = LightBeam(3e9, 0.1)
    angles = np.array([[0, 0], [1e-4, 0], [0, 1e-4], [1.5e-4, 2e-4]])
    ours, kim = power_density(UNDULATOR, beam, angles), kim_power_density(UNDULATOR, beam, angles)
    np.testing.assert_allclose(ours, kim, rtol=1e-7)
    # theta = tan(polar angle) / gamma on nodes that reach everything
    t, w = gauss_nodes(64)
    radius = np.tan(0.5 * np.pi * t * 0.9995) / GAMMA
    jacobian = 0.5 * np.pi * 0.9995 / GAMMA * (1 + (radius * GAMMA) ** 2) * w * radius
    azimuth = 2 * np.pi * np.arange(48) / 48
    keep = radius < 0.3
    grid = radius[keep][:, None, None] * np.stack([np.cos(azimuth), np.sin(azimuth)], -1)
    density = np.asarray(power_density(UNDULATOR, beam, grid)).mean(axis=1) * 2 * np.pi * 1e6
    total = float(density @ jacobian[keep])
    assert total == pytest.approx(float(undulator_power(UNDULATOR, beam)), rel=1e-5)
    # 633 W E^2 B^2 L I of the handbooks
    handbook = 632.67 * 9 * float(UNDULATOR.peak_field) ** 2 * 2.0 * 0.1
    assert undulator_power(UNDULATOR, beam) == pytest.approx(handbook, rel=1e-3)
    with pytest.raises(InputError, match="uniform=False"):
        undulator_power(PlanarUndulator(0.02, 1.0, 10, uniform=True), beam)


def test_quadrature_and_bessel_functions() -> None:
    for count in (8, 48, 200):
        nodes, weights = gauss_nodes(count)
        assert weights.sum() == pytest.approx(1, abs=1e-12)
        if count > 8:
            error = running_integral(count) @ np.cos(9 * nodes) - np.sin(9 * nodes) / 9
            assert abs(error).max() < 1e-14
    order, x = np.arange(-3, 60)[:, None], np.array([0.0, 1e-9, 0.3, 7.0, 60.0])
    np.testing.assert_allclose(bessel_j(order, x), jv(order, x), atol=3e-15)


def test_wrong_numbers_are_refused_in_words() -> None:
    with pytest.raises(InputError, match="whole number"):
        PlanarUndulator(0.02, 1.0, 2.5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="K must be above zero"):
        HelicalUndulator(0.02, -1.0, 2)
    with pytest.raises(InputError, match="gamma must be above one"):
        undulator_photons(UNDULATOR, 0.5, 3e3)
    with pytest.raises(InputError, match="light would turn"):
        undulator_photons(UNDULATOR, GAMMA, 3e9)
    fast = TabulatedMedium(np.array([1e3, 1e5]), np.full(2, -6.0), np.ones(2), 1e29, 6)
    with pytest.raises(InputError, match="Cherenkov"):
        undulator_photons(UNDULATOR, GAMMA, 3e3, medium=fast)
    with pytest.raises(InputError, match="low below high"):
        flux(UNDULATOR, LightBeam(3e9, 0.1), 3e3, [[1e-5, -1e-5], [0.0, 1e-5]])
    with pytest.raises(InputError, match="rest energy"):
        LightBeam(1e5, 0.1)
    with pytest.raises(InputError, match="must not be negative"):
        LightBeam.of_twiss(3e9, 0.1, emittance=[-1e-9, 1e-9], beta=[1.0, 1.0])
    with pytest.raises(InputError, match="traced"):
        jax.grad(lambda e: flux_density(UNDULATOR, LightBeam(3e9, 0.1), e))(3e3)


BEAM = LightBeam(3e9, 0.1)
UNIFORM = PlanarUndulator(14e-6, 1.5, 3, uniform=True)
HOLE = np.array([[0.0, 1e-5], [0.0, 1e-5]])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: UNDULATOR.harmonic_energy(GAMMA, -1), "harmonic must be above zero"),
        (lambda: PlanarUndulator.from_amplitude(0.0, 1e-10, 1e4, 3), "period must be above zero"),
        (lambda: PlanarUndulator(0.02, 100.0, 3).harmonic_energy(50.0), "well below gamma"),
        (lambda: undulator_photons(UNDULATOR, GAMMA, np.array([])), "photon_energy is empty"),
        (lambda: undulator_photons(UNDULATOR, GAMMA, np.ones(3), np.zeros((2, 2))), "broadcast"),
        (lambda: undulator_photons(UNDULATOR, GAMMA, 1e3, medium="air"), "medium must be one"),
        (lambda: flux(UNDULATOR, BEAM, 1e3, 1e5 * HOLE), "angles on a side"),
        (lambda: flux_density(UNDULATOR, BEAM, 1e3, distance=0.0), "distance must be above zero"),
        (lambda: brilliance(UNDULATOR, BEAM, 1.5), "whole number"),  # type: ignore[arg-type]
        (lambda: tuning_curve(UNDULATOR, BEAM, np.array([-1.0, 1.0])), "K must be above zero"),
        (lambda: kim_power_density(UNDULATOR, BEAM, np.array([np.nan, 0.0])), "must be finite"),
        (lambda: LightBeam(3e9, 0.1, np.ones((6, 6)) + np.diag([-0.5] * 6)), "above one"),
        (lambda: harmonic_sum(UNIFORM, 2e4, 1e7, [0.3, 0.0]), "Bessel functions"),
        (lambda: harmonic_sum(UNIFORM, 2e4, 1e3, medium=material("silicon")), "without loss"),
        (lambda: first_harmonic(UNIFORM, 2e4, 10.0, [0.0, 0.0], 38.0), "above the plasma energy"),
        (
            lambda: jax.grad(lambda K: flux(PlanarUndulator(0.02, K, 10), BEAM, 3e3, HOLE))(1.0),
            "undulator and beam must be known",
        ),
    ],
)
def test_what_cannot_be_is_refused(make: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make()


def test_amplitudes_make_gamma_and_field() -> None:
    crystal = PlanarUndulator.from_amplitude(14e-6, 1.27e-10, CRYSTAL_GAMMA, 100)
    np.testing.assert_allclose(crystal.K, 2 * np.pi * CRYSTAL_GAMMA * 1.27e-10 / 14e-6, rtol=1e-15)
    again = PlanarUndulator.from_field(0.02, UNDULATOR.peak_field, 100)
    np.testing.assert_allclose(again.K, 1.0, rtol=1e-15)
    with mp.workdps(30):
        assert UNDULATOR.average_gamma(GAMMA) == pytest.approx(GAMMA / np.sqrt(1.5), rel=1e-14)


def test_a_beam_of_a_ring() -> None:
    covariance = np.diag([9e-10, 1e-10, 1e-11, 4e-12, 1e-6, 1e-6])
    covariance[0, 1] = covariance[1, 0] = -2e-10
    ring = Equilibrium(
        s=np.zeros(2), orbit=np.zeros((2, 6)), covariance=np.stack([covariance, 4 * covariance]),
        energy_loss=0.0, tunes=np.zeros(3), decrements=np.zeros(3), damping_times=np.zeros(3),
        emittances=np.zeros(3), energy_spread=1e-3, bunch_length=1e-3, names=("straight",),
    )  # fmt: skip
    beam = LightBeam.of_equilibrium(ring, 3e9, 0.1, "straight")
    np.testing.assert_allclose(beam.divergence, [1e-5, 2e-6], rtol=1e-14)
    np.testing.assert_allclose(LightBeam.of_equilibrium(ring, 3e9, 0.1, 1).size, 2 * beam.size)
    assert float(beam.spread) == pytest.approx(1e-3, rel=1e-14, abs=0)
    # a beam that converges to 10 m is narrower there than size and divergence say
    assert beam.spot(10.0)[0] == pytest.approx(
        np.sqrt(1e-10 - 2 * 2e-10 / 10 + 9e-10 / 100), rel=1e-12, abs=0
    )
    with pytest.raises(InputError, match="symmetric"):
        LightBeam(3e9, 0.1, np.triu(np.ones((6, 6))))
