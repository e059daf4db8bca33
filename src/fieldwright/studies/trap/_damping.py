"""What damps the ions of a trap study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from .._fields import (
    AngularFrequency,
    Count,
    Length,
    Number,
    Part,
    SignedAngularFrequency,
    quantity,
    refuse,
)
from .._judge import Text
from .._later import later

if TYPE_CHECKING:
    from fieldwright import motion
else:
    (motion,) = later("fieldwright.motion")


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
