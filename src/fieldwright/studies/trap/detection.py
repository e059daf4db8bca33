"""The current that the ions of a case induce in electrodes, and its spectrum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ..._figure import new_figure
from ...constants import ATOMIC_MASS
from ...errors import InputError, UnstableTrapError
from .._derived import Problem
from .._fields import Count, Length, Part
from .._judge import Text
from .._later import later
from .._names import Names
from .._sections import Item, Numbers, Picture, Section, Shown, Variable
from ._setup import make_setup

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import motion
    from fieldwright.motion import plots
else:
    np, motion, plots = later("numpy", "fieldwright.motion", "fieldwright.motion.plots")

_PER_PERIOD = 2.5  # times at which motion is kept, for a spectrum to show it
_MOST_KINDS = 4  # of ions whose frequencies are marked


class DetectionPart(Part):
    """The current that the ions of a case induce in electrodes, and its spectrum."""

    case: Text | None = Field(None, description="not needed if there is one")
    axis: Literal["x", "y", "z"] = "z"
    distance: Length = Field(description="of the two electrodes from each other")
    efficiency: Count = Field(1.0, description="of the field of endless plates, what is left")


NAMES: Names = {
    "peak_frequency": ("Hz", "frequency of the strongest line of the image current"),
    "peak_amplitude": ("A", "amplitude of the strongest line of the image current"),
    "line_spacing": ("Hz", "resolution of the spectrum"),
}


def _fits(item: Item) -> Iterator[Problem]:
    """A trajectory that is kept too rarely to hear its frequencies."""
    run = item.run
    if run.allow_unstable or None in (run.trap, run.ions, run.duration):
        return
    try:
        setup = make_setup(run)
        ratio = np.abs(np.asarray(setup.ions.charge / setup.ions.mass)).argmax()
        heard = _audible(item, setup.still, setup.ions.mass[ratio], setup.ions.charge[ratio])
    except (InputError, UnstableTrapError):
        return  # told elsewhere
    least = int(_PER_PERIOD * max(heard.values()) / (2 * pi) * setup.duration) + 1
    kept = setup.arguments["save"]
    if kept < least:
        message = (
            f"its case is kept at {kept} times, too few for the frequencies to be heard; give "
            f"the case `save: {least}` or more, or a shorter `duration`"
        )
        yield item.at, message


def _audible(item: Item, trap: Any, mass: Any, charge: Any) -> dict[str, float]:
    """The angular frequencies [rad/s] that electrodes along an axis hear, by name."""
    found = motion.frequencies(trap, float(mass), float(charge))
    if item.part.axis == "z":
        return {r"$\omega_z$": abs(float(found.axial))}
    return {
        r"$\omega_+$": abs(float(found.modified_cyclotron)),
        r"$\omega_-$": abs(float(found.magnetron)),
    }


@dataclass(frozen=True)
class DetectionResult:
    """The spectrum of an image current, and frequencies to be marked in it."""

    time: np.ndarray  # (k,) [s]
    current: np.ndarray  # (k,) [A]
    frequency: np.ndarray  # (l,) [Hz]
    amplitude: np.ndarray  # (l,) [A]
    marks: dict[str, float]  # [Hz]


def _solve(item: Item) -> DetectionResult:
    """The image current of a case, with the frequencies that its ions would have alone."""
    part, setup, trajectory = item.part, item.of_case.setup, item.of_case.trajectory
    time = np.asarray(trajectory.time)
    current = np.asarray(
        motion.image_current(trajectory, part.axis, part.distance, efficiency=part.efficiency)
    )
    found = motion.spectrum(current, time)
    marks = {}
    kinds = np.unique(np.stack([setup.ions.mass, setup.ions.charge], axis=1), axis=0)
    for mass, charge in () if item.run.allow_unstable else kinds[:_MOST_KINDS]:
        whose = f", {mass / ATOMIC_MASS:.4g} u" if len(kinds) > 1 else ""
        for name, w in _audible(item, setup.still, mass, charge).items():
            marks[name + whose] = w / (2 * pi)
    return DetectionResult(time, current, found.frequency, found.amplitude, marks)


def _numbers(item: Item) -> Numbers:
    frequency, amplitude = item.result.frequency, item.result.amplitude
    peak = int(np.argmax(amplitude))
    return {
        "peak_frequency": frequency[peak],
        "peak_amplitude": amplitude[peak],
        "line_spacing": frequency[1],
    }


def _variables(item: Item) -> Iterator[Variable]:
    name, found = item.name, item.result
    time, line = f"detection_time_{name}", f"line_{name}"
    yield time, (time,), found.time, "s", "time"
    yield f"current_{name}", (time,), found.current, "A", "image current"
    yield line, (line,), found.frequency, "Hz", "frequency"
    words = "amplitude of the image current"
    yield f"amplitude_{name}", (line,), found.amplitude, "A", words


def _draw(picture: Picture) -> Any:
    found = picture.items[0].result
    figure = new_figure(7.2, 4.4)
    plots.plot_spectrum(found.frequency, found.amplitude, figure.add_subplot(), marks=found.marks)
    return figure


_CAPTION = "Spectrum of the image current, with the frequencies of a single ion."

DETECTION = Section(
    group="detection", one="detection", part=DetectionPart, words="image currents",
    untitled="Image current {}", fits=_fits, names=NAMES, solve=_solve, numbers=_numbers,
    variables=_variables, shown=(Shown("spectrum", _draw, _CAPTION),),
)  # fmt: skip
