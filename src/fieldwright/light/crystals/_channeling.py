"""Charges through a crystal: how they start, how they go, and which stay in their channels."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fieldwright._result import Result, quantity
from fieldwright.constants import ELECTRON_REST_ENERGY, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.light._checks import not_negative, whole
from fieldwright.light.crystals._crystal_limits import charge_sign, momentum_speed
from fieldwright.motion import RK4, Ions, Trajectory, simulate
from fieldwright.sources import CrystalPlanes
from fieldwright.sources._checks import as_float, is_concrete

_STEPS = 60  # in an oscillation of small amplitude, or a period of the bending
_SHARP_STEPS = 40  # in the shortest oscillation that the potential would allow anywhere
_PROBES = 129


class Channeling(Result):
    """What became of charges in a crystal; what `channel` returns.

    Its `trajectory` is what `light.Path.of` and `light.spectrum` take.
    """

    trajectory: Trajectory
    depth: jax.Array = quantity("m", "depth in the crystal")
    across: jax.Array = quantity("m", "place across the planes, from the middle of a gap")
    transverse_energy: jax.Array = quantity("eV", "transverse energy about the planes")
    channeled: jax.Array = quantity("", "whether it is still in the channel it entered")
    fraction: jax.Array = quantity("", "fraction of the charges in their channels")
    energy_error: jax.Array = quantity("eV", "largest change of total energy while channeled")

    @property
    def planes(self) -> CrystalPlanes:
        """The crystal."""
        source = self.trajectory.source
        assert isinstance(source, CrystalPlanes)
        return source


def channeling_beam(
    planes: CrystalPlanes,
    energy: Any,
    number: int,
    *,
    divergence: Any = 0.0,
    species: str = "e+",
    seed: int = 0,
) -> Ions:
    """A beam that enters a crystal along its planes, spread evenly over one channel.

    Args:
        planes: the crystal, whose entrance is where the beam starts.
        energy: of each charge [eV].
        number: of charges.
        divergence: root mean square angle across the planes [rad].
        species: "e+" or "e-".
        seed: of places and angles.

    Returns:
        The charges, for `channel` or `motion.simulate`.

    Raises:
        InputError: energy, number or species are wrong.

    >>> from fieldwright.light import channeling_beam
    >>> from fieldwright.sources import CrystalPlanes, DoyleTurner
    >>> beam = channeling_beam(CrystalPlanes(DoyleTurner("silicon", "110"), 1e-3), 13.6e9, 50)
    >>> print(f"{len(beam)}, {abs(beam.position[:, 0]).max() * 1e10:.3f} Angstrom")
    50, 0.955 Angstrom
    """
    sign = charge_sign(species)
    _require_planes(planes)
    speed = jnp.sqrt(momentum_speed(as_float(energy, "energy")) / energy)
    number, seed = whole(number, "number"), whole(seed, "seed", 0)
    divergence = not_negative(as_float(divergence, "divergence"), "divergence")
    random = np.random.default_rng(seed)
    half = planes.potential.spacing / 2
    x = planes.offset(jnp.zeros(())) + half * random.uniform(-1.0, 1.0, number)
    if sign < 0:
        x = x + half
    angle = divergence * random.normal(size=number)
    nothing = jnp.zeros_like(x)
    velocity = speed * SPEED_OF_LIGHT * jnp.stack([jnp.sin(angle), nothing, jnp.cos(angle)], axis=1)
    return Ions.of(species, jnp.stack([x, nothing, nothing], axis=1), velocity)


def channel(ions: Ions, planes: CrystalPlanes, *, save: int = 200) -> Channeling:
    """Move charges through a crystal by `motion.simulate`, and tell which stay in their channels.

    Args:
        ions: electrons or positrons at its entrance, as from `channeling_beam`.
        planes: the crystal, placed with its entrance at z = 0 and not turned.
        save: into how many equal parts of the length the motion is kept.

    Returns:
        `Channeling`. Nothing scatters: the loss is of the bending alone; for what scattering takes
        see `dechanneling_length`. The steps are our choice: transverse energies hold to 3e-4 of
        the depth over two hundred oscillations, and `energy_error` tells. Hard light of a single
        charge wants more: `motion.simulate(ions, planes, duration, relativistic=True,
        coulomb=False)` holds them to 1e-8.

    Raises:
        InputError: the charges are slow, or the crystal is turned or elsewhere.
        ConvergenceError: as `motion.simulate`.

    >>> from fieldwright.light import channel, channeling_beam
    >>> from fieldwright.sources import CrystalPlanes, HarmonicPotential
    >>> potential = HarmonicPotential(1.26e-10, 24.9)
    >>> planes = CrystalPlanes(potential, 28e-6, amplitude=1e-10, period=14e-6)
    >>> found = channel(channeling_beam(planes, 13.6e9, 40), planes)
    >>> print(f"{found.fraction[-1]:.3f}")
    0.625
    """
    _require_planes(planes)
    if is_concrete(planes) and (np.any(planes.position) or np.any(planes.rotation)):
        raise InputError(
            "the crystal must sit at the origin, not turned: turn the beam instead",
            parameter="planes",
        )
    save = whole(save, "save")
    speed = float(jnp.min(jnp.linalg.norm(ions.velocity, axis=1)))
    if speed < 0.5 * SPEED_OF_LIGHT:
        raise InputError(
            f"channeling is of fast charges, and one moves at {speed:.3g} m/s", parameter="ions"
        )
    steps = _steps(planes, float(speed))
    duration = planes.length / speed * (1 - 1e-12)  # to the last point inside
    trajectory = simulate(
        ions, planes, duration, steps=-(-steps // save) * save, integrator=RK4(), coulomb=False,
        relativistic=True, save=save,
    )  # fmt: skip
    return _judged(trajectory, planes)


def _require_planes(planes: Any) -> None:
    if not isinstance(planes, CrystalPlanes):
        raise InputError(
            f"planes must be CrystalPlanes, got {type(planes).__name__}", parameter="planes"
        )


def _steps(planes: CrystalPlanes, speed: float) -> int:
    """Enough steps for the sharpest turn that the potential allows, and for the bending."""
    potential = planes.potential
    pv = (
        ELECTRON_REST_ENERGY
        / np.sqrt(1 - (speed / SPEED_OF_LIGHT) ** 2)
        * (speed / SPEED_OF_LIGHT) ** 2
    )
    probes = potential.spacing * np.linspace(0.0, 0.5, _PROBES)
    curvature = np.abs(np.asarray(potential.curvature(probes)))
    step = (
        2
        * np.pi
        * np.sqrt(pv)
        * min(1 / (_STEPS * np.sqrt(curvature[0])), 1 / (_SHARP_STEPS * np.sqrt(curvature.max())))
    )
    if planes.period is not None:
        step = min(step, float(planes.period) / _STEPS)
    return int(np.ceil(float(planes.length) / step))


@jax.jit
def _judged(trajectory: Trajectory, planes: CrystalPlanes) -> Channeling:
    assert trajectory.momentum is not None
    momentum = trajectory.momentum / SPEED_OF_LIGHT
    gamma = jnp.sqrt(1 + jnp.sum(momentum**2, axis=-1))
    x, z = trajectory.position[..., 0], trajectory.position[..., 2]
    across = planes.across(x, z)
    potential = planes.potential
    sign = jnp.sign(trajectory.ions.charge)
    angle = momentum[..., 0] / momentum[..., 2] - planes.slope(z)
    energy = sign * potential.energy(across)
    bottom = jnp.where(sign > 0, 0.0, -potential.depth)
    # Channels of negative charges are about the planes.
    number = jnp.round(across / potential.spacing - jnp.where(sign > 0, 0.0, 0.5))
    left = jnp.cumsum(number != number[0], axis=0) > 0
    total = gamma * ELECTRON_REST_ENERGY + energy
    return Channeling(
        trajectory=trajectory,
        depth=jnp.mean(z, axis=1),
        across=across,
        transverse_energy=ELECTRON_REST_ENERGY * (gamma - 1 / gamma) * angle**2 / 2
        + energy
        - bottom,
        channeled=~left,
        fraction=jnp.mean(~left, axis=1),
        energy_error=jnp.max(jnp.where(left, 0.0, jnp.abs(total - total[0]))),
    )
