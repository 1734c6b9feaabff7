# SPDX-License-Identifier: AGPL-3.0-or-later
"""Locking a member out for a while, and opening the account again."""

from __future__ import annotations

from dataclasses import replace

from ..i18n import _
from ..model.members import MembersReport
from .accounts import account_platform, answered, ask, call, keepers, others, step
from .members import check_name, words
from .verify import finish_clean_up
from .workspace import Workspace


def disable(workspace: Workspace, name: str) -> MembersReport:
    """Lock a member out for a while; groups and all they wrote stay."""
    return _lock(workspace, name, "disable", natively="remove", ending=True)


def enable(workspace: Workspace, name: str) -> MembersReport:
    """Open a member's account again, with the password from before."""
    report = _lock(workspace, name, "enable")
    # What keeps passwords of its own has forgotten them.
    own = {i.id: _("has an account of its own: `natm members reset {name}` opens it").format(
        name=name) for i in keepers(workspace) if i.id not in report.done}
    return replace(report, failed=own)


def _lock(
    workspace: Workspace, name: str, action: str, *, natively: str | None = None,
    ending: bool = False,
) -> MembersReport:
    """The account platform first: where it refuses, nothing is done elsewhere."""
    check_name(name)
    account = account_platform(workspace)
    with workspace.lock(f"members {action}") as lock:
        finish_clean_up(workspace)
        answered(ask(workspace, action, {"name": name}))
        own = [i for i in keepers(workspace) if i.id != account.id] if natively else []
        chains = {i.id: [step(i, natively or "", {"name": name})] for i in own}
        chains |= {i.id: [step(i, "end", {"name": name})] for i in others(workspace) if ending}
        answers = {id_: a for id_, (a,) in call(workspace, chains).items()
                   if a.get("code") != "unknown"}
        lock.result = "done"
    return MembersReport(
        done={account.id: action, **{id_: action for id_, a in answers.items() if a.get("ok")}},
        failed={id_: words(a) for id_, a in answers.items() if not a.get("ok")}, name=name)
