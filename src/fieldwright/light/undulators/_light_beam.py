"""The beam whose light is counted: its energy, current, sizes and divergences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.constants import ELECTRON_REST_ENERGY, ELEMENTARY_CHARGE
from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float, is_concrete, numpy_for, require_positive

if TYPE_CHECKING:
    from fieldwright.rings import Equilibrium


class LightBeam(eqx.Module):
    """A beam of electrons or positrons at the middle of what makes it radiate.

    Args:
        energy: of its charges [eV].
        current: [A].
        covariance: (6, 6) of (x [m], px, y [m], py, z [m], delta), as `rings.Equilibrium` has it;
            px and py are slopes. All zero, the default, is a beam without size.

    Raises:
        InputError: an energy not above the rest energy, a current not above zero, a covariance
            that is not symmetric, has a negative variance, or a correlation above one.

    >>> from fieldwright.light import LightBeam
    >>> beam = LightBeam.of_twiss(3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0], spread=1e-3)
    >>> print([f"{size * 1e6:.1f} um" for size in beam.size], f"gamma {beam.gamma:.2f}")
    ['30.0 um', '3.2 um'] gamma 5870.85
    """

    energy: Any
    current: Any
    covariance: Any

    def __init__(self, energy: Any, current: Any, covariance: Any = None):
        self.energy = as_float(energy, "energy")
        self.current = as_float(current, "current")
        require_positive(current=self.current)
        if is_concrete(self.energy) and not self.energy > ELECTRON_REST_ENERGY:
            raise InputError(
                f"energy must be above the rest energy, {ELECTRON_REST_ENERGY:.0f} eV, got "
                f"{float(self.energy):g}",
                parameter="energy",
            )
        covariance = np.zeros((6, 6)) if covariance is None else covariance
        self.covariance = as_float(covariance, "covariance", (6, 6))
        if is_concrete(self.covariance):
            _require_covariance(np.asarray(self.covariance))

    @classmethod
    def of_twiss(
        cls,
        energy: Any,
        current: Any,
        *,
        emittance: Any,
        beta: Any,
        alpha: Any = (0.0, 0.0),
        spread: Any = 0.0,
    ) -> LightBeam:
        """A beam without dispersion: emittance [m rad], beta [m], alpha (2,), energy spread."""
        emittance, beta = as_float(emittance, "emittance", (2,)), as_float(beta, "beta", (2,))
        alpha, spread = as_float(alpha, "alpha", (2,)), as_float(spread, "spread")
        low = is_concrete(emittance, beta, spread) and (
            np.any(np.asarray(emittance) < 0) or np.any(np.asarray(beta) <= 0) or spread < 0
        )
        if low:
            raise InputError(
                "emittance and spread must not be negative, and beta must be above zero, got "
                f"{emittance} m rad, {beta} m and {spread}"
            )
        xp = numpy_for(emittance, beta, alpha, spread)
        shape = xp.stack([xp.stack([beta, -alpha]), xp.stack([-alpha, (1 + alpha**2) / beta])])
        x, y = xp.moveaxis(emittance * shape, 2, 0)
        none = np.zeros((2, 2))
        z = spread**2 * np.diag([0.0, 1.0])
        covariance = xp.block([[x, none, none], [none, y, none], [none, none, z]])
        return cls(energy, current, covariance)

    @classmethod
    def of_equilibrium(
        cls, equilibrium: Equilibrium, energy: Any, current: Any, place: int | str = 0
    ) -> LightBeam:
        """The beam that a ring holds, at one of its places: a number, or an element's name."""
        found = equilibrium.at(place) if isinstance(place, str) else equilibrium.covariance[place]
        return cls(energy, current, found)

    @property
    def gamma(self) -> Any:
        """Lorentz factor."""
        return self.energy / ELECTRON_REST_ENERGY

    @property
    def rate(self) -> Any:
        """Charges per second."""
        return self.current / ELEMENTARY_CHARGE

    @property
    def size(self) -> Any:
        """Root mean square sizes (2,) in x and y [m]."""
        xp = numpy_for(self.covariance)
        return xp.sqrt(xp.diagonal(self.covariance)[:3:2])

    @property
    def divergence(self) -> Any:
        """Root mean square slopes (2,) in x and y [rad]."""
        xp = numpy_for(self.covariance)
        return xp.sqrt(xp.diagonal(self.covariance)[1:4:2])

    @property
    def spread(self) -> Any:
        """Root mean square relative energy deviation."""
        xp = numpy_for(self.covariance)
        return xp.sqrt(xp.asarray(self.covariance)[5, 5])

    def spot(self, distance: Any = None) -> Any:
        """(2,) rms angles over which the beam smears light, seen from a distance [m].

        Far away (None) it is the divergence; nearer, of x' + x / distance, correlations included.
        """
        if distance is None:
            return self.divergence
        distance = as_float(distance, "distance")
        require_positive(distance=distance)
        xp = numpy_for(self.covariance, distance)
        c = xp.asarray(self.covariance)
        return xp.sqrt(
            xp.stack(
                [
                    c[i + 1, i + 1] + 2 * c[i, i + 1] / distance + c[i, i] / distance**2
                    for i in (0, 2)
                ]
            )
        )


def _require_covariance(covariance: np.ndarray) -> None:
    variance = np.diagonal(covariance)
    scale = np.sqrt(np.abs(np.outer(variance, variance)))
    odd = np.abs(covariance - covariance.T) > 1e-9 * scale + 1e-300
    if np.any(variance < 0) or np.any(odd) or np.any(np.abs(covariance) > (1 + 1e-9) * scale):
        raise InputError(
            "covariance must be symmetric, with variances not below zero and no correlation above "
            "one",
            parameter="covariance",
        )
