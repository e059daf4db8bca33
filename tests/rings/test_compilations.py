"""Programs belong to the size of a lattice, not to the lattice: another one compiles nothing."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.compilations import compilations

from fieldwright.rings import (
    Bend,
    Drift,
    Kicker,
    Lattice,
    Marker,
    Multipole,
    Octupole,
    Quadrupole,
    RFCavity,
    Sextupole,
    Solenoid,
    chromaticity,
    closed_orbit,
    equilibrium,
    optics,
    radiation_integrals,
    track,
    transfer_matrices,
)
from fieldwright.rings.lattice._elements import COLUMN, COLUMNS
from fieldwright.rings.lattice._slopes import _KNOWN, with_jacobian
from fieldwright.rings.lattice._steps import STEPS, Beam, Row


def ring(number: int) -> Lattice:
    """Rings of ten structures: cells, faces, gradients, solenoids, correctors, errors, species."""
    cells = 8 + number % 3
    angle = np.pi / cells
    face = 0.0 if number % 2 else angle / 2
    soft = {"fint1": 0.4, "fint2": 0.4, "gap": 0.03} if number in (3, 8) else {}
    bend = Bend(
        name="B", length=1.0, angle=angle, e1=face, e2=face,
        k1=0.02 if number in (2, 7) else 0.0, **soft,
    )  # fmt: skip
    drift = Drift(name="D", length=0.4)
    extra: list[object] = [Marker(name="M")]
    if number in (1, 5, 9):
        extra.append(Kicker(name="C", length=0.1, hkick=1e-5, vkick=-1e-5))
    if number in (4, 5):
        extra.append(Solenoid(name="S", length=0.2, ks=0.05))
    if number in (6, 9):
        extra += [Sextupole(name="X", length=0.1, k2=1.0), Octupole(name="O", length=0.1, k3=5.0)]
    if number == 8:
        extra.append(Multipole(name="T", k2=0.3, k1s=0.002))
    shifted = {"dx": 1e-5, "roll": 1e-4} if number in (0, 7) else {}
    focus = Quadrupole(name="QF", length=0.3, k1=1.45, **shifted)
    defocus = Quadrupole(name="QD", length=0.3, k1=-1.3, k1s=0.01 if number == 4 else 0.0)
    cell = [focus, drift, bend, drift, defocus, drift, bend, drift]
    cavity = RFCavity(name="RF", voltage=5e5, harmonic=5 + number)
    species = "e+" if number == 3 else "e-"
    return Lattice.of([cavity, *extra, *cell * cells], energy=5e8, species=species)


def everything(lattice: Lattice, particles: int) -> None:
    closed_orbit(lattice, radiation=True)
    found = optics(lattice)
    assert np.isfinite(found.beta).all() and found.beta.shape == (len(lattice) + 1, 2)
    chromaticity(lattice)
    beam = equilibrium(lattice)
    assert beam.covariance.shape == (len(lattice) + 1, 6, 6) and np.isfinite(beam.sigma_x).all()
    radiation_integrals(lattice)
    transfer_matrices(lattice)
    start = 1e-6 * np.ones((particles, 6))
    for turns in (1, 3 + particles % 2):
        seen = track(lattice, start, turns)
        assert seen.kept.all() and seen.coordinates.shape == (1, particles, 6)


def test_ten_other_rings_of_a_size_compile_nothing() -> None:
    everything(ring(0), 50)
    with compilations() as programs:
        for number in range(1, 11):
            everything(ring(number), 40 + number)
    assert not programs


@pytest.mark.parametrize("choice", [0.0, 1.0])
@pytest.mark.parametrize("name", sorted(_KNOWN))
def test_derivatives_by_formula_are_those_of_jax(name: str, choice: float) -> None:
    random = np.random.default_rng(3)
    numbers = {
        "length": 0.3, "angle": 0.4, "e1": 0.3, "e2": -0.2, "k0": 0.1, "k1": 1.4, "k2": 20.0,
        "k3": 300.0, "k0s": -0.05, "k1s": 0.8, "k2s": -15.0, "k3s": 200.0, "ks": 1.5,
        "voltage": 2e5, "frequency": 5e8, "phase": 0.3,
    }  # fmt: skip
    values = np.zeros((len(COLUMNS), 4))
    for column, value in numbers.items():
        values[COLUMN[column]] = value * random.uniform(0.7, 1.3, 4)
    # radiation so strong that its derivatives show
    beam = Beam(mu2=0.2, momentum=1e6, rf_shift=1e-3, radius=0.3, compton=1e-3)
    row = Row(values, 0.7, np.array([0.9, 1.0, 0.4]), beam)
    sizes = np.array([0.02, 0.02, 0.02, 0.02, 0.05, 0.05])[:, None]
    state = tuple(random.uniform(-1, 1, (6, 4)) * sizes)

    @jax.jit
    def both(state, choice):  # type: ignore[no-untyped-def]
        def act(state):  # type: ignore[no-untyped-def]
            moved = STEPS[name](row, tuple(state), 0.6, choice)
            return jnp.stack(jnp.broadcast_arrays(*moved))

        def along(direction):  # type: ignore[no-untyped-def]
            return jax.jvp(act, (jnp.stack(state),), (direction,))

        units = jnp.broadcast_to(jnp.eye(6)[:, :, None], (6, 6, 4))
        theirs = jax.vmap(along, out_axes=(None, 1))(units)
        return with_jacobian(name, row, state, 0.6, choice), theirs

    ours, theirs = both(state, jnp.asarray(choice))
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=2e-14)
