"""Fields given as a table on a grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.sources import _map_files
from fieldwright.sources._checks import as_float, is_concrete
from fieldwright.sources._source import Source
from fieldwright.sources._spline import LEAST, spline_at, spline_coefficients, spline_values


class FieldMap(Source):
    """Fields known at the nodes of a grid, smooth in between.

    Args:
        x: nodes (nx,) [m], increasing, four or more; their distances may differ.
        y: nodes (ny,) [m].
        z: nodes (nz,) [m].
        E: at the nodes (nx, ny, nz, 3) [V/m]; zero where not given.
        B: at the nodes (nx, ny, nz, 3) [T]; zero where not given.
        position: origin (3,) of the frame that the nodes are in [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: nodes do not increase, are fewer than four or traced by `jit`, a shape does not
            fit, a value is not a finite float64, or neither E nor B is given.

    Between nodes each component is a tensor product of cubic splines ("not a knot"): two continuous
    derivatives, exact for cubic polynomials, an error that falls with the fourth power of the
    distance of the nodes. Nothing makes it obey Maxwell's equations between them.

    Outside the grid there is no field: `E` and `B` raise `InputError` and say where; inside `jit`,
    `grad` and `vmap`, where nothing can be raised, the fields are NaN.

    >>> import numpy as np
    >>> from fieldwright.sources import Coil, FieldMap
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> x = np.linspace(-3e-3, 3e-3, 13)
    >>> nodes = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1)
    >>> table = FieldMap(x, x, x, B=coil.B(nodes))
    >>> point = [1.2e-3, 0.7e-3, -2.1e-3]
    >>> print(f"{table.B(point)[2] * 1e3:.4f} mT, {coil.B(point)[2] * 1e3:.4f} mT")
    26.3290 mT, 26.3290 mT
    """

    x: jax.Array
    y: jax.Array
    z: jax.Array
    # Coefficients of the splines, not values at nodes: there is one truth, and it is a leaf.
    E_spline: jax.Array | None
    B_spline: jax.Array | None

    def __init__(
        self,
        x: Any,
        y: Any,
        z: Any,
        E: Any = None,
        B: Any = None,
        *,
        position: Any = (0.0, 0.0, 0.0),
        rotation: Any = (0.0, 0.0, 0.0),
    ):
        self.position, self.rotation = position, rotation
        axes = [_nodes(value, name) for value, name in ((x, "x"), (y, "y"), (z, "z"))]
        self.x, self.y, self.z = axes
        if E is None and B is None:
            raise InputError("a FieldMap takes E, B or both, got neither", parameter="B")
        shape = (*map(len, axes), 3)
        self.E_spline, self.B_spline = (
            None if v is None else spline_coefficients(axes, as_float(v, name, shape))
            for v, name in ((E, "E"), (B, "B"))
        )

    @classmethod
    def from_csv(cls, path: str | Path) -> FieldMap:
        """Read a map from a text file, a row for each node, rows in any order.

        Args:
            path: of the file. Its first line names the columns: x, y, z and Bx, By, Bz or Ex, Ey,
                Ez or both, each with its unit in brackets (`x [mm]`, `Bz [mT]`) or in SI. Columns
                are parted by commas, semicolons or blanks; `#` begins a remark.

        Raises:
            InputError: the file cannot be read, or is no full grid: a column or a unit is not
                known, a node is missing or comes twice. The text says in which line.

        >>> import numpy as np
        >>> from fieldwright.sources import FieldMap
        >>> x = np.arange(4.0)
        >>> FieldMap(x, x, x, B=np.full((4, 4, 4, 3), 0.25)).write_csv("map.csv")
        >>> print(f"{FieldMap.from_csv('map.csv').B([0.5, 1.0, 2.5])[2]:.3f} T")
        0.250 T
        """
        return cls(**_map_files.read_csv(Path(path)))

    @classmethod
    def from_hdf5(cls, path: str | Path) -> FieldMap:
        """Read a map from an HDF5 file.

        Args:
            path: of the file, with the datasets x, y, z and E or B or both, shaped as in
                `FieldMap`, each with an attribute `units` or in SI.

        Raises:
            InputError: the file cannot be read, lacks a dataset, or a unit is not known.

        >>> import numpy as np
        >>> from fieldwright.sources import FieldMap
        >>> x = np.arange(4.0)
        >>> FieldMap(x, x, x, B=np.full((4, 4, 4, 3), 0.25)).write_hdf5("map.h5")
        >>> print(f"{FieldMap.from_hdf5('map.h5').B([0.5, 1.0, 2.5])[2]:.3f} T")
        0.250 T
        """
        return cls(**_map_files.read_hdf5(Path(path)))

    def write_csv(self, path: str | Path) -> None:
        """Write the map with 15 digits, as `from_csv` reads it, without position and rotation.

        Raises:
            InputError: the file exists.
        """
        _map_files.write_csv(Path(path), *self._table())

    def write_hdf5(self, path: str | Path) -> None:
        """Write the map as `from_hdf5` reads it, without position and rotation.

        Raises:
            InputError: the file exists.
        """
        _map_files.write_hdf5(Path(path), *self._table())

    @property
    def _axes(self) -> tuple[jax.Array, jax.Array, jax.Array]:
        return self.x, self.y, self.z

    def _table(self) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
        splines = {"E": self.E_spline, "B": self.B_spline}
        axes = [np.asarray(nodes) for nodes in self._axes]
        return axes, {
            name: spline_values(axes, spline)
            for name, spline in splines.items()
            if spline is not None
        }

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return self._field(self.E_spline, points)

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return self._field(self.B_spline, points)

    def _field(self, spline: jax.Array | None, points: jax.Array) -> jax.Array:
        if spline is None:
            return jnp.zeros_like(points)
        inside = jnp.all(self._beyond(points) <= 0, axis=-1, keepdims=True)
        return jnp.where(inside, spline_at(self._axes, spline, points), jnp.nan)

    def _beyond(self, points: jax.Array) -> jax.Array:
        """How far (n, 3) [m] beyond the grid points are; what rounding makes does not count."""
        low = jnp.stack([nodes[0] for nodes in self._axes])
        high = jnp.stack([nodes[-1] for nodes in self._axes])
        return jnp.maximum(low - points, points - high) - 1e-10 * (high - low)

    @property
    def _limited(self) -> bool:
        return True

    def _require_inside(self, points: jax.Array) -> None:
        beyond = np.asarray(self._beyond(points))
        outside = np.count_nonzero(np.any(beyond > 0, axis=-1))
        if outside:
            worst, axis = np.unravel_index(np.argmax(beyond), beyond.shape)
            low, high = self._axes[axis][0], self._axes[axis][-1]
            raise InputError(
                f"{outside} of {len(points)} points are outside the field map; the farthest out "
                f"has {'xyz'[axis]} = {points[worst, axis]:.6g} m in the map's frame, and the map "
                f"ends at {low:.6g} m and {high:.6g} m",
                parameter="points",
            )


def _nodes(value: Any, name: str) -> Any:
    nodes = as_float(value, name, (None,))
    if not is_concrete(nodes):
        raise InputError(
            f"the nodes of {name} must be known when a FieldMap is made: give them as NumPy arrays",
            parameter=name,
        )
    nodes = np.asarray(nodes)
    if len(nodes) < LEAST:
        raise InputError(
            f"{name} has {len(nodes)} nodes: a FieldMap takes {LEAST} or more along each axis",
            parameter=name,
        )
    if not np.all(np.diff(nodes) > 0):
        at = int(np.argmin(np.diff(nodes)))
        raise InputError(
            f"the nodes of {name} must increase, got {nodes[at]:g} m and then {nodes[at + 1]:g} m",
            parameter=name,
        )
    return nodes
