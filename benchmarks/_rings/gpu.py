"""The same where JAX sees a GPU; nothing elsewhere."""

from __future__ import annotations

from typing import Any

import jax
from _rings.analysis import batch
from _rings.case import beam, ring
from _rings.tracking import best_of, ours

SIZES = (10_000, 100_000, 1_000_000)


def measure(machines: int, rounds: int) -> dict[str, Any] | None:
    """The GPU's name, particle-turns per second at SIZES, and rows of `batch`."""
    if jax.default_backend() != "gpu":
        return None
    rates, compiling = [], []
    for size in SIZES:
        best, first, _ = best_of(ours(ring(), beam(size)), 2.0, rounds)
        rates.append(size * best)
        compiling.append(first)
    rows = [row for row in batch(machines, rounds) if row[0] == "ours"]
    return {"device": jax.devices()[0].device_kind, "rates": rates, "compiling": compiling,
            "batch": rows}  # fmt: skip
