"""From what a run says to what `fieldwright.motion` takes, and what can be wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from math import ceil, pi
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._yaml import Where
from ...errors import FieldwrightError, InputError, UnstableTrapError
from .._derived import Problem
from .._later import later
from .._sections import Item
from ._ions import IonsPart, build_ions
from ._parts import TrapPart
from ._run import RunPart

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import motion
    from fieldwright.sources import Source
else:
    np, motion = later("numpy", "fieldwright.motion")

_SAVED = (200, 500, 1000)  # intervals, where the study does not say how many
_MOST_NUMBERS = 2e7  # that are kept of a case, where the study does not say how many intervals
_PER_TURN = 40  # places kept in each turn of the cyclotron motion


@dataclass(frozen=True)
class Setup:
    """A case, ready to be simulated."""

    ions: motion.Ions
    still: Source  # the trap alone
    source: Source  # with its drives
    arguments: dict[str, Any]  # of `simulate`

    @property
    def duration(self) -> float:
        """How long it lasts [s]."""
        return float(self.arguments["duration"])

    @property
    def interacts(self) -> bool:
        """Whether there are forces between ions."""
        return bool(self.arguments["coulomb"]) and len(self.ions) > 1


@lru_cache(maxsize=8)
def _ions_of(trap: TrapPart, ions: tuple[IonsPart, ...]) -> motion.Ions:
    """The ions of a run, made once for its check and its simulation: crystals take a while."""
    return build_ions(ions, trap.build(), trap.size)


def make_setup(run: RunPart) -> Setup:
    """What a whole case (see `CaseStudy.whole`) asks for; `InputError` where it cannot be."""
    assert run.trap is not None and run.ions is not None and run.duration is not None
    ions = _ions_of(run.trap, tuple(run.ions))
    save = run.save or _intervals(run, ions)
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
    return Setup(ions, run.trap.build(), run.trap.build(run.drives or []), arguments)


def make_integrator(run: RunPart, name: str | None = None) -> motion.Integrator | None:
    """The integrator object of a name (or the run's own); None where it is to be chosen."""
    name = name or run.integrator or "automatic"
    if name == "automatic":
        return None
    if name == "dopri8":
        return motion.Dopri8() if run.tolerance is None else motion.Dopri8(rtol=run.tolerance)
    if name in ("strang", "rkn6b", "rkn11b", "rkn14a"):
        return motion.ExactFlow(name)  # type: ignore[arg-type]
    plain: dict[str, Callable[[], motion.Integrator]] = {
        "euler": motion.Euler, "rk4": motion.RK4, "boris": motion.Boris,
        "higuera_cary": motion.HigueraCary, "cyclotronic": motion.Cyclotronic,
        "propagator": motion.Propagator,
    }  # fmt: skip
    return plain[name]()


def _intervals(run: RunPart, ions: motion.Ions) -> int:
    """Into how many intervals a case is divided: enough for smooth pictures, a divisor of steps."""
    assert run.duration is not None
    turn = 2 * pi / max(1e-30, _fastest(run, ions))
    smooth = ceil(run.duration / turn * _PER_TURN)
    wanted = next((n for n in _SAVED if n >= smooth), _SAVED[-1])
    wanted = max(1, min(wanted, int(_MOST_NUMBERS / (6 * len(ions)))))
    return wanted if run.steps is None else largest_divisor(run.steps, wanted)


def largest_divisor(steps: int, most: int) -> int:
    """The largest number up to `most` that divides the steps."""
    return max(n for n in range(1, min(most, steps) + 1) if steps % n == 0)


def _fastest(run: RunPart, ions: motion.Ions) -> float:
    """The cyclotron frequency [rad/s] of the lightest ion, in the field at the trap's centre."""
    assert run.trap is not None
    B = np.asarray(run.trap.build().B(np.zeros(3)))
    ratio = np.abs(np.asarray(ions.charge) / np.asarray(ions.mass)).max()
    return float(np.linalg.norm(B) * ratio)


def wrong(item: Item) -> Iterator[Problem]:
    """What is wrong with a case or a scan, taken together with the study."""
    run, said = item.study.whole(item.part), partial(item.study.says, item.part, item.at)
    missing = [field for field in ("trap", "ions", "duration") if getattr(run, field) is None]
    found = [(item.at, f"has no `{field}`; give it one, or the study") for field in missing] or [
        ((*said("ions"), index, "file"), f"there is no file {group.file}")
        for index, group in enumerate(run.ions)
        if group.file is not None and not Path(group.file).is_file()
    ]
    yield from found or _built(run, said)


def _built(run: Any, said: Callable[[str], Where]) -> Iterator[Problem]:
    """Build everything, and say what the constructors say where it stands."""

    def build_group(group: IonsPart) -> motion.Ions:
        return group.build(run.trap.electrodes(), run.trap.size)

    groups = [
        ((*said("ions"), index), partial(build_group, group))
        for index, group in enumerate(run.ions)
        if group.crystal is None  # a trap that holds no crystal is said to hold no ion
    ]
    builders: list[tuple[Where, Callable[[], Any]]] = [
        (said("trap"), run.trap.build),
        (said("drives"), lambda: run.trap.build(run.drives or [])),
        (said("damping"), lambda: [one.build() for one in run.damping or []]),
        (said("integrator"), lambda: make_integrator(run)),
        *groups,
        (said("ions"), lambda: make_setup(run)),
    ]
    for place, build in builders:
        try:
            setup = build()
        except InputError as error:
            # the line of the parameter that a constructor named, and its message without the name
            name, message = error.parameter, str(error)
            own = message if name is None else message.removeprefix(name).lstrip(": ")
            yield (place if name is None else (*place, name)), own
            return
        except UnstableTrapError:
            return  # see `impossible`
    yield from _steps(run, setup, said)
    if run.interaction is not False:
        try:
            motion.require_apart(setup.ions)
        except InputError as error:
            yield said("ions"), str(error)
    yield from _memory(setup, said)


def _steps(run: Any, setup: Setup, said: Callable[[str], Where]) -> Iterator[Problem]:
    """Steps that are missing, that do not fit `save`, or that are too long."""
    integrator = setup.arguments["integrator"]
    if run.tolerance is not None and run.integrator != "dopri8":
        yield said("tolerance"), "goes with `integrator: dopri8`"
    if integrator is None:
        return
    if run.steps is None:
        if run.integrator != "dopri8":
            yield said("integrator"), "needs `steps`: into how many the duration goes"
        return
    if run.save is not None and run.steps % run.save:
        yield said("steps"), f"must be a multiple of `save`, and {run.steps} is none of {run.save}"
    longest = integrator.longest_turn
    turn = _fastest(run, setup.ions) * run.duration / run.steps
    if longest is not None and turn > longest:
        least = int(run.steps * turn / longest) + 1
        message = (
            f"{run.steps} are too few for {run.integrator}: the cyclotron motion turns by "
            f"{turn:.3g} rad in one, and {longest:g} rad is the most; give {least} or more"
        )
        yield said("steps"), message


def _memory(setup: Setup, said: Callable[[str], Where]) -> Iterator[Problem]:
    """More than there is room for, while positions and velocities are put together."""
    times, count = setup.arguments["save"] + 1, len(setup.ions)
    needed = 3 * times * count * 6 * 8
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no Linux: found out while it runs
        return
    if needed > free:
        message = (
            f"keeping {count} ions at {times} times takes about {needed / 2**30:.3g} GiB, and "
            f"{free / 2**30:.3g} GiB are free; give a smaller `save`"
        )
        yield said("save"), message


def impossible(item: Item) -> Iterator[tuple[Where, FieldwrightError]]:
    """A trap that does not hold its ions, unless that is allowed."""
    run = item.study.whole(item.part)
    if run.allow_unstable:
        return
    try:
        trap = run.trap.build()
        kinds = {kind for group in run.ions for kind in group.kinds(trap, run.trap.size)}
        for mass, charge in sorted(kinds):
            motion.require_trapped(trap, mass, charge)
    except UnstableTrapError as error:
        error.args = (f"{error}; to compute it all the same, say `allow_unstable: true`",)
        yield item.study.says(item.part, item.at, "trap"), error
