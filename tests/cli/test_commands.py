# SPDX-License-Identifier: AGPL-3.0-or-later
"""What single commands do, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from natm_stack.testing.fakes import (
    MemoryServer,
    deployed_server,
    empty_look,
    sample_workspace,
)

Natm = Callable[..., Any]

# --- commands that need no server

NEW = ["--name", "river", "--domain", "river.example.org", "--kit", "talk"]


def test_init_makes_a_workspace_and_shows_the_key_once(
    natm: Natm, tmp_path: Path, home: Path
) -> None:
    where = tmp_path / "new"
    said = natm("init", str(where), *NEW)
    key = (home / ".config/natm/keys/river").read_text(encoding="utf-8").strip()
    assert said.code == 0
    assert said.out.count(key) == 1
    assert sorted(p.name for p in where.iterdir()) == [".gitignore", "stack.yml"]
    assert key not in (where / "stack.yml").read_text(encoding="utf-8")
    again = natm("init", str(where), *NEW, "--json")
    assert (again.code, again.json["error"]["code"]) == (1, "init.exists")


@pytest.mark.parametrize(("more", "code"), [
    (["--kit", "tlak"], "init.unknown-kit"), (["--platform", "jabber"], "stack.unknown-platform"),
    (["--domain", "river"], "stack.invalid"), (["--name", "River!"], "stack.invalid"),
    (["--language", "English"], "stack.invalid"), (["--title", "a\nb"], "stack.invalid"),
    (["--title", "\udcff"], "stack.invalid"), (["--server", "a b"], "stack.invalid"),
    (["--root", "relative"], "stack.invalid"), (["--from", "a b"], "stack.invalid"),
    (["--from", "s.example", "--root", "x"], "stack.invalid"),
    (["--from", "s.example"], "init.nothing-kept"),
])
def test_init_writes_nothing_unless_all_is_well(
    natm: Natm, tmp_path: Path, home: Path, more: list[str], code: str
) -> None:
    said = natm("--json", "init", str(tmp_path / "new"), *NEW, *more)
    assert (said.code, said.json["error"]["code"]) == (1, code)
    assert not (tmp_path / "new").exists()
    assert not (home / ".config").exists()


def test_init_fetches_what_a_server_keeps(natm: Natm, folder: Path, tmp_path: Path) -> None:
    own = "overrides/portal/compose.yml"
    kept = {"stack.yml": (folder / "stack.yml").read_text(encoding="utf-8"), "other": "x",
            "decisions/2026-11-24-prosody-adopt.yml": "a: 1\n", "decisions/log.jsonl": "{}\n",
            "decisions/../evil.yml": "x", "decisions/odd.yml": 3, own: "services: {}\n",
            "overrides/../evil/compose.yml": "x"}
    server = MemoryServer(record={"value": kept})
    assert natm("init", str(tmp_path / "new"), "--from", "s.example", server=server).code == 0
    assert (tmp_path / "new" / "stack.yml").read_text(encoding="utf-8") == kept["stack.yml"]
    assert not (tmp_path / "new" / "other").exists()
    assert sorted(p.name for p in (tmp_path / "new" / "decisions").iterdir()) == [
        "2026-11-24-prosody-adopt.yml", "log.jsonl"]
    assert (tmp_path / "new" / own).read_text(encoding="utf-8") == kept[own]
    assert not [p for p in (tmp_path / "new").rglob("*") if "evil" in str(p.relative_to(tmp_path))]


def test_pick_and_drop_change_one_line(natm: Natm, tmp_path: Path) -> None:
    where = tmp_path / "new"
    natm("init", str(where), *NEW)
    before = (where / "stack.yml").read_text(encoding="utf-8")
    assert natm("-C", str(where), "pick", "copyparty").code == 0
    assert (where / "stack.yml").read_text(encoding="utf-8") == before + "  copyparty:\n"
    assert natm("-C", str(where), "drop", "copyparty").code == 0
    assert (where / "stack.yml").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(("words", "code"), [
    (["pick", "jabber"], "stack.unknown-platform"), (["drop", "edge"], "stack.unknown-platform"),
    (["drop", "portal", "prosody", "mediawiki", "copyparty"], "stack.empty"),
    (["drop", "portal", "portal", "prosody", "mediawiki"], None),
    (["plan", "jabber"], "stack.unknown-platform"), (["logs", "jabber"], "stack.unknown-platform"),
    (["verify", "jabber"], "stack.unknown-platform"),
    (["members", "add", "Amina"], "members.bad-name"),
    (["members", "add", "amina\n"], "members.bad-name"),
    (["members", "add", "natm-proof-1"], "members.reserved-name"),
    (["members", "add", "amina", "--display-name", "a\x07"], "members.bad-display-name"),
    (["catalog", "show", "jabber"], "stack.unknown-platform"),
    (["catalog", "trust", "nowhere", "--yes"], "catalog.missing"),
])
def test_what_cannot_be_is_refused(
    natm: Natm, folder: Path, words: list[str], code: str | None
) -> None:
    said = natm("-C", str(folder), "--json", *words)
    if code is None:
        assert said.code == 0, said.out
    else:
        assert (said.code, said.json["error"]["code"]) == (1, code)


def test_render_writes_the_bundle_and_touches_no_server(natm: Natm, folder: Path) -> None:
    server = MemoryServer()
    first = natm("-C", str(folder), "render", "--json", server=server)
    second = natm("-C", str(folder), "render", "--json", server=server)
    assert (first.code, second.json["result"]["written"]) == (0, 0)
    assert (folder / "bundle" / "site.yml").is_file()
    assert server.calls == []


def test_the_catalog_is_listed_and_shown(natm: Natm) -> None:
    listed = natm("catalog", "list", "--category", "chat", "--json").json["result"]
    assert [p["id"] for p in listed["platforms"]] == ["prosody"]
    assert "talk" in listed["kits"]
    assert "5222/tcp" in natm("catalog", "show", "prosody").out
    assert natm("catalog", "schema", "--json").json["result"]["title"] == "Platform"


def test_the_shipped_catalog_is_sound(natm: Natm) -> None:
    assert natm("catalog", "lint").code == 0


def test_a_new_platform_is_sound_from_the_start(natm: Natm, tmp_path: Path) -> None:
    made = natm("catalog", "new", "timebank", "--in", str(tmp_path), "--json")
    assert made.code == 0, made.out
    linted = natm("catalog", "lint", str(tmp_path / "platforms" / "timebank"))
    assert linted.code == 0, linted.out
    again = natm("catalog", "new", "timebank", "--in", str(tmp_path), "--json")
    assert again.json["error"]["code"] == "catalog.exists"


@pytest.mark.parametrize("id_", ["../up", "Time Bank", "/abs", ""])
def test_a_new_platform_needs_a_plain_name(natm: Natm, tmp_path: Path, id_: str) -> None:
    said = natm("catalog", "new", id_, "--in", str(tmp_path / "own"), "--json")
    assert said.code == 1
    assert list(tmp_path.rglob("platform.yml")) == []


def test_a_changed_catalog_must_be_trusted_anew(natm: Natm, folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    natm("catalog", "new", "timebank", "--in", str(own))
    assert natm("-C", str(folder), "catalog", "trust", str(own), "--yes").code == 0
    assert natm("-C", str(folder), "pick", "timebank").code == 0
    assert natm("-C", str(folder), "render").code == 0
    (own / "platforms" / "timebank" / "new.txt").write_text("x", encoding="utf-8")
    said = natm("-C", str(folder), "render", "--json")
    assert (said.code, said.json["error"]["code"]) == (1, "catalog.untrusted")


def test_another_key_or_an_old_checkout_is_refused(natm: Natm, folder: Path) -> None:
    server = deployed_server(sample_workspace(folder))
    receipt = server.scripts["look"]["receipts"]["copyparty"]
    receipt["secrets"] = {"password_salt": "of another workspace"}
    said = natm("-C", str(folder), "plan", "--json", server=server)
    assert (said.code, said.json["error"]["code"]) == (1, "secrets.differ")


def test_no_secret_is_in_what_a_plan_says(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "plan", "--json", server=MemoryServer(empty_look()))
    own = sample_workspace(folder).secrets
    values = [s.reveal() for of in own.values.values() for s in of.values()]
    assert not [v for v in [*values, own.vault_key.reveal()] if v in said.out + said.err]


# --- what reads a server

def probe(state: str) -> dict[str, Any]:
    """What the server's probe found."""
    says = {"text": "so {n}", "values": {"n": 1}}
    return {"probes": [{"platform": "portal", "name": "route x", "state": state, "says": says,
                        "seconds": 0.1}]}


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("warning", 0), ("failed", 4)])
def test_health_is_4_when_something_is_unhealthy(
    natm: Natm, folder: Path, state: str, code: int
) -> None:
    server = MemoryServer(probe=probe(state))
    assert natm("-C", str(folder), "health", server=server).code == code
    said = natm("-C", str(folder), "health", "--json", server=server)
    assert (said.code, said.json["ok"], said.json["kind"]) == (code, code == 0, "health/1")
    assert said.json["result"]["probes"][0]["says"] == "so 1"


def test_a_new_member_gets_one_password_that_is_told_once(natm: Natm, folder: Path) -> None:
    asked: list[Any] = []

    def programs(call: Any) -> Any:
        asked.append(call)
        return {id_: [{"ok": True}] * len(steps) for id_, steps in call["chains"].items()}

    said = natm("-C", str(folder), "members", "add", "amina", "--display-name", "أمينة 😀",
                "--json", server=MemoryServer(members=programs))
    password = said.json["result"]["first_password"]
    (chains,) = [call["chains"] for call in asked]
    assert (said.code, set(chains)) == (0, {"prosody", "mediawiki", "copyparty"})
    assert {s["data"]["password"] for steps in chains.values() for s in steps} == {password}
    assert said.out.count(password) == 1


@pytest.mark.parametrize(("answer", "code", "error"), [
    ({"ok": False, "code": "exists"}, 1, "members.exists"),
    ({"ok": False, "code": "no-answer", "message": "x"}, 1, None),
])
def test_a_member_who_cannot_be_made_is_1(
    natm: Natm, folder: Path, answer: dict[str, Any], code: int, error: str | None
) -> None:
    def programs(call: Any) -> Any:
        return {id_: [answer] for id_ in call["chains"]}

    said = natm("-C", str(folder), "members", "add", "amina", "--json",
                server=MemoryServer(members=programs))
    assert said.code == code
    assert said.json.get("error", {}).get("code") == error
    assert "first_password" not in str(said.json.get("error"))


def test_results_are_json_in_any_script(natm: Natm, folder: Path) -> None:
    members = [{"name": "amina", "display_name": "أمينة", "steward": True, "disabled": False}]

    def programs(call: Any) -> Any:
        return {id_: [{"ok": True, "members": members}] for id_ in call["chains"]}

    server = MemoryServer(members=programs)
    said = natm("-C", str(folder), "members", "list", "--json", server=server)
    assert said.json["result"]["members"][0]["display_name"] == "أمينة"
    assert "أمينة" in natm("-C", str(folder), "members", "list", server=server).out


def test_the_sample_inventories_are_valid_workspaces(natm: Natm, tmp_path: Path) -> None:
    from natm_stack.paths import shipped

    for file in sorted(shipped("inventories").glob("*/stack.yml")):
        own = tmp_path / file.parent.name
        own.mkdir()
        (own / "stack.yml").write_bytes(file.read_bytes())
        said = natm("-C", str(own), "render", "--json")
        assert said.code == 0, said.out
        assert yaml.safe_load((own / "bundle" / "inventory.yml").read_text(
            encoding="utf-8").replace("!unsafe ", ""))


def test_init_tells_people_the_vault_key_and_programs_where_it_lies(
    natm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NATM_VAULT_KEY_FILE", str(tmp_path / "key"))
    said = natm("init", str(tmp_path / "w"), "--name", "w", "--domain", "w.test", "--json")
    assert said.json["result"]["key_file"] == str(tmp_path / "key")
    assert (tmp_path / "key").read_text().strip() not in said.out
