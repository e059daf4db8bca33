"""Cold crystals: ions at rest against each other, turning together about a trap's axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import COULOMB
from fieldwright.errors import ConvergenceError, InputError
from fieldwright.motion.interaction._coulomb import Coulomb, pair_energy
from fieldwright.motion.ions._ions import Ions
from fieldwright.motion.ions._species import Species, find_species
from fieldwright.motion.traps._frequencies import Centre, about_centre, require_trapped, round_rates
from fieldwright.sources import LinearField, Source
from fieldwright.sources._checks import as_float

_MOST = 2000  # ions: a matrix of second derivatives takes 72 n^2 bytes, and there are a few


def crystal(
    n: int | Sequence[int],
    species: str | Species | Sequence[str | Species],
    trap: Source | LinearField,
    rotation: Any = None,
    *,
    seed: int = 0,
    starts: int | None = None,
) -> Ions:
    """Ions in the places of least energy, in the frame that turns with them.

    In that frame an ion has the energy q V + m/2 w_r (w0 - w_r) rho^2, the magnetic force and the
    centrifugal one together: across the axis the trap is a spring of m (w_r (w0 - w_r) - w_z^2 / 2)
    (D. H. E. Dubin and T. M. O'Neil, Rev. Mod. Phys. 71, 87 (1999), section II). Left alone, the
    crystal keeps its shape.

    Args:
        n: how many ions; for a mixture, how many of each species.
        species: a name of `SPECIES`, or a `Species`; for a mixture, a list of them.
        trap: one that is round about its magnetic field; drives are left out, and of anharmonic
            traps the part that acts on small amplitudes is taken.
        rotation: w_r, the angular frequency at which it turns in the sense of the magnetron motion
            [rad/s], between w- and w+ of every species. By default the one at which the first
            species makes a ball, or w0 / 2 where the trap is too weak for that.
        seed: of the random beginnings; the same seed gives the same crystal.
        starts: from how many random beginnings the least energy is looked for; by default 16 for
            up to 50 ions, and fewer for more. Large crystals have more minima than can be tried:
            what comes out is one of the low ones.

    Returns:
        `Ions` with the velocities of the rigid rotation, species by species.

    Raises:
        UnstableTrapError: the trap does not hold one of the species.
        InputError: the rotation is not between w- and w+, charges have different signs, the trap is
            tilted or elliptic, or there are more than 2000 ions.
        ConvergenceError: no equilibrium was found.

    >>> import numpy as np
    >>> from fieldwright.motion import crystal
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> pair = crystal(2, "40Ca+", trap)
    >>> print(f"{np.linalg.norm(pair.position[0] - pair.position[1]) * 1e6:.3f} um apart")
    24.329 um apart
    """
    kinds = _kinds(n, species)
    mass, charge = (
        np.array([getattr(kind, name) for kind in kinds]) for name in ("mass", "charge")
    )
    _check(kinds, charge)
    near = about_centre(trap)
    if not near.round:
        raise InputError(
            "the trap is elliptic, or tilted against its magnetic field: no crystal turns in it "
            "without changing its shape",
            parameter="trap",
        )
    for kind in dict.fromkeys(kinds):
        require_trapped(trap, kind.mass, kind.charge)
    turn = _rotation(near, mass, charge, rotation)
    cluster = _Cluster(*_springs(near, mass, charge, turn), charge / charge[0])
    unit = (COULOMB * charge[0] ** 2 / cluster.strength) ** (1 / 3)
    places = unit * cluster.lowest(seed, starts or max(1, min(16, 800 // len(kinds))))
    # Clockwise about the axis where w0 > 0: the sense of the magnetron motion.
    omega = -np.copysign(turn, charge[0] * float(near.B @ near.axis))
    velocity = omega * np.stack([-places[:, 1], places[:, 0], 0 * places[:, 2]], axis=1)
    return Ions(mass, charge, places @ near.frame.T + near.position, velocity @ near.frame.T)


class _Cluster:
    """Charges on springs that repel each other, in units in which the first's axial spring is 1.

    The energy is sum of k x^2 / 2 over axes and charges, and of c_i c_j / r_ij over pairs.
    """

    def __init__(self, strength: float, springs: np.ndarray, charge: np.ndarray):
        self.strength = strength
        self.springs = springs  # (n, 3)
        self.charge = charge  # (n,)

    def lowest(self, seed: int, starts: int) -> np.ndarray:
        """The places (n, 3) of the lowest of the minima found from some random beginnings."""
        random = np.random.default_rng(seed)
        found = [self._minimum(self._beginning(random)) for _ in range(starts)]
        places = self._polished(min(found, key=lambda result: result.fun).x.reshape(-1, 3))
        pull = np.abs(self.springs * places).max()
        left = self._unbalanced(places)
        if not left <= 1e-9 * (1 + pull):
            raise ConvergenceError(
                f"no equilibrium of the crystal was found: {left:.2g} of the forces is left; "
                "try another seed"
            )
        return places

    def _beginning(self, random: np.random.Generator) -> np.ndarray:
        """An even cloud in an ellipsoid of about the right size."""
        springs = self.springs.mean(axis=0)
        axes = springs**-0.5
        volume = 3 * np.sum(self.charge**2) / springs.sum()
        axes = axes * np.cbrt(volume / np.prod(axes))
        direction = random.normal(size=self.springs.shape)
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        return direction * np.cbrt(random.uniform(size=(len(direction), 1))) * axes

    def _minimum(self, start: np.ndarray) -> Any:
        from scipy.optimize import minimize  # a third of a second that only crystals need

        def value(x: np.ndarray) -> tuple[float, np.ndarray]:
            energy, slope = _energy_and_slope(x.reshape(-1, 3), self.springs, self.charge)
            return float(energy), np.asarray(slope).ravel()

        options = {"maxiter": 20_000, "maxfun": 40_000, "maxcor": 20, "ftol": 0.0, "gtol": 1e-5}
        return minimize(value, start.ravel(), jac=True, method="L-BFGS-B", options=options)

    def _slope(self, places: np.ndarray) -> np.ndarray:
        return np.asarray(_energy_and_slope(places, self.springs, self.charge)[1])

    def _energy(self, places: np.ndarray) -> float:
        return float(_energy_and_slope(places, self.springs, self.charge)[0])

    def _unbalanced(self, places: np.ndarray) -> float:
        return float(np.abs(self._slope(places)).max())

    def _polished(self, places: np.ndarray) -> np.ndarray:
        """By Newton's method, until rounding keeps the forces from getting smaller."""
        scale = 1 + np.abs(self.springs * places).max()
        left, reach, stuck = self._unbalanced(places), 0.1, 0
        for _ in range(100):
            moved = places + self._step(places, reach)
            now = self._unbalanced(moved)
            stuck += now > left / 2 and left < 1e-10 * scale
            if stuck and (left < 1e-13 * scale or stuck > 3):
                break
            if now < left or self._energy(moved) <= self._energy(places):
                places, left = moved, now
            else:
                reach /= 4
        return places

    def _step(self, places: np.ndarray, reach: float) -> np.ndarray:
        """Newton's step; downhill, and no farther than `reach`, along what is bent little or down.

        Rings and shells of a crystal may turn against each other almost freely, with 1e-9 of the
        usual curvature, and saddles on the way. Where they stand then matters to no force.
        """
        from scipy.linalg import cholesky, eigh, solve

        slope = self._slope(places).ravel()
        H = self._second_derivatives(places)
        usual = np.trace(H) / len(H)
        free = self._free_turns(places)
        H += usual * free @ free.T
        try:
            cholesky(H - 1e-5 * usual * np.eye(len(H)), overwrite_a=True)
            step = -solve(H, slope, assume_a="pos")
            if np.abs(step).max() < reach:
                return step.reshape(-1, 3)
        except np.linalg.LinAlgError:
            pass
        bent, modes = eigh(H, overwrite_a=True)
        bent = np.maximum(np.abs(bent), 1e-15 * usual)
        along = np.clip((slope @ modes) / bent, -reach, reach)
        # On the way along the freest, straight steps cost more than the little they could gain.
        along[(bent < 1e-8 * usual) & (np.abs(along) > 1e-5)] = 0.0
        return -(modes @ along).reshape(-1, 3)

    def _free_turns(self, places: np.ndarray) -> np.ndarray:
        """Orthonormal columns (3 n, k): turns of the whole that cost no energy."""
        ball = np.ptp(self.springs, axis=1).max() <= 1e-12 * self.springs.max()
        axes = np.eye(3) if ball else np.eye(3)[2:]
        turns = np.array([np.cross(axis, places).ravel() for axis in axes]).T
        directions, size, _ = np.linalg.svd(turns, full_matrices=False)
        return directions[:, size > 1e-6 * np.linalg.norm(places) + 1e-12]

    def _second_derivatives(self, places: np.ndarray) -> np.ndarray:
        n = len(places)
        d = places[:, None] - places[None]
        square = np.sum(d * d, axis=-1)
        np.fill_diagonal(square, np.inf)
        weight = self.charge[:, None] * self.charge * square**-1.5
        blocks = 3 * np.einsum("ij,ija,ijb->iajb", weight / square, d, d)
        blocks -= np.einsum("ij,ab->iajb", weight, np.eye(3))
        own = blocks.sum(axis=2)
        blocks *= -1
        each = np.arange(n)
        blocks[each, :, each, :] += own.reshape(n, 3, 3) + np.eye(3) * self.springs[:, None]
        return blocks.reshape(3 * n, 3 * n)


@jax.jit
def _energy_and_slope(
    places: jax.Array, springs: jax.Array, charge: jax.Array
) -> tuple[jax.Array, jax.Array]:
    energy = jnp.sum(springs * places**2) / 2 + pair_energy(places, charge) / COULOMB
    field = Coulomb(precise=True).field(places, charge) / COULOMB
    return energy, springs * places - charge[:, None] * field


def _kinds(n: Any, species: Any) -> list[Species]:
    several = isinstance(species, Sequence) and not isinstance(species, str)
    names = list(species) if several else [species]
    counts = list(n) if isinstance(n, Sequence) else [n]
    if len(counts) != len(names):
        raise InputError(
            f"a mixture takes one number for each species: got {len(counts)} numbers and "
            f"{len(names)} species",
            parameter="n",
        )
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise InputError(f"n must be whole numbers above zero, got {count!r}", parameter="n")
    kinds = [find_species(name) for name in names]
    return [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]


def _check(kinds: list[Species], charge: np.ndarray) -> None:
    if len(kinds) > _MOST:
        raise InputError(
            f"crystals of up to {_MOST} ions can be made, got {len(kinds)}: for more, cool a cloud "
            "with LaserCooling or BufferGas",
            parameter="n",
        )
    if np.any(charge * charge[0] <= 0) and np.any(charge):
        raise InputError(
            "the charges of a crystal need the same sign: others fall into each other",
            parameter="species",
        )


def _springs(
    near: Centre, mass: np.ndarray, charge: np.ndarray, turn: float
) -> tuple[float, np.ndarray]:
    """The first's spring along the axis [N/m]; all springs (n, 3) in units of it."""
    cyclotron, axial, push = round_rates(near, charge / mass)
    across = turn * (np.abs(cyclotron) - turn) - push
    springs = mass[:, None] * np.stack([across, across, axial], axis=1)
    return float(springs[0, 2]), springs / springs[0, 2]


def _rotation(near: Centre, mass: np.ndarray, charge: np.ndarray, rotation: Any) -> float:
    cyclotron, axial, push = round_rates(near, charge / mass)
    cyclotron = np.abs(cyclotron)
    if rotation is None:
        # w_r (w0 - w_r) = w_z^2 + push: the same spring across the axis as along it.
        root = cyclotron[0] ** 2 - 4 * (axial[0] + push[0])
        turn = 2 * (axial[0] + push[0]) / (cyclotron[0] + np.sqrt(max(root, 0.0)))
        turn = float(turn if root > 0 else cyclotron[0] / 2)
    else:
        turn = float(as_float(rotation, "rotation"))
    root = np.sqrt(cyclotron**2 - 4 * push)
    low, high = float(np.max(2 * push / (cyclotron + root))), float(np.min((cyclotron + root) / 2))
    if not low < turn < high:
        raise InputError(
            f"a crystal that turns at {turn:.6g} rad/s is not held across the axis: it takes "
            f"between w- = {low:.6g} and w+ = {high:.6g} rad/s",
            parameter="rotation",
        )
    return turn
