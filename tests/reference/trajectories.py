"""Charges in a Penning trap in long double, twice: by extrapolation and by Taylor series.

The first is Gragg's, Bulirsch's and Stoer's: the modified midpoint rule with 2, 4, 6, ... steps,
extrapolated to none by Aitken and Neville. The second is heyoka's Taylor series of order 23.
Length is in um, time in us, mass in u, charge in e.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .numerics import LD

_COLUMNS = 11


@dataclass(frozen=True)
class Trap:
    """k_e [u um^3/us^2/e^2], B [u/us/e], V / d^2 [u/us^2/e] and the drive f cos(w t) of V."""

    coulomb: LD
    field: LD
    strength: LD
    amplitude: LD
    frequency: LD  # rad/us


def extrapolate(rates, state, duration, steps, before=0.0):
    """The state (...) after `duration` in equal steps, each extrapolated to order 22."""
    h, state = LD(duration) / steps, np.asarray(state, LD)
    for index in range(steps):
        state = _extrapolated(rates, LD(before) + index * h, state, h)
    return state


def _extrapolated(rates, time, state, span):
    first = rates(time, state)
    row = []
    for column in range(_COLUMNS):
        last, row = row, [_midpoint(rates, time, state, first, span, 2 * (column + 1))]
        for k in range(column):
            ratio = (LD(column + 1) / LD(column - k)) ** 2
            row.append(row[k] + (row[k] - last[k]) / (ratio - 1))
    return row[-1]


def _midpoint(rates, time, state, first, span, count):
    h = span / count
    before, now = state, state + h * first
    for k in range(1, count):
        before, now = now, before + 2 * h * rates(time + k * h, now)
    return (before + now + h * rates(time + span, now)) / 2


def trap_rates(trap, mass):
    """Time derivative of (n, 6) positions and velocities of n charges of e and one mass."""

    def rates(time, state):
        x, v = state[:, :3], state[:, 3:]
        drive = 1 + trap.amplitude * np.cos(trap.frequency * time)
        a = trap.strength * drive * x * np.array([1, 1, -2], LD)
        a += trap.field * np.stack([v[:, 1], -v[:, 0], 0 * v[:, 0]], axis=1)
        if len(x) > 1:
            d = x[:, None] - x[None]
            square = np.einsum("ijk,ijk->ij", d, d)
            np.fill_diagonal(square, 1)
            a += trap.coulomb * np.einsum("ij,ijk->ik", 1 / (square * np.sqrt(square)), d)
        return np.concatenate([v, a / mass], axis=1)

    return rates


def taylor(trap, mass, state, duration, before=0.0):
    """The state (n, 6) after `duration` by heyoka's long double."""
    import heyoka as hy

    names = [[f"{axis}{i}" for axis in ("x", "y", "z", "u", "v", "w")] for i in range(len(state))]
    ions = [[hy.expression(name) for name in ion] for ion in names]
    drive = LD(1) + trap.amplitude * hy.cos(trap.frequency * hy.time)
    push, turn = trap.strength / mass * drive, trap.field / mass
    parts = [
        [[push * x, turn * v], [push * y, -turn * u], [LD(-2) * push * z]]
        for x, y, z, u, v, _ in ions
    ]
    for i, one in enumerate(ions):
        for j, other in enumerate(ions[:i]):
            d = [one[k] - other[k] for k in range(3)]
            cube = trap.coulomb / mass * hy.sum([x * x for x in d]) ** -1.5
            for k in range(3):
                parts[i][k].append(d[k] * cube)
                parts[j][k].append(-d[k] * cube)
    system = [
        pair
        for ion, part in zip(ions, parts, strict=True)
        for pair in [
            *zip(ion[:3], ion[3:], strict=True),
            *zip(ion[3:], map(hy.sum, part), strict=True),
        ]
    ]
    start = np.asarray(state, LD).ravel()
    made = hy.taylor_adaptive(
        system, start, time=LD(before), fp_type=LD, compact_mode=len(state) > 9
    )
    made.propagate_until(LD(before) + LD(duration))
    return made.state.reshape(-1, 6).copy()
