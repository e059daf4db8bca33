"""Every example in the documentation, the README and the docstrings runs and says what it says.

On a page, all Python blocks share one namespace and all blocks share one folder. A block titled
`yaml title="actuator.yaml"` is a file in it; a `console` block is typed there, line by line after
each `$`, and what is shown is compared with what comes out.
"""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import fieldwright

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = [
    fieldwright.__name__,
    *(found.name for found in pkgutil.walk_packages(fieldwright.__path__, "fieldwright.")),
]
UNCHECKED = {"text"}  # pictures made of letters; everything else is run, written or looked up

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?P<options>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A fenced block: its language, the file it is (if it says so), its text, its first line."""

    language: str
    title: str | None
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    for match in _FENCE.finditer(page):
        title = re.search(r'title="([^"]+)"', match["options"])
        text = re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        line = page.count("\n", 0, match.start()) + 1
        yield Block(match["language"], title[1] if title else None, text, line)


def run_examples(examples: doctest.DocTest) -> None:
    heard: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    failed, _ = runner.run(examples, out=heard.append, clear_globs=False)
    assert not failed, "\n" + "".join(heard)


def run_python(block: Block, names: dict[str, Any], page: Path) -> None:
    if ">>>" not in block.text:
        exec(compile("\n" * block.line + block.text, str(page), "exec"), names)
        return
    examples = doctest.DocTestParser().get_doctest(block.text, {}, page.name, str(page), block.line)
    examples.globs = names
    run_examples(examples)


def run_console(block: Block, folder: Path, shell: dict[str, str]) -> None:
    pieces = [p.partition("\n") for p in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]]
    code = 0
    for (command, _, shown), following in zip(pieces, [*pieces[1:], ("", "", "")], strict=True):
        where = f"line {block.line}: {command}\n"
        if command == "echo $?":
            assert shown.strip() == str(code), f"{where}exit code {code}"
            continue
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=shell, capture_output=True, text=True
        )
        code = done.returncode
        assert code == 0 or following[0] == "echo $?", where + done.stderr
        said = done.stdout if code == 0 else done.stderr
        if shown.strip():
            alike = doctest.OutputChecker().check_output(shown, said, FLAGS)
            assert alike, f"{where}shown:\n{shown}\nsaid:\n{said}"


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def check_shell(block: Block) -> None:
    for target in re.findall(r"^make ([a-z]+)", block.text, re.MULTILINE):
        assert target in make_targets(), f"line {block.line}: there is no `make {target}`"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `fieldwright` is the one under test."""
    commands = tmp_path_factory.mktemp("bin")
    command = commands / "fieldwright"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m fieldwright "$@"\n')
    command.chmod(0o755)
    return os.environ | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(
    page: Path, tmp_path: Path, shell: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            run_python(block, names, page)
        elif block.language == "console":
            run_console(block, tmp_path, shell)
        elif block.language == "sh":
            check_shell(block)
        else:
            assert block.language in UNCHECKED, f"line {block.line}: a {block.language!r} block"


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for examples in doctest.DocTestFinder().find(importlib.import_module(name)):
        run_examples(examples)


def test_a_wrong_example_is_noticed(tmp_path: Path, shell: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="Expected"):
        run_python(Block("python", None, ">>> 1 + 1\n3\n", 1), {}, Path("page.md"))
    with pytest.raises(AssertionError, match="said"):
        run_console(Block("console", None, "$ fieldwright --version\n2\n", 1), tmp_path, shell)
    with pytest.raises(AssertionError, match="no-such"):
        run_console(Block("console", None, "$ fieldwright no-such\n", 1), tmp_path, shell)
    with pytest.raises(AssertionError, match="no `make tea`"):
        check_shell(Block("sh", None, "make tea\n", 1))


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
