"""Pictures of trajectories show what they are given, with units, and legibly in grey."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fieldwright._figure import STYLES, new_axes
from fieldwright.errors import InputError
from fieldwright.motion import plots
from fieldwright.motion.plots._scales import scale_of

TIME = np.linspace(0.0, 50e-6, 41)


def trajectory(count=2, seed=0):
    """Something that looks like a trajectory; no simulation is needed for its picture."""
    random = np.random.default_rng(seed)
    start = random.normal(size=(count, 3)) * 30e-6
    turn = np.exp(1j * 2.3e6 * TIME)[:, None]
    f = (start[:, 0] + 1j * start[:, 1]) * turn
    z = start[:, 2] * np.cos(0.7e6 * TIME)[:, None]
    position = np.stack([f.real, f.imag, z], axis=2)
    velocity = np.gradient(position, TIME, axis=0)
    ions = SimpleNamespace(mass=np.ones(count), charge=np.arange(count) % 2 + 1.0)
    source = SimpleNamespace(bounded=True, size=60e-6)
    return SimpleNamespace(
        time=TIME, position=position, velocity=velocity, ions=ions, source=source
    )


def test_a_coordinate_over_time():
    found = trajectory()
    ax = plots.plot_coordinate(found, "z", ion=1, label="one")
    (line,) = ax.get_lines()
    assert line.get_xdata() == pytest.approx(TIME * 1e6)
    assert line.get_ydata() == pytest.approx(found.position[:, 1, 2] * 1e6)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (µs)", "z (µm)")
    # a second curve, however small, shares the axes' unit
    found.position = found.position / 1e4
    plots.plot_coordinate(found, "z", ax, style=1)
    assert ax.get_lines()[1].get_ydata() == pytest.approx(found.position[:, 0, 2] * 1e6)
    assert ax.get_lines()[1].get_linestyle() != line.get_linestyle()


def test_orbits_begin_open_and_end_full():
    found = trajectory()
    ax = plots.plot_orbit(found, "xz")
    path, begin, end = ax.get_lines()[:3]
    assert path.get_xdata() == pytest.approx(found.position[:, 0, 0] * 1e6)
    assert path.get_ydata() == pytest.approx(found.position[:, 0, 2] * 1e6)
    assert begin.get_markerfacecolor() == "white"
    assert end.get_xdata() == pytest.approx(found.position[-1:, 0, 0] * 1e6)
    assert ax.get_aspect() == 1.0
    assert len(plots.plot_orbit(found, ions=[1]).get_lines()) == 3


def test_lost_ions_end_where_they_were_last():
    found = trajectory()
    found.position[20:, 0] = np.nan
    found.position[:, 1] = np.nan  # lost at once: nothing to be drawn
    ax = plots.plot_orbit(found)
    assert len(ax.get_lines()) == 3
    assert ax.get_lines()[2].get_xdata() == pytest.approx(found.position[19:20, 0, 0] * 1e6)
    assert len(plots.plot_paths(found).get_lines()) == 3


def test_phase_planes_and_paths():
    found = trajectory()
    ax = plots.plot_phase(found, "x")
    line = ax.get_lines()[0]
    assert line.get_xdata() == pytest.approx(found.position[:, 0, 0] * 1e6)
    assert line.get_ydata() == pytest.approx(found.velocity[:, 0, 0])
    assert ax.get_ylabel() == "$v_x$ (m/s)"
    x, y, z = plots.plot_paths(found).get_lines()[0].get_data_3d()
    assert np.stack([x, y, z], axis=1) == pytest.approx(found.position[:, 0] * 1e6)


def test_a_crowd_is_drawn_thin_and_grey():
    ax = plots.plot_orbit(trajectory(len(STYLES) + 1))
    assert {line.get_color() for line in ax.get_lines()} == {"0.25"}


def test_errors_and_orders():
    ax = plots.plot_error(TIME, np.linspace(0.0, 1e-6, 41), label="a")
    (line,) = ax.get_lines()
    assert np.isnan(line.get_ydata()[0])  # zero has no place on a logarithmic axis
    assert line.get_ydata()[1:] == pytest.approx(np.linspace(0.0, 1e-6, 41)[1:])
    assert "relative" in ax.get_ylabel()
    step = np.array([4e-9, 2e-9, 1e-9])
    ax = plots.plot_order(step, 1e25 * step**4, order=4)
    points, slope = (line.get_ydata() for line in ax.get_lines())
    assert slope == pytest.approx(points)  # a line of the right order goes through all points
    ax = plots.plot_order(step, 1e25 * step**4, order=3)
    assert ax.get_lines()[1].get_ydata()[0] == pytest.approx(points[0] / 4)


def test_marks_of_a_spectrum():
    frequency = np.linspace(0.0, 500e3, 11)
    ax = plots.plot_spectrum(frequency, np.ones(11), marks={"in": 110e3, "out": 1e6})
    assert [text.get_text() for text in ax.texts] == ["in"]
    assert ax.get_lines()[1].get_xdata() == pytest.approx([110.0, 110.0])
    assert ax.get_xlabel() == "frequency (kHz)"


def test_pictures_are_drawn_where_they_are_told_to():
    ax = new_axes()
    found = trajectory()
    assert plots.plot_coordinate(found, ax=ax) is ax
    assert plots.plot_error(TIME, np.ones(41), ax) is ax


def test_what_is_not_there_is_refused():
    found = trajectory()
    with pytest.raises(InputError, match="there are 2 ions, so there is no ion 2"):
        plots.plot_coordinate(found, ion=2)
    with pytest.raises(InputError, match="axis must be 'x', 'y' or 'z', got 'w'"):
        plots.plot_phase(found, "w")
    with pytest.raises(InputError, match="plane must be 'xy'"):
        plots.plot_orbit(found, "xx")


@pytest.mark.parametrize(
    ("values", "unit"),
    [([2e-5], "µm"), ([0.0], "m"), ([3e-9, -4e-10], "nm"), ([1e-12], "nm"), ([5e3], "km")],
)
def test_scales(values, unit):
    assert scale_of(values, "m")[1] == unit


def test_a_film(tmp_path):
    found = trajectory(30)
    found.time, found.position = TIME[::4], found.position[::4]
    found.position[8:, 0] = np.nan
    path = plots.animate(found, tmp_path / "cloud.gif")
    with Image.open(path) as film:
        assert film.format == "GIF"
        assert film.n_frames == len(found.time) == 11
        first = np.asarray(film.convert("RGB")).copy()
        film.seek(5)
        assert np.abs(np.asarray(film.convert("RGB")).astype(int) - first).max() > 100


def test_films_of_other_kinds(tmp_path, monkeypatch):
    from matplotlib.animation import FFMpegWriter

    with pytest.raises(InputError, match=r"a film is a \.gif or an \.mp4"):
        plots.animate(trajectory(), tmp_path / "cloud.avi")
    monkeypatch.setattr(FFMpegWriter, "isAvailable", lambda: False)
    with pytest.raises(InputError, match="needs the program ffmpeg, which is not here"):
        plots.animate(trajectory(), tmp_path / "cloud.mp4")
    assert list(tmp_path.iterdir()) == []
