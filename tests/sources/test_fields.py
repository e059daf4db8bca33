"""Fields of all sources: against other codes and methods, Maxwell's equations, transforms."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tests.forces.reference import TO_CODATA, coil, magnet, number, table

from fieldwright.constants import MU_0
from fieldwright.sources import (
    Assembly,
    Coil,
    Cuboid,
    CylinderMagnet,
    Dipole,
    Loop,
    Polyline,
    rotation_matrix,
)

SQUARE = np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0], [1, 1, 0]]) * 8e-3
SOURCES = {
    "loop": Loop(6e-3, current=2.0),
    "coil": Coil(4e-3, 7e-3, 5e-3, 100, current=0.5),
    "magnet": CylinderMagnet(radius=4e-3, length=5e-3, magnetization=1e6),
    "ring": CylinderMagnet(radius=4e-3, length=5e-3, magnetization=1e6, inner_radius=2e-3),
    "dipole": Dipole([0.01, -0.02, 0.05]),
    "cuboid": Cuboid([3e-3, 5e-3, 7e-3], [3e5, -2e5, 6e5]),
    "square": Polyline(SQUARE, current=3.0),
    "assembly": Assembly(
        [Loop(6e-3), Dipole([0, 0.01, 0], position=[1e-3, 0, 0])],
        position=[0, 2e-3, 0],
        rotation=[0.3, 0, 0.2],
    ),
}
everywhere = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())


def outside(count=40, seed=1):
    """Points outside of all sources, 9 mm to 25 mm from the middle."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    return direction * rng.uniform(12e-3, 25e-3, (count, 1))


@pytest.mark.parametrize("name", ["coil", "magnet"])
def test_against_another_method(name):
    entry = table("field")[name]
    source = (coil if name == "coil" else magnet)(entry)
    for point in entry["points"]:
        ours = source.B([number(point["rho"]), 0.0, number(point["z"])]) / TO_CODATA
        theirs = np.array([number(point["B_rho"]), 0.0, number(point["B_z"])])
        error = np.abs(np.asarray(ours) - theirs).max() / np.linalg.norm(theirs)
        # Deep in the winding a few micrometres from its end the nodes crowd least well.
        assert error < (1e-11 if name == "coil" else 1e-13), point


@everywhere
def test_no_divergence_and_no_curl_outside(source):
    gradient = jax.vmap(jax.jacfwd(source.B))(outside())
    scale = np.abs(gradient).max(axis=(1, 2))
    divergence = np.trace(gradient, axis1=1, axis2=2)
    assert np.all(np.abs(divergence) < 1e-11 * scale)
    curl = gradient - np.swapaxes(gradient, 1, 2)
    assert np.all(np.abs(curl).max(axis=(1, 2)) < 1e-11 * scale)


def test_curl_inside_a_winding_is_its_current():
    source = SOURCES["coil"]
    for point in ([5e-3, 1e-3, 1e-3], [0.0, -6.5e-3, -2e-3], [4.2e-3, 0, 2.3e-3]):
        g = np.asarray(jax.jacfwd(source.B)(jnp.array(point)))
        curl = np.array([g[2, 1] - g[1, 2], g[0, 2] - g[2, 0], g[1, 0] - g[0, 1]])
        phi = np.array([-point[1], point[0], 0]) / np.hypot(point[0], point[1])
        expected = MU_0 * 0.5 * float(source.turn_density) * phi
        np.testing.assert_allclose(curl, expected, atol=1e-8 * np.abs(expected).max())
        assert abs(np.trace(g)) < 1e-8 * np.abs(g).max()


def test_inside_a_magnet_h_has_no_curl_and_b_no_divergence():
    for name in ("magnet", "cuboid"):
        g = np.asarray(jax.jacfwd(SOURCES[name].B)(jnp.array([0.7e-3, 1.1e-3, 0.9e-3])))
        assert abs(np.trace(g)) < 1e-12 * np.abs(g).max()
        np.testing.assert_allclose(g, g.T, atol=1e-12 * np.abs(g).max())


@everywhere
def test_far_away_all_are_dipoles(source):
    if not hasattr(source, "moment"):
        return
    direction = np.array([[0.36, 0.48, 0.8], [0.6, -0.8, 0.0]])
    far = Dipole(source.moment).B(direction * 0.8)
    np.testing.assert_allclose(
        source.B(direction * 0.8), far, rtol=3e-4, atol=1e-4 * np.abs(far).max()
    )


@everywhere
def test_finite_and_differentiable_on_the_axis_and_in_the_bore(source):
    points = np.array(
        [[0, 0, 0], [0, 0, 3.1e-3], [0, 0, -9e-3], [1e-12, 0, 1e-3], [1e-3, 1e-3, 0.0]]
    )
    if isinstance(source, Dipole):
        points = points[1:3]

    def slopes(point):
        found = jax.jacfwd(source.B)(point)
        return found, found

    assert np.all(np.isfinite(source.B(points)))
    seconds, firsts = jax.vmap(jax.jacrev(slopes, has_aux=True))(points)
    assert np.all(np.isfinite(firsts))
    assert np.all(np.isfinite(seconds))
    gradient = jax.grad(lambda s: jnp.sum(s.B(points) ** 2))(
        jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=float), source)
    )
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


@pytest.mark.parametrize("name", ["coil", "magnet", "ring"])
def test_slopes_by_dimensions_are_differences(name):
    """Of the whole source grown along each of its dimensions, at places on all sides of a wall."""
    source = SOURCES[name]
    points = np.array(
        [
            [3e-3, 1e-3, 1e-3],
            [0.0, -9e-3, -1e-3],
            [5e-3, 0.0, 4e-3],
            [0.0, 0.0, 1e-3],
            [0.02, 0.0, 0.03],
        ]
    )
    names = ["length", *(("inner_radius", "outer_radius") if name == "coil" else ("radius",))]
    if name == "ring":
        names.append("inner_radius")

    def field(sizes):
        return dataclasses.replace(source, **dict(zip(names, sizes, strict=True))).B(points)

    sizes = np.array([getattr(source, dimension) for dimension in names], dtype=float)
    slopes = np.moveaxis(np.asarray(jax.jit(jax.jacfwd(field))(sizes)), 2, 0)
    for index, slope in enumerate(slopes):
        step = np.zeros(len(sizes))
        step[index] = 2e-3 * sizes[index]
        at = {n: np.asarray(field(sizes + n * step)) for n in (-3, -2, -1, 1, 2, 3)}
        sixth = 45 * (at[1] - at[-1]) - 9 * (at[2] - at[-2]) + (at[3] - at[-3])
        expected = sixth / (60 * step[index])
        np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_cuboid_has_a_slope_beyond_the_end_of_an_edge():
    block = Cuboid([6e-3, 4e-3, 3e-3], [1e5, 2e5, 3e5])
    for point in ([3e-3, 2e-3, 5e-3], [3e-3, 1e-3, 5e-3], [-9e-3, -2e-3, 1.5e-3]):
        slope = np.asarray(jax.jacfwd(block.B)(jnp.array(point)))
        assert abs(np.trace(slope)) < 1e-12 * np.abs(slope).max()
        np.testing.assert_allclose(slope, slope.T, atol=1e-12 * np.abs(slope).max())


def test_on_the_axis_by_textbook():
    z = np.linspace(-0.02, 0.03, 11)
    points = np.stack([0 * z, 0 * z, z], axis=1)
    np.testing.assert_allclose(
        SOURCES["loop"].B(points)[:, 2],
        MU_0 * 2.0 * 6e-3**2 / 2 / (6e-3**2 + z**2) ** 1.5,
        rtol=1e-14,
    )
    up, down = z + 2.5e-3, z - 2.5e-3

    def primitive(s):
        return s * np.log((7e-3 + np.hypot(7e-3, s)) / (4e-3 + np.hypot(4e-3, s)))

    density = 0.5 * 100 / (3e-3 * 5e-3)
    np.testing.assert_allclose(
        SOURCES["coil"].B(points)[:, 2],
        MU_0 / 2 * density * (primitive(up) - primitive(down)),
        rtol=2e-12,
    )
    np.testing.assert_allclose(
        SOURCES["magnet"].B(points)[:, 2],
        MU_0 * 1e6 / 2 * (up / np.hypot(up, 4e-3) - down / np.hypot(down, 4e-3)),
        rtol=1e-12,
    )


@given(
    st.floats(1e-3, 1e-2),
    st.floats(1.05, 4.0),
    st.floats(1e-3, 2e-2),
    st.floats(0.0, 0.9),
    st.floats(-2e-2, 2e-2),
)
def test_scaling_and_mirror_of_a_coil(inner, ratio, length, part, z):
    def field(scale, height):
        c = Coil(scale * inner, scale * inner * ratio, scale * length, 50.0)
        return np.asarray(c.B(scale * np.array([part * inner, 0.0, height])))

    plain = field(1.0, z)
    size = np.abs(field(1.0, 0.0)).max()
    np.testing.assert_allclose(field(2.0, z), plain / 2, atol=1e-12 * size)
    np.testing.assert_allclose(field(1.0, -z), plain * [-1, 1, 1], atol=1e-12 * size)


@everywhere
def test_pose(source):
    import equinox as eqx

    shift, turn = np.array([1e-3, -4e-3, 2e-3]), Rotation.from_rotvec([0.5, -0.4, 1.3])
    before = turn * Rotation.from_rotvec(source.rotation)
    posed = eqx.tree_at(
        lambda s: (s.position, s.rotation),
        source,
        (turn.apply(np.array(source.position)) + shift, before.as_rotvec()),
    )
    points = outside(10)
    np.testing.assert_allclose(
        posed.B(turn.apply(points) + shift),
        turn.apply(np.array(source.B(points))),
        rtol=1e-11,
        atol=1e-16,
    )


def test_shapes_batches_and_jit():
    points = outside(12).reshape(3, 4, 3)
    source = SOURCES["coil"]
    whole = source.B(points)
    assert whole.shape == (3, 4, 3)
    np.testing.assert_allclose(whole[1, 2], source.B(points[1, 2]), rtol=1e-13)
    np.testing.assert_allclose(jax.jit(lambda s, p: s.B(p))(source, points), whole, rtol=1e-13)
    np.testing.assert_allclose(jax.vmap(source.B)(points), whole, rtol=1e-13)
    assert source.B(np.array([0, 0, 0])).dtype == np.float64


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_rotation_matrix(vector):
    np.testing.assert_allclose(
        rotation_matrix(jnp.array(vector)), Rotation.from_rotvec(vector).as_matrix(), atol=1e-14
    )


@pytest.mark.parametrize("size", [0.0, 1e-9, 0.9e-3, 1.1e-3, 1.0])
def test_rotation_matrix_has_derivatives_everywhere(size):
    vector = size * np.array([0.6, 0.0, -0.8])
    slope = jax.jacfwd(rotation_matrix)(jnp.array(vector))
    h = 1e-3
    for k, step in enumerate(np.eye(3) * h):
        numeric = (
            8
            * (
                Rotation.from_rotvec(vector + step).as_matrix()
                - Rotation.from_rotvec(vector - step).as_matrix()
            )
            - (
                Rotation.from_rotvec(vector + 2 * step).as_matrix()
                - Rotation.from_rotvec(vector - 2 * step).as_matrix()
            )
        ) / (12 * h)
        np.testing.assert_allclose(slope[:, :, k], numeric, atol=2e-12)
