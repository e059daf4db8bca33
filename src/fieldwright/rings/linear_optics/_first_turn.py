"""Where a particle gets to in its first turn: what is told where no orbit closes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._turns import passed

_LOST = 1.0  # [m]: farther out a particle is lost


def first_turn(lattice: Lattice, delta: float) -> tuple[str, dict[str, float]]:
    """Words and numbers about a particle that starts on the axis: where it is farthest out."""
    farthest, element = 0.0, 0
    state = np.array([0.0, 0.0, 0.0, 0.0, 0.0, delta])
    for index in range(len(lattice)):
        state = passed(lattice, state, index, index + 1)
        out = float(max(abs(state[0]), abs(state[2])))
        if not np.isfinite(state).all() or out > _LOST:
            lost = {"lost_in": float(index)}
            return f"a particle that starts on the axis is lost in {_place(lattice, index)}", lost
        if out > farthest:
            farthest, element = out, index
    return (
        f"a particle that starts on the axis comes round with {_said(state)}; it is farthest out, "
        f"{farthest * 1e3:.4g} mm, in {_place(lattice, element)}",
        {"farthest_m": farthest, "farthest_in": float(element)},
    )


def _place(lattice: Lattice, index: int) -> str:
    return f"{lattice.names[index]}, which begins at {float(lattice.s[index]):.4g} m"


def _said(state: Any) -> str:
    x, px, y, py = (float(value) * 1e3 for value in state[:4])
    return f"x = {x:.4g} mm, px = {px:.4g}e-3, y = {y:.4g} mm, py = {py:.4g}e-3"
