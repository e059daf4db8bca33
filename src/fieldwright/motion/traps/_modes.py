"""The motion of a single charge in an ideal trap, as the three circles and lines it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.motion.ions._ions import Ions, parts
from fieldwright.motion.traps._frequencies import (
    Centre,
    about_centre,
    require_trapped,
    round_frequencies,
)
from fieldwright.sources import LinearField, Source
from fieldwright.sources._checks import as_float

if TYPE_CHECKING:
    from fieldwright.motion.simulation._trajectory import Trajectory


class Amplitudes(Result):
    """How large the three motions of each charge are, and in which phase; arrays (..., n).

    Across the axis x + i y = A+ exp(-i (w+ t + phi+)) + A- exp(-i (w- t + phi-)), along it
    z = Az cos(wz t + phi_z), from the trap's centre and at the time t = 0 of the ions. Without
    interaction and drives the amplitudes stay as they are; each is proportional to the root of an
    action, and its phase is the angle.

    >>> from fieldwright.motion import Ions, amplitudes
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(6.655e-26, 1.602e-19, [[20e-6, 0.0, 20e-6]], [[0.0, 25.0, 0.0]])
    >>> found = amplitudes(ion, trap)
    >>> print(f"{found.radius_low[0] * 1e6:.3f} to {found.radius_high[0] * 1e6:.3f} um")
    20.000 to 44.649 um
    """

    modified_cyclotron: jax.Array = quantity("m", "amplitude of the modified cyclotron motion")
    axial: jax.Array = quantity("m", "amplitude of the axial motion")
    magnetron: jax.Array = quantity("m", "amplitude of the magnetron motion")
    modified_cyclotron_phase: jax.Array = quantity("rad", "phase of the modified cyclotron motion")
    axial_phase: jax.Array = quantity("rad", "phase of the axial motion")
    magnetron_phase: jax.Array = quantity("rad", "phase of the magnetron motion")

    @property
    def radius_high(self) -> jax.Array:
        """R+ = A+ + A- [m], the largest distance from the axis."""
        return self.modified_cyclotron + self.magnetron

    @property
    def radius_low(self) -> jax.Array:
        """R- = |A+ - A-| [m], the least distance from the axis."""
        return jnp.abs(self.modified_cyclotron - self.magnetron)


def amplitudes(ions: Ions | Trajectory, trap: Source | LinearField) -> Amplitudes:
    """The amplitudes and phases of the motions that the charges would make alone in a trap.

    Args:
        ions: the charges; of a `Trajectory`, at each of its times.
        trap: one that is round about its magnetic field; drives are left out, and of anharmonic
            traps the part that acts on small amplitudes is taken.

    Returns:
        `Amplitudes`, arrays (n,), or (k, n) of a trajectory; they are NaN where a charge is lost.

    Raises:
        InputError: the trap is tilted or elliptic.
        UnstableTrapError: it does not hold one of the charges.

    From equation 20 of the paper on the Penning trap and its derivative, A+ exp(-i phi+) =
    (i f' - w- f) / (w+ - w-) and A- exp(-i phi-) = (w+ f - i f') / (w+ - w-), f = x + i y.

    >>> from fieldwright.motion import Ions, amplitudes
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(6.655e-26, 1.602e-19, [[20e-6, 0.0, 20e-6]], [[0.0, 25.0, 0.0]])
    >>> print(f"{amplitudes(ion, trap).axial[0] * 1e6:.3f} um")
    20.000 um
    """
    mass, charge, position, velocity = parts(ions)
    near, rates = _round_trap(trap, mass, charge)
    return Amplitudes(*_amplitudes(position - near.position, velocity, near.frame, rates))


def analytic_motion(
    ions: Ions, trap: Source | LinearField, time: Any
) -> tuple[jax.Array, jax.Array]:
    """The exact motion of charges that do not act on each other in an ideal trap.

    Args:
        ions: the charges at the time zero.
        trap: one that is round about its magnetic field; as for `amplitudes`.
        time: (k,) [s].

    Returns:
        Position (k, n, 3) [m] and velocity (k, n, 3) [m/s] at these times, by equations 13 (with
        w_z t for w_z^2 t) and 20 of the paper on the Penning trap.

    Raises:
        InputError: the trap is tilted or elliptic, or `time` is no array (k,).
        UnstableTrapError: the trap does not hold one of the charges.

    >>> from fieldwright.motion import Ions, analytic_motion
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(40.078 * 1.66053906892e-27, 1.602176634e-19, [[2e-5, 0, 2e-5]], [[0, 25.0, 0]])
    >>> position, velocity = analytic_motion(ion, trap, [50e-6])
    >>> print(f"z = {position[0, 0, 2] * 1e6:.6f} um")
    z = -19.812220 um
    """
    time = as_float(time, "time", (None,))
    mass, charge, position, velocity = parts(ions)
    near, rates = _round_trap(trap, mass, charge)
    places, speeds = _moved(position - near.position, velocity, near.frame, rates, time)
    return places + near.position, speeds


def _round_trap(
    trap: Source | LinearField, mass: Any, charge: Any
) -> tuple[Centre, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The trap about its centre; w_z, w+ and w- of each charge (n,)."""
    near = about_centre(trap)
    if not near.round:
        raise InputError(
            "the trap is elliptic, or tilted against its magnetic field: formulas for single "
            "circles do not hold in it; simulate(..., coulomb=False) is exact there too",
            parameter="trap",
        )
    mass, charge = np.asarray(mass), np.asarray(charge)
    found = round_frequencies(near, charge / mass)
    held = np.isfinite(sum(found)) & (found[1] != found[2])
    if not held.all():
        first = int(np.argmin(held))
        require_trapped(trap, mass[first], charge[first])
    return near, found


Rates = tuple[Any, Any, Any]  # w_z, w+ and w- of each charge (n,)


def _circles(
    f: jax.Array, df: jax.Array, plus: jax.Array, minus: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The two parts of f = x + i y that turn as exp(-i w+ t) and exp(-i w- t), at the time zero."""
    return (1j * df - minus * f) / (plus - minus), (plus * f - 1j * df) / (plus - minus)


@jax.jit
def _amplitudes(
    offset: jax.Array, velocity: jax.Array, frame: jax.Array, rates: Rates
) -> tuple[jax.Array, ...]:
    axial, plus, minus = rates
    (f, z), (df, dz) = _split(offset @ frame), _split(velocity @ frame)
    fast, slow = _circles(f, df, plus, minus)
    sizes = jnp.abs(fast), jnp.hypot(z, dz / axial), jnp.abs(slow)
    return *sizes, -jnp.angle(fast), jnp.arctan2(-dz / axial, z), -jnp.angle(slow)


@jax.jit
def _moved(
    offset: jax.Array, velocity: jax.Array, frame: jax.Array, rates: Rates, time: jax.Array
) -> tuple[jax.Array, jax.Array]:
    axial, plus, minus = rates
    t = time[:, None]
    (f, z), (df, dz) = _split(offset @ frame), _split(velocity @ frame)
    fast, slow = _circles(f, df, plus, minus)
    fast, slow = fast * jnp.exp(-1j * plus * t), slow * jnp.exp(-1j * minus * t)
    cosine, sine = jnp.cos(axial * t), jnp.sin(axial * t)
    places = _joined(fast + slow, z * cosine + dz / axial * sine)
    speeds = _joined(-1j * (plus * fast + minus * slow), dz * cosine - axial * z * sine)
    return places @ frame.T, speeds @ frame.T


def _split(vectors: jax.Array) -> tuple[jax.Array, jax.Array]:
    return vectors[..., 0] + 1j * vectors[..., 1], vectors[..., 2]


def _joined(f: jax.Array, z: jax.Array) -> jax.Array:
    return jnp.stack([f.real, f.imag, z], axis=-1)
