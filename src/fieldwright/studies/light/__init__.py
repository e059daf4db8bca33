"""Study kind `light`: what charges radiate, in undulators, bending magnets and crystals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from pydantic import model_validator

from ...units import format_quantity
from .._derived import Problem
from .._engine import SectionStudy, compute, study_of
from .._fields import refuse
from .._judge import Quantity
from .._study import Kind
from ._run import CasePart, RunPart
from .cases import CASES
from .channels import CHANNELS
from .designs import DESIGNS
from .limits import ALLOWED
from .maps import MAPS
from .measurements import MEASUREMENTS
from .spectra import SPECTRA, unit_of
from .tuning import TUNING

__all__ = ["KIND", "LightStudy"]


class _Light(RunPart, SectionStudy):
    """Light of charges: spectra, maps, tuning, crystals, bunches in step, measurements."""

    run_part = RunPart
    case_part = CasePart
    alone = "radiator"
    sections = (CASES, SPECTRA, MAPS, TUNING, CHANNELS, ALLOWED, DESIGNS, MEASUREMENTS)
    which = ("which", "which")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.all_cases():
            raise refuse("nothing is asked for: give a `radiator`, or `cases`")
        return self

    def show(self, quantity: Quantity, digits: int | None) -> str:
        """A quantity for a table cell."""
        if quantity.unit == "m" and 1e-7 <= abs(quantity.value) < 1e-3:
            return f"{quantity.value * 1e6:.{digits or 5}g} um"
        unit = "sr" if quantity.long_name.startswith("solid angle") else quantity.unit
        return format_quantity(quantity.value, unit, digits or 5)

    def unfit(self, name: str, figure: Any) -> Iterator[Problem]:
        """Curves that one axis cannot carry."""
        items = {item.name: item for item in SPECTRA.items(self)}
        if len({unit_of(items[spectrum].run) for spectrum in figure.spectra}) > 1:
            message = "one axis cannot carry flux and light of one charge"
            yield ("figures", name, "spectra"), message


LightStudy = study_of(_Light, "LightStudy", "light")
KIND = Kind(model=LightStudy, compute=compute)
