# SPDX-License-Identifier: AGPL-3.0-or-later
"""decisions/*.yml: who decided what about a platform, why, and until when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ..i18n import _
from .base import Day, FileModel, Identifier, Words, months_later
from .dossier import Digest, Short
from .policy import RuleId

Outcome = Literal[
    "trial", "adopt", "adopt_with_conditions", "override", "defer", "refuse", "leave"]
LETS_RUN = ("adopt", "adopt_with_conditions", "override")
SAYS_NO = ("defer", "refuse", "leave")
OVERRIDE_MONTHS = 6
LONGEST_MONTHS = 24


class Signer(FileModel):
    """One of those who decided; a pseudonym is a name."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    role: Annotated[str, StringConstraints(max_length=100)] = ""


class Decision(FileModel):
    """A named choice, with its reasons and the day on which it is looked at again."""

    decision: Literal["natm-decision/1"]
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,100}$")]
    platform: Identifier
    edition: Identifier
    version: Short
    outcome: Outcome
    policy_sha256: Digest | None = None
    dossier_sha256: Digest | None = None
    verdict_seen: Literal["clear", "flagged", "refused", "no-policy", "no-dossier"]
    acknowledges: list[RuleId] = []
    overrides: list[RuleId] = []
    reasons: Words = Field(min_length=1)
    who_could_be_harmed: Words = {}
    who_was_asked: Words = {}
    alternatives_considered: list[Words] = Field(min_length=1)
    conditions: list[Words] = []
    dissent: list[Words] = []
    reduces_harm: Words = {}
    responsible: list[Signer] = []
    would_reconsider_if: Words = {}
    publish: bool = False
    decided_by: list[Signer] = Field(min_length=1)
    decided_on: Day
    expires_on: Day
    exit_plan: Words = {}
    signatures: list[Short] = []

    @model_validator(mode="after")
    def _sound(self) -> Decision:
        for problem in _problems(self):
            raise ValueError(problem)
        return self


def _problems(decision: Decision) -> list[str]:
    found = []
    override = decision.outcome == "override"
    longest = OVERRIDE_MONTHS if override else LONGEST_MONTHS
    if not decision.decided_on < decision.expires_on <= months_later(decision.decided_on, longest):
        found.append(_("expires_on is at most {n} months after decided_on").format(n=longest))
    if override and not decision.overrides:
        found.append(_("an override names the rules it goes past, in `overrides`"))
    if decision.overrides and not override:
        found.append(_("only the outcome `override` goes past rules"))
    if override and not (decision.reduces_harm and decision.responsible):
        found.append(_("an override says what reduces the harm, and who is responsible"))
    names = [signer.name for signer in decision.decided_by]
    if len(set(names)) != len(names):
        found.append(_("the same name has signed twice"))
    return found
