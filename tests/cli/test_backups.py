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

from natm_stack.errors import NatmError
from natm_stack.flows import drill
from natm_stack.model.results import ApplyReport, PlatformOutcome, Told
from natm_stack.testing.fakes import Answer, Call, MemoryServer, RecordedHold, empty_look

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


@pytest.mark.parametrize(("checked", "told"), [
    ({"state": "ok", "run": "r1", "files": 12}, "r1, 12 files as they were saved; part 3 of 8"),
    ({"state": "failed", "says": {"text": "damaged", "values": {}}}, "✗ the server looked"),
    ({"state": "skipped", "says": {"text": "no room", "values": {}}}, "○ the server did not"),
])
def test_the_servers_own_look_is_listed_and_is_no_proof(
    natm: Natm, folder: Path, checked: dict[str, Any], told: str
) -> None:
    one = {"id": "1", "run": "r1", "at": "2026-03-01T03:30:00Z", "kind": "whole", "platforms": {}}
    answer = {"target": "here", "targets": {}, "snapshots": [one], "proof": None, "checked": {
        "at": "2026-03-03T05:00:00Z", "part": 3, "of": 8, **checked}}
    said = natm("-C", str(folder), "backups", server=BackupServer({"ok": True, "result": answer}))
    assert told in said.out
    assert "no restore was proven yet" in said.out


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


# --- restore

BACK = {
    "run": "20260301033000-abc123", "at": "2026-03-01T03:30:00Z", "target": "here", "seconds": 61.0,
    "before": "20260302100000-def456", "failed": {},
    "platforms": {"portal": {"version": "1", "files": 3, "seconds": 2.0, "differs": []}}}


class RestoreServer(BackupServer):
    """One that has the stack already, and whose verifier finds everything well."""

    def __init__(self, answer: Any, receipts: dict[str, Any]) -> None:
        super().__init__(answer)
        self.scripts["look"] = empty_look(receipts=receipts)
        self.scripts["probe"] = {"probes": []}

    broken = False

    def _script(self, call: Call) -> Answer:
        if " ".join(call.argv).endswith(" verifier") and self.broken:
            return Answer(code=1, stderr="no such image")
        if " ".join(call.argv).endswith(" verifier"):
            return Answer(stdout=json.dumps({"platforms": {"portal": [
                {"proof": "p", "says": "A member reads.", "outcome": "passed", "seconds": 1}]}}))
        return super()._script(call)


def test_a_restore_asks_first_and_ends_with_proofs(natm: Natm, folder: Path) -> None:
    server = RestoreServer({"ok": True, "result": BACK}, {"portal": {}})
    words = ("-C", str(folder), "restore", "portal", "--snapshot", "20260301033000-abc123")
    assert natm(*words, server=server).code == 2
    assert server.requests == []
    said = natm(*words, "--yes", server=server)
    assert said.code == 0, said.err
    assert server.requests == [("restore", {
        "only": ["portal"], "run": "20260301033000-abc123", "target": "here", "save": True,
        "new_server": False})]
    assert "natm restore --snapshot 20260302100000-def456" in said.out
    assert "1 passed" in said.out


@pytest.mark.parametrize(("change", "code", "words"), [
    ({"failed": {"mediawiki": {"text": "broken", "values": {}}}}, 1, "mediawiki: broken"),
    ({"platforms": {"portal": {**BACK["platforms"]["portal"], "differs": [  # type: ignore[dict-item]
        {"text": "{found} members, {saved} were saved", "values": {"found": 1, "saved": 2}}]}}},
     4, "1 members, 2 were saved"),
])
def test_what_is_not_as_it_was_is_told(
    natm: Natm, folder: Path, change: dict[str, Any], code: int, words: str
) -> None:
    server = RestoreServer({"ok": True, "result": {**BACK, **change}}, {"portal": {}})
    said = natm("-C", str(folder), "restore", "--yes", server=server)
    assert said.code == code, said.err
    assert words in said.out


def test_what_came_back_is_told_also_where_nothing_can_be_proven(natm: Natm, folder: Path) -> None:
    server = RestoreServer({"ok": True, "result": BACK}, {"portal": {}})
    server.broken = True
    said = natm("-C", str(folder), "restore", "--yes", server=server)
    assert said.code == 4
    assert "portal" in said.out
    assert "nothing could be proven" in said.out


def test_a_bare_server_needs_a_copy_from_elsewhere(natm: Natm, folder: Path) -> None:
    server = RestoreServer({"ok": True, "result": BACK}, {})
    said = natm("-C", str(folder), "--json", "restore", "--yes", server=server)
    assert (said.code, said.json["error"]["code"]) == (1, "restore.bare")
    assert server.requests == []


# --- drill

class DrillServer(RestoreServer):
    """One with the stack on it, and whether an earlier drill left its copy."""

    left = False

    def _script(self, call: Call) -> Answer:
        if " ".join(call.argv).endswith("test -e /srv/natm/drill"):
            return Answer(code=0 if self.left else 1)
        return super()._script(call)


@pytest.fixture
def drilled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been done on the server, in words."""
    done: list[str] = []

    def applied(*_given: Any, hosts: list[str], variables: dict[str, Any], **_named: Any) -> Any:
        assert variables["platform_start"] is False
        done.append("prepared")
        return ApplyReport(tuple(PlatformOutcome(h, "done") for h in hosts), 1.0)

    monkeypatch.setattr("natm_stack.flows.drill.apply", applied)
    def removed(copy: Any, *, purge: bool) -> None:
        done.append(f"removed {copy.deployment.root} {purge}")
        if "refuse" in done:
            raise NatmError("the engine is busy", code="remove.failed")

    monkeypatch.setattr("natm_stack.flows.drill.remove", removed)
    return done


def test_a_drill_restores_into_the_copy_and_notes_that_it_was_proven(
    natm: Natm, folder: Path, drilled: list[str]
) -> None:
    server = DrillServer({"ok": True, "result": BACK}, {})
    said = natm("-C", str(folder), "drill", "--from", "here", server=server)
    assert said.code == 0, said.err
    assert "can be restored" in said.out
    assert drilled == ["prepared"]
    asked = dict(server.requests)
    assert asked["restore"] == {"run": None, "target": "here", "save": False}
    assert asked["proven"]["run"] == BACK["run"]
    programs = [" ".join(c.argv) for c in server.calls if "natm_backup" in " ".join(c.argv)]
    assert "/srv/natm/drill/backup/natm_backup restore" in programs[0]
    assert "/srv/natm/backup/natm_backup proven" in programs[1]


def test_a_drill_that_fails_proves_nothing_and_sweeps_an_earlier_one(
    natm: Natm, folder: Path, drilled: list[str]
) -> None:
    says = {"text": "it came back otherwise", "values": {}}
    server = DrillServer({"ok": True, "result": {**BACK, "failed": {"portal": says}}}, {})
    server.left = True
    said = natm("-C", str(folder), "drill", server=server)
    assert said.code == 4
    assert "could not be proven" in said.out
    assert drilled == ["removed /srv/natm/drill True", "prepared", "removed /srv/natm/drill True"]
    assert "proven" not in dict(server.requests)


def test_a_copy_that_does_not_go_unsays_no_proof_and_is_told(
    natm: Natm, folder: Path, drilled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = DrillServer({"ok": True, "result": BACK}, {})
    proven = drill.proven

    def then_busy(*given: Any) -> Any:
        server.left = True
        drilled.append("refuse")
        return proven(*given)

    monkeypatch.setattr("natm_stack.flows.drill.proven", then_busy)
    said = natm("-C", str(folder), "drill", server=server)
    assert said.code == 0, said.err
    assert "not wholly gone; the next drill removes it: the engine is busy" in said.out
    assert drilled.count("removed /srv/natm/drill True") == 2
    server.held = RecordedHold(['{"held": true, "unfinished": null}'])
    again = natm("-C", str(folder), "--json", "drill", server=server)
    assert again.json["error"]["code"] == "remove.failed"


def test_a_drill_without_memory_for_it_says_so_and_does_nothing(
    natm: Natm, folder: Path, drilled: list[str]
) -> None:
    server = DrillServer({"ok": True, "result": BACK}, {})
    server.scripts["look"] = empty_look(memory={"total": 2000, "available": 100})
    said = natm("-C", str(folder), "--json", "drill", server=server)
    assert (said.code, said.json["error"]["code"]) == (1, "server.too-little-memory")
    assert drilled == []
    assert server.requests == []


def test_a_stack_that_goes_takes_what_a_drill_left_along(
    natm: Natm, folder: Path, drilled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("natm_stack.flows.remove.remove", lambda *_given, **_named: Told(
        ("gone",), {}))
    server = DrillServer({"ok": True, "result": BACK}, {})
    assert natm("-C", str(folder), "remove", "--yes", server=server).code == 0
    assert drilled == []
    server.left = True
    assert natm("-C", str(folder), "remove", "--yes", server=server).code == 0
    assert drilled == ["removed /srv/natm/drill True"]


def held(**ended: Any) -> RecordedHold:
    """A lock whose program ended what an earlier command had left."""
    return RecordedHold([json.dumps({"held": True, "unfinished": None, "ended": ended})])


def test_a_deploy_goes_no_further_once_a_restore_that_broke_off_was_undone(
    natm: Natm, folder: Path
) -> None:
    server = BackupServer({"ok": True, "result": {}})
    server.held = held(ok=True, result={"platforms": ["portal"], "upgrades": ["prosody"]})
    said = natm("-C", str(folder), "--json", "deploy", "--yes", server=server)
    assert said.json["error"]["code"] == "restore.undone"
    assert "restore of portal broke off" in said.json["error"]["message"]
    assert "upgrade of prosody broke off" in said.json["error"]["message"]
    assert not [call for call in server.calls if "ansible" in " ".join(call.argv)]


def test_a_restore_tells_what_was_undone_before_it(natm: Natm, folder: Path) -> None:
    server = RestoreServer({"ok": True, "result": BACK}, {"portal": {}})
    server.held = held(ok=True, result={"platforms": ["prosody"], "upgrades": []})
    said = natm("-C", str(folder), "restore", "--yes", server=server)
    assert said.code == 0, said.err
    assert "an earlier restore of prosody broke off" in said.out


def test_what_cannot_be_undone_stops_a_deploy(natm: Natm, folder: Path) -> None:
    server = BackupServer({"ok": True, "result": {}})
    server.held = held(ok=False, code="backup.unreachable", hint=None, says={
        "text": "the repository {name} cannot be reached", "values": {"name": "here"}})
    said = natm("-C", str(folder), "--json", "deploy", "--yes", server=server)
    assert said.json["error"]["code"] == "backup.unreachable"
