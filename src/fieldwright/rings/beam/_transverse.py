"""The transverse equilibrium of a lattice's beam by the paper's formula (10), anywhere in the ring.

C. Bernardini and C. Pellegrini, Transverse beam size in electron storage rings, LNF-64/55 (1964),
sections 2 to 4. Nothing here is shared with the full 6 x 6 solution (`equilibrium`) but the
elements' numbers.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright._result import Result, quantity
from fieldwright.errors import InputError, UnstableLatticeError
from fieldwright.rings.beam._beam_spot import BeamSpot, beam_spot
from fieldwright.rings.beam._betatron_equations import BetatronEquations, betatron_equations
from fieldwright.rings.beam._noise_covariance import far_from_resonance, noise_covariance
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.linear_optics._linear import inverse, solve
from fieldwright.sources._checks import as_float, is_concrete

#: Gauss-Legendre nodes in a stretch: its integrands are products of a few sines.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_UNIT = np.zeros((4, 4))
_UNIT[1, 1] = _UNIT[3, 3] = 1.0  # what damping acts on


class TransverseEquilibrium(Result):
    """A beam by formula (10) at m places: covariances of the betatron part (x, x', y, y').

    Momentum is taken to vary slowly, and the correlation of betatron motion with it, of the order
    of the damping in a turn, is left out, as in the paper.
    """

    s: jax.Array = quantity("m", "path along the reference orbit (m,)")
    matrix: jax.Array = quantity("m, rad", "N, damped, of the turn that ends here (m, 4, 4)")
    noise: jax.Array = quantity("m^2, m rad, rad^2", "R of that turn (m, 4, 4)")
    dispersion: jax.Array = quantity("m, 1", "closed orbit over momentum deviation (m, 4)")
    betatron: jax.Array = quantity("m^2, m rad, rad^2", "covariance by formula (10) (m, 4, 4)")
    far: jax.Array = quantity("m^2, m rad, rad^2", "by its far-from-resonance form (m, 4, 4)")
    footnote: jax.Array = quantity("m^2, m rad, rad^2", "with noise in x' and y' alone (m, 4, 4)")
    momentum_variance: jax.Array = quantity("", "<p^2>")
    longitudinal_decrement: jax.Array = quantity("1/turn", "of the amplitude of p")
    energy_loss: jax.Array = quantity("eV", "energy lost in a turn")

    @property
    def covariance(self) -> jax.Array:
        """(m, 4, 4) of the absolute coordinates, eq. (6): with the dispersion's part."""
        spread = self.dispersion[..., :, None] * self.dispersion[..., None, :]
        return self.betatron + self.momentum_variance * spread

    @property
    def spot(self) -> BeamSpot:
        """The distribution in x and y at each place, eq. (7) and the appendix."""
        return beam_spot(
            self.betatron[..., ::2, ::2], self.dispersion[..., ::2], self.momentum_variance
        )

    @property
    def eigenvalues(self) -> jax.Array:
        """(4,) of the damped turn."""
        return jnp.linalg.eigvals(self.matrix[0])


def transverse_equilibrium(
    lattice: Lattice, s: Any = None, *, pole_face_damping: bool = True
) -> TransverseEquilibrium:
    """The transverse beam by formula (10), from D, K and the noise of the lattice's own elements.

    A photon that changes p by dp moves the closed orbit, and so shifts the betatron part by
    (-xi dp, -xi' dp, -zeta dp, -zeta' dp). The paper's footnote keeps only the slopes' shifts;
    `footnote` is what that would give.

    Args:
        lattice: a ring on its design orbit, without offsets, correctors and rolled bends; cavities
            do nothing here.
        s: places (m,) [m], from 0 to the circumference; behind what thin elements stand there.
            None takes the entrances of all elements and the end.
        pole_face_damping: whether turned pole faces change the path in the bend's field.

    Returns:
        `TransverseEquilibrium`.

    Raises:
        InputError: a place is not in the ring, or an element moves the orbit.
        UnstableLatticeError: motion is not bounded, or not damped.

    >>> from fieldwright.rings import Bend, Drift, Lattice, Quadrupole, transverse_equilibrium
    >>> cell = [Quadrupole(name="QF", length=0.3, k1=1.2), Drift(name="D", length=0.5),
    ...         Bend(name="B", length=1.5, angle=0.392699), Drift(name="D", length=0.5),
    ...         Quadrupole(name="QD", length=0.3, k1=-1.2), Drift(name="D", length=0.5),
    ...         Bend(name="B", length=1.5, angle=0.392699), Drift(name="D", length=0.5)]
    >>> beam = transverse_equilibrium(Lattice.of(8 * cell, energy=1e9), [0.15])
    >>> print(f"{beam.spot.size[0, 0] * 1e3:.4f} mm, {beam.energy_loss / 1e3:.3f} keV")
    2.6868 mm, 23.159 keV
    """
    equations = betatron_equations(lattice, pole_face_damping=pole_face_damping)
    if s is None:
        begins = np.searchsorted(equations.element, np.arange(len(lattice) + 1))
        found = _at_stretches(equations, begins)
    else:
        s = as_float(s, "s", (None,))
        if is_concrete(s, lattice.table):
            _require_places(s, float(lattice.circumference))
        found = _at_places(equations, jnp.asarray(s))
    per_turn = found.pop("loss")
    if is_concrete(found):
        _require_stable(np.asarray(found["matrix"][0]))
    return TransverseEquilibrium(**found, energy_loss=per_turn * lattice.momentum * lattice.beta)


def _require_places(s: Any, circumference: float) -> None:
    s = np.asarray(s)
    outside = s[(s < 0) | (s > circumference * (1 + 1e-12))]
    if outside.size:
        raise InputError(
            f"s must lie between 0 and the circumference {circumference:g} m, got {outside[0]:g} m",
            parameter="s",
        )


def _require_stable(matrix: np.ndarray) -> None:
    values = np.linalg.eigvals(matrix)
    growth = float(np.log(np.abs(values).max()))
    if growth < 0:
        return
    traces = float(np.trace(matrix[:2, :2])), float(np.trace(matrix[2:, 2:]))
    numbers = {"trace_x": traces[0], "trace_y": traces[1], "growth": growth}
    raise UnstableLatticeError(
        f"no beam settles: betatron motion grows by {growth:.3g} a turn (traces of the one-turn "
        f"matrix {traces[0]:.6g} and {traces[1]:.6g}). A growth near 1e-5 is anti-damping, a "
        "larger one an unstable lattice",
        numbers,
    )


@eqx.filter_jit
def _at_stretches(equations: BetatronEquations, begins: np.ndarray) -> dict[str, Any]:
    ring = _Ring(equations)
    return ring.beam(ring.begins.at(begins), equations.s[begins])


@eqx.filter_jit
def _at_places(equations: BetatronEquations, s: Any) -> dict[str, Any]:
    ring = _Ring(equations)
    # the last stretch that begins there or before, thin ones included
    last = jnp.searchsorted(equations.s[:-1], s, side="right") - 1
    into = jnp.minimum(s - equations.s[last], equations.duration[last])
    into = jnp.where(equations.free[last] > 0, into, 1.0)
    begins = ring.begins.at(last)
    pieces = jax.vmap(_piece)(jax.tree.map(lambda v: v[last], ring.rates), into, begins.dispersion)
    return ring.beam(begins.then(pieces), s)


class _Rates(eqx.Module):
    """What happens in each stretch a metre."""

    motion: Any
    loss: Any
    slope: Any
    noise: Any


class _Piece(eqx.Module):
    """What a stretch, or its first part, does."""

    matrix: Any  # (4, 4) damped
    noise: Any  # (2, 4, 4) its photons' covariance at its end: full, and of the footnote
    dispersion: Any  # (4,) at its end


class _Progress(eqx.Module):
    """What all did from the start of the ring to a number of places."""

    matrix: Any
    noise: Any
    dispersion: Any

    def at(self, index: Any) -> _Progress:
        return jax.tree.map(lambda v: v[index], self)

    def then(self, piece: _Piece) -> _Progress:
        """The progress when a piece is added at each place."""
        more = piece.matrix[..., None, :, :]
        noise = more @ self.noise @ jnp.swapaxes(more, -1, -2) + piece.noise
        return _Progress(piece.matrix @ self.matrix, noise, piece.dispersion)


class _Ring:
    """A turn through all stretches, and what the longitudinal balance needs."""

    def __init__(self, equations: BetatronEquations):
        self.rates = _Rates(
            equations.motion, equations.loss, _widen(equations.loss_slope), equations.noise
        )
        self.equations = equations
        duration = equations.duration
        free = jax.vmap(_exponential)(equations.motion * duration[:, None, None])
        orbit = self._dispersion(free)
        pieces = jax.vmap(_piece)(self.rates, duration, orbit[:-1])

        def onwards(done: _Progress, piece: _Piece) -> tuple[_Progress, _Progress]:
            return done.then(piece), done

        start = _Progress(jnp.eye(4), jnp.zeros((2, 4, 4)), orbit[0])
        self.turn, begins = jax.lax.scan(onwards, start, pieces)
        self.begins = jax.tree.map(
            lambda v, last: jnp.concatenate([v, last[None]]), begins, self.turn
        )

    def _dispersion(self, free: Any) -> Any:
        """(n + 1, 4) the closed orbit over p."""

        def onwards(done: Any, step: Any) -> tuple[Any, Any]:
            return step @ done, done

        whole, before = jax.lax.scan(onwards, jnp.eye(5), free)
        first = solve(jnp.eye(4) - whole[:4, :4], whole[:4, 4])
        return (jnp.concatenate([before, whole[None]]) @ jnp.append(first, 1.0))[:, :4]

    def beam(self, here: _Progress, s: Any) -> dict[str, Any]:
        """Formula (10) at places: the turn that ends there goes on from the last turn's rest."""
        back = inverse(here.matrix)
        rest = self.turn.matrix @ back  # from here to the end of the turn
        matrix = here.matrix @ rest
        wide = rest[:, None]
        before = self.turn.noise - wide @ here.noise @ jnp.swapaxes(wide, -1, -2)
        wide = here.matrix[:, None]
        noise = here.noise + wide @ before @ jnp.swapaxes(wide, -1, -2)
        both = noise_covariance(jnp.broadcast_to(matrix[:, None], noise.shape), noise)
        loss, decrement, variance = self._momentum()
        return {
            "s": s,
            "matrix": matrix,
            "noise": noise[:, 0],
            "dispersion": here.dispersion,
            "betatron": both[:, 0],
            "far": far_from_resonance(matrix, noise[:, 0]),
            "footnote": both[:, 1],
            "momentum_variance": variance,
            "longitudinal_decrement": decrement,
            "loss": loss,
        }

    def _momentum(self) -> tuple[Any, Any, Any]:
        """Loss, decrement and variance of p: noise over four times the damping."""
        found = self.equations
        duration = found.duration

        def mean_slope(rates: _Rates, duration: Any, first: Any) -> Any:
            _, orbit = _inside(rates, duration, first)
            return duration / 2 * _WEIGHTS @ (orbit @ rates.slope)

        slopes = jax.vmap(mean_slope)(self.rates, duration, self.begins.dispersion[:-1])
        loss = duration @ found.loss
        decrement = loss + slopes.sum() / 2
        return loss, decrement, duration @ found.noise / (4 * decrement)


def _widen(slope: Any) -> Any:
    """(n, 4) of (x, x', y, y') from (n, 2) of (x, y)."""
    return jnp.stack([slope, jnp.zeros_like(slope)], axis=-1).reshape(-1, 4)


def _inside(rates: _Rates, duration: Any, first: Any) -> tuple[Any, Any]:
    """At the nodes of a stretch: motion from its start (nodes, 5, 5), dispersion (nodes, 4)."""
    into = (1 + _NODES) / 2 * duration
    motion = jax.vmap(_exponential)(rates.motion * into[:, None, None])
    return motion, (motion @ jnp.append(first, 1.0))[:, :4]


def _piece(rates: _Rates, duration: Any, first: Any) -> _Piece:
    """Damping to first order and noise, integrated along a stretch that begins with a dispersion.

    A loss that depends on position shifts the betatron part by the dispersion, as photons do.
    """
    motion, orbit = _inside(rates, duration, first)
    before = motion[:, :4, :4]
    # nodes are symmetric: what is left from one is what was done at its mirror image
    after = before[::-1]
    damping = orbit[:, :, None] * rates.slope - rates.loss * _UNIT
    weights = _WEIGHTS * duration / 2
    change = jnp.einsum("n,nij,njk,nkl->il", weights, after, damping, before)
    shifts = jnp.stack([orbit, orbit * np.array([0.0, 1.0, 0.0, 1.0])], axis=1)
    shifts = jnp.einsum("nij,nfj->nfi", after, shifts)
    noise = rates.noise * jnp.einsum("n,nfi,nfj->fij", weights, shifts, shifts)
    whole = _exponential(rates.motion * duration)
    return _Piece(whole[:4, :4] + change, noise, (whole @ jnp.append(first, 1.0))[:4])


def _exponential(matrix: Any) -> Any:
    """Of (5, 5) matrices of phases up to some radians: Taylor's series of an eighth, squared."""
    eighth = matrix / 8

    def horner(index: Any, total: Any) -> Any:
        return jnp.eye(5) + eighth @ total / (14 - index)

    total = jax.lax.fori_loop(0, 14, horner, jnp.eye(5))
    for _ in range(3):
        total = total @ total
    return total
