"""Fields that swing: drives of a trap."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.sources._assembly import Assembly
from fieldwright.sources._checks import (
    as_float,
    is_concrete,
    numpy_for,
    require_positive,
    scalar,
    vector,
)
from fieldwright.sources._linear import LinearField
from fieldwright.sources._penning import PenningTrap
from fieldwright.sources._source import Source, fields_of, linear_of, to_local
from fieldwright.sources._uniform import Uniform


class Driven(Source):
    """The fields of a source times cos(w t + phase).

    Args:
        source: what is driven, a source that stays as it is by itself.
        angular_frequency: w [rad/s].
        phase: at the time zero [rad].
        position: origin (3,) of the frame that `source` is placed in [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: `source` is no source or is driven itself, or a number is not a finite float64.

    The fields are quasi-static: what a changing field induces of the other is left out. That holds
    where the source is small against the wavelength, and, for a driven magnetic field, as long as
    the induced electric field matters little.

    >>> from math import pi
    >>> from fieldwright.sources import Driven, Uniform
    >>> drive = Driven(Uniform(electric=[0.0, 0.0, 2.0]), angular_frequency=2 * pi * 1e6)
    >>> print(f"{drive.E([0.0, 0.0, 0.0], time=0.5e-6)[2]:.3f} V/m")
    -2.000 V/m
    """

    source: Source
    angular_frequency: jax.Array = eqx.field(converter=scalar("angular_frequency"))
    phase: jax.Array = eqx.field(default=0.0, converter=scalar("phase"))

    def __check_init__(self) -> None:
        if not isinstance(self.source, Source):
            raise InputError(
                f"Driven takes a source, got {type(self.source).__name__}", parameter="source"
            )
        inside = jax.tree.leaves(self.source, is_leaf=lambda part: isinstance(part, Driven))
        if any(isinstance(part, Driven) for part in inside):
            raise InputError(
                "the source of a Driven is driven itself: drive each source once, and add them "
                "up in an Assembly",
                parameter="source",
            )

    @property
    def _limited(self) -> bool:
        return self.source._limited

    def _require_inside(self, points: jax.Array) -> None:
        self.source._require_inside(to_local(self.source, points))

    def _factor(self, time: jax.Array) -> jax.Array:
        return jnp.cos(self.angular_frequency * time + self.phase)

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return self._factor(time) * fields_of(self.source, points, 0.0)[0]

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return self._factor(time) * fields_of(self.source, points, 0.0)[1]

    def _linear(self) -> LinearField | None:
        part = linear_of(self.source)
        if part is None:
            return None
        # A LinearField has no driven B. What gives no B at all needs no look at its number.
        electric = type(self.source)._local_B is Source._local_B
        if not electric and not (is_concrete(part.B) and not part.B.any()):
            return None
        return part.driven(self.angular_frequency, self.phase)

    def _rest(self) -> Source | None:
        if self._linear() is None:
            return self
        rest = self.source._rest()
        if rest is None:
            return None
        placement = {"position": self.position, "rotation": self.rotation}
        return Driven(rest, self.angular_frequency, self.phase, **placement)


class Multipole(Source):
    """Potential voltage/2 (rho/size)^n cos(n phi), n = 1 or 2: what drives swing, see there."""

    voltage: jax.Array = eqx.field(converter=scalar("voltage"))
    size: jax.Array = eqx.field(converter=scalar("size"))
    order: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        require_positive(size=self.size)

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return self._linear().E(points, time)

    def _linear(self) -> LinearField:
        strength = self.voltage / self.size**self.order
        if self.order == 1:
            return LinearField.static(E0=strength * np.array([-0.5, 0.0, 0.0]))
        return LinearField.static(G=strength * np.diag([-1.0, 1.0, 0.0]))

    def _rest(self) -> None:
        return None


def parametric_drive(
    trap: PenningTrap, amplitude: Any, angular_frequency: Any, phase: Any = 0.0
) -> Driven:
    """What turns a trap's voltage V0 into V0 (1 + f cos(w t + phase)), when added to the trap.

    Args:
        trap: whose whole electric field swings, with its imperfections, place and bound.
        amplitude: f.
        angular_frequency: w [rad/s].
        phase: at the time zero [rad].

    Returns:
        The swinging part alone: the driven trap is `Assembly([trap, parametric_drive(...)])`.

    Raises:
        InputError: `trap` is no PenningTrap, or a number is not a finite float64.

    >>> from fieldwright.sources import Assembly, PenningTrap, parametric_drive
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> driven = Assembly([trap, parametric_drive(trap, 0.4, 1.4e6)])
    >>> print(f"{driven.E([0.0, 0.0, 20e-6])[2]:.6f} V/m")
    -5.600000 V/m
    """
    if not isinstance(trap, PenningTrap):
        raise InputError(
            f"a parametric drive is of a PenningTrap, got {type(trap).__name__}", parameter="trap"
        )
    amplitude = as_float(amplitude, "amplitude")
    voltage = numpy_for(trap.voltage, amplitude).asarray(trap.voltage * amplitude)
    swing = eqx.tree_at(lambda part: part.voltage, trap.electrodes, voltage)
    return Driven(swing, angular_frequency, phase)


def dipole_drive(field: Any, angular_frequency: Any, phase: Any = 0.0) -> Driven:
    """A uniform electric field times cos(w t + phase).

    Args:
        field: amplitude (3,) [V/m].
        angular_frequency: w [rad/s].
        phase: at the time zero [rad].

    Raises:
        InputError: a value is not a finite float64 of its shape.

    >>> from fieldwright.sources import dipole_drive
    >>> drive = dipole_drive([0.0, 0.0, 1.0], angular_frequency=0.7e6)
    >>> print(f"{drive.E([0.0, 0.0, 0.0])[2]:.3f} V/m")
    1.000 V/m
    """
    return Driven(Uniform(electric=vector("field")(field)), angular_frequency, phase)


def quadrupole_drive(voltage: Any, size: Any, angular_frequency: Any, phase: Any = 0.0) -> Driven:
    """An azimuthal quadrupole: the potential V / (2 d^2) (x^2 - y^2) cos(w t + phase).

    At w = w+ + w- it turns the magnetron and the modified cyclotron motion into each other.

    Args:
        voltage: V [V].
        size: d [m].
        angular_frequency: w [rad/s].
        phase: at the time zero [rad].

    Raises:
        InputError: a value is not a finite float64, or `size` is not above zero.

    >>> from fieldwright.sources import quadrupole_drive
    >>> drive = quadrupole_drive(voltage=1e-3, size=500e-6, angular_frequency=2.4e6)
    >>> print(f"{drive.E([20e-6, 0.0, 0.0])[0]:.3f} V/m")
    -0.080 V/m
    """
    return Driven(Multipole(voltage, size, 2), angular_frequency, phase)


def rotating_wall(
    voltage: Any, size: Any, angular_frequency: Any, order: int = 2, phase: Any = 0.0
) -> Assembly:
    """A field pattern that turns about z: two drives a quarter of a period apart.

    Args:
        voltage: V [V] of the potential V/2 (rho/d)^n cos(n (phi - w t) - phase).
        size: d [m].
        angular_frequency: w [rad/s] at which the PATTERN turns, from x to y if above zero. Its
            electrodes are driven at n w.
        order: n, 1 for a dipole, 2 for a quadrupole.
        phase: [rad]; at the time zero the pattern is turned by phase / n.

    Raises:
        InputError: a value is not a finite float64, `size` is not above zero, or `order` is
            neither 1 nor 2.

    >>> from math import pi
    >>> from fieldwright.sources import rotating_wall
    >>> wall = rotating_wall(voltage=1e-3, size=500e-6, angular_frequency=2 * pi * 1e5)
    >>> x, y, z = wall.E([20e-6, 0.0, 0.0], time=1.25e-6)  # an eighth of a turn
    >>> print(f"{y:.3f} V/m")
    -0.080 V/m
    """
    if order not in (1, 2):
        raise InputError(f"order is 1 (dipole) or 2 (quadrupole), got {order!r}", parameter="order")
    electric = order * as_float(angular_frequency, "angular_frequency")
    turned: Any = np.array([0.0, 0.0, np.pi / (2 * order)])
    phase = as_float(phase, "phase")
    return Assembly(
        (
            Driven(Multipole(voltage, size, order), electric, phase),
            Driven(Multipole(voltage, size, order, rotation=turned), electric, phase - np.pi / 2),
        )
    )
