"""Force and torque on a magnet anywhere and anyhow in a coil's field: wrench_anchors.json.

First evaluation: the magnet as two charged discs of +-M [A/m] in the coil's field,
F = sum +-M int B dA, torque sum +-M int r x B dA, with Gauss-Legendre along the radius and the
periodic trapezoid along the rim; the coil's field is one integral over the azimuth (azimuth.py).
Second: Newton's third law: minus the force J x B of the magnet's field on the coil's volume, with
Gauss-Legendre along the radius and the axis and the trapezoid along the turns. Its nodes share
nothing with the first's. Both in long double.

Run time on one core: about 2 minutes.

    python -m tests.reference.generate_wrench
"""

from __future__ import annotations

import time

import numpy as np

from .azimuth import cartesian, coil_field, magnet_field, midpoint, rotation_matrix
from .numerics import LD, PI, graded, panels, write

COIL = {"inner_radius": 0.009, "outer_radius": 0.01872, "length": 0.008, "turns": 600}
ZMAX = 6.7188127359607e-3
SMALL = {"radius": 0.003, "inner_radius": 0.0, "length": 0.003, "magnetization": 8.78e5}

#: name, magnet, position [m], rotation vector [rad], clearance [m] (sets the grading only), the
#: anchor's (force, torque) as printed to 13 digits, or None.
POSES = [
    ("offset", SMALL, (2e-3, 0.0, ZMAX), (0.0, 0.0, 0.0), 4e-3,
     ((-6.840383412914e-4, 0, -0.1335642524047), (0, 1.382453537616e-4, 0))),
    ("tilt", SMALL, (0.0, 0.0, ZMAX), (0.0, float(PI / 36), 0.0), 6e-3,
     ((5.910568074726e-3, 0, -0.1282418863411), (0, -1.282382353427e-4, 0))),
    ("offset and tilt", SMALL, (1e-3, -1.5e-3, 5e-3), (0.07, 0.12, 0.0), 4e-3, None),
    ("large rotation", SMALL, (2e-3, 1e-3, 3e-3), (0.3, 1.2, 0.5), 4e-3, None),
    ("0.5 mm clearance", {"radius": 0.005, "inner_radius": 0.0, "length": 0.012,
     "magnetization": 7.3e5}, (3.5e-3, 0.0, 8e-3), (0.0, 0.0, 0.0), 5e-4, None),
    ("ring in the bore", {"radius": 0.004, "inner_radius": 0.002, "length": 0.006,
     "magnetization": 9e5}, (-1e-3, 2e-3, 3e-3), (0.17, -0.1, 0.0), 2e-3, None),
    ("ring around the coil", {"radius": 0.026, "inner_radius": 0.022, "length": 0.006,
     "magnetization": 9e5}, (5e-4, 0.0, 4e-3), (0.0, 0.05, 0.02), 2.3e-3, None),
    ("facing the winding", {"radius": 0.015, "inner_radius": 0.0, "length": 0.005,
     "magnetization": 1e6}, (4e-3, -1e-3, 0.0095), (-0.03, 0.08, 0.0), 1.5e-3, None),
]  # fmt: skip


def _ring(n):
    """Angles and weights (n,) of the periodic trapezoid on [0, 2 pi)."""
    return np.arange(n).astype(LD) * (2 * PI / n), np.full(n, 2 * PI / n, LD)


def on_discs(magnet, position, rotation, clearance, fineness=1.0):
    """(force, torque) each (3,) per ampere from the charged discs."""
    turn, centre = rotation_matrix(rotation), np.asarray(position, LD)
    r, wr = graded(magnet["inner_radius"], magnet["radius"], magnet["radius"], clearance, 3, 20)
    psi, wpsi = _ring(int(fineness * (40 + 40 * magnet["radius"] / clearance) ** 0.9) // 2 * 2)
    rule = midpoint(int(fineness * min(24 / (clearance / COIL["inner_radius"]), 500)))
    force, torque = np.zeros(3, LD), np.zeros(3, LD)
    for face in (1, -1):
        for radius, weight in zip(r, wr, strict=True):
            local = np.stack(
                [
                    radius * np.cos(psi),
                    radius * np.sin(psi),
                    0 * psi + face * LD(magnet["length"]) / 2,
                ],
                axis=-1,
            )
            arm = local @ turn.T
            B = cartesian(coil_field, centre + arm, rule, COIL)
            charge = face * LD(magnet["magnetization"]) * radius * weight * wpsi
            force += charge @ B
            torque += charge @ np.cross(arm, B)
    return force, torque


def on_winding(magnet, position, rotation, clearance):
    """The same by Newton's third law, from J x B over the coil's volume."""
    turn, centre = rotation_matrix(rotation), np.asarray(position, LD)
    r1, r2, half = LD(COIL["inner_radius"]), LD(COIL["outer_radius"]), LD(COIL["length"]) / 2
    around = magnet["inner_radius"] > COIL["outer_radius"]
    a, wa = graded(r1, r2, r2 if around else r1, 2 * clearance, 3, 14)
    cells = max(2, round(0.006 / clearance))
    s, ws = panels(np.linspace(-half, half, cells + 1), 14)
    phi, wphi = _ring(int(32 + 0.7 * COIL["inner_radius"] / clearance * 8))
    rule = midpoint(int(min(16 * magnet["radius"] / clearance, 180) + 16))
    density = LD(COIL["turns"]) / ((r2 - r1) * 2 * half)
    unit = np.stack([-np.sin(phi), np.cos(phi), 0 * phi], axis=-1)
    force, torque = np.zeros(3, LD), np.zeros(3, LD)
    for radius, weight in zip(a, wa, strict=True):
        for height, thickness in zip(s, ws, strict=True):
            point = np.stack(
                [radius * np.cos(phi), radius * np.sin(phi), 0 * phi + height], axis=-1
            )
            arm = point - centre
            B = cartesian(magnet_field, arm @ turn, rule, magnet) @ turn.T
            push = (density * weight * thickness * radius * wphi)[:, None] * np.cross(unit, B)
            force -= push.sum(axis=0)
            torque -= np.cross(arm, push).sum(axis=0)
    return force, torque


def _against_anchor(name, ours, printed):
    for vector, anchor in zip(ours, printed, strict=True):
        off = np.abs(vector - np.asarray(anchor, LD)).max() / np.abs(vector).max()
        if off > 1e-12:
            raise SystemExit(f"the anchor '{name}' is not ours: {vector} for {anchor}")


def row(name, magnet, position, rotation, clearance, printed):
    start = time.time()
    first = on_discs(magnet, position, rotation, clearance)
    finer = on_discs(magnet, position, rotation, clearance, 1.3)
    middle = time.time()
    second = on_winding(magnet, position, rotation, clearance)
    if printed:
        _against_anchor(name, first, printed)
    result = {"name": name, "magnet": magnet, "position": position, "rotation": rotation}
    for quantity, v, w, x in zip(("force", "torque"), finer, first, second, strict=True):
        size = float(np.abs(v).max())
        off = [max(abs(float(a - b)) for a, b in zip(v, u, strict=True)) / size for u in (w, x)]
        worst = max(off) * size
        result[quantity] = {
            "value": [float(a) for a in v],
            "uncertainty": float(f"{worst + 2.0**-53 * size:.2e}"),
        }
        print(f"{name:22s} {quantity:6s}", result[quantity], *(f"{o:.1e}" for o in off))
    print(f"   {middle - start:.1f} s, {time.time() - middle:.1f} s", flush=True)
    return result


if __name__ == "__main__":
    write("wrench_anchors.json", {"coil": COIL, "poses": [row(*pose) for pose in POSES]})
