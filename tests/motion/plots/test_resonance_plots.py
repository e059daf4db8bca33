"""Pictures of resonances: what is drawn is what was computed."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright._figure import new_axes
from fieldwright.motion import (
    instability_bands,
    loss_scan,
    mathieu_points,
    mathieu_stable,
    normal_cloud,
)
from fieldwright.motion.plots import plot_growth, plot_mathieu, plot_resonances
from fieldwright.motion.plots._band_names import apart
from fieldwright.sources import PenningTrap

TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)


def test_resonances_show_curves_errors_and_reasons() -> None:
    w = np.linspace(1.2e6, 1.6e6, 21)
    clouds = [normal_cloud(10, "40Ca+", 50e-6, velocity_spread=50.0, seed=s) for s in range(3)]
    scan = loss_scan(clouds, TRAP, [0.1, 0.4], w, 100e-6)
    bands = {f: instability_bands(TRAP, "40Ca+", f, (w[0], w[-1])) for f in (0.1, 0.4)}
    ax = new_axes()
    assert plot_resonances(scan, bands, ax) is ax
    for row, container in enumerate(ax.containers):
        line, _, (bars,) = container.lines
        np.testing.assert_allclose(line.get_xdata(), w / 1e6)
        np.testing.assert_allclose(line.get_ydata(), scan.fraction_left[row])
        half = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
        np.testing.assert_allclose(half, scan.standard_error[row], atol=1e-12)
    assert [text.get_text() for text in ax.texts] == [r"$2\omega_z$"]
    shaded = sorted(patch.get_x() * 1e6 for patch in ax.patches)
    np.testing.assert_allclose(shaded, sorted(band.low for f in bands for band in bands[f]))
    assert ax.get_xlabel() == "angular frequency of the drive (rad/µs)"
    assert ax.get_ylabel() == "fraction left after 100 µs"
    assert len({str(c.lines[0].get_linestyle()) for c in ax.containers}) == 2  # legible in grey


def test_growth_is_drawn_between_the_edges_of_its_bands() -> None:
    low, high = 1.9e6, 2.4e6
    ax = plot_growth(TRAP, "40Ca+", [0.0, 0.5], [low, high])
    (band,) = instability_bands(TRAP, "40Ca+", 0.5, (low, high))
    (mesh,) = (c for c in ax.collections if hasattr(c, "get_coordinates"))
    corners = mesh.get_coordinates()
    np.testing.assert_allclose(corners[-1, [0, -1], 0] * 1e6, [band.low, band.high], rtol=1e-4)
    np.testing.assert_allclose(corners[[0, -1], 0, 1], [0.0, 0.5], atol=1e-12)
    assert abs(mesh.get_array().max() / band.growth - 1) < 1e-3
    assert [text.get_text() for text in ax.texts] == [r"$\omega_+ - \omega_-$"]
    assert ax.get_xlim() == (1.9, 2.4)


def test_the_chart_has_the_traps_points_full_where_stable() -> None:
    w = np.array([1.0e6, 1.388e6, 2.198e6])
    ax = plot_mathieu(TRAP, "40Ca+", [0.4], w)
    at = mathieu_points(TRAP, "40Ca+", 0.4, w)
    for marker, a, q in (("o", at.axial_a, at.axial_q), ("^", at.radial_a, at.radial_q)):
        full, hollow = (line for line in ax.lines if line.get_marker() == marker)
        stable = mathieu_stable(a, q)
        np.testing.assert_allclose(full.get_xydata(), np.stack([q, a], 1)[stable])
        np.testing.assert_allclose(hollow.get_xydata(), np.stack([q, a], 1)[~stable])
        assert hollow.get_markerfacecolor() == "white"
        assert 0 < stable.sum() < 3


@pytest.mark.parametrize("seed", range(5))
def test_names_are_kept_apart_and_in_order(seed: int) -> None:
    places = np.random.default_rng(seed).uniform(0, 10, size=12)
    moved = apart(places, 0.7)
    order = np.argsort(places)
    assert np.all(np.diff(moved[order]) >= 0.7 - 1e-12)
    assert abs(moved.mean() - places.mean()) < 1e-12
    wide = np.arange(5.0)
    np.testing.assert_allclose(apart(wide, 0.7), wide)
