"""How far manufacturing tolerances move the sweet spot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.forces._parameters import Pair, get, replaced
from fieldwright.forces._sweet_spot import sweet_spot
from fieldwright.sources import Coil, Source
from fieldwright.sources._checks import as_float


class Tolerance(Result):
    """Standard deviations at the sweet spot; what `tolerance` returns.

    Attributes:
        force_per_current: of the largest force [N/A].
        position: of the sweet spot [m].
        curvature: of the second derivative [N/A/m^2].
        contributions: for each dimension what it alone would do, signed, as (force, position,
            curvature); the deviations are their root sums of squares.
    """

    contributions: dict[str, tuple[jax.Array, jax.Array, jax.Array]]
    force_per_current: jax.Array = quantity("N/A", "standard deviation of the largest force")
    position: jax.Array = quantity("m", "standard deviation of the sweet spot")
    curvature: jax.Array = quantity("N/A/m^2", "standard deviation of the curvature")


def tolerance(coil: Coil, magnet: Source, deviations: Mapping[str, Any]) -> Tolerance:
    """Standard deviation of force, position and curvature at the sweet spot.

    To first order in the deviations, by exact derivatives.

    Args:
        coil: as for `sweet_spot`.
        magnet: as for `sweet_spot`.
        deviations: the standard deviation of each dimension, in its own unit, as
            {"coil.inner_radius": 5e-5, "magnet.length": 2e-5}; members of an assembly are
            "magnet.sources.0.radius" and so on. Deviations are independent of each other.

    Returns:
        A `Tolerance`.

    Raises:
        InputError: a name that is no dimension, or a deviation that is negative or no number.
        ConvergenceError: as `sweet_spot`.

    >>> from fieldwright.forces import tolerance
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
    >>> spread = tolerance(coil, magnet, {"coil.inner_radius": 5e-5, "magnet.length": 2e-5})
    >>> print(f"{spread.force_per_current * 1e3:.4f} mN/A, {spread.position * 1e6:.3f} um")
    1.0291 mN/A, 19.810 um
    """
    if not isinstance(deviations, Mapping) or not deviations:
        raise InputError(
            f"deviations must be a dictionary such as {{'coil.length': 1e-5}}, got {deviations!r}",
            parameter="deviations",
        )
    pair = Pair(coil, magnet)
    nominal = {name: get(pair, name) for name in deviations}
    sigmas = {}
    for name, sigma in deviations.items():
        sigmas[name] = as_float(sigma, f"the deviation of {name}")
        if sigmas[name] < 0:
            raise InputError(
                f"the deviation of {name} must not be negative, got {float(sigma):g}",
                parameter=name,
            )

    def spot(values: dict[str, Any]) -> jax.Array:
        found = sweet_spot(*replaced(pair, values))
        return jnp.stack([found.force_per_current, found.position, found.curvature])

    sweet_spot(coil, magnet)  # its errors are better told about known dimensions
    slopes = jax.jacfwd(spot)({name: jnp.asarray(value) for name, value in nominal.items()})
    effects = {name: slopes[name] * sigmas[name] for name in deviations}
    total = np.sqrt(sum((np.asarray(effect) ** 2 for effect in effects.values()), np.zeros(3)))
    contributions = {name: (effect[0], effect[1], effect[2]) for name, effect in effects.items()}
    return Tolerance(contributions, *(jnp.asarray(value) for value in total))
