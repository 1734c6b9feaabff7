# SPDX-License-Identifier: AGPL-3.0-or-later
"""Verdicts and what the gate says, in words. Importing this teaches `as_text` about them."""

from __future__ import annotations

from datetime import date

from ..i18n import _, ngettext
from ..model.verdict import Admission, Fact, GateReport, RuleResult, Verdict, VetReport
from ..plaintext import one_line
from .show import as_text, columns

SIGNS = {"pass": "✓", "flag": "!", "refuse": "✗"}


def state_words(state: str) -> str:
    """A verdict's name for people."""
    return {"clear": _("accepted"), "flagged": _("flagged"), "refused": _("refused"),
            "no-policy": _("not judged: there is no policy"),
            "no-dossier": _("not judged: there is no dossier")}[state]


@as_text.register
def vet_text(report: VetReport) -> str:
    """Every platform, rule by rule."""
    parts = [_("Under the policy of {community} ({file}), on {day}:").format(
        community=one_line(report.community) or _("nobody named"), file=report.policy,
        day=report.today)] if report.policy else []
    parts += [*report.notes, *(verdict_text(one, report.today) for one in report.verdicts)]
    return "\n".join(parts)


def verdict_text(one: Verdict, today: date) -> str:
    """One platform, rule by rule."""
    lines = ["", _("{id} {version}: {state}").format(
        id=one.platform, version=one.version, state=state_words(one.state))]
    if one.assessed:
        lines.append(_("  assessed for version {version}, {status}; {interests}").format(
            version=one_line(one.assessed), status=one.status,
            interests=one_line(one.interests)))
    if one.expired or one.withdrawn:
        lines.append(_("  its dossier is past its day, {day}").format(day=one.expires_on)
                     if one.expired else _("  its dossier is withdrawn"))
    rows = [(f"  {SIGNS[r.result]} {r.rule}", fact_words(r.fact), one_line(r.fact.basis),
             age(r.fact, today), " ".join(r.fact.evidence), because(r)) for r in one.rules]
    if rows:
        lines.append(columns((_("    rule"), _("fact"), _("basis"), _("age"), _("evidence"),
                              _("verdict")), rows))
        lines += [f"      {r.rule}: {one_line(r.why)}" for r in one.rules if r.result != "pass"]
    return "\n".join(lines)


def fact_words(fact: Fact) -> str:
    """The value, short enough for a table."""
    value = fact.value
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = one_line(text or _("none found"))
    return text if len(text) <= 48 else text[:47] + "…"


def age(fact: Fact, today: date) -> str:
    """How long ago it was observed, and whether that is too long."""
    if fact.observed is None:
        return ""
    days = (today - fact.observed).days
    text = ngettext("{n} day", "{n} days", days).format(n=days) if days < 60 else (
        _("{n} months").format(n=days // 30))
    return text + {"ageing": _(", ageing"), "stale": _(", too old")}.get(fact.freshness, "")


def because(one: RuleResult) -> str:
    """The rule's result, and why."""
    reasons = {
        "accepted": "", "against": _("it counts against it"), "unknown": _("nobody looked"),
        "basis": _("not a ground you accept"), "hearsay": _("hearsay alone does not count"),
        "stale": _("too old to count"), "cured": _("made milder by another finding"),
        "contested": _("contested; the worse value counts")}
    word = {"pass": _("pass"), "flag": _("flag"), "refuse": _("refuse")}[one.result]
    reason = reasons[one.because]
    return f"{word}: {reason}" if reason else word


@as_text.register
def gate_text(report: GateReport) -> str:
    """What the gate says of a plan: nothing where there is nothing to say."""
    lines = list(report.notes)
    if report.trial:
        lines.append(_("a trial: on loopback, for people who test, not for a community's real use"))
    for one in report.admissions:
        lines += _admission(one)
    lines += _flags(report)
    return "\n".join(lines)


def _admission(one: Admission) -> list[str]:
    head = f"{one.verdict.platform} ({one.act}): {state_words(one.verdict.state)}"
    if not one.allowed:
        return [f"  ✗ {head}: {one.says}"]
    if one.outside:
        return [f"  ! {head}: {one.says}"] if one.says else [f"  ! {head}"]
    return []


def _flags(report: GateReport) -> list[str]:
    """Flags to own up to, rule by rule, with the platforms they are about."""
    found: dict[str, list[str]] = {}
    why: dict[str, str] = {}
    for one in report.admissions:
        for rule in one.verdict.rules:
            if rule.rule in one.to_own:
                why[rule.rule] = one_line(rule.why)
                found.setdefault(rule.rule, []).append(
                    f"{one.verdict.platform}: {fact_words(rule.fact)}")
    if not found:
        return []
    lines = [_("Your policy flags this; nobody has shown yet that it holds:")]
    for id_, facts in found.items():
        lines += [f"  ! {id_}: {why[id_]}", f"      {'; '.join(facts)}"]
    return lines


def question(report: GateReport) -> str:
    """The one question a deploy asks."""
    if report.to_own:
        return _("Do this, and take on these flags for half a year?")
    return _("Do this?")
