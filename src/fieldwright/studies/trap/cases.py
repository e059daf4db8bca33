"""The cases of a trap study: trajectories of ions, and what is read off them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..._figure import STYLES, new_figure
from ...units import format_quantity
from .._later import later
from .._names import Names
from .._sections import (
    Columns,
    Item,
    Numbers,
    Picture,
    Quantities,
    Section,
    Shown,
    Variable,
    cell,
    table,
)
from .._study import Attachment, Table
from ._run import ALWAYS, LOSSES, CasePart, RunPart, inputs
from ._setup import Setup, impossible, make_setup, wrong

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import motion
    from fieldwright.motion import plots
else:
    np, motion, plots = later("numpy", "fieldwright.motion", "fieldwright.motion.plots")

_MOST_PAIRS = 2_000_000_000  # for an energy over time: a few seconds
_FEW = 12  # cases that are drawn unasked
_MOST_PATHS = 200  # ions whose paths are drawn

_EXACT = (
    "The exact motion of ions that do not interact is the analytic one; where there is a drive, or "
    "the trap is not round, it is that of exact matrices."
)

#: Of each case.
CASE: Names = {
    "left": ("1", "fraction of ions left at the end"),
    "evaluations": ("1", "sums over all pairs of ions"),
    "final_x": ("m", "x of the first ion at the end"),
    "final_y": ("m", "y of the first ion at the end"),
    "final_z": ("m", "z of the first ion at the end"),
    "ions": ("1", "number of ions"),
    "steps": ("1", "steps of the integrator"),
    "magnetic_field": ("T", "magnetic field at the trap's centre"),
    "voltage": ("V", "voltage of the trap"),
    "size": ("m", "size of the trap"),
    "mass": ("kg", "mass of the first ion"),
}

#: Where the trap must hold its ions.
HELD: Names = {
    "cyclotron_frequency": ("rad/s", "free cyclotron frequency of the first ion"),
    "axial_frequency": ("rad/s", "axial frequency of the first ion"),
    "modified_cyclotron_frequency": ("rad/s", "modified cyclotron frequency of the first ion"),
    "magnetron_frequency": ("rad/s", "magnetron frequency of the first ion"),
    "trapping_ratio": ("1", "charge over mass of the first ion, over the least that is held"),
}

#: Where it is round, too, so that single ions make circles.
ROUND: Names = {
    "radius_low": ("m", "least distance from the axis of the first ion, were it alone"),
    "radius_high": ("m", "largest distance from the axis of the first ion, were it alone"),
    "axial_spread": ("1", "largest relative change of an ion's axial amplitude"),
    "ring_excess": ("m", "farthest that an ion got outside the ring it would keep alone"),
}

#: Where neither drive nor damping changes it.
ENERGY: Names = {"energy_drift": ("1", "largest relative change of the total energy")}

#: Where the exact motion is known: ions that do not interact in an ideal trap.
EXACT: Names = {
    "largest_error": ("m", "largest distance from the exact place"),
    "final_error": ("m", "distance from the exact place at the end"),
    "largest_axial_error": ("m", "largest error of z"),
    "early_axial_error": ("m", "largest error of z in the first tenth of the time"),
    "relative_error": ("1", "largest distance from the exact place over that from the centre"),
}


def _names(item: Item) -> Names:
    run = item.run
    names = CASE if run.allow_unstable else CASE | HELD
    names = names | ROUND if run.is_round else names
    names = names | ENERGY if run.keeps_energy else names
    return names | EXACT if run.is_exact else names


@dataclass(frozen=True)
class CaseResult:
    """What one case came to."""

    setup: Setup
    trajectory: motion.Trajectory
    exact: np.ndarray | None  # positions (k, n, 3) [m] of the exact motion, where it is known


def _solve(item: Item) -> CaseResult:
    """Simulate a case, or take what an earlier run has simulated."""
    run, phase = item.run, f"moving {item.name}" if item.name else "moving"
    setup = make_setup(run)
    files = {part.file: Path(part.file).read_bytes() for part in run.ions if part.file is not None}
    contents = {name: sha256(content).hexdigest() for name, content in files.items()}
    made_from = {"case": inputs(run), "files": contents}

    def make() -> dict[str, np.ndarray]:
        trajectory = motion.simulate(
            setup.ions,
            setup.source,
            **setup.arguments,
            checkpoint=item.pieces.path(made_from, ".checkpoint"),
            progress=lambda done: item.progress(phase, done),
        )
        # what a file can hold; the other fields follow from the study
        names = [field.name for field in dataclasses.fields(motion.Trajectory)]
        held = [name for name in names if name not in ("ions", "source", "momentum")]
        return {name: np.asarray(getattr(trajectory, name)) for name in held}

    item.progress(phase)
    found = item.pieces.get(made_from, make)
    plain: dict[str, Any] = {
        name: value if value.ndim else value.item() for name, value in found.items()
    }
    trajectory = motion.Trajectory(**plain, ions=setup.ions, source=setup.source)
    exact = exact_places(run, setup, found["time"]) if run.is_exact else None
    return CaseResult(setup, trajectory, exact)


def exact_places(run: RunPart, setup: Setup, time: np.ndarray) -> np.ndarray:
    """Where ions that do not interact are at equal intervals of time, exactly."""
    if run.is_round and not run.drives:
        return np.asarray(motion.analytic_motion(setup.ions, setup.still, time)[0])
    found = motion.simulate(
        setup.ions, setup.source, setup.duration, coulomb=False, save=len(time) - 1
    )
    return np.asarray(found.position)


def errors_of(position: Any, exact: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance from the exact places (k, n) [m], and that over theirs from the centre."""
    error = np.linalg.norm(np.asarray(position) - exact, axis=2)
    distance = np.linalg.norm(exact, axis=2)
    return error, error / np.where(distance > 0, distance, np.inf)


def _numbers(item: Item) -> Numbers:
    run, result = item.run, item.result
    trajectory, ions = result.trajectory, result.setup.ions
    kept = np.asarray(trajectory.kept)
    last = trajectory.position[-1, 0] if kept[0] else trajectory.lost_position[0]
    numbers = {
        "ions": len(ions),
        "left": kept.mean(),
        "magnetic_field": np.linalg.norm(np.asarray(result.setup.still.B(np.zeros(3)))),
        "voltage": run.trap.voltage,
        "size": run.trap.size,
        "mass": ions.mass[0],
        **{f"final_{axis}": last[k] for k, axis in enumerate("xyz")},
        "steps": trajectory.steps,
        "evaluations": trajectory.evaluations,
    }
    if not run.allow_unstable:
        found = motion.frequencies(result.setup.still, ions.mass[0], ions.charge[0])
        numbers |= {
            "cyclotron_frequency": abs(found.cyclotron),
            "axial_frequency": found.axial,
            "modified_cyclotron_frequency": abs(found.modified_cyclotron),
            "magnetron_frequency": abs(found.magnetron),
            "trapping_ratio": found.cyclotron**2 / (2 * found.axial**2),
        }
    if run.is_round:
        numbers |= _round(result)
    if run.keeps_energy:
        numbers["energy_drift"] = np.nanmax(np.abs(_energy_drift(result)))
    if run.is_exact:
        error, relative = errors_of(trajectory.position, result.exact)
        axial = np.abs(np.asarray(trajectory.position)[..., 2] - result.exact[..., 2])
        numbers |= {
            "largest_error": error.max(),
            "final_error": error[-1].max(),
            "largest_axial_error": axial.max(),
            "early_axial_error": axial[: max(1, len(axial) // 10)].max(),
            "relative_error": relative.max(),
        }
    return numbers


def _round(result: CaseResult) -> Numbers:
    """How far the motion is from that of single ions: circles in a ring, and a swing along z."""
    trajectory, trap = result.trajectory, result.setup.still
    alone = motion.amplitudes(result.setup.ions, trap)
    axial = np.asarray(motion.amplitudes(trajectory, trap).axial)
    swings = np.asarray(alone.axial)
    spread = np.nanmax(axial, axis=0) - np.nanmin(axial, axis=0)
    distance = np.hypot(*np.moveaxis(np.asarray(trajectory.position)[..., :2], -1, 0))
    low, high = np.asarray(alone.radius_low), np.asarray(alone.radius_high)
    outside = np.fmax(np.fmax(distance - high, low - distance), 0.0)
    return {
        "radius_low": low[0],
        "radius_high": high[0],
        "axial_spread": np.nanmax(spread / np.where(swings > 0, swings, np.inf)),
        "ring_excess": np.nanmax(outside),
    }


def _energy_drift(result: CaseResult) -> np.ndarray:
    """Relative change of the total energy (k,), in units of its largest part at the beginning."""
    setup, trajectory, count = result.setup, result.trajectory, len(result.trajectory.time)
    # at so few of its times that sums over pairs at them take seconds, two at least
    some = int(np.clip(_MOST_PAIRS // len(setup.ions) ** 2, 2, count))
    if some < count:
        chosen = np.linspace(0, count - 1, some).round().astype(int)
        parts = {n: getattr(trajectory, n)[chosen] for n in ("time", "position", "velocity")}
        trajectory = dataclasses.replace(trajectory, **parts)
    total = np.asarray(motion.total_energy(trajectory, setup.still, coulomb=setup.interacts))
    kinetic = float(motion.kinetic_energy(setup.ions).sum())
    size = max(abs(total[0]), kinetic, abs(total[0] - kinetic))
    return (total - total[0]) / size if size else total


def _cases_table(items: list[Item], quantities: Quantities) -> Table:
    rows = []
    digits = {"ions": 6, "left": 4, "steps": 9, "evaluations": 9, "energy_drift": 2}
    for item in items:
        setup = item.result.setup
        rows.append([
            item.title,
            format_quantity(setup.duration, "s", 4),
            item.result.trajectory.integrator,
            "yes" if setup.interacts else "no",
            *(cell(item.study, quantities.get(item.full(n)), d) for n, d in digits.items()),
        ])  # fmt: skip
    return Table(
        "Cases",
        ["case", "duration", "integrator", "interaction", "ions", "fraction left", "steps",
         "pair sums", "energy drift"],
        rows,
        "The energy drift is relative to the largest part of the energy at the beginning.",
    )  # fmt: skip


def _tables(items: list[Item], quantities: Quantities) -> Iterator[Table]:
    yield _cases_table(items, quantities)
    alone = Columns(
        "Motion of the first ion, were it alone",
        {
            "w0": "cyclotron_frequency", "wz": "axial_frequency",
            "w+": "modified_cyclotron_frequency", "w-": "magnetron_frequency",
            "R-": "radius_low", "R+": "radius_high",
        },
        "w0 is the free cyclotron frequency, R- and R+ bound the distance from the axis.",
        "case", "cyclotron_frequency",
    )  # fmt: skip
    errors = {words: name for name, (_, words) in EXACT.items()}
    exact = Columns("Distance from the exact motion", errors, "", "case", "largest_error", digits=4)
    for columns in (alone, exact):
        yield table(columns, items, quantities)


def _variables(item: Item) -> Iterator[Variable]:
    name, found = item.name or item.study.study, item.result.trajectory
    ions = item.result.setup.ions
    time, ion = f"time_{name}", f"ion_{name}"
    yield "axis", ("axis",), ["x", "y", "z"], "", "axis"
    yield time, (time,), found.time, "s", "time"
    yield f"position_{name}", (time, ion, "axis"), found.position, "m", "position"
    yield f"velocity_{name}", (time, ion, "axis"), found.velocity, "m/s", "velocity"
    yield f"mass_{name}", (ion,), ions.mass, "kg", "mass"
    yield f"charge_{name}", (ion,), ions.charge, "C", "charge"
    yield f"lost_time_{name}", (ion,), found.lost_time, "s", "time of loss, infinite if kept"
    yield f"lost_position_{name}", (ion, "axis"), found.lost_position, "m", "place of loss"


def _films(item: Item) -> Iterator[Attachment]:
    def write(path: Path) -> None:
        plots.animate(item.result.trajectory, path)

    if item.run.animation:
        file = f"animations/{item.name or item.study.study}.gif"
        yield Attachment(file, f"{item.title}, from above and from the side", write)


def _draw_axial(picture: Picture) -> Any:
    """Motion along z, on the exact motion where it is known; below, how far they are apart."""
    cases = {item.title: item.result for item in picture.items}
    ion = picture.part.ion - 1
    known = [case for case in cases.values() if case.exact is not None]
    figure = new_figure(7.2, 5.4 if known else 3.6)
    axes = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1)) if known else None
    ax = axes[0] if axes is not None else figure.add_subplot()
    if known:
        exact: Any = SimpleNamespace(time=known[0].trajectory.time, position=known[0].exact)
        look: dict[str, Any] = {"color": "0.75", "linestyle": "-", "linewidth": 4.0}
        plots.plot_coordinate(exact, "z", ax, ion=ion, label="exact", **look)
    for style, (title, case) in enumerate(cases.items()):
        plots.plot_coordinate(case.trajectory, "z", ax, ion=ion, label=title, style=style)
        if axes is not None and case.exact is not None:
            error = np.abs(np.asarray(case.trajectory.position) - case.exact)[:, ion, 2]
            plots.plot_error(case.trajectory.time, error, axes[1], style=style, relative=False)
    if axes is not None:
        ax.set_xlabel("")
        axes[1].set_ylabel(r"$|z-z_\mathrm{exact}|$ (m)")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=4, frameon=False)
    return figure


def _draw_each(show: str, picture: Picture) -> Any:
    """A panel for each case, side by side."""
    cases = {item.title: item.result for item in picture.items}
    solid = show == "paths"
    width, least, height = (4.6, 6.0, 5.0) if solid else (4.2, 5.2, 4.6)
    figure = new_figure(max(least, width * len(cases)), height)
    for index, (title, case) in enumerate(cases.items(), 1):
        ax: Any = figure.add_subplot(1, len(cases), index, projection="3d" if solid else None)
        count = len(case.setup.ions)  # so few that their paths can be drawn; None for all
        some = np.linspace(0, count - 1, _MOST_PATHS).round().astype(int)
        ions = None if count <= _MOST_PATHS else some
        if show == "orbit":
            plots.plot_orbit(case.trajectory, "xy", ax, ions=ions)
        elif solid:
            plots.plot_paths(case.trajectory, ax, ions=ions)
            ax.set_box_aspect(None, zoom=0.88)  # or z is cut off
        else:
            plots.plot_phase(case.trajectory, show.removeprefix("phase_"), ax, ions=ions)
        if len(cases) > 1:
            ax.set_title(title, fontsize=10)
    _name_ions(figure, len(next(iter(cases.values())).setup.ions))
    return figure


def _name_ions(figure: Any, count: int) -> None:
    """A legend of the ions, and of where paths begin and end."""
    from matplotlib.lines import Line2D

    marks = {
        "begins": Line2D([], [], marker="o", color="black", markerfacecolor="white", ls="none"),
        "ends": Line2D([], [], marker="o", color="black", ls="none"),
    }
    if 1 < count <= len(STYLES):
        ions = {f"ion {i + 1}": Line2D([], [], color=STYLES[i][0]) for i in range(count)}
        marks = ions | marks
    if count > _MOST_PATHS:
        marks[f"{_MOST_PATHS} of {count} ions"] = Line2D([], [], ls="none")
    figure.legend(
        list(marks.values()), list(marks), loc="outside upper left", ncols=6, frameon=False
    )


def _unasked(items: list[Item]) -> Iterator[tuple[str, dict[str, Any]]]:
    words = {
        "orbit": "paths seen along the axis", "axial": "motion of the first ion along z",
        "phase_z": "phase plane of z",
    }  # fmt: skip
    for item in items[:_FEW]:
        end, cases = (f"_{item.name}", [item.name]) if item.name else ("", [])
        for show, what in words.items():
            caption = f"{item.title}: {what}."
            yield f"{show}{end}", {"show": show, "caption": caption, "cases": cases}


def _methods(items: list[Item]) -> list[str]:
    exact = any(item.result.exact is not None for item in items)
    lost = any(item.run.bounded for item in items)
    return [ALWAYS, *([_EXACT] if exact else []), *([LOSSES] if lost else [])] if items else []


CASES = Section(
    group="cases", one="case", part=CasePart, several=True, check=wrong, impossible=impossible,
    names=_names, solve=_solve, numbers=_numbers, tables=_tables, variables=_variables,
    shown=(
        Shown("axial", _draw_axial, options={
            "ion": (int, Field(1, ge=1, description="of axial: which one")),
        }),
        Shown("orbit", partial(_draw_each, "orbit")),
        Shown("phase_x", partial(_draw_each, "phase_x")),
        Shown("phase_z", partial(_draw_each, "phase_z")),
        Shown("paths", partial(_draw_each, "paths")),
    ),
    unasked=_unasked, attachments=_films, methods=_methods,
)  # fmt: skip
