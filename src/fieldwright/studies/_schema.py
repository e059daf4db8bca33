"""JSON Schema of study files, for editors that check while one types."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ._study import KINDS, find_kind


def schema(kind: str | None = None) -> dict[str, Any]:
    """JSON Schema (2020-12) of one kind of study, or of all; `InputError` for an unknown kind.

    >>> schema("actuator")["properties"]["kind"]["const"]
    'actuator'
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"{kind!r} is no kind of study; there is: {', '.join(KINDS)}")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    if kind is not None:
        return dialect | find_kind(kind).model.model_json_schema()
    definitions: dict[str, Any] = {}
    choices = []
    for name in KINDS:
        # Parts of two kinds may have the same name.
        one = find_kind(name).model.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
        parts = one.pop("$defs", {})
        definitions |= {f"{name}.{part}": schema for part, schema in parts.items()}
        definitions[name] = one
        choices.append({"$ref": f"#/$defs/{name}"})
    return dialect | {"oneOf": choices, "$defs": definitions}
