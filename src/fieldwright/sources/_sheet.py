"""Closed forms for a circular loop and a cylindrical current sheet.

All come from the arithmetic-geometric mean.

A sheet is a cylinder of radius `a` that carries 1 A/m around its axis. It reaches from the plane of
the field point along the axis over a length `z` (odd in `z`); a solenoid between two ends is the
difference of two such sheets, as any function here is a primitive in `z` of the loop's.

After one step of Gauss's transformation every integral over the azimuth becomes one over theta of
1/R, R^2 = x^2 cos^2 + y^2 sin^2, with the following, free of cancellation, functions of r^2:

    S = a^2 + r^2 + z^2,  P^2 = (a^2 - r^2)^2 + 2 z^2 (a^2 + r^2) + z^4,
    x^2 = (S + P) / 2,    y^2 = P,    x^2 - y^2 = 2 a^2 r^2 / (S + P).

`x` and `y` then tend quadratically to their mean X, and with them, per K = pi / (2 X),

    e = int sin^2 / R,   j = int sin^2 cos^2 / (p cos^2 + sin^2) / R,   l = int cos^2 / (same) / R

obey e_n = 1/2 + (x - y) / (x + y) e_(n+1) / 2 and like recurrences for j and l, all of positive
terms, with p_(n+1) = p (x + y)^2 / (x + p y)^2. For e this is King's form of Maxwell's formula
(L. V. King, On the direct numerical calculation of elliptic functions and integrals, 1924); the
recurrences for j and l are the Landen transformation of the complete integral of the third kind.
`steps` counts the doublings of precision: 5 serve gaps above 1 % of the radius, 6 above 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from fieldwright.constants import MU_0

#: Makes `steps` steps from a state.
Iterate = Callable[[Callable[[Any], Any], Any, int], Any]


def _unrolled(step: Callable[[Any], Any], state: Any, steps: int) -> Any:
    for _ in range(steps):
        state = step(state)
    return state


def _looped(step: Callable[[Any], Any], state: Any, steps: int) -> Any:
    return jax.lax.scan(lambda s, _: (step(s), None), state, None, length=steps)[0]


def _by_iteration(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give `function(iterate, a, r2, z, steps)` the steps unrolled, and its derivatives a loop.

    Unrolled steps run twice as fast, but a derivative of them takes minutes to compile where one of
    the loop takes a second.
    """

    @partial(jax.custom_jvp, nondiff_argnums=(3,))
    def run(a: jax.Array, r2: jax.Array, z: jax.Array, steps: int) -> Any:
        return function(_unrolled, a, r2, z, steps)

    @run.defjvp
    def _(steps: int, primals: Any, tangents: Any) -> Any:
        return jax.jvp(lambda *p: function(_looped, *p, steps), primals, tangents)

    run.__doc__ = function.__doc__
    return run


class _Start(NamedTuple):
    """The quantities after the first step; lengths to the power that their names say."""

    S: jax.Array
    P: jax.Array
    x: jax.Array
    y: jax.Array
    modulus: jax.Array  # (x^2 - y^2) / r^2
    difference: jax.Array  # a^2 - r^2
    square: jax.Array  # its square


def _start(a: jax.Array, r2: jax.Array, z: jax.Array) -> _Start:
    a2, z2 = a * a, z * z
    difference = a2 - r2
    # On the sheet's edge itself, to rounding, what is finite there must not become 0/0.
    square = difference * difference + (1e-16 * (a2 + r2)) ** 2
    P = jnp.sqrt(square + z2 * (2 * (a2 + r2) + z2))
    S = a2 + r2 + z2
    return _Start(S, P, jnp.sqrt((S + P) / 2), jnp.sqrt(P), 2 * a2 / (S + P), difference, square)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _mean_and_e(x: jax.Array, y: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
    """The arithmetic-geometric mean X of x and y, and the integral e per pi / (2 X)."""
    total, weight = jnp.zeros_like(x), jnp.ones_like(x)
    for _ in range(steps):
        total, weight = total + weight / 2, weight * (x - y) / (x + y) / 2
        x, y = (x + y) / 2, jnp.sqrt(x * y)
    return x, total + weight / 2


@_mean_and_e.defjvp
def _mean_and_e_jvp(steps: int, primals: Any, tangents: Any) -> Any:
    """In closed form: an integral over 1/R^3 is one over 1/R, by parts."""
    (x, y), (dx, dy) = primals, tangents
    mean, e = _mean_and_e(x, y, steps)
    # Of sin^2 cos^2 / R^3, per pi / (2 X); the next e in place of (2 e - 1) / (x - y).
    both = _mean_and_e((x + y) / 2, jnp.sqrt(x * y), max(steps - 1, 1))[1] / (x + y) ** 2
    change = (e * e / x - both * x) * dx + (both * y - (1 - e) ** 2 / y) * dy
    return (mean, e), (mean * (e * dx / x + (1 - e) * dy / y), change)


def loop_flux(a: jax.Array, r2: jax.Array, z: jax.Array, steps: int) -> jax.Array:
    """Mutual inductance [H] of coaxial loops of radii `a` and r at a distance `z`, over r^2."""
    start = _start(a, r2, z)
    mean, e = _mean_and_e(start.x, start.y, steps)
    return MU_0 * pi * start.modulus * e / mean


def loop_flux_dz(a: jax.Array, r2: jax.Array, z: jax.Array, steps: int) -> jax.Array:
    """Derivative of `loop_flux` with respect to `z`."""
    start = _start(a, r2, z)
    mean, e = _mean_and_e(start.x, start.y, steps)
    S, P = start.S, start.P
    return -MU_0 * pi * z * start.modulus * (P + S * (1 - e)) / (P * P * mean)


def loop_field(
    a: jax.Array, r2: jax.Array, z: jax.Array, steps: int
) -> tuple[jax.Array, jax.Array]:
    """Field of a loop: radial over r [T/m] and axial [T], per A."""
    start = _start(a, r2, z)
    mean, e = _mean_and_e(start.x, start.y, steps)
    a2, S, P = a * a, start.S, start.P
    inside = a2 - r2 + z * z
    scale = MU_0 / (2 * P * P * mean)
    radial = scale * z * start.modulus * (P + S * (1 - e))
    return radial, scale * a2 * (inside * (1 - e) + P * (inside + P) / (S + P) * e)


@_by_iteration
def sheet_flux(
    iterate: Iterate, a: jax.Array, r2: jax.Array, z: jax.Array, steps: int
) -> jax.Array:
    """Primitive of `loop_flux` in `z`: the flux of a sheet through a loop, over r^2 [H/m]."""
    start = _start(a, r2, z)
    a2, z2 = a * a, z * z
    S, P, x, y = start.S, start.P, start.x, start.y
    square = start.square
    width = square + 2 * z2 * (a2 + r2)
    inner = width / (P + z2)  # P - z^2, without the cancellation
    root_p = jnp.abs(start.difference) / inner

    def step(state: Any) -> Any:
        # The integral is total + on_e * e + on_j * j, carried from each step to the next.
        x, y, root_p, total, on_e, on_j = state
        p = root_p * root_p
        both = x + y
        w = 1 / (both * (x + p * y))
        ratio = w * both
        total = total + on_e / 2
        on_e = on_e * (x - y) * w * (x + p * y) / 2 + on_j * x * y * w
        on_j = on_j * (x - p * y) * (x * x - p * y * y) * ratio**3 / 2
        return both / 2, jnp.sqrt(x * y), root_p * both * ratio, total, on_e, on_j

    on_e = P / inner
    on_j = 4 * z2 * a2 * r2 * (square / (S + P) + 2 * z2) / (width * inner * inner)
    state = (x, y, root_p, jnp.zeros_like(x), on_e, on_j)
    x, _, root_p, total, on_e, on_j = iterate(step, state, steps)
    total = total + on_e / 2 + on_j / (2 * (1 + root_p) ** 2)
    return MU_0 * pi * z * start.modulus * total / x


def sheet_linkage(a: jax.Array, r2: jax.Array, z: jax.Array, steps: int) -> jax.Array:
    """Primitive of `sheet_flux` in `z`, even in it: flux linkage of two sheets, over r^2 [H].

    z h(z) + mu0 a^2 int sin^2(phi) / R dphi over r^2; the second integral is one of sin^2 and
    sin^4 over R, of which the latter follows from e, or where the modulus is small from its series.
    """
    start = _start(a, r2, z)
    mean, e = _mean_and_e(start.x, start.y, steps)
    S, x2 = start.S, start.x * start.x
    m = r2 * start.modulus / x2
    small = m < 0.02
    safe = jnp.where(small, 1.0, m)
    quartic = jnp.where(
        small, _quartic_series(m) * mean / start.x, (2 * (1 + safe) * e - 1) / (3 * safe)
    )
    rest = MU_0 * pi * start.modulus * (S * e - 2 * m * x2 * quartic) / mean
    return z * sheet_flux(a, r2, z, steps) + rest


def _quartic_series(m: jax.Array) -> jax.Array:
    """Int sin^4 / sqrt(1 - m sin^2) over a quarter turn, per pi / 2, for m < 0.02 to 1e-16."""
    total, term = jnp.zeros_like(m), 3 / 8
    for k in range(9):
        total = total + term * m**k
        term *= (2 * k + 1) / (2 * k + 2) * (2 * k + 5) / (2 * k + 6)
    return total


def sheet_field(
    a: jax.Array, r2: jax.Array, z: jax.Array, steps: int
) -> tuple[jax.Array, jax.Array]:
    """Field of a sheet: radial over r [T/m] and axial [T], per A/m.

    The axial field steps by half of mu0 where r passes `a`: the other half is in the sheet's other
    end. It takes the mean at r = a.
    """
    start = _start(a, r2, z)
    mean, e = _mean_and_e(start.x, start.y, steps)
    return -MU_0 * start.modulus * e / (2 * mean), _sheet_axial(a, r2, z, steps)


@partial(jax.custom_jvp, nondiff_argnums=(3,))
def _sheet_axial(a: jax.Array, r2: jax.Array, z: jax.Array, steps: int) -> jax.Array:
    start = _start(a, r2, z)
    a2, z2 = a * a, z * z
    P, x, y, d = start.P, start.x, start.y, start.difference
    inner = (start.square + 2 * z2 * (a2 + r2)) / (P + z2)
    outside = d < 0
    size = jnp.abs(d)
    constant = jnp.where(outside, 4 * z2 * a2 / (P + z2 + size), inner + size) / inner
    root_p = size / inner
    on_l = 2 * a2 * jnp.sign(d) / inner - root_p * constant  # of l times the root of p

    def step(state: Any) -> Any:
        x, y, root_p, total, on_l = state
        p = root_p * root_p
        ratio = 1 / (x + p * y)
        total = total + on_l * root_p * y * ratio
        on_l = on_l * (x - p * y) * (x + y) * ratio * ratio / 2
        return (x + y) / 2, jnp.sqrt(x * y), root_p * (x + y) * ratio, total, on_l

    x, _, root_p, total, on_l = _unrolled(step, (x, y, root_p, constant, on_l), steps)
    total = total + on_l / (1 + root_p)
    return MU_0 * z * total / (4 * x)


@_sheet_axial.defjvp
def _sheet_axial_jvp(steps: int, primals: Any, tangents: Any) -> Any:
    """No derivative of an iteration: along z the sheet's field is the loop at its end.

    That has no curl, which is the derivative along r, and Euler's theorem, for a function of
    degree zero, leaves the one by the radius.
    """
    (a, r2, z), (da, dr2, dz) = primals, tangents
    radial, axial = loop_field(a, r2, z, steps)
    change = axial * dz + radial * dr2 / 2 - (z * axial + r2 * radial) / a * da
    return _sheet_axial(a, r2, z, steps), change
