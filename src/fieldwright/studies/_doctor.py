"""Whether this machine computes right: versions, device, and a sum that a bad JAX gets wrong."""

from __future__ import annotations

import platform
from typing import Any

#: jax 0.10.2 and 0.11.0 went wrong on the CPU beyond 16384 rows (jax-ml/jax#39103).
ROWS = (16385, 24000, 32768)


def arithmetic_error(rows: int) -> float:
    """Largest relative error of `sum((R @ r)**2)` under `vmap` and `jit`, against NumPy.

    One matrix R (3, 3) turns `rows` vectors r (3,). Sound arithmetic stays at 1e-15; where the
    fault of jax-ml/jax#39103 is, the last rows are wrong altogether.

    >>> arithmetic_error(16385) < 1e-12
    True
    """
    import jax
    import numpy as np

    from .. import sources  # noqa: F401  (switches JAX to 64 bit)

    rng = np.random.default_rng(rows)
    matrix, vectors = rng.normal(size=(3, 3)), rng.normal(size=(rows, 3))
    many = jax.jit(jax.vmap(lambda R, r: ((R @ r) ** 2).sum(), in_axes=(None, 0)))
    expected = ((vectors @ matrix.T) ** 2).sum(axis=1)
    return float(np.max(np.abs(np.asarray(many(matrix, vectors)) - expected) / expected))


def examine() -> dict[str, Any]:
    """What `fieldwright doctor` reports; `healthy` says whether all is well."""
    import jax

    from ._run import versions

    errors = {rows: arithmetic_error(rows) for rows in ROWS}
    x64 = bool(jax.config.jax_enable_x64)  # type: ignore[attr-defined]
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions(),
        "devices": [f"{device.platform} ({device.device_kind})" for device in jax.devices()],
        "x64": x64,
        "arithmetic": {str(rows): error for rows, error in errors.items()},
        "healthy": x64 and all(error < 1e-12 for error in errors.values()),
    }
