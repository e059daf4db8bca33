"""How the tunes of a ring go with the momentum."""

from __future__ import annotations

from ..._sections import Found, Names, Section
from .._later import rings

NAMES: Names = {
    f"{kind}chromaticity_{mode + 1}": Found("1", f"{words} of mode {mode + 1}", f"{whose}.{mode}")
    for kind, words, whose in (
        ("", "chromaticity", "total"), ("natural_", "natural chromaticity", "natural")
    )
    for mode in (0, 1)
}  # fmt: skip

CHROMATICITY = Section(
    group="chromaticity", names=NAMES, solve=lambda item: rings.chromaticity(item.of_case)
)
