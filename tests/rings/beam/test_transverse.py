"""Formula (10) from a lattice's elements: against textbook integrals and the 6 x 6 solution."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.constants import ELECTRON_MASS, PLANCK, SPEED_OF_LIGHT
from fieldwright.errors import InputError, UnstableLatticeError
from fieldwright.rings import (
    Bend,
    Drift,
    Lattice,
    Quadrupole,
    RFCavity,
    Solenoid,
    equilibrium,
    transverse_equilibrium,
    vepp2000,
)


def ring(skew: float, ks: float, tilt: float) -> Lattice:
    """Eight FODO cells, one of them with a solenoid. The slow RF keeps Q_s^2 below 1e-5."""
    bend = Bend(name="B", length=1.5, angle=np.pi / 8, e1=0.1, e2=0.15, k1=-0.02)
    drift = Drift(name="D", length=0.5)
    focus = Quadrupole(name="QF", length=0.3, k1=1.2, k1s=skew)
    defocus = Quadrupole(name="QD", length=0.3, k1=-1.35, tilt=tilt)
    cell = [focus, drift, bend, drift, defocus, drift, bend, drift]
    middle = [Drift(name="H", length=0.05), Solenoid(name="S", length=0.4, ks=ks)]
    cavity = RFCavity(name="RF", voltage=3e4, harmonic=1)
    return Lattice.of([*(8 * cell)[:28], *middle, *(8 * cell)[28:], cavity], energy=1e9)


#: Three machines of one structure, so that they share what is compiled.
RINGS = {
    "nearly plain": (1e-9, 1e-9, 1e-9),
    "skew and tilted quadrupoles": (0.05, 1e-9, 0.03),
    "with a solenoid": (0.03, 0.8, 1e-9),
}


@pytest.fixture(scope="module")
def plain() -> Lattice:
    return ring(*RINGS["nearly plain"])


def deviation(lattice: Lattice) -> float:
    """The largest |dC_ij| / sqrt(C_ii C_jj) of x, y and slopes, against the 6 x 6 solution."""
    other = np.asarray(equilibrium(lattice).covariance)[:, :4, :4]
    mine = np.asarray(transverse_equilibrium(lattice).covariance)
    scale = np.sqrt(np.einsum("nii->ni", other))
    scale = np.where(scale > 1e-8, scale, np.inf)  # heights of flat beams
    return float((np.abs(mine - other) / (scale[:, :, None] * scale[:, None, :])).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", RINGS)
def test_sizes_are_those_of_the_full_motion(name: str) -> None:
    assert deviation(ring(*RINGS[name])) < 5e-4


@pytest.mark.parametrize("polarity", ["++--", "+-+-"])
def test_round_and_planar_beams_of_vepp_2000(polarity: str) -> None:
    """Modes are degenerate: the smallest split of their tunes shares out the emittances.

    The full motion's orbit sags between cavities, by U0 / E: that splits them by 1e-5 at 1 GeV and,
    as the chromaticity is not corrected, adds a dispersion of 2 cm. At 500 MeV both are eight times
    less.
    """
    lattice = vepp2000(polarity).with_energy(5e8).set("RFCavity:*", voltage=6275.0)
    other = np.asarray(equilibrium(lattice).covariance)[:, :4, :4]
    found = transverse_equilibrium(lattice)
    mine = np.asarray(found.covariance)
    scale = np.sqrt(np.einsum("nii->ni", other))
    scale = np.where(scale > 1e-2 * scale.max(0), scale, np.inf)
    error = np.abs(mine - other) / (scale[:, :, None] * scale[:, None, :])
    assert error.max() < 1e-3
    if polarity == "+-+-":
        # of two equal sizes either axis may be named first: the long one lies at -45 degrees
        angle, size = float(found.spot.angle[0]), found.spot.size[0]
        long = angle if size[0] > size[1] else angle - np.pi / 2
        assert long == pytest.approx(-np.pi / 4, abs=1e-3)
        far = np.abs(found.far[0, 0, 2]) / found.betatron[0, 0, 0]
        assert far < 1.0 + 1e-6


def test_plain_ring_has_the_textbooks_emittance(plain: Lattice) -> None:
    """Radiation integrals by brute force: thin slices, no shared code."""
    found = transverse_equilibrium(plain)
    steps: list[tuple[np.ndarray, float, float, float]] = []  # matrix, h, k1, length
    for element in plain.elements:
        h = element.angle / element.length if isinstance(element, Bend) else 0.0
        k1 = getattr(element, "k1", 0.0)
        if isinstance(element, Bend):
            steps.append((_edge(h, element.e1), h * h * np.tan(element.e1), 0.0, 0.0))
        count = 400 if h else 1
        ds = element.length / count
        steps += count * [(_slice(h, k1, ds), h, k1, ds)] if ds else []
        if isinstance(element, Bend):
            steps.append((_edge(h, element.e2), h * h * np.tan(element.e2), 0.0, 0.0))
    whole = np.eye(3)
    for matrix, *_ in steps:
        whole = matrix @ whole
    cosine = np.trace(whole[:2, :2]) / 2
    beta = whole[0, 1] / np.copysign(np.sqrt(1 - cosine**2), whole[0, 1])
    alpha = (whole[0, 0] - cosine) / whole[0, 1] * beta
    ellipse = np.array([[beta, -alpha], [-alpha, (1 + alpha**2) / beta]])
    orbit = np.append(np.linalg.solve(np.eye(2) - whole[:2, :2], whole[:2, 2]), 1.0)
    i2 = i4 = i5 = 0.0
    for matrix, h, k1, ds in steps:
        middle = matrix if not ds else _slice(h, k1, ds / 2)
        there, around = middle @ orbit, middle[:2, :2] @ ellipse @ middle[:2, :2].T
        if ds:
            i2 += h * h * ds
            i4 += there[0] * h * (h * h + 2 * k1) * ds
            curly_h = there[:2] @ np.linalg.inv(around) @ there[:2]
            i5 += abs(h) ** 3 * curly_h * ds
        else:
            i4 -= orbit[0] * h  # pole faces: eta h^2 tan(e)
        orbit, ellipse = matrix @ orbit, matrix[:2, :2] @ ellipse @ matrix[:2, :2].T
    compton = PLANCK / (2 * np.pi * ELECTRON_MASS * SPEED_OF_LIGHT)
    quantum = 55 / (32 * np.sqrt(3)) * compton * float(plain.gamma) ** 2
    emittance = quantum * i5 / (i2 - i4)
    mine = np.sqrt(np.linalg.det(np.asarray(found.betatron)[:, :2, :2]))
    # formula (10) has what the integrals average over phases, too: of the order of the damping
    np.testing.assert_allclose(mine, emittance, rtol=1e-4)
    i3 = sum(abs(h) ** 3 * ds for _, h, _, ds in steps)
    spread = quantum * i3 / (2 * i2 + i4)
    assert float(found.momentum_variance) == pytest.approx(spread, rel=1e-4)
    dampings = -np.log(np.abs(np.asarray(found.eigenvalues)))
    assert dampings.sum() / 2 / float(found.longitudinal_decrement) == pytest.approx(
        (2 - i4 / i2) / (2 + i4 / i2), rel=1e-4
    )


def _slice(h: float, k1: float, ds: float) -> np.ndarray:
    """A short piece of a gradient bend, for (x, x', delta)."""
    k = h * h + k1
    half = np.array([[1.0, ds / 2, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    if abs(k) * ds > 0.01:  # quadrupoles: exact
        root = np.sqrt(k + 0j)
        c, s = np.cos(root * ds).real, (np.sin(root * ds) / root).real
        return np.array([[c, s, 0.0], [-k * s, c, 0.0], [0.0, 0.0, 1.0]])
    kick = np.array([[1.0, 0.0, 0.0], [-k * ds, 1.0, h * ds], [0.0, 0.0, 1.0]])
    return half @ kick @ half


def _edge(h: float, e: float) -> np.ndarray:
    return np.array([[1.0, 0.0, 0.0], [h * np.tan(e), 1.0, 0.0], [0.0, 0.0, 1.0]])


def test_a_photon_shifts_positions_too(plain: Lattice) -> None:
    """With the footnote's noise in slopes alone the emittance is wrong, and nil where xi' = 0."""
    found = transverse_equilibrium(plain)
    part = np.sqrt(np.linalg.det(np.asarray(found.footnote)[0, :2, :2]))
    whole = np.sqrt(np.linalg.det(np.asarray(found.betatron)[0, :2, :2]))
    assert abs(part / whole - 1) > 0.2
    # weak focusing: the dispersion does not change, and slopes get no noise at all
    smooth = Lattice.of([Bend(name="B", length=2.0, angle=np.pi, k1=-1.4)] * 2, energy=1e9)
    found = transverse_equilibrium(smooth, [0.0, 1.3])
    n, radius = 1.4 * (2 / np.pi) ** 2, 2 / np.pi
    compton = PLANCK / (2 * np.pi * ELECTRON_MASS * SPEED_OF_LIGHT)
    quantum = 55 / (32 * np.sqrt(3)) * compton * float(smooth.gamma) ** 2
    np.testing.assert_allclose(found.betatron[:, 0, 0], quantum * radius / n / (1 - n), rtol=1e-4)
    assert np.abs(found.footnote).max() < 1e-20


def test_anywhere_in_the_ring(plain: Lattice) -> None:
    s = np.asarray(plain.s)
    found = transverse_equilibrium(plain)
    # the middle of the first quadrupole: both ways from its ends
    lattice = ring(*RINGS["with a solenoid"])
    whole = transverse_equilibrium(lattice)
    places = np.concatenate([s[1:3], [0.11, s[-1]]])
    there = transverse_equilibrium(lattice, places)
    np.testing.assert_allclose(there.betatron[0], whole.betatron[1], rtol=1e-8, atol=1e-20)
    np.testing.assert_allclose(there.dispersion[3], whole.dispersion[0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(there.betatron[3], whole.betatron[0], rtol=1e-7, atol=1e-17)
    assert np.asarray(found.covariance).shape == (len(plain) + 1, 4, 4)
    residual = there.matrix @ there.betatron @ jnp.swapaxes(there.matrix, 1, 2) + there.noise
    np.testing.assert_allclose(residual, there.betatron, rtol=0, atol=1e-9 * 1e-6)


def test_what_it_is_not_for_is_refused(plain: Lattice) -> None:
    with pytest.raises(InputError, match=r"QF moves the orbit by its dy.*equilibrium"):
        transverse_equilibrium(plain.set("QF", dy=1e-4))
    with pytest.raises(InputError, match="between 0 and the circumference"):
        transverse_equilibrium(plain, [-1.0])
    with pytest.raises(UnstableLatticeError, match="no beam settles"):
        transverse_equilibrium(plain.set("QF", k1=6.0))
