"""Solenoids of coil sections in a ring study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .._fields import Count, Length, Name, Part, quantity, refuse
from .._judge import Text
from .._sections import (
    Found,
    Item,
    Names,
    Numbers,
    Picture,
    Quantities,
    Section,
    Shown,
    Table,
    cell,
    on_axes,
    standing,
)
from ._later import jnp, np, plots, rings, sources
from ._settings import plain

_GALLERY = ("first", "second", "additional")  # sections of the gallery's


class SectionPart(Part):
    """A coil section of a solenoid."""

    inner_radius: Length
    outer_radius: Length
    length: Length
    turns: Count
    current: quantity("A")  # type: ignore[valid-type]
    position: quantity("m") = 0.0  # type: ignore[valid-type]


class SolenoidPart(Part):
    """A solenoid of coil sections, or that of the gallery."""

    title: Text | None = None
    gallery: Literal["vepp2000"] | None = None
    main: quantity("T") | None = Field(None, description="of the gallery's main sections")  # type: ignore[valid-type]
    additional: quantity("T") | None = Field(None, description="of its additional one")  # type: ignore[valid-type]
    sections: dict[Name, SectionPart] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.sections is None) == (self.gallery is None):
            raise refuse("give either `sections` or the name of a solenoid in the `gallery`")
        if self.sections is not None and (self.main is not None or self.additional is not None):
            raise refuse("`main` and `additional` go with `gallery`")
        return self


SOLENOID: Names = {
    "peak": Found("T", "largest field on the axis", "field.peak"),
    "integral": Found("T m", "integral of the field", "field.integral"),
    "length": Found("m", "effective length of the integral", "field.length"),
    "focusing_length": Found("m", "effective length of the focusing", "field.focusing_length"),
}


def _names(item: Item) -> Names:
    found = dict(SOLENOID)
    for name in item.part.sections or _GALLERY:
        found[f"{name}_current"] = ("A", f"current of section {name}")
        found[f"{name}_peak"] = ("T", f"largest field of section {name} alone")
        found[f"{name}_force"] = ("N", f"force along the axis on section {name}")
    return found


@dataclass(frozen=True)
class SolenoidResult:
    """The sections, and the forces between them."""

    sections: Mapping[str, sources.Coil]
    field: rings.SolenoidField
    forces: np.ndarray


def _solve(item: Item) -> SolenoidResult:
    item.progress(item.phase)
    with standing(item.at):
        sections = _sections(item.part)
        coils = list(sections.values())
        forces = np.asarray(rings.section_forces(coils))
        return SolenoidResult(sections, rings.solenoid_field(coils), forces)


def _sections(part: SolenoidPart) -> dict[str, sources.Coil]:
    if part.sections is None:
        fields = {"main": part.main, "additional": part.additional}
        given = {name: value for name, value in fields.items() if value is not None}
        return dict(zip(_GALLERY, rings.vepp2000_solenoid(**given), strict=True))
    return {
        name: sources.Coil(
            one.inner_radius, one.outer_radius, one.length, one.turns, one.current,
            position=jnp.array([0.0, 0.0, one.position]),
        )
        for name, one in part.sections.items()
    }  # fmt: skip


def _numbers(item: Item) -> Numbers:
    """Of each section."""
    numbers: Numbers = {}
    pushed = item.result.forces.sum(axis=0)
    for (name, coil), force in zip(item.result.sections.items(), pushed, strict=True):
        numbers |= {
            f"{name}_current": coil.current,
            f"{name}_peak": rings.solenoid_field([coil]).peak if coil.current else 0.0,
            f"{name}_force": force,
        }
    return numbers


def _tables(items: list[Item], quantities: Quantities) -> list[Table]:
    rows = []
    for item in items:
        names = list(item.result.sections)
        on = {name: quantities[item.full(f"{name}_current")].value != 0 for name in names}
        for number, name in enumerate(names):
            if not on[name]:
                continue
            own = [quantities[item.full(f"{name}_{key}")] for key in ("current", "peak", "force")]
            pushes = [
                plain(item.result.forces[other, number], "N", 4) if other != number else "–"
                for other in range(len(names))
                if on[names[other]]
            ]
            cells = (cell(item.study, q) for q in own)
            rows.append([f"{item.title}: {name}", *cells, " / ".join(pushes)])
    header = ["section", "current", "own peak", "force along the axis", "from each section"]
    caption = "Forces are towards the increasing coordinate. Sections without current are left out."
    return [Table("Solenoid sections", header, rows, caption)]


def _draw(picture: Picture, ax: Any) -> None:
    sections = picture.items[0].result.sections
    plots.plot_solenoid_field(list(sections.values()), ax, names=list(sections))


SOLENOIDS = Section(
    group="solenoids", one="solenoid", part=SolenoidPart, words="of coil sections", of_case=False,
    names=_names, solve=_solve, numbers=_numbers, tables=_tables,
    shown=(Shown("solenoid", on_axes(7.2, 5.2, _draw), ""),),
)  # fmt: skip
