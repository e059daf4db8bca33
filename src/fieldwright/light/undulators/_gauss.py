"""Gauss-Legendre quadrature, and integrals from the left end to each of its nodes."""

from __future__ import annotations

import functools

import numpy as np
from numpy.polynomial import legendre


@functools.cache
def gauss_nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (count,) on the interval from 0 to 1."""
    nodes, slope = _roots(count)
    return (1 - nodes) / 2, 1 / ((1 - nodes**2) * slope**2)


@functools.cache
def running_integral(count: int) -> np.ndarray:
    """(count, count) that takes values at the nodes to integrals from 0 to each node.

    The polynomial through the values is integrated term by term: P_n integrates to
    (P_(n+1) - P_(n-1)) / (2 n + 1).
    """
    nodes, weights = gauss_nodes(count)
    nodes, weights = 2 * nodes - 1, 2 * weights
    values = legendre.legvander(nodes, count)
    degree = np.arange(count)
    to_series = (degree + 0.5)[:, None] * values[:, :count].T * weights
    below = np.concatenate([-np.ones((count, 1)), values[:, : count - 1]], axis=1)
    integrals = (values[:, 1:] - below) / (2 * degree + 1)
    return integrals @ to_series / 2


def nodes_for(cycles: float, smooth: int = 28) -> int:
    """How many nodes integrate `cycles` oscillations and something smooth to rounding.

    Rounded up to 2^k or 1.5 2^k, so that few numbers of nodes are met, each compiled once.
    """
    wanted = smooth + 1.9 * cycles + 3 * cycles ** (1 / 3)
    power = 2 ** int(np.ceil(np.log2(wanted)))
    return 3 * power // 4 if 3 * power // 4 >= wanted else power


def _roots(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Roots of P_n, falling, and P_n' there, by Newton's method: cheaper than eigenvalues."""
    x = np.cos(np.pi * (np.arange(count) + 0.75) / (count + 0.5))
    for _ in range(6):
        before, value = np.ones(count), x
        for n in range(1, count):
            before, value = value, ((2 * n + 1) * x * value - n * before) / (n + 1)
        slope = count * (before - x * value) / (1 - x**2)
        x = x - value / slope
    return x, slope
