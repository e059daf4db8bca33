"""What the motion of a charge is to the light it makes: where, when, and how little below c."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

import fieldwright._jax  # noqa: F401  (64-bit, before any array exists)
from fieldwright._sizes import filled_up
from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light.spectra._stencils import FEWEST, refine
from fieldwright.motion import Trajectory
from fieldwright.sources._checks import as_float, is_concrete, numpy_for

_UNEVEN = 1e-6  # of a step: times farther from equal steps than this are refused


class Path(eqx.Module):
    """One charge's motion, in equal steps of time, as light needs it.

    Light depends on 1 - n.v/c, which is some 1e-8 for fast electrons. So a path holds what that is
    made of without loss: velocities across z, and by how little the one along z is below c.

    Args:
        time: (n,), in equal steps [s].
        position: (n, 3) [m].
        momentum: (n, 3), gamma v / c.

    Raises:
        InputError: a shape that does not fit, a value that is not a finite float64, fewer than 40
            points, or times that are not in equal steps.

    Its fields are `time` (n,) [s], `position` (n, 3) [m], `velocity` (n, 2), of x and y [c],
    `slip` (n,), 1 - v_z / c, and `below_light` (n,), 1 - v^2 / c^2.

    >>> import numpy as np
    >>> from fieldwright.light import Path
    >>> z = np.linspace(0.0, 0.1, 101)
    >>> rest = np.zeros((101, 2))
    >>> straight = Path(z / 3e8, np.c_[rest, z], np.c_[rest, np.full(101, 6000.0)])
    >>> print(f"{straight.slip[0]:.6e}")
    1.388889e-08
    """

    time: jax.Array
    position: jax.Array
    velocity: jax.Array
    slip: jax.Array
    below_light: jax.Array

    def __init__(self, time: Any, position: Any, momentum: Any):
        self.time, self.position = _checked(time, position)
        momentum = as_float(momentum, "momentum", (len(self.time), 3))
        momentum = numpy_for(momentum).asarray(momentum)
        self.velocity, self.slip, self.below_light = jax.device_put(_of_momentum(momentum))

    @classmethod
    def of(cls, trajectory: Trajectory, ion: int = 0) -> Path:
        """The path of one charge of a run of `motion.simulate`.

        Args:
            trajectory: what the run came to; `relativistic=True` keeps all digits.
            ion: which charge.

        Raises:
            InputError: there is no such charge, it was lost, or it is faster than light.

        >>> from fieldwright.light import Path
        >>> from fieldwright.motion import Ions, simulate
        >>> from fieldwright.sources import Uniform
        >>> electron = Ions(9.1093837139e-31, -1.602e-19, [[0.0, 0.0, 0.0]], [0.0, 0.0, 2.9e8])
        >>> run = simulate(electron, Uniform(magnetic=[0.0, 0.1, 0.0]), 1e-9, relativistic=True)
        >>> print(f"{Path.of(run).below_light[-1]:.6f}")
        0.064261
        """
        n = trajectory.position.shape[1]
        if not -n <= ion < n:
            raise InputError(f"there is no ion {ion}: the trajectory has {n}", parameter="ion")
        if is_concrete(trajectory) and not np.isinf(np.asarray(trajectory.lost_time)[ion]):
            raise InputError(
                f"ion {ion} was lost at {float(trajectory.lost_time[ion]):.4g} s: end the run "
                "before, its path breaks off there",
                parameter="trajectory",
            )
        position = trajectory.position[:, ion]
        if trajectory.momentum is not None:
            return cls(trajectory.time, position, trajectory.momentum[:, ion] / SPEED_OF_LIGHT)
        velocity = trajectory.velocity[:, ion] / SPEED_OF_LIGHT
        return cls.prescribed(trajectory.time, position, velocity[:, :2], 1 - velocity[:, 2])

    @classmethod
    def prescribed(
        cls, time: Any, position: Any, velocity: Any, slip: Any, *, superluminal: bool = False
    ) -> Path:
        """A path whose velocity is given rather than followed from forces.

        Args:
            time: (n,), in equal steps [s].
            position: (n, 3) [m].
            velocity: (n, 2), along x and y [c].
            slip: (n,), 1 - v_z / c.
            superluminal: let it be faster than light. Averaged motions, such as trajectory (1) of
                the crystalline-undulator paper at q above sqrt(2), are so at times.

        Raises:
            InputError: as the class, or it is faster than light.

        >>> import numpy as np
        >>> from fieldwright.light import Path
        >>> still = np.zeros((100, 3))
        >>> path = Path.prescribed(np.arange(100.0), still, still[:, :2], np.full(100, 0.3))
        >>> print(f"{path.below_light[0]:.2f}")
        0.51
        """
        time, position = _checked(time, position)
        velocity = as_float(velocity, "velocity", (len(time), 2))
        slip = as_float(slip, "slip", (len(time),))
        xp = numpy_for(velocity, slip)
        velocity, slip = xp.array(velocity), xp.array(slip)
        below = slip * (2 - slip) - xp.sum(velocity**2, axis=1)
        if not superluminal and is_concrete(below):
            _require_slower(below, np.asarray(time))
        return cls._with(time, position, *jax.device_put((velocity, slip, below)))

    def refined(self, factor: int) -> Path:
        """The path with `factor` as many steps, by polynomials through 12 points.

        Inside `jit`, `spectrum` takes a path as it is: this prepares it for higher photon energies.

        >>> import numpy as np
        >>> from fieldwright.light import Path
        >>> t, rest = np.arange(40.0), np.zeros((40, 3))
        >>> Path(t, rest, rest).refined(3).time.shape
        (118,)
        """
        if factor == 1:
            return self
        return self._with(*_refined(self, factor))

    def filled_up(self, number: int) -> Path:
        """The path, if it is known, with more points after its end, to `number`; they mean nothing.

        Their times go on in equal steps, and all else stays as it was at the end.
        """
        if not is_concrete(self):
            return self
        time, *others = (np.asarray(getattr(self, name)) for name in self.__dataclass_fields__)
        step = (time[-1] - time[0]) / (len(time) - 1)
        more = time[-1] + step * np.arange(1, number - len(time) + 1)
        return self._with(
            np.concatenate([time, more]), *(filled_up(values, number) for values in others)
        )

    @classmethod
    def _with(cls, *fields: Any) -> Path:
        path = object.__new__(cls)
        names = ("time", "position", "velocity", "slip", "below_light")
        for name, value in zip(names, fields, strict=True):
            object.__setattr__(path, name, value)
        return path


def _of_momentum(momentum: Any) -> tuple[Any, Any, Any]:
    """Velocity (n, 2), slip and 1 - v^2 / c^2 of momenta (n, 3)."""
    xp = numpy_for(momentum)
    across, along = xp.sum(momentum[:, :2] ** 2, axis=1), momentum[:, 2]
    gamma = xp.sqrt(1 + across + along**2)
    ahead = along > 0
    slip = xp.where(
        ahead,
        (1 + across) / (gamma * (gamma + xp.where(ahead, along, 0.0))),
        1 - along / gamma,
    )
    return momentum[:, :2] / gamma[:, None], slip, 1 / gamma**2


def _refined(path: Path, factor: int) -> tuple[Any, ...]:
    xp = numpy_for(path)
    time, position, velocity, slip, below = (
        xp.asarray(getattr(path, name)) for name in path.__dataclass_fields__
    )
    columns = xp.concatenate([position, velocity, slip[:, None], below[:, None]], axis=1)
    fine = refine(columns, factor)
    steps = len(fine) - 1
    time = time[0] + (time[-1] - time[0]) * (np.arange(steps + 1) / steps)
    return time, fine[:, :3], fine[:, 3:5], fine[:, 5], fine[:, 6]


def as_path(trajectory: Any) -> Path:
    """A `Path` of what the user gave: one, or the `Trajectory` of a single charge."""
    if isinstance(trajectory, Path):
        return trajectory
    if not isinstance(trajectory, Trajectory):
        raise InputError(
            f"trajectory must be a light.Path or a motion.Trajectory, got {type(trajectory)}",
            parameter="trajectory",
        )
    if trajectory.position.shape[1] != 1:
        raise InputError(
            f"the trajectory is of {trajectory.position.shape[1]} charges: choose one by "
            "light.Path.of(trajectory, ion)",
            parameter="trajectory",
        )
    return Path.of(trajectory)


def _checked(time: Any, position: Any) -> tuple[jax.Array, jax.Array]:
    time = as_float(time, "time", (None,))
    n = len(time)
    if n < FEWEST:
        raise InputError(f"the path has {n} points: it needs {FEWEST} or more", parameter="time")
    if is_concrete(time):
        at = np.asarray(time)
        step = (at[-1] - at[0]) / (n - 1)
        if not step > 0 or np.max(np.abs(np.diff(at) - step)) > _UNEVEN * step + 4e-16 * np.max(
            np.abs(at)
        ):
            raise InputError(
                "time must rise in equal steps: interpolate the path to such times first",
                parameter="time",
            )
    position = as_float(position, "position", (n, 3))
    time, position = (v if isinstance(v, jax.Array) else np.array(v) for v in (time, position))
    return jax.device_put((time, position))


def _require_slower(below: np.ndarray, time: np.ndarray) -> None:
    if np.all(below > 0):
        return
    first = int(np.argmax(~(below > 0)))
    raise InputError(
        f"the charge is not slower than light at point {first} ({time[first]:.4g} s): "
        f"v/c = 1 + {-below[first] / 2:.3g}; check velocity and slip (1 - v_z/c)",
        parameter="velocity",
    )
