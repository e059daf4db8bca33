"""The parts of a trap study: what holds the ions, what drives them, what damps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from .._fields import (
    Angle,
    AngularFrequency,
    Count,
    Length,
    Number,
    Part,
    SignedAngularFrequency,
    Voltage,
    quantity,
    refuse,
    vector,
)
from .._judge import Text
from .._later import later

if TYPE_CHECKING:
    from fieldwright import motion, sources
    from fieldwright.sources import Source
else:
    motion, sources = later("fieldwright.motion", "fieldwright.sources")


class MagnetCoilPart(Part):
    """A coil around the trap's axis, at its centre, that makes the magnetic field."""

    inner_radius: Length
    outer_radius: Length
    length: Length
    turns: Count
    current: quantity("A")  # type: ignore[valid-type]

    def build(self) -> Source:
        """The coil as a source; raises `InputError` where its dimensions contradict each other."""
        return sources.Coil(**dict(self))


class TrapPart(Part):
    """A Penning trap: electrodes with the potential V0/(2 d^2) (2 z^2 - x^2 - y^2), and a B."""

    magnetic_field: quantity("T") | None = Field(  # type: ignore[valid-type]
        None, description="along z; or give a `coil`"
    )
    coil: MagnetCoilPart | None = Field(None, description="that makes the magnetic field instead")
    voltage: Voltage
    size: Length = Field(description="d of the potential; also how far a bounded trap reaches")
    C4: Number = Field(0.0, description="octupole part of the potential")
    C6: Number = Field(0.0, description="dodecapole part of the potential")
    B2: quantity("T/m^2") = Field(0.0, description="magnetic bottle")  # type: ignore[valid-type]
    ellipticity: Number = Field(0.0, description="of the quadrupole across the axis")
    tilt: tuple[Angle, Angle] = Field(
        (0.0, 0.0), description="of the magnetic field, about x and y"
    )
    bounded: bool = Field(False, description="no field, and ions lost, beyond the size")

    @model_validator(mode="after")
    def _one_magnet(self) -> Self:
        if (self.magnetic_field is None) == (self.coil is None):
            raise refuse("give either `magnetic_field` or a `coil`")
        if self.coil is not None and (self.B2 or any(self.tilt)):
            raise refuse("`B2` and `tilt` go with `magnetic_field`; a `coil` has its own field")
        return self

    @property
    def is_linear(self) -> bool:
        """Whether its fields are linear in position, so that single ions move exactly."""
        return self.coil is None and not (self.C4 or self.C6 or self.B2)

    def electrodes(self) -> sources.PenningTrap:
        """The trap as one source; without magnetic field where a coil makes it."""
        fields = {name: value for name, value in self if name != "coil"}
        return sources.PenningTrap(**fields | {"magnetic_field": self.magnetic_field or 0.0})

    def build(self, drives: Sequence[DrivePart] = ()) -> Source:
        """Trap, coil and drives in one source."""
        trap = self.electrodes()
        parts: list[Source] = [trap, *(drive.build(self, trap) for drive in drives)]
        if self.coil is not None:
            parts.append(self.coil.build())
        return parts[0] if len(parts) == 1 else sources.Assembly(tuple(parts))


class ParametricPart(Part):
    """V0 becomes V0 (1 + amplitude cos(w t + phase))."""

    amplitude: Number
    frequency: AngularFrequency
    phase: Angle = 0.0


class DipolePart(Part):
    """A uniform electric field that swings."""

    field: vector("V/m")  # type: ignore[valid-type]
    frequency: AngularFrequency
    phase: Angle = 0.0


class QuadrupolePart(Part):
    """The potential V/(2 d^2) (x^2 - y^2), swinging."""

    voltage: Voltage
    frequency: AngularFrequency
    phase: Angle = 0.0


class RotatingWallPart(Part):
    """A dipole (order 1) or quadrupole (order 2) pattern that turns about the axis."""

    voltage: Voltage
    frequency: AngularFrequency = Field(description="at which the pattern turns")
    order: Literal[1, 2] = 2
    phase: Angle = 0.0


class DrivePart(Part):
    """One drive, of one sort."""

    parametric: ParametricPart | None = None
    dipole: DipolePart | None = None
    quadrupole: QuadrupolePart | None = None
    rotating_wall: RotatingWallPart | None = None

    @model_validator(mode="after")
    def _one_sort(self) -> Self:
        sorts = list(type(self).model_fields)
        if sum(getattr(self, sort) is not None for sort in sorts) != 1:
            raise refuse(f"give one of {', '.join(f'`{sort}`' for sort in sorts)}")
        return self

    def build(self, part: TrapPart, trap: sources.PenningTrap) -> Source:
        """The drive as a source to be added to the trap's."""
        if (one := self.parametric) is not None:
            return sources.parametric_drive(trap, one.amplitude, one.frequency, one.phase)
        if (two := self.dipole) is not None:
            return sources.dipole_drive(two.field, two.frequency, two.phase)
        if (three := self.quadrupole) is not None:
            return sources.quadrupole_drive(three.voltage, part.size, three.frequency, three.phase)
        wall = self.rotating_wall
        assert wall is not None  # the model has seen to that
        return sources.rotating_wall(
            wall.voltage, part.size, wall.frequency, wall.order, wall.phase
        )


class BufferGasPart(Part):
    """Drag of a thin gas, dv/dt = -rate v, and the thermal kicks that go with it."""

    rate: quantity("1/s", nonnegative=True)  # type: ignore[valid-type]
    temperature: quantity("K", nonnegative=True)  # type: ignore[valid-type]


class LaserPart(Part):
    """The mean force of one laser beam."""

    wavelength: Length
    linewidth: AngularFrequency = Field(description="natural width of the transition")
    saturation: Count = Field(description="intensity over the saturation intensity")
    detuning: SignedAngularFrequency = Field(description="below zero it cools")
    direction: tuple[Number, Number, Number] = Field(description="in which the light travels")
    species: Text | None = Field(None, description="that it acts on; all if left out")


class DampingPart(Part):
    """One sort of damping."""

    buffer_gas: BufferGasPart | None = None
    laser: LaserPart | None = None

    @model_validator(mode="after")
    def _one_sort(self) -> Self:
        if (self.buffer_gas is None) == (self.laser is None):
            raise refuse("give one of `buffer_gas`, `laser`")
        return self

    def build(self) -> motion.Damping:
        """The damping for `simulate`; `InputError` where it cannot be."""
        if self.buffer_gas is not None:
            return motion.BufferGas(self.buffer_gas.rate, self.buffer_gas.temperature)
        assert self.laser is not None  # the model has seen to that
        return motion.LaserCooling(**dict(self.laser))
