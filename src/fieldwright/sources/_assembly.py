"""Several sources as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax

from fieldwright.errors import InputError
from fieldwright.sources._linear import LinearField
from fieldwright.sources._source import Source, fields_of, linear_of, to_local


def _members(sources: Any) -> tuple[Source, ...]:
    if not isinstance(sources, Sequence) or not sources:
        raise InputError("an Assembly takes a list of one source or more", parameter="sources")
    for member in sources:
        if not isinstance(member, Source):
            raise InputError(
                f"an Assembly takes sources, got {type(member).__name__}", parameter="sources"
            )
    return tuple(sources)


class Assembly(Source):
    """Sources that move as one; their positions and rotations are in the assembly's frame.

    Args:
        sources: the members, any of `fieldwright.sources`, assemblies too.
        position: origin (3,) of the assembly's frame [m].
        rotation: rotation vector (3,) [rad].

    Raises:
        InputError: no members, or one that is no source.

    >>> from fieldwright.sources import Assembly, CylinderMagnet
    >>> def magnet(M, z):
    ...     return CylinderMagnet(radius=5e-3, length=0.01, magnetization=M, position=[0, 0, z])
    >>> pair = Assembly([magnet(8.78e5, 0.0), magnet(-8.78e5, 0.0652)])
    >>> print(f"{pair.B([0.0, 0.0, 0.0326])[2]:.6f} T")
    0.000000 T
    """

    sources: tuple[Source, ...] = eqx.field(converter=_members)

    def _local_E(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return sum(
            (fields_of(member, points, time)[0] for member in self.sources[1:]),
            start=fields_of(self.sources[0], points, time)[0],
        )

    def _local_B(self, points: jax.Array, time: jax.Array) -> jax.Array:
        return sum(
            (fields_of(member, points, time)[1] for member in self.sources[1:]),
            start=fields_of(self.sources[0], points, time)[1],
        )

    @property
    def _limited(self) -> bool:
        return any(member._limited for member in self.sources)

    def _require_inside(self, points: jax.Array) -> None:
        for member in self.sources:
            if member._limited:
                member._require_inside(to_local(member, points))

    def _linear(self) -> LinearField | None:
        parts = [linear_of(member) for member in self.sources]
        return sum((part for part in parts if part), start=LinearField.static())

    def _rest(self) -> Source | None:
        left = [rest for rest in (member._rest() for member in self.sources) if rest is not None]
        if not left:
            return None
        return Assembly(tuple(left), position=self.position, rotation=self.rotation)
