"""Study kind `actuator`: a coil pushes magnets on its axis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from ...errors import InputError
from ...units import format_quantity
from .._derived import DerivedPart, Problem
from .._engine import SectionStudy, compute, lead
from .._fields import Name, refuse
from .._judge import Quantity
from .._later import later
from .._names import full_name
from .._sections import Item, Quantities
from .._study import Drawing, Kind
from ._parts import CoilPart, DistancePart, Magnets, TolerancesPart, WirePart
from .cases import (
    ALL,
    CASES,
    CURVES,
    CasePart,
    FigurePart,
    draw_asked,
    draw_only,
    draw_overview,
    has_tolerances,
)

if TYPE_CHECKING:
    import numpy as np
    import xarray

    from fieldwright.sources import Coil
else:
    np, xarray = later("numpy", "xarray")

__all__ = ["KIND", "ActuatorStudy"]


class ActuatorStudy(Magnets, SectionStudy):
    """A coil pushes magnets on its axis: force per ampere, sweet spot, range, coupling."""

    sections = (CASES,)
    goes_on = True
    drawn_anyway = frozenset({"overview", "force", "deviations"})

    kind: Literal["actuator"]
    coil: CoilPart | None = None
    wire: WirePart | None = None
    cases: dict[Name, CasePart] | None = Field(None, min_length=1)
    distance: DistancePart = Field(default_factory=lambda: DistancePart.model_validate({}))
    tolerances: TolerancesPart | None = Field(None, description="standard deviations")
    derived: dict[Name, DerivedPart] = Field({}, description="quantities made of others")
    figures: dict[Name, FigurePart] = Field({}, description="figures for the report")

    @model_validator(mode="after")
    def _cases_or_magnet(self) -> Self:
        given = [self.magnet is not None, self.magnets is not None, self.cases is not None]
        if sum(given) != 1:
            raise refuse("give one of `magnet`, `magnets` or `cases`")
        return self

    def all_cases(self) -> dict[str | None, CasePart]:
        """Every case by name; the only case of a study without `cases` has the name None."""
        if self.cases is not None:
            return {name: case for name, case in self.cases.items()}  # noqa: C416
        return {None: CasePart(title=self.title, magnet=self.magnet, magnets=self.magnets)}

    def wire_of(self, case: CasePart) -> WirePart | None:
        """The wire of a case: its own, or the study's unless the case has another coil."""
        return case.wire or (self.wire if case.coil is None else None)

    def coil_of(self, case: CasePart) -> Coil:
        """The coil of a case; `InputError` where there is none or it cannot be."""
        part = case.coil or self.coil
        if part is None:
            raise InputError("is missing; give the study or this case a `coil`")
        return part.build(self.wire_of(case))

    def distances(self) -> np.ndarray:
        """Distances (k,) [m] of the curves."""
        return np.linspace(self.distance.start, self.distance.stop, self.distance.points)

    def reserved(self) -> Iterable[str]:
        """Names that no derived quantity may have: those of the dataset."""
        return {*ALL, *CURVES, "case", "distance"}

    def problems(self) -> Iterator[Problem]:
        """Every contradiction between the fields, with the place where it stands."""
        yield from super().problems()
        for name, figure in self.figures.items():
            yield from lead(self, CASES, figure.cases, ("figures", name, "cases"))
        if self.tolerances and not any(has_tolerances(item) for item in CASES.items(self)):
            yield ("tolerances",), "need a case with a single magnet"

    def show(self, quantity: Quantity, digits: int | None) -> str:
        """A quantity for a table cell."""
        return format_quantity(quantity.value, quantity.unit, digits or 6, zeros=True)

    def drawings(self, items: dict[str, list[Item]]) -> list[Drawing]:
        """The figures asked for in the study, then one of all cases together."""
        cases, distance = items["cases"], self.distances()
        asked = [
            Drawing(name, figure.caption, partial(draw_asked, cases, figure, distance))
            for name, figure in self.figures.items()
        ]
        if len(cases) == 1:
            caption = (
                "Force per ampere over the distance between the centres of coil and magnet; "
                "shaded: at least 95 % of the maximum."
            )
            return [*asked, Drawing("force", caption, partial(draw_only, cases, distance))]
        caption = (
            "All cases: force as a fraction of its maximum. The bar of each case is the range with "
            "at least 95 % of the force, the dot its sweet spot, the dark line its curve."
        )
        return [*asked, Drawing("overview", caption, partial(draw_overview, cases, distance))]

    def dataset(self, items: dict[str, list[Item]], quantities: Quantities) -> xarray.Dataset:
        """Curves and quantities over the cases."""
        results = {item.name: item.result for item in items["cases"]}
        distance = self.distances()
        cases = [name or self.study for name in results]
        data = xarray.Dataset(coords={"case": ("case", cases, {"long_name": "case of the study"})})
        data = data.assign_coords(distance=("distance", distance))
        data["distance"].attrs = {"units": "m", "long_name": "distance between coil and magnet"}
        for curve, (unit, words) in CURVES.items():
            values = np.stack([result.curves[curve] for result in results.values()])
            data[curve] = (("case", "distance"), values, {"units": unit, "long_name": words})
        for name, (unit, words) in ALL.items():
            found = [quantities.get(full_name(case, name)) for case in results]
            _add(data, name, [q.value if q else np.nan for q in found], unit, words)
            errors = [q.error_estimate if q else None for q in found]
            estimates = [np.nan if e is None else e for e in errors]
            _add(data, f"{name}_error_estimate", estimates, unit, f"error estimate: {words}")
        for name in self.derived:
            q = quantities[name]
            data[name] = ((), q.value, {"units": q.unit, "long_name": q.long_name})
        return data


def _add(data: xarray.Dataset, name: str, values: list[float], unit: str, words: str) -> None:
    if not all(np.isnan(values)):
        data[name] = (("case",), np.array(values), {"units": unit, "long_name": words})


KIND = Kind(model=ActuatorStudy, compute=compute)
