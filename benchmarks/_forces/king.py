"""Maxwell's loop formula by King's arithmetic-geometric mean, and a reference in long double.

Plain NumPy, for any dtype: float64 for the rival, longdouble for the reference, complex for exact
derivatives by a complex step.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from _forces.case import ANCHOR_FORCE, ANCHOR_MU_0, ANCHOR_POSITION, Case

from fieldwright.constants import MU_0

#: What the reference is computed in: 64 bits of mantissa on x86, no more than a double elsewhere.
LONG = np.longdouble
#: pi to as many digits as LONG takes: np.pi is a double.
_PI = LONG("3.14159265358979323846264338327950288")


def mutual_inductance(a: Any, r: Any, z: Any) -> Any:
    """Of coaxial loops of radii `a` and `r`, `z` apart, over mu0 pi [m]."""
    S = a * a + r * r + z * z
    P = np.sqrt((a * a - r * r + z * z) ** 2 + 4 * r * r * z * z)
    A, B = np.sqrt((S + P) / 2), np.sqrt(P)
    s = 2 * a * a * r * r / (S + P)
    power = 1
    small = np.sqrt(np.finfo(A.dtype).eps)
    while True:
        c = (A - B) / 2
        A, B = (A + B) / 2, np.sqrt(A * B)
        power *= 2
        s = s + power * c * c
        if np.all(np.abs(c) <= small * np.abs(A)):
            return s / (2 * A)


def force(loops: tuple[Any, Any, Any], radius: Any, height: Any, M: Any, distance: Any) -> Any:
    """On a magnet at `distance` from loops (radius, height, turns), per ampere [N/A].

    The force is the current sheet M times the change of inductance between the magnet's two faces.
    """
    a, z, turns = loops
    offset = np.asarray(distance)[..., None] - z
    upper = mutual_inductance(a, radius, offset + height / 2)
    lower = mutual_inductance(a, radius, offset - height / 2)
    pi = _PI if np.asarray(distance).dtype == LONG else np.pi
    return MU_0 * pi * M * np.sum(turns * (upper - lower), axis=-1)


def reference_force(case: Case, distances: Any, nodes: int = 20) -> np.ndarray:
    """The same over the whole winding, in long double, on panels graded towards the magnet."""
    x, weight = _gauss(nodes)
    gap = LONG(case.inner_radius) - LONG(case.radius)
    a, weight_a = _panels(x, weight, LONG(case.inner_radius), LONG(case.outer_radius), None, gap)
    M = LONG(case.magnetization) * LONG(case.turns)
    M /= (LONG(case.outer_radius) - LONG(case.inner_radius)) * LONG(case.length)
    half = LONG(case.length) / 2
    results = []
    for distance in np.asarray(distances, LONG).ravel():
        total = LONG(0)
        for sign in (1, -1):
            edge = distance + sign * LONG(case.height) / 2
            z, weight_z = _panels(x, weight, -half, half, edge, gap)
            inductance = mutual_inductance(a[:, None], LONG(case.radius), edge - z)
            total += sign * (weight_a @ inductance @ weight_z)
        results.append(LONG(MU_0) * _PI * M * total)
    return np.array(results)


def reference_gradient(case: Case, distance: float) -> np.ndarray:
    """dF/d(dimensions, distance) by central differences of `reference_force`, good to 1e-11.

    Two steps and Richardson's extrapolation leave a truncation of order step^4.
    """
    values = np.array([*case.dimensions, distance])

    def at(shift: np.ndarray) -> Any:
        moved = values.astype(LONG) + shift
        names = ("inner_radius", "outer_radius", "length", "radius", "height")
        fields = dict(zip(names, moved[:-1], strict=True))
        other = Case(**fields, turns=case.turns, magnetization=case.magnetization)
        return reference_force(other, moved[-1:])[0]

    gradient = []
    for i in range(values.size):
        shift = np.zeros(values.size, LONG)
        slopes = []
        for step in (LONG("2e-6"), LONG("1e-6")):
            shift[i] = step
            slopes.append((at(shift) - at(-shift)) / (2 * step))
        gradient.append((4 * slopes[1] - slopes[0]) / 3)
    return np.array(gradient)


def reference_checks(case: Case) -> dict[str, float]:
    """How far the reference is from other ways to its numbers, relative to the largest force."""
    scale = ANCHOR_FORCE * MU_0 / ANCHOR_MU_0
    spots = np.array([1e-3, ANCHOR_POSITION, 20e-3])
    used = reference_force(case, spots)
    finer = reference_force(case, spots, nodes=30)
    exact = [_mpmath_force(case, float(z)) for z in spots]
    close = case.with_gap(0.02e-3)
    change = reference_force(close, spots) - reference_force(close, spots, nodes=30)
    return {
        "30 for 20 nodes a panel": float(np.max(np.abs(used - finer))) / scale,
        "same, gap 0.02 mm": float(np.max(np.abs(change / reference_force(close, spots[1:2])))),
        "mpmath, Maxwell's K and E at 30 digits": max(
            float(abs(mpmath.mpf(str(u)) - e)) / scale for u, e in zip(used, exact, strict=True)
        ),
        "anchor at zmax (14 digits)": abs(float(abs(used[1])) / scale - 1),
    }


def _mpmath_force(case: Case, distance: float, nodes: int = 18) -> Any:
    """By Maxwell's formula in K and E: 30 digits, Gauss nodes from NumPy polished by Newton."""
    with mpmath.workdps(30):
        mp = mpmath.mp
        rule = [_polish(float(x), nodes) for x in np.polynomial.legendre.leggauss(nodes)[0]]
        b, middle = mp.mpf(case.radius), (mp.mpf(case.inner_radius) + case.outer_radius) / 2
        half = (mp.mpf(case.outer_radius) - case.inner_radius) / 2
        total = mp.mpf(0)
        for x, weight in rule:
            a = middle + half * x
            for y, weight_y in rule:
                offset = distance - mp.mpf(case.length) / 2 * y
                for sign in (1, -1):
                    s = offset + sign * mp.mpf(case.height) / 2
                    m = 4 * a * b / ((a + b) ** 2 + s * s)
                    loops = (2 - m) * mp.ellipk(m) - 2 * mp.ellipe(m)
                    total += sign * weight * weight_y * mp.sqrt(a * b / m) * loops
        return mp.mpf(MU_0) * case.magnetization * case.turns * total / 4


def _polish(x: float, nodes: int) -> tuple[Any, Any]:
    """A Gauss-Legendre node and its weight at mpmath's precision."""
    mp = mpmath.mp
    root = mp.mpf(x)
    for _ in range(3):
        value, before = mp.legendre(nodes, root), mp.legendre(nodes - 1, root)
        slope = nodes * (root * value - before) / (root * root - 1)
        root -= value / slope
    return root, 2 / ((1 - root * root) * slope**2)


def _gauss(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights in long double: NumPy's, polished by Newton's method."""
    x = np.polynomial.legendre.leggauss(nodes)[0].astype(LONG)
    for _ in range(2):
        before, value = np.ones_like(x), x
        for k in range(2, nodes + 1):
            before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / LONG(k)
        slope = nodes * (x * value - before) / (x * x - 1)
        x = x - value / slope
    return x, 2 / ((1 - x * x) * slope * slope)


def _panels(x: Any, weight: Any, low: Any, high: Any, centre: Any, scale: Any) -> tuple[Any, Any]:
    """Nodes on panels that grow threefold from `centre` (`low` if None), the first `scale` wide."""
    centre = low if centre is None else centre
    reach = max(abs(high - centre), abs(low - centre))
    steps = [scale * 3**k for k in range(60) if scale * 3**k < reach]
    inside = [centre + sign * step for step in (0, *steps) for sign in (1, -1)]
    edges = np.array(sorted({low, high, *(e for e in inside if low < e < high)}))
    half = np.diff(edges)[:, None] / 2
    return ((edges[:-1] + edges[1:])[:, None] / 2 + half * x).ravel(), (half * weight).ravel()
