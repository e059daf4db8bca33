"""Fields of a study that carry a unit, as pydantic types."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from ..errors import InputError
from ..units import describe, format_quantity, parse


class Part(BaseModel):
    """A mapping in a study file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def refuse(message: str) -> PydanticCustomError:
    """The error that a validator raises to say `message` and nothing else."""
    return PydanticCustomError("study", "{message}", {"message": message})


def quantity(unit: str, *, positive: bool = False, nonnegative: bool = False) -> Any:
    """A float in `unit` that the file gives as text: `quantity("m", positive=True)`."""

    def read(given: object) -> float:
        try:
            value = parse(given, unit)
        except InputError as error:
            raise refuse(str(error)) from None
        if positive and not value > 0:
            raise refuse(f"must be larger than zero, got {given}")
        if nonnegative and not value >= 0:
            raise refuse(f"must not be negative, got {given}")
        return value

    schema = {"type": "string", "description": f"{describe(unit)} (number and unit)"}
    written = PlainSerializer(lambda value: _exactly(value, unit), return_type=str)
    return Annotated[float, BeforeValidator(read), WithJsonSchema(schema), written]


def _exactly(value: float, unit: str) -> str:
    """The shortest text that reads as `value` again."""
    return next(
        (t for d in (6, 12, 15, 16) if parse(t := format_quantity(value, unit, d), unit) == value),
        f"{value!r} {unit}",
    )


def _count(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise refuse(f"must be a plain number, got {given!r}")
    if not math.isfinite(given):
        raise refuse(f"must be a finite number, got {given}")
    if not given > 0:
        raise refuse(f"must be larger than zero, got {given}")
    return float(given)


def _name(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z]\w*", given, re.ASCII):
        raise refuse(f"a name has letters, digits and underscores, got {given!r}")
    return given


#: What the user calls a case or a figure: it becomes a part of file and quantity names.
Name = Annotated[
    str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z]\w*$"})
]

#: A positive plain number, such as a number of turns.
Count: Any = Annotated[
    float,
    BeforeValidator(_count),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
    PlainSerializer(lambda value: int(value) if value == int(value) else value),
]

Length = quantity("m", positive=True)
Position = quantity("m")
