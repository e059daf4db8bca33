"""Particles that radiate by chance, against the beam that theory expects."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import Field

from ..._figure import STYLES, dress, new_figure
from ...errors import ConvergenceError
from .._sections import (
    Impossible,
    Item,
    Names,
    Numbers,
    Picture,
    Quantities,
    Section,
    Shown,
    Table,
    Variables,
    cell,
    standing,
)
from ._case import no_beam
from ._later import np, rings
from ._run import OfCase, RunPart, inputs

_COORDINATES = ["x", "px", "y", "py", "z", "delta"]

_METHODS = (
    "Particles begin on the closed orbit and radiate by chance; after n turns theory expects the "
    "covariance S - M^n S M^nT, S being that of the settled beam and M the damped turn."
)


class TrackingPart(OfCase):
    """Particles that radiate by chance, from rest on the closed orbit: the referee."""

    particles: int = Field(ge=2)
    turns: int = Field(ge=1)
    pieces: int = Field(20, ge=1, description="after each of which the beam is looked at")
    seed: int = Field(0, ge=0)


#: Sizes that are told: their coordinate, unit and words.
_SIZES = {
    "sigma_x": (0, "m", "horizontal size"),
    "sigma_y": (2, "m", "vertical size"),
    "length": (4, "m", "bunch length"),
    "energy_spread": (5, "1", "energy spread"),
}

TRACKED: Names = {
    **{
        f"{name}{end}": (unit, f"{words}{more}")
        for name, (_, unit, words) in _SIZES.items()
        for end, more in (("", " of the particles at last"), ("_expected", " that theory expects"))
    },
    "deviation": ("1", "largest deviation from theory in standard errors, of 21 covariances"),
    "mean_square_deviation": ("1", "mean square of these deviations"),
    "lost": ("1", "particles lost"),
}


def _impossible(item: Item) -> Impossible:
    yield from no_beam(item, item.at)


@dataclass(frozen=True)
class TrackingResult:
    """Covariances (k, 6, 6) after some turns (k,), tracked and expected."""

    particles: int
    lost: int
    turns: np.ndarray
    covariance: np.ndarray
    expected: np.ndarray

    @property
    def standard_error(self) -> np.ndarray:
        """(k, 6, 6) of a covariance of as many normal deviates."""
        own = np.diagonal(self.expected, axis1=1, axis2=2)
        square = own[:, :, None] * own[:, None, :] + self.expected**2
        return np.sqrt(square / (self.particles - 1))


def _solve(item: Item) -> TrackingResult:
    """Track piece by piece; what an earlier run has done is taken from `item.pieces`."""
    part, run, ring = item.part, item.run, item.of_case
    with standing(item.study.place_of(item.case, "ring")):
        start = np.asarray(rings.closed_orbit(ring, radiation=True))[0]
        beam = rings.equilibrium(ring)
        matrix = np.asarray(rings.one_turn_matrix(ring, radiation=True))
    each = np.diff(np.linspace(0, part.turns, part.pieces + 1).round().astype(int))
    now = np.tile(start, (part.particles, 1))
    seen, turns = [], np.cumsum(each)
    for number, count in enumerate(each):
        made_from = {
            "tracking": inputs(part), "ring": inputs(run), "contents": _contents(run),
            "turns": each[: number + 1].tolist(),
        }  # fmt: skip

        def make(now: np.ndarray = now, count: int = int(count), number: int = number) -> Any:
            found = rings.track(
                ring, now, count, radiation="quantum", seed=1000 * part.seed + number,
                progress=lambda done: item.progress(item.phase, (number + done) / len(each)),
            )  # fmt: skip
            return {"final": np.asarray(found.final)}

        item.progress(item.phase, number / len(each))
        now = item.pieces.get(made_from, make)["final"]
        with standing(item.at):
            seen.append(_covariance(now, int(turns[number])))
    settled = np.asarray(beam.covariance)[0]
    powers = [np.linalg.matrix_power(matrix, int(n)) for n in turns]
    expected = np.array([settled - power @ settled @ power.T for power in powers])
    lost = int(np.sum(~np.isfinite(now[:, 0])))
    return TrackingResult(part.particles, lost, turns, np.array(seen), expected)


def _covariance(now: np.ndarray, turns: int) -> np.ndarray:
    """(6, 6) of the particles that are left."""
    kept = now[np.isfinite(now[:, 0])]
    if len(kept) < 2:
        raise ConvergenceError(
            f"{len(now) - len(kept)} of {len(now)} particles are lost within {turns} turns, so "
            "that they have no size: apertures are too narrow for this beam, or motion is unstable"
        )
    return np.cov(kept.T)


def _contents(run: RunPart) -> str:
    """The hash of the file that the lattice is from."""
    if run.ring is None or run.ring.file is None:
        return ""
    return sha256(Path(run.ring.file).read_bytes()).hexdigest()


def _numbers(item: Item) -> Numbers:
    """Sizes at last beside those expected, and how far they are apart in standard errors."""
    tracked, expected = item.result.covariance[-1], item.result.expected[-1]
    numbers: Numbers = {"lost": item.result.lost}
    for name, (index, *_) in _SIZES.items():
        numbers[name] = np.sqrt(tracked[index, index])
        numbers[f"{name}_expected"] = np.sqrt(max(expected[index, index], 0.0))
    pairs = np.triu_indices(6)
    gap, error = (tracked - expected)[pairs], item.result.standard_error[-1][pairs]
    # of a beam without a height nothing is left to compare
    scale = np.sqrt(np.diagonal(expected))
    there = error > 1e-9 * np.max(scale) * 1e-9
    ratio = gap[there] / error[there]
    numbers["deviation"] = np.abs(ratio).max()
    numbers["mean_square_deviation"] = np.mean(ratio**2)
    return numbers


def _tables(items: list[Item], quantities: Quantities) -> list[Table]:
    rows = []
    for item in items:
        for key, (_, _, words) in _SIZES.items():
            pair = [quantities[item.full(f"{key}{end}")] for end in ("", "_expected")]
            rows.append([f"{item.title}: {words}", *(cell(item.study, q, 4) for q in pair)])
        lost = quantities[item.full("lost")].value
        if lost:
            rows.append(["particles lost, of which nothing is told here", f"{lost:.0f}", "0"])
        worst = quantities[item.full("deviation")].value
        rows.append(["largest deviation of 21 covariances", f"{worst:.2f} standard errors", "–"])
    return [Table("Particles that radiate by chance", ["", "tracked", "theory"], rows)]


def _variables(item: Item) -> Variables:
    turn = f"turn_{item.name}"
    axes = (turn, "coordinate", "coordinate_2")
    yield turn, (turn,), item.result.turns, "1", "turns"
    for what, values in (
        ("tracked", item.result.covariance), ("expected", item.result.expected)
    ):  # fmt: skip
        yield f"{what}_{item.name}", axes, values, "m^2 and so on", f"covariance, {what}"
    yield "coordinate", ("coordinate",), _COORDINATES, None, "coordinate"


def _draw(picture: Picture) -> Any:
    """Sizes squared over turns, with their standard errors, over those expected."""
    result = picture.items[0].result
    figure = new_figure(8.6, 5.2)
    axes = figure.subplots(2, 2, sharex=True).reshape(-1)
    for ax, (index, words, factor, unit) in zip(
        axes,
        ((0, r"$\sigma_x$", 1e6, "µm"), (2, r"$\sigma_y$", 1e6, "µm"),
         (4, r"$\sigma_z$", 1e3, "mm"), (5, r"$\sigma_\delta$", 1e3, r"$10^{-3}$")),
        strict=True,
    ):  # fmt: skip
        tracked, expected = result.covariance[:, index, index], result.expected[:, index, index]
        size = np.sqrt(tracked)
        error = result.standard_error[:, index, index] / (2 * size)
        ax.errorbar(result.turns, factor * size, factor * error, fmt="o", color=STYLES[1][0],
                    markersize=3.5, capsize=2, linewidth=1, label="tracked")  # fmt: skip
        ax.plot(result.turns, factor * np.sqrt(np.maximum(expected, 0)), color="black",
                linewidth=1.2, label="theory")  # fmt: skip
        ax.set_ylabel(f"{words} ({unit})")
        ax.set_ylim(bottom=0.0)
        dress(ax)
    for ax in axes[2:]:
        ax.set_xlabel("turns")
    axes[0].legend(frameon=False, fontsize=9, loc="lower right")
    return figure


TRACKING = Section(
    group="tracking", one="tracking", part=TrackingPart, words="particles that radiate",
    impossible=_impossible, names=TRACKED, solve=_solve, numbers=_numbers, tables=_tables,
    variables=_variables, shown=(Shown("tracking", _draw, ""),), slow=True, methods=_METHODS,
)  # fmt: skip
