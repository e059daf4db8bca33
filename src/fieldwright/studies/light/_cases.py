"""One case: what radiates, and the numbers of its light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright import light
from fieldwright.constants import ELECTRON_REST_ENERGY, HC

from .._study import Progress, standing
from ._build import Setup, build
from ._model import LightStudy
from ._paths import path_through
from ._quantities import found_in, harmonics_of, in_medium, undulating, waving

Numbers = dict[str, float]


@dataclass(frozen=True)
class CaseResult:
    """What one case came to."""

    setup: Setup
    numbers: Numbers
    coherent: light.CoherentLight | None = None


def solve_case(study: LightStudy, name: str | None, progress: Progress) -> CaseResult:
    """Every number of a case."""
    progress(f"case {name}" if name else "light")
    run = study.run_of(name)
    with standing(study.place_of(name, "radiator")):
        setup = build(run)
        find = found_in(run)
        numbers: Numbers = {"gamma": setup.gamma, "energy": setup.energy}
        if "lines" in find:
            numbers |= _undulator(setup) | _lines(setup)
        if undulating(run) and in_medium(run):
            lost = float(setup.medium.attenuation(setup.photon_energy))
            numbers |= {"attenuation_length": 1 / lost} if lost > 0 else {}
        if "axis" in find:
            numbers |= _axis(setup)
        if "path" in find:
            numbers |= _path(setup)
        if "flux" in find:
            numbers |= (
                _bending(setup) if run.radiator and run.radiator.bending_magnet else _flux(setup)
            )
        if "power" in find:
            assert setup.undulator is not None
            numbers["power"] = float(light.undulator_power(setup.undulator, setup.beam))
            numbers["power_density"] = float(light.power_density(setup.undulator, setup.beam))
        lengths: Numbers = {}
        if waving(run) or "channeling" in find:
            lengths = _channeling(setup)
            numbers |= lengths
        if "formulas" in find:
            numbers |= _formulas(setup)
        if "coherent" not in find:
            return CaseResult(setup, numbers)
        found = coherent_light(setup, lengths)
        return CaseResult(setup, numbers | _coherent(setup, found, lengths), found)


def _undulator(setup: Setup) -> Numbers:
    undulator = setup.undulator
    assert undulator is not None and setup.photon_energy is not None
    numbers = {
        "K": float(undulator.K),
        "excess": 1 + float(undulator.mean_square),
        "period": float(undulator.period),
        "periods": float(undulator.periods),
        "length": float(undulator.length),
        "natural_width": 1 / undulator.periods,
        "natural_spread": setup.photon_energy / undulator.periods,
        "peak_field": float(undulator.peak_field),
    }
    if setup.planes is not None:
        numbers["amplitude"] = float(setup.planes.amplitude)
    return numbers


def _lines(setup: Setup) -> Numbers:
    undulator, energy = setup.undulator, setup.photon_energy
    assert undulator is not None and energy is not None
    if not in_medium(setup.run):
        return {
            f"harmonic_{n}_energy": float(undulator.harmonic_energy(setup.gamma, n))
            for n in harmonics_of(setup.run)
        }
    found = light.medium_lines(undulator, setup.gamma, setup.medium)
    low, high, plasma = (
        float(number)
        for number in (found.low, found.high, setup.medium.plasma_energy)  # type: ignore[attr-defined]
    )
    two = light.undulator_photons(
        undulator, setup.gamma, np.array([energy, low]), medium=setup.medium
    )
    return {
        "low": low,
        "high": high,
        "low_wavelength": HC / low,
        "high_wavelength": HC / high,
        "low_estimate": float(found.low_far),
        "high_estimate": float(found.high_far),
        "estimated_wavelength": HC / float(found.low_far),
        "threshold": float(found.threshold),
        "plasma_energy": plasma,
        "plasma_wavelength": HC / plasma,
        "line_offset": round(undulator.periods * (1 - low / energy), 9) + 0.0,  # rounding apart
        "line_share": float(two[0] / two[1]),
    }


def _axis(setup: Setup) -> Numbers:
    energy = setup.photon_energy
    assert energy is not None
    numbers = {"photon_energy": energy, "wavelength": HC / energy}
    if setup.undulator is None:
        part = setup.run.radiator.trajectory if setup.run.radiator else None
        assert setup.path is not None and part is not None
        found = light.spectrum(
            setup.path, energy, [0.0, 0.0, 1.0], setup.medium, periods=part.periods
        )
        return numbers | {"on_axis": float(found.photons)}
    value = float(
        light.undulator_photons(setup.undulator, setup.gamma, energy, medium=setup.medium)
    )
    mean = np.sqrt(1 - (1 + float(setup.undulator.mean_square)) / setup.gamma**2)
    step = HC * mean / float(setup.undulator.period)
    return numbers | {"on_axis": value, "on_axis_step": value * step / energy}


def _path(setup: Setup) -> Numbers:
    undulator, energy = setup.undulator, setup.photon_energy
    assert undulator is not None and energy is not None
    path = path_through(undulator, setup.gamma)
    found = light.spectrum(path, energy, [0.0, 0.0, 1.0], setup.medium, periods=undulator.periods)
    other = light.undulator_photons(undulator, setup.gamma, energy, medium=setup.medium)
    value = float(found.photons)
    return {"path_on_axis": value, "path_difference": value / float(other) - 1}


def _flux(setup: Setup) -> Numbers:
    undulator, beam = setup.undulator, setup.beam
    assert undulator is not None
    orders = harmonics_of(setup.run)
    energies = [float(undulator.harmonic_energy(setup.gamma, n)) for n in orders]
    density = light.flux_density(undulator, beam, np.array(energies))
    numbers: Numbers = {}
    for n, value in zip(orders, density, strict=True):
        found = light.brilliance(undulator, beam, n)
        numbers |= {
            f"harmonic_{n}_density": float(value),
            f"harmonic_{n}_flux": float(found.flux),
            f"harmonic_{n}_brilliance": float(found.brilliance),
        }
    return numbers


def _bending(setup: Setup) -> Numbers:
    magnet = setup.run.radiator.bending_magnet if setup.run.radiator else None
    assert magnet is not None
    critical = light.bending_magnet_light(setup.beam, magnet.field, 1.0).critical_energy
    energy = setup.photon_energy or float(critical)
    found = light.bending_magnet_light(setup.beam, magnet.field, energy)
    names = ("critical_energy", "flux", "density", "opening", "polarisation", "image_size")
    return {name: float(getattr(found, name)) for name in names}


def _channeling(setup: Setup) -> Numbers:
    planes, energy = setup.planes, setup.energy
    assert planes is not None
    potential, own = planes.potential, setup.run.radiator.crystal if setup.run.radiator else None
    species = setup.run.beam.species if setup.run.beam else "e+"
    numbers = {
        "spacing": float(potential.spacing),
        "well_depth": float(potential.depth),
        "well_ratio": float(potential.depth) / ELECTRON_REST_ENERGY,
        "lindhard_angle": float(light.lindhard_angle(potential, energy)),
        "channeling_period": float(light.channeling_period(potential, energy, species=species)),
        "dechanneling_straight": float(
            light.dechanneling_length(potential, energy, species=species)
        ),
    }
    if planes.period is None:
        return numbers
    found = light.channeling_conditions(
        planes, energy, setup.photon_energy, medium=setup.medium,
        divergence=float(setup.beam.divergence[0]),
    )  # fmt: skip
    same = (
        "steepest_angle", "bending_parameter", "acceptance", "period_ratio", "swing_ratio",
        "forced_amplitude", "moving_parameter", "dechanneling_length", "demodulation_length",
    )  # fmt: skip
    numbers |= {name: float(getattr(found, name)) for name in same}
    if own is not None and own.dechanneling_length is not None:
        numbers["dechanneling_length"] = own.dechanneling_length
        numbers["demodulation_length"] = float(
            light.demodulation_length(
                potential, energy, setup.photon_energy, found.bending_parameter,
                dechanneling=own.dechanneling_length,
            )
        )  # fmt: skip
    limits = light.ChannelLimits(potential, energy)
    q, most = float(found.undulator_parameter), float(found.largest_parameter)
    return numbers | {
        "planes_K": q,
        "largest_K": most,
        "K_ratio": q / most,
        "held": float(limits.held(planes.amplitude, planes.period)),
        "dechanneling_ratio": float(planes.length) / numbers["dechanneling_length"],
        "failed": float(sum(not check.met for check in found.checks)),
    }


def _formulas(setup: Setup) -> Numbers:
    bunch, energy = setup.bunch, setup.photon_energy
    undulator = setup.planar or setup.undulator
    assert bunch is not None and undulator is not None and energy is not None
    plasma = setup.medium.plasma_energy  # type: ignore[attr-defined]
    found = light.paper_formulas(undulator, setup.gamma, bunch, plasma)
    same = ("low", "high", "threshold", "on_axis", "coherent", "incoherent", "ratio")
    numbers = {f"formula_{name}": float(getattr(found, name)) for name in same}
    particles, line = float(bunch.particles), float(found.incoherent_line)
    width = float(found.coherent_width)
    return numbers | {
        "formula_line": line,
        "formula_line_bunch": line * particles,
        "formula_width": width,
        "formula_spread": 0.5 * width * energy,
        "formula_depth": float(bunch.depth) / np.sqrt(numbers["formula_ratio"]),
        "estimated_depth": 2 / np.sqrt(particles),
        "formula_share": numbers["formula_coherent"] * energy / (particles * setup.energy),
    }


def coherent_light(setup: Setup, lengths: Numbers) -> light.CoherentLight:
    """Light of the bunch over all angles, with what leaves."""
    undulator, bunch = setup.undulator, setup.bunch
    assert undulator is not None and bunch is not None
    leaving = setup.run.leaving or "none"
    path = np.inf if leaving == "none" else lengths[f"{leaving}_length"]
    return light.coherent_photons(undulator, setup.gamma, bunch, setup.medium, path)


def _coherent(setup: Setup, found: light.CoherentLight, lengths: Numbers) -> Numbers:
    bunch, energy = setup.bunch, setup.photon_energy
    assert bunch is not None and energy is not None and setup.undulator is not None
    total, apart = float(found.coherent), float(found.incoherent)
    width = float(found.width)
    numbers = {
        "coherent": total,
        "incoherent": apart,
        "coherent_axis": float(found.per_steradian),
        "line_width": width,
        "solid_angle": float(found.solid_angle),
        "kept": float(found.kept),
        "equal_depth": float(bunch.depth) * np.sqrt(apart / total),
        "incoherent_line": apart * energy / (setup.undulator.periods * width),
        "coherent_share": total * energy / (float(bunch.particles) * setup.energy),
    }
    if "held" in lengths:
        numbers["coherent_held"] = total * lengths["held"] ** 2
    return numbers
