"""An extension of griffe: the reference lists what a result holds, with units."""

from __future__ import annotations

import ast
from typing import Any

import griffe


class Quantities(griffe.Extension):
    """Adds the fields that a class declares by `quantity(unit, long_name)` to its docstring."""

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Rewrite one docstring."""
        lines = [
            f"- `{name}`: {what}" + (f" [{unit}]" if unit else "")
            for name, (unit, what) in _declared(cls).items()
        ]
        if lines and cls.docstring:
            cls.docstring.value += "\n\nIt holds\n\n" + "\n".join(lines)


def _declared(cls: griffe.Class) -> dict[str, tuple[str, str]]:
    """Unit and name of each quantity of a class."""
    found = {}
    for name, member in cls.members.items():
        value = getattr(member, "value", None)
        if isinstance(value, griffe.ExprCall) and str(value.function) == "quantity":
            unit, what = (ast.literal_eval(str(argument)) for argument in value.arguments)
            found[name] = unit, what
    return found
