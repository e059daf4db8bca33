"""What pyAT and xtrack say of the rings in tests/peers/ring_zoo.py: rings_peers.json.

Both integrate finely: pyAT with 80 steps a magnet, exact maps (expanded ones where bends have soft
edges, which its exact maps ignore), xtrack with 64 slices a magnet. `change` is the largest
relative difference of emittances, spread and length to 20 steps or 32 slices. `straight` is pyAT
along straight axes in rectangular bends, the one way of these codes to count the pole faces'
damping. `statements` holds what the codes say as they come, where that is wrong; `shipped` the
lattices that come with pyAT.

Needs accelerator-toolbox and xsuite. Run time on one core: 1 minute.

    python -m tests.reference.generate_rings
"""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from tests.peers import ring_peers, ring_zoo

from fieldwright.rings import Lattice

from .numerics import write

_COMPARED = ("emittances", "energy_spread", "bunch_length")


def figures() -> dict[str, Any]:
    """Every ring by every code that can."""
    found = {}
    for name in ring_zoo.RINGS:
        lattice = ring_zoo.ring(name)
        exact = not _bends(lattice, "fint1").any()
        at = _converged(lambda n, x=exact, one=lattice: ring_peers.at_figures(one, n, x), 20, 80)
        slices = _converged(lambda n, one=lattice: ring_peers.xtrack_figures(one, n), 32, 64)
        found[name] = {"pyat": at, "xtrack": slices}
        if _rectangular(lattice):
            found[name]["straight"] = _converged(
                lambda n, one=lattice: ring_peers.at_figures(one, n, straight=True), 20, 80
            )
        print(name, {code: f"{one['change']:.1e}" for code, one in found[name].items()}, flush=True)
    return found


def _bends(lattice: Lattice, column: str) -> np.ndarray:
    return np.asarray(lattice.get("Bend:*", column))


def _rectangular(lattice: Lattice) -> bool:
    """Whether all bends are rectangular, without soft edges."""
    half = _bends(lattice, "angle") / 2
    faces = np.stack([_bends(lattice, "e1") - half, _bends(lattice, "e2") - half])
    return not (np.abs(faces).max() > 1e-12 or _bends(lattice, "fint1").any())


def _converged(compute: Any, coarse: int, fine: int) -> dict[str, Any]:
    """Figures at the fine setting, and how much they changed from the coarse one."""
    first, last = compute(coarse), compute(fine)
    changes = []
    for key in _COMPARED:
        a, b = np.atleast_1d(first[key]), np.atleast_1d(last[key])
        large = np.abs(b) > 1e-5 * np.abs(b).max()
        changes.append(np.abs(a / np.where(large, b, 1) - 1)[large].max())
    return _rounded({**last, "change": float(max(changes))})


def _rounded(value: Any) -> Any:
    """The same with ten digits."""
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_rounded(one) for one in value]
    if value is None or isinstance(value, str):
        return value
    return float(f"{float(value):.10g}") if np.isfinite(value) else None


def shipped() -> dict[str, Any]:
    """pyAT's own lattices, as they come but for 40 steps a magnet."""
    import at

    found = {}
    for name in ring_zoo.SHIPPED:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what `err` gives twice
            ring = at.load_lattice(str(ring_zoo.shipped(name)))
        for element in ring:
            if hasattr(element, "NumIntSteps"):
                element.NumIntSteps = 40
        optics = ring_peers.at_optics(ring.disable_6d(copy=True))
        beam = ring_peers.at_equilibrium(ring_peers.radiating(ring))
        found[name] = _rounded({"energy": ring.energy, "periodicity": ring.periodicity, **beam})
        found[name] |= _rounded(optics)
        print(name, flush=True)
    return found


def statements() -> dict[str, Any]:
    """What the codes say as they come, where it is wrong."""
    return _rounded(
        {
            "unsliced": {
                name: {
                    "default": _largest(name, 1, model="adaptive"),
                    "bend-kick-bend": _largest(name, 1),
                    "128 slices": _largest(name, 128),
                }
                for name in ("round_beam", "flat_beam", "small")
            },
            "integrals": {name: _integrals(name) for name in ring_zoo.COUPLED},
            "pole faces": {name: _partition(name) for name in ("fodo_rectangular", "small")},
            "labels": _labels(),
        }
    )


def _largest(name: str, slices: int, **options: Any) -> float:
    found = ring_peers.xtrack_figures(ring_zoo.ring(name), slices, **options)
    return max(found["reported_emittances"][:2])


def _integrals(name: str) -> dict[str, Any]:
    """Emittances by pyAT's and xtrack's radiation integrals."""
    import at

    lattice = ring_zoo.ring(name)
    ring = ring_peers.to_at(lattice, 20, exact=False)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = at.radiation_parameters(ring, dp=0.0).emittances[:2]
    line = ring_peers.to_xtrack(lattice, 16)
    line.configure_radiation(model="mean")
    whole = line.twiss(radiation_integrals=True, radiation_analysis=True, with_progress=False)
    return {
        "pyat": [float(value) for value in found],
        "xtrack": [float(whole.rad_int_eq_gemitt_x), float(whole.rad_int_eq_gemitt_y)],
    }


def _partition(name: str) -> dict[str, float]:
    """J_x by the ways of the codes."""
    lattice = ring_zoo.ring(name)
    ring = ring_peers.to_at(lattice, 40)
    integrals = ring.get_radiation_integrals(dp=0.0)
    line = ring_peers.to_xtrack(lattice, 64)
    line.configure_radiation(model="mean")
    whole = line.twiss(
        radiation_integrals=True,
        radiation_analysis=True,
        radiation_method="full",
        with_progress=False,
    )
    energy = float(lattice.energy)
    return {
        "pyat ohmi_envelope": _first(ring_peers.at_figures(lattice, 40), energy),
        "pyat ohmi_envelope, straight": _first(
            ring_peers.at_figures(lattice, 40, straight=True), energy
        ),
        "pyat radiation integrals": float(1 - integrals[3] / integrals[1]),
        "xtrack full": float(2 * energy * whole.damping_constants_turns[0] / whole.energy_loss),
        "xtrack radiation integrals": float(whole.rad_int_partition_number_x),
    }


def _first(found: dict[str, Any], energy: float) -> float:
    """J of the mode with the first tune: the horizontal one."""
    tune = found["fractional_tunes"][0]
    away = [min(abs(q - tune), abs(1 - q - tune)) for q in found["tunes"]]
    return 2 * energy * found["decrements"][int(np.argmin(away))] / found["energy_loss"]


def _labels() -> dict[str, Any]:
    """Beta functions [m] at the crossing point of the round beam, where the truth is 0.05 m."""
    import at

    lattice, found = ring_zoo.ring("round_beam"), {}
    for steps in (10, 20, 40):
        ring = ring_peers.to_at(lattice, steps, exact=False)
        at_point, _, _ = at.linopt6(ring, refpts=[0], dp=0.0)
        found[f"pyat linopt6, {steps} steps"] = [float(value) for value in at_point.beta]
        try:
            at_point, _, _ = at.linopt4(ring, refpts=[0], dp=0.0)
            found[f"pyat linopt4, {steps} steps"] = [float(value) for value in at_point.beta]
        except ValueError as error:
            found[f"pyat linopt4, {steps} steps"] = str(error)
    for slices in (8, 16, 32, 64):
        flat = ring_peers.to_xtrack(lattice, slices).twiss(method="4d", with_progress=False)
        found[f"xtrack, {slices} slices"] = [float(flat.betx[0]), float(flat.bety[0])]
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # pyAT's of ill-conditioned matrices of flat beams
    packages = ("accelerator-toolbox", "xtrack", "xsuite")
    write(
        "rings_peers.json",
        {
            "versions": {name: version(name) for name in packages},
            "rings": figures(),
            "shipped": shipped(),
            "statements": statements(),
        },
    )
