"""Names of a study's parts, and of the quantities that these have; for any kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .._yaml import Where
from ._derived import Problem, no_case

Names = dict[str, tuple[str, str]]  # name -> (unit, in words), which may be `Found`


class Found(tuple[str, str]):
    """Unit and words of a quantity that also say how it is found.

    That is the path from the result of its part, such as `tunes.0`, or a function of its `Item`.
    """

    how: str | Callable[[Any], Any]

    def __new__(cls, unit: str, words: str, how: str | Callable[[Any], Any]) -> Found:
        """Unit, words, and how it is found."""
        new = super().__new__(cls, (unit, words))
        new.how = how
        return new


def reach(found: Any, path: str) -> Any:
    """What a path of attributes, keys and indices leads to.

    >>> reach({"first": (3 + 4j, 5)}, "first.0.imag")
    4.0
    """
    for key in path.split("."):
        if isinstance(found, Mapping):
            found = found[key]
        else:
            found = found[int(key)] if key.isdigit() else getattr(found, key)
    return found


def reached(found: Any, names: Names) -> dict[str, Any]:
    """What the paths of some names lead to."""
    ways = {name: entry.how for name, entry in names.items() if isinstance(entry, Found)}
    return {name: reach(found, how) for name, how in ways.items() if isinstance(how, str)}


def full_name(case: str | None, quantity: str) -> str:
    """`case.quantity`, or the quantity alone in a study of one case."""
    return f"{case}.{quantity}" if case else quantity


def full_units(case: str | None, names: Names) -> dict[str, str]:
    """Unit of every quantity of a case or another part, by its full name."""
    return {full_name(case, quantity): unit for quantity, (unit, _) in names.items()}


def part_names(study: Any, groups: Iterable[str]) -> list[str]:
    """The names of all parts of a study that quantities are of."""
    return [name for group in groups for name in getattr(study, group) or {}]


def unique_names(study: Any, groups: Iterable[str]) -> Iterator[Problem]:
    """Names of the parts of a study are those of its quantities: each only once."""
    seen: dict[str, str] = {}
    for group in groups:
        for name in getattr(study, group) or {}:
            if name in seen:
                yield (group, name), f"is the name of one of the {seen[name]} already"
            seen[name] = group


def one_case(study: Any, case: str | None, at: Where) -> Iterator[Problem]:
    """A part is of one case, which it names unless there is no other."""
    if case is not None:
        names = list(study.cases or {})
        if case not in names:
            yield (*at, "case"), no_case(case, names)
    elif len(study.all_cases()) != 1:
        yield at, "needs a `case`: which one"
