# SPDX-License-Identifier: AGPL-3.0-or-later
"""Policy against dossier -> Verdict. Pure: it reads no file, asks no clock and fetches no address.

Evidence is weighed unevenly on purpose. What counts against a platform counts on any ground but
hearsay; what speaks for it counts only on a ground the policy accepts, and only while it is fresh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from .model.base import months_later, words_in
from .model.criteria import NOT_APPLICABLE, UNKNOWN, Again, Criteria
from .model.dossier import Claim, Dossier
from .model.policy import ANTI_FEATURES, Cure, Policy, Rule
from .model.verdict import WORST, Because, Due, Fact, Freshness, Result, RuleResult, State, Verdict

NO_EDITOR_MONTHS = 12
LEVELS = ("major", "minor", "patch")


@dataclass(frozen=True)
class Subject:
    """What is about to run, judged on a day."""

    platform: str
    version: str
    today: date


def vet(
    criteria: Criteria, policy: Policy | None, dossier: Dossier | None, subject: Subject
) -> Verdict:
    """What this policy says of this platform; the worst of its rules is the verdict."""
    if dossier is None:
        return Verdict(subject.platform, "", subject.version, "no-dossier")
    rules: tuple[RuleResult, ...] = ()
    if policy is not None:
        judge = Judge(criteria, policy, dossier, subject)
        rules = tuple(judge.result(rule) for rule in policy.rules)
    return Verdict(
        subject.platform, dossier.edition, subject.version, _state(policy, rules), rules,
        assessed=dossier.version.assessed, expires_on=dossier.expires_on,
        expired=dossier.expires_on < subject.today, withdrawn=is_withdrawn(dossier, subject.today),
        status=dossier.status, interests=dossier.declared_interests)


def _state(policy: Policy | None, rules: tuple[RuleResult, ...]) -> State:
    if policy is None:
        return "no-policy"
    worst = max((rule.result for rule in rules), key=WORST.__getitem__, default="pass")
    return {"pass": "clear", "flag": "flagged", "refuse": "refused"}[worst]  # type: ignore[return-value]


def is_withdrawn(dossier: Dossier, today: date) -> bool:
    """Whether nobody answers for the dossier any more; that blocks new installs, nothing else."""
    alone = months_later(dossier.updated_on, NO_EDITOR_MONTHS) < today
    return alone or dossier.status in ("withdrawn", "superseded")


class Judge:
    """One policy, one dossier, one day."""

    def __init__(
        self, criteria: Criteria, policy: Policy, dossier: Dossier, subject: Subject
    ) -> None:
        self.criteria, self.policy, self.dossier, self.subject = criteria, policy, dossier, subject

    def result(self, rule: Rule) -> RuleResult:
        """What one rule says; of several candidates, the worst."""
        if rule.facet == ANTI_FEATURES:
            return self._flags(rule)
        question = rule.facet.split(".")[0]
        tried = [self._weighed(rule, question, fact) for fact in self.facts(rule.facet)]
        found = max(tried, key=lambda one: WORST[one.result])
        if len(tried) > 1:
            found = replace(found, because="contested")
        return self._cured(rule.cured_by, found) if rule.cured_by else found

    def facts(self, path: str) -> list[Fact]:
        """The values a facet has: one, or every candidate where it is contested."""
        question, facet, *inner = path.split(".")
        name = f"{question}.{facet}"
        claim = self.dossier.claim(name)
        says = [c.says for c in self.dossier.open_contests if c.claim == name]
        claims: list[Claim | None] = [*(claim.candidates or [claim] if claim else [None]), *says]
        return [self._fact(question, one, inner) for one in claims]

    def _fact(self, question: str, claim: Claim | None, inner: list[str]) -> Fact:
        if claim is None:
            return Fact(UNKNOWN)
        value = claim.value
        if inner and isinstance(value, dict):
            value = value.get(inner[0], UNKNOWN)
        elif inner and value != NOT_APPLICABLE:
            value = UNKNOWN
        if value == UNKNOWN:
            return Fact(UNKNOWN, note=words_in(claim.note, self.policy.languages))
        return Fact(value, claim.basis or "", claim.observed, tuple(claim.ev),
                    freshness(self.criteria, self.dossier, self.subject, question, claim,
                              self.policy.staleness.hard_limit_months),
                    words_in(claim.note, self.policy.languages))

    def _weighed(self, rule: Rule, question: str, fact: Fact) -> RuleResult:
        accepted = fact.basis in self.policy.bases(question)
        because: Because = "accepted"
        if fact.value == UNKNOWN:
            because = "unknown"
        elif not holds(rule, fact.value):
            spec = self.criteria.bases.get(fact.basis)
            because = "hearsay" if spec and spec.hearsay and not accepted else "against"
        elif not accepted:
            because = "basis"
        elif fact.freshness == "stale":
            because = "stale"
        result: Result = "pass"
        if because != "accepted":
            result = (rule.otherwise if because == "against"
                      else self.policy.when_unknown(question))
        return RuleResult(rule.id, rule.facet, result, because, fact,
                          words_in(rule.why, self.policy.languages))

    def _cured(self, cure: Cure, found: RuleResult) -> RuleResult:
        """Milder, where the other facet is known to be well on an accepted, fresh ground."""
        if WORST[found.result] <= WORST[cure.then]:
            return found
        as_rule = Rule.model_validate({
            "id": found.rule, "facet": cure.facet, "ok": cure.ok, "else": "refuse",
            "why": {"en": found.why or found.rule}})
        question = cure.facet.split(".")[0]
        tried = [self._weighed(as_rule, question, fact) for fact in self.facts(cure.facet)]
        well = all(one.because == "accepted" for one in tried)
        return replace(found, result=cure.then, because="cured") if well else found

    def _flags(self, rule: Rule) -> RuleResult:
        why = words_in(rule.why, self.policy.languages)
        if isinstance(self.dossier.anti_features, str):
            return RuleResult(rule.id, rule.facet, self.policy.when_unknown(ANTI_FEATURES),
                              "unknown", Fact(UNKNOWN), why)
        own = [f for f in self.dossier.anti_features if f.edition == self.dossier.edition]
        evidence = tuple(dict.fromkeys(e for f in own for e in f.ev))
        fact = Fact([f.id for f in own], "", self.dossier.updated_on, evidence)
        against = any(f.id in (rule.not_ok or []) for f in own)
        return RuleResult(rule.id, rule.facet, rule.otherwise if against else "pass",
                          "against" if against else "accepted", fact, why)


def freshness(
    criteria: Criteria, dossier: Dossier, subject: Subject, question: str, claim: Claim,
    limit: int | None = None,
) -> Freshness:
    """Fresh, ageing (usable and marked), or stale."""
    if claim.observed is None:
        return ""
    today, again = subject.today, criteria.questions[question].again
    oldest = min(criteria.oldest_months, limit or criteria.oldest_months)
    if (dossier.expires_on < today or claim.observed > today
            or months_later(claim.observed, oldest) < today
            or drifted(again, dossier.version.assessed, subject.version)):
        return "stale"
    return "ageing" if months_later(claim.observed, again.months) < today else "fresh"


def holds(rule: Rule, value: Any) -> bool:
    """Whether a known value is what the rule accepts; what does not apply cannot fail."""
    if value == NOT_APPLICABLE:
        return True
    if rule.max is not None or rule.min is not None:
        if not isinstance(value, int | float):
            return False
        return (rule.max is None or value <= rule.max) and (rule.min is None or value >= rule.min)
    values = value if isinstance(value, list) else (
        list(value.values()) if isinstance(value, dict) else [value])
    if rule.ok is not None:
        return all(one in rule.ok for one in values)
    return not any(one in (rule.not_ok or []) for one in values)


def drift(assessed: str, running: str) -> Literal["major", "minor", "patch", "none"]:
    """How far two versions lie apart; a series ("13.0") is as near as it can be known."""
    one, other = _numbers(assessed), _numbers(running)
    for level, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return LEVELS[min(level, 2)]  # type: ignore[return-value]
    if not one or not other:
        return "none" if assessed == running else "major"
    return "none"


def _numbers(version: str) -> list[int]:
    """The version's numbers, without what a distribution puts before and behind them."""
    found = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", version)
    return [int(part[:12]) for part in found[1].split(".")] if found else []


def drifted(again: Again, assessed: str, running: str) -> bool:
    """Whether the version moved so far that an answer to this question no longer holds."""
    found = drift(assessed, running)
    if found == "none" or again.after == "event":
        return False
    return LEVELS.index(found) <= LEVELS.index(again.after)


def due(
    criteria: Criteria, dossier: Dossier, subject: Subject, languages: tuple[str, ...] = ()
) -> Iterator[Due]:
    """Every known value and the day from which it wants looking at again, and the dossier's own."""
    name = subject.platform
    yield Due("dossier", name, name, dossier.expires_on, dossier.status)
    for question, facets in dossier.claims.items():
        spec = criteria.questions[question]
        for facet, claim in facets.items():
            if claim.observed is not None:
                stale = freshness(criteria, dossier, subject, question, claim) == "stale"
                day = months_later(claim.observed, spec.again.months)
                yield Due("claim", name, f"{question}.{facet}",
                          min(day, subject.today) if stale else day,
                          words_in(spec.facets[facet].says, languages), tuple(spec.who))
