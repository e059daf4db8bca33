"""Crystals and the fields of their planes, against sums over planes and other potentials."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erfc, erfcx

from fieldwright.constants import ATOMIC_MASS, BOLTZMANN, ELECTRON_MASS, ELEMENTARY_CHARGE, PLANCK
from fieldwright.errors import InputError
from fieldwright.sources import (
    CRYSTALS,
    CrystalPlanes,
    DoyleTurner,
    HarmonicPotential,
    Loop,
    find_crystal,
    split_linear,
)

PLACES = {"100": [0.5], "110": [0.5], "111": [0.375, 0.625]}  # of planes in a period
SOME = [("diamond", "110"), ("silicon", "111"), ("germanium", "100")]
#: Where nothing is special, per period.
PROBES = np.array([0.0, 0.05, 0.13, 0.31, 0.44, 0.5, 0.78])


def plane_sum(crystal, planes, x):
    """Energy (n,) [eV] at x (n,) as Gaussians about each plane near, and its slope and curvature.

    Zero is at x = 0. A plane of areal density n gives 2 pi hbar^2 / m n a sqrt(4 pi / B)
    exp(-4 pi^2 x^2 / B) for each Gaussian of the factor, B = b + 8 pi^2 u^2.
    """
    c = CRYSTALS[crystal]
    period, _ = c.planes(planes)
    a, b = np.array(c.scattering_strengths), np.array(c.scattering_widths)
    wide = b + 8 * np.pi**2 * float(c.vibration(293.0)) ** 2
    mott = PLANCK**2 / (2 * np.pi * ELECTRON_MASS * ELEMENTARY_CHARGE)
    areal = c.atom_density * period / len(PLACES[planes])
    heights = mott * areal * a * np.sqrt(4 * np.pi / wide)
    rows = np.arange(-12, 13)[:, None] + np.array(PLACES[planes])
    d = x[:, None, None] - (period * rows.ravel())[:, None]
    parts = heights * np.exp(-4 * np.pi**2 * d * d / wide)
    rate = 8 * np.pi**2 / wide
    return [
        np.sum(term, axis=(1, 2)) for term in (parts, -rate * d * parts, (rate * d) ** 2 * parts)
    ], np.sum(rate * parts, axis=(1, 2))


@pytest.mark.parametrize(("crystal", "planes"), SOME)
def test_potential_is_the_sum_over_planes(crystal, planes):
    potential = DoyleTurner(crystal, planes)
    x = PROBES * float(potential.spacing)
    (energy, slope, square), width = plane_sum(crystal, planes, x)
    depth, field = float(potential.depth), float(potential.largest_field)
    np.testing.assert_allclose(potential.energy(x), energy - energy[0], atol=1e-12 * depth)
    np.testing.assert_allclose(potential.field(x), -slope, atol=1e-12 * field)
    np.testing.assert_allclose(
        potential.curvature(x), square - width, atol=1e-11 * np.abs(square - width).max()
    )


def test_depth_and_largest_field_are_the_largest():
    for crystal, planes in SOME[:2]:
        potential = DoyleTurner(crystal, planes)
        x = np.linspace(0.0, float(potential.spacing) / 2, 4001)
        energy, field = np.asarray(potential.energy(x)), np.asarray(potential.field(x))
        assert energy.min() >= -1e-12  # the middle of the wide gap is lowest
        assert float(potential.depth) == pytest.approx(energy.max(), rel=1e-6)
        assert float(potential.depth) >= energy.max()
        assert float(potential.largest_field) == pytest.approx(np.abs(field).max(), rel=1e-5)
        assert float(potential.largest_field) >= np.abs(field).max() * (1 - 1e-14)


def moliere(crystal, planes, x):
    """Energy [eV] at x by Moliere's screening function, averaged over the thermal motion."""
    c = CRYSTALS[crystal]
    period, _ = c.planes(planes)
    u, a = float(c.vibration(293.0)), c.screening_length
    rows = (np.arange(-8, 9)[:, None] + np.array(PLACES[planes])).ravel()
    d = np.abs(x - period * rows)
    coulomb = ELEMENTARY_CHARGE / (4 * np.pi * 8.8541878188e-12)
    scale = 2 * np.pi * c.atom_density * period / len(PLACES[planes])
    total = 0.0
    for alpha, beta in ((0.1, 6.0), (0.55, 1.2), (0.35, 0.3)):
        k = beta / a
        near = np.exp((u * k) ** 2 / 2 - k * d) * erfc((u * k - d / u) / np.sqrt(2))
        far = np.exp(-d * d / (2 * u * u)) * erfcx((u * k + d / u) / np.sqrt(2))
        total += alpha / beta * 0.5 * np.sum(near + far)
    return scale * c.atomic_number * coulomb * a * total


@pytest.mark.parametrize(
    ("crystal", "planes", "share"),
    [
        ("diamond", "110", 0.05),
        ("silicon", "110", 0.07),
        ("germanium", "110", 0.19),
    ],
)
def test_depth_is_near_that_of_molieres_potential(crystal, planes, share):
    # One screening function for all elements does not know their shells.
    potential = DoyleTurner(crystal, planes)
    other = moliere(crystal, planes, float(potential.spacing) / 2) - moliere(crystal, planes, 0.0)
    assert float(potential.depth) == pytest.approx(other, rel=share)


def test_depths_of_the_literature():
    assert 22 < float(DoyleTurner("diamond", "110").depth) < 25
    assert 21 < float(DoyleTurner("silicon", "110").depth) < 23


def test_crystals_are_as_dense_as_in_tables():
    for name, density, length in (
        ("diamond", 3515.0, 0.1213),
        ("silicon", 2329.0, 0.0937),
        ("germanium", 5323.0, 0.0230),
    ):
        assert CRYSTALS[name].density == pytest.approx(density, rel=1e-3)
        assert CRYSTALS[name].radiation_length == pytest.approx(length, rel=2e-3)


def test_planes_of_the_diamond_lattice():
    silicon = CRYSTALS["silicon"]
    for planes, gaps in (("100", [1.3578]), ("110", [1.9202]), ("111", [2.3517, 0.7839])):
        period, found = silicon.planes(planes)
        np.testing.assert_allclose(np.array(found) * 1e10, gaps, atol=1e-4)
        assert sum(found) == pytest.approx(period, rel=1e-15)


def test_thermal_motion_has_the_limits_of_debyes_model():
    crystal = CRYSTALS["silicon"]
    hbar = PLANCK / (2 * np.pi)
    scale = hbar**2 / (crystal.atomic_mass * BOLTZMANN * crystal.debye_temperature)
    assert float(crystal.vibration(0.0)) ** 2 == pytest.approx(0.75 * scale, rel=1e-14)
    hot = 100 * crystal.debye_temperature  # next term of the series: (T_D / T)^2 / 36
    assert float(crystal.vibration(hot)) ** 2 == pytest.approx(3 * scale * 100, rel=3e-6)
    for name, measured in (("diamond", 0.042), ("silicon", 0.075), ("germanium", 0.085)):
        assert float(CRYSTALS[name].vibration(293.0)) * 1e10 == pytest.approx(measured, rel=0.012)


def test_electrons_are_as_many_as_the_nuclei_have_charge():
    potential = DoyleTurner("silicon", "111")
    x = np.arange(256) / 256 * float(potential.spacing)
    density = np.asarray(potential.electron_density(x))
    mean = 14 * potential.crystal.atom_density
    assert density.mean() == pytest.approx(mean, rel=1e-13)
    assert density.min() > 0


def test_heat_makes_the_well_shallower_and_derivatives_say_so():
    def depth(temperature):
        return DoyleTurner("diamond", "110", temperature).depth

    slope = jax.grad(depth)(600.0)
    difference = (depth(601.0) - depth(599.0)) / 2
    assert slope < 0
    assert float(slope) == pytest.approx(float(difference), rel=1e-4)


def field_of_energy(planes, point):
    def energy(r):
        return planes.potential.energy(planes.across(r[0], r[2]))

    return -jax.grad(energy)(jnp.asarray(point))


BENT = {
    "straight": {},
    "bent": {"curvature": 0.2},
    "waving": {"amplitude": 1.27e-10, "period": 14e-6},
    "both": {"curvature": -3.0, "amplitude": 4e-10, "period": 30e-6},
}


@pytest.mark.parametrize("kind", BENT)
@pytest.mark.parametrize("potential", [HarmonicPotential(1.26e-10, 24.9), None])
def test_field_is_the_gradient_of_the_energy_across(kind, potential):
    planes = CrystalPlanes(potential or DoyleTurner("diamond", "110"), 1e-3, **BENT[kind])
    z = 3.3e-5
    for shift in (-0.3e-10, 0.4e-10, 0.55e-10):
        point = np.array([float(planes.offset(z)) + shift, 1.0, z])
        np.testing.assert_allclose(
            planes.E(point), field_of_energy(planes, point), rtol=1e-9, atol=1e-3
        )
        assert float(planes.across(point[0], z)) == pytest.approx(shift, rel=1e-6)


def test_bent_planes_are_circles_about_one_axis():
    radius = 2.0
    planes = CrystalPlanes(HarmonicPotential(1.26e-10, 24.9), 1e-2, curvature=1 / radius)
    angle, inward = 4e-3, 0.4e-10
    x = 2 * radius * np.sin(angle / 2) ** 2 + inward * np.cos(angle)
    z = (radius - inward) * np.sin(angle)
    assert float(planes.across(x, z)) == pytest.approx(inward, rel=1e-9)
    Ex, _, Ez = planes.E([x, 0.0, z])
    assert float(Ez / Ex) == pytest.approx(-np.tan(angle), rel=1e-9)
    assert float(planes.slope(radius * np.sin(angle))) == pytest.approx(np.tan(angle), rel=1e-14)


def test_there_is_a_field_inside_only_and_it_turns_with_the_crystal():
    potential = HarmonicPotential(1.26e-10, 24.9)
    planes = CrystalPlanes(potential, 1e-3)
    outside = planes.E([[0.3e-10, 0.0, -1e-9], [0.3e-10, 0.0, 1.0001e-3]])
    np.testing.assert_array_equal(outside, np.zeros((2, 3)))
    turned = CrystalPlanes(
        potential, 1e-3, rotation=[0.0, 0.0, np.pi / 2], position=[0.0, 1e-11, 0.0]
    )
    E = planes.E([0.3e-10, 0.0, 1e-4])
    np.testing.assert_allclose(
        turned.E([0.0, 0.4e-10, 1e-4]), [0.0, E[0], 0.0], rtol=1e-12, atol=1e-4
    )
    linear, rest = split_linear(planes)
    assert float(jnp.abs(linear.G).max()) == 0
    assert rest is planes


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: find_crystal("silcon"), "did you mean 'silicon'"),
        (lambda: DoyleTurner("diamond", "112"), "planes must be one of '100', '110', '111'"),
        (lambda: DoyleTurner("diamond", "110", -5.0), "zero or more, got -5"),
        (lambda: HarmonicPotential(0.0, 24.9), "spacing must be above zero"),
        (lambda: HarmonicPotential(1e-10, float("nan")), "depth must be finite"),
        (lambda: CrystalPlanes(Loop(1.0), 1e-3), "got Loop"),
        (lambda: CrystalPlanes(HarmonicPotential(1e-10, 20.0), -1.0), "length must be above"),
        (lambda: CrystalPlanes(HarmonicPotential(1e-10, 20.0), 2.0, curvature=-1.0), "turn back"),
        (
            lambda: CrystalPlanes(HarmonicPotential(1e-10, 20.0), 1e-3, amplitude=1e-10),
            "the period of their bending",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(InputError, match=says):
        make()


def test_atomic_masses_are_in_kilograms():
    assert CRYSTALS["germanium"].atomic_mass / ATOMIC_MASS == pytest.approx(72.63)
