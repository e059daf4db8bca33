"""The ions of a trap study: listed, drawn at random, crystallized, or from a file."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from .._fields import AngularFrequency, File, Part, one_or_three, quantity, refuse, vector
from .._judge import Text
from .._later import later

if TYPE_CHECKING:
    from fieldwright import motion
    from fieldwright.sources import Source
else:
    (motion,) = later("fieldwright.motion")

_WAYS = ("position", "cloud", "paper_cloud", "crystal", "file")


class CloudPart(Part):
    """Ions at random: normal in each direction, or even in a ball or ellipsoid."""

    number: int = Field(ge=1)
    shape: Literal["normal", "ball"] = "normal"
    spread: one_or_three("m") = Field(  # type: ignore[valid-type]
        description="standard deviation of positions (normal), or half axes (ball)"
    )
    speed: one_or_three("m/s") | None = Field(  # type: ignore[valid-type]
        None, description="standard deviation of velocities; or give `temperature`"
    )
    temperature: quantity("K", nonnegative=True) | None = None  # type: ignore[valid-type]
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _one_speed(self) -> Self:
        if (self.speed is None) == (self.temperature is None):
            raise refuse("give either `speed` or `temperature`")
        return self

    def build(self, species: motion.Species, seed: int) -> motion.Ions:
        """The ions of this cloud, with another seed added to its own."""
        make = motion.normal_cloud if self.shape == "normal" else motion.uniform_cloud
        return make(
            self.number, species, _plain(self.spread),
            velocity_spread=None if self.speed is None else _plain(self.speed),
            temperature=self.temperature, seed=self.seed + seed,
        )  # fmt: skip


class PaperCloudPart(Part):
    """The random ions of the published study `penning`."""

    number: int = Field(100, ge=1)
    ensemble: Literal["normal", "uniform"] = "normal"
    seed: int = Field(0, ge=0)


class CrystalPart(Part):
    """Cold ions where their energy is least, turning together about the axis."""

    number: int = Field(ge=1)
    rotation: AngularFrequency | None = Field(
        None, description="at which it turns; that which makes a ball if left out"
    )
    seed: int = Field(0, ge=0)


class IonsPart(Part):
    """One ion at a place, or a group of ions of one species."""

    species: Text | None = Field(None, description="such as 40Ca+; or give `mass` and `charge`")
    mass: quantity("kg", positive=True) | None = None  # type: ignore[valid-type]
    charge: quantity("C") | None = None  # type: ignore[valid-type]
    position: vector("m") | None = None  # type: ignore[valid-type]
    velocity: vector("m/s") | None = None  # type: ignore[valid-type]
    cloud: CloudPart | None = None
    paper_cloud: PaperCloudPart | None = None
    crystal: CrystalPart | None = None
    file: File | None = Field(None, description="openPMD file; its species have mass and charge")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(getattr(self, way) is not None for way in _WAYS) != 1:
            raise refuse(f"give one of {', '.join(f'`{way}`' for way in _WAYS)}")
        if self.velocity is not None and self.position is None:
            raise refuse("`velocity` goes with `position`")
        own = self.species is not None, self.mass is not None, self.charge is not None
        if self.file is not None and any(own):
            raise refuse("a `file` says itself of what species its ions are")
        if self.file is None and own not in ((True, False, False), (False, True, True)):
            raise refuse("give either `species`, or `mass` and `charge`")
        return self

    def kind(self) -> motion.Species:
        """The species of the group; `InputError` where its name is unknown."""
        if self.species is not None:
            return motion.find_species(self.species)
        assert self.mass is not None and self.charge is not None  # the model has seen to that
        return motion.Species("ion", self.mass, self.charge)

    def kinds(self, trap: Source, size: float) -> set[tuple[float, float]]:
        """Mass [kg] and charge [C] of every sort of ion."""
        if self.file is None:
            return {(self.kind().mass, self.kind().charge)}
        ions = self.build(trap, size)
        return set(zip(ions.mass.tolist(), ions.charge.tolist(), strict=True))

    def build(self, trap: Source, size: float, seed: int = 0) -> motion.Ions:
        """The ions of this group in a trap of a size [m]; `InputError` where they cannot be."""
        if self.file is not None:
            return motion.read_openpmd(self.file)
        kind = self.kind()
        if self.position is not None:
            return motion.Ions.of(kind, [self.position], [self.velocity or (0.0, 0.0, 0.0)])
        if self.cloud is not None:
            return self.cloud.build(kind, seed)
        if (paper := self.paper_cloud) is not None:
            return motion.paper_cloud(
                paper.number, size=size, seed=paper.seed + seed, ensemble=paper.ensemble,
                species=kind,
            )  # fmt: skip
        part = self.crystal
        assert part is not None  # the model has seen to that
        return motion.crystal(part.number, kind, trap, part.rotation, seed=part.seed)

    def count(self) -> int | None:
        """How many ions; None where a file says it."""
        for way in (self.cloud, self.paper_cloud, self.crystal):
            if way is not None:
                return way.number
        return None if self.file is not None else 1

    def is_random(self) -> bool:
        """Whether another seed gives other ions."""
        return self.cloud is not None or self.paper_cloud is not None


def build_ions(parts: Iterable[IonsPart], trap: Source, size: float, seed: int = 0) -> motion.Ions:
    """All ions of some groups, in their order."""
    return reduce(add, [part.build(trap, size, seed) for part in parts])


def _plain(values: tuple[float, ...]) -> float | tuple[float, ...]:
    return values[0] if len(values) == 1 else values
