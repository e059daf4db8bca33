"""Bunches: form factors against explicit sums over charges, and light in step from a crystal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.errors import BelowThresholdError, InputError
from fieldwright.light import (
    GaussianBunch,
    ModulatedBunch,
    PlanarUndulator,
    Plasma,
    TabulatedMedium,
    bunch_gain,
    coherent_photons,
    material,
    medium_lines,
    paper_formulas,
    sampled_form_factor,
    undulator_photons,
)
from fieldwright.light.media._medium import HBAR_C

GAMMA = 13.6e9 / 510998.95069
CRYSTAL = PlanarUndulator(14e-6, 1.5, 100)
LINE = 8153.8222


def arrivals(depth: float, sigma: float, wave: float, count: int, seed: int) -> np.ndarray:
    """c times arrival times of a modulated bunch, drawn by rejection."""
    random = np.random.default_rng(seed)
    z = sigma * random.normal(size=4 * count)
    kept = z[(1 + depth) * random.random(4 * count) < 1 + depth * np.cos(wave * z)]
    return kept[:count]


def path_of_one() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """c t (p,), places (p, 3) and velocities (p, 3) of a charge that is bent to and fro."""
    gamma, k, z = 500.0, 2 * np.pi / 0.02, np.linspace(0, 0.02, 13)
    beta = np.stack([np.sin(k * z) / gamma, 0 * z, np.full_like(z, 1 - 0.75 / gamma**2)], -1)
    place = np.stack([(1 - np.cos(k * z)) / (k * gamma), 0 * z, z], -1)
    return z / beta[:, 2], place, beta


def radiated(ct: Any, shift: Any, energy: float, angles: Any, index: float) -> Any:
    """Amplitude of charges that follow that path delayed by ct (n,) and beside it (n, 2)."""
    polar = np.hypot(*angles)
    n = np.array([*(angles * np.sin(polar) / polar), np.cos(polar)])
    time, place, beta = path_of_one()
    along = index * n
    total = np.zeros(3, dtype=complex)
    for t, r, b in zip(time, place, beta, strict=True):
        moved = np.broadcast_to(r, (len(ct), 3)) + np.pad(shift, ((0, 0), (0, 1)))
        wave = np.exp(1j * energy / HBAR_C * (t + ct - moved @ along))
        total += np.cross(n, np.cross(n, b)) * wave.sum()
    return total


@pytest.mark.parametrize(("off", "depth"), [(0.0, 0.5), (0.3, 1.0), (1.0, 0.5), (0.0, 0.2)])
def test_explicit_sum_over_delayed_trajectories(off: float, depth: float) -> None:
    count, size, resonance = 10_000, np.array([3e-6, 1e-6, 2e-7]), 100.0
    angles, energy = np.array([4e-4, -3e-4]), resonance + off * HBAR_C / 2e-7
    medium = Plasma(38.0) if depth == 1 else None
    index = float(1 - medium.one_minus_index(energy)) if medium is not None else 1.0
    bunch = ModulatedBunch(count, size, depth=depth, resonance=resonance)
    factor = float(bunch.form_factor(energy, angles, medium))
    nothing = np.zeros((1, 2))
    one = np.sum(np.abs(radiated(np.zeros(1), nothing, energy, angles, index)) ** 2)
    gains = []
    for seed in range(12):
        ct = arrivals(depth, 2e-7, resonance / HBAR_C, count, seed)
        xy = size[:2] * np.random.default_rng(900 + seed).normal(size=(count, 2))
        gains.append(np.sum(np.abs(radiated(ct, xy, energy, angles, index)) ** 2) / one)
    wanted = float(bunch.gain(energy, angles, medium))
    scatter = np.sqrt(2 * factor * (1 - factor) / count + 1 / count**2) * count**2
    assert np.mean(gains) == pytest.approx(wanted, abs=3.5 * scatter / np.sqrt(12))
    assert 0 < scatter / np.sqrt(12) < 0.06 * wanted
    # the same charges, by the non-uniform transform
    found = sampled_form_factor(ct / SPEED_OF_LIGHT, np.array([energy]), xy, angles, medium)
    assert found.gain[0] == pytest.approx(gains[-1], rel=1e-6)
    assert abs(found.form_factor[0] - factor) < 4 * found.error[0]


def test_shot_noise_is_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    # so many small sums take long with threads, and the transform is compared above
    monkeypatch.setattr("fieldwright.light.bunches._bunch_samples.has_library", lambda: False)
    times = np.random.default_rng(6).normal(0, 3e-15, (150, 1000))
    # 0.81, 0.27 and nothing in step: right on average, and spread as is said
    for energy, rtol in ((np.array([0.1, 0.25]), 0.15), (np.array([8000.0, 8001.0]), 0.3)):
        found = [sampled_form_factor(t, energy) for t in times]
        factors = np.array([one.form_factor for one in found])
        wanted = np.exp(-((energy / HBAR_C * 3e-15 * SPEED_OF_LIGHT) ** 2))
        spread, said = factors.std(axis=0), np.mean([one.error for one in found], axis=0)
        off = np.abs(factors.mean(axis=0) - wanted)
        np.testing.assert_array_less(off, 3.5 * said / 150**0.5)
        np.testing.assert_allclose(spread, said, rtol=rtol)
    # left in, it would be one over a thousand: twelve deviations of the mean
    assert np.mean([one.gain for one in found]) == pytest.approx(1000, rel=0.2)


def test_formula_16_and_all_three_terms() -> None:
    F, N = 0.3, 1e4
    assert bunch_gain(N, F) == pytest.approx(N * (1 - F) + N**2 * F, rel=1e-15)
    z = np.linspace(-12, 12, 20001) * 1e-7
    for phase in (0.0, 1.0):
        # a modulation about as long as the bunch: all terms count
        bunch = ModulatedBunch(1e6, [0.0, 0.0, 1e-7], depth=0.8, resonance=3.0, phase=phase)
        density = np.exp(-0.5 * (z / 1e-7) ** 2) * (1 + 0.8 * np.cos(3.0 / HBAR_C * z + phase))
        for energy in (0.5, 3.0, 4.0):
            sums = np.abs(np.sum(density * np.exp(1j * energy / HBAR_C * z)) / density.sum()) ** 2
            assert bunch.longitudinal(energy) == pytest.approx(sums, rel=1e-10)
    far = ModulatedBunch(1e6, [0.0, 0.0, 9e-6], depth=0.01, resonance=8265.6)
    assert far.longitudinal(8265.61) == pytest.approx(float(far.resonant(8265.61)), rel=1e-9, abs=0)
    plain = GaussianBunch(1e6, [1e-5, 1e-5, 1e-7])
    assert plain.longitudinal(1.0) == pytest.approx(np.exp(-((1e-7 / HBAR_C) ** 2)), rel=1e-12)
    # across, light is slower in a medium and waves are longer
    ratio = np.log(plain.transverse(50.0, [1e-4, 0.0], Plasma(38.0))) / np.log(
        plain.transverse(50.0, [1e-4, 0.0])
    )
    assert ratio == pytest.approx(1 - (38 / 50) ** 2, rel=1e-9)


def brute(bunch: ModulatedBunch, energy: float, medium: Any) -> float:
    """Photons in step: one charge's light, with all harmonics, times the form factor, summed."""
    reach = np.linspace(-6, 6, 49) * HBAR_C / energy / np.sqrt(2)
    x, y = reach / bunch.size[0], reach / bunch.size[1]
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), -1)
    light = undulator_photons(CRYSTAL, GAMMA, energy, grid, medium) / energy
    across = np.sum(np.asarray(light * bunch.transverse(energy, grid, medium)))
    line = float(bunch.depth) ** 2 / 4 * np.sqrt(np.pi) * HBAR_C / bunch.size[2]
    return float(across * (x[1] - x[0]) * (y[1] - y[0]) * line * bunch.particles**2)


@pytest.mark.parametrize(
    ("energy", "name"), [(LINE, "plasma"), (8265.6, "plasma"), (8254.7, "diamond")]
)
def test_photons_in_step_against_a_sum_over_angles(energy: float, name: str) -> None:
    medium = Plasma(38.0) if name == "plasma" else material(name)
    bunch = ModulatedBunch(1.56e9, [4e-6, 2e-6, 9e-6], depth=0.5, resonance=energy)
    found = coherent_photons(CRYSTAL, GAMMA, bunch, medium)
    # the harmonic's own cone makes some 1e-3 of difference at 1 um, less for wider bunches
    assert found.coherent == pytest.approx(brute(bunch, energy, medium), rel=1e-3)


def test_the_papers_photons_are_per_angle() -> None:
    def at(width: float, depth: float = 1.0) -> ModulatedBunch:
        return ModulatedBunch(1.56e9, [width, width, 9e-6], depth=depth, resonance=LINE)

    printed = paper_formulas(CRYSTAL, GAMMA, at(0.0), 38.0)
    thin, wide = (coherent_photons(CRYSTAL, GAMMA, at(w), Plasma(38.0)) for w in (0.0, 1e-5))
    # per theta^2 is pi times per steradian
    assert np.pi * thin.per_steradian == pytest.approx(float(printed.coherent), rel=2e-4)
    wave = 2 * np.pi * HBAR_C / LINE
    assert thin.coherent == pytest.approx(float(printed.coherent) * wave / 1.4e-3, rel=1e-3)
    k = LINE / HBAR_C
    assert wide.coherent == pytest.approx(float(printed.coherent) / (k * 1e-5) ** 2, rel=1e-3)
    assert printed.ratio == pytest.approx(float(printed.coherent / printed.incoherent), rel=1e-12)
    low = coherent_photons(CRYSTAL, GAMMA, at(1e-5, 0.01), Plasma(38.0))
    assert low.coherent == pytest.approx(1e-4 * float(wide.coherent), rel=1e-12)
    assert low.incoherent == wide.incoherent


def test_loss_and_dechanneling() -> None:
    bunch = ModulatedBunch(1.56e9, [0.0, 0.0, 9e-6], depth=1.0, resonance=LINE)
    free = coherent_photons(CRYSTAL, GAMMA, bunch, Plasma(38.0))
    found = coherent_photons(CRYSTAL, GAMMA, bunch, Plasma(38.0), dechanneling_length=1.4e-3)
    # a thin bunch gives the integral of f^2, and one charge that of its chance to be there
    assert found.kept == pytest.approx((1 - np.exp(-2)) / 2, rel=1e-6)
    assert found.incoherent / free.incoherent == pytest.approx(1 - np.exp(-1), rel=1e-6)
    assert found.per_steradian / free.per_steradian == pytest.approx(
        (1 - np.exp(-1)) ** 2, rel=1e-4
    )
    # with absorption: along exp(-2 z / L_D - mu (L - z)), over the crystal's length
    diamond, length = material("diamond"), 1.4e-3
    line = float(medium_lines(CRYSTAL, GAMMA, diamond).low)
    bunch = ModulatedBunch(1.56e9, [0.0, 0.0, 9e-6], depth=1.0, resonance=line)
    both = coherent_photons(CRYSTAL, GAMMA, bunch, diamond, dechanneling_length=2e-3)
    lost = float(diamond.attenuation(line))
    # without, a cone of theta^2 = lambda / L, the wave's length being that inside
    free = coherent_photons(CRYSTAL, GAMMA, bunch, transparent(diamond))
    wave = 2 * np.pi * HBAR_C / line / (1 - float(diamond.one_minus_index(line)))
    assert free.solid_angle == pytest.approx(np.pi * wave / length, rel=1e-9, abs=0)
    for leaving, ratio in ((1e3, both.kept), (5e2, both.incoherent / free.incoherent)):
        rate = lost - leaving
        exact = np.exp(-lost * length) * np.expm1(rate * length) / (rate * length)
        assert ratio == pytest.approx(exact, rel=2e-7)


def transparent(medium: TabulatedMedium) -> TabulatedMedium:
    """One that refracts alike and hardly absorbs."""
    return TabulatedMedium(
        medium.energies, medium.f1, 1e-12 * medium.losses, medium.atoms, medium.atomic_number
    )


def test_wrong_bunches_are_refused_in_words() -> None:
    with pytest.raises(InputError, match="depth must be from 0 to 1"):
        ModulatedBunch(1e9, [0.0, 0.0, 1e-6], depth=1.5, resonance=1e3)
    with pytest.raises(InputError, match="sizes must not be negative"):
        GaussianBunch(1e9, [0.0, -1e-6, 1e-6])
    with pytest.raises(InputError, match="at least two"):
        sampled_form_factor(np.zeros(1), np.ones(1))
    with pytest.raises(InputError, match="photon_energy must be finite"):
        GaussianBunch(1e9, [0.0, 0.0, 1e-6]).form_factor(np.nan)
    with pytest.raises(InputError, match="the bunch's length"):
        coherent_photons(CRYSTAL, GAMMA, ModulatedBunch(1e9, [1e-6, 1e-6, 0.0], 0.1, LINE))
    with pytest.raises(BelowThresholdError, match=r"gamma_th = 625\.498"):
        paper_formulas(CRYSTAL, 600.0, ModulatedBunch(1e9, [0.0, 0.0, 1e-6], 0.1, LINE), 38.0)
    with pytest.raises(InputError, match="dechanneling_length must be above zero"):
        coherent_photons(
            CRYSTAL, GAMMA, ModulatedBunch(1e9, [0.0, 0.0, 1e-6], 0.1, LINE), Plasma(38.0), -1.0
        )
