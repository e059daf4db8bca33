"""The curves of a light study, as one dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._judge import Quantity
from ._model import LightStudy
from ._quantities import spectrum_unit

if TYPE_CHECKING:
    import xarray

    from ._compute import Results

_Data = dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]
_TUNED = {
    "photon_energy": ("eV", "photon energy"),
    "flux": ("1/s", "flux in the central cone, 0.1 % bandwidth"),
    "density": ("1/s/mrad^2", "flux density on the axis, Gaussian, 0.1 % bandwidth"),
    "brilliance": ("1/s/mm^2/mrad^2", "brilliance, 0.1 % bandwidth"),
}


def dataset(
    study: LightStudy, results: Results, quantities: Mapping[str, Quantity]
) -> xarray.Dataset:
    """Spectra, maps, tuning curves, channels and limits; names end with that of their part."""
    import xarray

    data: _Data = {}
    for name in study.spectra:
        found, axis = results.curves[name], f"photon_energy_{name}"
        _put(data, axis, (axis,), found["energy"], "eV", "photon energy")
        unit = spectrum_unit(study, name)
        words = "photons of a charge per steradian and unit bandwidth"
        words = words if unit == "1/rad^2" else "flux density, 0.1 % bandwidth"
        _put(data, f"light_{name}", (axis,), found["value"], unit, words)
    for name in study.maps:
        found, x, y = results.curves[name], f"x_{name}", f"y_{name}"
        _put(data, x, (x,), found["angle"], "rad", "angle in x")
        _put(data, y, (y,), found["angle"], "rad", "angle in y")
        words = "photons of a charge per steradian and unit bandwidth"
        _put(data, f"light_{name}", (y, x), found["value"], "1/rad^2", words)
    for name, curves in results.tuning.items():
        axis = f"K_{name}"
        for n, curve in curves.items():
            _put(data, axis, (axis,), curve.K, "1", "undulator parameter")
            for key, (unit, words) in _TUNED.items():
                own = f"{key}_{name}_{n}"
                _put(data, own, (axis,), getattr(curve, key), unit, f"harmonic {n}: {words}")
    for name in study.channels:
        found, axis, charge = results.curves[name], f"depth_{name}", f"charge_{name}"
        _put(data, axis, (axis,), found["depth"], "m", "depth in the crystal")
        _put(data, f"fraction_{name}", (axis,), found["fraction"], "1",
             "fraction of the charges still in their channels")  # fmt: skip
        _put(data, f"place_{name}", (axis, charge), found["position"], "m",
             "place across the beam, of the first charges")  # fmt: skip
    for name in study.limits:
        found, A, wave = results.curves[name], f"amplitude_{name}", f"period_{name}"
        _put(data, A, (A,), found["amplitude"], "m", "amplitude of the planes")
        _put(data, wave, (wave,), found["period"], "m", "period of the bending")
        _put(data, f"C_{name}", (A, wave), found["C"], "1", "bending parameter C")
        _put(data, f"K_ratio_{name}", (A, wave), found["K_ratio"], "1", "q over q_ch")
    for name, quantity in quantities.items():
        _put(data, name, (), np.array(quantity.value), quantity.unit, quantity.long_name)
    return xarray.Dataset(data)


def _put(data: _Data, name: str, axes: tuple[str, ...], values: Any, unit: str, words: str) -> None:
    data[name] = (axes, np.asarray(values), {"units": unit, "long_name": words})
