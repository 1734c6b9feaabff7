# SPDX-License-Identifier: AGPL-3.0-or-later
"""`natm upgrade`, `rollback` and `outdated`, on a server that exists in memory only."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from natm_stack.errors import NatmError
from natm_stack.flows import upgrade as flow
from natm_stack.flows.workspace import Workspace
from natm_stack.model.results import ApplyReport, PlatformOutcome
from natm_stack.testing.fakes import (
    Answer,
    Call,
    MemoryServer,
    deployed_look,
    sample_tools,
)

Natm = Callable[..., Any]
TRIAL = {"outcome": "trial", "token": "t0", "run": "20260301033000-abc123", "live": False,
         "took": {"stop": 0.2, "save": 3.0, "switch": 10.0, "migrate": 0.0}}


class OlderServer(MemoryServer):
    """One that runs the files in a version before, and whose program answers what it is given."""

    def __init__(self, folder: Path, proof: str = "passed", **answers: Any) -> None:
        workspace = Workspace(folder, sample_tools())
        look = deployed_look(workspace.deployment, workspace.bundle)
        look["receipts"]["copyparty"] |= {
            "version": "1.19", "fingerprint": "x", "images": {"copyparty": "natm/copyparty:1.19-a"}}
        super().__init__(look, probe={"probes": []}, members=lambda asked: {
            id_: [{"ok": True}] * len(chain) for id_, chain in asked["chains"].items()}, packages={
            "newer": {}, "compare": [{"packages": [["libc6", "2.36-9", "2.36-10"]]}]})
        self.proof = proof
        self.says = {"upgrade": TRIAL, "commit": {"closed": 21.0}, "back": {"closed": 22.0},
                        **answers}
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def _script(self, call: Call) -> Answer:
        words = " ".join(call.argv)
        if "/backup/natm_backup" in words:
            action = words.rpartition(" ")[2]
            self.requests.append((action, json.loads(call.stdin)))
            answer = self.says[action]
            if isinstance(answer, Answer):
                return answer
            return Answer(stdout=json.dumps({"ok": True, "result": answer}) + "\n")
        if words.endswith(" verifier"):
            return Answer(stdout=json.dumps({"platforms": {"copyparty": [
                {"proof": "p", "says": "A member reads.", "outcome": self.proof, "seconds": 1,
                 "detail": "nothing there"}]}}))
        return super()._script(call)


@pytest.fixture(autouse=True)
def staged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was put ready, and that it went well."""
    put: list[str] = []

    def apply(_bundle: Path, playbook: str, *, hosts: list[str], **_more: Any) -> ApplyReport:
        put.extend(f"{playbook} {host}" for host in hosts)
        return ApplyReport(tuple(PlatformOutcome(h, "done") for h in hosts), 1.0)

    monkeypatch.setattr(flow, "apply", apply)
    return put


def test_a_deploy_leaves_alone_what_waits_for_its_upgrade(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "plan", server=OlderServer(folder))
    assert said.code == 0
    assert "copyparty waits for `natm upgrade`: version 1.19 becomes 1.20" in said.out
    said = natm("-C", str(folder), "--json", "deploy", "--yes", server=OlderServer(folder))
    assert said.code == 0
    assert said.json["result"]["applied"] is None


def test_it_is_put_ready_switched_proven_and_kept(
    natm: Natm, folder: Path, staged: list[str]
) -> None:
    server = OlderServer(folder)
    said = natm("-C", str(folder), "upgrade", "--yes", server=server)
    assert said.code == 0, said.out + said.err
    assert staged == ["stage.yml copyparty"]
    assert [action for action, _asked in server.requests] == ["upgrade", "commit"]
    assert server.requests[1][1]["token"] == "t0"
    assert "1.19 → 1.20" in said.out
    assert "21.0 s" in said.out
    assert "libc6 2.36-9 → 2.36-10" in said.out
    assert "natm rollback copyparty" in said.out


def test_it_asks_first(natm: Natm, folder: Path, staged: list[str]) -> None:
    server = OlderServer(folder)
    assert natm("-C", str(folder), "upgrade", server=server).code == 2
    assert (staged, server.requests) == ([], [])


def test_what_a_proof_finds_wrong_goes_back(natm: Natm, folder: Path) -> None:
    server = OlderServer(folder, "failed")
    said = natm("-C", str(folder), "upgrade", "--yes", server=server)
    assert said.code == 1
    assert [action for action, _asked in server.requests] == ["upgrade", "back"]
    assert "A member reads.: nothing there" in server.requests[1][1]["why"]
    assert "the version before serves, with all that was written" in said.out


def test_what_could_not_be_proven_goes_back_too(natm: Natm, folder: Path) -> None:
    server = OlderServer(folder, "not-run")
    said = natm("-C", str(folder), "--json", "upgrade", "--yes", server=server)
    assert said.code == 1
    assert [action for action, _asked in server.requests] == ["upgrade", "back"]
    (one,) = said.json["result"]["platforms"]
    assert (one["came"], one["says"]) == ("back", "none of its proofs could be made")


@pytest.mark.parametrize(("answer", "came"), [
    ({"outcome": "back", "run": None, "took": {},
      "says": {"text": "{id}: {why}", "values": {"id": "copyparty", "why": "no"}}}, "back"),
    (Answer(stdout="", stderr="Killed", code=137), "back"),
    (Answer(stdout=json.dumps({"ok": False, "code": "upgrade.going-on", "hint": None, "says": {
        "text": "{id} is being upgraded already", "values": {"id": "copyparty"}}})), "failed"),
])
def test_what_the_server_took_back_is_told(
    natm: Natm, folder: Path, answer: Any, came: str
) -> None:
    said = natm("-C", str(folder), "--json", "upgrade", "--yes",
                server=OlderServer(folder, upgrade=answer))
    assert said.code == 1
    (one,) = said.json["result"]["platforms"]
    assert one["came"] == came
    assert one["says"]


def test_nothing_to_upgrade_is_said(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "--json", "upgrade", "portal", "--yes",
                server=OlderServer(folder))
    assert said.json["error"]["code"] == "upgrade.nothing"
    said = natm("-C", str(folder), "--json", "upgrade", "potal", "--yes",
                server=OlderServer(folder))
    assert said.json["error"]["code"] == "stack.unknown-platform"


def test_a_step_that_is_too_long_is_refused(folder: Path) -> None:
    instance = Workspace(folder, sample_tools()).deployment.instance("copyparty")
    spec = instance.platform.upgrade.model_copy(update={"takes": ["1.17", "1.18"]})
    strict = replace(instance, platform=instance.platform.model_copy(update={"upgrade": spec}))
    for there in ("1.18", "1.20", None):
        flow.refuse_too_old(strict, {"version": there})
    with pytest.raises(NatmError) as refused:
        flow.refuse_too_old(strict, {"version": "1.5"})
    assert refused.value.code == "upgrade.step-missing"
    assert "1.17, 1.18" in str(refused.value.hint)


def test_going_back_says_first_what_is_lost(natm: Natm, folder: Path) -> None:
    earlier = {"version": "1.19", "now": "1.20", "at": "2026-03-01T03:30:00Z", "run": "r"}
    server = OlderServer(folder, earlier=earlier, rollback=TRIAL)
    said = natm("-C", str(folder), "rollback", "copyparty", server=server)
    assert said.code == 2
    assert "what was written up to 2026-03-01T03:30:00Z" in said.err
    said = natm("-C", str(folder), "rollback", "copyparty", "--yes", server=server)
    assert said.code == 0, said.out + said.err
    assert [action for action, _asked in server.requests][-2:] == ["rollback", "commit"]
    assert "1.20 → 1.19" in said.out


def test_what_is_newer_is_told_from_catalog_and_mirrors(natm: Natm, folder: Path) -> None:
    server = OlderServer(folder)
    tag = Workspace(folder, sample_tools()).deployment.instance("prosody").images[0].tag
    server.scripts["packages"] = {"newer": {
        tag: {"packages": [["prosody", "13.0.1-1", "13.0.2-1"]]},
        "natm/other:1": {"packages": [], "why": "no route to host"}}, "compare": []}
    said = natm("-C", str(folder), "outdated", server=server)
    assert said.code == 0
    assert "copyparty: version 1.19 becomes 1.20" in said.out
    assert "prosody 13.0.1-1 → 13.0.2-1" in said.out
    assert "natm/other:1 could not be looked at: no route to host" in said.out
    assert "natm upgrade --packages" in said.out


def test_new_packages_are_noted_in_the_stack(natm: Natm, folder: Path) -> None:
    before = (folder / "stack.yml").read_text(encoding="utf-8")
    server = OlderServer(folder)
    said = natm("-C", str(folder), "--json", "upgrade", "copyparty", "--packages", "--yes",
                server=server)
    assert said.code == 0, said.out + said.err
    after = (folder / "stack.yml").read_text(encoding="utf-8")
    assert after != before
    assert "package_epoch" in after


def test_once_the_connection_is_lost_nothing_more_is_begun(natm: Natm, folder: Path) -> None:
    server = OlderServer(folder)
    server.held.gone = True
    said = natm("-C", str(folder), "--json", "upgrade", "--yes", server=server)
    assert said.json["error"]["code"] == "server.lock-lost"
    assert server.requests == []


def test_what_was_never_brought_up_is_not_called_up_to_date(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "--json", "outdated", server=MemoryServer())
    assert said.json["error"]["code"] == "outdated.nothing"


def test_what_could_not_be_looked_at_is_not_called_up_to_date(natm: Natm, folder: Path) -> None:
    workspace = Workspace(folder, sample_tools())
    look = deployed_look(workspace.deployment, workspace.bundle)
    tag = workspace.deployment.instance("portal").images[0].tag
    unseen = {"newer": {tag: {"packages": [], "why": "no route to host"}}, "compare": []}
    said = natm("-C", str(folder), "outdated", server=MemoryServer(look, packages=unseen))
    assert "up to date" not in said.out
    assert "no route to host" in said.out
