"""The page on the architecture is true: it and its picture name the folders there are, in order."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "fieldwright"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PICTURE = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
FOLDERS = sorted(
    str(path.parent.relative_to(SOURCE))
    for path in [*SOURCE.glob("*/__init__.py"), *SOURCE.glob("*/*/__init__.py")]
)


def listed() -> dict[str, list[str]]:
    """Rooms as the page's table has them, in bold, each with the sub-rooms below it."""
    rooms: dict[str, list[str]] = {}
    for bold, name in re.findall(r"^\| (\*\*)?`(\w+)/`", PAGE, re.MULTILINE):
        if bold:
            rooms[name] = []
        else:
            rooms[list(rooms)[-1]].append(name)
    return rooms


ROOMS = listed()


def test_the_page_names_every_room_and_sub_room() -> None:
    named = [*ROOMS, *(f"{room}/{sub}" for room, subs in ROOMS.items() for sub in subs)]
    assert sorted(named) == FOLDERS
    # no sub-rooms of sub-rooms, but for what the cases of a kind of study find
    assert {found.parent.name for found in SOURCE.glob("*/*/*/__init__.py")} <= {"finds"}


def test_the_page_has_them_in_the_order_that_is_guarded() -> None:
    (house,) = (c["layers"] for c in CONTRACTS if "layers" in c and "containers" not in c)
    upwards = re.findall(r"(?<!\()fieldwright\.([a-z]\w+)", " ".join(reversed(house)))
    assert [name for name in upwards if name in ROOMS] == list(ROOMS)
    own = [c for c in CONTRACTS if "containers" in c]
    guarded = {c["containers"][0].split(".")[1]: c["layers"] for c in own}
    guarded.pop("studies", None)  # its kinds stand side by side
    for room, layers in guarded.items():
        assert ROOMS[room] == [name for name in reversed(layers) if not name.startswith("_")]
    assert set(guarded) == {room for room, subs in ROOMS.items() if subs} - {"studies"}


def test_the_picture_names_the_same() -> None:
    drawn: dict[str, list[str]] = {}
    for sub, name in re.findall(r'class="(sub-)?room"[^>]*>([^<]+)<', PICTURE):
        if sub:
            drawn[list(drawn)[-1]].append(name)
        else:
            drawn[name] = []
    assert list(drawn) == ["cli", *reversed(ROOMS)]
    assert sorted(drawn.pop("studies")) == sorted(ROOMS["studies"])
    assert drawn == {"cli": []} | {room: ROOMS[room] for room in ROOMS if room != "studies"}


def test_what_the_pages_for_developers_name_is_there() -> None:
    for page in (PAGE, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        for name in re.findall(r"`((?:\w+/)*_\w+)\.(?:py|\w+`)", page):
            if "yours" not in name and not name.startswith("tests/"):
                assert (SOURCE / f"{name}.py").exists(), name


def test_a_module_does_not_import_the_room_it_is_public_in() -> None:
    """Import-linter knows circles of neighbours only; this would be one through the room itself.

    Pictures stand apart: no room imports its own.
    """
    for room in ROOMS:
        for path in (SOURCE / room).rglob("_*.py"):
            if path.name == "__init__.py" or path.parent.name == "plots":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == f"fieldwright.{room}":
                    public = [name.name for name in node.names if not name.name.startswith("_")]
                    assert not public, f"{path.relative_to(SOURCE)}: {public}"
