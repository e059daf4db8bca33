"""From what a trap study says to what `fieldwright.motion` takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, pi
from typing import TYPE_CHECKING, Any

from ._ions import build_ions
from ._run import RunPart, inputs

if TYPE_CHECKING:
    from fieldwright.motion import Integrator, Ions
    from fieldwright.sources import Source

_SAVED = (200, 500, 1000)  # intervals, where the study does not say how many
_MOST_NUMBERS = 2e7  # that are kept of a case, where the study does not say how many intervals
_PER_TURN = 40  # places kept in each turn of the cyclotron motion


@dataclass(frozen=True)
class Setup:
    """A case, ready to be simulated."""

    ions: Ions
    still: Source  # the trap alone
    source: Source  # with its drives
    arguments: dict[str, Any]  # of `simulate`

    @property
    def duration(self) -> float:
        """How long it lasts [s]."""
        return float(self.arguments["duration"])


@dataclass(frozen=True)
class _Recipe:
    """What ions are made from; `text` and `seed` say it all."""

    text: str
    seed: int
    run: RunPart = field(compare=False)


@lru_cache(maxsize=8)
def _ions_of(recipe: _Recipe) -> Ions:
    """The ions of a run, made once for its check and its simulation: crystals take a while."""
    run = recipe.run
    assert run.trap is not None and run.ions is not None
    return build_ions(run.ions, run.trap.build([]), run.trap.size, recipe.seed)


def make_setup(run: RunPart, seed: int = 0) -> Setup:
    """What a whole case (see `TrapStudy.whole`) asks for; `InputError` where it cannot be."""
    assert run.trap is not None and run.ions is not None and run.duration is not None
    still = run.trap.build([])
    ions = _ions_of(_Recipe(json.dumps([inputs(run.trap), *map(inputs, run.ions)]), seed, run))
    save = run.save or intervals(run, ions)
    adaptive = run.integrator == "dopri8"  # divides what steps it is given
    arguments = {
        "duration": run.duration,
        "steps": run.steps or (save if adaptive else None),
        "integrator": make_integrator(run),
        "coulomb": run.interaction is not False,
        "relativistic": bool(run.relativistic),
        "damping": tuple(part.build() for part in run.damping or []),
        "save": save,
        "seed": run.seed or 0,
    }
    return Setup(ions, still, run.trap.build(run.drives or []), arguments)


def make_integrator(run: RunPart, name: str | None = None) -> Integrator | None:
    """The integrator object of a name (or the run's own); None where it is to be chosen."""
    from fieldwright import motion

    name = name or run.integrator or "automatic"
    if name == "automatic":
        return None
    if name == "dopri8":
        return motion.Dopri8() if run.tolerance is None else motion.Dopri8(rtol=run.tolerance)
    if name in ("strang", "rkn6b", "rkn11b", "rkn14a"):
        return motion.ExactFlow(name)  # type: ignore[arg-type]
    plain: dict[str, Callable[[], Integrator]] = {
        "euler": motion.Euler,
        "rk4": motion.RK4,
        "boris": motion.Boris,
        "higuera_cary": motion.HigueraCary,
        "cyclotronic": motion.Cyclotronic,
        "propagator": motion.Propagator,
    }
    return plain[name]()


def intervals(run: RunPart, ions: Ions) -> int:
    """Into how many intervals a case is divided: enough for smooth pictures, a divisor of steps."""
    assert run.duration is not None
    turn = 2 * pi / max(1e-30, fastest(run, ions))
    smooth = ceil(run.duration / turn * _PER_TURN)
    wanted = next((n for n in _SAVED if n >= smooth), _SAVED[-1])
    wanted = max(1, min(wanted, int(_MOST_NUMBERS / (6 * len(ions)))))
    if run.steps is None or run.steps % wanted == 0:
        return wanted
    return max(n for n in range(1, min(wanted, run.steps) + 1) if run.steps % n == 0)


def fastest(run: RunPart, ions: Ions) -> float:
    """The cyclotron frequency [rad/s] of the lightest ion, in the field at the trap's centre."""
    import numpy as np

    assert run.trap is not None
    B = np.asarray(run.trap.build([]).B(np.zeros(3)))
    ratio = np.abs(np.asarray(ions.charge) / np.asarray(ions.mass)).max()
    return float(np.linalg.norm(B) * ratio)
