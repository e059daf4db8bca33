"""A thin skew quadrupole in an uncoupled ring: closed forms against matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from .._fields import Count, Length, Number, Part, quantity
from .._judge import Text
from .._sections import (
    Found,
    Item,
    Names,
    Numbers,
    Picture,
    Rows,
    Section,
    Shown,
    Variables,
    on_axes,
    standing,
)
from ._later import eqx, np, plots, rings
from ._parts import Emittance

_METHODS = (
    "The ring with a thin skew quadrupole is that of section 5 of LNF-64/55, in closed form; "
    "differences are from eigenvalues of its 4 x 4 matrix."
)


class LensScanPart(Part):
    """Horizontal tunes over which the beam behind the lens is found."""

    start: Number = Field(alias="from")
    stop: Number = Field(alias="to")
    points: int = Field(ge=2, le=100_000)


class LensPart(Part):
    """A thin skew quadrupole in an uncoupled ring, in closed form (Bernardini, Pellegrini)."""

    title: Text | None = None
    tune_x: Number = Field(description="phase advance over the period, over 2 pi")
    tune_y: Number
    strength: quantity("1/m")  # type: ignore[valid-type]
    beta_x: Length = 1.0
    beta_y: Length = 1.0
    alpha_x: Number = 0.0
    alpha_y: Number = 0.0
    decrement_x: Count = 1e-4
    decrement_y: Count = 1e-4
    emittance_x: Emittance = 1e-7
    emittance_y: quantity("m rad", nonnegative=True) = 0.0  # type: ignore[valid-type]
    beam: bool = Field(True, description="whether a beam settles, and its sizes are asked for")
    resonance: LensScanPart | None = None


LENS: Names = {
    "phase_1": ("rad", "phase advance g+"),
    "phase_2": ("rad", "phase advance g-"),
    "decrement_1": ("1", "damping omega+"),
    "decrement_2": ("1", "damping omega-"),
    "limit": ("1/m", "strength up to which the ring is stable, in closed form"),
    "limit_difference": ("1", "relative difference of that from eigenvalues of the matrix"),
    "polynomial_difference": ("1", "largest difference of the characteristic polynomial"),
    "phase_difference": ("rad", "largest difference of g+- from the matrix"),
    "decrement_difference": ("1", "largest relative difference of omega+- from the damped matrix"),
    "decrement_imaginary": ("1", "shift of g+- by the damping, over the damping"),
    "vector_difference": ("1", "largest element that U N U⁻¹ has off its diagonal"),
}
LENS_BEAM: Names = {
    "sigma_x": Found("m", "horizontal size behind the lens by formula (10)", "alone.size.0"),
    "sigma_y": Found("m", "vertical size behind the lens by formula (10)", "alone.size.1"),
    "far_error": Found("1", "error of the far-from-resonance form", "alone.far_error"),
}
RESONANCE: Names = {
    "resonance_ratio": ("1", "vertical over horizontal emittance, the largest in the scan"),
    "resonance_share": ("1", "horizontal emittance there over that without coupling"),
    "resonance_far_error": ("1", "largest error of the far-from-resonance form in the scan"),
    "resonance_far_elsewhere": ("1", "its median in the scan"),
}


def _names(item: Item) -> Names:
    part = item.part
    names = LENS | (LENS_BEAM if part.beam else {})
    return names | (RESONANCE if part.resonance is not None else {})


@dataclass(frozen=True)
class LensResult:
    """The ring with its lens, and the beam over horizontal tunes if asked for."""

    ring: rings.LensRing
    tunes: np.ndarray | None = None
    beam: rings.LensBeam | None = None
    alone: rings.LensBeam | None = None  # the beam at the working point


def _solve(item: Item) -> LensResult:
    """The ring at its working point, and through its resonance."""
    item.progress(item.phase)
    part, emittances = item.part, (item.part.emittance_x, item.part.emittance_y)
    with standing(item.at):
        ring = _ring(part, part.tune_x)
        alone = rings.lens_beam(ring, *emittances) if part.beam else None
        if part.resonance is None:
            return LensResult(ring, alone=alone)
        tunes = np.linspace(part.resonance.start, part.resonance.stop, part.resonance.points)
        many = rings.lens_beam(_ring(part, tunes), *emittances)
        return LensResult(ring, tunes, many, alone)


def _ring(part: LensPart, tune_x: object) -> rings.LensRing:
    names = ("strength", "beta_x", "beta_y", "alpha_x", "alpha_y", "decrement_x", "decrement_y")
    numbers = {name: getattr(part, name) for name in names}
    mu_x = 2 * np.pi * np.asarray(tune_x)
    return rings.LensRing(mu_x=mu_x, mu_y=2 * np.pi * part.tune_y, **numbers)


def _numbers(item: Item) -> Numbers:
    """The closed forms at the working point, and how far matrices are from them."""
    part, result = item.part, item.result
    modes = rings.lens_modes(result.ring)
    still = eqx.tree_at(lambda r: (r.decrement_x, r.decrement_y), result.ring, (0.0, 0.0))
    free, damped = (np.asarray(rings.lens_matrix(ring)) for ring in (still, result.ring))
    phases, damping = np.asarray(modes.phase), np.asarray(modes.decrement)
    found, found_damping, shift = _eigen(free, damped, phases)
    limit = float(modes.limit)
    numbers = {
        "phase_1": phases[0],
        "phase_2": phases[1],
        "decrement_1": damping[0],
        "decrement_2": damping[1],
        "limit": limit,
        "limit_difference": _numeric_limit(still, limit) / limit - 1,
        "polynomial_difference": _polynomial(part, free),
        "phase_difference": float(np.abs(found - phases).max()),
        "decrement_difference": float(np.abs(found_damping / damping - 1).max()),
        "decrement_imaginary": float(np.abs(shift / damping).max()),
        "vector_difference": _vectors(still, free),
    }
    if result.beam is not None:
        emittance = np.asarray(result.beam.emittance)
        ratio, far = emittance[:, 1] / emittance[:, 0], np.asarray(result.beam.far_error)
        peak = int(np.nanargmax(ratio))
        numbers |= {
            "resonance_ratio": float(ratio[peak]),
            "resonance_share": float(emittance[peak, 0] / part.emittance_x),
            "resonance_far_error": float(np.nanmax(far)),
            "resonance_far_elsewhere": float(np.nanmedian(far)),
        }
    return numbers


def _eigen(
    free: np.ndarray, damped: np.ndarray, phases: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Phases, damping, and shift of the phases by it, of the eigenvalues nearest to the modes."""
    without, with_ = np.linalg.eigvals(free), np.linalg.eigvals(damped)
    at = np.exp(1j * phases)
    one = without[np.argmin(np.abs(without[:, None] - at), axis=0)]
    two = with_[np.argmin(np.abs(with_[:, None] - at), axis=0)]
    return np.angle(one), -np.log(np.abs(two)), np.angle(two) - np.angle(one)


def _polynomial(part: LensPart, matrix: np.ndarray) -> float:
    """The characteristic polynomial in closed form against that of the matrix."""
    mu_x, mu_y = 2 * np.pi * part.tune_x, 2 * np.pi * part.tune_y
    sum_, product = np.cos(mu_x) + np.cos(mu_y), np.cos(mu_x) * np.cos(mu_y)
    coupling = part.strength**2 * part.beta_x * part.beta_y * np.sin(mu_x) * np.sin(mu_y)
    closed = [1.0, -2 * sum_, 2 + 4 * product - coupling, -2 * sum_, 1.0]
    return float(np.abs(np.poly(matrix) - closed).max())


def _numeric_limit(ring: rings.LensRing, near: float) -> float:
    """The strength at which an eigenvalue leaves the unit circle, by halving."""

    def grows(strength: float) -> bool:
        lens = eqx.tree_at(lambda r: r.strength, ring, strength)
        return bool(np.abs(np.linalg.eigvals(np.asarray(rings.lens_matrix(lens)))).max() > 1 + 1e-7)

    low, high = 0.5 * near, 2.0 * near
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if grows(middle) else (middle, high)
    return high


def _vectors(ring: rings.LensRing, matrix: np.ndarray) -> float:
    values, U = (np.asarray(part) for part in rings.lens_eigenvectors(ring))
    turned = U @ matrix @ np.linalg.inv(U)
    return float(np.abs(turned - np.diag(values)).max())


def _variables(item: Item) -> Variables:
    if item.result.beam is not None:
        axis = f"tune_{item.name}"
        yield axis, (axis,), item.result.tunes, "1", "horizontal tune without the lens"
        size = np.asarray(item.result.beam.size)
        for plane, letter in enumerate("xy"):
            words = f"rms size in {letter}"
            yield f"sigma_{letter}_{item.name}", (axis,), size[:, plane], "m", words


def _draw_stability(picture: Picture, ax: Any) -> None:
    """The map for this lens, half of it and twice it, with its working point."""
    lens = picture.items[0].part
    own = abs(lens.strength) * np.sqrt(lens.beta_x * lens.beta_y)
    strengths = [own / 2, own, 2 * own] if own else [0.1, 0.3, 1.0]
    plots.plot_lens_stability([float(f"{m:.3g}") for m in strengths], ax)
    ax.plot(lens.tune_x % 1, lens.tune_y % 1, "*", color="black", markerfacecolor="white",
            markersize=13, zorder=4)  # fmt: skip


def _draw_resonance(picture: Picture, ax: Any) -> None:
    lens, found = picture.items[0].part, picture.items[0].result
    many = eqx.tree_at(lambda r: r.mu_x, found.ring, 2 * np.pi * np.asarray(found.tunes))
    plots.plot_lens_beam(many, lens.emittance_x, lens.emittance_y, ax)


def _no_resonance(item: Item) -> Iterator[str]:
    if item.part.resonance is None:
        yield f"lens {item.name} has no `resonance`"


LENSES = Section(
    group="lenses", one="lens", part=LensPart, words="thin skew quadrupoles in closed form",
    of_case=False, names=_names, solve=_solve, numbers=_numbers, variables=_variables,
    tables=[Rows("A thin skew quadrupole", [*LENS, *LENS_BEAM])], methods=_METHODS,
    shown=(
        Shown("stability", on_axes(7.6, 5.6, _draw_stability), "where it is stable"),
        Shown("resonance", on_axes(6.8, 4.4, _draw_resonance), "the beam through the resonance",
              check=_no_resonance),
    ),
)  # fmt: skip
