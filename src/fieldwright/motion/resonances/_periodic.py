"""Traps under a drive: their linear fields over many amplitudes and frequencies at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.sources import LinearField, Source, fields_of, linear_of, split_linear

#: Makes the drive alone from the trap, an amplitude and an angular frequency [rad/s].
Drive = Callable[[Any, Any, Any], Source]


class PeriodicFields(NamedTuple):
    """Linear fields, one for each of p pairs of amplitude and angular frequency.

    Attributes:
        field: its leaves are NumPy arrays with a trailing axis (p,).
        period: after which each repeats (p,) [s].
        harmonic: how many periods fit into one of the frequency asked for; 2 in a rotating wall.
    """

    field: LinearField
    period: np.ndarray
    harmonic: int

    def pick(self, points: np.ndarray) -> PeriodicFields:
        """The fields at some of the points."""
        field = jax.tree.map(lambda leaf: leaf[..., points], self.field)
        return PeriodicFields(field, self.period[points], self.harmonic)


class DrivenTrap:
    """A trap at rest and a kind of drive, of which the amplitude and the frequency are open.

    Args:
        trap: a source, at rest.
        drive: makes the drive alone: `drive(trap, amplitude, angular_frequency)`.
        nonlinear: whether what is not linear in position is left out rather than refused; then the
            fields are those for small motion about the centre.

    Raises:
        InputError: there are parts that are not linear in position and may not be left out.
    """

    def __init__(self, trap: Source, drive: Drive, *, nonlinear: bool):
        self._trap, self._drive = trap, drive
        self._static, rest = split_linear(trap)
        # What holds at one amplitude and frequency is taken to hold at all.
        self._one, drive_rest = split_linear(drive(trap, np.ones(()), np.ones(())))
        if not nonlinear:
            _refuse(rest, drive_rest)
        elif rest is not None:
            self._static = self._static + _about_centre(rest)
        if not len(self._one.phase) or (drive_rest is not None and _matters(drive_rest, self._one)):
            raise InputError(
                "the drive is not linear in position about the centre: use simulate",
                parameter="drive",
            )

    def fields(self, amplitude: np.ndarray, angular_frequency: np.ndarray) -> PeriodicFields:
        """The fields at pairs of amplitude (p,) and angular frequency (p,) [rad/s].

        Raises:
            InputError: a frequency is not above zero, or the drives have no common period.
        """
        if not np.all(angular_frequency > 0):
            raise InputError(
                f"angular frequencies of a drive are above zero, got {angular_frequency.min():g}",
                parameter="angular_frequencies",
            )
        points = len(amplitude)
        # A few sizes only, as each is compiled for.
        size = 1 << max(7, (points - 1).bit_length())
        pairs = [np.resize(values, size) for values in (amplitude, angular_frequency)]
        field = _jitted(self._drive, self._static, self._trap, *pairs)
        if len(field.phase) - len(self._static.phase) != len(self._one.phase):
            # Under jit, a part of unknown numbers does not pass for linear where it may be not.
            field = _linear_fields(self._drive, self._static, self._trap, *pairs)
        field = jax.tree.map(lambda leaf: np.asarray(leaf)[..., :points], field)
        lowest = _lowest(np.abs(field.angular_frequency))
        harmonic = int(np.rint(lowest / angular_frequency)[0])
        return PeriodicFields(field, 2 * np.pi / lowest, harmonic)


def _linear_fields(
    drive: Drive, static: LinearField, trap: Source, amplitude: Any, w: Any
) -> LinearField:
    def whole(amplitude: jax.Array, w: jax.Array) -> LinearField:
        return static + (linear_of(drive(trap, amplitude, w)) or LinearField.static())

    return jax.vmap(whole, out_axes=-1)(jnp.asarray(amplitude), jnp.asarray(w))


_jitted = jax.jit(_linear_fields, static_argnums=0)


def _refuse(*rests: Source | None) -> None:
    for rest in rests:
        if rest is not None:
            raise InputError(
                "losses without interaction are found by matrices, which takes fields linear in "
                f"position; here a part is not ({type(rest).__name__}): use simulate",
                parameter="trap",
            )


def _about_centre(rest: Source) -> LinearField:
    """What a source does to small motion about the origin, at the time zero."""

    def E(point: jax.Array) -> jax.Array:
        return fields_of(rest, point[None], 0.0)[0][0]

    centre = jnp.zeros(3)
    B = fields_of(rest, centre[None], 0.0)[1][0]
    return LinearField.static(E(centre), jax.jacfwd(E)(centre), B)


def _matters(rest: Source, beside: LinearField) -> bool:
    part = _about_centre(rest)
    size = float(jnp.abs(part.G).max()), float(jnp.abs(part.B).max())
    return size[0] > 1e-12 * float(jnp.abs(beside.drive_G).max(initial=0.0)) or size[1] > 0


def _lowest(frequencies: np.ndarray) -> np.ndarray:
    """The lowest (p,) of the drives' frequencies (k, p), of which the others must be multiples."""
    lowest = frequencies.min(axis=0)
    ratio = frequencies / lowest
    if not np.all(np.abs(ratio - np.rint(ratio)) < 1e-9):
        listed = ", ".join(f"{w:g}" for w in frequencies[:, 0])
        raise InputError(
            f"the drives have no common period: {listed} rad/s are not multiples of the lowest",
            parameter="drive",
        )
    return lowest
