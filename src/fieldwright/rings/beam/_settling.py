"""Whether a beam settles, and if not, why, in the user's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.errors import NoClosedOrbitError, UnstableLatticeError
from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._lattice import Lattice, rest_energy
from fieldwright.rings.lattice._radiation import classical_radius
from fieldwright.rings.linear_optics._first_turn import first_turn
from fieldwright.rings.linear_optics._orbit import one_turn_matrix
from fieldwright.sources._checks import is_concrete


def require_equilibrium(lattice: Lattice, found: dict[str, Any]) -> None:
    """Raise unless the orbit closes and every mode is damped."""
    if not is_concrete(found):
        return
    orbit, decrements = np.asarray(found["orbit"]), np.asarray(found["decrements"])
    if not np.all(np.isfinite(orbit)):
        loss = _loss_estimate(lattice)
        voltage = sum(lattice.table[i, COLUMN["voltage"]] for i in lattice.indices("RFCavity:*"))
        numbers = {"energy_loss_eV": loss, "voltage_V": float(voltage)}
        if voltage <= loss:
            raise NoClosedOrbitError(
                f"no closed orbit: radiation takes about {loss:.6g} eV in a turn and the cavities "
                f"give at most {float(voltage):.6g} eV; raise the voltage",
                numbers,
            )
        where, more = first_turn(lattice, 0.0)
        raise NoClosedOrbitError(
            f"no closed orbit was found, though the cavities' {float(voltage):.6g} V exceed the "
            f"loss of about {loss:.6g} eV a turn; {where}. The ring may be unstable, or a cavity's "
            "phase on the wrong side (0 above transition energy)",
            numbers | more,
        )
    if not np.all(np.isfinite(decrements)):
        _refuse_growth(lattice)
    if not np.all(decrements > 0):
        tunes = np.asarray(found["tunes"])
        numbers = {f"decrement_{i + 1}": float(d) for i, d in enumerate(decrements)}
        numbers |= {f"tune_{i + 1}": float(t) for i, t in enumerate(tunes)}
        worst = int(np.argmin(decrements))
        raise UnstableLatticeError(
            f"the beam does not settle: mode {worst + 1}, of tune {tunes[worst]:.6g}, grows by "
            f"{-decrements[worst]:.3g} a turn. A growth near 1e-5 is anti-damping (look at "
            "radiation_integrals), a large one an unstable lattice",
            numbers,
        )


def _refuse_growth(lattice: Lattice) -> None:
    """Raise with the traces of a ring in which small motion grows."""
    turn = np.asarray(one_turn_matrix(lattice, radiation=True))
    growth = float(np.abs(np.linalg.eigvals(turn)).max())
    traces = {
        p: float(np.trace(turn[2 * i : 2 * i + 2, 2 * i : 2 * i + 2])) for i, p in enumerate("xyz")
    }
    said = ", ".join(f"{trace:.6g} of {plane}" for plane, trace in traces.items())
    raise UnstableLatticeError(
        f"the ring with RF is unstable: amplitudes grow {growth:.6g}-fold in a turn (traces of the "
        f"blocks: {said}; without coupling each must be between -2 and 2). Where that of z is "
        "above 2, the cavities' phase is on the wrong side: 0 is stable above transition energy, "
        "pi below",
        {"growth": growth} | {f"trace_{plane}": trace for plane, trace in traces.items()},
    )


def _loss_estimate(lattice: Lattice) -> float:
    """Energy lost in a turn on the reference orbit [eV]: Sands, SLAC-121, eq. 4.7."""
    angle, length = (np.asarray(lattice.table)[:, COLUMN[c]] for c in ("angle", "length"))
    bends = angle != 0
    second = (angle[bends] ** 2 / length[bends]).sum()
    rest = rest_energy(lattice.species)
    return float(2 / 3 * classical_radius(lattice.species) * rest * lattice.gamma**4 * second)
