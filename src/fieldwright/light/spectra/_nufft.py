"""Sums of waves: sum_j w_j exp(i omega_k s_j), by the fastest way that is at hand.

On processors FINUFFT (Barnett, Magland, af Klinteberg 2019) through `jax-finufft`, which was the
fastest of three when measured (docs: theory of light). On GPUs, and where it is not installed, a
product of matrices: exp(i (a + b) s) is a product of two, so that frequencies in equal steps take
few exponentials.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

import jax
import jax.numpy as jnp

#: What FINUFFT is asked for, over the largest sum of weights; ten times less takes 5 % longer.
PRECISION = 1e-12
#: The same where light is lost, which takes many sums: they take two thirds of the time.
LOSSY = 1e-10

_BLOCK = 32  # frequencies whose waves are made at once
_FEW = 4  # frequencies for which making them takes less than a transform


@lru_cache
def has_library() -> bool:
    """Whether transforms go through FINUFFT: on processors, where it is installed."""
    return jax.default_backend() == "cpu" and find_spec("jax_finufft") is not None


def even_sum(weights: jax.Array, place: jax.Array, first: jax.Array, step: jax.Array, count: int,
             library: bool) -> jax.Array:  # fmt: skip
    """The sum (c, count) of weights (c, n) at places (n,), frequencies first, first + step, ..."""
    if not library:
        return _products(weights, place, first, step, count)
    from jax_finufft import nufft1

    turned = weights * jnp.exp(1j * place * (first + step * (count // 2)))
    return nufft1(count, turned, place * step, iflag=1, eps=PRECISION)


def any_sum(
    weights: jax.Array, places: tuple[jax.Array, ...], frequencies: tuple[jax.Array, ...],
    library: bool, precision: float = PRECISION,
) -> jax.Array:  # fmt: skip
    """The sum (c, e) of weights (c, n) over waves in one or two dimensions, of any frequencies.

    Without the library there may be more dimensions, and waves that weaken: complex frequencies.
    """
    if not library or len(frequencies[0]) <= _FEW:
        return _waves(weights, places, frequencies)
    from jax_finufft import nufft3

    return nufft3(weights.astype(complex), *places, *frequencies, iflag=1, eps=precision)


def _products(
    weights: jax.Array, place: jax.Array, first: jax.Array, step: jax.Array, count: int
) -> jax.Array:
    """As a product of matrices: frequency = first + step (coarse width + fine)."""
    width = max(1, min(_BLOCK, count))
    blocks = -(-count // width)
    fine = jnp.exp(1j * place[:, None] * (step * jnp.arange(width)))
    coarse = jnp.exp(1j * place * (first + step * width * jnp.arange(blocks))[:, None])
    rows = (weights[:, None] * coarse).reshape(-1, len(place))
    return (rows @ fine).reshape(len(weights), -1)[:, :count]


@jax.jit
def _waves(
    weights: jax.Array, places: tuple[jax.Array, ...], frequencies: tuple[jax.Array, ...]
) -> jax.Array:
    """Directly, a block of frequencies at a time."""
    count = len(frequencies[0])
    width = min(_BLOCK, count)
    blocks = -(-count // width)
    padded = jnp.stack([jnp.pad(f, (0, blocks * width - count)) for f in frequencies])
    groups = padded.reshape(len(frequencies), blocks, width).transpose(1, 0, 2)

    def one(group: jax.Array) -> jax.Array:
        phase = sum(place[:, None] * f for place, f in zip(places, group, strict=True))
        return weights @ jnp.exp(1j * jnp.asarray(phase))

    found = jax.lax.map(one, groups)
    return found.transpose(1, 0, 2).reshape(len(weights), -1)[:, :count]
