"""Optics of a ring: orbit, dispersion, tunes and mode functions at every place.

The functions of single modes, F. Willeke's and G. Ripken's (DESY 88-114), cease to exist where two
tunes agree up to a whole number, just where round beams are made. Beside them stand functions that
never do: those of a beam that fills both modes with the same emittance. Without coupling they are
the beta functions of the two planes.
"""

from __future__ import annotations

import fnmatch
from typing import Any

import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import InputError, UnstableLatticeError
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.linear_optics import _checks
from fieldwright.rings.linear_optics._modes import require_stable
from fieldwright.rings.linear_optics._optics_functions import functions_of
from fieldwright.rings.linear_optics._orbit import cuts_for, orbit_of
from fieldwright.sources._checks import is_concrete, numpy_for


class Optics(Result):
    """What `optics` returns, at m places: entrances of elements, places inside them, the end.

    Indices: k is the mode, of two, p the plane (x, y). Modes whose tunes differ by a whole number
    are one group: then single modes are not determined, and `mode_...` is NaN. `beta`, `alpha`,
    `phase`, `together` and `group_covariance` are always there.
    """

    s: Any = quantity("m", "path along the reference orbit (m,)")
    orbit: Any = quantity("m, rad", "closed orbit (m, 6)")
    dispersion: Any = quantity("m, 1", "derivative of x, px, y, py by delta (m, 4)")
    tunes: Any = quantity("1", "tunes with their whole parts (k,)")
    group: Any = quantity("1", "first mode of the group that each mode belongs to (k,)")
    beta: Any = quantity("m", "of equal mode emittances: size squared over emittance (m, p)")
    alpha: Any = quantity("1", "of equal mode emittances: -beta'/2 outside solenoids (m, p)")
    phase: Any = quantity("rad", "of equal mode emittances, integral of ds/beta (m, p)")
    mode_beta: Any = quantity("m", "Mais and Ripken's beta functions (m, k, p)")
    mode_alpha: Any = quantity("1", "Mais and Ripken's alpha functions (m, k, p)")
    mode_gamma: Any = quantity("1/m", "Mais and Ripken's gamma functions (m, k, p)")
    mode_phase: Any = quantity("rad", "Mais and Ripken's phases (m, k, p)")
    mode_share: Any = quantity("1", "of the symplectic area that a mode has in x: 1 - u (m, k)")
    group_covariance: Any = quantity("m, 1, 1/m", "unit emittance in a mode's group (m, k, 4, 4)")
    projector: Any = quantity("m, 1, 1/m", "on a mode's group (m, k, 4, 4)")
    together: Any = quantity("m, 1, 1/m", "unit emittance in both modes (m, 4, 4)")
    momentum_compaction: Any = quantity("1", "relative change of path per delta")
    slip_factor: Any = quantity("1", "relative change of revolution time per delta")
    element: Any = quantity("1", "index of the element that begins, or goes on, at a place (m,)")
    names: tuple[str, ...] = ()

    @property
    def degenerate(self) -> Any:
        """Whether the tunes agree, so that only group functions exist."""
        return self.group[..., 1] == self.group[..., 0]

    def at(self, name: str) -> Optics:
        """The optics at the entrance of the first element of a name: arrays lose their axis m.

        Raises:
            InputError: no element of that name.
        """
        return self._rows(int(np.argmax(self.element == _checks.place(self.names, name))))

    def rows(self, select: Any) -> Optics:
        """The optics at some places: a mask, indices, or a name with `*` for any text.

        Raises:
            InputError: no element of that name.
        """
        if isinstance(select, str):
            found = self._wanted(select)
            select = np.isin(self.element, found)
        return self._rows(select)

    def covariance(self, emittances: Any, energy_spread: Any = 0.0) -> Any:
        """(m, 4, 4) covariance of a beam with mode emittances (k,) [m rad] and an energy spread.

        Raises:
            InputError: the modes are degenerate and the emittances differ: then that says nothing
                about the beam's shape, which `equilibrium` knows.
        """
        first, second = emittances
        if is_concrete(self.group, emittances) and self.degenerate and first != second:
            raise InputError(
                f"the tunes {float(self.tunes[0]):.6g} and {float(self.tunes[1]):.6g} differ by a "
                "whole number, so beams of different mode emittances have no shape of their own: "
                "give equal emittances, or take the covariance from equilibrium()",
                parameter="emittances",
            )
        spread = energy_spread**2 * self.dispersion[..., :, None] * self.dispersion[..., None, :]
        modes = first * self.group_covariance[..., 0, :, :]
        modes = modes + second * self.group_covariance[..., 1, :, :]
        xp = numpy_for(modes, spread, self.together)
        return xp.where(self.degenerate, first * self.together, modes) + spread

    def table(self) -> str:
        """Names, places and the functions of both planes as text."""
        columns = (
            "s",
            "beta_x",
            "beta_y",
            "alpha_x",
            "alpha_y",
            "phase_x",
            "phase_y",
            "D_x",
            "D_y",
        )
        turns = np.asarray(self.phase) / (2 * np.pi)
        numbers = np.column_stack(
            [self.s, self.beta, self.alpha, turns, self.dispersion[:, 0], self.dispersion[:, 2]]
        )
        head = f"{'name':12s}" + "".join(f"{name:>12s}" for name in columns)
        units = ("m", "m", "m", "1", "1", "turns", "turns", "m", "m")
        unit = f"{'':12s}" + "".join(f"{text:>12s}" for text in units)
        lines = [
            f"{name:12s}" + "".join(f"{value:12.6f}" for value in row)
            for name, row in zip(self.place_names, numbers, strict=True)
        ]
        return "\n".join([head, unit, *lines])

    @property
    def place_names(self) -> list[str]:
        """(m,) the element that begins, or goes on, at each place; the last is `end`."""
        names = (*self.names, "end")
        return [names[index] for index in np.atleast_1d(self.element)]

    def to_xarray(self) -> Any:
        """The quantities as an `xarray.Dataset` over `place`, with coordinates `name` and `s`."""
        found = super().to_xarray()
        found = found.rename({f"{name}_0": "place" for name in _ALONG if f"{name}_0" in found.dims})
        return found.assign_coords(name=("place", self.place_names)).set_coords("s")

    def _wanted(self, pattern: str) -> list[int]:
        names = (*self.names, "end")
        found = [i for i, name in enumerate(names) if fnmatch.fnmatchcase(name, pattern)]
        return found or [_checks.place(self.names, pattern)]

    def _rows(self, select: Any) -> Optics:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Optics(**values | {name: values[name][select] for name in _ALONG})


#: Fields with an axis of places.
_ALONG = (
    "s", "orbit", "dispersion", "beta", "alpha", "phase", "mode_beta", "mode_alpha", "mode_gamma",
    "mode_phase", "mode_share", "group_covariance", "projector", "together", "element",
)  # fmt: skip


def optics(lattice: Lattice, delta: Any = 0.0, step: float | None = None) -> Optics:
    """The optics of a ring without RF: orbit, dispersion, tunes and functions along it.

    Args:
        lattice: a ring.
        delta: momentum deviation of the beam.
        step: longest stretch without a place [m]; None gives the ends of elements only.

    Returns:
        `Optics`. Mode 1 has more of x than mode 2 on the average of the ring; where they have the
        same, it is the one of larger fractional tune. Two modes are one group when they beat more
        slowly than radiation damps them. Whole parts of the tunes: their sum is that of the turns
        of the modes' determinant, which no choice of modes alters, and the first is the one
        nearest to the turns of the x plane. Dispersion is the derivative by delta = (P - P0)/P0,
        momentum compaction (dC/ddelta)/C0, and the slip factor (dT/ddelta)/T0, which on momentum
        is alpha_c - 1/gamma^2.

    Raises:
        InputError: step is not above zero.
        NoClosedOrbitError: no orbit closes at this momentum.
        UnstableLatticeError: an oscillation grows; `numbers` has the traces, tunes and growth.

    >>> from fieldwright.rings import Drift, Lattice, Quadrupole, optics
    >>> cell = [Quadrupole(name="QF", k1=1.2, length=0.2), Drift(name="D", length=1.8),
    ...         Quadrupole(name="QD", k1=-1.2, length=0.2), Drift(name="D", length=1.8)]
    >>> found = optics(Lattice.of(cell, energy=1e9))
    >>> print(f"tunes {found.tunes[0]:.5f} {found.tunes[1]:.5f}, {found.at('QD').beta[1]:.4f} m")
    tunes 0.07448 0.07448, 10.7521 m
    """
    about = orbit_of(lattice, delta, cuts=cuts_for(lattice, step))
    found = functions_of(about)
    _, element = about.programme.places
    _require_stable(lattice, found["tunes"], found.pop("matrices"), element)
    return Optics(**found, element=element, names=lattice.names)


def _require_stable(lattice: Lattice, tunes: Any, matrices: Any, element: np.ndarray) -> None:
    """Raise with the traces, and with the element where the growing motion is largest."""
    if not is_concrete(tunes) or np.isfinite(tunes).all():
        return
    try:
        require_stable(matrices[-1], "the ring")
    except UnstableLatticeError as error:
        values, vectors = np.linalg.eig(np.asarray(matrices[-1]))
        motion = np.abs(np.asarray(matrices)[:, ::2] @ vectors[:, np.argmax(np.abs(values))])
        where = int(np.argmax((motion**2).sum(1)))
        name = (*lattice.names, "the end")[int(element[where])]
        raise UnstableLatticeError(
            f"{error}; the growing motion is largest at {name} (element {int(element[where])})",
            error.numbers | {"element": float(element[where])},
        ) from None
