"""Spectrum and angular distribution of the light of one charge on any path."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright._sizes import filled_up, padded_size
from fieldwright.constants import ELEMENTARY_CHARGE, HBAR, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light.spectra._directions import as_directions
from fieldwright.light.spectra._medium_sums import Optics, cheapest, optics_of
from fieldwright.light.spectra._nufft import LOSSY, PRECISION, has_library
from fieldwright.light.spectra._path import Path, as_path
from fieldwright.light.spectra._resolution import (
    PERIOD_TURN,
    TURN,
    largest_rate,
    nearest_rate,
    one_period,
    phase_error,
    phase_rounding,
    resolve,
    step_size,
)
from fieldwright.light.spectra._spectrum_sums import TURNS, Counts, far_sums, near_sums
from fieldwright.light.spectra._stencils import POINTS, padded_weights
from fieldwright.sources._checks import as_float, is_concrete, numpy_for

_EVEN = 1e-14  # of the largest photon energy: how far from equal steps still counts as such
_UNKNOWN = (float("nan"), float("nan"))  # errors inside `jit`
_FEW = 16  # photon energies below which equal steps are of no use


class Spectrum(Result):
    """The light of one elementary charge: field and energy over direction and photon energy.

    `amplitude` (..., e, 2) [s] is the integral of n x (n x v/c) exp(i omega (t - sqrt(eps) n.r/c))
    along x and y, turned with z into the direction; `energy` (..., e) is d2W/(d Omega d omega).
    """

    photon_energy: jax.Array = quantity("eV", "photon energy")
    amplitude: jax.Array = quantity("s", "field amplitude, two polarisations")
    energy: jax.Array = quantity("J s/sr", "energy per solid angle and angular frequency")
    error_estimate: jax.Array = quantity("", "error of amplitudes over the largest")

    @property
    def photons(self) -> jax.Array:
        """Photons (..., e) per charge, steradian and unit of relative bandwidth [1/sr]."""
        return self.energy / HBAR

    def flux(self, current: Any) -> jax.Array:
        """Photons/s/mrad^2/0.1 % bandwidth (..., e) of a beam of `current` [A], all alike."""
        return self.photons * (current / ELEMENTARY_CHARGE * 1e-9)

    @property
    def stokes(self) -> jax.Array:
        """Stokes parameters (..., e, 4) [J s/sr]: total, x less y, +45 less -45 degrees, circular.

        The last is positive where the field turns from x to y, seen against the light.
        """
        x, y = self.amplitude[..., 0], self.amplitude[..., 1]
        both, cross = jnp.abs(x) ** 2 + jnp.abs(y) ** 2, jnp.conj(x) * y
        shares = jnp.stack(
            [both, jnp.abs(x) ** 2 - jnp.abs(y) ** 2, 2 * cross.real, 2 * cross.imag], axis=-1
        )
        scale = self.energy / jnp.where(both > 0, both, 1.0)
        return shares * scale[..., None]


def spectrum(
    trajectory: Any, photon_energy: Any, direction: Any, medium: Any = None, *, periods: int = 1,
    ends: str = "cut",
) -> Spectrum:  # fmt: skip
    """Field and energy of light far away, in vacuum or in a medium.

    Args:
        trajectory: a `Path`, or the `Trajectory` of one charge.
        photon_energy: (e,), or one [eV]. Equal steps are quickest.
        direction: vectors (..., 3), or angles (..., 2) about z [rad].
        medium: what has `one_minus_index(photon_energy)` and `attenuation(photon_energy)`, such
            as `Plasma`; vacuum where it is None. Light is lost on its way to where the path is
            farthest out, which is its end where it goes ahead.
        periods: how often the trajectory, one period with both ends, is passed.
        ends: "cut": no charge before and after, as in the paper's (2b); or "straight": it comes
            and goes with the velocities that it has at the ends, in the same medium.

    Returns:
        The `Spectrum`, with axes of `direction` first, then of `photon_energy`.

    Raises:
        InputError: an argument that does not fit, a photon energy at which the medium lets no wave
            through, or a trajectory of too few points: the text says how many are needed.

    A charge whose path is cut radiates as it appears and vanishes: that is in the wings of lines
    and at low photon energies, and depends on the phase of the motion at the ends. It goes on
    straight from an integral of (2b) by parts: the terms at the ends, n x (n x v/c) / (1 - n.v/c)
    over i omega, are taken away, which leaves the light of the accelerations alone. Where the
    fields of an undulator begin and end gently, give a path that has these parts, and "straight".

    Sums go over retarded time: (2) of the crystalline-undulator paper, Jackson (14.67).
    Points are added where the phase turns by more than 1.6 rad between two, or 0.8 rad in one of
    many periods, but not inside `jit`: see `Path.refined`. There errors are not estimated: the
    estimate is NaN. Derivatives of all orders go through, by more such sums.

    >>> import numpy as np
    >>> from fieldwright.light import Path, spectrum
    >>> gamma, k = 1000.0, 2 * np.pi / 0.02
    >>> t = np.linspace(0, 0.2, 641) / 299792458
    >>> vx = np.sin(k * 299792458 * t) / gamma
    >>> u = np.c_[gamma * vx, 0 * t, np.sqrt(gamma**2 - 1 - (gamma * vx) ** 2)]
    >>> undulator = Path(t, np.zeros((641, 3)), u)
    >>> light = spectrum(undulator, [80.0, 82.66], [0.0, 0.0, 1.0])
    >>> print([f"{n:.1f}" for n in light.photons])
    ['185280.4', '268595.5']
    """
    path, energies, shape = as_path(trajectory), *_energies(photon_energy)
    aims = as_directions(direction)
    flat = aims.flat()
    optics = None if medium is None else optics_of(medium, energies)
    begin = [numpy_for(path).asarray(part)[0] for part in (path.time, path.position)]
    turn = TURN
    if not (isinstance(periods, int | np.integer) and periods >= 1):
        raise InputError(f"periods must be a whole number above zero, got {periods}",
                         parameter="periods")  # fmt: skip
    if ends not in ("cut", "straight"):
        raise InputError(f"ends must be 'cut' or 'straight', got {ends!r}", parameter="ends")
    if ends == "straight" and optics is not None and optics.attenuation is not None:
        raise InputError(
            "in a medium that takes light away a path can only be 'cut', where it leaves it",
            parameter="ends",
        )
    if periods > 1:
        path, turn = one_period(path), PERIOD_TURN
    factor, errors, way = 1, _UNKNOWN, "reach"
    rank = 0 if optics is None else optics.rank(_length(path))
    if is_concrete(path, flat, energies, optics):
        rate = largest_rate(path, np.asarray(flat.across), np.asarray(flat.drop))
        highest, extra = _fastest(energies, optics)
        factor = resolve(path, rate, highest, extra, turn)
        if optics is not None:
            way = cheapest(
                optics, rank, rate, step_size(path), factor, np.asarray(energies) * TURNS
            )
        rounding = 3 * (LOSSY if rank else PRECISION) + phase_rounding(path, rate, highest, extra)
        errors = phase_error(path, rate, highest), rounding
    even, pad = _is_even(energies), POINTS * factor if periods > 1 else 0
    path = path.refined(factor)
    counts = Counts(len(path.time), len(flat.drop), len(energies), periods)
    path, weights = _more_points(path, pad)
    amplitude, energy, error = far_sums(
        path,
        begin,
        _filled_up(flat, padded_size(counts.cases)),
        *_more_energies(energies, optics, even, padded_size(counts.energies)),
        weights,
        errors,
        counts,
        repeated=periods > 1,
        even=even,
        pad=pad,
        library=has_library(),
        straight=ends == "straight",
        way=way,
        rank=rank,
    )
    return _result(energies, aims.shape, shape, amplitude, energy, error)


def spectrum_at(trajectory: Any, photon_energy: Any, point: Any) -> Spectrum:
    """Field and energy of light at points at any distance, in vacuum.

    The field of the retarded potentials, with the part that falls as 1 / R^2: E = i e omega /
    (4 pi eps0 c) integral of [v/c - n (1 + i c / (omega R))] / R exp(i omega (t + R/c)) dt, for
    n and R from where the charge is to the point. Amplitudes are times the distance from the
    middle of the path, along axes across the direction from there; and energies are per solid
    angle as seen from there: far away they are those of `spectrum`, but for phases omega R / c.

    Args:
        trajectory: a `Path`, or the `Trajectory` of one charge.
        photon_energy: (e,), or one [eV].
        point: (..., 3) [m].

    Raises:
        InputError: as `spectrum`, or a point on the path.

    >>> import numpy as np
    >>> from fieldwright.light import Path, spectrum, spectrum_at
    >>> t = np.linspace(-1e-3, 1e-3, 401) / 299792458
    >>> turn = 3.0 * 299792458 * t
    >>> beta = 100 / np.hypot(100, 1)
    >>> u = 100 * np.c_[np.sin(turn), 0 * turn, np.cos(turn)]
    >>> x = beta / 3.0 * np.c_[1 - np.cos(turn), 0 * turn, np.sin(turn)]
    >>> path = Path(t, x, u)
    >>> near, far = spectrum_at(path, 0.5, [0.0, 0.0, 1.0]), spectrum(path, 0.5, [0.0, 0.0, 1.0])
    >>> print(f"{near.photons / far.photons:.6f}")
    1.000137
    """
    path, energies, shape = as_path(trajectory), *_energies(photon_energy)
    where = np.shape(point)
    if not where or where[-1] != 3 or 0 in where:
        raise InputError(
            f"point must be one or more of the shape (..., 3) [m], got {where}", parameter="point"
        )
    points = as_float(point, "point", (None,) * len(where)).reshape(-1, 3)
    factor, errors = 1, _UNKNOWN
    if is_concrete(path, points, energies):
        rate = nearest_rate(path, np.asarray(points))
        highest, _ = _fastest(energies, None)
        factor = resolve(path, rate, highest, 0.0, TURN)
        rounding = 3 * PRECISION + phase_rounding(path, rate, highest, 0.0)
        errors = phase_error(path, rate, highest), rounding
    even = _is_even(energies)
    path = path.refined(factor)
    counts = Counts(len(path.time), len(points), len(energies))
    path, weights = _more_points(path, 0)
    amplitude, energy, error = near_sums(
        path,
        _filled_up(points, padded_size(counts.cases)),
        _more_energies(energies, None, even, padded_size(counts.energies))[0],
        weights,
        errors,
        counts,
        even=even,
        library=has_library(),
    )
    return _result(energies, where[:-1], shape, amplitude, energy, error)


def _filled_up(values: Any, number: int) -> Any:
    """Arrays (n, ...), repeated from the last row to `number`, where they are known."""
    if not is_concrete(values):
        return values
    return jax.tree.map(lambda rows: filled_up(rows, number), values)


def _more_points(path: Path, pad: int) -> tuple[Path, Any]:
    """A path filled up to one of few sizes, and the weights of its points but for `pad` at ends."""
    number = len(path.time)
    path = path.filled_up(padded_size(number))
    return path, padded_weights(number - 2 * pad, len(path.time) - 2 * pad)


def _more_energies(energies: Any, optics: Any, even: bool, number: int) -> tuple[Any, Any]:
    """Photon energies (e,) and optics filled up to `number`, where both are known."""
    if not even or optics is not None:
        return _filled_up((energies, optics), number)
    step = (energies[-1] - energies[0]) / (len(energies) - 1)
    return energies[0] + step * np.arange(number), None


def _result(
    energies: Any,
    directions: tuple[int, ...],
    shape: tuple[int, ...],
    amplitude: jax.Array,
    energy: jax.Array,
    error: Any,
) -> Spectrum:
    """What was asked for, of the amplitudes and energies in rows and columns."""
    xp = numpy_for(amplitude)
    cut = slice(int(np.prod(directions))), slice(len(energies))
    amplitude, energy = (
        xp.asarray(part)[cut].reshape((*directions, *shape, *part.shape[2:]))
        for part in (amplitude, energy)
    )
    if xp is np:
        amplitude, energy = jax.device_put((amplitude, energy))
    return Spectrum(
        photon_energy=energies.reshape(shape),
        amplitude=amplitude,
        energy=energy,
        error_estimate=error,
    )


def _energies(photon_energy: Any) -> tuple[jax.Array, tuple[int, ...]]:
    """Photon energies (e,) [eV], and the shape they were given in."""
    shape = np.shape(photon_energy)
    energies = as_float(photon_energy, "photon_energy", (None,) * min(len(shape), 1))
    if is_concrete(energies):
        energies = np.asarray(energies)
        if energies.size == 0 or not np.all(energies > 0):
            raise InputError(
                "photon_energy must be one number or more, all above zero [eV], got "
                + (f"{np.min(energies):g}" if energies.size else "none"),
                parameter="photon_energy",
            )
    return energies.reshape(-1), shape


def _is_even(energies: Any) -> bool:
    """Whether photon energies are known to be in equal steps, and many."""
    if len(energies) < _FEW or not is_concrete(energies):
        return False
    even = np.linspace(energies[0], energies[-1], len(energies))
    return bool(np.max(np.abs(energies - even)) <= _EVEN * np.max(energies)) and bool(
        energies[-1] != energies[0]
    )


def _fastest(energies: Any, optics: Optics | None) -> tuple[float, float]:
    """The largest angular frequency, and how fast at most a medium turns or weakens waves [1/s]."""
    highest = float(np.max(energies)) * TURNS
    if optics is None:
        return highest, 0.0
    extra = float(np.max(energies * np.abs(np.asarray(optics.index_gap)))) * TURNS
    if optics.attenuation is not None:
        extra += float(np.max(np.asarray(optics.attenuation))) * SPEED_OF_LIGHT / 2
    return highest, extra


def _length(path: Path) -> float | None:
    """How far light goes while the charge is on the path [m]; None where that is not known."""
    if not is_concrete(path):
        return None
    time = np.asarray(path.time)
    return float(time[-1] - time[0]) * SPEED_OF_LIGHT
