"""Which ions a driven trap loses, over amplitudes and frequencies of the drive.

Ions that do not interact move by matrices: one for the drive's period, applied again and again, and
some to phases within it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright._threads import cores
from fieldwright.errors import InputError
from fieldwright.motion.integrators._flow import rate
from fieldwright.motion.resonances._first_exit import BLOCK, never_beyond
from fieldwright.motion.resonances._periodic import Drive, DrivenTrap, PeriodicFields
from fieldwright.sources import LinearField, Source, parametric_drive
from fieldwright.sources._checks import as_float, require_positive

if TYPE_CHECKING:
    from fieldwright.motion.ions._ions import Ions

#: Points of the scan that are computed together.
_CHUNK = 30
#: Time between phases, times the field's rate: then r^2 between them is known to about 1e-5.
_STEP = 1.0


class LossScan(Result):
    """The fraction of ions left in a trap over amplitudes (F,) and frequencies (W,) of its drive.

    Attributes:
        amplitude: of the drive (F,), in its own unit.
        angular_frequency: of the drive (W,) [rad/s].
        fractions: left of each cloud (clouds, F, W).
        duration: [s].
        radius: beyond which ions are lost [m].
    """

    amplitude: jax.Array = quantity("1", "amplitude of the drive")
    angular_frequency: jax.Array = quantity("rad/s", "angular frequency of the drive")
    fractions: jax.Array = quantity("1", "fraction of ions left, by cloud")
    duration: jax.Array = quantity("s", "duration of the drive")
    radius: jax.Array = quantity("m", "distance at which ions are lost")

    @property
    def fraction_left(self) -> jax.Array:
        """Mean over the clouds (F, W)."""
        return jnp.mean(self.fractions, axis=0)

    @property
    def standard_error(self) -> jax.Array:
        """Of the mean over the clouds (F, W); NaN where there is only one cloud."""
        clouds = len(self.fractions)
        if clouds == 1:
            return jnp.full(self.fractions.shape[1:], jnp.nan)
        return jnp.std(self.fractions, axis=0, ddof=1) / np.sqrt(clouds)

    def bands(self, below: float = 0.5) -> list[list[tuple[float, float]]]:
        """For each amplitude, the bands (first, last) [rad/s] with a lower fraction left."""
        w = np.asarray(self.angular_frequency)
        return [_runs(w, row) for row in np.asarray(self.fraction_left) < below]


def _runs(w: np.ndarray, inside: np.ndarray) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]])))
    return [(float(w[a]), float(w[b - 1])) for a, b in edges.reshape(-1, 2)]


def loss_scan(
    ions: Ions | Sequence[Ions],
    trap: Source,
    amplitudes: Any,
    angular_frequencies: Any,
    duration: Any,
    *,
    drive: Drive = parametric_drive,
    radius: Any = None,
    progress: Callable[[float], None] | None = None,
) -> LossScan:
    """The fraction of ions left in a driven trap, without interaction between them.

    An ion that has been farther than `radius` from the origin at any time is lost.

    Args:
        ions: a cloud, or several of the same size for an estimate of the spread.
        trap: what holds the ions, linear in position.
        amplitudes: of the drive (F,); f for the parametric drive.
        angular_frequencies: of the drive (W,) [rad/s].
        duration: [s].
        drive: makes the drive: `drive(trap, amplitude, angular_frequency)` returns a source; JAX
            traces it.
        radius: [m], by default the trap's `size`.
        progress: is called with the fraction done.

    Returns:
        A `LossScan`.

    Raises:
        InputError: a field is not linear in position (use `simulate`), the drives have no common
            period, or a number is not a finite float64 of its shape or not above zero.

    >>> from fieldwright.motion import Ions, loss_scan
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ion = Ions(6.655e-26, 1.602e-19, [[20e-6, 0.0, 20e-6]], [[0.0, 25.0, 0.0]])
    >>> scan = loss_scan(ion, trap, [0.4], [1.0e6, 1.388e6], duration=500e-6)
    >>> print(scan.fraction_left)
    [[1. 0.]]
    """
    clouds = list(ions) if isinstance(ions, Sequence) else [ions]
    f = np.asarray(as_float(amplitudes, "amplitudes", (None,)))
    w = np.asarray(as_float(angular_frequencies, "angular_frequencies", (None,)))
    radius = getattr(trap, "size", None) if radius is None else radius
    if radius is None:
        raise InputError("say at which radius [m] ions are lost", parameter="radius")
    radius, duration = float(as_float(radius, "radius")), float(as_float(duration, "duration"))
    require_positive(radius=radius, duration=duration)
    for name, values in (("amplitudes", f), ("angular_frequencies", w), ("ions", clouds)):
        if len(values) == 0:
            raise InputError(f"there are no {name.replace('_', ' ')}", parameter=name)
    pairs = np.meshgrid(f, w, indexing="ij")
    fields = DrivenTrap(trap, drive, nonlinear=False).fields(*(part.ravel() for part in pairs))
    kept = _kept(_ratios(clouds), fields, duration, radius, progress)
    share = kept.reshape(f.size, w.size, len(clouds), -1).mean(axis=-1)
    numbers = (jnp.asarray(value) for value in (f, w, np.moveaxis(share, 2, 0), duration, radius))
    return LossScan(*numbers)


class _Species(NamedTuple):
    """Ions of one charge-to-mass ratio [C/kg]: which of all, and (r, v, 1) (7, n) [m, m/s]."""

    ratio: float
    which: np.ndarray
    state: np.ndarray


def _ratios(clouds: list[Ions]) -> list[_Species]:
    sizes = {len(cloud.position) for cloud in clouds}
    if len(sizes) > 1 or not min(sizes):
        listed = " and ".join(map(str, sorted(sizes)))
        raise InputError(
            f"clouds have the same number of ions, at least one; got {listed}", parameter="ions"
        )
    r = np.concatenate([np.asarray(cloud.position) for cloud in clouds])
    v = np.concatenate([np.asarray(cloud.velocity) for cloud in clouds])
    ratio = np.concatenate([np.asarray(cloud.charge / cloud.mass) for cloud in clouds])
    state = np.concatenate([r, v, np.ones((len(r), 1))], axis=1).T
    which = [np.flatnonzero(ratio == value) for value in np.unique(ratio)]
    return [_Species(float(ratio[i[0]]), i, state[:, i]) for i in which]


def _kept(
    species: list[_Species],
    fields: PeriodicFields,
    duration: float,
    radius: float,
    progress: Callable[[float], None] | None,
) -> np.ndarray:
    """Which ions are left (points, ions), all species together."""
    points = len(fields.period)
    kept = np.empty((points, sum(len(one.which) for one in species)), dtype=bool)
    jobs = [job for one in species for job in _jobs(one, fields, duration)]
    # A power of two, as each is compiled for.
    room = 1 << (max(job.phases for job in jobs) - 1).bit_length()

    def compute(job: _Job) -> np.ndarray:
        state = job.species.state / radius
        args: Any = (job.field, job.species.ratio, job.stretch, job.phases, duration, state)
        return np.asarray(never_beyond(room, *args))

    with ThreadPoolExecutor(cores()) as pool:
        # The first alone, or each thread would compile the same.
        results = chain([compute(jobs[0])], pool.map(compute, jobs[1:]))
        for done, (job, result) in enumerate(zip(jobs, results, strict=True), 1):
            kept[np.ix_(job.points, job.species.which)] = result[: len(job.points)]
            if progress is not None:
                progress(done / len(jobs))
    return kept


class _Job(NamedTuple):
    """Points of the scan computed together: `stretch` [s] is some periods, in steps to `phases`."""

    species: _Species
    points: np.ndarray
    field: LinearField
    stretch: np.ndarray
    phases: int


def _jobs(species: _Species, fields: PeriodicFields, duration: float) -> Iterator[_Job]:
    """The points in chunks of like period, the last filled up so that all have one shape."""
    order = np.argsort(fields.period, kind="stable")
    size = min(_CHUNK, len(order))
    for points in np.split(order, range(size, len(order), size)):
        some = fields.pick(np.resize(points, size))
        turns = some.period * rate(some.field, species.ratio) / _STEP
        # Some periods are taken together, so that blocks of phases are nearly full.
        most = turns.max() / BLOCK
        periods = min(range(1, 9), key=lambda n: np.ceil(n * most) / n)
        stretch = np.minimum(periods * some.period, duration)
        blocks = np.ceil((stretch / some.period * turns).max() / BLOCK)
        yield _Job(species, points, some.field, stretch, BLOCK * int(blocks))
