"""Reads the tables of `tests/reference`: made with other formulas, at mu0 = 4 pi 1e-7."""

import json
from pathlib import Path

import numpy as np

from fieldwright.constants import MU_0, MU_0_BEFORE_2019
from fieldwright.sources import Coil, CylinderMagnet

_FOLDER = Path(__file__).parents[1] / "reference"

#: What the tables must be multiplied by.
TO_CODATA = MU_0 / MU_0_BEFORE_2019


def table(name):
    return json.loads((_FOLDER / f"{name}.json").read_text())


def number(entry):
    """A table's number, which may come with an uncertainty."""
    return np.asarray(entry["value"] if isinstance(entry, dict) else entry, dtype=float)


def coil(entry, **pose):
    return Coil(
        **{name: entry[name] for name in ("inner_radius", "outer_radius", "length", "turns")},
        **pose,
    )


def magnet(entry, **pose):
    return CylinderMagnet(
        radius=entry["radius"],
        length=entry["length"],
        magnetization=entry["magnetization"],
        inner_radius=entry["inner_radius"] or None,
        **pose,
    )
