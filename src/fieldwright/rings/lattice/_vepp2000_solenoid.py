"""A solenoid like those of VEPP-2000: three sections of dimensions that are assumed."""

from __future__ import annotations

from typing import Any

import equinox as eqx

from fieldwright.rings.lattice._solenoid_field import solenoid_field
from fieldwright.sources import Coil
from fieldwright.sources._checks import as_float

# Ours, not published: a main pair whose field has the integral that turns a beam of 1 GeV by 45
# degrees, 13 T over 0.403 m, at an overall current density that Nb3Sn and NbTi nested bear; and a
# short section before it, towards the crossing, that fits between it and the detector.
_INNER, _OUTER = 0.030, 0.080
_MAIN, _GAP, _TURNS = 0.18576, 0.010, 8000
_EXTRA, _EXTRA_OUTER, _EXTRA_TURNS = 0.080, 0.072, 3200


def vepp2000_solenoid(main: Any = 13.0, additional: Any = 8.0) -> tuple[Coil, Coil, Coil]:
    """Three coil sections of a final-focus solenoid: two main ones, and an additional one.

    The sections and their largest fields are those of P. Yu. Shatunov (2011), chapter 2; all
    dimensions and numbers of turns are assumed. No iron is about them.

    Args:
        main: field of both main sections together, at its peak [T].
        additional: field of the additional section alone, at its centre [T].

    Returns:
        The main section towards the crossing, the other, and the additional one. z points away
        from the crossing and is zero between the main sections.

    Raises:
        InputError: a field that is no finite number.

    >>> from fieldwright.rings import vepp2000_solenoid
    >>> first, second, extra = vepp2000_solenoid()
    >>> print(f"{first.current:.1f} A, {extra.current:.1f} A")
    260.6 A, 254.2 A
    """
    for name, value in (("main", main), ("additional", additional)):
        as_float(value, name)
    pair = [_section(_OUTER, _MAIN, _TURNS, side * (_MAIN + _GAP) / 2) for side in (-1, 1)]
    place = -(_MAIN + 1.5 * _GAP + _EXTRA / 2)
    extra = _section(_EXTRA_OUTER, _EXTRA, _EXTRA_TURNS, place)
    first, second = (_at(coil, main / solenoid_field(pair).peak) for coil in pair)
    return first, second, _at(extra, additional / solenoid_field([extra]).peak)


def _section(outer: float, length: float, turns: int, place: float) -> Coil:
    values: dict[str, Any] = {
        "inner_radius": _INNER,
        "outer_radius": outer,
        "length": length,
        "turns": turns,
        "position": [0.0, 0.0, place],
    }
    return Coil(**values)


def _at(coil: Coil, current: Any) -> Coil:
    return eqx.tree_at(lambda c: c.current, coil, as_float(current, "current"))
