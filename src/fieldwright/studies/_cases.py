"""Studies of several cases, each of which takes from the study what it does not say itself."""

from __future__ import annotations

from typing import Any, ClassVar

from .._yaml import Where
from ._fields import Part
from ._study import Study


class CaseStudy(Study):
    """A study with `cases`; a kind of it also is the part whose fields cases may leave to it."""

    run_part: ClassVar[type[Part]]  #: with the fields that cases may leave to the study
    case_part: ClassVar[type[Part]]  #: the same, and what a case alone has
    alone: ClassVar[str]  #: the field by which a study without `cases` is a case of its own

    def all_cases(self) -> dict[str | None, Any]:
        """Every case by name; a study that has what makes it one itself is a case called None."""
        cases = getattr(self, "cases", None)
        if cases is not None:
            return dict(cases)
        if getattr(self, self.alone) is None:
            return {}
        return {None: self.case_part.model_validate({"title": self.title})}

    def whole(self, part: Any) -> Any:
        """A case, or another part with its fields, with what it takes from the study."""
        names = [name for name in self.run_part.model_fields if getattr(part, name) is None]
        return part.model_copy(update={name: getattr(self, name) for name in names})

    def run_of(self, name: str | None) -> Any:
        """A case, whole."""
        return self.whole(self.all_cases()[name])

    def case_of(self, name: str | None) -> str | None:
        """The case that a part names, or the only one there is."""
        return name if name is not None else next(iter(self.all_cases()), None)

    def says(self, part: Part, at: Where, field: str) -> Where:
        """Where a field of a part that stands at a place is said: in it, or in the study."""
        key = self.run_part.model_fields[field].alias or field
        return (*at, key) if getattr(part, field) is not None else (key,)

    def place_of(self, case: str | None, field: str) -> Where:
        """Where a field of a case is said, given its name."""
        at: Where = () if case is None else ("cases", case)
        return self.says(self.all_cases()[case], at, field)
