# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whole files or none: single ones, and the bundle."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from natm_stack.files import MARK, read_text, remove_tree, write, write_bundle
from natm_stack.model.bundle import Bundle, File
from natm_stack.model.secret import Secret, Secrets
from natm_stack.vault import vault

SECRETS = Secrets({}, Secret("a-key-for-tests"))


def bundle(**files: File) -> Bundle:
    """A bundle of these files; `__` in a name stands for a slash."""
    return Bundle({name.replace("__", "/"): file for name, file in files.items()}, {}, {})


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., int]:
    """Write a bundle of these files."""
    return lambda **files: write_bundle(bundle(**files), tmp_path / "bundle", SECRETS)


def listing(folder: Path) -> list[str]:
    """Everything in the bundle's folder but natm's own mark."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.name != MARK)


# --- one file

def test_a_file_is_written_with_its_mode_and_its_folders(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b", b"x", 0o640)
    assert (tmp_path / "a" / "b").read_bytes() == b"x"
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o640


def test_a_secret_file_is_never_open_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    real = Path.chmod

    def watched(path: Path, mode: int) -> None:
        modes.append(path.stat().st_mode & 0o777)
        real(path, mode)

    monkeypatch.setattr(Path, "chmod", watched)
    write(tmp_path / "key", b"x", 0o600)
    assert modes == [0o600]


def test_a_write_that_breaks_off_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a", b"old")

    def full(_path: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")]


def test_a_disk_that_refuses_is_named(refused: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    where = refused("file.unwritable", write, tmp_path / "file" / "a", b"x").where
    assert where == str(tmp_path / "file" / "a")


def test_a_missing_file_has_no_text(tmp_path: Path) -> None:
    assert read_text(tmp_path / "nothing") is None


def test_a_file_that_is_no_text_is_named(refused: Any, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"\xff")
    refused("file.unreadable", read_text, tmp_path / "odd")
    refused("file.unreadable", read_text, tmp_path)


def test_a_folder_that_is_not_there_is_removed_already(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")


# --- the bundle

def test_a_bundle_is_written_whole(put: Any, tmp_path: Path) -> None:
    assert put(a__b=File(b"1"), c=File(b"2", 0o755)) == 2
    folder = tmp_path / "bundle"
    assert listing(folder) == ["a", "a/b", "c"]
    assert (folder / "c").stat().st_mode & 0o777 == 0o755


def test_a_secret_is_written_as_a_vault_file(put: Any, tmp_path: Path) -> None:
    put(key=File(b"hunter2", 0o440, secret=True))
    file = tmp_path / "bundle" / "key"
    assert b"hunter2" not in file.read_bytes() + (tmp_path / "bundle" / MARK).read_bytes()
    assert vault(SECRETS.vault_key).decrypt(file.read_bytes()) == b"hunter2"
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_did_not_change_is_not_touched(put: Any, tmp_path: Path) -> None:
    put(a=File(b"1"), key=File(b"2", secret=True))
    before = {p: (p.stat().st_ino, p.read_bytes()) for p in (tmp_path / "bundle").iterdir()
              if p.name != MARK}
    assert put(a=File(b"1"), key=File(b"2", secret=True)) == 0
    assert before == {p: (p.stat().st_ino, p.read_bytes()) for p in before}


@pytest.mark.parametrize("file", [
    File(b"2"), File(b"1", 0o755), File(b"1", 0o644, secret=True)])
def test_any_change_of_a_file_is_written(put: Any, file: File) -> None:
    put(a=File(b"1"), b=File(b"1"))
    assert put(a=file, b=File(b"1")) == 1


def test_what_somebody_deleted_is_written_again(put: Any, tmp_path: Path) -> None:
    put(a=File(b"1"), b=File(b"2"))
    (tmp_path / "bundle" / "a").unlink()
    assert put(a=File(b"1"), b=File(b"2")) == 1


def test_what_the_bundle_no_longer_has_is_removed_with_its_folders(
    put: Any, tmp_path: Path
) -> None:
    put(a__b__c=File(b"1"), d=File(b"2"))
    (tmp_path / "bundle" / "stray").write_bytes(b"3")
    (tmp_path / "bundle" / "a" / "away").symlink_to("/etc")
    put(d=File(b"2"))
    assert listing(tmp_path / "bundle") == ["d"]
    assert Path("/etc/hostname").parent.is_dir()


def test_a_file_may_become_a_folder(put: Any, tmp_path: Path) -> None:
    put(a=File(b"1"))
    put(a__b=File(b"1"))
    assert listing(tmp_path / "bundle") == ["a", "a/b"]
    put(a=File(b"1"))
    assert listing(tmp_path / "bundle") == ["a"]


def test_a_folder_of_somebody_elses_is_refused(refused: Any, put: Any, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "thesis.odt").write_bytes(b"x")
    refused("bundle.foreign", put, a=File(b"1"))
    assert listing(tmp_path / "bundle") == ["thesis.odt"]


def test_an_empty_folder_is_taken(put: Any, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    assert put(a=File(b"1")) == 1


def test_a_bundle_that_broke_off_is_completed_by_the_next(
    put: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(a=File(b"1"), b=File(b"1"))
    real, count = os.replace, [0]

    def breaks(path: Path, target: Path) -> None:
        count[0] += 1
        if count[0] == 3:
            raise KeyboardInterrupt
        real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", breaks)
        with pytest.raises(KeyboardInterrupt):
            put(a=File(b"2"), b=File(b"2"))
    put(a=File(b"2"), b=File(b"2"))
    assert [(tmp_path / "bundle" / n).read_bytes() for n in "ab"] == [b"2", b"2"]


@pytest.mark.parametrize("mark", ["{", "[]", "null", ""])
def test_a_damaged_mark_only_means_that_all_is_written(
    put: Any, tmp_path: Path, mark: str
) -> None:
    put(a=File(b"1"))
    (tmp_path / "bundle" / MARK).write_text(mark, encoding="utf-8")
    assert put(a=File(b"1")) == 1
