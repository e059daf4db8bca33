"""What a coil costs in heat: resistance, and power for a force."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from fieldwright.errors import InputError
from fieldwright.forces._sweet_spot import sweet_spot
from fieldwright.sources import Coil, Source
from fieldwright.sources._checks import as_float, is_concrete, millimetres, require_positive


class _Metal(NamedTuple):
    resistivity: float  # at 20 degC [ohm m]
    coefficient: float  # of temperature at 20 degC [1/K]


#: Annealed copper by IEC 60028 (1925), hard-drawn aluminium by IEC 60889 (1987), and silver from
#: the CRC Handbook (2014), 12-41.
MATERIALS = {
    "copper": _Metal(1 / 58e6, 0.00393),
    "aluminium": _Metal(2.8264e-8, 0.00403),
    "silver": _Metal(1.587e-8, 0.0038),
}
_WARM = (200.0, 500.0)
_ROOM = 293.15


class Wire(eqx.Module):
    """A round wire.

    Args:
        diameter: of the bare conductor [m].
        material: one of copper, aluminium, silver.
        temperature: [K], between 200 K and 500 K, where resistivity is linear in it.
        resistivity: [ohm m], instead of material and temperature: for alloys and the cold.

    Raises:
        InputError: a value out of its range, or an unknown material.

    >>> from fieldwright.forces import Wire
    >>> print(f"{Wire(0.36e-3).resistivity * 1e9:.3f} nohm m")
    17.241 nohm m
    """

    diameter: jax.Array
    resistivity: jax.Array

    def __init__(
        self,
        diameter: Any,
        material: str = "copper",
        temperature: Any = _ROOM,
        resistivity: Any = None,
    ):
        self.diameter = as_float(diameter, "diameter")
        require_positive(diameter=self.diameter)
        if resistivity is None:
            resistivity = _resistivity(material, as_float(temperature, "temperature"))
        self.resistivity = as_float(resistivity, "resistivity")
        require_positive(resistivity=self.resistivity)

    @property
    def area(self) -> Any:
        """Section of the conductor [m^2]."""
        return jnp.pi / 4 * self.diameter**2


def _resistivity(material: str, temperature: Any) -> Any:
    if material not in MATERIALS:
        raise InputError(
            f"material {material!r} is not known: give one of {', '.join(MATERIALS)}, or the "
            f"resistivity",
            parameter="material",
        )
    if is_concrete(temperature) and not _WARM[0] <= temperature <= _WARM[1]:
        raise InputError(
            f"at {float(temperature):g} K resistivity is not linear in temperature (that holds "
            f"from {_WARM[0]:g} K to {_WARM[1]:g} K): give the resistivity",
            parameter="temperature",
        )
    metal = MATERIALS[material]
    return metal.resistivity * (1 + metal.coefficient * (temperature - _ROOM))


def resistance(coil: Coil, wire: Wire) -> jax.Array:
    """Resistance of a coil wound from a wire, at direct current.

    Args:
        coil: its turns, of the mean length of pi (inner_radius + outer_radius).
        wire: its bare diameter and resistivity.

    Returns:
        The resistance [ohm].

    Raises:
        InputError: so many turns of this wire do not fit into the winding, packed as densely as
            round wires can be.

    >>> from fieldwright.forces import Wire, resistance
    >>> from fieldwright.sources import Coil
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> print(f"{resistance(coil, Wire(0.33e-3)):.3f} ohm")
    10.533 ohm
    """
    _require_room(coil, wire)
    length = coil.turns * jnp.pi * (coil.inner_radius + coil.outer_radius)
    return wire.resistivity * length / wire.area


def power_per_force_squared(coil: Coil, magnet: Source, wire: Wire) -> jax.Array:
    """Power that a coil dissipates for a force at its sweet spot, over the force squared.

    It hardly depends on the wire's diameter if that fills the same winding: thus coils compare
    honestly, where force per ampere only counts turns.

    Args:
        coil: as for `sweet_spot`.
        magnet: as for `sweet_spot`.
        wire: as for `resistance`.

    Returns:
        Resistance over the square of the largest force per ampere [W/N^2].

    Raises:
        InputError: as `sweet_spot` and `resistance`.
        ConvergenceError: as `sweet_spot`.

    >>> from fieldwright.forces import Wire, power_per_force_squared
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
    >>> print(f"{power_per_force_squared(coil, magnet, Wire(0.33e-3)):.1f} W/N^2")
    634.9 W/N^2
    """
    return resistance(coil, wire) / sweet_spot(coil, magnet).force_per_current ** 2


def _require_room(coil: Coil, wire: Wire) -> None:
    for name, given, kind in (("coil", coil, Coil), ("wire", wire, Wire)):
        if not isinstance(given, kind):
            raise InputError(
                f"{name} must be a {kind.__name__}, got {type(given).__name__}", parameter=name
            )
    if not is_concrete(coil, wire.diameter):
        return
    section = (coil.outer_radius - coil.inner_radius) * coil.length
    most = float(section / (wire.diameter**2 * 3**0.5 / 2))
    if coil.turns > most * (1 + 1e-9):
        raise InputError(
            f"{float(coil.turns):g} turns of wire {millimetres(wire.diameter)} thick do not fit: "
            f"the winding has room for {most:.0f}",
            parameter="diameter",
        )
