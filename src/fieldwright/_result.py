"""What all results share: they print their numbers, and turn into xarray datasets."""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import numpy as np


def quantity(unit: str, long_name: str) -> Any:
    """A result's field that holds numbers in `unit`."""
    return eqx.field(metadata={"unit": unit, "long_name": long_name})


class Result(eqx.Module):
    """A frozen set of quantities, each an array with a unit."""

    def to_xarray(self) -> Any:
        """The quantities as an `xarray.Dataset` with `units` and `long_name` on each."""
        import xarray as xr

        return xr.Dataset(
            {
                field.name: xr.Variable(
                    [f"{field.name}_{axis}" for axis in range(np.ndim(value))],
                    np.asarray(value),
                    {"units": field.metadata["unit"], "long_name": field.metadata["long_name"]},
                )
                for field, value in self._quantities()
            }
        )

    def __repr__(self) -> str:
        lines = [
            f"    {field.name} = {np.array2string(np.asarray(value), precision=10)} "
            f"{field.metadata['unit']}"
            for field, value in self._quantities()
        ]
        return f"{type(self).__name__}(\n" + ",\n".join(lines) + "\n)"

    def _quantities(self) -> list[tuple[dataclasses.Field[Any], Any]]:
        return [
            (field, getattr(self, field.name))
            for field in dataclasses.fields(self)
            if "unit" in field.metadata
        ]
