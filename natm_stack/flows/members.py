# SPDX-License-Identifier: AGPL-3.0-or-later
"""members: one name on all platforms, a first password told once."""

from __future__ import annotations

import re
import secrets as random_source
from typing import Any

from ..errors import NatmError
from ..i18n import _
from ..model.results import MemberAccount, MembersReport
from .accounts import Answer, call, keepers, others, step
from .verify import PREFIX, finish_clean_up
from .workspace import Workspace

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
# Read out loud without mistakes: no letters that look or sound alike.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def check_name(name: str) -> None:
    """Refuse a name that could not be the same on all platforms."""
    if not NAME.fullmatch(name):
        raise NatmError(
            _("{name} cannot be a member's name").format(name=repr(name)), code="members.bad-name",
            hint=_("2 to 31 lower-case letters, digits and hyphens, beginning with a letter; "
                   "the display name may be anything"))
    if name.startswith(PREFIX) or name in ("admin", "root", "natm", "steward"):
        raise NatmError(_("the name {name} is kept for natm itself").format(name=name),
                        code="members.reserved-name")


def first_password() -> str:
    """A password to be told once: four groups of five, about 98 bits."""
    groups = ("".join(random_source.choice(ALPHABET) for _n in range(5)) for _g in range(4))
    return "-".join(groups)


def add(workspace: Workspace, name: str, display_name: str, steward: bool) -> MembersReport:
    """Make an account on every platform; on one that refuses, the others still have it."""
    check_name(name)
    if not display_name.isprintable() or len(display_name) > 80:
        raise NatmError(_("the display name has a character nobody can see, or is too long"),
                        code="members.bad-display-name")
    password = first_password()
    data = {"name": name, "password": password, "display_name": display_name or name,
            "steward": steward}
    report = _everywhere(workspace, "create", data, "members add")
    if not report.done and report.failed and all(
            "exists" in code for code in report.failed.values()):
        raise NatmError(_("there is a member called {name} already").format(name=name),
                        code="members.exists", hint=_("`natm members list` shows all"))
    return _told(report, name, password)


def reset(workspace: Workspace, name: str) -> MembersReport:
    """Give a member a new first password on every platform."""
    check_name(name)
    password = first_password()
    report = _everywhere(workspace, "reset", {"name": name, "password": password}, "members reset",
                         ending=True)
    _refuse_unknown(report, name)
    return _told(report, name, password)


def remove(workspace: Workspace, name: str) -> MembersReport:
    """Lock a member out everywhere, open sessions included; what they wrote stays."""
    check_name(name)
    report = _everywhere(workspace, "remove", {"name": name}, "members remove", ending=True)
    _refuse_unknown(report, name)
    return _told(report, name, None)


def list_members(workspace: Workspace) -> MembersReport:
    """All members, each with the platforms that know the name."""
    answers = call(workspace, {i.id: [step(i, "list", {})] for i in keepers(workspace)})
    found: dict[str, dict[str, dict[str, Any]]] = {}
    failed = {}
    for id_, (answer,) in answers.items():
        if not answer.get("ok"):
            failed[id_] = _words(answer)
            continue
        for member in answer.get("members", []):
            found.setdefault(member["name"], {})[id_] = member
    return MembersReport(tuple(_account(name, own) for name, own in sorted(found.items())),
                         failed=failed)


def _account(name: str, own: dict[str, dict[str, Any]]) -> MemberAccount:
    shown = [m["display_name"] for m in own.values() if m.get("display_name")]
    return MemberAccount(
        name, next((s for s in shown if s != name), name),
        any(m.get("steward") for m in own.values()),
        tuple(id_ for id_, m in own.items() if not m.get("disabled")))


def _everywhere(
    workspace: Workspace, action: str, data: dict[str, Any], command: str, *,
    ending: bool = False,
) -> MembersReport:
    """Tell all who keep accounts; then let the others end what the member has open there."""
    instances = keepers(workspace)
    if not instances:
        raise NatmError(_("no platform of this stack has accounts"), code="members.none")
    with workspace.lock(command) as lock:
        finish_clean_up(workspace)
        answers = call(workspace, {i.id: [step(i, action, data)] for i in instances})
        if ending and any(a.get("ok") for (a,) in answers.values()):
            answers |= call(workspace, {i.id: [step(i, "end", {"name": data["name"]})]
                                        for i in others(workspace)})
        report = MembersReport(
            done={id_: action for id_, (a,) in answers.items() if a.get("ok")},
            failed={id_: _words(a) for id_, (a,) in answers.items() if not a.get("ok")})
        lock.result = "done" if report.ok else "failed"
    return report


def _words(answer: Answer) -> str:
    return f"{answer.get('code', 'failed')}: {answer.get('message', '')}".rstrip(": ")


def _refuse_unknown(report: MembersReport, name: str) -> None:
    if not report.done and all(w.startswith("unknown") for w in report.failed.values()):
        raise NatmError(_("there is no member called {name}").format(name=name),
                        code="members.unknown", hint=_("`natm members list` shows all"))


def _told(report: MembersReport, name: str, password: str | None) -> MembersReport:
    return MembersReport(done=report.done, failed=report.failed, name=name,
                         first_password=password if report.done else None)
