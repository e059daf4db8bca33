"""Solenoids of coil sections in a ring study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright import rings
from fieldwright.sources import Coil

from ._cases import Numbers
from ._model import SolenoidPart
from ._quantities import SECTIONS


@dataclass(frozen=True)
class SolenoidResult:
    """The sections, and the forces between them."""

    names: list[str]
    sections: list[Coil]
    field: rings.SolenoidField
    forces: np.ndarray


def solve_solenoid(part: SolenoidPart) -> SolenoidResult:
    """Field and forces of a solenoid."""
    names, sections = _sections(part)
    return SolenoidResult(
        names, sections, rings.solenoid_field(sections), np.asarray(rings.section_forces(sections))
    )


def _sections(part: SolenoidPart) -> tuple[list[str], list[Coil]]:
    if part.sections is None:
        fields = {"main": part.main, "additional": part.additional}
        given = {name: value for name, value in fields.items() if value is not None}
        return list(SECTIONS), list(rings.vepp2000_solenoid(**given))
    import jax.numpy as jnp

    coils = [
        Coil(
            one.inner_radius, one.outer_radius, one.length, one.turns, one.current,
            position=jnp.array([0.0, 0.0, one.position]),
        )
        for one in part.sections.values()
    ]  # fmt: skip
    return list(part.sections), coils


def solenoid_numbers(result: SolenoidResult) -> Numbers:
    """Fields and forces of a solenoid."""
    field = result.field
    numbers = {
        "peak": float(field.peak),
        "integral": float(field.integral),
        "length": float(field.length),
        "focusing_length": float(field.focusing_length),
    }
    pushed = result.forces.sum(axis=0)
    for name, coil, force in zip(result.names, result.sections, pushed, strict=True):
        numbers |= {
            f"{name}_current": float(coil.current),
            f"{name}_peak": float(rings.solenoid_field([coil]).peak) if coil.current else 0.0,
            f"{name}_force": float(force),
        }
    return numbers
