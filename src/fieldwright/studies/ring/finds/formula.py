"""Formula (10) of Bernardini and Pellegrini against the 6-D beam, and what else they print."""

from __future__ import annotations

from ..._sections import (
    Item,
    Names,
    Numbers,
    Quantities,
    Section,
    Table,
    Variables,
)
from .._case import at_places, numbers_at_places
from .._later import np, rings

_METHODS = (
    "Formula (10) is that of C. Bernardini and C. Pellegrini, LNF-64/55 (1964): 4 x 4, with "
    "matrices from the linear equations of motion of the same elements, apart from the maps that "
    "the 6 x 6 solution is derived from."
)

FORMULA: Names = {
    "formula_difference": ("1", "formula (10) from the 6-D solution, over the larger size squared"),
    "far_error": ("1", "far-from-resonance form from formula (10), over the larger size squared"),
    "footnote_error": ("1", "noise of the footnote alone from the full one, likewise"),
    "spread_difference": ("1", "relative difference of the energy spread from the 6-D one"),
    "emittance_difference": ("1", "relative difference of both emittances' sum from the 6-D one"),
    "loss_difference": ("1", "relative difference of the energy loss from the 6-D one"),
    "correlation": ("1", "largest correlation of betatron position and momentum in the 6-D beam"),
    "opening_ratio": ("1", "width over height by the light's opening angle alone, over gamma"),
    "printed_far_ratio": ("1", "horizontal size squared by the far form as printed, over (10)"),
}

#: At each place.
FORMULA_AT: Names = {
    "formula_sigma_x": ("m", "horizontal size by formula (10)"),
    "formula_sigma_y": ("m", "vertical size by formula (10)"),
    "printed_norm": ("1", "integral of the distribution (7) with the factor as printed"),
    "appendix_difference": (
        "1",
        "axes and 1/S of the appendix from eigenvalues and a sum over P²",
    ),
}


def _numbers(item: Item) -> Numbers:
    """Formula (10) against the 6-D solution, and the paper's shorter forms against it."""
    found, beam, optics = item.result, item.found("beam"), item.found("optics")
    total, betatron, solved = (
        np.asarray(c) for c in (found.covariance, found.betatron, beam.covariance)
    )
    numbers = {
        "formula_difference": difference(total, solved[:, :4, :4], total),
        "far_error": difference(np.asarray(found.far), betatron, total),
        "footnote_error": difference(np.asarray(found.footnote), betatron, total),
        "spread_difference": np.sqrt(found.momentum_variance) / beam.energy_spread - 1,
        "loss_difference": found.energy_loss / beam.energy_loss - 1,
        "correlation": _correlation(solved, np.asarray(optics.dispersion)),
        "printed_far_ratio": _printed_far_ratio(
            np.asarray(found.matrix[0]), np.asarray(found.noise[0]), betatron[0]
        ),
        "opening_ratio": _opening_ratio(item, total),
        "emittance_difference": _emittances(betatron[0]) / float(beam.emittances[:2].sum()) - 1,
    }

    def at(place: str) -> Numbers:
        here = int(item.of_case.indices(place)[0])
        return {
            "formula_sigma_x": np.sqrt(total[here, 0, 0]),
            "formula_sigma_y": np.sqrt(max(total[here, 2, 2], 0.0)),
            "printed_norm": _printed_norm(betatron[here], total[here]),
            "appendix_difference": _appendix(
                betatron[here][::2, ::2], np.asarray(found.dispersion[here])[::2],
                float(found.momentum_variance),
            ),
        }  # fmt: skip

    return numbers | numbers_at_places(item.run, at)


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


def _opening_ratio(item: Item, total: np.ndarray) -> float:
    """Width over height by the light's opening angle alone, without coupling, over gamma.

    T. O. Raubenheimer, SLAC-R-387 (1991): emittance 13/55 C_q <beta |h|^3> / <h^2>.
    """
    ring, beta = item.of_case, np.asarray(item.found("optics").beta)[:, 1]
    bends = ring.indices("Bend:*")
    length, angle = (np.asarray(ring.get("Bend:*", c)) for c in ("length", "angle"))
    h = np.abs(angle / length)
    mean = (beta[bends] + beta[bends + 1]) / 2
    quantum = 3.8319e-13  # C_q of electrons [m]
    emittance = 13 / 55 * quantum * np.sum(mean * h**3 * length) / np.sum(h**2 * length)
    place = int(np.argmax(beta))
    return float(np.sqrt(total[place, 0, 0] / (emittance * beta[place])) / float(ring.gamma))


def _printed_far_ratio(matrix: np.ndarray, noise: np.ndarray, full: np.ndarray) -> float:
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


_COLUMNS = {
    "(10) from 6-D": "formula_difference", "emittances": "emittance_difference",
    "far form from (10)": "far_error", "footnote's noise": "footnote_error",
    "energy spread": "spread_difference", "energy loss": "loss_difference",
    "correlation": "correlation",
}  # fmt: skip


def _tables(items: list[Item], quantities: Quantities) -> list[Table]:
    rows = []
    for item in items:
        found = [quantities.get(item.full(name)) for name in _COLUMNS.values()]
        values = [q.value for q in found if q is not None]
        if values:
            cells = (f"{v:.2g}" if abs(v) > 0.1 else f"{v:.1e}" for v in values)
            rows.append([item.title, *cells])
    return [Table("Formula (10)", ["ring", *_COLUMNS], rows,
                  "Differences of the covariance of x and y over the larger size squared, the "
                  "largest along the ring; of emittances' sum, spread and loss, relative ones. "
                  "Of degenerate modes the far-from-resonance form is arbitrary.")]  # fmt: skip


def _variables(item: Item) -> Variables:
    name = item.label
    size = np.sqrt(np.maximum(np.asarray(item.result.covariance)[:, [0, 2], [0, 2]], 0.0))
    for plane, letter in enumerate("xy"):
        words = f"rms size in {letter} by formula (10)"
        yield f"formula_sigma_{letter}_{name}", (f"place_{name}",), size[:, plane], "m", words


FORMULA_FIND = Section(
    group="formula", names=lambda item: FORMULA | at_places(item.run, FORMULA_AT),
    numbers=_numbers, solve=lambda item: rings.transverse_equilibrium(item.of_case),
    tables=_tables, variables=_variables, methods=_METHODS,
)  # fmt: skip
