"""What `optics` gives, from the matrices of a ring: modes, their functions, phases and times."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._kernel import known, of_rows
from fieldwright.rings.lattice._rows import Rows
from fieldwright.rings.linear_optics._linear import solve
from fieldwright.rings.linear_optics._matrices import Orbit
from fieldwright.rings.linear_optics._modes import (
    RESOLUTION,
    NormalModes,
    eigenvectors,
    modes_of,
    symplectic_form,
    take_modes,
)
from fieldwright.rings.linear_optics._orbit import About

_FORM = symplectic_form(4)


def functions_of(about: About) -> dict[str, Any]:
    """What `functions` finds, at the places there are."""
    found = known(_functions(about.programme, about.table, about.numbers, about.orbit))
    count = len(about.programme.places[0])
    return {name: part[:count] if name in ALONG else part for name, part in found.items()}


def functions(rows: Rows, table: Any, energy: Any, delta: Any, orbit: Orbit) -> dict[str, Any]:
    """The fields of `Optics`, but for names, and (m, 4, 4) matrices from the start."""
    table = jnp.asarray(table)
    whole = orbit.chain.matrices[rows.order]
    turn = whole[-1]
    closing = solve(jnp.eye(4) - turn[:4, :4], turn[:4, 5])
    upright = _upright(rows, table)
    matrices = upright @ whole[:, :4, :4]
    dispersion = (matrices * closing).sum(-1) + (upright * whole[:, None, :4, 5]).sum(-1)
    s = path(rows, table)
    modes = labelled_modes(rows, table, energy, whole, matrices, s)
    phase, turns = _phases(modes.together, matrices)
    later = (turn[4, :4] * closing).sum() + turn[4, 5]
    states = orbit.states[rows.order]
    compaction, slip = times(rows, table, energy, delta, later, states[-1, 4] - states[0, 4])
    places = rows.rows_at
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


@of_rows
def _functions(rows: Rows, table: Any, given: Any, orbit: Orbit) -> dict[str, Any]:
    return functions(rows, table, given[0], given[1], orbit)


#: What there is at places, and so has an axis of them.
ALONG = (
    "s", "orbit", "dispersion", "beta", "alpha", "phase", "mode_beta", "mode_alpha", "mode_gamma",
    "mode_phase", "mode_share", "group_covariance", "projector", "together", "matrices",
)  # fmt: skip


def labelled_modes(
    rows: Rows, table: Any, energy: Any, whole: Any, matrices: Any = None, s: Any = None
) -> NormalModes:
    """The modes in the order of `optics`, from matrices (R + 1, 6, 6) of rows from the start.

    `matrices` are these in upright axes, and `s` the path, if they are known.
    """
    resolution = jnp.maximum(RESOLUTION, _decrement(rows, table, energy))
    turn = whole[-1, :4, :4]
    if matrices is None:
        matrices, s = _upright(rows, table) @ whole[:, :4, :4], path(rows, table)

    def coupled() -> NormalModes:
        return _by_average(modes_of(turn, resolution, False), matrices, s)

    # one program for both kinds of lattices
    return jax.lax.cond(rows.planar, lambda: modes_of(turn, resolution, True), coupled)


def path(rows: Rows, table: Any) -> Any:
    """(R + 1,) where each row begins, and the last ends, along the reference orbit [m]."""
    steps = table[rows.element, COLUMN["length"]] * rows.advance
    return jnp.concatenate([jnp.zeros(1), jnp.cumsum(steps)])


def _upright(rows: Rows, table: Any) -> Any:
    """(R + 1, 4, 4) to upright axes, from those of a body turned by its tilt and roll."""
    values = table[rows.element]
    angle = jnp.where(rows.upright[:-1], values[:, COLUMN["tilt"]] + values[:, COLUMN["roll"]], 0.0)
    c, s = jnp.cos(angle), jnp.sin(angle)
    rotation = jnp.stack([jnp.stack([c, -s]), jnp.stack([s, c])])
    found = jnp.einsum("abr,ij->raibj", rotation, jnp.eye(2)).reshape(-1, 4, 4)
    return jnp.concatenate([found, jnp.eye(4)[None]])


def _decrement(rows: Rows, table: Any, energy: Any) -> Any:
    """Roughly by how much radiation damps a mode in a turn: U0 / 2E on the reference orbit."""
    angle, length = table[:, COLUMN["angle"]], table[:, COLUMN["length"]]
    second = jnp.where(rows.bend, angle**2 / jnp.where(rows.bend, length, 1.0), 0.0).sum()
    return rows.radius / 3 * (energy / rows.rest) ** 3 * second


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
    rows: Rows, table: Any, energy: Any, delta: Any, later: Any, shift: Any
) -> tuple[Any, Any]:
    """Momentum compaction and slip factor, from z = -beta c (t - t0) after a turn."""
    length = table[:, COLUMN["length"]].sum()
    mu2 = 1 / ((energy / rows.rest) ** 2 - 1)
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
