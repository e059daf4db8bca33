"""Units that pictures of motion choose for themselves, the same for all curves on their axes."""

from __future__ import annotations

from typing import Any

import numpy as np

_PREFIXES = {1e-9: "n", 1e-6: "\N{MICRO SIGN}", 1e-3: "m", 1.0: "", 1e3: "k", 1e6: "M"}


def scale_of(values: Any, unit: str) -> tuple[float, str]:
    """What to divide numbers in `unit` by so that they are easy to read, and the unit they have.

    >>> factor, unit = scale_of([0.0, 2e-5], "m")
    >>> print(f"{factor:.0e} {unit}")
    1e-06 µm
    """
    largest = float(np.nanmax(np.abs(np.asarray(values, dtype=float)), initial=0.0))
    fitting = [size for size in _PREFIXES if size <= largest] or [1.0 if not largest else 1e-9]
    size = fitting[-1]
    return size, f"{_PREFIXES[size]}{unit}"


def time_scale(ax: Any, values: Any) -> tuple[float, str]:
    """What to divide times [s] on these axes by, and the unit they then have."""
    return kept_scale(ax, "time", values, "s")


def length_scale(ax: Any, values: Any) -> tuple[float, str]:
    """What to divide lengths [m] on these axes by, and the unit they then have."""
    return kept_scale(ax, "length", values, "m")


def kept_scale(ax: Any, what: str, values: Any, unit: str) -> tuple[float, str]:
    """The scale of what was drawn first on these axes, so that later curves share it."""
    kept: dict[str, tuple[float, str]] = ax.__dict__.setdefault("_fieldwright_scales", {})
    return kept.setdefault(what, scale_of(values, unit))
