# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a policy says of a platform: rule by rule, and the worst of it. No sum, no order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Result = Literal["pass", "flag", "refuse"]
State = Literal["clear", "flagged", "refused", "no-policy", "no-dossier"]
Freshness = Literal["fresh", "ageing", "stale", ""]
Because = Literal[
    "accepted", "against", "unknown", "basis", "hearsay", "stale", "cured", "contested"]

WORST: dict[Result, int] = {"pass": 0, "flag": 1, "refuse": 2}


@dataclass(frozen=True)
class Fact:
    """A value as it stands in the dossier, and how old it is."""

    value: Any
    basis: str = ""
    observed: date | None = None
    evidence: tuple[str, ...] = ()
    freshness: Freshness = ""
    note: str = ""


@dataclass(frozen=True)
class RuleResult:
    """What one rule says of one fact."""

    rule: str
    facet: str
    result: Result
    because: Because
    fact: Fact
    why: str


@dataclass(frozen=True)
class Verdict:
    """All rules, and what follows from them."""

    platform: str
    edition: str
    version: str
    state: State
    rules: tuple[RuleResult, ...] = ()
    assessed: str = ""
    expires_on: date | None = None
    expired: bool = False
    withdrawn: bool = False
    status: str = ""
    interests: str = ""
    policy_sha256: str | None = None
    dossier_sha256: str | None = None
    notes: tuple[str, ...] = ()

    def named(self, result: Result) -> tuple[str, ...]:
        """Ids of the rules with this result."""
        return tuple(rule.rule for rule in self.rules if rule.result == result)


@dataclass(frozen=True)
class Due:
    """Something to be looked at again, and when."""

    what: Literal["claim", "dossier", "policy", "decision"]
    platform: str
    name: str
    due_on: date
    says: str
    who: tuple[str, ...] = ()


@dataclass(frozen=True)
class VetReport:
    """Verdicts on several platforms under one policy, on one day."""

    policy: str | None
    today: date
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    community: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is refused; flags are for people to own up to."""
        return all(v.state != "refused" for v in self.verdicts)


Act = Literal["install", "upgrade", "security-update", "opening", "running"]


@dataclass(frozen=True)
class Admission:
    """Whether one platform may do what a plan wants, and on what that rests."""

    act: Act
    verdict: Verdict
    allowed: bool
    says: str = ""
    to_own: tuple[str, ...] = ()
    decision: str | None = None
    outside: bool = False


@dataclass(frozen=True)
class GateReport:
    """What the gate says of a plan. Without a policy it informs and never refuses."""

    policy: str | None
    trial: bool
    today: date
    admissions: tuple[Admission, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[Admission, ...]:
        """What may not be done."""
        return tuple(one for one in self.admissions if not one.allowed)

    @property
    def to_own(self) -> dict[str, tuple[str, ...]]:
        """Flags one question takes on, by platform."""
        return {one.verdict.platform: one.to_own for one in self.admissions if one.to_own}
