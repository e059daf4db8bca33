"""B of the paper's coil and of its 3 mm magnet at points on every side: field.json.

First evaluation: one graded integral over the azimuth of elementary functions (azimuth.py).
Second: loops added up over the cross-section. B_rho = -(dM/ds)/(2 pi rho), whose axial integral
is the difference of M at the two ends; B_z of a loop from K and E, integrated over both
directions with panels graded towards the point.

Run time on one core: a few seconds.

    python -m tests.reference.generate_field
"""

from __future__ import annotations

import numpy as np

from .azimuth import coil_field, graded_azimuth, magnet_field
from .numerics import LD, MU_0, PI, carlson_rd, carlson_rf, entry, graded, loops, write

COIL = {"inner_radius": 0.009, "outer_radius": 0.01872, "length": 0.008, "turns": 600}
MAGNET = {"radius": 0.003, "inner_radius": 0.0, "length": 0.003, "magnetization": 8.78e5}
#: (rho, z) [m] in the order: axis, bore, wall, outside, inside the winding or magnet, near edges.
COIL_POINTS = [
    (0.0, 0.0), (0.0, 0.0067188), (0.0, 0.1), (0.003, 0.0052), (0.0075, 0.001), (0.00895, 0.0),
    (0.00899, 0.0037), (0.0195, 0.002), (0.05, -0.03), (0.012, 0.001), (0.0186, -0.0039),
    (0.0092, 0.0041), (0.014, 0.0045), (1e-6, 0.004),
]  # fmt: skip
MAGNET_POINTS = [
    (0.0, 0.0), (0.0, 0.0014), (0.0, 0.0016), (0.0, 0.02), (0.001, 0.0005), (0.0029, 0.001),
    (0.00305, 0.001), (0.0031, 0.0016), (0.0029, -0.0014), (0.009, 0.0067), (0.002, 0.0017),
    (0.03, -0.04), (1e-6, 0.003),
]  # fmt: skip


def loop_bz(a, rho, s):
    """B_z [T] per ampere of a loop of radius a, from K and E."""
    r1, r2 = (a + rho) ** 2 + s * s, (a - rho) ** 2 + s * s
    k2, c2 = 4 * a * rho / r1, r2 / r1
    big_k = carlson_rf(0, c2, 1)
    big_e = big_k - k2 / 3 * carlson_rd(0, c2, 1)
    return MU_0 / (2 * PI * np.sqrt(r1)) * (big_k + big_e * (a * a - rho * rho - s * s) / r2)


def stack_field(a, wa, half, rho, z):
    """(B_rho, B_z) of current sheets of radii a with weights wa, per A/m."""
    rho, z = LD(rho), LD(z)
    axial, radial = LD(0), LD(0)
    for s, sign in ((z + half, 1), (z - half, -1)):
        if rho > 0:
            radial -= sign * (wa @ loops(a, rho, s)) / (2 * PI * rho)
    for sheet, weight in zip(a, wa, strict=True):
        nearest = max(abs(sheet - rho), LD(1e-15))
        s, ws = graded(z - half, z + half, 0, nearest, 3, 20)
        axial += weight * (ws @ loop_bz(sheet, rho, s))
    return radial, axial


def coil_second(rho, z):
    r1, r2, half = LD(COIL["inner_radius"]), LD(COIL["outer_radius"]), LD(COIL["length"]) / 2
    outside = max(r1 - rho, rho - r2, abs(z) - half)
    a, wa = graded(r1, r2, rho, outside if outside > 0 else 1e-15, 3, 16)
    factor = LD(COIL["turns"]) / ((r2 - r1) * 2 * half)
    return [factor * b for b in stack_field(a, wa, half, rho, z)]


def magnet_second(rho, z):
    sheet, weight = np.array([LD(MAGNET["radius"])]), np.array([LD(MAGNET["magnetization"])])
    return stack_field(sheet, weight, LD(MAGNET["length"]) / 2, rho, z)


def rows(field, source, points, second):
    result = []
    for rho, z in points:
        ours = field(source, rho, z, graded_azimuth())
        check = second(rho, z)
        size = float(np.hypot(*ours))
        row = {"rho": rho, "z": z}
        row["B_rho"], row["B_z"] = (entry(f, s, size) for f, s in zip(ours, check, strict=True))
        worst = max(row[k]["uncertainty"] for k in ("B_rho", "B_z")) / size
        print(rho, z, row["B_rho"]["value"], row["B_z"]["value"], f"{worst:.1e}")
        result.append(row)
    return result


if __name__ == "__main__":
    write(
        "field.json",
        {
            "coil": {
                **COIL,
                "current": 1.0,
                "points": rows(coil_field, COIL, COIL_POINTS, coil_second),
            },
            "magnet": {
                **MAGNET,
                "points": rows(magnet_field, MAGNET, MAGNET_POINTS, magnet_second),
            },
        },
    )
