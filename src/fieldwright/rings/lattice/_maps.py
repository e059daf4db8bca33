"""The symplectic maps a ring is made of, each for one row of its programme.

A state is a tuple (x, px, y, py, z, delta) of arrays of one shape: momenta are canonical and
relative to the reference momentum, z = -beta c (t - t0). All maps are exact solutions of the full
Hamiltonian with its square root (E. Forest, Beam Dynamics: A New Attitude and Framework, 1998,
ch. 10 and 13), but those of quadrupoles and stronger multipoles, which are symplectic splittings.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from fieldwright.rings.lattice._elements import COLUMN

State = tuple[Any, Any, Any, Any, Any, Any]

# Places of the two Gauss-Legendre nodes on (0, 1). Kicks there, or at the Lobatto nodes 0, 1/2 and
# 1 with weights 1/6, 2/3 and 1/6, leave an error of fourth order in the length times the kicks,
# and second order times their square (J. Laskar and P. Robutel, Celest. Mech. Dyn. Astron. 80, 39
# (2001)).
FIRST = 0.5 - math.sqrt(3) / 6
MIDDLE = math.sqrt(3) / 3

# S. Blanes and P. C. Moan, J. Comput. Appl. Math. 142, 313 (2002): six stages, fourth order.
_A = (0.0792036964311957, 0.353172906049774, -0.0420650803577195)
_B = (0.209515106613362, -0.143851773179818)
DRIFTS = (*_A, 1 - 2 * sum(_A), *reversed(_A))
KICKS = (*_B, 0.5 - sum(_B), 0.5 - sum(_B), *reversed(_B))


def slip(delta: Any, mu2: Any) -> Any:
    """The relative excess of speed, beta / beta0 - 1, without cancellation; mu2 = (m c / P0)^2."""
    excess = mu2 * delta * (2 + delta) / ((1 + delta) ** 2 + mu2)
    return excess / (jnp.sqrt(1 + excess) + 1)


def drift(state: State, length: Any, mu2: Any) -> State:
    """Free space of a length [m]."""
    x, px, y, py, z, delta = state
    momentum = 1 + delta
    transverse = px * px + py * py
    pz = jnp.sqrt(momentum * momentum - transverse)
    step = length / pz
    longer = slip(delta, mu2) * length - step * transverse / (pz + momentum)
    return x + step * px, px, y + step * py, py, z + longer, delta


def kick(state: State, strengths: Any, weight: Any) -> State:
    """Multipoles up to the octupole, integrated over `weight` [m]."""
    x, px, y, py, z, delta = state
    by, bx = field(x, y, strengths)
    return x, px - weight * by, y, py + weight * bx, z, delta


def field(x: Any, y: Any, strengths: Any) -> tuple[Any, Any]:
    """(B_y, B_x) over B rho of multipoles: the sum of (k_n + i ks_n) (x + i y)^n / n!."""
    k, ks = strengths
    by, bx = k[3] / 3, ks[3] / 3
    for order in (2, 1, 0):
        factor = 1 / order if order else 1.0
        by, bx = (k[order] + (x * by - y * bx)) * factor, (ks[order] + (x * bx + y * by)) * factor
    return by, bx


def multipoles(row: Any) -> tuple[list[Any], list[Any]]:
    """The normal and skew strengths of an element's row of the table."""
    k = [row[COLUMN[f"k{order}"]] for order in range(4)]
    ks = [row[COLUMN[f"k{order}s"]] for order in range(4)]
    return k, ks


def circular_and_hyperbolic(u: Any) -> tuple[Any, Any, Any, Any]:
    """cos, sin(r)/r, cosh and sinh(r)/r of r = sqrt(u), by series that share their terms.

    Good to rounding for |u| up to 0.15, to 1e-13 up to 0.3: bodies are taken in pieces so short
    (`Lattice.pieces`).
    """
    v = u * u

    def series(first: int) -> Any:
        total = 0.0
        for n in reversed(range(first, 14, 4)):
            total = 1 / math.factorial(n) + v * total
        return total

    ce, co, se, so = series(0), series(2), series(1), series(3)
    return ce - u * co, se - u * so, ce + u * co, se + u * so


def focus(state: State, length: Any, k1: Any, mu2: Any) -> State:
    """The paraxial Hamiltonian of a gradient, p^2 / 2 (1 + delta) + k1 (x^2 - y^2) / 2, exactly."""
    x, px, y, py, z, delta = state
    inverse = 1 / (1 + delta)
    kappa = k1 * inverse
    c, s, ch, sh = circular_and_hyperbolic(kappa * length * length)
    s, sh = length * s, length * sh
    slope, rise = px * inverse, py * inverse
    # the path's second-order part, from the integrals of the slopes squared
    path = (0.25 * (length + s * c) * slope - 0.5 * kappa * s * s * x) * slope
    path = path + 0.25 * kappa * (length - s * c) * x * x
    path = path + (0.25 * (length + sh * ch) * rise + 0.5 * kappa * sh * sh * y) * rise
    path = path - 0.25 * kappa * (length - sh * ch) * y * y
    return (
        c * x + s * slope,
        c * px - k1 * s * x,
        ch * y + sh * rise,
        ch * py + k1 * sh * y,
        z + slip(delta, mu2) * length - path,
        delta,
    )


def beyond(state: State, length: Any) -> State:
    """What the exact kinetic part adds to the paraxial one of `focus`."""
    x, px, y, py, z, delta = state
    momentum = 1 + delta
    inverse = 1 / momentum
    transverse = px * px + py * py
    pz = jnp.sqrt(momentum * momentum - transverse)
    # 1/pz - 1/(1 + delta), and the path length likewise, without cancellation
    more = transverse * inverse / (pz * (pz + momentum))
    share = 0.5 * transverse * more * (pz + 2 * momentum) * inverse / (pz + momentum)
    step = length * more
    return x + step * px, px, y + step * py, py, z - length * share, delta


def rotate(state: State, c: Any, s: Any) -> State:
    """The state in axes turned about the beam by the angle of cosine c and sine s."""
    x, px, y, py, z, delta = state
    return c * x + s * y, c * px + s * py, c * y - s * x, c * py - s * px, z, delta


def arc(state: State, radius: Any, angle: Any, b0: Any) -> tuple[Any, Any, Any, Any]:
    """(x, px, y, path [m]) after a dipole field, seen from axes that turn about a centre.

    `radius` is that of the point x = 0 (the bend's; zero at a pole face's pivot), `b0` is
    B_y / B rho [1/m].
    """
    x, px, y, py, _, delta = state
    momentum = 1 + delta
    total2 = momentum * momentum - py * py
    pz = jnp.sqrt(total2 - px * px)
    c, s = jnp.cos(angle), jnp.sin(angle)
    forward = pz - b0 * (radius + x)
    px1 = px * c + forward * s
    pz1 = jnp.sqrt(total2 - px1 * px1)
    x1 = (pz1 - (forward * c - px * s)) / b0 - radius
    turn = (angle + asin((px * pz1 - px1 * pz) / total2)) / b0
    return x1, px1, y + py * turn, turn * momentum


def asin(value: Any) -> Any:
    """The arc sine of moderate values, by halving the angle once and a series."""
    half = value / jnp.sqrt(2 + 2 * jnp.sqrt(1 - value * value))
    square = half * half
    total = 0.0
    for n in reversed(range(14)):
        total = math.comb(2 * n, n) / (4**n * (2 * n + 1)) + square * total
    return 2 * half * total


def bend(state: State, length: Any, radius: Any, angle: Any, b0: Any, mu2: Any) -> State:
    """The body of a sector bend without gradient, exact; a wedge has no length and no radius."""
    _, _, _, py, z, delta = state
    x1, px1, y1, path = arc(state, radius, angle, b0)
    return x1, px1, y1, py, z + slip(delta, mu2) * length + (length - path), delta


def curved_kick(state: State, curvature: Any, strengths: Any, weight: Any) -> State:
    """Multipoles about a curved orbit, without the dipole.

    k_n are derivatives of B_y in the midplane; off it the field follows from the curl in
    cylindrical coordinates, to fourth order in y.
    """
    x, px, y, py, z, delta = state
    k, ks = strengths

    def potential(x: Any, y: Any) -> Any:
        wide = 1 + curvature * x
        b1 = k[1] + x * (k[2] + x * k[3] / 2)
        b2, b3 = k[2] + x * k[3], k[3]
        a2 = wide * b1
        a4 = -(wide * b3 + curvature * b2 - curvature**2 * b1 / wide)
        # the integral over x of -(1 + h x) (k1 x + k2 x^2/2 + k3 x^3/6)
        h = curvature
        a0 = -(x**2) * (
            k[1] / 2
            + x * (k[2] / 6 + h * k[1] / 3)
            + x**2 * (k[3] / 24 + h * k[2] / 8)
            + x**3 * h * k[3] / 30
        )
        return a0 + y**2 * (a2 / 2 + y**2 * a4 / 24)

    ax, ay = _gradient_of(potential, x, y)
    # A skew dipole is exact too; higher skew ones are errors, taken as of a straight magnet.
    by, bx = field(x, y, ([0.0] * 4, [0.0, *ks[1:]]))
    ax, ay = ax + curvature * ks[0] * y - by, ay + (1 + curvature * x) * ks[0] + bx
    return x, px + weight * ax, y, py + weight * ay, z, delta


def _gradient_of(function: Any, *at: Any) -> Any:
    """The derivatives of a function by each of its arguments, at every point."""

    def along(direction: Any) -> Any:
        parts = tuple(jnp.broadcast_to(part, jnp.shape(at[0])) for part in direction)
        return jax.jvp(function, at, parts)[1]

    return jax.vmap(along)(jnp.eye(len(at)))


def turn(state: State, angle: Any) -> State:
    """Free flight to a plane turned about the vertical axis by `angle`, as into a pole face."""
    x, px, y, py, z, delta = state
    pz = jnp.sqrt((1 + delta) ** 2 - px * px - py * py)
    c, s = jnp.cos(angle), jnp.sin(angle)
    over = x / (c * pz - s * px)
    flight = s * over
    return over * pz, c * px + s * pz, y + flight * py, py, z - flight * (1 + delta), delta


def fringe(state: State, b0: Any) -> State:
    """The hard edge of a dipole field, entering it; -b0 leaves it.

    E. Forest, Beam Dynamics: A New Attitude and Framework (1998), eq. (13.13): the kick of the
    generating function -phi(px, py, delta) y^2 / 2, phi = b0 px pz / ((1 + delta)^2 - px^2).
    """
    _, px, _, py, _, delta = state
    p = 1 + delta
    square = p * p - px * px
    pz = jnp.sqrt(square - py * py)
    ratio, inverse = b0 / square, 1 / pz
    bent = 2 * px * px / square
    phi = ratio * px * pz
    by_px = ratio * (pz * (1 + bent) - px * px * inverse)
    by_py = -ratio * px * py * inverse
    by_delta = ratio * px * p * (inverse - 2 * pz / square)
    return _generated(state, phi, by_px, by_py, by_delta)


def soft_fringe(state: State, b0: Any, fringe_gap: Any) -> State:
    """The edge of a dipole field that rises over a gap: Brown's integral times the gap.

    As `fringe`, with the angle at the edge less K. L. Brown's psi (SLAC-75 (1972), eq. for the
    fringing field), written for slanted rays of any momentum.
    """
    _, px, _, py, _, delta = state

    def strength(px: Any, py: Any, delta: Any) -> Any:
        pz = jnp.sqrt((1 + delta) ** 2 - px * px - py * py)
        slope, rise2 = px / pz, (py / pz) ** 2
        soft = fringe_gap * b0 * (1 + slope**2 * (2 + rise2)) / ((1 + slope**2 + rise2) * pz)
        tangent, less = slope / (1 + rise2), jnp.tan(soft)
        return b0 * (tangent - less) / (1 + tangent * less)

    by_px, by_py, by_delta = _gradient_of(strength, px, py, delta)
    phi = strength(px, py, delta)
    return _generated(state, phi, by_px, by_py, by_delta)


def _generated(state: State, phi: Any, by_px: Any, by_py: Any, by_delta: Any) -> State:
    """The symplectic kick of -phi y1^2 / 2, y1 being the new y; with phi's derivatives."""
    x, px, y, py, z, delta = state
    y1 = 2 * y / (1 + jnp.sqrt(1 - 2 * by_py * y))  # y1 = y + by_py y1^2 / 2
    half = 0.5 * y1 * y1
    return x + by_px * half, px, y1, py - phi * y1, z + by_delta * half, delta


def solenoid(state: State, length: Any, ks: Any, mu2: Any) -> State:
    """A constant field along the beam, exact; canonical momenta make its hard edges."""
    x, px, y, py, z, delta = state
    momentum = 1 + delta
    kx, ky = px + 0.5 * ks * y, py - 0.5 * ks * x
    transverse = kx * kx + ky * ky
    pz = jnp.sqrt(momentum * momentum - transverse)
    step = length / pz
    angle = ks * step
    c, s, sinc, cosc = circular(angle)
    x1 = x + step * (kx * sinc + ky * cosc)
    y1 = y + step * (ky * sinc - kx * cosc)
    kx1, ky1 = kx * c + ky * s, ky * c - kx * s
    longer = slip(delta, mu2) * length - step * transverse / (pz + momentum)
    return x1, kx1 - 0.5 * ks * y1, y1, ky1 + 0.5 * ks * x1, z + longer, delta


def circular(angle: Any) -> tuple[Any, Any, Any, Any]:
    """The functions cos a, sin a, sin a / a and (1 - cos a) / a by series, for angles up to two."""
    u = angle * angle
    sinc, cosc = 0.0, 0.0
    for n in reversed(range(10)):
        sinc = 1 / math.factorial(2 * n + 1) - u * sinc
        cosc = 1 / math.factorial(2 * n + 2) - u * cosc
    return 1 - u * cosc, angle * sinc, sinc, angle * cosc


def solenoid_variation(state: State, length: Any, ks: Any, second: Any, excess: Any) -> State:
    """What a field that varies along the axis adds to that of its mean: third order in r.

    The vector potential's next term, -r^3 B'' / 16, adds (B''/16) r^2 (L - B r^2 / 2) to the
    Hamiltonian, L = x py - y px; the mean of the field misses (B^2 - mean^2) r^2 / 8. Both are
    functions of r^2 and L, which commute: the flow is a turn and a kick, exactly. `second` is B'',
    `ks` B and `excess` B^2 - mean^2, in units of B rho.
    """
    x, px, y, py, z, delta = state
    r2, spin = x * x + y * y, x * py - y * px
    inverse = 1 / (1 + delta)
    strength, focusing = second / 16 * length * inverse, excess / 8 * length * inverse
    # H = strength r2 (spin - ks r2 / 2) + focusing r2
    angle = strength * r2
    c, s = jnp.cos(angle), jnp.sin(angle)
    push = 2 * (strength * (spin - ks * r2) + focusing)
    x1, y1 = c * x - s * y, s * x + c * y
    px1, py1 = c * px - s * py, s * px + c * py
    later = inverse * r2 * (strength * (spin - 0.5 * ks * r2) + focusing)
    return x1, px1 - push * x1, y1, py1 - push * y1, z - later, delta


def cavity(state: State, voltage: Any, wave_number: Any, phase: Any, shift: Any, mu2: Any) -> State:
    """An RF gap; `voltage` over P0 c, `wave_number` = 2 pi f / c.

    `shift` [m] is how much longer the period of the RF is than the reference particle's turn, in
    light's path: the clock's zero moves along with the RF.
    """
    x, px, y, py, z, delta = state
    p = 1 + delta
    energy = jnp.sqrt(p * p + mu2)
    early = z * (energy / p) + shift  # c (t0 - t)
    energy1 = energy + voltage * jnp.sin(phase + wave_number * early)
    p1 = jnp.sqrt(energy1 * energy1 - mu2)
    delta1 = delta + (energy1 - energy) * (energy1 + energy) / (p1 + p)
    return x, px, y, py, early * (p1 / energy1), delta1


def patch(state: State, shift: Any, axes: Any) -> State:
    """Free flight to axes that are shifted and turned.

    `shift` is a list of three, `axes` one of the new axes, each a list of three.
    """
    x, px, y, py, z, delta = state
    pz = jnp.sqrt((1 + delta) ** 2 - px * px - py * py)
    place = (x - shift[0], y - shift[1], -shift[2])
    rx, ry, rz = rotated(axes, place)
    qx, qy, qz = rotated(axes, (px, py, pz))
    flight = -rz / qz
    return rx + flight * qx, qx, ry + flight * qy, qy, z - flight * (1 + delta), delta


def rotated(axes: Any, vector: Any) -> list[Any]:
    """A vector's components along axes."""
    return [sum(a * v for a, v in zip(axis, vector, strict=True)) for axis in axes]
