"""Charges in channels, what bent crystals allow, the best of them, and the modulation depth.

Charges go through a crystal some at a time, kept piece by piece, so that a killed run goes on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fieldwright import light

from .._study import standing
from ._build import build_potential
from ._model import ChannelPart, DesignPart, LimitsPart, MeasurementPart
from ._task import Arrays, Task

if TYPE_CHECKING:
    from ._cases import Numbers

_BATCH = 100  # charges that go through a crystal at a time


def channels(task: Task, part: ChannelPart) -> Arrays:
    """Charges through a crystal, some at a time: who is held, and the ways of the first."""
    setup = task.setup
    planes, run = setup.planes, setup.run
    assert planes is not None
    species = part.species or (run.beam.species if run.beam else "e+")
    count = min(_BATCH, part.charges)
    batches = -(-part.charges // count)

    def make(number: int) -> Arrays:
        beam = light.channeling_beam(
            planes, setup.energy, count, divergence=part.divergence, species=species,
            seed=part.seed + number,
        )  # fmt: skip
        found = light.channel(beam, planes, save=part.save)
        return {
            "depth": np.asarray(found.depth),
            "channeled": np.asarray(found.channeled),
            "position": np.asarray(found.trajectory.position[..., 0]),
            "across": np.asarray(found.across),
            "error": np.asarray(found.energy_error),
        }

    found = [task.get(i, batches, partial(make, i)) for i in range(batches)]
    channeled = np.concatenate([piece["channeled"] for piece in found], axis=1)[:, : part.charges]
    return {
        "depth": found[0]["depth"],
        "position": found[0]["position"],
        "across": found[0]["across"],
        "channeled": channeled,
        "fraction": channeled.mean(axis=1),
        "error": np.max([piece["error"] for piece in found]),
    }


def channel_numbers(found: Arrays) -> Numbers:
    """How many are left."""
    fraction = found["fraction"]
    return {
        "left": float(fraction[-1]),
        "half_way": float(fraction[len(fraction) // 2]),
        "error": float(found["error"]),
    }


def limits(task: Task, part: LimitsPart) -> Arrays:
    """C and q / q_ch over amplitude and period of the bending."""
    task.progress(f"limits {task.name}")
    setup = task.setup
    assert setup.planes is not None
    potential, energy = setup.planes.potential, setup.energy
    oscillation = float(light.channeling_period(potential, energy))
    spacing = float(potential.spacing)
    period = np.geomspace(oscillation / 2, 15 * oscillation, part.points)
    amplitude = np.geomspace(spacing / 20, 20 * spacing, part.points)
    C = light.bending_parameter(potential, energy, amplitude[:, None], period)
    steepest = 2 * np.pi * amplitude[:, None] / period
    flat = steepest / float(light.lindhard_angle(potential, energy))
    return {"amplitude": amplitude, "period": period, "C": np.asarray(C), "K_ratio": flat}


def limits_numbers(task: Task, part: LimitsPart) -> Numbers:
    """What the period, and the amplitude, of the case allow."""
    setup = task.setup
    planes = setup.planes
    assert planes is not None and planes.period is not None
    potential, energy = planes.potential, setup.energy
    period, amplitude = float(planes.period), float(planes.amplitude)
    per_amplitude = float(light.bending_parameter(potential, energy, 1.0, period))
    most = part.largest_bending / per_amplitude
    angle = float(light.lindhard_angle(potential, energy))
    C = per_amplitude * amplitude
    return {
        "bending_amplitude": most,
        "angle_amplitude": angle * period / (2 * np.pi),
        "bending_K": 2 * np.pi * setup.gamma * most / period,
        "shortest_period": period * float(np.sqrt(C / part.largest_bending)),
    }


def design(task: Task, part: DesignPart) -> Numbers:
    """The best crystal for the bunch of a case."""
    task.progress(f"design {task.name}")
    setup = task.setup
    crystal = setup.run.radiator.crystal if setup.run.radiator else None
    assert crystal is not None and setup.bunch is not None
    potential = build_potential(crystal)
    with standing(("designs", task.name)):
        found = light.best_crystal(
            setup.bunch, setup.gamma, setup.medium,
            light.ChannelLimits(potential, setup.energy, part.largest_bending),
            amplitudes=part.amplitudes, lengths=part.lengths,
        )  # fmt: skip
    names = ("amplitude", "period", "length", "periods", "K", "coherent", "kept", "held")
    numbers = {name: float(getattr(found, name)) for name in names}
    C = light.bending_parameter(potential, setup.energy, found.amplitude, found.period)
    return numbers | {"bending_parameter": float(C)}


def measurement(task: Task, part: MeasurementPart) -> Numbers:
    """The modulation depth from counts, with the gain of a case."""
    task.progress(f"measurement {task.name}")
    coherent, bunch = task.case.coherent, task.setup.bunch
    assert coherent is not None and bunch is not None
    alone = float(coherent.incoherent)
    gain = float(coherent.coherent) / float(bunch.depth) ** 2 / alone
    with standing(("measurements", task.name)):
        if part.unmodulated is not None:
            found = light.modulation_depth(
                float(part.modulated), part.unmodulated, gain,
                exposure_ratio=part.exposure_ratio, significance=part.significance,
            )  # fmt: skip
        else:
            assert part.bunches is not None
            found = light.modulation_depth_known(
                float(part.modulated), alone * part.bunches, gain, efficiency=part.efficiency,
                efficiency_error=part.efficiency_error, significance=part.significance,
            )  # fmt: skip
    names = ("depth", "depth_error", "low", "high", "significance", "smallest")
    return {"gain": gain} | {name: float(getattr(found, name)) for name in names}
