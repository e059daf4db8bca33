"""Tracking against matrices, what it keeps, whom it loses, and chance that repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.rings import Lattice, Marker, equilibrium, one_turn_matrix, track

S = np.kron(np.eye(3), [[0.0, 1.0], [-1.0, 0.0]])
RAYS = np.random.default_rng(8).normal(0, 1e-3, (8, 6)) * [1, 0.3, 1, 0.3, 3, 1]


@pytest.fixture(scope="module")
def ring(small_ring: Callable[..., Lattice]) -> Lattice:
    return small_ring(energy=1e9, voltage=5e6).set("QF", x_limit=0.03, y_limit=0.02)


def test_small_motion_is_that_of_the_matrix(small_ring: Callable[..., Lattice]) -> None:
    ring = small_ring()
    orbit = np.asarray(equilibrium(ring).orbit[0])
    turned = one_turn_matrix(ring, radiation=True)
    rays = np.concatenate([orbit + 1e-7 * np.eye(6), orbit - 1e-7 * np.eye(6), [orbit] * 4])
    after = track(ring, rays, 1, radiation="mean").final
    np.testing.assert_allclose(after[12], orbit, atol=1e-12)
    np.testing.assert_allclose((after[:6] - after[6:12]).T / 2e-7, turned, atol=2e-8)


def test_areas_are_kept_over_thousands_of_turns(ring: Lattice) -> None:
    sides = 1e-6 * np.random.default_rng(2).standard_normal((7, 6))
    rays = RAYS[0] + np.concatenate([np.zeros((1, 6)), sides])
    seen = track(ring, rays, 3000, every=1000)
    assert seen.coordinates.shape == (4, 8, 6)
    np.testing.assert_array_equal(seen.turns, [0, 1000, 2000, 3000])
    edges = seen.coordinates[:, 1:] - seen.coordinates[:, :1]
    areas = edges @ S @ edges.transpose(0, 2, 1)
    assert np.abs(areas[0]).max() > 1e-12
    for later in areas[1:]:
        np.testing.assert_allclose(later, areas[0], atol=3e-3 * np.abs(areas[0]).max())


def test_a_batch_gives_what_single_particles_do(ring: Lattice) -> None:
    alone = track(ring, RAYS, 20).final
    many = np.concatenate([RAYS, np.random.default_rng(1).normal(0, 1e-3, (2992, 6))])
    seen = track(ring, many, 20)
    np.testing.assert_allclose(seen.final[:8], alone, rtol=0, atol=3e-14)
    single = track(ring, RAYS[3], 20)
    assert single.final.shape == (1, 6)
    np.testing.assert_allclose(single.final[0], alone[3], rtol=0, atol=3e-14)
    kept = track(ring, RAYS, 20, every=5)
    np.testing.assert_array_equal(kept.coordinates[0], RAYS)
    np.testing.assert_allclose(kept.final, alone, rtol=0, atol=3e-14)


def test_who_is_lost_where_and_when(ring: Lattice) -> None:
    rays = np.zeros((8, 6))
    rays[1, 0], rays[2, 2] = 0.031, -0.021  # beyond the first aperture
    rays[3, 0], rays[4, 2] = 0.029, 0.0199  # within it, and beyond later ones
    rays[5, 1] = 0.9  # leaves sideways
    rays[6, 5] = -0.5
    found = track(ring, rays, 50, every=10)
    np.testing.assert_array_equal(found.kept[[0, 1, 2, 5, 6]], [True, False, False, False, False])
    np.testing.assert_array_equal(found.lost_turn[[0, 1, 2, 5, 6]], [-1, 1, 1, 1, 1])
    np.testing.assert_array_equal(found.lost_element[:3], [-1, 0, 0])
    assert found.lost_element[5] in ring.indices("QF")[1:] or found.lost_element[5] == -1
    lost = ~found.kept
    assert np.isnan(found.final[lost]).all() and np.isfinite(found.final[~lost]).all()
    for particle in np.flatnonzero(lost):
        # numbers up to the loss, none after it
        gone = np.isnan(found.coordinates[:, particle]).any(axis=1)
        np.testing.assert_array_equal(gone, found.turns >= found.lost_turn[particle])
    limits = ring.get("QF", "x_limit"), ring.get("QF", "y_limit")
    assert limits[0][0] == 0.03 and limits[1][0] == 0.02


def test_chance_repeats_with_its_seed(small_ring: Callable[..., Lattice]) -> None:
    ring = small_ring()
    begin = np.repeat(np.asarray(equilibrium(ring).orbit[:1]), 16, axis=0)
    first = track(ring, begin, 5, radiation="quantum", seed=4).final
    again = track(ring, begin, 5, radiation="quantum", seed=4).final
    other = track(ring, begin, 5, radiation="quantum", seed=5).final
    mean = track(ring, begin, 5, radiation="mean").final
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6
    assert len(np.unique(first[:, 5])) == 16
    spread = first[:, 5] - mean[:, 5]
    assert np.abs(spread.mean()) < spread.std() and np.ptp(mean[:, 5]) == 0


def test_inside_transformations(ring: Lattice) -> None:
    outside = track(ring, RAYS, 4, every=2)

    @jax.jit
    def sensitivity(k1: Any) -> Any:
        def seen(k1: Any) -> Any:
            found = track(ring.set("QF", k1=k1), RAYS, 4, every=2)
            np.testing.assert_array_equal(found.turns, outside.turns)
            return found.coordinates

        return jax.jvp(seen, (k1,), (jnp.ones(()),))

    value, slope = sensitivity(0.9)
    np.testing.assert_allclose(value, outside.coordinates, rtol=0, atol=3e-14)
    changed = [ring.set("QF", k1=0.9 + h) for h in (1e-5, -1e-5)]
    ends = [track(moved, RAYS, 4, every=2).coordinates for moved in changed]
    numeric = (ends[0] - ends[1]) / 2e-5
    np.testing.assert_allclose(slope, numeric, atol=1e-6 * np.abs(slope).max())


def test_progress_is_told(ring: Lattice) -> None:
    told: list[float] = []
    track(ring, RAYS, 2, progress=told.append)
    assert told[-1] == 1.0 and told == sorted(told)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"coordinates": np.zeros((3, 5))}, r"\(n, 6\)"),
        ({"coordinates": np.zeros((2, 3, 6))}, r"\(n, 6\)"),
        ({"coordinates": np.full((3, 6), np.nan)}, "finite"),
        ({"coordinates": np.zeros((3, 6), dtype=np.float32)}, "float64"),
        ({"turns": 0}, "at least 1"),
        ({"every": 0}, "from 1 to turns"),
        ({"every": 7}, "from 1 to turns"),
        ({"every": 4}, "multiple"),
        ({"radiation": "all"}, "'none', 'mean' or 'quantum'"),
    ],
)
def test_what_is_wrong_is_said(ring: Lattice, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        track(ring, **({"coordinates": RAYS, "turns": 6} | wrong))


def test_markers_alone_do_nothing() -> None:
    """A lattice without rows, as it is and inside a transformation."""
    markers = Lattice.of([Marker(name="M")], energy=1e9)
    start = np.array([1e-4, 2e-4, -1e-4, 0.0, 1e-3, 1e-3])
    np.testing.assert_array_equal(track(markers, start, 2).final[0], start)
    slopes = jax.jacfwd(lambda x: track(markers, x, 1).final[0])(start)
    np.testing.assert_array_equal(slopes, np.eye(6))
