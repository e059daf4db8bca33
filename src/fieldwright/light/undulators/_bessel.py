"""Bessel functions of whole order, which JAX has few of, by the trapezoidal rule of a period."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from fieldwright.sources._checks import numpy_for

#: Nodes on half a period: exact to rounding while order + argument is below about 200.
_NODES = 256


def bessel_j(order: Any, argument: Any) -> Any:
    """J_n(x), of arrays that broadcast: the mean of cos(n t - x sin t) over t from 0 to pi.

    The rule's error is J_(2 nodes - n)(x), nothing while n + x is well below the nodes.
    """
    t = (np.arange(_NODES) + 0.5) * (pi / _NODES)
    xp = numpy_for(order, argument)
    n, x = xp.asarray(order)[..., None], xp.asarray(argument)[..., None]
    return xp.mean(xp.cos(n * t - x * np.sin(t)), axis=-1)
