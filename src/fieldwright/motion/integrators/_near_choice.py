"""How close is close for a cloud: the arguments of `NearFar`, and its steps."""

from __future__ import annotations

import numpy as np

from fieldwright.constants import COULOMB
from fieldwright.motion.integrators._near_far import NearFar
from fieldwright.motion.integrators._problem import Problem
from fieldwright.motion.ions._ions import Ions


def near_far_for(problem: Problem, ions: Ions, tolerance: float = 1e-6) -> tuple[NearFar, float]:
    """An integrator for a hot cloud, and how long its steps may be [s].

    Args:
        problem: what is to be solved.
        ions: the cloud as it starts.
        tolerance: relative error of the energy, about, over some tens of crossings of the cloud.
    """
    from scipy.spatial import cKDTree

    x, v = np.asarray(ions.position), np.asarray(ions.velocity)
    mass, charge = np.asarray(problem.mass), np.asarray(problem.charge)
    n = len(x)
    # Neighbours at this distance: about one and a half for each charge.
    neighbours = cKDTree(x).query(x, k=min(n, 3))[0][:, -1]
    cutoff = float(np.median(neighbours))
    speed = np.sqrt(2 * np.mean(np.sum((v - v.mean(axis=0)) ** 2, axis=1)))
    pull = 2 * COULOMB * np.max(charge**2) / np.min(mass)
    finer = (tolerance / 1e-6) ** 0.25
    longest = 0.5 * finer * cutoff / np.sqrt(speed**2 + pull / cutoff)
    turn = float(np.linalg.norm(problem.linear.B)) * np.max(np.abs(problem.charge_to_mass))
    if turn > 0:
        longest = min(longest, 0.9 * (NearFar.longest_turn or 1.0) / turn)
    room = 2 ** int(np.ceil(np.log2(4 * n + 64)))
    return NearFar(cutoff, min(room, n * (n - 1) // 2), 0.2 * finer), float(longest)
