"""Tunes, beta functions and dispersion of a ring."""

from __future__ import annotations

from typing import Any

from ...._figure import new_figure
from ..._sections import (
    Columns,
    Found,
    Item,
    Names,
    Numbers,
    Picture,
    Quantities,
    Section,
    Shown,
    Table,
    Variables,
    table,
)
from .._build import build
from .._case import at_places, found_in, needs, numbers_at_places, stacked
from .._later import np, plots, rings

_STEP = 0.05  # [m] of the optics that are drawn

_METHODS = (
    "Optics are those of the exact Hamiltonian in bends, the fringes of their faces included, "
    "linearised about the closed orbit. Beta functions are of a beam that fills both modes alike: "
    "its size squared over its emittance. They exist where modes are degenerate, too."
)


def _split(item: Item) -> Any:
    tunes = np.asarray(item.result.tunes)
    split = tunes[0] - tunes[1]
    return abs(split - round(split))


def _largest_beta(plane: int) -> Any:
    return lambda item: np.asarray(item.result.beta)[:, plane].max()


OPTICS: Names = {
    "tune_1": Found("1", "tune of mode 1, mainly horizontal", "tunes.0"),
    "tune_2": Found("1", "tune of mode 2, mainly vertical", "tunes.1"),
    "tune_split": Found("1", "distance of the tunes from a whole-number difference", _split),
    "momentum_compaction": Found("1", "momentum compaction", "momentum_compaction"),
    "slip_factor": Found("1", "slip factor", "slip_factor"),
    "largest_beta_x": Found("m", "largest horizontal beta function", _largest_beta(0)),
    "largest_beta_y": Found("m", "largest vertical beta function", _largest_beta(1)),
    "largest_dispersion": Found(
        "m", "largest dispersion",
        lambda item: np.abs(np.asarray(item.result.dispersion)[:, [0, 2]]).max(),
    ),
}  # fmt: skip

#: At each place.
OPTICS_AT: Names = {
    "beta_x": ("m", "horizontal beta function"),
    "beta_y": ("m", "vertical beta function"),
    "alpha_x": ("1", "horizontal alpha"),
    "alpha_y": ("1", "vertical alpha"),
    "dispersion_x": ("m", "horizontal dispersion"),
    "dispersion_y": ("m", "vertical dispersion"),
    "rotation_defect": ("1", "how far one turn is from commuting with rotations about the beam"),
}


def _halves(lattice: rings.Lattice) -> np.ndarray | None:
    """(n / 2,) elements of the first half whose entrances have one half a turn on; or None.

    None unless all do: then the ring may have two equal halves.
    """
    s, turn = np.asarray(lattice.s)[:-1], float(lattice.circumference)
    first = np.flatnonzero(s < turn / 2 - 1e-9)
    partner = np.searchsorted(s, s[first] + turn / 2 - 1e-9)
    fits = partner < len(s)
    near = np.abs(s[np.minimum(partner, len(s) - 1)] - s[first] - turn / 2) < 1e-9
    return first if bool(np.all(fits & near)) else None


def _difference(item: Item) -> Any:
    ring, beta = item.of_case, np.asarray(item.result.beta)
    half, s = _halves(ring), np.asarray(ring.s)
    partner = np.searchsorted(s, s[half] + float(ring.circumference) / 2 - 1e-9)
    return np.abs(beta[partner] / beta[half] - 1).max()


#: Where the two halves of the ring are alike in the lengths of their elements.
HALVES: Names = {
    "half_turn_difference": Found(
        "1", "largest relative difference of beta functions half a turn apart", _difference
    )
}


def _names(item: Item) -> Names:
    halves = HALVES if _halves(build(item.run)) is not None else {}
    return OPTICS | halves | at_places(item.run, OPTICS_AT)


def _numbers(item: Item) -> Numbers:
    ring = item.of_case
    turn = np.asarray(rings.transfer_matrices(ring, delta=0.0).matrices)[:, :4, :4]

    def at(place: str) -> Numbers:
        here = item.result.at(place)
        return {
            "beta_x": here.beta[0], "beta_y": here.beta[1], "alpha_x": here.alpha[0],
            "alpha_y": here.alpha[1], "dispersion_x": here.dispersion[0],
            "dispersion_y": here.dispersion[2],
            "rotation_defect": _rotation_defect(turn, int(ring.indices(place)[0])),
        }  # fmt: skip

    return numbers_at_places(item.run, at)


def _rotation_defect(matrices: np.ndarray, here: int) -> float:
    """How far one turn from a place commutes with rotations about the beam, in its own size.

    Then the angular momentum x py - y px is kept from turn to turn.
    """
    to = matrices[here]
    turn = to @ matrices[-1] @ np.linalg.inv(to)
    rotation = np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(2))
    scale = np.sqrt(abs(turn[0, 1] / turn[1, 0])) if turn[0, 1] * turn[1, 0] else 1.0
    if not np.isfinite(scale) or scale == 0:
        scale = 1.0
    units = np.diag([1 / np.sqrt(scale), np.sqrt(scale)] * 2)
    turn = units @ turn @ np.linalg.inv(units)
    return float(np.abs(turn @ rotation - rotation @ turn).max() / np.abs(turn).max())


def _tables(items: list[Item], quantities: Quantities) -> list[Table]:
    # what the lattices say of themselves at first, each once
    notes = {
        f"{item.result.name}: {' '.join(item.result.note.split()).split('. ')[0]}.": None
        for item in items
        if item.result.note
    }
    columns = Columns("Rings", {
        "tune 1": "tune_1", "tune 2": "tune_2", "momentum compaction": "momentum_compaction",
        "largest beta x": "largest_beta_x", "largest beta y": "largest_beta_y",
        "largest dispersion": "largest_dispersion",
    }, f"{' '.join(notes)} Tunes are those of the modes, with whole parts; functions are "
       "of a beam that fills both modes alike.", "ring", "tune_1")  # fmt: skip
    return [table(columns, items, quantities)]


def _variables(item: Item) -> Variables:
    name = item.label
    row, found = (f"place_{name}",), item.result
    for plane, letter in enumerate("xy"):
        values = np.asarray(found.beta)[:, plane]
        yield f"beta_{letter}_{name}", row, values, "m", f"beta function in {letter}"
        values = np.asarray(found.alpha)[:, plane]
        yield f"alpha_{letter}_{name}", row, values, "1", f"alpha in {letter}"
        turns = np.asarray(found.phase)[:, plane] / (2 * np.pi)
        yield f"phase_{letter}_{name}", row, turns, "1", f"phase in {letter} over 2 pi"
        values = np.asarray(found.dispersion)[:, 2 * plane]
        yield f"dispersion_{letter}_{name}", row, values, "m", f"dispersion in {letter}"


def _draw_functions(ax: Any, item: Item) -> None:
    fine = item.found("fine")
    optics = fine if fine is not None else item.found("optics")
    plots.plot_optics(optics, ax, lattice=item.of_case)


def draw_tunes(picture: Picture) -> Any:
    """Tunes of cases among resonances."""
    part = picture.part
    points = {item.title: np.asarray(item.found("optics").tunes) for item in picture.items}
    wide, high = np.ptp(list(points.values()), axis=0) + 2 * part.window
    figure = new_figure(8.0, 0.9 + 5.4 * min(1.2, high / wide))
    plots.plot_tune_diagram(
        points, figure.add_subplot(), order=part.order, window=part.window, labels=len(points) == 1
    )
    return figure


def _is_drawn(item: Item) -> bool:
    """Whether a picture shows the optics of a case: fine ones are costly to compile."""
    study = item.study
    if "optics" not in found_in(item.run):
        return False
    if not study.figures:
        return len(study.all_cases()) == 1
    shown = (f for f in study.figures.values() if f.show == "optics")
    return any(item.name in (f.cases or [study.case_of(None)]) for f in shown)


FUNCTIONS = Shown(
    "optics", stacked(4.6, _draw_functions), "beta functions and dispersion", fits=needs("optics")
)
FINDS = (
    Section(
        group="optics", names=_names, numbers=_numbers, tables=_tables, variables=_variables,
        methods=_METHODS, solve=lambda item: rings.optics(item.of_case),
        also=lambda item: "formula" in found_in(item.run),
    ),
    # at many places, for pictures
    Section(
        group="fine", also=_is_drawn, solve=lambda item: rings.optics(item.of_case, step=_STEP)
    ),
)  # fmt: skip
