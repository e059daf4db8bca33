"""Luminosity and space charge of a ring study."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from .._fields import Count, Length, quantity, refuse
from .._judge import Text
from .._sections import Item, Names, Numbers, Problems, Rows, Section, standing
from ._build import build
from ._case import has_rf
from ._later import np, rings
from ._parts import Emittance
from ._run import OfCase

_METHODS = (
    "Luminosity is the overlap integral of two Gaussian bunches that meet head-on. Dynamic sizes "
    "are those of a linear lens, consistent with the bunches they are made by."
)


class CollisionPart(OfCase):
    """Two equal bunches that meet head-on."""

    at: list[Text] | None = Field(
        None, min_length=1, description="elements where the beam of the case meets the other"
    )
    particles: Count
    bunches: Count = 1.0
    crossings: int | None = Field(None, ge=1, description="of a beam by numbers: equal ones")
    emittance: Emittance | None = Field(None, description="of a round beam instead")
    beta: Length | None = None
    length: Length | None = None
    wanted_luminosity: quantity("1/m^2/s", positive=True) | None = None  # type: ignore[valid-type]
    wanted_parameter: Count | None = Field(None, description="a space-charge parameter")

    @model_validator(mode="after")
    def _one_beam(self) -> Self:
        numbers = [self.emittance, self.beta, self.length]
        if (self.at is not None) == all(n is not None for n in numbers) or (
            self.at is not None and any(n is not None for n in numbers)
        ):
            raise refuse("give `at`, for the beam of a case, or `emittance`, `beta` and `length`")
        if self.at is not None and self.crossings is not None:
            raise refuse(
                "`crossings` goes with `emittance`: of a case they are those named in `at`"
            )
        return self


COLLISION: Names = {
    "luminosity": ("1/m^2/s", "luminosity with hourglass"),
    "nominal": ("1/m^2/s", "luminosity without hourglass"),
    "hourglass": ("1", "what the hourglass leaves"),
    "parameter": ("1", "space-charge parameter xi"),
    "particles": ("1", "particles in a bunch"),
    "bunches": ("1", "bunches in a beam"),
    "size": ("m", "rms size at the crossing, geometric mean"),
    "dynamic_parameter": ("1", "xi with the sizes that the lenses make, beta of the ring"),
    "dynamic_size_ratio": ("1", "size in collision over that without"),
    "dynamic_luminosity": ("1/m^2/s", "luminosity with the sizes that the lenses make"),
}
WANTED_LUMINOSITY: Names = {
    "particles_wanted": ("1", "particles in a bunch for the luminosity wanted, sizes unchanged"),
    "beta_wanted": ("m", "beta for the luminosity wanted, without hourglass"),
    "parameter_wanted": ("1", "space-charge parameter with that beta's size"),
}
WANTED_PARAMETER: Names = {
    "particles_for_parameter": ("1", "particles in a bunch for the parameter wanted"),
    "luminosity_for_parameter": ("1/m^2/s", "luminosity with these, sizes unchanged"),
}


def _names(item: Item) -> Names:
    names = dict(COLLISION)
    names |= WANTED_LUMINOSITY if item.part.wanted_luminosity is not None else {}
    return names | (WANTED_PARAMETER if item.part.wanted_parameter is not None else {})


def _fits(item: Item) -> Problems:
    if item.part.at is None:
        return
    lattice, at = build(item.run), (*item.at, "at")
    for index, element in enumerate(item.part.at):
        if element not in lattice.names:
            yield (*at, index), f"the lattice has no element {element!r}"
    if not has_rf(lattice):
        yield at, "needs a beam, and the case has no RF: give `emittance`, `beta`, `length`"


def _solve(item: Item) -> Numbers:
    """Luminosity and xi of two equal bunches, and of what they make of each other."""
    item.progress(item.phase)
    with standing(item.at):
        part, ring = item.part, item.of_case
        frequency = float(ring.revolution_frequency) * part.bunches
        bunch, beta = _bunch(item)
        found = rings.luminosity(bunch, frequency=frequency)
        xi = float(np.mean(rings.beam_beam_parameter(bunch, beta, ring.gamma, ring.species)))
        numbers = {
            "luminosity": float(found.luminosity),
            "nominal": float(found.nominal),
            "hourglass": float(found.hourglass),
            "parameter": xi,
            "size": float(np.sqrt(np.prod(np.asarray(bunch.sigma)))),
            "particles": part.particles,
            "bunches": part.bunches,
        }
        mean = float(np.mean(beta))
        change = _by_lens(item, numbers, mean) if part.at is None else _in_ring(item, xi)
        return numbers | change | _wanted(part, numbers, mean)


def _by_lens(item: Item, numbers: Numbers, beta: float) -> Numbers:
    """A round beam of which only numbers are known: noise comes at all phases alike."""
    part, crossings = item.part, item.part.crossings or 1
    tune = float(_optics(item).tunes[0])
    xi = float(rings.self_consistent_xi(numbers["parameter"], tune, crossings))
    change = rings.dynamic_beta(xi, tune, crossings)
    squeezed = rings.Bunch.of_twiss(
        part.particles,
        emittance=numbers["size"] ** 2 / beta * float(change.emittance_ratio),
        beta=beta * float(change.beta_ratio),
        length=part.length,
    )
    frequency = float(item.of_case.revolution_frequency) * part.bunches
    found = rings.luminosity(squeezed, frequency=frequency)
    return {
        "dynamic_parameter": xi,
        "dynamic_size_ratio": float(change.size_ratio),
        "dynamic_luminosity": float(found.luminosity),
    }


def _in_ring(item: Item, xi: float) -> Numbers:
    """The beam that the ring holds with the other's lenses in it."""
    part, beam = item.part, item.found("beam")
    found = rings.beams_in_collision(item.of_case, part.particles, part.at, beam=beam)
    here = found.names.index(part.at[0])
    ratio = float(found.size_ratio[here])
    return {
        "dynamic_parameter": xi / ratio**2,
        "dynamic_size_ratio": ratio,
        "dynamic_luminosity": float(found.luminosity[here]) * part.bunches,
    }


def _bunch(item: Item) -> tuple[rings.Bunch, np.ndarray]:
    """The bunch, and its beta functions."""
    part = item.part
    if part.at is None:
        bunch = rings.Bunch.of_twiss(
            part.particles, emittance=part.emittance, beta=part.beta, length=part.length
        )
        return bunch, np.array([part.beta, part.beta])
    optics, beam = _optics(item), item.found("beam") or rings.equilibrium(item.of_case)
    return rings.Bunch(part.particles, beam.at(part.at[0])), np.asarray(optics.at(part.at[0]).beta)


def _optics(item: Item) -> Any:
    return item.found("optics") or rings.optics(item.of_case)


def _wanted(part: CollisionPart, numbers: Numbers, beta: float) -> Numbers:
    """What it would take to get what is wanted, other things unchanged."""
    found: Numbers = {}
    if part.wanted_luminosity is not None:
        ratio = part.wanted_luminosity / numbers["luminosity"]
        plain = part.wanted_luminosity / numbers["nominal"]
        found |= {
            "particles_wanted": part.particles * float(np.sqrt(ratio)),
            "beta_wanted": beta / plain,
            "parameter_wanted": numbers["parameter"] * plain,
        }
    if part.wanted_parameter is not None:
        ratio = part.wanted_parameter / numbers["parameter"]
        found |= {
            "particles_for_parameter": part.particles * ratio,
            "luminosity_for_parameter": numbers["luminosity"] * ratio**2,
        }
    return found


COLLISIONS = Section(
    group="collisions", one="collision", part=CollisionPart, words="luminosity, by name",
    names=_names, fits=_fits, solve=_solve, methods=_METHODS,
    tables=[Rows("Collisions", COLLISION, "Dynamic quantities are in collision: the bunches' own "
                 "lenses change beta and emittance.")],
)  # fmt: skip
