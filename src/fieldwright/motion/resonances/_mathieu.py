"""The stability of Mathieu's equation y'' + (a - 2 q cos 2 t) y = 0, and traps on its chart.

A parametric drive V0 (1 + f cos w t) turns the axial motion, and the radial one as seen in a frame
that rotates at half the cyclotron frequency, into Mathieu's equation in the time w t / 2.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.motion.integrators._flow import flow_batch
from fieldwright.motion.ions._species import Species
from fieldwright.motion.resonances._floquet import charge_to_mass
from fieldwright.sources import LinearField, PenningTrap
from fieldwright.sources._checks import as_float

#: Points are computed in multiples of this: few shapes to compile for, and little memory.
_CHUNK = 4096


def mathieu_discriminant(a: Any, q: Any) -> np.ndarray:
    """cos(pi nu), nu the characteristic exponent: motion is stable between -1 and 1.

    It is half the trace of the matrix that carries (y, y') over a period, pi.

    Args:
        a: (...).
        q: of a shape that broadcasts against that of `a`.

    Returns:
        cos(pi nu) (...), as in the NIST Digital Library of Mathematical Functions, (28.2.16).

    Raises:
        InputError: a value is not a finite real number.

    >>> from fieldwright.motion import mathieu_discriminant
    >>> print(f"{float(mathieu_discriminant(1 / 9, 0.0)):.3f}")  # cos(pi / 3)
    0.500
    """
    a = as_float(a, "a", (None,) * np.ndim(a))
    q = as_float(q, "q", (None,) * np.ndim(q))
    a, q = np.broadcast_arrays(a, q)
    rate = np.sqrt(np.max(np.abs(a) + 2 * np.abs(q), initial=0.0)) + 2
    substeps = 1 << int(np.ceil(np.log2(np.pi / 2 * rate / 1.5)))
    size = _CHUNK if a.size > 64 else 64
    total = -(-a.size // size) * size
    chunks = [np.resize(value, total).reshape(-1, size) for value in (a, q)]
    parts = [_discriminant(substeps, *chunk) for chunk in zip(*chunks, strict=True)]
    return np.concatenate(parts)[: a.size].reshape(a.shape) if parts else np.zeros(a.shape)


def mathieu_stable(a: Any, q: Any) -> np.ndarray:
    """Whether all solutions of y'' + (a - 2 q cos 2 t) y = 0 stay bounded, the edges included.

    Args:
        a: (...).
        q: of a shape that broadcasts against that of `a`.

    Returns:
        Booleans (...).

    Raises:
        InputError: a value is not a finite real number.

    >>> from fieldwright.motion import mathieu_stable
    >>> mathieu_stable(0.0, [0.9, 0.91]).tolist()  # a Paul trap holds up to q = 0.908
    [True, False]
    """
    return np.abs(mathieu_discriminant(a, q)) <= 1


class MathieuPoints(NamedTuple):
    """Where a trap under a parametric drive is on the chart; each an array (w,).

    Attributes:
        axial_a: a of the axial motion.
        axial_q: its q.
        radial_a: a of the radial motion in the frame that rotates at half the cyclotron frequency.
        radial_q: its q.
    """

    axial_a: np.ndarray
    axial_q: np.ndarray
    radial_a: np.ndarray
    radial_q: np.ndarray


def mathieu_points(
    trap: PenningTrap, species: str | Species, amplitude: Any, angular_frequencies: Any
) -> MathieuPoints:
    """The a and q of an ion's motion in a trap under a parametric drive V0 (1 + f cos w t).

    With z'' + wz^2 (1 + f cos w t) z = 0: a = 4 wz^2 / w^2 and q = -2 f wz^2 / w^2, of which the
    sign only means half a period of delay and is dropped. In the plane, x + i y = u exp(-i w0 t/2)
    leaves u'' + (w0^2/4 - wz^2/2 (1 + f cos w t)) u = 0: a = (w0^2 - 2 wz^2) / w^2, q = f wz^2/w^2.

    Args:
        trap: round and aligned with its magnetic field.
        species: a name of `SPECIES`, or a `Species`.
        amplitude: f of the drive.
        angular_frequencies: of the drive (w,) [rad/s].

    Raises:
        InputError: the trap is elliptic or tilted, or a number is not a finite float64.

    >>> from fieldwright.motion import mathieu_points
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> points = mathieu_points(trap, "40Ca+", 0.4, [1.388e6])  # 2 wz
    >>> print(f"a = {points.axial_a[0]:.2f}, q = {points.axial_q[0]:.2f}")
    a = 1.00, q = 0.20
    """
    if np.any(trap.ellipticity) or np.any(trap.tilt):
        raise InputError(
            "the motion is Mathieu's only in a trap without ellipticity and tilt: use "
            "instability_bands",
            parameter="trap",
        )
    w = np.asarray(as_float(angular_frequencies, "angular_frequencies", (None,)))
    f = float(as_float(amplitude, "amplitude"))
    ratio = charge_to_mass(species)
    wz2 = 2 * ratio * float(trap.voltage) / float(trap.size) ** 2
    w02 = (ratio * float(trap.magnetic_field)) ** 2
    axial, radial = 4 * wz2 / w**2, (w02 - 2 * wz2) / w**2
    return MathieuPoints(axial, np.abs(f) * axial / 2, radial, np.abs(f * wz2) / w**2)


@partial(jax.jit, static_argnums=0)
def _discriminant(substeps: int, a: jax.Array, q: jax.Array) -> jax.Array:
    """From half a period: the equation is even in time, which makes the other half its mirror."""
    zero = jnp.zeros((1, 1))
    field = LinearField(
        E0=zero,
        G=-a[None, None],
        B=jnp.zeros((3, 1)),
        drive_E0=zero[None],
        drive_G=2 * q[None, None, None],
        angular_frequency=jnp.full((1, 1), 2.0),
        phase=zero,
    )
    span = jnp.full(1, jnp.pi / 2 / substeps)
    M = flow_batch(field, jnp.ones(1), jnp.zeros(1), span, substeps)
    return M[0, 0] * M[1, 1] + M[0, 1] * M[1, 0]
