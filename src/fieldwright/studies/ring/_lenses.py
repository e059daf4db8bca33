"""A thin skew quadrupole in an uncoupled ring: closed forms against matrices."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import numpy as np

from fieldwright import rings

from ._cases import Numbers
from ._model import LensPart


@dataclass(frozen=True)
class LensResult:
    """The ring with its lens, and the beam over horizontal tunes if asked for."""

    ring: rings.LensRing
    tunes: np.ndarray | None = None
    beam: rings.LensBeam | None = None
    alone: rings.LensBeam | None = None  # the beam at the working point


def solve_lens(part: LensPart) -> LensResult:
    """The ring at its working point, and through its resonance."""
    ring = _ring(part, part.tune_x)
    alone = rings.lens_beam(ring, part.emittance_x, part.emittance_y) if part.beam else None
    if part.resonance is None:
        return LensResult(ring, alone=alone)
    tunes = np.linspace(part.resonance.start, part.resonance.stop, part.resonance.points)
    many = rings.lens_beam(_ring(part, tunes), part.emittance_x, part.emittance_y)
    return LensResult(ring, tunes, many, alone)


def _ring(part: LensPart, tune_x: object) -> rings.LensRing:
    names = ("strength", "beta_x", "beta_y", "alpha_x", "alpha_y", "decrement_x", "decrement_y")
    numbers = {name: getattr(part, name) for name in names}
    mu_x = 2 * np.pi * np.asarray(tune_x)
    return rings.LensRing(mu_x=mu_x, mu_y=2 * np.pi * part.tune_y, **numbers)


def lens_numbers(part: LensPart, result: LensResult) -> Numbers:
    """The closed forms at the working point, and how far matrices are from them."""
    modes = rings.lens_modes(result.ring)
    still = eqx.tree_at(lambda r: (r.decrement_x, r.decrement_y), result.ring, (0.0, 0.0))
    free, damped = (np.asarray(rings.lens_matrix(ring)) for ring in (still, result.ring))
    phases, damping = np.asarray(modes.phase), np.asarray(modes.decrement)
    found, found_damping, shift = _eigen(free, damped, phases)
    limit = float(modes.limit)
    numbers = {
        "phase_1": float(phases[0]),
        "phase_2": float(phases[1]),
        "decrement_1": float(damping[0]),
        "decrement_2": float(damping[1]),
        "limit": limit,
        "limit_difference": _numeric_limit(still, limit) / limit - 1,
        "polynomial_difference": _polynomial(part, free),
        "phase_difference": float(np.abs(found - phases).max()),
        "decrement_difference": float(np.abs(found_damping / damping - 1).max()),
        "decrement_imaginary": float(np.abs(shift / damping).max()),
        "vector_difference": _vectors(still, free),
    }
    if result.alone is not None:
        sizes = np.asarray(result.alone.size)
        numbers |= {"sigma_x": float(sizes[0]), "sigma_y": float(sizes[1])}
        numbers["far_error"] = float(result.alone.far_error)
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
