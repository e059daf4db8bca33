"""Two sets of results, before and after a change: which numbers are no longer the same.

    python benchmarks/compare_results.py BEFORE AFTER

Each is a folder of results folders, as `fieldwright reproduce -o BEFORE` writes it. The quantities,
verdicts and notes of every `results.json` are held against each other, numbers to 1e-9 of
themselves; what differs is printed with its name. Some may: see `EXCUSED`. The exit code is 1 where
anything else differs or is missing.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

RELATIVE = 1e-9
_ANY = sys.float_info.max  # of numbers


class Excuse(NamedTuple):
    """Why quantities of a study may differ, and by how much at most.

    `most` is in their SI unit, `share` of themselves: no text is excused, and nothing missing.
    """

    study: str
    names: tuple[str, ...]
    reason: str
    most: float = _ANY
    share: float = math.inf


EXCUSED = (
    Excuse(
        "penning",
        ("cloud_interacting.*", "effect_cloud.*", "crowd", "zoom_interacting.*", "zoom_step.*",
         "shift_*"),
        "chaotic: a hundred ions that repel each other magnify rounding until they are elsewhere",
    ),
    Excuse(
        "beam-size",
        ("referee.*",),
        "Monte Carlo: rounding decides whether a photon is radiated, and chance what follows",
    ),
    Excuse(
        "crystalline-undulator",
        ("harmonic.*", "atoms.*"),
        "Monte Carlo: rounding decides on which side of an edge one of 400 positrons is",
    ),
    Excuse(
        "penning",
        ("*_error", "*_error_*", "final_error", "*.ring_excess"),
        "rounding: the error of a method, or of none, some femtometres of tens of micrometres",
        1e-14,
    ),
    Excuse(
        "*",
        ("*_difference", "*_defect", "*_alpha_x", "*_alpha_y", "*_dispersion_x", "*_dispersion_y",
         "*.tune_split", "*.axial_spread", "*.energy_drift", "*.relative_error",
         "*_relative_*", "*.decrement_imaginary"),
        "rounding: zero, but for what is left of numbers of the size of one",
        1e-11,
    ),
    Excuse("*", ("*.emittance_?",), "rounding: no emittance, against some 1e-9 m", 1e-18),
    *(
        Excuse(study, names, reason, most, share)
        for study in ("beam-size", "vepp2000")
        for names, reason, most, share in (
            (("*",), "damping of 2e-7 a turn and more, against rounding of a turn's matrix, which "
             "damped by 7e-15 before its derivatives were formulas, and by 4e-16 since",
             _ANY, 3e-8),
            (("*_difference", "*_error"), "two like numbers' difference, each of which may differ "
             "as those that hang on damping", 3e-8, math.inf),
            (("*chromaticity_?",), "of two modes of one tune: their difference is the square root "
             "of rounding", _ANY, 3e-7),
            (("off.*",), "of a match of five gradients to four targets, as dispersion at IP1 and "
             "at RF vanish together: rounding decides where in the family that meets them",
             _ANY, 1e-3),
            (("flat.*", "*_tilt", "*_correlation", "*.correlation"), "of a beam without a height, "
             "or one that is round: rounding decides", _ANY, 1e-5),
            (("*.opening_ratio",), "of an opening between almost equal tunes", _ANY, 1e-5),
        )
    ),
)  # fmt: skip


class Difference(NamedTuple):
    """What a quantity, or something said of a published figure, was before and is now."""

    name: str
    before: Any
    after: Any

    def size(self) -> float:
        """How far two numbers are apart; infinitely where one is missing or they are texts."""
        numbers = isinstance(self.before, float | int) and isinstance(self.after, float | int)
        return abs(self.after - self.before) if numbers else math.inf

    def relative(self) -> float:
        """The same, of the larger of the two."""
        size = self.size()
        return size / max(abs(self.before), abs(self.after)) if 0 < size < math.inf else size


def differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    """All that is not the same in two records."""
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name):
            difference = Difference(name, before.get(name), after.get(name))
            if difference.relative() > RELATIVE:
                yield difference


def contents(path: Path) -> dict[str, Any]:
    """The values of a `results.json` by name, with unit, and what is said of published figures."""
    record = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for name, quantity in record["quantities"].items():
        found |= {name: quantity["value"], f"{name} [unit]": quantity["unit"]}
    for number, entry in enumerate(record["published"], 1):
        name = ".".join(filter(None, (entry["case"], entry["quantity"])))
        for key in ("printed", "published", "verdict", "note"):
            found[f"{name} [{key} {number}]"] = entry[key]
    return found


def excuse(study: str, difference: Difference) -> Excuse | None:
    """Why this difference may be, if it may."""
    for one in EXCUSED:
        named = any(fnmatchcase(difference.name, name) for name in one.names)
        small = difference.size() <= one.most and difference.relative() <= one.share
        if named and fnmatchcase(study, one.study) and small:
            return one
    return None


def main() -> int:
    """Compare, print, and say whether all is well."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    before, after = (Path(name) for name in sys.argv[1:])
    studies = sorted({path.parent.name for top in (before, after)
                      for path in top.glob("*/results.json")})  # fmt: skip
    if not studies:
        print(f"no results in {before} and {after}", file=sys.stderr)
        return 2
    wrong = 0
    for study in studies:
        paths = [top / study / "results.json" for top in (before, after)]
        missing = [path for path in paths if not path.is_file()]
        if missing:
            print(f"{study}: there is no {missing[0]}")
            wrong += 1
            continue
        records = [contents(path) for path in paths]
        found = sorted(differences(*records))
        reasons = [excuse(study, difference) for difference in found]
        print(f"{study}: {len(records[0])} values and texts, {len(found)} differ")
        for difference, reason in zip(found, reasons, strict=True):
            name, was, now = difference
            print(f"  {name}: {was!r} is {now!r}, {difference.relative():.1e} of it")
            print(f"    {reason.reason}" if reason else "    NOT EXCUSED")
        wrong += reasons.count(None)
    print(f"{wrong} not excused" if wrong else "all the same but for what is excused")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
