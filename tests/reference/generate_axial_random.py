"""Axial force and derivatives of 200 random coils and cylinder magnets: axial_random.json.

Each entry is computed twice by axial.py, with other panels, other node numbers and the other way
of leaving out the overlap; `--mpmath` computes a dozen forces again by mpmath from K and E.
F_max, dF_max and d2F_max are the largest magnitudes over the distances the magnet can have, to a
few per cent.

Run time on one core: 1 minute, `--mpmath` 5 more.

    python -m tests.reference.generate_axial_random [--mpmath]
"""

from __future__ import annotations

import sys

import numpy as np

from .axial import COARSE, FIRST, SECOND, axial, nearest
from .numerics import entry, write

SEED = 20240607
CASES = 200


def _uniform(rng, low, high):
    return round(float(rng.uniform(low, high)), 6)


def _log_uniform(rng, low, high):
    return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 5)


def random_case(rng, index):
    """One geometry: 13 magnets face the coil, 12 rings surround it, 175 sit in the bore."""
    r1 = _uniform(rng, 2, 30)
    r2, length = r1 + _uniform(rng, 0.5, 20), _uniform(rng, 1, 40)
    arm = _uniform(rng, 0.2, 40)
    size = max(r2, (length + arm) / 2)
    # Every other distance is within the strong field; the last case is the exact centre.
    z = _uniform(rng, 0, 3 if index % 2 else 1) * size * (index < CASES - 1)
    closest, inner = 0.0, 0.0
    if index < 13:
        kind, outer = "facing", r1 + _uniform(rng, 0.0, 1.3) * (r2 - r1)
        gap = _log_uniform(rng, 0.2, 10)
        closest = (length + arm) / 2
        z = closest + gap
    elif index < 25:
        kind, gap = "surrounding", _log_uniform(rng, 0.2, 10)
        inner = r2 + gap
        outer = inner + _uniform(rng, 0.5, 10)
    else:
        kind, gap = "bore", _log_uniform(rng, 0.05, min(6.0, 0.9 * r1))
        outer = _uniform(rng, min(0.05 * r1, 0.5 * (r1 - gap)), r1 - gap)
        if index % 3 == 0:  # the others keep a larger gap than drawn
            outer = r1 - gap
        gap = r1 - outer
    if kind != "surrounding" and (index // 3) % 3 == 0:
        inner = _uniform(rng, 0.05, 0.95) * outer
    return {
        "kind": kind,
        "gap": _metres(gap),
        "coil": {
            "inner_radius": _metres(r1),
            "outer_radius": _metres(r2),
            "length": _metres(length),
            "turns": int(rng.integers(1, 1000)),
        },
        "magnet": {
            "radius": _metres(outer),
            "inner_radius": _metres(inner),
            "length": _metres(arm),
            "magnetization": round(float(rng.uniform(1e5, 1.2e6))),
        },
        "distance": _metres(z),
    }, (_metres(closest), _metres(3 * size))


def _metres(millimetres):
    return float(f"{millimetres:.6f}e-3")


def _scales(coil, magnet, span):
    """Approximate largest |F|, |dF/dz|, |d2F/dz2| over the distances the magnet can have."""
    low, high = span
    grid = low + (high - low) * np.linspace(0.0, 1.0, 33) ** 2
    values = np.array([axial(coil, magnet, z, COARSE) for z in grid], float)
    return [float(f"{v:.3e}") for v in np.abs(values).max(axis=0)]


def random_table():
    """All cases, computed twice."""
    rng = np.random.default_rng(SEED)
    rows = []
    for index in range(CASES):
        case, span = random_case(rng, index)
        first, second = (
            axial(case["coil"], case["magnet"], case["distance"], setting)
            for setting in (FIRST, SECOND)
        )
        scales = _scales(case["coil"], case["magnet"], span)
        for name, f, g, scale in zip(("F", "dF", "d2F"), first, second, scales, strict=True):
            case[name] = entry(f, g, scale)
            case[f"{name}_max"] = scale
        rows.append(case)
        if index % 20 == 0:
            print(index, case["kind"], case["F"], case["F_max"], flush=True)
    return {"seed": SEED, "cases": rows}


def check_with_mpmath(cases):
    """Largest difference of F from a third evaluation: mpmath, K and E, 25 digits."""
    import mpmath as mp

    mp.mp.dps = 25
    mu_0 = 4 * mp.pi / 10**7

    def maxwell(a, b, s):
        k2 = 4 * a * b / ((a + b) ** 2 + s * s)
        k = mp.sqrt(k2)
        return mu_0 * mp.sqrt(a * b) * ((2 / k - k) * mp.ellipk(k2) - 2 / k * mp.ellipe(k2))

    def edges(low, high, centre, scale):
        inner = [centre + sign * scale * 4**k for k in range(8) for sign in (1, -1)]
        return sorted({low, high, *(e for e in [centre, *inner] if low < e < high)})

    def sheet(coil, b, length, z):
        r1, r2, half = coil["inner_radius"], coil["outer_radius"], coil["length"] / 2
        total = mp.mpf(0)
        for face in (1, -1):
            low, high = z + face * length / 2 - half, z + face * length / 2 + half
            scale = nearest((float(r1), float(r2)), float(b), (float(low), float(high)))
            total += face * mp.quad(
                lambda a, s: maxwell(a, b, s),
                edges(mp.mpf(r1), mp.mpf(r2), b, scale),
                edges(mp.mpf(low), mp.mpf(high), 0, scale),
                method="gauss-legendre", maxdegree=4,
            )  # fmt: skip
        return total

    for case in cases:
        coil, magnet = (
            {k: mp.mpf(v) for k, v in case[name].items()} for name in ("coil", "magnet")
        )
        z = mp.mpf(case["distance"])
        force = sheet(coil, magnet["radius"], magnet["length"], z)
        if magnet["inner_radius"]:
            force -= sheet(coil, magnet["inner_radius"], magnet["length"], z)
        area = (coil["outer_radius"] - coil["inner_radius"]) * coil["length"]
        force *= coil["turns"] / area * magnet["magnetization"]
        off = float(abs(force - case["F"]["value"])) / case["F_max"]
        print(case["kind"], case["gap"], case["F"]["value"], f"off {off:.1e} of F_max", flush=True)


if __name__ == "__main__":
    table = random_table()
    write("axial_random.json", table)
    if "--mpmath" in sys.argv:
        check_with_mpmath([table["cases"][i] for i in (*range(0, 25, 5), *range(27, 200, 25))])
