"""The parts of an actuator study: coil, wire, magnets, distances, tolerances."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from ...constants import MU_0
from ...errors import InputError
from .._fields import Count, Length, Part, Position, quantity, refuse
from .._judge import Text

if TYPE_CHECKING:
    from fieldwright.sources import Assembly, Coil, CylinderMagnet


class CoilPart(Part):
    """The winding; `outer_radius` may be left out where `wire.layers` tells it."""

    inner_radius: Length
    outer_radius: Length | None = None
    length: Length
    turns: Count

    def build(self, wire: WirePart | None) -> Coil:
        """The coil as a source; raises `InputError` where the dimensions contradict each other."""
        from fieldwright.sources import Coil

        outer = self.outer_radius
        if outer is None and wire is not None and wire.layers is not None:
            outer = wound_radius(self.inner_radius, wire.diameter, wire.layers)
        if outer is None:
            raise InputError(
                "is missing; give it, or the number of `layers` of the wire",
                parameter="outer_radius",
            )
        return Coil(
            inner_radius=self.inner_radius,
            outer_radius=outer,
            length=self.length,
            turns=self.turns,
        )


def wound_radius(inner_radius: float, diameter: float, layers: float) -> float:
    """Outer radius [m] of `layers` layers of wire, one wire diameter each."""
    return float(f"{inner_radius + layers * diameter:.15g}")  # 9 mm + 27 x 0.36 mm is 18.72 mm


class WirePart(Part):
    """The wire of the coil."""

    diameter: Length = Field(description="of the bare conductor; with `layers`, their pitch")
    layers: Count | None = None
    material: Text = "copper"
    temperature: quantity("K", positive=True) = 293.15  # type: ignore[valid-type]

    def resistance_of(self, coil: Coil) -> float:
        """Resistance of a coil of this wire [ohm]; `InputError` where the wire cannot be."""
        from fieldwright.forces import Wire, resistance

        wire = Wire(self.diameter, self.material, self.temperature)
        return float(resistance(coil, wire))


class MagnetPart(Part):
    """A cylinder magnetized along the axis."""

    radius: Length
    inner_radius: Length | None = None
    length: Length
    magnetization: quantity("A/m") | None = None  # type: ignore[valid-type]
    remanence: quantity("T") | None = None  # type: ignore[valid-type]
    material_length: Length | None = Field(
        None, description="length of the magnet material, where its moment is spread over `length`"
    )
    reversed: bool = Field(False, description="magnetized the other way")
    position: Position = Field(0.0, description="along the axis, from where `distance` ends")

    @model_validator(mode="after")
    def _one_strength(self) -> Self:
        if (self.magnetization is None) == (self.remanence is None):
            raise refuse("give either `magnetization` or `remanence`")
        return self

    def uniform_magnetization(self) -> float:
        """Magnetization of the cylinder [A/m], signed."""
        if self.magnetization is not None:
            strength = float(self.magnetization)
        else:
            strength = float(self.remanence or 0.0) / MU_0
        if self.material_length is not None:
            strength *= self.material_length / self.length
        return -strength if self.reversed else strength

    def build(self) -> CylinderMagnet:
        """The magnet as a source at its `position` on the axis."""
        from fieldwright.sources import CylinderMagnet

        return CylinderMagnet(
            radius=self.radius,
            length=self.length,
            magnetization=self.uniform_magnetization(),
            inner_radius=self.inner_radius,
            position=(0.0, 0.0, self.position),
        )

    def moment(self) -> float:
        """Dipole moment [A m^2], signed."""
        area = pi * (self.radius**2 - (self.inner_radius or 0.0) ** 2)
        return area * self.length * self.uniform_magnetization()


class Magnets(Part):
    """One magnet or several on the axis."""

    magnet: MagnetPart | None = None
    magnets: list[MagnetPart] | None = Field(None, min_length=1)

    def parts(self) -> list[MagnetPart]:
        """All magnets, the first being the one nearest to the coil as a rule."""
        return [self.magnet] if self.magnet else list(self.magnets or [])

    def build(self, members: int = 1) -> CylinderMagnet | Assembly:
        """One magnet alone, or an assembly; filled up to `members` with magnets of no strength.

        Code is compiled for a number of members, so that cases of equally many share it.
        """
        from fieldwright.sources import Assembly, CylinderMagnet

        built = [part.build() for part in self.parts()]
        first = self.parts()[0]
        while len(built) < members:
            filling = CylinderMagnet(
                radius=first.radius,
                length=first.length,
                magnetization=0.0,
                inner_radius=first.inner_radius,
            )
            built.append(filling)
        alone = len(built) == 1 and first.position == 0.0
        return built[0] if alone else Assembly(sources=tuple(built))


class DistancePart(Part):
    """Distances between the centres for which curves are computed."""

    start: quantity("m", nonnegative=True) = Field(0.0, alias="from")  # type: ignore[valid-type]
    stop: Length = Field(0.02, alias="to")
    points: int = Field(401, ge=2, le=100_000)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.stop <= self.start:
            raise refuse("`to` must be larger than `from`")
        return self


class TolerancesPart(Part):
    """Standard deviations, under the names that dimensions have in `fieldwright.forces`."""

    coil_inner_radius: Length | None = Field(None, alias="coil.inner_radius")
    coil_outer_radius: Length | None = Field(None, alias="coil.outer_radius")
    coil_length: Length | None = Field(None, alias="coil.length")
    coil_turns: Count | None = Field(None, alias="coil.turns")
    magnet_radius: Length | None = Field(None, alias="magnet.radius")
    magnet_inner_radius: Length | None = Field(None, alias="magnet.inner_radius")
    magnet_length: Length | None = Field(None, alias="magnet.length")
    magnet_magnetization: quantity("A/m", positive=True) | None = Field(  # type: ignore[valid-type]
        None, alias="magnet.magnetization"
    )

    def deviations(self) -> dict[str, float]:
        """The deviations that are given, in SI units."""
        fields = type(self).model_fields.items()
        values = {str(field.alias): getattr(self, name) for name, field in fields}
        return {name: value for name, value in values.items() if value is not None}

    def texts(self) -> dict[str, str]:
        """The same as a file would write them."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")
