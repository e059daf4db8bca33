"""Floquet analysis of driven traps: how fast motion grows.

In a drive of period T the motion over one period is a symplectic matrix. Its eigenvalues, the
multipliers, say what becomes of the motion: one of size |mu| makes it grow at the rate ln |mu| / T.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.motion.integrators._flow import phase_matrices, rate
from fieldwright.motion.ions._species import Species, find_species
from fieldwright.motion.resonances._periodic import Drive, DrivenTrap, PeriodicFields
from fieldwright.sources import LinearField, Source, parametric_drive
from fieldwright.sources._checks import as_float

#: Stable multipliers are found this close to the unit circle: the root of rounding, where two meet.
ROUNDING = 1e-6
#: Steps of the series take this much of the field's rate (longer ones than `flow_matrices` takes:
#: 1e-9 will do), and so many points go together.
_STEP = 2.5
_CHUNK = 128


def growth_rate(
    trap: Source,
    species: str | Species,
    amplitudes: Any,
    angular_frequencies: Any,
    *,
    drive: Drive = parametric_drive,
) -> np.ndarray:
    """How fast the motion of an ion in a driven trap grows, over amplitudes and frequencies.

    This is about small motion around the centre, where the trap is linear. A drive whose force does
    not depend on position (a dipole) gives no such growth: at an eigenfrequency the motion it
    drives rises in proportion to time.

    Args:
        trap: what holds the ion, at rest.
        species: a name of `SPECIES`, or a `Species`.
        amplitudes: of the drive (F,); f for the parametric drive.
        angular_frequencies: of the drive (W,) [rad/s].
        drive: makes the drive: `drive(trap, amplitude, angular_frequency)` returns a source; JAX
            traces it.

    Returns:
        Growth rates (F, W) [1/s], zero where motion is stable.

    Raises:
        InputError: the drives have no common period, the drive is not linear about the centre, or a
            number is not a finite float64 of its shape or not above zero.

    >>> from fieldwright.motion import growth_rate
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> rates = growth_rate(trap, "40Ca+", [0.4], [1.0e6, 1.388e6])  # 1.388e6 rad/s is 2 wz
    >>> print([f"{rate:.3g} 1/s" for rate in rates[0]])
    ['0 1/s', '6.92e+04 1/s']
    """
    f = np.asarray(as_float(amplitudes, "amplitudes", (None,)))
    w = np.asarray(as_float(angular_frequencies, "angular_frequencies", (None,)))
    if not f.size * w.size:
        return np.zeros((f.size, w.size))
    pairs = np.meshgrid(f, w, indexing="ij")
    fields = DrivenTrap(trap, drive, nonlinear=True).fields(*(part.ravel() for part in pairs))
    return growth_rates(fields, charge_to_mass(species)).reshape(f.size, w.size)


def growth_rates(fields: PeriodicFields, ratio: float) -> np.ndarray:
    """Growth rates (p,) [1/s] in fields, of an ion of a charge-to-mass ratio [C/kg]."""
    largest = np.empty(fields.period.shape)
    unit = 1 / float(rate(fields.field, ratio).max())
    for points, matrices in monodromies(fields, ratio, unit):
        largest[points] = np.abs(np.linalg.eigvals(matrices[:, -1])).max(axis=-1)
    return growth(largest) / fields.period


def charge_to_mass(species: str | Species) -> float:
    """The ratio [C/kg] of a species, or of a name of one."""
    kind = find_species(species)
    return float(kind.charge / kind.mass)


def growth(size: np.ndarray) -> np.ndarray:
    """The logarithm of the sizes of multipliers, exactly zero on the unit circle."""
    return np.log(np.where(size > 1 + ROUNDING, size, 1.0))


def monodromies(
    fields: PeriodicFields, ratio: float, unit: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Chunks of points of like period: their indices (p,), and their matrices (p, k, 6, 6).

    The matrices carry (r, v) from the time zero to phases of the period, the last to its end; the
    series steps over them, so that nothing turns by more than half a turn from one to the next.
    Velocities are measured in lengths per `unit` [s], so that the matrices' parts are of a size.
    """
    turns = fields.period * rate(fields.field, ratio) / _STEP
    room = 1 << int(np.ceil(np.log2(max(turns.max(), 32.0))))
    order = np.argsort(turns, kind="stable")
    scale = np.repeat([1.0, unit], 3)
    for points in np.split(order, range(_CHUNK, len(order), _CHUNK)):
        some = fields.pick(np.resize(points, _CHUNK))
        count = max(1, int(np.ceil(turns[points].max())))
        phases = _phases(room, some.field, ratio, some.period / count, count)
        matrices = np.asarray(phases)[: len(points), : count + 1] * scale[:, None] / scale
        yield points, matrices


@partial(jax.jit, static_argnums=0)
def _phases(
    room: int, field: LinearField, ratio: jax.Array, step: jax.Array, count: jax.Array
) -> jax.Array:
    return jnp.moveaxis(phase_matrices(field, ratio, step, count, room)[:, :6, :6], -1, 0)
