"""Quantities made of others, and the names that entries of a study may use; for any kind."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from pydantic import Field, model_validator

from .._yaml import Where
from ..errors import InputError
from ..units import parse
from ._fields import Part, refuse
from ._judge import Published, Quantity, Text

Problem = tuple[Where, str]


class DerivedPart(Part):
    """A quantity made of two others, each written `case.quantity`."""

    title: Text
    difference: tuple[Text, Text] | None = None
    ratio: tuple[Text, Text] | None = None
    absolute: bool = Field(False, description="without the sign")
    in_units_of: Text | None = Field(None, description="divide by this, for example 1 mm")

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.difference is None) == (self.ratio is None):
            raise refuse("give either `difference` or `ratio`, of two quantities")
        return self

    def pair(self) -> tuple[str, str]:
        """The names of the two quantities."""
        return self.difference or self.ratio or ("", "")

    def unit(self, units: Mapping[str, str]) -> str:
        """The unit of the result, given the units of all quantities."""
        plain = self.ratio is not None or self.in_units_of is not None
        return "1" if plain else units.get(self.pair()[0], "1")


def derive(
    derived: Mapping[str, DerivedPart], quantities: Mapping[str, Quantity]
) -> dict[str, Quantity]:
    """The derived quantities by name."""
    return {name: _derive(part, quantities) for name, part in derived.items()}


def _derive(part: DerivedPart, quantities: Mapping[str, Quantity]) -> Quantity:
    first, second = (quantities[name] for name in part.pair())
    if part.difference:
        value, unit = first.value - second.value, first.unit
        errors = [q.error_estimate for q in (first, second)]
        error = None if None in errors else sum(e for e in errors if e is not None)
    else:
        value, unit, error = first.value / second.value, "1", None
    if part.in_units_of is not None:
        scale = parse(part.in_units_of, unit)
        value, unit, error = value / scale, "1", None if error is None else error / abs(scale)
    return Quantity(abs(value) if part.absolute else value, unit, part.title, error)


def check_derived(
    derived: Mapping[str, DerivedPart], units: Mapping[str, str], reserved: Iterable[str]
) -> Iterator[Problem]:
    """What is wrong with derived quantities; `units` has those of the others by name."""
    taken = {*reserved, *units}
    for name, part in derived.items():
        at: Where = ("derived", name)
        if name in taken:
            yield at, "is the name of something else that is computed; choose another"
        pair = part.pair()
        rule = "difference" if part.difference else "ratio"
        unknown = [n for n in pair if n not in units]
        for quantity in unknown:
            yield (*at, rule), no_quantity(quantity, units)
        if unknown:
            continue
        if len({units[n] for n in pair}) != 1:
            yield (*at, rule), f"{pair[0]} is in {units[pair[0]]} but {pair[1]} in {units[pair[1]]}"
        elif part.in_units_of is not None:
            unit = units[pair[0]] if part.difference else "1"  # a ratio has none left
            yield from _parses(part.in_units_of, unit, (*at, "in_units_of"))


def _parses(text: str, unit: str, at: Where) -> Iterator[Problem]:
    try:
        if parse(text, unit) == 0.0:
            yield at, "must not be zero"
    except InputError as error:
        yield at, str(error)


def check_published(
    entries: Iterable[Published], units: Mapping[str, str], cases: Iterable[str]
) -> Iterator[Problem]:
    """What is wrong with the published entries, each held against the quantity it names."""
    known = list(cases)
    for index, entry in enumerate(entries):
        yield from _published(entry, units, known, ("published", index))


def _published(
    entry: Published, units: Mapping[str, str], cases: list[str], at: Where
) -> Iterator[Problem]:
    for key in ("case", "follows_from"):
        case = getattr(entry, key)
        if case is not None and case not in cases:
            yield (*at, key), no_case(case, cases)
            return
    for case in filter(None, [entry.case, entry.follows_from]):
        if entry.name(case) not in units:
            yield (*at, "quantity"), no_quantity(entry.name(case), units)
            return
    if entry.name() not in units:
        yield (*at, "quantity"), no_quantity(entry.name(), units)
        return
    for where, message in entry.check_unit(units[entry.name()]):
        yield (*at, *where), message


def no_case(name: str, known: Iterable[str], what: str = "case") -> str:
    """The message for a case (or another named part) that is not there."""
    return f"there is no {what} {name!r}{hint(name, known)}"


def no_quantity(name: str, known: Iterable[str]) -> str:
    """The message for a quantity that nothing computes."""
    return f"no quantity {name!r} is computed here{hint(name, known)}"


def hint(word: str, known: Iterable[str]) -> str:
    """The nearest right word, as a question; nothing where none is near."""
    close = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f", did you mean {close[0]!r}?" if close else ""
