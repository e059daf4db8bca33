"""Pictures of undulators and of a modulated bunch's light: that they show what was computed."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright._figure import new_axes
from fieldwright.errors import InputError
from fieldwright.light import (
    LightBeam,
    ModulatedBunch,
    PlanarUndulator,
    Plasma,
    coherent_photons,
    tuning_curve,
    undulator_photons,
)
from fieldwright.light.plots import (
    plot_angular_map,
    plot_coherent_light,
    plot_tuning_curves,
    plot_undulator_spectrum,
)

UNDULATOR = PlanarUndulator(0.02, 1.0, 20)
THIN = LightBeam(3e9, 0.1)


def test_spectrum_and_map() -> None:
    ax = new_axes()
    energy = np.linspace(2700.0, 3000.0, 31)
    assert plot_undulator_spectrum(UNDULATOR, {"a": THIN, "b": THIN}, energy, ax) is ax
    x, y = ax.lines[0].get_data()
    wanted = undulator_photons(UNDULATOR, float(THIN.gamma), energy) * float(THIN.rate) * 1e-9
    np.testing.assert_allclose(x, energy / 1e3)
    np.testing.assert_allclose(y, wanted, rtol=1e-9)
    ax = plot_angular_map(UNDULATOR, 5871.0, 2.8e3, 1e-4, points=21)
    (image,) = ax.images
    assert float(image.get_array()[10, 10]) == pytest.approx(
        float(undulator_photons(UNDULATOR, 5871.0, 2.8e3)) * 1e-9, rel=1e-12
    )
    assert "µrad" in ax.get_xlabel()
    assert "µrad" in ax.get_ylabel()


def test_tuning_and_modulation() -> None:
    curve = tuning_curve(UNDULATOR, THIN, np.linspace(0.3, 2.0, 20))
    for quantity in ("brilliance", "flux", "density"):
        ax = plot_tuning_curves([curve], quantity=quantity)
        np.testing.assert_allclose(ax.lines[0].get_ydata(), getattr(curve, quantity))
        assert len(plot_tuning_curves([curve] * 9, quantity=quantity).lines) == 9
    with pytest.raises(InputError, match="nothing to draw"):
        plot_tuning_curves([])
    with pytest.raises(InputError, match="quantity must be one of"):
        plot_tuning_curves([curve], quantity="power")
    bunch = ModulatedBunch(1.56e9, [1e-5, 1e-5, 9e-6], depth=1.0, resonance=8153.8)
    light = coherent_photons(PlanarUndulator(14e-6, 1.5, 100), 26614.5, bunch, Plasma(38.0))
    other = coherent_photons(PlanarUndulator(14e-6, 1.5, 90), 26614.5, bunch, Plasma(38.0))
    levels = [line.get_ydata()[0] for line in plot_coherent_light({"a": light, "b": other}).lines]
    assert {float(light.incoherent), float(other.incoherent)} <= set(levels)
    ax = plot_coherent_light({"10 µm": light})
    crossing, level = ax.lines[1].get_data()
    assert float(light.coherent) * crossing[0] ** 2 == pytest.approx(float(level[0]), rel=1e-12)
