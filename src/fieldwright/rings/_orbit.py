"""Closed orbits, and the matrices of small motion about them."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import compiled
from fieldwright._result import Result, quantity
from fieldwright.rings import _checks
from fieldwright.rings._chain import Chain
from fieldwright.rings._elements import COLUMN
from fieldwright.rings._lattice import Lattice
from fieldwright.rings._matrices import find_orbit
from fieldwright.rings._rows import OPERATION, Rows, rows_of
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
    return _about(lattice, delta, radiation, None).orbit


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
    if delta is None:
        _checks.require_rf(lattice)
    cuts = cuts_for(lattice, step)
    rows = rows_of(lattice, radiation=radiation, cavities=delta is None, cuts=cuts)
    places, element = _places(rows, bool(cuts))
    at = 0.0 if delta is None else delta
    states, maps, s = _kernel(rows, lattice.table, lattice.energy, at, delta is None)
    _checks.require_orbit(lattice, states, delta)
    s, states, maps = _picked((s, states, maps), places)
    return TransferMatrices(s=s, orbit=states, matrices=maps, element=element, names=lattice.names)


@jax.jit
def _picked(of_rows: Any, places: Any) -> Any:
    """Some rows of each array: one call, as indexing outside `jax.jit` takes a millisecond."""
    return jax.tree.map(lambda part: part[places], of_rows)


def cuts_for(lattice: Lattice, step: float | None) -> tuple[int, ...]:
    """Into how many parts each body is cut so that none is longer than `step`."""
    if step is None:
        return ()
    require_positive(step=step)
    lengths = np.asarray(lattice.length) if is_concrete(lattice.table) else np.ones(len(lattice))
    return tuple(max(1, math.ceil(length / step - 1e-9)) for length in lengths)


def _places(rows: Rows, inside: bool) -> tuple[np.ndarray, np.ndarray]:
    """The rows at which elements begin, or all that lie along the path; and their elements."""
    count = len(rows.begins) - 1
    if not inside:
        return rows.begins, np.arange(count + 1)
    # every element has its entrance, though elements without rows share theirs with the next
    inner = np.setdiff1d(1 + np.flatnonzero(_advance(rows) > 0), rows.begins)
    places = np.concatenate([rows.begins, inner])
    element = np.concatenate([np.arange(count + 1), rows.element[inner]])
    order = np.lexsort((element, places))
    return places[order], element[order]


@functools.partial(compiled, static=("rows", "longitudinal"))
def _kernel(
    rows: Rows, table: Any, energy: Any, delta: Any, longitudinal: bool
) -> tuple[Any, Any, Any]:
    states, jacobians = find_orbit(rows, table, energy, delta, longitudinal)
    return states, Chain.of(jacobians).matrices, path(rows, table)


def path(rows: Rows, table: Any) -> Any:
    """(rows + 1,) where each row begins, and the last ends, along the reference orbit [m]."""
    steps = jnp.asarray(table)[rows.element, COLUMN["length"]] * _advance(rows)
    return jnp.concatenate([jnp.zeros(1), jnp.cumsum(steps)])


def _advance(rows: Rows) -> np.ndarray:
    """The fraction of the length that a row takes along the path: kicks take none."""
    kicks = rows.operation == OPERATION["solenoid_variation"]
    return np.where(kicks, 0.0, rows.fraction)
