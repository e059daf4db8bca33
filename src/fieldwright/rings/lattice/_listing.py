"""Which maps a lattice's elements are, row by row, in the order of the beam.

An element becomes a few rows: entering its shifted body, its entrance face, pieces of its body
with places where radiation acts between them, its exit face, leaving the body, an aperture. What
an element does not have makes no row.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.rings.lattice._steps import OPERATION

_MULTIPOLES = frozenset(f"k{order}{skew}" for order in range(4) for skew in ("", "s"))
_KICKS = _MULTIPOLES - {"k1"}
_ERRORS = frozenset({"tilt", "dx", "dy", "roll"})


@dataclass(frozen=True, eq=False)
class Listing:
    """The rows of a lattice of one structure; NumPy's arrays are (rows,) unless told.

    Args:
        operation, element, fraction: as in `Rows`.
        extra: (rows, 3)
        begins: (n + 1,) the row at which each element begins, and the number of rows.
        structure, beam: what the lattice has of it.
        inside: whether places inside of elements are asked for.
    """

    operation: np.ndarray
    element: np.ndarray
    fraction: np.ndarray
    extra: np.ndarray
    begins: np.ndarray
    structure: tuple[Any, ...]
    beam: tuple[Any, Any]
    inside: bool

    def __len__(self) -> int:
        return len(self.operation)

    @functools.cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows at which elements begin, or all that lie along the path; and their elements."""
        count = len(self.begins) - 1
        if not self.inside:
            return self.begins, np.arange(count + 1)
        # every element has its entrance, though elements without rows share theirs with the next
        inner = np.setdiff1d(1 + np.flatnonzero(self.advance > 0), self.begins)
        places = np.concatenate([self.begins, inner])
        element = np.concatenate([np.arange(count + 1), self.element[inner]])
        order = np.lexsort((element, places))
        return places[order], element[order]

    @property
    def advance(self) -> np.ndarray:
        """The fraction of the length that a row takes along the path: kicks take none."""
        kicks = self.operation == OPERATION["solenoid_variation"]
        return np.where(kicks, 0.0, self.fraction)


def listed(
    structure: tuple[Any, ...],
    beam: tuple[Any, Any],
    switches: tuple[bool, bool, bool, bool],
    cuts: tuple[int, ...],
) -> Listing:
    """The rows of a lattice; `switches` and `cuts` are as `rows_of` has them."""
    kinds, active, pieces, nodes, profiles = structure
    rows: list[tuple[int, int, float, tuple[float, ...]]] = []
    begins = []
    for index, kind in enumerate(kinds):
        begins.append(len(rows))
        builder = _Builder(index, rows, *switches)
        cut = cuts[index] if cuts else 1
        builder.element(kind, active[index], pieces[index], nodes[index], profiles[index], cut)
    begins.append(len(rows))
    _lead_clock(rows)
    columns: Any = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return Listing(
        np.array(columns[0], dtype=np.int32),
        np.array(columns[1], dtype=np.int32),
        np.array(columns[2], dtype=float),
        np.array(columns[3], dtype=float).reshape(-1, 3),
        np.array(begins),
        structure,
        beam,
        bool(cuts),
    )


def _lead_clock(rows: list[tuple[int, int, float, tuple[float, ...]]]) -> None:
    """The first cavity keeps the clock in step with the RF."""
    for number, row in enumerate(rows):
        if row[0] == OPERATION["cavity"]:
            rows[number] = (*row[:3], (1.0, 0.0, 0.0))
            return


@functools.lru_cache
def _gauss(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(nodes)


class _Builder:
    """Appends the rows of one element."""

    def __init__(
        self,
        index: int,
        rows: list[Any],
        radiation: bool,
        pole_faces: bool,
        cavities: bool,
        apertures: bool,
    ):
        self.index, self.rows = index, rows
        self.radiation, self.pole_faces = radiation, pole_faces
        self.cavities, self.apertures = cavities, apertures

    def add(self, name: str, fraction: float = 0.0, *extra: float) -> None:
        padded = (*extra, 0.0, 0.0, 0.0)[:3]
        self.rows.append((OPERATION[name], self.index, fraction, padded))

    def element(
        self,
        kind: str,
        active: frozenset[str],
        pieces: int,
        nodes: int,
        profile: tuple[float, ...],
        cuts: int,
    ) -> None:
        limited = self.apertures and active & {"x_limit", "y_limit"}
        moved = bool(active & _ERRORS) and kind not in ("Drift", "Marker", "Monitor")
        if limited:
            self.add("aperture")
        if moved:
            self.add("enter")
        if kind == "Bend":
            self._face(True, active)
        if profile:
            self._profile(profile)
        else:
            self._body(kind, active, pieces, nodes, cuts)
        if kind == "Bend":
            self._face(False, active)
        if moved:
            self.add("leave")
        if limited and "length" in active:
            self.add("aperture")

    def _face(self, entering: bool, active: frozenset[str]) -> None:
        """A bend's edge.

        The axes turn into the pole face, the fringe field acts, and the wedge between face and
        sector is taken back through the field; leaving, all that in the other order.
        """
        number = "1" if entering else "2"
        turned = f"e{number}" in active
        soft = {f"fint{number}", "gap"} <= active
        sign, face = (1.0 if entering else -1.0), float(number)
        steps = [
            ("radiate_face", turned and self.radiation and self.pole_faces),
            ("turn", turned),
            ("soft_fringe" if soft else "fringe", True),
            ("wedge", turned),
        ]
        for name, there in steps if entering else reversed(steps):
            if there:
                self.add(name, 0.0, sign, face)

    def _body(self, kind: str, active: frozenset[str], pieces: int, nodes: int, cuts: int) -> None:
        if kind == "RFCavity":
            self._halves("cavity", active, self.cavities and active & {"voltage"})
            return
        strong = active & _MULTIPOLES or kind in ("Bend", "Solenoid") or active & {"hkick", "vkick"}
        if "length" not in active:
            if strong and kind != "Solenoid":
                self.add("thin", 0.0, 0.0, 1.0)
            return
        name = _body_name(kind, active)
        if not self.radiation or name == "drift" or not strong:
            self._stretch(name, 0.0, 1.0, pieces, cuts)
            return
        places, weights = _gauss(nodes)
        last = 0.0
        for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
            self._stretch(name, last, place, pieces, cuts)
            self.add("radiate", 0.0, weight, 1.0, 0.0)
            last = place
        self._stretch(name, last, 1.0, pieces, cuts)

    def _stretch(self, name: str, start: float, stop: float, pieces: int, cuts: int) -> None:
        """The body between two places, in pieces short enough, and cut where one looks."""
        marks = [start, *(c / cuts for c in range(1, cuts) if start < c / cuts < stop), stop]
        for first, second in itertools.pairwise(marks):
            count = max(1, int(np.ceil((second - first) * pieces - 1e-9)))
            for _ in range(count):
                self.add(name, (second - first) / count, 1.0)

    def _halves(self, name: str, active: frozenset[str], acts: Any) -> None:
        if "length" in active:
            self.add("drift", 0.5)
        if acts:
            self.add(name)
        if "length" in active:
            self.add("drift", 0.5)

    def _profile(self, profile: tuple[float, ...]) -> None:
        """A solenoid's profile: steps of constant field, and what its variation adds.

        The field of a step is the mean of a cubic spline over it, so that the turn about the axis
        is exact; what differs from the mean acts at the step's two Gauss-Legendre places, which
        leaves an error of fourth order in the step.
        """
        from scipy.interpolate import CubicSpline

        steps = len(profile) - 1
        spline = CubicSpline(np.linspace(0.0, 1.0, steps + 1), profile)
        first = 0.5 - np.sqrt(3) / 6
        for step in range(steps):
            mean = float(spline.integrate(step / steps, (step + 1) / steps)) * steps
            for stretch, place in ((first, first), (1 - 2 * first, 1 - first)):
                here = float(spline((step + place) / steps))
                slope, second = (float(spline((step + place) / steps, n)) for n in (1, 2))
                self.add("solenoid", stretch / steps, mean)
                self.add("solenoid_variation", 0.5 / steps, here, second, here**2 - mean**2)
                if self.radiation:
                    self.add("radiate", 0.0, 0.5 / steps, here, slope)
            self.add("solenoid", first / steps, mean)


def _body_name(kind: str, active: frozenset[str]) -> str:
    if kind == "Solenoid":
        return "solenoid" if "ks" in active else "drift"
    if kind == "Bend":
        return "combined_bend" if active & (_MULTIPOLES - {"k0"}) else "bend"
    if active & {"hkick", "vkick"}:
        return "sextupole"
    if not active & _MULTIPOLES:
        return "drift"
    if "k1s" in active or ("k1" in active and active & _KICKS):
        return "straight"
    return "quadrupole" if "k1" in active else "sextupole"
