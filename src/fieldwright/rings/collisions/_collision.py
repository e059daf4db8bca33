"""Beams of a ring while they collide: each is the other's lens, and settles to what that makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import ConvergenceError, InputError, UnstableLatticeError
from fieldwright.rings.beam._equilibrium import Equilibrium, equilibrium
from fieldwright.rings.collisions._beam_beam import beam_beam_lens
from fieldwright.rings.collisions._luminosity import Bunch, luminosity
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.linear_optics import _checks
from fieldwright.rings.linear_optics._orbit import transfer_matrices
from fieldwright.sources._checks import as_float, require_positive

_RAMP = 4  # steps in which the number of particles rises
_ROUNDS = 400
_KEPT = 4  # guesses before the last that the next is made of
_CLOSE = 1e-12


class CollidingBeams(Result):
    """Two like beams that meet at k points of a ring; what `beams_in_collision` returns.

    Attributes:
        names: (k,) of the points.
        covariance: (k, 6, 6) at the points, in the middle of the other bunch's lens.
        lens: (k, 2, 2) of the other bunch [1/m], as `beam_beam_lens`.
        luminosity: (k,) with the hourglass [1/(m^2 s)].
        hourglass: (k,) its reduction.
        size_ratio: (k,) root of the beam's area over that of the beams apart.
        emittances: (2,) of both transverse modes together: the root of their product, in collision
            and apart [m rad].
        tunes: (3,) fractional, in collision; the largest first.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    covariance: np.ndarray = quantity("m^2 and so on", "in the middle of each crossing")
    lens: np.ndarray = quantity("1/m", "of the other bunch")
    luminosity: np.ndarray = quantity("1/(m^2 s)", "luminosity of one bunch in each beam")
    hourglass: np.ndarray = quantity("1", "luminosity over that without hourglass")
    size_ratio: np.ndarray = quantity("1", "mean size over that of the beams apart")
    emittances: np.ndarray = quantity("m rad", "mean mode emittance in collision and apart")
    tunes: np.ndarray = quantity("1", "fractional tunes in collision")


def beams_in_collision(
    lattice: Lattice, particles: Any, at: Sequence[str], *, beam: Equilibrium | None = None
) -> CollidingBeams:
    """The beams of a ring under the linear lenses that they are for each other.

    Beta, emittance and coupling change by the lens wherever the ring says so: no phase is assumed
    for the radiation's noise, as `dynamic_beta` does.

    Args:
        lattice: a ring with cavities. The other beam goes the other way in it, with opposite
            charge, and has the same covariance at each point.
        particles: in each bunch, one bunch in a beam.
        at: names of the elements at whose entrance they meet.
        beam: `equilibrium(lattice)`, if it is known already.

    Raises:
        InputError: no such element, no points or one twice, or a number of particles that is not
            above zero.
        UnstableLatticeError: the lenses make the motion unstable.
        ConvergenceError: no common size is found, as where beams take turns in being large.
        NoRFError, NoClosedOrbitError: as `equilibrium`.

    Source: strong beams of like sizes, as A. V. Otboyev and E. A. Perevedentsev, Phys. Rev. ST
    Accel. Beams 2, 104401 (1999), here for any linear coupling.

    >>> from fieldwright.rings import beams_in_collision, vepp2000
    >>> found = beams_in_collision(vepp2000("++--"), 1e11, ["IP1", "IP2"])
    >>> print(f"size {found.size_ratio[0]:.3f}, {found.luminosity[0] * 1e-4:.3e} /cm2/s")
    size 1.021, 3.652e+31 /cm2/s
    """
    require_positive(particles=as_float(particles, "particles"))
    if not at or len(set(at)) < len(at):
        raise InputError(f"give crossing points in `at`, each once; got {list(at)}", parameter="at")
    # sorted along the ring, which begins at the first
    names = tuple(sorted(at, key=lambda name: _checks.place(lattice.names, name)))
    places = [_checks.place(lattice.names, name) for name in names]
    arcs, noises, apart = _arcs(lattice, places, beam)
    covariance = apart
    for number in np.linspace(0.0, 1.0, _RAMP + 1)[1:] * float(particles):
        lens, covariance, turn = _settle(arcs, noises, covariance, number, lattice)
    frequency = lattice.revolution_frequency
    found = [luminosity(Bunch(particles, c), frequency=frequency) for c in covariance]
    area = [np.sqrt(np.linalg.det(c[:, :3:2, :3:2])) for c in (covariance, apart)]
    mean = [np.linalg.det(c[0, :4, :4]) ** 0.25 for c in (covariance, apart)]
    angles = np.abs(np.angle(np.linalg.eigvals(turn))) / (2 * np.pi)
    return CollidingBeams(
        names,
        covariance,
        lens,
        np.array([float(f.luminosity) for f in found]),
        np.array([float(f.hourglass) for f in found]),
        np.sqrt(area[0] / area[1]),
        np.array(mean),
        np.sort(angles)[::-2].copy(),
    )


def _arcs(
    lattice: Lattice, places: list[int], beam: Equilibrium | None
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """From each point to the next: damped matrices, the photons' noise; and beams apart there."""
    beam = equilibrium(lattice) if beam is None else beam
    matrices = np.asarray(transfer_matrices(lattice, radiation=True).matrices)
    covariances = np.asarray(beam.covariance)
    whole, apart = matrices[-1], covariances[places]
    arcs, noises = [], []
    for number, place in enumerate(places):
        following = places[(number + 1) % len(places)]
        there = matrices[following] if number + 1 < len(places) else matrices[following] @ whole
        arc = there @ np.linalg.inv(matrices[place])
        arcs.append(arc)
        # what the arc adds is what keeps the beam as it is
        noises.append(apart[(number + 1) % len(places)] - arc @ apart[number] @ arc.T)
    return arcs, noises, apart


class _Mixture:
    """The next guess of what an iteration settles to, from the last ones (D. G. Anderson, 1965).

    By themselves, steps go halfway only, so that beams do not take turns in being large; where
    modes almost have one tune they are slow, and the last few tell where they lead.
    """

    def __init__(self) -> None:
        self.guesses: list[np.ndarray] = []
        self.steps: list[np.ndarray] = []

    def __call__(self, guess: np.ndarray, found: np.ndarray) -> np.ndarray:
        size = np.sqrt(np.diagonal(found, axis1=1, axis2=2))
        scale = size[:, :, None] * size[:, None, :]
        self.guesses = [*self.guesses[-_KEPT:], guess]
        self.steps = [*self.steps[-_KEPT:], found - guess]
        plain = guess + 0.5 * (found - guess)
        if len(self.steps) < 3:
            return plain
        turns = np.diff(self.steps, axis=0)
        moves = np.diff(self.guesses, axis=0) + 0.5 * turns
        turns = (turns / scale).reshape(len(turns), -1)
        shares = np.linalg.lstsq(turns.T, (self.steps[-1] / scale).reshape(-1), rcond=1e-8)[0]
        better = plain - np.tensordot(shares, moves, axes=1)
        # far steps are taken on trust only where they leave a beam
        sound = np.linalg.eigvalsh(better / scale).min() > 0
        near = np.abs((better - guess) / scale).max() < 0.3
        return better if sound and near else plain


def _settle(
    arcs: list[np.ndarray],
    noises: list[np.ndarray],
    covariance: np.ndarray,
    particles: float,
    lattice: Lattice,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lenses, the covariances that they make, and the turn; from a guess of the covariances."""
    mixed = _Mixture()
    for _ in range(_ROUNDS):
        lens = np.array(
            [
                beam_beam_lens(Bunch(particles, c), float(lattice.gamma), lattice.species)
                for c in covariance
            ]
        )
        found, turn = _under(lens, arcs, noises)
        growth = np.abs(np.linalg.eigvals(turn)).max() - 1
        if growth >= 0:
            raise UnstableLatticeError(
                f"no stable motion in collision: {particles:.3g} particles a bunch, of "
                f"{np.sqrt(covariance[0, 0, 0]) * 1e6:.4g} um, make it grow by {growth:.3g} a turn",
                {"particles": particles, "growth": float(growth)},
            )
        size = np.sqrt(np.diagonal(found, axis1=1, axis2=2))
        change = np.abs(found - covariance) / (size[:, :, None] * size[:, None, :])
        if change[:, :3:2, :3:2].max() < _CLOSE:
            return lens, found, turn
        covariance = mixed(covariance, found)
    raise ConvergenceError(
        f"the beams of {particles:.3g} particles a bunch find no common size: the last change was "
        f"{change[:, :3:2, :3:2].max():.1e} of the squared size"
    )


def _under(
    lens: np.ndarray, arcs: list[np.ndarray], noises: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Covariances in the middle of lenses, and the turn from the middle of the first."""
    halves = np.tile(np.eye(6), (len(lens), 1, 1))
    halves[:, 1:4:2, 0:3:2] = -0.5 * lens
    turn, noise, steps = np.eye(6), np.zeros((6, 6)), []
    for number, (arc, added) in enumerate(zip(arcs, noises, strict=True)):
        end = halves[(number + 1) % len(lens)]
        step, gain = end @ arc @ halves[number], end @ added @ end.T
        steps.append((step, gain))
        turn, noise = step @ turn, step @ noise @ step.T + gain
    whole = np.eye(36) - np.kron(turn, turn)
    covariance = [np.linalg.solve(whole, noise.reshape(-1)).reshape(6, 6)]
    for step, gain in steps[:-1]:
        covariance.append(step @ covariance[-1] @ step.T + gain)
    found = np.array(covariance)
    return 0.5 * (found + found.swapaxes(1, 2)), turn
