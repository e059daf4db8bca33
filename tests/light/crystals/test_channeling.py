"""Channeling: motion in planes that are straight and bent, and what bent crystals allow."""

import dataclasses

import jax
import numpy as np
import pytest
from scipy.linalg import lu_factor, lu_solve

from fieldwright.constants import ELECTRON_REST_ENERGY, PLANCK, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light import (
    Path,
    bending_parameter,
    channel,
    channel_acceptance,
    channeling_beam,
    channeling_conditions,
    channeling_period,
    dechanneling_length,
    demodulation_length,
    lindhard_angle,
    spectrum,
    swing_ratio,
)
from fieldwright.light.crystals._demodulation import _slowest
from fieldwright.light.plots import plot_channel, plot_channeled_fraction, plot_crystal_limits
from fieldwright.light.plots._crystal import _planes_about
from fieldwright.motion import Ions, simulate
from fieldwright.sources import CrystalPlanes, DoyleTurner, HarmonicPotential

ENERGY, AMPLITUDE, PERIOD = 13.6e9, 1.27e-10, 14e-6  # of the crystalline-undulator paper
HARMONIC = HarmonicPotential(1.26e-10, 24.9, "diamond")
DIAMOND = DoyleTurner("diamond", "110")
GAMMA = ENERGY / ELECTRON_REST_ENERGY


def parallel(x, species="e+"):
    """Charges along z at x (n,) [m]."""
    x = np.atleast_1d(x)
    speed = SPEED_OF_LIGHT * np.sqrt(1 - 1 / GAMMA**2)
    rows = np.stack([x, 0 * x, 0 * x], axis=1)
    return Ions.of(species, rows, [0.0, 0.0, speed])


def crystal(potential, length, *, curvature=0.0, amplitude=0.0):
    """Planes that are all built alike, and as many charges: so they share a compiled loop."""
    return CrystalPlanes(potential, length, curvature=curvature, amplitude=amplitude, period=PERIOD)


def run(planes, ions, save):
    return simulate(
        ions,
        planes,
        float(planes.length) / SPEED_OF_LIGHT,
        relativistic=True,
        coulomb=False,
        save=save,
    )


def test_motion_holds_the_transverse_energy_over_a_hundred_oscillations():
    planes = crystal(DIAMOND, 0.7e-3)
    found = run(planes, parallel(0.45e-10), 100)
    u = np.asarray(found.momentum)[:, 0] / SPEED_OF_LIGHT
    energy = ELECTRON_REST_ENERGY * u[:, 0] ** 2 / (2 * u[:, 2]) + DIAMOND.energy(
        found.position[:, 0, 0]
    )
    np.testing.assert_allclose(energy, energy[0], rtol=1e-8)


def test_a_charge_on_the_forced_path_stays_on_it():
    ratio = float(swing_ratio(HARMONIC, ENERGY, PERIOD))
    assert ratio == pytest.approx(1.2793, abs=1e-4)
    planes = crystal(HARMONIC, 10 * PERIOD, amplitude=AMPLITUDE / 4)
    found = run(planes, parallel(ratio * AMPLITUDE / 4), 100)
    x, _, z = np.asarray(found.position[:, 0]).T
    forced = ratio * AMPLITUDE / 4 * np.cos(2 * np.pi * z / PERIOD)
    np.testing.assert_allclose(x, forced, atol=1e-6 * AMPLITUDE)


def test_waving_harmonic_planes_hold_what_the_forced_swing_leaves():
    # In a harmonic channel a parallel beam swings about the forced path, with the distance of each
    # charge from it at the entrance as amplitude: 1 - C swing of the channel is left.
    planes = crystal(HARMONIC, 40 * PERIOD, amplitude=AMPLITUDE)
    number = 200
    places = (np.arange(number) + 0.5) / number - 0.5
    found = channel(parallel(AMPLITUDE + 1.26e-10 * places), planes, save=400)
    C = float(bending_parameter(HARMONIC, ENERGY, AMPLITUDE, PERIOD))
    swing = float(swing_ratio(HARMONIC, ENERGY, PERIOD))
    assert float(found.fraction[-1]) == pytest.approx(1 - C * swing, abs=0.03)
    assert float(found.energy_error) < 3e-4 * 24.9
    assert np.all(np.diff(np.asarray(found.fraction)) <= 0)


@pytest.mark.parametrize("species", ["e+", "e-"])
def test_evenly_bent_planes_hold_the_acceptance(species):
    curvature = 0.3 * float(DIAMOND.largest_field) / ENERGY
    planes = crystal(DIAMOND, 100e-6, curvature=curvature)
    number = 200
    places = (np.arange(number) + 0.5) / number - (0.5 if species == "e+" else 0.0)
    found = channel(parallel(float(DIAMOND.spacing) * places, species), planes, save=50)
    kept = float(channel_acceptance(DIAMOND, ENERGY, curvature, species=species))
    assert 0.3 < kept < 0.8
    assert float(found.fraction[-1]) == pytest.approx(kept, abs=0.011)
    ax = plot_channel(found)  # of bent planes as seen from the gap: they are straight
    levels = [line.get_ydata() for line in ax.lines if line.get_color() == "0.75"]
    assert "middle of the gap" in ax.get_ylabel() and np.ptp(levels, axis=1).max() == 0


def test_acceptance_of_a_harmonic_channel():
    for C in (0.0, 0.2, 0.7):
        curvature = C * 4 * 24.9 / 1.26e-10 / float(ENERGY - ELECTRON_REST_ENERGY**2 / ENERGY)
        held = channel_acceptance(HARMONIC, ENERGY, curvature)
        assert float(held) == pytest.approx(1 - C, abs=1e-9)
        wide = channel_acceptance(HARMONIC, ENERGY, curvature, 0.05)
        straight = channel_acceptance(HARMONIC, ENERGY, 0.0, 0.05)
        assert float(wide / straight) == pytest.approx((1 - C) ** 2, rel=1e-5)
    assert float(channel_acceptance(HARMONIC, ENERGY, 100.0)) == 0.0


def test_acceptance_of_a_beam_with_divergence_by_random_charges():
    sigma = 40e-6
    planes = CrystalPlanes(DIAMOND, 1e-6)
    beam = channeling_beam(planes, ENERGY, 40000, divergence=sigma, seed=1)
    angle = np.asarray(beam.velocity[:, 0] / beam.velocity[:, 2])
    energy = ENERGY * angle**2 / 2 + np.asarray(DIAMOND.energy(beam.position[:, 0]))
    held = np.mean(energy < float(DIAMOND.depth))
    kept = float(channel_acceptance(DIAMOND, ENERGY, 0.0, sigma))
    assert held == pytest.approx(kept, abs=0.008)
    assert angle.std() == pytest.approx(sigma, rel=0.02)


@pytest.mark.parametrize("species", ["e+", "e-"])
def test_period_is_that_of_the_motion(species):
    amplitude = 0.4e-10
    length = float(channeling_period(DIAMOND, ENERGY, amplitude, species))
    middle = 0.0 if species == "e+" else float(DIAMOND.spacing) / 2
    planes = crystal(DIAMOND, 4 * length)
    found = run(planes, parallel(middle + amplitude, species), 64)
    np.testing.assert_allclose(found.position[16::16, 0, 0] - middle, amplitude, rtol=1e-4)
    small = channeling_period(DIAMOND, ENERGY, 1e-14, species)
    assert float(small) == pytest.approx(
        float(channeling_period(DIAMOND, ENERGY, None, species)), rel=1e-3
    )


def test_harmonic_limits_in_closed_form():
    pv = ENERGY - ELECTRON_REST_ENERGY**2 / ENERGY
    assert float(lindhard_angle(HARMONIC, ENERGY)) == pytest.approx(np.sqrt(2 * 24.9 / pv))
    period = np.pi * 1.26e-10 * np.sqrt(pv / (2 * 24.9))
    assert float(channeling_period(HARMONIC, ENERGY)) == pytest.approx(period, rel=1e-12, abs=0)
    for amplitude in (0.1e-10, 0.6e-10):
        found = channeling_period(HARMONIC, ENERGY, amplitude)
        assert float(found) == pytest.approx(period, rel=1e-9, abs=0)


def test_dechanneling_falls_with_bending_and_is_shorter_for_electrons():
    straight = float(dechanneling_length(DIAMOND, ENERGY))
    # by hand: 2.8820 x 26614 x 0.2578 A x 1.2611 A / (2.8179e-5 A x 13.276)
    assert straight == pytest.approx(6.67e-3, rel=2e-3)
    gamma, rest, radius = ENERGY / 510998.95069, 510998.95069, 2.8179403205e-15
    screening = 0.88534 * 5.29177210544e-11 / 6 ** (1 / 3)
    logarithm = np.log(np.sqrt(2 * gamma) * rest / 78.0) - 23 / 24
    wanted = 256 / (9 * np.pi**2) * (ENERGY - rest**2 / ENERGY) * screening * 3.567e-10 / 8**0.5
    assert straight == pytest.approx(wanted / (radius * rest * logarithm), rel=1e-9)
    assert float(dechanneling_length(DIAMOND, ENERGY, 0.5)) == pytest.approx(straight / 4)
    assert float(dechanneling_length(DIAMOND, ENERGY, 1.5)) == 0
    # measured: 18 um (Backe et al. 2013)
    electrons = dechanneling_length(DoyleTurner("silicon", "110"), 855e6, species="e-")
    assert float(electrons) == pytest.approx(18e-6, rel=0.2)


def slowest_decay(matrix):
    """The decay of the slowest mode, by inverse iteration."""
    shifted = lu_factor(matrix)
    v = np.ones(len(matrix), dtype=complex)
    for _ in range(60):
        w = lu_solve(shifted, v)
        value = np.vdot(v, w) / np.vdot(v, v)
        v = w / np.linalg.norm(w)
    return -(1 / value).real


def test_demodulation_is_the_slowest_decay_of_diffusion():
    # The same equation by finite differences in r^2: (4 / j^2) (e f')' + i xi j^2 / 2 e f.
    j, n = 2.404825557695773, 800
    e = (np.arange(n) + 0.5) / n
    faces = np.arange(n + 1) / n
    up, down = faces[1:] * n * n, faces[:-1] * n * n
    matrix = np.diag(-(up + down) + 0j) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    matrix[-1, -1] -= up[-1]  # the density is zero at the edge, half a cell away
    for xi in (0.3, 4.0):
        whole = 4 / j**2 * matrix + 0.5j * xi * j**2 * np.diag(e)
        assert float(_slowest(xi)) == pytest.approx(slowest_decay(whole), rel=1e-4)
    assert float(_slowest(0.0)) == pytest.approx(1.0, rel=1e-12)


def test_demodulation_without_modulation_is_dechanneling():
    straight = float(dechanneling_length(DIAMOND, ENERGY))
    assert float(demodulation_length(DIAMOND, ENERGY, 1e-9)) == pytest.approx(straight, rel=1e-4)
    bent = demodulation_length(DIAMOND, ENERGY, 8265.6, 0.44)
    # sqrt(xi) is of the free motion along the planes; by hand xi = 8.2e-3
    xi = 8265.6 / 1.973269804593025e-7 * 23.4616 * 0.56**4 * straight / (5.7832 * ENERGY)
    assert float(bent) == pytest.approx(straight * 0.56**2 / (1 + np.sqrt(xi)), rel=1e-4)


def waving(amplitude=AMPLITUDE, period=PERIOD, potential=HARMONIC):
    return CrystalPlanes(potential, 1.4e-3, amplitude=amplitude, period=period)


def test_conditions_of_the_paper():
    found = channeling_conditions(waving(), ENERGY, 8265.6)
    assert float(found.undulator_parameter) == pytest.approx(1.517, abs=1e-3)  # 1.5 in print
    assert float(found.largest_parameter) == pytest.approx(1.6105, abs=1e-4)  # 1.62 in print
    assert float(found.bending_parameter) == pytest.approx(0.44, abs=5e-4)
    assert float(found.acceptance) == pytest.approx(0.56, abs=5e-4)
    assert float(found.forced_amplitude) == pytest.approx(0.3547e-10, rel=1e-3, abs=0)
    assert float(found.moving_parameter) == pytest.approx(0.563, abs=1e-3)
    assert [check.met for check in found.checks] == [True, False, True, False, True, True, True]
    assert not found.met
    assert "FAILS  bending: C = 0.440 is more than 0.3" in found.report
    assert channeling_conditions(waving(0.3e-10, 20e-6), ENERGY, 8265.6).met
    fast = channeling_conditions(waving(1e-11, 5e-6), ENERGY, 8265.6)
    assert {check.name for check in fast.checks if not check.met} >= {"period", "forced swing"}
    torn = channeling_conditions(waving(10 * AMPLITUDE), ENERGY, 8265.6)
    assert "hold none" in torn.report and "0 % of positrons" in torn.report


def test_limits_have_derivatives():
    def all_limits(amplitude, period, energy):
        C = bending_parameter(DIAMOND, energy, amplitude, period)
        curvature = amplitude * (2 * np.pi / period) ** 2
        return (
            C
            + channel_acceptance(DIAMOND, energy, curvature, 10e-6)
            + swing_ratio(DIAMOND, energy, period)
            + 100 * demodulation_length(DIAMOND, energy, 8265.6, C)
        )

    place = (AMPLITUDE, PERIOD, ENERGY)
    slopes = jax.jit(jax.grad(all_limits, argnums=(0, 1, 2)))(*place)
    limits = jax.jit(all_limits)
    for i, slope in enumerate(slopes):
        step = 1e-5 * place[i]
        up, down = (
            limits(*[v + s * step * (k == i) for k, v in enumerate(place)]) for s in (1, -1)
        )
        assert float(slope) == pytest.approx(float(up - down) / (2 * step), rel=1e-5, abs=0)


def test_channeling_radiates_at_the_oscillation_shifted_by_doppler():
    # x'' = -K^2 x of amplitude a: 2 gamma^2 hbar c K / (1 + (gamma a K)^2 / 2) on the axis
    amplitude, oscillations = 0.3e-10, 20
    length = float(channeling_period(HARMONIC, ENERGY))
    planes = crystal(HARMONIC, oscillations * length)
    found = run(planes, parallel(amplitude), 40 * oscillations)
    K = 2 * np.pi / length
    wiggle = GAMMA * amplitude * K
    line = 2 * GAMMA**2 * PLANCK * SPEED_OF_LIGHT / length / 1.602176634e-19 / (1 + wiggle**2 / 2)
    energies = line * np.linspace(0.97, 1.03, 61)
    light = spectrum(Path.of(found), energies, [0.0, 0.0, 1.0])
    power = np.asarray(light.energy)
    # A line of 20 periods is 5 % wide, and even about its middle.
    middle = np.sum(energies * power) / np.sum(power)
    assert middle == pytest.approx(line, rel=2e-3)
    assert abs(int(np.argmax(power)) - 30) <= 1


def test_channels_of_electrons_are_about_planes():
    planes = crystal(DIAMOND, 30e-6)
    beam = channeling_beam(planes, ENERGY, 200, species="e-", seed=2)
    found = channel(beam, planes, save=50)
    assert float(found.fraction[-1]) == 1.0
    energy = np.asarray(found.transverse_energy)
    assert energy.min() >= 0 and energy.max() < float(DIAMOND.depth) * 1.001
    assert set(found.to_xarray()) >= {"fraction", "depth", "transverse_energy"}
    ax = plot_channel(found, until=15e-6)
    assert ax.get_xlim()[1] == pytest.approx(15, rel=0.05)
    assert plot_channeled_fraction({"all": found}).get_legend() is not None
    with pytest.raises(InputError, match="larger save"):
        plot_channel(found, until=1e-9)


def test_planes_111_are_drawn_as_pairs():
    places = _planes_about(DoyleTurner("silicon", "111")) * 1e10
    np.testing.assert_allclose(np.abs(places - 1.1758).min(), 0, atol=1e-4)
    np.testing.assert_allclose(np.diff(places)[:3], [0.7839, 2.3517, 0.7839], atol=1e-4)
    np.testing.assert_allclose(np.diff(_planes_about(HARMONIC)), 1.26e-10)


def test_map_of_limits_marks_the_design():
    ax = plot_crystal_limits(HARMONIC, ENERGY, plasma_energy=38.0, marked=(AMPLITUDE, PERIOD))
    marked = [line for line in ax.lines if line.get_marker() == "*"]
    np.testing.assert_allclose(marked[0].get_xydata(), [[14.0, 1.27]])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: lindhard_angle(HARMONIC, 5e5), "above the electron's 510999, got 500000"),
        (lambda: channeling_period(HARMONIC, ENERGY, species="p"), 'must be "e\\+" or "e-"'),
        (
            lambda: dechanneling_length(HarmonicPotential(1e-10, 20.0), ENERGY),
            "give HarmonicPotential the crystal",
        ),
        (lambda: channeling_beam(waving(), ENERGY, 2.5), "whole number, at least 1, got 2.5"),
        (lambda: channeling_beam(waving(), ENERGY, 3, divergence=-1.0), "not be below zero"),
        (
            lambda: channeling_conditions(CrystalPlanes(HARMONIC, 1e-3), ENERGY, 8e3),
            "give CrystalPlanes amplitude and period",
        ),
        (lambda: channeling_conditions(waving(), ENERGY, -1.0), "photon_energy must be above"),
        (lambda: channeling_conditions(DIAMOND, ENERGY, 8e3), "give CrystalPlanes amplitude"),
        (lambda: channeling_beam(waving(), ENERGY, 3, seed=-1), "seed must be a whole number"),
        (lambda: channeling_beam(DIAMOND, ENERGY, 3), "must be CrystalPlanes, got DoyleTurner"),
        (lambda: bending_parameter(HARMONIC, ENERGY, 1e-10, 0.0), "period must be above zero"),
        (lambda: swing_ratio(HARMONIC, ENERGY, -1.0), "period must be above zero"),
        (lambda: channeling_period(DIAMOND, ENERGY, 1e-9), "is held to 6.306e-11 m"),
        (lambda: dechanneling_length(DIAMOND, ENERGY, -0.5), "bending must not be below zero"),
        (lambda: demodulation_length(DIAMOND, ENERGY, np.nan), "photon_energy must be finite"),
        (lambda: channel_acceptance(DIAMOND, ENERGY, 0.0, -1.0), "divergence must not be below"),
        (lambda: channel_acceptance("silicon", ENERGY), "got str"),  # type: ignore[arg-type]
        (
            lambda: channel(Ions.of("e+", [[0.0, 0.0, 0.0]], [0.0, 0.0, 1e6]), waving()),
            "of fast charges",
        ),
        (
            lambda: channel(
                parallel(0.0), dataclasses.replace(waving(), position=np.array([0.0, 0.0, 1.0]))
            ),
            "must sit at the origin",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(InputError, match=says):
        make()
