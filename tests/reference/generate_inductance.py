"""Mutual and self inductance of coils and loops, coaxial or posed anyhow: inductance.json.

Coaxial coils: Maxwell's M of loops over both radii and over the axial difference s, weighted by the
overlap of the two windings shifted by s. Where two windings share their radii (a coil with itself,
or its neighbour) the integral runs over t = a1 - a2 and a2, graded to t = 0 and s = 0, where M has
its logarithm. Two panellings are compared. `--fourier` checks the self inductances by
int P(k)^2 2 (kL - 1 + exp(-kL)) / k^2 dk, P from Struve functions, in double precision, to 1e-13.
Posed loops: Neumann's double line integral, against the flux of A_phi = M/(2 pi rho).
Posed coils: the flux of the first coil's A through the second's turns, against the reverse.

Run time on one core: about 4 minutes.

    python -m tests.reference.generate_inductance [--fourier]
"""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np

from .azimuth import rotation_matrix
from .numerics import LD, MU_0, PI, entry, graded, loops, panels, write

FIRST, SECOND = (3, 14, 1e-11), (2, 12, 1e-12)


def _coil(inner, outer, length, turns):
    """A coil from millimetres."""
    names = ("inner_radius", "outer_radius", "length")
    lengths = (float(f"{v}e-3") for v in (inner, outer, length))
    return {**dict(zip(names, lengths, strict=True)), "turns": turns}


OSEM = _coil(9, 18.72, 8, 600)
SELF = {
    "OSEM": OSEM,
    "thin": _coil(10, 10.2, 10, 50),
    "thick": _coil(2, 20, 20, 1000),
    "long solenoid": _coil(5, 6, 100, 800),
    "pancake": _coil(5, 25, 0.5, 40),
}
#: The second coil's centre lies `distance` [m] from the first's.
COAXIAL = {
    "nested, shifted": (OSEM, _coil(5, 8, 12, 300), 0.003),
    "concentric, 0.1 mm between": (OSEM, _coil(5, 8.9, 6, 250), 0.0),
    "neighbours 1 mm apart": (OSEM, OSEM, 0.009),
    "neighbours touching": (OSEM, OSEM, 0.008),
    "unlike, far": (_coil(2, 20, 20, 1000), _coil(30, 31, 4, 10), 0.03),
}
LOOPS = {
    "loops, offset and tilt": (0.01, 0.006, (0.003, 0.002, 0.008), (0.3, -0.2, 0.0)),
    "loops side by side": (0.01, 0.02, (0.04, 0.0, 0.005), (0.0, 0.8, 0.0)),
}
COILS = {
    "coils, offset and tilt": (OSEM, _coil(4, 7, 6, 200), (1e-3, -5e-4, 0.012), (0.2, 0.1, 0.0)),
    "coils side by side": (OSEM, _coil(6, 12, 10, 400), (0.045, 0.0, 0.005), (0.0, 0.8, 0.3)),
}


def _density(coil):
    """Turns per cross-section [1/m^2]."""
    return LD(coil["turns"]) / (
        (LD(coil["outer_radius"]) - LD(coil["inner_radius"])) * LD(coil["length"])
    )


def _axial_rule(one, two, distance, scale, setting):
    """Nodes s and weights that hold the overlap of the windings shifted by s."""
    ratio, n, _ = setting
    h1, h2, d = LD(one["length"]) / 2, LD(two["length"]) / 2, LD(distance)
    breaks = sorted({d - h1 - h2, d - abs(h1 - h2), d + abs(h1 - h2), d + h1 + h2})
    rules = [graded(low, high, 0, scale, ratio, n) for low, high in pairwise(breaks)]
    s, w = (np.concatenate(parts) for parts in zip(*rules, strict=True))
    overlap = np.minimum(h1, h2 + s - d) - np.maximum(-h1, -h2 + s - d)
    return s, w * overlap


def _like_radii(coil, s, ws, setting):
    """Sum over s and both radii of one radial range."""
    ratio, n, tiny = setting
    r1, r2 = LD(coil["inner_radius"]), LD(coil["outer_radius"])
    t, wt = graded(0, r2 - r1, 0, tiny * float(r2), ratio, n)
    total = LD(0)
    for shift, weight in zip(t, wt, strict=True):
        a, wa = graded(r1, r2 - shift, 0, r1, ratio, n)
        total += 2 * weight * (wa @ (loops(a[:, None] + shift, a[:, None], s) @ ws))
    return total


def _unlike_radii(one, two, s, ws, scale, setting):
    """Sum over s and both radii, where the windings do not touch."""
    ratio, n, _ = setting
    b1, b2 = LD(two["inner_radius"]), LD(two["outer_radius"])
    r1, r2 = LD(one["inner_radius"]), LD(one["outer_radius"])
    a, wa = graded(r1, r2, (b2 if r1 >= b2 else b1), scale, ratio, n)
    b, wb = graded(b1, b2, (r1 if r1 >= b2 else r2), scale, ratio, n)
    total = LD(0)
    for radius, weight in zip(b, wb, strict=True):
        total += weight * (wa @ (loops(a[:, None], radius, s) @ ws))
    return total


def coaxial(one, two, distance, setting):
    """Mutual inductance [H] of coaxial coils (or the self inductance: one is two, distance 0)."""
    radii = [(c["inner_radius"], c["outer_radius"]) for c in (one, two)]
    if radii[0] == radii[1]:
        scale = setting[2] * one["outer_radius"]
        s, ws = _axial_rule(one, two, distance, scale, setting)
        total = _like_radii(one, s, ws, setting)
    else:
        scale = max(radii[0][0] - radii[1][1], radii[1][0] - radii[0][1])
        s, ws = _axial_rule(one, two, distance, scale, setting)
        total = _unlike_radii(one, two, s, ws, scale, setting)
    return _density(one) * _density(two) * total


def _ring(radius, height, n, position, rotation):
    """Points and line elements (n, 3) of a turn of the posed coil, by the periodic trapezoid."""
    phi = np.arange(n).astype(LD) * (2 * PI / n)
    cos, sin = np.cos(phi), np.sin(phi)
    turn = rotation_matrix(rotation)
    points = np.stack([radius * cos, radius * sin, 0 * phi + height], axis=-1) @ turn.T
    steps = np.stack([-radius * sin, radius * cos, 0 * phi], axis=-1) @ turn.T * (2 * PI / n)
    return points + np.asarray(position, LD), steps


def neumann(a, b, position, rotation, n):
    """Mutual inductance [H] of two loops by Neumann's double line integral."""
    points, steps = _ring(LD(a), 0, n, (0, 0, 0), (0, 0, 0))
    others, lines = _ring(LD(b), 0, n, position, rotation)
    distance = np.sqrt(((points[:, None] - others) ** 2).sum(axis=-1))
    return MU_0 / (4 * PI) * ((steps @ lines.T) / distance).sum()


def _flux(radii, heights, weights, points, steps):
    """Flux [Wb/A] of coaxial loops (given by flat arrays) through the turn of points and steps."""
    rho = np.hypot(points[:, 0], points[:, 1])
    potential = loops(radii, rho[:, None], points[:, 2:] - heights) @ weights / (2 * PI * rho)
    around = (points[:, 0] * steps[:, 1] - points[:, 1] * steps[:, 0]) / rho
    return potential @ around


def _filaments(coil, cells, n):
    """Radii, heights and weights of the filaments that stand for a coil."""
    a, wa = panels(np.linspace(LD(coil["inner_radius"]), LD(coil["outer_radius"]), cells + 1), n)
    half = LD(coil["length"]) / 2
    s, ws = panels(np.linspace(-half, half, cells + 1), n)
    radii, heights = (v.ravel() for v in np.meshgrid(a, s, indexing="ij"))
    return radii, heights, np.outer(wa, ws).ravel() * _density(coil)


def posed(one, two, position, rotation, cells, n, azimuth):
    """Flux of the first coil's A through the turns of the second, posed one [H]."""
    source = _filaments(one, cells, n)
    return sum(
        weight * _flux(*source, *_ring(radius, height, azimuth, position, rotation))
        for radius, height, weight in zip(*_filaments(two, 2, 10), strict=True)
    )


def _reversed(position, rotation):
    """The first body's pose in the frame of the second."""
    turn = rotation_matrix(rotation)
    return -(np.asarray(position, LD) @ turn), -np.asarray(rotation, LD)


def fourier(coil):
    """Self inductance [H] in double precision from a Fourier-Bessel integral."""
    from scipy.special import j0, j1, struve

    r1, r2, length = coil["inner_radius"], coil["outer_radius"], coil["length"]
    top = 3000 / min(r2 - r1, length)
    k, w = panels(np.linspace(0, top, int(top * max(r2, length) / 2) + 2), 10)
    k, w = k.astype(float), w.astype(float)

    def moment(x):
        return np.pi * x / 2 * (j1(x) * struve(0, x) - j0(x) * struve(1, x))

    radial = ((moment(k * r2) - moment(k * r1)) / k**2) ** 2
    axial = 2 * (k * length + np.expm1(-k * length)) / k**2
    tail = (r1 + r2) / np.pi * 2 * (length / 3 / top**3 - 1 / 4 / top**4)
    return float(MU_0 * PI * _density(coil) ** 2) * (w @ (radial * axial) + tail)


def _report(name, value):
    print(
        f"{name:28s} {value['value']:.16e} +- {value['uncertainty'] / abs(value['value']):.1e}",
        flush=True,
    )
    return value


def table():
    rows = {"self": [], "coaxial": [], "loops": [], "coils": []}
    for name, coil in SELF.items():
        value = entry(*(coaxial(coil, coil, 0.0, setting) for setting in (FIRST, SECOND)))
        rows["self"].append({"name": name, "coil": coil, "L": _report(name, value)})
        if "--fourier" in sys.argv:
            print(f"   by Fourier: off {fourier(coil) / value['value'] - 1:.1e}")
    for name, (one, two, distance) in COAXIAL.items():
        value = entry(*(coaxial(one, two, distance, setting) for setting in (FIRST, SECOND)))
        rows["coaxial"].append(
            {"name": name, "a": one, "b": two, "distance": distance, "M": _report(name, value)}
        )
    for name, (a, b, position, rotation) in LOOPS.items():
        points = _ring(LD(b), 0, 160, position, rotation)
        one = np.array([LD(a)]), np.array([LD(0)]), np.array([LD(1)])
        value = entry(neumann(a, b, position, rotation, 400), _flux(*one, *points))
        pose = {"position": position, "rotation": rotation}
        rows["loops"].append(
            {"name": name, "a_radius": a, "b_radius": b, **pose, "M": _report(name, value)}
        )
    for name, (one, two, position, rotation) in COILS.items():
        forth = posed(one, two, position, rotation, 2, 12, 64)
        back = posed(two, one, *_reversed(position, rotation), 2, 9, 100)
        pose = {"position": position, "rotation": rotation}
        value = _report(name, entry(forth, back))
        rows["coils"].append({"name": name, "a": one, "b": two, **pose, "M": value})
    return rows


if __name__ == "__main__":
    write("inductance.json", table())
