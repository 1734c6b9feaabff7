# SPDX-License-Identifier: AGPL-3.0-or-later
"""members: one name on all platforms, a first password told once."""

from __future__ import annotations

import re
import secrets as random_source
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..errors import NatmError
from ..i18n import _, spoken_language
from ..model.base import text_in
from ..model.deployment import Instance
from ..model.members import MemberAccount, MembersReport, ShownMember
from .accounts import Answer, account_platform, answered, ask, call, keepers, others, step
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


def check_display_name(shown: str) -> None:
    """Any script, and nothing that nobody can see."""
    if not shown.isprintable() or len(shown) > 80:
        raise NatmError(_("the display name has a character nobody can see, or is too long"),
                        code="members.bad-display-name")


def add(
    workspace: Workspace, name: str, display_name: str, steward: bool, *, email: str = "",
    groups: tuple[str, ...] = (),
) -> MembersReport:
    """Make an account on every platform; on one that refuses, the others still have it."""
    check_name(name)
    check_display_name(display_name)
    if email or groups:
        account_platform(workspace)
    refuse_unadopted(workspace, [name])
    password = first_password()
    data = {"name": name, "password": password, "display_name": display_name or name,
            "steward": steward, "email": email, "groups": list(groups)}
    report = everywhere(workspace, "create", data, "members add")
    if not report.done and report.failed and all(
            "exists" in code for code in report.failed.values()):
        raise NatmError(_("there is or was a member called {name} already").format(name=name),
                        code="members.exists", hint=_("`natm members list` shows all"))
    return _told(report, name, password)


def refuse_unadopted(workspace: Workspace, names: Collection[str]) -> None:
    """Whoever gets a name gets what was made under it: so not one of somebody from earlier days."""
    chains = {i.id: [step(i, "list", {})] for i in others(workspace)}
    told = {id_: answer for id_, (answer,) in call(workspace, chains).items()}
    silent = {id_: words(answer) for id_, answer in told.items() if not answer.get("ok")}
    if silent:
        raise NatmError(
            _("not every platform could be asked whose name this was: {why}").format(
                why="; ".join(f"{id_}: {said}" for id_, said in silent.items())),
            code="members.platform-silent", hint=_("`natm health` tells what is the matter"))
    known = {str(one["name"]): id_ for id_, answer in told.items()
             for one in answer.get("members") or []}
    taken = sorted(set(names) & set(known))
    if not taken:
        return
    # Those who have the one account already are found there too, and refused as such.
    there = answered(ask(workspace, "list", {})).get("members") or []
    left = [name for name in taken if name not in {one["name"] for one in there}]
    if left:
        raise NatmError(
            _("{id} knows an account {name} from the time before the one account").format(
                id=known[left[0]], name=left[0]), code="members.not-adopted",
            hint=_("`natm members adopt` gives it to the person whose it is; for another person, "
                   "choose another name"))


def reset(workspace: Workspace, name: str) -> MembersReport:
    """Give a member a new first password on every platform."""
    check_name(name)
    password = first_password()
    report = everywhere(workspace, "reset", {"name": name, "password": password}, "members reset",
                         ending=True)
    refuse_unknown(report, name)
    return _told(report, name, password)


def remove(workspace: Workspace, name: str) -> MembersReport:
    """Lock a member out everywhere, open sessions included; what they wrote stays."""
    check_name(name)
    report = everywhere(workspace, "remove", {"name": name}, "members remove", ending=True)
    refuse_unknown(report, name)
    return replace(report, name=name, remains=_remains(workspace) if report.done else {})


def _remains(workspace: Workspace) -> dict[str, str]:
    """What stays of a member who is gone, in the steward's own language where it is known."""
    language = spoken_language()
    return {i.id: text_in(i.platform.members.remains, language)
            for i in workspace.deployment.instances
            if i.platform.members and i.platform.members.remains}


def list_members(workspace: Workspace) -> MembersReport:
    """All members, each with the platforms that know the name."""
    answers = call(workspace, {i.id: [step(i, "list", {})] for i in keepers(workspace)})
    found: dict[str, dict[str, dict[str, Any]]] = {}
    failed = {}
    for id_, (answer,) in answers.items():
        if not answer.get("ok"):
            failed[id_] = words(answer)
            continue
        for member in answer.get("members", []):
            found.setdefault(member["name"], {})[id_] = member
    return MembersReport(tuple(_account(name, own) for name, own in sorted(found.items())),
                         failed=failed)


def show(workspace: Workspace, name: str) -> ShownMember:
    """All that is known of one member."""
    check_name(name)
    report = list_members(workspace)
    found = [one for one in report.members if one.name == name]
    if not found:
        refuse_unknown(MembersReport(failed=report.failed or {"": "unknown"}), name)
        raise NatmError("; ".join(report.failed.values()), code="members.no-answer")
    if workspace.deployment.accounts is None:
        return ShownMember(found[0], failed=report.failed)
    answer = ask(workspace, "show", {"name": name})
    more = answer.get("member", {}) if answer.get("ok") else {}
    return ShownMember(found[0], bool(more.get("removed")), str(more.get("since", "")),
                       str(more.get("password_since", "")), bool(more.get("second_factor")),
                       report.failed)


def _account(name: str, own: dict[str, dict[str, Any]]) -> MemberAccount:
    shown = [m["display_name"] for m in own.values() if m.get("display_name")]
    groups = {str(group) for m in own.values() for group in m.get("groups") or []}
    open_ = tuple(id_ for id_, m in own.items() if not m.get("disabled"))
    return MemberAccount(
        name, next((s for s in shown if s != name), name),
        any(m.get("steward") for m in own.values()), open_, tuple(sorted(groups - {"members"})),
        not open_, next((str(m["email"]) for m in own.values() if m.get("email")), ""))


def everywhere(
    workspace: Workspace, action: str, data: dict[str, Any], command: str, *,
    ending: bool = False,
) -> MembersReport:
    """Tell all who keep accounts; then let the others end what the member has open there."""
    instances = keepers(workspace)
    if not instances:
        raise NatmError(_("no platform of this stack has accounts"), code="members.none")
    with workspace.lock(command) as lock:
        finish_clean_up(workspace)
        answers = _in_order(workspace, instances, action, data)
        if ending and any(a.get("ok") for (a,) in answers.values()):
            answers |= call(workspace, {i.id: [step(i, "end", {"name": data["name"]})]
                                        for i in others(workspace)})
        report = MembersReport(
            done={id_: action for id_, (a,) in answers.items() if a.get("ok")},
            failed={id_: words(a) for id_, (a,) in answers.items() if not a.get("ok")})
        lock.result = "done" if report.ok else "failed"
    return report


def _in_order(
    workspace: Workspace, instances: list[Instance], action: str, data: dict[str, Any]
) -> dict[str, list[Answer]]:
    """All side by side; but where the account platform makes no account, nobody else does."""
    chains = {i.id: [step(i, action, data)] for i in instances}
    accounts = workspace.deployment.accounts
    if action != "create" or accounts not in chains:
        return call(workspace, chains)
    answers = call(workspace, {accounts: chains.pop(accounts)})
    return answers | call(workspace, chains) if answers[accounts][0].get("ok") else answers


def words(answer: Answer) -> str:
    """An answer of refusal, in short."""
    return f"{answer.get('code', 'failed')}: {answer.get('message', '')}".rstrip(": ")


def refuse_unknown(report: MembersReport, name: str) -> None:
    """A name that no platform knows."""
    if not report.done and all(w.startswith("unknown") for w in report.failed.values()):
        raise NatmError(_("there is no member called {name}").format(name=name),
                        code="members.unknown", hint=_("`natm members list` shows all"))


def _told(report: MembersReport, name: str, password: str | None) -> MembersReport:
    return MembersReport(done=report.done, failed=report.failed, name=name,
                         first_password=password if report.done else None)
