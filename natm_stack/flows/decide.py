# SPDX-License-Identifier: AGPL-3.0-or-later
"""decide: write down who decided what about a platform, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..files import write
from ..i18n import _
from ..load import validated
from ..model.base import months_later
from ..model.decision import LETS_RUN, Decision
from ..model.policy import Policy
from ..model.results import Told
from ..model.verdict import GateReport, Verdict
from ..server import who_am_i
from ..yamlfile import Document, dump
from .vet import DECISIONS, of_workspace
from .workspace import Workspace

NOTHING = {"en": "No technology at all", "es": "Ninguna tecnología", "fr": "Aucune technologie"}
MONTHS = {"override": 6, "trial": 3}
HEAD = "# What this community decided. Keep it; `natm vet --due` says when to look at it again.\n"


@dataclass(frozen=True)
class Answers:
    """What people answered; lists may be empty where nobody said anything."""

    outcome: str
    reasons: str
    signers: tuple[tuple[str, str], ...]
    acknowledges: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)
    """who_could_be_harmed, who_was_asked, reduces_harm, would_reconsider_if, exit_plan."""
    alternatives: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    dissent: tuple[str, ...] = ()
    responsible: tuple[tuple[str, str], ...] = ()
    until: str | None = None
    publish: bool = False


def question(workspace: Workspace, id_: str) -> tuple[Verdict, Policy | None]:
    """The verdict a decision is about, and the policy it comes from."""
    vetting = of_workspace(workspace)
    policy = vetting.policy.policy if vetting.policy else None
    return vetting.verdict(id_, vetting.today([id_])), policy


def decide(workspace: Workspace, id_: str, answers: Answers) -> Told:
    """Write the decision into decisions/; `NatmError` where it would not hold."""
    vetting = of_workspace(workspace)
    today = vetting.today([id_])
    verdict = vetting.verdict(id_, today)
    language = workspace.loaded.stack.languages[0]
    if vetting.policy is not None:
        _refuse_empty_override(answers, verdict, vetting.policy.policy)
    value = _value(verdict, answers, today, language)
    decision = _checked(value)
    file = _write(workspace.folder, decision, value)
    left = [r for r in verdict.named("flag") if r not in decision.acknowledges]
    lines = [_("written: {file}").format(file=file)]
    if decision.outcome in LETS_RUN and left:
        lines.append(_("flags it does not name: {rules}").format(rules=", ".join(left)))
    lines += [_("to be looked at again by {day}").format(day=decision.expires_on),
              _("put it under git, so that everyone has it and nobody can change it unseen")]
    return Told(tuple(lines), {"file": str(file), "decision": decision.model_dump(mode="json")})


def _refuse_empty_override(answers: Answers, verdict: Verdict, policy: Policy) -> None:
    """An override that the gate would not follow is better refused while people are together."""
    for rule in answers.overrides:
        if rule in policy.may_override.never:
            raise NatmError(
                _("your policy lets nobody go past {rule}").format(rule=rule),
                code="decide.never", hint=_("change the policy itself, in your assembly"))
        if rule not in verdict.named("refuse"):
            raise NatmError(
                _("{rule} does not refuse this platform").format(rule=rule),
                code="decide.not-refused",
                hint=_("`natm vet {id}` shows what does").format(id=verdict.platform))
    known = {*verdict.named("flag"), *verdict.named("refuse"), *verdict.named("pass")}
    for rule in answers.acknowledges:
        if rule not in known:
            raise NatmError(_("your policy has no rule called {rule}").format(rule=rule),
                            code="decide.unknown-rule")
    may = policy.may_override
    roles = {role.casefold() for role in may.roles}
    able = [name for name, role in answers.signers if not roles or role.casefold() in roles]
    if answers.outcome == "override" and len(able) < may.quorum:
        raise NatmError(
            _("an override takes {n} named people, and {have} signed").format(
                n=may.quorum, have=len(able)),
            code="decide.quorum",
            hint=_("say --by NAME:ROLE for each; the role is one of: {roles}").format(
                roles=", ".join(may.roles)) if roles else _("say --by NAME for each"))


def _value(
    verdict: Verdict, answers: Answers, today: date, language: str
) -> dict[str, Any]:
    def own(text: str) -> dict[str, str]:
        return {language: text}

    nothing = {language: NOTHING[language]} if language in NOTHING else {"en": NOTHING["en"]}
    until = answers.until or months_later(today, MONTHS.get(answers.outcome, 12)).isoformat()
    value: dict[str, Any] = {
        "decision": "natm-decision/1", "id": f"{today}-{verdict.platform}-"
        f"{answers.outcome.replace('_', '-')}",
        "platform": verdict.platform, "edition": verdict.edition or "unknown",
        "version": verdict.version, "outcome": answers.outcome,
        "policy_sha256": verdict.policy_sha256, "dossier_sha256": verdict.dossier_sha256,
        "verdict_seen": verdict.state, "acknowledges": list(answers.acknowledges),
        "overrides": list(answers.overrides), "reasons": own(answers.reasons),
        **{key: own(text) for key, text in answers.texts.items() if text},
        "alternatives_considered": [*map(own, answers.alternatives), nothing],
        "conditions": [own(text) for text in answers.conditions],
        "dissent": [own(text) for text in answers.dissent],
        "responsible": _people(answers.responsible), "publish": answers.publish,
        "decided_by": _people(answers.signers), "decided_on": today.isoformat(),
        "expires_on": until, "signatures": [],
    }
    return {key: one for key, one in value.items() if one is not None}


def _people(given: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, **({"role": role} if role else {})} for name, role in given]


def _checked(value: dict[str, Any]) -> Decision:
    return validated(Document(Path(DECISIONS) / f"{value['id']}.yml", value), Decision, "decision")


def _write(folder: Path, decision: Decision, value: dict[str, Any]) -> Path:
    """A decision is never written over: the second of a day gets a number."""
    number, id_ = 1, decision.id
    while (folder / DECISIONS / f"{id_}.yml").exists():
        number += 1
        id_ = f"{decision.id}-{number}"
    file = folder / DECISIONS / f"{id_}.yml"
    write(file, (HEAD + dump({**value, "id": id_})).encode())
    return file


def own_up(workspace: Workspace, report: GateReport) -> tuple[Path, ...]:
    """Write down the flags that were taken on by one yes at deploy, platform by platform."""
    written = []
    language = workspace.loaded.stack.languages[0]
    for one in report.admissions:
        if one.to_own:
            answers = Answers("adopt", _("Taken on with one yes at deploy; see the flags."),
                              ((who_am_i(), "steward"),), one.to_own,
                              until=months_later(report.today, 6).isoformat())
            value = _value(one.verdict, answers, report.today, language)
            written.append(_write(workspace.folder, _checked(value), value))
    return tuple(written)


