"""Trajectories made in long double by other methods (tests/reference/generate_motion.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.motion import Ions

_FOLDER = Path(__file__).parents[1] / "reference"


@dataclass(frozen=True)
class Known:
    """Where charges start and end."""

    ions: Ions
    end: np.ndarray
    end_velocity: np.ndarray
    duration: float
    electric: Any = None
    magnetic: Any = None


@cache
def _table(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def _known(entry: Any, position: Any, velocity: Any, **more: Any) -> Known:
    ions = Ions(entry["mass"], entry["charge"], np.atleast_2d(position), np.atleast_2d(velocity))
    return Known(
        ions,
        np.atleast_2d(entry["position"]["value"]),
        np.atleast_2d(entry["velocity"]["value"]),
        entry["duration"],
        **more,
    )


@cache
def two_ions(constants: str, mass_u: float) -> Known:
    """The paper's pair after 50 us."""
    table = _table("motion")
    (entry,) = (
        e for e in table["two_ions"] if (e["constants"], e["mass_u"]) == (constants, mass_u)
    )
    return _known(entry, table["start"]["position"], table["start"]["velocity"])


@cache
def crystal() -> Known:
    """A hundred cold ions after 50 us."""
    table = _table("crystal")
    return _known(table, table["start"]["position"], table["start"]["velocity"])


def electron_cases() -> list[str]:
    """Names of the electrons in uniform fields."""
    return [entry["name"] for entry in _table("motion")["electrons"] if "electric" in entry]


@cache
def electrons(name: str) -> Known:
    """A fast electron in uniform fields."""
    (entry,) = (e for e in _table("motion")["electrons"] if e["name"] == name)
    fields = {key: entry[key] for key in ("electric", "magnetic")}
    return _known(entry, entry["start_position"], entry["start_velocity"], **fields)
