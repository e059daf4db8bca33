"""How many programs JAX compiles while something runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax

_EVENT = "/jax/core/compile/backend_compile_duration"


@contextmanager
def compilations() -> Iterator[list[tuple[str, float]]]:
    """The programs that are compiled within the block: the name of each, and how long it took [s].

    >>> with compilations() as programs:
    ...     ...
    >>> assert not programs
    """
    found: list[tuple[str, float]] = []

    def listen(event: str, duration: float, **metadata: object) -> None:
        if event == _EVENT:
            found.append((str(metadata.get("fun_name", "?")), duration))

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield found
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
