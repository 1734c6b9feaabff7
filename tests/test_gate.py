# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate: what it lets through, what it refuses, and what it never touches."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from natm_stack.errors import NatmError
from natm_stack.flows.gate import act_of, admit, gate, require_admission
from natm_stack.flows.gatelog import LOG, entries, note_admissions, widened
from natm_stack.flows.plan import plan
from natm_stack.flows.policies import policy_text
from natm_stack.flows.vet import Vetting
from natm_stack.model.decision import Decision
from natm_stack.model.policy import Policy
from natm_stack.model.results import PlatformPlan
from natm_stack.model.verdict import Act, Fact, GateReport, RuleResult, Verdict
from natm_stack.testing.fakes import MemoryServer, deployed_look, sample_catalog, sample_workspace

TODAY = date(2026, 11, 24)


def rule(id_: str, result: Any) -> RuleResult:
    """One rule's result."""
    return RuleResult(id_, "a.b", result, "against", Fact("x"), "why")


def verdict(state: Any = "refused", **changes: Any) -> Verdict:
    """A verdict with a refusal and a flag, or what its state needs."""
    rules = {"refused": (rule("no-a", "refuse"), rule("no-b", "flag")),
             "flagged": (rule("no-b", "flag"),), "clear": (rule("no-c", "pass"),)}
    return Verdict(**{"platform": "chat", "edition": "debian", "version": "1.2", "state": state,
                      "rules": rules.get(state, ()), **changes})


def policy(**changes: Any) -> Policy:
    """A policy that says who may go past what."""
    named = [{"id": id_, "facet": "a.b", "ok": ["x"], "else": "refuse", "why": {"en": "x"}}
             for id_ in ("no-a", "no-b", "no-c")]
    return Policy.model_validate({
        "policy": "natm-policy/1", "basis": {"default": ["measured"]}, "rules": named,
        "may_override": {"quorum": 2}, **changes})


def decision(outcome: str = "adopt", **changes: Any) -> Decision:
    """A decision of two people."""
    extra = {"overrides": ["no-a"], "reduces_harm": {"en": "x"}, "responsible": [{"name": "A"}]
             } if outcome == "override" else {}
    return Decision.model_validate({
        "decision": "natm-decision/1", "id": f"2026-11-01-{outcome.replace('_', '-')}",
        "platform": "chat", "edition": "debian", "version": "1.2", "outcome": outcome,
        "verdict_seen": "refused", "acknowledges": ["no-b"], "reasons": {"en": "x"},
        "alternatives_considered": [{"en": "nothing"}],
        "decided_by": [{"name": "A", "role": "assembly"}, {"name": "B", "role": "guest"}],
        "decided_on": "2026-11-01", "expires_on": "2027-04-01", **extra, **changes})


@pytest.mark.parametrize("act", ["install", "upgrade", "opening"])
@pytest.mark.parametrize(("found", "given", "changes", "allowed"), [
    ("clear", [], {}, True),
    ("flagged", [], {}, False),
    ("flagged", [], {"flags": "ask"}, True),
    ("flagged", [decision()], {}, True),
    ("flagged", [decision(acknowledges=[])], {}, False),
    ("flagged", [decision("trial")], {}, False),
    ("flagged", [decision(expires_on="2026-11-23")], {}, False),
    ("flagged", [decision(edition="upstream")], {}, False),
    ("flagged", [decision(version="1.1")], {}, False),
    ("flagged", [decision(version="1.2.7")], {}, True),
    ("refused", [], {}, False),
    ("refused", [], {"flags": "ask"}, False),
    ("refused", [decision()], {}, False),
    ("refused", [decision("override")], {}, True),
    ("refused", [decision("override", overrides=["no-c"])], {}, False),
    ("refused", [decision("override", acknowledges=[])], {}, False),
    ("refused", [decision("override")], {"may_override": {"quorum": 3}}, False),
    ("refused", [decision("override")], {"may_override": {"quorum": 2, "roles": ["Assembly"]}},
     False),
    ("refused", [decision("override")], {"may_override": {"quorum": 1, "roles": ["Assembly"]}},
     True),
    ("refused", [decision("override")], {"may_override": {"quorum": 1, "never": ["no-a"]}}, False),
    ("clear", [decision("refuse")], {}, False),
    ("clear", [decision("refuse", expires_on="2026-11-20")], {}, True),
    ("clear", [decision("refuse"), decision(decided_on="2026-11-02")], {}, True),
    ("no-dossier", [], {}, False),
])
def test_what_is_let_through(
    act: Act, found: str, given: list[Decision], changes: dict[str, Any], allowed: bool
) -> None:
    made = admit(act, verdict(found), policy(**changes), given, TODAY)
    assert made.allowed is allowed, made.says
    assert bool(made.says) is not allowed


@pytest.mark.parametrize("found", ["clear", "flagged", "refused", "no-dossier"])
def test_a_security_update_and_what_runs_are_never_held_back(found: str) -> None:
    for act in ("security-update", "running"):
        made = admit(act, verdict(found, expired=True, withdrawn=True),  # type: ignore[arg-type]
                     policy(), [decision("refuse")], TODAY)
        assert made.allowed
    assert admit("running", verdict("refused"), policy(), [], TODAY).outside
    assert not admit("running", verdict("refused"), policy(), [decision("override")],
                     TODAY).outside


def test_a_withdrawn_dossier_blocks_new_installs_and_nothing_else() -> None:
    gone = verdict("clear", withdrawn=True)
    assert [admit(act, gone, policy(), [], TODAY).allowed
            for act in ("install", "upgrade", "opening")] == [False, True, True]


@pytest.mark.parametrize(("action", "before", "known", "act"), [
    ("create", None, {}, "install"), ("none", "13.0", {}, "running"),
    ("repair", "13.0", {}, "running"), ("change", "13.0", {}, "running"),
    ("change", "12.0", {}, "upgrade"), ("change", "13.1", {}, "upgrade"),
    ("change", "13.0.1", {}, "running"),
    ("change", "13.0", {"open": {"address": "loopback", "settings": []}}, "opening"),
])
def test_what_a_plan_does_as_the_gate_sees_it(
    action: Any, before: str | None, known: dict[str, Any], act: str, tmp_path: Path
) -> None:
    instance = sample_workspace(tmp_path).deployment.instance("prosody")
    receipt = None if before is None else {"version": before}
    made = act_of(PlatformPlan("prosody", action), instance, receipt, known,
                  {"address": "network", "settings": []})
    assert made == ("security-update" if before == "13.0.1" else act)


@pytest.mark.parametrize(("before", "after", "more"), [
    (None, {"address": "network", "settings": ["a"]}, False),
    ({"address": "loopback", "settings": []}, {"address": "network", "settings": []}, True),
    ({"address": "network", "settings": []}, {"address": "loopback", "settings": []}, False),
    ({"address": "network", "settings": []}, {"address": "network", "settings": ["a"]}, True),
    ({"address": "network", "settings": ["a"]}, {"address": "network", "settings": []}, False),
])
def test_opening_is_when_more_people_can_reach_it(
    before: Any, after: dict[str, Any], more: bool
) -> None:
    assert widened(before, after) is more


# --- in a workspace

def judged(folder: Path, *, trial: bool = False, named: str | None = None,
           server: Callable[[Any], MemoryServer] | None = None, **changes: Any) -> GateReport:
    """What the gate says of deploying the sample stack on a new server."""
    workspace = sample_workspace(folder, **changes)
    if server:
        workspace.tools.runner = server(workspace)
    if named:
        (folder / "policy.yml").write_text(
            policy_text(named, workspace.loaded.stack, TODAY), encoding="utf-8")
    made, found = plan(workspace)
    return gate(workspace, made, found, trial=trial)


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Nobody's keys are touched."""


def test_without_a_policy_the_gate_informs_and_refuses_nothing(tmp_path: Path) -> None:
    report = judged(tmp_path)
    assert (report.policy, report.refused, report.to_own) == (None, (), {})
    assert report.notes
    require_admission(report)


def test_a_careful_policy_refuses_and_a_trial_is_still_possible(
    tmp_path: Path, refused: Any
) -> None:
    report = judged(tmp_path, named="careful", domain="river.localhost", tls={"mode": "own-ca"})
    assert report.refused
    error = refused("vet.refused", require_admission, report)
    assert "--trial" in error.hint
    trial = judged(tmp_path, trial=True, domain="river.localhost", tls={"mode": "own-ca"})
    assert (trial.trial, trial.refused, trial.to_own) == (True, (), {})
    require_admission(trial)


def test_a_trial_is_for_loopback_only(tmp_path: Path, refused: Any) -> None:
    refused("trial.not-loopback", judged, tmp_path, trial=True)


def test_what_runs_goes_on_under_a_policy_that_refuses_it(tmp_path: Path) -> None:
    def deployed(workspace: Any) -> MemoryServer:
        return MemoryServer(deployed_look(workspace.deployment, workspace.bundle))

    report = judged(tmp_path, named="careful", server=deployed)
    assert report.refused == ()
    assert {one.act for one in report.admissions} == {"running"}
    assert all(one.outside for one in report.admissions)
    assert "outside your policy since" in report.admissions[0].says


@pytest.mark.parametrize("kit", sorted(sample_catalog().kits))
def test_the_policy_that_init_offers_asks_one_question_and_refuses_no_kit(
    tmp_path: Path, kit: str
) -> None:
    platforms = dict.fromkeys(sample_catalog().kits[kit].platforms)
    report = judged(tmp_path, named="first-steps", platforms=platforms)
    assert report.refused == ()
    assert report.to_own
    require_admission(report)


def test_a_dossier_that_is_broken_is_refused_before_a_server_is_asked(
    tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any) -> None:
        raise NatmError("no", code="dossier.invalid")

    workspace = sample_workspace(tmp_path)
    monkeypatch.setattr(Vetting, "dossier", broken)
    refused("dossier.invalid", plan, workspace)
    assert isinstance(workspace.tools.runner, MemoryServer)
    assert workspace.tools.runner.asked == []


def test_the_log_is_added_to_and_a_change_by_hand_is_seen(tmp_path: Path, refused: Any) -> None:
    workspace = sample_workspace(tmp_path)
    report = judged(tmp_path, named="first-steps")
    note_admissions(tmp_path, workspace.deployment, report)
    note_admissions(tmp_path, workspace.deployment, report)
    found = entries(tmp_path)
    assert len(found) == 2 * len(report.admissions)
    assert {one["what"] for one in found} == {"install"}
    assert found[0]["open"]["address"] == "network"
    lines = (tmp_path / LOG).read_text(encoding="utf-8").splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), "verdict": "clear"})
    (tmp_path / LOG).write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert refused("vet.log-broken", entries, tmp_path).where.line == 3


def test_a_security_update_gets_thirty_days_to_be_looked_at(tmp_path: Path) -> None:
    workspace = sample_workspace(tmp_path)
    made = admit("security-update", verdict("refused", platform="prosody"), policy(), [], TODAY)
    note_admissions(tmp_path, workspace.deployment, GateReport("p", False, TODAY, (made,)))
    (one,) = entries(tmp_path)
    assert one["grace_until"] == str(TODAY + timedelta(days=30))


def test_with_a_clock_that_is_behind_the_newest_known_day_counts() -> None:
    vetting = Vetting(sample_catalog(), today=date(2020, 1, 1))
    assert vetting.today(["prosody"]) == date(2026, 11, 23)


def test_a_decision_in_the_workspace_is_followed(tmp_path: Path) -> None:
    (tmp_path / "decisions").mkdir()
    workspace = sample_workspace(tmp_path)
    entry = workspace.catalog.entry("prosody").platform
    value = decision("refuse", platform="prosody", edition="natm",
                     version=entry.version).model_dump(mode="json", exclude_unset=True)
    (tmp_path / "decisions" / f"{value['id']}.yml").write_text(
        yaml.safe_dump(value), encoding="utf-8")
    report = judged(tmp_path, named="first-steps")
    assert [one.verdict.platform for one in report.refused] == ["prosody"]
