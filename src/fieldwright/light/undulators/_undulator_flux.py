"""Flux of an undulator with a real beam: density in a direction, and through an aperture.

Charges that go at angles shift the light of an undulator and those of other energies change its
colour. The first is an integral over two angles, by Gauss-Legendre quadrature that resolves the
fringes of N periods; the second is done in closed form: |sum of N phases|^2 is a sum over
distances between periods, and each of its terms is damped by a Gaussian spread of energies. The
light of one period is far smoother in the angles than the fringes: it is found at Chebyshev's
points, and interpolated.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from math import pi
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._sizes import filled_up, padded_size
from fieldwright.constants import HBAR_C
from fieldwright.errors import InputError
from fieldwright.light._checks import above_zero
from fieldwright.light.media._medium import Vacuum
from fieldwright.light.spectra._directions import Directions, as_directions
from fieldwright.light.undulators._gauss import gauss_nodes, nodes_for
from fieldwright.light.undulators._light_beam import LightBeam
from fieldwright.light.undulators._undulator import Undulator, _lorentz
from fieldwright.light.undulators._undulator_light import (
    node_count,
    one_period,
    period_phase,
    photons_of,
)
from fieldwright.sources._checks import as_float, is_concrete

#: A beam's edge, in rms: what lies beyond is below 1e-10 of it.
_REACH = 6.5
#: Directions that are computed at a time.
_BATCH = 256
#: Angles on a side, at most; their square takes minutes for one photon energy.
_MOST = 6144
#: Distances between periods that are summed at a time.
_UNROLL = 8
#: Nodes for a Gaussian of that reach, beside those for fringes.
_SMOOTH = 44


class _Axis(NamedTuple):
    """Nodes and weights of the integral over one angle [rad]."""

    nodes: Any
    weights: Any

    def fewer(self, turning: float) -> tuple[Any, Any]:
        """Nodes (m,) for what turns by a phase of +- `turning`, and (n, m) from there to all."""
        count = 16 * int(np.ceil((24 + turning + 6 * turning ** (1 / 3)) / 16))
        if count >= len(self.nodes):
            return self.nodes, np.eye(len(self.nodes))
        angle = (np.arange(count) + 0.5) * pi / count
        low, high = np.min(self.nodes), np.max(self.nodes)
        few = 0.5 * (low + high) + 0.5 * (high - low) * np.cos(angle)
        # barycentric, for Chebyshev's points of the first kind
        apart = self.nodes[:, None] - few
        there = apart == 0
        shares = (-1.0) ** np.arange(count) * np.sin(angle) / np.where(there, 1.0, apart)
        shares = np.where(np.any(there, axis=1)[:, None], there, shares)
        return few, shares / np.sum(shares, axis=1, keepdims=True)


def flux_density(
    undulator: Undulator,
    beam: LightBeam,
    photon_energy: Any,
    direction: Any = (0.0, 0.0),
    distance: Any = None,
) -> Any:
    """Photons per second, mrad^2 and 0.1 % bandwidth that a beam gives in one direction.

    Args:
        undulator: planar or helical.
        beam: its divergence and energy spread count, its size only at a finite distance.
        photon_energy: (...,) [eV].
        direction: angles about the axis (2,) [rad].
        distance: from which the light is seen [m]; far away if None.

    Returns:
        (...,) of both polarisations. x and y of the beam are taken as independent of one another
        and of energy.

    Raises:
        InputError: numbers of wrong shape, a photon energy or distance not above zero; numbers
            traced by `jit` or `grad`, where the number of nodes cannot be chosen.

    The undulator is N whole periods with a sine of velocity, no more. On lines ends do not matter;
    where light is a hundredth of the line's, as a few percent below a fifth harmonic, magnets that
    begin and end otherwise give up to twice or half of it. Derivatives are those of `brilliance`,
    or differences: values are smooth, and steps of 1e-6 of a number give six digits or more.

    >>> from fieldwright.light import LightBeam, PlanarUndulator, flux_density
    >>> undulator = PlanarUndulator(0.02, 1.0, 100)
    >>> real = LightBeam.of_twiss(3e9, 0.1, emittance=[3e-10, 5e-12], beta=[3.0, 2.0], spread=1e-3)
    >>> for beam in (LightBeam(3e9, 0.1), real):
    ...     print(f"{flux_density(undulator, beam, 2848.9):.3e}")
    5.778e+17
    4.155e+17
    """
    spot = _known(beam.spot(distance), "beam")
    place = _known(as_float(direction, "direction", (2,)), "direction")

    def axis(at: float, sigma: float, chirp: float) -> _Axis:
        if sigma == 0:
            return _Axis(np.array([at]), np.array([1.0]))
        nodes, weights = _panel(at - _REACH * sigma, at + _REACH * sigma, chirp)
        return _Axis(nodes, weights * _normal((nodes - at) / sigma) / sigma)

    return _averaged(
        undulator,
        beam,
        photon_energy,
        lambda chirp: [axis(float(p), float(s), chirp) for p, s in zip(place, spot, strict=True)],
        1e-9,
    )


def flux(
    undulator: Undulator, beam: LightBeam, photon_energy: Any, aperture: Any, distance: Any = None
) -> Any:
    """Photons per second and 0.1 % bandwidth that a beam sends through a rectangular aperture.

    Args:
        undulator: planar or helical.
        beam: its divergence and energy spread count, its size only at a finite distance.
        photon_energy: (...,) [eV].
        aperture: its edges ((x_low, x_high), (y_low, y_high)), angles from the axis [rad].
        distance: of the aperture [m]; far away if None.

    Returns:
        (...,) of both polarisations, as `flux_density` integrated over the aperture.

    Raises:
        InputError: as `flux_density`; an aperture whose upper edges are not above its lower ones.

    >>> from fieldwright.light import LightBeam, PlanarUndulator, flux
    >>> hole = [[-20e-6, 20e-6], [-20e-6, 20e-6]]
    >>> found = flux(PlanarUndulator(0.02, 1.0, 100), LightBeam(3e9, 0.1), 2848.9, hole)
    >>> print(f"{found:.4e}")
    3.5616e+14
    """
    spot = _known(beam.spot(distance), "beam")
    edges = _known(as_float(aperture, "aperture", (2, 2)), "aperture")
    if not np.all(edges[:, 1] > edges[:, 0]):
        raise InputError(
            f"aperture must be ((x_low, x_high), (y_low, y_high)) with low below high, got {edges}",
            parameter="aperture",
        )
    return _averaged(
        undulator,
        beam,
        photon_energy,
        lambda chirp: [
            _window(e[0], e[1], float(s), chirp) for e, s in zip(edges, spot, strict=True)
        ],
        1e-3,
    )


def _window(low: float, high: float, sigma: float, chirp: float) -> _Axis:
    """What a beam's smear leaves of an aperture's two edges."""
    from scipy.special import ndtr

    if sigma == 0:
        return _Axis(*_panel(low, high, chirp))
    reach = _REACH * sigma
    ends = [low - reach, high + reach]
    if low + reach < high - reach:
        ends = [low - reach, low + reach, high - reach, high + reach]
    panels = [_panel(a, b, chirp, _SMOOTH + 40) for a, b in itertools.pairwise(ends)]
    nodes, weights = (np.concatenate(part) for part in zip(*panels, strict=True))
    share = ndtr((high - nodes) / sigma) - ndtr((low - nodes) / sigma)
    return _Axis(nodes, weights * share)


def _panel(low: float, high: float, chirp: float, smooth: int = _SMOOTH) -> tuple[Any, Any]:
    """Nodes that resolve a phase chirp * angle^2 and something smooth."""
    turning = 0.5 * (abs(low * abs(low)) + abs(high * abs(high)))
    if low * high > 0:
        turning = 0.5 * abs(low**2 - high**2)
    count = nodes_for(2 * chirp * turning / (2 * pi), smooth)
    if count > _MOST:
        raise InputError(
            f"the light's fringes ask for {count} angles on a side, and at most {_MOST} are "
            "summed: take smaller angles, or lower photon energies",
            parameter="aperture",
        )
    nodes, weights = gauss_nodes(count)
    return low + (high - low) * nodes, (high - low) * weights


def _averaged(
    undulator: Undulator,
    beam: LightBeam,
    photon_energy: Any,
    axes: Callable[[float], list[_Axis]],
    unit: float,
) -> Any:
    """Photons per second and `unit` of bandwidth, summed over the nodes of two angles."""
    energy = _known(above_zero(photon_energy, "photon_energy"), "photon_energy")
    _lorentz(beam.gamma, undulator)
    top = float(np.max(energy))
    _known((undulator.period, undulator.K, beam.energy, beam.spread), "undulator and beam")
    # of the whole undulator: phase = chirp * angle^2 / 2
    chirp = 0.5 * undulator.periods * float(undulator.period) * top / HBAR_C
    both = axes(chirp)
    few, spread = zip(
        *(a.fewer(_turning(undulator, beam, top, a.nodes)) for a in both), strict=True
    )
    n = _grid(few)
    count = node_count(undulator, beam.gamma, np.array(top), n, np.zeros(1))
    energies = filled_up(energy.ravel(), padded_size(energy.size))
    found = _sums(
        undulator.single, undulator.periods, beam, energies, energy.size, n,
        _grid([a.nodes for a in both]), spread, tuple(a.weights for a in both), count,
    )  # fmt: skip
    found = np.asarray(found)[: energy.size].reshape(energy.shape)
    return jax.device_put(unit * np.asarray(beam.rate) * found)


def _turning(undulator: Undulator, beam: LightBeam, energy: float, angles: Any) -> float:
    """By how much light of one period turns at most, from the middle of the angles to their ends.

    As a wave over angles: it comes from places along z and across that differ by so much.
    """
    one = undulator.motion(beam.gamma, 48)
    aside = np.max(np.abs(np.stack([one.x, one.y])))
    steep = np.max(np.abs(angles)) + aside
    half = 0.5 * (np.max(angles) - np.min(angles))
    return float(undulator.period * energy / HBAR_C * steep * half)


def _grid(axes: Sequence[Any]) -> Directions:
    """Directions (n, m) of all pairs of angles (n,) and (m,)."""
    return as_directions(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))


@partial(compiled, static=("count",), options={})
def _sums(
    undulator: Undulator,
    periods: Any,
    beam: LightBeam,
    energies: Any,
    number: Any,
    few: Directions,
    nodes: Directions,
    spread: tuple[Any, Any],
    weights: tuple[Any, Any],
    count: int,
) -> Any:
    """(e,) photons per charge and bandwidth, summed over directions (n, m) with weights (n,), (m,).

    They are found for the first `number` of the energies, and zero for the others. `spread` takes
    values at the `few` directions to all of them, along each axis.
    """
    one = undulator.motion(beam.gamma, count)
    near = few.flat()

    def each(energy: Any) -> Any:
        def here(n: Any) -> Any:
            return one_period(undulator.period, one, energy, n)[0]

        field = jax.lax.map(here, near, batch_size=_BATCH)
        single = photons_of(field, energy, Vacuum()).reshape(few.shape)
        single = jnp.outer(*weights) * (spread[0] @ single @ spread[1].T)
        phase = period_phase(undulator.period, one, energy, nodes)
        # slip of the phase with relative energy: what light gains falls as gamma^-2
        slip = 2 * undulator.period * energy / HBAR_C * one.whole[3] * beam.spread
        turn = jax.lax.complex(jnp.cos(phase), jnp.sin(phase))

        def add(block: Any, carry: Any) -> Any:
            for apart in 1.0 + _UNROLL * block + np.arange(_UNROLL):
                power, total = carry
                power = power * turn
                share = 2 * jnp.maximum(periods - apart, 0.0)
                share = share * jnp.exp(-0.5 * (apart * slip) ** 2)
                carry = power, total + share * jnp.real(power)
            return carry

        start = (jnp.ones_like(turn), jnp.full(turn.shape, 1.0 * periods))
        blocks = (periods - 1 + _UNROLL - 1) // _UNROLL
        _, fringes = jax.lax.fori_loop(0, blocks, add, start)
        return jnp.sum(single * fringes)

    def some(index: Any, found: Any) -> Any:
        return found.at[index].set(each(energies[index]))

    return jax.lax.fori_loop(0, number, some, jnp.zeros(energies.shape))


def _normal(x: Any) -> Any:
    return np.exp(-0.5 * x**2) / np.sqrt(2 * pi)


def _known(value: Any, name: str) -> Any:
    if not is_concrete(value):
        raise InputError(
            f"{name} must be known numbers here, not traced by jit, grad or vmap: the number of "
            "nodes follows from them",
            parameter=name,
        )
    return np.asarray(value)
