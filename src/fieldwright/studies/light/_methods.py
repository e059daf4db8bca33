"""How a light study was computed, in sentences for its report."""

from __future__ import annotations

from ._model import LightStudy
from ._quantities import finds, found_in, has_current, in_medium, undulating, waving

_UNDULATOR = (
    "Light of a charge in an undulator is the integral over one period, by quadrature, times the "
    "sum of phases of all periods: harmonics are in step, and the ends are cut. The transverse "
    "velocity is a sine of the place; the longitudinal one follows from constant energy, unless it "
    "is said to be uniform."
)
_BEAM = (
    "Flux of a beam is averaged over its divergence and energy spread. Brilliance takes all that "
    "radiates as Gaussian (Tanaka and Kitamura). Fluxes are in 0.1 % of bandwidth."
)
_MEDIUM = (
    "A medium has a real permittivity, of a plasma or of C. T. Chantler's tables, and attenuates "
    "amplitudes from where light is made to the end of the radiator."
)
_CRYSTAL = (
    "Channeling conditions are those of the planes' continuum potential; dechanneling and "
    "demodulation lengths are estimates, good to tens of percent. The charges' own swing is the "
    "forced oscillation in the harmonic part of the potential."
)
_COHERENT = (
    "Light in step is counted over all angles and the line of the bunch, with the form factor of a "
    "Gaussian bunch that is modulated at the photon energy looked at. Amplitudes fall along the "
    "crystal with the charges that leave, and with attenuation; what the planes capture at the "
    "entrance is counted apart."
)
_FORMULAS = (
    "Formulas (12b) to (24) are those of the crystalline-undulator paper as printed, with the "
    "undulator parameter of the planes. (15), (22) and (23) are densities in the square of the "
    "angle, per rad²."
)
_CHANNELS = (
    "Charges move in the planes' continuum field by steps of our choice; nothing scatters, so that "
    "those lost are lost by the bending alone."
)
_DESIGN = (
    "The best crystal maximises the photons in step of the charges that follow the planes, by "
    "gradient (SLSQP), with q below q_ch and C below the limit given."
)


def methods(study: LightStudy) -> list[str]:
    """The sentences that apply to this study."""
    runs = [study.run_of(name) for name in study.all_cases()]
    applies = {
        _UNDULATOR: any(undulating(run) for run in runs),
        _BEAM: any(has_current(run) and "flux" in finds(run) for run in runs),
        _MEDIUM: any(in_medium(run) for run in runs),
        _CRYSTAL: any(waving(run) for run in runs),
        _COHERENT: any("coherent" in found_in(run) for run in runs),
        _FORMULAS: any("formulas" in found_in(run) for run in runs),
        _CHANNELS: bool(study.channels),
        _DESIGN: bool(study.designs),
    }
    return [sentence for sentence, due in applies.items() if due]
