"""The measurement of a modulation, the best crystal for it, and a bending magnet's light."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from scipy.special import kv

from fieldwright.errors import ConvergenceError, InputError
from fieldwright.light import (
    ChannelLimits,
    LightBeam,
    ModulatedBunch,
    bending_magnet_density,
    bending_magnet_light,
    best_crystal,
    coherent_photons,
    material,
    modulation_depth,
    modulation_depth_known,
    period_for,
    smallest_depth,
    swing_ratio,
)
from fieldwright.light import PlanarUndulator as Planar
from fieldwright.light.undulators._bending_magnet import _bessel_k, _k53_from
from fieldwright.sources import HarmonicPotential

GAMMA = 13.6e9 / 510998.95069
BUNCH = ModulatedBunch(1.56e9, [1e-5, 1e-5, 9e-6], depth=0.01, resonance=8265.6)


def test_errors_are_what_repeated_measurements_scatter_by() -> None:
    random, gain, depth = np.random.default_rng(2), 1e4, 0.02
    u, m = (
        random.poisson(5000, 4000) * 1.0,
        random.poisson(5000 * (1 + gain * depth**2), 4000) * 1.0,
    )
    found = modulation_depth(m, u, gain)
    assert np.mean(found.depth_squared) == pytest.approx(depth**2, rel=2e-3)
    assert np.std(found.depth_squared) == pytest.approx(
        float(found.depth_squared_error.mean()), rel=0.04
    )
    assert np.std(found.depth) == pytest.approx(float(found.depth_error.mean()), rel=0.04)
    known = modulation_depth_known(m, 1e4, gain, efficiency=0.5)
    assert np.std(known.depth_squared) == pytest.approx(
        float(known.depth_squared_error.mean()), rel=0.04
    )
    assert np.mean(known.depth_squared_error) < np.mean(found.depth_squared_error)


@pytest.mark.parametrize(("depth", "held"), [(0.0, 0.84), (0.002, 0.683), (0.03, 0.683)])
def test_the_interval_holds_the_true_depth_as_often_as_it_should(depth: float, held: float) -> None:
    random, gain, count = np.random.default_rng(4), 1e4, 40_000
    for counts in (200.0, 5000.0):
        u = 1.0 * random.poisson(counts, count)
        m = 1.0 * random.poisson(counts * (1 + gain * depth**2), count)
        found = modulation_depth(m, u, gain)
        inside = (np.asarray(found.low) <= depth) & (depth <= np.asarray(found.high))
        assert np.mean(inside) == pytest.approx(held, abs=0.035 if depth == 0 else 0.01)
        # m over u alone is too large by one over u, on average
        off = np.mean(np.asarray(found.depth_squared)) - depth**2
        assert abs(off) < 4 * np.std(np.asarray(found.depth_squared)) / np.sqrt(count)


def test_the_smallest_depth_is_seen_as_often_as_it_should() -> None:
    random, gain = np.random.default_rng(3), 1e4
    least = float(smallest_depth(5000.0, gain))
    u, m = (
        random.poisson(5000, 4000) * 1.0,
        random.poisson(5000 * (1 + gain * least**2), 4000) * 1.0,
    )
    found = modulation_depth(m, u, gain)
    assert np.mean(np.asarray(found.significance) > 3) == pytest.approx(0.5, abs=0.04)
    none = modulation_depth(random.poisson(5000, 4000) * 1.0, u, gain)
    assert np.mean(np.asarray(none.significance) > 3) < 0.005
    assert float(modulation_depth(5000.0, 5000.0, gain).smallest) == pytest.approx(
        least, rel=1e-12, abs=0
    )
    # four times the counts, 1 / sqrt 2 of the depth
    assert least / float(smallest_depth(20000.0, gain)) == pytest.approx(np.sqrt(2), rel=1e-12)


def test_what_efficiency_leaves_open_does_not_average_away() -> None:
    found = [modulation_depth_known(n * 1.0, 2.0 * n, 1e4, efficiency=0.5, efficiency_error=0.01)
             for n in (10**6, 10**10)]  # fmt: skip
    assert found[1].smallest == pytest.approx(np.sqrt(3 * 0.02 / 1e4), rel=1e-4)
    assert found[0].smallest == pytest.approx(float(found[1].smallest), rel=1e-2)
    assert float(found[0].depth) == 0.0
    with pytest.raises(InputError, match="nothing was counted"):
        modulation_depth(10.0, 0.0, 1e4)
    with pytest.raises(InputError, match="counts must not be below zero"):
        modulation_depth(-1.0, 10.0, 1e4)
    with pytest.raises(InputError, match="unmodulated must be above zero"):
        smallest_depth(0.0, 1e4)
    with pytest.raises(InputError, match="efficiency must be above zero"):
        modulation_depth_known(1.0, 10.0, 1e4, efficiency=0.0)


def test_the_best_crystal() -> None:
    diamond = material("diamond")
    limits = ChannelLimits(HarmonicPotential(1.26e-10, 24.9, "diamond"), 13.6e9, 0.9)
    found = best_crystal(BUNCH, GAMMA, diamond, limits)
    assert np.all(found.slack > 0)  # what is best lies inside: a gradient of zero

    def photons(amplitude: float, length: float) -> float:
        period = period_for(8265.6, GAMMA, amplitude, diamond)
        for _ in range(3):  # it depends on the charges' own amplitude, which depends on it
            charges = amplitude * swing_ratio(limits.potential, limits.energy, period)
            period = period_for(8265.6, GAMMA, charges, diamond)
        crystal = Planar(
            period, 2 * np.pi * GAMMA * charges / period, round(float(length / period))
        )
        path = limits.lasting(amplitude, period, 8265.6)
        light = coherent_photons(crystal, GAMMA, BUNCH, diamond, path)
        return float(light.coherent * limits.held(amplitude, period) ** 2)

    a, n, step = float(found.amplitude), round(float(found.periods)), float(found.period)
    best = photons(a, n * step)
    assert best == pytest.approx(float(found.coherent), rel=1e-4)
    assert best > photons(0.97 * a, n * step)
    assert best > photons(1.03 * a, n * step)
    assert best > photons(a, 0.9 * n * step)
    assert best > photons(a, 1.1 * n * step)
    tight = ChannelLimits(HarmonicPotential(1.26e-10, 24.9, "diamond"), 13.6e9, 0.2)
    held = best_crystal(BUNCH, GAMMA, diamond, tight)
    assert held.slack[1] == pytest.approx(0, abs=1e-6)
    assert held.coherent < found.coherent
    with pytest.raises(ConvergenceError, match="no crystal was found"):
        best_crystal(BUNCH, GAMMA, diamond, tight, amplitudes=(5e-10, 1e-9))
    with pytest.raises(InputError, match="not that of the conditions"):
        best_crystal(BUNCH, 1.1 * GAMMA, diamond, tight)
    with pytest.raises(InputError, match="two rising numbers"):
        best_crystal(BUNCH, GAMMA, diamond, tight, lengths=(1e-3, 1e-4))


def test_the_period_puts_the_line_at_the_photon_energy() -> None:
    from fieldwright.light import medium_lines

    diamond = material("diamond")
    period = float(period_for(8265.6, GAMMA, 1.2e-10, diamond))
    crystal = Planar.from_amplitude(period, 1.2e-10, GAMMA, 100)
    assert medium_lines(crystal, GAMMA, diamond).low == pytest.approx(8265.6, rel=2e-8)


def integral_k53(x: float) -> float:
    def k(t: Any) -> Any:
        return mp.besselk(mp.mpf(5) / 3, t)

    return float(mp.quad(k, [x, 2 * x, 10 * x, 100 * x, 1e4 * x + 60]))


def test_bessel_functions_of_fractions() -> None:
    x = np.array([1e-8, 1e-3, 0.1, 1.0, 10.0, 50.0, 300.0])
    for order in (1 / 3, 2 / 3):
        np.testing.assert_allclose(_bessel_k(order, x), kv(order, x), rtol=1e-13)
    for value in (1e-3, 10.0):
        assert float(_k53_from(value)) == pytest.approx(integral_k53(value), rel=1e-11, abs=0)


def test_bending_magnet_light_in_all() -> None:
    beam = LightBeam(1.9e9, 0.4)
    energy = np.array([1.0, 30.0, 3050.0, 30000.0])
    # As many energies as below: one program.
    found = bending_magnet_light(beam, 1.27, np.resize(energy, 241))
    told = (np.asarray(part)[:4] for part in (found.flux, found.opening, found.density))
    for one, wanted, opening, axis in zip(energy, *told, strict=True):
        angle = np.linspace(-1, 1, 2001) * 12 * float(opening)
        sigma, across = np.asarray(bending_magnet_density(beam, 1.27, one, angle))
        step = (angle[1] - angle[0]) * 1e3
        assert (sigma + across).sum() * step == pytest.approx(float(wanted), rel=1e-6)
        rms = np.sqrt(((sigma + across) * angle**2).sum() / (sigma + across).sum())
        assert float(opening) == pytest.approx(rms, rel=1e-5)
        assert axis == pytest.approx(sigma[1000], rel=1e-9)
    # far below the critical energy light is a quarter across the plane, and 0.5 linear
    assert found.polarisation[0] == pytest.approx(0.5, abs=3e-3)
    # energy over all of the spectrum: 8 / (9 sqrt 3) of the integral, Schwinger's loss in a turn
    y = np.geomspace(1e-7, 60, 241)
    top = float(found.critical_energy)
    spectrum = np.asarray(bending_magnet_light(beam, 1.27, y * top).flux)
    lost = np.trapezoid(spectrum * 1e3 * y * top, np.log(y)) * 2 * np.pi * 1e3 / float(beam.rate)
    radius = float(beam.energy) * np.sqrt(1 - 1 / float(beam.gamma) ** 2) / 299792458 / 1.27
    turn = 4 * np.pi / 3 * 2.8179403205e-15 * 510998.95069 * float(beam.gamma) ** 4 / radius
    assert lost == pytest.approx(turn, rel=2e-4)
    # half of it is below the critical energy
    whole = np.cumsum(spectrum * y)
    assert np.interp(0.0, np.log(y), whole / whole[-1]) == pytest.approx(0.5, abs=0.02)


def test_the_image_of_a_point_is_wide_by_diffraction() -> None:
    beam = LightBeam(1.9e9, 0.4)
    found = bending_magnet_light(beam, 1.27, 2.48)
    # the amplitude's Fourier transform, whose square is the image
    angle = np.linspace(-0.02, 0.02, 4097)
    amplitude = np.sqrt(np.asarray(bending_magnet_density(beam, 1.27, 2.48, angle))[0])
    slope = np.gradient(amplitude, angle)
    wanted = 5e-7 / (2 * np.pi) * np.sqrt(np.sum(slope**2) / np.sum(amplitude**2))
    assert float(found.image_size) == pytest.approx(wanted, rel=2e-3)
    # no light is narrower in place and angle than lambda / 4 pi
    assert found.image_size * found.opening_sigma > 5e-7 / (4 * np.pi)
    smeared = LightBeam.of_twiss(1.9e9, 0.4, emittance=[1e-8, 1e-8], beta=[1.0, 0.01])
    assert bending_magnet_light(smeared, 1.27, 3e3).density < bending_magnet_light(
        beam, 1.27, 3e3
    ).density  # fmt: skip
    with pytest.raises(InputError, match="photon_energy must be above zero"):
        bending_magnet_light(beam, 1.27, jnp.asarray(-1.0))
