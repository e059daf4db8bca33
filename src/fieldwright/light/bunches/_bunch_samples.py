"""The form factor of charges whose arrival times are known one by one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.constants import HBAR_C, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light._checks import above_zero
from fieldwright.light.media._medium import Medium, as_medium
from fieldwright.light.spectra._directions import as_directions
from fieldwright.light.spectra._nufft import any_sum, has_library
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

    Its variance is 4 F v / n + (1 - F)^2 / n^2, with v the variance of the waves' part in step with
    S, which the same sum at twice the photon energy tells.

    >>> import numpy as np
    >>> from fieldwright.light import sampled_form_factor
    >>> times = np.random.default_rng(1).normal(0.0, 3e-15, 10_000)
    >>> found = sampled_form_factor(times, np.array([0.1]))
    >>> print(f"{found.form_factor[0]:.3f} +- {found.error[0]:.3f}")  # exp(-0.208) is 0.812
    0.813 +- 0.002
    """
    times = as_float(times, "times", (None,))
    count = len(times)
    if count < 2:
        raise InputError(f"times must be of at least two charges, got {count}", parameter="times")
    energy = above_zero(as_float(photon_energy, "photon_energy", (None,)), "photon_energy")
    medium = as_medium(medium)
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
    return SampledFormFactor(*_statistics(places, waves, has_library()))


@jax.jit(static_argnames=("library",))
def _statistics(
    places: tuple[Any, ...], waves: tuple[Any, ...], library: bool
) -> tuple[Any, Any, Any]:
    """Form factor, its error and |S|^2, of waves (e,) at places (n,)."""
    count = len(places[0])
    first, second = (
        any_sum(jnp.ones((1, count)), places, tuple(by * wave for wave in waves), library)[0]
        / count
        for by in (1, 2)
    )
    mean = jnp.abs(first) ** 2
    factor = (count * mean - 1) / (count - 1)
    inside = jnp.clip(factor, 0.0, 1.0)
    # of cos(phase - that of the sum): (1 + cos of twice it) / 2 on average, less its mean squared
    turned = jnp.real(second * jnp.conj(first) ** 2) / jnp.where(mean > 0, mean, 1.0)
    along = jnp.maximum(0.5 * (1 + turned) - inside, 0.0)
    error = jnp.sqrt(4 * inside * along / count + ((1 - inside) / count) ** 2)
    return factor, error, count**2 * mean
