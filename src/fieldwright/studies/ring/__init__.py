"""Study kind `ring`: the beam a lattice holds, and what it can collide."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from ...units import format_quantity
from .._engine import SectionStudy, compute, study_of
from .._fields import refuse
from .._judge import Quantity
from .._study import Kind
from ._run import CasePart, RunPart
from .apertures import APERTURES
from .cases import CASES
from .collisions import COLLISIONS
from .lenses import LENSES
from .scans import SCANS
from .solenoids import SOLENOIDS
from .tracking import TRACKING

__all__ = ["KIND", "RingStudy"]


class _Ring(RunPart, SectionStudy):
    """Rings and their beams: optics, equilibrium, collisions, scans, apertures, tracking."""

    run_part = RunPart
    case_part = CasePart
    alone = "ring"
    sections = (CASES, COLLISIONS, SCANS, APERTURES, TRACKING, SOLENOIDS, LENSES)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.all_cases() or getattr(self, "solenoids") or getattr(self, "lenses")):  # noqa: B009
            raise refuse("nothing is asked for: give a `ring`, or `cases`, `solenoids`, `lenses`")
        return self

    def show(self, quantity: Quantity, digits: int | None) -> str:
        """A quantity for a table cell."""
        value, unit, digits = quantity.value, quantity.unit, digits or 5
        if unit == "m" and abs(value) < 1e-12:
            return "0" if abs(value) < 1e-15 else format_quantity(value, unit, 1)
        if unit == "m" and 1e-7 <= abs(value) < 1e-3:
            return f"{value * 1e6:.{digits}g} um"
        if unit == "rad" and abs(value) < 1e-7:
            return f"{value:.2g} rad"
        if unit == "rad" and abs(value) < 10:
            return f"{value * 57.29577951308232:.3f} deg"
        if unit == "m rad":
            return "0" if abs(value) < 1e-20 else f"{value * 1e9:.{digits}g} nm rad"
        if unit == "1/m^2/s":
            return f"{value * 1e-4:.4e} 1/cm^2/s"
        return format_quantity(value, unit, digits)


RingStudy = study_of(_Ring, "RingStudy", "ring")
KIND = Kind(model=RingStudy, compute=compute)
