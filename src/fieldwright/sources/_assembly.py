"""Several sources as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax

from fieldwright.errors import InputError
from fieldwright.sources._source import Source, field_of


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

    def _local_B(self, points: jax.Array) -> jax.Array:
        return sum(
            (field_of(member, points) for member in self.sources[1:]),
            start=field_of(self.sources[0], points),
        )
