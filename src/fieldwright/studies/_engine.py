"""What studies made of sections share: their models, their checks, and the way to an outcome.

It knows no kind. Sections are walked in the order of the kind's list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, create_model

from .._yaml import Where
from ..errors import FieldwrightError
from ..units import format_quantity
from ._cases import CaseStudy
from ._derived import DerivedPart, Problem, check_derived, check_published, derive, no_case
from ._fields import Name, Part
from ._judge import Quantity, Text
from ._names import full_units, one_case, part_names, unique_names
from ._pieces import Pieces
from ._sections import Item, Picture, Quantities, Section, Shown, cell, numbers_of, table, unasked
from ._study import Drawing, Outcome, Progress, Table, standing

if TYPE_CHECKING:
    import xarray


class SectionStudy(CaseStudy):
    """A study of sections; see `study_of` for the fields that these give it."""

    sections: ClassVar[tuple[Section, ...]]
    told: ClassVar[tuple[Section, ...]] = ()  # the same as results and figures follow, if otherwise
    which: ClassVar[tuple[str, str]] = ("which ones", "which one")
    goes_on: ClassVar[bool] = False  # whether all else can be checked although a part is wrong
    drawn_anyway: ClassVar[frozenset[str]] = frozenset({"deviations"})
    harmless: ClassVar[frozenset[str]] = frozenset()  # keys of figures, where they do not belong
    constants: ClassVar[Mapping[str, Quantity]] = {}  # that printed figures are held against

    def problems(self) -> Iterator[Problem]:
        """Every contradiction between the fields, with the place where it stands."""
        return problems(self)

    def impossible(self) -> Iterator[tuple[Where, FieldwrightError]]:
        """What is well said but cannot be."""
        for section in self.sections:
            for item in section.items(self):
                yield from section.impossible(item)

    def show(self, quantity: Quantity, digits: int | None) -> str:
        """A quantity for a table cell."""
        return format_quantity(quantity.value, quantity.unit, digits or 6)

    def reserved(self) -> Iterable[str]:
        """Names that no derived quantity may have."""
        return part_names(self, [section.group for section in self.sections])

    def astray(self) -> Iterator[Problem]:
        """Names that lead nowhere, beside a part's case and what a figure shows."""
        yield from ()

    def unfit(self, name: str, figure: Any) -> Iterator[Problem]:
        """What is wrong with a figure as a whole."""
        yield from ()

    def drawings(self, items: dict[str, list[Item]]) -> list[Drawing]:
        """The figures asked for; where none are, one of every sort that there is something for."""
        return drawings(self, items)

    def dataset(self, items: dict[str, list[Item]], quantities: Quantities) -> xarray.Dataset:
        """The variables of all sections, and every quantity."""
        import xarray

        # put together once: a dataset that grows entry by entry takes many times as long
        data: dict[str, Any] = {}
        for section in self.sections:
            for item in items[section.group]:
                for one in (item, *item.finds()):
                    for name, axes, values, unit, words in one.section.variables(one):
                        data[name] = _variable(axes, values, unit, words)
        for name, q in quantities.items():
            data[name] = _variable((), q.value, q.unit, q.long_name)
        return xarray.Dataset(data)


def _variable(axes: tuple[str, ...], values: Any, unit: str | None, words: str) -> tuple[Any, ...]:
    import numpy as np

    units = {"units": unit} if unit else {}
    return axes, np.asarray(values), units | {"long_name": words}


def study_of(
    base: type[SectionStudy], name: str, kind: str, figure: type[Part] | None = None
) -> type[SectionStudy]:
    """The model of a kind: the base, and the fields that its sections give it."""
    groups: dict[str, Any] = {
        section.group: (dict[Name, section.part], Field({}, description=section.words))  # type: ignore[name-defined]
        for section in base.sections
        if section.group != "cases"
    }
    case: Any = next(section.part for section in base.sections if section.group == "cases")
    said = "figures; chosen if left out"
    groups |= {
        "derived": (dict[Name, DerivedPart], Field({}, description="quantities made of others")),
        "figures": (dict[Name, figure or figure_of(base)], Field({}, description=said)),  # type: ignore[misc]
    }
    own: dict[str, Any] = {
        "kind": (_literal(kind), ...),
        "cases": (dict[Name, case] | None, Field(None, min_length=1)),
    }
    return create_model(
        name, __base__=base, __doc__=base.__doc__, __module__=base.__module__, **own, **groups
    )


def _literal(values: Any) -> Any:
    return Literal[values]


def figure_of(study: type[SectionStudy]) -> type[Part]:
    """The model of a figure: what it shows, of what, and the options of that.

    First stand keys of several parts, then those of one with options that may be left open.
    """
    keys: list[tuple[int, str, Any]] = []
    for section in study.sections:
        if section.shown:
            words = f"of {', '.join(shown.show for shown in section.shown)}"
            sort: Any = list[Text] if section.several else Text | None
            empty: Any = [] if section.several else None
            rank = 0 if section.several else 1
            keys.append((rank, section.key, (sort, Field(empty, description=words))))
        for shown in section.shown:
            for key, (sort, said) in shown.options.items():
                keys.append((1 if said.default in (None, []) else 2, key, (sort, said)))
    fields = {key: said for _, key, said in sorted(keys, key=lambda key: key[0])}
    shows: Any = tuple(_shows(study))
    return create_model(
        "FigurePart", __base__=Part, __doc__="A figure of the report.",
        caption=(Text, ...), show=(_literal(shows), ...), **fields,
    )  # fmt: skip


def _shows(study: Any) -> dict[str, tuple[Section, Shown]]:
    """Every sort of figure by name, with its section."""
    sections = sorted(study.sections, key=lambda section: section.last)
    return {shown.show: (s, shown) for s in sections for shown in s.shown}


def problems(study: SectionStudy) -> Iterator[Problem]:
    """Every contradiction between the fields, with the place where it stands."""
    groups = [section.group for section in study.sections]
    yield from unique_names(study, groups)
    every = [item for section in study.sections for item in section.items(study)]
    wrong = [problem for item in every for problem in item.section.check(item)]
    yield from wrong
    dangling = list(_references(study, every))
    yield from dangling
    if dangling or (wrong and not study.goes_on):
        return
    found = [problem for item in every for problem in item.section.fits(item)]
    found += _unfit_figures(study)
    yield from found
    if found and not study.goes_on:
        return
    derived, units = study.derived, available(study)  # type: ignore[attr-defined]
    yield from check_derived(derived, units, study.reserved())
    named = {name: quantity.unit for name, quantity in study.constants.items()}
    named |= units | {name: part.unit(units) for name, part in derived.items()}
    yield from check_published(study.published, named, part_names(study, groups))


def available(study: SectionStudy) -> dict[str, str]:
    """Unit of every quantity that derived ones can be made of, by its full name."""
    units = {name: quantity.unit for name, quantity in _printed(study).items()}
    for section in study.sections:
        for item in section.items(study):
            for one in (item, *item.finds(asked=True)):
                units |= full_units(item.name, one.section.names_of(one))
    return units


def _printed(study: SectionStudy) -> dict[str, Quantity]:
    """The constants that printed figures are held against: others are not computed."""
    names = {entry.name() for entry in study.published}
    return {name: quantity for name, quantity in study.constants.items() if name in names}


def _references(study: Any, every: list[Item]) -> Iterator[Problem]:
    """Names of other parts that lead nowhere."""
    for item in every:
        if item.section.of_case and item.section.group != "cases":
            yield from one_case(study, item.part.case, item.at)
    shows = _shows(study)
    keys = {section.key: section for section, _ in shows.values()}
    for name, figure in study.figures.items():
        at: Where = ("figures", name)
        if name in study.drawn_anyway:
            yield at, "is the name of a figure that is drawn anyway; choose another"
        if not shows:
            continue
        section, _ = shows[figure.show]
        asked = getattr(figure, section.key)
        if not asked and len(section.items(study)) != 1:
            which = study.which[not section.several]
            yield at, f"`show: {figure.show}` needs `{section.key}`: {which}"
        yield from lead(study, section, asked, (*at, section.key))
        for other in sorted(set(keys) - {section.key} - study.harmless):
            if getattr(figure, other):
                yield (*at, other), f"does not go with `show: {figure.show}`"
    yield from study.astray()


def lead(study: Any, section: Section, asked: Any, at: Where) -> Iterator[Problem]:
    """Names, or one, that lead to no part of a section."""
    known = list(getattr(study, section.group) or {})
    for name in [asked] if isinstance(asked, str) else asked or []:
        if name not in known:
            yield at, no_case(name, known, section.one)


def _unfit_figures(study: Any) -> Iterator[Problem]:
    """Figures of parts that do not have what is shown."""
    shows = _shows(study)
    for name, figure in study.figures.items() if shows else ():
        section, shown = shows[figure.show]
        picture = Picture(study, figure, _asked(section, figure, section.items(study)))
        for item in picture.items:
            for message in shown.check(item):
                yield ("figures", name), message
        for where, message in shown.fits(picture):
            yield ("figures", name, *where), message
        yield from study.unfit(name, figure)


def _asked(section: Section, figure: Any, items: list[Item]) -> list[Item]:
    """What a figure shows, or the only one there is."""
    asked = getattr(figure, section.key)
    by_name = {item.name: item for item in items}
    names = [asked] if isinstance(asked, str) else asked or [next(iter(by_name))]
    return [by_name[name] for name in names]


def compute(study: SectionStudy, progress: Progress, pieces: Pieces) -> Outcome:
    """Compute every part of a study, its derived quantities, and what the report shows."""
    results: dict[str, dict[Any, Any]] = {}
    more = {"results": results, "pieces": pieces, "progress": progress}
    items = {section.group: section.items(study, **more) for section in study.sections}
    for section in sorted(study.sections, key=lambda section: section.slow):
        results |= {one.group: {} for one in (section, *section.finds)}
        for item in items[section.group]:
            results[section.group][item.name] = section.solve(item)
            _find(item)
    every = [item for section in study.told or study.sections for item in items[section.group]]
    quantities: dict[str, Quantity] = {}
    for item in every:
        for one in (item, *item.finds(asked=True)):
            quantities |= numbers_of(one)
    quantities |= _printed(study)
    quantities |= derive(study.derived, quantities)  # type: ignore[attr-defined]
    said = [s for section in study.sections for s in _methods(section, items[section.group])]
    return Outcome(
        quantities=quantities,
        dataset=partial(study.dataset, items, quantities),
        tables=tables(study, items, quantities),
        drawings=study.drawings(items),
        attachments=[one for item in every for one in item.section.attachments(item)],
        methods=list(dict.fromkeys(said)),
        titles={item.name: item.title for item in every if item.name is not None},
    )


def _find(item: Item) -> None:
    """What is to be found out about a part."""
    due = item.finds()
    for done, one in enumerate(due):
        item.progress(item.phase, done / len(due))
        with standing(item.study.place_of(item.name, item.study.alone)):
            item.results[one.section.group][item.name] = one.section.solve(one)


def _methods(section: Section, items: list[Item]) -> Iterator[str]:
    if callable(section.methods):
        yield from section.methods(items)
    elif section.methods and items:
        yield section.methods
    for find in section.finds:
        yield from _methods(find, [one for i in items for one in i.finds() if one.section is find])


def tables(study: Any, items: dict[str, list[Item]], quantities: Quantities) -> list[Table]:
    """The tables of all sections, and of derived quantities; those without rows are left out."""
    found: list[Table] = []
    for section in study.sections:
        own = items[section.group]
        for one in (section, *section.finds):
            if callable(one.tables):
                found += one.tables(own, quantities)
            else:
                found += (table(columns, own, quantities) for columns in one.tables)
    rows = [[part.title, cell(study, quantities[n])] for n, part in study.derived.items()]
    found.append(Table("Quantities derived from these", ["", "value"], rows))
    return [table for table in found if table.rows]


def drawings(study: Any, items: dict[str, list[Item]]) -> list[Drawing]:
    """The figures asked for; where none are, one of every sort that there is something for."""
    shows, found = _shows(study), []
    model = figure_model(study)
    asked = study.figures or {
        name: model.model_validate(fields)
        for section in study.told or sorted(study.sections, key=lambda section: section.last)
        for name, fields in (section.unasked or _unasked)(items[section.group])
    }
    for name, part in asked.items():
        section, shown = shows[part.show]
        draw = partial(_drawn, study, section, shown, part, items[section.group])
        found.append(Drawing(name, part.caption, draw))
    return found


def _drawn(study: Any, section: Section, shown: Shown, part: Any, items: list[Item]) -> Any:
    return shown.draw(Picture(study, part, _asked(section, part, items)))


def figure_model(study: Any) -> Any:
    """The model of a study's figures."""
    return type(study).model_fields["figures"].annotation.__args__[1]


def _unasked(items: list[Item]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in items:
        for shown in item.section.shown:
            if shown.words is not None and not any(shown.check(item)):
                name = f"{shown.show}_{item.name}" if item.name else shown.show
                yield name, unasked(item, shown)
