"""The cases of a light study: what radiates, and the numbers of its light."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..._figure import new_figure
from ..._yaml import Where
from ...constants import ELECTRON_REST_ENERGY, HC
from ...errors import BelowThresholdError, FieldwrightError, InputError
from .._derived import Problem
from .._later import later
from .._names import Names
from .._sections import Columns, Item, Numbers, Picture, Section, Shown
from .._study import standing
from ._run import (
    CasePart,
    RunPart,
    finds,
    found_in,
    harmonics_of,
    has_current,
    in_medium,
    of_harmonics,
    undulating,
    waving,
)

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import light

    from ._setup import Setup
else:
    np, light = later("numpy", "fieldwright.light")

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


def _names(item: Item) -> Names:
    """The quantities of a case."""
    run = item.run
    find, orders = found_in(run), harmonics_of(run)
    names = dict(CASE)
    if "lines" in find:
        names |= UNDULATOR | (MEDIUM if in_medium(run) else of_harmonics(orders, HARMONIC))
        names |= PLANES if run.radiator.crystal is not None else MAGNET
    if run.medium is not None and run.medium.attenuates and undulating(run):
        names |= ATTENUATION
    if "axis" in find:
        names |= AXIS | (STEP if undulating(run) else {})
    names |= PATH if "path" in find else {}
    if "flux" in find:
        bends = run.radiator.bending_magnet is not None
        names |= BENDING if bends else of_harmonics(orders, FLUX)
    names |= POWER if "power" in find else {}
    if "channeling" in find:
        names |= CHANNEL | (CONDITIONS if waving(run) else {})
    names |= FORMULAS if "formulas" in find else {}
    if "coherent" in find:
        names |= COHERENT | (HELD if waving(run) else {})
    return names


#: What a case must have for it to be found out.
_NEEDED = {
    "lines": "an undulator, or a crystal whose planes wave",
    "axis": "an undulator, a crystal whose planes wave, or a trajectory and a `photon_energy`",
    "path": "an undulator, or a crystal whose planes wave",
    "flux": "a `current` and a magnet in vacuum",
    "power": "a `current` and an undulator in vacuum that is not `uniform`",
    "channeling": "a crystal",
    "formulas": "a `bunch`, planar motion and a `medium` with its `plasma_energy`",
    "coherent": "a `bunch` and an undulator, or a crystal whose planes wave",
}


def let_through(at: Where, run: RunPart, energy: float | None) -> Iterator[Problem]:
    """What is wrong where the medium lets no light of a photon energy through."""
    from ._setup import build_medium

    try:
        if energy:
            build_medium(run.medium).one_minus_index(energy)
    except InputError as error:
        yield at, str(error)


def _check(item: Item) -> Iterator[Problem]:
    """What is wrong with a case, taken together with the study."""
    if item.run.radiator is None:
        yield item.at, "has no `radiator`; give it one, or the study"
        return
    missing = list(_missing(item.study, item.name, item.run, item.at))
    yield from missing
    if not missing:
        yield from _built(item.study, item.name, item.run)


def _missing(study: Any, name: str | None, run: RunPart, at: Where) -> Iterator[Problem]:
    """What a case needs beside what it has."""
    radiator = run.radiator
    assert radiator is not None
    if run.beam is None and radiator.trajectory is None:
        yield at, "has no `beam`; give it one, or the study"
    crystal = radiator.crystal
    if crystal is not None and run.beam is not None and run.beam.species == "e-" and crystal.waves:
        place = (*study.place_of(name, "beam"), "species")
        yield place, "a crystalline undulator is of positrons: write `species: e+`"
    unknown = run.photon_energy is None or not in_medium(run)
    if crystal is not None and crystal.waves and crystal.period is None and unknown:
        place = (*study.place_of(name, "radiator"), "crystal")
        yield place, "without a `period` give `photon_energy` and `medium`, to which one is fit"
    if radiator.bending_magnet is not None and not has_current(run):
        yield study.place_of(name, "beam"), "needs a `current`, for a bending magnet's flux"
    if run.leaving not in (None, "none") and not waving(run):
        yield study.place_of(name, "leaving"), "goes with a crystal whose planes wave"
    there = finds(run)
    for find in found_in(run):
        if find not in there:
            yield study.place_of(name, "find"), f"{find!r} needs {_NEEDED[find]}"


def _built(study: Any, name: str | None, run: RunPart) -> Iterator[Problem]:
    """Build everything, and say what the constructors say where it stands."""
    from . import _setup

    medium, energy = run.medium, run.photon_energy
    stages: list[tuple[str, Callable[[], Any]]] = [
        ("beam", lambda: run.beam and _setup.build_beam(run.beam, _setup.gamma_of(run.beam))),
        ("bunch", lambda: run.bunch and _setup.build_bunch(run.bunch, 1.0)),
        ("photon_energy", lambda: energy and _setup.build_medium(medium).one_minus_index(energy)),
        ("radiator", lambda: _setup.build(run)),
    ]
    for field, build in stages:
        try:
            build()
        except BelowThresholdError:
            return  # see `impossible`
        except InputError as error:
            yield _place(study.place_of(name, field), run, error), str(error)
            return


def _place(at: Where, run: RunPart, error: InputError) -> Where:
    """The line of the parameter that a constructor named, where the part has such a field."""
    part: Any = None
    if at[-1] == "radiator" and run.radiator is not None:
        sort = next(
            s for s in type(run.radiator).model_fields if getattr(run.radiator, s) is not None
        )
        at, part = (*at, sort), getattr(run.radiator, sort)
    elif at[-1] in ("beam", "bunch"):
        part = getattr(run, str(at[-1]))
    if part is None or error.parameter not in type(part).model_fields:
        return at
    return (*at, str(error.parameter))


def _impossible(item: Item) -> Iterator[tuple[Where, FieldwrightError]]:
    """Charges too slow to make light in what fills their undulator."""
    from ._setup import build

    if not (undulating(item.run) and in_medium(item.run)):
        return
    try:
        setup = build(item.run)
        if setup.undulator is not None:
            light.medium_lines(setup.undulator, setup.gamma, setup.medium)
    except BelowThresholdError as error:
        yield item.study.place_of(item.name, "beam"), error


@dataclass(frozen=True)
class CaseResult:
    """What one case came to."""

    setup: Setup
    numbers: Numbers
    coherent: light.CoherentLight | None = None


def _solve(item: Item) -> CaseResult:
    """Every number of a case."""
    from ._setup import build

    item.progress(f"case {item.name}" if item.name else "light")
    run = item.run
    with standing(item.study.place_of(item.name, "radiator")):
        setup = build(run)
        find = found_in(run)
        numbers: dict[str, Any] = {"gamma": setup.gamma, "energy": setup.energy}
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
        lengths: dict[str, Any] = {}
        if waving(run) or "channeling" in find:
            lengths = _channeling(setup)
            numbers |= lengths
        if "formulas" in find:
            numbers |= _formulas(setup)
        if "coherent" not in find:
            return CaseResult(setup, numbers)
        found = _coherent_light(setup, lengths)
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
    from ._paths import path_through

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


def _coherent_light(setup: Setup, lengths: Numbers) -> light.CoherentLight:
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


def _draw_coherent(picture: Picture) -> Any:
    from fieldwright.light import plots

    lights = {}
    for item in picture.items:
        found, bunch = item.result.coherent, item.result.setup.bunch
        full = found.coherent / bunch.depth**2
        lights[item.title] = dataclasses.replace(found, coherent=full)
    figure = new_figure(7.2, 4.6)
    plots.plot_coherent_light(lights, figure.add_subplot())
    return figure


def _draw_potential(picture: Picture) -> Any:
    from fieldwright.light import plots

    potentials = {item.title: item.result.setup.planes.potential for item in picture.items}
    figure = new_figure(7.6, 4.2)
    plots.plot_planar_potential(potentials, figure.add_subplot())
    return figure


def _no_light(item: Item) -> Iterator[str]:
    if "coherent" not in found_in(item.run):
        yield f"case {item.name} does not find `coherent` light"


def _no_crystal(item: Item) -> Iterator[str]:
    if item.run.radiator is None or item.run.radiator.crystal is None:
        yield f"case {item.name} has no crystal"


def _unasked(items: list[Item]) -> Iterator[tuple[str, dict[str, Any]]]:
    there = [item.name for item in items if "coherent" in found_in(item.run)]
    if there:
        caption = "Photons in step and not, over the modulation depth."
        cases = [name for name in there if name]
        yield "coherent", {"show": "coherent", "caption": caption, "cases": cases}


#: Title, columns, caption, and the quantity without which a case has no row.
_TABLES = [
    Columns(title, columns, caption, "case", own, True)
    for title, columns, caption, own in (
        ("Cases", {
            "gamma": "gamma", "K": "K", "period": "period", "length": "length",
            "photon energy": "photon_energy", "soft line": "low", "hard line": "high",
            "widths off the line": "line_offset", "on the axis (1/sr)": "on_axis",
        }, "Light on the axis: photons of one charge per steradian and unit bandwidth.", ""),
        ("Harmonics", {
            "photon energy": "energy", "flux density": "density", "flux": "flux",
            "brilliance": "brilliance",
        }, "Fluxes are in 0.1 % of bandwidth.", ""),
        ("Bending magnets", {
            "critical energy": "critical_energy", "flux": "flux", "flux density": "density",
            "opening": "opening", "polarisation": "polarisation", "image of a point": "image_size",
        }, "Fluxes are in 0.1 % of bandwidth.", "critical_energy"),
        ("Crystals", {
            "q": "planes_K", "q/q_ch": "K_ratio", "C": "bending_parameter",
            "swing ratio": "swing_ratio", "held": "held", "channeling period": "channeling_period",
            "dechanneling length": "dechanneling_length",
            "demodulation length": "demodulation_length",
            "attenuation length": "attenuation_length", "conditions failed": "failed",
        }, "Held is the share of a parallel beam that follows the planes.", "lindhard_angle"),
        ("The paper's formulas", {
            "omega-": "formula_low", "omega+": "formula_high", "gamma_th": "formula_threshold",
            "(15)": "formula_line", "(22)": "formula_coherent", "(23)": "formula_incoherent",
            "(24)": "formula_ratio", "width of F_Z": "formula_width",
        }, "(15), (22) and (23) are densities in the square of the angle.", "formula_low"),
        ("Light of the bunch, over all angles", {
            "in step": "coherent", "not in step": "incoherent", "width": "line_width",
            "solid angle": "solid_angle", "kept": "kept", "depth of equal parts": "equal_depth",
            "of charges that follow": "coherent_held",
        }, "Photons at the modulation depth of the bunch; kept is what loss of light and of "
           "charges on the way leaves; of charges that follow counts what the planes hold.",
         "coherent"),
    )
]  # fmt: skip
_TABLES[1] = dataclasses.replace(
    _TABLES[1],
    each=lambda item: {f"harmonic {n}": f"harmonic_{n}_" for n in harmonics_of(item.run)},
)

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


def _methods(items: list[Item]) -> list[str]:
    """The sentences that apply to these cases."""
    runs = [item.run for item in items]
    applies = {
        _UNDULATOR: any(undulating(run) for run in runs),
        _BEAM: any(has_current(run) and "flux" in finds(run) for run in runs),
        _MEDIUM: any(in_medium(run) for run in runs),
        _CRYSTAL: any(waving(run) for run in runs),
        _COHERENT: any("coherent" in found_in(run) for run in runs),
        _FORMULAS: any("formulas" in found_in(run) for run in runs),
    }
    return [sentence for sentence, due in applies.items() if due]


CASES = Section(
    group="cases", one="case", part=CasePart, several=True, last=True,
    check=_check, impossible=_impossible, names=_names, solve=_solve,
    numbers=lambda item: item.result.numbers, tables=_TABLES, methods=_methods,
    shown=(
        Shown("coherent", _draw_coherent, check=_no_light),
        Shown("potential", _draw_potential, check=_no_crystal),
    ),
    unasked=_unasked,
)  # fmt: skip
