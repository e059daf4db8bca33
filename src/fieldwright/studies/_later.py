"""Modules that are imported when first used: a file can be checked without waiting for JAX."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Later:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


def later(*names: str) -> tuple[Any, ...]:
    """Stand-ins for modules, for the branch that a type checker does not read.

    >>> (m,) = later("math")
    >>> m.sqrt(4.0)
    2.0
    """
    return tuple(_Later(name) for name in names)
