from __future__ import annotations

import numpy as np
import pytest

from fieldwright._figure import STYLES, new_axes
from fieldwright.forces import axial_force, sweet_spot
from fieldwright.forces.plots import draw_parabola, plot_force, pull
from fieldwright.sources import Coil, CylinderMagnet

COIL = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
MAGNET = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)


def test_the_curve_is_the_force():
    z = np.linspace(0.0, 15e-3, 401)
    ax = plot_force(COIL, MAGNET, z, mark=None, label="force")
    (line,) = ax.get_lines()
    assert line.get_xdata() == pytest.approx(z * 1e3)
    assert line.get_ydata() == pytest.approx(-np.asarray(axial_force(COIL, MAGNET, z)))
    assert "(mm)" in ax.get_xlabel()
    assert "(N/A)" in ax.get_ylabel()


def test_it_draws_where_it_is_told_to():
    ax = new_axes()
    assert plot_force(COIL, MAGNET, ax=ax, style=1) is ax
    assert ax.get_lines()[0].get_color() == STYLES[1][0]


def test_marks():
    spot = sweet_spot(COIL, MAGNET)
    ax = plot_force(COIL, MAGNET, mark="maximum")
    (dot,) = ax.get_lines()[1].get_xydata()
    assert dot == pytest.approx([float(spot.position) * 1e3, float(spot.force_per_current)])
    ax = plot_force(COIL, MAGNET, mark="range")
    box = ax.patches[0].get_path().get_extents(ax.patches[0].get_patch_transform())
    assert (box.x0, box.x1) == pytest.approx([1e3 * float(end) for end in spot.range(0.95)])
    with pytest.raises(ValueError, match="mark must be"):
        plot_force(COIL, MAGNET, mark="middle")


def test_the_parabola_touches_the_curve():
    ax = plot_force(COIL, MAGNET, np.linspace(6.5e-3, 7e-3, 401), mark="parabola")
    curve, parabola = (line.get_ydata() for line in ax.get_lines())
    # they part with the third derivative: 0.3 mm off, by a thousandth of the maximum at most
    assert np.abs(curve - parabola).max() < 1e-3 * curve.max()
    assert np.abs(curve - parabola).max() > 0


def test_no_parabola_below_zero():
    ax = new_axes()
    draw_parabola(ax, np.linspace(0.0, 0.02, 201), 7e-3, 0.1, -5000.0)
    assert ax.get_lines()[0].get_ydata().min() >= 0.0


def test_pull_is_positive_where_it_is_largest():
    assert pull([0.1, -0.5]).tolist() == [-0.1, 0.5]
    assert pull([-0.1, 0.5]).tolist() == [-0.1, 0.5]


def test_styles_differ_without_colour():
    assert len({str(dashes) for _, dashes in STYLES}) == len(STYLES)
    assert len({color for color, _ in STYLES}) == len(STYLES)
