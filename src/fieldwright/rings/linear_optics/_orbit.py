"""Closed orbits, and the matrices of small motion about them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._kernel import known, of_rows, placed
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._programme import Programme, rows_of
from fieldwright.rings.lattice._rows import Rows
from fieldwright.rings.linear_optics import _checks
from fieldwright.rings.linear_optics._chain import Chain
from fieldwright.rings.linear_optics._matrices import Orbit, Tiles, find_orbit
from fieldwright.sources._checks import is_concrete, require_positive


class TransferMatrices(Result):
    """Small motion about a closed orbit, from the start of a ring to m places along it."""

    s: Any = quantity("m", "path along the reference orbit (m,)")
    orbit: Any = quantity("m, rad", "closed orbit (m, 6)")
    matrices: Any = quantity("m, rad", "from the start to each place (m, 6, 6)")
    element: Any = quantity("1", "index of the element that begins, or goes on, at the place (m,)")
    names: tuple[str, ...] = ()

    @property
    def one_turn(self) -> Any:
        """(6, 6) of a whole turn, from the start to the end."""
        return self.matrices[-1]


def closed_orbit(lattice: Lattice, *, delta: Any = None, radiation: bool = False) -> Any:
    """The closed orbit at the entrance of each element and at the end, (n + 1, 6).

    Args:
        lattice: a ring.
        delta: momentum deviation of a beam without RF: then x, px, y, py close and z does not;
            None closes all six with the cavities on.
        radiation: whether the mean loss by radiation acts; needs cavities.

    Returns:
        (x [m], px, y [m], py, z [m], delta), momenta over the reference momentum.

    Raises:
        NoRFError: delta is None and there is no cavity with a voltage.
        NoClosedOrbitError: no orbit closes, or none was found.

    >>> from fieldwright.rings import closed_orbit, vepp2000
    >>> orbit = closed_orbit(vepp2000("++--"), delta=1e-3)
    >>> print(f"{orbit[0, 5]:.3f}, {abs(orbit[-1, :4] - orbit[0, :4]).max() < 1e-12}")
    0.001, True
    """
    about = orbit_of(lattice, delta, radiation)
    programme, states = about.programme, about.states
    return states[programme.flat(programme.begins, states)]


def transfer_matrices(
    lattice: Lattice, *, delta: Any = None, radiation: bool = False, step: float | None = None
) -> TransferMatrices:
    """Matrices from the start to the entrance of each element and to the end of a ring.

    Args:
        lattice: a ring.
        delta: momentum deviation of the closed orbit they are about, without RF; None is with it.
        radiation: whether mean radiation acts, see `closed_orbit`.
        step: longest stretch without a place [m]; bodies are cut accordingly. None gives elements
            whole.

    Raises:
        InputError: step is not above zero.
        NoRFError, NoClosedOrbitError: see `closed_orbit`.

    >>> from fieldwright.rings import transfer_matrices, vepp2000
    >>> matrix = transfer_matrices(vepp2000("++--"), delta=0.0).one_turn
    >>> print(f"{matrix[0, 0] + matrix[1, 1] + matrix[2, 2] + matrix[3, 3]:.4f}")
    3.2361
    """
    return _about(lattice, delta, radiation, step)


def one_turn_matrix(lattice: Lattice, *, delta: Any = None, radiation: bool = False) -> Any:
    """(6, 6) the matrix of one turn about the closed orbit, from the start of a ring.

    Args and errors are those of `closed_orbit`.

    >>> import numpy as np
    >>> from fieldwright.rings import one_turn_matrix, vepp2000
    >>> turn = one_turn_matrix(vepp2000("++--"), delta=0.0)
    >>> print(f"{np.linalg.det(turn):.9f}")
    1.000000000
    """
    return _about(lattice, delta, radiation, None).one_turn


def _about(lattice: Lattice, delta: Any, radiation: bool, step: float | None) -> TransferMatrices:
    about = orbit_of(lattice, delta, radiation, cuts_for(lattice, step))
    programme, states = about.programme, about.states
    matrices = known(_matrices(programme, about.orbit.chain))
    rows, element = programme.places
    flat = programme.flat(rows, states)
    return TransferMatrices(
        s=path(programme, lattice)[rows],
        orbit=states[flat],
        matrices=matrices[flat],
        element=element,
        names=lattice.names,
    )


class About(NamedTuple):
    """A lattice's programme and table, and its closed orbit, where compiled functions run.

    Args:
        programme, table: of the lattice.
        numbers: energy, momentum deviation, and whether all six coordinates close.
        orbit: what `find_orbit` finds.
        tiles: the rows' numbers.
        states: of the orbit, NumPy's if they are known.
    """

    programme: Programme
    table: Any
    numbers: Any
    orbit: Orbit
    tiles: Tiles
    states: Any


def orbit_of(
    lattice: Lattice, delta: Any, radiation: bool = False, cuts: tuple[int, ...] = ()
) -> About:
    """The closed orbit; `delta` None is with cavities. Raises where there is none."""
    if delta is None:
        _checks.require_rf(lattice)
    programme = rows_of(lattice, radiation=radiation, cavities=delta is None, cuts=cuts)
    about = find(programme, lattice, delta)
    _checks.require_orbit(lattice, about.states, delta)
    return about


def find(programme: Programme, lattice: Lattice, delta: Any) -> About:
    """The closed orbit, without checks; `delta` None is with cavities."""
    at = 0.0 if delta is None else delta
    table, given = placed(programme, lattice, lattice.energy, at, delta is None)
    orbit, tiles = _find(programme, table, given)
    return About(programme, table, given, orbit, tiles, known(orbit.states))


@of_rows
def _find(rows: Rows, table: Any, given: Any) -> tuple[Orbit, Tiles]:
    return find_orbit(rows, table, given[0], given[1], given[2] > 0)


@of_rows
def _matrices(rows: Rows, chain: Chain) -> Any:
    return chain.matrices


def cuts_for(lattice: Lattice, step: float | None) -> tuple[int, ...]:
    """Into how many parts each body is cut so that none is longer than `step`."""
    if step is None:
        return ()
    require_positive(step=step)
    lengths = np.asarray(lattice.length) if is_concrete(lattice.table) else np.ones(len(lattice))
    return tuple(max(1, math.ceil(length / step - 1e-9)) for length in lengths)


def path(programme: Programme, lattice: Lattice) -> Any:
    """(rows + 1,) where each row begins, and the last ends, along the reference orbit [m]."""
    xp = np if is_concrete(lattice.table) else jnp
    steps = xp.asarray(lattice.table)[programme.element, COLUMN["length"]] * programme.advance
    return xp.concatenate([xp.zeros(1), xp.cumsum(steps)])
