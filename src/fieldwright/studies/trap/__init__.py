"""Study kind `trap`: ions in a Penning trap, and what to find out about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from pydantic import model_validator

from ...constants import COULOMB
from ...units import format_quantity
from .._derived import Problem, hint
from .._engine import SectionStudy, compute, study_of
from .._fields import refuse
from .._judge import Quantity
from .._study import Kind
from . import comparisons
from ._run import CasePart, RunPart
from .cases import CASES
from .comparisons import COMPARISONS
from .convergence import CONVERGENCE
from .detection import DETECTION
from .scans import SCANS

__all__ = ["KIND", "TrapStudy"]


class _Trap(RunPart, SectionStudy):
    """Ions in a Penning trap: trajectories, convergence, resonances, bands, image currents."""

    run_part = RunPart
    case_part = CasePart
    alone = "duration"
    sections = (CASES, COMPARISONS, CONVERGENCE, SCANS, DETECTION)
    told = (CASES, COMPARISONS, CONVERGENCE, DETECTION, SCANS)
    goes_on = True
    harmless = frozenset({"cases"})
    constants = {  # noqa: RUF012
        "coulomb_constant": Quantity(COULOMB, "N m^2/C^2", "Coulomb constant"),
        "tesla": Quantity(1.0, "T", "one tesla"),
        "volt": Quantity(1.0, "V", "one volt"),
    }

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.all_cases() and not SCANS.items(self):
            raise refuse("nothing is asked for: give a `duration`, or `cases`, or `scans`")
        return self

    def show(self, quantity: Quantity, digits: int | None) -> str:
        """A quantity for a table cell, in the unit that suits traps of ions."""
        value, unit, digits = quantity.value, quantity.unit, digits or 6
        if unit == "rad/s" and 1e4 <= abs(value) < 1e9:
            return f"{value * 1e-6:.{digits}g} rad/us"
        if unit == "m" and 1e-7 <= abs(value) < 1e-3:
            return f"{value / 1e-6:.{digits}g} um"
        return format_quantity(value, unit, digits)

    def reserved(self) -> Iterable[str]:
        """Names that no derived quantity may have."""
        return [*super().reserved(), "axis"]

    def astray(self) -> Iterator[Problem]:
        """Cases of comparisons, and integrators of figures, that are not there."""
        for item in COMPARISONS.items(self):
            yield from comparisons.astray(item)
        there = [name for item in CONVERGENCE.items(self) for name in item.part.integrators]
        for name, figure in self.figures.items():  # type: ignore[attr-defined]
            if figure.integrator not in (None, *there):
                near = hint(figure.integrator, there)
                place = ("figures", name, "integrator")
                yield place, f"no convergence has {figure.integrator!r}{near}"


TrapStudy = study_of(_Trap, "TrapStudy", "trap")
KIND = Kind(model=TrapStudy, compute=compute)
