"""How fast a single charge moves in a trap, and whether the trap holds it."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import jax
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.errors import InputError, UnstableTrapError
from fieldwright.sources import Assembly, Driven, LinearField, Source, fields_of, split_linear
from fieldwright.sources._checks import as_float, require_positive

_ROUND = 1e-9  # of the field's gradient: below that a trap is round and straight


class TrapFrequencies(Result):
    """The angular frequencies of a charge in a trap, for small amplitudes.

    `cyclotron` is w0 = q B0 / m, `axial` w_z, `modified_cyclotron` w+ and `magnetron` w-. Those
    about the axis have the sign of w0: above zero, the charge goes round clockwise, seen from +z.

    >>> from fieldwright.motion import frequencies
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> frequencies(trap, 40.078 * 1.66053906892e-27, 1.602176634e-19)
    TrapFrequencies(
        cyclotron = 2407438.79489... rad/s,
        axial = 693893.18989... rad/s,
        modified_cyclotron = 2302899.3228... rad/s,
        magnetron = 104539.47209... rad/s
    )
    """

    cyclotron: float = quantity("rad/s", "free cyclotron frequency")
    axial: float = quantity("rad/s", "axial frequency")
    modified_cyclotron: float = quantity("rad/s", "modified cyclotron frequency")
    magnetron: float = quantity("rad/s", "magnetron frequency")


def frequencies(trap: Source | LinearField, mass: Any, charge: Any) -> TrapFrequencies:
    """The eigenfrequencies of a single charge in a trap.

    Args:
        trap: any source whose electric field vanishes somewhere near its origin. Its fields are
            taken to first order about that place, and drives are left out.
        mass: [kg].
        charge: [C], of either sign.

    Returns:
        w0, w_z, w+ and w- [rad/s]: of a round trap by the formulas w+- = (w0 +- sqrt(w0^2 -
        2 w_z^2))/2 (paper on the Penning trap, equation 21), else from the characteristic
        polynomial, ellipticity and tilt included. Then, too, w+^2 + w_z^2 + w-^2 = w0^2 (L. S.
        Brown and G. Gabrielse, Phys. Rev. A 25, 2423 (1982)).

    Raises:
        UnstableTrapError: the trap does not hold the charge.
        InputError: a value is not a finite number, or the mass is not above zero.

    >>> from fieldwright.motion import SPECIES, frequencies
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(3.0, 500.0, 5e-3, ellipticity=0.1, tilt=[0.02, 0.0])
    >>> found = frequencies(trap, SPECIES["9Be+"].mass, SPECIES["9Be+"].charge)
    >>> print(f"{found.axial / 1e6:.4f} rad/us")
    20.6083 rad/us
    """
    near = about_centre(trap)
    ratio = _ratio(mass, charge)
    if not near.round:
        return _of_any_shape(near, ratio)
    _require_round(near, ratio)
    found = (ratio * (near.B @ near.axis), *round_frequencies(near, np.array(ratio)))
    return TrapFrequencies(*map(float, found))


def require_trapped(trap: Source | LinearField, mass: Any, charge: Any) -> None:
    """Raise `UnstableTrapError` unless a trap holds a single charge near its centre.

    A Penning trap does where q V0 > 0 and w0^2 > 2 w_z^2. The paper on the Penning trap allows
    equality (its equation 22), but there the distance from the axis grows in proportion to time.

    Args:
        trap: as for `frequencies`; drives are left out.
        mass: [kg].
        charge: [C], of either sign.

    Raises:
        UnstableTrapError: it does not; `numbers` has `cyclotron` and, for a round trap,
            `axial_squared` and `radial_squared`, else `growth`.
        InputError: a value is not a finite number, or the mass is not above zero.

    >>> from fieldwright.motion import SPECIES, require_trapped
    >>> from fieldwright.sources import PenningTrap
    >>> ion = SPECIES["40Ca+"]
    >>> trap = PenningTrap(magnetic_field=0.3, voltage=25e-3, size=500e-6)
    >>> require_trapped(trap, ion.mass, ion.charge)
    Traceback (most recent call last):
    ...
    fieldwright.errors.UnstableTrapError: the trap does not hold ... at least 0.4070 T...
    """
    frequencies(trap, mass, charge)


class Centre(NamedTuple):
    """The fields about the place where a charge can rest.

    Attributes:
        position: that place (3,) [m].
        G: the gradient (3, 3) of the electric field [V/m^2].
        B: (3,) [T].
        axis: along B (3,), on the side of +z.
        round: whether the electric field has B for its axis.
    """

    position: np.ndarray
    G: np.ndarray
    B: np.ndarray
    axis: np.ndarray
    round: bool

    @property
    def frame(self) -> np.ndarray:
        """Columns (3, 3): two directions across the axis, and the axis; x, y, z where that is z."""
        a, b, c = self.axis
        # The smallest turn that takes z to the axis.
        return np.array(
            [
                [1 - a * a / (1 + c), -a * b / (1 + c), a],
                [-a * b / (1 + c), 1 - b * b / (1 + c), b],
                [-a, -b, c],
            ]
        )


def about_centre(trap: Source | LinearField) -> Centre:
    """The fields to first order about the place where E vanishes; drives are left out."""
    field, rest = (trap, None) if isinstance(trap, LinearField) else split_linear(trap)
    still = rest and at_rest(rest)
    E0, G, B = (np.asarray(part) for part in (field.E0, field.G, field.B))
    place = np.linalg.lstsq(G, -E0)[0] if E0.any() else np.zeros(3)
    whole, field_there = G, B
    for _ in range(20 if still is not None else 0):
        E, gradient, magnetic = (np.asarray(part) for part in _expanded(still, place))
        whole, field_there = G + gradient, B + magnetic
        step = np.linalg.lstsq(whole, -(E0 + G @ place + E))[0]
        place = place + step
        if np.linalg.norm(step) <= 1e-14 * np.linalg.norm(place) + 1e-18:
            break
    if not (np.isfinite(whole).all() and np.isfinite(field_there).all()):
        raise InputError("the fields are not finite about the trap's centre", parameter="trap")
    strength = np.linalg.norm(field_there)
    axis = field_there / strength if strength else np.array([0.0, 0.0, 1.0])
    axis = axis if axis[2] > -1e-9 else -axis
    return Centre(place, whole, field_there, axis, _is_round(whole, axis))


def at_rest(source: Source) -> Source | None:
    """A source without what is driven in it; None if nothing is left."""
    if isinstance(source, Driven):
        return None
    if not isinstance(source, Assembly):
        return source
    still = [one for one in map(at_rest, source.sources) if one is not None]
    return (
        Assembly(tuple(still), position=source.position, rotation=source.rotation)
        if still
        else None
    )


@jax.jit
def _expanded(source: Source, place: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """E (3,), its gradient (3, 3) and B (3,) at a place (3,)."""

    def E(point: jax.Array) -> jax.Array:
        return fields_of(source, point[None], 0.0)[0][0]

    return E(place), jax.jacfwd(E)(place), fields_of(source, place[None], 0.0)[1][0]


def _is_round(G: np.ndarray, axis: np.ndarray) -> bool:
    along = axis @ G @ axis
    across = (np.trace(G) - along) / 2
    ideal = across * np.eye(3) + (along - across) * np.outer(axis, axis)
    return bool(np.abs(G - ideal).max() <= _ROUND * np.abs(G).max())


def round_frequencies(near: Centre, ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """w_z, w+ and w- of charges of some q/m [C/kg] in a round trap; NaN where it holds none."""
    cyclotron, axial_squared, push = round_rates(near, ratio)
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(cyclotron**2 - 4 * push)
        plus = (cyclotron + np.where(cyclotron < 0, -root, root)) / 2
        # w+ w- = push: a difference would lose the digits of a slow magnetron motion.
        return np.sqrt(axial_squared), plus, push / plus


def round_rates(near: Centre, ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """w0, w_z^2 and w_z^2 / 2: f'' + i w0 f' = push f across the axis (paper's equation 19)."""
    along = near.axis @ near.G @ near.axis
    across = (np.trace(near.G) - along) / 2
    return ratio * (near.B @ near.axis), -ratio * along, ratio * across


def _require_round(near: Centre, ratio: float) -> None:
    cyclotron, axial_squared, push = (float(part) for part in round_rates(near, np.array(ratio)))
    numbers = {
        "cyclotron": cyclotron,
        "axial_squared": axial_squared,
        "radial_squared": cyclotron**2 - 4 * push,
    }
    who = f"a charge of {ratio:.6g} C/kg"
    if ratio == 0:
        raise UnstableTrapError("the trap does not hold what has no charge", numbers)
    if axial_squared <= 0:
        raise UnstableTrapError(
            f"the trap does not hold {who} along its axis: the electric field there pushes it "
            f"outwards (w_z^2 = {axial_squared:.4g} rad^2/s^2); voltage and charge need the same "
            "sign",
            numbers,
        )
    if cyclotron**2 <= 4 * push:
        least = 2 * np.sqrt(push) / abs(ratio)
        raise UnstableTrapError(
            f"the trap does not hold {who} across its axis: w0 = {abs(cyclotron):.6g} rad/s must "
            f"be above sqrt(2) w_z = {2 * np.sqrt(push):.6g} rad/s; it takes at least "
            f"{least:.4f} T, where there are {np.linalg.norm(near.B):.4f} T, or a voltage lower "
            f"than {cyclotron**2 / (4 * push):.4f} times this one",
            numbers,
        )


def _of_any_shape(near: Centre, ratio: float) -> TrapFrequencies:
    """From det(s + K) = s W (s + K) W, s = w^2: K and W are q/m times gradient and B."""
    K, W = ratio * near.G, ratio * near.B
    trace = float(np.trace(K))
    minors = (trace**2 - float(np.sum(K * K.T))) / 2
    b, c, d = trace - float(W @ W), minors - float(W @ K @ W), float(np.linalg.det(K))
    squares = np.roots([1.0, b, c, d])
    # Three positive roots, all different: that the roots are found so would depend on rounding.
    discriminant = 18 * b * c * d - 4 * b**3 * d + (b * c) ** 2 - 4 * c**3 - 27 * d**2
    cyclotron = ratio * float(near.B @ near.axis)
    if not (b < 0 < c and d < 0 < discriminant):
        _refuse(ratio, cyclotron, float(np.abs(np.sqrt(squares.astype(complex)).imag).max()))
    squares = squares.real
    for _ in range(3):  # roots far below the largest are inexact at first
        slope = (3 * squares + 2 * b) * squares + c
        squares = squares - (((squares + b) * squares + c) * squares + d) / slope
    plus, axial, minus = _named(near.axis, K, W, np.sqrt(squares))
    sign = -1.0 if cyclotron < 0 else 1.0
    return TrapFrequencies(cyclotron, axial, sign * plus, sign * minus)


def _named(axis: np.ndarray, K: np.ndarray, W: np.ndarray, found: np.ndarray) -> list[float]:
    """w+, w_z, w- of three frequencies: the axial mode is the one most along the axis."""
    turn = np.cross(np.eye(3), W).T  # v -> v x W
    modes = [np.linalg.svd(w**2 * np.eye(3) + K - 1j * w * turn)[2][-1].conj() for w in found]
    axial = int(np.argmax([abs(axis @ mode) for mode in modes]))
    minus, plus = sorted(float(w) for i, w in enumerate(found) if i != axial)
    return [plus, float(found[axial]), minus]


def _refuse(ratio: float, cyclotron: float, growth: float) -> NoReturn:
    raise UnstableTrapError(
        f"the trap does not hold a charge of {ratio:.6g} C/kg: its distance from the centre grows "
        f"at {growth:.4g} per second, where w0 = {cyclotron:.6g} rad/s; it takes a voltage of the "
        "charge's sign, and a stronger magnetic field, a lower voltage, less ellipticity or less "
        "tilt",
        {"cyclotron": cyclotron, "growth": growth},
    )


def _ratio(mass: Any, charge: Any) -> float:
    mass, charge = as_float(mass, "mass"), as_float(charge, "charge")
    require_positive(mass=mass)
    return float(charge / mass)
