"""The form factor of charges whose arrival times are known one by one."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light._directions import as_directions
from fieldwright.light._medium import HBAR_C, Medium, Vacuum
from fieldwright.light._nufft import any_sum, has_library
from fieldwright.sources._checks import as_float


class SampledFormFactor(Result):
    """What `sampled_form_factor` finds of n samples."""

    form_factor: Any = quantity("", "F of the distribution the samples are of, unbiased (e,)")
    error: Any = quantity("", "its standard deviation, of the samples' number (e,)")
    gain: Any = quantity("", "|sum of waves|^2: photons of the samples over those of one (e,)")


def sampled_form_factor(
    times: Any,
    photon_energy: Any,
    positions: Any = None,
    direction: Any = (0.0, 0.0),
    medium: Medium | None = None,
) -> SampledFormFactor:
    """The form factor of a bunch from samples of it, without their shot noise.

    Args:
        times: of arrival (n,) [s], at least two.
        photon_energy: (e,) [eV].
        positions: x and y (n, 2) [m]; all on the axis if None.
        direction: of the light: two angles [rad] or a vector (3,).
        medium: what the charges radiate in; vacuum if None.

    Returns:
        `SampledFormFactor`: with S the sum of n waves, F = (|S|^2 / n - 1) / (n - 1), which is that
        of the whole bunch on average. It is below zero by chance where F is below 1 / n.

    Raises:
        InputError: arrays of wrong shape or size, numbers that are not finite.

    Its variance is 2 F (1 - F) / n + (1 - F)^2 / n^2, of noise that has no direction of its own.

    >>> import numpy as np
    >>> from fieldwright.light import sampled_form_factor
    >>> times = np.random.default_rng(1).normal(0.0, 3e-15, 10_000)
    >>> found = sampled_form_factor(times, np.array([0.1]))
    >>> print(f"{found.form_factor[0]:.3f} +- {found.error[0]:.3f}")  # exp(-0.208) is 0.812
    0.813 +- 0.006
    """
    times = as_float(times, "times", (None,))
    count = len(times)
    if count < 2:
        raise InputError(f"times must be of at least two charges, got {count}", parameter="times")
    energy = as_float(photon_energy, "photon_energy", (None,))
    medium = Vacuum() if medium is None else medium
    lack = medium.one_minus_index(energy)
    k = jnp.asarray(energy) / HBAR_C
    # waves depend on differences alone: large common times only cost digits
    place = SPEED_OF_LIGHT * jnp.asarray(times - np.mean(times))
    waves: tuple[Any, ...] = (k,)
    places: tuple[Any, ...] = (place,)
    if positions is not None:
        positions = as_float(positions, "positions", (count, 2))
        across = as_directions(direction).across
        if across.shape != (2,):
            raise InputError("give one direction", parameter="direction")
        places = (place, -jnp.asarray(positions) @ across)
        waves = (k, k * (1 - lack))
    one = jnp.ones((1, count))
    found = jnp.abs(any_sum(one, places, waves, has_library())[0]) ** 2
    factor = (found / count - 1) / (count - 1)
    inside = jnp.clip(factor, 0.0, 1.0)
    error = jnp.sqrt(2 * inside * (1 - inside) / count + ((1 - inside) / count) ** 2)
    return SampledFormFactor(factor, error, found)
