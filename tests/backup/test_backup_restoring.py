# SPDX-License-Identifier: AGPL-3.0-or-later
"""Restores: all as it was saved, or all as it was before."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import DUMP, UID, Server, temporary_server

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def backed_up(repository: Path) -> Iterator[Server]:
    """A server with one whole backup, which nothing happens to."""
    with temporary_server(repository) as server:
        server.good("backup")
        yield server


@pytest.fixture
def saved(server: Server, backed_up: Server) -> Server:
    """A server with the same backup, on which much has happened since."""
    shutil.rmtree(server.own / "repository")
    shutil.copytree(backed_up.own / "repository", server.own / "repository")
    shutil.copy(backed_up.own / "state.json", server.own / "state.json")
    box = server.root / "data" / "files" / "box"
    shutil.rmtree(box / "home")
    (box / "new").write_text("written since")
    (box / "chat.sqlite").unlink()
    (server.root / "data" / "wiki" / "database" / "ibdata").write_text("broken")
    return server


def box_of(server: Server) -> Path:
    """The folder with what people wrote."""
    return server.root / "data" / "files" / "box"


def look(server: Server) -> dict[str, tuple[int, int, bytes]]:
    """All data, to the byte."""
    return {str(p.relative_to(server.root)): (
        p.lstat().st_mode, p.lstat().st_uid,
        p.read_bytes() if p.is_file() and not p.is_symlink() else b"")
        for p in sorted((server.root / "data").rglob("*")) if ".backup" not in p.parts}


def test_everything_comes_back_and_what_was_there_is_kept(saved: Server) -> None:
    result = saved.good("restore")
    assert list(result["platforms"]) == ["files", "wiki"]
    assert result["failed"] == {}
    assert [one["differs"] for one in result["platforms"].values()] == [[], []]
    box = box_of(saved)
    assert (box / "home" / "amina" / "letter.txt").read_text() == "dear all"
    assert (box / "home" / "amina" / "letter.txt").stat().st_uid == UID
    assert not (box / "new").exists()
    with sqlite3.connect(box / "chat.sqlite") as database:
        assert database.execute("SELECT * FROM said").fetchall() == [("hello",)]
    assert (saved.world / "loaded").read_text() == DUMP
    # The database's raw files were not restored: it began anew and took its dump.
    assert list((saved.root / "data" / "wiki" / "database").iterdir()) == []
    kinds = [one["kind"] for one in saved.good("list")["snapshots"]]
    assert kinds == ["whole", "before-restore"]
    saved.good("restore", run=result["before"], only=["files"], save=False)
    assert (box_of(saved) / "new").read_text() == "written since"
    assert not (saved.own / "restoring").exists()
    assert [name for name in saved.left() if name != "before"] == []


def test_services_stand_while_their_data_are_replaced(saved: Server) -> None:
    saved.good("restore", only=["wiki"], save=False)
    words = [[w for w in line[1:] if not w.startswith("-")] for line in saved.diary]
    order = [w[1] for w in words if w[0] == "compose"]
    assert order == ["stop", "up", "exec", "up"]
    assert (box_of(saved) / "new").exists()  # nobody asked for the other one


def test_a_failing_platform_gets_back_what_it_had_and_stops_no_other(saved: Server) -> None:
    before = look(saved)
    saved.change("world.json", compose={"exec": "ERROR 1064 at line 2"})
    result = saved.good("restore", save=False)
    assert list(result["failed"]) == ["wiki"]
    assert list(result["platforms"]) == ["files"]
    after = look(saved)
    assert after["data/wiki/database/ibdata"] == before["data/wiki/database/ibdata"]
    assert (box_of(saved) / "home").exists()


def test_a_database_that_says_something_else_afterwards_is_no_restore(saved: Server) -> None:
    saved.change("world.json", programs={"/dump": {"out": DUMP.replace("two", "three")}})
    result = saved.good("restore", only=["wiki"], save=False)
    assert "otherwise than it was saved" in result["failed"]["wiki"]["text"]
    assert (saved.root / "data" / "wiki" / "database" / "ibdata").read_text() == "broken"


def test_killed_in_the_middle_of_a_switch_the_next_command_puts_back(saved: Server) -> None:
    before = look(saved)
    saved.change("world.json", stop=4)
    saved.kill_during("restore", lambda: (saved.own / "restoring" / "files.json").exists(),
                      signal.SIGKILL, save=False)
    saved.change("world.json", stop=0)
    time.sleep(0.1)
    # As if it had got as far as the second rename.
    kept = saved.root / "data" / ".backup" / "before" / "files"
    kept.mkdir(parents=True, exist_ok=True)
    box_of(saved).rename(kept / "box")
    box_of(saved).mkdir()
    (box_of(saved) / "half").write_text("of something")
    assert "files" in saved.good("recover")["platforms"]
    assert look(saved) == before
    assert saved.good("recover") == {"platforms": [], "upgrades": []}
    result = saved.good("restore", save=False)
    assert result["failed"] == {}
    assert (box_of(saved) / "home").exists()


@pytest.mark.parametrize(("change", "code"), [
    ({"stack": "another"}, "restore.other-stack"), ({"domain": "x.test"}, "restore.other-stack"),
])
def test_a_snapshot_of_another_stack_is_refused(
    saved: Server, change: dict[str, str], code: str
) -> None:
    before = look(saved)
    # The host's name must be ours for it to be listed at all: here it is forged.
    tree = saved.root / "forged"
    saved.restic("restore", "latest", "--target", str(tree))
    manifest = json.loads((tree / "manifest.json").read_text())
    (tree / "manifest.json").write_text(json.dumps({**manifest, **change}))
    forge(saved, tree, "run=forged")
    assert saved.ask("restore", run="forged", save=False)["code"] == code
    assert look(saved) == before


def forge(server: Server, tree: Path, *tags: str) -> None:
    """A snapshot that our program did not make."""
    words = [word for tag in (*tags, "at=2030-01-01T00:00:00Z", "kind=whole", "files=1.0")
             for word in ("--tag", tag)]
    subprocess.run(
        ["restic", "--no-cache", "--repo", server.own / "repository", "--password-file",
         server.own / "key", "backup", "--host", "commons", *words, *sorted(os.listdir(tree))],  # noqa: PTH208
        cwd=tree, check=True, capture_output=True)


def link_out(tree: Path, _manifest: dict[str, Any]) -> None:
    """The folder is a link to the server's own."""
    shutil.rmtree(tree / "platforms" / "files" / "files" / "box")
    (tree / "platforms" / "files" / "files" / "box").symlink_to("/etc")


def set_uid(tree: Path, _manifest: dict[str, Any]) -> None:
    """A program that would run as root."""
    (tree / "platforms" / "files" / "files" / "box" / "home" / "amina" / "letter.txt").chmod(0o4755)


def climb(_tree: Path, manifest: dict[str, Any]) -> None:
    """A volume whose name leads upwards is none of this platform's, and is left alone."""
    volumes = manifest["platforms"]["files"]["volumes"]
    volumes["../../../../etc"] = volumes["box"]


def lose(tree: Path, _manifest: dict[str, Any]) -> None:
    """A file is not there."""
    (tree / "platforms" / "files" / "files" / "box" / "home" / "amina" / "letter.txt").unlink()


def change(tree: Path, _manifest: dict[str, Any]) -> None:
    """A file says something else, in as many letters."""
    letter = tree / "platforms" / "files" / "files" / "box" / "home" / "amina" / "letter.txt"
    letter.write_text("dear ALL")


def halve(tree: Path, _manifest: dict[str, Any]) -> None:
    """A dump without its end."""
    (tree / "platforms" / "wiki" / "dumps" / "database").write_text("INSERT one;\n")


@pytest.mark.parametrize(("act", "code"), [
    (link_out, "restore.odd"), (set_uid, "restore.odd"), (climb, None), (lose, "restore.differs"),
    (change, "restore.differs"), (halve, "backup.dump-partial")])
def test_what_was_tampered_with_is_never_put_in_place(
    saved: Server, act: Any, code: str | None
) -> None:
    before = look(saved)
    tree = saved.root / "forged"
    saved.restic("restore", "latest", "--target", str(tree))
    manifest = json.loads((tree / "manifest.json").read_text())
    act(tree, manifest)
    (tree / "manifest.json").write_text(json.dumps(manifest))
    forge(saved, tree, "run=forged")
    answer = saved.ask("restore", run="forged", save=False)
    assert answer.get("code") == code
    if code:
        assert look(saved) == before
    assert [name for name in saved.left() if name != "before"] == []


def test_what_cannot_be_is_refused_before_anything_is_touched(saved: Server) -> None:
    before = look(saved)
    assert saved.ask("restore", run="never")["code"] == "restore.no-snapshot"
    assert saved.ask("restore", only=["portal"])["code"] == "restore.not-in-it"
    assert saved.ask("restore", target="mars")["code"] == "backup.unknown-target"
    (saved.root / "receipts" / "wiki.json").write_text('{"version": "1.9"}')
    assert saved.ask("restore")["code"] == "restore.newer"
    program = saved.own / "natm_backup" / "house.py"
    program.write_text(program.read_text() + "\n\ndef free_mb(path):\n    return 900\n")
    assert saved.ask("restore", only=["files"])["code"] == "backup.disk-full"
    assert look(saved) == before


def test_a_damaged_repository_is_told_and_nothing_is_touched(saved: Server) -> None:
    before = look(saved)
    for pack in (saved.own / "repository" / "data").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(b"\0" * pack.stat().st_size)
    assert saved.ask("restore", save=False)["ok"] is False
    assert look(saved) == before


def test_a_restore_that_cannot_save_the_present_first_does_not_begin(saved: Server) -> None:
    saved.change("world.json", programs={"/dump": {"code": 1, "err": "gone away"}})
    assert saved.ask("restore")["code"] == "restore.not-saved"
    assert (box_of(saved) / "new").exists()
