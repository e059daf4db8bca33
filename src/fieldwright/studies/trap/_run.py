"""What one run of ions in a trap needs, as a case or a scan says it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .._fields import Count, Duration, Part
from .._judge import Text
from ._ions import IonsPart
from ._parts import DampingPart, DrivePart, TrapPart

IntegratorName = Literal[
    "automatic", "euler", "rk4", "boris", "higuera_cary", "cyclotronic", "strang", "rkn6b",
    "rkn11b", "rkn14a", "dopri8", "propagator",
]  # fmt: skip

ALWAYS = (
    "Ions move in the quasi-static fields of trap and drive and in each other's Coulomb field, "
    "summed over all pairs. Magnetic forces between ions, retardation and radiation are left out."
)
LOSSES = (
    "An ion is lost when its distance from the centre first reaches the size of the trap; it then "
    "acts on no other. Without interaction, in a trap whose fields are linear in position, ions "
    "are moved by exact matrices over the periods of the drive and their farthest distance is "
    "found between the phases looked at, so that these losses have no error of a step."
)


class RunPart(Part):
    """What one run needs; a case takes from the study what it does not say itself."""

    trap: TrapPart | None = None
    ions: list[IonsPart] | None = Field(None, min_length=1)
    drives: list[DrivePart] | None = None
    damping: list[DampingPart] | None = None
    interaction: bool | None = Field(None, description="Coulomb forces between ions; true")
    relativistic: bool | None = None
    duration: Duration | None = None
    integrator: IntegratorName | None = Field(None, description="automatic if left out")
    tolerance: Count | None = Field(None, description="relative, of the integrator dopri8")
    steps: int | None = Field(None, ge=1, description="equal steps; chosen if left out")
    save: int | None = Field(None, ge=1, description="intervals at whose ends motion is kept")
    seed: int | None = Field(None, ge=0, description="of what is random in damping")
    allow_unstable: bool | None = Field(None, description="also where the trap holds no ion")
    animation: bool | None = Field(None, description="write a film of the ions")

    @property
    def bounded(self) -> bool:
        """Whether the trap ends, and ions are lost there."""
        return self.trap is not None and self.trap.bounded

    @property
    def keeps_energy(self) -> bool:
        """Whether the energy stays the same."""
        return not (self.drives or self.damping or self.relativistic or self.bounded)

    @property
    def is_round(self) -> bool:
        """Whether single ions make circles about the axis."""
        trap = self.trap
        return trap is not None and not (self.allow_unstable or trap.ellipticity or any(trap.tilt))

    @property
    def is_exact(self) -> bool:
        """Whether the exact motion is known: no interaction, fields linear in position."""
        if self.trap is None or self.damping or self.relativistic or self.bounded:
            return False
        single = self.ions is not None and [part.count() for part in self.ions] == [1]
        return self.trap.is_linear and (self.interaction is False or single)


class CasePart(RunPart):
    """One run, where it differs from the study."""

    title: Text | None = None


def inputs(part: Part) -> dict[str, Any]:
    """A part as JSON holds it: what a result is made from, and not what it is called."""
    names = {"title", "animation", "allow_unstable", "bands", "limit"}
    return part.model_dump(mode="json", exclude_none=True, by_alias=True, exclude=names)
