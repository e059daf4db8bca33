"""The parts of a light study that make light: the beam, what bends it, and what is around it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .._fields import (
    Count,
    File,
    Length,
    Number,
    Part,
    PhotonEnergy,
    one_or_three,
    quantity,
    refuse,
)

Energy: Any = quantity("eV", positive=True)
Current: Any = quantity("A", positive=True)
Emittance: Any = quantity("m rad", nonnegative=True)
FluxDensity: Any = quantity("T", positive=True)
Temperature: Any = quantity("K", nonnegative=True)
Crystal = Literal["diamond", "silicon", "germanium"]
Species = Literal["e+", "e-"]


def one_of(part: Part, *names: str) -> None:
    """Refuse a part that does not have exactly one of some fields."""
    if sum(getattr(part, name) is not None for name in names) != 1:
        raise refuse(f"give one of {', '.join(f'`{name}`' for name in names)}")


class BeamPart(Part):
    """The charges that radiate, where they do: at the middle of an undulator."""

    species: Species = "e-"
    energy: Energy | None = Field(None, description="total, of each charge")
    gamma: Count | None = Field(None, description="Lorentz factor instead")
    current: Current | None = None
    emittance: tuple[Emittance, Emittance] | None = Field(None, description="in x and y")
    beta: tuple[Length, Length] | None = Field(None, description="beta functions in x and y")
    alpha: tuple[Number, Number] = Field((0.0, 0.0), description="of the same ellipses")
    spread: Number = Field(0.0, ge=0, description="relative energy spread, rms")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        one_of(self, "energy", "gamma")
        if (self.emittance is None) != (self.beta is None):
            raise refuse("`emittance` and `beta` go together")
        return self


class BunchPart(Part):
    """A bunch whose density is modulated at the wavelength of its light."""

    particles: Count
    size: one_or_three("m") = Field(  # type: ignore[valid-type]
        description="rms in x, y and along the beam"
    )
    depth: Number = Field(1.0, gt=0, le=1, description="modulation depth b")


class UndulatorPart(Part):
    """A magnetic undulator."""

    shape: Literal["planar", "helical"] = "planar"
    period: Length
    periods: int = Field(ge=1)
    K: Count | None = None
    field: FluxDensity | None = Field(None, description="peak field instead of K")
    uniform: bool = Field(False, description="constant longitudinal velocity, as in (1)")

    @model_validator(mode="after")
    def _one_strength(self) -> Self:
        one_of(self, "K", "field")
        if self.uniform and self.shape == "helical":
            raise refuse("`uniform` goes with a planar undulator; a helical one is so by itself")
        return self


class BendingPart(Part):
    """A bending magnet."""

    field: FluxDensity


class PotentialPart(Part):
    """A harmonic potential between planes."""

    spacing: Length
    depth: Energy


class CrystalPart(Part):
    """A crystal whose planes wave, or are straight, or bent evenly."""

    material: Crystal
    planes: Literal["100", "110", "111"] | None = Field(None, description="by Doyle and Turner")
    temperature: Temperature = Field(293.0, description="of the planes")
    potential: PotentialPart | None = Field(None, description="harmonic, instead of `planes`")
    period: Length | None = Field(None, description="if left out that for the photon energy")
    periods: int | None = Field(None, ge=1)
    amplitude: Length | None = Field(None, description="of the planes")
    K: Count | None = Field(None, description="of the planes, the paper's q, instead of amplitude")
    length: Length | None = Field(None, description="of planes that do not wave")
    radius: Length | None = Field(None, description="to which planes that do not wave are bent")
    follow: Literal["charges", "planes"] = Field(
        "charges", description="whose swing makes the light: the charges' own is larger"
    )
    uniform: bool = Field(False, description="constant longitudinal velocity, as in (1)")
    dechanneling_length: Length | None = Field(None, description="instead of the estimate")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        one_of(self, "planes", "potential")
        if self.waves:
            one_of(self, "amplitude", "K")
            if self.periods is None:
                raise refuse("planes that wave need `periods`: how many")
            if self.length is not None or self.radius is not None:
                raise refuse("`length` and `radius` are of planes that do not wave")
        elif self.length is None:
            raise refuse("give `amplitude` or `K`, `period` and `periods`; or a `length`")
        return self

    @property
    def waves(self) -> bool:
        """Whether the planes are bent to and fro."""
        names = ("amplitude", "K", "period", "periods")
        return any(getattr(self, name) is not None for name in names)


class TrajectoryPart(Part):
    """A charge's way from a file: columns t, x, y, z [m, s] and ux, uy, uz = gamma v / c."""

    file: File = Field(description=".npz with these arrays, or .csv with these columns")
    periods: int = Field(1, ge=1, description="how often it is passed, if it is one period")


class RadiatorPart(Part):
    """What makes the charges radiate."""

    undulator: UndulatorPart | None = None
    bending_magnet: BendingPart | None = None
    crystal: CrystalPart | None = None
    trajectory: TrajectoryPart | None = None

    @model_validator(mode="after")
    def _one_sort(self) -> Self:
        one_of(self, *type(self).model_fields)
        return self


class MediumPart(Part):
    """What fills the radiator: a plasma of electrons, or a crystal by its tables."""

    plasma_energy: Energy | None = None
    material: Literal["vacuum", "diamond", "silicon", "germanium"] | None = None
    attenuation_length: Length | None = Field(None, description="1/e of intensity, of a plasma")

    @model_validator(mode="after")
    def _one_sort(self) -> Self:
        one_of(self, "plasma_energy", "material")
        if self.material is not None and self.attenuation_length is not None:
            raise refuse("`attenuation_length` goes with `plasma_energy`; tables have their own")
        return self

    @property
    def empty(self) -> bool:
        """Whether it is vacuum."""
        return self.material == "vacuum"

    @property
    def attenuates(self) -> bool:
        """Whether light is lost in it."""
        return self.attenuation_length is not None or (self.material is not None and not self.empty)


__all__ = [
    "BeamPart", "BendingPart", "BunchPart", "CrystalPart", "MediumPart", "PhotonEnergy",
    "PotentialPart", "RadiatorPart", "Species", "TrajectoryPart", "UndulatorPart",
]  # fmt: skip
