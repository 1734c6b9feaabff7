# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm members, with an account platform and without, on platforms that are stand-ins."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from memberprograms import Answer, Platforms

from natm_stack.flows.workspace import Workspace
from natm_stack.testing.fakes import sample_tools, sample_workspace

Natm = Callable[..., Any]
LINK = {"name": "amina", "url": "https://account.commons.example.org/register/a/b",
        "until": "2026-12-01T10:00:00+00:00", "email": "", "sent": False, "why": ""}


def keeps_its_own(folder: Path, id_: str) -> bool:
    """Whether the platform signs in by itself even with an account platform."""
    return Workspace(folder, sample_tools()).deployment.instance(id_).method == "native"


# --- without an account platform

@pytest.mark.parametrize("words", [
    ["invite", "amina"], ["disable", "amina", "--yes"], ["enable", "amina"], ["groups", "list"],
    ["address", "amina", "a@example.org"], ["groups", "add", "choir", "amina"], ["adopt"],
    ["add", "amina", "--group", "choir"],
])
def test_what_needs_one_account_for_all_says_how_to_get_it(
    natm: Natm, folder: Path, words: list[str]
) -> None:
    platforms = Platforms()
    said = natm("-C", str(folder), "--json", "members", *words, server=platforms.server)
    assert (said.code, said.json["error"]["code"]) == (1, "members.no-account-platform")
    assert "natm pick identity" in said.json["error"]["hint"]
    assert platforms.asked == []


def test_a_member_is_shown_from_what_platforms_tell(natm: Natm, folder: Path) -> None:
    known = {"ok": True, "members": [{"name": "amina", "display_name": "أمينة", "steward": False,
                                      "disabled": False}]}
    server = Platforms(prosody_list=known, copyparty_list=known).server
    said = natm("-C", str(folder), "--json", "members", "show", "amina", server=server)
    assert said.json["result"]["member"]["platforms"] == ["prosody", "copyparty"]
    said = natm("-C", str(folder), "--json", "members", "show", "nobody", server=server)
    assert (said.code, said.json["error"]["code"]) == (1, "members.unknown")


def test_who_removes_a_member_is_told_what_remains(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "members", "remove", "amina", "--yes", server=Platforms().server)
    assert said.code == 0
    for id_ in ("prosody", "mediawiki", "copyparty"):
        platform = sample_workspace(folder).deployment.instance(id_).platform
        assert platform.members.remains["en"] in said.out


# --- with one

def test_an_address_is_written_down_and_taken_away(natm: Natm, house: Path) -> None:
    for words, email in ((["amina", "a@example.org"], "a@example.org"), (["amina"], "")):
        platforms = Platforms()
        said = natm("-C", str(house), "members", "address", *words, server=platforms.server)
        assert said.code == 0, said.err
        assert platforms.told == [("identity", "address", {"name": "amina", "email": email})]


def test_a_member_is_locked_everywhere_and_opened_again(natm: Natm, house: Path) -> None:
    platforms = Platforms()
    assert natm("-C", str(house), "members", "disable", "amina", "--yes",
                server=platforms.server).code == 0
    assert platforms.actions("identity") == ["disable"]
    assert platforms.actions("radicale") == (
        ["remove"] if keeps_its_own(house, "radicale") else ["end"])
    platforms = Platforms()
    said = natm("-C", str(house), "members", "enable", "amina", server=platforms.server)
    assert platforms.actions("identity") == ["enable"]
    # An account of a platform's own has forgotten its password meanwhile.
    assert said.code == (1 if keeps_its_own(house, "radicale") else 0)


def test_nothing_is_locked_where_the_account_platform_refuses(natm: Natm, house: Path) -> None:
    platforms = Platforms(identity_disable={"ok": False, "code": "unknown", "message": "no"})
    said = natm("-C", str(house), "--json", "members", "disable", "amina", "--yes",
                server=platforms.server)
    assert (said.code, said.json["error"]["code"]) == (1, "members.unknown")
    assert platforms.actions("radicale") == []


def test_no_platform_makes_an_account_that_the_account_platform_refuses(
    natm: Natm, house: Path
) -> None:
    refusal = {"ok": False, "code": "email-taken", "message": "another account has the address"}
    platforms = Platforms(identity_create=refusal)
    said = natm("-C", str(house), "--json", "members", "add", "amina", "--email", "a@example.org",
                server=platforms.server)
    assert (said.code, said.json["result"]["first_password"]) == (1, None)
    assert "create" not in platforms.actions("radicale")


def test_a_group_gets_members_and_names_are_looked_at_first(natm: Natm, house: Path) -> None:
    platforms = Platforms(identity_groups={"ok": True, "groups": [
        {"name": "choir", "members": ["amina", "bo"]}, {"name": "members", "members": []}]})
    said = natm("-C", str(house), "--json", "members", "groups", "add", "choir", "amina", "bo",
                server=platforms.server)
    assert said.json["result"]["groups"] == [{"name": "choir", "members": ["amina", "bo"]}]
    assert platforms.asked[0] == ("identity", "join", {"group": "choir", "names": ["amina", "bo"]})
    for words, code in ((["Choir", "amina"], "members.bad-group"),
                        (["choir", "Amina"], "members.bad-name")):
        said = natm("-C", str(house), "--json", "members", "groups", "remove", *words,
                    server=platforms.server)
        assert said.json["error"]["code"] == code


@pytest.mark.parametrize("nonsense", [
    {"groups": "x"}, {"groups": [3]}, {"groups": {"a": 1}}, {"members": ["x"]}, {"members": [{}]},
    {"invitations": [["x"]]}, {"problems": 7}, {"member": "x"}, {"groups": [{"name": 3}]}, 7, None,
])
def test_whatever_a_broken_platform_answers_is_no_bug(
    natm: Natm, house: Path, nonsense: Any
) -> None:
    answer = {"ok": True, **nonsense} if isinstance(nonsense, dict) else nonsense
    for words in (["groups", "list"], ["invite", "amina"], ["show", "amina"]):
        server = Platforms(**{f"identity_{action}": answer for action in (
            "groups", "invite", "show", "list")}).server
        assert natm("-C", str(house), "members", *words, server=server).code in (0, 1)


# --- invitations

def test_an_invitation_is_a_link_and_a_picture_of_it(natm: Natm, house: Path) -> None:
    import segno

    platforms = Platforms(identity_invite={"ok": True, "invitations": [LINK]})
    said = natm("-C", str(house), "members", "invite", "amina", server=platforms.server)
    assert said.code == 0
    assert LINK["url"] in said.out
    assert LINK["until"] in said.out
    drawn = [line for line in said.out.splitlines() if set(line) <= set("█▀▄ ") and line.strip()]
    assert modules(drawn) == [[not cell for cell in row] for row in segno.make(
        LINK["url"], error="l", micro=False).matrix_iter(border=2)]
    assert platforms.told[0][2]["send"] is False


def modules(lines: list[str]) -> list[list[bool]]:
    """The lit squares of a picture of half blocks, two rows a line."""
    rows = []
    for line in lines:
        rows.append([cell in "█▀" for cell in line])
        rows.append([cell in "█▄" for cell in line])
    return rows[:len(rows[0])]


def test_with_a_mail_server_it_goes_by_letter(natm: Natm, house: Path) -> None:
    file = house / "stack.yml"
    mail = {"host": "mail.example.org", "tls": "none", "from": "us@example.org"}
    file.write_text(json.dumps({**json.loads(file.read_text()), "mail": mail}))
    sent = {**LINK, "email": "a@example.org", "sent": True}
    platforms = Platforms(identity_invite={"ok": True, "invitations": [sent]})
    said = natm("-C", str(house), "members", "invite", "amina", "--email", "a@example.org",
                "--steward", "--group", "choir", server=platforms.server)
    assert (said.code, LINK["url"] in said.out) == (0, False)
    assert platforms.told[0][2] == {"send": True, "dry_run": False, "invitations": [{
        "name": "amina", "email": "a@example.org", "steward": True, "groups": ["choir"]}]}
    kept = {**LINK, "email": "a@example.org", "why": "550"}
    platforms = Platforms(identity_invite={"ok": True, "invitations": [kept]})
    said = natm("-C", str(house), "members", "invite", "amina", server=platforms.server)
    assert (said.code, LINK["url"] in said.out, "550" in said.out) == (1, True, True)


# --- tables

def test_an_import_looks_first_and_then_makes_all_in_one_call(
    natm: Natm, house: Path, people: Path
) -> None:
    platforms = Platforms()
    said = natm("-C", str(house), "--json", "members", "import", str(people), "--yes",
                server=platforms.server)
    passwords = said.json["result"]["first_passwords"]
    assert (said.code, set(passwords)) == (0, {"amina", "bo"})
    looked, made = [d for id_, action, d in platforms.told if action == "import"]
    assert looked["dry_run"] is True
    assert "password" not in str(looked)
    assert [(m["name"], m["password"], m["groups"]) for m in made["members"]] == [
        ("amina", passwords["amina"], ["choir"]), ("bo", passwords["bo"], [])]
    assert all(said.out.count(password) == 1 for password in passwords.values())


def test_a_dry_run_and_a_question_nobody_answers_change_nothing(
    natm: Natm, house: Path, people: Path
) -> None:
    platforms = Platforms()
    for words, code in ((["--dry-run"], 0), ([], 2)):
        said = natm("-C", str(house), "--json", "members", "import", str(people), *words,
                    server=platforms.server)
        assert said.code == code
    assert all(data["dry_run"] for _id, _action, data in platforms.told)


def test_what_the_directory_knows_better_is_told_with_the_line(
    natm: Natm, house: Path, people: Path
) -> None:
    problem = {"row": 1, "code": "exists", "message": "there is or was an account bo"}
    refusal = {"ok": False, "code": "rows", "message": "1 of 2", "problems": [problem]}
    platforms = Platforms(identity_import=refusal)
    said = natm("-C", str(house), "--json", "members", "import", str(people), "--yes",
                server=platforms.server)
    assert (said.code, said.json["result"]["problems"]) == (1, [
        {"where": f"{people}:3", "message": "there is or was an account bo"}])
    assert len(platforms.told) == 1


def test_passwords_can_go_to_a_file_that_only_the_steward_reads(
    natm: Natm, house: Path, people: Path, tmp_path: Path
) -> None:
    platforms, kept = Platforms(), tmp_path / "first.csv"
    words = ["-C", str(house), "--json", "members", "import", str(people), "--yes",
             "--passwords", str(kept)]
    said = natm(*words, server=platforms.server)
    assert (said.code, said.json["result"]["first_passwords"]) == (0, {})
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with kept.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    made = platforms.told[1][2]["members"]
    assert [(r["name"], r["password"]) for r in rows] == [
        (m["name"], m["password"]) for m in made]
    assert natm(*words, server=platforms.server).json["error"]["code"] == "file.exists"


def test_a_name_that_a_spreadsheet_would_run_is_only_text(
    natm: Natm, house: Path, tmp_path: Path
) -> None:
    table, kept = tmp_path / "odd.csv", tmp_path / "first.csv"
    table.write_text("name,display_name\nmallory,=HYPERLINK(1)\n", encoding="utf-8")
    said = natm("-C", str(house), "members", "import", str(table), "--yes", "--passwords",
                str(kept), server=Platforms().server)
    assert (said.code, ",'=HYPERLINK(1)," in kept.read_text(encoding="utf-8")) == (0, True)


@pytest.mark.parametrize(("code", "stays"), [
    ("failed", False), ("rows", False), ("no-answer", True)])
def test_the_file_goes_where_nobody_was_made_and_stays_where_nobody_knows(
    natm: Natm, house: Path, people: Path, tmp_path: Path, code: str, stays: bool
) -> None:
    def answer(data: Answer) -> Answer:
        problems = [{"row": 0, "message": "x"}] if code == "rows" else []
        return {"ok": True} if data.get("dry_run") else {
            "ok": False, "code": code, "message": "x", "problems": problems}

    kept = tmp_path / "first.csv"
    said = natm("-C", str(house), "members", "import", str(people), "--yes", "--passwords",
                str(kept), server=Platforms(identity_import=answer).server)
    assert (said.code, kept.exists()) == (1, stays)


def test_a_table_can_become_invitations(
    natm: Natm, house: Path, people: Path, tmp_path: Path
) -> None:
    links = [{**LINK, "name": name} for name in ("amina", "bo")]
    platforms = Platforms(identity_invite=lambda data: {
        "ok": True, "invitations": [] if data["dry_run"] else links})
    kept = tmp_path / "links.csv"
    said = natm("-C", str(house), "members", "import", str(people), "--yes", "--invite",
                "--passwords", str(kept), server=platforms.server)
    assert said.code == 0, said.err
    assert kept.read_text(encoding="utf-8").count(LINK["url"]) == 2
    assert platforms.actions("identity") == ["invite", "invite"]
