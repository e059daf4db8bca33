"""What `optics` gives, from the matrices of a ring: modes, their functions, phases and times."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright.rings._elements import COLUMN
from fieldwright.rings._lattice import Lattice, rest_energy
from fieldwright.rings._linear import solve
from fieldwright.rings._modes import (
    RESOLUTION,
    NormalModes,
    eigenvectors,
    modes_of,
    symplectic_form,
    take_modes,
)
from fieldwright.rings._orbit import _places, path
from fieldwright.rings._radiation import classical_radius
from fieldwright.rings._rows import Rows

_FORM = symplectic_form(4)
#: Columns that tie the two planes together; a solenoid's strength does, too.
_COUPLING = frozenset({"tilt", "roll", "dy", "vkick", "k0s", "k1s", "k2s", "k3s", "ks"})


def is_planar(lattice: Lattice) -> bool:
    """Whether nothing in a lattice may tie its planes together."""
    return not any(active & _COUPLING for active in lattice.active)


@partial(compiled, static=("rows", "inside", "planar"))
def functions(
    rows: Rows,
    inside: bool,
    planar: bool,
    table: Any,
    energy: Any,
    delta: Any,
    states: Any,
    whole: Any,
    s: Any,
) -> dict[str, Any]:
    """The fields of `Optics`, but for names, and (m, 4, 4) matrices from the start."""
    turn = whole[-1]
    closing = solve(jnp.eye(4) - turn[:4, :4], turn[:4, 5])
    upright = _upright(rows, table)
    matrices = upright @ whole[:, :4, :4]
    dispersion = (matrices * closing).sum(-1) + (upright * whole[:, None, :4, 5]).sum(-1)
    modes = labelled_modes(rows, planar, table, energy, whole)
    phase, turns = _phases(modes.together, matrices)
    later = (turn[4, :4] * closing).sum() + turn[4, 5]
    compaction, slip = times(table, energy, rows, delta, later, states[-1, 4] - states[0, 4])
    places, _ = _places(rows, inside)
    matrices = matrices[places]
    return {
        "s": s[places],
        "orbit": states[places].at[:, :4].set((upright[places] * states[places, None, :4]).sum(-1)),
        "dispersion": dispersion[places],
        "tunes": _whole_tunes(modes.tunes, turns, phase[-1]),
        "group": modes.group,
        "phase": phase[places],
        "matrices": matrices,
        "momentum_compaction": compaction,
        "slip_factor": slip,
        **_along(modes, matrices),
    }


def labelled_modes(rows: Rows, planar: bool, table: Any, energy: Any, whole: Any) -> NormalModes:
    """The modes in the order of `optics`, from matrices (rows + 1, 6, 6) from the start."""
    resolution = jnp.maximum(RESOLUTION, _decrement(rows, table, energy))
    modes = modes_of(whole[-1, :4, :4], resolution, planar)
    if planar:
        return modes
    return _by_average(modes, _upright(rows, table) @ whole[:, :4, :4], path(rows, table))


def _upright(rows: Rows, table: Any) -> Any:
    """(rows + 1, 4, 4) to upright axes, from those of a body turned by its tilt and roll."""
    turned = np.array([bool(active & {"tilt", "roll"}) for active in rows.active])
    inner = np.ones(len(rows), dtype=bool)
    inner[rows.begins[:-1][rows.begins[:-1] < len(rows)]] = False
    inner &= turned[rows.element]
    values = jnp.asarray(table)[rows.element]
    angle = jnp.where(inner, values[:, COLUMN["tilt"]] + values[:, COLUMN["roll"]], 0.0)
    c, s = jnp.cos(angle), jnp.sin(angle)
    rotation = jnp.stack([jnp.stack([c, -s]), jnp.stack([s, c])])
    found = jnp.einsum("abr,ij->raibj", rotation, jnp.eye(2)).reshape(-1, 4, 4)
    return jnp.concatenate([found, jnp.eye(4)[None]])


def _decrement(rows: Rows, table: Any, energy: Any) -> Any:
    """Roughly by how much radiation damps a mode in a turn: U0 / 2E on the reference orbit."""
    bends = np.flatnonzero(np.array(rows.kinds) == "Bend")
    values = jnp.asarray(table)[bends]
    second = (values[:, COLUMN["angle"]] ** 2 / values[:, COLUMN["length"]]).sum()
    gamma = energy / rest_energy(rows.species)
    return classical_radius(rows.species) / 3 * gamma**3 * second


def _by_average(modes: NormalModes, matrices: Any, s: Any) -> NormalModes:
    """The mode first that has more of x on the average of the ring; of equal ones, larger tune."""
    inverse = -_FORM @ jnp.swapaxes(matrices, 1, 2) @ _FORM
    shares = jnp.einsum("rj,kjl,rl->rk", matrices[:, 0], modes.group_projector, inverse[:, :, 0])
    shares = jax.lax.stop_gradient(shares)
    steps = jnp.diff(s)[:, None]
    excess = (steps * (shares[1:] + shares[:-1]) / 2).sum(0) / s[-1]
    apart, tunes = excess[1] - excess[0], modes.tunes
    swap = jnp.where(jnp.abs(apart) < 1e-6, tunes[1] > tunes[0], apart > 0)
    return take_modes(modes, jnp.where(swap, jnp.array([1, 0]), jnp.array([0, 1])))


def _phases(together: Any, matrices: Any) -> tuple[Any, Any]:
    """Phases of the planes (rows + 1, 2) and turns of both modes together.

    With the modes' positions as a matrix W (plane, mode), W(s') W(s)* is free of any choice of
    modes. The phases of its diagonal advance by the integral of ds/beta where nothing rotates the
    planes; that of its determinant is the sum of the modes' phases. Advances below a whole turn
    are told apart from negative ones by their being positive, up to rounding.
    """
    step = matrices[1:, ::2] @ (together - 1j * _FORM) @ jnp.swapaxes(matrices[:-1, ::2], 1, 2)
    planes = (
        jnp.mod(jnp.angle(jnp.stack([step[:, 0, 0], step[:, 1, 1]], 1)) + 0.5, 2 * jnp.pi) - 0.5
    )
    both = jnp.angle(step[:, 0, 0] * step[:, 1, 1] - step[:, 0, 1] * step[:, 1, 0])
    both = both + 2 * jnp.pi * jnp.round((planes.sum(1) - both) / (2 * jnp.pi))
    phase = jnp.concatenate([jnp.zeros((1, 2)), jnp.cumsum(planes, axis=0)])
    return phase, both.sum() / (2 * jnp.pi)


def _whole_tunes(tunes: Any, turns: Any, phase: Any) -> Any:
    """Tunes with their whole parts. Ties, of planes that swap by half a turn, go downwards."""
    total = jnp.round(turns - tunes.sum())
    first = jnp.round(phase[0] / (2 * jnp.pi) - tunes[0] - 1e-6)
    return tunes + jnp.stack([first, total - first])


def times(
    table: Any, energy: Any, rows: Rows, delta: Any, later: Any, shift: Any
) -> tuple[Any, Any]:
    """Momentum compaction and slip factor, from z = -beta c (t - t0) after a turn."""
    length = jnp.asarray(table)[:, COLUMN["length"]].sum()
    mu2 = 1 / ((energy / rest_energy(rows.species)) ** 2 - 1)
    p = 1 + jnp.asarray(delta)
    beta0, beta = 1 / jnp.sqrt(1 + mu2), p / jnp.sqrt(p**2 + mu2)
    slope = mu2 / (p**2 + mu2) ** 1.5
    turn, turn_slope = beta / beta0 - shift / length, slope / beta0 - later / length
    slip = beta0 * (turn_slope * beta - turn * slope) / beta**2
    return turn_slope, slip


def _along(modes: NormalModes, matrices: Any) -> dict[str, Any]:
    """The modes' functions at places with matrices (m, 4, 4) from the start."""
    back = jnp.swapaxes(matrices, 1, 2)
    inverse = -_FORM @ back @ _FORM
    together = matrices @ modes.together @ back
    group = matrices[:, None] @ modes.group_covariance @ back[:, None]
    projector = matrices[:, None] @ modes.group_projector @ inverse[:, None]
    single = jnp.where(modes.group[0] == modes.group[1], jnp.nan, 1.0)
    mode_beta, mode_alpha, mode_gamma = (single * part for part in _twiss(group))
    vectors = eigenvectors(modes.covariance, modes.projector)
    positions = jnp.einsum("mpj,kj->mkp", matrices[:, ::2], vectors)
    return {
        "beta": _twiss(together)[0],
        "alpha": _twiss(together)[1],
        "mode_beta": mode_beta,
        "mode_alpha": mode_alpha,
        "mode_gamma": mode_gamma,
        "mode_phase": _unwrapped(positions),
        "mode_share": single * projector[:, :, 0, 0],
        "group_covariance": group,
        "projector": projector,
        "together": together,
    }


def _twiss(covariance: Any) -> tuple[Any, Any, Any]:
    """beta, alpha and gamma of both planes (..., 2) from covariances (..., 4, 4)."""
    own = jnp.diagonal(covariance, axis1=-2, axis2=-1)
    crossed = jnp.diagonal(covariance, offset=1, axis1=-2, axis2=-1)
    return own[..., ::2], -crossed[..., ::2], own[..., 1::2]


def _unwrapped(positions: Any) -> Any:
    """Phases (m, ...) of complex positions, counted on; zero where a mode has no part."""
    absent = positions == 0
    safe = jnp.where(absent, 1.0, positions)
    begin = jnp.where(absent[:1], 0.0, jnp.angle(safe[:1]))
    steps = jnp.where(absent[1:] | absent[:-1], 0.0, jnp.angle(safe[1:] * jnp.conj(safe[:-1])))
    return jnp.concatenate([begin, begin + jnp.cumsum(steps, axis=0)])
