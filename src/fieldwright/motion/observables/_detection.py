"""What electrodes hear of moving charges: image currents and their spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.motion.ions._ions import Ions, parts
from fieldwright.sources._checks import as_float, require_positive

if TYPE_CHECKING:
    from fieldwright.motion.simulation._trajectory import Trajectory


def image_current(
    motion: Ions | Trajectory,
    axis: Literal["x", "y", "z"],
    distance: Any,
    *,
    efficiency: Any = 1.0,
) -> jax.Array:
    """The current that moving charges induce between two electrodes that face each other.

    Args:
        motion: the charges; of a `Trajectory`, at each of its times, those that are there. Keep
            more than two times for each period of the fastest motion that counts.
        axis: from one electrode to the other: "z" for end caps, "x" or "y" for the halves of a
            ring.
        distance: between the electrodes [m]: 2 z0 or 2 rho0.
        efficiency: kappa, how much of the field that endless plates would have there is left; about
            0.8 for hyperbolic end caps.

    Returns:
        The current [A] out of the electrode on the positive side, or (k,) of a trajectory: the sum
        of q v kappa / distance, by the theorem of W. Shockley (J. Appl. Phys. 9, 635 (1938)) and
        S. Ramo (Proc. IRE 27, 584 (1939)) with an even weighting field.

    Raises:
        InputError: the axis is unknown, or a length or efficiency is not above zero.

    >>> from fieldwright.motion import Ions, image_current
    >>> ion = Ions.of("40Ca+", [[0.0, 0.0, 0.0]], [0.0, 0.0, 100.0])
    >>> print(f"{image_current(ion, 'z', 1e-3) * 1e15:.3f} fA")
    16.022 fA
    """
    if axis not in ("x", "y", "z"):
        raise InputError(f"axis is 'x', 'y' or 'z', got {axis!r}", parameter="axis")
    distance, efficiency = as_float(distance, "distance"), as_float(efficiency, "efficiency")
    require_positive(distance=distance, efficiency=efficiency)
    _, charge, _, velocity = parts(motion)
    along = velocity[..., "xyz".index(axis)]
    return jnp.nansum(charge * along, axis=-1) * efficiency / distance


class AmplitudeSpectrum(Result):
    """What a signal is made of, by frequency; see `spectrum`."""

    frequency: np.ndarray = quantity("Hz", "frequency")
    density: np.ndarray = quantity("1/Hz^(1/2)", "amplitude spectral density, of the signal's unit")
    amplitude: np.ndarray = quantity("1", "amplitude of a sine, of the signal's unit")


def spectrum(signal: Any, time: Any) -> AmplitudeSpectrum:
    """The one-sided spectrum of a signal, its mean taken off and under a Hann window.

    Args:
        signal: such as an image current (k,) [A].
        time: (k,) [s], evenly spaced.

    Returns:
        `frequency` (k // 2 + 1,) [Hz]; `density`, whose square integrates to the signal's mean
        square [A/Hz^(1/2)]; and `amplitude` [A], the height of a sine that has this frequency.

    Raises:
        InputError: there are fewer than 8 times or unequally many values, or the times are not
            evenly spaced.

    >>> import numpy as np
    >>> from fieldwright.motion import spectrum
    >>> time = np.arange(1000) * 1e-6
    >>> found = spectrum(2e-15 * np.sin(2 * np.pi * 50e3 * time), time)
    >>> peak = np.argmax(found.amplitude)
    >>> print(f"{found.frequency[peak] / 1e3:.1f} kHz, {found.amplitude[peak] * 1e15:.3f} fA")
    50.0 kHz, 2.000 fA
    """
    time = np.asarray(as_float(time, "time", (None,)))
    signal = np.asarray(as_float(signal, "signal", time.shape))
    if len(time) < 8:
        raise InputError(f"a spectrum needs 8 times or more, got {len(time)}", parameter="time")
    step = (time[-1] - time[0]) / (len(time) - 1)
    if not step > 0 or np.abs(np.diff(time) - step).max() > 1e-6 * step:
        raise InputError(
            "a spectrum needs evenly spaced, rising times; interpolate the signal to such first",
            parameter="time",
        )
    window = np.sin(np.pi * np.arange(len(time)) / len(time)) ** 2
    found = np.abs(np.fft.rfft(window * (signal - signal.mean())))
    both = np.full(len(found), 2.0)  # a frequency and its negative
    both[0] = 1.0
    if len(time) % 2 == 0:
        both[-1] = 1.0
    return AmplitudeSpectrum(
        frequency=np.fft.rfftfreq(len(time), step),
        density=found * np.sqrt(both * step / np.sum(window**2)),
        amplitude=found * both / np.sum(window),
    )
