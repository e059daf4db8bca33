"""Force, torque and stiffness at any pose."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from tests.forces.reference import TO_CODATA, coil, magnet, number, table

from fieldwright.errors import ConvergenceError, InputError
from fieldwright.forces import axial_force, stiffness, wrench
from fieldwright.sources import (
    Assembly,
    Coil,
    Cuboid,
    CylinderMagnet,
    Dipole,
    Loop,
    Polyline,
)

OSEM = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
ANCHORS = table("wrench_anchors")


@pytest.mark.parametrize("pose", ANCHORS["poses"], ids=lambda pose: pose["name"])
def test_poses_against_another_method(pose):
    body = magnet(pose["magnet"], position=pose["position"], rotation=pose["rotation"])
    found = wrench(coil(ANCHORS["coil"]), body)
    for ours, theirs, bound in (
        (found.force, pose["force"], found.error_estimate),
        (found.torque, pose["torque"], found.torque_error_estimate),
    ):
        scale = np.max(np.abs(number(theirs)))
        error = np.max(np.abs(ours / TO_CODATA - number(theirs)))
        assert error < 1e-12 * scale
        assert error < float(bound) + 1e-13 * scale
        assert bound < 1e-10 * scale


def test_on_the_axis_it_is_the_axial_force():
    z = 5e-3
    body = CylinderMagnet(
        radius=8.5e-3, length=6e-3, magnetization=1e6, inner_radius=3e-3, position=[0, 0, z]
    )
    found = wrench(OSEM, body)
    centred = CylinderMagnet(radius=8.5e-3, length=6e-3, magnetization=1e6, inner_radius=3e-3)
    assert found.force[2] == pytest.approx(float(axial_force(OSEM, centred, z)), rel=1e-12)
    np.testing.assert_allclose(found.force[:2], 0, atol=1e-13)
    np.testing.assert_allclose(found.torque, 0, atol=1e-15)


def _pose(rng):
    return {
        "position": np.array([0, 0, 6e-3]) + rng.uniform(-2e-3, 2e-3, 3),
        "rotation": rng.uniform(-0.3, 0.3, 3),
    }


def test_moving_both_together_turns_the_wrench_with_them():
    rng = np.random.default_rng(7)
    pose = _pose(rng)
    plain = wrench(OSEM, CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5, **pose))
    shift, turn = rng.normal(size=3), Rotation.from_rotvec([0.4, -1.1, 0.7])
    moved = wrench(
        Coil(9e-3, 18.72e-3, 8e-3, 600, position=shift, rotation=turn.as_rotvec()),
        CylinderMagnet(
            radius=3e-3,
            length=3e-3,
            magnetization=8.78e5,
            position=turn.apply(pose["position"]) + shift,
            rotation=(turn * Rotation.from_rotvec(pose["rotation"])).as_rotvec(),
        ),
    )
    np.testing.assert_allclose(
        moved.force, turn.apply(np.array(plain.force)), rtol=1e-11, atol=1e-14
    )
    np.testing.assert_allclose(
        moved.torque, turn.apply(np.array(plain.torque)), rtol=1e-10, atol=1e-16
    )


def test_newtons_third_law_between_conductors():
    pose = _pose(np.random.default_rng(3))
    inner = Coil(inner_radius=3e-3, outer_radius=4.5e-3, length=5e-3, turns=70, **pose)
    one, other = wrench(OSEM, inner), wrench(inner, OSEM)
    np.testing.assert_allclose(one.force, -other.force, rtol=1e-10, atol=1e-15)
    arm = np.asarray(pose["position"])
    np.testing.assert_allclose(
        one.torque + np.cross(arm, one.force), -other.torque, rtol=1e-9, atol=1e-17
    )


def test_energy_gives_the_same_force_and_torque():
    # A magnet's energy in the coil's field is -m.B for a small one: force and torque follow.
    m, where = np.array([0.3, -0.2, 0.9]) * 1e-3, jnp.array([2e-3, 1e-3, 6e-3])
    found = wrench(OSEM, Dipole(m, position=where))
    force = m @ np.asarray(jax.jacfwd(OSEM.B)(where))
    np.testing.assert_allclose(found.force, force, rtol=1e-12)
    np.testing.assert_allclose(found.torque, np.cross(m, OSEM.B(where)), rtol=1e-12)


@pytest.mark.parametrize("size", [1e-4, 5e-5])
def test_small_magnets_are_dipoles(size):
    pose = {"position": [2e-3, -1e-3, 6e-3], "rotation": [0.2, -0.4, 0.0]}
    block = Cuboid([size] * 3, [0, 0, 1e6], **pose)
    disc = CylinderMagnet(radius=size / 2, length=size * 0.75**0.5, magnetization=1e6, **pose)
    for body in (block, disc):
        point = Dipole(body.moment, **pose)
        np.testing.assert_allclose(
            wrench(OSEM, body).force, wrench(OSEM, point).force, rtol=2 * (size / 6e-3) ** 2
        )


def test_block_of_four_is_one_block():
    whole = Cuboid([4e-3, 4e-3, 2e-3], [1e5, 2e5, 8e5], position=[1e-3, 0, 7e-3])
    parts = [
        Cuboid([2e-3, 2e-3, 2e-3], [1e5, 2e5, 8e5], position=[x, y, 0])
        for x in (-1e-3, 1e-3)
        for y in (-1e-3, 1e-3)
    ]
    one = wrench(OSEM, whole)
    four = wrench(OSEM, Assembly(parts, position=[1e-3, 0, 7e-3]))
    np.testing.assert_allclose(one.force, four.force, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(one.torque, four.torque, rtol=1e-10, atol=1e-16)


def test_loop_and_polygon():
    # A polygon of n sides tends to the loop as 1/n^2.
    turn = np.linspace(0, 2 * np.pi, 721)
    ring = np.stack([5e-3 * np.cos(turn), 5e-3 * np.sin(turn), 0 * turn], axis=1)
    pose = {"position": [1e-3, 0, 8e-3], "rotation": [0.1, 0.2, 0]}
    loop = wrench(OSEM, Loop(5e-3, current=3.0, **pose))
    polygon = wrench(OSEM, Polyline(ring, current=3.0, **pose))
    np.testing.assert_allclose(polygon.force, loop.force, rtol=5e-5)
    back = wrench(Loop(5e-3, current=99.0, **pose), Coil(9e-3, 18.72e-3, 8e-3, 600, current=3.0))
    np.testing.assert_allclose(back.force, -loop.force, rtol=1e-10)


def test_stiffness_against_differences():
    position, turn = np.array([1.5e-3, -1e-3, 6e-3]), Rotation.from_rotvec([0.1, 0.2, -0.3])

    def at(pose):
        body = CylinderMagnet(
            radius=3e-3,
            length=3e-3,
            magnetization=8.78e5,
            position=position + pose[:3],
            rotation=(Rotation.from_rotvec(pose[3:]) * turn).as_rotvec(),
        )
        found = wrench(OSEM, body)
        return np.concatenate([found.force, found.torque])

    k = stiffness(
        OSEM,
        CylinderMagnet(
            radius=3e-3,
            length=3e-3,
            magnetization=8.78e5,
            position=position,
            rotation=turn.as_rotvec(),
        ),
    )
    for column, step in enumerate([1e-4] * 3 + [3e-2] * 3):
        h = np.zeros(6)
        h[column] = step
        slope = (
            45 * (at(h) - at(-h)) - 9 * (at(2 * h) - at(-2 * h)) + (at(3 * h) - at(-3 * h))
        ) / (60 * step)
        np.testing.assert_allclose(k[:, column], slope, rtol=1e-7, atol=1e-8 * np.abs(slope).max())


def test_force_of_a_static_field_has_no_curl():
    # Displacement block of the stiffness: symmetric and without trace, as B has no curl and div.
    body = CylinderMagnet(
        radius=3e-3, length=3e-3, magnetization=8.78e5, position=[2e-3, 1e-3, 5e-3]
    )
    block = stiffness(OSEM, body)[:3, :3]
    scale = np.max(np.abs(block))
    np.testing.assert_allclose(block, block.T, atol=1e-11 * scale)
    assert abs(np.trace(block)) < 1e-11 * scale


def test_gradient_with_respect_to_a_dimension():
    def force(radius):
        body = CylinderMagnet(radius, 3e-3, 8.78e5, position=jnp.array([2e-3, 0.0, 6e-3]))
        return wrench(OSEM, body).force[0]

    slope = jax.jit(jax.grad(force))(3e-3)
    h = 1e-4
    expected = (
        45 * (force(3e-3 + h) - force(3e-3 - h))
        - 9 * (force(3e-3 + 2 * h) - force(3e-3 - 2 * h))
        + (force(3e-3 + 3 * h) - force(3e-3 - 3 * h))
    ) / (60 * h)
    assert slope == pytest.approx(float(expected), rel=1e-8)


def test_overlap_and_wrong_kinds_are_refused():
    with pytest.raises(ConvergenceError, match="do the bodies overlap"):
        wrench(
            Coil(3e-3, 3.001e-3, 1e-6, 1),
            CylinderMagnet(radius=3e-3, length=2e-3, magnetization=1e6, position=[0, 0, 1e-3]),
        )
    with pytest.raises(InputError, match="coil must be a Coil, Loop or Polyline"):
        wrench(Dipole([0, 0, 1]), OSEM)


def test_no_force_is_no_error():
    for body in (Dipole([0, 0, 1.0]), CylinderMagnet(radius=3e-3, length=3e-3, magnetization=0.0)):
        np.testing.assert_array_equal(wrench(OSEM, body).force, 0)
        assert np.all(np.isfinite(stiffness(OSEM, body)))


def test_ten_metres_away_the_bound_still_holds():
    magnet_far = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5, position=[0, 0, 10])
    found = wrench(OSEM, magnet_far)
    m1, m2 = float(OSEM.moment[2]), float(magnet_far.moment[2])
    dipoles = -3 * 1.25663706127e-6 * m1 * m2 / (2 * np.pi * 10.0**4)
    # Of the size of the coil over the distance squared, 5e-6, is what two dipoles leave out.
    assert abs(found.force[2] - dipoles) < found.error_estimate + 1e-5 * abs(dipoles)
