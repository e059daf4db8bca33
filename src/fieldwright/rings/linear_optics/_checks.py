"""What is asked of rings and of their orbits, in the user's words."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from fieldwright.errors import InputError, NoClosedOrbitError, NoRFError
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.linear_optics._first_turn import first_turn
from fieldwright.sources._checks import is_concrete


def place(names: tuple[str, ...], name: str) -> int:
    """Where the first element of a name stands."""
    if name in names:
        return names.index(name)
    near = difflib.get_close_matches(name, sorted(set(names)), 1, 0.4)
    raise InputError(
        f"the lattice has no element {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        parameter="name",
    )


def require_rf(lattice: Lattice) -> None:
    """Raise unless a cavity with a voltage is there."""
    pairs = zip(lattice.kinds, lattice.active, strict=True)
    if not any(kind == "RFCavity" and "voltage" in active for kind, active in pairs):
        cavities = [n for n, k in zip(lattice.names, lattice.kinds, strict=True) if k == "RFCavity"]
        raise NoRFError(
            "the ring has no cavity with a voltage, so nothing gives back what radiation takes: "
            + (
                f"set one, as in lattice.set({cavities[0]!r}, voltage=1e5)"
                if cavities
                else "add an RFCavity"
            ),
            {"cavities": float(len(cavities))},
        )


def require_orbit(lattice: Lattice, orbit: Any, delta: Any = None) -> None:
    """Raise unless the orbit's states are numbers."""
    if not is_concrete(orbit) or np.all(np.isfinite(orbit)):
        return
    where, numbers = first_turn(lattice, 0.0 if delta is None else float(delta))
    raise NoClosedOrbitError(
        f"no closed orbit was found: Newton's method did not settle, and {where}. The ring may be "
        "unstable (look at one_turn_matrix of the lattice without errors), its errors or its "
        "momentum deviation too large, or its RF voltage below the energy lost in a turn",
        numbers,
    )
