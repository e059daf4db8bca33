"""simulate and simulate_many: losses, resuming, choices, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from tests.motion.reference import two_ions

from fieldwright.constants import ATOMIC_MASS, ELEMENTARY_CHARGE
from fieldwright.errors import ConvergenceError, InputError
from fieldwright.motion import (
    RK4,
    Boris,
    BufferGas,
    Coulomb,
    Cyclotronic,
    Dopri8,
    ExactFlow,
    Ions,
    NearFar,
    Propagator,
    paper_cloud,
    simulate,
    simulate_many,
)
from fieldwright.motion.simulation import _checkpoint, _choose, _simulate
from fieldwright.motion.simulation._plan import make_plan
from fieldwright.sources import (
    Assembly,
    Coil,
    FieldMap,
    PenningTrap,
    Uniform,
    parametric_drive,
)

TRAP = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
BOUNDED = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6, bounded=True)
FIELDS = Uniform(electric=[10.0, 0.0, 20.0], magnetic=[0.0, 0.0, 1.0])
MASS = 40.078 * ATOMIC_MASS


def one(position: Any, velocity: Any) -> Ions:
    return Ions(MASS, ELEMENTARY_CHARGE, np.atleast_2d(position), np.atleast_2d(velocity))


def pair() -> Ions:
    return two_ions("CODATA 2022", 40.078).ions


def test_form_of_a_trajectory() -> None:
    found = simulate(pair(), TRAP, 2e-6, save=8, start_time=1e-6)
    assert found.position.shape == found.velocity.shape == (9, 2, 3)
    np.testing.assert_allclose(found.time, 1e-6 + np.arange(9) * 0.25e-6, rtol=1e-15)
    np.testing.assert_array_equal(found.position[0], pair().position)
    np.testing.assert_array_equal(found.final.velocity, found.velocity[-1])
    assert found.kept.all()
    data = found.to_xarray()
    assert data["position"].dims == ("time", "ion", "axis")
    assert data["velocity"].attrs["units"] == "m/s"
    assert data.attrs["integrator"] == "ExactFlow(rkn14a)"


def test_loss_has_its_time_and_place() -> None:
    # In an axial motion z = A cos(wz t) beyond the radius, as long as A is: loss at arccos(R / A).
    frequency = np.sqrt(2 * ELEMENTARY_CHARGE * 25e-3 / (MASS * 500e-6**2))
    speed = 250e-6 * frequency
    known = np.arcsin(200e-6 / 250e-6) / frequency
    for integrator, steps in ((Propagator(), 40), (Cyclotronic(), 200), (RK4(), 200)):
        found = simulate(
            one([0, 0, 0], [0, 0, speed]), TRAP, 5e-6, steps=steps, integrator=integrator,
            loss_radius=200e-6, save=10,
        )  # fmt: skip
        assert float(found.lost_time[0]) == pytest.approx(known, rel=1e-4)
        np.testing.assert_allclose(found.lost_position[0], [0, 0, 200e-6], rtol=1e-9, atol=1e-15)
        gone = np.asarray(found.time) > known
        assert gone.any()
        assert np.isnan(np.asarray(found.position)[gone]).all()
        assert np.isfinite(np.asarray(found.position)[~gone]).all()
        assert not found.kept.any()
        assert len(found.final) == 0


def test_loss_between_steps_is_seen() -> None:
    # The ion is beyond the radius for a hundredth of a step only, around its turning point.
    frequency = np.sqrt(2 * ELEMENTARY_CHARGE * 25e-3 / (MASS * 500e-6**2))
    amplitude = 200e-6
    speed, quarter = amplitude * frequency, np.pi / 2 / frequency
    for radius, lost in ((amplitude * (1 - 1e-5), True), (amplitude * (1 + 1e-5), False)):
        found = simulate(
            one([0, 0, 0], [0, 0, speed]), TRAP, 1.9 * quarter, steps=19,
            integrator=Propagator(), loss_radius=radius, save=1,
        )  # fmt: skip
        assert bool(found.kept[0]) is not lost


def test_a_bounded_trap_tells_its_radius() -> None:
    ions = one([[0, 0, 1e-6], [0, 0, 600e-6]], [[0, 0, 600.0], [0, 0, 0]])
    found = simulate(ions, BOUNDED, 3e-6, coulomb=False)
    assert not found.kept.any()
    assert float(found.lost_time[1]) == 0.0  # it began outside
    np.testing.assert_allclose(found.lost_position[1], [0, 0, 600e-6])
    assert float(jnp.linalg.norm(found.lost_position[0])) == pytest.approx(500e-6, rel=1e-9)
    free = simulate(ions[0], TRAP, 3e-6, coulomb=False)
    assert free.kept.all()


def test_the_lost_act_no_more() -> None:
    # One of a pair leaves at once; the other then moves as if alone.
    ions = one([[20e-6, 0, 0], [0, 0, 499e-6]], [[0, 5.0, 0], [0, 0, 3000.0]])
    together = simulate(ions, BOUNDED, 20e-6, steps=2000, integrator=ExactFlow("strang"))
    alone = simulate(ions[0], BOUNDED, 20e-6)
    assert together.kept.tolist() == [True, False]
    away = np.abs(together.position[-1, 0] - alone.position[-1, 0]).max()
    assert away < 1e-9  # what half a nanosecond of a far ion leaves
    both = simulate(ions, TRAP, 20e-6, steps=2000, integrator=ExactFlow("strang"))
    assert np.abs(both.position[-1, 0] - alone.position[-1, 0]).max() > 10 * away


@pytest.mark.parametrize("driven", [False, True])
def test_a_killed_run_goes_on_to_the_same_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driven: bool
) -> None:
    source = Assembly([BOUNDED, parametric_drive(BOUNDED, 0.3, 1.4e6)]) if driven else BOUNDED
    ions = paper_cloud(20, seed=1)
    arguments: dict[str, Any] = {
        "steps": 640, "integrator": ExactFlow("rkn6b"), "save": 128, "seed": 3,
        "damping": (BufferGas(rate=1e4, temperature=300.0),),
    }  # fmt: skip
    if not driven:  # the whole run in one call
        whole = simulate(ions, source, 20e-6, **arguments)
    monkeypatch.setattr(_simulate, "_GROUPS", ((32, 6.4e9),))
    if driven:  # in the calls of the one that is killed
        whole = simulate(ions, source, 20e-6, **arguments)
    monkeypatch.setattr(_checkpoint, "_SECONDS", 0.0)
    file = tmp_path / "run.npz"

    class Killed(BaseException):
        pass

    def kill(fraction: float) -> None:
        if fraction > 0.6:
            raise Killed

    with pytest.raises(Killed):
        simulate(ions, source, 20e-6, **arguments, checkpoint=file, progress=kill)
    assert file.exists()
    heard: list[float] = []
    rest = simulate(ions, source, 20e-6, **arguments, checkpoint=file, progress=heard.append)
    assert len(heard) < 4
    assert heard[-1] == 1.0
    np.testing.assert_array_equal(rest.position, whole.position)
    np.testing.assert_array_equal(rest.velocity, whole.velocity)
    np.testing.assert_array_equal(rest.lost_time, whole.lost_time)
    assert not file.exists()


def test_a_run_with_kicks_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # Random kicks differ with the steps: halving these would never agree.
    monkeypatch.setattr(_simulate, "_converged", None)
    found = simulate(pair(), TRAP, 1e-6, damping=(BufferGas(rate=1e4, temperature=300.0),))
    assert found.integrator == "ExactFlow(rkn14a)"


def test_a_long_run_is_done_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_checkpoint, "_SECONDS", 0.0)
    monkeypatch.setattr(_simulate, "_LONG", 0.0)
    monkeypatch.setattr(_simulate, "_GROUPS", ((32, 6.4e9),))
    file = tmp_path / "run.npz"
    seen: list[bool] = []
    found = simulate(
        pair(), TRAP, 1e-6, save=64, checkpoint=file,
        progress=lambda fraction: seen.append(file.exists()),
    )  # fmt: skip
    assert found.integrator == "ExactFlow(rkn14a)"
    assert np.isnan(found.error_estimate)
    assert seen == [False, True]  # it is written after each call
    assert not file.exists()


@pytest.mark.parametrize("kept", [False, True])
def test_a_cloud_too_close_for_its_room_is_done_adaptively(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    monkeypatch.setattr(_checkpoint, "_SECONDS", 0.0)
    small = NearFar(cutoff=1e-3, pairs=1)
    monkeypatch.setattr(_choose, "near_far_for", lambda problem, ions: (small, 1e-8))
    monkeypatch.setattr(_choose, "_TRIES", 0.0)
    file = tmp_path / "run.npz" if kept else None
    found = simulate(paper_cloud(5, seed=1), TRAP, 1e-7, save=2, checkpoint=file)
    assert found.integrator.startswith("Dopri8")
    assert not list(tmp_path.iterdir())


def test_losses_are_watched_whoever_moves_the_ions() -> None:
    # When halved steps did not agree, steps are chosen anew: still short enough to see losses.
    plan = make_plan(
        paper_cloud(20, seed=1), BOUNDED, 5e-6, None, None, True, False, (), None, 1, 0.0, 0
    )
    _, steps = _choose.choose_hot(plan.problem, plan.ions, plan.duration, plan.radius)
    _, free = _choose.choose_hot(plan.problem, plan.ions, plan.duration, None)
    assert steps >= 5e-6 * 2.3e6 / 0.25  # w+ turns by a quarter of a radian at most
    assert free < steps


def test_a_checkpoint_of_another_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_checkpoint, "_SECONDS", 0.0)
    monkeypatch.setattr(_simulate, "_GROUPS", ((2, 2e7),))
    file = tmp_path / "run.npz"

    def stop(fraction: float) -> None:
        if fraction > 0.4:
            raise KeyboardInterrupt

    def run(steps: int, **more: Any) -> Any:
        return simulate(
            pair(), TRAP, 1e-6, steps=steps, integrator=RK4(), save=8, checkpoint=file, **more
        )

    with pytest.raises(KeyboardInterrupt):
        run(80, progress=stop)
    with pytest.raises(InputError, match="checkpoint of another run"):
        run(160)
    run(80)
    file.write_text("not a checkpoint")
    with pytest.raises(InputError, match="no checkpoint of a run"):
        run(80)
    with pytest.raises(InputError, match="no folder"):
        simulate(
            pair(), TRAP, 1e-6, steps=80, integrator=RK4(), save=8, checkpoint=tmp_path / "a/b"
        )


@pytest.mark.parametrize(
    ("make", "chosen"),
    [
        (lambda: simulate(pair(), TRAP, 1e-6, coulomb=False), "Propagator"),
        (lambda: simulate(pair()[0], TRAP, 1e-6), "Propagator"),
        (lambda: simulate(pair(), TRAP, 1e-6), "ExactFlow(rkn14a)"),
        (lambda: simulate(paper_cloud(100, seed=0), TRAP, 1e-7, save=1), "ExactFlow(rkn14a)"),
        (lambda: simulate(pair()[0], FIELDS, 1e-7, relativistic=True, save=1), "Dopri8"),
        (lambda: simulate(pair()[0], FIELDS, 1e-7, save=1), "Propagator"),
    ],
)
def test_choice_of_integrators(make: Callable[[], Any], chosen: str) -> None:
    assert make().integrator.startswith(chosen)


def test_a_coil_is_a_magnet_for_a_trap() -> None:
    # In the middle of a long coil the field is near to uniform: the cyclotron frequency shows it.
    coil = Coil(0.05, 0.06, 0.4, 10_000, 30.0)
    field = float(coil.B([0.0, 0.0, 0.0])[2])
    found = simulate(one([1e-6, 0, 0], [0, -20.0, 0]), coil, 40e-6, save=256)
    assert found.integrator.startswith("Dopri8")
    velocity = np.asarray(found.velocity)[:, 0]
    turned = -np.unwrap(np.arctan2(velocity[:, 1], velocity[:, 0]))
    frequency = (turned[-1] - turned[0]) / 40e-6
    assert frequency == pytest.approx(ELEMENTARY_CHARGE * field / MASS, rel=1e-6)


def test_cases_are_those_run_alone() -> None:
    cloud = [paper_cloud(8, seed=seed) for seed in range(3)]
    drives = [Assembly([BOUNDED, parametric_drive(BOUNDED, f, 2.2e6)]) for f in (0.1, 0.4, 0.7)]
    cases = list(zip(cloud, drives, strict=True))
    heard: list[float] = []
    arguments: dict[str, Any] = {"steps": 400, "integrator": ExactFlow("rkn6b"), "save": 4}
    found = simulate_many(cases, 20e-6, **arguments, progress=heard.append)
    assert heard[-1] == 1.0
    for trajectory, (ions, source) in zip(found, cases, strict=True):
        alone = simulate(ions, source, 20e-6, **arguments)
        np.testing.assert_allclose(trajectory.position, alone.position, rtol=0, atol=1e-11)
        np.testing.assert_array_equal(trajectory.kept, alone.kept)


def test_damping_thermalises() -> None:
    gas = BufferGas(rate=1e6, temperature=1e-2)
    cold = paper_cloud(400, seed=2)
    found = simulate(cold, TRAP, 40e-6, coulomb=False, damping=(gas,), save=40, seed=5)
    later = np.asarray(found.velocity)[20:, :, 2]
    expected = 1.380649e-23 * 1e-2 / float(cold.mass[0])
    assert np.mean(later**2) == pytest.approx(expected, rel=0.05)
    again = simulate(cold, TRAP, 40e-6, coulomb=False, damping=(gas,), save=40, seed=5)
    np.testing.assert_array_equal(again.position, found.position)


@pytest.mark.parametrize("integrator", [RK4(), pytest.param(Dopri8(1e-10), marks=pytest.mark.slow)])
def test_derivatives_pass_through(integrator: Any) -> None:
    # How far the end moves with the voltage and with the start, against differences.
    ions = pair()

    def end(voltage: Any, shift: Any) -> jax.Array:
        moved = Ions(ions.mass, ions.charge, ions.position + shift * 1e-6, ions.velocity)
        trap = PenningTrap(1.0, voltage, 500e-6)
        found = simulate(moved, trap, 2e-6, steps=100, integrator=integrator, save=2)
        return found.position[-1] * 1e6

    derivatives = jax.jit(jax.jacfwd(end, argnums=(0, 1)))(25e-3, 0.5)
    for k, (derivative, step) in enumerate(zip(derivatives, (1e-5, 1e-3), strict=True)):
        ends = [
            np.asarray(end(*(a + s * step * (i == k) for i, a in enumerate((25e-3, 0.5)))))
            for s in (-1, 1)
        ]
        difference = (ends[1] - ends[0]) / (2 * step)
        scale = np.abs(difference).max()
        np.testing.assert_allclose(derivative, difference, rtol=0, atol=1e-5 * scale)


def test_inside_jit_steps_have_to_be_given() -> None:
    with pytest.raises(InputError, match="inside jit"):
        jax.jit(lambda v: simulate(pair(), PenningTrap(1.0, v, 5e-4), 1e-6).position)(25e-3)


def refused(message: str, **arguments: Any) -> None:
    given: dict[str, Any] = {"ions": pair(), "source": TRAP, "duration": 1e-6} | arguments
    with pytest.raises(InputError, match=message):
        simulate(**given)


def test_what_cannot_be_is_refused() -> None:
    refused("duration must be above zero", duration=0.0)
    refused("duration must be finite", duration=np.nan)
    refused("steps must be a multiple of save", steps=10, integrator=RK4(), save=4)
    refused("steps must be a whole number", steps=0, integrator=RK4())
    refused("give `steps` with the integrator RK4", integrator=RK4())
    refused("loss_radius must be above zero", loss_radius=-1.0)
    refused(r"turns by 2.41 rad in it.*take 3 times", steps=1, integrator=RK4(), save=1)
    refused("too long for Boris", steps=1, integrator=Boris(), save=1)
    refused("note the brackets", steps=1, integrator=RK4, save=1)
    refused("knows no relativity", steps=1, integrator=ExactFlow(), save=1, relativistic=True)
    refused("coulomb=False", steps=1, integrator=Propagator(), save=1)
    refused("GiB are free: give a smaller `save`", save=10**12)
    same = one([[1e-6, 0, 0], [1e-6, 0, 0]], [[0, 0, 0], [1.0, 0, 0]])
    refused("ions 0 and 1 are both at", ions=same)
    refused("relativistic=True", ions=one([0, 0, 0], [1e8, 0, 0]))
    refused("light only at", ions=one([0, 0, 0], [4e8, 0, 0]))
    with pytest.raises(InputError, match="mass"):
        Ions(-1.0, ELEMENTARY_CHARGE, [[0, 0, 0]], [0, 0, 0])


def test_many_refuses_what_does_not_match() -> None:
    with pytest.raises(InputError, match="one case or more"):
        simulate_many([], 1e-6)
    driven = Assembly([TRAP, parametric_drive(TRAP, 0.1, 1e6)])
    with pytest.raises(InputError, match="differ in more than numbers"):
        simulate_many([(pair(), TRAP), (pair(), driven)], 1e-6)


def test_leaving_a_map_is_an_error() -> None:
    axis = np.linspace(-1e-6, 1e-6, 5)
    field = np.zeros((5, 5, 5, 3))
    source = Assembly([Uniform(magnetic=[0, 0, 1.0]), FieldMap(axis, axis, axis, B=field)])
    with pytest.raises(ConvergenceError, match="left a field map"):
        simulate(one([0, 0, 0], [0, 0, 10.0]), source, 1e-6, steps=20, integrator=Boris(), save=2)


def test_precise_sums_change_little() -> None:
    ends = [
        simulate(
            pair(), TRAP, 2e-6, steps=40, integrator=ExactFlow(), save=1, coulomb=coulomb
        ).position[-1]
        for coulomb in (True, Coulomb(precise=True))
    ]
    np.testing.assert_allclose(ends[0], ends[1], rtol=0, atol=1e-18)


def test_largest_of_a_cubic() -> None:
    from fieldwright.motion.simulation._advance import largest_of_cubic

    rng = np.random.default_rng(0)
    fine = np.linspace(0, 1, 20001)
    numbers = rng.normal(size=(200, 4))
    for (a, da, b, db), largest in zip(
        numbers, np.asarray(jax.jit(largest_of_cubic)(*numbers.T)), strict=True
    ):
        cubic = np.polynomial.Polynomial([a, da, 3 * (b - a) - 2 * da - db, 2 * (a - b) + da + db])
        if da > 0 and db < 0:
            peak = brentq(cubic.deriv(), 0, 1)
            assert largest == pytest.approx(cubic(peak), abs=1e-12)
        assert largest <= cubic(fine).max() + 1e-7
    assert Dopri8().evaluations is None
