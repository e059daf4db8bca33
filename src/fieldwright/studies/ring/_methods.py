"""How a ring study was computed, in sentences for its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._model import RingStudy

if TYPE_CHECKING:
    from ._compute import Results

_OPTICS = (
    "Optics are those of the exact Hamiltonian in bends, the fringes of their faces included, "
    "linearised about the closed orbit. Beta functions are of a beam that fills both modes alike: "
    "its size squared over its emittance. They exist where modes are degenerate, too."
)
_BEAM = (
    "The beam is the 6 x 6 covariance that radiation damping and the photons' noise settle at on "
    "the closed orbit with cavities (discrete Lyapunov equation); its modes are derived from it. "
    "Intrabeam scattering, and what currents do to the ring, are left out."
)
_FORMULA = (
    "Formula (10) is that of C. Bernardini and C. Pellegrini, LNF-64/55 (1964): 4 x 4, with "
    "matrices from the linear equations of motion of the same elements, apart from the maps that "
    "the 6 x 6 solution is derived from."
)
_COLLISION = (
    "Luminosity is the overlap integral of two Gaussian bunches that meet head-on. Dynamic sizes "
    "are those of a linear lens, consistent with the bunches they are made by."
)
_TRACKING = (
    "Particles begin on the closed orbit and radiate by chance; after n turns theory expects the "
    "covariance S - M^n S M^nT, S being that of the settled beam and M the damped turn."
)
_LENS = (
    "The ring with a thin skew quadrupole is that of section 5 of LNF-64/55, in closed form; "
    "differences are from eigenvalues of its 4 x 4 matrix."
)


def methods(study: RingStudy, results: Results) -> list[str]:
    """The sentences that apply to this study."""
    cases = results.cases.values()
    found = [_note(study, results)] if any(case.lattice.note for case in cases) else []
    if any(case.optics is not None for case in cases):
        found.append(_OPTICS)
    if any(case.beam is not None for case in cases):
        found.append(_BEAM)
    if any(case.formula is not None for case in cases):
        found.append(_FORMULA)
    for group, sentence in (
        (study.collisions, _COLLISION), (study.tracking, _TRACKING), (study.lenses, _LENS)
    ):  # fmt: skip
        if group:
            found.append(sentence)
    return found


def _note(study: RingStudy, results: Results) -> str:
    """What the lattices say of themselves, each once."""
    notes = {
        (case.lattice.name, case.lattice.note): None
        for case in results.cases.values()
        if case.lattice.note
    }
    return " ".join(f"Of the lattice {name}: {' '.join(note.split())}" for name, note in notes)
