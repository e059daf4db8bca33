"""Fieldwright makes electric and magnetic fields and tells what they do.

>>> from fieldwright.sources import Coil, CylinderMagnet
>>> from fieldwright.forces import sweet_spot
>>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
>>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
>>> round(float(sweet_spot(coil, magnet).position), 6)  # m
0.006719
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "constants",
    "errors",
    "forces",
    "light",
    "motion",
    "rings",
    "sources",
    "studies",
    "units",
]


def __getattr__(name: str) -> ModuleType:
    # Rooms load when first used, so that importing the package stays light.
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
