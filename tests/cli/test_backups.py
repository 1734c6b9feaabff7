# SPDX-License-Identifier: AGPL-3.0-or-later
"""`natm backup`, `backups` and `secrets`, on a server that exists in memory only."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from natm_stack.testing.fakes import Answer, Call, MemoryServer

Natm = Callable[..., Any]
TARGET = {"ok": True, "away": False, "snapshots": 3, "mb": 12}
TAKEN = {
    "run": "20260301033000-abc123", "at": "2026-03-01T03:30:00Z", "kind": "whole", "failed": {},
    "seconds": 4.2, "bytes": 2_500_000, "added": 1000, "snapshot": "0" * 16,
    "targets": {"here": TARGET},
    "platforms": {"copyparty": {"version": "1.20", "members": 5, "files": 12, "bytes": 2_500_000,
                                "one_moment": True, "still_seconds": 0.1}}}


class BackupServer(MemoryServer):
    """A server whose program for backups answers what it was given."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def _script(self, call: Call) -> Answer:
        words = " ".join(call.argv)
        if "/backup/natm_backup" not in words:
            return super()._script(call)
        self.requests.append((words.rpartition(" ")[2], json.loads(call.stdin)))
        text = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        return Answer(stdout=text + "\n", code=0 if '"ok": true' in text else 1)


def test_a_backup_says_what_is_saved_where_and_writes_the_sheet(natm: Natm, folder: Path) -> None:
    server = BackupServer({"ok": True, "result": TAKEN})
    said = natm("-C", str(folder), "backup", server=server)
    assert said.code == 0, said.err
    for words in ("copyparty", "2 MB", "held still for 0.1 s", "on the server alone"):
        assert words in said.out
    assert "If the server is gone" in (folder / "RECOVERY.txt").read_text(encoding="utf-8")
    assert server.requests == [("backup", {"only": []})]


def test_a_part_that_is_missing_makes_it_unhealthy(natm: Natm, folder: Path) -> None:
    says = {"text": "the dump of {volume} broke off", "values": {"volume": "wiki/database"}}
    answer = {**TAKEN, "kind": "part", "failed": {"mediawiki": says}}
    said = natm("-C", str(folder), "backup", server=BackupServer({"ok": True, "result": answer}))
    assert said.code == 4
    assert "mediawiki: the dump of wiki/database broke off" in said.out
    gone = {"ok": False, "away": True, "code": "backup.unreachable", "says": {
        "text": "the repository {name} cannot be reached", "values": {"name": "far"}}}
    answer = {**TAKEN, "targets": {"here": TARGET, "far": gone}}
    said = natm("-C", str(folder), "--json", "backup",
                server=BackupServer({"ok": True, "result": answer}))
    assert said.code == 4
    assert said.json["result"]["targets"][1]["says"] == "the repository far cannot be reached"


@pytest.mark.parametrize(("answer", "code"), [
    ({"ok": False, "code": "backup.disk-full", "hint": None,
      "says": {"text": "only {n} MB are free", "values": {"n": 3}}}, "backup.disk-full"),
    ("", "backup.no-answer"), ("can't open file natm_backup", "backup.no-answer"),
    ("[]", "backup.no-answer"),
])
def test_what_the_server_refuses_is_told(
    natm: Natm, folder: Path, answer: Any, code: str
) -> None:
    said = natm("-C", str(folder), "--json", "backup", server=BackupServer(answer))
    assert (said.code, said.json["error"]["code"]) == (1, code)


def test_a_platform_nobody_knows_is_refused_before_the_server_is_asked(
    natm: Natm, folder: Path
) -> None:
    server = BackupServer({"ok": True, "result": TAKEN})
    said = natm("-C", str(folder), "--json", "backup", "jabber", server=server)
    assert said.json["error"]["code"] == "stack.unknown-platform"
    assert server.requests == []


def test_the_list_shows_which_one_was_proven(natm: Natm, folder: Path) -> None:
    one = {"id": "1", "run": "r1", "at": "2026-03-01T03:30:00Z", "kind": "whole",
           "platforms": {"copyparty": "1.20"}}
    listed = {"target": "here", "targets": {}, "snapshots": [one, {**one, "run": "r2"}], "proof": {
        "run": "r1", "at": "2026-03-02T03:30:00Z", "seconds": 61.0, "what": ["copyparty"]}}
    said = natm("-C", str(folder), "backups", server=BackupServer({"ok": True, "result": listed}))
    lines = said.out.splitlines()
    assert "copyparty 1.20" in lines[1]
    assert "proven" in lines[1]
    assert "proven" not in lines[2]
    assert "2 snapshots at here; last proven restore: 2026-03-02T03:30:00Z, in 61 s" in lines[3]
    said = natm("-C", str(folder), "--json", "backups", "--from", "mars")
    assert said.json["error"]["code"] == "backup.unknown-target"


def test_a_secret_for_a_copy_is_kept_encrypted_and_never_rewritten(
    natm: Natm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give(value: str, name: str = "backup.far_key") -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO(value))
        return natm("-C", str(folder), "--json", "secrets", "set", name)

    assert give("s3cr3t-word\n").code == 0
    text = (folder / "secrets.yml").read_text(encoding="utf-8")
    assert "backup.far_key: !vault" in text
    assert "s3cr3t-word" not in text
    shown = natm("-C", str(folder), "secrets", "show", "backup.far_key")
    assert shown.out.strip() == "s3cr3t-word"
    assert give("s3cr3t-word").code == 0
    assert give("another").json["error"]["code"] == "secrets.there"
    assert give("", "backup.empty").json["error"]["code"] == "secrets.empty"
    assert give("x", "mediawiki.secret_key").json["error"]["code"] == "secrets.not-yours"
    assert give("x", "backup.repository").json["error"]["code"] == "secrets.not-yours"
    assert (folder / "secrets.yml").read_text(encoding="utf-8").count("backup.") == 1


def test_the_repositories_password_can_be_had_by_hand(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "secrets", "show", "backup.repository")
    assert len(said.out.strip()) == 64
    unknown = natm("-C", str(folder), "--json", "secrets", "show", "nothing.here")
    assert unknown.json["error"]["code"] == "secrets.unknown"
