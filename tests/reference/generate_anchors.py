"""The anchors of four of the OSEM paper's magnets, typed in and computed again: anchors.json.

Typed: fmax, zmax, the 95 % range and d2|F|/dz2, 14 digits each, by mpmath elsewhere. Ours: Newton's
method on axial.py's force and derivatives, in long double. The script stops if one is off
by more than a unit of its last digit. `value` is ours, `anchor` the typed text.

Run time on one core: under a second.

    python -m tests.reference.generate_anchors
"""

from __future__ import annotations

import numpy as np

from .axial import axial
from .numerics import LD, write

PAPER_COIL = {"inner_radius": 0.009, "outer_radius": 0.01872, "length": 0.008, "turns": 600}
#: radius, length, magnetization, distance of the opposed twin (None: alone); then what the table
#: of anchors (mpmath, 30 digits) says: fmax, zmax, the 95 % range, d2|F|/dz2.
ANCHORS = [
    (0.003, 0.003, 8.78e5, None, "0.12879780999655", "6.7188127359607e-3",
     "5.1688260771666e-3", "8.5298884824347e-3", "-4732.3577674609"),
    (0.001, 0.005, 8.78e5, None, "0.022510355283594", "7.1504899480564e-3",
     "5.5067138639043e-3", "9.0480965051555e-3", "-742.83444082271"),
    (0.005, 0.012, 8.78e5 * 10 / 12, None, "1.0548104381174", "7.9859070996448e-3",
     "6.2374860101622e-3", "9.9194418320389e-3", "-32103.094417794"),
    (0.005, 0.012, 8.78e5 * 10 / 12, 0.0652, "1.0498238834087", "7.9940372755448e-3",
     "6.2493230969374e-3", "9.9239130490829e-3", "-32078.433139401"),
]  # fmt: skip


def _with_twin(magnet, twin, z):
    total = axial(PAPER_COIL, magnet, z)
    if twin is not None:
        total = total - axial(PAPER_COIL, magnet, LD(z) + LD(twin))
    return total


def _range_edge(magnet, twin, z, target):
    """Newton's method for |F(z)| = target."""
    z = LD(z)
    for _ in range(4):
        force, slope, _ = _with_twin(magnet, twin, z)
        z -= (force + target) / slope
    return z


def sweet_spot(magnet, twin, guess):
    """(fmax, zmax, low, high, d2|F|/dz2) by Newton's method from a guess."""
    z = LD(guess)
    for _ in range(4):
        _, slope, curvature = _with_twin(magnet, twin, z)
        z -= slope / curvature
    force, _, curvature = _with_twin(magnet, twin, z)
    target = LD(95) / 100 * -force
    spread = np.sqrt(-force / 10 / curvature)
    low, high = (_range_edge(magnet, twin, z + d, target) for d in (-spread, spread))
    return -force, z, low, high, -curvature


def anchor_table():
    rows = []
    names = ("force_per_current", "position", "range_low", "range_high", "curvature")
    for radius, length, magnetization, twin, *printed in ANCHORS:
        magnet = {"radius": radius, "length": length, "inner_radius": 0.0}
        magnet["magnetization"] = magnetization
        ours = sweet_spot(magnet, twin, float(printed[1]))
        row = {"coil": PAPER_COIL, "magnet": magnet, "opposed_twin_distance": twin}
        for name, text, value in zip(names, printed, ours, strict=True):
            unit = 10.0 ** -len(text.lstrip("-").split("e")[0].replace(".", "").lstrip("0"))
            off = float(abs(value - LD(text)) / abs(value))
            print(
                f"{name:18s} {text:24s} ours {np.format_float_scientific(value, 17)} off {off:.1e}"
            )
            if off > 11 * unit:
                raise SystemExit(f"the anchor {text} is not ours: {value}")
            row[name] = {"value": float(value), "uncertainty": float(f"{4e-15 * abs(value):.1e}"),
                         "anchor": text}  # fmt: skip
        rows.append(row)
    return {"cases": rows}


if __name__ == "__main__":
    write("anchors.json", anchor_table())
