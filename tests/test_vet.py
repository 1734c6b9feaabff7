# SPDX-License-Identifier: AGPL-3.0-or-later
"""The verdict: the two worked examples rule by rule, and what holds for any policy and dossier."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natm_stack.load_vetting import load_criteria, load_policy, read_dossier
from natm_stack.model.criteria import Again, Criteria
from natm_stack.model.dossier import Dossier
from natm_stack.model.policy import Policy, Rule
from natm_stack.model.verdict import WORST, Verdict
from natm_stack.paths import shipped
from natm_stack.vet import Subject, drift, drifted, due, holds, vet

HERE = Path(__file__).parent / "vetting"
DAY = date(2026, 11, 23)
VERSIONS = {"galene": "1.1", "mattermost": "11"}

# Rule, what Galène 1.1 and Mattermost Team 11 have to say, and what follows.
TABLE = [
    ("free-software", "free_all", "pass", "free_core_nonfree_extras", "pass"),
    ("no-telemetry-default", "none", "refuse", "sent_can_disable", "refuse"),
    ("nothing-extracted", ["none"], "pass", ["steward"], "refuse"),
    ("can-leave", "unknown", "refuse", "roundtrip_lossy", "refuse"),
    ("no-data-withheld", ["english-only", "continuity-risk"], "pass",
     ["telemetry-default-on", "capacity-cap", "feature-key", "rename-to-rebuild", "push-relay"],
     "pass"),
    ("power-centres", ["forge_us", "optional_component_us"], "pass",
     ["steward_us", "forge_us", "push_relay_us"], "flag"),
    ("security-contracts", "unknown", "flag",
     ["venture_capital", "licences_open_core", "state_security_contracts"], "flag"),
    ("no-caps", ["none"], "pass", ["capacity_cap", "feature_key"], "flag"),
    ("spanish", "none", "flag", "listed", "flag"),
    ("quechua", "none", "flag", "none", "flag"),
    ("works-offline", "unknown", "flag", "unknown", "flag"),
    ("no-open-critical", "unknown", "refuse", "unknown", "refuse"),
    ("can-moderate", "present", "pass", "unknown", "flag"),
]


@cache
def criteria() -> Criteria:
    """The questions that ship."""
    return load_criteria(shipped("catalog") / "criteria.yml")


@cache
def policy() -> Policy:
    """The example community's."""
    return load_policy(HERE / "policy.yml", criteria()).policy


@cache
def dossier(name: str) -> Dossier:
    """One of the two examples."""
    return read_dossier(HERE / name / "dossier.yml", criteria(), platform=name).dossier


def verdict(name: str, day: date = DAY, **claims: Any) -> Verdict:
    """The example's verdict, with some claims as they would be after a trial."""
    return vet(criteria(), policy(), changed(dossier(name), claims),
               Subject(name, VERSIONS[name], day))


def changed(one: Dossier, claims: dict[str, Any]) -> Dossier:
    """The dossier with measured values for `question__facet`; None leaves nothing known."""
    value = one.model_dump(mode="json", exclude_unset=True)
    value["evidence"]["t1"] = {"kind": "measurement", "at": "a trial", "read_on": str(DAY)}
    for path, given_value in claims.items():
        question, facet = path.split("__")
        value["claims"].setdefault(question, {})[facet] = {
            "value": given_value, "basis": "measured", "observed": str(DAY), "ev": ["t1"]}
    return Dossier.model_validate(value)


CLEAN = {"telemetry__default_outbound": "none", "portability__community_export": "roundtrip_lossy",
         "offline__without_internet": "full", "security__open_critical": 0}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
@pytest.mark.parametrize(("name", "at"), [("galene", 1), ("mattermost", 3)])
def test_the_worked_examples_come_out_rule_by_rule(name: str, at: int, row: Any) -> None:
    found = {rule.rule: rule for rule in verdict(name).rules}[row[0]]
    assert (found.fact.value, found.result) == (row[at], row[at + 1])


def test_both_examples_are_refused_since_nobody_ran_them() -> None:
    assert [verdict(name).state for name in VERSIONS] == ["refused", "refused"]
    assert [rule.rule for rule in verdict("galene").rules] == [row[0] for row in TABLE]


def test_a_clean_trial_moves_galene_to_its_flags() -> None:
    found = verdict("galene", **CLEAN)
    assert found.state == "flagged"
    assert found.named("flag") == ("security-contracts", "spanish", "quechua")


def test_a_clean_trial_moves_mattermost_only_if_the_hardened_profile_is_quiet() -> None:
    trial = {**CLEAN, "telemetry__default_outbound": "sent_can_disable",
             "extraction__recipients": ["steward"], "safety__controls": {"remove": "present"}}
    assert verdict("mattermost", **trial).named("refuse") == ("no-telemetry-default",)
    found = verdict("mattermost", **trial, telemetry__hardened_outbound="none")
    assert found.named("flag") == (
        "no-telemetry-default", "power-centres", "security-contracts", "no-caps", "spanish",
        "quechua")
    assert found.state == "flagged"


def test_good_news_goes_stale_and_bad_news_stands() -> None:
    late = verdict("galene", date(2028, 6, 24))
    assert len(late.named("refuse")) == 4
    assert late.named("pass") == ("no-data-withheld",)
    assert late.expired
    assert late.withdrawn


def test_between_fresh_and_stale_a_claim_is_ageing_and_counts() -> None:
    found = verdict("galene", DAY + timedelta(days=5 * 30), **CLEAN)
    by_rule = {rule.rule: rule for rule in found.rules}
    assert by_rule["no-open-critical"].fact.freshness == "ageing"
    assert by_rule["no-open-critical"].result == "pass"
    assert by_rule["free-software"].fact.freshness == "fresh"


@pytest.mark.parametrize(("basis", "result"), [
    ("steward_stated", "refuse"), ("documented", "refuse"), ("third_party_report", "flag")])
def test_an_admission_counts_and_a_rumour_does_not(basis: str, result: str) -> None:
    value = dossier("galene").model_dump(mode="json", exclude_unset=True)
    value["claims"]["freedom"]["licence_class"].update(value="nonfree", basis=basis)
    found = vet(criteria(), policy(), Dossier.model_validate(value), Subject("galene", "1.1", DAY))
    assert found.rules[0].result == result


def test_a_newer_version_makes_good_news_stale() -> None:
    found = vet(criteria(), policy(), dossier("galene"), Subject("galene", "1.2", DAY))
    by_rule = {rule.rule: rule for rule in found.rules}
    assert by_rule["free-software"].fact.freshness == "stale"
    assert by_rule["power-centres"].fact.freshness == "fresh"


def test_of_contested_values_the_worst_counts() -> None:
    value = dossier("galene").model_dump(mode="json", exclude_unset=True)
    one = value["claims"]["freedom"]["licence_class"]
    value["claims"]["freedom"]["licence_class"] = {
        "value": "contested", "candidates": [one, {**one, "value": "source_available"}]}
    found = vet(criteria(), policy(), Dossier.model_validate(value), Subject("galene", "1.1", DAY))
    assert (found.rules[0].result, found.rules[0].because) == ("refuse", "contested")


def test_an_open_contest_counts_as_its_worse_side() -> None:
    value = dossier("galene").model_dump(mode="json", exclude_unset=True)
    claim = value["claims"]["freedom"]["licence_class"]
    value["open_contests"] = [{"claim": "freedom.licence_class", "filed_on": str(DAY),
                               "wrong": {"en": "A part is not free"}, "interest": "none",
                               "says": {**claim, "value": "nonfree"}}]
    found = vet(criteria(), policy(), Dossier.model_validate(value), Subject("galene", "1.1", DAY))
    assert found.rules[0].result == "refuse"


def test_an_anti_feature_of_another_edition_does_not_count() -> None:
    value = dossier("mattermost").model_dump(mode="json", exclude_unset=True)
    value["edition"] = "entry"
    found = vet(criteria(), policy(), Dossier.model_validate(value),
                Subject("mattermost", "11", DAY))
    assert {r.rule: r.result for r in found.rules}["no-data-withheld"] == "refuse"


def test_without_policy_or_dossier_nothing_is_judged() -> None:
    subject = Subject("galene", "1.1", DAY)
    assert vet(criteria(), None, dossier("galene"), subject).state == "no-policy"
    assert vet(criteria(), policy(), None, subject).state == "no-dossier"


# --- what holds for anything

facets = st.sampled_from(sorted(criteria().facets))


@given(path=facets, basis=st.sampled_from(sorted(criteria().bases)),
       word=st.text(min_size=1, max_size=8), days=st.integers(0, 900))
def test_what_nobody_knows_never_passes(path: str, basis: str, word: str, days: int) -> None:
    rule = Rule.model_validate({"id": "one", "facet": path, "ok": [word], "else": "refuse",
                                "why": {"en": "x"}})
    strict = policy().model_copy(update={
        "rules": [rule], "unknown": {"default": "refuse"}, "basis": {"default": [basis]}})
    empty = dossier("galene").model_copy(update={"claims": {}})
    found = vet(criteria(), strict, empty,
                Subject("galene", "1.1", DAY + timedelta(days=days)))
    assert (found.state, found.rules[0].because) == ("refused", "unknown")


@given(days=st.integers(0, 1500), more=st.integers(0, 1500))
def test_time_alone_never_makes_a_verdict_milder(days: int, more: int) -> None:
    before = verdict("galene", DAY + timedelta(days=days), **CLEAN).rules
    after = verdict("galene", DAY + timedelta(days=days + more), **CLEAN).rules
    assert all(WORST[one.result] <= WORST[other.result]
               for one, other in zip(before, after, strict=True))


@given(drop=st.sets(st.sampled_from(sorted(criteria().bases))))
def test_accepting_fewer_grounds_never_makes_a_verdict_milder(drop: set[str]) -> None:
    # Hearsay is the one ground on which a community may choose not to hear bad news.
    fewer = {question: [b for b in listed if b not in drop - {"third_party_report"}]
             for question, listed in policy().basis.items()}
    strict = policy().model_copy(update={"basis": fewer})
    one = changed(dossier("galene"), CLEAN)
    subject = Subject("galene", "1.1", DAY)
    before, after = (vet(criteria(), p, one, subject).rules for p in (policy(), strict))
    assert all(WORST[a.result] <= WORST[b.result] for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(("assessed", "running", "how"), [
    ("1.1", "1.1", "none"), ("1:1.43.9", "1.43", "none"), ("2.6.2-12+deb13u1", "2.6", "none"),
    ("13.0.1", "13.1", "minor"), ("3.5.3-1", "3.5.4", "patch"), ("11", "12.0", "major"),
    ("1", "1", "none"), ("r7", "r8", "major"), ("r7", "r7", "none"), ("", "1", "major"),
])
def test_how_far_versions_lie_apart(assessed: str, running: str, how: str) -> None:
    assert drift(assessed, running) == how


@pytest.mark.parametrize(("after", "ends"), [
    ("patch", [True, True, True]), ("minor", [False, True, True]), ("major", [False, False, True]),
    ("event", [False, False, False])])
def test_each_question_says_which_release_ends_an_answer(after: Any, ends: list[bool]) -> None:
    again = Again(months=6, after=after)
    assert [drifted(again, "1.2.3", v) for v in ("1.2.4", "1.3", "2.0")] == ends


@pytest.mark.parametrize(("test", "value", "good"), [
    ({"max": 0}, 0, True), ({"max": 0}, 1, False), ({"min": 3}, 2, False), ({"max": 0}, "x", False),
    ({"ok": ["a"]}, ["a", "b"], False), ({"not_ok": ["b"]}, ["a"], True), ({"ok": ["a"]}, [], True),
    ({"not_ok": ["x"]}, {"k": "x"}, False), ({"ok": ["a"]}, "not_applicable", True)])
def test_a_rule_holds_for_a_value(test: dict[str, Any], value: Any, good: bool) -> None:
    rule = Rule.model_validate({"id": "r", "facet": "a.b", "else": "flag", "why": {"en": "x"},
                                **test})
    assert holds(rule, value) is good


def test_what_comes_due_is_named_with_who_can_look() -> None:
    found = {one.name: one for one in due(criteria(), dossier("galene"),
                                          Subject("galene", "1.1", DAY))}
    assert found["galene"].due_on == date(2027, 5, 23)
    assert found["security.process"].due_on == date(2027, 2, 23)
    assert found["languages.shipped"].who == ("robot", "community")
    assert "funding.sources" not in found
