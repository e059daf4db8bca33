"""Forces, motion and light: what is asked of each code for the first time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from _first_call.task import Task, Way

Call = Callable[[], Any]

# ---- Forces: three coils, with another magnet each


def _case(number: int) -> Any:
    from _forces.case import Case

    return (
        Case(),
        Case(8e-3, 15e-3, 12e-3, 400.0, 2.5e-3, 5e-3),
        Case(12e-3, 20e-3, 6e-3, 250.0, 4e-3, 2e-3),
    )[number]


def _our_force(folder: str, number: int) -> Call:
    from fieldwright.forces import axial_force

    case = _case(number)
    return lambda: float(axial_force(case.coil, case.magnet, 6.7e-3))


def _our_spot(folder: str, number: int) -> Call:
    from fieldwright.forces import sweet_spot

    case = _case(number)

    def call() -> Any:
        spot = sweet_spot(case.coil, case.magnet)
        return [float(v) for v in (spot.position, spot.force_per_current, *spot.range(0.95))]

    return call


def _pose(number: int) -> tuple[float, float]:
    return ((2e-3, 0.0), (1e-3, 0.05), (0.0, 0.1))[number]


def _our_wrench(folder: str, number: int) -> Call:
    from fieldwright.forces import wrench
    from fieldwright.sources import CylinderMagnet

    case, (offset, tilt) = _case(number), _pose(number)

    def call() -> Any:
        magnet = CylinderMagnet(
            case.radius,
            case.height,
            case.magnetization,
            position=[offset, 0.0, 6.7e-3],
            rotation=[0.0, tilt, 0.0],
        )
        found = wrench(case.coil, magnet)
        return np.asarray(found.force), np.asarray(found.torque)

    return call


def _their_force(folder: str, number: int) -> Call:
    from _forces.rivals import getft_on_magnet

    case = _case(number)
    return lambda: getft_on_magnet(100)(case)(6.7e-3)


def _their_spot(folder: str, number: int) -> Call:
    from _forces.designs import _scipy_spot
    from _forces.rivals import by_hand_func

    case = _case(number)
    return lambda: _scipy_spot(by_hand_func(12)(case))


def _their_wrench(folder: str, number: int) -> Call:
    from _forces.offaxis import _getft_magnet

    return lambda: _getft_magnet(_case(number), _pose(number), 100)


# ---- Motion: ions of three kinds, or other places


def _ions(count: int, number: int) -> Any:
    from _motion.case import hot, two_ions

    from fieldwright.motion import Ions

    if count > 2:
        return replace(hot(count, seed=number), duration=10e-6)
    case = two_ions()
    moved = Ions(
        np.asarray(case.ions.mass) * (1.0, 2.2, 0.6)[number],
        case.ions.charge,
        np.asarray(case.ions.position) * (1.0, 1.3, 0.8)[number],
        case.ions.velocity,
    )
    return replace(case, ions=moved, name=f"two ions, {number}", end=None)


def _our_motion(count: int) -> Callable[[str, int], Call]:
    def prepare(folder: str, number: int) -> Call:
        from fieldwright.motion import simulate

        case = _ions(count, number)

        def call() -> Any:
            found = simulate(case.ions, case.trap, case.duration, save=1)
            return np.asarray(found.position[-1]), np.asarray(found.velocity[-1])

        return call

    return prepare


def _rebound(count: int) -> Callable[[str, int], Call]:
    def prepare(folder: str, number: int) -> Call:
        from _motion.kernel import library
        from _motion.peers import rebound_run

        library()  # of ours, made by the C compiler
        return rebound_run("bs" if count > 2 else "ias15", _ions(count, number), 1e-6)

    return prepare


def _heyoka(folder: str, number: int) -> Call:
    from _motion.peers import heyoka_system

    case = _ions(2, number)

    def call() -> Any:
        import heyoka

        made = heyoka.taylor_adaptive(heyoka_system(case), case.start.T.ravel(), tol=1e-12)
        made.propagate_until(case.span)
        return made.state

    return call


_AMPLITUDES, _DURATION = (0.4, 0.7), 500e-6


def _frequencies(number: int) -> np.ndarray:
    """[rad/s]"""
    return np.linspace(0.5e6, 2.5e6, 5) * (1.0, 1.05, 0.9)[number]


def _our_scan(folder: str, number: int) -> Call:
    from fieldwright.motion import loss_scan

    case = replace(_ions(20, number), duration=_DURATION)
    return lambda: np.asarray(
        loss_scan(
            case.ions, case.trap, _AMPLITUDES, _frequencies(number), case.duration
        ).fraction_left
    )


def _heyoka_scan(folder: str, number: int) -> Call:
    """One ion's equations with the drive as parameters, compiled once; an event when it is lost."""
    case = replace(_ions(20, number), duration=_DURATION)

    def call() -> Any:
        import heyoka as hy

        x, y, z, u, v, w = hy.make_vars("x", "y", "z", "u", "v", "w")
        push = case.push * (1.0 + hy.par[0] * hy.cos(hy.par[1] * hy.time))
        system = [
            (x, u),
            (y, v),
            (z, w),
            (u, push * x + case.turn * v),
            (v, push * y - case.turn * u),
            (w, -2.0 * push * z),
        ]
        lost = hy.t_event(x**2 + y**2 + z**2 - 500.0**2)
        made = hy.taylor_adaptive(system, [0.0] * 6, tol=1e-9, t_events=[lost])
        left = np.zeros((len(_AMPLITUDES), 5))
        for place in np.ndindex(left.shape):
            made.pars[:] = _AMPLITUDES[place[0]], _frequencies(number)[place[1]] * 1e-6
            for start in case.start.T:
                made.time, made.state[:] = 0.0, start
                made.reset_cooldowns()
                done = made.propagate_until(case.span)[0] == hy.taylor_outcome.time_limit
                left[place] += done / len(case.start.T)
        return left

    return call


# ---- Light: undulators of three strengths


def _K(number: int) -> float:
    return (1.0, 1.4, 0.7)[number]


def _our_spectrum(folder: str, number: int) -> Call:
    from _light.case import AXIS, CURRENT, ENERGIES, trajectory

    from fieldwright import light

    track = trajectory(K=_K(number))
    return lambda: np.asarray(light.spectrum(light.Path(*track), ENERGIES, AXIS).flux(CURRENT))


def _srw_spectrum(folder: str, number: int) -> Call:
    from _light.peers import srw

    return lambda: srw(1, 0.01, 50000, K=_K(number))()


def _xrt_spectrum(folder: str, number: int) -> Call:
    from _light.peers import xrt_periodic

    return lambda: xrt_periodic(1e-6, K=_K(number))()


#: Through a square of this half width [m] at this distance [m], of a beam as here.
_HALF, _DISTANCE, _SPREAD = 0.4e-3, 30.0, 8e-4
_EMITTANCE, _BETA = [3.2e-10, 8e-12], [9.0, 2.0]


def _line(number: int) -> np.ndarray:
    """Photon energies [eV] about the first harmonic."""
    from _light.case import GAMMA, PERIOD

    waves = 2 * GAMMA**2 / PERIOD / (1 + _K(number) ** 2 / 2)
    return 1.2398419843320026e-6 * waves * np.linspace(0.99, 1.0, 10)


def _our_flux(folder: str, number: int) -> Call:
    from _light.case import CURRENT, GAMMA, PERIOD, PERIODS

    from fieldwright.light import LightBeam, PlanarUndulator, flux

    def call() -> Any:
        undulator = PlanarUndulator(PERIOD, _K(number), PERIODS)
        beam = LightBeam.of_twiss(
            GAMMA * 510998.95069, CURRENT, emittance=_EMITTANCE, beta=_BETA, spread=_SPREAD
        )
        edge = _HALF / _DISTANCE
        hole = [[-edge, edge], [-edge, edge]]
        return np.asarray(flux(undulator, beam, _line(number), hole, _DISTANCE))

    return call


def _srw_flux(folder: str, number: int) -> Call:
    from _light.peers import srw_flux

    return lambda: srw_flux(_K(number), _line(number), _HALF, _DISTANCE, _EMITTANCE, _BETA, _SPREAD)


_MOTION = "fieldwright.motion fieldwright.sources"
_FORCES = "fieldwright.forces fieldwright.sources"
_SCIPY = "magpylib magpylib.func scipy.optimize"

TASKS = {
    "axial force": Task(
        "forces",
        __name__,
        {"ours": Way(_FORCES, _our_force), "magpylib, getFT": Way("magpylib", _their_force)},
    ),
    "sweet spot and its range": Task(
        "forces",
        __name__,
        {"ours": Way(_FORCES, _our_spot), "SciPy on magpylib": Way(_SCIPY, _their_spot)},
    ),
    "wrench": Task(
        "forces",
        __name__,
        {"ours": Way(_FORCES, _our_wrench), "magpylib, getFT": Way("magpylib", _their_wrench)},
    ),
    "two ions": Task(
        "motion",
        __name__,
        {
            "ours": Way(_MOTION, _our_motion(2)),
            "REBOUND IAS15": Way("rebound", _rebound(2)),
            "heyoka": Way("heyoka", _heyoka),
        },
    ),
    "100 ions": Task(
        "motion",
        __name__,
        {"ours": Way(_MOTION, _our_motion(100)), "REBOUND BS": Way("rebound", _rebound(100))},
    ),
    "scan of losses": Task(
        "motion", __name__, {"ours": Way(_MOTION, _our_scan), "heyoka": Way("heyoka", _heyoka_scan)}
    ),
    "spectrum of a path": Task(
        "light",
        __name__,
        {
            "ours": Way("fieldwright.light", _our_spectrum),
            "SRW, for undulators": Way("srwpy.srwlib", _srw_spectrum),
            "xrt, one period": Way("xrt.backends.raycing.sources", _xrt_spectrum),
        },
    ),
    "flux of an undulator": Task(
        "light",
        __name__,
        {"ours": Way("fieldwright.light", _our_flux), "SRW": Way("srwpy.srwlib", _srw_flux)},
    ),
}
