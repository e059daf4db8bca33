"""Splittings of a step into flows and kicks at the nodes of Gauss and Lobatto's rule."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Scheme(NamedTuple):
    """Kicks in a step of length one; each field is read at x + shift h^2 a(x), a acceleration."""

    nodes: np.ndarray
    kicks: np.ndarray
    shifts: np.ndarray


def lobatto(flows: int) -> Scheme:
    """Kicks by Gauss and Lobatto's rule, of fourth order in all and a higher one in weak kicks.

    `flows` is even; there is one kick more. J. Laskar and P. Robutel, Celest. Mech. Dyn. Astron.
    80, 39 (2001), their schemes SBAB. The error of second order is taken out by the middle kick:
    S. A. Chin, Phys. Lett. A 226, 344 (1997), here by reading the field downhill, as I. P. Omelyan,
    Phys. Rev. E 74, 036703 (2006).
    """
    legendre = np.polynomial.legendre.Legendre.basis(flows)
    x = np.array([-1.0, *np.sort(legendre.deriv().roots().real), 1.0])
    t = (x + 1) / 2
    b = 1 / (flows * (flows + 1) * legendre(x) ** 2)
    # What kicks in a field proportional to position add to later ones; 1/6 would be exact.
    later = np.sum(np.triu(b[:, None] * b * (t - t[:, None])))
    shifts = np.zeros(flows + 1)
    shifts[flows // 2] = (1 / 6 - later) / b[flows // 2]
    return Scheme(t, b, shifts)
