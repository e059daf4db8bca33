"""Radiation integrals, damping partition and emittances of slow damping, coupled or not."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.rings.lattice import _radiation
from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._kernel import known, of_rows
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._programme import Programme, rows_of
from fieldwright.rings.lattice._rows import Rows
from fieldwright.rings.lattice._steps import OPERATION
from fieldwright.rings.linear_optics import _checks
from fieldwright.rings.linear_optics._linear import solve
from fieldwright.rings.linear_optics._matrices import (
    Orbit,
    Tiles,
    radiation_noise,
    radiation_slopes,
)
from fieldwright.rings.linear_optics._modes import (
    NormalModes,
    inverse,
    require_stable,
    symplectic_form,
)
from fieldwright.rings.linear_optics._optics_functions import labelled_modes, times
from fieldwright.rings.linear_optics._orbit import find

_FORM = symplectic_form(4)


class RadiationIntegrals(Result):
    """What `radiation_integrals` returns; modes are those of `optics`.

    `damping_partition` is of mode 1, mode 2 and energy; its sum is four. Of two degenerate modes,
    partition and decrements are means of both, and emittances those of the beam, the larger first.
    """

    I1: Any = quantity("m", "integral of D/rho: momentum compaction times circumference")
    I2: Any = quantity("1/m", "integral of 1/rho^2")
    I3: Any = quantity("1/m^2", "integral of 1/|rho|^3")
    I4: Any = quantity("1/m", "integral of D/rho (1/rho^2 + 2 k1), with pole faces")
    I5: Any = quantity("1/m", "integral of H/|rho|^3 of modes 1 and 2 (2,)")
    momentum_compaction: Any = quantity("1", "relative change of path per delta")
    energy_loss: Any = quantity("eV", "energy lost in a turn")
    damping_partition: Any = quantity("1", "J of mode 1, mode 2 and energy (3,)")
    decrements: Any = quantity("1/turn", "amplitudes shrink by exp(-decrement) a turn (3,)")
    emittances: Any = quantity("m rad", "of modes 1 and 2 (2,)")
    energy_spread: Any = quantity("1", "rms relative momentum deviation")


def radiation_integrals(lattice: Lattice, *, pole_face_damping: bool = True) -> RadiationIntegrals:
    """Radiation integrals of a ring, and the beam that follows for slow synchrotron motion.

    Args:
        lattice: a ring; its cavities are off.
        pole_face_damping: whether turned pole faces change the path in the bend's field, as they
            do; False leaves their part out of I4, as several codes do.

    Returns:
        `RadiationIntegrals`, on the closed orbit without radiation, by Gauss's quadrature in all
        bodies, quadrupoles and solenoids too. They are those of R. H. Helm, M. J. Lee, P. L. Morton
        and M. Sands, IEEE Trans. NS-20 (1973) 900, and of Sands, SLAC-121, eq. 4.18, 5.42 and
        5.44. In coupled rings a mode's damping is -tr(X P) / 2, with its projector P and the
        betatron part X of what radiation does, and its excitation the invariant of photons' kicks.
        Emittances are of the balance of both modes at once, which holds where they are degenerate.
        `equilibrium` leaves nothing out; it differs where synchrotron motion is fast, or couples.

    Raises:
        NoClosedOrbitError: no orbit closes.
        UnstableLatticeError: an oscillation grows.

    >>> from fieldwright.rings import Bend, Drift, Lattice, Quadrupole, radiation_integrals
    >>> half = [Quadrupole(name="QF", k1=1.2, length=0.2), Drift(name="D", length=0.5),
    ...         Bend(name="B", length=1.0, angle=0.3927), Drift(name="D", length=0.5)]
    >>> cell = [*half, Quadrupole(name="QD", k1=-1.2, length=0.2), *half[1:]]
    >>> found = radiation_integrals(Lattice.of(cell * 8, energy=1e9))
    >>> print(f"{found.energy_loss / 1e3:.2f} keV, {found.damping_partition.sum():.4f}")
    34.74 keV, 4.0000
    """
    programme = rows_of(lattice, radiation=True, pole_faces=pole_face_damping, cavities=False)
    about = find(_still(programme), lattice, 0.0)
    _checks.require_orbit(lattice, about.states)
    found, turn = known(_solve(programme, about.table, about.numbers, about.orbit))
    require_stable(turn, "the ring")
    return RadiationIntegrals(**found)


@functools.lru_cache(maxsize=64)
def _still(programme: Programme) -> Programme:
    """The same rows, of which none radiates."""
    radiating = np.isin(programme.operation, [OPERATION["radiate"], OPERATION["radiate_face"]])
    return dataclasses.replace(
        programme,
        operation=np.where(radiating, OPERATION["drift"], programme.operation).astype(np.int32),
        fraction=np.where(radiating, 0.0, programme.fraction),
    )


@of_rows
def _solve(rows: Rows, table: Any, given: Any, orbit: Orbit) -> tuple[dict[str, Any], Any]:
    energy, states = given[0], orbit.states
    tiles = Tiles.of(rows, table, energy)
    beam = tiles.beam
    whole = orbit.chain.matrices
    turn = whole[-1]
    closing = solve(jnp.eye(4) - turn[:4, :4], turn[:4, 5])
    modes = labelled_modes(rows, table, energy, whole[rows.order])
    later = (turn[4, :4] * closing).sum() + turn[4, 5]
    compaction, _ = times(rows, table, energy, 0.0, later, states[-1, 4] - states[0, 4])

    added, change = radiation_slopes(rows, tiles, states)
    change = jnp.moveaxis(change, 3, 1)  # (L, B, 6, 6)
    noise = jnp.moveaxis(radiation_noise(rows, tiles, states), 3, 1)
    along = _of_rows(rows, whole @ jnp.concatenate([closing, jnp.array([0.0, 1.0])]))
    loss = -added[:, 5].sum()
    loss_slope = -(change[..., 5, :] * along).sum()
    # radiation changes delta, and with it the orbit about which betatron motion goes
    part = jnp.concatenate([jnp.broadcast_to(jnp.eye(4, 5), (*along.shape[:2], 4, 5)),
                            -along[..., :4, None]], axis=-1)  # fmt: skip
    matrices = _of_rows(rows, whole[:, :4, :4])
    back = inverse(matrices)
    damping = (back @ part @ change[..., :, :4] @ matrices).sum((0, 1))
    kicks = (back @ part @ noise @ (back @ part).swapaxes(-1, -2)).sum((0, 1))

    gamma2 = (1 + beam.mu2) / beam.mu2
    per_curvature = 2 / 3 * beam.radius * gamma2 / jnp.sqrt(beam.mu2)
    per_cube = _radiation._QUANTUM * beam.radius * beam.compton * gamma2**2.5
    second = loss / per_curvature
    variance = noise[..., 5, 5].sum()
    invariants = jnp.einsum("ij,jk,kl,mli->m", _FORM.T, kicks, _FORM, modes.group_covariance)
    rates = -0.5 * jnp.einsum("ij,kji->k", damping, modes.group_projector)
    # of a group, half of the sum
    share = jnp.where(modes.group[0] == modes.group[1], 0.5, 1.0)
    decrements = jnp.concatenate([share * rates, 0.5 * loss_slope[None]])
    found = {
        "I1": compaction * table[:, COLUMN["length"]].sum(),
        "I2": second,
        "I3": variance / per_cube,
        "I4": loss_slope / per_curvature - 2 * second / (1 + beam.mu2),
        "I5": share * invariants / per_cube,
        "momentum_compaction": compaction,
        "energy_loss": loss * beam.momentum * rows.charges / jnp.sqrt(1 + beam.mu2),
        "damping_partition": decrements / (0.5 * loss),
        "decrements": decrements,
        "emittances": _emittances(modes, turn[:4, :4], damping, kicks),
        "energy_spread": jnp.sqrt(variance / (4 * decrements[2])),
    }
    return found, turn[:4, :4]


def _of_rows(rows: Rows, found: Any) -> Any:
    """(L, B, ...) of what is (R + 1, ...) by `flat`."""
    return found[:-1].reshape(*rows.slot.shape, *found.shape[1:])


def _emittances(modes: NormalModes, turn: Any, damping: Any, kicks: Any) -> Any:
    """The emittances (2,) at which damping balances kicks, both of a turn and seen at its start.

    Motion is x = Re(V a), with V made of any two vectors of the modes' subspace; the Hermitian
    E = <a a*> / 2 is kept by a turn: E = L E L* + U D U*. A mode's emittance is E's component
    along it; those of a degenerate pair are E's eigenvalues.
    """
    beam = modes.together
    root = _cholesky(beam[::2, ::2])
    momenta = solve(root, (beam[1::2, ::2] + 1j * jnp.eye(2)).T).T
    V = jnp.stack([root.astype(complex), momenta], axis=1).reshape(4, 2)
    left = jnp.conj(V.T) @ _FORM
    U = left @ turn @ V / 2j
    L = U @ (jnp.eye(2) + left @ damping @ V / 2j)
    gained = U @ (left @ kicks @ jnp.conj(left.T) / 2) @ jnp.conj(U.T)
    whole = jnp.eye(4) - jnp.kron(L, jnp.conj(L))
    E = solve(whole, gained.reshape(-1)).reshape(2, 2)
    covariance = (V @ E @ jnp.conj(V.T)).real
    own = -0.5 * jnp.einsum("ij,jk,kl,mli->m", _FORM, covariance, _FORM, modes.group_covariance)
    mean, half = 0.5 * jnp.trace(E).real, 0.5 * (E[0, 0] - E[1, 1]).real
    spread2 = half**2 + jnp.abs(E[0, 1]) ** 2
    apart = jnp.sqrt(jnp.where(spread2 > 0, spread2, 1.0)) * (spread2 > 0)
    both = jnp.stack([mean + apart, jnp.maximum(mean - apart, 0.0)])
    return jnp.where(modes.group[0] == modes.group[1], both, own)


def _cholesky(matrix: Any) -> Any:
    """(2, 2) the lower triangle whose square is a symmetric matrix."""
    first = jnp.sqrt(matrix[0, 0])
    side = matrix[1, 0] / first
    return jnp.array([[first, 0.0], [side, jnp.sqrt(matrix[1, 1] - side * side)]])
