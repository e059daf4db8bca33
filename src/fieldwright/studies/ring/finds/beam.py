"""The beam that a ring with cavities holds, and its ellipse at places."""

from __future__ import annotations

from typing import Any

from ...._figure import STYLES, dress, new_figure
from ..._sections import (
    Columns,
    Found,
    Item,
    Names,
    Numbers,
    Picture,
    Quantities,
    Section,
    Shown,
    Table,
    Variables,
    cell,
    table,
)
from .._case import (
    at_places,
    found_in,
    label,
    needs,
    numbers_at_places,
    places,
    stacked,
    title_in,
)
from .._later import np, plots, rings

_ROUND = 1e-3  # axes that differ by less make a round beam, which has no tilt
_ACROSS = 3  # spots in a row
_POINTS = 601  # along a ring

_METHODS = (
    "The beam is the 6 x 6 covariance that radiation damping and the photons' noise settle at on "
    "the closed orbit with cavities (discrete Lyapunov equation); its modes are derived from it. "
    "Intrabeam scattering, and what currents do to the ring, are left out."
)


def _partition(item: Item) -> Any:
    loss = float(item.result.energy_loss) / (2 * float(item.of_case.energy))
    return np.asarray(item.result.decrements) / loss


def _of_mode(number: int) -> Any:
    return lambda item: _partition(item)[number]


BEAM: Names = {
    "energy_loss": Found("eV", "energy lost in a turn", "energy_loss"),
    **{
        f"{name}_{k + 1}": Found(unit, f"{words} of mode {k + 1}", f"{path}.{k}")
        for name, unit, words, path in (
            ("decrement", "1", "damping decrement", "decrements"),
            ("damping_time", "s", "damping time", "damping_times"),
        )
        for k in range(3)
    },
    **{
        f"partition_{k + 1}": Found("1", f"damping partition number of mode {k + 1}", _of_mode(k))
        for k in range(3)
    },
    "partition_sum": Found(
        "1", "sum of the partition numbers", lambda item: _partition(item).sum()
    ),
    "emittance_1": Found("m rad", "emittance of mode 1", "emittances.0"),
    "emittance_2": Found("m rad", "emittance of mode 2", "emittances.1"),
    "emittance_3": Found("m rad", "longitudinal emittance", "emittances.2"),
    "energy_spread": Found("1", "relative energy spread", "energy_spread"),
    "bunch_length": Found("m", "bunch length", "bunch_length"),
    "synchrotron_tune": Found("1", "synchrotron tune", "tunes.2"),
    "synchrotron_frequency": Found(
        "Hz", "synchrotron frequency",
        lambda item: float(item.result.tunes[2]) * float(item.of_case.revolution_frequency),
    ),
}  # fmt: skip

#: At each place.
BEAM_AT: Names = {
    "sigma_x": ("m", "horizontal size"),
    "sigma_y": ("m", "vertical size"),
    "axis_1": ("m", "size along the ellipse's axis next to x"),
    "axis_2": ("m", "size along the other axis"),
    "tilt": ("rad", "angle of the ellipse's axis next to x; 0 where round to 0.1 %"),
    "roundness": ("1", "smaller over larger axis"),
    "inverse_area": ("1/m^2", "inverse effective area 1/S"),
}


def _numbers(item: Item) -> Numbers:
    """The beam's ellipse at each place; a beam without a height is given none."""

    def at(place: str) -> Numbers:
        section = _section(item.result, place)
        spot = rings.beam_spot(section)
        axes = np.asarray(spot.size)
        roundness = float(axes.min() / axes.max())
        return {
            "sigma_x": np.sqrt(section[0, 0]),
            "sigma_y": np.sqrt(max(section[1, 1], 0.0)),
            "axis_1": axes[0],
            "axis_2": axes[1],
            "tilt": 0.0 if roundness > 1 - _ROUND else spot.angle,
            "roundness": roundness,
            "inverse_area": 0.0 if not roundness > 1e-12 else spot.inverse_area,
        }

    return numbers_at_places(item.run, at)


def _section(beam: rings.Equilibrium, place: str) -> np.ndarray:
    """The covariance of x and y."""
    return np.asarray(beam.at(place))[:3:2, :3:2]


_BEAMS = Columns("Beams", {
    "emittance 1": "emittance_1", "emittance 2": "emittance_2", "energy spread": "energy_spread",
    "bunch length": "bunch_length", "loss per turn": "energy_loss", "decrement 1": "decrement_1",
    "decrement 2": "decrement_2", "decrement 3": "decrement_3",
}, "Modes are ordered by the plane they have most of; of degenerate ones the order means nothing.",
   "ring", "emittance_1")  # fmt: skip

_SPOTS = {
    "beta x": "beta_x", "beta y": "beta_y", "alpha x": "alpha_x", "alpha y": "alpha_y",
    "sigma x": "sigma_x", "sigma y": "sigma_y", "axis 1": "axis_1", "axis 2": "axis_2",
    "tilt": "tilt",
}  # fmt: skip


def _tables(items: list[Item], quantities: Quantities) -> list[Table]:
    rows = []
    for item in items:
        for place in places(item.run):
            there = {
                name: quantities.get(item.full(f"{label(place)}_{name}"))
                for name in (*_SPOTS.values(), "roundness")
            }
            round_ = there.pop("roundness")
            if not any(there.values()):
                continue
            cells = [
                "0" if q is not None and q.unit == "1" and abs(q.value) < 1e-7
                else cell(item.study, q, 4)
                for q in there.values()
            ]  # fmt: skip
            if round_ is not None and round_.value > 0.999:
                cells[-1] = "round"
            rows.append([f"{item.title}, {place}", *cells])
    caption = "Axis 1 is the axis of the beam's ellipse that is next to x."
    spots = Table("Beams at places", ["place", *_SPOTS], rows, caption)
    return [table(_BEAMS, items, quantities), spots]


def _variables(item: Item) -> Variables:
    name = item.label
    for letter in "xy":
        size = np.asarray(getattr(item.result, f"sigma_{letter}"))
        yield f"sigma_{letter}_{name}", (f"place_{name}",), size, "m", f"rms size in {letter}"


def _draw_sizes(ax: Any, item: Item) -> None:
    """Sizes along the ring: lines by formula (10), dots at elements by the 6-D solution."""
    ring, beam = item.of_case, item.found("beam")
    s, fine = np.asarray(ring.s), None
    if item.found("formula") is not None:
        along = np.linspace(0.0, s[-1], _POINTS)
        fine = np.asarray(rings.transverse_equilibrium(ring, along).covariance)
    for number, letter in enumerate("xy"):
        color, dashes = STYLES[number]
        size = 1e3 * np.asarray(getattr(beam, f"sigma_{letter}"))
        if fine is None:
            ax.plot(s, size, color=color, linestyle=dashes, label=rf"$\sigma_{letter}$")
            continue
        square = np.maximum(fine[:, 2 * number, 2 * number], 0.0)
        ax.plot(along, 1e3 * np.sqrt(square), color=color, linestyle=dashes, linewidth=1.3,
                label=rf"$\sigma_{letter}$, formula (10)")  # fmt: skip
        ax.plot(s, size, "o^"[number], color=color, markerfacecolor="none", markersize=4,
                linestyle="none", label=rf"$\sigma_{letter}$, 6-D")  # fmt: skip
    ax.set_xlabel("s (m)")
    ax.set_ylabel("rms size (mm)")
    ax.set_xlim(s[0], s[-1])
    ax.set_ylim(bottom=0.0)
    dress(ax)
    ax.legend(frameon=False, ncols=4, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, 1.16))


def draw_spot(picture: Picture) -> Any:
    """The beam's ellipse at a place, a case each."""
    items = picture.items
    across = min(_ACROSS, len(items))
    rows = -(-len(items) // across)
    figure = new_figure(3.9 * across if across > 1 else 5.2, 4.1 * rows if across > 1 else 5.0)
    axes = np.atleast_1d(figure.subplots(rows, across, squeeze=False)).reshape(-1)
    for ax, item in zip(axes, items, strict=False):
        place = picture.part.at or places(item.run)[0]
        title = ", ".join(filter(None, [title_in(picture, item), f"at {place}"]))
        raised, line = _with_height(_section(item.found("beam"), place))
        plots.plot_beam_ellipse(raised, ax, title=title)
        if line:
            ax.set_title(f"{title}\n{line}", fontsize=10)
    for ax in axes[len(items) :]:
        ax.set_axis_off()
    return figure


def _with_height(section: np.ndarray) -> tuple[np.ndarray, str]:
    """A beam that is a line, as one a hundredth as thick as it is long, and what it really is."""
    values, vectors = np.linalg.eigh(section)
    if values[0] > 1e-4 * values[1]:
        return section, ""
    along = vectors[:, 1] * (np.sign(vectors[0, 1]) or 1.0)
    angle = np.degrees(np.arctan2(along[1], along[0]))
    raised = vectors @ np.diag([1e-4 * values[1], values[1]]) @ vectors.T
    text = rf"a line, $\sigma$ = {np.sqrt(values[1]) * 1e6:.4g} µm, at {angle:.2f}°"
    return raised, text.replace("-", "\N{MINUS SIGN}").replace("at \N{MINUS SIGN}0.00", "at 0.00")


SIZES = Shown("sizes", stacked(3.6, _draw_sizes), "sizes of the beam", fits=needs("beam"))
BEAM_FIND = Section(
    group="beam", names=lambda item: BEAM | at_places(item.run, BEAM_AT), numbers=_numbers,
    solve=lambda item: rings.equilibrium(item.of_case), variables=_variables, tables=_tables,
    methods=_METHODS, also=lambda item: "formula" in found_in(item.run),
)  # fmt: skip
