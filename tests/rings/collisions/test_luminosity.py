"""Luminosity, space charge and dynamic beta against closed forms and integrals done otherwise."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import solve_discrete_lyapunov
from scipy.optimize import brentq
from scipy.special import erfcx

from fieldwright.errors import ConvergenceError, InputError, UnstableLatticeError
from fieldwright.motion import SPECIES
from fieldwright.rings import (
    Bunch,
    Drift,
    Lattice,
    beam_beam_lens,
    beam_beam_parameter,
    beams_in_collision,
    classical_radius,
    dynamic_beta,
    equilibrium,
    luminosity,
    self_consistent_xi,
    vepp2000,
)
from fieldwright.rings.collisions._collision import _settle

GAMMA = 1e9 / 510998.95
R_E = classical_radius(SPECIES["e-"])
PRINTED = {"emittance": 2.2e-7, "beta": 0.1, "length": 0.033}  # table 1 of VEPP-2000
REVOLUTION = 299792458.0 / 24.388


@pytest.mark.parametrize("ratio", [1e-2, 0.05, 0.5, 3.03, 300.0])
def test_hourglass_of_round_beams_is_the_known_one(ratio: float) -> None:
    bunch = Bunch.of_twiss(1e10, emittance=1e-8, beta=0.02 * ratio, length=0.02)
    found = luminosity(bunch, frequency=1e6)
    known = np.sqrt(np.pi) * ratio * erfcx(ratio)
    assert abs(float(found.hourglass) / known - 1) < 1e-12
    sigma2 = 1e-8 * 0.02 * ratio
    nominal = 1e20 * 1e6 / (4 * np.pi * sigma2)
    assert abs(float(found.luminosity) / (nominal * known) - 1) < 1e-12
    assert float(found.error_estimate) < 1e-10 * float(found.luminosity)


def test_flat_unequal_beams_against_an_integral_along_the_crossing() -> None:
    first = Bunch.of_twiss(2e10, emittance=(3e-8, 2e-10), beta=(0.3, 0.008), length=0.01)
    second = Bunch.of_twiss(
        5e10, emittance=(1e-8, 4e-10), beta=(0.2, 0.012), length=0.014, alpha=(0.4, -0.7)
    )

    def density(s: float) -> float:
        across = 1.0
        for e1, b1, e2, b2, a2 in ((3e-8, 0.3, 1e-8, 0.2, 0.4), (2e-10, 8e-3, 4e-10, 12e-3, -0.7)):
            square = e1 * (b1 + s * s / b1) + e2 * (b2 + 2 * a2 * s + (1 + a2**2) / b2 * s * s)
            across *= np.sqrt(2 * np.pi * square)
        long = 0.01**2 + 0.014**2
        return 2 * np.exp(-2 * s * s / long) / np.sqrt(2 * np.pi * long) / across

    integral = quad(density, -0.1, 0.1, points=[0.0], epsabs=0, epsrel=1e-12, limit=200)[0]
    found = luminosity(first, second, frequency=3e6)
    assert abs(float(found.luminosity) / (1e21 * 3e6 * integral) - 1) < 1e-11
    swapped = luminosity(second, first, frequency=3e6)
    assert abs(float(swapped.luminosity / found.luminosity) - 1) < 1e-12


def coupled(seed: int) -> np.ndarray:
    """A covariance with every correlation there can be, and waists about as long as the bunch."""
    random = np.random.default_rng(seed)
    mix = random.normal(size=(6, 12))
    scale = np.array([1e-4, 4e-3, 0.6e-4, 3e-3, 0.02, 1e-3])
    correlation = mix @ mix.T
    size = np.sqrt(np.diag(correlation))
    return correlation / np.outer(size, size) * np.outer(scale, scale)


def drifted(covariance: np.ndarray, s: float) -> np.ndarray:
    drift = np.eye(6)
    drift[0, 1] = drift[2, 3] = s
    return (drift @ covariance @ drift.T)[:5:2, :5:2]


def test_overlap_of_coupled_bunches_in_four_dimensions() -> None:
    one, two = coupled(1), coupled(2)
    nodes = np.linspace(-5.2, 5.2, 25)
    reach = 0.5 * np.sqrt(one[4, 4] + two[4, 4])
    total = 0.0
    z = np.sqrt(0.5 * (one[4, 4] + two[4, 4])) * nodes
    for s in reach * np.linspace(-4.2, 4.2, 61):
        a, b = np.linalg.inv(drifted(one, s)), np.linalg.inv(drifted(two, -s))
        width = np.sqrt(np.diag(np.linalg.inv(a + b)))
        x, y, u = np.meshgrid(
            *[w * np.linspace(-9, 9, 37) for w in width[:2]], z, indexing="ij"
        )  # u = -ct: bunches pass s at z = s + u and -s + u
        p, q = np.stack([x, y, s + u]), np.stack([x, y, u - s])
        exponent = sum(
            np.einsum("iabc,ij,jabc->abc", at, form, at) for at, form in ((p, a), (q, b))
        )
        cells = np.prod([v[1] - v[0] for v in (x[:, 0, 0], y[0, :, 0], u[0, 0, :])])
        norm = np.sqrt(np.linalg.det(a) * np.linalg.det(b)) / (2 * np.pi) ** 3
        total += 2 * norm * cells * np.sum(np.exp(-0.5 * exponent)) * reach * 8.4 / 60
    found = luminosity(Bunch(1.0, one), Bunch(1.0, two), frequency=1.0)
    assert abs(float(found.luminosity) / total - 1) < 1e-6


def test_turning_both_beams_changes_nothing_and_turning_one_does() -> None:
    twiss = {"emittance": (4e-8, 1e-9), "beta": (0.2, 0.02), "length": 0.03}
    flat = Bunch.of_twiss(1e10, **twiss)
    c, s = np.cos(0.6), np.sin(0.6)
    turn = np.kron(np.array([[c, -s], [s, c]]), np.eye(2))
    tilted = Bunch(1e10, turn @ flat.covariance[:4, :4] @ turn.T, 0.03)
    upright = luminosity(flat, frequency=1.0).luminosity
    assert abs(float(luminosity(tilted, frequency=1.0).luminosity / upright) - 1) < 1e-12
    across = luminosity(flat, tilted, frequency=1.0)
    section = flat.section + tilted.section
    area = 2 * np.pi * np.sqrt(np.linalg.det(section))
    assert abs(float(across.area) / area - 1) < 1e-12
    assert float(across.luminosity) < 0.5 * float(upright)


def test_luminosity_has_the_derivative_it_should() -> None:
    def of(beta: float) -> jax.Array:
        bunch = Bunch.of_twiss(1e10, emittance=1e-8, beta=beta, length=0.02)
        return luminosity(bunch, frequency=1.0).hourglass

    slope = float(jax.jit(jax.grad(of))(0.03))
    t, h = 1.5, 1e-5
    known = [np.sqrt(np.pi) * u * erfcx(u) for u in (t - h, t + h)]
    assert abs(slope * 0.02 / ((known[1] - known[0]) / (2 * h)) - 1) < 1e-8


def test_a_waist_too_short_for_the_bunch_is_refused() -> None:
    bunch = Bunch.of_twiss(1e10, emittance=1e-8, beta=1e-6, length=0.02)
    with pytest.raises(ConvergenceError, match="waist is too short"):
        luminosity(bunch, frequency=1.0)


def test_what_is_no_bunch_is_refused() -> None:
    good = Bunch.of_twiss(1e10, emittance=1e-8, beta=0.1, length=0.02).covariance
    with pytest.raises(InputError, match="length"):
        Bunch(1e10, good[:4, :4])
    with pytest.raises(InputError, match="length"):
        Bunch(1e10, good, 0.02)
    with pytest.raises(InputError, match="symmetric"):
        Bunch(1e10, good + np.eye(6, k=1) * 1e-8)
    with pytest.raises(InputError, match="width, a height and a length"):
        Bunch(1e10, good * np.array([1, 1, 0, 0, 1, 1]))
    with pytest.raises(InputError, match="shape"):
        Bunch(1e10, np.eye(3))
    with pytest.raises(InputError, match="above zero"):
        Bunch.of_twiss(1e10, emittance=(1e-8, 0.0), beta=0.1, length=0.02)


def slope_of_field(width: float, height: float) -> float:
    """The lens of an elliptic bunch from the potential of its charge, an integral."""
    integral = quad(lambda q: (2 * width**2 + q) ** -1.5 * (2 * height**2 + q) ** -0.5, 0, np.inf)
    return 2 * R_E / GAMMA * integral[0]


def test_the_lens_of_a_bunch_is_that_of_its_field() -> None:
    width, height = 3e-1, 0.7e-1  # [m]; the field scales
    flat = np.diag([width**2, 1.0, height**2, 1.0])
    lens = np.asarray(beam_beam_lens(Bunch(1.0, flat, 1.0), GAMMA))
    upright = np.diag([slope_of_field(width, height), slope_of_field(height, width)])
    np.testing.assert_allclose(lens, upright, rtol=1e-9, atol=1e-30)
    xi = beam_beam_parameter(Bunch(1.0, flat, 1.0), (0.3, 0.02), GAMMA)
    flat_formula = R_E * 0.02 / (2 * np.pi * GAMMA * height * (width + height))
    assert abs(float(xi[1]) / flat_formula - 1) < 1e-12
    c, s = np.cos(0.4), np.sin(0.4)
    axes = np.array([[c, -s], [s, c]])
    turn = np.kron(axes, np.eye(2))
    tilted = Bunch(1.0, turn @ flat @ turn.T, 1.0)
    np.testing.assert_allclose(
        beam_beam_lens(tilted, GAMMA), axes @ upright @ axes.T, rtol=1e-9, atol=1e-30
    )


def test_of_equal_round_beams_xi_does_not_know_beta() -> None:
    for beta in (0.01, 0.1):
        bunch = Bunch.of_twiss(1e11, emittance=2.2e-7, beta=beta, length=0.033)
        xi = beam_beam_parameter(bunch, beta, GAMMA)
        assert np.allclose(xi, 1e11 * R_E / (4 * np.pi * GAMMA * 2.2e-7), rtol=1e-12)


@pytest.mark.parametrize(
    ("xi", "tune", "crossings"), [(0.05, 4.1, 2), (0.08, 4.1, 1), (0.02, 0.3, 1), (0.03, 1.62, 1)]
)
def test_dynamic_beta_is_that_of_the_map(xi: float, tune: float, crossings: int) -> None:
    """One plane of beta 1 m: a turn with the lens, and the beam that isotropic noise makes."""
    mu = 2 * np.pi * tune / crossings
    turn = np.array([[np.cos(mu), np.sin(mu)], [-np.sin(mu), np.cos(mu)]])
    half = np.array([[1.0, 0.0], [-2 * np.pi * xi, 1.0]])
    whole = half @ turn @ half
    cosine = np.trace(whole) / 2
    sine = np.sign(np.sin(mu)) * np.sqrt(1 - cosine**2)
    found = dynamic_beta(xi, tune, crossings)
    assert abs(float(found.beta_ratio) - whole[0, 1] / sine) < 1e-12
    shift = np.arctan2(sine, cosine) - np.arctan2(np.sin(mu), np.cos(mu))
    shift = (shift + np.pi) % (2 * np.pi) - np.pi
    assert abs(float(found.tune_shift) - crossings * shift / (2 * np.pi)) < 1e-12
    # noise and damping outside the lens; the covariance in its middle
    decay = 1e-7
    cycle = half @ ((1 - decay) * turn) @ half
    noise = half @ (2 * decay * np.eye(2)) @ half.T
    beam = solve_discrete_lyapunov(cycle, noise)
    assert abs(float(found.size_ratio) ** 2 / beam[0, 0] - 1) < 1e-5
    assert abs(float(found.emittance_ratio) / np.sqrt(np.linalg.det(beam)) - 1) < 1e-5


@pytest.mark.parametrize("emittance", [True, False])
@pytest.mark.parametrize("crossings", [1, 2])
def test_the_self_consistent_lens_is_a_fixed_point(emittance: bool, crossings: int) -> None:
    def area(xi: float) -> float:
        found = dynamic_beta(xi, 4.1, crossings)
        return float(found.size_ratio**2 if emittance else found.beta_ratio)

    known = brentq(lambda xi: xi * area(xi) - 0.0521, 0.0521, 0.4, xtol=1e-15)
    found = self_consistent_xi(0.0521, 4.1, crossings, emittance_changes=emittance)
    assert abs(float(found) / known - 1) < 1e-11


def test_lenses_that_hold_no_beam_are_refused() -> None:
    with pytest.raises(UnstableLatticeError, match="no stable motion") as error:
        dynamic_beta(0.1, 0.45)
    assert error.value.numbers["cosine"] < -1
    grown = self_consistent_xi(0.1, 0.45)  # as beams they grow, and so hold
    assert 0 < float(grown) < 0.1 / 4
    assert dynamic_beta(grown, 0.45).beta_ratio > 0
    with pytest.raises(InputError, match="integer"):
        dynamic_beta(0.1, 4.0, 2)
    with pytest.raises(InputError, match="negative"):
        dynamic_beta(-0.1, 4.1)


def test_the_printed_luminosity_of_vepp_2000_needs_dynamic_beta() -> None:
    """Table 1 of P. Yu. Shatunov (2011): 1e32 /cm2/s does not follow from the rest of it."""
    printed = 1e36
    bunch = Bunch.of_twiss(1e11, **PRINTED)
    plain = luminosity(bunch, frequency=REVOLUTION)
    assert abs(float(plain.nominal) / printed - 0.4446) < 1e-4
    assert abs(float(plain.luminosity) / printed - 0.4236) < 1e-4
    xi = beam_beam_parameter(bunch, 0.1, GAMMA)[0]
    assert abs(float(xi) - 0.0521) < 1e-4
    # beta alone dynamic, no hourglass, two crossings: that is the printed number
    alone = dynamic_beta(self_consistent_xi(xi, 4.1, 2, emittance_changes=False), 4.1, 2)
    assert abs(float(plain.nominal / alone.beta_ratio) / printed - 0.990) < 1e-3
    assert 0.11 < float(alone.xi) < 0.12
    # with the emittance that comes along, and the hourglass, it is not
    both = dynamic_beta(self_consistent_xi(xi, 4.1, 2), 4.1, 2)
    squeezed = Bunch.of_twiss(
        1e11,
        emittance=2.2e-7 * both.emittance_ratio,
        beta=0.1 * both.beta_ratio,
        length=0.033,
    )
    reached = luminosity(squeezed, frequency=REVOLUTION)
    assert abs(float(reached.luminosity) / printed - 0.5775) < 1e-3


def test_like_beams_settle_to_the_self_consistent_lens() -> None:
    """Two equal arcs of a round ring, with noise that comes at all phases alike."""
    advance, beta, emittance, decay = 2 * np.pi * 2.05, 0.1, 2.2e-7, 3e-5
    c, s = np.cos(advance), np.sin(advance)
    plane = np.array([[c, beta * s], [-s / beta, c]])
    slow = 0.02 * np.pi
    long = np.array([[np.cos(slow), np.sin(slow)], [-np.sin(slow), np.cos(slow)]])
    arc = np.zeros((6, 6))
    for first, block in ((0, plane), (2, plane), (4, long)):
        arc[first : first + 2, first : first + 2] = (1 - decay) * block
    apart = np.diag([emittance * beta, emittance / beta] * 2 + [1e-3, 1e-3])
    noise = apart - arc @ apart @ arc.T
    ring = Lattice.of([Drift(name="D", length=24.388)], energy=1e9)
    lens, covariance, turn = _settle([arc] * 2, [noise] * 2, np.array([apart] * 2), 1e11, ring)
    xi = R_E * 1e11 / (4 * np.pi * float(ring.gamma) * emittance)
    known = dynamic_beta(self_consistent_xi(xi, 4.1, 2), 4.1, 2)
    np.testing.assert_allclose(lens[1], np.eye(2) * 4 * np.pi * known.xi / beta, rtol=3e-4)
    size = np.sqrt(covariance[0, 0, 0] / apart[0, 0])
    assert abs(size / float(known.size_ratio) - 1) < 2e-4  # as far as damping is small
    phases = np.abs(np.angle(np.linalg.eigvals(turn))) / (2 * np.pi)
    assert np.isclose(phases, 0.1 + float(known.tune_shift), atol=1e-4).sum() == 4


def test_crossing_points_are_checked() -> None:
    ring = Lattice.of([Drift(name="D", length=24.388)], energy=1e9)
    with pytest.raises(InputError, match="each once"):
        beams_in_collision(ring, 1e11, ["IP", "IP"])
    with pytest.raises(InputError, match="above zero"):
        beams_in_collision(ring, 0.0, ["IP"])
    with pytest.raises(InputError, match="no element 'IP'"):
        beams_in_collision(ring, 1e11, ["IP"])


@pytest.mark.slow
def test_vepp_2000_keeps_its_size_in_collision() -> None:
    """Beta shrinks and emittance grows: the noise comes at phases that make up for each other."""
    ring = vepp2000("++--")
    beam = equilibrium(ring)
    weak, strong = (beams_in_collision(ring, n, ["IP1", "IP2"], beam=beam) for n in (1e6, 1e11))
    np.testing.assert_allclose(weak.size_ratio, 1.0, atol=1e-6)
    assert np.all(strong.size_ratio < 1.03)
    assert strong.emittances[0] > 1.7 * strong.emittances[1]
    shift = strong.tunes[0] - weak.tunes[0]
    xi = strong.lens[0, 0, 0] * 0.1 / (4 * np.pi)
    assert abs(shift / float(dynamic_beta(xi, 4.1, 2).tune_shift) - 1) < 1e-3
