"""The knobs and targets of a study's match."""

from __future__ import annotations

import math

from ...errors import InputError
from ._later import rings
from ._parts import MatchPart, TargetPart
from ._settings import naming, number, split, value_of

#: Units of what may be asked for; four of them for orbit and dispersion.
_UNITS: dict[str, str | tuple[str, ...]] = {
    "beta": "m", "mode_beta": "m", "mode_gamma": "1/m", "mode_phase": "rad", "phase": "rad",
    "orbit": ("m", "1", "m", "1", "m", "1"), "dispersion": ("m", "1", "m", "1"),
    "energy_loss": "eV", "damping_times": "s", "emittances": "m rad", "bunch_length": "m",
    "sigma_x": "m", "sigma_y": "m", "circumference": "m",
}  # fmt: skip


def make_vary(lattice: rings.Lattice, part: MatchPart) -> list[rings.Vary]:
    """The knobs; `InputError` where one does not fit the lattice."""
    found = []
    for index, knob in enumerate(part.vary):
        with naming(f"match.vary.{index}.number"):
            name, column = split(knob.number, "number")
            lattice.get(name, column)
        bounds = {}
        for key, given in (("lower", knob.start), ("upper", knob.stop)):
            if given is not None:
                word = {"lower": "from", "upper": "to"}[key]
                with naming(f"match.vary.{index}.{word}"):
                    bounds[key] = value_of(lattice, name, column, given)
        with naming(f"match.vary.{index}"):
            found.append(rings.Vary(name, column, **bounds))
    return found


def make_targets(part: MatchPart, lattice: rings.Lattice | None = None) -> list[rings.Target]:
    """The targets; `InputError` where one cannot be, or its element is not in the lattice."""
    found = []
    for index, target in enumerate(part.targets):
        at = f"match.targets.{index}"
        if lattice is not None and target.at is not None:
            with naming(f"{at}.at"):
                lattice.indices(target.at)
        with naming(f"{at}.value"):
            value = _value(target)
        with naming(at):
            found.append(rings.Target(target.quantity, value, target.at))
    return found


def _value(target: TargetPart) -> float | list[float]:
    units = _UNITS.get(target.quantity, "1")
    if not isinstance(target.value, list):
        return number(target.value, units if isinstance(units, str) else units[0])
    every = units if isinstance(units, tuple) else (units,) * len(target.value)
    if len(target.value) > len(every):
        raise InputError(f"{target.quantity} has {len(every)} numbers, got {len(target.value)}")
    return [
        math.nan if one is None else number(one, unit)
        for one, unit in zip(target.value, every, strict=False)
    ]
