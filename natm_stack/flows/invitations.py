# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invitations: a link by which one person makes the account meant for them."""

from __future__ import annotations

from typing import Any

from ..errors import NatmError
from ..i18n import _
from ..model.members import Invitation, NewMembers
from .accounts import Answer, account_platform, answered, ask
from .members import check_name, refuse_unadopted
from .workspace import Workspace

EACH_S = 25
"""How long the mail server may take with one letter."""


def invite(
    workspace: Workspace, name: str, *, email: str, steward: bool, groups: tuple[str, ...],
) -> NewMembers:
    """A link for one name; by mail where there is an address and a mail server."""
    check_name(name)
    refuse_unadopted(workspace, [name])
    row = {"name": name, "email": email, "steward": steward, "groups": list(groups)}
    return invited(answered(invite_all(workspace, [row])))


def invite_all(
    workspace: Workspace, rows: list[dict[str, Any]], *, dry_run: bool = False
) -> Answer:
    """The answer of the account platform's own program: links for all of them, or for none."""
    instance = account_platform(workspace)
    program = instance.platform.members.invites
    if program is None:
        raise NatmError(_("{id} cannot invite anyone").format(id=instance.id),
                        code="members.no-invitations", hint=_("`natm members add` makes accounts"))
    letters = sum(bool(row.get("email")) for row in rows) if workspace.deployment.mail else 0
    told = {"invitations": rows, "send": workspace.deployment.mail is not None, "dry_run": dry_run}
    patience = 180 + EACH_S * letters
    if dry_run:
        return ask(workspace, "invite", told, timeout=patience, program=program)
    # A link can make a steward: that one was made stands in the audit log, like all else.
    with workspace.lock("members invite") as lock:
        answer = ask(workspace, "invite", told, timeout=patience, program=program)
        lock.result = "done" if answer.get("ok") else "failed"
    return answer


def invited(answer: Answer) -> NewMembers:
    """What was made of it, for people."""
    made = tuple(
        Invitation(str(one.get("name", "")), str(one.get("url", "")), str(one.get("until", "")),
                   str(one.get("email", "")), one.get("sent") is True, str(one.get("why", "")))
        for one in answer.get("invitations") or [])
    return NewMembers(len(made), made=True, invitations=made)
