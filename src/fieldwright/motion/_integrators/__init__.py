"""Integrators, one interface: a step from one time to the next."""

from __future__ import annotations

from fieldwright.motion._integrators._base import Integrator, Motion
from fieldwright.motion._integrators._boris import Boris, HigueraCary
from fieldwright.motion._integrators._dopri8 import Dopri8
from fieldwright.motion._integrators._exact_flow import Cyclotronic, ExactFlow, Propagator
from fieldwright.motion._integrators._near_far import NearFar
from fieldwright.motion._integrators._runge_kutta import RK4, Euler

__all__ = [
    "RK4",
    "Boris",
    "Cyclotronic",
    "Dopri8",
    "Euler",
    "ExactFlow",
    "HigueraCary",
    "Integrator",
    "Motion",
    "NearFar",
    "Propagator",
]
