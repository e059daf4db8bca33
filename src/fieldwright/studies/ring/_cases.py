"""The rings of a study: orbit, optics, beam, formula (10) and magnets of each case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright import rings

from .._study import Progress, standing
from ._build import final, label
from ._formula import formula_numbers
from ._model import RingStudy, RunPart
from ._quantities import found_in, halves, has_rf, places

Numbers = dict[str, float]

_ROUND = 1e-3  # axes that differ by less make a round beam, which has no tilt
_STEP = 0.05  # [m] of the optics that are drawn


@dataclass(frozen=True)
class CaseResult:
    """What one case came to; None what was not asked for."""

    run: RunPart
    lattice: rings.Lattice
    orbit: np.ndarray | None = None
    optics: rings.Optics | None = None
    fine: rings.Optics | None = None  # at many places, for pictures
    chromaticity: rings.Chromaticity | None = None
    beam: rings.Equilibrium | None = None
    formula: rings.TransverseEquilibrium | None = None
    magnets: rings.MagnetStrengths | None = None


def solve_case(study: RingStudy, name: str | None, progress: Progress) -> CaseResult:
    """Everything that a case asks for."""
    run, phase = study.run_of(name), f"ring {name}" if name else "ring"
    if run.match is not None:
        progress(f"matching {name}" if name else "matching")
    ring, find = final_of(study, name), found_in(run)
    drawn = _is_drawn(study, name)
    need: dict[str, tuple[bool, Callable[[], Any]]] = {
        "orbit": ("orbit" in find, lambda: np.asarray(rings.closed_orbit(ring, delta=0.0))),
        "optics": (bool({"optics", "formula"} & set(find)), lambda: rings.optics(ring)),
        "fine": ("optics" in find and drawn, lambda: rings.optics(ring, step=_STEP)),
        "chromaticity": ("chromaticity" in find, lambda: rings.chromaticity(ring)),
        "beam": (bool({"beam", "formula"} & set(find)), lambda: rings.equilibrium(ring)),
        "formula": ("formula" in find, lambda: rings.transverse_equilibrium(ring)),
        "magnets": ("magnets" in find, lambda: rings.magnet_strengths(ring)),
    }
    asked = {what: make for what, (due, make) in need.items() if due}
    found = {}
    with standing(study.place_of(name, "ring")):
        for done, (what, make) in enumerate(asked.items()):
            progress(phase, done / len(asked))
            found[what] = make()
    return CaseResult(run, ring, **found)


def final_of(study: RingStudy, name: str | None) -> rings.Lattice:
    """The lattice of a case; an error in its match stands where that does."""
    with standing(study.place_of(name, "match")):
        return final(study.run_of(name))


def _is_drawn(study: RingStudy, name: str | None) -> bool:
    """Whether a picture shows the optics of a case: fine ones are costly to compile."""
    if not study.figures:
        return len(study.all_cases()) == 1
    shown = (f for f in study.figures.values() if f.show == "optics")
    return any(name in f.cases or (not f.cases and study.case_of(None) == name) for f in shown)


def case_numbers(result: CaseResult) -> Numbers:
    """The quantities of a case, by name."""
    ring = result.lattice
    numbers = {
        "circumference": float(ring.circumference),
        "energy": float(ring.energy),
        "rigidity": float(ring.rigidity),
        "revolution_frequency": float(ring.revolution_frequency),
    }
    if has_rf(ring):
        numbers |= _rf(ring)
    if result.orbit is not None:
        numbers |= _orbit(result.orbit)
    if result.optics is not None:
        numbers |= _optics(result, result.optics)
    if result.chromaticity is not None:
        numbers |= _chromaticity(result.chromaticity)
    if result.beam is not None:
        numbers |= _beam(result, result.beam)
    if result.formula is not None:
        numbers |= formula_numbers(result)
    if result.magnets is not None:
        numbers |= _magnets(result, result.magnets)
    return numbers


def _rf(ring: rings.Lattice) -> Numbers:
    cavities = [index for index, kind in enumerate(ring.kinds) if kind == "RFCavity"]
    on = [index for index in cavities if "voltage" in ring.active[index]]
    harmonic = ring.harmonics[on[0]]
    given = float(ring.elements[on[0]].frequency)  # type: ignore[attr-defined]
    return {
        "rf_frequency": given or harmonic * float(ring.revolution_frequency),
        "rf_harmonic": float(harmonic),
        "rf_voltage": float(np.sum(ring.get("RFCavity:*", "voltage"))),
    }


def _orbit(orbit: np.ndarray) -> Numbers:
    x, y = orbit[:, 0], orbit[:, 2]
    return {
        "largest_orbit_x": float(np.abs(x).max()),
        "largest_orbit_y": float(np.abs(y).max()),
        "rms_orbit_x": float(np.sqrt(np.mean(x**2))),
        "rms_orbit_y": float(np.sqrt(np.mean(y**2))),
    }


def _optics(result: CaseResult, optics: rings.Optics) -> Numbers:
    ring = result.lattice
    beta, tunes = np.asarray(optics.beta), np.asarray(optics.tunes)
    split = tunes[0] - tunes[1]
    numbers = {
        "tune_1": float(tunes[0]),
        "tune_2": float(tunes[1]),
        "tune_split": float(abs(split - round(split))),
        "momentum_compaction": float(optics.momentum_compaction),
        "slip_factor": float(optics.slip_factor),
        "largest_beta_x": float(beta[:, 0].max()),
        "largest_beta_y": float(beta[:, 1].max()),
        "largest_dispersion": float(np.abs(np.asarray(optics.dispersion)[:, [0, 2]]).max()),
    }
    half = halves(ring)
    if half is not None:
        partner = np.searchsorted(np.asarray(ring.s), np.asarray(ring.s)[half]
                                  + float(ring.circumference) / 2 - 1e-9)  # fmt: skip
        ratio = beta[partner] / beta[half]
        numbers["half_turn_difference"] = float(np.abs(ratio - 1).max())
    turn = np.asarray(rings.transfer_matrices(ring, delta=0.0).matrices)[:, :4, :4]
    for place in places(result.run):
        at = optics.at(place)
        here = int(ring.indices(place)[0])
        values = {
            "beta_x": at.beta[0], "beta_y": at.beta[1], "alpha_x": at.alpha[0],
            "alpha_y": at.alpha[1], "dispersion_x": at.dispersion[0],
            "dispersion_y": at.dispersion[2],
            "rotation_defect": _rotation_defect(turn, here),
        }  # fmt: skip
        numbers |= _named(place, values)
    return numbers


def _rotation_defect(matrices: np.ndarray, here: int) -> float:
    """How far one turn from a place commutes with rotations about the beam, in its own size.

    Then the angular momentum x py - y px is kept from turn to turn.
    """
    to = matrices[here]
    turn = to @ matrices[-1] @ np.linalg.inv(to)
    rotation = np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(2))
    scale = np.sqrt(abs(turn[0, 1] / turn[1, 0])) if turn[0, 1] * turn[1, 0] else 1.0
    if not np.isfinite(scale) or scale == 0:
        scale = 1.0
    units = np.diag([1 / np.sqrt(scale), np.sqrt(scale)] * 2)
    turn = units @ turn @ np.linalg.inv(units)
    return float(np.abs(turn @ rotation - rotation @ turn).max() / np.abs(turn).max())


def _named(place: str, values: dict[str, Any]) -> Numbers:
    return {f"{label(place)}_{name}": float(value) for name, value in values.items()}


def _chromaticity(found: rings.Chromaticity) -> Numbers:
    return {
        f"{kind}chromaticity_{mode + 1}": float(values[mode])
        for kind, values in (("", found.total), ("natural_", found.natural))
        for mode in (0, 1)
    }


def _beam(result: CaseResult, beam: rings.Equilibrium) -> Numbers:
    ring = result.lattice
    damping = np.asarray(beam.decrements)
    partition = damping / (float(beam.energy_loss) / (2 * float(ring.energy)))
    numbers = {
        "energy_loss": float(beam.energy_loss),
        "energy_spread": float(beam.energy_spread),
        "bunch_length": float(beam.bunch_length),
        "synchrotron_tune": float(beam.tunes[2]),
        "synchrotron_frequency": float(beam.tunes[2]) * float(ring.revolution_frequency),
        "partition_sum": float(partition.sum()),
    }
    for mode in range(3):
        numbers |= {
            f"decrement_{mode + 1}": float(damping[mode]),
            f"damping_time_{mode + 1}": float(beam.damping_times[mode]),
            f"partition_{mode + 1}": float(partition[mode]),
            f"emittance_{mode + 1}": float(beam.emittances[mode]),
        }
    for place in places(result.run):
        numbers |= _named(place, _spot(np.asarray(beam.at(place))[:3:2, :3:2]))
    return numbers


def _spot(section: np.ndarray) -> dict[str, Any]:
    """The beam's ellipse; a beam without a height is given none."""
    spot = rings.beam_spot(section)
    axes = np.asarray(spot.size)
    roundness = float(axes.min() / axes.max())
    flat = not roundness > 1e-12
    return {
        "sigma_x": np.sqrt(section[0, 0]),
        "sigma_y": np.sqrt(max(section[1, 1], 0.0)),
        "axis_1": axes[0],
        "axis_2": axes[1],
        "tilt": 0.0 if roundness > 1 - _ROUND else spot.angle,
        "roundness": roundness,
        "inverse_area": 0.0 if flat else spot.inverse_area,
    }


def _magnets(result: CaseResult, found: rings.MagnetStrengths) -> Numbers:
    ring = result.lattice
    numbers: Numbers = {f"{kind.lower()}s": float(ring.kinds.count(kind)) for kind in ring.kinds}
    for name in dict.fromkeys(found.names):
        row = found[name]
        rows = [index for index, other in enumerate(found.names) if other == name]
        numbers |= {
            f"{label(name)}_{key}": float(value)
            for key, value in row.items()
            if key not in ("kind", "count")
        }
        numbers[f"{label(name)}_count"] = float(np.sum(np.asarray(found.count)[rows]))
        if result.run.bore is not None:
            field = found.field_at(result.run.bore)[rows[0]]
            numbers[f"{label(name)}_bore_field"] = float(field)
    for place in places(result.run):
        numbers[f"{label(place)}_straight"] = _straight(ring, int(ring.indices(place)[0]))
    return numbers


def _straight(ring: rings.Lattice, here: int) -> float:
    """How far it is from the bend before an element to the bend behind it."""
    bends = np.flatnonzero(np.array(ring.kinds) == "Bend")
    turn = float(ring.circumference)
    if not len(bends) or here in bends:
        return 0.0 if len(bends) else turn
    s = np.asarray(ring.s)
    before, behind = bends[bends < here], bends[bends > here]
    start = s[before[-1] + 1] if len(before) else s[bends[-1] + 1] - turn
    stop = s[behind[0]] if len(behind) else s[bends[0]] + turn
    return float(stop - start)
