"""A lattice's rows as arrays that compiled functions take.

One compiled function serves every lattice of a size: arrays are filled up to a few sizes, and
loops run over what is there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.constants import ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from fieldwright.motion import Species
from fieldwright.rings.lattice import _radiation
from fieldwright.rings.lattice._elements import COLUMN, COLUMNS
from fieldwright.rings.lattice._lattice import rest_energy
from fieldwright.rings.lattice._listing import Listing
from fieldwright.rings.lattice._steps import OPERATION, SEQUENCES, STEP, Beam
from fieldwright.sources._checks import is_concrete

#: Columns that make motion nonlinear, and tunes depend on momentum.
NONLINEAR = frozenset({"k2", "k3", "k2s", "k3s"})
#: Columns that tie the two planes together; a solenoid's strength does, too.
_COUPLING = frozenset({"tilt", "roll", "dy", "vkick", "k0s", "k1s", "k2s", "k3s", "ks"})
_FACES = ("fringe", "soft_fringe", "wedge", "turn")
_NAMES = list(OPERATION)

_LANES = 16  # rows of one operation that are taken together: a processor's vectors


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Rows:
    """What compiled functions take of a lattice's programme.

    Sizes are R rows, N elements, P places, and tiles of rows of one operation; counts say how much
    of each is there. In the order of the beam, rows stand in B blocks of L, one after the other;
    `flat` is block + B * (place in the block), and R, the last, stands for the end.

    Args:
        count: number of rows.
        operation, element, fraction: (R,) index in `OPERATIONS`, of the element, and the share of
            its length.
        extra: (R, 3) what else a map needs.
        steps: number of elementary steps over all tiles.
        tile, step: (steps,) of each, the tile and the index in `STEPS`.
        begins: (steps,) whether a tile begins with it.
        weight: (steps, 2) its weight and choice.
        tile_element, tile_fraction, tile_flat: (tiles, lanes) of the rows in a tile.
        tile_extra: (tiles, 3, lanes) of them.
        radiating: the first tile that radiates in a body, the first after, and the first
            after those that do at a face.
        length: L.
        slot, following: (L, B) of each row its place in the tiles, and where the next one is.
        order: (R + 1,) `flat` of the rows in the order of the beam.
        places, rows_at: (P,) `flat`, and number, of the rows at places that are asked for.
        slant: (R + 1,) of `flat`: 1 or 2 inside the turned entrance or exit face of a bend, or 0.
        upright: (R + 1,) of rows: whether they begin inside a body whose axes are turned.
        advance: (R,) of rows: the share of the element's length that the path has.
        corrector, thick: (N,) whether an element is one, and has a length.
        bend, cavity, follows, harmonic: (N,) a bend; a cavity that acts; one without a frequency
            of its own; harmonic number.
        lead: the first cavity with a voltage, or -1.
        planar, nonlinear: whether nothing ties the planes together; whether sextupoles are there.
        rest, charges, radius, compton: of the particle: energy [eV], charge number, lengths [m].
    """

    count: Any
    operation: Any
    element: Any
    fraction: Any
    extra: Any
    steps: Any
    tile: Any
    step: Any
    begins: Any
    weight: Any
    tile_element: Any
    tile_fraction: Any
    tile_flat: Any
    tile_extra: Any
    radiating: Any
    length: Any
    slot: Any
    following: Any
    order: Any
    places: Any
    rows_at: Any
    slant: Any
    upright: Any
    advance: Any
    corrector: Any
    thick: Any
    bend: Any
    cavity: Any
    follows: Any
    harmonic: Any
    lead: Any
    planar: Any
    nonlinear: Any
    rest: Any
    charges: Any
    radius: Any
    compton: Any


def filled_size(count: int) -> int:
    """The size to which so many elements, places or rows are filled up: few, so that programs are.

    Loops run over what is there, so that a small lattice pays little for a large size.
    """
    size = 128
    while size < count:
        size *= 4 if size == 128 else 2
    return size


def laid_out(programme: Listing, filled: bool) -> Rows:
    """The arrays of `Rows`, of NumPy, filled up or not."""
    active = programme.structure[1]
    places, _ = programme.places
    sizes = _Sizes.filled(programme) if filled else _Sizes.exact(programme)
    chain = _chain(programme, sizes)
    tiles = _tiles(programme, sizes, chain["order"])
    return Rows(
        count=np.int32(len(programme)),
        operation=_fill(programme.operation, sizes.rows),
        element=_fill(programme.element, sizes.rows),
        fraction=_fill(programme.fraction, sizes.rows),
        extra=_fill(programme.extra, sizes.rows),
        **chain,
        **tiles,
        places=_fill(chain["order"][places], sizes.places, sizes.rows),
        rows_at=_fill(places.astype(np.int32), sizes.places, sizes.rows),
        upright=_fill(_upright(programme), sizes.rows + 1),
        advance=_fill(programme.advance, sizes.rows),
        **_of_elements(programme, sizes.elements),
        planar=np.bool_(not any(columns & _COUPLING for columns in active)),
        nonlinear=np.bool_(any(columns & NONLINEAR for columns in active)),
        **_of_particle(programme.beam[1]),
    )


@dataclass(frozen=True)
class _Sizes:
    rows: int
    elements: int
    places: int
    tiles: int
    steps: int
    lanes: int
    blocks: int

    @classmethod
    def filled(cls, programme: Listing) -> _Sizes:
        # one size for both, so that there are as few programs as sizes
        elements = filled_size(max(len(programme.structure[0]) + 1, -(-len(programme) // 4)))
        rows = 4 * elements
        tiles = rows // _LANES + len(OPERATION) + 1
        blocks = 1 << round(math.log2(rows) / 2)
        places = filled_size(len(programme.places[0])) if programme.inside else elements
        # no operation has more than 13 steps, and most have one
        most = 5 * tiles
        while _steps_of(programme) > most:
            most *= 2
        return cls(rows, elements, places, tiles, most, _LANES, blocks)

    @classmethod
    def exact(cls, programme: Listing) -> _Sizes:
        rows = max(1, len(programme))  # markers alone have none
        blocks = math.isqrt(rows)
        rows = blocks * -(-rows // blocks)
        tiles = sum(-(-n // _LANES) for n in np.unique(programme.operation, return_counts=True)[1])
        elements, places = len(programme.structure[0]), len(programme.places[0])
        steps = max(1, _steps_of(programme))
        return cls(rows, elements, places, int(tiles) + 1, steps, _LANES, blocks)


def _steps_of(programme: Listing) -> int:
    numbers, counts = np.unique(programme.operation, return_counts=True)
    return sum(
        -(-int(count) // _LANES) * len(SEQUENCES[_NAMES[number]])
        for number, count in zip(numbers, counts, strict=True)
    )


def _fill(values: np.ndarray, size: int, value: Any = 0) -> np.ndarray:
    """An array filled up along its first axis."""
    found = np.full((size, *values.shape[1:]), value, dtype=values.dtype)
    found[: len(values)] = values
    return found


def _chain(programme: Listing, sizes: _Sizes) -> dict[str, Any]:
    """Rows in blocks one after another: see `Rows`."""
    count, blocks = len(programme), sizes.blocks
    length = max(1, -(-count // blocks))
    row = np.arange(sizes.rows + 1)
    block, place = np.divmod(row, length)
    flat = np.where(row < count, block + blocks * place, sizes.rows).astype(np.int32)
    following = np.full(sizes.rows, sizes.rows, dtype=np.int32)
    following[flat[:count]] = flat[1 : count + 1]
    slant = np.zeros(sizes.rows + 1, dtype=np.int8)
    slant[flat[:count]] = _slant(programme)
    return {
        "length": np.int32(length),
        "following": following.reshape(-1, blocks),
        "order": flat,
        "slant": slant,
    }


def _tiles(programme: Listing, sizes: _Sizes, flat: np.ndarray) -> dict[str, Any]:
    """Rows of one operation side by side, and the steps that they take; the last tile stays empty.

    Lanes that are over repeat the last row.
    """
    rows: list[np.ndarray] = []
    steps, first = [], []
    for name, number in OPERATION.items():
        first.append(len(rows))
        (where,) = np.nonzero(programme.operation == number)
        for begin in range(0, len(where), sizes.lanes):
            part = where[begin : begin + sizes.lanes]
            for index, (step, weight, choice) in enumerate(SEQUENCES[name]):
                steps.append((len(rows), STEP[step], index == 0, weight, choice))
            rows.append(np.concatenate([part, np.repeat(part[-1:], sizes.lanes - len(part))]))
    first.append(len(rows))
    of_rows = np.array(rows, dtype=int).reshape(-1, sizes.lanes)
    slot = np.full(sizes.rows + 1, sizes.tiles * sizes.lanes - 1, dtype=np.int32)
    places = np.arange(of_rows.size)[::-1]  # the first of those that repeat a row counts
    slot[flat[of_rows.reshape(-1)[::-1]]] = places
    columns: Any = list(zip(*steps, strict=True)) or [()] * 5
    tile, step_number, begins = (np.array(column) for column in columns[:3])
    weights = np.array(columns[3:], dtype=float).T
    return {
        "steps": np.int32(len(steps)),
        "tile": _fill(tile.astype(np.int32), sizes.steps),
        "step": _fill(step_number.astype(np.int32), sizes.steps),
        "begins": _fill(begins.astype(bool), sizes.steps),
        "weight": _fill(weights, sizes.steps),
        "tile_element": _fill(programme.element[of_rows], sizes.tiles),
        "tile_fraction": _fill(programme.fraction[of_rows], sizes.tiles),
        "tile_extra": _fill(np.moveaxis(programme.extra[of_rows], 2, 1), sizes.tiles),
        "tile_flat": _fill(flat[of_rows], sizes.tiles),
        "radiating": tuple(np.int32(tile) for tile in first[OPERATION["radiate"] :]),
        "slot": slot[:-1].reshape(-1, sizes.blocks),
    }


def _slant(programme: Listing) -> np.ndarray:
    """Where the reference particle is inside a turned pole face: 1 entering, 2 leaving."""
    names = np.array(_NAMES)[programme.operation]
    entering = programme.extra[:, 0] > 0
    inside = np.isin(names, _FACES) & (names != np.where(entering, "turn", "wedge"))
    return np.where(inside, np.where(entering, 1, 2), 0)


def _upright(programme: Listing) -> np.ndarray:
    turned = np.array([bool(columns & {"tilt", "roll"}) for columns in programme.structure[1]])
    inner = np.ones(len(programme), dtype=bool)
    begins = programme.begins[:-1]
    inner[begins[begins < len(programme)]] = False
    return inner & turned[programme.element]


def _of_elements(programme: Listing, size: int) -> dict[str, Any]:
    """What `prepare` must know of each element."""
    kinds, active = programme.structure[:2]
    kind = np.array(kinds)
    own = np.array(["frequency" in columns for columns in active])
    voltage = np.array(["voltage" in columns for columns in active])
    acting = np.zeros(len(kinds), dtype=bool)
    acting[programme.element[programme.operation == OPERATION["cavity"]]] = True
    leads = np.flatnonzero((kind == "RFCavity") & voltage)
    found = {
        "corrector": kind == "Kicker",
        "thick": np.array(["length" in columns for columns in active]),
        "bend": kind == "Bend",
        "cavity": acting,
        "follows": (kind == "RFCavity") & ~own,
        "harmonic": np.array(programme.beam[0], dtype=float),
    }
    filled = {name: _fill(values, size) for name, values in found.items()}
    return {**filled, "lead": np.int32(leads[0] if len(leads) else -1)}


def _of_particle(species: Species) -> dict[str, Any]:
    return {
        "rest": np.float64(rest_energy(species)),
        "charges": np.float64(abs(species.charge) / ELEMENTARY_CHARGE),
        "radius": np.float64(_radiation.classical_radius(species)),
        "compton": np.float64(_radiation.compton_length(species)),
    }


def branches(names: list[str], numbers: Any) -> tuple[list[str], Any]:
    """Which of the names a switch must know, and each row's number among these.

    All, where the programme is data; only those that are there where it is known.
    """
    if not is_concrete(numbers):
        return names, numbers
    present, among = np.unique(np.asarray(numbers), return_inverse=True)
    return [names[number] for number in present], jnp.asarray(among.astype(np.int32))


def prepare(rows: Rows, table: Any, energy: Any) -> tuple[Any, Beam]:
    """The table (..., N, columns) as maps need it, and the reference particle.

    Correctors become dipole fields, and cavities get their frequency.
    """
    table = jnp.asarray(table)
    columns = {name: table[..., COLUMN[name]] for name in COLUMNS}
    length = jnp.where(rows.thick, columns["length"], 1.0)
    momentum = jnp.sqrt((energy - rows.rest) * (energy + rows.rest))
    revolution = momentum / energy * SPEED_OF_LIGHT / columns["length"].sum(-1)
    own = jnp.where(rows.follows, rows.harmonic * revolution[..., None], columns["frequency"])
    changed = {
        "k0": jnp.where(rows.corrector, -columns["hkick"] / length, columns["k0"]),
        "k0s": jnp.where(rows.corrector, columns["vkick"] / length, columns["k0s"]),
        "frequency": own,
    }
    table = jnp.stack([changed.get(name, columns[name]) for name in COLUMNS], axis=-1)
    there = rows.lead >= 0
    frequency = jnp.where(there, own[..., rows.lead], 1.0)
    longer = SPEED_OF_LIGHT * (rows.harmonic[rows.lead] / frequency - 1 / revolution)
    beam = Beam(
        mu2=(rows.rest / momentum) ** 2,
        momentum=momentum / rows.charges,
        rf_shift=jnp.where(there, longer, 0.0),
        radius=rows.radius,
        compton=rows.compton,
    )
    return table, beam
