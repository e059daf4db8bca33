"""What is known of the ring of a case before anything is computed, and pictures of several."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..._figure import new_figure
from ..._yaml import Where
from ...errors import NoRFError
from .._sections import Impossible, Item, Names, Numbers, Picture, Problems
from ._build import build
from ._later import np, rings
from ._run import RunPart


def has_rf(lattice: rings.Lattice) -> bool:
    """Whether a cavity with a voltage is in a lattice."""
    pairs = zip(lattice.kinds, lattice.active, strict=True)
    return any(kind == "RFCavity" and "voltage" in active for kind, active in pairs)


def found_in(run: RunPart) -> list[str]:
    """What is to be found out about a case: what follows from its cavities if it does not say."""
    if run.find is not None:
        return list(run.find)
    return ["optics", "magnets", *(["beam"] if has_rf(build(run)) else [])]


def no_beam(item: Item, at: Where) -> Impossible:
    """The error, at a place, that nothing gives back what the beam of a case radiates."""
    lattice = build(item.run)
    if not has_rf(lattice):
        cavities = lattice.kinds.count("RFCavity")
        advice = "give `rf: {voltage: ...}`" if cavities else "the lattice needs an RFCavity"
        said = f"the ring has no cavity with a voltage, so that it holds no beam: {advice}"
        yield at, NoRFError(said, {"cavities": float(cavities)})


def places(run: RunPart) -> list[str]:
    """The elements where the beam is looked at; the first of the ring if none are named."""
    return list(run.places or [build(run).names[0]])


def label(name: str) -> str:
    """An element's name as a part of a quantity's name."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def at_places(run: RunPart, names: Names) -> Names:
    """Quantities at each place of a case."""
    return {
        f"{label(place)}_{name}": (unit, f"{words} at {place}")
        for place in places(run)
        for name, (unit, words) in names.items()
    }


def numbers_at_places(run: RunPart, numbers: Callable[[str], Mapping[str, Any]]) -> Numbers:
    """Numbers at each place of a case."""
    return {
        f"{label(place)}_{name}": value
        for place in places(run)
        for name, value in numbers(place).items()
    }


def needs(find: str) -> Callable[[Picture], Problems]:
    """What is wrong with a figure of cases that must find something for it."""

    def fits(picture: Picture) -> Problems:
        at = picture.part.at
        for item in picture.items:
            whose = item.name or "the study"
            if find not in found_in(item.run):
                yield ("cases",), f"{whose} does not `find` its {find}"
            if at is not None and at not in build(item.run).names:
                yield ("at",), f"there is no element {at!r} in the ring of {whose}"

    return fits


def title_in(picture: Picture, item: Item) -> str:
    """What a case is called in a figure: nothing where it is alone."""
    return item.title if len(picture.items) > 1 else ""


def stacked(height: float, draw: Callable[[Any, Item], Any]) -> Callable[[Picture], Any]:
    """What draws one picture above the other, a case each."""

    def figure_of(picture: Picture) -> Any:
        figure = new_figure(8.6, height * len(picture.items))
        axes = np.atleast_1d(figure.subplots(len(picture.items), 1))
        for ax, item in zip(axes, picture.items, strict=True):
            draw(ax, item)
            if title_in(picture, item):
                ax.set_title(item.title, fontsize=10, loc="left", pad=30)
        return figure

    return figure_of
