"""Formula (10) of Bernardini and Pellegrini against the 6-D beam, and what else they print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._build import label
from ._quantities import places

if TYPE_CHECKING:
    from ._cases import CaseResult, Numbers


def formula_numbers(result: CaseResult) -> Numbers:
    """Formula (10) against the 6-D solution, and the paper's shorter forms against it."""
    found, beam, optics = result.formula, result.beam, result.optics
    assert found is not None and beam is not None and optics is not None
    total, solved = np.asarray(found.covariance), np.asarray(beam.covariance)[:, :4, :4]
    betatron = np.asarray(found.betatron)
    numbers = {
        "formula_difference": difference(total, solved, total),
        "far_error": difference(np.asarray(found.far), betatron, total),
        "footnote_error": difference(np.asarray(found.footnote), betatron, total),
        "spread_difference": float(np.sqrt(found.momentum_variance) / beam.energy_spread - 1),
        "loss_difference": float(found.energy_loss / beam.energy_loss - 1),
        "correlation": _correlation(np.asarray(beam.covariance), np.asarray(optics.dispersion)),
        "printed_far_ratio": printed_far_ratio(
            np.asarray(found.matrix[0]), np.asarray(found.noise[0]), betatron[0]
        ),
        "opening_ratio": _opening_ratio(result, total),
        "emittance_difference": _emittances(betatron[0]) / float(beam.emittances[:2].sum()) - 1,
    }
    for place in places(result.run):
        here = int(result.lattice.indices(place)[0])
        values = {
            "formula_sigma_x": np.sqrt(total[here, 0, 0]),
            "formula_sigma_y": np.sqrt(max(total[here, 2, 2], 0.0)),
            "printed_norm": _printed_norm(betatron[here], total[here]),
            "appendix_difference": _appendix(
                betatron[here][::2, ::2], np.asarray(found.dispersion[here])[::2],
                float(found.momentum_variance),
            ),
        }  # fmt: skip
        numbers |= {f"{label(place)}_{name}": float(value) for name, value in values.items()}
    return numbers


def difference(one: np.ndarray, other: np.ndarray, size: np.ndarray) -> float:
    """Of positions, over the larger size squared: flat beams have no height to divide by."""
    largest = np.maximum(size[:, 0, 0], size[:, 2, 2])[:, None, None]
    return float(np.abs((one - other)[:, ::2, ::2] / largest).max())


def _emittances(covariance: np.ndarray) -> float:
    """The sum of both mode emittances of a covariance (4, 4)."""
    form = np.kron(np.eye(2), [[0.0, 1.0], [-1.0, 0.0]])
    return float(np.abs(np.linalg.eigvals(covariance @ form)).sum() / 2)


def _correlation(covariance: np.ndarray, dispersion: np.ndarray) -> float:
    """Of the betatron part of x and y with delta, the largest along the ring."""
    variance = covariance[:, 5, 5]
    largest = 0.0
    for plane in (0, 2):
        with_delta = covariance[:, plane, 5] - dispersion[:, plane] * variance
        own = (
            covariance[:, plane, plane]
            - 2 * dispersion[:, plane] * covariance[:, plane, 5]
            + dispersion[:, plane] ** 2 * variance
        )
        there = own > 1e-6 * covariance[:, [0, 2], [0, 2]].max()
        if np.any(there):
            found = with_delta[there] / np.sqrt(own[there] * variance[there])
            largest = max(largest, float(np.abs(found).max()))
    return largest


def _printed_norm(betatron: np.ndarray, total: np.ndarray) -> float:
    """sqrt(det m / det mu): what the distribution (7) amounts to with the factor it is given."""
    before, after = (np.linalg.det(c[::2, ::2]) for c in (betatron, total))
    if before <= 1e-18 * after or after <= 0:  # a beam without a height: its width alone
        before, after = betatron[0, 0], total[0, 0]
    return float(np.sqrt(after / before))


def _appendix(betatron: np.ndarray, dispersion: np.ndarray, variance: float) -> float:
    """Eq. (8) and the appendix as printed, against eigenvalues and the sum of P^2 over a grid.

    Zero of a beam without a height, to which they do not apply.
    """
    total = betatron + variance * np.outer(dispersion, dispersion)
    if not np.linalg.det(betatron) > 1e-18 * np.trace(betatron) ** 2:
        return 0.0
    m = np.linalg.inv(betatron) / 2
    pushed = m @ dispersion
    mu = m - np.outer(pushed, pushed) / (1 / (2 * variance) + dispersion @ pushed)
    angle = 0.5 * np.arctan2(2 * mu[0, 1], mu[0, 0] - mu[1, 1])
    half, cross = (mu[0, 0] + mu[1, 1]) / 2, 0.0
    # 0/0 where the axes are upright, whose limit is half of the difference
    upright = abs(np.sin(2 * angle)) < 1e-6
    cross = (
        (mu[0, 0] - mu[1, 1]) / 2 / np.cos(2 * angle) if upright else mu[0, 1] / np.sin(2 * angle)
    )
    own = np.array([half + cross, half - cross])
    sizes = np.sort(1 / np.sqrt(2 * own))
    axes = np.sqrt(np.linalg.eigvalsh(total))
    return float(max(np.abs(sizes / axes - 1).max(), abs(_area(total) * 2 * np.pi
                     / np.sqrt(own.prod()) - 1)))  # fmt: skip


def _area(total: np.ndarray) -> float:
    """The integral of P^2 of a normal distribution, summed over a grid along its axes."""
    values, vectors = np.linalg.eigh(total)
    line = np.linspace(-6.0, 6.0, 121)
    u = np.stack(np.meshgrid(line, line), -1) * np.sqrt(values)
    x = u @ vectors.T
    form = np.linalg.inv(total)
    P = np.exp(-0.5 * np.einsum("...i,ij,...j", x, form, x)) / (2 * np.pi * np.sqrt(values.prod()))
    return float((P**2).sum() * np.sqrt(values.prod()) * (line[1] - line[0]) ** 2)


def _opening_ratio(result: CaseResult, total: np.ndarray) -> float:
    """Width over height by the light's opening angle alone, without coupling, over gamma.

    T. O. Raubenheimer, SLAC-R-387 (1991): emittance 13/55 C_q <beta |h|^3> / <h^2>.
    """
    ring, optics = result.lattice, result.optics
    assert optics is not None
    beta = np.asarray(optics.beta)[:, 1]
    bends = ring.indices("Bend:*")
    length, angle = (np.asarray(ring.get("Bend:*", c)) for c in ("length", "angle"))
    h = np.abs(angle / length)
    mean = (beta[bends] + beta[bends + 1]) / 2
    quantum = 3.8319e-13  # C_q of electrons [m]
    emittance = 13 / 55 * quantum * np.sum(mean * h**3 * length) / np.sum(h**2 * length)
    place = int(np.argmax(beta))
    return float(np.sqrt(total[place, 0, 0] / (emittance * beta[place])) / float(ring.gamma))


def printed_far_ratio(matrix: np.ndarray, noise: np.ndarray, full: np.ndarray) -> float:
    """<x_b^2> by the last formula of section 5 with its two terms, over that of formula (10).

    The inverse signs that are printed on every U are left off where they cannot be meant.
    """
    values, vectors = np.linalg.eig(matrix)
    U = np.linalg.inv(vectors)
    kicks = U @ noise @ U.T
    order = np.argsort(-values.imag)  # one of each conjugate pair first
    total = 0.0 + 0.0j
    for one in order[: len(values) // 2]:
        other = int(np.argmin(np.abs(values - np.conj(values[one]))))
        gain = 1 - values[one] * values[other]
        total += vectors[0, one] * vectors[0, other] * kicks[one, other] / gain
    return float(total.real / full[0, 0])
