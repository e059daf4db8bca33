"""Amplitudes and periods of the bending that let the crystal of a case be an undulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..._figure import new_figure
from .._derived import Problem
from .._fields import Count
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Picture, Section, Shown, Variable
from ._run import OfCase, in_medium, waving

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import light
else:
    np, light = later("numpy", "fieldwright.light")


class LimitsPart(OfCase):
    """Bending amplitudes and periods that let the crystal of a case be an undulator."""

    largest_bending: Count = Field(0.3, description="of C that still is small")
    points: int = Field(101, ge=3, le=2001, description="of the map, in each of its axes")


LIMITS: Names = {
    "bending_amplitude": ("m", "largest amplitude at the period of the case, by C"),
    "angle_amplitude": ("m", "largest amplitude at the period of the case, by q_ch"),
    "bending_K": ("1", "q of the planes with the largest amplitude by C"),
    "shortest_period": ("m", "shortest period at the amplitude of the case, by C"),
}


def _fits(item: Item) -> Iterator[Problem]:
    if not waving(item.run):
        yield item.at, "needs a crystal whose planes wave"


def _solve(item: Item) -> dict[str, Any]:
    """C and q / q_ch over amplitude and period of the bending."""
    item.progress(f"limits {item.name}")
    setup, points = item.of_case.setup, item.part.points
    potential, energy = setup.planes.potential, setup.energy
    oscillation = float(light.channeling_period(potential, energy))
    spacing = float(potential.spacing)
    period = np.geomspace(oscillation / 2, 15 * oscillation, points)
    amplitude = np.geomspace(spacing / 20, 20 * spacing, points)
    C = light.bending_parameter(potential, energy, amplitude[:, None], period)
    steepest = 2 * np.pi * amplitude[:, None] / period
    flat = steepest / float(light.lindhard_angle(potential, energy))
    return {"amplitude": amplitude, "period": period, "C": np.asarray(C), "K_ratio": flat}


def _numbers(item: Item) -> Numbers:
    """What the period, and the amplitude, of the case allow."""
    setup, largest = item.of_case.setup, item.part.largest_bending
    planes, potential, energy = setup.planes, setup.planes.potential, setup.energy
    period, amplitude = float(planes.period), float(planes.amplitude)
    per_amplitude = float(light.bending_parameter(potential, energy, 1.0, period))
    most = largest / per_amplitude
    angle = float(light.lindhard_angle(potential, energy))
    C = per_amplitude * amplitude
    return {
        "bending_amplitude": most,
        "angle_amplitude": angle * period / (2 * np.pi),
        "bending_K": 2 * np.pi * setup.gamma * most / period,
        "shortest_period": period * float(np.sqrt(C / largest)),
    }


def _variables(item: Item) -> Iterator[Variable]:
    found, A, wave = item.result, f"amplitude_{item.name}", f"period_{item.name}"
    yield A, (A,), found["amplitude"], "m", "amplitude of the planes"
    yield wave, (wave,), found["period"], "m", "period of the bending"
    yield f"C_{item.name}", (A, wave), found["C"], "1", "bending parameter C"
    yield f"K_ratio_{item.name}", (A, wave), found["K_ratio"], "1", "q over q_ch"


def _draw(picture: Picture) -> Any:
    from fieldwright.light import plots

    setup = picture.items[0].of_case.setup
    planes, plasma = setup.planes, setup.medium.plasma_energy if in_medium(setup.run) else None
    figure = new_figure(8.2, 5.4)
    plots.plot_crystal_limits(
        planes.potential, setup.energy, plasma_energy=plasma,
        marked=(float(planes.amplitude), float(planes.period)), ax=figure.add_subplot(),
    )  # fmt: skip
    return figure


ALLOWED = Section(
    group="limits", one="limits", part=LimitsPart, words="of bent crystals", fits=_fits,
    names=LIMITS, solve=_solve, numbers=_numbers, variables=_variables,
    tables=[Columns("What bent planes allow", {
        "amplitude, by C": "bending_amplitude", "by q_ch": "angle_amplitude",
        "q, by C": "bending_K", "shortest period": "shortest_period",
    })],
    shown=(Shown("limits", _draw, "what bent planes allow"),),
)  # fmt: skip
