"""Dimensions that serve a purpose best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.errors import ConvergenceError, InputError
from fieldwright.forces._coaxial import walls_of
from fieldwright.forces._coupling import external_coupling
from fieldwright.forces._parameters import Pair, get, replaced
from fieldwright.forces._sweet_spot import SweetSpot, sweet_spot
from fieldwright.forces._wire import Wire, resistance
from fieldwright.sources import Assembly, Coil, Source

#: (lowest, highest); None where there is no bound.
Bounds = tuple[float | None, float | None]


class Design(NamedTuple):
    """The best design found; what `design` returns.

    Attributes:
        coil: with its free dimensions set.
        magnet: likewise.
        sweet_spot: of the two.
        quantities: every quantity that can be maximised or constrained, and every free dimension.
    """

    coil: Coil
    magnet: Source
    sweet_spot: SweetSpot
    quantities: dict[str, float]


def _clearance(pair: Pair, spot: SweetSpot, wire: Wire | None) -> jax.Array:
    return pair.coil.inner_radius - jnp.max(walls_of(pair.magnet).radius)


def _winding_width(pair: Pair, spot: SweetSpot, wire: Wire | None) -> jax.Array:
    return pair.coil.outer_radius - pair.coil.inner_radius


def _range_width(pair: Pair, spot: SweetSpot, wire: Wire | None) -> jax.Array:
    low, high = spot.range(0.95)
    return high - low


def _moment(pair: Pair, spot: SweetSpot, wire: Wire | None) -> jax.Array:
    return jnp.abs(external_coupling(pair.magnet).moment[2])


def _winding_volume(pair: Pair, spot: SweetSpot, wire: Wire | None) -> jax.Array:
    coil = pair.coil
    return jnp.pi * (coil.outer_radius**2 - coil.inner_radius**2) * coil.length


def _resistance(pair: Pair, spot: SweetSpot, wire: Wire | None) -> jax.Array:
    if wire is None:
        raise InputError(
            "give a wire: without it a coil's resistance is not known", parameter="wire"
        )
    return resistance(pair.coil, wire)


#: What can be maximised or constrained, besides the dimensions themselves.
QUANTITIES: dict[str, Callable[[Pair, SweetSpot, Wire | None], jax.Array]] = {
    "force_per_current": lambda pair, spot, wire: spot.force_per_current,  # [N/A]
    "position": lambda pair, spot, wire: spot.position,  # [m]
    "curvature": lambda pair, spot, wire: spot.curvature,  # [N/A/m^2], negative
    "range_width": _range_width,  # of the 95 % range [m]
    "clearance": _clearance,  # between magnet and bore [m]
    "moment": _moment,  # net [A m^2]
    "winding_volume": _winding_volume,  # [m^3]
    "winding_width": _winding_width,  # outer less inner radius [m]
    "resistance": _resistance,  # [ohm]
    "force_per_root_power": lambda pair, spot, wire: (
        spot.force_per_current / jnp.sqrt(_resistance(pair, spot, wire))
    ),  # [N/W^(1/2)]
}


def design(
    coil: Coil,
    magnet: Source,
    free: Mapping[str, tuple[float, float]],
    maximise: str = "force_per_current",
    constraints: Mapping[str, Bounds] | None = None,
    wire: Wire | None = None,
) -> Design:
    """Set free dimensions of a coil and a magnet so that a quantity becomes largest.

    By exact derivatives (SciPy's SLSQP), from the given dimensions and from the middle of their
    bounds; the better end counts. A magnet that starts inside the bore stays inside.

    Args:
        coil: where to start from; dimensions that are not free stay.
        magnet: likewise.
        free: for each free dimension its lowest and highest value, as
            {"coil.length": (5e-3, 12e-3), "magnet.radius": (1e-3, 5e-3)}.
        maximise: one of "force_per_current" [N/A], "force_per_root_power" [N/W^(1/2)],
            "range_width" (of the 95 % range) [m], "curvature" (the flattest: it is negative)
            [N/A/m^2], "position" [m], "moment" [A m^2], "clearance" [m], "winding_volume" [m^3],
            "winding_width" [m], "resistance" [ohm]; with a "-" before it, it is minimised.
        constraints: for any of these, or any dimension, (lowest, highest), None for no bound.
        wire: what the coil is wound from. Then its turns follow its section, as densely as in
            `coil`; without a wire their number stays.

    Returns:
        A `Design`.

    Raises:
        InputError: an unknown name, bounds that exclude each other, or a wire too thick.
        ConvergenceError: no design fulfils the constraints, or none was found.

    >>> from fieldwright.forces import design
    >>> from fieldwright.sources import Coil, CylinderMagnet
    >>> coil = Coil(inner_radius=9e-3, outer_radius=18.72e-3, length=8e-3, turns=600)
    >>> magnet = CylinderMagnet(radius=3e-3, length=3e-3, magnetization=8.78e5)
    >>> best = design(
    ...     coil, magnet, {"magnet.radius": (1e-3, 6e-3)}, constraints={"moment": (None, 0.1)}
    ... )
    >>> print(f"radius {best.magnet.radius * 1e3:.4f} mm: {best.quantities['moment']:.6f} A m^2")
    radius 3.4763 mm: 0.100000 A m^2
    """
    if not isinstance(free, Mapping) or not free:
        raise InputError("name a free dimension or more, each with its bounds", parameter="free")
    limits = {name: _limits_of(name, bounds) for name, bounds in (constraints or {}).items()}
    problem = _Problem(Pair(coil, magnet), dict(free), maximise, limits, wire)
    best, message = None, ""
    for start in problem.starts():
        answer = problem.solve(start)
        message = message or str(answer.message)
        sound = problem.violation(answer.x) < 1e-6 and problem.is_sound(answer.x)
        if sound and (best is None or answer.fun < best.fun):
            best = answer
    if best is None:
        raise ConvergenceError(f"no design fulfils all constraints ({message})")
    pair = problem.pair(best.x)
    return Design(pair.coil, pair.magnet, sweet_spot(*pair), problem.report(best.x))


class _Problem:
    """The free dimensions on a scale from 0 to 1, and what follows from them."""

    def __init__(
        self,
        start: Pair,
        free: dict[str, tuple[float, float]],
        maximise: str,
        constraints: dict[str, Bounds],
        wire: Wire | None,
    ):
        self.start, self.wire, self.names = start, wire, list(free)
        for name in free:
            get(start, name)
            if name == "coil.turns" and wire is not None:
                raise InputError(
                    "with a wire the turns follow the section: they cannot be free",
                    parameter=name,
                )
        self.low = np.array([_bound(name, free[name], 0) for name in free])
        self.span = np.array([_bound(name, free[name], 1) for name in free]) - self.low
        if np.any(self.span <= 0):
            name = self.names[int(np.argmin(self.span))]
            raise InputError(
                f"the bounds of {name} are {free[name]}: the first must be the lower",
                parameter=name,
            )
        for name, low in zip(self.names, self.low, strict=True):
            if name.rsplit(".", 1)[-1] in _POSITIVE and low <= 0:
                raise InputError(
                    f"the lowest {name} must be above zero, got {low:g}", parameter=name
                )
        self.sign = -1.0 if not maximise.startswith("-") else 1.0
        self.goal = maximise.removeprefix("-")
        if {"coil.inner_radius", "coil.outer_radius"} & set(free):
            low, high = constraints.get("winding_width", (None, None))
            constraints["winding_width"] = (max(1e-6, low or 0.0), high)
        if self._clearance_at_start() > 0:
            low, high = constraints.get("clearance", (None, None))
            constraints["clearance"] = (0.0 if low is None else low, high)
        self.constraints = constraints
        for name in (self.goal, *constraints):
            self._require(name)
        self.watched = list(dict.fromkeys([self.goal, *constraints]))
        start_values = np.asarray(self._quantities(self._start_point()))
        self.size = np.where(start_values == 0, 1.0, np.abs(start_values))
        self._jacobian = jax.jit(jax.jacfwd(lambda x: (self._quantities(x),) * 2, has_aux=True))

    def _require(self, name: str) -> None:
        if name not in QUANTITIES:
            if "." not in name:
                raise InputError(
                    f"{name!r} is no quantity of a design: give one of {', '.join(QUANTITIES)}, or "
                    f"a dimension such as 'coil.length'",
                    parameter=name,
                )
            get(self.start, name)
        if "resistance" in name or "power" in name:
            _resistance(self.start, None, self.wire)  # type: ignore[arg-type]

    def _clearance_at_start(self) -> float:
        return float(_clearance(self.start, None, None))  # type: ignore[arg-type]

    def _start_point(self) -> np.ndarray:
        values = np.array([float(get(self.start, name)) for name in self.names])
        return np.clip((values - self.low) / self.span, 0.0, 1.0)

    def starts(self) -> list[np.ndarray]:
        return [self._start_point(), np.full(len(self.names), 0.5)]

    def pair(self, x: Any) -> Pair:
        values = {n: self.low[i] + self.span[i] * x[i] for i, n in enumerate(self.names)}
        coil, magnet = replaced(self.start, values)
        if self.wire is not None:
            section = (coil.outer_radius - coil.inner_radius) * coil.length
            turns = self.start.coil.turn_density * section
            coil = eqx.tree_at(lambda c: c.turns, coil, turns)
        return Pair(coil, magnet)

    def _value(self, name: str, pair: Pair, spot: SweetSpot) -> jax.Array:
        if name in QUANTITIES:
            return QUANTITIES[name](pair, spot, self.wire)
        return jnp.asarray(get(pair, name))

    def _quantities(self, x: Any) -> jax.Array:
        pair = self.pair(x)
        spot = sweet_spot(*pair)
        return jnp.stack([self._value(name, pair, spot) for name in self.watched])

    def _evaluate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Watched quantities and their slopes, in units of those at the start."""
        slopes, values = self._jacobian(jnp.asarray(x))
        return np.asarray(values) / self.size, np.asarray(slopes) / self.size[:, None]

    def is_sound(self, x: np.ndarray) -> bool:
        """Whether the dimensions make bodies that the constructors would accept."""
        try:
            for body in self.pair(x):
                _check(body)
        except InputError:
            return False
        return True

    def _limits(self) -> list[tuple[int, float, float]]:
        """(index, sign, bound) so that sign * (quantity - bound) >= 0, in units of the start."""
        limits = []
        for name, bounds in self.constraints.items():
            index = self.watched.index(name)
            for sign, bound in zip((1.0, -1.0), bounds, strict=True):
                if bound is not None:
                    limits.append((index, sign, float(bound) / self.size[index]))
        return limits

    def violation(self, x: np.ndarray) -> float:
        values, _ = self._evaluate(x)
        return max((-sign * (values[i] - bound) for i, sign, bound in self._limits()), default=0.0)

    def solve(self, start: np.ndarray) -> Any:
        from scipy.optimize import minimize  # a third of a second that only designs need

        last: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

        def at(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            key = x.tobytes()
            if key not in last:
                last.clear()
                last[key] = self._evaluate(x)
            return last[key]

        return minimize(
            lambda x: self.sign * at(x)[0][0],
            start,
            jac=lambda x: self.sign * at(x)[1][0],
            bounds=[(0.0, 1.0)] * len(start),
            constraints=[
                {
                    "type": "ineq",
                    "fun": lambda x, i=i, s=s, b=b: s * (at(x)[0][i] - b),
                    "jac": lambda x, i=i, s=s: s * at(x)[1][i],
                }
                for i, s, b in self._limits()
            ],
            method="SLSQP",
            options={"maxiter": 200, "ftol": 1e-12},
        )

    def report(self, x: np.ndarray) -> dict[str, float]:
        pair = self.pair(x)
        spot = sweet_spot(*pair)
        names = [n for n in QUANTITIES if self.wire is not None or n not in _NEED_WIRE]
        return {name: float(self._value(name, pair, spot)) for name in (*names, *self.names)}


_POSITIVE = ("inner_radius", "outer_radius", "radius", "length", "turns")
_NEED_WIRE = ("resistance", "force_per_root_power")


def _check(body: Source) -> None:
    check = getattr(body, "__check_init__", None)
    if check:
        check()
    for member in body.sources if isinstance(body, Assembly) else ():
        _check(member)


def _limits_of(name: str, bounds: Any) -> Bounds:
    try:
        low, high = (None if bound is None else float(bound) for bound in bounds)
    except (TypeError, ValueError):
        raise InputError(
            f"the constraint on {name} must be (lowest, highest), None where there is no bound, "
            f"got {bounds!r}",
            parameter=name,
        ) from None
    return low, high


def _bound(name: str, bounds: Any, index: int) -> float:
    try:
        low_high = [float(value) for value in bounds]
    except (TypeError, ValueError):
        low_high = []
    if len(low_high) != 2 or not np.all(np.isfinite(low_high)):
        raise InputError(
            f"the bounds of {name} must be two numbers (lowest, highest), got {bounds!r}",
            parameter=name,
        )
    return low_high[index]
