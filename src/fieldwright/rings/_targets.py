"""What a ring can be matched to: quantities by their names in results, or any function of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np

from fieldwright.errors import InputError
from fieldwright.rings import _checks, _chromaticity, _equilibrium
from fieldwright.rings._lattice import Lattice
from fieldwright.rings._modes import inverse
from fieldwright.rings._optics_functions import functions, is_planar
from fieldwright.rings._orbit import _kernel
from fieldwright.rings._rows import rows_of
from fieldwright.sources._checks import as_float, require_positive

_OPTICS = ("tunes", "momentum_compaction", "slip_factor")
_OPTICS_AT = ("beta", "alpha", "dispersion", "phase", "orbit")
_MODES_AT = ("mode_beta", "mode_alpha", "mode_gamma", "mode_phase", "mode_share")
_BEAM = (
    "energy_loss", "decrements", "damping_times", "emittances", "energy_spread", "bunch_length",
)  # fmt: skip
_BEAM_AT = ("sigma_x", "sigma_y")
_PLACED = (*_OPTICS_AT, *_MODES_AT, *_BEAM_AT)

#: (what, at, shape, which values count) of a target.
Key = tuple[Any, str | None, tuple[int, ...], tuple[bool, ...]]

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

    @property
    def key(self) -> Key:
        """What a compiled programme depends on."""
        return self.what, self.at, self.wanted.shape, tuple(self.counts.reshape(-1).tolist())


def _label(what: str | Callable[[Lattice], Any]) -> str:
    return what if isinstance(what, str) else getattr(what, "__name__", repr(what))


class Seen:
    """A lattice under a transformation, of which everything is computed once."""

    def __init__(self, lattice: Lattice):
        self.lattice = lattice

    @cached_property
    def about(self) -> Any:
        """Orbit without RF, matrices from the start, and places."""
        rows = rows_of(self.lattice, cavities=False)
        return rows, *_kernel(rows, self.lattice.table, self.lattice.energy, 0.0, False)

    @cached_property
    def optics(self) -> dict[str, Any]:
        """The fields of `Optics`."""
        ring = self.lattice
        rows, *about = self.about
        planar = is_planar(ring)
        return functions(rows, False, planar, ring.table, ring.energy, 0.0, *about)

    @cached_property
    def chromaticity(self) -> Any:
        """(2,) of the modes."""
        ring = self.lattice
        rows, states, whole, _ = self.about
        planar = is_planar(ring)
        return _chromaticity._solve(rows, planar, ring.table, ring.energy, states, whole)[0]

    @cached_property
    def beam(self) -> dict[str, Any]:
        """The fields of `Equilibrium`; NaN where a mode is not damped."""
        _checks.require_rf(self.lattice)
        rows = rows_of(self.lattice, radiation=True)
        found = _equilibrium.solve(rows, self.lattice.table, self.lattice.energy)
        kept = jnp.where((found["decrements"] > 0).all(), 1.0, jnp.nan)
        covariance = found["covariance"]
        sizes = {
            f"sigma_{plane}": jnp.sqrt(covariance[:, 2 * i, 2 * i]) for i, plane in enumerate("xy")
        }
        return {name: kept * value for name, value in {**found, **sizes}.items()}

    def value(self, what: str | Callable[[Lattice], Any], at: str | None) -> Any:
        """What the ring has, of a target."""
        if not isinstance(what, str):
            return jnp.asarray(what(self.lattice))
        if what == "circumference":
            return self.lattice.circumference
        if what == "chromaticity":
            return self.chromaticity
        source = self.beam if what in (*_BEAM, *_BEAM_AT) else self.optics
        found = source[what]
        return found if at is None else found[_checks.place(self.lattice.names, at)]

    def values(self, keys: Sequence[Key]) -> list[Any]:
        """What the ring has, of all targets; not numbers where it is unstable."""
        found = [self.value(what, at) for what, at, _, _ in keys]
        for (what, _, shape, _), value in zip(keys, found, strict=True):
            if value.shape != shape:
                raise InputError(
                    f"{_label(what)} has the shape {value.shape}, its value {shape}; None "
                    "stands for what may be anything",
                    parameter="value",
                )
        stable: Any = 1.0
        if "optics" in self.__dict__:  # functions of unstable rings mean nothing
            stable = jnp.where(jnp.isfinite(self.optics["tunes"]).all(), 1.0, jnp.nan)
        return [stable * value for value in found]

    def instability(self) -> Any:
        """(3,) by how much traces are beyond what is stable; zeros of a stable ring.

        With T = M + M^-1, whose eigenvalues are 2 cos of the phases: these are to be real, and
        between -2 and 2.
        """
        turn = self.about[2][-1, :4, :4]
        total = turn + inverse(turn)
        middle = jnp.trace(total) / 4
        apart = total - middle * jnp.eye(4)
        spread2 = jnp.trace(apart @ apart) / 4  # of the half of their difference, squared
        real = spread2 > 0
        half = jnp.where(real, jnp.sqrt(jnp.where(real, spread2, 1.0)), 0.0)
        beyond = jnp.abs(middle + jnp.stack([half, -half])) - 1.95
        return jnp.maximum(jnp.concatenate([beyond, -spread2[None] * ~is_planar(self.lattice)]), 0)
