# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the lists say of proofs is what the records say, and a record says what was measured."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from natm_stack.flows.ladder import ladder_values, the_ladder
from natm_stack.flows.listing import in_short, listing
from natm_stack.flows.prove import record_of, text_of
from natm_stack.load import load_catalog, load_platform
from natm_stack.load_ladder import ladder_of, load_records
from natm_stack.paths import package_folder, shipped
from natm_stack.testing.fakes import sample_platform

PASSED = {"outcome": "passed", "seconds": 1.5, "saw": "3 proofs passed"}
AROUND = {"system": "Debian", "at": "2026-11-27T20:00:00Z"}


def write_record(folder: Path, result: dict[str, Any], on: str = "2026-11-27", **subject: Any
                 ) -> Path:
    """A record as `natm prove` writes it."""
    entry = load_platform(folder)
    own = {"platform": entry.platform.id, "version": entry.platform.version,
           "recipes": entry.recipes, "images": {}, "image_ids": {}, **subject}
    file = folder / "measurements" / f"{on}-ladder.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text_of(record_of(own, AROUND, result, date.fromisoformat(on))),
                    encoding="utf-8")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A platform that nobody has measured."""
    return sample_platform(tmp_path / "own", "timebank")


def state(folder: Path) -> dict[str, str]:
    """Where it stands, rung by rung."""
    return {s.rung: s.state for s in ladder_of(load_platform(folder), the_ladder())}


def test_without_a_record_nothing_is_proven(folder: Path) -> None:
    assert set(state(folder).values()) == {"missing"}
    assert in_short(ladder_values(load_platform(folder), the_ladder())) == "no record of a run yet"


def test_a_record_proves_its_rungs_and_no_others(folder: Path) -> None:
    write_record(folder, {"installs": PASSED, "works": {**PASSED, "outcome": "failed"}})
    stands = state(folder)
    assert (stands["installs"], stands["works"], stands["restore"]) == (
        "proven", "failed", "missing")
    said = in_short(ladder_values(load_platform(folder), the_ladder()))
    assert said == "installs (2026-11-27); failed: works for a member"


def test_the_newest_record_speaks(folder: Path) -> None:
    write_record(folder, {"works": PASSED}, "2026-11-20")
    write_record(folder, {"works": {**PASSED, "outcome": "failed"}}, "2026-11-21")
    assert state(folder)["works"] == "failed"


def test_a_record_of_another_version_proves_nothing(folder: Path) -> None:
    write_record(folder, {"works": PASSED}, version="0.9")
    assert state(folder)["works"] == "missing"


def test_a_recipe_that_changed_since_is_said(folder: Path) -> None:
    write_record(folder, {"works": PASSED}, recipes={"web": "sha256:" + "0" * 64})
    (one,) = [s for s in ladder_of(load_platform(folder), the_ladder()) if s.rung == "works"]
    assert (one.state, one.same_recipe) == ("proven", False)


@pytest.mark.parametrize("change", [
    ("outcome: failed", "outcome: passed"), ("on: '2026-11-27'", "on: '2026-11-28'"),
    ("3 proofs", "9 proofs"), ("version: '1'", "version: '2'")])
def test_a_record_that_was_changed_by_hand_is_refused(
    refused: Any, folder: Path, change: tuple[str, str]
) -> None:
    file = write_record(folder, {"works": {**PASSED, "outcome": "failed"}})
    text = file.read_text(encoding="utf-8")
    assert change[0] in text, text
    file.write_text(text.replace(*change), encoding="utf-8")
    refused("measurement.edited", load_records, load_platform(folder))


def test_a_record_of_another_platform_is_refused(refused: Any, folder: Path) -> None:
    write_record(folder, {"works": PASSED}, platform="prosody")
    refused("measurement.wrong-folder", load_records, load_platform(folder))


def test_a_rung_that_does_not_apply_needs_to_be_one_of_the_ladder(
    refused: Any, tmp_path: Path
) -> None:
    folder = sample_platform(tmp_path, "timebank", not_applicable={"flies": "It has no wings."})
    refused("catalog.unknown-rung", ladder_of, load_platform(folder), the_ladder())


def test_what_does_not_apply_is_not_missing(tmp_path: Path) -> None:
    folder = sample_platform(tmp_path, "timebank", not_applicable={"restore": "It keeps nothing."})
    assert state(folder)["restore"] == "not_applicable"


def test_what_was_only_rendered_has_no_record_of_a_run(refused: Any, tmp_path: Path) -> None:
    folder = sample_platform(tmp_path, "timebank", only_rendered=True)
    assert in_short(ladder_values(load_platform(folder), the_ladder())) == (
        "only rendered, never run")
    write_record(folder, {"installs": PASSED})
    refused("catalog.was-run", ladder_of, load_platform(folder), the_ladder())


def test_the_list_says_what_the_files_say(home: Path) -> None:
    """Read past natm: each proven rung stands in a file, and each file's rungs are listed."""
    for one in listing(())["platforms"]:
        folder = shipped("catalog") / "platforms" / one["id"]
        version = yaml.safe_load((folder / "platform.yml").read_text(encoding="utf-8"))["version"]
        newest: dict[str, str] = {}
        values = [yaml.safe_load(file.read_text(encoding="utf-8"))
                  for file in folder.glob("measurements/*-ladder.yml")]
        for value in sorted(values, key=lambda v: (v["run_on"], v["environment"]["at"])):
            if value["subject"]["version"] == version:
                newest |= {rung: r["outcome"] for rung, r in value["result"].items()}
        listed = {name: rung["state"] for name, rung in one["ladder"]["rungs"].items()
                  if rung["state"] in ("proven", "failed")}
        assert {k: "passed" if v == "proven" else v for k, v in listed.items()} == newest, one["id"]


def test_a_record_that_comes_or_changes_is_seen_at_once(
    home: Path, tmp_path: Path, folder: Path
) -> None:
    def rungs() -> dict[str, Any]:
        found: dict[str, Any] = listing((tmp_path / "own",))["platforms"][-1]["ladder"]["rungs"]
        return found

    assert rungs()["works"]["state"] == "missing"
    write_record(folder, {"works": PASSED})
    assert rungs()["works"]["state"] == "proven"
    write_record(folder, {"works": {**PASSED, "outcome": "failed"}})
    assert rungs()["works"]["state"] == "failed"


def test_the_code_knows_no_rung_by_name() -> None:
    names = {name for name in the_ladder().rungs if "_" in name} - {"one_account"}
    names |= {"installs", "works"}
    for name in ("load_ladder", "model/ladder", "flows/ladder", "flows/prove", "flows/listing"):
        tree = ast.parse((package_folder(f"{name}.py")).read_text(encoding="utf-8"))
        words = {node.value for node in ast.walk(tree)
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        assert not words & names, name


def test_every_platform_that_ships_stands_somewhere() -> None:
    for entry in load_catalog(shipped("catalog")).entries.values():
        assert len(ladder_of(entry, the_ladder())) == len(the_ladder().rungs)
