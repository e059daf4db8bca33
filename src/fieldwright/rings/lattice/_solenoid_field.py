"""Solenoids made of coil sections: the field on their axis, their forces, an element of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.constants import MU_0
from fieldwright.errors import InputError
from fieldwright.forces import axial_force
from fieldwright.rings.lattice._elements import Solenoid
from fieldwright.sources import Coil
from fieldwright.sources._checks import as_float, is_concrete, require_positive

_NODES = 1600  # of the integral of B^2: doubling them changes it by 1e-14
_PEAK = 4001  # places among which the peak is sought, before a parabola finds it


class SolenoidField(Result):
    """What a solenoid does to a beam, from the field on its axis; `solenoid_field` returns it.

    Attributes:
        peak: B_s of largest size [T].
        peak_position: where that is, along the axis [m].
        integral: of B_s along the axis [T m]; a beam's axes turn by it over 2 B rho.
        focusing: integral of B_s^2 [T^2 m]; a beam is focused by it over (2 B rho)^2.
        length: of a hard edge of the same peak and integral [m].
        focusing_length: of a hard edge of the same peak and focusing [m].
    """

    peak: Any = quantity("T", "largest field on the axis")
    peak_position: Any = quantity("m", "place of the largest field")
    integral: Any = quantity("T m", "integral of the field along the axis")
    focusing: Any = quantity("T^2 m", "integral of the squared field along the axis")
    length: Any = quantity("m", "effective length of the integral")
    focusing_length: Any = quantity("m", "effective length of the focusing")


def axis_field(sections: Sequence[Coil], s: Any) -> Any:
    """B_s of coils on their common axis, the z axis.

    Args:
        sections: coils around the z axis.
        s: (n,) places along it [m].

    Returns:
        (n,) [T], in closed form.

    Raises:
        InputError: something that is no `Coil`, or not around the z axis.

    Source: D. B. Montgomery, Solenoid Magnet Design (1969), section 1.2.

    >>> from fieldwright.rings import axis_field
    >>> from fieldwright.sources import Coil
    >>> coil = Coil(inner_radius=0.03, outer_radius=0.08, length=0.19, turns=8000, current=260.0)
    >>> print(f"{axis_field([coil], [0.0])[0]:.3f} T")
    11.878 T
    """
    _require_sections(sections)
    s = as_float(s, "s", (None,))
    xp = np if is_concrete(s, list(sections)) else jnp
    total = xp.zeros_like(s)
    for section in sections:
        z, half = s - section.position[2], section.length / 2
        ends = _end_field(section, z + half, xp) - _end_field(section, z - half, xp)
        current = _sense(section) * section.current * section.turn_density
        total = total + MU_0 / 2 * current * ends
    return total


def _end_field(coil: Coil, z: Any, xp: Any) -> Any:
    """The field of a half-infinite winding at a distance from its end, over mu_0 j / 2."""
    inner, outer = (r + xp.sqrt(r * r + z * z) for r in (coil.inner_radius, coil.outer_radius))
    return z * xp.log(outer / inner)


def solenoid_field(sections: Sequence[Coil]) -> SolenoidField:
    """Peak, integrals and effective lengths of a solenoid of coil sections.

    Args:
        sections: coils around the z axis, at their own currents.

    Returns:
        A `SolenoidField`. The integral of the field is mu_0 N I (Ampere's law), exactly.

    Raises:
        InputError: as `axis_field`, or coils without a field.

    >>> from fieldwright.rings import solenoid_field, vepp2000_solenoid
    >>> found = solenoid_field(vepp2000_solenoid()[:2])
    >>> print(f"{found.peak:.3f} T, {found.length:.4f} m, {found.focusing_length:.4f} m")
    13.000 T, 0.4030 m, 0.3358 m
    """
    _require_sections(sections)
    low, high = _extent(sections)
    middle, size = (low + high) / 2, (high - low) / 2
    field, squared = _peak(sections, low, high), _squared(sections, middle, size)
    peak, place = field
    if not abs(peak) > 0:
        raise InputError("the sections have no field", parameter="sections")
    integral = MU_0 * sum(float(c.turns) * float(c.current) * _sense(c) for c in sections)
    return SolenoidField(peak, place, integral, squared, integral / peak, squared / peak**2)


def solenoid_from_coils(
    name: str,
    sections: Sequence[Coil],
    length: Any,
    rigidity: Any,
    points: int = 65,
    *,
    centre: Any = None,
) -> Solenoid:
    """An element with the field of coil sections on its axis.

    Args:
        name: of the element.
        sections: coils around the z axis, at their own currents.
        length: of the element [m]; the field beyond it is cut off, as by a field clamp, so that
            its edges act as hard ones of the field that is left there.
        rigidity: B rho of the lattice it is for [T m], `lattice.rigidity`.
        points: at equal steps, at which the field is taken. The default leaves 1e-6 of the
            focusing of a solenoid like VEPP-2000's; the error falls with the step's fourth power.
        centre: of the element along the z axis [m]; the middle of the sections if None.

    Returns:
        A `Solenoid` with `ks` at the peak and the profile.

    Raises:
        InputError: as `solenoid_field`; a length or rigidity not above zero, or fewer than 5
            points.

    >>> from fieldwright.rings import solenoid_from_coils, vepp2000_solenoid
    >>> coils = vepp2000_solenoid()[:2]
    >>> element = solenoid_from_coils("S1", coils, length=0.6, rigidity=3.3356)
    >>> print(f"ks {element.ks:.4f} /m, {element.profile[0]:.3f} of it at the ends")
    ks 3.8973 /m, 0.055 of it at the ends
    """
    length, rigidity = as_float(length, "length"), as_float(rigidity, "rigidity")
    require_positive(length=length, rigidity=rigidity)
    if points < 5:
        raise InputError(f"points must be at least 5, got {points}", parameter="points")
    _require_sections(sections)
    low, high = _extent(sections)
    middle = (low + high) / 2 if centre is None else float(as_float(centre, "centre"))
    s = middle + float(length) * np.linspace(-0.5, 0.5, points)
    values = np.asarray(axis_field(sections, s))
    peak, _ = _peak(sections, s[0], s[-1])
    if not abs(peak) > 0:
        raise InputError("the sections have no field on the axis", parameter="sections")
    profile = tuple(float(value) for value in values / peak)
    return Solenoid(name=name, length=length, ks=peak / rigidity, profile=profile)


def section_forces(sections: Sequence[Coil]) -> np.ndarray:
    """Forces along the axis between the sections of a solenoid, at their own currents.

    Args:
        sections: coils around the z axis.

    Returns:
        (n, n) [N]: the force towards +z on the section of the column by that of the row; the sum
        over rows is the force on each section.

    Raises:
        InputError: as `axis_field`.

    >>> from fieldwright.rings import section_forces, vepp2000_solenoid
    >>> forces = section_forces(vepp2000_solenoid())
    >>> print(f"{forces[1, 0] / 1e3:.1f} kN")
    398.0 kN
    """
    _require_sections(sections)
    count = len(sections)
    forces = np.zeros((count, count))
    for i, pushed in enumerate(sections):
        for j in range(i + 1, count):
            distance = pushed.position[2] - sections[j].position[2]
            per_ampere = axial_force(_centred(sections[j]), _centred(pushed), distance)
            force = float(per_ampere * sections[j].current) * _sense(sections[j]) * _sense(pushed)
            forces[j, i], forces[i, j] = force, -force
    return forces


def _centred(coil: Coil) -> Coil:
    """A coil at the origin, upright."""
    at = (coil.position, coil.rotation)
    return eqx.tree_at(lambda c: (c.position, c.rotation), coil, tuple(np.zeros(3) for _ in at))


def _sense(coil: Coil) -> float:
    """1 of a coil along +z, -1 of one that is turned around."""
    return float(np.cos(np.linalg.norm(np.asarray(coil.rotation))))


def _extent(sections: Sequence[Coil]) -> tuple[float, float]:
    ends = [
        (float(c.position[2]) - float(c.length) / 2, float(c.position[2]) + float(c.length) / 2)
        for c in sections
    ]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _peak(sections: Sequence[Coil], low: float, high: float) -> tuple[float, float]:
    """The field of largest size between two places, and its place."""
    s = np.linspace(low, high, _PEAK)
    B = np.asarray(axis_field(sections, s))
    best = int(np.clip(np.argmax(np.abs(B)), 1, _PEAK - 2))
    below, at, above = B[best - 1 : best + 2]
    bend = below - 2 * at + above
    # at an end of the range, or of a flat field, the sample itself is the largest
    shift = 0.5 * (below - above) / bend if bend else 0.0
    if abs(shift) > 1:
        best = int(np.argmax(np.abs(B)))
        return float(B[best]), float(s[best])
    return float(at - 0.25 * (below - above) * shift), float(s[best] + shift * (s[1] - s[0]))


def _squared(sections: Sequence[Coil], middle: float, size: float) -> float:
    """The integral of B^2 by the trapezoidal rule in asinh of the place: converges fast."""
    t = np.linspace(-6.5, 6.5, _NODES + 1)
    B = np.asarray(axis_field(sections, middle + size * np.sinh(t)))
    return float(size * (t[1] - t[0]) * np.sum(B**2 * np.cosh(t)))


def _require_sections(sections: Sequence[Coil]) -> None:
    if not sections:
        raise InputError("a solenoid needs at least one section", parameter="sections")
    for section in sections:
        if not isinstance(section, Coil):
            raise InputError(
                f"sections must be Coils, got {type(section).__name__}", parameter="sections"
            )
        if not is_concrete(section):
            raise InputError("sections must be of known numbers", parameter="sections")
        turned = np.sin(np.linalg.norm(np.asarray(section.rotation)))
        if np.any(np.abs(np.asarray(section.position)[:2]) > 1e-12) or abs(turned) > 1e-12:
            raise InputError(
                f"a section must lie around the z axis, got position {section.position} m and "
                f"rotation {section.rotation} rad",
                parameter="sections",
            )
