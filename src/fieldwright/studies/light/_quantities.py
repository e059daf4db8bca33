"""The quantities a light study computes: names, units, words."""

from __future__ import annotations

from .._names import Names, full_units
from ._model import Find, LightStudy, RunPart

#: Of each case.
CASE: Names = {
    "gamma": ("1", "Lorentz factor"),
    "energy": ("eV", "energy of a charge"),
}

#: Of an undulator, a magnet or a crystal.
UNDULATOR: Names = {
    "K": ("1", "undulator parameter of the motion that makes the light"),
    "excess": ("1", "one plus the mean square of gamma times the transverse velocity"),
    "period": ("m", "period"),
    "periods": ("1", "number of periods"),
    "length": ("m", "length"),
    "natural_width": ("1", "relative width of the line of one charge, one over the periods"),
    "natural_spread": ("eV", "width of the line of one charge"),
}
MAGNET: Names = {"peak_field": ("T", "peak field of the undulator")}
PLANES: Names = {"amplitude": ("m", "amplitude of the planes")}

#: Of an undulator in a medium.
MEDIUM: Names = {
    "low": ("eV", "photon energy of soft light, omega-"),
    "high": ("eV", "photon energy of hard light, omega+"),
    "low_wavelength": ("m", "wavelength of soft light"),
    "high_wavelength": ("m", "wavelength of hard light"),
    "low_estimate": ("eV", "soft light far above threshold, (13)"),
    "high_estimate": ("eV", "hard light far above threshold, (13)"),
    "estimated_wavelength": ("m", "wavelength of soft light far above threshold, (13)"),
    "threshold": ("1", "Lorentz factor from which on there is light, gamma_th"),
    "plasma_energy": ("eV", "plasma energy of all electrons of the medium"),
    "plasma_wavelength": ("m", "wavelength of the plasma frequency"),
    "line_offset": ("1", "how far the photon energy is above the soft line, in widths of it"),
    "line_share": ("1", "light on the axis at the photon energy over that on the soft line"),
}
ATTENUATION: Names = {"attenuation_length": ("m", "length over which light falls by e")}

#: Light of one charge on the axis at the photon energy of the case.
AXIS: Names = {
    "photon_energy": ("eV", "photon energy looked at"),
    "wavelength": ("m", "wavelength in vacuum of the photon energy looked at"),
    "on_axis": ("1/rad^2", "photons of a charge on the axis, per steradian and unit bandwidth"),
}
STEP: Names = {
    "on_axis_step": (
        "1/rad^2",
        "photons of a charge on the axis, per steradian and Omega of bandwidth",
    ),
}
PATH: Names = {
    "path_on_axis": ("1/rad^2", "photons of a charge on the axis by a sum along its path"),
    "path_difference": ("1", "relative difference of the sum along the path"),
}

#: Of each harmonic of a magnetic undulator.
HARMONIC: Names = {"energy": ("eV", "photon energy on the axis")}
FLUX: Names = {
    "density": ("1/s/mrad^2", "flux density on the axis of the beam, 0.1 % bandwidth"),
    "flux": ("1/s", "flux in the central cone, 0.1 % bandwidth"),
    "brilliance": ("1/s/mm^2/mrad^2", "brilliance, 0.1 % bandwidth"),
}
POWER: Names = {
    "power": ("W", "power of all the light"),
    "power_density": ("W/mrad^2", "power density on the axis"),
}

BENDING: Names = {
    "critical_energy": ("eV", "photon energy that halves the power"),
    "flux": ("1/s/mrad", "flux over all vertical angles, 0.1 % bandwidth"),
    "density": ("1/s/mrad^2", "flux density in the plane of the orbit, 0.1 % bandwidth"),
    "opening": ("rad", "rms vertical angle of one charge's light"),
    "polarisation": ("1", "linear polarisation over all vertical angles"),
    "image_size": ("m", "rms size that a point has in its light, by diffraction"),
}

#: Of a crystal's channels.
CHANNEL: Names = {
    "spacing": ("m", "distance of the planes"),
    "well_depth": ("eV", "depth of the well between the planes"),
    "well_ratio": ("1", "depth of the well over the rest energy"),
    "lindhard_angle": ("rad", "Lindhard angle"),
    "channeling_period": ("m", "length of a small oscillation in the channel"),
    "dechanneling_straight": ("m", "dechanneling length of the straight crystal"),
}

#: Where the planes wave.
CONDITIONS: Names = {
    "steepest_angle": ("rad", "largest angle of the planes"),
    "planes_K": ("1", "undulator parameter q of the planes"),
    "largest_K": ("1", "q_ch, Lorentz factor times Lindhard angle"),
    "K_ratio": ("1", "q of the planes over q_ch"),
    "bending_parameter": ("1", "C, centrifugal over largest force of the planes"),
    "acceptance": ("1", "share of the beam held by planes bent evenly at their largest"),
    "period_ratio": ("1", "bending period over channeling period"),
    "swing_ratio": ("1", "swing of the charges over that of the planes"),
    "forced_amplitude": ("m", "forced swing of the charges about the planes"),
    "moving_parameter": ("1", "C times the swing ratio: part of the channel used up"),
    "held": ("1", "share of a parallel beam that follows the planes"),
    "dechanneling_length": ("m", "dechanneling length"),
    "dechanneling_ratio": ("1", "length of the crystal over the dechanneling length"),
    "demodulation_length": ("m", "demodulation length"),
    "failed": ("1", "conditions of a crystalline undulator that do not hold, of seven"),
}

#: The closed formulas of the crystalline-undulator paper, with the planes' own q.
FORMULAS: Names = {
    "formula_low": ("eV", "omega- of (12b)"),
    "formula_high": ("eV", "omega+ of (12b)"),
    "formula_threshold": ("1", "gamma_th of (12b)"),
    "formula_on_axis": ("1/eV/rad^2", "(14) on the line: one charge, per square of the angle"),
    "formula_line": ("1/rad^2", "(15): one charge in 1/n of bandwidth, per square of the angle"),
    "formula_line_bunch": ("1/rad^2", "(15): all charges of the bunch, per square of the angle"),
    "formula_coherent": ("1/rad^2", "(22): light in step, per square of the angle"),
    "formula_incoherent": (
        "1/rad^2",
        "(23): not in step in the same width, per square of the angle",
    ),
    "formula_ratio": ("1", "(24): in step over not"),
    "formula_width": ("1", "full relative width of the line in step, lambda / (pi sigma_Z)"),
    "formula_spread": ("eV", "delta_coh of (22), lambda / (2 pi sigma_Z), times the energy"),
    "formula_depth": ("1", "modulation depth at which (24) is one"),
    "estimated_depth": ("1", "2 / sqrt(N), the paper's limit of the modulation depth"),
    "formula_share": ("1", "energy of as many photons as (22) has digits, over the bunch's"),
}

#: Light of the bunch at the photon energy, over all angles.
COHERENT: Names = {
    "coherent": ("1", "photons in step, over all angles and the whole line"),
    "incoherent": (
        "1",
        "photons not in step, over all angles, within the width of the line in step",
    ),
    "coherent_axis": ("1/rad^2", "photons in step on the axis, per steradian"),
    "line_width": ("eV", "full width of the line in step, 2 hbar c / sigma_Z"),
    "solid_angle": ("rad^2", "solid angle of the light in step"),
    "kept": ("1", "what loss of light and of charges leaves of the photons in step"),
    "equal_depth": ("1", "modulation depth at which as many are in step as not"),
    "incoherent_line": ("1", "photons not in step, over all angles, within 1/n of bandwidth"),
    "coherent_share": ("1", "energy of the photons in step over that of the bunch"),
}
HELD: Names = {"coherent_held": ("1", "photons in step of the charges that follow the planes")}

#: Of parts that are no cases.
SPECTRUM: Names = {
    "peak_energy": ("eV", "photon energy of the largest value"),
    "width": ("eV", "full width at half of the largest value"),
    "relative_width": ("1", "full width at half maximum over the photon energy"),
}
MAP: Names = {
    "peak": ("1/rad^2", "largest value, photons of a charge per steradian and unit bandwidth"),
    "peak_x": ("rad", "angle in x of the largest value"),
    "peak_y": ("rad", "angle in y of the largest value"),
    "total": ("1", "photons of a charge in the picture, per unit bandwidth"),
}
TUNED: Names = {
    "lowest_energy": ("eV", "lowest photon energy"),
    "highest_energy": ("eV", "highest photon energy"),
    "largest_brilliance": ("1/s/mm^2/mrad^2", "largest brilliance"),
    "largest_flux": ("1/s", "largest flux in the central cone"),
    "best_K": ("1", "K of the largest brilliance"),
}
CHANNELED: Names = {
    "left": ("1", "fraction of the charges still in their channels at the end"),
    "half_way": ("1", "fraction of the charges still in their channels half way"),
    "error": ("eV", "largest change of a charge's energy while channeled"),
}
LIMITS: Names = {
    "bending_amplitude": ("m", "largest amplitude at the period of the case, by C"),
    "angle_amplitude": ("m", "largest amplitude at the period of the case, by q_ch"),
    "bending_K": ("1", "q of the planes with the largest amplitude by C"),
    "shortest_period": ("m", "shortest period at the amplitude of the case, by C"),
}
DESIGN: Names = {
    "amplitude": ("m", "amplitude of the planes"),
    "period": ("m", "period of the bending"),
    "length": ("m", "length of the crystal"),
    "periods": ("1", "number of periods, not rounded"),
    "K": ("1", "undulator parameter of the charges"),
    "coherent": ("1", "photons in step of the charges that follow the planes"),
    "kept": ("1", "what loss of light and of charges leaves of the photons in step"),
    "held": ("1", "share of the beam that follows the planes"),
    "bending_parameter": ("1", "C, centrifugal over largest force of the planes"),
}
MEASUREMENT: Names = {
    "gain": ("1", "photons in step at depth one over those not in step"),
    "depth": ("1", "modulation depth"),
    "depth_error": ("1", "standard deviation of the modulation depth"),
    "low": ("1", "depth at one standard deviation of its square below"),
    "high": ("1", "depth at one standard deviation of its square above"),
    "significance": ("1", "standard deviations from no modulation"),
    "smallest": ("1", "least depth that such counts tell from none"),
}


def waving(run: RunPart) -> bool:
    """Whether the case has a crystal whose planes wave."""
    crystal = None if run.radiator is None else run.radiator.crystal
    return crystal is not None and crystal.waves


def undulating(run: RunPart) -> bool:
    """Whether the case has an undulator, a magnet or a crystal."""
    return waving(run) or (run.radiator is not None and run.radiator.undulator is not None)


def in_medium(run: RunPart) -> bool:
    """Whether something fills the radiator."""
    return run.medium is not None and not run.medium.empty


def harmonics_of(run: RunPart) -> list[int]:
    """Harmonics of a magnetic undulator that are looked at."""
    if run.harmonics is not None:
        return run.harmonics
    undulator = None if run.radiator is None else run.radiator.undulator
    return [1] if undulator is None or undulator.shape == "helical" else [1, 3, 5]


def has_current(run: RunPart) -> bool:
    """Whether the beam has a current."""
    return run.beam is not None and run.beam.current is not None


def finds(run: RunPart) -> list[Find]:
    """What can be found out about a case."""
    radiator = run.radiator
    if radiator is None:
        return []
    coils, way = radiator.undulator, radiator.trajectory
    magnet = coils is not None and not in_medium(run)
    true = coils is not None and not coils.uniform
    whole = run.bunch is not None and undulating(run)
    there: dict[Find, bool] = {
        "lines": undulating(run),
        "axis": undulating(run) or (way is not None and run.photon_energy is not None),
        "path": undulating(run),
        "flux": has_current(run) and (magnet or radiator.bending_magnet is not None),
        "power": has_current(run) and magnet and true,
        "channeling": radiator.crystal is not None,
        "formulas": whole and run.medium is not None and run.medium.plasma_energy is not None
        and (waving(run) or (coils is not None and coils.shape == "planar")),
        "coherent": whole,
    }  # fmt: skip
    return [find for find, possible in there.items() if possible]


def found_in(run: RunPart) -> list[Find]:
    """What is found out about a case: what it asks for, or all but the sum along the path."""
    if run.find is not None:
        return list(run.find)
    return [find for find in finds(run) if find != "path"]


def case_names(study: LightStudy, case: str | None) -> Names:
    """The quantities of a case."""
    run = study.run_of(case)
    assert run.radiator is not None
    find, crystal = found_in(run), run.radiator.crystal
    names = dict(CASE)
    if "lines" in find:
        names |= UNDULATOR | (MEDIUM if in_medium(run) else _harmonics(run, HARMONIC))
        names |= PLANES if crystal is not None else MAGNET
    if run.medium is not None and run.medium.attenuates and undulating(run):
        names |= ATTENUATION
    if "axis" in find:
        names |= AXIS | (STEP if undulating(run) else {})
    if "path" in find:
        names |= PATH
    if "flux" in find:
        names |= BENDING if run.radiator.bending_magnet is not None else _harmonics(run, FLUX)
    names |= POWER if "power" in find else {}
    if "channeling" in find:
        names |= CHANNEL | (CONDITIONS if waving(run) else {})
    names |= FORMULAS if "formulas" in find else {}
    if "coherent" in find:
        names |= COHERENT | (HELD if waving(run) else {})
    return names


def _harmonics(run: RunPart, names: Names) -> Names:
    return {
        f"harmonic_{n}_{name}": (unit, f"harmonic {n}: {words}")
        for n in harmonics_of(run)
        for name, (unit, words) in names.items()
    }


def group_names(study: LightStudy) -> dict[str, Names]:
    """The quantities of every part of a study that is no case, by its name."""
    groups: dict[str, Names] = {}
    for name in study.spectra:
        groups[name] = {"peak": (spectrum_unit(study, name), "largest value")} | SPECTRUM
    groups |= dict.fromkeys(study.maps, MAP)
    for name, tuning in study.tuning.items():
        run = study.run_of(study.case_of(tuning.case))
        tuned = run.model_copy(update={"harmonics": tuning.harmonics or run.harmonics})
        groups[name] = _harmonics(tuned, TUNED)
    groups |= dict.fromkeys(study.channels, CHANNELED)
    groups |= dict.fromkeys(study.limits, LIMITS)
    groups |= dict.fromkeys(study.designs, DESIGN)
    return groups | dict.fromkeys(study.measurements, MEASUREMENT)


def spectrum_unit(study: LightStudy, name: str) -> str:
    """Of a beam with current in vacuum its flux density; of one charge else."""
    run = study.run_of(study.case_of(study.spectra[name].case))
    return "1/s/mrad^2" if has_current(run) and not in_medium(run) else "1/rad^2"


def available(study: LightStudy) -> dict[str, str]:
    """Unit of every quantity the study will compute, by its full name."""
    units: dict[str, str] = {}
    for case in study.all_cases():
        units |= full_units(case, case_names(study, case))
    for group, names in group_names(study).items():
        units |= full_units(group, names)
    return units | {name: part.unit(units) for name, part in study.derived.items()}
