"""How a trap study was computed, in sentences for its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._run import TrapStudy

if TYPE_CHECKING:
    from ._compute import Results

_ALWAYS = (
    "Ions move in the quasi-static fields of trap and drive and in each other's Coulomb field, "
    "summed over all pairs. Magnetic forces between ions, retardation and radiation are left out."
)
_EXACT = (
    "The exact motion of ions that do not interact is the analytic one; where there is a drive, or "
    "the trap is not round, it is that of exact matrices."
)
_LOSSES = (
    "An ion is lost when its distance from the centre first reaches the size of the trap; it then "
    "acts on no other. Without interaction, in a trap whose fields are linear in position, ions "
    "are moved by exact matrices over the periods of the drive and their farthest distance is "
    "found between the phases looked at, so that these losses have no error of a step."
)
_FLOQUET = (
    "Bands of instability are where a multiplier of the motion over a period of the drive leaves "
    "the unit circle (Floquet); their reason is the pair of eigenmotions whose phases together "
    "turn a whole number of times in that period."
)


def methods(study: TrapStudy, results: Results) -> list[str]:
    """The sentences that apply to this study."""
    found = [_ALWAYS]
    if any(result.exact is not None for result in results.cases.values()) or results.convergence:
        found.append(_EXACT)
    traps = [case.run.trap for case in results.cases.values()]
    if study.scans or any(trap is not None and trap.bounded for trap in traps):
        found.append(_LOSSES)
    if study.scans:
        found.append(_FLOQUET)
    return found
