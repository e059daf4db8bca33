"""What the whole suite shares: the CPU, quiet plots, and the same random examples every time."""

from __future__ import annotations

import os

# Before anything imports JAX or matplotlib; the commands that tests start inherit it.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["MPLBACKEND"] = "agg"

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "fieldwright",
    derandomize=True,  # a failure is a failure on every machine, and on every run
    deadline=None,  # the first example compiles
    database=None,
    max_examples=25,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("fieldwright")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compiled code and fonts of the commands that tests start, apart from the user's own."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
