"""Section on what a fresh process costs."""

from __future__ import annotations

from _shared.table import Table
from _shared.timing import race_processes

_OURS = (
    "from fieldwright.sources import Coil, CylinderMagnet; from fieldwright import forces; "
    "c, m = Coil(9e-3, 18.72e-3, 8e-3, 600), CylinderMagnet(3e-3, 3e-3, 8.78e5); "
)
_COLD = {
    "python, nothing": "pass",
    "import fieldwright": "import fieldwright",
    "import jax": "import jax",
    "import fieldwright.forces": "import fieldwright.forces",
    "ours: one force": _OURS + "float(forces.axial_force(c, m, 6.7e-3))",
    "ours: a sweet spot and its range": _OURS + "s = forces.sweet_spot(c, m); s.range(0.95)",
    "import magpylib": "import magpylib",
    "magpylib: one field (func)": (
        "from magpylib.func import cylinder_field as f; "
        "f('B', (9e-3, 0, 0), dimensions=(6e-3, 3e-3), polarizations=(0, 0, 1))"
    ),
    "import scipy.special, scipy.optimize": "import scipy.special, scipy.optimize",
}


def cold_table(rounds: int) -> Table:
    """What a fresh process costs."""
    times = race_processes(_COLD, rounds)
    return Table(
        "A fresh process",
        "Wall-clock from the start of Python to its end; no compilation cache.",
        ["process", "time"],
        [[name, timing] for name, timing in times.items()],
    )
