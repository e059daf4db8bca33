"""From the parts of a light study to the objects of `fieldwright.light`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from fieldwright import light
from fieldwright.light import Path
from fieldwright.sources import CrystalPlanes, DoyleTurner, HarmonicPotential, PlanarPotential

from ...constants import ELECTRON_REST_ENERGY, HC
from ...errors import InputError
from ._parts import BeamPart, BunchPart, CrystalPart, MediumPart, UndulatorPart
from ._paths import read_path
from ._run import RunPart

_AGAIN = 12  # times that a period follows from the swing, and that from it


class AbsorbingPlasma(light.Plasma):
    """A plasma in which light is lost."""

    attenuation_length: Any

    def __init__(self, plasma_energy: Any, attenuation_length: Any):
        super().__init__(plasma_energy)
        self.attenuation_length = attenuation_length

    def attenuation(self, photon_energy: Any) -> Any:
        """The same at all photon energies [1/m]."""
        return jnp.full(jnp.shape(photon_energy), 1 / self.attenuation_length)


@dataclass(frozen=True)
class Setup:
    """What a case is made of; None where it has no such thing."""

    run: RunPart
    gamma: float
    beam: light.LightBeam
    medium: light.Medium
    undulator: light.Undulator | None = None  # of the light: with the charges' own swing
    planar: light.PlanarUndulator | None = None  # a crystal's planes, the paper's undulator
    planes: CrystalPlanes | None = None
    path: Path | None = None
    photon_energy: float | None = None
    bunch: light.ModulatedBunch | None = None

    @property
    def energy(self) -> float:
        """Of each charge [eV]."""
        return self.gamma * ELECTRON_REST_ENERGY


def build(run: RunPart) -> Setup:
    """Everything that a case says; raises `InputError` where numbers contradict each other."""
    assert run.radiator is not None  # the check has seen to that
    medium = build_medium(run.medium)
    path = None if run.radiator.trajectory is None else read_path(run.radiator.trajectory)
    gamma = gamma_of(run.beam) if path is None else float(path.below_light[0]) ** -0.5
    beam = build_beam(run.beam, gamma)
    setup = Setup(run, gamma, beam, medium, path=path, photon_energy=run.photon_energy)
    if (part := run.radiator.undulator) is not None:
        setup = replace(setup, undulator=build_undulator(part))
    if (crystal := run.radiator.crystal) is not None:
        setup = _with_crystal(setup, crystal)
    if setup.photon_energy is None and setup.undulator is not None:
        setup = replace(setup, photon_energy=line_of(setup))
    if run.bunch is not None and setup.photon_energy is not None:
        setup = replace(setup, bunch=build_bunch(run.bunch, setup.photon_energy))
    return setup


def gamma_of(part: BeamPart | None) -> float:
    """Lorentz factor of the charges."""
    assert part is not None
    if part.gamma is not None:
        return float(part.gamma)
    assert part.energy is not None
    return float(part.energy / ELECTRON_REST_ENERGY)


def build_beam(part: BeamPart | None, gamma: float) -> light.LightBeam:
    """The beam; of 1 A where no current is given and none counts."""
    energy = gamma * ELECTRON_REST_ENERGY if part is None or part.energy is None else part.energy
    current = 1.0 if part is None or part.current is None else part.current
    if part is None or part.emittance is None:
        spread = np.zeros((6, 6))
        spread[5, 5] = 0.0 if part is None else part.spread**2
        return light.LightBeam(energy, current, spread)
    return light.LightBeam.of_twiss(
        energy, current, emittance=part.emittance, beta=part.beta, alpha=part.alpha,
        spread=part.spread,
    )  # fmt: skip


def build_medium(part: MediumPart | None) -> light.Medium:
    """Vacuum, a plasma, or a crystal by its tables."""
    if part is None or part.empty:
        return light.Vacuum()
    if part.material is not None:
        return light.material(part.material)
    if part.attenuation_length is not None:
        return AbsorbingPlasma(part.plasma_energy, part.attenuation_length)
    return light.Plasma(part.plasma_energy)


def build_undulator(part: UndulatorPart) -> light.Undulator:
    """A magnetic undulator."""
    more = {"uniform": part.uniform} if part.shape == "planar" else {}
    sort: Any = light.PlanarUndulator if part.shape == "planar" else light.HelicalUndulator
    strength = part.K
    if strength is None:
        strength = sort.from_field(part.period, part.field, part.periods).K
    undulator: light.Undulator = sort(part.period, strength, part.periods, **more)
    return undulator


def build_potential(part: CrystalPart) -> PlanarPotential:
    """The potential across the planes."""
    if part.potential is not None:
        return HarmonicPotential(part.potential.spacing, part.potential.depth, part.material)
    return DoyleTurner(part.material, str(part.planes), part.temperature)


def _with_crystal(setup: Setup, part: CrystalPart) -> Setup:
    potential = build_potential(part)
    if not part.waves:
        assert part.length is not None
        straight: dict[str, Any] = {"length": part.length}
        if part.radius is not None:
            straight["curvature"] = 1 / part.radius
        return replace(setup, planes=CrystalPlanes(potential, **straight))
    period = part.period or fitting_period(setup, part, potential)
    per_amplitude = 2 * np.pi * setup.gamma / period
    K = (part.amplitude or 0.0) * per_amplitude if part.K is None else part.K
    assert part.periods is not None
    swing = _swing(setup, part, potential, period)
    planar = light.PlanarUndulator(period, K, part.periods, uniform=part.uniform)
    own = light.PlanarUndulator(period, K * swing, part.periods, uniform=part.uniform)
    waves: dict[str, Any] = {
        "length": part.periods * period, "amplitude": K / per_amplitude, "period": period,
    }  # fmt: skip
    planes = CrystalPlanes(potential, **waves)
    return replace(setup, undulator=own, planar=planar, planes=planes)


def fitting_period(setup: Setup, part: CrystalPart, potential: PlanarPotential) -> float:
    """The period [m] whose soft light has the photon energy asked for."""
    energy, gamma = setup.photon_energy, setup.gamma
    assert energy is not None  # the check has seen to that
    swing = 1.0
    for _ in range(_AGAIN):
        if part.K is not None:
            excess = 1 + (swing * part.K) ** 2 / 2
            lack = float(setup.medium.one_minus_index(energy))
            period = HC / energy / (0.5 * excess / gamma**2 + lack)
        else:
            amplitude = swing * (part.amplitude or 0.0)
            period = float(light.period_for(energy, gamma, amplitude, setup.medium))
        if not np.isfinite(period):
            raise InputError(
                f"with an amplitude of {part.amplitude:g} m no period gives light of "
                f"{energy:g} eV: take a smaller one",
                parameter="amplitude",
            )
        swing = _swing(setup, part, potential, period)
    return period


def _swing(setup: Setup, part: CrystalPart, potential: PlanarPotential, period: float) -> float:
    """Amplitude of what makes the light over that of the planes."""
    if part.follow == "planes":
        return 1.0
    ratio = float(light.swing_ratio(potential, setup.energy, period))
    if not ratio > 0:
        oscillation = float(light.channeling_period(potential, setup.energy))
        raise InputError(
            f"the planes wave in {period * 1e6:.4g} um and charges between them oscillate in "
            f"{oscillation * 1e6:.4g} um: they cannot follow; take a longer period",
            parameter="period",
        )
    return ratio


def line_of(setup: Setup) -> float:
    """The photon energy of the line: of soft light in a medium, of the first harmonic else."""
    assert setup.undulator is not None
    if isinstance(setup.medium, light.Vacuum):
        return float(setup.undulator.harmonic_energy(setup.gamma))
    return float(light.medium_lines(setup.undulator, setup.gamma, setup.medium).low)


def build_bunch(part: BunchPart, photon_energy: float) -> light.ModulatedBunch:
    """The bunch, modulated at the photon energy that the case looks at."""
    size = list(part.size) if len(part.size) == 3 else [part.size[0]] * 3
    return light.ModulatedBunch(part.particles, size, depth=part.depth, resonance=photon_energy)
