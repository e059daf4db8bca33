"""What a ring is built of: one frozen record for each kind of element.

Strengths are normalised to the reference momentum, as everywhere in the field:
k_n = (1 / B rho) d^n B_y / dx^n. A positive k1 focuses horizontally; k1s is the skew one.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, fields
from typing import Any

from fieldwright.errors import InputError
from fieldwright.sources._checks import as_float, is_concrete

Number = Any  # a float, or a traced scalar inside a JAX transformation


@dataclass(frozen=True, kw_only=True)
class Element:
    """What every element has.

    Args:
        name: several elements may share one; they are then set together.
        length: along the reference orbit [m].
        tilt: rotation of the element as designed, about the beam [rad]; a bend's tilt turns the
            reference orbit with it.
        dx, dy: offset errors of the body, horizontal and vertical [m].
        roll: roll error of the body about the beam at its centre [rad].
        x_limit, y_limit: half apertures [m]; infinite where there is none.

    Raises:
        InputError: a value is not a finite number (apertures may be infinite), or negative where
            it may not be.
    """

    name: str
    length: Number = 0.0
    tilt: Number = 0.0
    dx: Number = 0.0
    dy: Number = 0.0
    roll: Number = 0.0
    x_limit: Number = math.inf
    y_limit: Number = math.inf

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InputError(f"an element needs a name, got {self.name!r}", parameter="name")
        for column in columns_of(type(self).__name__):
            value = getattr(self, column)
            limit = column in ("x_limit", "y_limit")
            if type(value) is float and math.isfinite(value) and not limit:
                continue  # most are; lattices may have many thousands of elements
            if not is_concrete(value):
                continue
            if not limit:
                as_float(value, f"{self.name}: {column}")
            elif not float(value) > 0:
                raise InputError(
                    f"{self.name}: {column} must be above zero, got {value!r}", parameter=column
                )
        if is_concrete(self.length) and float(self.length) < 0:
            raise InputError(
                f"{self.name}: length must not be negative, got {self.length!r} m",
                parameter="length",
            )


#: Fields of elements that are no numbers of the lattice's table.
NOT_COLUMNS = ("name", "profile", "harmonic")


@dataclass(frozen=True, kw_only=True)
class Drift(Element):
    """Free space.

    >>> from fieldwright.rings import Drift
    >>> Drift(name="D1", length=0.5).length
    0.5
    """


@dataclass(frozen=True, kw_only=True)
class Marker(Element):
    """A place of no length with a name."""


@dataclass(frozen=True, kw_only=True)
class Monitor(Element):
    """A beam position monitor: a place where orbits are read."""


@dataclass(frozen=True, kw_only=True)
class _Multipolar(Element):
    """What may carry multipoles: k0 is a dipole field beyond the design's, as correctors give."""

    k0: Number = 0.0
    k1: Number = 0.0
    k2: Number = 0.0
    k3: Number = 0.0
    k0s: Number = 0.0
    k1s: Number = 0.0
    k2s: Number = 0.0
    k3s: Number = 0.0


@dataclass(frozen=True, kw_only=True)
class Bend(_Multipolar):
    """A sector bend; with pole faces turned by e1 = e2 = angle / 2 a rectangular one.

    Args:
        angle: of the reference orbit, positive towards negative x [rad]; not zero.
        e1, e2: rotation of the entrance and exit pole face [rad], positive as in a
            rectangular bend.
        fint1, fint2: fringe field integrals K. L. Brown's (SLAC-75), of entrance and exit.
        gap: full height between the poles [m].

    >>> from fieldwright.rings import Bend
    >>> Bend(name="B", length=1.1, angle=0.7854).e1
    0.0
    """

    angle: Number
    e1: Number = 0.0
    e2: Number = 0.0
    fint1: Number = 0.0
    fint2: Number = 0.0
    gap: Number = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if is_concrete(self.angle) and float(self.angle) == 0:
            raise InputError(
                f"{self.name}: a bend's angle must not be zero; write a Quadrupole or a Kicker "
                "for a straight magnet",
                parameter="angle",
            )
        if is_concrete(self.length) and float(self.length) <= 0:
            raise InputError(
                f"{self.name}: a bend needs a length above zero, got {self.length!r} m",
                parameter="length",
            )


@dataclass(frozen=True, kw_only=True)
class Quadrupole(_Multipolar):
    """A quadrupole of strength k1 [1/m^2], skew k1s, other multipoles [1/m^(n+1)] with it."""


@dataclass(frozen=True, kw_only=True)
class Sextupole(_Multipolar):
    """A sextupole of strength k2 [1/m^3]."""


@dataclass(frozen=True, kw_only=True)
class Octupole(_Multipolar):
    """An octupole of strength k3 [1/m^4]."""


@dataclass(frozen=True, kw_only=True)
class Multipole(_Multipolar):
    """A multipole of no length: k0 to k3 and k0s to k3s are integrated strengths [1/m^n]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if is_concrete(self.length) and float(self.length) != 0:
            raise InputError(
                f"{self.name}: a Multipole has no length, got {self.length!r} m; write a "
                "Quadrupole, Sextupole or Octupole for a thick one",
                parameter="length",
            )


@dataclass(frozen=True, kw_only=True)
class Kicker(Element):
    """A corrector: adds hkick to px and vkick to py of the reference particle [rad]."""

    hkick: Number = 0.0
    vkick: Number = 0.0


@dataclass(frozen=True, kw_only=True)
class Solenoid(Element):
    """A solenoid of strength ks = B_s / (B rho) [1/m].

    Args:
        ks: of a hard edge, or at the peak of `profile`.
        profile: B_s on the axis at equal steps over the length, both ends included, relative to
            its peak; empty for a hard edge.
    """

    ks: Number = 0.0
    profile: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RFCavity(Element):
    """An accelerating cavity: dE = voltage sin(phase - 2 pi frequency t) at its centre.

    Args:
        voltage: peak energy gain per unit charge [V].
        frequency: [Hz]; zero takes `harmonic` times the revolution frequency.
        phase: [rad]; 0 is stable above transition energy, pi below.
        harmonic: number of RF periods in a turn; zero takes the nearest to `frequency`.
    """

    voltage: Number = 0.0
    frequency: Number = 0.0
    phase: Number = 0.0
    harmonic: int = 0


KINDS: dict[str, type[Element]] = {
    kind.__name__: kind
    for kind in (
        Drift,
        Marker,
        Monitor,
        Bend,
        Quadrupole,
        Sextupole,
        Octupole,
        Multipole,
        Kicker,
        Solenoid,
        RFCavity,
    )
}

#: The columns of a lattice's table: every number an element may have.
COLUMNS: tuple[str, ...] = tuple(
    dict.fromkeys(
        field.name
        for kind in KINDS.values()
        for field in fields(kind)
        if field.name not in NOT_COLUMNS
    )
)

#: Where each column stands in the table.
COLUMN: dict[str, int] = {name: index for index, name in enumerate(COLUMNS)}


@functools.cache
def columns_of(kind: str) -> tuple[str, ...]:
    """The columns that elements of one kind have."""
    return tuple(f.name for f in fields(KINDS[kind]) if f.name not in NOT_COLUMNS)
