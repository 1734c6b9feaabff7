# SPDX-License-Identifier: AGPL-3.0-or-later
"""A workspace's policy: taking a ready-made one over, and what of it comes due."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from ..errors import NatmError, UsageError
from ..files import read_text, write
from ..i18n import _
from ..load_vetting import load_criteria, load_policy
from ..model.base import months_later
from ..model.results import Told
from ..model.stack import Stack
from ..paths import shipped
from ..templating import q
from .vet import POLICY, Vetting, due_within, of_catalog, of_workspace, policy_file, ready_policies
from .workspace import Workspace

OFFERED = "first-steps"


class Place(Protocol):
    """Where a command stands: in a workspace, or in none yet."""

    @property
    def workspace(self) -> Workspace:
        """The workspace; `NatmError` where there is none."""

    @property
    def layers(self) -> tuple[Path, ...]:
        """Catalogs named on the command line."""


def vetting_for(
    place: Place, ids: tuple[str, ...], policy: str | None
) -> tuple[Vetting, tuple[str, ...]]:
    """Judging in this workspace; before there is one, platforms have to be named."""
    try:
        workspace = place.workspace
    except NatmError as error:
        if error.code != "workspace.none" or not ids:
            raise
        return of_catalog(place.layers, policy), ids
    chosen = ids or tuple(instance.id for instance in workspace.deployment.instances)
    return of_workspace(workspace, policy), chosen


def policy_text(name: str, stack: Stack, today: date) -> str:
    """A ready-made policy with this community's name and days in it."""
    text = read_text(policy_file(name)) or ""
    languages = ", ".join(q(one) for one in stack.languages)
    own = (f"community: {{name: {{{stack.languages[0]}: {q(stack.title or stack.name)}}}, "
           f"languages: [{languages}]}}\n"
           f"adopted_on: {today}\nreview_by: {months_later(today, 6)}\n"
           "# Who agreed? Write it down: decided_by: {body: {en: Assembly}, method: consent, "
           "present: 31}\n")
    return re.sub(r"(?m)^(policy: .*\n)", lambda m: m[1] + own, text, count=1)


def write_policy(folder: Path, name: str, stack: Stack) -> Path:
    """Write policy.yml from a ready-made one; an existing policy is never written over."""
    file = folder / POLICY
    if file.exists():
        raise NatmError(_("there is a policy here already"), code="policy.exists", where=str(file),
                        hint=_("change it in your assembly, and in this file"))
    if name not in ready_policies():
        raise UsageError(_("name a ready-made policy: {names}").format(
            names=", ".join(ready_policies())), code="usage.policy")
    write(file, policy_text(name, stack, date.today()).encode())
    load_policy(file, load_criteria(shipped("catalog") / "criteria.yml"))
    return file


def adopt_policy(workspace: Workspace, name: str | None) -> Told:
    """Make a ready-made policy this community's own."""
    file = write_policy(workspace.folder, name or OFFERED, workspace.loaded.stack)
    return Told((_("{file} is written; read it aloud when you meet, and change what is not "
                   "yours").format(file=file), _("next: `natm vet`")), {"file": str(file)})


def due_told(vetting: Vetting, ids: tuple[str, ...], days: int) -> Told:
    """What must be looked at again within so many days, soonest first."""
    today, found = due_within(vetting, ids, days)
    lines = []
    for one in found:
        late = _(" (late)") if one.due_on < today else ""
        who = _("; who can: {who}").format(who=", ".join(one.who)) if one.who else ""
        lines.append(_("{day}{late}  {platform} {what} {name}: {says}{who}").format(
            day=one.due_on, late=late, platform=one.platform, what=one.what, name=one.name,
            says=one.says, who=who))
    values: list[dict[str, Any]] = [
        {**asdict(one), "due_on": one.due_on.isoformat(), "late": one.due_on < today}
        for one in found]
    return Told(tuple(lines) or (_("nothing is due within {n} days").format(n=days),),
                {"today": today.isoformat(), "due": values})
