"""B of a rectangular coil and of a cylinder magnet by one integral over the azimuth.

Biot and Savart's law with the radial and axial integrals in closed (elementary) form. The azimuth
is integrated by the midpoint rule, which for points off the winding converges like
exp(-2 n |ln(a/rho)|), or by graded Gauss-Legendre panels, which also serve inside the winding.
"""

from __future__ import annotations

import numpy as np

from .numerics import LD, MU_0, PI, graded


def midpoint(n):
    """Nodes and weights (n,) of the midpoint rule on [0, pi]: the 2n-point periodic one, folded."""
    return (np.arange(n).astype(LD) + LD(1) / 2) * (PI / n), np.full(n, PI / n, LD)


def graded_azimuth(ratio=2, n=20, scale=1e-14):
    """Nodes and weights on [0, pi], graded to 0, where the integrand is nearly singular."""
    return graded(0, PI, 0, scale, ratio, n)


def _asinh_difference(u1, u2, r1, r2, square):
    """asinh(u2/w) - asinh(u1/w) for w^2 = square, r = sqrt(u^2 + w^2), stable for small w."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (
            np.where(u > 0, np.log(np.abs(u) + r), np.log(square) - np.log(np.abs(u) + r))
            for u, r in ((u1, r1), (u2, r2))
        )
    return high - low


def coil_field(coil, rho, z, rule):
    """(B_rho, B_z) [T] per ampere of the coil at the origin, at radii rho and heights z (...,)."""
    phi, weight = rule
    r1, r2, half = LD(coil["inner_radius"]), LD(coil["outer_radius"]), LD(coil["length"]) / 2
    density = LD(coil["turns"]) / ((r2 - r1) * 2 * half)
    rho, z = (np.asarray(v, LD)[..., None] for v in (rho, z))
    cos = np.cos(phi)
    along, q = rho * cos, rho * np.sin(phi)
    u1, u2 = r1 - along, r2 - along
    radial, axial = LD(0), LD(0)
    for s, sign in ((z + half, 1), (z - half, -1)):
        square = q * q + s * s
        d1, d2 = np.sqrt(u1 * u1 + square), np.sqrt(u2 * u2 + square)
        log = _asinh_difference(u1, u2, d1, d2, square)
        angle = np.arctan2(s * q * (u2 * d1 - u1 * d2), q * q * d1 * d2 + u1 * u2 * s * s)
        # int s u / ((u^2 + q^2) R) du = -asinh(s / sqrt(u^2 + q^2))
        wall = np.arcsinh(s / np.hypot(u1, q)) - np.arcsinh(s / np.hypot(u2, q))
        axial = axial + sign * (s * log - q * angle + along * wall)
        radial = radial - sign * cos * (d2 - d1 + along * log)
    factor = MU_0 * density / (2 * PI)
    return factor * (radial @ weight), factor * (axial @ weight)


def _sheet_field(b, half, rho, z, rule):
    """(B_rho, B_z) [T] per A/m of a current sheet of radius b and half length."""
    phi, weight = rule
    cos = np.cos(phi)
    square = (b - rho) ** 2 + 4 * b * rho * np.sin(phi / 2) ** 2
    radial, axial = LD(0), LD(0)
    for s, sign in ((z + half, 1), (z - half, -1)):
        r = np.sqrt(square + s * s)
        axial = axial + sign * (b - rho * cos) * s / (square * r)
        radial = radial - sign * cos / r
    factor = MU_0 * b / (2 * PI)
    return factor * (radial @ weight), factor * (axial @ weight)


def magnet_field(magnet, rho, z, rule):
    """(B_rho, B_z) [T] of the magnet at the origin, at radii rho and heights z (...,)."""
    rho, z = (np.asarray(v, LD)[..., None] for v in (rho, z))
    half = LD(magnet["length"]) / 2
    field = _sheet_field(LD(magnet["radius"]), half, rho, z, rule)
    if magnet["inner_radius"] > 0:
        hole = _sheet_field(LD(magnet["inner_radius"]), half, rho, z, rule)
        field = tuple(f - h for f, h in zip(field, hole, strict=True))
    factor = LD(magnet["magnetization"])
    return factor * field[0], factor * field[1]


def cartesian(field, points, rule, source):
    """B (..., 3) at Cartesian points (..., 3) of one of the two axial fields above."""
    rho = np.hypot(points[..., 0], points[..., 1])
    radial, axial = field(source, rho, points[..., 2], rule)
    safe = np.where(rho > 0, rho, 1)
    return np.stack(
        [radial * points[..., 0] / safe, radial * points[..., 1] / safe, axial], axis=-1
    )


def rotation_matrix(vector):
    """Rodrigues' matrix (3, 3) of a rotation vector (3,) [rad]."""
    vector = np.asarray(vector, LD)
    angle = np.sqrt(vector @ vector)
    if angle == 0:
        return np.eye(3, dtype=LD)
    x, y, z = vector / angle
    cross = np.array([[LD(0), -z, y], [z, LD(0), -x], [-y, x, LD(0)]])
    return np.eye(3, dtype=LD) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
