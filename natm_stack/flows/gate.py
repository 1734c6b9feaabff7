# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate: what a community's policy and decisions say of a plan, before anything is done.

It acts on installing, upgrading and opening to more people. It never stops what runs, and never
holds back a security update: cutting people off can be the greater harm.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from ..diff import Look
from ..errors import NatmError
from ..i18n import _
from ..model.base import words_in
from ..model.decision import LETS_RUN, SAYS_NO, Decision
from ..model.deployment import Instance
from ..model.policy import Policy
from ..model.results import Plan, PlatformPlan
from ..model.verdict import Act, Admission, GateReport, Verdict
from ..vet import drift
from .gatelog import last_entries, openness, widened
from .vet import Vetting, latest, of_workspace
from .workspace import Workspace


def gate(workspace: Workspace, plan: Plan, found: Look, *, trial: bool = False) -> GateReport:
    """What policy and decisions say of this plan; nothing is changed."""
    vetting = of_workspace(workspace)
    if trial:
        refuse_open_trial(workspace)
    instances = {i.id: i for i in workspace.deployment.instances}
    present = [p for p in plan.platforms if p.id in instances and p.action != "remove"]
    today = vetting.today(p.id for p in present)
    # Without a policy nothing is refused, a log that was changed included.
    known = last_entries(workspace.folder) if vetting.policy else {}
    admissions = []
    for one in present:
        act = act_of(one, instances[one.id], found["receipts"].get(one.id), known.get(one.id, {}),
                     openness(workspace.deployment, instances[one.id]))
        verdict = vetting.verdict(one.id, today)
        own = [d.decision for d in vetting.decisions if d.decision.platform == one.id]
        if vetting.policy is None:
            admissions.append(Admission(act, verdict, True))
            continue
        made = _trial(act, verdict) if trial else admit(
            act, verdict, vetting.policy.policy, own, today)
        if made.outside and act == "running":
            made = replace(made, says=_outside(known.get(one.id, {}), own, today, vetting))
        admissions.append(made)
    policy = str(vetting.policy.file) if vetting.policy else None
    notes = () if vetting.policy else _without_policy(vetting, present)
    return GateReport(policy, trial, today, tuple(admissions), notes)


def _outside(
    known: dict[str, Any], decisions: list[Decision], today: date, vetting: Vetting
) -> str:
    """Since when, who answers for it, and how they said they would leave; it is not stopped."""
    since = str(known["at"])[:10] if known.get("outside") else str(today)
    last = decisions[-1] if decisions else None
    people = [s.name for s in (last.responsible or last.decided_by)] if last else []
    languages = vetting.policy.policy.languages if vetting.policy else ()
    leave = words_in(last.exit_plan, languages) if last else ""
    return _("runs outside your policy since {day}, and goes on; it rests with {people}; "
             "way out: {way}").format(day=since, people=", ".join(people) or _("nobody yet"),
                                      way=leave or _("not written down yet"))


def act_of(
    planned: PlatformPlan, instance: Instance, receipt: dict[str, Any] | None,
    known: dict[str, Any], now_open: dict[str, Any],
) -> Act:
    """What a plan does to a platform, as the gate sees it."""
    if planned.action == "create" or receipt is None:
        return "install" if planned.action == "create" else "running"
    before = str(receipt.get("version", instance.version))
    if before != instance.version:
        small = drift(before, instance.version) in ("patch", "none")
        return "security-update" if small else "upgrade"
    return "opening" if widened(known.get("open"), now_open) else "running"


def admit(
    act: Act, verdict: Verdict, policy: Policy, decisions: list[Decision], today: date
) -> Admission:
    """Whether this may be done, under this policy and these decisions."""
    outside = verdict.state in ("refused", "no-dossier")
    valid = [d for d in decisions if holds_now(d, verdict, today)]
    over = overridden(verdict, policy, valid)
    owned = {rule for d in valid for rule in d.acknowledges}
    refusals = tuple(r for r in verdict.named("refuse") if r not in over)
    flags = tuple(r for r in verdict.named("flag") if r not in owned)
    named = valid[-1].id if valid else None
    if act == "security-update":
        return Admission(act, verdict, True, _("a security update is never held back"),
                         outside=outside)
    if act == "running":
        return Admission(act, verdict, True, outside=bool(refusals) or (
            verdict.state == "no-dossier"), decision=named)
    says = _says_no(act, verdict, decisions, refusals, today)
    if not says and flags and policy.flags == "decide":
        says = _("flags that a decision must name: {rules}").format(rules=", ".join(flags))
    return Admission(act, verdict, not says, says, () if says else flags, named)


def _says_no(
    act: Act, verdict: Verdict, decisions: list[Decision], refusals: tuple[str, ...], today: date
) -> str:
    standing = [d for d in decisions if d.decided_on <= today and d.outcome != "trial"]
    last = max(standing, key=lambda d: (d.decided_on, d.id), default=None)
    if last is not None and last.outcome in SAYS_NO and last.expires_on >= today:
        return _("decided on {day}: {outcome} ({id})").format(
            day=last.decided_on, outcome=last.outcome, id=last.id)
    if verdict.state == "no-dossier":
        return _("nobody wrote a dossier, so there is nothing to judge by")
    if verdict.withdrawn and act == "install":
        return _("its dossier is withdrawn: nobody answers for it any more")
    if refusals:
        return _("refused by your policy: {rules}").format(rules=", ".join(refusals))
    return ""


def holds_now(decision: Decision, verdict: Verdict, today: date) -> bool:
    """Whether a decision lets this very edition and version run today."""
    return (decision.outcome in LETS_RUN and decision.edition == verdict.edition
            and decision.decided_on <= today <= decision.expires_on
            and drift(decision.version, verdict.version) in ("none", "patch"))


def overridden(verdict: Verdict, policy: Policy, valid: list[Decision]) -> set[str]:
    """Rules that overrides of enough named people go past."""
    may = policy.may_override
    roles = {role.casefold() for role in may.roles}
    found: set[str] = set()
    for decision in valid:
        signers = [s for s in decision.decided_by if not roles or s.role.casefold() in roles]
        if decision.outcome == "override" and len(signers) >= may.quorum:
            found |= set(decision.overrides)
    return (found - set(may.never)) & set(verdict.named("refuse"))


def require_admission(report: GateReport) -> None:
    """`NatmError` where the policy refuses what the plan wants."""
    if not report.refused:
        return
    first = report.refused[0]
    ids = [one.verdict.platform for one in report.refused]
    raise NatmError(
        _("{id}: {why}").format(id=first.verdict.platform, why=first.says) + (
            _(" (and {ids})").format(ids=", ".join(ids[1:])) if ids[1:] else ""),
        code="vet.refused", where=report.policy,
        hint=_("`natm vet {id}` shows every rule; `natm decide {id}` writes down what you decide; "
               "name the other platforms to deploy them alone; with a .localhost domain "
               "`natm deploy --trial` lets you look at it first").format(id=ids[0]))


def _trial(act: Act, verdict: Verdict) -> Admission:
    return Admission(act, verdict, True, _("a trial on loopback, without real people"))


def refuse_open_trial(workspace: Workspace) -> None:
    """A trial is for looking, so nobody else may be able to reach it."""
    if not workspace.deployment.loopback_only:
        raise NatmError(
            _("a trial answers on loopback only, and {domain} can be reached by others").format(
                domain=workspace.deployment.domain),
            code="trial.not-loopback", where=str(workspace.folder / "stack.yml"),
            hint=_("begin one beside it: `natm init trial --name trial --domain "
                   "trial.localhost --platform ID`"))


def _without_policy(vetting: Vetting, present: list[PlatformPlan]) -> tuple[str, ...]:
    """Facts only: the gate informs and refuses nothing."""
    notes = [_("no policy.yml: nothing is refused. `natm vet` shows what is known, "
               "`natm init --help` how to begin a policy.")]
    ids = {p.id for p in present}
    for one in latest(vetting.decisions):
        if one.decision.platform in ids and one.decision.outcome in SAYS_NO:
            notes.append(_("{id}: decided on {day}: {outcome}").format(
                id=one.decision.platform, day=one.decision.decided_on,
                outcome=one.decision.outcome))
    notes += [_("{id} has no dossier: nobody wrote down what is known of it").format(id=p.id)
              for p in present if vetting.dossier(vetting.catalog.entry(p.id)) is None]
    return tuple(notes)
