"""Coils and magnets that several tests share, so that what is compiled for one serves all."""

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.forces import sweet_spot
from fieldwright.sources import Assembly, Coil, CylinderMagnet

OSEM = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
PR = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)

#: Dimensions of a coil and an opposed pair, by the names that `tolerance` has for them.
NOMINAL = {
    "coil.inner_radius": 9e-3,
    "coil.outer_radius": 18.72e-3,
    "coil.length": 8e-3,
    "coil.turns": 600.0,
    "magnet.sources.0.radius": 3e-3,
    "magnet.sources.0.length": 3e-3,
    "magnet.sources.0.magnetization": 8.78e5,
    "magnet.sources.1.magnetization": -8.78e5,
    "magnet.sources.1.position.2": 2e-2,
}


def opposed(v):
    """The coil and the pair that have the dimensions (9,) of `NOMINAL`."""
    twin = CylinderMagnet(3e-3, 3e-3, v[7], position=v[8] * np.array([0.0, 0.0, 1.0]))
    return Coil(v[0], v[1], v[2], v[3]), Assembly([CylinderMagnet(v[4], v[5], v[6]), twin])


#: How many sweet spots `spots` takes at once.
SPOTS = 200


@jax.jit
@jax.vmap
def spots(v):
    """(force, position, curvature, end of the 90 % range) of each of the rows (SPOTS, 9)."""
    found = sweet_spot(*opposed(v))
    return jnp.stack(
        [found.force_per_current, found.position, found.curvature, found.range(0.9)[1]]
    )
