"""What the magnets of a ring must give at its energy: fields, gradients, radii."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import InputError
from fieldwright.rings.lattice._elements import COLUMN, columns_of
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.sources._checks import is_concrete, require_positive

_STEERING = ("dx", "dy", "roll", "x_limit", "y_limit")


class MagnetStrengths(Result):
    """The magnets of a ring in physical units, a row for each; what `magnet_strengths` returns.

    Attributes:
        names, kinds: (m,) of the magnets.
        count: (m,) how many there are.
        length: (m,) [m]; zero of a `Multipole`, whose numbers are integrated over its length: its
            field is in T m, its gradient in T, and so on.
        radius: (m,) of the orbit in bends [m]; infinite in others.
        field: (m,) of dipoles B_y, of solenoids B_s, at the peak [T].
        gradient: (m,) dB_y/dx, with skew parts sqrt(normal^2 + skew^2) [T/m].
        sextupole: (m,) d2B_y/dx2, likewise [T/m^2].
        octupole: (m,) d3B_y/dx3, likewise [T/m^3].

    A result is indexed by a magnet's name: `strengths["QF"]` is a dictionary of its row.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    kinds: tuple[str, ...] = eqx.field(static=True)
    count: np.ndarray = quantity("", "number of magnets")
    length: np.ndarray = quantity("m", "length")
    radius: np.ndarray = quantity("m", "radius of the orbit")
    field: np.ndarray = quantity("T", "dipole or solenoid field")
    gradient: np.ndarray = quantity("T/m", "field gradient")
    sextupole: np.ndarray = quantity("T/m^2", "second derivative of the field")
    octupole: np.ndarray = quantity("T/m^3", "third derivative of the field")

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self.names:
            raise InputError(
                f"there is no magnet {name!r}; there are {', '.join(dict.fromkeys(self.names))}",
                parameter="name",
            )
        row = self.names.index(name)
        return {key: getattr(self, key)[row] for key, _ in self._columns()} | {
            "kind": self.kinds[row]
        }

    def field_at(self, radius: float) -> np.ndarray:
        """(m,) the largest field [T] on a circle of a radius [m] about the axis, as at the poles.

        Solenoids give theirs at the axis.

        Raises:
            InputError: a radius not above zero.
        """
        require_positive(radius=radius)
        tips = (self.field, self.gradient, self.sextupole, self.octupole)
        return sum(
            (np.abs(k) * radius**n / math.factorial(n) for n, k in enumerate(tips)),
            np.zeros(len(self.names)),
        )

    def to_xarray(self) -> Any:
        """A dataset along `magnet`, the names."""
        import xarray as xr

        columns = {
            key: ("magnet", getattr(self, key), {"units": unit, "long_name": text})
            for key, (unit, text) in self._columns()
        }
        return xr.Dataset(
            columns | {"kind": ("magnet", list(self.kinds))},
            coords={"magnet": list(self.names)},
        )

    def __repr__(self) -> str:
        head = f"{'':10}{'':12}{'n':>4}{'m':>9}{'T':>10}{'T/m':>10}{'T/m2':>10}{'T/m3':>10}"
        rows = zip(
            self.names, self.kinds, self.count, self.length, self.field, self.gradient,
            self.sextupole, self.octupole, strict=True,
        )  # fmt: skip
        lines = [
            f"{name:10}{kind:12}{int(n):4d}{length:9.4f}"
            + "".join(f"{value:10.4g}" if value else f"{'':10}" for value in values)
            for name, kind, n, length, *values in rows
        ]
        return "\n".join(line.rstrip() for line in [head, *lines])

    def _columns(self) -> list[tuple[str, tuple[str, str]]]:
        return [
            (item.name, (item.metadata["unit"], item.metadata["long_name"]))
            for item, _ in self._quantities()
        ]


def magnet_strengths(lattice: Lattice) -> MagnetStrengths:
    """Fields and gradients of the magnets of a ring or line, at its energy.

    Args:
        lattice: with known numbers; `lattice.with_energy` scales it.

    Returns:
        A `MagnetStrengths`: a row for each name, and more than one where magnets of a name differ
        in strength. Magnets without any strength are left out. Signs are those of a particle of
        positive charge; of a negative one that goes the same way all fields are reversed.

    Raises:
        InputError: a lattice whose numbers are not known, inside a transformation.

    >>> from fieldwright.rings import Bend, Lattice, Quadrupole, magnet_strengths
    >>> arc = [Bend(name="B", length=1.0996, angle=0.7854),
    ...        Quadrupole(name="QF", length=0.19, k1=14.66)]
    >>> found = magnet_strengths(Lattice.of(arc, energy=1e9))
    >>> print(f"{found['B']['field']:.4f} T, {found['QF']['gradient']:.2f} T/m")
    2.3825 T, 48.90 T/m
    """
    if not is_concrete(lattice.table, lattice.energy):
        raise InputError("magnet_strengths needs a lattice of known numbers", parameter="lattice")
    rigidity = float(lattice.rigidity)
    rows: dict[tuple[Any, ...], list[Any]] = {}
    for index, (name, kind) in enumerate(zip(lattice.names, lattice.kinds, strict=True)):
        row = _strengths(kind, lattice.table[index], rigidity)
        if row is not None:
            # numbers that differ by rounding only are one magnet's
            key = (name, kind, *(f"{value:.12e}" for value in row))
            rows.setdefault(key, [0, row])[0] += 1
    counts = np.array([count for count, _ in rows.values()], dtype=float)
    values = np.array([row for _, row in rows.values()], dtype=float).reshape(len(rows), 6)
    names, kinds = (tuple(key[i] for key in rows) for i in (0, 1))
    return MagnetStrengths(names, kinds, counts, *values.T)


def _strengths(kind: str, row: np.ndarray, rigidity: float) -> tuple[float, ...] | None:
    """(length, radius, field, gradient, sextupole, octupole) of an element; None of no magnet."""
    known = columns_of(kind)
    value = {name: float(row[COLUMN[name]]) for name in known if name not in _STEERING}
    length, radius = value["length"], math.inf
    order = [_size(value.get(f"k{n}", 0.0), value.get(f"k{n}s", 0.0)) for n in range(4)]
    if kind == "Bend":
        radius = length / value["angle"]
        order[0] += 1 / radius
    elif kind == "Solenoid":
        order[0] = value["ks"]
    elif kind == "Kicker":
        kick = math.hypot(value["hkick"], value["vkick"])
        order[0] = kick / length if length else kick
    if not any(order):
        return None
    return length, radius, *(rigidity * strength for strength in order)


def _size(normal: float, skew: float) -> float:
    """The strength of a magnet; with the sign of the normal part where there is no skew one."""
    return math.hypot(normal, skew) if skew else normal
