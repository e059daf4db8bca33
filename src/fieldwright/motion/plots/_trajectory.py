"""Pictures of trajectories: in time, in planes, in space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_axes, new_figure
from fieldwright.errors import InputError
from fieldwright.motion.plots._scales import length_scale, scale_of, time_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXES = {"x": 0, "y": 1, "z": 2}
_MOST = len(STYLES)  # ions that get a colour of their own
_CROWD = {"color": "0.25", "linewidth": 0.4, "alpha": 0.5}


def plot_coordinate(
    trajectory: Any,
    axis: str = "z",
    ax: Axes | None = None,
    *,
    ion: int = 0,
    label: str | None = None,
    style: int = 0,
    **line: Any,
) -> Axes:
    """One coordinate of one ion over time.

    Args:
        trajectory: from `simulate`.
        axis: "x", "y" or "z".
        ax: where to draw; new axes if None.
        ion: which one.
        label: for the legend.
        style: index into the house's line styles.
        **line: further properties of the line, for matplotlib.

    Returns:
        The axes.

    Raises:
        InputError: there is no such axis or ion.

    >>> from fieldwright.motion import Ions, simulate
    >>> from fieldwright.motion.plots import plot_coordinate
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(6.65e-26, 1.602e-19, [[2e-5, 0.0, 2e-5]], [[0.0, 25.0, 0.0]])
    >>> ax = plot_coordinate(simulate(ion, trap, 50e-6), "z")
    >>> ax.get_ylabel()
    'z (µm)'
    """
    time, position = _seen(trajectory, ion)
    values = position[:, _index(axis)]
    ax = new_axes() if ax is None else ax
    (fast, seconds), (size, metres) = time_scale(ax, time), length_scale(ax, values)
    color, dashes = STYLES[style % len(STYLES)]
    look: dict[str, Any] = {"color": color, "linestyle": dashes, "linewidth": 1.3} | line
    ax.plot(time / fast, values / size, label=label, **look)
    ax.set_xlabel(f"time ({seconds})")
    ax.set_ylabel(f"{axis} ({metres})")
    ax.set_xlim(float(time[0]) / fast, float(time[-1]) / fast)
    dress(ax)
    return ax


def plot_orbit(
    trajectory: Any, plane: str = "xy", ax: Axes | None = None, *, ions: Any = None
) -> Axes:
    """Paths of ions seen along an axis; an open dot where each begins, a full one where it ends.

    Args:
        trajectory: from `simulate`.
        plane: "xy", "xz" or "yz".
        ax: where to draw; new axes if None.
        ions: which ones, indices (k,); all if None.

    Returns:
        The axes, both to the same scale.

    Raises:
        InputError: there is no such plane.

    >>> from fieldwright.motion import Ions, simulate
    >>> from fieldwright.motion.plots import plot_orbit
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(6.65e-26, 1.602e-19, [[2e-5, 0.0, 2e-5]], [[0.0, 25.0, 0.0]])
    >>> ax = plot_orbit(simulate(ion, trap, 50e-6))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x (µm)', 'y (µm)')
    """
    _require_plane(plane)
    ax = new_axes(5.2, 5.0) if ax is None else ax
    first, second = (_index(axis) for axis in plane)
    paths = _chosen(trajectory.position, ions)
    size, unit = length_scale(ax, paths)
    for path, look in _each(paths / size):
        _draw_path(ax, path[:, first], path[:, second], look)
    ax.set_xlabel(f"{plane[0]} ({unit})")
    ax.set_ylabel(f"{plane[1]} ({unit})")
    ax.set_aspect("equal", adjustable="datalim")
    dress(ax)
    return ax


def plot_phase(
    trajectory: Any, axis: str = "x", ax: Axes | None = None, *, ions: Any = None
) -> Axes:
    """Velocity over position along one axis, with the beginning and the end of each ion's path.

    Args:
        trajectory: from `simulate`.
        axis: "x", "y" or "z".
        ax: where to draw; new axes if None.
        ions: which ones, indices (k,); all if None.

    Returns:
        The axes.

    Raises:
        InputError: there is no such axis.

    >>> from fieldwright.motion import Ions, simulate
    >>> from fieldwright.motion.plots import plot_phase
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(6.65e-26, 1.602e-19, [[2e-5, 0.0, 2e-5]], [[0.0, 25.0, 0.0]])
    >>> ax = plot_phase(simulate(ion, trap, 50e-6), "z")
    >>> ax.get_ylabel()
    '$v_z$ (m/s)'
    """
    index = _index(axis)
    ax = new_axes(5.2, 4.6) if ax is None else ax
    position, velocity = (
        _chosen(values, ions)[:, :, index] for values in (trajectory.position, trajectory.velocity)
    )
    size, unit = length_scale(ax, position)
    speed, per_second = scale_of(velocity, "m/s")
    both = np.stack([position / size, velocity / speed], axis=-1)
    for path, look in _each(both):
        _draw_path(ax, path[:, 0], path[:, 1], look)
    ax.set_xlabel(f"{axis} ({unit})")
    ax.set_ylabel(f"$v_{axis}$ ({per_second})")
    dress(ax)
    return ax


def plot_paths(trajectory: Any, ax: Any = None, *, ions: Any = None) -> Any:
    """Paths of ions in space; an open dot where each begins, a full one where it ends.

    Args:
        trajectory: from `simulate`.
        ax: three-dimensional axes of matplotlib; new ones if None.
        ions: which ones, indices (k,); all if None.

    Returns:
        The axes.

    >>> from fieldwright.motion import Ions, simulate
    >>> from fieldwright.motion.plots import plot_paths
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(6.65e-26, 1.602e-19, [[2e-5, 0.0, 2e-5]], [[0.0, 25.0, 0.0]])
    >>> ax = plot_paths(simulate(ion, trap, 50e-6))
    >>> ax.get_zlabel()
    'z (µm)'
    """
    if ax is None:
        ax = new_figure(6.0, 5.2).add_subplot(projection="3d")
    paths = _chosen(trajectory.position, ions)
    size, unit = length_scale(ax, paths)
    for path, look in _each(paths / size):
        ax.plot(*path.T, **look)
        kept = path[np.isfinite(path[:, 0])]
        for (x, y, z), face in ((kept[0], "white"), (kept[-1], look["color"])):
            ax.plot(
                [x], [y], [z], "o", markersize=_dot(look), color=look["color"],
                markerfacecolor=face, markeredgewidth=_dot(look) / 5,
            )  # fmt: skip
    for axis in "xyz":
        getattr(ax, f"set_{axis}label")(f"{axis} ({unit})")
    ax.tick_params(labelsize=8)
    return ax


def _each(paths: np.ndarray) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Each ion's path (k, ...) of paths (k, n, ...), and how its line looks."""
    count = paths.shape[1]
    if count > _MOST:
        return [(paths[:, i], dict(_CROWD)) for i in range(count)]
    return [
        (paths[:, i], {"color": STYLES[i][0], "linewidth": 0.8, "alpha": 0.9}) for i in range(count)
    ]


def _dot(look: dict[str, Any]) -> float:
    """The size of the dots at both ends of a path."""
    return 2.5 if look == _CROWD else 5.0


def _draw_path(ax: Axes, x: np.ndarray, y: np.ndarray, look: dict[str, Any]) -> None:
    ax.plot(x, y, **look)
    kept = np.isfinite(x)
    for at, face in ((0, "white"), (-1, look["color"])):
        ax.plot(
            [x[kept][at]], [y[kept][at]], "o", markersize=_dot(look), color=look["color"],
            markerfacecolor=face, markeredgewidth=_dot(look) / 5, zorder=3,
        )  # fmt: skip


def _chosen(values: Any, ions: Any) -> np.ndarray:
    """Values (k, n, 3) of the ions asked for, and of those only that are kept at first."""
    array = np.asarray(values)
    array = array if ions is None else array[:, np.atleast_1d(np.asarray(ions, dtype=int))]
    return array[:, np.isfinite(array).all(axis=-1).any(axis=0)]


def _seen(trajectory: Any, ion: int) -> tuple[np.ndarray, np.ndarray]:
    time, position = np.asarray(trajectory.time), np.asarray(trajectory.position)
    count = position.shape[1]
    if not -count <= ion < count:
        raise InputError(f"there are {count} ions, so there is no ion {ion}", parameter="ion")
    return time, position[:, ion]


def _index(axis: str) -> int:
    if axis not in _AXES:
        raise InputError(f"axis must be 'x', 'y' or 'z', got {axis!r}", parameter="axis")
    return _AXES[axis]


def _require_plane(plane: str) -> None:
    if len(plane) != 2 or not set(plane) <= set(_AXES) or plane[0] == plane[1]:
        raise InputError(f"plane must be 'xy', 'xz' or 'yz', got {plane!r}", parameter="plane")
