"""Resistance and power."""

import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.forces import Wire, power_per_force_squared, resistance, sweet_spot
from fieldwright.sources import Coil, CylinderMagnet

OSEM = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
PR = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)


def test_resistance_by_hand():
    # 600 turns of 2 pi 13.86 mm: 52.25 m of 0.0855 mm^2 at 1/58 ohm mm^2/m.
    by_hand = 600 * 2 * np.pi * 13.86e-3 / (58e6 * np.pi / 4 * 0.33e-3**2)
    assert resistance(OSEM, Wire(0.33e-3)) == pytest.approx(by_hand, rel=1e-14)
    warm = resistance(OSEM, Wire(0.33e-3, temperature=393.15))
    assert warm == pytest.approx(by_hand * 1.393, rel=1e-14)
    given = resistance(OSEM, Wire(0.33e-3, resistivity=1e-10))
    assert given == pytest.approx(by_hand * 58e6 * 1e-10, rel=1e-14)


def test_power_over_force_squared_does_not_know_the_wire():
    # Half the section, twice the turns: four times the resistance, twice the force per ampere.
    fine = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=1200)
    thick, thin = Wire(0.33e-3), Wire(0.33e-3 / 2**0.5)
    assert power_per_force_squared(fine, PR, thin) == pytest.approx(
        float(power_per_force_squared(OSEM, PR, thick)), rel=1e-13
    )
    force = sweet_spot(OSEM, PR).force_per_current
    assert power_per_force_squared(OSEM, PR, thick) * force**2 == pytest.approx(
        float(resistance(OSEM, thick)), rel=1e-13
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Wire(0.3e-3, "bronze"), "give one of copper, aluminium, silver"),
        (lambda: Wire(0.3e-3, temperature=20.0), "not linear"),
        (lambda: Wire(-1.0), "diameter must be above zero"),
        (lambda: Wire(1e-3, resistivity=0.0), "resistivity must be above zero"),
        (lambda: resistance(OSEM, Wire(0.4e-3)), "do not fit: the winding has room for 561"),
    ],
)
def test_bad_wires(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_wire_is_a_frozen_pytree():
    import jax

    wire = Wire(0.33e-3)
    slope = jax.grad(lambda d: resistance(OSEM, Wire(d)))(0.33e-3)
    assert slope == pytest.approx(-2 * float(resistance(OSEM, wire)) / 0.33e-3, rel=1e-12)
    assert jax.jit(resistance)(OSEM, wire) == pytest.approx(
        float(resistance(OSEM, wire)), rel=1e-14
    )
    with pytest.raises(AttributeError):
        wire.diameter = 1.0
    with pytest.raises(InputError, match="wire must be a Wire, got float"):
        resistance(OSEM, 0.33e-3)
