"""The quantities a ring study computes: names, units, words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._names import Names, full_units
from ._build import build, label
from ._model import RingStudy, RunPart, ScanPart

if TYPE_CHECKING:
    from fieldwright.rings import Lattice

#: Of each case.
CASE: Names = {
    "circumference": ("m", "circumference"),
    "energy": ("eV", "energy of a particle"),
    "rigidity": ("T m", "magnetic rigidity B rho"),
    "revolution_frequency": ("Hz", "revolution frequency"),
}

#: Where there are cavities with a voltage.
RF: Names = {
    "rf_frequency": ("Hz", "frequency of the RF"),
    "rf_harmonic": ("1", "harmonic number of the RF"),
    "rf_voltage": ("V", "RF voltage of all cavities"),
}

ORBIT: Names = {
    "largest_orbit_x": ("m", "largest horizontal orbit"),
    "largest_orbit_y": ("m", "largest vertical orbit"),
    "rms_orbit_x": ("m", "rms horizontal orbit"),
    "rms_orbit_y": ("m", "rms vertical orbit"),
}

OPTICS: Names = {
    "tune_1": ("1", "tune of mode 1, mainly horizontal"),
    "tune_2": ("1", "tune of mode 2, mainly vertical"),
    "tune_split": ("1", "distance of the tunes from a whole-number difference"),
    "momentum_compaction": ("1", "momentum compaction"),
    "slip_factor": ("1", "slip factor"),
    "largest_beta_x": ("m", "largest horizontal beta function"),
    "largest_beta_y": ("m", "largest vertical beta function"),
    "largest_dispersion": ("m", "largest dispersion"),
}

#: Where the two halves of the ring are alike in the lengths of their elements.
HALVES: Names = {
    "half_turn_difference": ("1", "largest relative difference of beta functions half a turn apart")
}

#: Of optics at each place.
OPTICS_AT: Names = {
    "beta_x": ("m", "horizontal beta function"),
    "beta_y": ("m", "vertical beta function"),
    "alpha_x": ("1", "horizontal alpha"),
    "alpha_y": ("1", "vertical alpha"),
    "dispersion_x": ("m", "horizontal dispersion"),
    "dispersion_y": ("m", "vertical dispersion"),
    "rotation_defect": ("1", "how far one turn is from commuting with rotations about the beam"),
}

CHROMATICITY: Names = {
    f"{kind}chromaticity_{mode}": ("1", f"{words} of mode {mode}")
    for kind, words in (("", "chromaticity"), ("natural_", "natural chromaticity"))
    for mode in (1, 2)
}

BEAM: Names = {
    "energy_loss": ("eV", "energy lost in a turn"),
    **{f"decrement_{k}": ("1", f"damping decrement of mode {k}") for k in (1, 2, 3)},
    **{f"damping_time_{k}": ("s", f"damping time of mode {k}") for k in (1, 2, 3)},
    **{f"partition_{k}": ("1", f"damping partition number of mode {k}") for k in (1, 2, 3)},
    "partition_sum": ("1", "sum of the partition numbers"),
    "emittance_1": ("m rad", "emittance of mode 1"),
    "emittance_2": ("m rad", "emittance of mode 2"),
    "emittance_3": ("m rad", "longitudinal emittance"),
    "energy_spread": ("1", "relative energy spread"),
    "bunch_length": ("m", "bunch length"),
    "synchrotron_tune": ("1", "synchrotron tune"),
    "synchrotron_frequency": ("Hz", "synchrotron frequency"),
}

#: Of the beam at each place.
BEAM_AT: Names = {
    "sigma_x": ("m", "horizontal size"),
    "sigma_y": ("m", "vertical size"),
    "axis_1": ("m", "size along the ellipse's axis next to x"),
    "axis_2": ("m", "size along the other axis"),
    "tilt": ("rad", "angle of the ellipse's axis next to x; 0 where round to 0.1 %"),
    "roundness": ("1", "smaller over larger axis"),
    "inverse_area": ("1/m^2", "inverse effective area 1/S"),
}

#: Of formula (10), and at each place.
FORMULA: Names = {
    "formula_difference": ("1", "formula (10) from the 6-D solution, over the larger size squared"),
    "far_error": ("1", "far-from-resonance form from formula (10), over the larger size squared"),
    "footnote_error": ("1", "noise of the footnote alone from the full one, likewise"),
    "spread_difference": ("1", "relative difference of the energy spread from the 6-D one"),
    "emittance_difference": ("1", "relative difference of both emittances' sum from the 6-D one"),
    "loss_difference": ("1", "relative difference of the energy loss from the 6-D one"),
    "correlation": ("1", "largest correlation of betatron position and momentum in the 6-D beam"),
    "opening_ratio": ("1", "width over height by the light's opening angle alone, over gamma"),
    "printed_far_ratio": ("1", "horizontal size squared by the far form as printed, over (10)"),
}
FORMULA_AT: Names = {
    "formula_sigma_x": ("m", "horizontal size by formula (10)"),
    "formula_sigma_y": ("m", "vertical size by formula (10)"),
    "printed_norm": ("1", "integral of the distribution (7) with the factor as printed"),
    "appendix_difference": (
        "1",
        "axes and 1/S of the appendix from eigenvalues and a sum over P²",
    ),
}

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

APERTURE: Names = {
    "least_radius": ("m", "smallest amplitude of the dynamic aperture"),
    "radius_x": ("m", "dynamic aperture along the first ray"),
    "area": ("m^2", "area of the dynamic aperture"),
}

TRACKING: Names = {
    **{
        f"{name}{end}": (unit, f"{words}{more}")
        for name, unit, words in (
            ("sigma_x", "m", "horizontal size"), ("sigma_y", "m", "vertical size"),
            ("length", "m", "bunch length"), ("energy_spread", "1", "energy spread"),
        )
        for end, more in (("", " of the particles at last"), ("_expected", " that theory expects"))
    },
    "deviation": ("1", "largest deviation from theory in standard errors, of 21 covariances"),
    "mean_square_deviation": ("1", "mean square of these deviations"),
    "lost": ("1", "particles lost"),
}  # fmt: skip

LENS: Names = {
    "phase_1": ("rad", "phase advance g+"),
    "phase_2": ("rad", "phase advance g-"),
    "decrement_1": ("1", "damping omega+"),
    "decrement_2": ("1", "damping omega-"),
    "limit": ("1/m", "strength up to which the ring is stable, in closed form"),
    "limit_difference": ("1", "relative difference of that from eigenvalues of the matrix"),
    "polynomial_difference": ("1", "largest difference of the characteristic polynomial"),
    "phase_difference": ("rad", "largest difference of g+- from the matrix"),
    "decrement_difference": ("1", "largest relative difference of omega+- from the damped matrix"),
    "decrement_imaginary": ("1", "shift of g+- by the damping, over the damping"),
    "vector_difference": ("1", "largest element that U N U⁻¹ has off its diagonal"),
}
LENS_BEAM: Names = {
    "sigma_x": ("m", "horizontal size behind the lens by formula (10)"),
    "sigma_y": ("m", "vertical size behind the lens by formula (10)"),
    "far_error": ("1", "error of the far-from-resonance form"),
}
RESONANCE: Names = {
    "resonance_ratio": ("1", "vertical over horizontal emittance, the largest in the scan"),
    "resonance_share": ("1", "horizontal emittance there over that without coupling"),
    "resonance_far_error": ("1", "largest error of the far-from-resonance form in the scan"),
    "resonance_far_elsewhere": ("1", "its median in the scan"),
}

_SCANNED: dict[str, Names] = {
    "optics": {"tune_1": OPTICS["tune_1"], "tune_2": OPTICS["tune_2"]},
    "beam": {
        name: BEAM[name]
        for name in ("emittance_1", "emittance_2", "energy_spread", "bunch_length", "energy_loss")
    },
    "formula": {"far_error": FORMULA["far_error"]},
}
_SCANNED_AT: dict[str, Names] = {
    "optics": {},
    "beam": {name: BEAM_AT[name] for name in ("sigma_x", "sigma_y")},
    "formula": {
        "formula_sigma_x": FORMULA_AT["formula_sigma_x"],
        "formula_sigma_y": FORMULA_AT["formula_sigma_y"],
        "far_sigma_x": ("m", "horizontal size by the far-from-resonance form"),
        "far_sigma_y": ("m", "vertical size by the far-from-resonance form"),
    },
}

SECTIONS = ("first", "second", "additional")


def found_in(run: RunPart) -> list[str]:
    """What is to be found out about a case: what follows from its cavities if it does not say."""
    if run.find is not None:
        return list(run.find)
    return ["optics", "magnets", *(["beam"] if has_rf(build(run)) else [])]


def has_rf(lattice: Lattice) -> bool:
    """Whether a cavity with a voltage is in a lattice."""
    pairs = zip(lattice.kinds, lattice.active, strict=True)
    return any(kind == "RFCavity" and "voltage" in active for kind, active in pairs)


def halves(lattice: Lattice) -> np.ndarray | None:
    """(n / 2,) elements of the first half whose entrances have one half a turn on; or None.

    None unless all do: then the ring may have two equal halves.
    """
    s, turn = np.asarray(lattice.s)[:-1], float(lattice.circumference)
    first = np.flatnonzero(s < turn / 2 - 1e-9)
    partner = np.searchsorted(s, s[first] + turn / 2 - 1e-9)
    fits = partner < len(s)
    near = np.abs(s[np.minimum(partner, len(s) - 1)] - s[first] - turn / 2) < 1e-9
    return first if bool(np.all(fits & near)) else None


def places(run: RunPart) -> list[str]:
    """The elements where the beam is looked at; the first of the ring if none are named."""
    return list(run.places or [build(run).names[0]])


_KINDS = ("Bend", "Quadrupole", "Sextupole", "Octupole", "Solenoid")


def case_names(study: RingStudy, case: str | None) -> Names:
    """The quantities of a case."""
    run = study.run_of(case)
    lattice, find = build(run), found_in(run)
    names = CASE | (RF if has_rf(lattice) else {})
    names |= ORBIT if "orbit" in find else {}
    if "optics" in find:
        names |= OPTICS | (HALVES if halves(lattice) is not None else {}) | _at(run, OPTICS_AT)
    names |= CHROMATICITY if "chromaticity" in find else {}
    names |= BEAM | _at(run, BEAM_AT) if "beam" in find else {}
    names |= FORMULA | _at(run, FORMULA_AT) if "formula" in find else {}
    return names | (magnet_names(run, lattice) if "magnets" in find else {})


def _at(run: RunPart, names: Names) -> Names:
    return {
        f"{label(place)}_{name}": (unit, f"{words} at {place}")
        for place in places(run)
        for name, (unit, words) in names.items()
    }


def magnet_names(run: RunPart, lattice: Lattice) -> Names:
    """The quantities of a lattice's magnets; only the first of a name that differ."""
    from fieldwright.rings import magnet_strengths

    found = _at(run, {"straight": ("m", "length without bends")})
    for kind in _KINDS:
        if kind in lattice.kinds:
            found[f"{kind.lower()}s"] = ("1", f"number of {kind.lower()}s")
    strengths = magnet_strengths(lattice)
    for name, kind in zip(strengths.names, strengths.kinds, strict=True):
        thick = {"Bend": ["radius", "field"], "Solenoid": ["field"], "Quadrupole": ["gradient"],
                 "Sextupole": ["sextupole"], "Octupole": ["octupole"]}.get(kind)  # fmt: skip
        if thick is None:
            continue
        units = {"radius": "m", "field": "T", "gradient": "T/m", "sextupole": "T/m^2",
                 "octupole": "T/m^3", "length": "m", "count": "1"}  # fmt: skip
        for quantity in ["count", "length", *thick]:
            words = f"{name}: " + ("number" if quantity == "count" else quantity)
            found[f"{label(name)}_{quantity}"] = (units[quantity], words)
        if run.bore is not None and kind not in ("Bend", "Solenoid"):
            found[f"{label(name)}_bore_field"] = ("T", f"{name}: field at the radius of the bore")
    return found


def scan_names(study: RingStudy, part: ScanPart) -> Names:
    """The curves of a scan."""
    run = study.run_of(study.case_of(part.case))
    names: Names = {}
    for find in part.find:
        names |= _SCANNED[find] | _at(run, _SCANNED_AT[find])
    return names


def scan_quantities(study: RingStudy, part: ScanPart) -> Names:
    """The quantities of a scan: ends and extremes of its curves."""
    found: Names = {"unstable": ("1", "points at which the ring is unstable")}
    for name, (unit, words) in scan_names(study, part).items():
        for end in ("first", "last", "least", "largest"):
            found[f"{name}_{end}"] = (unit, f"{words}, {end} of the scan")
        if part.vary == "energy":
            found[f"{name}_exponent"] = ("1", f"{words}: power of the energy it goes with")
    return found


def solenoid_names(count: int, names: list[str]) -> Names:
    """The quantities of a solenoid of sections."""
    found: Names = {
        "peak": ("T", "largest field on the axis"),
        "integral": ("T m", "integral of the field"),
        "length": ("m", "effective length of the integral"),
        "focusing_length": ("m", "effective length of the focusing"),
    }
    for name in names[:count]:
        found[f"{name}_current"] = ("A", f"current of section {name}")
        found[f"{name}_peak"] = ("T", f"largest field of section {name} alone")
        found[f"{name}_force"] = ("N", f"force along the axis on section {name}")
    return found


def group_names(study: RingStudy) -> dict[str, Names]:
    """The quantities of every part of a study that is no case, by its name."""
    groups: dict[str, Names] = {}
    for name, collision in study.collisions.items():
        groups[name] = (
            COLLISION
            | (WANTED_LUMINOSITY if collision.wanted_luminosity is not None else {})
            | (WANTED_PARAMETER if collision.wanted_parameter is not None else {})
        )
    groups |= {name: scan_quantities(study, part) for name, part in study.scans.items()}
    groups |= dict.fromkeys(study.apertures, APERTURE)
    groups |= dict.fromkeys(study.tracking, TRACKING)
    for name, solenoid in study.solenoids.items():
        sections = list(solenoid.sections or SECTIONS)
        groups[name] = solenoid_names(len(sections), sections)
    for name, lens in study.lenses.items():
        groups[name] = LENS | (LENS_BEAM if lens.beam else {})
        groups[name] |= RESONANCE if lens.resonance is not None else {}
    return groups


def available(study: RingStudy) -> dict[str, str]:
    """Unit of every quantity the study will compute, by its full name."""
    units: dict[str, str] = {}
    for case in study.all_cases():
        names = case_names(study, case)
        units |= full_units(case, names)
    for group, names in group_names(study).items():
        units |= full_units(group, names)
    return units | {name: part.unit(units) for name, part in study.derived.items()}
