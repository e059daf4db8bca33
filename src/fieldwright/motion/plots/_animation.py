"""A film of a cloud of ions, from above and from the side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright._figure import STYLES, dress, new_figure
from fieldwright.errors import InputError
from fieldwright.motion.plots._scales import scale_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_FRAMES = 150  # at most
_PER_SECOND = 20
_FEW = 20  # ions up to which each draws a trail
_TRAIL = 25  # frames that a trail is long
_PLANES = ("xy", "xz")


def animate(trajectory: Any, path: str | Path) -> Path:
    """Write a film of the ions: from above on the left, from the side on the right.

    Ions of one species have one colour. Lost ions vanish. The view holds all ions at nearly all
    times; a circle shows the bound of a bounded trap where it is in sight.

    Args:
        trajectory: from `simulate`; of its saved times at most 150 become pictures.
        path: of the file: `.gif` always works, `.mp4` where the program ffmpeg is at hand.

    Returns:
        The path.

    Raises:
        InputError: the ending is neither, or ffmpeg is not there.

    >>> from fieldwright.motion import Ions, simulate
    >>> from fieldwright.motion.plots import animate
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(6.65e-26, 1.602e-19, [[2e-5, 0.0, 2e-5]], [[0.0, 25.0, 0.0]])
    >>> animate(simulate(ion, trap, 5e-6, save=3), "ion.gif").stat().st_size > 1000
    True
    """
    from matplotlib.animation import FuncAnimation

    target = Path(path)
    writer = _writer(target)
    time, position = np.asarray(trajectory.time), np.asarray(trajectory.position)
    chosen = np.unique(np.linspace(0, len(time) - 1, min(len(time), _FRAMES)).round().astype(int))
    figure = new_figure(7.2, 3.9)
    stage = _Stage(figure.subplots(1, 2), time[chosen], position[chosen], _groups(trajectory))
    stage.show_bound(getattr(trajectory, "source", None))
    stage.show(0)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once is enough
    film = FuncAnimation(figure, stage.show, frames=len(chosen), init_func=lambda: stage.show(0))
    film.save(target, writer=writer, dpi=100)
    return target


class _Stage:
    """Two views of the ions, and a clock."""

    def __init__(
        self,
        axes: Any,
        time: np.ndarray,
        position: np.ndarray,
        groups: list[np.ndarray],
    ):
        self._axes: list[Axes] = list(axes)
        self._size, self._unit = scale_of(np.nanquantile(np.abs(position), 0.99), "m")
        self._fast, self._seconds = scale_of(time, "s")
        self._time, self._position, self._groups = time, position / self._size, groups
        self._half = 1.15 * float(np.nanquantile(np.abs(self._position), 0.995)) or 1.0
        self._few = position.shape[1] <= _FEW
        self._dots = [self._marks(ax, "o") for ax in self._axes]
        self._trails = [self._marks(ax, "-") for ax in self._axes]
        for ax, plane in zip(self._axes, _PLANES, strict=True):
            self._frame(ax, plane)

    def _marks(self, ax: Axes, what: str) -> list[Any]:
        """One line of matplotlib for each group of ions, empty still."""
        look: dict[str, Any] = {"markersize": 5.0 if self._few else 2.5}
        if what == "-":
            look = {"linewidth": 0.8, "alpha": 0.5}
        colors = [STYLES[k % len(STYLES)][0] for k in range(len(self._groups))]
        return [ax.plot([], [], what, color=color, **look)[0] for color in colors]

    def _frame(self, ax: Axes, plane: str) -> None:
        ax.set_xlim(-self._half, self._half)
        ax.set_ylim(-self._half, self._half)
        ax.set_aspect("equal")
        ax.set_xlabel(f"{plane[0]} ({self._unit})")
        ax.set_ylabel(f"{plane[1]} ({self._unit})")
        dress(ax)

    def show_bound(self, source: Any) -> None:
        """A circle where a bounded trap ends, if that is in sight."""
        from matplotlib.patches import Circle

        if not getattr(source, "bounded", False):
            return
        radius = float(source.size) / self._size
        for ax in self._axes:
            ax.add_patch(Circle((0, 0), radius, fill=False, color="0.5", linestyle="--"))

    def show(self, frame: int) -> list[Artist]:
        """Move the dots to where the ions are at a frame."""
        for dots, trails, plane in zip(self._dots, self._trails, _PLANES, strict=True):
            axes = ["xyz".index(axis) for axis in plane]
            for dot, trail, members in zip(dots, trails, self._groups, strict=True):
                dot.set_data(*self._position[frame, members][:, axes].T)
                if self._few:
                    trail.set_data(*_joined(self._position[: frame + 1, members][:, :, axes]))
        here = self._position[frame, :, 0]
        clock = f"{self._time[frame] / self._fast:.2f} {self._seconds}"
        self._axes[0].set_title(f"{clock}, {np.isfinite(here).sum()} ions", loc="left", fontsize=10)
        return [line for dots in self._dots for line in dots]


def _joined(paths: np.ndarray) -> np.ndarray:
    """The last places (k, n, 2) of each ion, one after the other with gaps between (2, ...)."""
    recent = paths[-_TRAIL:]
    gap = np.full((1, *recent.shape[1:]), np.nan)
    return np.concatenate([recent, gap]).transpose(2, 1, 0).reshape(2, -1)


def _groups(trajectory: Any) -> list[np.ndarray]:
    """Indices of the ions of each species, told apart by mass and charge."""
    ions = trajectory.ions
    kinds = np.stack([np.asarray(ions.mass), np.asarray(ions.charge)], axis=1)
    _, which = np.unique(kinds, axis=0, return_inverse=True)
    return [np.flatnonzero(which.ravel() == k) for k in range(int(which.max()) + 1)]


def _writer(target: Path) -> Any:
    from matplotlib.animation import FFMpegWriter, PillowWriter

    if target.suffix == ".gif":
        return PillowWriter(fps=_PER_SECOND)
    if target.suffix != ".mp4":
        raise InputError(
            f"{target.name}: a film is a .gif or an .mp4 (with ffmpeg)", parameter="path"
        )
    if not FFMpegWriter.isAvailable():
        raise InputError(
            f"{target.name}: an .mp4 needs the program ffmpeg, which is not here; "
            "write a .gif instead",
            parameter="path",
        )
    return FFMpegWriter(fps=_PER_SECOND)
