"""The equations of betatron motion of a lattice: focusing, coupling, damping and noise.

After C. Bernardini and C. Pellegrini, Transverse beam size in electron storage rings, LNF-64/55
(1964), with the signs of a horizontal coordinate that counts outwards: momentum acts as +K p where
their Lagrangian (1) has -K p x, and its coupling term is H (x y' - y x') / 2. A ring becomes a
sequence of stretches, in each of which

    x'' + D x' + K x = curvature p,    p' = -loss (1 + 2 p) - loss_slope x + noise

for the two coordinates x, with p = delta, the deviation of momentum. Thin lenses (pole faces, ends
of solenoids, multipoles without length) are stretches without free motion.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import fieldwright._jax  # noqa: F401
from fieldwright.errors import InputError
from fieldwright.rings.lattice._elements import COLUMN
from fieldwright.rings.lattice._lattice import Lattice
from fieldwright.rings.lattice._radiation import classical_radius, compton_length

#: What moves the orbit off the design.
_STRAYS = frozenset({"dx", "dy", "hkick", "vkick", "k0", "k0s"})


class BetatronEquations(eqx.Module):
    """What acts in each of n stretches, in the paper's letters where it has them.

    Args:
        s: where each begins, and where the last ends (n + 1,) [m].
        element: index of its element (n,).
        duration: length of a thick one [m], 1 for a thin one (n,).
        free: 1 for a thick one, 0 for a thin one (n,).
        K: focusing and coupling (n, 2, 2) [1/m^2], of thin ones integrated [1/m].
        D: of fields along the beam, -H and H off the diagonal (n, 2, 2) [1/m]. Damping adds
            `loss` on the diagonal, since what a photon takes from the momentum it takes along the
            particle's direction.
        curvature: of the orbit, positive where it bends towards negative x or y (n, 2) [1/m].
        loss: share of the momentum that radiation takes (n,) [1/m].
        loss_slope: how that grows with x and y (n, 2) [1/m^2].
        noise: variance of p that photons add (n,) [1/m].
    """

    s: Any
    element: np.ndarray
    duration: Any
    free: np.ndarray
    K: Any
    D: Any
    curvature: Any
    loss: Any
    loss_slope: Any
    noise: Any

    @property
    def motion(self) -> Any:
        """(n, 5, 5) the rate of (x, x', y, y', p) in each stretch, without radiation."""
        free = self.free[:, None, None] * jnp.eye(2)
        none = jnp.zeros_like(free)
        rows = jnp.concatenate([jnp.concatenate([none, free], -1), -self._pair()], axis=-2)
        rows = rows[:, _ORDER][:, :, _ORDER]
        push = jnp.zeros((len(self.element), 4)).at[:, 1::2].set(self.curvature)
        return jnp.pad(jnp.concatenate([rows, push[..., None]], -1), ((0, 0), (0, 1), (0, 0)))

    def _pair(self) -> Any:
        return jnp.concatenate([self.K, self.D], -1)


#: From (x, y, x', y') to (x, x', y, y').
_ORDER = np.array([0, 2, 1, 3])


def betatron_equations(lattice: Lattice, *, pole_face_damping: bool = True) -> BetatronEquations:
    """The equations of motion about the design orbit, which may bend up and down as well.

    They are linear, as hard-edge fields of the lattice's own elements give them: independent of
    the maps that track particles.

    Args:
        lattice: a ring without what moves its orbit: offsets, correctors, rolled bends.
        pole_face_damping: whether turned pole faces change the path in the bend's field.

    Returns:
        `BetatronEquations`.

    Raises:
        InputError: an element moves the orbit.

    >>> from fieldwright.rings import Bend, Drift, Lattice, betatron_equations
    >>> ring = Lattice.of(8 * [Bend(name="B", length=1.0, angle=0.785398, e1=0.39, e2=0.39),
    ...                        Drift(name="D", length=1.0)], energy=5e8)
    >>> equations = betatron_equations(ring)
    >>> print(equations.K[1].round(3).tolist(), f"{equations.loss[1]:.3e} per m")
    [[0.617, 0.0], [0.0, 0.0]] 1.086e-06 per m
    """
    _require_design_orbit(lattice)
    plan = _plan(lattice.kinds, lattice.active, lattice.profiles, pole_face_damping)
    return _equations(plan, jnp.asarray(lattice.table), *_strengths(lattice))


def _require_design_orbit(lattice: Lattice) -> None:
    empty = ("Drift", "Marker", "Monitor", "RFCavity")
    for name, kind, active in zip(lattice.names, lattice.kinds, lattice.active, strict=True):
        strays = active & (_STRAYS | ({"roll"} if kind == "Bend" else set()))
        if strays and kind not in empty:
            raise InputError(
                f"{name} moves the orbit by its {' and '.join(sorted(strays))}; formula (10) is "
                "for a beam on the design orbit: set it to zero, or take equilibrium(lattice), "
                "which finds the orbit",
                parameter="lattice",
            )


def _strengths(lattice: Lattice) -> tuple[Any, Any]:
    """What turns curvature^2 and curvature^3 into loss and noise [m], [m^2]."""
    radius, gamma = classical_radius(lattice.species), lattice.gamma
    loss = 2 / 3 * radius * lattice.beta * gamma**3
    quantum = 55 / (24 * math.sqrt(3)) * radius * compton_length(lattice.species)
    return loss, quantum * gamma**5


class _Plan(eqx.Module):
    """Stretches by element: arrays (n,) of NumPy."""

    element: np.ndarray
    share: np.ndarray  # of the element's length; 0 for a thin stretch
    body: np.ndarray  # 1 where the element's multipoles act
    face: np.ndarray  # 1 at a bend's entrance, 2 at its exit
    pole: np.ndarray  # 1 where the face changes the path in the field
    solenoid: np.ndarray  # field along the beam over ks
    jump: np.ndarray  # what that rises by at a thin stretch


@functools.lru_cache(maxsize=32)
def _plan(
    kinds: tuple[str, ...],
    active: tuple[frozenset[str], ...],
    profiles: tuple[tuple[float, ...], ...],
    pole_faces: bool,
) -> _Plan:
    rows: list[tuple[float, ...]] = []

    def add(index: int, share: float = 0.0, **more: float) -> None:
        names = ("body", "face", "pole", "solenoid", "jump")
        rows.append((index, share, *(more.get(name, 0.0) for name in names)))

    for index, kind in enumerate(kinds):
        if "length" not in active[index]:
            if kind in ("Multipole", "Kicker"):
                add(index, body=1.0)
        elif kind == "Bend":
            add(index, face=1.0, pole=float(pole_faces))
            add(index, 1.0, body=1.0)
            add(index, face=2.0, pole=float(pole_faces))
        elif kind == "Solenoid":
            profile = np.array(profiles[index] or (1.0, 1.0))
            last = 0.0
            for field in (profile[:-1] + profile[1:]) / 2:
                add(index, jump=field - last)
                add(index, 1 / (len(profile) - 1), solenoid=field)
                last = field
            add(index, jump=-last)
        else:
            add(index, 1.0, body=float(kind not in ("Drift", "RFCavity", "Marker", "Monitor")))
    columns = np.array(rows).T
    return _Plan(columns[0].astype(int), *columns[1:])


@eqx.filter_jit
def _equations(plan: _Plan, table: Any, loss: Any, noise: Any) -> BetatronEquations:
    rows = table[plan.element]
    thick = plan.share > 0
    parts = jax.vmap(functools.partial(_stretch, loss=loss, noise=noise))(plan, rows)
    length = rows[:, COLUMN["length"]] * plan.share
    begins = jnp.concatenate([jnp.zeros(1), jnp.cumsum(length)])
    duration, free = jnp.where(thick, length, 1.0), thick.astype(float)
    return BetatronEquations(begins, plan.element, duration, free, *parts)


def _stretch(plan: _Plan, row: Any, loss: Any, noise: Any) -> tuple[Any, ...]:
    """K, D, curvature, loss, its slope, and noise of one stretch."""
    tilt = row[COLUMN["tilt"]]
    design = plan.share * row[COLUMN["angle"]] / _or_one(row[COLUMN["length"]])
    curvature = design * jnp.stack([jnp.cos(tilt), jnp.sin(tilt)])
    gradient = plan.body * _gradient(row)
    along = row[COLUMN["ks"]] * _TURN
    edge, path = _face(plan, row)
    # ends of a solenoid turn particles as they cross them: the paper's H' / 2
    K = jnp.outer(curvature, curvature) + gradient + edge - 0.5 * plan.jump * along
    squared = curvature @ curvature
    slope = squared * curvature + 2 * gradient @ curvature + path
    return (
        K,
        -plan.solenoid * along,
        curvature,
        loss * squared,
        loss * slope,
        noise * squared * jnp.sqrt(_or_one(squared)),
    )


#: y' and -x': how a field along the beam turns.
_TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])


def _or_one(value: Any) -> Any:
    return jnp.where(value == 0, 1.0, value)


def _rotation(angle: Any) -> Any:
    c, s = jnp.cos(angle), jnp.sin(angle)
    return jnp.stack([jnp.stack([c, s]), jnp.stack([-s, c])])


def _gradient(row: Any) -> Any:
    """How the field's curvature, (B_y, -B_x) over B rho, grows with x and y (2, 2)."""
    k1, k1s = row[COLUMN["k1"]], row[COLUMN["k1s"]]
    rotation = _rotation(row[COLUMN["tilt"]] + row[COLUMN["roll"]])
    return rotation.T @ jnp.stack([jnp.stack([k1, -k1s]), jnp.stack([-k1s, -k1])]) @ rotation


def _face(plan: _Plan, row: Any) -> tuple[Any, Any]:
    """Focusing of a turned pole face (2, 2), and the path that it takes away (2,), over the loss.

    The fringe field is K. L. Brown's (SLAC-75); the path is x tan(e).
    """
    first = plan.face == 1
    e = jnp.where(first, row[COLUMN["e1"]], row[COLUMN["e2"]])
    fint = jnp.where(first, row[COLUMN["fint1"]], row[COLUMN["fint2"]])
    field = row[COLUMN["angle"]] / _or_one(row[COLUMN["length"]])
    field = jnp.where(plan.face > 0, field, 0.0)
    soft = field * row[COLUMN["gap"]] * fint * (1 + jnp.sin(e) ** 2) / jnp.cos(e)
    rotation = _rotation(row[COLUMN["tilt"]])
    focus = field * jnp.stack([-jnp.tan(e), jnp.tan(e - soft)])
    path = -plan.pole * field**2 * jnp.tan(e) * jnp.array([1.0, 0.0])
    return rotation.T @ (focus[:, None] * rotation), rotation.T @ path
