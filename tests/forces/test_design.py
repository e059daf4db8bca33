"""Designs: optima known otherwise, constraints kept, impossible wishes refused."""

import numpy as np
import pytest
from tests.forces.pairs import OSEM, PR

from fieldwright.errors import ConvergenceError, InputError
from fieldwright.forces import Wire, design, power_per_force_squared, sweet_spot
from fieldwright.sources import Coil, CylinderMagnet

#: Free dimensions of several designs. Where bounds and what is constrained are the same, though by
#: no bound, so is the program that is compiled.
FREE = {"magnet.radius": (1e-3, 2e-2), "magnet.length": (0.5e-3, 20e-3)}


def test_one_free_dimension_against_a_scan():
    # For a given volume of magnet the radius is what is free; scan it at the same volume.
    moment = float(PR.moment[2])
    best = design(
        OSEM,
        PR,
        FREE,
        constraints={"moment": (None, moment)},
    )
    thinnest = FREE["magnet.length"][0]
    radii = np.linspace(1e-3, (moment / (8.78e5 * np.pi * thinnest)) ** 0.5, 201)
    forces = [
        sweet_spot(
            OSEM, CylinderMagnet(r, moment / (8.78e5 * np.pi * r**2), 8.78e5)
        ).force_per_current
        for r in radii
        if moment / (8.78e5 * np.pi * r**2) < 20e-3
    ]
    assert best.quantities["moment"] <= moment * (1 + 1e-6)
    assert best.sweet_spot.force_per_current == pytest.approx(float(max(forces)), rel=1e-5)
    assert best.sweet_spot.force_per_current >= max(forces) * (1 - 1e-9)


def test_a_bound_is_reached_and_the_bore_kept():
    moment = {"moment": (None, None)}
    best = design(OSEM, PR, FREE, constraints={**moment, "clearance": (1e-3, None)})
    assert best.magnet.radius == pytest.approx(8e-3, rel=1e-6)
    unsaid = design(OSEM, PR, FREE, constraints=moment)
    assert unsaid.magnet.radius <= 9e-3 * (1 + 1e-6)


def test_coils_do_not_turn_inside_out():
    free = {"coil.outer_radius": (5e-3, 25e-3), "coil.inner_radius": (4e-3, 24e-3)}
    best = design(OSEM, PR, free)
    assert best.coil.outer_radius > best.coil.inner_radius >= best.magnet.radius


def test_turns_follow_the_section_of_the_wire():
    wire = Wire(0.33e-3)
    best = design(
        OSEM,
        PR,
        {"coil.outer_radius": (10e-3, 30e-3), "coil.length": (2e-3, 20e-3)},
        maximise="force_per_root_power",
        wire=wire,
    )
    assert best.coil.turn_density == pytest.approx(float(OSEM.turn_density), rel=1e-12)
    cost = float(power_per_force_squared(best.coil, best.magnet, wire))
    assert best.quantities["force_per_root_power"] == pytest.approx(cost**-0.5, rel=1e-9)
    # Steps to all sides cost more power.
    for name, step in (("outer_radius", 3e-4), ("length", 3e-4)):
        for sign in (-1, 1):
            dims = {"inner_radius": 9e-3, "outer_radius": best.coil.outer_radius}
            dims["length"] = best.coil.length
            dims[name] = dims[name] + sign * step
            section = (dims["outer_radius"] - dims["inner_radius"]) * dims["length"]
            other = Coil(**dims, turns=OSEM.turn_density * section)
            assert power_per_force_squared(other, PR, wire) > cost


def test_minimising_and_constraining_a_resistance():
    best = design(
        OSEM,
        PR,
        {"coil.outer_radius": (10e-3, 25e-3)},
        maximise="-winding_volume",
        constraints={"force_per_current": (0.1, None), "resistance": (None, 12.0)},
        wire=Wire(0.33e-3),
    )
    assert best.sweet_spot.force_per_current == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"free": {}}, "name a free dimension"),
        ({"free": {"coil.size": (1, 2)}}, "there is no dimension 'coil.size'"),
        ({"free": {"coil.length": (2e-3, 1e-3)}}, "the first must be the lower"),
        ({"free": {"coil.length": 1e-3}}, "must be two numbers"),
        (
            {"free": {"coil.length": (1e-3, 2e-3)}, "maximise": "speed"},
            "give one of force_per_current",
        ),
        ({"free": {"coil.length": (1e-3, 2e-3)}, "maximise": "resistance"}, "give a wire"),
        ({"free": None}, "name a free dimension"),
        ({"free": {"coil.length": (-1e-3, 2e-3)}}, "must be above zero"),
        (
            {"free": {"coil.length": (1e-3, 2e-3)}, "constraints": {"position": 20.0}},
            r"must be \(lowest, highest\)",
        ),
        ({"free": {"coil.turns": (1, 2)}, "wire": Wire(1e-4)}, "the turns follow the section"),
    ],
)
def test_what_cannot_be_asked(arguments, message):
    with pytest.raises(InputError, match=message):
        design(OSEM, PR, **arguments)


def test_constraints_that_exclude_each_other():
    with pytest.raises(ConvergenceError, match="no design fulfils"):
        # That much is in a magnet of twice the bore alone.
        design(OSEM, PR, FREE, constraints={"moment": (10.0, None)})
