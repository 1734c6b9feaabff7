# SPDX-License-Identifier: AGPL-3.0-or-later
"""The server's own look at its backups, with the real restic: no laptop, no service started."""

from __future__ import annotations

import json
import os

import pytest

from .conftest import Server

pytestmark = pytest.mark.engine


def looked(server: Server) -> dict[str, object]:
    """What a look found, which is what is remembered too."""
    found = server.good("check")
    assert server.state["checked"] == found
    assert server.left() == []
    return dict(found)


def test_what_was_saved_is_looked_through_and_nothing_starts(server: Server) -> None:
    run = server.good("backup")["run"]
    (server.world / "diary").unlink()
    found = looked(server)
    assert (found["state"], found["run"], found["platforms"]) == ("ok", run, ["files", "wiki"])
    assert found["files"] == 4
    assert server.diary == []
    # Part after part, until every byte was read, and again.
    assert (found["part"], found["of"]) == (1, 8)
    server.change("state.json", checked={**found, "part": 8})
    assert looked(server)["part"] == 1
    assert server.good("list")["checked"]["part"] == 1


def test_a_damaged_pack_is_found_and_stays_known(server: Server) -> None:
    server.good("backup")
    packs = sorted((server.own / "repository" / "data").rglob("*"), key=lambda p: (
        p.is_file() and p.stat().st_size))
    largest = packs[-1]
    largest.chmod(0o600)
    text = bytearray(largest.read_bytes())
    text[len(text) // 3] ^= 0xFF
    largest.write_bytes(bytes(text))
    found = looked(server)
    assert found["state"] == "failed"
    assert found["last_ok"] is None
    # It is no proof: a repository that cannot be read is not one to restore from either.
    assert server.state.get("proof") is None


def test_content_that_is_not_what_was_saved_is_found(server: Server) -> None:
    server.good("backup")
    program = server.own / "natm_backup" / "canaries.py"
    program.write_text(program.read_text().replace("MANY = 24", "MANY = 24\nODD = -1").replace(
        '"files": files,', '"files": files + ODD,'))
    found = looked(server)
    assert (found["state"], found["code"]) == ("failed", "restore.differs")


def test_without_room_or_anything_to_look_at_it_says_why(server: Server) -> None:
    found = looked(server)
    assert (found["state"], found["code"]) == ("skipped", "restore.no-snapshot")
    server.good("backup")
    program = server.own / "natm_backup" / "checking.py"
    program.write_text(program.read_text().replace(
        "LEAST_MEMORY_MB = 384", "LEAST_MEMORY_MB = 1 << 40"))
    found = looked(server)
    assert (found["state"], found["code"], found["part"]) == ("skipped", "check.no-memory", 0)


def test_the_timers_look_waits_for_the_lock_and_is_in_the_audit_log(server: Server) -> None:
    server.good("backup")
    server.good("check")
    lines = [json.loads(line) for line in (server.root / "audit.log").read_text().splitlines()]
    assert [(one["command"], one["event"]) for one in lines] == [
        ("backup check", "begins"), ("backup check", "done")]
    assert not os.path.lexists(server.root / "lock" / "owner.json")


def test_what_is_saved_before_a_purge_stays_a_while_and_drops_nothing(server: Server) -> None:
    server.change("plan.json", keep={"daily": 1, "weekly": 0, "monthly": 0})
    server.good("backup")
    made = server.good("backup", only=["wiki"], kind="before-purge")
    assert (made["kind"], list(made["platforms"])) == ("before-purge", ["wiki"])
    server.good("backup")
    kinds = [one["kind"] for one in server.good("list")["snapshots"]]
    assert kinds == ["whole", "before-purge", "whole"]
    refused = server.ask("backup", kind="for-ever")
    assert refused["code"] == "backup.unknown-action"
    back = server.good("restore", only=["wiki"], run=made["run"])
    assert list(back["platforms"]) == ["wiki"]
