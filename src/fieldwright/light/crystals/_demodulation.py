"""How far a bunch keeps its modulation in a crystal."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import HBAR_C
from fieldwright.light._checks import above_zero
from fieldwright.light.crystals._crystal_limits import dechanneling_length, momentum_speed
from fieldwright.light.undulators._gauss import gauss_nodes
from fieldwright.sources import PlanarPotential

_ZERO = 2.404825557695773  # the first zero of the Bessel function J_0
_MODES = 24


def demodulation_length(
    potential: PlanarPotential,
    energy: Any,
    photon_energy: Any,
    bending: Any = 0.0,
    *,
    dechanneling: Any = None,
) -> Any:
    """The length over which a bunch modulated at a wavelength loses its modulation by e [m].

    Args:
        potential: across the planes, of a crystal.
        energy: of the positrons (...) [eV].
        photon_energy: of the light whose wavelength the modulation has (...) [eV].
        bending: the `bending_parameter` C (...).
        dechanneling: the dechanneling length (...) [m]; that of `dechanneling_length` if None.

    Raises:
        InputError: as `dechanneling_length`, or the photon energy is not above zero.

    A charge of transverse energy e and angle y along the planes lags by e / (2 p v) + y^2 / 2 per
    length; as both diffuse, the bunch smears out. In a harmonic channel the density over r^2 = e/U
    obeys a diffusion equation with a sink at r = 1 and the phase as a source; its slowest decay
    gives L_d / (a + sqrt(xi)), xi = w U L_d / (j^2 p v c), j = 2.405; a(0) = 1 is of dechanneling
    alone, sqrt(xi) of the free motion along the planes (A. Kostyuk, A. V. Korol, A. V. Solov'yov
    and W. Greiner, J. Phys. B 43, 151001 (2010)). A beam's own divergence makes it shorter.

    >>> from fieldwright.light import demodulation_length
    >>> from fieldwright.sources import DoyleTurner
    >>> channel = DoyleTurner("diamond", "110")
    >>> print(f"{float(demodulation_length(channel, 13.6e9, 8265.6)) * 1e3:.2f} mm")
    5.17 mm
    """
    if dechanneling is None:
        dechanneling = dechanneling_length(potential, energy, bending)
    left = potential.depth * jnp.maximum(1 - jnp.asarray(bending), 0.0) ** 2
    wave = jnp.asarray(above_zero(photon_energy, "photon_energy")) / HBAR_C
    xi = wave * left * dechanneling / (_ZERO**2 * momentum_speed(energy))
    return dechanneling / (_slowest(xi) + jnp.sqrt(xi))


def _slowest(xi: Any) -> jax.Array:
    """The decay rate a(xi) of the modulation by oscillations across, per dechanneling length.

    In the modes J_0(j_k r) the diffusion is -(j_k / j_1)^2, the phase i xi j_1^2 / 2 times r^2.
    """
    from scipy.special import j0, j1, jn_zeros

    zeros = jn_zeros(0, _MODES)
    r, weights = gauss_nodes(96)
    modes = j0(zeros[:, None] * r) / np.abs(j1(zeros))[:, None]
    square = (modes * weights * 2 * r**3) @ modes.T
    xi = jnp.asarray(xi)[..., None, None]
    matrix = -jnp.diag((zeros / zeros[0]) ** 2) + 0.5j * zeros[0] ** 2 * xi * square
    return -jnp.max(jnp.linalg.eigvals(matrix).real, axis=-1)
