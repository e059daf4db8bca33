"""The beam that radiation makes: closed orbit, damping, and the covariance it settles to."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.rings.beam._settling import require_equilibrium
from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._kernel import known, of_rows
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._programme import rows_of
from fieldwright.rings.lattice._rows import Rows
from fieldwright.rings.lattice._steps import OPERATION
from fieldwright.rings.linear_optics import _checks, _linear
from fieldwright.rings.linear_optics._matrices import Orbit, Tiles, radiation_noise
from fieldwright.rings.linear_optics._orbit import find
from fieldwright.sources._checks import numpy_for

_S = np.kron(np.eye(3), [[0.0, 1.0], [-1.0, 0.0]])


class Equilibrium(Result):
    """The beam a ring holds, with every coupling kept.

    Places are the entrances of the n elements and the end of the ring. Modes are ordered by the
    plane they have most of: x, y, z. Where two modes' tunes agree, `tunes`, `decrements` and
    `emittances` are still those of the ring and of the beam, but which of one belongs to which of
    another is not determined.
    """

    s: Any = quantity("m", "path along the reference orbit (places,)")
    orbit: Any = quantity("m, rad", "closed orbit with radiation (places, 6)")
    covariance: Any = quantity("m^2 and so on", "of (x, px, y, py, z, delta) (places, 6, 6)")
    energy_loss: Any = quantity("eV", "energy lost in a turn")
    tunes: Any = quantity("1", "fractional tunes of the modes (3,)")
    decrements: Any = quantity("1/turn", "amplitudes shrink by exp(-decrement) a turn (3,)")
    damping_times: Any = quantity("s", "of amplitudes (3,)")
    emittances: Any = quantity("m rad", "of the modes (3,)")
    energy_spread: Any = quantity("1", "rms relative momentum deviation at the start")
    bunch_length: Any = quantity("m", "rms length at the start")
    names: tuple[str, ...] = ()

    @property
    def sigma_x(self) -> Any:
        """(places,) rms horizontal size [m]."""
        return numpy_for(self.covariance).sqrt(self.covariance[..., 0, 0])

    @property
    def sigma_y(self) -> Any:
        """(places,) rms vertical size [m]."""
        return numpy_for(self.covariance).sqrt(self.covariance[..., 2, 2])

    @property
    def tilt(self) -> Any:
        """(places,) of the ellipse's long axis against x [rad]; rounding where it is round."""
        c = self.covariance
        return 0.5 * numpy_for(c).arctan2(2 * c[..., 0, 2], c[..., 0, 0] - c[..., 2, 2])

    def at(self, name: str) -> Any:
        """(6, 6) the covariance at the first element of a name.

        Raises:
            InputError: no element of that name.
        """
        return self.covariance[_checks.place(self.names, name)]


def equilibrium(lattice: Lattice, *, pole_face_damping: bool = True) -> Equilibrium:
    """The equilibrium of a beam in a ring with cavities, from the full 6 x 6 motion.

    The closed orbit is found with mean radiation; the covariance solves Sigma = M Sigma M^T + B
    (a discrete Lyapunov or Stein equation; K. Ohmi, K. Hirata and K. Oide, Phys. Rev. E 49, 751
    (1994)) for the one-turn matrix M with damping and the photons' noise B. Modes are derived from
    M and Sigma afterwards, so that nothing breaks where they are degenerate.

    Args:
        lattice: a ring with bends and at least one cavity with a voltage.
        pole_face_damping: whether turned pole faces change the path in the bend's field, as they
            do; False leaves that out, as several codes do.

    Raises:
        NoRFError: no cavity with a voltage.
        NoClosedOrbitError: the cavities cannot replace what radiation takes, or there is no orbit.
        UnstableLatticeError: the motion grows; the error carries tunes and growth.

    >>> from fieldwright.rings import equilibrium, vepp2000
    >>> beam = equilibrium(vepp2000("++--"))
    >>> print(f"{beam.energy_loss / 1e3:.2f} keV, {beam.emittances[0]:.2e} m rad")
    63.19 keV, 2.20e-07 m rad
    """
    _checks.require_rf(lattice)
    found = beam_of(lattice, pole_face_damping)
    require_equilibrium(lattice, found)
    return Equilibrium(**found, names=lattice.names)


def beam_of(lattice: Lattice, pole_face_damping: bool = True) -> dict[str, Any]:
    """What an `Equilibrium` holds, without checks; of many machines, these are in front."""
    programme = rows_of(lattice, radiation=True, pole_faces=pole_face_damping)
    about = find(programme, lattice, None)
    found = known(_settle(programme, about.table, about.orbit, about.tiles))
    places = slice(len(lattice) + 1)
    found["s"] = found["s"][..., places]
    found["orbit"] = found["orbit"][..., places, :]
    found["covariance"] = found["covariance"][..., places, :, :]
    return found


def settle(rows: Rows, table: Any, orbit: Orbit, tiles: Tiles) -> dict[str, Any]:
    """What an `Equilibrium` holds, from the closed orbit with radiation."""
    states, chain = orbit
    noise = radiation_noise(rows, tiles, states)
    turn = _machines_first(chain.turn, 2)
    balance = jnp.vectorize(stein, signature="(a,a),(a,a)->(a,a)")

    def balanced(gathered: Any) -> Any:
        return _machines_last(balance(turn, _machines_first(gathered, 2)), 2)

    covariance = _machines_first(chain.gathered(rows.length, noise, balanced, rows.places), 3)
    start = covariance[..., 0, :, :]
    modes = jnp.vectorize(_modes, signature="(a,a),(a,a)->(m),(m),(m)")
    tunes, decrements, emittances = modes(turn, start)
    lengths = table[..., COLUMN["length"]]
    period = lengths.sum(-1) * jnp.sqrt(1 + tiles.beam.mu2) / SPEED_OF_LIGHT
    zero = jnp.zeros((*lengths.shape[:-1], 1))
    return {
        "s": jnp.concatenate([zero, jnp.cumsum(lengths, -1)], -1),
        "orbit": _machines_first(states[rows.places], 2),
        "covariance": covariance,
        "energy_loss": _energy_gain(rows, tiles.beam, states),
        "tunes": tunes,
        "decrements": decrements,
        "damping_times": period[..., None] / decrements,
        "emittances": emittances,
        "energy_spread": jnp.sqrt(start[..., 5, 5]),
        "bunch_length": jnp.sqrt(start[..., 4, 4]),
    }


_settle = of_rows(settle)


def _machines_first(values: Any, own: int) -> Any:
    return jnp.moveaxis(values, range(own), range(-own, 0))


def _machines_last(values: Any, own: int) -> Any:
    return jnp.moveaxis(values, range(-own, 0), range(own))


def stein(matrix: Any, noise: Any) -> Any:
    """(6, 6) the covariance Sigma = M Sigma M^T + B, solved as 21 linear equations."""
    i, j = np.triu_indices(matrix.shape[-1])
    # what an element above the diagonal, and its twin below, do to each element
    both = matrix[i][:, i] * matrix[j][:, j]
    twin = jnp.where(i == j, 0.0, matrix[i][:, j] * matrix[j][:, i])
    found = _linear.solve(jnp.eye(len(i)) - both - twin, noise[i, j])
    return jnp.zeros_like(noise).at[i, j].set(found).at[j, i].set(found)


def _energy_gain(rows: Rows, beam: Any, states: Any) -> Any:
    """What the cavities give in a turn [eV]."""
    gains = rows.operation == OPERATION["cavity"]
    delta = states[rows.order, 5]
    energy = jnp.sqrt((1 + delta) ** 2 + beam.mu2)
    gains = gains.reshape(-1, *[1] * (delta.ndim - 1))
    return (jnp.where(gains, energy[1:] - energy[:-1], 0.0) * beam.momentum).sum(0)


def _modes(matrix: Any, covariance: Any) -> tuple[Any, Any, Any]:
    """Tunes and decrements of the ring's modes, and the beam's emittances in the same order.

    Eigenvectors only sort: values are those of M and of Sigma S, whose derivatives are exact.
    """
    scale = _scale(covariance)
    turn = matrix * scale[None, :] / scale[:, None]
    beam = covariance / scale[:, None] / scale[None, :]
    values, vectors = _paired(jax.lax.stop_gradient(turn))
    # Beams without a height have no vertical mode of their own: a little of every mode is added.
    size = jnp.trace(beam) / 6
    spare = stein(turn, 1e-9 * size * jnp.eye(6) * jnp.abs(1 - jnp.abs(values)).min())
    _, own = _paired(jax.lax.stop_gradient((beam + spare) @ _S))
    ring = _quotients(turn, vectors)
    sizes = jnp.abs(_quotients(beam @ _S, own).imag)
    order = _by_plane(vectors)
    ring, vectors = ring[order], vectors[:, order]
    share = jnp.abs(jnp.conj(vectors.T) @ _S @ own) ** 2
    emittances = sizes[_matching(share)]
    tunes = jnp.angle(ring) / (2 * jnp.pi) % 1.0
    # the synchrotron tune is the one below a half, whichever way the mode turns
    tunes = jnp.where((jnp.arange(3) == 2) & (tunes > 0.5), 1 - tunes, tunes)
    return tunes, -jnp.log(jnp.abs(ring)), emittances


def _scale(covariance: Any) -> Any:
    """A symplectic scaling that makes position and momentum of each plane alike."""
    variance = jax.lax.stop_gradient(jnp.diagonal(covariance))
    positions, momenta = variance[0::2], variance[1::2]
    good = (positions > 0) & (momenta > 0)
    ratio = jnp.where(good, positions, 1.0) / jnp.where(good, momenta, 1.0)
    root = ratio**0.25
    return jnp.stack([root, 1 / root], axis=1).reshape(-1)


def _paired(matrix: Any) -> tuple[Any, Any]:
    """The three eigenvalues, and vectors (6, 3), that turn the right way: -i v^H S v above zero."""
    values, vectors = jnp.linalg.eig(matrix)
    sense = -(jnp.conj(vectors) * (_S @ vectors)).sum(0).imag
    keep = jnp.argsort(sense)[:3]
    vectors = vectors[:, keep] / jnp.sqrt(jnp.abs(sense[keep]))
    return values[keep], vectors


def _quotients(matrix: Any, vectors: Any) -> Any:
    """v^-1 A v of each vector: eigenvalues, with exact derivatives though vectors are constant."""
    basis = jnp.concatenate([vectors, jnp.conj(vectors)], axis=1)
    return jnp.diagonal(_linear.solve(basis, matrix @ basis))[:3]


def _matching(share: Any) -> Any:
    """The order of columns that puts most on the diagonal."""
    orders = np.array(list(itertools.permutations(range(3))))
    total = share[np.arange(3), orders].sum(-1)
    return jnp.asarray(orders)[jnp.argmax(total)]


def _by_plane(vectors: Any) -> Any:
    """The order of modes by the plane they have most of: x, y, z."""
    planes = jnp.abs(vectors.reshape(3, 2, 3)) ** 2
    return _matching(planes.sum(1))
