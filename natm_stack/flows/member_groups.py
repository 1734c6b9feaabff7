# SPDX-License-Identifier: AGPL-3.0-or-later
"""Groups of members, kept by the account platform."""

from __future__ import annotations

from ..errors import NatmError
from ..i18n import _
from ..model.members import Group, GroupsReport
from .accounts import Answer, account_platform, answered, ask
from .members import NAME, check_name
from .workspace import Workspace


def list_groups(workspace: Workspace) -> GroupsReport:
    """All groups, with their members."""
    return _report(answered(ask(workspace, "groups", {})))


def join(workspace: Workspace, group: str, names: tuple[str, ...]) -> GroupsReport:
    """Members into a group, which is made if it is not there."""
    return _change(workspace, "join", group, names)


def leave(workspace: Workspace, group: str, names: tuple[str, ...]) -> GroupsReport:
    """Members out of a group."""
    return _change(workspace, "leave", group, names)


def _change(
    workspace: Workspace, action: str, group: str, names: tuple[str, ...]
) -> GroupsReport:
    account_platform(workspace)
    if not NAME.fullmatch(group):
        raise NatmError(
            _("{name} cannot be a group's name").format(name=repr(group)), code="members.bad-group",
            hint=_("2 to 31 lower-case letters, digits and hyphens, beginning with a letter"))
    for name in names:
        check_name(name)
    with workspace.lock(f"members groups {action}") as lock:
        answered(ask(workspace, action, {"group": group, "names": list(names)}))
        lock.result = "done"
    whole = list_groups(workspace)
    return GroupsReport(tuple(one for one in whole.groups if one.name == group))


def _report(answer: Answer) -> GroupsReport:
    return GroupsReport(tuple(
        Group(str(one.get("name")), tuple(str(name) for name in one.get("members") or []))
        for one in answer.get("groups") or []))
