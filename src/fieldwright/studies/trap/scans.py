"""Losses over the frequency of a drive: ensembles of clouds, and the bands of instability."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from ..._figure import STYLES, dress, new_figure
from ...errors import InputError
from .._derived import Problem
from .._fields import AngularFrequency, Name, Number, Part, refuse
from .._judge import Quantity, Text
from .._later import later
from .._names import Names
from .._sections import Item, Numbers, Picture, Quantities, Section, Shown, Variable, taken
from .._study import Table
from ._ions import build_ions
from ._run import ALWAYS, LOSSES, RunPart, inputs
from ._setup import impossible, make_integrator, wrong

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import motion, sources
    from fieldwright.motion import plots
    from fieldwright.sources import Source
else:
    np, motion, sources, plots = later(
        "numpy", "fieldwright.motion", "fieldwright.sources", "fieldwright.motion.plots"
    )

_MAP_AMPLITUDES, _MAP_FREQUENCIES = 121, 601

_FLOQUET = (
    "Bands of instability are where a multiplier of the motion over a period of the drive leaves "
    "the unit circle (Floquet); their reason is the pair of eigenmotions whose phases together "
    "turn a whole number of times in that period."
)


def _rising(part: Any) -> Any:
    if part.stop <= part.start:
        raise refuse("`to` must be larger than `from`")
    return part


class FrequenciesPart(Part):
    """A range of angular frequencies."""

    start: AngularFrequency = Field(alias="from")
    stop: AngularFrequency = Field(alias="to")
    points: int = Field(ge=2, le=100_000)
    _rises = model_validator(mode="after")(_rising)

    @property
    def all(self) -> np.ndarray:
        """Angular frequencies (points,) [rad/s]."""
        return np.linspace(self.start, self.stop, self.points)


class BandPart(Part):
    """A range of frequencies in which a loss band is looked for, at one amplitude."""

    amplitude: Number
    start: AngularFrequency = Field(alias="from")
    stop: AngularFrequency = Field(alias="to")
    _rises = model_validator(mode="after")(_rising)


class ScanPart(RunPart):
    """Ions left after a parametric drive V0 (1 + f cos wt), over its frequency and amplitude."""

    title: Text | None = None
    amplitudes: list[Number] = Field(min_length=1, description="f of V0 (1 + f cos wt)")
    frequencies: FrequenciesPart
    clouds: int = Field(1, ge=1, le=1000, description="random clouds, of consecutive seeds")
    limit: Number = Field(0.5, gt=0, lt=1, description="a band is where fewer are left than this")
    bands: dict[Name, BandPart] = Field({}, description="bands to measure, by name")


SCAN: Names = {
    "found": ("1", "number of loss bands found at all amplitudes"),
    "narrowest": ("rad/s", "width of the narrowest of the bands measured"),
    "least_left": ("1", "least fraction of ions left, mean over the clouds"),
    "step": ("rad/s", "step of the frequency"),
}
#: Of each of its bands.
BAND: Names = {
    "low": ("rad/s", "lower edge of the loss band"),
    "high": ("rad/s", "upper edge of the loss band"),
    "width": ("rad/s", "width of the loss band"),
    "left": ("1", "least fraction of ions left in the band"),
    "unstable_low": ("rad/s", "lower edge of the Floquet instability"),
    "unstable_high": ("rad/s", "upper edge of the Floquet instability"),
    "growth": ("1/s", "largest growth rate of the motion in the band"),
}


def _names(item: Item) -> Names:
    return SCAN | {
        f"{band}_{quantity}": (unit, f"{band}: {words}")
        for band in item.part.bands
        for quantity, (unit, words) in BAND.items()
    }


def _check(item: Item) -> Iterator[Problem]:
    """What is wrong with a scan, taken together with the study."""
    yield from wrong(item)
    scan, at, study = item.part, item.at, item.study
    run = study.whole(scan)
    for field, none in (("drives", "[]"), ("damping", "[]"), ("relativistic", "false")):
        if getattr(run, field):
            place = study.says(scan, at, field)
            yield place, f"does not go with a scan; give {item.name} its own `{field}: {none}`"
    if scan.clouds > 1 and not any(group.is_random() for group in run.ions or []):
        yield (*at, "clouds"), "several clouds need ions drawn at random: a `cloud`"
    if any(f <= 0 for f in scan.amplitudes) or len(set(scan.amplitudes)) < len(scan.amplitudes):
        yield (*at, "amplitudes"), "must be larger than zero, each given once"
    low, high = scan.frequencies.start, scan.frequencies.stop
    step = (high - low) / (scan.frequencies.points - 1)
    for name, band in scan.bands.items():
        if band.amplitude not in scan.amplitudes:
            known = ", ".join(f"{f:g}" for f in scan.amplitudes)
            yield (*at, "bands", name, "amplitude"), f"is not one of the scan's: {known}"
        if band.start < low - step or band.stop > high + step or band.stop - band.start < step:
            yield (*at, "bands", name), "must lie within the frequencies of the scan, over a step"


@dataclass(frozen=True)
class ScanResult:
    """What one scan came to."""

    losses: motion.LossScan
    bands: list[list[motion.InstabilityBand]]  # of each amplitude
    trap: Source
    species: motion.Species
    drive: Callable[[Any, Any, Any], Source]


def _solve(item: Item) -> ScanResult:
    """Scan, piece by piece; pieces that an earlier run has finished are taken from there."""
    part, run = item.part, item.study.whole(item.part)
    trap, size, w = run.trap.build(), run.trap.size, part.frequencies.all
    electrodes = run.trap.electrodes()  # beside a coil, the trap is an assembly

    def drive(_: Any, amplitude: Any, w: Any) -> Source:
        """The parametric drive, as scans and Floquet analysis take it."""
        return sources.parametric_drive(electrodes, amplitude, w)

    clouds = [build_ions(run.ions, trap, size, seed) for seed in range(part.clouds)]
    fractions = _fractions(item, run, trap, clouds, drive)
    numbers: tuple[Any, ...] = (part.amplitudes, w, fractions, run.duration, size)
    arrays: list[Any] = [np.asarray(number) for number in numbers]
    species = motion.Species("ion", float(clouds[0].mass[0]), float(clouds[0].charge[0]))
    item.progress(f"explaining {item.name}")
    ends = float(w[0]), float(w[-1])
    bands: list[list[motion.InstabilityBand]] = [[] for _ in part.amplitudes]
    if not run.allow_unstable:  # or there are no motions to name as a reason
        bands = [
            motion.instability_bands(trap, species, f, ends, drive=drive) for f in part.amplitudes
        ]
    return ScanResult(motion.LossScan(*arrays), bands, trap, species, drive)


def _fractions(
    item: Item, run: Any, trap: Source, clouds: list[motion.Ions], drive: Any
) -> np.ndarray:
    """Fractions left (clouds, F, W): by matrices without interaction, else step by step.

    One piece for each amplitude; where each step is made, for each cloud, too.
    """
    part, w = item.part, item.part.frequencies.all
    exact = run.interaction is False and run.trap.is_linear
    count = 1 if exact else len(clouds)
    total = count * len(part.amplitudes)
    fractions = np.empty((len(clouds), len(part.amplitudes), len(w)))

    def tell(number: int, within: float) -> None:
        item.progress(f"scanning {item.name}", (number + within) / total)

    def make(number: int, f: float, cloud: motion.Ions) -> dict[str, np.ndarray]:
        progress = partial(tell, number)
        if exact:
            found = motion.loss_scan(
                clouds, trap, np.array([f]), w, run.duration, radius=run.trap.size, drive=drive,
                progress=progress,
            )  # fmt: skip
            return {"fractions": np.asarray(found.fractions)[:, 0]}
        cases = [(cloud, sources.Assembly((trap, drive(trap, f, one)))) for one in w]
        moved = motion.simulate_many(
            cases, run.duration, steps=run.steps, integrator=make_integrator(run),
            coulomb=run.interaction is not False, loss_radius=run.trap.size, progress=progress,
        )  # fmt: skip
        return {"fractions": np.array([np.asarray(one.kept).mean() for one in moved])}

    for number in range(total):
        seed, row = divmod(number, len(part.amplitudes))
        f = part.amplitudes[row]
        tell(number, 0.0)
        made_from = {
            "scan": inputs(run) | {"amplitudes": f, "clouds": None}, "amplitude": f,
            "points": w.tolist(), **({"clouds": part.clouds} if exact else {"cloud": seed}),
        }  # fmt: skip
        found = item.pieces.get(made_from, partial(make, number, f, clouds[seed]))["fractions"]
        fractions[slice(None) if exact else seed, row] = found
    return fractions


def _numbers(item: Item) -> Numbers:
    """The quantities of a scan and of its bands."""
    part, losses = item.part, item.result.losses
    left, w = np.asarray(losses.fraction_left), np.asarray(losses.angular_frequency)
    numbers: Numbers = {
        "found": sum(len(row) for row in losses.bands(part.limit)),
        "least_left": left.min(),
        "step": w[1] - w[0],
    }
    widths = []
    for name, band in part.bands.items():
        row = part.amplitudes.index(band.amplitude)
        found = _band(w, left[row], band, part.limit) | _unstable(item.result.bands[row], band)
        numbers |= {f"{name}_{quantity}": value for quantity, value in found.items()}
        widths.append(found["width"])
    return numbers | {"narrowest": min(widths, default=0.0)}


def _band(w: np.ndarray, left: np.ndarray, band: BandPart, limit: float) -> Numbers:
    """Edges of the loss band that has the least ions left, where straight lines cross the limit."""
    inside = np.flatnonzero((w >= band.start) & (w <= band.stop))
    if not inside.size:
        raise InputError(f"no frequency of the scan lies between {band.start:g} and {band.stop:g}")
    deepest = inside[np.argmin(left[inside])]
    low = high = float(w[deepest])
    if left[deepest] < limit:
        low, high = (_crossing(w, left, deepest, side, limit) for side in (-1, 1))
    return {"low": low, "high": high, "width": high - low, "left": left[deepest]}


def _crossing(w: np.ndarray, left: np.ndarray, start: int, side: int, limit: float) -> float:
    """Where, going from `start` to one side, the fraction left rises over the limit."""
    here = start
    while 0 <= here + side < len(w) and left[here + side] < limit:
        here += side
    beyond = here + side
    if not 0 <= beyond < len(w):
        return float(w[here])
    part = (limit - left[here]) / (left[beyond] - left[here])
    return float(w[here] + part * (w[beyond] - w[here]))


def _unstable(bands: list[motion.InstabilityBand], band: BandPart) -> Numbers:
    """The Floquet bands that reach into the range: their outer edges, and the fastest growth."""
    strongest = _strongest(bands, band.start, band.stop)
    if strongest is None:
        middle = (band.start + band.stop) / 2
        return {"unstable_low": middle, "unstable_high": middle, "growth": 0.0}
    found = taken(strongest, ("low", "high"), "unstable_")
    return found | {"growth": strongest.growth}


def _strongest(bands: Any, low: float, high: float) -> motion.InstabilityBand | None:
    """The fastest instability of those that reach into a range."""
    inside = [band for band in bands if band.high >= low and band.low <= high]
    return max(inside, key=lambda band: band.growth, default=None)


def _tables(items: list[Item], quantities: Quantities) -> Iterator[Table]:
    for item in items:
        part, result, rows = item.part, item.result, []
        columns = zip(part.amplitudes, result.losses.bands(part.limit), result.bands, strict=True)
        for f, lost, bands in columns:
            for ends in lost:
                strongest, why = _strongest(bands, *ends), ["–"] * 4
                if strongest is not None:
                    edges = _shown(item, strongest.low, strongest.high)
                    why = [strongest.label, *edges, f"{strongest.growth:.4g} 1/s"]
                rows.append([f"f = {f:g}", *_shown(item, *ends), *why])
        yield Table(
            f"Loss bands: {item.title}",
            ["amplitude", "fewer left from", "to", "reason", "unstable from", "to",
             "largest growth"],
            rows,
            f"First and last frequency of the scan with less than {part.limit:g} of the ions left, "
            "mean over the clouds; beside it, the strongest instability there by Floquet analysis.",
        )  # fmt: skip


def _shown(item: Item, *frequencies: float) -> list[str]:
    return [item.study.show(Quantity(w, "rad/s", ""), 5) for w in frequencies]


def _variables(item: Item) -> Iterator[Variable]:
    name, losses = item.name, item.result.losses
    f, w, cloud = f"amplitude_{name}", f"frequency_{name}", f"cloud_{name}"
    yield f, (f,), losses.amplitude, "1", "amplitude of the drive"
    yield w, (w,), losses.angular_frequency, "rad/s", "angular frequency of the drive"
    words = "fraction of ions left"
    yield f"fraction_left_{name}", (cloud, f, w), losses.fractions, "1", words


def _draw_resonance(picture: Picture) -> Any:
    (item,) = picture.items
    figure = new_figure(8.4, 4.8)
    ax = figure.add_subplot()
    bands = dict(zip(item.part.amplitudes, item.result.bands, strict=True))
    plots.plot_resonances(item.result.losses, bands, ax)
    if picture.part.coarse is not None:
        _coarse(ax, item.result.losses, picture.part.coarse)
    return figure


def _coarse(ax: Any, losses: motion.LossScan, step: float) -> None:
    """What a scan with long steps would have seen, from the same curves."""
    w = np.asarray(losses.angular_frequency)
    seen = w[0] + step * np.arange(int((w[-1] - w[0]) / step + 1e-9) + 1)
    factor = float(ax.get_xlim()[1]) / w[-1]
    for row, left in enumerate(np.asarray(losses.fraction_left)):
        color = STYLES[row % len(STYLES)][0]
        ax.plot(
            seen * factor, np.interp(seen, w, left), "os^Dv"[row % 5], color=color,
            markerfacecolor="white", markersize=6, linestyle="none", zorder=4,
        )  # fmt: skip


def _draw_growth(picture: Picture) -> Any:
    part, result = picture.items[0].part, picture.items[0].result
    figure = new_figure(8.4, 4.8)
    amplitudes = np.linspace(0.0, 1.1 * max(part.amplitudes), _MAP_AMPLITUDES)
    w = np.linspace(part.frequencies.start, part.frequencies.stop, _MAP_FREQUENCIES)
    ax = figure.add_subplot()
    plots.plot_growth(result.trap, result.species, amplitudes, w, ax, drive=result.drive)
    for f in part.amplitudes:
        ax.axhline(f, color="0.4", linewidth=0.6, linestyle="--")
    return figure


def _draw_mathieu(picture: Picture) -> Any:
    (item,) = picture.items
    least, result = 1 / item.study.whole(item.part).duration, item.result
    peaks = np.array([band.peak for band in result.bands[-1] if band.growth > least])
    figure = new_figure(6.6, 5.4)
    ax = figure.add_subplot()
    plots.plot_mathieu(result.trap, result.species, item.part.amplitudes, peaks, ax)
    dress(ax)
    return figure


_COARSE = Field(None, description="of resonance: what a scan with these steps would have shown")

SCANS = Section(
    group="scans", one="scan", part=ScanPart, words="losses over a drive's frequency",
    of_case=False, slow=True, check=_check, impossible=impossible, names=_names, solve=_solve,
    numbers=_numbers, tables=_tables, variables=_variables,
    shown=(
        Shown(
            "resonance", _draw_resonance, "fraction of ions left; shaded: unstable motion",
            {"coarse": (AngularFrequency | None, _COARSE)},
        ),
        Shown("growth", _draw_growth, "Growth rate of the motion."),
        Shown("mathieu", _draw_mathieu),
    ),
    methods=lambda items: [ALWAYS, LOSSES, _FLOQUET] if items else [],
)  # fmt: skip
