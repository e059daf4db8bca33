"""The quantities a trap study computes: names, units, words."""

from __future__ import annotations

from .._names import Names, full_units
from ._parts import TrapPart
from ._run import RunPart, TrapStudy

#: Of each case.
CASE: Names = {
    "left": ("1", "fraction of ions left at the end"),
    "evaluations": ("1", "sums over all pairs of ions"),
    "final_x": ("m", "x of the first ion at the end"),
    "final_y": ("m", "y of the first ion at the end"),
    "final_z": ("m", "z of the first ion at the end"),
    "ions": ("1", "number of ions"),
    "steps": ("1", "steps of the integrator"),
    "magnetic_field": ("T", "magnetic field at the trap's centre"),
    "voltage": ("V", "voltage of the trap"),
    "size": ("m", "size of the trap"),
    "mass": ("kg", "mass of the first ion"),
}

#: Where the trap must hold its ions.
HELD: Names = {
    "cyclotron_frequency": ("rad/s", "free cyclotron frequency of the first ion"),
    "axial_frequency": ("rad/s", "axial frequency of the first ion"),
    "modified_cyclotron_frequency": ("rad/s", "modified cyclotron frequency of the first ion"),
    "magnetron_frequency": ("rad/s", "magnetron frequency of the first ion"),
    "trapping_ratio": ("1", "charge over mass of the first ion, over the least that is held"),
}

#: Where it is round, too, so that single ions make circles.
ROUND: Names = {
    "radius_low": ("m", "least distance from the axis of the first ion, were it alone"),
    "radius_high": ("m", "largest distance from the axis of the first ion, were it alone"),
    "axial_spread": ("1", "largest relative change of an ion's axial amplitude"),
    "ring_excess": ("m", "farthest that an ion got outside the ring it would keep alone"),
}

#: Where neither drive nor damping changes it.
ENERGY: Names = {"energy_drift": ("1", "largest relative change of the total energy")}

#: Where the exact motion is known: ions that do not interact in an ideal trap.
EXACT: Names = {
    "largest_error": ("m", "largest distance from the exact place"),
    "final_error": ("m", "distance from the exact place at the end"),
    "largest_axial_error": ("m", "largest error of z"),
    "early_axial_error": ("m", "largest error of z in the first tenth of the time"),
    "relative_error": ("1", "largest distance from the exact place over that from the centre"),
}

#: Of each comparison.
COMPARISON: Names = {
    "initial_distance": ("m", "distance of equal ions at the beginning, root mean square"),
    "final_distance": ("m", "distance of equal ions at the end, root mean square"),
    "largest_distance": ("m", "largest distance of equal ions"),
}

#: Of each integrator in a convergence.
ORDER: Names = {
    "rate": ("1", "convergence rate, mean over the step sizes"),
    "order": ("1", "order of the error between the two smallest steps"),
    "largest_ratio": ("1", "largest ratio of the error to that of the next longer step"),
}
ERROR: Names = {
    "error": ("m", "largest error"),
    "relative": ("1", "largest relative error"),
}

#: Of each scan, and of each of its bands.
SCAN: Names = {
    "found": ("1", "number of loss bands found at all amplitudes"),
    "narrowest": ("rad/s", "width of the narrowest of the bands measured"),
    "least_left": ("1", "least fraction of ions left, mean over the clouds"),
    "step": ("rad/s", "step of the frequency"),
}
BAND: Names = {
    "low": ("rad/s", "lower edge of the loss band"),
    "high": ("rad/s", "upper edge of the loss band"),
    "width": ("rad/s", "width of the loss band"),
    "left": ("1", "least fraction of ions left in the band"),
    "unstable_low": ("rad/s", "lower edge of the Floquet instability"),
    "unstable_high": ("rad/s", "upper edge of the Floquet instability"),
    "growth": ("1/s", "largest growth rate of the motion in the band"),
}

#: Of each detection.
DETECTION: Names = {
    "peak_frequency": ("Hz", "frequency of the strongest line of the image current"),
    "peak_amplitude": ("A", "amplitude of the strongest line of the image current"),
    "line_spacing": ("Hz", "resolution of the spectrum"),
}

#: Constants, of which a study that says so holds the printed values against ours.
CONSTANTS: Names = {
    "coulomb_constant": ("N m^2/C^2", "Coulomb constant"),
    "tesla": ("T", "one tesla"),
    "volt": ("V", "one volt"),
}


def has_energy(run: RunPart) -> bool:
    """Whether the energy of a case stays the same."""
    bounded = run.trap is not None and run.trap.bounded
    return not (run.drives or run.damping or run.relativistic or bounded)


def is_round(run: RunPart) -> bool:
    """Whether single ions of a case make circles about the axis."""
    trap = run.trap
    return trap is not None and not (run.allow_unstable or trap.ellipticity or any(trap.tilt))


def is_linear(trap: TrapPart) -> bool:
    """Whether the fields of a trap are linear in position, so that single ions move exactly."""
    return trap.coil is None and not (trap.C4 or trap.C6 or trap.B2)


def has_exact(run: RunPart) -> bool:
    """Whether the exact motion of a case is known: no interaction, fields linear in position."""
    if run.trap is None or run.damping or run.relativistic or run.trap.bounded:
        return False
    single = run.ions is not None and [part.count() for part in run.ions] == [1]
    return is_linear(run.trap) and (run.interaction is False or single)


def case_names(study: TrapStudy, case: str | None) -> Names:
    """The quantities of a case."""
    run = study.run_of(case)
    return (
        CASE
        | ({} if run.allow_unstable else HELD)
        | (ROUND if is_round(run) else {})
        | (ENERGY if has_energy(run) else {})
        | (EXACT if has_exact(run) else {})
    )


def group_names(study: TrapStudy) -> dict[str, Names]:
    """The quantities of every part of a study that is no case, by its name."""
    groups = dict.fromkeys(study.comparisons, COMPARISON)
    groups |= dict.fromkeys(study.detection, DETECTION)
    for name, convergence in study.convergence.items():
        groups[name] = {
            f"{integrator}_{quantity}": (unit, f"{integrator}: {words}")
            for integrator in convergence.integrators
            for quantity, (unit, words) in ORDER.items()
        } | {
            f"{integrator}_{quantity}_{steps}": (unit, f"{integrator}, {steps} steps: {words}")
            for integrator in convergence.integrators
            for quantity, (unit, words) in ERROR.items()
            for steps in convergence.steps
        }
    for name, scan in study.scans.items():
        groups[name] = SCAN | {
            f"{band}_{quantity}": (unit, f"{band}: {words}")
            for band in scan.bands
            for quantity, (unit, words) in BAND.items()
        }
    return groups


def available(study: TrapStudy) -> dict[str, str]:
    """Unit of every quantity the study will compute, by its full name."""
    units = {name: unit for name, (unit, _) in CONSTANTS.items()}
    for case in study.all_cases():
        names = case_names(study, case)
        units |= full_units(case, names)
    for group, names in group_names(study).items():
        units |= full_units(group, names)
    return units | {name: part.unit(units) for name, part in study.derived.items()}
