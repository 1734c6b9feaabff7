# SPDX-License-Identifier: AGPL-3.0-or-later
"""From accounts of the platforms' own to the one account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from memberprograms import Answer, Platforms

from natm_stack.flows import members, plan
from natm_stack.flows.workspace import Workspace
from natm_stack.testing.fakes import MemoryServer, deployed_server, sample_tools

Natm = Callable[..., Any]

OWN = [{"name": "amina", "display_name": "أمينة", "steward": True, "disabled": False},
       {"name": "gone", "display_name": "Gone", "steward": True, "disabled": True},
       {"name": "Old Name", "display_name": "Old", "steward": True, "disabled": False},
       {"name": "admin", "display_name": "", "steward": True, "disabled": False},
       {"name": "bo", "display_name": "bo", "steward": False, "disabled": False}]


class Directory(Platforms):
    """An account platform that remembers, beside a platform with accounts of earlier days."""

    def __init__(self) -> None:
        self.there = {"bo": {"name": "bo"}}
        super().__init__(
            radicale_list={"ok": True, "members": OWN}, identity_import=self._import,
            identity_list=lambda _data: {"ok": True, "members": list(self.there.values())})
        self.records: dict[str, Any] = {}
        self.server.scripts["record"] = self._record

    def _import(self, data: Answer) -> Answer:
        if not data.get("dry_run"):
            self.there |= {row["name"]: row for row in data["members"]}
        return {"ok": True}

    def _record(self, asked: Any) -> Any:
        if asked["action"] == "write":
            self.records[asked["name"]] = asked["value"]
        return {"value": self.records.get(asked["name"])}


def test_members_keep_their_name_and_foreign_names_are_nobodys_guess(
    natm: Natm, house: Path
) -> None:
    directory = Directory()
    words = ["-C", str(house), "--json", "members", "adopt"]
    first = natm(*words, "--yes", server=directory.server)
    assert first.code == 0, first.out
    result = first.json["result"]
    assert (result["adopted"], result["locked"]) == (["amina"], ["gone"])
    assert set(result["people"]["first_passwords"]) == {"amina"}
    assert directory.there["amina"] | {"password": ""} == {
        "name": "amina", "display_name": "أمينة", "steward": False, "disabled": False,
        "password": ""}
    assert (result["stewards"], result["called_stewards"]) == ([], {"amina": ["radicale"]})
    assert "password" not in directory.there["gone"]
    assert [(f["name"], f["belongs_to"]) for f in result["foreign"]] == [
        ("Old Name", ""), ("admin", "")]
    before = dict(directory.there)
    again = natm(*words, "--yes", server=directory.server)
    assert (again.code, again.json["result"]["adopted"], directory.there) == (0, [], before)


def test_only_who_is_named_becomes_a_steward(natm: Natm, house: Path) -> None:
    directory = Directory()
    words = ["-C", str(house), "members", "adopt", "--yes", "--steward"]
    for name in ("gone", "bo", "Old Name"):
        said = natm("--json", *words, name, server=directory.server)
        assert said.json["error"]["code"] == "members.unknown"
    assert "amina (radicale)" in natm(*words[:-2], "--dry-run", server=directory.server).out
    assert natm(*words, "amina", server=directory.server).code == 0
    assert directory.there["amina"]["steward"] is True


def test_a_silent_platform_may_know_the_name(
    natm: Natm, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = Directory()
    directory.answers["radicale_list"] = {"ok": False, "code": "no-answer", "message": "x"}
    monkeypatch.setattr(members, "others", lambda workspace: [
        workspace.deployment.instance("radicale")])
    said = natm("-C", str(house), "--json", "members", "add", "amina", server=directory.server)
    assert (said.code, said.json["error"]["code"]) == (1, "members.platform-silent")


@pytest.mark.parametrize("words", [
    ["add", "amina"], ["invite", "gone"], ["import", "FILE", "--yes"]])
def test_a_name_from_earlier_days_is_given_to_nobody_else(
    natm: Natm, house: Path, people: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = Directory()
    monkeypatch.setattr(members, "others", lambda workspace: [
        workspace.deployment.instance("radicale")])
    words = [str(people) if word == "FILE" else word for word in words]
    said = natm("-C", str(house), "--json", "members", *words, server=directory.server)
    assert (said.code, said.json["error"]["code"]) == (1, "members.not-adopted")
    assert set(directory.there) == {"bo"}
    # Whoever has the one account is refused as such.
    said = natm("-C", str(house), "--json", "members", "add", "bo", server=directory.server)
    assert said.json.get("error", {}).get("code") != "members.not-adopted"


def test_a_stewards_word_on_a_foreign_name_is_kept(natm: Natm, house: Path) -> None:
    directory = Directory()
    words = ["-C", str(house), "--json", "members", "adopt", "--yes"]
    for pair, code in (("nonsense", "usage"), ("Nobody=bo", "members.no-such-account"),
                       ("Old Name=nobody", "members.unknown")):
        said = natm(*words, "--match", pair, server=directory.server)
        assert said.json["error"]["code"] == code
    assert set(directory.there) == {"bo"}
    assert natm(*words, "--match", "Old Name=amina", server=directory.server).code == 0
    said = natm(*words, server=directory.server)
    assert {f["name"]: f["belongs_to"] for f in said.json["result"]["foreign"]} == {
        "Old Name": "amina", "admin": ""}


def test_nobody_is_adopted_while_a_platform_is_silent(natm: Natm, house: Path) -> None:
    directory = Directory()
    directory.answers["radicale_list"] = {"ok": False, "code": "no-answer", "message": "x"}
    said = natm("-C", str(house), "--json", "members", "adopt", "--yes", server=directory.server)
    assert said.code == 1
    assert set(directory.there) == {"bo"}


def test_the_plan_says_that_accounts_have_to_be_adopted(
    natm: Natm, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "others", lambda workspace: [
        workspace.deployment.instance("radicale")])
    server = deployed_server(Workspace(house, sample_tools()))
    assert notes(natm, house, server) == []
    receipts = server.scripts["look"]["receipts"]
    del receipts["identity"]
    [note] = notes(natm, house, server)
    assert "radicale" in note
    del receipts["radicale"]
    assert notes(natm, house, server) == []


def notes(natm: Natm, folder: Path, server: MemoryServer) -> list[str]:
    """What a plan says about adopting."""
    said = natm("-C", str(folder), "--json", "plan", server=server)
    return [note for note in said.json["result"]["notes"] if "adopt" in note]
