"""What a simulation comes to."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.motion.ions._ions import Ions
from fieldwright.sources import Source


class Trajectory(Result):
    """Positions and velocities of charges over time, and which were lost.

    Rows of charges that are lost are NaN from the first kept time after that. A relativistic run
    keeps `momentum` too, gamma v [m/s]: near the speed of light v alone does not tell the energy.

    >>> from fieldwright.motion import Ions, simulate
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> ions = Ions(6.655e-26, 1.602e-19, [[20e-6, 0.0, 20e-6]], [[0.0, 25.0, 0.0]])
    >>> trajectory = simulate(ions, trap, 50e-6)
    >>> trajectory.position.shape
    (201, 1, 3)
    """

    ions: Ions
    source: Source
    integrator: str = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    evaluations: int = eqx.field(static=True)
    time: jax.Array = quantity("s", "time")
    position: jax.Array = quantity("m", "position")
    velocity: jax.Array = quantity("m/s", "velocity")
    lost_time: jax.Array = quantity("s", "time of loss, infinite where kept")
    lost_position: jax.Array = quantity("m", "place of loss")
    error_estimate: jax.Array = quantity("m", "error of positions, NaN where none was found")
    momentum: jax.Array | None = None

    @property
    def kept(self) -> np.ndarray:
        """Which charges (n,) were there at the end."""
        return np.isinf(np.asarray(self.lost_time))

    @property
    def final(self) -> Ions:
        """The charges that were there at the end, as they were then."""
        kept = self.kept
        return Ions(
            self.ions.mass[kept],
            self.ions.charge[kept],
            self.position[-1][kept],
            self.velocity[-1][kept],
        )

    def to_xarray(self) -> Any:
        """The motion as an `xarray.Dataset` over time, ion and axis."""
        import xarray as xr

        path, ion = ("time", "ion", "axis"), ("ion", "axis")
        names = {"position": path, "velocity": path, "lost_time": ("ion",), "lost_position": ion}
        data = xr.Dataset(coords={"time": np.asarray(self.time), "axis": ["x", "y", "z"]})
        for field, value in self._quantities():
            attributes = {"units": field.metadata["unit"], "long_name": field.metadata["long_name"]}
            if field.name == "error_estimate":
                data.attrs["error_estimate_m"] = float(value)
            elif field.name == "time":
                data["time"].attrs = attributes
            else:
                data[field.name] = (names[field.name], np.asarray(value), attributes)
        for name, unit in (("mass", "kg"), ("charge", "C")):
            value = np.asarray(getattr(self.ions, name))
            data[name] = ("ion", value, {"units": unit, "long_name": f"{name} of each ion"})
        data.attrs |= {
            "integrator": self.integrator,
            "steps": self.steps,
            "evaluations": self.evaluations,
        }
        return data


def crossing(
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray],
    h: float,
    radius: float,
) -> tuple[np.ndarray, np.ndarray]:
    """When within a step (n,) [s] and where (n, 3) [m] charges first crossed a sphere.

    Positions within the step are the cubics through both ends and their velocities.
    """
    (x0, v0), (x1, v1) = before, after
    fine = np.linspace(0.0, 1.0, 65)
    low = np.zeros(len(x0))

    def place(s: np.ndarray) -> np.ndarray:
        s = s[:, None]
        stay, go = (1 + 2 * s) * (1 - s) ** 2, s * s * (3 - 2 * s)
        return stay * x0 + go * x1 + h * s * (1 - s) * ((1 - s) * v0 - s * v1)

    def outside(s: np.ndarray) -> np.ndarray:
        return np.sum(place(s) ** 2, axis=1) > radius**2

    out = np.array([outside(np.full(len(x0), s)) for s in fine])
    index = np.where(out.any(axis=0), out.argmax(axis=0), len(fine) - 1)
    low, high = fine[np.maximum(index - 1, 0)], fine[index]
    for _ in range(48):
        middle = (low + high) / 2
        beyond = outside(middle)
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return high * h, place(high)


def empty_losses(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and places of loss of n charges none of which is lost."""
    return np.full(n, np.inf), np.full((n, 3), np.nan)
