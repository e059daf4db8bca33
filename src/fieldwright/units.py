"""Quantities as text: `'9 mm'` becomes 0.009, exactly, and only where a length is due.

A whitelist, not an algebra system: the units below, the prefixes each is used with in a laboratory,
and products of their powers. Scaling is done in fractions and rounded once, so that `'9 mm'` is the
float nearest to 0.009. Unit names follow the SI brochure (9th edition); gauss, degrees,
the atomic mass unit and the elementary charge are the exceptions people write.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from .errors import InputError

#: Powers of metre, kilogram, second, ampere, kelvin and radian.
Dimension = tuple[int, int, int, int, int, int]

_PREFIXES = {
    "f": (-15, "femto"), "p": (-12, "pico"), "n": (-9, "nano"), "u": (-6, "micro"),
    "m": (-3, "milli"), "c": (-2, "centi"), "": (0, ""), "h": (2, "hecto"),
    "k": (3, "kilo"), "M": (6, "mega"), "G": (9, "giga"), "T": (12, "tera"), "P": (15, "peta"),
}  # fmt: skip

_E = Fraction("1.602176634e-19")  # elementary charge [C], exact
_U = Fraction("1.66053906892e-27")  # atomic mass unit [kg], CODATA 2022
_DEGREE = Fraction("3.14159265358979323846264338327950288") / 180


class _Unit(NamedTuple):
    name: str
    dimension: Dimension
    scale: Fraction
    prefixes: str  # those in use, "" always allowed


def _unit(name: str, dimension: Dimension, scale: Fraction | int | str, prefixes: str) -> _Unit:
    return _Unit(name, dimension, Fraction(scale), prefixes)


_UNITS = {
    "m": _unit("metre", (1, 0, 0, 0, 0, 0), 1, "fpnumck"),
    "g": _unit("gram", (0, 1, 0, 0, 0, 0), Fraction(1, 1000), "num k"),
    "s": _unit("second", (0, 0, 1, 0, 0, 0), 1, "fpnum"),
    "A": _unit("ampere", (0, 0, 0, 1, 0, 0), 1, "fpnumkM"),
    "K": _unit("kelvin", (0, 0, 0, 0, 1, 0), 1, "num"),
    "rad": _unit("radian", (0, 0, 0, 0, 0, 1), 1, "pnum"),
    "deg": _unit("degree", (0, 0, 0, 0, 0, 1), _DEGREE, ""),
    "min": _unit("minute", (0, 0, 1, 0, 0, 0), 60, ""),
    "h": _unit("hour", (0, 0, 1, 0, 0, 0), 3600, ""),
    "Hz": _unit("hertz", (0, 0, -1, 0, 0, 0), 1, "mkMGT"),
    "N": _unit("newton", (1, 1, -2, 0, 0, 0), 1, "pnumkM"),
    "Pa": _unit("pascal", (-1, 1, -2, 0, 0, 0), 1, "numhkMG"),
    "bar": _unit("bar", (-1, 1, -2, 0, 0, 0), 100_000, "um"),
    "J": _unit("joule", (2, 1, -2, 0, 0, 0), 1, "pnumkMG"),
    "eV": _unit("electronvolt", (2, 1, -2, 0, 0, 0), _E, "numkMGTP"),
    "W": _unit("watt", (2, 1, -3, 0, 0, 0), 1, "pnumkMG"),
    "C": _unit("coulomb", (0, 0, 1, 1, 0, 0), 1, "fpnum"),
    "V": _unit("volt", (2, 1, -3, -1, 0, 0), 1, "numkMG"),
    "ohm": _unit("ohm", (2, 1, -3, -2, 0, 0), 1, "umkMG"),
    "F": _unit("farad", (-2, -1, 4, 2, 0, 0), 1, "fpnum"),
    "H": _unit("henry", (2, 1, -2, -2, 0, 0), 1, "pnum"),
    "Wb": _unit("weber", (2, 1, -2, -1, 0, 0), 1, "um"),
    "T": _unit("tesla", (0, 1, -2, -1, 0, 0), 1, "pnum"),
    "G": _unit("gauss", (0, 1, -2, -1, 0, 0), Fraction(1, 10_000), "umk"),
    "u": _unit("atomic mass unit", (0, 1, 0, 0, 0, 0), _U, ""),
    "e": _unit("elementary charge", (0, 0, 1, 1, 0, 0), _E, ""),
}

_NONE: Dimension = (0, 0, 0, 0, 0, 0)

#: What people call the dimensions, and a unit to write for each.
_KINDS = {
    "m": ("a length", "mm"), "m^2": ("an area", "mm^2"), "kg": ("a mass", "g"),
    "s": ("a time", "ms"), "A": ("a current", "mA"), "K": ("a temperature", "K"),
    "rad": ("an angle", "mrad"), "Hz": ("a frequency", "kHz"), "N": ("a force", "mN"),
    "Pa": ("a pressure", "Pa"), "eV": ("an energy", "GeV"), "W": ("a power", "W"),
    "C": ("a charge", "nC"), "V": ("a voltage", "mV"), "ohm": ("a resistance", "ohm"),
    "H": ("an inductance", "mH"), "T": ("a flux density", "T"), "F": ("a capacitance", "pF"),
    "A/m": ("a magnetization", "A/m"), "A m^2": ("a magnetic moment", "A m^2"),
    "A/m^2": ("a current density", "A/m^2"), "N/A": ("a force per current", "N/A"),
    "T/m": ("a field gradient", "T/m"), "N/A/m^2": ("a force curvature", "N/A/m^2"),
    "m/s": ("a velocity", "m/s"), "rad/s": ("an angular frequency", "rad/us"),
    "V/m": ("an electric field", "V/m"), "T/m^2": ("a magnetic bottle", "T/m^2"),
    "N m": ("a torque", "N m"), "kg/m^3": ("a density", "kg/m^3"),
}  # fmt: skip

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_FACTOR = re.compile(r"([A-Za-z1%]+?)\^?([+-]?\d{1,2})?")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SPELLINGS = str.maketrans(
    {
        "\N{MICRO SIGN}": "u",
        "\N{GREEK SMALL LETTER MU}": "u",
        "\N{OHM SIGN}": "ohm",
        "\N{GREEK CAPITAL LETTER OMEGA}": "ohm",
        "\N{MIDDLE DOT}": "*",
        "\N{DEGREE SIGN}": "deg",
    }
)


def _spelled(symbol: str) -> dict[str, str]:
    """Every accepted way to prefix one unit, with its name in words."""
    unit = _UNITS[symbol]
    prefixes = [p for p in unit.prefixes if p != " "]
    return {p + symbol: _PREFIXES[p][1] + unit.name for p in ["", *prefixes]}


#: 'mm' -> 'm'; the symbols in which a prefix and a unit collide are settled here:
#: `min` is a minute, `Pa` a pascal, `m` a metre, `T` a tesla, `G` a gauss.
_SYMBOLS: dict[str, str] = {}
for _symbol in sorted(_UNITS, key=len):
    for _spelling in _spelled(_symbol):
        _SYMBOLS.setdefault(_spelling, _symbol)
for _symbol in _UNITS:
    _SYMBOLS[_symbol] = _symbol


def dimension(unit: str) -> Dimension:
    """Powers of (m, kg, s, A, K, rad) in a unit's text.

    Raises `InputError` for a unit that is not known.

    >>> dimension("N/A/m^2")
    (-1, 1, -2, -1, 0, 0)
    """
    return _resolve(unit)[0]


def parse(text: object, unit: str) -> float:
    """The value of `text` in `unit`, correctly rounded.

    `text` is a number and a unit with a space between ('9 mm', '8.78e5 A/m', '13.6 GeV'); `unit` is
    the one the result is in and fixes the dimension that `text` must have. A temperature may be
    given in degC. Raises `InputError` where the unit is missing, unknown or of another dimension.

    >>> parse("9 mm", "m")
    0.009
    >>> parse("13.6 GeV", "eV")
    13600000000.0
    """
    number, unit_text = _split(text, unit)
    return _rounded(_scaled(number, unit_text, text, unit), text)


def parse_printed(text: object, unit: str) -> tuple[float, float]:
    """A printed figure in `unit`, and half a unit of its last printed digit.

    >>> parse_printed("6.72 mm", "m")
    (0.00672, 5e-06)
    """
    number, unit_text = _split(text, unit)
    exponent = Decimal(number).as_tuple().exponent
    assert isinstance(exponent, int)  # a number that matched _NUMBER is finite
    value = _scaled(number, unit_text, text, unit)
    zero = _scaled("0", unit_text, text, unit)
    step = _scaled(f"5e{exponent - 1}", unit_text, text, unit) - zero
    return _rounded(value, text), _rounded(step, text)


def split_printed(text: str, unit: str) -> tuple[str, str, float]:
    """Number and unit of a printed figure as written, and the size of its unit in `unit`.

    >>> split_printed("6.72 mm", "m")
    ('6.72', 'mm', 0.001)
    """
    number, unit_text = _split(text, unit)
    return number, unit_text, float(_resolve(unit_text)[1] / _resolve(unit)[1])


def format_quantity(value: float, unit: str, digits: int = 6, *, zeros: bool = False) -> str:
    """`value` [`unit`] for people to read, with the prefix that suits a plain unit.

    `zeros` keeps trailing zeros, so that a column shows as many digits in each row.

    >>> format_quantity(0.01872, "m")
    '18.72 mm'
    >>> format_quantity(-4732.3577, "N/A/m^2")
    '-4732.36 N/A/m^2'
    """
    prefixes = [p for p in _UNITS[unit].prefixes if p not in " ch"] if unit in _UNITS else []
    size = abs(value)
    if prefixes and size > 0 and size < float("inf"):
        choices = sorted((_PREFIXES[p][0], p) for p in ["", *prefixes])
        # The largest prefix that leaves a digit before the point; the smallest one otherwise.
        # Workshops go on in millimetres down to 0.01 mm.
        least = {exponent: 10.0**exponent for exponent, _ in choices}
        if unit == "m":
            least[-3] = 1e-5
        fitting = [c for c in choices if size >= 0.99999999 * least[c[0]]] or choices[:1]
        exponent, prefix = fitting[-1]
        value, unit = value / 10.0**exponent, prefix + unit
    number = f"{value:#.{digits}g}" if zeros and value else f"{value:.{digits}g}"
    return number.removesuffix(".") + (f" {unit}" if unit != "1" else "")


def describe(unit: str) -> str:
    """What a unit measures, in words with an example: "a length, for example '9 mm'"."""
    for symbol, (name, example) in _KINDS.items():
        if unit == symbol or _resolve(unit) == _resolve(symbol):
            return f"{name} such as '9 {example}'"
    return "a plain number" if unit == "1" else f"a quantity in {unit}"


def _split(text: object, unit: str) -> tuple[str, str]:
    if isinstance(text, bool) or not isinstance(text, int | float | str):
        raise InputError(f"{text!r} is not {describe(unit)}")
    if not isinstance(text, str):
        raise InputError(_bare(repr(text), unit))
    if len(text) > 80:
        raise InputError(f"'{text[:20]}...' is too long for {describe(unit)}")
    clean = text.strip().translate(_SPELLINGS).replace("\N{MINUS SIGN}", "-")
    match = _NUMBER.match(clean)
    if match is None:
        if clean.lower().lstrip("+-.").startswith(("nan", "inf")):
            raise InputError(f"{text!r} is not a finite number; expected {describe(unit)}")
        raise InputError(f"{text!r} does not begin with a number; expected {describe(unit)}")
    rest = clean[match.end() :].strip()
    if rest.startswith((",", "_")):
        raise InputError(f"{text!r}: write the number with a point and no separators")
    if not rest and unit != "1":
        raise InputError(_bare(clean, unit))
    if (rest[:1].isdigit() and not rest.startswith("1/")) or rest.startswith("."):
        raise InputError(f"{text!r} is not one number; expected {describe(unit)}")
    return match.group(), rest


def _bare(number: str, unit: str) -> str:
    if number.strip("+-.").lower() in ("nan", "inf"):
        return f"{number} is not a finite number; expected {describe(unit)}"
    example = next((e for s, (_, e) in _KINDS.items() if s == unit), unit)
    return f"{number} has no unit; write for example '{number} {example}'"


def _scaled(number: str, unit_text: str, text: object, unit: str) -> Fraction:
    if unit_text in ("degC", "°C") and dimension(unit) == _UNITS["K"].dimension:
        return Fraction(number) + Fraction("273.15")
    due = dimension(unit)
    try:
        got, scale = _resolve(unit_text)
    except InputError as error:
        raise InputError(_suggest(unit_text, error, due)) from None
    if got != due:
        raise InputError(f"{str(text).strip()!r} is {_named(unit_text)}; expected {describe(unit)}")
    return Fraction(number) * scale / _resolve(unit)[1]


def _rounded(value: Fraction, text: object) -> float:
    try:
        return float(value)
    except OverflowError:
        raise InputError(f"{text!r} is too large a number") from None


def _named(unit: str) -> str:
    got = _resolve(unit)[0]
    for symbol, (name, _) in _KINDS.items():
        if dimension(symbol) == got:
            return name
    return "a plain number" if got == _NONE else f"a quantity in {unit}"


def _resolve(unit: str) -> tuple[Dimension, Fraction]:
    """Dimension and scale to SI of a unit's text: factors joined by a space, `*` or `/`."""
    total, scale = _NONE, Fraction(1)
    text = unit.translate(_SPELLINGS).replace("**", "^").translate(_SUPERSCRIPTS)
    pieces = re.split(r"\s*([*/])\s*|\s+", text.strip()) if text.strip() else []
    sign = 1
    for piece in pieces:
        if not piece or piece == "*":
            continue
        if piece == "/":
            sign = -1
            continue
        factor, size, power = _factor(piece)
        total = tuple(t + sign * power * f for t, f in zip(total, factor, strict=True))  # type: ignore[assignment]
        scale *= size ** (sign * power)
        sign = 1  # `/` governs the factor after it alone: N/A/m^2, A m^2/s
    if sign == -1:
        raise InputError(f"unit {unit!r} ends in '/'")
    return total, scale


def _factor(piece: str) -> tuple[Dimension, Fraction, int]:
    match = _FACTOR.fullmatch(piece)
    if match is None:
        raise InputError(f"cannot read the unit {piece!r}")
    symbol, power = match.group(1), int(match.group(2) or 1)
    if symbol == "1":
        return _NONE, Fraction(1), 1
    if symbol == "%":
        return _NONE, Fraction(1, 100), power
    base = _SYMBOLS.get(symbol)
    if base is None:
        raise InputError(f"unknown unit {symbol!r}")
    exponent = _PREFIXES[symbol.removesuffix(base)][0]
    return _UNITS[base].dimension, _UNITS[base].scale * Fraction(10) ** exponent, power


def _suggest(unit_text: str, error: InputError, due: Dimension) -> str:
    """Name the slip: a prefix nobody uses there, a unit in words, a wrong case, a typing error."""
    wrong = re.search(r"'(.*)'", str(error))
    symbol = wrong.group(1) if wrong else unit_text
    nearest = _nearest(symbol, due)
    for prefix, (_, word) in _PREFIXES.items():
        base = symbol.removeprefix(prefix)
        if prefix and symbol.startswith(prefix) and base in _UNITS:
            plural = f"{word}{_UNITS[base].name}s"
            return f"`{symbol}` is {plural}" + (f", did you mean `{nearest}`?" if nearest else "")
    return str(error) + (f", did you mean `{nearest}`?" if nearest else "")


def _nearest(symbol: str, due: Dimension) -> str | None:
    same = [s for s, base in _SYMBOLS.items() if _UNITS[base].dimension == due]
    pool = same or list(_SYMBOLS)
    by_case = [s for s in [*same, *_SYMBOLS] if s.lower() == symbol.lower()]
    if by_case:
        return by_case[0]
    words: dict[str, str] = {}
    for base in _UNITS:
        for spelling, name in _spelled(base).items():
            for form in (name, name + "s", name.replace("metre", "meter"),
                         name.replace("metre", "meter") + "s"):  # fmt: skip
                words[form] = spelling
    if symbol.lower() in words:
        return words[symbol.lower()]
    close = difflib.get_close_matches(symbol, pool, 1, 0.5) or difflib.get_close_matches(
        symbol.lower(), words, 1, 0.8
    )
    return words.get(close[0], close[0]) if close else None
