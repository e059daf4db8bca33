"""Light: Fieldwright beside other codes on the same undulator.

    python benchmarks/light.py [--quick] [--json] [--only PART ...]

Prints the tables (as JSON with --json) and, unless --quick or --only, writes them to
benchmarks/results/light.md. Parts: spectrum, media, maps, gradients, gpu. Needs the extra `peers`,
and `pip install ocelot-collab`. For one core: `taskset -c 0`, with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _light.case import (
    AXIS,
    CURRENT,
    ENERGIES,
    SCREEN,
    converged,
    crystal,
    every_wave,
    on_screen,
    path,
    straight,
    trajectory,
)
from _light.peers import PEERS
from _shared.about import describe
from _shared.table import Table
from _shared.timing import once, race, seconds

from fieldwright import light

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "jax", "jaxlib", "jax-finufft", "equinox", "numpy", "scipy", "xrt", "srwpy", "ocelot-collab",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller tasks; writes no files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help="some parts")
    options = parser.parse_args()
    start = time.perf_counter()
    about = describe(PACKAGES)
    tables: list[Table] = []
    for name in options.only or PARTS:
        more = PARTS[name](options.quick)
        if not options.json:
            print(*([about] if not tables else []), *more, sep="\n\n", flush=True)
        tables += more
    if options.json:
        print(json.dumps({"about": about, "tables": [t.as_json() for t in tables]}, indent=1))
    if not (options.quick or options.only):
        RESULTS.mkdir(exist_ok=True)
        text = "\n".join(["# Light: side by side\n", about, "", *map(str, tables)])
        (RESULTS / "light.md").write_text(text, encoding="utf-8")
    print(f"took {time.perf_counter() - start:.0f} s", file=sys.stderr)


def spectrum(quick: bool) -> list[Table]:
    """1000 photon energies on the axis."""
    whole, one, wanted = path(), path(64, 1), converged()
    screen = on_screen()
    theirs = {
        "crests": straight(0.25),
        "straight": straight(),
        "screen": screen,
        "srw": on_screen(_SRW_ELECTRONVOLT),
    }
    uneven = ENERGIES + 3.0 * np.sin(np.arange(1000.0))
    spread = SCREEN - float(whole.position[len(whole.time) // 2, 2])
    tasks: dict[str, Any] = {
        "ours, general": lambda: light.spectrum(whole, ENERGIES, AXIS).flux(CURRENT),
        "ours, one period": lambda: light.spectrum(one, ENERGIES, AXIS, periods=100).flux(CURRENT),
        "ours, uneven energies": lambda: light.spectrum(whole, uneven, AXIS).flux(CURRENT),
        "ours, on the screen": lambda: (
            light.spectrum_at(whole, ENERGIES, [0.0, 0.0, SCREEN]).flux(CURRENT) / spread**2
        ),
    }
    references = dict(zip(tasks, (wanted, wanted, converged(uneven), screen), strict=True))
    first = {name: once(task) for name, task in tasks.items()}
    times = race(tasks, rounds=3 if quick else 9)
    rows: list[list[Any]] = [
        [name, times[name], seconds(first[name]), _error(task(), references[name])]
        for name, task in tasks.items()
    ]
    for name, (what, prepare) in PEERS.items():
        if quick and name.startswith(_LONG):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = prepare()
            begun = once(run)
            timing = race({name: run}, rounds=3, slot=0.0)[name]
            rows.append([name, timing, seconds(begun), _error(run(), theirs[what])])
    return [Table("1000 photon energies from 1 to 16 keV on the axis", _SPECTRUM,
                  ["code", "time", "first call", "error"], rows)]  # fmt: skip


_SRW_ELECTRONVOLT = 1 + 8e-6
_LONG = ("OCELOT", "xrt, any", "SRW, steps")

_SPECTRUM = (
    "3 GeV, 100 periods of 20 mm, K = 1; 'general' is a trajectory of 6401 points, of which "
    "nothing else is known. Error: of the flux, the largest over the largest, against Gauss's rule "
    "on one period, repeated, and, for the screen at 30 m, against ours with four times the "
    "points. xrt's charge goes on straight (`ends='straight'`), and in its undulator begins where "
    "the velocity is largest: compared with ours of the same. For 'any field' we chose its number "
    "of points, 32 a period. SRW's lines lie 8e-6 lower than the others', which "
    "we take for its constants' doing: ours is taken at photon energies higher by as much, without "
    "which its errors are 2e-3. SRW and OCELOT find trajectories of their own in By = B0 cos kz."
)


def media(quick: bool) -> list[Table]:
    """1000 photon energies where light is slower, and where it is lost."""
    whole, swung = path(), crystal()
    gas, plasma, diamond = light.Plasma(0.5), light.Plasma(38.0), light.material("diamond")
    hard = np.linspace(4e3, 16e3, 1000)
    cases = {
        "the undulator in a gas (0.5 eV)": (whole, path(256), ENERGIES, gas),
        "a crystalline undulator, 38 eV": (swung, crystal(256), hard, plasma),
        "the same, diamond with its losses": (swung, crystal(256), hard, diamond),
    }
    tasks: dict[str, Any] = {
        name: lambda known=known, energies=energies, medium=medium: (
            light.spectrum(known, energies, AXIS, medium).energy
        )
        for name, (known, _, energies, medium) in cases.items()
    }
    first = {name: once(task) for name, task in tasks.items()}
    times = race(tasks, rounds=3 if quick else 9)
    some = slice(0, None, 100 if quick else 25)
    rows: list[list[Any]] = []
    for name, (_, fine, energies, medium) in cases.items():
        wanted = every_wave(fine, energies[some], medium)
        error = _error(np.asarray(tasks[name]())[some], wanted)
        rows.append([name, times[name], seconds(first[name]), error])
    note = (
        "6401 points. The crystalline undulator has 100 periods of 14 µm, for positrons of "
        "13.6 GeV, K = 1.5, and light of 4 to 16 keV. Error: of the energy, the largest over the "
        "largest, against sums of every wave over four times the points, at some of the energies. "
        "No other code that we know has a medium."
    )
    return [Table("In a medium: 1000 photon energies on the axis", note,
                  ["case", "time", "first call", "error"], rows)]  # fmt: skip


def maps(quick: bool) -> list[Table]:
    """Angular maps."""
    whole, one, fine = path(), path(64, 1), path(256)
    sizes = [(32, ENERGIES[::20] if quick else ENERGIES)]
    sizes += [] if quick else [(256, ENERGIES[::25])]
    rows = []
    for side, energies in sizes:
        angles = np.linspace(-1e-4, 1e-4, side)
        n = np.stack(np.meshgrid(angles, angles, indexing="ij"), axis=-1)

        def general(n: np.ndarray = n, energies: np.ndarray = energies) -> Any:
            return light.spectrum(whole, energies, n).energy

        def periodic(n: np.ndarray = n, energies: np.ndarray = energies) -> Any:
            return light.spectrum(one, energies, n, periods=100).energy

        # a few directions along a diagonal, and a few energies
        some, few = np.arange(0, side, side // 8), slice(0, None, len(energies) // 5)
        wanted = every_wave(fine, energies[few], None, n[some, some])
        for name, task in (("general", general), ("one period", periodic)):
            start = time.perf_counter()
            found = np.asarray(task())
            first = time.perf_counter() - start
            # a long task is not done twice: compiling is a small part of it
            taken = None if first > 20 else seconds(min(once(task) for _ in range(2)))
            what = f"{side} × {side} directions, {len(energies)} energies"
            error = _error(found[some, some][:, few], wanted)
            rows.append([what, name, taken, seconds(first), error])
    note = (
        "Within 0.1 mrad of the axis both ways. Error: of the energy, the largest over the largest "
        "of some directions and energies, against sums of every wave over four times the points."
    )
    head = ["map", "trajectory", "time", "first call", "error"]
    return [Table("Angular maps", note, head, rows)]


def gradients(quick: bool) -> list[Table]:
    """Derivatives with respect to every point of the trajectory."""
    time_, place, momentum = trajectory()

    def merit(u: jax.Array) -> jax.Array:
        found = light.spectrum(light.Path(time_, place, u), ENERGIES, AXIS)
        return jnp.sum(found.photons)

    plain, slope = jax.jit(merit), jax.jit(jax.grad(merit))
    compiled = [once(lambda: plain(momentum)), once(lambda: slope(momentum))]
    times = race({"value": lambda: plain(momentum), "gradient": lambda: slope(momentum)},
                 rounds=3 if quick else 9)  # fmt: skip
    way = np.zeros_like(momentum)
    way[:, 0] = 1e-3 * momentum[:, 0]
    along = float(jnp.sum(slope(momentum) * way))
    near = [float(plain(momentum + k * 0.02 * way)) for k in (1, -1, 2, -2)]
    straight = (8 * (near[0] - near[1]) - (near[2] - near[3])) / (12 * 0.02)
    rows = [
        ["sum over 1000 energies", times["value"], seconds(compiled[0]), None],
        ["its 19203 derivatives", times["gradient"], seconds(compiled[1]),
         abs(along / straight - 1)],
    ]  # fmt: skip
    note = "Under `jit`. Error: along a change of K, against differences of fourth order."
    return [Table("Gradients", note, ["what", "time", "first call", "error"], rows)]


def gpu(quick: bool) -> list[Table]:
    """The same by products of matrices, where there is a GPU."""
    if jax.default_backend() != "gpu":
        return []
    whole = path()
    rows = []
    for side, count in ((1, 1000), (32, 1000), (256, 40)):
        angles = np.linspace(-1e-4, 1e-4, side) if side > 1 else np.zeros(1)
        n = np.stack(np.meshgrid(angles, angles, indexing="ij"), axis=-1)
        energies = np.linspace(1e3, 16e3, count)

        def task(n: np.ndarray = n, energies: np.ndarray = energies) -> Any:
            return light.spectrum(whole, energies, n).energy

        once(task)
        rows.append([f"{side} × {side} directions, {count} energies",
                     seconds(min(once(task) for _ in range(3)))])  # fmt: skip
    title = f"By products of matrices, {jax.devices()[0].device_kind}"
    return [Table(title, "The second call or a later one.", ["task", "time"], rows)]


def _error(found: Any, wanted: Any) -> float:
    return float(np.max(np.abs(np.asarray(found) - wanted)) / np.max(np.asarray(wanted)))


PARTS: dict[str, Callable[[bool], list[Table]]] = {
    "spectrum": spectrum,
    "media": media,
    "maps": maps,
    "gradients": gradients,
    "gpu": gpu,
}

if __name__ == "__main__":
    main()
