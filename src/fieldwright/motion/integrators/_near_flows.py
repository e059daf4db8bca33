"""The linear field's motion to any time within a flow, for the near steps of `NearFar`."""

from __future__ import annotations

from math import factorial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from fieldwright.motion.integrators._flow import flow_matrices, rate, substeps_for
from fieldwright.sources import LinearField


class Plan(eqx.Module):
    """How many terms the series need, and substeps their matrices."""

    terms: int = eqx.field(static=True)
    substeps: np.ndarray


class Flows(eqx.Module):
    """Motion within the flows of a step, by Chebyshev series in time.

    `series` (flows, terms, s, 6, 10) holds the matrices (6, 7) from the beginning of each flow to a
    time in it, and the columns (6, 3) that carry a kick of velocity from then back to the
    beginning; `whole` (s, 6, 7) is the motion over the step.
    """

    series: jax.Array
    whole: jax.Array


def flow_plan(field: LinearField, charge_to_mass: jax.Array, nodes: np.ndarray, h: float) -> Plan:
    """What flows between `nodes` (parts of a step of h [s]) need; outside `jit` only."""
    largest = float(np.max(np.abs(np.asarray(charge_to_mass))))
    angle = float(rate(field, largest)) * float(np.max(np.diff(nodes))) * h / 4
    # The series' terms are about angle^k / k!. Eights of them, so that programs serve many steps.
    terms = next(k for k in range(8, 1000, 8) if k > angle and angle**k < 1e-17 * factorial(k))
    return Plan(terms, np.asarray(substeps_for(field, charge_to_mass, h)))


def flows_at(
    field: LinearField,
    charge_to_mass: jax.Array,
    nodes: np.ndarray,
    times: jax.Array,
    h: jax.Array,
    plan: Plan,
) -> Flows:
    """The flows between `nodes` of steps of h [s] that begin at times (b,) [s]; leading axis b."""
    angles = np.pi * (np.arange(plan.terms) + 0.5) / plan.terms
    weights = np.cos(np.arange(plan.terms)[:, None] * angles) * 2 / plan.terms
    weights[0] /= 2
    within = nodes[:-1, None] + np.diff(nodes)[:, None] * (np.cos(angles) + 1) / 2
    begun = np.broadcast_to(nodes[:-1, None], within.shape)

    flows = within.size
    starts = np.concatenate([begun.ravel(), within.ravel(), [0.0]])
    stops = np.concatenate([within.ravel(), begun.ravel(), [1.0]])
    first, last = (jnp.ravel(times[:, None] + h * part) for part in (starts, stops))
    matrices = flow_matrices(field, charge_to_mass, first, last, plan.substeps)
    matrices = matrices.reshape(len(times), -1, *matrices.shape[1:])[..., :6, :]
    both = jnp.concatenate([matrices[:, :flows], matrices[:, flows:-1, ..., 3:6]], axis=-1)
    both = both.reshape(len(times), *within.shape, *both.shape[2:])
    series = jnp.einsum("kt,bftsij->bfksij", jnp.asarray(weights), both)
    return Flows(series, matrices[:, -1])


def at(series: jax.Array, s: jax.Array) -> jax.Array:
    """The series (terms, ...) of one flow at parts s (m,) of it: (m, ...)."""
    angle = jnp.arccos(jnp.clip(2 * s - 1, -1.0, 1.0))
    basis = jnp.cos(angle[:, None] * jnp.arange(len(series)))
    return (basis @ series.reshape(len(series), -1)).reshape(len(s), *series.shape[1:])


def apply(species: jax.Array, matrices: jax.Array, state: jax.Array) -> jax.Array:
    """What matrices (s, k, 7 or more) of each species make of (r, v, 1): (k, n)."""
    if len(matrices) == 1:
        return matrices[0, :, :6] @ state + matrices[0, :, 6:7]
    own = matrices[species]
    return jnp.einsum("nij,jn->in", own[:, :, :6], state) + own[:, :, 6].T


def back(species: jax.Array, matrices: jax.Array, kick: jax.Array) -> jax.Array:
    """What kicks (3, n) of velocity are at the beginning of the flow: (6, n)."""
    if len(matrices) == 1:
        return matrices[0, :, 7:] @ kick
    return jnp.einsum("nij,jn->in", matrices[species][:, :, 7:], kick)
