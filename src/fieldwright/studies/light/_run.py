"""What radiates, as a case of a light study says it, and what can be found out about it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from .._fields import Part, PhotonEnergy, refuse
from .._judge import Text
from .._names import Names
from .._sections import Item
from ._parts import BeamPart, BunchPart, MediumPart, RadiatorPart

if TYPE_CHECKING:
    from .._pieces import Arrays

Find = Literal["lines", "axis", "path", "flux", "power", "channeling", "formulas", "coherent"]


class RunPart(Part):
    """What radiates; a case takes from the study what it does not say itself."""

    beam: BeamPart | None = None
    radiator: RadiatorPart | None = None
    medium: MediumPart | None = Field(None, description="vacuum if left out")
    bunch: BunchPart | None = None
    photon_energy: PhotonEnergy | None = Field(
        None, description="at which light is looked at; that of the line if left out"
    )
    harmonics: list[int] | None = Field(None, min_length=1, description="of a magnetic undulator")
    leaving: Literal["none", "dechanneling", "demodulation"] | None = Field(
        None, description="what takes charges out of the light in step; none if left out"
    )
    find: list[Find] | None = Field(None, min_length=1, description="all that applies if left out")

    @model_validator(mode="after")
    def _harmonics(self) -> Self:
        if self.harmonics is not None and (
            min(self.harmonics) < 1 or len(set(self.harmonics)) < len(self.harmonics)
        ):
            raise refuse("`harmonics` are whole numbers from 1 on, each once")
        return self


class CasePart(RunPart):
    """What radiates, where it differs from the study."""

    title: Text | None = None


class OfCase(Part):
    """What is found out about the light of a case."""

    title: Text | None = None
    case: Text | None = Field(None, description="not needed if there is one")


def inputs(part: Part) -> dict[str, Any]:
    """A part as JSON holds it: what a result is made from, and not what it is called."""
    names = {"title", "case", "find", "leaving", "shown"}
    return part.model_dump(mode="json", exclude_none=True, by_alias=True, exclude=names)


def waving(run: RunPart) -> bool:
    """Whether the case has a crystal whose planes wave."""
    crystal = None if run.radiator is None else run.radiator.crystal
    return crystal is not None and crystal.waves


def undulating(run: RunPart) -> bool:
    """Whether the case has an undulator, a magnet or a crystal."""
    return waving(run) or (run.radiator is not None and run.radiator.undulator is not None)


def in_medium(run: RunPart) -> bool:
    """Whether something fills the radiator."""
    return run.medium is not None and not run.medium.empty


def harmonics_of(run: RunPart) -> list[int]:
    """Harmonics of a magnetic undulator that are looked at."""
    if run.harmonics is not None:
        return run.harmonics
    undulator = None if run.radiator is None else run.radiator.undulator
    return [1] if undulator is None or undulator.shape == "helical" else [1, 3, 5]


def has_current(run: RunPart) -> bool:
    """Whether the beam has a current."""
    return run.beam is not None and run.beam.current is not None


def finds(run: RunPart) -> list[Find]:
    """What can be found out about a case."""
    radiator = run.radiator
    if radiator is None:
        return []
    coils, way = radiator.undulator, radiator.trajectory
    magnet = coils is not None and not in_medium(run)
    true = coils is not None and not coils.uniform
    whole = run.bunch is not None and undulating(run)
    there: dict[Find, bool] = {
        "lines": undulating(run),
        "axis": undulating(run) or (way is not None and run.photon_energy is not None),
        "path": undulating(run),
        "flux": has_current(run) and (magnet or radiator.bending_magnet is not None),
        "power": has_current(run) and magnet and true,
        "channeling": radiator.crystal is not None,
        "formulas": whole and run.medium is not None and run.medium.plasma_energy is not None
        and (waving(run) or (coils is not None and coils.shape == "planar")),
        "coherent": whole,
    }  # fmt: skip
    return [find for find, possible in there.items() if possible]


def found_in(run: RunPart) -> list[Find]:
    """What is found out about a case: what it asks for, or all but the sum along the path."""
    if run.find is not None:
        return list(run.find)
    return [find for find in finds(run) if find != "path"]


def of_harmonics(orders: list[int], names: Names) -> Names:
    """The quantities of each harmonic."""
    return {
        f"harmonic_{n}_{name}": (unit, f"harmonic {n}: {words}")
        for n in orders
        for name, (unit, words) in names.items()
    }


def piece(item: Item, number: int, of: int, make: Callable[[], Arrays]) -> Arrays:
    """A piece of what is found out about a case, kept by all that it is made from."""
    setup = item.of_case.setup
    made_from: dict[str, Any] = {
        "group": item.section.group, "case": inputs(setup.run), "part": inputs(item.part),
    }  # fmt: skip
    if setup.path is not None:  # the file may be another one by now
        import numpy as np

        way = np.asarray(setup.path.position), np.asarray(setup.path.velocity)
        made_from["way"] = sha256(b"".join(part.tobytes() for part in way)).hexdigest()
    return item.piece(made_from, number, of, make)
