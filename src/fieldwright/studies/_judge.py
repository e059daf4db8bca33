"""What a publication printed beside what Fieldwright computed, and which of the two is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .._yaml import Where
from ..errors import InputError
from ..units import format_quantity, parse, parse_printed
from ._fields import Part, refuse

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Verdict = Literal["agrees", "differs", "misprint"]

_ROUNDING = 1e-12  # of the printed value: 0.01872 m as 18.72 mm must not fail by one bit


@dataclass(frozen=True)
class Quantity:
    """A computed number: value and error estimate in `unit`, and what it is in words."""

    value: float
    unit: str
    long_name: str
    error_estimate: float | None = None

    def record(self) -> dict[str, Any]:
        """The quantity as `results.json` holds it."""
        record: dict[str, Any] = {"value": self.value, "unit": self.unit}
        if self.error_estimate is not None:
            record["error_estimate"] = self.error_estimate
        return record


class Published(Part):
    """A printed figure (`value`, whose digits set the tolerance) or a statement in words."""

    quantity: Text = Field(description="name of the computed quantity this is held against")
    case: Text | None = Field(None, description="name of the case; none for a derived quantity")
    symbol: Text | None = Field(None, description="what the publication calls it")
    value: Text | None = Field(None, description="as printed, with every digit and the unit")
    words: Text | None = Field(None, description="a statement the publication makes in words")
    at_most: Text | None = Field(None, description="what the words are taken to mean")
    at_least: Text | None = Field(None, description="what the words are taken to mean")
    when_different: Literal["differs", "misprint"] = "differs"
    follows_from: Text | None = Field(
        None, description="another case, whose value does give the printed digits"
    )
    note: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.value is None) == (self.words is None):
            raise refuse("give either `value` (a printed figure) or `words` (a statement)")
        if self.words is not None and self.at_most is None and self.at_least is None:
            raise refuse("`words` need `at_most` or `at_least`, so that they can be judged")
        if self.value is not None and (self.at_most or self.at_least):
            raise refuse("`at_most` and `at_least` go with `words`, not with a printed `value`")
        return self

    def name(self, case: str | None = None) -> str:
        """`case.quantity`, or the plain name of a quantity of the whole study."""
        case = case or self.case
        return f"{case}.{self.quantity}" if case else self.quantity

    def check_unit(self, unit: str) -> Iterator[tuple[Where, str]]:
        """Problems of the texts that carry a unit, once the quantity's unit is known."""
        for key in ("value", "at_most", "at_least"):
            text = getattr(self, key)
            try:
                if text is not None:
                    parse_printed(text, unit)
            except InputError as error:
                yield (key,), str(error)


@dataclass(frozen=True)
class Judgement:
    """One comparison; `published` is a number in `unit`, or the words that were judged."""

    quantity: str
    case: str | None
    published: float | str
    computed: float
    unit: str
    deviation: float | None
    verdict: Verdict
    note: str
    printed: str
    symbol: str
    half_digit: float | None = None

    def record(self) -> dict[str, Any]:
        """The comparison as `results.json` holds it; `deviation` is computed minus published."""
        keys = (
            "quantity", "case", "published", "printed", "computed", "unit", "deviation",
            "verdict", "note",
        )  # fmt: skip
        return {key: getattr(self, key) for key in keys}


def judge(entry: Published, quantities: Mapping[str, Quantity]) -> Judgement:
    """Hold one published entry against the computed quantities (by name, `case.quantity`).

    A printed figure agrees when the computed value lies within half a unit of its last digit.

    Args:
        entry: one of a study's `published`.
        quantities: by name, with the case before a dot where there is one.

    Returns:
        The `Judgement`.

    >>> from fieldwright.studies import Quantity, gallery, judge, read_study
    >>> entry = read_study(gallery()["osem"]).published[0]
    >>> entry.value
    '18.72 mm'
    >>> judge(entry, {entry.name(): Quantity(0.018724, "m", "outer radius")}).verdict
    'agrees'
    """
    computed = quantities[entry.name()]
    if entry.value is None:
        return _judge_words(entry, computed)
    published, half = parse_printed(entry.value, computed.unit)
    deviation = computed.value - published
    agrees = rounds_to(computed.value, published, half)
    return Judgement(
        quantity=entry.quantity,
        case=entry.case,
        published=published,
        computed=computed.value,
        unit=computed.unit,
        deviation=deviation,
        verdict="agrees" if agrees else entry.when_different,
        note=" ".join(filter(None, [entry.note, _origin(entry, quantities, published, half)])),
        printed=entry.value,
        symbol=entry.symbol or entry.quantity,
        half_digit=half,
    )


def rounds_to(computed: float, published: float, half_digit: float) -> bool:
    """Whether `computed` printed to the same digit gives `published`."""
    return abs(computed - published) <= half_digit + _ROUNDING * abs(published)


def _judge_words(entry: Published, computed: Quantity) -> Judgement:
    above = entry.at_least is None or computed.value >= parse(entry.at_least, computed.unit)
    below = entry.at_most is None or computed.value <= parse(entry.at_most, computed.unit)
    limits = [f"at least {entry.at_least}"] * (entry.at_least is not None)
    limits += [f"at most {entry.at_most}"] * (entry.at_most is not None)
    taken = f"Taken to mean {' and '.join(limits)}."
    return Judgement(
        quantity=entry.quantity,
        case=entry.case,
        published=entry.words or "",
        computed=computed.value,
        unit=computed.unit,
        deviation=None,
        verdict="agrees" if above and below else entry.when_different,
        note=" ".join(filter(None, [entry.note, taken])),
        printed=f"\N{LEFT DOUBLE QUOTATION MARK}{entry.words}\N{RIGHT DOUBLE QUOTATION MARK}",
        symbol=entry.symbol or entry.quantity,
    )


def _origin(
    entry: Published, quantities: Mapping[str, Quantity], published: float, half: float
) -> str | None:
    """Say what the case named in `follows_from` gives, and whether it does explain the print."""
    if entry.follows_from is None:
        return None
    other = quantities[entry.name(entry.follows_from)]
    value = format_quantity(other.value, other.unit)
    if rounds_to(other.value, published, half):
        return f"The printed digits follow from case {entry.follows_from}, which gives {value}."
    return f"Case {entry.follows_from} gives {value}, which does not explain the print either."
