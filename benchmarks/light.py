"""Light: Fieldwright beside other codes on the same undulator.

    python benchmarks/light.py [--quick] [--json] [--only PART ...]

Prints the tables (as JSON with --json) and, unless --quick or --only, writes them to
benchmarks/results/light.md. Parts: spectrum, maps, gradients, gpu. Needs the extra `peers`. For one
core, run it under `taskset -c 0` with OMP_NUM_THREADS=1.
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
from _about import describe
from _light_case import (
    AXIS,
    CURRENT,
    ENERGIES,
    SCREEN,
    by_crests,
    converged,
    on_screen,
    path,
    trajectory,
)
from _light_peers import PEERS
from _table import Table
from _timing import once, race, seconds

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
    theirs = {"crests": by_crests(), "screen": on_screen()}
    uneven = ENERGIES + 3.0 * np.sin(np.arange(1000.0))
    gas = light.Plasma(0.5)
    spread = SCREEN - float(whole.position[len(whole.time) // 2, 2])
    tasks: dict[str, Any] = {
        "ours, general": lambda: light.spectrum(whole, ENERGIES, AXIS).flux(CURRENT),
        "ours, one period": lambda: light.spectrum(one, ENERGIES, AXIS, periods=100).flux(CURRENT),
        "ours, uneven energies": lambda: light.spectrum(whole, uneven, AXIS).flux(CURRENT),
        "ours, in a gas (0.5 eV)": lambda: light.spectrum(whole, ENERGIES, AXIS, gas).flux(CURRENT),
        "ours, on the screen": lambda: (
            light.spectrum_at(whole, ENERGIES, [0.0, 0.0, SCREEN]).flux(CURRENT) / spread**2
        ),
    }
    references = {
        "ours, general": wanted,
        "ours, one period": wanted,
        "ours, uneven energies": converged(uneven),
        "ours, in a gas (0.5 eV)": light.spectrum(path(256), ENERGIES, AXIS, gas).flux(CURRENT),
        "ours, on the screen": theirs["screen"],
    }
    times = race(tasks, rounds=3 if quick else 9)
    rows: list[list[Any]] = [
        [name, times[name], _error(task(), references[name])] for name, task in tasks.items()
    ]
    for name, (what, prepare) in PEERS.items():
        if quick and name.startswith("OCELOT"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = prepare()
            timing = race({name: run}, rounds=3, slot=0.0)[name]
            rows.append([name, timing, _error(run(), theirs[what])])
    return [Table("1000 photon energies from 1 to 16 keV on the axis", _SPECTRUM,
                  ["code", "time", "error"], rows)]  # fmt: skip


_SPECTRUM = (
    "3 GeV, 100 periods of 20 mm, K = 1; 'general' is a trajectory of 6401 points, of which "
    "nothing else is known. Error: of the flux, the largest over the largest, against Gauss's rule "
    "on one period, repeated, and, for the screen (30 m) and the gas, against ours with four times "
    "the points. xrt's undulator begins where the velocity is largest, and its charge goes on "
    "straight: compared with ours of the same (`ends='straight'`). SRW and OCELOT find "
    "trajectories of their own in By = B0 cos kz."
)


def maps(quick: bool) -> list[Table]:
    """Angular maps."""
    whole, one = path(), path(64, 1)
    sizes = [(32, ENERGIES[::20] if quick else ENERGIES)]
    sizes += [] if quick else [(256, ENERGIES[::250])]
    rows = []
    for side, energies in sizes:
        angles = np.linspace(-1e-4, 1e-4, side)
        n = np.stack(np.meshgrid(angles, angles, indexing="ij"), axis=-1)

        def general(n: np.ndarray = n, energies: np.ndarray = energies) -> Any:
            return light.spectrum(whole, energies, n).energy

        def periodic(n: np.ndarray = n, energies: np.ndarray = energies) -> Any:
            return light.spectrum(one, energies, n, periods=100).energy

        first = [once(general), once(periodic)]
        for name, task, compiled in zip(
            ("general", "one period"), (general, periodic), first, strict=True
        ):
            taken = min(once(task) for _ in range(2))
            what = f"{side} × {side} directions, {len(energies)} energies"
            rows.append([what, name, seconds(taken), seconds(max(compiled - taken, 1e-3))])
    note = "Within 0.1 mrad of the axis both ways. 'To compile': what the first call took beyond."
    return [Table("Angular maps", note, ["map", "trajectory", "time", "to compile"], rows)]


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
    "maps": maps,
    "gradients": gradients,
    "gpu": gpu,
}

if __name__ == "__main__":
    main()
