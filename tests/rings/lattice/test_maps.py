"""Maps against the equations of motion in the true field, and against geometry."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.spatial.transform import Rotation

from fieldwright.rings import (
    Bend,
    Drift,
    Kicker,
    Lattice,
    Multipole,
    Octupole,
    Quadrupole,
    RFCavity,
    Sextupole,
    Solenoid,
    solenoid_from_coils,
)
from fieldwright.rings.lattice._elements import COLUMN, COLUMNS
from fieldwright.rings.lattice._programme import rows_of
from fieldwright.rings.lattice._rows import prepare
from fieldwright.rings.lattice._steps import OPERATIONS, Row
from fieldwright.sources import Coil

ENERGY = 1.2e6  # [eV] slow enough for the velocity to matter
S = np.kron(np.eye(3), [[0.0, 1.0], [-1.0, 0.0]])
DISSIPATIVE = ("aperture", "radiate", "radiate_face")
#: x, px, y, py, z, delta of four particles, one of them on the axis.
RAYS = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [3e-3, -2e-3, 2e-3, 1e-3, 1e-3, 5e-3],
        [-4e-3, 3e-3, 1e-3, -4e-3, 0.0, -2e-2],
        [6e-3, 5e-3, -5e-3, 3e-3, -2e-3, 1e-2],
    ]
)


@functools.lru_cache
def operation(name: str) -> Callable[..., Any]:
    """One map over particles (n, 6), compiled once for all tests."""

    def apply(values: Any, fraction: Any, extra: Any, beam: Any, states: Any) -> Any:
        row = Row(values, fraction, extra, beam)

        def one(state: Any) -> Any:
            return jnp.stack(jnp.broadcast_arrays(*OPERATIONS[name](row, tuple(state))))

        return jax.vmap(one)(states)

    return jax.jit(apply)


@functools.lru_cache
def _prepare() -> Any:
    return jax.jit(prepare)


def prepared(lattice: Lattice) -> tuple[Any, np.ndarray, Any]:
    """The lattice's programme, its table as maps need it, and the reference particle."""
    rows = rows_of(lattice)
    table, beam = _prepare()(rows.rows, rows.filled(lattice.table), lattice.energy)
    return rows, np.asarray(table), beam


def through(elements: Any, rays: Any = RAYS, energy: float = ENERGY) -> np.ndarray:
    """Rays after the elements, row by row; all but the last column are cheap to trace anew."""
    elements = [elements] if not isinstance(elements, Sequence) else elements
    lattice = Lattice.of(elements, energy=energy)
    rows, table, beam = prepared(lattice)
    names, states = list(OPERATIONS), np.asarray(rays)
    for number, index, fraction, extra in zip(
        rows.operation, rows.element, rows.fraction, rows.extra, strict=True
    ):
        states = operation(names[number])(table[index], fraction, extra, beam, states)
    return np.asarray(states)


def slip(delta: Any) -> Any:
    """beta / beta0 - 1."""
    rest = 0.51099895069e6
    p0 = np.sqrt(ENERGY**2 - rest**2)
    p = p0 * (1 + np.asarray(delta))
    return p / np.hypot(p, rest) / (p0 / ENERGY) - 1


def advance(field: Any, r: Any, p: Any, origin: Any, normal: Any) -> tuple[Any, Any, float]:
    """Position, momentum and path on a plane; in free space, also backwards.

    dr/dl = p / |p| and dp/dl = p / |p| x B / (B rho): the Lorentz force in the laboratory, over the
    path l.
    """
    momentum = np.linalg.norm(p)
    if field is None:
        path = momentum * (normal @ (origin - r)) / (normal @ p)
        return r + p / momentum * path, p, path

    def force(_: float, state: np.ndarray) -> np.ndarray:
        direction = state[3:] / momentum
        return np.concatenate([direction, np.cross(direction, field(state[:3]))])

    def there(_: float, state: np.ndarray) -> float:
        return float(normal @ (state[:3] - origin))

    there.terminal, there.direction = True, 1.0  # type: ignore[attr-defined]
    tolerances = {"rtol": 3e-14, "atol": 1e-16, "max_step": 0.05}
    start = np.concatenate([r, p])
    end = solve_ivp(force, (0, 10), start, "DOP853", events=there, **tolerances)
    last = end.y_events[0][0]
    return last[:3], last[3:], end.t_events[0][0]


def fly(ray: np.ndarray, length: float, stages: Any, origin: Any, axes: Any = None) -> np.ndarray:
    """A ray from the plane z = 0 to the plane through `origin` with `axes` as rows (x, y, normal).

    `stages` are fields and the planes where they end; `length` is that of the reference orbit.
    """
    axes = np.eye(3) if axes is None else axes
    x, px, y, py, z, delta = ray
    momentum, path = 1 + delta, 0.0
    r, p = np.array([x, y, 0.0]), np.array([px, py, np.sqrt(momentum**2 - px**2 - py**2)])
    for field, *plane in stages:
        r, p, step = advance(field, r, p, *plane)
        path += step
    r, p = axes @ (r - origin), axes @ p
    return np.array([r[0], p[0], r[1], p[1], z + length * (1 + slip(delta)) - path, delta])


def flown(field: Any, length: float, origin: Any, axes: Any = None) -> np.ndarray:
    """All rays through one field."""
    normal = np.eye(3)[2] if axes is None else axes[2]
    stages = [(field, np.array(origin), normal)]
    return np.array([fly(ray, length, stages, origin, axes) for ray in RAYS])


def end_of_arc(length: float, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Origin and axes (x, y, forward) at the end of an arc that bends towards negative x."""
    radius = length / angle
    c, s = np.cos(angle), np.sin(angle)
    origin = np.array([-radius * (1 - c), 0.0, radius * s])
    return origin, np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def straight_field(k: Sequence[float], ks: Sequence[float] = (0, 0, 0, 0)) -> Any:
    """B / (B rho) of multipoles: B_y + i B_x is the sum of (k_n + i ks_n) (x + i y)^n / n!."""

    def field(r: np.ndarray) -> np.ndarray:
        w, total, power = complex(r[0], r[1]), 0j, 1 + 0j
        for n in range(4):
            total += (k[n] + 1j * ks[n]) * power
            power *= w / (n + 1)
        return np.array([total.imag, total.real, 0.0])

    return field


def test_every_map_is_symplectic() -> None:
    random = np.random.default_rng(3)
    values = np.zeros(len(COLUMNS))
    numbers = {
        "length": 0.3, "angle": 0.4, "tilt": 0.3, "dx": 2e-3, "dy": -1e-3, "roll": 0.02, "e1": 0.3,
        "e2": -0.2, "fint1": 0.5, "fint2": 0.4, "gap": 0.04, "k0": 0.1, "k1": 1.4, "k2": 20.0,
        "k3": 300.0, "k0s": -0.05, "k1s": 0.8, "k2s": -15.0, "k3s": 200.0, "ks": 1.5,
        "voltage": 2e5, "frequency": 5e8, "phase": 0.3,
    }  # fmt: skip
    for name, value in numbers.items():
        values[COLUMN[name]] = value
    ring = Lattice.of([Drift(name="D", length=2.0)], energy=ENERGY)
    _, _, beam = prepared(ring)
    states = random.uniform(-1, 1, (5, 6)) * [0.02, 0.02, 0.02, 0.02, 0.05, 0.05]
    names = [name for name in OPERATIONS if name not in DISSIPATIVE]

    @jax.jit
    def jacobians(states: Any) -> Any:
        def of(name: str, extra: Any, state: Any) -> Any:
            row = Row(jnp.asarray(values), 0.7, extra, beam)

            def act(s):
                return jnp.stack(jnp.broadcast_arrays(*OPERATIONS[name](row, tuple(s))))

            return jax.vmap(lambda d: jax.jvp(act, (state,), (d,))[1], out_axes=1)(jnp.eye(6))

        extra = jnp.array([0.9, 1.0, 0.4])
        return [jax.vmap(functools.partial(of, name, extra))(states) for name in names]

    for name, matrices in zip(names, jacobians(states), strict=True):
        for m in np.asarray(matrices):
            assert np.abs(m - np.eye(6)).max() > 1e-7, f"{name} does nothing"
            error = np.abs(m.T @ S @ m - S).max() / max(1.0, np.abs(m).max() ** 2)
            assert error < 1e-12, f"{name}: {error:.1e}"


def test_drift() -> None:
    expected = flown(None, 0.7, (0, 0, 0.7))
    np.testing.assert_allclose(through(Drift(name="D", length=0.7)), expected, atol=1e-14)


def test_quadrupole_and_skew_quadrupole() -> None:
    length = 0.3
    for k1, k1s in ((2.0, 0.0), (-2.0, 0.0), (1.2, 1.6)):
        expected = flown(straight_field([0, k1, 0, 0], [0, k1s, 0, 0]), length, (0, 0, length))
        found = through(Quadrupole(name="Q", length=length, k1=k1, k1s=k1s))
        # the paraxial part is exact, what is beyond it of fourth order in the length
        np.testing.assert_allclose(found, expected, atol=2e-10)
    halves = [Quadrupole(name="Q", length=length / 8, k1=1.2, k1s=1.6)] * 8
    np.testing.assert_allclose(through(halves), expected, atol=5e-14)


def test_a_tilted_quadrupole_is_a_skew_one() -> None:
    tilted = through(Quadrupole(name="Q", length=0.3, k1=2.0, tilt=np.pi / 4))
    skew = through(Quadrupole(name="Q", length=0.3, k1s=-2.0))
    np.testing.assert_allclose(tilted, skew, atol=1e-11)
    # the field of k1 > 0, turned by 45 degrees from x to y: B_y = -k1 y', B_x = -k1 x'
    expected = flown(straight_field([0, 0, 0, 0], [0, -2.0, 0, 0]), 0.3, (0, 0, 0.3))
    np.testing.assert_allclose(skew, expected, atol=2e-10)


@pytest.mark.parametrize("kind", [Sextupole, Octupole])
def test_two_kicks_a_piece_leave_an_error_of_second_order_in_the_kicks(kind: Any) -> None:
    length = 0.4
    errors = {}
    for strength in (1.0, 0.1):
        k, ks = [0, 0, 150.0 * strength, 3e3 * strength], [0, 0, -80.0 * strength, 0]
        expected = flown(straight_field(k, ks), length, (0, 0, length))
        for count in (1, 2, 4):
            part = kind(name="S", length=length / count, k2=k[2], k2s=ks[2], k3=k[3])
            errors[strength, count] = np.abs(through([part] * count) - expected)[:, :5].max()
    assert errors[1.0, 1] < 2e-5
    assert errors[1.0, 1] / errors[1.0, 2] > 3.5 and errors[1.0, 2] / errors[1.0, 4] > 3.5, errors
    assert errors[0.1, 1] < 0.015 * errors[1.0, 1], errors


def test_a_straight_element_with_every_multipole() -> None:
    k, ks, length = [0.01, 1.5, 20.0, 3e3], [-0.02, 0.5, -15.0, 1e3], 0.3
    expected = flown(straight_field(k, ks), length, (0, 0, length))
    names = {f"k{n}": k[n] for n in range(4)} | {f"k{n}s": ks[n] for n in range(4)}
    errors = []
    for count in (4, 8, 16):
        rays = through([Quadrupole(name="Q", length=length / count, **names)] * count)
        errors.append(np.abs(rays - expected)[:, :5].max())
    assert errors[0] < 5e-7
    assert errors[0] / errors[1] > 3.5 and errors[1] / errors[2] > 3.5, errors


def test_a_thin_multipole_kicks_by_its_field() -> None:
    k, ks = [1e-3, 0.5, 20.0, 900.0], [2e-3, -0.4, 30.0, -700.0]
    field = straight_field(k, ks)
    names = {f"k{n}": k[n] for n in range(4)} | {f"k{n}s": ks[n] for n in range(4)}
    found = through(Multipole(name="M", **names)) - RAYS
    kicks = np.array([field(np.array([x, y, 0.0])) for x, _, y, *_ in RAYS])
    np.testing.assert_allclose(found[:, 1], -kicks[:, 1], atol=1e-17)
    np.testing.assert_allclose(found[:, 3], kicks[:, 0], atol=1e-17)
    np.testing.assert_array_equal(found[:, [0, 2, 4, 5]], 0.0)


def without_fringe(bend: Bend, rays: np.ndarray) -> np.ndarray:
    """A sector's body: its hard edges taken off, which are maps of their own."""
    name = "combined_bend" if bend.k1 or bend.k2 else "bend"
    lattice = Lattice.of([bend], energy=ENERGY)
    rows, table, beam = prepared(lattice)
    states: Any = rays
    for number, fraction, extra in zip(rows.operation, rows.fraction, rows.extra, strict=True):
        if list(OPERATIONS)[number] == name:
            states = operation(name)(table[0], fraction, extra, beam, states)
    return np.asarray(states)


def test_the_body_of_a_sector_bend() -> None:
    length, angle = 1.1, 0.785
    bend = Bend(name="B", length=length, angle=angle)
    expected = flown(lambda r: np.array([0, angle / length, 0]), length, *end_of_arc(length, angle))
    np.testing.assert_allclose(without_fringe(bend, RAYS), expected, atol=2e-14)
    weaker = Bend(name="B", length=length, angle=angle, k0=0.03)
    field = np.array([0, angle / length + 0.03, 0])
    expected = flown(lambda r: field, length, *end_of_arc(length, angle))
    np.testing.assert_allclose(without_fringe(weaker, RAYS), expected, atol=2e-14)


def curved_field(radius: float, k1: float, k2: float) -> Any:
    """Of a combined-function sector about (-radius, y, 0): curl- and divergence-free, from its
    midplane field b(x) = 1 / radius + k1 x + k2 x^2 / 2 to sixth order in y.

    phi = y b - y^3/6 b2 + y^5/120 b4, b2 = b'' + b'/r the Laplacian in the plane.
    """

    def field(at: np.ndarray) -> np.ndarray:
        r, y = np.hypot(at[0] + radius, at[2]), at[1]
        x = r - radius
        b, b1, b2 = 1 / radius + k1 * x + k2 * x * x / 2, k1 + k2 * x, k2
        lap = b2 + b1 / r
        lap1 = b2 / r - b1 / r**2
        lap2 = -2 * b2 / r**2 + 2 * b1 / r**3
        lap_lap = lap2 + lap1 / r
        by = b - y * y / 2 * lap + y**4 / 24 * lap_lap
        br = y * b1 - y**3 / 6 * lap1
        return np.array([br * (at[0] + radius) / r, by, br * at[2] / r])

    return field


def test_the_body_of_a_combined_function_bend() -> None:
    length, angle, k1, k2 = 0.8, 0.5, -1.3, 12.0
    expected = flown(curved_field(length / angle, k1, k2), length, *end_of_arc(length, angle))
    errors = []
    for count in (4, 8):
        part = Bend(name="B", length=length / count, angle=angle / count, k1=k1, k2=k2)
        rays = RAYS
        for _ in range(count):
            rays = without_fringe(part, rays)
        errors.append(np.abs(rays - expected)[:, :5].max())
    assert errors[0] < 5e-9 and errors[0] / errors[1] > 14, errors  # fourth order
    whole = without_fringe(Bend(name="B", length=length, angle=angle, k1=k1, k2=k2), RAYS)
    np.testing.assert_allclose(whole, expected, atol=5e-9)


def faces(length: float, angle: float, e1: float, e2: float) -> Any:
    """Planes (origin, normal) of the pole faces of a bend."""
    origin, axes = end_of_arc(length, angle)
    first = np.zeros(3), np.array([-np.sin(e1), 0, np.cos(e1)])
    second = origin, axes.T @ np.array([np.sin(e2), 0, np.cos(e2)])
    return first, second


@pytest.mark.parametrize("angles", [(0.3, 0.3), (0.45, -0.2)])
def test_a_bend_with_turned_faces_is_a_uniform_field_between_planes(angles: Any) -> None:
    # e1 = e2 = angle / 2 is the rectangular bend; in the midplane edges do nothing else
    length, angle = 1.2, 0.6
    bend = Bend(name="B", length=length, angle=angle, e1=angles[0], e2=angles[1])
    origin, axes = end_of_arc(length, angle)
    first, second = faces(length, angle, *angles)
    if angles == (0.3, 0.3):
        np.testing.assert_allclose(first[1], second[1], atol=1e-15)

    def field(r):
        return np.array([0, angle / length, 0])

    stages = [(None, *first), (field, *second), (None, origin, axes[2])]
    rays = RAYS * [1, 1, 0, 0, 1, 1]
    expected = np.array([fly(ray, length, stages, origin, axes) for ray in rays])
    np.testing.assert_allclose(through(bend, rays), expected, atol=3e-14)


def test_edges_focus_vertically_as_brown_says() -> None:
    # the sector of no length: an edge, and the way back; K. L. Brown, SLAC-75
    length, angle, gap, fint = 1e-9, 0.8e-9, 0.05, 0.4
    h = angle / length
    step = np.zeros((1, 6))
    step[0, 2] = 1e-7
    for e in (0.35, -0.2, 0.0):
        for soft in (0.0, fint):
            psi = h * gap * soft * (1 + np.sin(e) ** 2) / np.cos(e)
            hard = Bend(name="B", length=length, angle=angle, e1=e, fint1=soft, gap=gap)
            plain = Bend(name="B", length=length, angle=angle)
            kick = (through(hard, step) - through(plain, step))[0, 3] / step[0, 2]
            np.testing.assert_allclose(kick, -h * np.tan(e - psi), rtol=1e-7, atol=1e-8)


def test_edges_against_a_field_that_rises_smoothly() -> None:
    # B_y + i B_z = b0 f(z + i y) is free of curl and divergence; f(1 - f) integrates to `width`
    b0, width, reach = 0.7, 4e-3, 0.16

    def field(r):
        return np.array(
            [0, *(lambda f: (f.real, f.imag))(b0 / (1 + np.exp(-(r[2] + 1j * r[1]) / width)))]
        )

    start, end, normal = np.array([0, 0, -reach]), np.array([0, 0, reach]), np.array([0, 0, 1.0])
    values = np.zeros(len(COLUMNS))
    for name, value in {"angle": b0, "length": 1.0, "fint1": 0.1, "gap": 10 * width}.items():
        values[COLUMN[name]] = value
    ring = Lattice.of([Drift(name="D", length=2.0)], energy=ENERGY)
    _, _, beam = prepared(ring)
    errors = {}
    for name in ("fringe", "soft_fringe"):
        for px in (0.0, 0.2, -0.3):
            r, p = np.array([0, 1e-3, 0.0]), np.array([px, 0.0, np.sqrt(1 - px**2)])
            far, _, _ = advance(None, r, p, start, normal)
            _, expected, _ = advance(field, far, p, end, normal)
            state = np.array([[r[0], px, r[1], 0.0, 0.0, 0.0]])
            x, px1, y, py, *_ = operation(name)(values, 0.0, np.array([1.0, 1, 0]), beam, state)[0]
            inside = np.array([px1, py, np.sqrt(1 - px1**2 - py**2)])
            _, found, _ = advance(
                lambda r: np.array([0, b0, 0]), np.array([x, y, 0.0]), inside, end, normal
            )
            errors[name, px] = abs(found[1] - expected[1])
    for px in (0.0, 0.2, -0.3):
        # what Brown's integral leaves is of second order in the width
        assert errors["soft_fringe", px] < 0.03 * errors["fringe", px], errors
        assert 0.5e-6 < errors["fringe", px] < 1e-5, errors


def test_a_solenoid_with_hard_edges() -> None:
    length, ks = 0.4, 3.9

    def field(r):
        return np.array([0, 0, ks])

    rays = RAYS.copy()  # the edge gives momentum across, by the flux through the circle
    rays[:, 1] += ks / 2 * RAYS[:, 2]
    rays[:, 3] -= ks / 2 * RAYS[:, 0]
    stages = [(field, np.array([0, 0, length]), np.eye(3)[2])]
    expected = np.array([fly(ray, length, stages, (0, 0, length)) for ray in rays])
    x, y = expected[:, 0].copy(), expected[:, 2].copy()
    expected[:, 1] -= ks / 2 * y
    expected[:, 3] += ks / 2 * x
    np.testing.assert_allclose(
        through(Solenoid(name="S", length=length, ks=ks)), expected, atol=3e-14
    )
    # Larmor's theorem: a solenoid turns the plane by ks l / 2, towards -y
    thin = through(Solenoid(name="S", length=1e-6, ks=1e-2), np.array([[1e-2, 0, 0, 0, 0, 0.0]]))
    np.testing.assert_allclose(thin[0, 2] / thin[0, 0], -0.5e-8, rtol=1e-3)


def test_a_solenoid_profile_against_the_field_of_a_coil() -> None:
    coil = Coil(inner_radius=0.06, outer_radius=0.08, length=0.2, turns=1000, current=400.0)
    rigidity, length = 0.45, 0.9
    element = solenoid_from_coils("S", [coil], length, rigidity)
    edge = element.ks * np.array(element.profile)[[0, -1]]
    B = jax.jit(lambda r: coil.B(r[None])[0] / rigidity)

    def field(r):
        return np.asarray(B(r))

    start = np.array([0, 0, -length / 2])
    rays = 4 * RAYS[1:] * [1, 1, 1, 1, 0, 1]
    expected = []
    for x, px, y, py, _, delta in rays:
        kx, ky = px + edge[0] / 2 * y, py - edge[0] / 2 * x
        p = np.array([kx, ky, np.sqrt((1 + delta) ** 2 - kx**2 - ky**2)])
        r, p, path = advance(field, np.add(start, [x, y, 0]), p, -start, np.eye(3)[2])
        z = length * (1 + slip(delta)) - path
        expected.append(
            [r[0], p[0] - edge[1] / 2 * r[1], r[1], p[1] + edge[1] / 2 * r[0], z, delta]
        )
    found = through(element, rays)
    without = through([element], 1e-4 * rays * [1, 1, 1, 1, 1, 1e4]) * [1e4, 1e4, 1e4, 1e4, 1, 1]
    third = np.abs(without - expected)[:, :4].max()
    assert third > 2e-4
    np.testing.assert_allclose(found[:, :4], np.array(expected)[:, :4], atol=0.05 * third)
    np.testing.assert_allclose(found[:, 4], np.array(expected)[:, 4], atol=5e-5)


def test_a_cavity_gives_energy_by_its_phase() -> None:
    rest = 0.51099895069e6
    p0 = np.sqrt(ENERGY**2 - rest**2)
    cavity = RFCavity(name="C", voltage=3e4, frequency=5e8, phase=0.4)
    lattice = Lattice.of([cavity, Drift(name="D", length=1.0)], energy=ENERGY)
    _rows, table, beam = prepared(lattice)
    found = operation("cavity")(table[0], 0.0, np.zeros(3), beam, RAYS)
    for before, after in zip(RAYS, np.asarray(found), strict=True):
        p = p0 * (1 + before[5])
        energy = np.hypot(p, rest)
        time = -before[4] / (p / energy * 299792458.0)
        energy1 = energy + 3e4 * np.sin(0.4 - 2 * np.pi * 5e8 * time)
        p1 = np.sqrt(energy1**2 - rest**2)
        np.testing.assert_allclose(after[5], p1 / p0 - 1, atol=1e-14)
        np.testing.assert_allclose(after[4], -time * 299792458.0 * p1 / energy1, atol=1e-14)
        np.testing.assert_array_equal(after[:4], before[:4])


def rigidly_moved(bend: Bend, rays: np.ndarray) -> np.ndarray:
    """Rays through a bend whose body turned by its roll, then shifted, about its arc's centre."""
    length, angle = bend.length, bend.angle
    middle, axes = end_of_arc(length / 2, angle / 2)
    exit_at, exit_axes = end_of_arc(length, angle)
    turn = Rotation.from_rotvec(bend.roll * axes[2]).as_matrix()

    def move(r):
        return middle + turn @ (r - middle) + bend.dx * axes[0] + bend.dy * axes[1]

    plain = Bend(name="B", length=length, angle=angle, k1=bend.k1, e1=bend.e1, e2=bend.e2)

    def seen(r: Any, p: Any, origin: Any, frame: Any, z: float, delta: float) -> np.ndarray:
        r, p, path = advance(None, r, p, origin, frame[2])
        r, p = frame @ (r - origin), frame @ p
        return np.array([r[0], p[0], r[1], p[1], z - path, delta])

    def lab(ray: np.ndarray, origin: Any, frame: Any) -> tuple[Any, Any]:
        x, px, y, py, _, delta = ray
        p = np.array([px, py, np.sqrt((1 + delta) ** 2 - px**2 - py**2)])
        return origin + frame.T @ np.array([x, y, 0]), frame.T @ p

    eye = np.eye(3)
    own = [
        seen(*lab(ray, np.zeros(3), eye), move(np.zeros(3)), eye @ turn.T, ray[4], ray[5])
        for ray in rays
    ]
    after = through(plain, np.array(own))
    return np.array(
        [
            seen(*lab(ray, move(exit_at), exit_axes @ turn.T), exit_at, exit_axes, ray[4], ray[5])
            for ray in after
        ]
    )


def test_a_misaligned_bend_is_a_rigid_body_that_moved() -> None:
    bend = Bend(
        name="B", length=0.8, angle=0.5, k1=-1.3, e1=0.1, e2=0.2, dx=2e-3, dy=-3e-3, roll=0.02
    )
    np.testing.assert_allclose(through(bend), rigidly_moved(bend, RAYS), atol=2e-15)


def test_a_misaligned_quadrupole_is_seen_from_its_axis() -> None:
    dx, dy = 1e-3, -2e-3
    moved = through(Quadrupole(name="Q", length=0.3, k1=2.0, dx=dx, dy=dy))
    shift = np.array([dx, 0, dy, 0, 0, 0])
    plain = through(Quadrupole(name="Q", length=0.3, k1=2.0), RAYS - shift) + shift
    np.testing.assert_allclose(moved, plain, atol=1e-15)


def test_a_tilt_by_a_right_angle_bends_vertically() -> None:
    down = through(Bend(name="B", length=0.8, angle=0.5, e1=0.1, tilt=np.pi / 2))
    level = through(Bend(name="B", length=0.8, angle=0.5, e1=0.1), turned(RAYS))
    np.testing.assert_allclose(turned(down), level, atol=1e-15)
    # dispersion: too fast a particle leaves away from the centre, which is below
    fast = through(
        Bend(name="B", length=0.8, angle=0.5, tilt=np.pi / 2), RAYS[:1] + np.eye(6)[5:] / 100
    )
    assert fast[0, 2] > 1e-3 and abs(fast[0, 0]) < 1e-15


def turned(rays: np.ndarray) -> np.ndarray:
    """Seen from axes turned by 90 degrees about the beam: y is the new x, -x the new y."""
    x, px, y, py, z, delta = rays.T
    return np.column_stack([y, py, -x, -px, z, delta])


@pytest.mark.parametrize("length", [0.0, 0.1])
def test_kickers_add_to_the_momenta_of_the_reference_particle(length: float) -> None:
    after = through(Kicker(name="K", length=length, hkick=1e-3, vkick=-2e-3), RAYS[:1])
    np.testing.assert_allclose(after[0, [1, 3]], [1e-3, -2e-3], atol=1e-17)
