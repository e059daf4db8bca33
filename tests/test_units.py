from __future__ import annotations

import math
import subprocess
import sys

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.errors import InputError
from fieldwright.units import (
    _SYMBOLS,
    _UNITS,
    describe,
    dimension,
    format_quantity,
    parse,
    parse_printed,
    split_printed,
)

registry = pint.UnitRegistry()


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("9 mm", "m", 0.009),
        ("65.2 mm", "m", 0.0652),
        ("0.36 mm", "m", 0.00036),
        ("18.72 mm", "m", 0.01872),
        ("9mm", "m", 0.009),
        ("3 µm", "m", 3e-6),
        ("3 μm", "m", 3e-6),
        ("8.78e5 A/m", "A/m", 8.78e5),
        ("878 kA/m", "A/m", 8.78e5),
        ("25 mV", "V", 0.025),
        ("13.6 GeV", "eV", 13.6e9),
        ("1.602176634e-19 J", "eV", 1.0),
        ("10 G", "T", 0.001),
        ("7 kΩ", "ohm", 7000.0),
        ("4732 N/A/m^2", "N/A/m^2", 4732.0),
        ("4732 N/A/m²", "N/A/m^2", 4732.0),
        ("2 A*m**2", "A m^2", 2.0),
        ("20 degC", "K", 293.15),
        ("293.15 K", "K", 293.15),
        ("180 deg", "rad", math.pi),
        ("3 1/s", "Hz", 3.0),
        ("−9 mm", "m", -0.009),
        (".5 mm", "m", 0.0005),
        ("0.55", "1", 0.55),
        ("2 %", "1", 0.02),
        ("0 m", "m", 0.0),
    ],
)
def test_parse_is_exact(text, unit, value):
    assert parse(text, unit) == value


@given(
    st.decimals(-1_000_000, 1_000_000, places=6), st.sampled_from(["nm", "um", "mm", "cm", "km"])
)
def test_parse_rounds_once(number, unit):
    exponent = {"nm": -9, "um": -6, "mm": -3, "cm": -2, "km": 3}[unit]
    assert parse(f"{number:f} {unit}", "m") == float(f"{number:f}e{exponent}")


# pint calls gauss a flux density of another system and reads these as something else or not at all
NOT_PINTS = {"G", "uG", "mG", "kG", "u"}


@pytest.mark.parametrize("symbol", sorted(set(_SYMBOLS) - NOT_PINTS))
def test_every_symbol_agrees_with_pint(symbol):
    base = _UNITS[_SYMBOLS[symbol]].dimension
    names = ("m", "kg", "s", "A", "K", "rad")
    si = " ".join(f"{n}^{p}" for n, p in zip(names, base, strict=True) if p) or "1"
    expected = registry.Quantity(1.0, symbol).to(si.replace(" ", " * ")).magnitude
    assert parse(f"1 {symbol}", si) == pytest.approx(expected, rel=1e-9)  # their CODATA for u, eV


@pytest.mark.parametrize(
    ("given", "unit", "message"),
    [
        ("9", "m", "9 has no unit; write for example '9 mm'"),
        (9, "m", "9 has no unit; write for example '9 mm'"),
        (9.5, "m", "9.5 has no unit"),
        ("9 Mm", "m", "`Mm` is megametres, did you mean `mm`?"),
        ("3 MT", "T", "`MT` is megateslas, did you mean `mT`?"),
        ("9 MM", "m", "unknown unit 'MM', did you mean `mm`?"),
        ("9 millimeters", "m", "did you mean `mm`?"),
        ("1.2 tesla", "T", "did you mean `T`?"),
        ("5 gev", "eV", "did you mean `GeV`?"),
        ("9 mA", "m", "'9 mA' is a current; expected a length such as '9 mm'"),
        ("9 inch", "m", "unknown unit 'inch'"),
        ("8e5 A", "A/m", "expected a magnetization"),
        ("20 degC", "m", "unknown unit 'degC'"),
        ("nan m", "m", "not a finite number"),
        (math.nan, "m", "not a finite number"),
        (math.inf, "m", "not a finite number"),
        ("9,5 mm", "m", "with a point"),
        ("1_000 mm", "m", "no separators"),
        ("9 10 mm", "m", "not one number"),
        ("9 mm/", "m", "ends in '/'"),
        ("1e999 m", "m", "too large"),
        ("1e9999999999 m", "m", "not one number"),
        ("9" * 100 + " mm", "m", "too long"),
        ("", "m", "does not begin with a number"),
        ("mm", "m", "does not begin with a number"),
        (True, "m", "True is not a length"),
        (None, "m", "None is not a length"),
        (["9 mm"], "m", "is not a length"),
        ("9 mm^300", "m", "cannot read the unit"),
        ("9 (mm)", "m", "cannot read the unit"),
    ],
)
def test_what_is_wrong_is_said(given, unit, message):
    with pytest.raises(InputError) as caught:
        parse(given, unit)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "unit", "half"),
    [
        ("0.129 N/A", "N/A", 0.0005),
        ("6.72 mm", "m", 5e-6),
        ("10.0 mm", "m", 5e-5),
        ("4724 N/A/m^2", "N/A/m^2", 0.5),
        ("7.72e6 A/m^2", "A/m^2", 5e3),
        ("20.0 degC", "K", 0.05),
    ],
)
def test_printed_digits_set_the_tolerance(text, unit, half):
    value, got = parse_printed(text, unit)
    assert value == parse(text, unit)
    assert got == half


def test_printed_text_is_kept():
    assert split_printed("10.0 mm", "m") == ("10.0", "mm", 0.001)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.01872, "m", "18.72 mm"),
        (0.0, "m", "0 m"),
        (5e-5, "m", "0.05 mm"),
        (8.13e-6, "m", "8.13 um"),
        (-1.2e-4, "m", "-0.12 mm"),
        (1.2e-4, "A", "120 uA"),
        (1234.0, "m", "1.234 km"),
        (0.001, "m", "1 mm"),
        (8.624, "ohm", "8.624 ohm"),
        (-4732.35777, "N/A/m^2", "-4732.36 N/A/m^2"),
        (0.55, "1", "0.55"),
        (0.5, "kg", "0.5 kg"),
    ],
)
def test_format(value, unit, text):
    assert format_quantity(value, unit) == text


def test_format_keeps_zeros_on_request():
    assert format_quantity(0.0090481, "m", 6, zeros=True) == "9.04810 mm"
    assert format_quantity(0.0, "m", zeros=True) == "0 m"


@given(st.floats(1e-12, 1e6), st.sampled_from(["m", "A", "T", "V", "W", "N/A", "A m^2", "K"]))
def test_what_is_formatted_reads_the_same(value, unit):
    assert parse(format_quantity(value, unit, 17), unit) == pytest.approx(value, rel=1e-15)


def test_dimension_and_words():
    assert dimension("T") == dimension("kg/A/s^2") == dimension("V s/m^2")
    assert dimension("N/A") == dimension("T m")
    assert describe("A/m") == "a magnetization such as '9 A/m'"


def test_units_need_nothing_heavy():
    code = (
        "import sys, fieldwright.units\n"
        "heavy = {'jax', 'numpy', 'pint', 'equinox', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
