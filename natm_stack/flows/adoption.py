# SPDX-License-Identifier: AGPL-3.0-or-later
"""adopt: accounts that platforms kept for themselves get the one account of the same name.

Names that natm gave are the same everywhere, so what was made with them stays the member's own.
Any other name is somebody else's business: it is shown, and only a steward says whose it is.
Nor does a platform make stewards: whom one calls so is shown, and named by who types the command.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..i18n import _
from ..model.members import Adoption, ForeignAccount, NewMembers
from .accounts import account_platform, answered, ask, call, step, with_members
from .member_import import examined, invite_many, make, refuse_file
from .members import check_name, words
from .records import record
from .workspace import Workspace

RECORD = "adopted.json"
NEWCOMERS = NewMembers(0)


@dataclass
class Found:
    """What the platforms' own stores hold."""

    names: dict[str, dict[str, Any]] = field(default_factory=dict)
    foreign: list[ForeignAccount] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    stewards: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Whom platforms call stewards, and which ones do."""

    def take(self, platform: str, member: dict[str, Any]) -> None:
        """One account of one platform."""
        name, shown = str(member["name"]), str(member.get("display_name") or "")
        try:
            check_name(name)
        except NatmError:
            self.foreign.append(ForeignAccount(platform, name, shown))
            return
        row = self.names.setdefault(name, {"name": name, "display_name": name, "steward": False,
                                           "disabled": True})
        # The name somebody is called by, wherever it is kept.
        row["display_name"] = shown if row["display_name"] == name and shown else (
            row["display_name"])
        if not member.get("disabled"):
            row["disabled"] = False
            if member.get("steward") is True:
                self.stewards[name] = (*self.stewards.get(name, ()), platform)


def look(
    workspace: Workspace, matches: dict[str, str], stewards: Collection[str] = ()
) -> Adoption:
    """What would be adopted; nothing is changed."""
    found, rows = _to_adopt(workspace, stewards)
    foreign = _matched(found, matches, _kept(workspace), known=_known(workspace, rows))
    people = examined(workspace, rows, [row["name"] for row in rows], links=False)
    return _adoption(rows, foreign, people, found)


def adopt(
    workspace: Workspace, matches: dict[str, str], stewards: Collection[str] = (), *,
    keep_in: Path | None, links: bool,
) -> Adoption:
    """Make the accounts that are missing, and keep a steward's word on foreign names."""
    refuse_file(keep_in)
    found, rows = _to_adopt(workspace, stewards)
    kept = _kept(workspace)
    foreign = _matched(found, matches, kept, known=_known(workspace, rows))
    if found.failed:
        raise NatmError(
            _("nobody was adopted, as not every platform could be asked: {why}").format(
                why="; ".join(f"{id_}: {said}" for id_, said in found.failed.items())),
            code="members.platform-silent", hint=_("`natm health` tells what is the matter"))
    if matches:
        record(workspace.server, workspace.deployment.root, "write", RECORD,
               value={**kept, **matches})
    return _adoption(rows, foreign, _people(workspace, rows, keep_in, links), found)


def _people(
    workspace: Workspace, rows: list[dict[str, Any]], keep_in: Path | None, links: bool
) -> NewMembers:
    """Those who were removed only get their name kept; all others can sign in again."""
    if not rows:
        return NEWCOMERS
    places = [row["name"] for row in rows]
    if not links:
        return make(workspace, rows, places, keep_in=keep_in, command="members adopt")
    shut = [row for row in rows if row["disabled"]]
    coming = [row for row in rows if not row["disabled"]]
    if shut:
        closed = make(workspace, shut, places, keep_in=None, command="members adopt")
        if not closed.ok or not coming:
            return closed
    return invite_many(workspace, coming, places, keep_in=keep_in)


def _to_adopt(
    workspace: Workspace, stewards: Collection[str]
) -> tuple[Found, list[dict[str, Any]]]:
    """The platforms' own accounts, and those of them that the account platform lacks."""
    account = account_platform(workspace)
    there = {one["name"] for one in answered(ask(workspace, "list", {})).get("members", [])}
    own = [i for i in with_members(workspace) if i.id != account.id]
    found = Found()
    for id_, (answer,) in call(workspace, {i.id: [step(i, "list", {})] for i in own}).items():
        if not answer.get("ok"):
            found.failed[id_] = words(answer)
            continue
        for member in answer.get("members", []):
            found.take(id_, member)
    rows = [row for name, row in sorted(found.names.items()) if name not in there]
    _make_stewards(rows, stewards)
    return found, rows


def _make_stewards(rows: list[dict[str, Any]], stewards: Collection[str]) -> None:
    coming = {row["name"]: row for row in rows if not row["disabled"]}
    for name in stewards:
        if name not in coming:
            raise NatmError(
                _("there is no account {name} to take over").format(name=name),
                code="members.unknown", hint=_("`natm members adopt --dry-run` shows them"))
        coming[name]["steward"] = True


def _known(workspace: Workspace, rows: list[dict[str, Any]]) -> set[str]:
    """Every name that a foreign account can be said to belong to."""
    members = answered(ask(workspace, "list", {})).get("members", [])
    return {one["name"] for one in members} | {row["name"] for row in rows}


def _kept(workspace: Workspace) -> dict[str, str]:
    """What stewards have said before."""
    value = record(workspace.server, workspace.deployment.root, "read", RECORD)
    return {str(old): str(new) for old, new in value.items()} if isinstance(value, dict) else {}


def _matched(
    found: Found, matches: dict[str, str], kept: dict[str, str], *, known: set[str]
) -> list[ForeignAccount]:
    """Foreign accounts, each with the member it belongs to where a steward said so."""
    names = {one.name for one in found.foreign}
    for old, new in matches.items():
        if old not in names:
            raise NatmError(_("no platform has an account {name} of its own kind").format(
                name=repr(old)), code="members.no-such-account",
                hint=_("`natm members adopt --dry-run` shows them"))
        if new not in known:
            raise NatmError(
                _("there is no member called {name}").format(name=new), code="members.unknown",
                hint=_("make the account first: `natm members add {name}`").format(name=new))
    said = {**kept, **matches}
    return [ForeignAccount(one.platform, one.name, one.display_name, said.get(one.name, ""))
            for one in found.foreign]


def _adoption(
    rows: list[dict[str, Any]], foreign: list[ForeignAccount], people: NewMembers, found: Found
) -> Adoption:
    return Adoption(
        tuple(row["name"] for row in rows if not row["disabled"]),
        tuple(row["name"] for row in rows if row["disabled"]), tuple(foreign), people, found.failed,
        stewards=tuple(row["name"] for row in rows if row["steward"]),
        called_stewards={row["name"]: found.stewards[row["name"]] for row in rows
                         if row["name"] in found.stewards})
