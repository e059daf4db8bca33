"""The house as a whole: its layers, how light it starts, that everything public is explained."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import fieldwright

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "fieldwright"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = [name for name in fieldwright.__all__ if name != "__version__"]
HEAVY = ["jax", "equinox", "scipy", "matplotlib", "xarray", "pydantic", "numpy"]


def public_names() -> list[tuple[str, str]]:
    rooms = [importlib.import_module(f"fieldwright.{room}") for room in ROOMS]
    return [(room.__name__, name) for room in rooms for name in getattr(room, "__all__", [])]


def test_version_is_one() -> None:
    assert fieldwright.__version__ == PROJECT["project"]["version"]
    assert f"[{fieldwright.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_room_has_its_layer() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = (c["layers"] for c in contracts if "layers" in c and "containers" not in c)
    named = set(re.findall(r"fieldwright\.(\w+)", " ".join(layers)))
    rooms = {found.name for found in pkgutil.iter_modules(fieldwright.__path__)} - {"__main__"}
    assert rooms <= named
    # A layer in brackets is a room not built yet; every other one must be there.
    built = set(re.findall(r"(?<!\()fieldwright\.(\w+)", " ".join(layers)))
    assert built <= rooms


def test_rooms_of_the_package_are_those_in_its_folder() -> None:
    found = {found.name for found in pkgutil.iter_modules(fieldwright.__path__)}
    assert set(ROOMS) == {name for name in found if not name.startswith("_")} - {"cli"}
    for room in ROOMS:
        assert getattr(fieldwright, room).__name__ == f"fieldwright.{room}"
    with pytest.raises(AttributeError, match="nowhere"):
        fieldwright.nowhere  # noqa: B018


@pytest.mark.parametrize("module", ["fieldwright", "fieldwright.cli", "fieldwright.units"])
def test_starts_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("room", ["sources", "forces", "motion", "rings", "light"])
def test_physics_does_not_wait_for_plots_and_tables(room: str) -> None:
    heavy = "{'matplotlib', 'xarray', 'scipy.optimize'} & set(sys.modules)"
    code = f"import sys, fieldwright.{room}; print(*{heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_64_bit_is_on() -> None:
    code = "import fieldwright.sources, jax.numpy as jnp; print(jnp.ones(1).dtype)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "float64"


@pytest.mark.parametrize(("room", "name"), public_names())
def test_public_names_are_explained_with_an_example(room: str, name: str) -> None:
    thing = getattr(importlib.import_module(room), name)
    text = inspect.getdoc(thing) or ""
    assert not callable(thing) or text.strip(), f"{room}.{name} has no docstring"
    assert not _needs_example(thing) or ">>>" in text, f"{room}.{name} has no example"


def _needs_example(thing: object) -> bool:
    """Functions, and classes that users make; not abstract ones, nor what functions return."""
    if not inspect.isclass(thing):
        return callable(thing)
    made = thing.__module__.startswith(("fieldwright.sources", "fieldwright.forces"))
    first = (inspect.getdoc(thing) or "").partition("\n")[0]
    return made and not inspect.isabstract(thing) and "what `" not in first


MODULES = {str(path.relative_to(SOURCE)): path for path in sorted(SOURCE.rglob("*.py"))}


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is_for(name: str) -> None:
    assert MODULES[name].read_text(encoding="utf-8").startswith('"""')


def project_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines()]
    return [path for folder in ("src", "tests", "docs") for path in (ROOT / folder).rglob("*.*")]


def test_nothing_names_a_place_on_somebodys_disk() -> None:
    # Taken apart, so that this file does not find itself.
    folders = "|".join(["home", "Users", "tmp", "work", "mnt"])
    place = re.compile(rf"(?<![\w.:/}}~])/({folders})/\w|\.\./s" r"hared\b")
    texts = {".py", ".md", ".toml", ".yaml", ".yml", ".json", ".css", ""}
    for path in project_files():
        if path.is_file() and path.suffix in texts:
            hit = place.search(path.read_text(encoding="utf-8"))
            assert not hit, f"{path.relative_to(ROOT)} names {hit and hit.group()!r}"


@pytest.mark.slow
def test_the_wheel_carries_every_file_of_the_package(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", tmp_path, ROOT], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("fieldwright-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if "dist-info" not in name}
    present = {
        str(path.relative_to(SOURCE.parent))
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert carried == present
