"""Bessel functions of whole order, which JAX has few of, by the trapezoidal rule of a period."""

from __future__ import annotations

from math import pi
from typing import Any

import jax.numpy as jnp
import numpy as np

#: Nodes on half a period: exact to rounding while order + argument is below about 200.
_NODES = 256


def bessel_j(order: Any, argument: Any) -> Any:
    """J_n(x), of arrays that broadcast: the mean of cos(n t - x sin t) over t from 0 to pi.

    The rule's error is J_(2 nodes - n)(x), nothing while n + x is well below the nodes.
    """
    t = (np.arange(_NODES) + 0.5) * (pi / _NODES)
    n, x = jnp.asarray(order)[..., None], jnp.asarray(argument)[..., None]
    return jnp.mean(jnp.cos(n * t - x * jnp.sin(t)), axis=-1)
