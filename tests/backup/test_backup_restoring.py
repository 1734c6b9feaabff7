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


def grow(tree: Path, _manifest: dict[str, Any]) -> None:
    """Somebody went on writing while it was saved."""
    letter = tree / "platforms" / "files" / "files" / "box" / "home" / "amina" / "letter.txt"
    letter.write_text("dear all of you")


def halve(tree: Path, _manifest: dict[str, Any]) -> None:
    """A dump without its end."""
    (tree / "platforms" / "wiki" / "dumps" / "database").write_text("INSERT one;\n")


@pytest.mark.parametrize(("act", "id_", "word"), [
    (link_out, "files", "is no folder"), (lose, "files", "came back otherwise"),
    (halve, "wiki", "broke off before its end")])
def test_what_was_tampered_with_is_never_put_in_place_and_stops_no_other(
    saved: Server, act: Any, id_: str, word: str
) -> None:
    before = look(saved)
    result = saved.good("restore", run=tampered(saved, act), save=False)
    assert word in result["failed"][id_]["text"]
    kept = {path: one for path, one in before.items() if f"data/{id_}/" in path}
    assert {path: one for path, one in look(saved).items() if path in kept} == kept
    assert set(result["platforms"]) == {"files", "wiki"} - {id_}


@pytest.mark.parametrize(("act", "word"), [
    (set_uid, "made harmless"), (grow, "was written to while it was saved"), (climb, "")])
def test_what_is_odd_or_newer_than_its_note_comes_back_and_is_told(
    saved: Server, act: Any, word: str
) -> None:
    result = saved.good("restore", run=tampered(saved, act), save=False)
    assert result["failed"] == {}
    told = result["platforms"]["files"]["differs"]
    assert [word in one["text"] for one in told] == ([True] if word else [])
    letter = box_of(saved) / "home" / "amina" / "letter.txt"
    assert letter.stat().st_mode & 0o7000 == 0
    assert letter.read_text().startswith("dear ")


def tampered(server: Server, act: Any) -> str:
    """The run of a snapshot that somebody changed."""
    tree = server.root / "forged"
    server.restic("restore", "latest", "--target", str(tree))
    manifest = json.loads((tree / "manifest.json").read_text())
    act(tree, manifest)
    (tree / "manifest.json").write_text(json.dumps(manifest))
    forge(server, tree, "run=forged")
    return "forged"


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


def test_nothing_is_moved_under_what_still_runs_and_nothing_is_forgotten(saved: Server) -> None:
    before = look(saved)
    saved.change("world.json", stop=4)
    saved.kill_during("restore", lambda: (saved.own / "restoring" / "files.json").exists(),
                      signal.SIGKILL, save=False, only=["files"])
    time.sleep(4.5)  # what was begun ends by itself
    (saved.world / "stopped").unlink(missing_ok=True)
    saved.change("world.json", stop=0, stops=False)  # as if the engine had not heard
    assert saved.ask("recover")["code"] in ("restore.not-stopped", "backup.program-failed")
    assert (saved.own / "restoring" / "files.json").exists()
    saved.change("world.json", stops=True, compose={"up": "no such image"})
    assert saved.ask("recover")["code"] == "backup.program-failed"
    assert (saved.own / "restoring" / "files.json").exists()
    saved.change("world.json", compose={})
    assert saved.good("recover")["platforms"] == ["files"]
    assert look(saved) == before


def test_a_restore_tells_of_what_this_server_lacks(saved: Server) -> None:
    (saved.root / "receipts" / "wiki.json").unlink()
    result = saved.good("restore", save=False)
    assert list(result["platforms"]) == ["files"]
    assert "was not brought up" in result["failed"]["wiki"]["text"]
