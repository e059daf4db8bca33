"""What sources refuse, and in which words."""

import jax
import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.sources import Assembly, Coil, Cuboid, CylinderMagnet, Loop, Polyline


@pytest.mark.parametrize(
    ("make", "parameter", "message"),
    [
        (
            lambda: Coil(9e-3, 8e-3, 8e-3, 600),
            "outer_radius",
            "8 mm is not outside inner_radius 9 mm",
        ),
        (lambda: Coil(9e-3, 18e-3, 8e-3, 0), "turns", "turns must be above zero, got 0"),
        (
            lambda: Coil(np.nan, 18e-3, 8e-3, 1),
            "inner_radius",
            "inner_radius must be finite, got nan",
        ),
        (lambda: Coil(9e-3, 18e-3, -8e-3, 1), "length", "length must be above zero"),
        (lambda: Coil("9 mm", 18e-3, 8e-3, 1), "inner_radius", "real number in SI units, got"),
        (lambda: Coil(1e-3, 2e-3, [1e-3, 2e-3], 1), "length", "must have the shape"),
        (lambda: Loop(True), "radius", "real number"),
        (lambda: Loop(1j), "radius", "real number"),
        (lambda: Loop(np.float32(1e-3)), "radius", "float64 only"),
        (lambda: Loop(1e-3, position=[0, 0]), "position", r"shape \(3\), got \(2,\)"),
        (lambda: CylinderMagnet(1e-3, 1e-3), "magnetization", "not neither"),
        (lambda: CylinderMagnet(1e-3, 1e-3, 1e6, 1.1), "magnetization", "not both"),
        (
            lambda: CylinderMagnet(1e-3, 1e-3, 1e6, inner_radius=2e-3),
            "radius",
            "1 mm is not outside",
        ),
        (lambda: CylinderMagnet(1e-3, 1e-3, 1e6, inner_radius=-1e-3), "inner_radius", "below zero"),
        (lambda: Cuboid([1, 0, 1], [0, 0, 1]), "size", "size must be above zero"),
        (lambda: Polyline([[0, 0, 0]]), "vertices", "two vertices"),
        (lambda: Polyline([[0, 0, 0], [0, 0, 0]]), "vertices", "0 and 1 are the same"),
        (lambda: Polyline([[0, 0, 0], [0, 0]]), "vertices", "not an array of numbers"),
        (lambda: Assembly([]), "sources", "one source or more"),
        (lambda: Assembly([1.0]), "sources", "got float"),
        (lambda: Loop(1e-3).B([0, 0]), "points", r"shape \(\.\.\., 3\)"),
        (lambda: Loop(1e-3).B(np.zeros((2, 3), np.float32)), "points", "float32"),
    ],
)
def test_refused(make, parameter, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert caught.value.parameter == parameter
    assert caught.value.exit_code == 3


def test_sources_are_frozen_pytrees():
    coil = Coil(9e-3, 18e-3, 8e-3, 600)
    assert len(jax.tree.leaves(coil)) == 7
    assert jax.tree.map(lambda x: x, coil).inner_radius == coil.inner_radius
    with pytest.raises(AttributeError):
        coil.length = 1.0


def test_importing_sources_switches_to_64_bit():
    assert jax.config.jax_enable_x64
