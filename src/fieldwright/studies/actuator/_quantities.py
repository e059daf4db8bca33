"""The quantities an actuator study computes: names, units, words."""

from __future__ import annotations

from .._names import full_units
from ._model import ActuatorStudy, CasePart

#: name -> (unit, in words); all of them for each case.
ALWAYS = {
    "force_per_current": ("N/A", "largest force per current"),
    "sweet_spot": ("m", "distance of the largest force"),
    "range_low": ("m", "near end of the range with 95 % of the force"),
    "range_high": ("m", "far end of the range with 95 % of the force"),
    "curvature": ("N/A/m^2", "second derivative of the force at the sweet spot"),
    "displacement_coupling": ("N/A/m^2", "displacement-force coupling: minus the curvature"),
    "range_margin": ("m", "distance from the sweet spot to the nearer end of the range"),
    "net_moment": ("A m^2", "net magnetic moment of all magnets (absolute value)"),
    "material_moment": ("A m^2", "sum of the magnets' moments regardless of direction"),
    "magnet_moment": ("A m^2", "magnetic moment of the first magnet (absolute value)"),
    "magnetization": ("A/m", "magnetization of the first magnet's material (absolute value)"),
    "remanence": ("T", "remanence of the first magnet's material (absolute value)"),
    "current_density": ("A/m^2", "coil current density at 1 A"),
    "coil_outer_radius": ("m", "outer radius of the winding"),
    "coil_mean_radius": ("m", "mean radius of the winding"),
}

#: Only where the wire is known.
WITH_WIRE = {
    "resistance": ("ohm", "resistance of the coil"),
    "power_per_force_squared": ("W/N^2", "dissipated power per square of the force"),
}

#: Only where tolerances are given and the case has one magnet.
WITH_TOLERANCES = {
    "force_per_current_deviation": ("N/A", "standard deviation of the largest force per current"),
    "sweet_spot_deviation": ("m", "standard deviation of the sweet spot"),
    "curvature_deviation": ("N/A/m^2", "standard deviation of the curvature"),
}

#: What is computed over the distances.
CURVES = {
    "force": ("N/A", "axial force on the magnet per current"),
    "force_gradient": ("N/A/m", "first derivative of the axial force with distance"),
    "force_curvature": ("N/A/m^2", "second derivative of the axial force with distance"),
}

ALL = {**ALWAYS, **WITH_WIRE, **WITH_TOLERANCES}


def has_tolerances(study: ActuatorStudy, case: CasePart) -> bool:
    """Whether a case gets standard deviations: they are defined for a magnet alone."""
    return study.tolerances is not None and len(case.parts()) == 1


def available(study: ActuatorStudy) -> dict[str, str]:
    """Unit of every quantity the study will compute, by its full name `case.quantity`."""
    units: dict[str, str] = {}
    for name, case in study.all_cases().items():
        table = dict(ALWAYS)
        if study.wire_of(case) is not None:
            table |= WITH_WIRE
        if has_tolerances(study, case):
            table |= WITH_TOLERANCES
        units |= full_units(name, table)
    units |= {name: part.unit(units) for name, part in study.derived.items()}
    return units
