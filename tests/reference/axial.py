"""Axial force between a coil and a coaxial cylinder magnet, with its two derivatives.

The magnet is a current sheet M on its cylinder surface (minus that on the inner one), the coil a
uniform current density J = N/((R2 - R1) L). Then

    F = J M int da [int_(p-L/2)^(p+L/2) M(a, b, s) ds - int_(q-L/2)^(q+L/2) M(a, b, s) ds]

with p, q the distances of the magnet's faces from the coil's centre and M(a, b, s) Maxwell's
loop formula; the part common to both axial intervals is left out. The two derivatives are corner
terms. A tensor product of Gauss-Legendre panels, graded towards a = b and s = 0, integrates in
long double.
"""

from __future__ import annotations

import numpy as np

from .numerics import LD, graded, loops, loops_slope

#: Panel ratio, nodes per panel, and whether the magnet's length (not the coil's) is the overlap's
#: remaining interval: three settings, of which the last is a coarse one for the scale.
FIRST, SECOND, COARSE = (3, 20, True), (2, 18, False), (3, 9, True)


def nearest(radii, b, distances):
    """Least distance [m] between the sheet's edge b and the coil's rectangle."""
    radial = max(radii[0] - b, b - radii[1], 0.0)
    axial = 0.0 if min(distances) <= 0 <= max(distances) else min(abs(d) for d in distances)
    return max(np.hypot(radial, axial), 1e-7)


def _sheet(coil, b, length, z, setting):
    """(F, dF/dz, d2F/dz2) per J M of one current sheet of radius b."""
    ratio, nodes, by_magnet = setting
    r1, r2, half = LD(coil["inner_radius"]), LD(coil["outer_radius"]), LD(coil["length"]) / 2
    b, z, arm = LD(b), LD(z), LD(length) / 2
    corners = [(z + arm + half, 1), (z + arm - half, -1), (z - arm + half, -1), (z - arm - half, 1)]
    ends = [s for s, _ in corners]
    scale = nearest((r1, r2), b, ends)
    a, wa = graded(r1, r2, b, scale, ratio, nodes)
    slope = sum(sign * (wa @ loops(a, b, s)) for s, sign in corners)
    curvature = sum(sign * (wa @ loops_slope(a, b, s)) for s, sign in corners)
    top, bottom = ((0, 2), (1, 3)) if by_magnet else ((0, 1), (2, 3))
    force = LD(0)
    for (i, j), sign in ((top, 1), (bottom, -1)):
        s, ws = graded(ends[j], ends[i], 0, scale, ratio, nodes)
        force += sign * (wa @ (loops(a[:, None], b, s) @ ws))
    return np.array([force, slope, curvature])


def axial(coil, magnet, z, setting=FIRST):
    """(F [N/A], dF/dz [N/A/m], d2F/dz2 [N/A/m^2]) in long double, at distance z [m]."""
    area = (LD(coil["outer_radius"]) - LD(coil["inner_radius"])) * LD(coil["length"])
    factor = LD(coil["turns"]) / area * LD(magnet["magnetization"])
    total = _sheet(coil, magnet["radius"], magnet["length"], z, setting)
    if magnet["inner_radius"] > 0:
        total = total - _sheet(coil, magnet["inner_radius"], magnet["length"], z, setting)
    return factor * total
