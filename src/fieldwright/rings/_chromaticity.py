"""How tunes change with momentum."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from fieldwright._jax import compiled
from fieldwright._result import Result, quantity
from fieldwright.rings import _checks
from fieldwright.rings._elements import COLUMN
from fieldwright.rings._lattice import Lattice
from fieldwright.rings._linear import solve
from fieldwright.rings._matrices import linearise
from fieldwright.rings._modes import inverse, require_stable, symplectic_form
from fieldwright.rings._optics_functions import is_planar, labelled_modes
from fieldwright.rings._orbit import _kernel
from fieldwright.rings._rows import Rows, prepare, rows_of

_FORM = symplectic_form(4)
_NONLINEAR = ("k2", "k3", "k2s", "k3s")


class Chromaticity(Result):
    """What `chromaticity` returns; modes are those of `optics`.

    In a group of two modes of one tune, these are the slopes of the two tunes into which momentum
    parts it, the larger first: `mean` is smooth there, and their difference is not.
    """

    total: Any = quantity("1", "derivative of the tunes by delta (2,)")
    natural: Any = quantity("1", "the same without sextupoles and octupoles (2,)")

    @property
    def mean(self) -> Any:
        """Half of the sum of `total`, which no choice of modes alters."""
        return self.total.mean(-1)


def chromaticity(lattice: Lattice, delta: Any = 0.0) -> Chromaticity:
    """The chromaticity dQ/ddelta of both modes, exact: no differences are taken.

    Args:
        lattice: a ring; its cavities are off.
        delta: momentum deviation at which the tunes are differentiated.

    Returns:
        `Chromaticity`. Its `natural` part leaves out what sextupole and octupole components do
        to off-momentum particles, and keeps orbit and mode functions.

    Raises:
        NoClosedOrbitError: no orbit closes at this momentum.
        UnstableLatticeError: an oscillation grows.

    The rate at which a change of the map, dM = X M, moves a phase mu of the mode of unit covariance
    Sigma is -tr(S X Sigma) / 2; X is summed over the ring, from the derivative of each element's
    matrix along the dispersion.

    >>> from fieldwright.rings import Drift, Lattice, Quadrupole, chromaticity
    >>> cell = [Quadrupole(name="QF", k1=1.2, length=0.2), Drift(name="D", length=1.8),
    ...         Quadrupole(name="QD", k1=-1.2, length=0.2), Drift(name="D", length=1.8)]
    >>> found = chromaticity(Lattice.of(cell, energy=1e9))
    >>> print(f"{found.total[0]:.5f} {found.total[1]:.5f}")
    -0.07587 -0.07587
    """
    rows = rows_of(lattice, cavities=False)
    states, whole, _ = _kernel(rows, lattice.table, lattice.energy, delta, False)
    _checks.require_orbit(lattice, states, delta)
    require_stable(whole[-1, :4, :4], "the ring")
    return Chromaticity(
        *_solve(rows, is_planar(lattice), lattice.table, lattice.energy, states, whole)
    )


@partial(compiled, static=("rows", "planar"))
def _solve(
    rows: Rows, planar: bool, table: Any, energy: Any, states: Any, whole: Any
) -> tuple[Any, Any]:
    turn = whole[-1]
    closing = solve(jnp.eye(4) - turn[:4, :4], turn[:4, 5])
    along = whole @ jnp.concatenate([closing, jnp.array([0.0, 1.0])])
    modes = labelled_modes(rows, planar, table, energy, whole)
    sextupoles = any(set(_NONLINEAR) & active for active in rows.active)
    tables = [jnp.asarray(table), _without(table)] if sextupoles else [jnp.asarray(table)]
    bend = jax.vmap(partial(_bending, rows, energy, states[:-1], along[:-1], whole[1:]))
    slopes = jax.vmap(partial(_slopes, modes))(bend(jnp.stack(tables)))
    return slopes[0], slopes[-1]


def _without(table: Any) -> Any:
    columns = [COLUMN[name] for name in _NONLINEAR]
    return jnp.asarray(table).at[:, columns].set(0.0)


def _bending(rows: Rows, energy: Any, states: Any, along: Any, whole: Any, table: Any) -> Any:
    """(4, 4) symmetric S X at the start, X the change of the map by momentum."""
    ready, beam = prepare(rows, table, energy)

    def matrices(states: Any) -> Any:
        return linearise(rows, ready, beam, states)[1][:, :4, :4]

    here, change = jax.jvp(matrices, (states,), (along,))
    after = whole[:, :4, :4]
    return (jnp.swapaxes(after, 1, 2) @ (_FORM @ change @ inverse(here)) @ after).sum(0)


def _slopes(modes: Any, bending: Any) -> Any:
    """dQ/ddelta of both modes; of a group, the slopes of its two tunes."""
    own = -0.5 * jnp.einsum("ij,kji->k", bending, modes.group_covariance)
    both = bending @ (modes.group_covariance[0] - 1j * modes.group_projector[0] @ _FORM)
    mean = -0.25 * jnp.trace(both).real
    spread2 = jnp.trace(both @ both).real / 8 - mean**2
    apart = jnp.sqrt(jnp.where(spread2 > 0, spread2, 1.0)) * (spread2 > 0)
    group = mean + apart * jnp.array([1.0, -1.0])
    return jnp.where(modes.group[0] == modes.group[1], group, own) / (2 * jnp.pi)
