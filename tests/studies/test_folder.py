"""Results appear whole or not at all."""

from __future__ import annotations

import errno

import pytest

from fieldwright.errors import InputError
from fieldwright.studies._folder import whole_folder


def fill(folder, text="new"):
    (folder / "results.json").write_text(text, encoding="utf-8")


def names(path):
    return sorted(child.name for child in path.iterdir())


def test_the_folder_takes_its_name_at_the_end(tmp_path):
    target = tmp_path / "deep" / "out"
    with whole_folder(target) as partial:
        assert not target.exists()
        assert partial.parent == target.parent
        fill(partial)
    assert names(target) == ["results.json"]
    assert names(tmp_path / "deep") == ["out"]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("failure", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_whatever_ends_it_early_leaves_nothing_new(tmp_path, failure, force):
    target = tmp_path / "out"
    if force:
        target.mkdir()
        fill(target, "old")
    with pytest.raises(type(failure)), whole_folder(target, force) as partial:
        fill(partial)
        raise failure
    assert names(tmp_path) == (["out"] if force else [])
    if force:
        assert (target / "results.json").read_text() == "old"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_will_not_take_it(tmp_path, number):
    target = tmp_path / "out"
    with (
        pytest.raises(InputError, match="says no; nothing") as caught,
        whole_folder(target) as part,
    ):
        fill(part)
        raise OSError(number, "the disk says no")
    assert "cannot be written" in str(caught.value)
    assert caught.value.exit_code == 3
    assert names(tmp_path) == []


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is not a folder"), whole_folder(tmp_path / "file" / "o"):
        pytest.fail("must not begin")
    assert names(tmp_path) == ["file"]


def test_an_existing_folder_is_kept(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(InputError, match=r"exists already; .*--force"), whole_folder(target):
        pytest.fail("must not begin")


def test_force_replaces_results(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    fill(target, "old")
    (target / "figures").mkdir()
    with whole_folder(target, force=True) as partial:
        fill(partial)
        assert (target / "results.json").read_text() == "old"
    assert (target / "results.json").read_text() == "new"
    assert names(target) == ["results.json"]
    assert names(tmp_path) == ["out"]


def test_force_replaces_nothing_else(tmp_path):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.tex").write_text("x")
    with pytest.raises(InputError, match=r"holds no results.json"), whole_folder(target, True):
        pytest.fail("must not begin")
    file = target / "chapter.tex"
    with pytest.raises(InputError, match="is not a folder"), whole_folder(file, True):
        pytest.fail("must not begin")
    assert names(target) == ["chapter.tex"]


def test_one_that_appears_meanwhile_is_kept(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(InputError, match="exists already"), whole_folder(target) as partial:
        fill(partial)
        target.mkdir()
        fill(target, "other")
    assert (target / "results.json").read_text() == "other"
    assert names(tmp_path) == ["out"]
