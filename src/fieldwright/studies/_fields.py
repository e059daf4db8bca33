"""Fields of a study that carry a unit, as pydantic types."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from ..constants import ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT
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
Duration = quantity("s", positive=True)
Angle = quantity("rad")
Voltage = quantity("V")


def _number(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise refuse(f"must be a plain number, got {given!r}")
    if not math.isfinite(given):
        raise refuse(f"must be a finite number, got {given}")
    return float(given)


#: A plain number of any sign.
Number: Any = Annotated[float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]


def vector(unit: str) -> Any:
    """Three quantities in `unit`: a place, a velocity, a field."""
    part = quantity(unit)
    return tuple[part, part, part]  # type: ignore[valid-type]


def one_or_three(unit: str) -> Any:
    """A quantity in `unit` that is not below zero, or a list of three, one for each axis."""

    def one(given: object) -> float:
        try:
            value = parse(given, unit)
        except InputError as error:
            raise refuse(str(error)) from None
        if value < 0:
            raise refuse(f"must not be negative, got {given}")
        return value

    def read(given: object) -> tuple[float, ...]:
        if isinstance(given, list | tuple):
            if len(given) != 3:
                raise refuse(f"must be one quantity or three, got {len(given)}")
            return tuple(one(part) for part in given)
        return (one(given),)

    def write(value: tuple[float, ...]) -> str | list[str]:
        texts = [_exactly(part, unit) for part in value]
        return texts[0] if len(texts) == 1 else texts

    text = {"type": "string", "description": f"{describe(unit)} (number and unit)"}
    three = {"type": "array", "items": text, "minItems": 3, "maxItems": 3}
    return Annotated[
        tuple[float, ...],
        PlainValidator(read, json_schema_input_type=Any),
        WithJsonSchema({"anyOf": [text, three]}),
        PlainSerializer(write),
    ]


def _file(given: object, info: ValidationInfo) -> str:
    if not isinstance(given, str) or not given:
        raise refuse(f"must be the name of a file, got {given!r}")
    folder = (info.context or {}).get("folder", Path())
    return str((folder / Path(given).expanduser()).absolute())


#: A file, beside the study unless its path is absolute.
File = Annotated[str, BeforeValidator(_file), WithJsonSchema({"type": "string"})]


def _angular_frequency(given: object) -> float:
    """rad/s of '1.39 rad/us', and of '221 kHz' times 2 pi."""
    try:
        return parse(given, "rad/s")
    except InputError as error:
        try:
            return 2 * math.pi * parse(given, "Hz")
        except InputError:
            hint = "or a frequency such as '221 kHz', which is taken times 2 pi"
            raise refuse(f"{error}, {hint}") from None


def _positive_angular_frequency(given: object) -> float:
    value = _angular_frequency(given)
    if not value > 0:
        raise refuse(f"must be larger than zero, got {given}")
    return value


_FREQUENCY_SCHEMA = WithJsonSchema(
    {"type": "string", "description": "angular frequency (rad/us) or frequency (kHz)"}
)
_FREQUENCY_TEXT = PlainSerializer(lambda value: _exactly(value, "rad/s"), return_type=str)

#: An angular frequency, as such ('1.39 rad/us') or as a frequency ('221 kHz').
AngularFrequency: Any = Annotated[
    float, BeforeValidator(_positive_angular_frequency), _FREQUENCY_SCHEMA, _FREQUENCY_TEXT
]

#: The same of either sign, such as a detuning.
SignedAngularFrequency: Any = Annotated[
    float, BeforeValidator(_angular_frequency), _FREQUENCY_SCHEMA, _FREQUENCY_TEXT
]


def _photon_energy(given: object) -> float:
    """Photon energy [eV] of '8.3 keV', and of a wavelength such as '0.15 nm'."""
    try:
        value = parse(given, "eV")
    except InputError as error:
        try:
            wavelength = parse(given, "m")
        except InputError:
            raise refuse(f"{error}, or a wavelength such as '0.15 nm'") from None
        value = PLANCK * SPEED_OF_LIGHT / ELEMENTARY_CHARGE / wavelength if wavelength > 0 else 0.0
    if not value > 0:
        raise refuse(f"must be larger than zero, got {given}")
    return value


#: A photon energy, as such ('8.3 keV') or as a wavelength ('0.15 nm').
PhotonEnergy: Any = Annotated[
    float,
    BeforeValidator(_photon_energy),
    WithJsonSchema(
        {"type": "string", "description": "photon energy (keV) or wavelength in vacuum (nm)"}
    ),
    PlainSerializer(lambda value: _exactly(value, "eV"), return_type=str),
]
