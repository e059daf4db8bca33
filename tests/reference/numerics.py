"""Long-double building blocks: graded Gauss-Legendre panels, Carlson's integrals, Maxwell's M."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

LD = np.longdouble
PI = LD("3.14159265358979323846264338327950288")
MU_0 = LD(4) * PI / LD(10) ** 7
HERE = Path(__file__).parent

if np.finfo(LD).eps > 2e-19:
    raise SystemExit("the reference tables need a long double of 64 or more mantissa bits (x86-64)")


@cache
def gauss_legendre(n):
    """Nodes and weights on [-1, 1], (n,) each: Newton on the three-term recurrence."""
    x = np.polynomial.legendre.leggauss(n)[0].astype(LD)
    for _ in range(3):
        p0, p1 = np.ones_like(x), x
        for k in range(2, n + 1):
            p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / LD(k)
        slope = n * (x * p1 - p0) / (x * x - 1)
        x = x - p1 / slope
    return x, 2 / ((1 - x * x) * slope**2)


def panels(edges, n):
    """Nodes and weights (len(edges)-1)*n of Gauss-Legendre with n nodes on each panel."""
    x, w = gauss_legendre(n)
    edges = np.asarray(edges, LD)
    half = np.diff(edges)[:, None] / 2
    middle = (edges[1:] + edges[:-1])[:, None] / 2
    return (middle + half * x).ravel(), (half * w).ravel()


def graded(low, high, centre, scale, ratio, n):
    """Quadrature on [low, high] whose panels grow by `ratio` away from a singularity.

    The singularity sits at `centre`, no nearer to the real interval than `scale`.
    """
    low, high, centre = LD(low), LD(high), LD(centre)
    steps = [LD(0)]
    reach = max(abs(high - centre), abs(low - centre))
    step = LD(scale)
    while step < reach:
        steps.append(step)
        step *= ratio
    inner = [centre + sign * s for s in steps for sign in (1, -1)]
    margin = LD(scale) / 1000
    edges = sorted({low, high, *(e for e in inner if low + margin < e < high - margin)})
    return panels(edges, n)


def _duplicate(x, y, z):
    """One step of Carlson's duplication: (x', y', z', lambda, sqrt(z))."""
    rx, ry, rz = np.sqrt(x), np.sqrt(y), np.sqrt(z)
    lam = rx * (ry + rz) + ry * rz
    return (x + lam) / 4, (y + lam) / 4, (z + lam) / 4, lam, rz


def carlson_rf(x, y, z):
    """R_F(x, y, z) by duplication, DLMF 19.36.1 to seventh order."""
    x, y, z = np.broadcast_arrays(*(np.asarray(v, LD) for v in (x, y, z)))
    while True:
        mean = (x + y + z) / 3
        dx, dy = 1 - x / mean, 1 - y / mean
        dz = -dx - dy
        if max(np.abs(dx).max(), np.abs(dy).max(), np.abs(dz).max()) < 1.5e-3:
            break
        x, y, z = _duplicate(x, y, z)[:3]
    e2, e3 = dx * dy - dz * dz, dx * dy * dz
    series = (
        1 - e2 / 10 + e3 / 14 + e2**2 / 24 - 3 * e2 * e3 / 44
        - 5 * e2**3 / 208 + 3 * e3**2 / 104 + e2**2 * e3 / 16
    )  # fmt: skip
    return series / np.sqrt(mean)


def carlson_rd(x, y, z):
    """R_D(x, y, z) by duplication, DLMF 19.36.2 to seventh order."""
    x, y, z = np.broadcast_arrays(*(np.asarray(v, LD) for v in (x, y, z)))
    total, power = np.zeros(x.shape, LD), LD(1)
    while True:
        mean = (x + y + 3 * z) / 5
        dx, dy = 1 - x / mean, 1 - y / mean
        dz = -(dx + dy) / 3
        if max(np.abs(dx).max(), np.abs(dy).max(), np.abs(dz).max()) < 1.0e-3:
            break
        z_old = z
        x, y, z, lam, root = _duplicate(x, y, z)
        total = total + power / (root * (z_old + lam))
        power /= 4
    xy, zz = dx * dy, dz * dz
    e2, e3, e4, e5 = xy - 6 * zz, (3 * xy - 8 * zz) * dz, 3 * (xy - zz) * zz, xy * zz * dz
    series = (
        1 - 3 * e2 / 14 + e3 / 6 + 9 * e2**2 / 88 - 3 * e4 / 22 - 9 * e2 * e3 / 52 + 3 * e5 / 26
        - e2**3 / 16 + 3 * e3**2 / 40 + 3 * e2 * e4 / 20 + 45 * e2**2 * e3 / 272
        - 9 * (e3 * e4 + e2 * e5) / 68
    )  # fmt: skip
    return 3 * total + power * series / (mean * np.sqrt(mean))


def loops(a, b, s):
    """Maxwell's mutual inductance [H] of coaxial loops of radii a, b at distance s [m].

    Maxwell's second form (Treatise, art. 701) has K - E of the modulus (r1 - r2)/(r1 + r2), which
    is R_D: M = (16/3) mu0 a^2 b^2 R_D(0, 4 r1 r2, (r1 + r2)^2), with no cancellation anywhere.
    """
    r1, r2 = np.sqrt((a + b) ** 2 + s * s), np.sqrt((a - b) ** 2 + s * s)
    return LD(16) / 3 * MU_0 * (a * b) ** 2 * carlson_rd(0, 4 * r1 * r2, (r1 + r2) ** 2)


def loops_slope(a, b, s):
    """dM/ds [H/m] of the same loops: K and E of k^2 = 4ab/r1^2, or a series far away.

    K and E cancel for small k; there, -3 mu0 a^2 b^2 s int_0^pi sin^2 / R^5 dphi is a series of
    positive terms, 2F1(5/4, 7/4; 2; x) with x = (2ab/(a^2 + b^2 + s^2))^2.
    """
    a, b, s = np.broadcast_arrays(*(np.asarray(v, LD) for v in (a, b, s)))
    square = a * a + b * b + s * s
    x = (2 * a * b / square) ** 2
    far = x < 0.05
    result = np.empty(x.shape, LD)
    result[far] = (
        -3 * PI / 2 * MU_0 * (a * b) ** 2 * s / (square * square * np.sqrt(square))
    )[far] * _positive_series(x[far])  # fmt: skip
    result[~far] = _loops_slope_near(a[~far], b[~far], s[~far])
    return result


def _positive_series(x):
    """2F1(5/4, 7/4; 2; x) for 0 <= x < 0.05."""
    term, total = np.ones_like(x), np.ones_like(x)
    for n in range(18):
        term = term * x * (LD(n) + LD(5) / 4) * (LD(n) + LD(7) / 4) / ((n + 2) * (n + 1))
        total = total + term
    return total


def _loops_slope_near(a, b, s):
    r1, r2 = (a + b) ** 2 + s * s, (a - b) ** 2 + s * s
    k2, c2 = 4 * a * b / r1, r2 / r1
    if k2.size == 0:
        return k2
    big_k = carlson_rf(0, c2, 1)
    big_e = big_k - k2 / 3 * carlson_rd(0, c2, 1)
    return -MU_0 * s / (2 * np.sqrt(r1) * c2) * ((2 - k2) * big_e - 2 * c2 * big_k)


def entry(first, second, scale=0.0):
    """JSON form of two evaluations: the first as a double, and how far it may be off.

    The uncertainty is their difference, the rounding to a double, and 1e-18 of `scale`.
    """
    rounding = 2.0**-53 * abs(float(first)) + 1e-18 * abs(float(scale))
    return {
        "value": float(first),
        "uncertainty": float(f"{abs(float(first - second)) + rounding:.2e}"),
    }


def write(name, table):
    """Write the table as JSON beside this file."""
    (HERE / name).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {name}")
