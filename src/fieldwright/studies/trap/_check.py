"""What can be wrong with a trap study although each of its fields is well formed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..._yaml import Where
from ...errors import FieldwrightError, InputError, UnstableTrapError
from .._derived import Problem, check_derived, check_published
from .._names import part_names, unique_names
from ._ions import IonsPart
from ._quantities import available, has_exact
from ._references import GROUPS, references
from ._run import CasePart, DetectionPart, RunPart, ScanPart, TrapStudy
from ._setup import Setup, fastest, make_integrator, make_setup

if TYPE_CHECKING:
    from fieldwright.sources import Source

#: Fields that a case or scan cannot do without.
_NEEDED = ("trap", "ions", "duration")
_PER_PERIOD = 2.5  # times at which motion is kept, for a spectrum to show it


def problems(study: TrapStudy) -> Iterator[Problem]:
    """Every contradiction between the fields, with the place where it stands."""
    yield from unique_names(study, GROUPS)
    for name, case in study.all_cases().items():
        yield from _run(study, case, () if name is None else ("cases", name))
    for name, scan in study.scans.items():
        yield from _scan(study, scan, ("scans", name))
    dangling = list(references(study))
    yield from dangling
    if dangling:
        return
    for name, part in study.convergence.items():
        run = study.run_of(study.case_of(part.case))
        if not has_exact(run):
            message = "needs a case whose exact motion is known: one ion or `interaction: false`, "
            yield ("convergence", name), message + "fields linear in position, no damping"
    for name, detection in study.detection.items():
        yield from _detection(study, detection, ("detection", name))
    units = available(study)
    yield from check_derived(study.derived, units, [*part_names(study, GROUPS), "axis"])
    yield from check_published(study.published, units, part_names(study, GROUPS))


def _run(study: TrapStudy, part: RunPart, at: Where) -> Iterator[Problem]:
    """What is wrong with a case or a scan, taken together with the study."""
    run = study.whole(part)
    missing = [field for field in _NEEDED if getattr(run, field) is None]
    for field in missing:
        yield at, f"has no `{field}`; give it one, or the study"
    if missing:
        return
    found = list(_files(study, part, run, at))
    yield from found
    if not found:
        yield from _built(study, part, run, at)


def _files(study: TrapStudy, part: RunPart, run: RunPart, at: Where) -> Iterator[Problem]:
    for index, group in enumerate(run.ions or []):
        if group.file is not None and not Path(group.file).is_file():
            place = (*study.says(part, at, "ions"), index, "file")
            yield place, f"there is no file {group.file}"


def _built(study: TrapStudy, part: RunPart, run: RunPart, at: Where) -> Iterator[Problem]:
    """Build everything, and say what the constructors say where it stands."""
    assert run.trap is not None and run.ions is not None
    trap, ions = run.trap, run.ions
    build: Callable[[], object]
    builders: list[tuple[Where, Callable[[], object]]] = [
        (study.says(part, at, "trap"), lambda: trap.build([])),
        (study.says(part, at, "drives"), lambda: trap.build(run.drives or [])),
        (study.says(part, at, "damping"), lambda: [one.build() for one in run.damping or []]),
        (study.says(part, at, "integrator"), lambda: make_integrator(run)),
    ]
    where = study.says(part, at, "ions")
    for index, group in enumerate(ions):
        if group.crystal is None:  # a trap that holds no crystal is said to hold no ion
            build = partial(group.build, trap.electrodes(), trap.size)
            builders.append(((*where, index), build))
    for place, build in builders:
        try:
            build()
        except InputError as error:
            yield _place(place, error)
            return
    try:
        setup = make_setup(run)
    except InputError as error:
        yield _place(where, error)
    except UnstableTrapError:
        pass  # see `impossible`
    else:
        yield from _steps(study, part, run, setup, at)
        yield from _apart(study, part, run, setup, at)
        yield from _memory(study, part, setup, at)


def _place(at: Where, error: InputError) -> Problem:
    """The line of the parameter that a constructor named, and its message without the name."""
    message = str(error)
    if error.parameter is None:
        return at, message
    return (*at, error.parameter), message.removeprefix(error.parameter).lstrip(": ")


def _steps(
    study: TrapStudy, part: RunPart, run: RunPart, setup: Setup, at: Where
) -> Iterator[Problem]:
    """Steps that are missing, that do not fit `save`, or that are too long."""
    integrator = make_integrator(run)
    where = study.says(part, at, "steps")
    if run.tolerance is not None and run.integrator != "dopri8":
        yield study.says(part, at, "tolerance"), "goes with `integrator: dopri8`"
    if integrator is None:
        return
    if run.steps is None:
        if run.integrator == "dopri8":
            return
        yield study.says(part, at, "integrator"), "needs `steps`: into how many the duration goes"
        return
    if run.save is not None and run.steps % run.save:
        yield where, f"must be a multiple of `save`, and {run.steps} is none of {run.save}"
    longest = integrator.longest_turn
    assert run.duration is not None
    turn = fastest(run, setup.ions) * run.duration / run.steps
    if longest is not None and turn > longest:
        least = int(run.steps * turn / longest) + 1
        yield (
            where,
            (
                f"{run.steps} are too few for {run.integrator}: the cyclotron motion turns by "
                f"{turn:.3g} rad in one, and {longest:g} rad is the most; give {least} or more"
            ),
        )


def _apart(
    study: TrapStudy, part: RunPart, run: RunPart, setup: Setup, at: Where
) -> Iterator[Problem]:
    from fieldwright.motion import require_apart

    if run.interaction is False:
        return
    try:
        require_apart(setup.ions)
    except InputError as error:
        yield study.says(part, at, "ions"), str(error)


def _memory(study: TrapStudy, part: RunPart, setup: Setup, at: Where) -> Iterator[Problem]:
    """More than there is room for, while positions and velocities are put together."""
    times, count = setup.arguments["save"] + 1, len(setup.ions)
    needed = 3 * times * count * 6 * 8
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no Linux: found out while it runs
        return
    if needed > free:
        yield (
            study.says(part, at, "save"),
            (
                f"keeping {count} ions at {times} times takes about {needed / 2**30:.3g} GiB, and "
                f"{free / 2**30:.3g} GiB are free; give a smaller `save`"
            ),
        )


def _scan(study: TrapStudy, scan: ScanPart, at: Where) -> Iterator[Problem]:
    yield from _run(study, scan, at)
    run = study.whole(scan)
    for field, none in (("drives", "[]"), ("damping", "[]"), ("relativistic", "false")):
        if getattr(run, field):
            place = study.says(scan, at, field)
            yield place, f"does not go with a scan; give {at[-1]} its own `{field}: {none}`"
    if scan.clouds > 1 and not any(group.is_random() for group in run.ions or []):
        yield (*at, "clouds"), "several clouds need ions drawn at random: a `cloud`"
    if any(f <= 0 for f in scan.amplitudes) or len(set(scan.amplitudes)) < len(scan.amplitudes):
        yield (*at, "amplitudes"), "must be larger than zero, each given once"
    low, high = scan.frequencies.start, scan.frequencies.stop
    for name, band in scan.bands.items():
        if band.amplitude not in scan.amplitudes:
            known = ", ".join(f"{f:g}" for f in scan.amplitudes)
            yield (*at, "bands", name, "amplitude"), f"is not one of the scan's: {known}"
        step = (high - low) / (scan.frequencies.points - 1)
        if band.start < low - step or band.stop > high + step or band.stop - band.start < step:
            yield (*at, "bands", name), "must lie within the frequencies of the scan, over a step"


def _detection(study: TrapStudy, part: DetectionPart, at: Where) -> Iterator[Problem]:
    """A trajectory that is kept too rarely to hear its frequencies."""
    from .detection import audible

    run = study.run_of(study.case_of(part.case))
    if run.allow_unstable:
        return
    try:
        setup = make_setup(run)
        ratio = np.abs(np.asarray(setup.ions.charge / setup.ions.mass)).argmax()
        mass, charge = float(setup.ions.mass[ratio]), float(setup.ions.charge[ratio])
        heard = audible(part, setup.still, mass, charge)
    except (InputError, UnstableTrapError):
        return  # told elsewhere
    least = int(_PER_PERIOD * max(heard.values()) / (2 * np.pi) * setup.duration) + 1
    if setup.arguments["save"] < least:
        kept = setup.arguments["save"]
        yield (
            at,
            (
                f"its case is kept at {kept} times, too few for the frequencies to be heard; give "
                f"the case `save: {least}` or more, or a shorter `duration`"
            ),
        )


def impossible(study: TrapStudy) -> Iterator[tuple[Where, FieldwrightError]]:
    """Traps that do not hold their ions, unless that is allowed."""
    from fieldwright.motion import require_trapped

    parts: dict[Where, CasePart | ScanPart] = {
        () if name is None else ("cases", name): case for name, case in study.all_cases().items()
    }
    parts |= {("scans", name): scan for name, scan in study.scans.items()}
    for at, part in parts.items():
        run = study.whole(part)
        if run.allow_unstable:
            continue
        assert run.trap is not None and run.ions is not None
        try:
            trap = run.trap.build([])
            for mass, charge in _kinds(run.ions, trap, run.trap.size):
                require_trapped(trap, mass, charge)
        except UnstableTrapError as error:
            allow = "; to compute it all the same, say `allow_unstable: true`"
            error.args = (f"{error}{allow}",)
            yield study.says(part, at, "trap"), error


def _kinds(groups: list[IonsPart], trap: Source, size: float) -> list[tuple[float, float]]:
    """Mass [kg] and charge [C] of every sort of ion."""
    kinds = set()
    for group in groups:
        if group.file is None:
            kinds.add((group.kind().mass, group.kind().charge))
        else:
            ions = group.build(trap, size)
            pairs = zip(ions.mass.tolist(), ions.charge.tolist(), strict=True)
            kinds |= set(pairs)
    return sorted(kinds)
