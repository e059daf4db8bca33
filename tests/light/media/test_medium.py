"""Media: refraction, attenuation, and which photon energies an undulator in one gives."""

from __future__ import annotations

import jax
import mpmath as mp
import numpy as np
import pytest
import xraydb

from fieldwright.errors import BelowThresholdError, InputError
from fieldwright.light import (
    PlanarUndulator,
    Plasma,
    TabulatedMedium,
    Vacuum,
    material,
    medium_lines,
)
from fieldwright.sources import CRYSTALS

CRYSTAL = PlanarUndulator(14e-6, 1.5, 100)
GAMMA = 13.6e9 / 510998.95069


def test_plasma_is_formula_11_without_loss_of_digits() -> None:
    for energy in (40.0, 8265.6, 5.9e7):
        with mp.workdps(40):
            exact = 1 - mp.sqrt(1 - (mp.mpf(38) / mp.mpf(energy)) ** 2)
        assert float(Plasma(38.0).one_minus_index(energy)) == pytest.approx(
            float(exact), rel=4e-16, abs=0
        )
    assert Plasma(38.0).permittivity(76.0) == pytest.approx(0.75, rel=1e-15)
    assert float(Plasma(38.0).attenuation(100.0)) == 0.0
    assert np.all(np.asarray(Vacuum().permittivity(np.array([1.0, 2.0]))) == 1.0)


@pytest.mark.parametrize(
    ("name", "symbol", "density"),
    [("diamond", "C", 3.515), ("silicon", "Si", 2.329), ("germanium", "Ge", 5.323)],
)
def test_crystals_against_xraydb(name: str, symbol: str, density: float) -> None:
    energy = 8047.8
    delta, beta, _ = xraydb.xray_delta_beta(symbol, density, energy)
    medium = material(name)
    # densities by lattice constant and by weight agree to 3e-4
    assert medium.one_minus_index(energy) == pytest.approx(delta, rel=1e-3)
    photo = 4 * np.pi * beta * energy / 1.239841984e-6
    assert photo < medium.attenuation(energy) < 1.1 * photo
    total = 100 * density * float(xraydb.mu_chantler(symbol, energy))
    assert medium.attenuation(energy) == pytest.approx(total, rel=2e-3)
    # with the same density, at energies of the table: eight atoms a cell, cm^2/g
    crystal = CRYSTALS[name]
    weight = 8 * crystal.atomic_mass / crystal.lattice_constant**3 / 1000
    nodes = xraydb.chantler_energies(symbol)
    nodes = nodes[(nodes > 3e3) & (nodes < 9e5)][::50]
    exact = 100 * weight * xraydb.mu_chantler(symbol, nodes.copy())
    np.testing.assert_allclose(medium.attenuation(nodes), exact, rtol=1e-9)
    whole = float(medium.plasma_energy)
    assert medium.one_minus_index(5e5) == pytest.approx(0.5 * (whole / 5e5) ** 2, rel=5e-3)
    assert medium.attenuation(2e6) == 0.0


def test_the_line_is_where_the_phase_of_a_period_is_a_whole_turn() -> None:
    found = medium_lines(CRYSTAL, GAMMA, Plasma(38.0), harmonic=2, angle=1e-6)
    with mp.workdps(40):
        gamma, wave = mp.mpf(GAMMA), mp.mpf("14e-6")
        along = mp.sqrt(1 - (1 + mp.mpf("1.5") ** 2 / 2) / gamma**2)
        hc = mp.mpf("6.62607015e-34") * 299792458 / mp.mpf("1.602176634e-19")

        def turns(energy: mp.mpf) -> mp.mpf:
            index = mp.sqrt(1 - (38 / energy) ** 2)
            return wave / along * energy / hc * (1 - along * index * mp.cos(mp.mpf(1e-6)))

        assert abs(turns(mp.mpf(float(found.low))) - 2) < 1e-12
        assert abs(turns(mp.mpf(float(found.high))) - 2) < 1e-8


def test_the_papers_approximations() -> None:
    found = medium_lines(CRYSTAL, GAMMA, Plasma(38.0))
    assert found.low_far / found.low == pytest.approx(1, abs=2e-4)
    assert found.high_far / found.high == pytest.approx(1, abs=2e-4)
    # the root (12b) and the quadratic differ by Omega / omega-
    assert found.low == pytest.approx(8153.77790759, rel=6e-6)
    assert found.high == pytest.approx(59031956.9936, rel=6e-9)
    at = medium_lines(CRYSTAL, float(found.threshold) * (1 + 1e-9), Plasma(38.0))
    assert at.low == pytest.approx(float(at.high), rel=1e-3)


def test_a_tabulated_line_fits_its_own_index() -> None:
    diamond = material("diamond")
    found = medium_lines(CRYSTAL, GAMMA, diamond)
    lack = diamond.one_minus_index(found.low)
    same = medium_lines(CRYSTAL, GAMMA, Plasma(found.low * np.sqrt(lack * (2 - lack))))
    assert found.low == pytest.approx(float(same.low), rel=1e-12)
    slope = jax.grad(lambda K: medium_lines(PlanarUndulator(14e-6, K, 100), GAMMA, diamond).high)
    step = [float(medium_lines(PlanarUndulator(14e-6, K, 100), GAMMA, diamond).high)
            for K in (1.5 - 1e-4, 1.5 + 1e-4)]  # fmt: skip
    assert slope(1.5) == pytest.approx((step[1] - step[0]) / 2e-4, rel=1e-6)


def test_what_cannot_be_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="not above the plasma energy 38 eV: no wave"):
        Plasma(38.0).permittivity(30.0)
    with pytest.raises(InputError, match="tabulated from"):
        material("diamond").one_minus_index(90.0)
    with pytest.raises(InputError, match="no crystal 'glass' is known"):
        material("glass")
    with pytest.raises(InputError, match="above zero"):
        Vacuum().permittivity(-1.0)
    with pytest.raises(InputError, match="must be finite"):
        Plasma(38.0).permittivity(np.nan)
    with pytest.raises(InputError, match="must rise"):
        TabulatedMedium(np.array([2.0, 1.0]), np.ones(2), np.ones(2), 1e28, 6)
    with pytest.raises(BelowThresholdError, match=r"625\.498") as caught:
        medium_lines(CRYSTAL, 600.0, Plasma(38.0))
    assert caught.value.numbers["threshold"] == pytest.approx(625.498022, rel=1e-8)
    with pytest.raises(InputError, match="harmonic_energy"):
        medium_lines(CRYSTAL, GAMMA, Vacuum())
