"""Pictures of rings show what they are given, with units, and legibly in grey."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.patches import Polygon, Rectangle
from PIL import Image

from fieldwright.errors import InputError
from fieldwright.rings import (
    Bend,
    Drift,
    DynamicAperture,
    Lattice,
    Marker,
    Octupole,
    Quadrupole,
    RFCavity,
    Sextupole,
    Solenoid,
    dynamic_aperture,
    plots,
    survey,
    vepp2000_solenoid,
)
from fieldwright.rings.plots._element_look import look_of
from fieldwright.rings.plots._tune import resonance_lines

CELL = [
    Marker(name="IP"),
    Drift(name="D", length=0.5),
    Solenoid(name="SOL", length=0.4, ks=-3.9),
    Quadrupole(name="QF", length=0.2, k1=2.0),
    Bend(name="B", length=1.1, angle=np.pi / 4),
    Quadrupole(name="QD", length=0.2, k1=-2.0),
    Sextupole(name="S", length=0.1, k2=-30.0),
    RFCavity(name="RF", voltage=1e5, harmonic=14),
    Drift(name="D", length=0.5),
]
RING = Lattice.of(8 * CELL, energy=1e9)
S = np.asarray(RING.s)


def picture(ax) -> np.ndarray:
    """The figure as an image; drawing it raises whatever is wrong with it."""
    with io.BytesIO() as file:
        ax.figure.savefig(file, format="png", dpi=50)
        return np.asarray(Image.open(file).convert("L"))


def has_ink_at_the_frame(image: np.ndarray) -> bool:
    """Whether something is cut off at the picture's edge."""
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return bool((edge < 250).any())


def test_the_layout_has_every_element_in_its_place() -> None:
    ax = plots.plot_layout(RING)
    shapes = [patch for patch in ax.patches if isinstance(patch, Polygon)]
    assert len(shapes) == 8 * 6
    floor = survey(RING).position[:, [2, 0]]
    where = [index for index in range(len(RING)) if look_of(RING, index)]
    for index, shape in zip(where, shapes, strict=True):
        ends = floor[index : index + 2].mean(axis=0)
        sagitta = 0.12 if RING.kinds[index] == "Bend" else 1e-9
        assert np.linalg.norm(shape.get_xy()[:-1].mean(axis=0) - ends) < sagitta
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("IP") == 8
    assert texts.count("−") == 8  # the solenoids' polarity
    assert {"B", "QF", "SOL", "RF", "beam"} <= set(texts)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == [
        "bend", "quadrupole, focusing", "quadrupole, defocusing", "sextupole", "solenoid", "cavity",
    ]  # fmt: skip
    assert ax.get_aspect() == 1.0
    assert not has_ink_at_the_frame(picture(ax))


def test_names_of_the_layout_can_be_left_out() -> None:
    texts = [text.get_text() for text in plots.plot_layout(RING, names=False).texts]
    assert set(texts) == {"", "−", "beam"}  # the empty one is an arrow


def test_looks_tell_the_order_and_the_sign() -> None:
    line = Lattice.of(
        [
            Quadrupole(name="A", length=0.1, k1=1.0),
            Quadrupole(name="B", length=0.1, k1=-1.0),
            Quadrupole(name="C", length=0.1, k1s=1.0),
            Quadrupole(name="T", length=0.1, k1=1.0, tilt=np.pi / 4),
            Octupole(name="O", length=0.1, k3=1.0),
            Drift(name="D", length=0.1),
        ],
        energy=1e9,
    )
    looks = [look_of(line, index) for index in range(len(line))]
    assert [look and look.label for look in looks] == [
        "quadrupole, focusing", "quadrupole, defocusing", "skew quadrupole", "skew quadrupole",
        "octupole", None,
    ]  # fmt: skip
    assert looks[0].low == 0 < looks[0].high
    assert looks[1].high == 0 > looks[1].low


def functions(degenerate: bool = False, vertical: float = 0.0) -> SimpleNamespace:
    """Something that looks like optics; no ring needs to be solved for its picture."""
    beta = np.stack([5 + 4 * np.cos(S), 5 - 3 * np.cos(S)], axis=1)
    modes = np.stack([beta, 0.1 * beta[:, ::-1]], axis=1)
    dispersion = np.stack([1 + np.sin(S), 0 * S, vertical * np.cos(S), 0 * S], axis=1)
    return SimpleNamespace(
        s=S, beta=beta, mode_beta=modes, dispersion=dispersion, degenerate=degenerate,
        tunes=np.array([4.1, 2.1]),
    )  # fmt: skip


def test_optics_with_a_strip_of_the_lattice() -> None:
    found = functions()
    ax = plots.plot_optics(found, lattice=RING)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), found.beta[:, 0])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), found.beta[:, 1])
    (right,) = (other for other in ax.figure.axes if other.get_ylabel() == "dispersion (m)")
    assert len(right.lines) == 1  # there is no vertical one
    (strip,) = ax.child_axes
    boxes = [patch for patch in strip.patches if isinstance(patch, Rectangle)]
    assert len(boxes) == 8 * 6
    bend = next(box for box in boxes if abs(box.get_width() - 1.1) < 1e-9)
    assert abs(bend.get_x() - 1.1) < 1e-9
    ax.set_xlim(0.0, 5.0)
    assert strip.get_xlim() == (0.0, 5.0)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [r"$\beta_x$", r"$\beta_y$", "$D_x$"]
    curves = [*ax.lines, *right.lines]
    assert len({str(line._dash_pattern) for line in curves}) == 3  # legible in grey
    assert not has_ink_at_the_frame(picture(ax))


def test_optics_of_single_modes() -> None:
    ax = plots.plot_optics(functions(vertical=0.1), modes=True)
    assert len(ax.lines) == 4
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[1:3] == [r"$\beta_{1y}$", r"$\beta_{2x}$"]
    assert labels[-1] == "$D_y$"
    with pytest.raises(InputError, match="differ by a whole number"):
        plots.plot_optics(functions(degenerate=True), modes=True)


def test_an_orbit_is_in_units_that_fit() -> None:
    orbit = np.zeros((len(S), 6))
    orbit[:, 0], orbit[:, 2] = 2e-5 * np.sin(S), 1e-5 * np.cos(S)
    ax = plots.plot_orbit(S, orbit, lattice=RING)
    assert ax.get_ylabel() == "orbit (µm)"
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 10 * np.cos(S))
    assert not has_ink_at_the_frame(picture(ax))
    with pytest.raises(InputError, match="shape"):
        plots.plot_orbit(S, orbit[:-1])


def test_resonance_lines_are_all_there_and_each_once() -> None:
    low, high = np.array([3.9, 1.9]), np.array([4.3, 2.3])
    lines = resonance_lines(low, high, 3)
    for line in lines:
        np.testing.assert_allclose(line.ends @ (line.m, line.n), line.p, atol=1e-12)
        on = np.isclose(line.ends, low, atol=1e-9) | np.isclose(line.ends, high, atol=1e-9)
        assert on.any(axis=1).all()
        assert line.order <= 3
    found = {line[:3] for line in lines}
    assert len(found) == len(lines)
    assert {(1, 0, 4), (0, 1, 2), (1, -1, 2), (1, 1, 6), (2, -1, 6), (1, 2, 8)} <= found
    assert (2, 0, 8) not in found  # that is nu_1 = 4
    # by counting: every integer triple whose line has points inside
    grid = np.stack(np.meshgrid(*(np.linspace(a, b, 401) for a, b in zip(low, high, strict=True))))
    known = set()
    for m in range(4):
        for n in range(-3, 4):
            if not 1 <= m + abs(n) <= 3 or (m == 0 and n < 0):
                continue
            value = m * grid[0] + n * grid[1]
            for p in range(int(np.ceil(value.min() + 1e-9)), int(value.max() - 1e-9) + 1):
                if np.gcd.reduce([m, n, p]) == 1:
                    known.add((m, n, p))
    assert found == known


def test_the_tune_diagram_names_its_lines_and_points() -> None:
    ax = plots.plot_tune_diagram({"apart": [4.12, 2.07], "collided": [4.2, 2.15]}, order=3)
    points = {
        line.get_label(): line.get_xydata()[0] for line in ax.lines if line.get_marker() in "*o"
    }
    np.testing.assert_allclose(points["collided"], [4.2, 2.15])
    texts = {text.get_text() for text in ax.texts}
    assert {r"$\nu_1=4$", r"$\nu_1-\nu_2=2$"} <= texts
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["apart", "collided", "order 1", "order 2", "order 3", "difference"]
    assert not has_ink_at_the_frame(picture(ax))
    with pytest.raises(InputError, match="order"):
        plots.plot_tune_diagram([4.1, 2.1], order=0)


def test_a_tilted_ellipse_has_its_axes_and_sizes() -> None:
    angle, sizes = 0.3, np.array([2e-4, 1e-4])
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    section = axes @ np.diag(sizes**2) @ axes.T
    ax = plots.plot_beam_ellipse(section, title="IP1")
    ellipse = next(line for line in ax.lines if line.get_label() == "one sigma").get_xydata().T
    np.testing.assert_allclose(np.abs(axes.T @ ellipse).max(axis=1), 1e3 * sizes, rtol=1e-3)
    assert ax.get_title().startswith("IP1\n")
    assert "200 µm" in ax.get_title()
    assert "17.19°" in ax.get_title()
    assert {text.get_text() for text in ax.texts} == {r"$\bar x$", r"$\bar y$"}
    (spot,) = ax.images
    assert spot.get_array().max() > 0.99
    whole = np.eye(6)
    whole[:3:2, :3:2] = section
    assert plots.plot_beam_ellipse(whole).get_title() == ax.get_title().removeprefix("IP1\n")


def test_a_round_beam_has_no_axes_and_a_flat_one_is_seen() -> None:
    ax = plots.plot_beam_ellipse(1e-8 * np.eye(2))
    assert ax.get_title() == r"round, $\sigma$ = 100 µm"
    assert not ax.texts
    flat = plots.plot_beam_ellipse(np.diag([1e-8, 1e-16]))
    assert flat.images[0].get_array()[100].max() > 0.9
    with pytest.raises(InputError, match="a width and a height"):
        plots.plot_beam_ellipse(np.diag([1e-8, 0.0]))
    with pytest.raises(InputError, match="shape"):
        plots.plot_beam_ellipse(np.eye(3))


def test_sizes_over_energy() -> None:
    energy = np.array([2e8, 1e9])
    ax = plots.plot_energy_scan(energy, {"a": 1e-5 * energy / 1e9, "b": 2e-5 * energy / 1e9})
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[200, 4], [1000, 20]])
    assert ax.get_ylim()[0] == 0
    with pytest.raises(InputError, match="shape"):
        plots.plot_energy_scan(energy, {"a": [1e-5]})


def test_a_solenoid_over_its_sections() -> None:
    sections = vepp2000_solenoid()
    ax = plots.plot_solenoid_field(sections, names=["main 1", "main 2", "additional"])
    curves = {line.get_label(): line.get_ydata() for line in ax.lines}
    parts = sum(curves[name] for name in ("main 1", "main 2", "additional"))
    np.testing.assert_allclose(curves["all sections"], parts, rtol=1e-12)
    assert abs(curves["additional"].max() - 8.0) < 1e-3
    (strip,) = ax.child_axes
    assert len(strip.patches) == 6
    assert strip.get_ylabel() == "r (mm)"
    assert not has_ink_at_the_frame(picture(ax))


def test_the_dynamic_aperture_of_a_linear_ring_is_its_collimator() -> None:
    """At a waist the largest x of a linear motion is the one it starts with."""
    half = [Quadrupole(name="QF", length=0.1, k1=1.2)]
    drift = Drift(name="D", length=1.8)
    cell = [
        Marker(name="M", x_limit=0.01, y_limit=0.004), *half, drift,
        Quadrupole(name="QD", length=0.2, k1=-1.2), drift, *half,
    ]  # fmt: skip
    angles = np.array([0.0, 0.7, np.pi / 2, np.pi])
    told: list[float] = []
    found = dynamic_aperture(
        Lattice.of(cell, energy=1e9), 200, angles=angles, delta=0.0, progress=told.append
    )
    known = np.array([0.01, 0.004 / np.sin(0.7), 0.004, 0.01])
    assert np.all(found.radius <= known * 1.001)
    assert np.all(found.lost_radius >= known * 0.999)
    step = (found.lost_radius - found.radius) / found.lost_radius.max()
    assert np.all((step > 0) & (step < 1 / 340))
    assert found.scan.shape == found.scan_lost.shape == (4, 24)
    assert told[-1] == 1.0
    assert sorted(told) == told


def test_the_picture_of_a_dynamic_aperture() -> None:
    angle = np.linspace(0.0, np.pi, 7)
    scan = np.tile(np.linspace(1e-3, 0.012, 12), (7, 1))
    lost = np.where(scan > 0.0095, 20, -1)
    found = DynamicAperture(angle, np.full(7, 9.4e-3), np.full(7, 9.6e-3), 100, scan, lost)
    assert abs(found.area / (0.5 * 6 * np.sin(np.pi / 6) * 9.4e-3**2) - 1) < 1e-12
    ax = plots.plot_dynamic_aperture(found, label="edge")
    edge = next(line for line in ax.lines if line.get_label() == "edge").get_xydata()
    np.testing.assert_allclose(np.hypot(*edge.T), 9.4)
    stayed = next(line for line in ax.lines if line.get_label() == "stayed").get_xydata()
    assert len(stayed) == (lost < 0).sum()
    assert not has_ink_at_the_frame(picture(ax))
    assert len(plots.plot_dynamic_aperture(found, scan=False).lines) == 1
