# SPDX-License-Identifier: AGPL-3.0-or-later
"""policy.yml: what one community accepts, rule by rule, in words that can be read aloud."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from ..i18n import _
from .base import Day, FileModel, Identifier, Key, Language, Words
from .criteria import Flag

ANTI_FEATURES = "anti_features"
"""The one name in a rule that is no facet: the dossier's list of what stands against people."""

Action = Literal["flag", "refuse"]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,60}$")]
FacetPath = Annotated[str, StringConstraints(
    pattern=r"^(anti_features|[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+)?)$")]
Given = str | int | float


class Cure(FileModel):
    """Another facet that makes a failure milder, typically our own profile measured clean."""

    facet: FacetPath
    ok: list[Given] = Field(min_length=1)
    then: Literal["pass", "flag"] = "flag"


class Rule(FileModel):
    """What is accepted of one facet, and what happens otherwise."""

    id: RuleId
    facet: FacetPath
    ok: list[Given] | None = None
    not_ok: list[Given] | None = None
    max: int | float | None = None
    min: int | float | None = None
    otherwise: Action = Field(alias="else")
    cured_by: Cure | None = None
    why: Words = Field(min_length=1)

    @model_validator(mode="after")
    def _one_test(self) -> Rule:
        tests = (self.ok, self.not_ok, self.max, self.min)
        if sum(test is not None for test in tests) != 1:
            raise ValueError(_("rule {id} needs one of: ok, not_ok, max, min").format(id=self.id))
        if self.facet == ANTI_FEATURES and self.not_ok is None:
            raise ValueError(_("rule {id}: anti_features are refused or flagged by not_ok").format(
                id=self.id))
        return self


class Community(FileModel):
    """Whose policy it is."""

    name: Words = {}
    languages: list[Language] = []
    size: int | None = Field(default=None, ge=1)


class DecidedBy(FileModel):
    """Who made the policy."""

    body: Words = {}
    method: str | None = Field(default=None, max_length=100)
    present: int | None = Field(default=None, ge=0)
    minutes: str | None = Field(default=None, max_length=200)


class MayOverride(FileModel):
    """Who may go past a refusal, and which refusals nobody may go past."""

    quorum: int = Field(default=2, ge=1)
    roles: list[Annotated[str, StringConstraints(min_length=1, max_length=80)]] = []
    never: list[RuleId] = []


class Staleness(FileModel):
    """How old good news may be."""

    hard_limit_months: int = Field(default=18, ge=1, le=18)
    stale_counts_as: Literal["unknown"] = "unknown"


class Policy(FileModel):
    """One community's policy."""

    policy: Literal["natm-policy/1"]
    name: Identifier | None = Field(default=None, description="Of a ready-made policy.")
    title: Words = {}
    summary: Words = {}
    community: Community = Community()
    adopted_on: Day | None = None
    review_by: Day | None = None
    decided_by: DecidedBy = DecidedBy()
    may_override: MayOverride = MayOverride()
    staleness: Staleness = Staleness()
    flags: Literal["decide", "ask"] = Field(
        default="decide",
        description="decide: flags need a decision of the community; ask: one question at deploy.")
    unknown: dict[Key, Action] = {"default": "flag"}
    basis: dict[Key, list[Key]]
    rules: list[Rule] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> Policy:
        ids = [rule.id for rule in self.rules]
        twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        if twice:
            raise ValueError(_("two rules are called {id}").format(id=twice[0]))
        if "default" not in self.unknown or "default" not in self.basis:
            raise ValueError(_("unknown and basis each need a `default`"))
        lost = [id_ for id_ in self.may_override.never if id_ not in ids]
        if lost:
            raise ValueError(_("never names a rule that is not there: {id}").format(id=lost[0]))
        return self

    def bases(self, question: str) -> list[str]:
        """The kinds of ground this community accepts for a question."""
        return self.basis.get(question, self.basis["default"])

    def when_unknown(self, question: str) -> Action:
        """What happens where nobody knows."""
        return self.unknown.get(question, self.unknown["default"])

    @property
    def languages(self) -> tuple[str, ...]:
        """The community's languages."""
        return tuple(self.community.languages)


def problems_with(policy: Policy, facets: Any, bases: Any, flags: Any) -> list[tuple[str, ...]]:
    """What the policy names that the criteria do not have: (place..., what is wrong)."""
    found: list[tuple[str, ...]] = []
    for number, rule in enumerate(policy.rules):
        for path in (rule.facet, *([rule.cured_by.facet] if rule.cured_by else [])):
            if path != ANTI_FEATURES and facets(path) is None:
                found.append(("rules", str(number), path))
        if rule.facet == ANTI_FEATURES:
            found += [("rules", str(number), str(flag)) for flag in rule.not_ok or []
                      if flag not in flags]
    found += [("basis", question, basis) for question, listed in policy.basis.items()
              for basis in listed if basis not in bases]
    return found


__all__ = ["ANTI_FEATURES", "Cure", "Flag", "Policy", "Rule", "problems_with"]
