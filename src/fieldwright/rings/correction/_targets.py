"""What a ring can be matched to: quantities by their names in results, or any function of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._jax import PLAIN
from fieldwright.errors import InputError
from fieldwright.rings.beam import _equilibrium
from fieldwright.rings.lattice._kernel import of_rows
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._rows import Rows
from fieldwright.rings.linear_optics import _chromaticity, _optics_functions
from fieldwright.rings.linear_optics._matrices import find_orbit
from fieldwright.rings.linear_optics._modes import inverse
from fieldwright.sources._checks import as_float, require_positive

_OPTICS = ("tunes", "momentum_compaction", "slip_factor")
_OPTICS_AT = ("beta", "alpha", "dispersion", "phase", "orbit")
_MODES_AT = ("mode_beta", "mode_alpha", "mode_gamma", "mode_phase", "mode_share")
_BEAM = (
    "energy_loss", "decrements", "damping_times", "emittances", "energy_spread", "bunch_length",
)  # fmt: skip
_BEAM_AT = ("sigma_x", "sigma_y")
_PLACED = (*_OPTICS_AT, *_MODES_AT, *_BEAM_AT)

#: Names of what `Target` knows.
QUANTITIES = tuple(sorted((*_OPTICS, *_BEAM, *_PLACED, "chromaticity", "circumference")))


@dataclass(frozen=True)
class Target:
    """A number, or several, that a ring shall have.

    Args:
        what: a quantity of `Optics` (tunes, beta, alpha, dispersion, phase, orbit, mode_beta,
            momentum_compaction and so on), "chromaticity", a quantity of `Equilibrium` (emittances,
            energy_loss, energy_spread, bunch_length, decrements, sigma_x and so on),
            "circumference", or a function that takes a lattice and returns an array.
        value: what it shall be, in SI units and in the shape the result has; None for what may be
            anything.
        at: name of the first element at whose entrance, for what changes along the ring.
        scale: a misfit that counts as one. None takes the largest of the values, or 1 if they are
            zero, and 1 for tunes.

    Raises:
        InputError: an unknown quantity, no element where one is needed, or a value or scale that
            is not a number.

    >>> from fieldwright.rings import Target
    >>> Target("beta", (0.1, 0.1), at="IP1").label
    'beta at IP1'
    >>> Target("dispersion", (0.0, 0.0, None, None), at="IP1").wanted
    array([ 0.,  0., nan, nan])
    """

    what: str | Callable[[Lattice], Any]
    value: Any
    at: str | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.what, str):
            if self.what not in QUANTITIES:
                near = difflib.get_close_matches(self.what, QUANTITIES, 1, 0.4)
                raise InputError(
                    f"a target is one of {', '.join(QUANTITIES)} or a function of a lattice; got "
                    f"{self.what!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                    parameter="what",
                )
            if (self.what in _PLACED) != (self.at is not None):
                raise InputError(
                    f"{self.what} changes along the ring: say where, as in at='IP1'"
                    if self.at is None
                    else f"{self.what} belongs to the whole ring: leave out at={self.at!r}",
                    parameter="at",
                )
        elif not callable(self.what):
            raise InputError(f"a target is a name or a function, got {self.what!r}")
        if self.scale is not None:
            require_positive(scale=as_float(self.scale, "scale"))
        if not np.isfinite(self.wanted).any():
            raise InputError(f"{self.label}: no value is a number", parameter="value")

    @property
    def label(self) -> str:
        """What it is, in words."""
        return _label(self.what) + ("" if self.at is None else f" at {self.at}")

    @property
    def wanted(self) -> np.ndarray:
        """The values as an array, NaN for what may be anything."""
        try:
            return np.array(self.value, dtype=float)
        except (TypeError, ValueError):
            raise InputError(
                f"{self.label}: the value must be numbers, got {self.value!r}", parameter="value"
            ) from None

    @property
    def size(self) -> float:
        """The misfit that counts as one."""
        if self.scale is not None:
            return float(self.scale)
        if self.what == "tunes":
            return 1.0
        return float(np.nanmax(np.abs(self.wanted))) or 1.0

    @property
    def counts(self) -> np.ndarray:
        """Which of the values are asked for."""
        return np.isfinite(self.wanted)

    @property
    def needs_radiation(self) -> bool:
        """Whether it is a number of the equilibrium."""
        return self.what in (*_BEAM, *_BEAM_AT)


def _label(what: str | Callable[[Lattice], Any]) -> str:
    return what if isinstance(what, str) else getattr(what, "__name__", repr(what))


class Seen(NamedTuple):
    """What a ring has, by name, and how far it is from being stable.

    Args:
        found: quantities of optics, at the entrances of elements and at the end where they change
            along the ring, `chromaticity`, and quantities of the beam; as far as they are needed.
        instability: (3,) by how much traces are beyond what is stable; zeros of a stable ring.
    """

    found: dict[str, Any]
    instability: Any


def needed(targets: Sequence[Target]) -> tuple[str, ...]:
    """Which of a ring's properties targets ask for."""
    names = {target.what for target in targets}
    beam = names & {*_BEAM, *_BEAM_AT}
    optics = names & {*_OPTICS, *_OPTICS_AT, *_MODES_AT}
    wanted = {"beam": beam, "chromaticity": names & {"chromaticity"}, "optics": optics}
    return tuple(name for name, there in wanted.items() if there)


#: Long derivatives that are taken tens of times: half of the time to compile is worth more than
#: half of the time to run.
_QUICKLY_COMPILED = {**PLAIN, "xla_backend_optimization_level": 0}


@partial(of_rows, static=("needs",), options=_QUICKLY_COMPILED)
def seen_along(
    rows: Rows,
    beam_rows: Rows,
    table: Any,
    energy: Any,
    directions: Any,
    needs: tuple[str, ...],
) -> tuple[Seen, Seen]:
    """What a ring has, and its derivatives (..., k) along k changes of its table.

    Args:
        rows: without cavities.
        beam_rows: with cavities and radiation.
        table: (N, columns) of the lattice.
        energy: of the reference particle [eV].
        directions: (k, N, columns).
        needs: see `needed`.
    """

    def see(table: Any) -> Seen:
        return _see(rows, beam_rows, table, energy, needs)

    def along(direction: Any) -> tuple[Seen, Seen]:
        return jax.jvp(see, (table,), (direction,))

    # one after the other: side by side they take three times as long to compile
    found, slopes = jax.lax.map(along, directions)
    first = jax.tree.map(lambda part: part[0], found)
    return first, jax.tree.map(lambda part: jnp.moveaxis(part, 0, -1), slopes)


def _see(rows: Rows, beam_rows: Rows, table: Any, energy: Any, needs: tuple[str, ...]) -> Seen:
    orbit, _ = find_orbit(rows, table, energy, 0.0, False)
    found: dict[str, Any] = {}
    if "optics" in needs:
        functions = _optics_functions.functions(rows, table, energy, 0.0, orbit)
        # functions of unstable rings mean nothing
        stable = jnp.where(jnp.isfinite(functions["tunes"]).all(), 1.0, jnp.nan)
        names = (*_OPTICS, *_OPTICS_AT, *_MODES_AT)
        found |= {name: stable * functions[name] for name in names}
    if "chromaticity" in needs:
        (total, _), _ = _chromaticity.slopes(rows, table, energy, orbit)
        found["chromaticity"] = total
    if "beam" in needs:
        found |= _beam(beam_rows, table, energy)
    return Seen(found, _instability(orbit.chain.turn[:4, :4], rows.planar))


def _beam(rows: Rows, table: Any, energy: Any) -> dict[str, Any]:
    """Quantities of the equilibrium; NaN where a mode is not damped."""
    found = _equilibrium.settle(rows, table, *find_orbit(rows, table, energy, 0.0, True))
    kept = jnp.where((found["decrements"] > 0).all(), 1.0, jnp.nan)
    covariance = found["covariance"]
    sizes = {
        f"sigma_{plane}": jnp.sqrt(covariance[:, 2 * i, 2 * i]) for i, plane in enumerate("xy")
    }
    all_of_it = {**found, **sizes}
    return {name: kept * all_of_it[name] for name in (*_BEAM, *_BEAM_AT)}


def _instability(turn: Any, planar: Any) -> Any:
    """By how much traces are beyond what is stable.

    With T = M + M^-1, whose eigenvalues are 2 cos of the phases: these are to be real, and
    between -2 and 2.
    """
    total = turn + inverse(turn)
    middle = jnp.trace(total) / 4
    apart = total - middle * jnp.eye(4)
    spread2 = jnp.trace(apart @ apart) / 4  # of the half of their difference, squared
    real = spread2 > 0
    half = jnp.where(real, jnp.sqrt(jnp.where(real, spread2, 1.0)), 0.0)
    beyond = jnp.abs(middle + jnp.stack([half, -half])) - 1.95
    crossed = jnp.where(planar, 0.0, -spread2)
    return jnp.maximum(jnp.concatenate([beyond, crossed[None]]), 0)
