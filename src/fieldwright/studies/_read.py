"""From a study file to a checked study; every problem of the file in one error, with its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from .._yaml import Document, Where, dotted, read_document
from ..errors import InputError
from ._study import KINDS, Lines, Study, find_kind


class StudyError(InputError):
    """A study file is wrong; `.problems` holds one line for each thing to put right."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems


def read_study(path: str | Path, settings: dict[str, str] | None = None) -> Study:
    """Read and check a study file.

    Args:
        path: of the YAML file.
        settings: dotted paths, and the YAML scalars that replace what the file says there.

    Returns:
        The study, of the model that belongs to its kind.

    Raises:
        StudyError: the file is wrong; every problem is listed as `FILE:LINE: where: message`.
        FieldwrightError: what it describes cannot be, such as a trap that holds nothing.

    >>> from fieldwright.studies import gallery, read_study
    >>> study = read_study(gallery()["osem"], {"coil.turns": "500"})
    >>> study.coil.turns
    500.0
    """
    document = read_document(Path(path))
    for where, text in (settings or {}).items():
        document.set(where, text)
    model = _model(document)
    data = {"study": Path(path).stem, **document.data}
    try:
        study = model.model_validate(data, context={"folder": Path(path).parent})
    except ValidationError as error:
        raise _explained(document, list(_from_pydantic(error, model))) from None
    problems = list(study.problems())
    if problems:
        raise _explained(document, problems)
    for place, impossible in study.impossible():
        impossible.args = (_placed(document, place, str(impossible)),)
        raise impossible
    study.read_from(Lines(partial(_placed, document)))
    return study


def _model(document: Document) -> type[Study]:
    kinds = ", ".join(KINDS)
    kind = document.data.get("kind")
    if kind is None:
        raise StudyError([f"{document.place(())}: kind: is missing; write one of: {kinds}"])
    if not isinstance(kind, str) or kind not in KINDS:
        where = document.place(("kind",))
        hint = _did_you_mean(str(kind), list(KINDS))
        raise StudyError([f"{where}: kind: {kind!r} is no kind of study{hint}; there is: {kinds}"])
    return find_kind(kind).model


def _explained(document: Document, problems: list[tuple[Where, str]]) -> StudyError:
    lines = []
    for where, message in problems:
        lines.append((_line_number(document.place(where)), _placed(document, where, message)))
    return StudyError([text for _, text in sorted(lines, key=lambda pair: pair[0])])


def _placed(document: Document, where: Where, message: str) -> str:
    """`FILE:LINE: where: message`."""
    name = f"{dotted(where)}: " if where else ""
    place = document.place(where)
    place = "--set" if place == f"--set {dotted(where)}" else place
    return f"{place}: {name}{message}"


def _line_number(place: str) -> int:
    tail = place.rpartition(":")[2]
    return int(tail) if tail.isdigit() else 0


def _from_pydantic(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Where, str]]:
    for item in error.errors(include_url=False):
        where: Where = tuple(part for part in item["loc"] if part != "[key]")
        if item["type"] == "extra_forbidden":
            known = _keys_at(model, where[:-1])
            hint = _did_you_mean(str(where[-1]), known)
            listing = f"; keys here are {', '.join(known)}" if known and not hint else ""
            yield where, f"unknown key {str(where[-1])!r}{hint}{listing}"
        else:
            yield where, _message(dict(item))


def _message(item: dict[str, Any]) -> str:
    given = item.get("input")
    match item["type"]:
        case "missing":
            return "is missing"
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"must be a mapping of keys, got {given!r}"
        case "list_type":
            return f"must be a list, got {given!r}"
        case "string_type":
            return f"must be text (put it in quotes), got {given!r}"
        case "literal_error":
            return f"must be {item['ctx']['expected']}, got {given!r}"
    text = str(item["msg"])
    return text[0].lower() + text[1:]


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, 1, 0.6)
    return f", did you mean {close[0]!r}?" if close else ""


def _keys_at(model: type[BaseModel], where: Where) -> list[str]:
    """The keys that may stand at `where`, found by walking the published schema."""
    schema = model.model_json_schema()
    node = schema
    for part in where:
        node = _child(schema, node, part)
    node = _mapping(schema, node)
    return list(node.get("properties", {}))


def _child(schema: dict[str, Any], node: dict[str, Any], part: str | int) -> dict[str, Any]:
    node = _mapping(schema, node)
    if isinstance(part, int):
        found = node.get("items", {})
    else:
        found = node.get("properties", {}).get(part) or node.get("additionalProperties", {})
    return found if isinstance(found, dict) else {}


def _mapping(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for choice in node.get("anyOf", []):
        if choice.get("type") != "null":
            node = choice
            break
    if "$ref" in node:
        found = schema["$defs"][node["$ref"].rpartition("/")[2]]
        assert isinstance(found, dict)
        return found
    return node
