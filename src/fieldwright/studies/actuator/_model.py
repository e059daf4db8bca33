"""The study file of a voice-coil actuator: one coil, magnets on its axis, cases to compare."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from ..._yaml import Where
from ...constants import MU_0
from ...errors import InputError
from .._derived import DerivedPart
from .._fields import Count, Length, Name, Part, Position, quantity, refuse
from .._judge import Text
from .._study import Study

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


class CasePart(Magnets):
    """One arrangement; a case may have a coil and wire of its own."""

    title: Text | None = None
    coil: CoilPart | None = None
    wire: WirePart | None = None

    @model_validator(mode="after")
    def _some_magnet(self) -> Self:
        if (self.magnet is None) == (self.magnets is None):
            raise refuse("give either `magnet` or a list of `magnets`")
        return self


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


class FigurePart(Part):
    """A figure: the force curves of some cases."""

    caption: Text
    cases: list[Text] = Field(min_length=1)
    show: Literal["maximum", "parabola", "range"] = "maximum"


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


class ActuatorStudy(Magnets, Study):
    """A coil pushes magnets on its axis: force per ampere, sweet spot, range, coupling."""

    kind: Literal["actuator"]
    coil: CoilPart | None = None
    wire: WirePart | None = None
    cases: dict[Name, CasePart] | None = Field(None, min_length=1)
    distance: DistancePart = Field(default_factory=lambda: DistancePart.model_validate({}))
    tolerances: TolerancesPart | None = Field(None, description="standard deviations")
    derived: dict[Name, DerivedPart] = Field({}, description="quantities made of others")
    figures: dict[Name, FigurePart] = Field({}, description="figures for the report")

    @model_validator(mode="after")
    def _cases_or_magnet(self) -> Self:
        given = [self.magnet is not None, self.magnets is not None, self.cases is not None]
        if sum(given) != 1:
            raise refuse("give one of `magnet`, `magnets` or `cases`")
        return self

    def all_cases(self) -> dict[str | None, CasePart]:
        """Every case by name; the only case of a study without `cases` has the name None."""
        if self.cases is not None:
            return {name: case for name, case in self.cases.items()}  # noqa: C416
        return {None: CasePart(title=self.title, magnet=self.magnet, magnets=self.magnets)}

    def wire_of(self, case: CasePart) -> WirePart | None:
        """The wire of a case: its own, or the study's unless the case has another coil."""
        return case.wire or (self.wire if case.coil is None else None)

    def coil_of(self, case: CasePart) -> Coil:
        """The coil of a case; `InputError` where there is none or it cannot be."""
        part = case.coil or self.coil
        if part is None:
            raise InputError("is missing; give the study or this case a `coil`")
        return part.build(self.wire_of(case))

    def problems(self) -> Iterator[tuple[Where, str]]:
        """Contradictions between fields; see `_check`."""
        from ._check import problems

        return problems(self)

    def describe_case(self, name: str | None) -> str:
        """The title of a case, or its name."""
        return self.all_cases()[name].title or str(name)
