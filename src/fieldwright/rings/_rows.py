"""A lattice's programme: which map acts where, as rows that a scan or a batch can run over.

An element becomes a few rows: entering its shifted body, its entrance face, pieces of its body
with places where radiation acts between them, its exit face, leaving the body, an aperture. What
an element does not have makes no row.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from fieldwright.motion import Species
from fieldwright.rings import _maps, _radiation
from fieldwright.rings._elements import COLUMN
from fieldwright.rings._lattice import Lattice, rest_energy

_MULTIPOLES = frozenset(f"k{order}{skew}" for order in range(4) for skew in ("", "s"))
_KICKS = _MULTIPOLES - {"k1"}
_ERRORS = frozenset({"tilt", "dx", "dy", "roll"})


@dataclass(frozen=True, eq=False)
class Rows:
    """The programme of a lattice: all arrays are of NumPy, (rows,) unless told.

    Args:
        operation: index of the map in `OPERATIONS`.
        element: index of the element.
        fraction: of the element's length that the row takes.
        extra: (rows, 3) what else a map needs: radiation's weight, a solenoid profile's values.
        begins: (n + 1,) the row at which each element begins, and the number of rows.
        kinds, active, harmonics: (n,) of the elements, as the lattice has them.
        species: what circulates.
    """

    operation: np.ndarray
    element: np.ndarray
    fraction: np.ndarray
    extra: np.ndarray
    begins: np.ndarray
    kinds: tuple[str, ...]
    active: tuple[frozenset[str], ...]
    harmonics: tuple[int, ...]
    species: Species

    def __len__(self) -> int:
        return len(self.operation)


def rows_of(
    lattice: Lattice,
    *,
    radiation: bool = False,
    pole_faces: bool = True,
    cavities: bool = True,
    apertures: bool = False,
    cuts: tuple[int, ...] = (),
) -> Rows:
    """The programme of a lattice; `cuts` says into how many parts each body is cut for looking.

    A lattice of the same structure gets the same object, which compiled functions are kept by.
    """
    structure = (lattice.kinds, lattice.active, lattice.pieces, lattice.nodes, lattice.profiles)
    beam = (lattice.harmonics, lattice.species)
    return _rows(structure, beam, (radiation, pole_faces, cavities, apertures), cuts)


@functools.lru_cache(maxsize=256)
def _rows(
    structure: tuple[Any, ...],
    beam: tuple[Any, Any],
    switches: tuple[bool, bool, bool, bool],
    cuts: tuple[int, ...],
) -> Rows:
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
    return Rows(
        np.array(columns[0], dtype=np.int32),
        np.array(columns[1], dtype=np.int32),
        np.array(columns[2], dtype=float),
        np.array(columns[3], dtype=float).reshape(-1, 3),
        np.array(begins),
        kinds,
        active,
        *beam,
    )


def _lead_clock(rows: list[tuple[int, int, float, tuple[float, ...]]]) -> None:
    """The first cavity keeps the clock in step with the RF."""
    for number, row in enumerate(rows):
        if row[0] == OPERATION["cavity"]:
            rows[number] = (*row[:3], (1.0, 0.0, 0.0))
            return


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
                self.add("thin")
            return
        name = _body_name(kind, active)
        if not self.radiation or name == "drift" or not strong:
            self._stretch(name, 0.0, 1.0, pieces, cuts)
            return
        places, weights = np.polynomial.legendre.leggauss(nodes)
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


class Beam(eqx.Module):
    """The reference particle as maps see it.

    Args:
        mu2: (m c / P0)^2.
        momentum: P0 c over the particle's charge number [V].
        rf_shift: what the RF's period is longer than the reference particle's turn, times c [m].
        radius, compton: classical radius and reduced Compton length [m].
    """

    mu2: Any
    momentum: Any
    rf_shift: Any
    radius: float = eqx.field(static=True)
    compton: float = eqx.field(static=True)


class Row(eqx.Module):
    """One row's numbers as maps see them: entries of an element's row of the table, and more."""

    values: Any
    fraction: Any
    extra: Any
    beam: Beam

    @property
    def mu2(self) -> Any:
        """(m c / P0)^2."""
        return self.beam.mu2

    def __getitem__(self, column: str) -> Any:
        return self.values[COLUMN[column]]


def prepare(rows: Rows, table: Any, energy: Any) -> tuple[Any, Beam]:
    """The table (..., n, columns) as maps need it, and the reference particle.

    Correctors become dipole fields, and cavities get their frequency.
    """
    table = jnp.asarray(table)
    for index in np.flatnonzero(np.array(rows.kinds) == "Kicker"):
        length = table[..., index, COLUMN["length"]] if "length" in rows.active[index] else 1.0
        kicks = table[..., index, COLUMN["hkick"]], table[..., index, COLUMN["vkick"]]
        table = table.at[..., index, COLUMN["k0"]].set(-kicks[0] / length)
        table = table.at[..., index, COLUMN["k0s"]].set(kicks[1] / length)
    rest = rest_energy(rows.species)
    momentum = jnp.sqrt((energy - rest) * (energy + rest))
    revolution = momentum / energy * SPEED_OF_LIGHT / table[..., COLUMN["length"]].sum(-1)
    shift = jnp.zeros(())
    for index in reversed(np.flatnonzero(np.array(rows.kinds) == "RFCavity")):
        harmonic, active = rows.harmonics[index], rows.active[index]
        if "frequency" not in active:
            table = table.at[..., index, COLUMN["frequency"]].set(harmonic * revolution)
        if "voltage" in active:
            frequency = table[..., index, COLUMN["frequency"]]
            shift = SPEED_OF_LIGHT * (harmonic / frequency - 1 / revolution)
    charges = abs(rows.species.charge) / ELEMENTARY_CHARGE
    beam = Beam(
        mu2=(rest / momentum) ** 2,
        momentum=momentum / charges,
        rf_shift=shift,
        radius=_radiation.classical_radius(rows.species),
        compton=_radiation.compton_length(rows.species),
    )
    return table, beam


def _thin(row: Row, state: _maps.State) -> _maps.State:
    return _maps.kick(state, _maps.multipoles(row.values), 1.0)


def _aperture(row: Row, state: _maps.State) -> _maps.State:
    inside = (jnp.abs(state[0]) <= row["x_limit"]) & (jnp.abs(state[2]) <= row["y_limit"])
    x, *rest = state
    return (jnp.where(inside, x, jnp.nan), *rest)


def _combined(row: Row, state: _maps.State) -> _maps.State:
    length, angle = row.fraction * row["length"], row.fraction * row["angle"]
    strengths = _maps.multipoles(row.values)
    return _maps.combined_bend(state, length, angle, _bend_field(row), strengths, row.mu2)


def _bend(row: Row, state: _maps.State) -> _maps.State:
    length, angle = row.fraction * row["length"], row.fraction * row["angle"]
    return _maps.bend(state, length, angle, _bend_field(row), row.mu2)


def _face_angle(row: Row) -> Any:
    """Rotation of the pole face a row is about: extra holds sign and number of the face."""
    return jnp.where(row.extra[1] == 1.0, row["e1"], row["e2"])


def _bend_field(row: Row) -> Any:
    return row["angle"] / row["length"] + row["k0"]


def _soft_fringe(row: Row, state: _maps.State) -> _maps.State:
    integral = jnp.where(row.extra[1] == 1.0, row["fint1"], row["fint2"])
    return _maps.soft_fringe(state, row.extra[0] * _bend_field(row), integral * row["gap"])


def _cavity(row: Row, state: _maps.State) -> _maps.State:
    wave_number = row["frequency"] * (2 * np.pi / SPEED_OF_LIGHT)
    voltage = row["voltage"] / row.beam.momentum
    return _maps.cavity(
        state, voltage, wave_number, row["phase"], row.beam.rf_shift * row.extra[0], row.mu2
    )


def _moved(row: Row, state: _maps.State, leaving: bool) -> _maps.State:
    shift, rotation = body_patch(row, leaving)
    return _maps.patch(state, shift, rotation)


def _turned(angle: Any) -> list[list[Any]]:
    """Axes after a bend by `angle`, as rows, in those before."""
    c, s = jnp.cos(angle), jnp.sin(angle)
    return [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]


def _rolled(angle: Any) -> list[list[Any]]:
    c, s = jnp.cos(angle), jnp.sin(angle)
    return [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]


def _transposed(axes: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*axes, strict=True)]


def _product(first: Any, second: Any) -> list[list[Any]]:
    columns = _transposed(second)
    return [_maps.rotated(columns, row) for row in first]


def _to(angle: Any, length: Any) -> list[Any]:
    """Where an arc of an angle and a length ends, in the axes of its beginning."""
    safe = jnp.where(angle == 0, 1.0, angle)
    forward = jnp.where(angle == 0, length, length * jnp.sin(safe) / safe)
    inward = jnp.where(angle == 0, 0.0, length * (1 - jnp.cos(safe)) / safe)
    return [-inward, 0.0, forward]


def _sum(first: Any, second: Any) -> list[Any]:
    return [a + b for a, b in zip(first, second, strict=True)]


def body_patch(row: Row, leaving: bool) -> tuple[list[Any], list[list[Any]]]:
    """Shift and axes from the design orbit to the body's end, or back from it.

    The body turns by its roll and shifts by dx, dy about the centre of its arc; the tilt turns
    the arc itself.
    """
    half, length = row["angle"] / 2, row["length"] / 2
    if leaving:
        half, length = -half, -length
    tilt = _rolled(row["tilt"])
    # Go from the design's end to the centre of its arc, shift and turn there, and back along the
    # body's own arc.
    axes = _product(_turned(half), tilt)
    turned = _product(_rolled(row["roll"]), axes)
    shift = _maps.rotated(_transposed(tilt), _to(half, length))
    shift = _sum(shift, _maps.rotated(_transposed(axes), [row["dx"], row["dy"], 0.0]))
    shift = _sum(shift, _maps.rotated(_transposed(turned), _to(-half, -length)))
    rotation = _product(_turned(-half), turned)
    if leaving:  # the way back: the inverse of what was found
        return [-v for v in _maps.rotated(rotation, shift)], _transposed(rotation)
    return shift, rotation


#: The maps by name, each (row, state) -> state.
OPERATIONS: dict[str, Any] = {
    "drift": lambda r, s: _maps.drift(s, r.fraction * r["length"], r.mu2),
    "quadrupole": lambda r, s: _maps.quadrupole(s, r.fraction * r["length"], r["k1"], r.mu2),
    "sextupole": lambda r, s: _maps.sextupole(
        s, r.fraction * r["length"], _maps.multipoles(r.values), r.mu2
    ),
    "straight": lambda r, s: _maps.straight(
        s, r.fraction * r["length"], _maps.multipoles(r.values), r.mu2
    ),
    "thin": _thin,
    "bend": _bend,
    "combined_bend": _combined,
    "turn": lambda r, s: _maps.turn(s, _face_angle(r)),
    "fringe": lambda r, s: _maps.fringe(s, r.extra[0] * _bend_field(r)),
    "soft_fringe": _soft_fringe,
    "wedge": lambda r, s: _maps.wedge(s, -_face_angle(r), _bend_field(r)),
    "solenoid": lambda r, s: _maps.solenoid(
        s, r.fraction * r["length"], r["ks"] * r.extra[0], r.mu2
    ),
    "solenoid_variation": lambda r, s: _maps.solenoid_variation(
        s,
        r.fraction * r["length"],
        r["ks"] * r.extra[0],
        r["ks"] * r.extra[1] / r["length"] ** 2,
        r["ks"] ** 2 * r.extra[2],
    ),
    "cavity": _cavity,
    "enter": lambda r, s: _moved(r, s, False),
    "leave": lambda r, s: _moved(r, s, True),
    "aperture": _aperture,
    "radiate": _radiation.radiate,
    "radiate_face": lambda r, s: _radiation.radiate_face(r, s, _face_angle(r)),
}

OPERATION = {name: index for index, name in enumerate(OPERATIONS)}
