# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reports about upgrades in words."""

from __future__ import annotations

from ..i18n import _, ngettext
from ..model.results import Plan
from ..model.upgrades import Newer, OutdatedReport, Upgraded, UpgradeReport
from .show import as_text, table

SIGNS = {"done": "✓", "back": "↩", "failed": "✗"}
SHOWN = 12
"""So many packages are named; the rest are counted."""


def upgrade_plan_text(plan: Plan) -> str:
    """What an upgrade would do."""
    lines = [_("Upgrade of {stack} on {server}").format(stack=plan.stack, server=plan.server), ""]
    for one in plan.platforms:
        if one.action != "none":
            lines.append(f"  ↑ {one.id}: {'; '.join(one.reasons)}")
            lines += [_("      builds {tag}").format(tag=tag) for tag in one.build]
    return "\n".join(lines)


@as_text.register
def upgrade_text(report: UpgradeReport) -> str:
    """What became of each platform, and what the time went into."""
    rows = [(SIGNS[one.came], one.id, f"{one.before} → {one.after}", _became(one),
             _("{n:.1f} s").format(n=one.closed) if one.closed else "") for one in report.platforms]
    text = table(("", _("platform"), _("version"), _("outcome"), _("closed for")), rows)
    for one in report.platforms:
        text += _details(one)
    return text + "".join(f"\n{note}" for note in report.notes)


def _became(one: Upgraded) -> str:
    if one.came == "done":
        return _("serves, proven")
    if one.came == "back":
        return _("the version before serves, with all that was written")
    return _("was not touched")


def _details(one: Upgraded) -> str:
    lines = []
    if one.says:
        lines.append(_("{id}: {why}").format(id=one.id, why=one.says))
    if one.took:
        lines.append(_("{id} took: {parts}").format(id=one.id, parts=", ".join(
            f"{name} {seconds:.1f} s" for name, seconds in one.took.items())))
    if one.snapshot and one.came == "done":
        lines.append(_("{id}: `natm rollback {id}` goes back to {run}").format(
            id=one.id, run=one.snapshot))
    lines += [_packages(one.id, one.packages)] if one.packages else []
    return "".join(f"\n{line}" for line in lines)


def _packages(id_: str, packages: tuple[tuple[str, str, str], ...]) -> str:
    named = ", ".join(f"{name} {before or '-'} → {after or '-'}"
                      for name, before, after in packages[:SHOWN])
    more = len(packages) - SHOWN
    return f"{id_}: {named}" + (
        ngettext(" and {n} more package", " and {n} more packages", more).format(n=more)
        if more > 0 else "")


@as_text.register
def outdated_text(report: OutdatedReport) -> str:
    """What could be upgraded, and how."""
    lines = [_newer(one) for one in report.platforms] or [
        _("Nothing newer was found, but not all could be looked at:") if report.notes else
        _("All of {stack} is up to date.").format(stack=report.stack)]
    lines += [_packages(f"  {one.id}", one.packages) for one in report.platforms if one.packages]
    if any(one.reasons for one in report.platforms):
        lines.append(_("`natm upgrade` brings the newer versions"))
    if any(one.packages for one in report.platforms):
        lines.append(_("`natm upgrade --packages` makes images anew; they are of {epoch}").format(
            epoch=report.epoch))
    return "\n".join((*lines, *report.notes))


def _newer(one: Newer) -> str:
    count = len(one.packages)
    parts = [*one.reasons, *([ngettext(
        "{n} package has a newer version", "{n} packages have newer versions", count).format(
            n=count)] if count else [])]
    return f"↑ {one.id}: {'; '.join(parts)}"
