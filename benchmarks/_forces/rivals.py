"""The same force by every method: ours, magpylib's, SciPy's, and by hand."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import magpylib
import numpy as np
from _forces.case import MU_0_RATIO, Case
from _forces.king import force as king_force
from magpylib.core import magnet_cylinder_axial_Bfield
from magpylib.func import cylinder_field
from scipy.integrate import IntegrationWarning, dblquad
from scipy.special import ellipe, ellipk

from fieldwright.constants import MU_0
from fieldwright.forces import axial_force

Force = Callable[[Any], np.ndarray]

#: Loops times distances that plain NumPy takes at once: what stays in the processor's cache.
_CHUNK = 20_000


@dataclass(frozen=True)
class Method:
    """A way to the force: `build(case)` gives a function of an array of distances [m] -> [N/A]."""

    name: str
    family: str
    build: Callable[[Case], Force]
    batch: int = 4000  # distances that it can be asked for in reasonable time


def ours(case: Case) -> Force:
    coil, magnet = case.coil, case.magnet
    return lambda distance: axial_force(coil, magnet, distance)


def ours_jitted(case: Case) -> Force:
    coil, magnet = case.coil, case.magnet
    return jax.jit(lambda distance: axial_force(coil, magnet, distance))


def circles(case: Case, nodes: int = 12) -> Any:
    """The winding as magpylib's loops at 1 A: nodes^2 Gauss-Legendre circles in a Collection."""
    return magpylib.Collection(
        [
            magpylib.current.Circle(diameter=2 * a, current=turns, position=(0, 0, z))
            for a, z, turns in zip(*case.winding(nodes), strict=True)
        ]
    )


def cylinder(case: Case, distance: Any) -> Any:
    """magpylib's magnet on a path of distances."""
    distance = np.atleast_1d(distance)
    path = np.stack([0 * distance, 0 * distance, distance], axis=-1)
    return magpylib.magnet.Cylinder(
        dimension=(2 * case.radius, case.height),
        magnetization=(0, 0, case.magnetization),
        position=path,
    )


def getft_on_magnet(cells: int) -> Callable[[Case], Force]:
    """`getFT` with the magnet as the meshed target and the coil as the source."""

    def build(case: Case) -> Force:
        coil = circles(case)

        def force(distance: Any) -> np.ndarray:
            F, _ = magpylib.getFT(coil, cylinder(case, distance), meshing=cells)
            return F[..., 2] * MU_0_RATIO

        return force

    return build


def getft_on_coil(segments: int) -> Callable[[Case], Force]:
    """`getFT` with the loops as meshed targets and the magnet as the source."""

    def build(case: Case) -> Force:
        coil = circles(case)

        def force(distance: Any) -> np.ndarray:
            F, _ = magpylib.getFT(cylinder(case, distance), coil, meshing=segments)
            return -F[..., 2] * MU_0_RATIO

        return force

    return build


def in_chunks(function: Force, loops: int) -> Force:
    """`function` on pieces of its argument that fit the cache."""
    size = max(1, _CHUNK // loops)

    def force(distance: Any) -> np.ndarray:
        distance = np.atleast_1d(np.asarray(distance, float))
        if distance.size <= size:
            return function(distance)
        pieces = range(0, distance.size, size)
        return np.concatenate([function(distance[i : i + size]) for i in pieces])

    return force


def by_hand_func(nodes: int) -> Callable[[Case], Force]:
    """The fair rival: loops at Gauss nodes in the magnet's field by `magpylib.func`."""

    def build(case: Case) -> Force:
        a, z, turns = case.winding(nodes)
        pull = 2 * np.pi * a * turns

        def force(distance: np.ndarray) -> np.ndarray:
            points = np.zeros((distance.size, a.size, 3))
            points[..., 0], points[..., 2] = a, z - distance[:, None]
            B = cylinder_field(
                "B",
                points.reshape(-1, 3),
                dimensions=(2 * case.radius, case.height),
                polarizations=(0, 0, case.magnetization * MU_0),
            )
            # a loop at +phi feels -I B_r along z; the magnet feels the opposite
            return B[:, 0].reshape(distance.size, -1) @ pull

        return in_chunks(force, a.size)

    return build


def by_hand_core(nodes: int) -> Callable[[Case], Force]:
    """The same by `magpylib.core`, which skips checks and frames."""

    def build(case: Case) -> Force:
        a, z, turns = case.winding(nodes)
        pull = 2 * np.pi * a * turns * case.magnetization * MU_0

        def force(distance: np.ndarray) -> np.ndarray:
            height = ((z - distance[:, None]) / case.radius).ravel()
            r = np.tile(a / case.radius, distance.size)
            half = np.full(r.size, case.height / 2 / case.radius)
            B = magnet_cylinder_axial_Bfield(z0=half, r=r, z=height)
            return B[0].reshape(distance.size, -1) @ pull

        return in_chunks(force, a.size)

    return build


def by_hand_king(nodes: int) -> Callable[[Case], Force]:
    """Loops at Gauss nodes by King's arithmetic-geometric mean in plain NumPy."""

    def build(case: Case) -> Force:
        loops = case.winding(nodes)
        body = case.radius, case.height, case.magnetization
        return in_chunks(lambda distance: king_force(loops, *body, distance), nodes**2)

    return build


def by_hand_king_jit(case: Case) -> Force:
    """The same 12 x 12 loops under `jax.jit`: what JAX gives without our closed forms."""
    a, z, turns = case.winding(12)

    def inductance(s: Any) -> Any:
        S = a * a + case.radius**2 + s * s
        P = jnp.sqrt((a * a - case.radius**2 + s * s) ** 2 + (2 * case.radius * s) ** 2)
        A, B = jnp.sqrt((S + P) / 2), jnp.sqrt(P)
        total = 2 * (a * case.radius) ** 2 / (S + P)
        for k in range(1, 6):
            c = (A - B) / 2
            A, B, total = (A + B) / 2, jnp.sqrt(A * B), total + 2**k * c * c
        return total / (2 * A)

    def force(distance: Any) -> Any:
        s = distance[:, None] - z
        change = inductance(s + case.height / 2) - inductance(s - case.height / 2)
        return MU_0 * np.pi * case.magnetization * jnp.sum(turns * change, axis=-1)

    return jax.jit(force)


def _maxwell(a: Any, b: Any, s: Any) -> Any:
    """Mutual inductance of coaxial loops [H]: Maxwell, Treatise, art. 701."""
    m = 4 * a * b / ((a + b) ** 2 + s * s)
    return MU_0 * np.sqrt(a * b / m) * ((2 - m) * ellipk(m) - 2 * ellipe(m))


def by_hand_scipy(nodes: int) -> Callable[[Case], Force]:
    """Loops at Gauss nodes by Maxwell's formula in SciPy's K and E."""

    def build(case: Case) -> Force:
        a, z, turns = case.winding(nodes)

        def force(distance: np.ndarray) -> np.ndarray:
            s = distance[:, None] - z
            upper = _maxwell(a, case.radius, s + case.height / 2)
            return case.magnetization * (
                (upper - _maxwell(a, case.radius, s - case.height / 2)) @ turns
            )

        return in_chunks(force, nodes**2)

    return build


def scipy_dblquad(case: Case) -> Force:
    """Maxwell's formula under `scipy.integrate.dblquad`, distance by distance."""
    density = case.turns / ((case.outer_radius - case.inner_radius) * case.length)

    def one(distance: float) -> float:
        def integrand(z: float, a: float) -> float:
            upper = _maxwell(a, case.radius, distance - z + case.height / 2)
            return upper - _maxwell(a, case.radius, distance - z - case.height / 2)

        ends = case.inner_radius, case.outer_radius, -case.length / 2, case.length / 2
        with warnings.catch_warnings():  # of rounding, where it has got all there is
            warnings.simplefilter("ignore", IntegrationWarning)
            value, _ = dblquad(integrand, *ends, epsabs=0, epsrel=1e-10)
        return case.magnetization * density * value

    return lambda distance: np.array([one(float(z)) for z in np.atleast_1d(distance)])


METHODS = [
    Method("ours: axial_force", "ours", ours),
    Method("ours under the user's jax.jit", "ours jitted", ours_jitted),
    Method("magpylib getFT, magnet in 10 cells", "getFT, magnet meshed", getft_on_magnet(10), 40),
    Method("magpylib getFT, magnet in 100 cells", "getFT, magnet meshed", getft_on_magnet(100), 10),
    Method(
        "magpylib getFT, magnet in 1000 cells", "getFT, magnet meshed", getft_on_magnet(1000), 2
    ),
    Method("magpylib getFT, loops in 16 segments", "getFT, loops meshed", getft_on_coil(16), 60),
    Method("magpylib getFT, loops in 64 segments", "getFT, loops meshed", getft_on_coil(64), 20),
    Method("magpylib getFT, loops in 512 segments", "getFT, loops meshed", getft_on_coil(512), 3),
    Method("magpylib func.cylinder_field, 6 × 6", "magpylib func by hand", by_hand_func(6)),
    Method("magpylib func.cylinder_field, 12 × 12", "magpylib func by hand", by_hand_func(12)),
    Method("magpylib core, 6 × 6", "magpylib core by hand", by_hand_core(6)),
    Method("magpylib core, 12 × 12", "magpylib core by hand", by_hand_core(12)),
    Method("King's AGM in NumPy, 6 × 6", "King in NumPy by hand", by_hand_king(6)),
    Method("King's AGM in NumPy, 12 × 12", "King in NumPy by hand", by_hand_king(12)),
    Method("King's AGM under jax.jit, 12 × 12", "King under jax.jit by hand", by_hand_king_jit),
    Method("SciPy ellipk/ellipe, 12 × 12", "SciPy by hand", by_hand_scipy(12)),
    Method("SciPy dblquad, epsrel 1e-10", "SciPy dblquad", scipy_dblquad, 20),
]
