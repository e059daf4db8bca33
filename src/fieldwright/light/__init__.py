"""What moving charges radiate, in vacuum and in matter, alone and in step."""

from fieldwright.light.bunches._bunch import GaussianBunch, LightBunch, ModulatedBunch, bunch_gain
from fieldwright.light.bunches._bunch_samples import SampledFormFactor, sampled_form_factor
from fieldwright.light.bunches._modulation_depth import (
    ModulationDepth,
    modulation_depth,
    modulation_depth_known,
    smallest_depth,
)
from fieldwright.light.crystals._channel_acceptance import channel_acceptance
from fieldwright.light.crystals._channeling import Channeling, channel, channeling_beam
from fieldwright.light.crystals._channeling_conditions import (
    ChannelingConditions,
    channeling_conditions,
)
from fieldwright.light.crystals._crystal_design import (
    ChannelLimits,
    CrystalDesign,
    best_crystal,
    period_for,
)
from fieldwright.light.crystals._crystal_limits import (
    bending_parameter,
    channeling_period,
    dechanneling_length,
    lindhard_angle,
    swing_ratio,
)
from fieldwright.light.crystals._crystalline_undulator import (
    CoherentLight,
    PaperFormulas,
    coherent_photons,
    paper_formulas,
)
from fieldwright.light.crystals._demodulation import demodulation_length
from fieldwright.light.media._medium import Medium, Plasma, TabulatedMedium, Vacuum, material
from fieldwright.light.spectra._path import Path
from fieldwright.light.spectra._spectrum import Spectrum, spectrum, spectrum_at
from fieldwright.light.undulators._bending_magnet import (
    BendingLight,
    bending_magnet_density,
    bending_magnet_light,
)
from fieldwright.light.undulators._brilliance import (
    Brilliance,
    TuningCurve,
    brilliance,
    harmonic_strength,
    tuning_curve,
)
from fieldwright.light.undulators._harmonic_sum import HarmonicSum, first_harmonic, harmonic_sum
from fieldwright.light.undulators._light_beam import LightBeam
from fieldwright.light.undulators._medium_lines import MediumLines, medium_lines
from fieldwright.light.undulators._power import kim_power_density, power_density, undulator_power
from fieldwright.light.undulators._undulator import HelicalUndulator, PlanarUndulator, Undulator
from fieldwright.light.undulators._undulator_flux import flux, flux_density
from fieldwright.light.undulators._undulator_light import undulator_amplitude, undulator_photons

__all__ = [
    "BendingLight",
    "Brilliance",
    "ChannelLimits",
    "Channeling",
    "ChannelingConditions",
    "CoherentLight",
    "CrystalDesign",
    "GaussianBunch",
    "HarmonicSum",
    "HelicalUndulator",
    "LightBeam",
    "LightBunch",
    "Medium",
    "MediumLines",
    "ModulatedBunch",
    "ModulationDepth",
    "PaperFormulas",
    "Path",
    "PlanarUndulator",
    "Plasma",
    "SampledFormFactor",
    "Spectrum",
    "TabulatedMedium",
    "TuningCurve",
    "Undulator",
    "Vacuum",
    "bending_magnet_density",
    "bending_magnet_light",
    "bending_parameter",
    "best_crystal",
    "brilliance",
    "bunch_gain",
    "channel",
    "channel_acceptance",
    "channeling_beam",
    "channeling_conditions",
    "channeling_period",
    "coherent_photons",
    "dechanneling_length",
    "demodulation_length",
    "first_harmonic",
    "flux",
    "flux_density",
    "harmonic_strength",
    "harmonic_sum",
    "kim_power_density",
    "lindhard_angle",
    "material",
    "medium_lines",
    "modulation_depth",
    "modulation_depth_known",
    "paper_formulas",
    "period_for",
    "power_density",
    "sampled_form_factor",
    "smallest_depth",
    "spectrum",
    "spectrum_at",
    "swing_ratio",
    "tuning_curve",
    "undulator_amplitude",
    "undulator_photons",
    "undulator_power",
]
