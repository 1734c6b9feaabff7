# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calling the platforms' own member programs, many at once over one connection."""

from __future__ import annotations

from typing import Any

from ..errors import NatmError
from ..i18n import _
from ..model.deployment import Instance
from ..model.sign_in import ProgramSpec
from .workspace import Workspace

Answer = dict[str, Any]
LISTS = ("members", "groups", "invitations", "problems")
"""What answers may hold several of, each an object."""


def with_members(workspace: Workspace) -> list[Instance]:
    """The platforms that have a member program."""
    return [i for i in workspace.deployment.instances if i.platform.members]


def keepers(workspace: Workspace) -> list[Instance]:
    """Those that keep accounts: the account platform, and each that signs in by its own."""
    return [i for i in with_members(workspace) if i.method == "native"]


def others(workspace: Workspace) -> list[Instance]:
    """Those with a member program that sign in by the account platform."""
    return [i for i in with_members(workspace) if i.method != "native"]


def keeper(workspace: Workspace, instance: Instance) -> Instance:
    """The platform that keeps the accounts with which members come in to this one."""
    accounts = workspace.deployment.accounts
    if instance.method == "native" or accounts is None:
        return instance
    return workspace.deployment.instance(accounts)


def account_platform(workspace: Workspace) -> Instance:
    """The platform that keeps the accounts for the others; refused where there is none."""
    accounts = workspace.deployment.accounts
    if accounts is None:
        raise NatmError(
            _("this needs one account for all, and here each platform keeps its own"),
            code="members.no-account-platform", where=str(workspace.folder / "stack.yml"),
            hint=_("`natm pick identity`, `natm deploy`, then `natm members adopt`"))
    return workspace.deployment.instance(accounts)


def step(
    instance: Instance, action: str, data: dict[str, Any], program: ProgramSpec | None = None
) -> dict[str, Any]:
    """One call of a platform's member program, or of another one."""
    spec = program or instance.platform.members
    return {"container": instance.service(spec.service).container, "command": spec.command,
            "action": action, "data": data}


def call(
    workspace: Workspace, chains: dict[str, list[dict[str, Any]]], *, timeout: float = 600
) -> dict[str, list[Answer]]:
    """Make the calls of each platform in order, the platforms side by side."""
    if not chains:
        return {}
    answers = workspace.server.script("members", {"chains": chains}, timeout=timeout)
    return {id_: [_sound(answer) for answer in own] for id_, own in answers.items()}


def ask(
    workspace: Workspace, action: str, data: dict[str, Any], *, timeout: int = 120,
    program: ProgramSpec | None = None,
) -> Answer:
    """One answer of the account platform's member program, or of another program of its."""
    instance = account_platform(workspace)
    one = {**step(instance, action, data, program), "timeout": timeout}
    ((answer,),) = call(workspace, {instance.id: [one]}, timeout=timeout + 60).values()
    return answer


def answered(answer: Answer) -> Answer:
    """The answer, where it is one of success; else the refusal it stands for."""
    if not answer.get("ok"):
        raise NatmError(str(answer.get("message") or _("the account platform did not answer")),
                        code=f"members.{answer.get('code', 'failed')}",
                        hint=_("`natm health` tells whether the stack is up")
                        if answer.get("code") == "no-answer" else None)
    return answer


def _sound(answer: Any) -> Answer:
    """An answer of the form it should have; a platform that was broken into could say anything."""
    fine = isinstance(answer, dict) and isinstance(answer.get("member", {}), dict) and all(
        _objects(answer.get(key) or []) for key in LISTS) and all(
        "name" in member for member in answer.get("members") or [])
    return answer if fine else {
        "ok": False, "code": "no-answer", "message": _("its member program answered nonsense")}


def _objects(several: Any) -> bool:
    return isinstance(several, list) and all(
        isinstance(one, dict) and isinstance(one.get("name", ""), str) for one in several)
