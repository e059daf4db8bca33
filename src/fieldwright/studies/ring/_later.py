"""What is imported when first used: a study can be checked without waiting for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._later import later

if TYPE_CHECKING:
    import equinox as eqx
    import jax.numpy as jnp
    import numpy as np

    from fieldwright import rings, sources
    from fieldwright.rings import plots
else:
    eqx, jnp, np = later("equinox", "jax.numpy", "numpy")
    rings, sources = later("fieldwright.rings", "fieldwright.sources")
    (plots,) = later("fieldwright.rings.plots")

__all__ = ["eqx", "jnp", "np", "plots", "rings", "sources"]
