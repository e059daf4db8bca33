"""The magnets of a ring: how many, how long, how strong."""

from __future__ import annotations

from ....units import format_quantity
from ..._sections import Item, Names, Numbers, Quantities, Section, Table, cell
from .._build import build
from .._case import at_places, label, numbers_at_places
from .._later import np, rings

#: By kind what is told of a magnet beside its number and length.
_THICK = {
    "Bend": ["radius", "field"], "Quadrupole": ["gradient"], "Sextupole": ["sextupole"],
    "Octupole": ["octupole"], "Solenoid": ["field"],
}  # fmt: skip
_UNITS = {
    "count": "1", "length": "m", "radius": "m", "field": "T", "gradient": "T/m",
    "sextupole": "T/m^2", "octupole": "T/m^3",
}  # fmt: skip
_HEADS = {
    "count": "number", "length": "length", "radius": "radius", "field": "field",
    "gradient": "gradient", "sextupole": "second derivative", "octupole": "third derivative",
}  # fmt: skip


def _names(item: Item) -> Names:
    """Only the first of a name that differ."""
    lattice, bore = build(item.run), item.run.bore
    found = at_places(item.run, {"straight": ("m", "length without bends")})
    for kind in _THICK:
        if kind in lattice.kinds:
            found[f"{kind.lower()}s"] = ("1", f"number of {kind.lower()}s")
    strengths = rings.magnet_strengths(lattice)
    for name, kind in zip(strengths.names, strengths.kinds, strict=True):
        if kind not in _THICK:
            continue
        for quantity in ["count", "length", *_THICK[kind]]:
            words = f"{name}: " + ("number" if quantity == "count" else quantity)
            found[f"{label(name)}_{quantity}"] = (_UNITS[quantity], words)
        if bore is not None and kind not in ("Bend", "Solenoid"):
            found[f"{label(name)}_bore_field"] = ("T", f"{name}: field at the radius of the bore")
    return found


def _numbers(item: Item) -> Numbers:
    ring, found, bore = item.of_case, item.result, item.run.bore
    numbers: Numbers = {f"{kind.lower()}s": ring.kinds.count(kind) for kind in ring.kinds}
    for name in dict.fromkeys(found.names):
        rows = [index for index, other in enumerate(found.names) if other == name]
        numbers |= {f"{label(name)}_{key}": value for key, value in found[name].items()}
        numbers[f"{label(name)}_count"] = np.sum(np.asarray(found.count)[rows])
        if bore is not None:
            numbers[f"{label(name)}_bore_field"] = found.field_at(bore)[rows[0]]
    return numbers | numbers_at_places(
        item.run, lambda place: {"straight": _straight(ring, int(ring.indices(place)[0]))}
    )


def _straight(ring: rings.Lattice, here: int) -> float:
    """How far it is from the bend before an element to the bend behind it."""
    bends = np.flatnonzero(np.array(ring.kinds) == "Bend")
    turn = float(ring.circumference)
    if not len(bends) or here in bends:
        return 0.0 if len(bends) else turn
    s = np.asarray(ring.s)
    before, behind = bends[bends < here], bends[bends > here]
    start = s[before[-1] + 1] if len(before) else s[bends[-1] + 1] - turn
    stop = s[behind[0]] if len(behind) else s[bends[0]] + turn
    return float(stop - start)


def _tables(items: list[Item], quantities: Quantities) -> list[Table]:
    """Of every case that finds them, without what none of its magnets has."""
    tables, words = [], dict(_HEADS)
    for item in items:
        found = item.found("magnets")
        if found is None:
            continue
        if item.run.bore is not None:
            words["bore_field"] = f"field at {format_quantity(item.run.bore, 'm', 4)}"
        magnets = {
            name: {key: quantities.get(item.full(f"{label(name)}_{key}")) for key in words}
            for name in dict.fromkeys(found.names)
        }
        magnets = {name: own for name, own in magnets.items() if any(own.values())}
        keys = [key for key in words if any(own[key] for own in magnets.values())]
        rows = [
            [name, *(cell(item.study, own[key]) for key in keys)] for name, own in magnets.items()
        ]
        header = ["magnet", *(words[key] for key in keys)]
        said = "At the energy of the ring; signs are of a positive charge."
        tables.append(Table(f"Magnets: {item.title}", header, rows, said))
    return tables


MAGNETS = Section(
    group="magnets", names=_names, numbers=_numbers, tables=_tables,
    solve=lambda item: rings.magnet_strengths(item.of_case),
)  # fmt: skip
