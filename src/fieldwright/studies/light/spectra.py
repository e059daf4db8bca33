"""Light over photon energies in one direction: of a beam with current, or of one charge."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from ..._figure import STYLES, dress, new_figure
from .._derived import Problem
from .._fields import Angle, PhotonEnergy, refuse
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Picture, Section, Shown, Variable
from ._run import OfCase, RunPart, has_current, in_medium, piece, waving
from .cases import let_through

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import light
else:
    np, light = later("numpy", "fieldwright.light")

FLUX = "flux density (1/s/mrad²/0.1 %BW)"
ALONE = "photons of a charge (1/sr per unit bandwidth)"
PHOTONS = "photons of a charge per steradian and unit bandwidth"


class SpectrumPart(OfCase):
    """Light over photon energies in one direction."""

    start: PhotonEnergy = Field(alias="from")
    stop: PhotonEnergy = Field(alias="to")
    points: int = Field(501, ge=3, le=1_000_000)
    direction: tuple[Angle, Angle] = Field((0.0, 0.0), description="angles from the axis")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.stop <= self.start:
            raise refuse("`to` must be a larger photon energy than `from`")
        return self


SPECTRUM: Names = {
    "peak_energy": ("eV", "photon energy of the largest value"),
    "width": ("eV", "full width at half of the largest value"),
    "relative_width": ("1", "full width at half maximum over the photon energy"),
}


def unit_of(run: RunPart) -> str:
    """Of a beam with current in vacuum its flux density; of one charge else."""
    return "1/s/mrad^2" if _is_flux(run) else "1/rad^2"


def _is_flux(run: RunPart) -> bool:
    return has_current(run) and not in_medium(run)


def _names(item: Item) -> Names:
    return {"peak": (unit_of(item.run), "largest value")} | SPECTRUM


def _fits(item: Item) -> Iterator[Problem]:
    run = item.run
    yield from let_through((*item.at, "from"), run, item.part.start)
    if run.radiator is not None and run.radiator.crystal is not None and not waving(run):
        yield item.at, "needs a radiator: planes that wave"


def _solve(item: Item) -> dict[str, Any]:
    energy = np.linspace(item.part.start, item.part.stop, item.part.points)
    return piece(item, 0, 1, lambda: {"energy": energy, "value": _light(item, energy)})


def _light(item: Item, energy: np.ndarray) -> np.ndarray:
    setup, direction = item.of_case.setup, item.part.direction
    radiator, is_flux = setup.run.radiator, _is_flux(setup.run)
    if radiator.trajectory is not None:
        found = light.spectrum(
            setup.path, energy, direction, setup.medium, periods=radiator.trajectory.periods
        )
        value = found.flux(setup.beam.current) if is_flux else found.photons
    elif radiator.bending_magnet is not None:
        field = radiator.bending_magnet.field
        value = light.bending_magnet_light(setup.beam, field, energy).density
    elif is_flux:
        value = light.flux_density(setup.undulator, setup.beam, energy, direction)
    else:
        value = light.undulator_photons(
            setup.undulator, setup.gamma, energy, direction, setup.medium
        )
    return np.asarray(value)


def _numbers(item: Item) -> Numbers:
    """Peak, where it is, and its width."""
    energy, value = item.result["energy"], item.result["value"]
    top = int(np.argmax(value))
    half = value[top] / 2
    ends = []
    for side in (value[top::-1], value[top:]):
        below = int(np.argmax(side < half)) if np.any(side < half) else len(side) - 1
        step = (side[below - 1] - half) / (side[below - 1] - side[below]) if below else 0.0
        ends.append(below - 1 + min(float(step), 1.0) if below else 0.0)
    width = sum(ends) * (energy[1] - energy[0])
    return {
        "peak": float(value[top]),
        "peak_energy": float(energy[top]),
        "width": float(width),
        "relative_width": float(width / energy[top]),
    }


def _variables(item: Item) -> Iterator[Variable]:
    found, axis, unit = item.result, f"photon_energy_{item.name}", unit_of(item.run)
    yield axis, (axis,), found["energy"], "eV", "photon energy"
    words = PHOTONS if unit == "1/rad^2" else "flux density, 0.1 % bandwidth"
    yield f"light_{item.name}", (axis,), found["value"], unit, words


def _draw(picture: Picture) -> Any:
    figure = new_figure(7.4, 4.2)
    ax = figure.add_subplot()
    top = max(float(item.result["energy"][-1]) for item in picture.items)
    unit, scale = next(u for u in (("GeV", 1e9), ("MeV", 1e6), ("keV", 1e3), ("eV", 1.0))
                       if top >= u[1] or u[1] == 1.0)  # fmt: skip
    for (color, line), item in zip(cycle(STYLES), picture.items, strict=False):
        energy, value = item.result["energy"] / scale, item.result["value"]
        ax.plot(energy, value, color=color, linestyle=line, label=item.title)
    ax.set_xlabel(f"photon energy ({unit})")
    ax.set_ylabel(ALONE if unit_of(picture.items[0].run) == "1/rad^2" else FLUX)
    ax.set_ylim(bottom=0)
    ax.margins(x=0)
    dress(ax)
    if len(picture.items) > 1:
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure


SPECTRA = Section(
    group="spectra", one="spectrum", part=SpectrumPart, words="over photon energies, by name",
    several=True, fits=_fits, names=_names, solve=_solve, numbers=_numbers, variables=_variables,
    tables=[Columns("Spectra", {
        "largest value": "peak", "at": "peak_energy", "width": "width",
        "relative width": "relative_width",
    })],
    shown=(Shown("spectrum", _draw, "light over photon energy"),),
)  # fmt: skip
