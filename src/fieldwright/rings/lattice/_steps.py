"""What a row of a lattice's programme does, as a sequence of elementary steps.

A row's operation is said once, in `SEQUENCES`. Tracking composes the steps of each operation into
one map (`OPERATIONS`); orbits and matrices run over the steps themselves, whose derivatives are
then compiled once each, however many operations use them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.rings.lattice import _maps, _radiation
from fieldwright.rings.lattice._elements import COLUMN


class Beam(eqx.Module):
    """The reference particle as maps see it.

    Args:
        mu2: (m c / P0)^2.
        momentum: P0 c over the particle's charge number [V].
        rf_shift: what the RF's period is longer than the reference particle's turn, times c [m].
        radius, compton: classical radius and reduced Compton length [m].
    """

    mu2: Any
    momentum: Any
    rf_shift: Any
    radius: Any
    compton: Any


class Row(eqx.Module):
    """One row's numbers as maps see them: entries of an element's row of the table, and more.

    `extra` holds what else a map needs: sign and number of a face, radiation's weight, a
    solenoid profile's values, the weight of a thin kick.
    """

    values: Any
    fraction: Any
    extra: Any
    beam: Beam

    @property
    def mu2(self) -> Any:
        """(m c / P0)^2."""
        return self.beam.mu2

    def __getitem__(self, column: str) -> Any:
        return self.values[COLUMN[column]]


State = _maps.State
#: (row, state, weight, choice) -> state; the last two are numbers that `SEQUENCES` gives.
Step = Callable[[Row, State, Any, Any], State]


def _chosen(choice: Any, one: Callable[[], Any], other: Callable[[], Any]) -> Any:
    """`one()` where `choice` is 1, or else `other()`; only one of them if the choice is known."""
    if isinstance(choice, float):
        return one() if choice == 1.0 else other()
    return jax.tree.map(lambda a, b: jnp.where(choice == 1.0, a, b), one(), other())


def span(row: Row, weight: Any) -> Any:
    """The length that a step takes [m]."""
    return weight * row.fraction * row["length"]


def _drift(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.drift(state, span(row, weight), row.mu2)


def _kick(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.kick(state, *kick_of(row, weight, choice))


def kick_of(row: Row, weight: Any, choice: Any) -> tuple[Any, Any]:
    """Strengths, and the part of the length or all of a thin one's; choice 0 has no gradient."""
    k, ks = _maps.multipoles(row.values)
    k[1], ks[1] = choice * k[1], choice * ks[1]
    return (k, ks), span(row, weight) + row.extra[1]


def _beyond(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.beyond(state, span(row, weight))


def _focus(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.focus(state, span(row, weight), focusing(row, choice), row.mu2)


def focusing(row: Row, choice: Any) -> Any:
    """A gradient, normal or, for choice 1, normal and skew together in axes turned to it."""
    return _chosen(choice, lambda: _gradient(row), lambda: row["k1"])


def _gradient(row: Row) -> Any:
    square = row["k1"] ** 2 + row["k1s"] ** 2
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)


def _rotate(row: Row, state: State, weight: Any, choice: Any) -> State:
    """Into the axes of a gradient, for weight -1, and back."""
    total = _gradient(row)
    safe = jnp.where(total > 0, total, 1.0)
    # half of the angle of k1 + i k1s, from its cosine and sine
    half = 0.5 * jnp.arctan2(row["k1s"] / safe, jnp.where(total > 0, row["k1"] / safe, 1.0))
    return _maps.rotate(state, jnp.cos(half), weight * jnp.sin(half))


def face_angle(row: Row) -> Any:
    """Rotation of the pole face a row is about."""
    return jnp.where(row.extra[1] == 1.0, row["e1"], row["e2"])


def _bend_field(row: Row) -> Any:
    return row["angle"] / row["length"] + row["k0"]


def _bend(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.bend(state, *bend_of(row, weight, choice), row.mu2)


def bend_of(row: Row, weight: Any, choice: Any) -> tuple[Any, Any, Any, Any]:
    """Length, radius, angle and field of a dipole's body.

    Or for choice 1 of the wedge between its sector and a turned face, which has no length.
    """
    angle = _chosen(choice, lambda: -face_angle(row), lambda: weight * row.fraction * row["angle"])
    radius = _chosen(choice, lambda: 0.0, lambda: row["length"] / row["angle"])
    return span(row, weight), radius, angle, _bend_field(row)


def _curved_kick(row: Row, state: State, weight: Any, choice: Any) -> State:
    strengths = _maps.multipoles(row.values)
    curvature = row["angle"] / row["length"]
    return _maps.curved_kick(state, curvature, strengths, span(row, weight))


def _turn(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.turn(state, face_angle(row))


def _fringe(row: Row, state: State, weight: Any, choice: Any) -> State:
    """A dipole's edge that rises over a gap, or for choice 1 a hard one, which is its limit."""
    field = row.extra[0] * _bend_field(row)
    if isinstance(choice, float) and choice == 1.0:
        return _maps.fringe(state, field)
    integral = jnp.where(row.extra[1] == 1.0, row["fint1"], row["fint2"])
    return _maps.soft_fringe(state, field, (1 - choice) * integral * row["gap"])


def _solenoid(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.solenoid(state, span(row, weight), row["ks"] * row.extra[0], row.mu2)


def _solenoid_variation(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.solenoid_variation(
        state,
        span(row, weight),
        row["ks"] * row.extra[0],
        row["ks"] * row.extra[1] / row["length"] ** 2,
        row["ks"] ** 2 * row.extra[2],
    )


def _cavity(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _maps.cavity(state, *cavity_of(row), row.mu2)


def cavity_of(row: Row) -> tuple[Any, Any, Any, Any]:
    """Voltage, wave number, phase and shift of a cavity, as its map takes them."""
    wave_number = row["frequency"] * (2 * np.pi / SPEED_OF_LIGHT)
    voltage = row["voltage"] / row.beam.momentum
    return voltage, wave_number, row["phase"], row.beam.rf_shift * row.extra[0]


def _patch(row: Row, state: State, weight: Any, choice: Any) -> State:
    """Into the axes of a shifted body, or for choice 1 back."""
    shift, axes = body_patch(row, choice)
    return _maps.patch(state, shift, axes)


def _radiate(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _radiation.shrink(row, state, loss(row, state))


def _radiate_face(row: Row, state: State, weight: Any, choice: Any) -> State:
    return _radiation.shrink(row, state, loss_at_face(row, state))


def loss(row: Row, state: State) -> Any:
    """The mean loss in a part of a body."""
    return _radiation.mean_loss(row, state[5], *_radiation.bending(row, state))


def loss_at_face(row: Row, state: State) -> Any:
    """What a turned face adds to the loss in a body."""
    return _radiation.mean_loss(row, state[5], *_radiation.missing(row, state, face_angle(row)))


#: The elementary steps by name.
STEPS: dict[str, Step] = {
    "drift": _drift,
    "kick": _kick,
    "beyond": _beyond,
    "focus": _focus,
    "rotate": _rotate,
    "bend": _bend,
    "curved_kick": _curved_kick,
    "turn": _turn,
    "fringe": _fringe,
    "solenoid": _solenoid,
    "solenoid_variation": _solenoid_variation,
    "cavity": _cavity,
    "patch": _patch,
    "radiate": _radiate,
    "radiate_face": _radiate_face,
}
STEP = {name: index for index, name in enumerate(STEPS)}

_ROTATED = [("rotate", -1.0, 0.0), ("focus", 0.5, 1.0), ("rotate", 1.0, 0.0)]
_COMBINED = list(zip(_maps.DRIFTS, (*_maps.KICKS, 0.0), strict=True))

#: What each operation is made of: names of steps, each with its weight and its choice.
SEQUENCES: dict[str, list[tuple[str, float, float]]] = {
    "drift": [("drift", 1.0, 0.0)],
    # a gradient exactly, and what the exact kinetic part adds to the paraxial one
    "quadrupole": [
        ("beyond", 1 / 6, 0.0),
        ("focus", 0.5, 0.0),
        ("beyond", 2 / 3, 0.0),
        ("focus", 0.5, 0.0),
        ("beyond", 1 / 6, 0.0),
    ],
    # multipoles without a gradient: exact drifts, two kicks
    "sextupole": [
        ("drift", _maps.FIRST, 0.0),
        ("kick", 0.5, 1.0),
        ("drift", _maps.MIDDLE, 0.0),
        ("kick", 0.5, 1.0),
        ("drift", _maps.FIRST, 0.0),
    ],
    # any multipoles, with a normal and a skew gradient taken exactly together
    "straight": [
        ("beyond", 1 / 6, 0.0),
        ("kick", 1 / 6, 0.0),
        *_ROTATED,
        ("beyond", 2 / 3, 0.0),
        ("kick", 2 / 3, 0.0),
        *_ROTATED,
        ("beyond", 1 / 6, 0.0),
        ("kick", 1 / 6, 0.0),
    ],
    "thin": [("kick", 0.0, 1.0)],
    "bend": [("bend", 1.0, 0.0)],
    # a bend with gradient and multipoles: exact bends between kicks, fourth order
    "combined_bend": [
        step
        for part, push in _COMBINED
        for step in (("bend", part, 0.0), ("curved_kick", push, 0.0))
    ][:-1],
    "turn": [("turn", 1.0, 0.0)],
    "fringe": [("fringe", 1.0, 1.0)],
    "soft_fringe": [("fringe", 1.0, 0.0)],
    "wedge": [("bend", 0.0, 1.0)],
    "solenoid": [("solenoid", 1.0, 0.0)],
    "solenoid_variation": [("solenoid_variation", 1.0, 0.0)],
    "cavity": [("cavity", 1.0, 0.0)],
    "enter": [("patch", 1.0, 0.0)],
    "leave": [("patch", 1.0, 1.0)],
    "aperture": [],  # particles alone know it
    "radiate": [("radiate", 1.0, 0.0)],
    "radiate_face": [("radiate_face", 1.0, 0.0)],
}
OPERATION = {name: index for index, name in enumerate(SEQUENCES)}


def _composed(name: str) -> Callable[[Row, State], State]:
    def act(row: Row, state: State) -> State:
        for step, weight, choice in SEQUENCES[name]:
            state = STEPS[step](row, state, weight, choice)
        return state

    return act


def _combined_bend(row: Row, state: State) -> State:
    """The same as composed, by a loop, which compiles in a seventh of the time."""
    parts = jnp.array(_COMBINED)

    def stage(index: Any, state: State) -> State:
        state = _bend(row, state, parts[index, 0], 0.0)
        return _curved_kick(row, state, parts[index, 1], 0.0)

    return jax.lax.fori_loop(0, len(_COMBINED), stage, state)


def _aperture(row: Row, state: State) -> State:
    inside = (jnp.abs(state[0]) <= row["x_limit"]) & (jnp.abs(state[2]) <= row["y_limit"])
    x, *rest = state
    return (jnp.where(inside, x, jnp.nan), *rest)


#: The operations as maps by name, each (row, state) -> state.
OPERATIONS: dict[str, Callable[[Row, State], State]] = {
    **{name: _composed(name) for name in SEQUENCES},
    "combined_bend": _combined_bend,
    "aperture": _aperture,
}


def _turned(angle: Any) -> list[list[Any]]:
    """Axes after a bend by `angle`, as rows, in those before."""
    c, s = jnp.cos(angle), jnp.sin(angle)
    return [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]


def _rolled(angle: Any) -> list[list[Any]]:
    c, s = jnp.cos(angle), jnp.sin(angle)
    return [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]


def _transposed(axes: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*axes, strict=True)]


def _product(first: Any, second: Any) -> list[list[Any]]:
    columns = _transposed(second)
    return [_maps.rotated(columns, row) for row in first]


def _to(angle: Any, length: Any) -> list[Any]:
    """Where an arc of an angle and a length ends, in the axes of its beginning."""
    safe = jnp.where(angle == 0, 1.0, angle)
    forward = jnp.where(angle == 0, length, length * jnp.sin(safe) / safe)
    inward = jnp.where(angle == 0, 0.0, length * (1 - jnp.cos(safe)) / safe)
    return [-inward, 0.0, forward]


def _sum(first: Any, second: Any) -> list[Any]:
    return [a + b for a, b in zip(first, second, strict=True)]


def body_patch(row: Row, leaving: Any) -> tuple[list[Any], list[list[Any]]]:
    """Shift and axes from the design orbit to the body's end, or for `leaving` 1 back from it.

    The body turns by its roll and shifts by dx, dy about the centre of its arc; the tilt turns
    the arc itself.
    """
    sense = 1.0 - 2.0 * leaving
    half, length = sense * row["angle"] / 2, sense * row["length"] / 2
    tilt = _rolled(row["tilt"])
    # Go from the design's end to the centre of its arc, shift and turn there, and back along the
    # body's own arc.
    axes = _product(_turned(half), tilt)
    turned = _product(_rolled(row["roll"]), axes)
    shift = _maps.rotated(_transposed(tilt), _to(half, length))
    shift = _sum(shift, _maps.rotated(_transposed(axes), [row["dx"], row["dy"], 0.0]))
    shift = _sum(shift, _maps.rotated(_transposed(turned), _to(-half, -length)))
    rotation = _product(_turned(-half), turned)
    # the way back is the inverse of what was found
    back = [-v for v in _maps.rotated(rotation, shift)], _transposed(rotation)
    return _chosen(leaving, lambda: back, lambda: (shift, rotation))
