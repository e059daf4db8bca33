"""Luminosity and space charge of a ring study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright import rings

from ._cases import CaseResult, Numbers
from ._model import CollisionPart


@dataclass(frozen=True)
class CollisionResult:
    """What a collision came to."""

    bunch: rings.Bunch
    found: rings.Luminosity
    numbers: Numbers


def solve_collision(part: CollisionPart, case: CaseResult) -> CollisionResult:
    """Luminosity and xi of two equal bunches, and of what they make of each other."""
    ring = case.lattice
    frequency = float(ring.revolution_frequency) * part.bunches
    bunch, beta = _bunch(part, case)
    found = rings.luminosity(bunch, frequency=frequency)
    xi = float(np.mean(rings.beam_beam_parameter(bunch, beta, ring.gamma, ring.species)))
    size = float(np.sqrt(np.prod(np.asarray(bunch.sigma))))
    numbers = {
        "luminosity": float(found.luminosity),
        "nominal": float(found.nominal),
        "hourglass": float(found.hourglass),
        "parameter": xi,
        "size": size,
        "particles": part.particles,
        "bunches": part.bunches,
    }
    mean = float(np.mean(beta))
    change = _by_lens(part, case, numbers, mean) if part.at is None else _in_ring(part, case, xi)
    return CollisionResult(bunch, found, numbers | change | _wanted(part, numbers, mean))


def _by_lens(part: CollisionPart, case: CaseResult, numbers: Numbers, beta: float) -> Numbers:
    """A round beam of which only numbers are known: noise comes at all phases alike."""
    tune, crossings = _tune(case), part.crossings or 1
    xi = float(rings.self_consistent_xi(numbers["parameter"], tune, crossings))
    change = rings.dynamic_beta(xi, tune, crossings)
    squeezed = rings.Bunch.of_twiss(
        part.particles,
        emittance=numbers["size"] ** 2 / beta * float(change.emittance_ratio),
        beta=beta * float(change.beta_ratio),
        length=part.length,
    )
    frequency = float(case.lattice.revolution_frequency) * part.bunches
    found = rings.luminosity(squeezed, frequency=frequency)
    return {
        "dynamic_parameter": xi,
        "dynamic_size_ratio": float(change.size_ratio),
        "dynamic_luminosity": float(found.luminosity),
    }


def _in_ring(part: CollisionPart, case: CaseResult, xi: float) -> Numbers:
    """The beam that the ring holds with the other's lenses in it."""
    assert part.at is not None
    found = rings.beams_in_collision(case.lattice, part.particles, part.at, beam=case.beam)
    here = found.names.index(part.at[0])
    ratio = float(found.size_ratio[here])
    return {
        "dynamic_parameter": xi / ratio**2,
        "dynamic_size_ratio": ratio,
        "dynamic_luminosity": float(found.luminosity[here]) * part.bunches,
    }


def _bunch(part: CollisionPart, case: CaseResult) -> tuple[rings.Bunch, np.ndarray]:
    if part.at is None:
        beta = np.array([part.beta, part.beta])
        bunch = rings.Bunch.of_twiss(
            part.particles, emittance=part.emittance, beta=part.beta, length=part.length
        )
        return bunch, beta
    optics = case.optics or rings.optics(case.lattice)
    beam = case.beam or rings.equilibrium(case.lattice)
    return rings.Bunch(part.particles, beam.at(part.at[0])), np.asarray(optics.at(part.at[0]).beta)


def _tune(case: CaseResult) -> float:
    optics = case.optics or rings.optics(case.lattice)
    return float(optics.tunes[0])


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
