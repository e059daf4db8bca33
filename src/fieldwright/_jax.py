"""Switches JAX to 64-bit; every room that computes imports it before anything else."""

from __future__ import annotations

import jax

jax.config.update("jax_enable_x64", True)
