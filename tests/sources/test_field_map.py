"""Field maps: convergence, exactness, edges, files."""

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.sources import (
    Assembly,
    Coil,
    Driven,
    FieldMap,
    Uniform,
    fields_of,
    rotation_matrix,
    split_linear,
)

COIL = Coil(9e-3, 18.72e-3, 8e-3, 600)
HALF = 4e-3
RNG = np.random.default_rng(3)


def nodes_of(*axes):
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def cubic(points):
    """Three polynomials, of degree three at most in each coordinate."""
    x, y, z = np.moveaxis(np.asarray(points), -1, 0)
    return np.stack(
        [x**3 * y - 2 * z**2 + 1, y**3 * z**3 - x * y * z, z**3 - x**2 * y**2 + x], axis=-1
    )


X = np.array([-1.0, -0.8, -0.1, 0.3, 0.35, 1.0])  # nodes at all sorts of distances
Y = np.array([0.0, 0.4, 1.1, 2.0, 2.2])
Z = np.array([-0.5, 0.1, 0.4, 1.0])
INSIDE = RNG.uniform([-1, 0, -0.5], [1, 2.2, 1], (200, 3))


def test_converges_with_the_fourth_power():
    points = RNG.uniform(-HALF, HALF, (200, 3))
    x = np.linspace(-HALF, HALF, 25)
    field = COIL.B(np.concatenate([points, nodes_of(x, x, x).reshape(-1, 3)]))
    truth, finest = np.asarray(field[:200]), np.reshape(field[200:], (25, 25, 25, 3))
    errors = []
    for step in (4, 2, 1):
        every = slice(None, None, step)
        table = FieldMap(x[every], x[every], x[every], B=finest[every, every, every])
        errors.append(np.abs(table.B(points) - truth).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 3.5)
    assert errors[-1] < 1e-6 * np.abs(truth).max()


def test_exact_for_cubics_on_any_grid():
    table = FieldMap(X, Y, Z, E=cubic(nodes_of(X, Y, Z)), B=-cubic(nodes_of(X, Y, Z)))
    np.testing.assert_allclose(table.E(INSIDE), cubic(INSIDE), atol=1e-12)
    np.testing.assert_allclose(table.B(INSIDE), -cubic(INSIDE), atol=1e-12)
    slope_of = jax.jacfwd(lambda p: fields_of(table, p[None], 0.0)[0][0])
    gradient = jax.jit(jax.vmap(slope_of))(INSIDE)
    step = 1e-6
    for axis, e in enumerate(np.eye(3) * step):
        slope = (cubic(INSIDE + e) - cubic(INSIDE - e)) / (2 * step)
        np.testing.assert_allclose(gradient[:, :, axis], slope, atol=1e-8)


def test_passes_through_its_nodes_with_two_continuous_slopes():
    values = RNG.normal(size=(6, 5, 4, 3))
    table = FieldMap(X, Y, Z, B=values)
    nodes = np.concatenate([nodes_of(X, Y, Z).reshape(-1, 3), INSIDE[:80]])
    np.testing.assert_allclose(table.B(nodes)[:120], values.reshape(-1, 3), atol=1e-13)

    def field(x):
        return fields_of(table, jnp.array([[x, 0.7, 0.2]]), 0.0)[1][0]

    def with_slopes(x):
        return field(x), jax.jacfwd(field)(x), jax.jacfwd(jax.jacfwd(field))(x)

    slopes = jax.jit(jax.vmap(with_slopes))(np.array([0.3 - 1e-12, 0.3 + 1e-12]))
    for below, above in map(np.asarray, slopes):
        np.testing.assert_allclose(below, above, atol=1e-8 * np.abs(above).max())


def test_only_the_field_given():
    table = FieldMap(X, Y, Z, B=cubic(nodes_of(X, Y, Z)))
    assert not np.any(table.E(INSIDE))
    assert split_linear(table)[1] is table


def test_moved_and_turned():
    place = {"position": [0.1, 0.2, -0.3], "rotation": [0.3, -0.4, 1.0]}
    values = RNG.normal(size=(6, 5, 4, 3))
    straight, moved = FieldMap(X, Y, Z, B=values), FieldMap(X, Y, Z, B=values, **place)
    R = np.asarray(rotation_matrix(np.array(place["rotation"])))
    points = INSIDE @ R.T + place["position"]
    np.testing.assert_allclose(moved.B(points), straight.B(INSIDE) @ R.T, atol=1e-12)
    # Corners stay inside whatever rounding does to them.
    corners = np.tile(nodes_of(X[[0, -1]], Y[[0, -1]], Z[[0, -1]]).reshape(-1, 3), (25, 1))
    assert np.all(np.isfinite(moved.B(corners @ R.T + place["position"])))


def test_outside_is_refused():
    table = FieldMap(X, Y, Z, B=np.ones((6, 5, 4, 3)))
    points = np.array([[0, 1, 0], [0, 2.3, 0], [0, 1, -0.9], [1, 2.2, 1]])
    message = r"2 of 4 points are outside .* z = -0.9 m .* ends at -0.5 m and 1 m"
    moved = Assembly([Uniform([1, 0, 0]), table], position=[0, 0, 3.0], rotation=[0, 0, 1.0])
    R = np.asarray(rotation_matrix(np.array([0, 0, 1.0])))
    there = points @ R.T + np.array([0, 0, 3.0])
    for call in (
        lambda: table.B(points),
        lambda: table.E(points),
        lambda: moved.E(there),
        lambda: Driven(moved, 1e6).B(there),
        lambda: Assembly([Driven(table, 1e6)]).B(points),
    ):
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert caught.value.parameter == "points"
    assert moved.B(there[:1]).shape == (1, 3)


def test_outside_is_nan_where_nothing_can_be_raised():
    table = FieldMap(X, Y, Z, B=np.ones((6, 5, 4, 3)))
    B = jax.jit(lambda p: table.B(p))(jnp.array([[0, 1, 0], [0, 2.3, 0]]))
    np.testing.assert_array_equal(np.isnan(B).all(axis=1), [False, True])


def test_slopes_by_values_and_by_place():
    values = RNG.normal(size=(6, 5, 4, 3))

    @jax.jit
    def energy_and_slopes(values, position):
        return jax.value_and_grad(energy, argnums=(0, 1))(values, position)

    def energy(values, position):
        table = FieldMap(X, Y, Z, B=values, position=position)
        return jnp.sum(table.B(INSIDE[:5] * 0.5 + np.array([0, 0.5, 0.1])) ** 2)

    position = np.array([0.01, -0.02, 0.03])
    _, slopes = energy_and_slopes(values, position)
    way = RNG.normal(size=values.shape), np.array([0.3, -0.5, 0.2])
    step = 1e-6
    ahead, behind = (
        energy_and_slopes(values + sign * step * way[0], position + sign * step * way[1])[0]
        for sign in (1, -1)
    )
    ours = sum(np.sum(np.asarray(s) * w) for s, w in zip(slopes, way, strict=True))
    assert ours == pytest.approx(float(ahead - behind) / (2 * step), rel=1e-7)


@pytest.mark.parametrize("form", ["csv", "hdf5"])
@pytest.mark.parametrize("fields", ["E", "B", "EB"])
def test_written_and_read(form, fields, tmp_path):
    table = FieldMap(X, Y, Z, **{name: RNG.normal(size=(6, 5, 4, 3)) * 1e3 for name in fields})
    path = tmp_path / f"map.{form}"
    getattr(table, f"write_{form}")(path)
    again = getattr(FieldMap, f"from_{form}")(path)
    for axis in "xyz":
        np.testing.assert_array_equal(getattr(again, axis), getattr(table, axis))
    np.testing.assert_allclose(again.E(INSIDE), table.E(INSIDE), atol=1e-9)
    np.testing.assert_allclose(again.B(INSIDE), table.B(INSIDE), atol=1e-9)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    with pytest.raises(InputError, match="exists"):
        getattr(table, f"write_{form}")(path)


def rows_of(x=X, y=Y, z=Z):
    points = nodes_of(x, y, z).reshape(-1, 3)
    return np.concatenate([points, cubic(points)], axis=1)


def text_of(rows, header="x y z Bx By Bz", gap=" "):
    return "\n".join([header, *(gap.join(map(repr, map(float, row))) for row in rows)])


@pytest.mark.parametrize(
    ("header", "gap", "scale"),
    [
        ("x y z Bx By Bz", " ", [1] * 6),
        ("# x [mm]; y [cm]; z [m]; Bx [mT]; By [G]; Bz [T]", "; ", [1e3, 1e2, 1, 1e3, 1e4, 1]),
        ("\ufeffx (mm),y (mm),z (mm),Bx (mT),By (mT),Bz (mT)", ",", [1e3] * 6),
        ("x\ty\tz\tBx\tBy\tBz", "\t", [1] * 6),
    ],
)
def test_text_of_many_makes(header, gap, scale, tmp_path):
    rows = RNG.permutation(rows_of() * scale)
    rows[:, 0] *= 1 + 1e-13 * RNG.normal(size=len(rows))  # rounding of whoever wrote it
    path = tmp_path / "map.txt"
    path.write_text(text_of(rows, header, gap) + "\n\n# the end\n", encoding="utf-8")
    table = FieldMap.from_csv(path)
    np.testing.assert_allclose(table.x, X, rtol=1e-12)
    np.testing.assert_allclose(table.B(INSIDE * 0.999 + 1e-4), cubic(INSIDE * 0.999 + 1e-4),
                               atol=1e-10)  # fmt: skip


def test_columns_in_any_order(tmp_path):
    path = tmp_path / "map.csv"
    path.write_text(text_of(rows_of()[:, [5, 0, 3, 2, 1, 4]], "Ez,x,Ex,z,y,Ey", ","))
    np.testing.assert_allclose(FieldMap.from_csv(path).E(INSIDE), cubic(INSIDE), atol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rows: text_of(rows, "x y z Bx By"), r"map:1: .* got x, y, z, Bx, By"),
        (lambda rows: text_of(rows, "x y z Bx By Bz Ex"), r"map:1: .* must name the columns"),
        (lambda rows: text_of(rows[:0], "1, 2, 3"), r"map:1: .* got no names"),
        (lambda rows: "", r"map:1: .* got no names"),
        (lambda rows: text_of(rows, "x [mm] y z Bx [mm] By Bz"), r"map:1: B: .*a length"),
        (lambda rows: text_of(rows, "x [furlong] y z Bx By Bz"), r"map:1: x: .*furlong"),
        (
            lambda rows: text_of(rows).replace("\n", "\n# by me\n\n", 1) + "\n1 2 3 4 5",
            r"map:124: expected 6 finite numbers, got '1 2 3 4 5'",
        ),
        (lambda rows: text_of(rows) + "\n0 0 0 0 0 nan", r"map:122: expected 6 finite"),
        (lambda rows: text_of(rows) + "\n0 0 0 0 0 1,5 T", r"map:122: expected 6 finite"),
        (lambda rows: text_of(np.append(rows, rows[7:8], axis=0)), r"map:122: .* line 9 already"),
        (lambda rows: text_of(rows[:-2]), r"120, but 2 of them are missing: the first is \(1, 2.2"),
        (lambda rows: text_of(rows[1:]), r"are missing: the first is \(-1, 0, -0.5\) m"),
        (lambda rows: text_of(RNG.normal(size=(90, 6))), "90 x 90 x 90 nodes .* no regular grid"),
        (lambda rows: text_of(rows[:0]), "x has 0 nodes"),
        (lambda rows: text_of(rows_of(x=X[:2])), "x has 2 nodes: a FieldMap takes 4 or more"),
    ],
)
def test_text_that_is_refused(make, message, tmp_path):
    path = tmp_path / "map"
    path.write_text(make(rows_of()))
    with pytest.raises(InputError, match=message):
        FieldMap.from_csv(path)


def test_hdf5_with_units(tmp_path):
    path = tmp_path / "map.h5"
    with h5py.File(path, "w") as file:
        for name, values in zip("xyz", (X, Y, Z), strict=True):
            file[name] = values * 1e3
            file[name].attrs["units"] = "mm"
        file["B"] = cubic(nodes_of(X, Y, Z)) * 1e4
        file["B"].attrs["units"] = np.bytes_("G")
    np.testing.assert_allclose(FieldMap.from_hdf5(path).B(INSIDE), cubic(INSIDE), atol=1e-11)


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (lambda file: None, "got none"),
        (lambda file: file.update(x=X, y=Y, z=Z), "E or B or both, got x, y, z"),
        (lambda file: file.update(x=X, y=Y, B=X), "datasets x, y, z and"),
        (lambda file: file.update(x=X, y=Y, z=Z, B=X), "B must have the shape"),
        (lambda file: file.update(x=["a"], y=Y, z=Z, B=X), "x is no array of numbers"),
        (lambda file: (file.update(y=Y, z=Z, B=X), file.create_group("x")), "x is no array"),
    ],
)
def test_hdf5_that_is_refused(fill, message, tmp_path):
    path = tmp_path / "map.h5"
    with h5py.File(path, "w") as file:
        fill(file)
    with pytest.raises(InputError, match=message):
        FieldMap.from_hdf5(path)


def test_files_that_are_not_there(tmp_path):
    (tmp_path / "text").write_text("x y z")
    for read, name in ((FieldMap.from_csv, "no"), (FieldMap.from_hdf5, "no"),
                       (FieldMap.from_hdf5, "text"), (FieldMap.from_csv, ".")):  # fmt: skip
        with pytest.raises(InputError, match="cannot read the field map"):
            read(tmp_path / name)


@pytest.mark.parametrize(
    ("make", "parameter", "message"),
    [
        (lambda: FieldMap(X, Y, Z), "B", "got neither"),
        (lambda: jax.jit(lambda x: FieldMap(x, Y, Z, B=1.0))(X), "x", "must be known"),
        (lambda: FieldMap(X[:3], Y, Z, B=1.0), "x", "x has 3 nodes: .* 4 or more"),
        (lambda: FieldMap(X, Y[::-1], Z, B=1.0), "y", "must increase, got 2 m and then 1.1 m"),
        (lambda: FieldMap(X, Y, np.zeros(4), B=1.0), "z", "must increase, got 0 m and then 0 m"),
        (lambda: FieldMap(X, Y, Z, B=np.ones((5, 6, 4, 3))), "B", r"shape \(6, 5, 4, 3\), got"),
        (lambda: FieldMap(X, Y, Z, E=np.full((6, 5, 4, 3), np.nan)), "E", "E must be finite"),
        (lambda: FieldMap(X, Y, Z, B=np.ones((6, 5, 4, 3)), position=1.0), "position", "shape"),
    ],
)
def test_refused(make, parameter, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert caught.value.parameter == parameter
