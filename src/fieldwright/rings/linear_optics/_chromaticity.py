"""How tunes change with momentum."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.rings.lattice._elements import COLUMNS
from fieldwright.rings.lattice._kernel import known, of_rows
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._rows import NONLINEAR, Rows
from fieldwright.rings.linear_optics._linear import solve
from fieldwright.rings.linear_optics._matrices import Orbit, Tiles, linearise
from fieldwright.rings.linear_optics._modes import inverse, require_stable, symplectic_form
from fieldwright.rings.linear_optics._optics_functions import labelled_modes
from fieldwright.rings.linear_optics._orbit import orbit_of

_FORM = symplectic_form(4)
#: Differences of sixth order; steps [m, rad] so small that they leave nothing but rounding.
_WEIGHTS = (-1 / 60, 3 / 20, -3 / 4, 0.0, 3 / 4, -3 / 20, 1 / 60)
_STEP = 1e-3
_IS_NONLINEAR = np.isin(COLUMNS, list(NONLINEAR))


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
    """The chromaticity dQ/ddelta of both modes, to about twelve digits.

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
    about = orbit_of(lattice, delta)
    found, turn = known(_slopes_of_rows(about.programme, about.table, about.numbers, about.orbit))
    require_stable(turn, "the ring")
    return Chromaticity(*found)


def slopes(rows: Rows, table: Any, energy: Any, orbit: Orbit) -> tuple[tuple[Any, Any], Any]:
    """(total, natural) of the modes, and (4, 4) the one-turn matrix."""
    states = orbit.states
    whole = orbit.chain.matrices
    turn = whole[-1]
    closing = solve(jnp.eye(4) - turn[:4, :4], turn[:4, 5])
    along = whole @ jnp.concatenate([closing, jnp.array([0.0, 1.0])])
    modes = labelled_modes(rows, table, energy, whole[rows.order])
    after = whole[rows.following][..., :4, :4]

    def once(number: Any, found: Any) -> Any:
        """The first time with all multipoles, then without those that are not linear."""
        kept = jnp.where((number > 0) & _IS_NONLINEAR, 0.0, table)
        bending = _bending(rows, kept, energy, states, along, after)
        return jax.lax.dynamic_update_index_in_dim(found, _slopes(modes, bending), number, 0)

    count = 1 + rows.nonlinear
    found = jax.lax.fori_loop(0, count, once, jnp.zeros((2, 2)))
    return (found[0], jnp.where(count == 2, found[1], found[0])), turn[:4, :4]


@of_rows
def _slopes_of_rows(rows: Rows, table: Any, given: Any, orbit: Orbit) -> Any:
    return slopes(rows, table, given[0], orbit)


def _bending(rows: Rows, table: Any, energy: Any, states: Any, along: Any, after: Any) -> Any:
    """(4, 4) symmetric S X at the start, X the change of the map by momentum."""
    tiles = Tiles.of(rows, table, energy)

    # states moved along the dispersion are as many machines, which are behind
    tiles = eqx.tree_at(lambda t: t.values, tiles, tiles.values[..., None])
    step = _STEP / jnp.abs(along).max()
    moved = states[..., None] + step * along[..., None] * jnp.arange(-3.0, 4.0)
    jacobians = jax.vmap(linearise(rows, tiles, moved)[1])(jnp.arange(len(rows.slot)))
    found = jnp.moveaxis(jacobians[:, :4, :4], 3, 1)  # (L, B, 4, 4, 7)
    here, change = found[..., 3], (found * jnp.array(_WEIGHTS)).sum(-1) / step
    return (jnp.swapaxes(after, 2, 3) @ (_FORM @ change @ inverse(here)) @ after).sum((0, 1))


def _slopes(modes: Any, bending: Any) -> Any:
    """dQ/ddelta of both modes; of a group, the slopes of its two tunes."""
    own = -0.5 * jnp.einsum("ij,kji->k", bending, modes.group_covariance)
    both = bending @ (modes.group_covariance[0] - 1j * modes.group_projector[0] @ _FORM)
    mean = -0.25 * jnp.trace(both).real
    spread2 = jnp.trace(both @ both).real / 8 - mean**2
    apart = jnp.sqrt(jnp.where(spread2 > 0, spread2, 1.0)) * (spread2 > 0)
    group = mean + apart * jnp.array([1.0, -1.0])
    return jnp.where(modes.group[0] == modes.group[1], group, own) / (2 * jnp.pi)
