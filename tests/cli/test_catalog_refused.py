# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the catalog refuses, as from a shell: found, explained, never offered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from natm_stack.paths import shipped

Natm = Callable[..., Any]


def test_why_and_what_would_change_it_is_told(natm: Natm) -> None:
    said = natm("catalog", "show", "mattermost").out
    assert said.index("Why:") < said.index("What would change it:") < said.index("Dossier:")
    assert "250 accounts. [d1]" in " ".join(said.split())
    assert "Rather: prosody" in said
    value = natm("catalog", "show", "mattermost", "--json").json["result"]
    assert value["refused"]["reasons"][0]["ev"] == ["d1"]


def test_the_list_leaves_them_out_and_finds_them_when_asked(natm: Natm) -> None:
    assert "mattermost" not in natm("catalog", "list").out
    shown = natm("catalog", "list", "--refused", "--category", "docs", "--json").json["result"]
    assert {p["id"] for p in shown["refused"]} == {"onlyoffice", "outline"}
    assert natm("catalog", "list", "--refused", "--category", "calendar").code == 0


def test_none_is_offered_instead_of_something(natm: Natm) -> None:
    ids = {folder.name for folder in (shipped("catalog") / "refused").iterdir()}
    for place in ("slack", "whatsapp", "dropbox", "google-docs", "zoom", "teams"):
        listed = natm("catalog", "list", "--instead-of", place, "--json").json["result"]
        assert {p["id"] for p in listed["platforms"]} & ids == set()


def test_pick_and_init_refuse_it_and_leave_the_stack_as_it_is(natm: Natm, tmp_path: Path) -> None:
    new = ("--name", "river", "--domain", "river.example.org")
    assert natm("init", str(tmp_path / "one"), *new, "--platform", "copyparty").code == 0
    before = (tmp_path / "one/stack.yml").read_bytes()
    said = natm("-C", str(tmp_path / "one"), "pick", "copyparty", "seafile", "--json")
    assert (said.code, said.json["error"]["code"]) == (1, "catalog.refused")
    assert "natm catalog show seafile" in said.json["error"]["hint"]
    assert (tmp_path / "one/stack.yml").read_bytes() == before
    said = natm("init", str(tmp_path / "two"), *new, "--platform", "seafile", "--json")
    assert said.json["error"]["code"] == "catalog.refused"


def test_lint_looks_at_them_too(natm: Natm, tmp_path: Path) -> None:
    folder = tmp_path / "refused" / "outline"
    shutil.copytree(shipped("catalog") / "refused" / "outline", folder)
    assert natm("catalog", "lint", str(folder)).code == 0
    (folder / "compose.yml.j2").write_text("services: {}\n", encoding="utf-8")
    said = natm("catalog", "lint", str(folder))
    assert (said.code, "has a dossier alone" in said.out) == (1, True)
    (folder / "compose.yml.j2").unlink()
    text = (folder / "dossier.yml").read_text(encoding="utf-8")
    (folder / "dossier.yml").write_text(text.replace("ev: [d1]}", "ev: [d9]}"), encoding="utf-8")
    said = natm("catalog", "lint", str(folder))
    assert (said.code, "evidence that is not there: d9" in said.out) == (1, True)
