"""Numbers of elements, from texts in a study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...errors import InputError
from ...units import format_quantity, parse

if TYPE_CHECKING:
    from fieldwright.rings import Lattice

#: Numbers of elements with their units; those of multipoles are integrated, see `unit_of`.
UNITS = {
    "length": "m", "tilt": "rad", "dx": "m", "dy": "m", "roll": "rad", "x_limit": "m",
    "y_limit": "m", "k0": "1/m", "k1": "1/m^2", "k2": "1/m^3", "k3": "1/m^4", "k0s": "1/m",
    "k1s": "1/m^2", "k2s": "1/m^3", "k3s": "1/m^4", "angle": "rad", "e1": "rad", "e2": "rad",
    "fint1": "1", "fint2": "1", "gap": "m", "hkick": "rad", "vkick": "rad", "ks": "1/m",
    "voltage": "V", "frequency": "Hz", "phase": "rad",
}  # fmt: skip
_LESS = {f"1/m^{n}": "1/m" if n == 2 else f"1/m^{n - 1}" for n in (2, 3, 4)} | {"1/m": "1"}


def unit_of(lattice: Lattice, name: str, column: str) -> str:
    """The unit of a number of elements; multipoles have integrated strengths."""
    unit = UNITS.get(column, "1")
    kinds = {lattice.kinds[index] for index in lattice.indices(name)}
    return _LESS.get(unit, unit) if kinds == {"Multipole"} and column[0] == "k" else unit


def value_of(lattice: Lattice, name: str, column: str, given: str | int | float) -> float:
    """A number of elements from its text; `InputError` where it does not fit."""
    lattice.get(name, column)  # or the error that there is none
    return number(given, unit_of(lattice, name, column))


def number(given: object, unit: str) -> float:
    """A number with its unit; of what has none it may be plain."""
    if unit == "1" and isinstance(given, int | float):
        return float(given)
    return parse(given, unit)


def split(text: str, parameter: str) -> tuple[str, str]:
    """Element and column of `QF.k1`."""
    name, dot, column = text.rpartition(".")
    if not dot or not name or not column:
        raise InputError(
            f"{text!r}: write an element and its number, such as QF.k1", parameter=parameter
        )
    return name, column


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Gives an `InputError` from within the path of what it is about."""
    try:
        yield
    except InputError as error:
        error.parameter = path
        raise


def plain(value: float, unit: str, digits: int) -> str:
    """A number inside a text: with a minus sign, and powers as they are written."""
    text = format_quantity(float(value), unit, digits).replace("-", "\N{MINUS SIGN}")
    return text.replace("^2", "²").replace("^3", "³").replace("^4", "⁴")
