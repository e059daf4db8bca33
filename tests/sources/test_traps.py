"""Traps and drives: Maxwell's equations, textbook frequencies, what is linear and what is left."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.constants import ATOMIC_MASS, ELEMENTARY_CHARGE
from fieldwright.errors import InputError
from fieldwright.sources import (
    Assembly,
    Coil,
    Driven,
    PenningTrap,
    Uniform,
    dipole_drive,
    fields_of,
    parametric_drive,
    quadrupole_drive,
    rotating_wall,
    rotation_matrix,
    split_linear,
)

D = 500e-6
MASS, CHARGE = 40.078 * ATOMIC_MASS, ELEMENTARY_CHARGE
PLACE = {"position": [1e-4, -2e-4, 5e-5], "rotation": [0.3, -0.2, 0.5]}
IDEAL = PenningTrap(1.0, 25e-3, D)
REAL = PenningTrap(
    1.0, 25e-3, D, C4=0.03, C6=-0.02, B2=2e4, ellipticity=0.05, tilt=[0.02, -0.03], **PLACE
)
COIL = Coil(9e-3, 18.72e-3, 8e-3, 600, position=[0, 0, 1e-3], rotation=[0.1, 0, 0])
HELD = PenningTrap(0.0, 25e-3, D, C4=0.01, **PLACE)
TURNED = {"position": [0, 1e-4, -1e-4], "rotation": [0, 0.4, 0.1]}
SOURCES = {
    "uniform": Uniform([1.0, 2.0, 3.0], [0.1, 0.2, 0.3], **PLACE),
    "ideal": IDEAL,
    "real": REAL,
    "negative": PenningTrap(-1.0, -25e-3, D, tilt=[0.1, 0.0]),
    "octupole": PenningTrap(1.0, 25e-3, D, C4=0.1),
    "bottle": PenningTrap(1.0, 25e-3, D, B2=1e4, tilt=[0.1, 0.2], **PLACE),
    "coil": COIL,
    "in a coil": Assembly([HELD, COIL], **TURNED),
    "parametric": Assembly([REAL, parametric_drive(REAL, 0.4, 1.4e6, 0.3)], **TURNED),
    "drives": Assembly(
        [
            IDEAL,
            dipole_drive([1.0, -2.0, 0.5], 2.2e6, 0.1),
            quadrupole_drive(5e-3, D, 2.4e6, 0.7),
            rotating_wall(5e-3, D, -3e5, phase=0.2),
            rotating_wall(5e-3, D, 3e5, order=1),
        ],
        **TURNED,
    ),
    "driven in a place": Driven(REAL.electrodes, 1e6, 0.5, **TURNED),
    "Paul": Driven(HELD, 5e6),
    "driven coil": Driven(COIL, 1e6, 0.2),
    "driven magnet": Driven(Uniform([1.0, 0, 0], [0, 0, 0.1], **PLACE), 1e6, **TURNED),
    "driven trap": Driven(REAL, 1e6, 0.2),
    "driven trap in a coil": Driven(Assembly([HELD, COIL], **PLACE), 1e6, 0.1, **TURNED),
}
everywhere = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
POINTS = np.random.default_rng(5).uniform(-3e-4, 3e-4, (12, 3))


def close(ours, theirs, rtol=1e-13):
    theirs = np.asarray(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * max(np.abs(theirs).max(), 1e-300))


@everywhere
@pytest.mark.parametrize("time", [0.0, 0.37e-6])
def test_linear_part_and_rest_make_the_whole(source, time):
    linear, rest = split_linear(source)
    E, B = source.E(POINTS, time), source.B(POINTS, time)
    rest_E = 0.0 if rest is None else rest.E(POINTS, time)
    rest_B = 0.0 if rest is None else rest.B(POINTS, time)
    close(np.asarray(linear.E(POINTS, time)) + rest_E, E)
    close(np.broadcast_to(linear.B, B.shape) + rest_B, B)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("uniform", False), ("ideal", False), ("negative", False), ("drives", False),
        ("real", True), ("octupole", True), ("bottle", True), ("parametric", True),
        ("driven magnet", True), ("driven coil", True),
    ],
)  # fmt: skip
def test_what_is_linear_leaves_no_rest(name, left):
    linear, rest = split_linear(SOURCES[name])
    assert (rest is not None) == left
    if name.startswith("driven"):
        assert rest is SOURCES[name]
        assert len(linear.phase) == 0


def test_no_rest_is_taken_for_zero_that_is_not_known():
    @jax.jit
    def parts(trap):
        linear, rest = split_linear(Assembly([trap, parametric_drive(trap, 0.1, 1e6)]))
        assert rest is not None
        E, B = fields_of(rest, POINTS, 1e-7)
        return linear.E(POINTS, 1e-7) + E, linear.B + B

    whole = Assembly([REAL, parametric_drive(REAL, 0.1, 1e6)])
    E, B = parts(REAL)
    close(E, whole.E(POINTS, 1e-7))
    close(B, whole.B(POINTS, 1e-7))


@jax.jit
def gradients(source, points):
    """Of E and B (n, 3, 3), one program for sources of one structure."""

    def at(point):
        E, B = fields_of(source, point[None], 0.37e-6)
        return E[0], B[0]

    return jax.vmap(jax.jacfwd(at))(points)


@jax.jit
def slopes_of_potential(trap, points):
    return jax.vmap(jax.grad(trap.potential))(points)


@pytest.mark.parametrize("name", [name for name in SOURCES if "coil" not in name])
def test_laplace(name):
    for gradient in map(np.asarray, gradients(SOURCES[name], POINTS)):
        scale = np.abs(gradient).max()
        trace = np.trace(gradient, axis1=1, axis2=2)
        assert np.all(np.abs(trace) <= 2e-12 * scale)
        assert np.all(np.abs(gradient - np.swapaxes(gradient, 1, 2)) <= 2e-12 * scale)


def test_field_is_the_slope_of_the_potential():
    for trap in (IDEAL, REAL):
        close(trap.E(POINTS), -slopes_of_potential(trap, POINTS))


def test_the_paper_s_potential_and_the_definition_of_its_imperfections():
    x, y, z = POINTS.T
    close(IDEAL.potential(POINTS), 25e-3 / (2 * D**2) * (2 * z**2 - x**2 - y**2))
    r = np.linalg.norm(POINTS, axis=1)
    for name, degree in (("C4", 4), ("C6", 6)):
        trap = PenningTrap(1.0, 25e-3, D, **{name: 0.1})
        legendre = np.polynomial.legendre.Legendre.basis(degree)(z / r)
        part = 25e-3 / 2 * 0.1 * (np.sqrt(2) * r / D) ** degree * legendre
        close(trap.potential(POINTS) - IDEAL.potential(POINTS), part, 1e-12)
    bottle = PenningTrap(1.0, 25e-3, D, B2=1e4).B(POINTS) - np.array([0, 0, 1.0])
    close(bottle, 1e4 * np.stack([-z * x, -z * y, z**2 - (x**2 + y**2) / 2], axis=1), 1e-12)


@pytest.mark.parametrize(("name", "power", "factor"), [("C4", 2, 3 / 4), ("C6", 4, 15 / 16)])
def test_imperfections_shift_the_axial_frequency_as_in_brown_and_gabrielse(name, power, factor):
    amplitude, value = 30e-6, 0.01
    trap = PenningTrap(1.0, 25e-3, D, **{name: value})

    def potential(z):
        return float(trap.potential([0.0, 0.0, z]))

    # A quarter of the period is the integral of dz / v; z = A sin s takes its singularity away.
    def slowness(s):
        z = amplitude * np.sin(s)
        speed = np.sqrt(2 * CHARGE / MASS * (potential(amplitude) - potential(z)))
        return amplitude * np.cos(s) / speed

    nodes, weights = np.polynomial.legendre.leggauss(24)
    quarter = sum(w * slowness(np.pi / 4 * (s + 1)) for s, w in zip(nodes, weights, strict=True))
    frequency = np.pi / 2 / (quarter * np.pi / 4)
    ideal = np.sqrt(2 * CHARGE * 25e-3 / (MASS * D**2))
    expected = factor * value * (np.sqrt(2) * amplitude / D) ** power
    assert frequency / ideal - 1 == pytest.approx(expected, rel=1e-3, abs=3e-11)


def eigenfrequencies(trap):
    """The three frequencies [rad/s] of small motion, from the linear part alone."""
    linear, _ = split_linear(trap)
    ratio = CHARGE / MASS
    x, y, z = np.asarray(linear.B)
    turn = ratio * np.array([[0, z, -y], [-z, 0, x], [y, -x, 0]])
    flow = np.block([[np.zeros((3, 3)), np.eye(3) * 1e6], [ratio * linear.G / 1e6, turn]])
    values = np.linalg.eigvals(flow)
    assert np.abs(values.real).max() < 1e-3
    return np.sort(values.imag[values.imag > 0])


def test_frequencies_of_the_paper_s_trap():
    ours = eigenfrequencies(IDEAL) / 1e6
    np.testing.assert_allclose(ours, [0.1045, 0.6939, 2.3029], atol=5e-5)


def test_invariance_theorem():
    # Brown and Gabrielse (1982): the squares add up to that of the free cyclotron frequency, tilted
    # and elliptic as the trap may be.
    for tilt, ellipticity in (([0.0, 0.0], 0.3), ([0.1, 0.2], 0.0), ([-0.2, 0.1], -0.4)):
        trap = PenningTrap(1.0, 25e-3, D, tilt=tilt, ellipticity=ellipticity, **PLACE)
        ours = eigenfrequencies(trap)
        assert np.sum(ours**2) == pytest.approx((CHARGE / MASS) ** 2, rel=1e-12)
        assert abs(ours[0] / eigenfrequencies(IDEAL)[0] - 1) > 1e-3


def test_tilt_turns_the_magnetic_field_alone():
    trap = PenningTrap(1.0, 25e-3, D, B2=1e4, tilt=[0.1, 0.0])
    np.testing.assert_allclose(trap.B([0, 0, 0]), [0, -np.sin(0.1), np.cos(0.1)], atol=1e-15)
    R = np.asarray(rotation_matrix(np.array([0.1, 0.0, 0.0])))
    straight = PenningTrap(1.0, 25e-3, D, B2=1e4)
    close(trap.B(POINTS), straight.B(POINTS @ R) @ R.T)
    close(trap.E(POINTS), straight.E(POINTS))


def test_moved_and_turned():
    straight = PenningTrap(
        1.0, 25e-3, D, C4=0.03, C6=-0.02, B2=2e4, ellipticity=0.05, tilt=[0.02, -0.03]
    )
    R = np.asarray(rotation_matrix(np.array(PLACE["rotation"])))
    local = (POINTS - PLACE["position"]) @ R
    close(REAL.E(POINTS), straight.E(local) @ R.T)
    close(REAL.B(POINTS), straight.B(local) @ R.T)
    close(REAL.potential(POINTS), straight.potential(local))


def test_bounded_trap_ends_at_its_size():
    trap = PenningTrap(1.0, 25e-3, D, C4=0.1, B2=1e4, bounded=True, position=[1e-4, 0, 0])
    free = PenningTrap(1.0, 25e-3, D, C4=0.1, B2=1e4, position=[1e-4, 0, 0])
    centre, out = np.array([1e-4, 0, 0]), np.tile([0.6, 0.0, 0.8], (12, 1)) * D
    inside, outside = centre + out * 0.999, centre + out * 1.001
    for name in ("E", "B"):
        close(getattr(trap, name)(inside), getattr(free, name)(inside))
        assert not np.any(getattr(trap, name)(outside))
        assert np.any(getattr(free, name)(outside))
    drive = parametric_drive(trap, 0.1, 1e6)
    assert not np.any(drive.E(outside))
    assert np.any(drive.E(inside))
    linear, rest = split_linear(trap)
    close(linear.E(inside, 0.0) + rest.E(inside), trap.E(inside))
    assert np.any(linear.E(outside, 0.0))


@pytest.mark.parametrize("trap", [IDEAL, REAL], ids=["ideal", "real"])
def test_parametric_drive_swings_the_voltage(trap):
    f, w, phase = 0.7, 1.3e6, 0.4
    driven = Assembly([trap, parametric_drive(trap, f, w, phase)])
    for time in (0.0, 0.9e-6, 2.2e-6):
        voltage = 25e-3 * (1 + f * np.cos(w * time + phase))
        swung = jax.tree.map(lambda leaf: leaf, trap)
        object.__setattr__(swung, "voltage", np.asarray(voltage))
        close(driven.E(POINTS, time), swung.E(POINTS))
        close(driven.B(POINTS, time), trap.B(POINTS))


def test_quadrupole_and_dipole_drives():
    x, y, _ = POINTS.T
    drive = quadrupole_drive(2e-3, D, 1e6, 0.5)
    potential_slope = -2e-3 / D**2 * np.stack([x, -y, 0 * x], axis=1)
    close(drive.E(POINTS, 2e-6), potential_slope * np.cos(2.5))
    close(dipole_drive([1.0, 2.0, 3.0], 1e6, 0.5).E(POINTS, 2e-6)[0], np.cos(2.5) * np.arange(1, 4))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("w", [4e5, -4e5])
def test_rotating_wall_turns_as_a_whole(order, w):
    wall = rotating_wall(3e-3, D, w, order=order, phase=0.3)
    for time in (0.7e-6, 3.1e-6):
        R = np.asarray(rotation_matrix(np.array([0.0, 0.0, w * time])))
        close(wall.E(POINTS @ R.T, time), wall.E(POINTS, 0.0) @ R.T)
    x, y, _ = POINTS.T

    def potential(x, y):  # as the docstring has it
        return 3e-3 / 2 * (np.hypot(x, y) / D) ** order * np.cos(order * np.arctan2(y, x) - 0.3)

    step = 1e-9
    slope = (potential(x - step, y) - potential(x + step, y)) / (2 * step)
    np.testing.assert_allclose(wall.E(POINTS)[:, 0], slope, rtol=1e-6, atol=1e-6)
    assert split_linear(wall)[1] is None


def test_driven_magnetic_field_swings_too():
    drive = Driven(COIL, 1e6, 0.2)
    close(drive.B(POINTS, 1e-6), np.cos(1.2) * COIL.B(POINTS))
    assert not np.any(drive.E(POINTS, 1e-6))


def test_fields_have_slopes_in_everything():
    def norm(source):
        E, B = fields_of(source, np.concatenate([np.zeros((1, 3)), POINTS]), 1e-7)
        return jnp.sum(E**2) + jnp.sum(B**2)

    leaves = jax.tree.map(lambda leaf: np.asarray(leaf, dtype=float), SOURCES["parametric"])
    slopes = jax.jit(jax.grad(norm))(leaves)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slopes))

    @jax.jit
    def at(C4):
        return jax.value_and_grad(lambda C4: norm(PenningTrap(1.0, 25e-3, D, C4=C4)))(C4)

    difference = (at(0.11)[0] - at(0.09)[0]) / 0.02  # the norm is quadratic in C4
    assert float(at(0.1)[1]) == pytest.approx(float(difference), rel=1e-8)


@pytest.mark.parametrize(
    ("make", "parameter", "message"),
    [
        (lambda: PenningTrap(1.0, 25e-3, 0.0), "size", "size must be above zero, got 0"),
        (lambda: PenningTrap("1 T", 25e-3, D), "magnetic_field", "real number in SI"),
        (lambda: PenningTrap(1.0, np.nan, D), "voltage", "must be finite"),
        (lambda: PenningTrap(1.0, 25e-3, D, tilt=0.1), "tilt", r"shape \(2\), got \(\)"),
        (lambda: PenningTrap(1.0, 25e-3, D, C4=[0.1]), "C4", "must have the shape"),
        (lambda: IDEAL.potential([0, 0]), "points", "shape"),
        (lambda: Uniform(1.0), "electric", r"shape \(3\)"),
        (lambda: Driven(IDEAL, np.inf), "angular_frequency", "finite"),
        (lambda: Driven(3.0, 1e6), "source", "takes a source, got float"),
        (lambda: Driven(dipole_drive([0, 0, 1], 1e6), 1e6), "source", "driven itself"),
        (lambda: Driven(SOURCES["parametric"], 1e6), "source", "driven itself"),
        (lambda: parametric_drive(COIL, 0.1, 1e6), "trap", "of a PenningTrap, got Coil"),
        (lambda: parametric_drive(IDEAL, "10 %", 1e6), "amplitude", "real number"),
        (lambda: dipole_drive(1.0, 1e6), "field", r"shape \(3\)"),
        (lambda: quadrupole_drive(1e-3, -D, 1e6), "size", "above zero"),
        (lambda: rotating_wall(1e-3, D, 1e6, order=3), "order", "got 3"),
        (lambda: rotating_wall(1e-3, D, "1 MHz"), "angular_frequency", "real number"),
    ],
)
def test_refused(make, parameter, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert caught.value.parameter == parameter
