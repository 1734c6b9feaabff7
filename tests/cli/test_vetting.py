# SPDX-License-Identifier: AGPL-3.0-or-later
"""Choosing together, as from a shell: list, show, compare, vet, decide, and the gate at deploy."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from natm_stack.apply.run import apply
from natm_stack.flows import deploy as deploying
from natm_stack.flows.listing import listing
from natm_stack.flows.workspace import Workspace
from natm_stack.model.results import ApplyReport
from natm_stack.paths import shipped
from natm_stack.testing.fakes import (
    MemoryServer,
    deployed_server,
    sample_platform,
    sample_tools,
    sample_workspace,
)

Natm = Callable[..., Any]
NEW = ["--name", "river", "--domain", "river.example.org"]
GALENE = Path(__file__).parents[1] / "vetting" / "galene"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every question a person is asked; the answer is yes."""
    questions: list[str] = []

    def confirm(question: str, **_named: Any) -> bool:
        questions.append(question)
        return True

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    return questions


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was applied: on paper only."""
    done: list[Any] = []

    def pretend(*_given: Any, **named: Any) -> ApplyReport:
        done.append(named["hosts"])
        return ApplyReport((), 0.0)

    assert apply is deploying.apply
    monkeypatch.setattr(deploying, "apply", pretend)
    monkeypatch.setattr(deploying, "try_issuer", lambda *_given: None)
    monkeypatch.setattr(deploying, "finish_clean_up", lambda *_given: None)
    return done


def held() -> MemoryServer:
    """A new server that keeps what it is given to keep."""
    return MemoryServer()


# --- the catalog

def test_the_catalog_is_searched_by_what_people_leave(natm: Natm) -> None:
    found = natm("catalog", "list", "--category", "chat", "--instead-of", "WhatsApp", "--json")
    assert [p["id"] for p in found.json["result"]["platforms"]] == ["prosody"]
    none = natm("catalog", "list", "--category", "chat", "--instead-of", "zoom", "--json")
    assert (none.code, none.json["result"]["platforms"]) == (0, [])
    assert natm("catalog", "list", "--instead-of", "google docs").out.count("mediawiki ") == 1


def test_a_list_that_was_kept_is_read_again_when_a_file_changes(tmp_path: Path, home: Path) -> None:
    folder = sample_platform(tmp_path / "own", "timebank")
    first = listing((tmp_path / "own",))
    kept = list((home / ".cache" / "natm").glob("listing-*.json"))
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o077 == 0
    assert listing((tmp_path / "own",)) == first
    text = (folder / "platform.yml").read_text(encoding="utf-8")
    (folder / "platform.yml").write_text(text.replace("A sample.", "Hours."), encoding="utf-8")
    assert listing((tmp_path / "own",))["platforms"][-1]["summary"] == {"en": "Hours."}
    shutil.rmtree(folder)
    assert "timebank" not in str(listing((tmp_path / "own",)))


@pytest.mark.parametrize("junk", ["", "[]", "{", '{"seen": 1, "listing": 2}', "\udcff"])
def test_a_spoilt_cache_is_read_again(home: Path, junk: str) -> None:
    good = listing(())
    (kept,) = (home / ".cache" / "natm").glob("listing-*.json")
    kept.write_bytes(junk.encode("utf-8", "surrogateescape"))
    assert listing(()) == good


def test_a_cache_that_cannot_be_written_is_done_without(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".cache").write_text("", encoding="utf-8")
    assert listing(())["platforms"]


def test_a_dossier_reads_well_and_says_what_nobody_knows(natm: Natm) -> None:
    said = natm("catalog", "show", "copyparty").out
    assert "measured, 2026-11-23 [m1]" in said
    assert "Is all that runs here free software" in said
    assert "nobody has answered yet, and who could" in said
    assert max(len(line) for line in said[said.index("Dossier:"):].splitlines()) <= 100
    value = natm("catalog", "show", "copyparty", "--json").json["result"]["dossier"]
    assert value["claims"]["telemetry"]["hardened_outbound"]["value"] == "none"


def test_values_stand_side_by_side_one_question_at_a_time(natm: Natm) -> None:
    said = natm("catalog", "compare", "mediawiki", "copyparty")
    assert (said.code, said.out.count("V07 ")) == (0, 1)
    one = natm("catalog", "compare", "mediawiki", "copyparty", "--question", "portability")
    assert "V01" not in one.out
    assert "soft only  (read in the source, 2026-11-23 [e1])" in one.out
    value = natm("catalog", "compare", "mediawiki", "copyparty", "--json").json["result"]
    assert list(value["questions"]["portability"]["deletion"]) == ["mediawiki", "copyparty"]
    wrong = natm("catalog", "compare", "prosody", "--question", "speed", "--json")
    assert wrong.json["error"]["code"] == "criteria.unknown"


def spoilt(root: Path, changes: dict[str, str] | None = None) -> None:
    """A catalog with Galène in it, and strange words in its dossier."""
    folder = sample_platform(root, "galene")
    shutil.copytree(GALENE, folder, dirs_exist_ok=True)
    file = folder / "dossier.yml"
    text = file.read_text(encoding="utf-8")
    for old, new in (changes or {}).items():
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("words", [["catalog", "show", "galene"], ["vet", "galene"],
                                   ["catalog", "compare", "galene", "portal"]])
def test_words_of_a_dossier_move_no_cursor(natm: Natm, tmp_path: Path, words: list[str]) -> None:
    evil = "\\e[2J\\e]0;x\\a\\u202eevil\\r"
    spoilt(tmp_path, {"Only in English": evil, "an example for tests": evil,
                       "nothing is sent that could be refused": evil})
    said = natm("--catalog", str(tmp_path), *words)
    assert said.code == 0, said.err
    assert all(c == "\n" or c.isprintable() for c in said.out)
    assert words == ["catalog", "compare", "galene", "portal"] or "<U+001B>" in said.out


def test_a_broken_dossier_is_refused_by_name(natm: Natm, tmp_path: Path) -> None:
    spoilt(tmp_path, {"status: draft": "status: draft\nscore: 9"})
    said = natm("--catalog", str(tmp_path), "--json", "catalog", "show", "galene")
    assert said.json["error"]["code"] == "dossier.ranks"
    assert "galene/dossier.yml:" in said.json["error"]["where"]
    linted = natm("catalog", "lint", str(tmp_path / "platforms" / "galene"))
    assert linted.code == 1


def test_lint_sees_a_date_that_moved_alone(natm: Natm, tmp_path: Path) -> None:
    spoilt(tmp_path / "before")
    spoilt(tmp_path / "after", {"2027-05-23": "2027-11-23"})
    file = tmp_path / "after" / "platforms" / "galene" / "dossier.yml"
    platform = str(file.parent)
    assert "without new evidence" not in natm("catalog", "lint", platform).out
    said = natm("catalog", "lint", platform, "--before", str(tmp_path / "before"))
    assert "without new evidence" in said.out


# --- policy, verdicts, decisions

def test_a_workspace_begins_with_a_policy(natm: Natm, tmp_path: Path) -> None:
    where = str(tmp_path / "new")
    assert natm("init", where, *NEW, "--kit", "commons", "--policy", "first-steps").code == 0
    said = natm("-C", where, "vet", "--json")
    assert said.code == 0
    assert {v["state"] for v in said.json["result"]["verdicts"]} == {"flagged"}
    again = natm("-C", where, "vet", "--adopt", "--json")
    assert again.json["error"]["code"] == "policy.exists"
    assert natm("-C", where, "vet", "--policy", "careful", "prosody").code == 1


def test_init_with_an_unknown_policy_writes_nothing(natm: Natm, tmp_path: Path) -> None:
    said = natm("--json", "init", str(tmp_path / "new"), *NEW, "--kit", "talk", "--policy", "x")
    assert (said.code, said.json["error"]["code"]) == (1, "policy.unknown")
    assert not (tmp_path / "new").exists()


def test_vet_shows_fact_basis_age_evidence_and_verdict(natm: Natm, folder: Path) -> None:
    assert natm("-C", str(folder), "vet").out.count("there is no policy") == len(
        natm("-C", str(folder), "vet", "--json").json["result"]["verdicts"]) + 1
    assert natm("-C", str(folder), "vet", "--adopt").code == 0
    said = natm("-C", str(folder), "vet", "copyparty").out
    line = next(line for line in said.splitlines() if "sends-nothing " in line)
    assert line.split()[:4] == ["✓", "sends-nothing", "none", "measured"]
    assert line.split()[-2:] == ["m1", "pass"]


def test_before_there_is_a_workspace_a_platform_can_be_vetted(natm: Natm, tmp_path: Path) -> None:
    said = natm("-C", str(tmp_path), "vet", "prosody", "--policy", "careful")
    assert (said.code, "refuse: nobody looked" in said.out) == (1, True)
    assert natm("-C", str(tmp_path), "vet", "--json").json["error"]["code"] == "workspace.none"


def test_what_comes_due_is_told(natm: Natm, folder: Path) -> None:
    found = natm("-C", str(folder), "vet", "--due", "--within", "3650", "--json").json["result"]
    assert {"claim", "dossier"} == {one["what"] for one in found["due"]}
    days = [one["due_on"] for one in found["due"]]
    assert days == sorted(days)
    assert "nothing is due" in natm("-C", str(folder), "vet", "portal", "--due", "--within",
                                    "0").out or days[0] <= found["today"]


ADOPT = ["--outcome", "adopt", "--reason", "We tried it for a month", "--by", "Ada:assembly"]


def test_a_decision_is_written_down_with_no_technology_among_its_alternatives(
    natm: Natm, folder: Path
) -> None:
    natm("-C", str(folder), "vet", "--adopt")
    said = natm("-C", str(folder), "decide", "prosody", *ADOPT, "--acknowledge", "all",
                "--dissent", "no: 2.10", "--asked", "the youth group", "--json")
    made = said.json["result"]["decision"]
    assert said.code == 0
    assert made["alternatives_considered"][-1] == {"en": "No technology at all"}
    assert made["dissent"] == [{"en": "no: 2.10"}]
    assert set(made["acknowledges"]) >= {"sends-nothing"}
    assert natm("-C", str(folder), "vet", "--json").code == 0
    second = natm("-C", str(folder), "decide", "prosody", *ADOPT, "--json").json["result"]
    assert second["file"] != said.json["result"]["file"]


@pytest.mark.parametrize(("words", "code"), [
    (["decide", "prosody"], "usage.missing"),
    (["decide", "jabber", *ADOPT], "stack.unknown-platform"),
    (["decide", "prosody", *ADOPT, "--acknowledge", "nonsense"], "decide.unknown-rule"),
    (["decide", "prosody", *ADOPT, "--until", "soon"], "decision.invalid"),
    (["decide", "prosody", *ADOPT, "--dissent", "\udcff"], "decision.invalid"),
    (["decide", "prosody", *ADOPT, "--override", "nothing-held-back"], "decide.never"),
    (["decide", "prosody", *ADOPT, "--override", "free"], "decide.not-refused"),
    (["decide", "prosody", "--outcome", "override", "--reason", "x", "--by", "A"],
     "decide.quorum"),
])
def test_a_decision_that_would_not_hold_is_refused(
    natm: Natm, folder: Path, words: list[str], code: str
) -> None:
    natm("-C", str(folder), "vet", "--adopt")
    said = natm("-C", str(folder), "--json", *words)
    assert said.json["error"]["code"] == code
    assert not (folder / "decisions").exists()


def test_the_guide_asks_what_was_not_said(
    natm: Natm, folder: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"What did you decide?": ["adopt"], "Why?": ["We trust it"],
               "Who decided? NAME, or NAME:ROLE": ["Ada:assembly", "Ben", ""]}
    monkeypatch.setattr(click, "prompt", lambda question, **_named: (
        answers.get(question) or [""]).pop(0))
    natm("-C", str(folder), "vet", "--adopt")
    said = natm("-C", str(folder), "decide", "prosody", "--json")
    assert said.code == 0, said.err
    made = said.json["result"]["decision"]
    assert [one["name"] for one in made["decided_by"]] == ["Ada", "Ben"]
    assert len(asked) == len(made["acknowledges"]) > 0


# --- the gate at deploy

def test_the_commons_kit_deploys_under_the_offered_policy_with_one_question(
    natm: Natm, tmp_path: Path, asked: list[str], applied: list[Any]
) -> None:
    where = tmp_path / "new"
    natm("init", str(where), *NEW, "--kit", "commons", "--policy", "first-steps")
    said = natm("-C", str(where), "deploy", "--no-verify", server=held())
    assert said.code == 0, said.err
    assert len(asked) == 1
    assert "flags" in asked[0]
    assert applied
    written = sorted(p.name for p in (where / "decisions").glob("*.yml"))
    assert any("prosody-adopt" in name for name in written)
    log = (where / "decisions" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["what"] for line in log} == {"install"}
    again = natm("-C", str(where), "plan", server=held())
    assert "Your policy flags" not in again.err


def test_a_policy_that_refuses_stops_a_deploy_before_any_question(
    natm: Natm, tmp_path: Path, asked: list[str], applied: list[Any]
) -> None:
    where = tmp_path / "new"
    natm("init", str(where), *NEW, "--kit", "talk", "--policy", "careful")
    said = natm("-C", str(where), "--json", "deploy", "--yes", server=held())
    assert (said.code, said.json["error"]["code"]) == (1, "vet.refused")
    assert (asked, applied) == ([], [])


def test_a_trial_is_possible_on_loopback_whatever_the_policy_says(
    natm: Natm, tmp_path: Path, asked: list[str], applied: list[Any]
) -> None:
    where = tmp_path / "new"
    natm("init", str(where), "--name", "trial", "--domain", "trial.localhost", "--kit", "talk",
         "--policy", "careful")
    said = natm("-C", str(where), "deploy", "--trial", "--no-verify", server=held())
    assert said.code == 0, said.err
    assert (len(asked), len(applied)) == (1, 1)
    assert not list((where / "decisions").glob("*.yml"))
    open_to_all = tmp_path / "open"
    natm("init", str(open_to_all), *NEW, "--kit", "talk")
    server = held()
    said = natm("-C", str(open_to_all), "--json", "deploy", "--trial", "--yes", server=server)
    assert said.json["error"]["code"] == "trial.not-loopback"
    assert server.asked == []


def test_opening_what_was_tried_on_loopback_passes_the_gate(
    natm: Natm, tmp_path: Path, asked: list[str], applied: list[Any]
) -> None:
    where = tmp_path / "new"
    natm("init", str(where), "--name", "river", "--domain", "river.localhost", "--kit", "talk")
    assert natm("-C", str(where), "deploy", "--no-verify", server=held()).code == 0
    there = deployed_server(Workspace(where, sample_tools()))
    natm("-C", str(where), "vet", "--adopt", "--policy", "careful")
    file = where / "stack.yml"
    file.write_text(file.read_text(encoding="utf-8").replace(
        "river.localhost", "river.example.org"), encoding="utf-8")
    said = natm("-C", str(where), "--json", "deploy", "--yes", server=there)
    assert said.json["error"]["code"] == "vet.refused"
    assert len(applied) == 1


def test_without_a_policy_a_deploy_is_as_before(
    natm: Natm, folder: Path, asked: list[str], applied: list[Any]
) -> None:
    said = natm("-C", str(folder), "deploy", "--no-verify", server=held())
    assert said.code == 0
    assert asked == ["Do this?"]
    assert not (folder / "decisions").exists()


def test_what_runs_is_not_stopped_by_a_new_policy(natm: Natm, folder: Path) -> None:
    server = deployed_server(sample_workspace(folder))
    natm("-C", str(folder), "vet", "--adopt", "--policy", "careful")
    assert natm("-C", str(folder), "deploy", "--json", server=server).code == 0


# --- speed: not a figure, only that the kept list is what makes it quick

def test_the_kept_list_needs_no_checking_of_entries(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing(())
    began = time.perf_counter()
    monkeypatch.setattr("natm_stack.load.load_catalog", None)
    assert listing(())["kits"]
    assert time.perf_counter() - began < 5
    assert os.environ["HOME"] == str(home)
    assert shipped("catalog").is_dir()
