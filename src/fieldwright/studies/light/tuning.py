"""What harmonics of a magnetic undulator give while K changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from ..._figure import new_figure
from .._derived import Problem
from .._fields import Count, refuse
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Picture, Section, Shown, Variable
from ._run import OfCase, finds, harmonics_of, of_harmonics, undulating

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import light
else:
    np, light = later("numpy", "fieldwright.light")


class TuningPart(OfCase):
    """What harmonics give while K changes."""

    harmonics: list[int] | None = Field(None, min_length=1, description="of the case if left out")
    start: Count = Field(alias="from", description="K")
    stop: Count = Field(alias="to")
    points: int = Field(101, ge=2, le=100_000)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.stop <= self.start:
            raise refuse("`to` must be larger than `from`")
        return self


TUNED: Names = {
    "lowest_energy": ("eV", "lowest photon energy"),
    "highest_energy": ("eV", "highest photon energy"),
    "largest_brilliance": ("1/s/mm^2/mrad^2", "largest brilliance"),
    "largest_flux": ("1/s", "largest flux in the central cone"),
    "best_K": ("1", "K of the largest brilliance"),
}
_CURVES: Names = {
    "photon_energy": ("eV", "photon energy"),
    "flux": ("1/s", "flux in the central cone, 0.1 % bandwidth"),
    "density": ("1/s/mrad^2", "flux density on the axis, Gaussian, 0.1 % bandwidth"),
    "brilliance": ("1/s/mm^2/mrad^2", "brilliance, 0.1 % bandwidth"),
}


def _harmonics(item: Item) -> list[int]:
    return item.part.harmonics or harmonics_of(item.run)


def _fits(item: Item) -> Iterator[Problem]:
    if "flux" not in finds(item.run) or not undulating(item.run):
        yield item.at, "needs a magnetic undulator in vacuum and a beam with a `current`"


def _solve(item: Item) -> dict[int, light.TuningCurve]:
    """A curve of each harmonic."""
    item.progress(item.phase)
    K = np.linspace(item.part.start, item.part.stop, item.part.points)
    setup = item.of_case.setup
    return {n: light.tuning_curve(setup.undulator, setup.beam, K, n) for n in _harmonics(item)}


def _numbers(item: Item) -> Numbers:
    """Ends and the best of each curve."""
    numbers: Numbers = {}
    for n, curve in item.result.items():
        best = int(np.argmax(curve.brilliance))
        numbers |= {
            f"harmonic_{n}_lowest_energy": np.min(curve.photon_energy),
            f"harmonic_{n}_highest_energy": np.max(curve.photon_energy),
            f"harmonic_{n}_largest_brilliance": curve.brilliance[best],
            f"harmonic_{n}_largest_flux": np.max(curve.flux),
            f"harmonic_{n}_best_K": curve.K[best],
        }
    return numbers


def _variables(item: Item) -> Iterator[Variable]:
    axis = f"K_{item.name}"
    for n, curve in item.result.items():
        yield axis, (axis,), curve.K, "1", "undulator parameter"
        for key, (unit, words) in _CURVES.items():
            own = f"{key}_{item.name}_{n}"
            yield own, (axis,), getattr(curve, key), unit, f"harmonic {n}: {words}"


def _draw(picture: Picture) -> Any:
    figure = new_figure(6.8, 4.4)
    from fieldwright.light import plots

    curves = list(picture.items[0].result.values())
    plots.plot_tuning_curves(curves, figure.add_subplot(), quantity=picture.part.quantity)
    return figure


_QUANTITY = (
    Literal["brilliance", "flux", "density"], Field("brilliance", description="of tuning"),
)  # fmt: skip

TUNING = Section(
    group="tuning", one="tuning", part=TuningPart, words="over K of an undulator", fits=_fits,
    names=lambda item: of_harmonics(_harmonics(item), TUNED),
    solve=_solve, numbers=_numbers, variables=_variables,
    tables=[Columns("Tuning curves", {
        "from": "lowest_energy", "to": "highest_energy",
        "largest brilliance": "largest_brilliance", "at K": "best_K",
        "largest flux": "largest_flux",
    }, "Fluxes are in 0.1 % of bandwidth.",
    each=lambda item: {f"harmonic {n}": f"harmonic_{n}_" for n in _harmonics(item)})],
    shown=(Shown("tuning", _draw, "brilliance while K changes", {"quantity": _QUANTITY}),),
)  # fmt: skip
