# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups by the program that a server's timer starts, with the real restic."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import DUMP, Server

pytestmark = pytest.mark.engine


def restored(server: Server, where: Path, repository: str = "repository") -> Path:
    """The newest snapshot, restored by hand as the recovery sheet says."""
    server.restic("restore", "latest", "--target", str(where), repository=repository)
    return where


def test_everything_people_wrote_is_in_one_snapshot(server: Server, tmp_path: Path) -> None:
    result = server.good("backup")
    assert result["kind"] == "whole"
    assert result["platforms"]["files"]["members"] == 2
    assert result["platforms"]["files"]["one_moment"] is True
    back = restored(server, tmp_path / "back")
    box = back / "platforms" / "files" / "files" / "box"
    assert (box / "home" / "amina" / "letter.txt").read_text() == "dear all"
    assert (box / "home" / "amina" / "ünïcode 😀.txt").read_text() == "words"
    assert str((box / "home" / "link").readlink()) == "/etc/passwd"
    assert sqlite3.connect(box / "chat.sqlite").execute("SELECT * FROM said").fetchall() == [
        ("hello",)]
    assert (back / "platforms" / "wiki" / "dumps" / "database").read_text() == DUMP
    # Neither a database's raw files nor what comes back by itself.
    assert not (back / "platforms" / "wiki" / "files" / "database").exists()
    assert not (back / "platforms" / "files" / "files" / "cache").exists()
    assert json.loads((back / "manifest.json").read_text())["stack"] == "commons"
    assert (back / "workspace.json").read_text() == "{}"


def test_a_backup_changes_nothing_of_what_it_saves(server: Server) -> None:
    def look() -> list[tuple[str, int, int, int, float]]:
        return [(str(p), p.lstat().st_mode, p.lstat().st_uid, p.lstat().st_nlink,
                 p.lstat().st_mtime) for p in sorted((server.root / "data").rglob("*"))
                if ".backup" not in p.parts]

    before = look()
    server.good("backup")
    assert look() == before
    assert server.left() == []


def test_only_what_writes_is_held_still_and_is_let_go(server: Server) -> None:
    server.good("backup")
    words = [line[1:] for line in server.diary]
    assert ["pause", "natm-files-web-1"] in words
    assert words.index(["unpause", "natm-files-web-1"]) > words.index(["pause", "natm-files-web-1"])
    assert not [w for w in words if w[0] == "pause" and "natm-files-idle-1" in w]


def test_a_database_in_the_middle_of_a_write_is_saved_as_after_a_power_cut(
    server: Server, tmp_path: Path
) -> None:
    file = server.root / "data" / "files" / "box" / "chat.sqlite"
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("INSERT INTO said VALUES ('committed, and still in the log')")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO said VALUES ('never committed')")
    server.good("backup")
    writer.execute("ROLLBACK")
    writer.close()
    box = restored(server, tmp_path / "back") / "platforms" / "files" / "files" / "box"
    assert sorted(p.name for p in box.iterdir()) == ["chat.sqlite", "home"]
    rows = sqlite3.connect(box / "chat.sqlite").execute("SELECT * FROM said").fetchall()
    assert rows == [("hello",), ("committed, and still in the log",)]


@pytest.mark.parametrize(("answer", "code"), [
    ({"out": "-- a dump\nINSERT one;\n"}, "broke off"),
    ({"out": DUMP, "code": 3, "err": "lost connection"}, "lost connection"),
    ({"out": ""}, "broke off"),
])
def test_a_dump_that_is_not_whole_never_counts(
    server: Server, answer: dict[str, object], code: str
) -> None:
    server.change("world.json", programs={"/dump": answer})
    result = server.good("backup")
    assert list(result["failed"]) == ["wiki"]
    says = result["failed"]["wiki"]
    assert code in says["text"].format(**says["values"])
    assert result["kind"] == "part"
    assert list(result["platforms"]) == ["files"]  # one that fails stops no other
    assert "last" not in server.state
    assert server.state["trouble"]["platform"] == "wiki"


def test_a_damaged_database_is_told_and_stops_no_other(server: Server) -> None:
    file = server.root / "data" / "files" / "box" / "chat.sqlite"
    file.write_bytes(b"not a database at all, but long enough to be read as one" * 40)
    result = server.good("backup")
    assert list(result["failed"]) == ["files"]
    assert "chat.sqlite" in str(result["failed"]["files"])
    assert list(result["platforms"]) == ["wiki"]
    file.unlink()
    assert server.good("backup")["kind"] == "whole"
    assert server.state["trouble"] is None


def test_killed_while_it_holds_services_they_are_let_go_and_nothing_is_left(
    server: Server,
) -> None:
    server.change("world.json", pause=3)  # there is time to kill it

    def held() -> bool:
        return any(line[1] == "pause" for line in server.diary)

    server.kill_during("backup", held, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not [line for line in server.diary if line[1:] == ["unpause", "natm-files-web-1"]]:
        assert time.monotonic() < deadline, "nobody let the container go"
        time.sleep(0.05)
    server.change("world.json", pause=0)
    server.good("backup")
    assert server.left() == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_during_a_dump_the_next_run_is_whole(server: Server, how: signal.Signals) -> None:
    server.change("world.json", programs={"/dump": {"out": DUMP, "sleep": 3}})
    server.kill_during(
        "backup", lambda: any(line[1] == "exec" for line in server.diary), how)
    if how == signal.SIGTERM:
        assert server.left() == []
    server.change("world.json", programs={"/dump": {"out": DUMP}})
    assert server.good("backup")["kind"] == "whole"
    assert server.left() == []
    assert len(server.good("list")["snapshots"]) == 1


def test_another_key_opens_nothing(server: Server) -> None:
    server.good("backup")
    (server.own / "key").write_text("another key\n")
    assert server.ask("backup")["code"] == "backup.wrong-key"
    assert server.ask("list")["code"] == "backup.wrong-key"


def test_a_disk_that_is_not_mounted_is_no_new_repository(server: Server) -> None:
    server.good("backup")
    (server.own / "repository").rename(server.own / "away")
    assert server.ask("backup")["code"] == "backup.no-repository"
    assert not (server.own / "repository").exists()
    subprocess.run(["restic", "init", "--no-cache", "--repo", server.own / "repository",
                    "--password-file", server.own / "key"], check=True, capture_output=True)
    assert server.ask("backup")["code"] == "backup.other-repository"


def test_copies_get_every_snapshot_and_one_that_is_gone_stops_nothing(
    server: Server, tmp_path: Path
) -> None:
    there = {"url": str(server.own / "disk")}
    gone = {"url": "sftp://nobody@127.0.0.1:9//backups", "host_key": "ssh-ed25519 AAAA",
            "ssh_key": "not a key, and a secret"}
    server.change("targets.json", disk=there, gone=gone)
    server.change("plan.json", targets=["here", "disk", "gone"])
    result = server.good("backup")
    assert (result["targets"]["here"]["ok"], result["targets"]["disk"]["ok"]) == (True, True)
    assert result["targets"]["gone"]["code"] == "backup.unreachable"
    assert "not a key" not in json.dumps(result)
    back = restored(server, tmp_path / "back", "disk")
    assert (back / "platforms" / "wiki" / "dumps" / "database").read_text() == DUMP
    runs = {name: [one["run"] for one in server.good("list", target=name)["snapshots"]]
            for name in ("here", "disk")}
    assert runs["here"] == runs["disk"] == [result["run"]]
    assert server.state["targets"]["gone"]["last_ok"] is None


def test_it_ends_when_the_engine_calls_them_well_again(server: Server) -> None:
    server.change("world.json", unwell=2)
    server.good("backup")
    looks = [line for line in server.diary if line[1] == "inspect" and "--format" in line]
    assert len(looks) == 3
    assert "natm-files-web-1" in looks[0]
    assert "natm-files-idle-1" not in looks[0]


def test_a_full_disk_is_left_to_the_platforms(server: Server) -> None:
    program = server.own / "natm_backup" / "house.py"
    program.write_text(program.read_text() + "\n\ndef free_mb(path):\n    return 700\n")
    answer = server.ask("backup")
    assert answer["code"] == "backup.disk-full"
    assert server.left() == []
    assert server.state["trouble"]["code"] == "backup.disk-full"


def test_a_disk_that_fills_on_the_way_ends_it_and_leaves_nothing(server: Server) -> None:
    program = server.own / "natm_backup" / "house.py"
    program.write_text(program.read_text() + (
        "\n\ndef free_mb(path, _seen=[]):\n    _seen.append(1)\n"
        "    return 9000 if len(_seen) < 5 else 100\n"))
    assert server.ask("backup")["code"] == "backup.disk-full"
    assert server.left() == []
    assert server.ask("list")["ok"] is False or server.good("list")["snapshots"] == []


def test_the_timer_waits_for_a_command_and_is_seen_by_the_next(server: Server) -> None:
    server.good("run")
    events = [json.loads(line) for line in (server.root / "audit.log").read_text().splitlines()]
    assert [e["event"] for e in events] == ["begins", "done"]
    assert not (server.root / "lock" / "owner.json").exists()


def test_parts_are_saved_and_the_list_says_what_is_in_them(server: Server) -> None:
    server.good("backup", only=["wiki"])
    server.good("backup")
    first, second = server.good("list")["snapshots"]
    assert (first["kind"], first["platforms"]) == ("part", {"wiki": "2.0"})
    assert (second["kind"], second["platforms"]) == ("whole", {"files": "1.0", "wiki": "2.0"})
    assert server.ask("backup", only=["nothing"])["code"] == "backup.unknown-platform"


def test_a_platform_that_puts_links_in_the_way_gets_nothing_of_the_servers(
    server: Server, tmp_path: Path
) -> None:
    data = server.root / "data" / "files"
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("of the server")
    (data / "box" / "trap").symlink_to(tmp_path / "secret")
    os.mkfifo(data / "box" / "pipe")
    result = server.good("backup")
    assert result["failed"] == {}
    back = restored(server, tmp_path / "back")
    assert (back / "platforms/files/files/box/trap").readlink() == tmp_path / "secret"
    assert not [p for p in back.rglob("key") if not p.is_symlink()]
    (data / "box").rename(data / "moved")
    (data / "box").symlink_to(tmp_path / "secret")
    assert list(server.good("backup")["failed"]) == ["files"]


def too_long(folder: Path) -> None:
    """A path longer than any program can name, as people make one by moving deep folders."""
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _depth in range(25):
        os.mkdir("n" * 200, dir_fd=here)
        deeper = os.open("n" * 200, os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(os.open("letter", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


def test_what_cannot_be_read_keeps_no_other_platform_from_being_saved(server: Server) -> None:
    too_long(server.root / "data" / "files" / "box")
    made = server.good("backup")
    assert (made["kind"], list(made["platforms"])) == ("part", ["wiki"])
    assert "platforms/files/" in made["failed"]["files"]["values"]["path"]
    assert server.state["trouble"]["platform"] == "files"


def test_a_platform_nobody_knows_how_to_save_makes_no_whole_backup(server: Server) -> None:
    (server.root / "bundle" / "platforms" / "wiki" / "saved.json").unlink()
    made = server.good("backup")
    assert (made["kind"], list(made["platforms"])) == ("part", ["files"])
    assert "is not known here" in made["failed"]["wiki"]["text"]


def test_what_is_half_restored_is_not_saved_as_if_it_were_whole(server: Server) -> None:
    (server.own / "restoring").mkdir()
    (server.own / "restoring" / "wiki.json").write_text('{"volumes": ["database"]}')
    server.change("world.json", compose={"up": "no such image"})
    made = server.good("backup")
    assert (made["kind"], list(made["platforms"])) == ("part", ["files"])
