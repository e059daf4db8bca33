from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.constants import BOLTZMANN, COULOMB, ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.motion import (
    Ions,
    analytic_motion,
    kinetic_energy,
    normal_cloud,
    potential_energy,
    temperatures,
    total_energy,
)
from fieldwright.motion.observables._energy import potential_of
from fieldwright.sources import (
    Assembly,
    Coil,
    Driven,
    FieldMap,
    LinearField,
    PenningTrap,
    Uniform,
    fields_of,
    parametric_drive,
    rotating_wall,
)

Q = ELEMENTARY_CHARGE
TRAP = PenningTrap(
    1.0, 25e-3, 500e-6, C4=0.1, C6=-0.2, ellipticity=0.3, tilt=[0.1, 0.2],
    position=[1e-5, 2e-5, -3e-5], rotation=[0.4, -0.2, 1.0],
)  # fmt: skip
CLOUD = normal_cloud(40, "40Ca+", 5e-5, temperature=10.0, seed=4)


def over_time(ions: Ions, position: Any, velocity: Any, time: Any) -> Any:
    """What of a trajectory energies look at."""
    return SimpleNamespace(ions=ions, position=position, velocity=velocity, time=jnp.asarray(time))


@jax.jit
def slope_and_field(source: Any, points: Any, time: Any) -> tuple[jax.Array, jax.Array]:
    """Of the potential, and E (n, 3), by one program for sources of one structure."""
    slope = jax.vmap(jax.grad(lambda p: potential_of(source, p[None], time)[0]))(points)
    if isinstance(source, LinearField):
        return slope, source.E(points, time)
    return slope, fields_of(source, points, time)[0]


@pytest.mark.parametrize(
    "source",
    [
        TRAP,
        Assembly([TRAP, parametric_drive(TRAP, 0.4, 1e6, 0.3), Coil(1e-3, 2e-3, 1e-3, 10)]),
        Assembly([Uniform(electric=[1.0, 2.0, 3.0])], position=[1e-5, 0, 0], rotation=[0, 0, 1]),
        rotating_wall(2e-3, 500e-6, 2e6, order=1),
        rotating_wall(2e-3, 500e-6, 2e6, order=2),
        Driven(TRAP, 2e6, position=[1e-5, 0, 0], rotation=[0.0, 1.0, 0.0]),
        LinearField.static(E0=[1.0, 2.0, 3.0], G=[[1e5, 2e4, 0], [2e4, -3e4, 0], [0, 0, 1e4]]),
    ],
    ids=lambda source: type(source).__name__,
)
def test_field_is_the_slope_of_the_potential(source: Any) -> None:
    points, time = np.asarray(CLOUD.position)[:5], 0.7e-6
    potential_energy(CLOUD, source, time)  # does not refuse
    slope, E = slope_and_field(source, points, time)
    assert np.asarray(-slope) == pytest.approx(np.asarray(E), rel=1e-12, abs=1e-12)


def test_pairs_against_a_plain_sum() -> None:
    position, charge = np.asarray(CLOUD.position), np.asarray(CLOUD.charge) * np.arange(-20, 20)
    ions = Ions(CLOUD.mass, charge, position, [0.0, 0.0, 0.0])
    want = sum(
        COULOMB * charge[i] * charge[j] / np.linalg.norm(position[i] - position[j])
        for i in range(40)
        for j in range(i)
    )
    assert float(potential_energy(ions)) == pytest.approx(want, rel=1e-13)
    assert float(potential_energy(ions, coulomb=False)) == 0.0
    trapped = float(potential_energy(ions, TRAP, coulomb=False))
    assert trapped == pytest.approx(np.sum(charge * np.asarray(TRAP.potential(position))))
    assert float(potential_energy(ions, TRAP)) == pytest.approx(want + trapped, rel=1e-13)


def test_energy_is_kept_in_the_exact_motion() -> None:
    trap = PenningTrap(1.0, 25e-3, 500e-6)
    time = np.linspace(0, 50e-6, 11)
    position, velocity = analytic_motion(CLOUD, trap, time)
    path = over_time(CLOUD, position, velocity, time)
    total = np.asarray(total_energy(path, trap, coulomb=False))
    assert total.shape == (11,)
    assert total == pytest.approx(np.full(11, total[0]), rel=1e-12)
    assert total[0] == pytest.approx(float(total_energy(CLOUD, trap, coulomb=False)), rel=1e-14)
    assert kinetic_energy(path).shape == (11, 40)


def test_lost_charges_have_no_energy() -> None:
    gone = np.array([False] * 30 + [True] * 10)[:, None]
    position, velocity = (np.where(gone, np.nan, part) for part in (CLOUD.position, CLOUD.velocity))
    path = over_time(CLOUD, position[None], velocity[None], [0.0])
    assert float(total_energy(path, TRAP)[0]) == pytest.approx(
        float(total_energy(CLOUD[:30], TRAP)), rel=1e-14
    )
    assert float(temperatures(path).axial[0]) == pytest.approx(
        float(temperatures(CLOUD[:30]).axial), rel=1e-14
    )
    assert np.isnan(kinetic_energy(path)[0, 30:]).all()


@pytest.mark.parametrize("beta", [1e-6, 0.5, 0.999])
def test_relativistic_kinetic_energy(beta: float) -> None:
    ions = Ions.of("e-", [[0.0, 0.0, 0.0]], [0.0, beta * SPEED_OF_LIGHT, 0.0])
    rest = float(ions.mass[0]) * SPEED_OF_LIGHT**2
    found = float(kinetic_energy(ions, relativistic=True)[0])
    if beta < 0.01:
        assert found == pytest.approx(rest * beta**2 / 2 * (1 + 0.75 * beta**2), rel=1e-14)
    else:
        assert found == pytest.approx(rest * (1 / np.sqrt(1 - beta**2) - 1), rel=1e-12)


def test_temperature_beside_rotation_and_drift() -> None:
    cloud = normal_cloud(5000, "9Be+", [1e-4, 1e-4, 3e-4], temperature=0.5, seed=3)
    still = temperatures(cloud)
    assert float(still.axial) == pytest.approx(0.5, rel=0.06)
    assert float(still.radial) == pytest.approx(0.5, rel=0.04)
    x, y, z = np.asarray(cloud.position).T
    turning = np.stack([-3e5 * y + 100.0, 3e5 * x - 30.0, 0 * z + 1e3], axis=1)
    found = temperatures(Ions(cloud.mass, Q, cloud.position, cloud.velocity + turning))
    assert float(found.rotation) == pytest.approx(3e5 + float(still.rotation), rel=1e-12)
    assert float(found.axial) == pytest.approx(float(still.axial), rel=1e-9)
    assert float(found.radial) == pytest.approx(float(still.radial), rel=1e-9)


def test_degrees_of_freedom_of_few_ions() -> None:
    """Over many clouds of three ions the mean temperature is that of the clouds."""
    width = np.sqrt(BOLTZMANN * 7.0 / float(CLOUD.mass[0]))
    position, velocity = np.random.default_rng(2).normal(size=(2, 3000, 3, 3))
    many = over_time(CLOUD[:3], position, width * velocity, np.zeros(3000))
    found = temperatures(many)
    assert float(jnp.mean(found.axial)) == pytest.approx(7.0, rel=0.06)
    assert float(jnp.mean(found.radial)) == pytest.approx(7.0, rel=0.05)


def test_equipartition_of_energy_and_temperature() -> None:
    cloud = normal_cloud(20_000, "24Mg+", 1e-4, temperature=4.0, seed=1)
    mean = float(jnp.mean(kinetic_energy(cloud)))
    assert mean == pytest.approx(1.5 * BOLTZMANN * 4.0, rel=0.03)


NODES = np.linspace(-1e-3, 1e-3, 5)
MAP = FieldMap(NODES, NODES, NODES, E=np.zeros((5, 5, 5, 3)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: potential_energy(CLOUD, MAP), "potential of a FieldMap is not known"),
        (lambda: potential_energy(CLOUD, Assembly([TRAP, MAP])), "potential of a FieldMap"),
        (
            lambda: potential_energy(
                CLOUD, LinearField.static(G=[[0, 1, 0], [0, 0, 0], [0, 0, 0]])
            ),
            "such a field has no potential",
        ),
        (lambda: potential_energy(CLOUD[[0, 0]]), "ions 0 and 1 are both at"),
        (lambda: temperatures(CLOUD[0]), "two charges or more, got 1"),
    ],
)
def test_errors(make: Callable[[], object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
