"""The elementary steps with their Jacobians, where these are known by formula.

JAX's own derivatives would repeat what does not depend on a direction for each of the six, compile
in twice the time and run in twice the time. A derivative is kept as a `Slope`, so that what is zero
is never computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fieldwright.rings.lattice import _maps, _radiation, _steps
from fieldwright.rings.lattice._steps import STEPS, Row, State


class Slope:
    """A quantity's derivatives by the six coordinates; None where there is none."""

    __array_ufunc__ = None  # numbers of NumPy leave the arithmetic to this class
    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Any, ...]):
        self.parts = parts

    def __add__(self, other: Any) -> Slope:
        if not isinstance(other, Slope):  # the 0 that a sum begins with
            return self
        return Slope(tuple(map(_plus, self.parts, other.parts)))

    __radd__ = __add__

    def __neg__(self) -> Slope:
        return Slope(tuple(None if part is None else -part for part in self.parts))

    def __sub__(self, other: Slope) -> Slope:
        return self + -other

    def __mul__(self, factor: Any) -> Slope:
        return Slope(tuple(_times(part, factor) for part in self.parts))

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Slope:
        return self * (1 / divisor)


def _plus(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _times(part: Any, factor: Any) -> Any:
    if part is None:
        return None
    return factor if isinstance(part, float) and part == 1.0 else part * factor


#: The coordinates' own.
_UNITS = tuple(Slope(tuple(1.0 if i == j else None for j in range(6))) for i in range(6))

Slopes = tuple[Slope, ...]
#: A state and the derivatives of its components.
Moved = tuple[State, Slopes]


def with_jacobian(name: str, row: Row, state: State, weight: Any, choice: Any) -> tuple[Any, Any]:
    """The state (6, ...) after a step, of six components (...), and its Jacobian (6, 6, ...)."""
    shape = jnp.broadcast_shapes(*(jnp.shape(part) for part in state))
    if name in _KNOWN:
        moved, slopes = _KNOWN[name](row, state, _UNITS, weight, choice)
        parts = [0.0 if part is None else part for slope in slopes for part in slope.parts]
        return _stacked(moved, shape), _stacked(parts, shape).reshape(6, 6, *shape)

    def act(state: Any) -> Any:
        return _stacked(STEPS[name](row, tuple(state), weight, choice), shape)

    def along(direction: Any) -> tuple[Any, Any]:
        return jax.jvp(act, (start,), (direction,))

    start = _stacked(state, shape)
    one = jnp.eye(6).reshape(6, 6, *[1] * len(shape))
    return jax.vmap(along, out_axes=(None, 1))(jnp.broadcast_to(one, (6, 6, *shape)))


def _stacked(parts: Any, shape: tuple[int, ...]) -> Any:
    return jnp.stack([jnp.broadcast_to(part, shape) for part in parts])


def _slip_slope(delta: Any, mu2: Any) -> Any:
    return jnp.sqrt(1 + mu2) * mu2 / ((1 + delta) ** 2 + mu2) ** 1.5


def _forward(px: Any, py: Any, delta: Any, dpx: Any, dpy: Any, ddelta: Any) -> tuple[Any, Any]:
    """The momentum along the beam, and its derivatives."""
    p = 1 + delta
    pz = jnp.sqrt(p * p - (px * px + py * py))
    return pz, (p * ddelta - px * dpx - py * dpy) / pz


def _drift(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
    _x, px, _y, py, _z, delta = state
    dx, dpx, dy, dpy, dz, dd = slopes
    length = _steps.span(row, weight)
    pz, dpz = _forward(px, py, delta, dpx, dpy, dd)
    step = length / pz
    dstep = -step / pz * dpz
    longer = length * _slip_slope(delta, row.mu2) - step
    moved = (
        dx + step * dpx + px * dstep,
        dpx,
        dy + step * dpy + py * dstep,
        dpy,
        dz + longer * dd - (1 + delta) * dstep,
        dd,
    )
    return _maps.drift(state, length, row.mu2), moved


def _kick(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
    dx, dpx, dy, dpy, dz, dd = slopes
    (k, ks), strength = _steps.kick_of(row, weight, choice)
    # the field's derivative along x + i y is the field of the next higher multipoles
    normal, skew = _maps.field(state[0], state[2], ([*k[1:], 0.0], [*ks[1:], 0.0]))
    normal, skew = strength * normal, strength * skew
    moved = (
        dx,
        dpx - (normal * dx - skew * dy),
        dy,
        dpy + (skew * dx + normal * dy),
        dz,
        dd,
    )
    return _maps.kick(state, (k, ks), strength), moved


def _beyond(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
    _, px, _, py, _, delta = state
    dx, dpx, dy, dpy, dz, dd = slopes
    length, p = _steps.span(row, weight), 1 + delta
    square = px * px + py * py
    pz, dpz = _forward(px, py, delta, dpx, dpy, dd)
    step = length * square / (p * pz * (pz + p))
    less = length / (pz * pz)
    dstep = (length / (p * p)) * dd - less * dpz
    # the path is longer by p / pz - 1 - (px^2 + py^2) / 2 p^2
    dpath = (length / pz + length * square / p**3) * dd - p * less * dpz
    dpath = dpath - (length / (p * p)) * (px * dpx + py * dpy)
    moved = (
        dx + step * dpx + px * dstep,
        dpx,
        dy + step * dpy + py * dstep,
        dpy,
        dz - dpath,
        dd,
    )
    return _maps.beyond(state, length), moved


def _excess(u: Any) -> tuple[Any, Any]:
    """(sin(r)/r - cos(r)) / u of u = r^2, and of -u; series as those of the maps."""
    v = u * u

    def series(first: int) -> Any:
        total = 0.0
        for n in reversed(range(first, 8, 2)):
            total = 2 * n / math.factorial(2 * n + 1) + v * total
        return total

    odd, even = series(1), series(2)
    return odd - u * even, odd + u * even


def _focus(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
    x, px, y, py, _, delta = state
    dx, dpx, dy, dpy, dz, dd = slopes
    length, k1 = _steps.span(row, weight), _steps.focusing(row, choice)
    inverse = 1 / (1 + delta)
    kappa = k1 * inverse
    u = kappa * length * length
    c, s, ch, sh = _maps.circular_and_hyperbolic(u)
    s, sh = length * s, length * sh
    q, qh = _excess(u)
    # by kappa
    c1, s1 = -0.5 * length * s, -0.5 * length**3 * q
    ch1, sh1 = 0.5 * length * sh, 0.5 * length**3 * qh
    slope, rise = px * inverse, py * inverse
    dslope, drise = inverse * dpx - slope * inverse * dd, inverse * dpy - rise * inverse * dd
    sc, sch = s * c, sh * ch
    sc1, sch1 = s1 * c + s * c1, sh1 * ch + sh * ch1
    by_x = 0.5 * kappa * ((length - sc) * x - s * s * slope)
    by_slope = 0.5 * ((length + sc) * slope - kappa * s * s * x)
    by_y = 0.5 * kappa * (sh * sh * rise - (length - sch) * y)
    by_rise = 0.5 * ((length + sch) * rise + kappa * sh * sh * y)
    by_kappa = 0.25 * (
        (sc1 * slope - 2 * (s * s + 2 * kappa * s * s1) * x) * slope
        + (length - sc - kappa * sc1) * x * x
        + (sch1 * rise + 2 * (sh * sh + 2 * kappa * sh * sh1) * y) * rise
        - (length - sch - kappa * sch1) * y * y
    )
    turned = -kappa * inverse  # the derivative of kappa by delta
    longer = length * _slip_slope(delta, row.mu2) - by_kappa * turned
    moved = (
        c * dx + s * dslope + (x * c1 + slope * s1) * turned * dd,
        c * dpx - k1 * s * dx + (px * c1 - k1 * x * s1) * turned * dd,
        ch * dy + sh * drise + (y * ch1 + rise * sh1) * turned * dd,
        ch * dpy + k1 * sh * dy + (py * ch1 + k1 * y * sh1) * turned * dd,
        dz + longer * dd - (by_x * dx + by_slope * dslope + by_y * dy + by_rise * drise),
        dd,
    )
    return _maps.focus(state, length, k1, row.mu2), moved


def _bend(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
    x, px, _, py, _, delta = state
    dx, dpx, dy, dpy, dz, dd = slopes
    length, radius, angle, b0 = _steps.bend_of(row, weight, choice)
    p = 1 + delta
    square = p * p - py * py
    pz, dpz = _forward(px, py, delta, dpx, dpy, dd)
    c, s = jnp.cos(angle), jnp.sin(angle)
    forward, dforward = pz - b0 * (radius + x), dpz - b0 * dx
    px1, dpx1 = px * c + forward * s, c * dpx + s * dforward
    pz1 = jnp.sqrt(square - px1 * px1)
    along = p * dd - py * dpy
    dpz1 = (along - px1 * dpx1) / pz1
    share = along / square
    dturn = ((dpx - px * share) / pz - (dpx1 - px1 * share) / pz1) / b0
    _, _, _, path = _maps.arc(state, radius, angle, b0)
    turn = path / p
    moved = (
        (dpz1 - c * dforward + s * dpx) / b0,
        dpx1,
        dy + turn * dpy + py * dturn,
        dpy,
        dz + (length * _slip_slope(delta, row.mu2) - turn) * dd - p * dturn,
        dd,
    )
    return _maps.bend(state, length, radius, angle, b0, row.mu2), moved


def _turn(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
    x, px, _, py, _, delta = state
    dx, dpx, dy, dpy, dz, dd = slopes
    angle = _steps.face_angle(row)
    pz, dpz = _forward(px, py, delta, dpx, dpy, dd)
    c, s = jnp.cos(angle), jnp.sin(angle)
    across = c * pz - s * px
    over = x / across
    dover = (dx - over * (c * dpz - s * dpx)) / across
    flight, dflight = s * over, s * dover
    moved = (
        over * dpz + pz * dover,
        c * dpx + s * dpz,
        dy + flight * dpy + py * dflight,
        dpy,
        dz - (1 + delta) * dflight - flight * dd,
        dd,
    )
    return _maps.turn(state, angle), moved


def _solenoid(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
    x, px, y, py, _, delta = state
    dx, dpx, dy, dpy, dz, dd = slopes
    length, ks = _steps.span(row, weight), row["ks"] * row.extra[0]
    kx, ky = px + 0.5 * ks * y, py - 0.5 * ks * x
    dkx, dky = dpx + 0.5 * ks * dy, dpy - 0.5 * ks * dx
    pz, dpz = _forward(kx, ky, delta, dkx, dky, dd)
    step = length / pz
    dstep = -step / pz * dpz
    c, s, sinc, cosc = _maps.circular(ks * step)
    kx1, ky1 = kx * c + ky * s, ky * c - kx * s
    dangle = ks * dstep
    dkx1, dky1 = c * dkx + s * dky + ky1 * dangle, c * dky - s * dkx - kx1 * dangle
    dx1 = dx + step * (sinc * dkx + cosc * dky) + kx1 * dstep
    dy1 = dy + step * (sinc * dky - cosc * dkx) + ky1 * dstep
    longer = length * _slip_slope(delta, row.mu2) - step
    moved = (
        dx1,
        dkx1 - 0.5 * ks * dy1,
        dy1,
        dky1 + 0.5 * ks * dx1,
        dz + longer * dd - (1 + delta) * dstep,
        dd,
    )
    return _maps.solenoid(state, length, ks, row.mu2), moved


def _cavity(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
    *_, z, delta = state
    dx, dpx, dy, dpy, dz, dd = slopes
    voltage, wave_number, phase, shift = _steps.cavity_of(row)
    p = 1 + delta
    energy = jnp.sqrt(p * p + row.mu2)
    early = z * (energy / p) + shift
    dearly = (energy / p) * dz - (z * row.mu2 / (p * p * energy)) * dd
    angle = phase + wave_number * early
    energy1 = energy + voltage * jnp.sin(angle)
    denergy1 = (p / energy) * dd + voltage * wave_number * jnp.cos(angle) * dearly
    p1 = jnp.sqrt(energy1 * energy1 - row.mu2)
    beta1 = p1 / energy1
    # the velocity's derivative is mu2 / (p E^2) of the energy's
    dz1 = beta1 * dearly + (early * row.mu2 / (p1 * energy1 * energy1)) * denergy1
    moved = (dx, dpx, dy, dpy, dz1, denergy1 / beta1)
    return _maps.cavity(state, voltage, wave_number, phase, shift, row.mu2), moved


def _radiates(loss_at: Callable[[Row, State], Any]) -> Callable[..., Moved]:
    def act(row: Row, state: State, slopes: Slopes, weight: Any, choice: Any) -> Moved:
        x, px, y, py, z, delta = state
        dx, dpx, dy, dpy, dz, dd = slopes

        def loss_of(*at: Any) -> Any:
            return loss_at(row, (*at[:4], z, at[4]))

        loss, back = jax.vjp(loss_of, x, px, y, py, delta)
        rates = back(jnp.ones_like(loss))
        dloss = sum(rate * part for rate, part in zip(rates, (dx, dpx, dy, dpy, dd), strict=True))
        ks = row["ks"] * row.extra[1]
        share = loss / (1 + delta)
        dshare = (dloss - share * dd) / (1 + delta)
        kx, ky = px + 0.5 * ks * y, py - 0.5 * ks * x
        moved = (
            dx,
            dpx - share * (dpx + 0.5 * ks * dy) - kx * dshare,
            dy,
            dpy - share * (dpy - 0.5 * ks * dx) - ky * dshare,
            dz,
            dd - dloss,
        )
        return _radiation.shrink(row, state, loss), moved

    return act


_KNOWN: dict[str, Callable[[Row, State, Slopes, Any, Any], Moved]] = {
    "drift": _drift,
    "kick": _kick,
    "beyond": _beyond,
    "focus": _focus,
    "bend": _bend,
    "turn": _turn,
    "solenoid": _solenoid,
    "cavity": _cavity,
    "radiate": _radiates(_steps.loss),
    "radiate_face": _radiates(_steps.loss_at_face),
}
