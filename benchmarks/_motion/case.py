"""The tasks that every code is given: ions in the paper's trap, and where they must end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.constants import COULOMB
from fieldwright.motion import Ions, paper_cloud
from fieldwright.sources import PenningTrap

_REFERENCE = Path(__file__).parents[2] / "tests" / "reference"


@dataclass(frozen=True)
class Case:
    """Ions of one kind in the trap; the same in SI for ours and in um and us for the others."""

    name: str
    ions: Ions
    trap: PenningTrap
    duration: float  # s
    end: np.ndarray | None = None  # (n, 3) um, from long double

    @property
    def n(self) -> int:
        return len(self.ions)

    @property
    def span(self) -> float:
        """Duration [us]."""
        return self.duration * 1e6

    @cached_property
    def start(self) -> np.ndarray:
        """x, y, z [um] and their velocities [um/us] (6, n)."""
        return np.concatenate(
            [np.asarray(self.ions.position).T * 1e6, np.asarray(self.ions.velocity).T]
        )

    @cached_property
    def _ratio(self) -> float:
        return float(np.asarray(self.ions.charge)[0] / np.asarray(self.ions.mass)[0])

    @cached_property
    def coulomb(self) -> float:
        """k_e q^2 / m [um^3/us^2]."""
        return COULOMB * float(np.asarray(self.ions.charge)[0]) * self._ratio * 1e6

    @cached_property
    def turn(self) -> float:
        """q B / m [1/us]."""
        return self._ratio * 1e-6

    @cached_property
    def push(self) -> float:
        """q V0 / (m d^2) [1/us^2]."""
        return self._ratio * 0.025 / 500e-6**2 * 1e-12

    def error(self, places: Any) -> float:
        """Largest distance [um] from where the ions must end, of places (n, 3) [um]."""
        assert self.end is not None
        return float(np.linalg.norm(np.asarray(places) - self.end, axis=1).max())

    def energy(self, state: np.ndarray) -> float:
        """Energy over the mass [um^2/us^2] of a state (6, n), in long double."""
        x, v = np.asarray(state, np.longdouble).reshape(2, 3, -1)
        d = x[:, :, None] - x[:, None]
        r = np.sqrt((d * d).sum(axis=0))
        np.fill_diagonal(r, np.inf)
        trap = self.push / 2 * (2 * x[2] ** 2 - x[0] ** 2 - x[1] ** 2).sum()
        return (v * v).sum() / 2 + trap + self.coulomb / 2 * (1 / r).sum()


def paper_trap() -> PenningTrap:
    """1 T, 25 mV, 500 um."""
    return PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)


@cache
def two_ions() -> Case:
    """The paper's two, 40.078 u, CODATA's constants."""
    table = json.loads((_REFERENCE / "motion.json").read_text())
    (row,) = (
        r for r in table["two_ions"] if r["constants"] == "CODATA 2022" and r["mass_u"] == 40.078
    )
    return _case("two ions", row, table["start"])


@cache
def crystal() -> Case:
    """A hundred ions at 1 mK."""
    row = json.loads((_REFERENCE / "crystal.json").read_text())
    return _case("cold crystal", row, row["start"])


@cache
def hot(n: int = 100, seed: int = 0) -> Case:
    """The paper's random cloud; chaotic, so that only its energy is known."""
    return Case("hot cloud", paper_cloud(n, seed=seed), paper_trap(), 50e-6)


def _case(name: str, row: dict[str, Any], start: dict[str, Any]) -> Case:
    ions = Ions(row["mass"], row["charge"], start["position"], start["velocity"])
    end = np.array(row["position"]["value"]) * 1e6
    return Case(name, ions, paper_trap(), row["duration"], end)


#: How to make each case, by name.
CASES: dict[str, Callable[[], Case]] = {
    "two ions": two_ions,
    "cold crystal": crystal,
    "hot cloud": hot,
}


def ball(n: int, seed: int = 0) -> np.ndarray:
    """Places (n, 3) [um] spread evenly in a ball, as dense as a crystal."""
    random = np.random.default_rng(seed)
    direction = random.normal(size=(n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return 17.0 * np.cbrt(n * random.uniform(size=(n, 1))) * direction
