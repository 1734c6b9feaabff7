# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many accounts at once in the directory: all or none, on one that exists in memory only."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from natm_stack.paths import shipped

PROGRAMS = shipped("catalog") / "platforms" / "identity" / "images" / "directory" / "natm"
OURS = ("asked", "people", "many", "circles")
SIXTY = [{"name": f"m-{n}", "display_name": f"M {n}", "password": "long enough",
          "groups": ["choir"]} for n in range(60)]


class Memory:
    """What people.py does, without a directory; `breaks` makes one step fail."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.breaks = ""

    def find(self, _connection: Any) -> dict[str, Any]:
        """Everyone."""
        return {name: SimpleNamespace(name=name, email=one["email"],
                                      groups=frozenset(one["groups"]))
                for name, one in self.entries.items()}

    def add_many(self, _connection: Any, rows: list[Any]) -> None:
        """One after the other, as far as it comes."""
        for number, (name, _shown, email, password) in enumerate(rows):
            if self.breaks == "add" and number == 30:
                raise OSError("the disk is full")
            self.entries[name] = {"email": email or "", "password": password, "groups": set(),
                                  "locked": False}

    def join(self, _connection: Any, group: str, names: list[str]) -> None:
        """All of them, or nobody."""
        if self.breaks == group:
            raise OSError("the server is gone")
        for name in names:
            self.entries[name]["groups"].add(group)

    def lock(self, _connection: Any, name: str) -> None:
        """For good."""
        self.entries[name]["locked"] = True

    def delete(self, _connection: Any, name: str) -> None:
        """The entry itself."""
        del self.entries[name]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The program, and the directory in memory that it works on."""
    before = {name: sys.modules.pop(name, None) for name in OURS}
    memory = Memory()
    sys.modules["people"] = memory  # type: ignore[assignment]
    monkeypatch.syspath_prepend(str(PROGRAMS))
    many = importlib.import_module("many")
    monkeypatch.setattr(many, "JOURNAL", tmp_path / "import.json")
    yield SimpleNamespace(many=many, memory=memory, asked=importlib.import_module("asked"))
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def run(directory: SimpleNamespace, rows: Any, **more: Any) -> Any:
    """One import."""
    return directory.many.import_(None, {"members": rows, **more})


def test_all_are_made_and_belong_to_the_members(directory: SimpleNamespace) -> None:
    assert run(directory, SIXTY) == {"ok": True, "count": 60}
    assert all(one["groups"] == {"members", "choir"} for one in directory.memory.entries.values())
    assert not directory.many.JOURNAL.exists()


def test_a_look_changes_nothing_and_needs_no_password(directory: SimpleNamespace) -> None:
    rows = [{key: value for key, value in row.items() if key != "password"} for row in SIXTY]
    assert run(directory, rows, dry_run=True) == {"ok": True, "count": 60}
    assert directory.memory.entries == {}
    assert len(run(directory, rows)["problems"]) == 60


@pytest.mark.parametrize("step", ["add", "choir", "members"])
def test_where_a_step_fails_nobody_is_left(directory: SimpleNamespace, step: str) -> None:
    directory.memory.breaks = step
    with pytest.raises(OSError, match="the"):
        run(directory, SIXTY)
    assert directory.memory.entries == {}
    assert not directory.many.JOURNAL.exists()


def test_what_a_crash_left_goes_with_the_next_call(directory: SimpleNamespace) -> None:
    run(directory, SIXTY[:1])
    directory.many._write([row["name"] for row in SIXTY[1:]])
    directory.memory.add_many(None, [(r["name"], "", None, "x") for r in SIXTY[1:20]])
    directory.many.undo(None)
    assert set(directory.memory.entries) == {"m-0"}
    directory.many.undo(None)
    assert set(directory.memory.entries) == {"m-0"}


def test_an_import_that_was_done_is_not_undone_for_a_note_that_stayed(
    directory: SimpleNamespace
) -> None:
    run(directory, [*SIXTY, {"name": "gone", "disabled": True}])
    directory.many._write([row["name"] for row in SIXTY] + ["gone"])
    directory.many.undo(None)
    assert len(directory.memory.entries) == 61


def test_a_closed_account_only_keeps_its_name_taken(directory: SimpleNamespace) -> None:
    assert run(directory, [{"name": "gone", "disabled": True, "steward": True}])["ok"]
    assert directory.memory.entries["gone"] == {
        "email": "", "password": None, "groups": set(), "locked": True}


def test_every_line_that_cannot_be_is_named(directory: SimpleNamespace) -> None:
    run(directory, [{**SIXTY[0], "email": "A@example.org"}])
    rows = [SIXTY[0], {**SIXTY[1], "email": "a@EXAMPLE.org"}, SIXTY[2], SIXTY[2], {"name": "X"}, 3,
            {**SIXTY[3], "password": "short"}, {**SIXTY[4], "groups": ["no such\n"]},
            {**SIXTY[5], "display_name": "a\u202eb"}, {**SIXTY[6], "name": "natm-me"}]
    told = run(directory, rows)
    assert (told["ok"], told["code"]) == (False, "rows")
    assert [(p["row"], p["code"]) for p in told["problems"]] == [
        (0, "exists"), (1, "email-taken"), (3, "exists"), (4, "invalid"), (5, "invalid"),
        (6, "invalid"), (7, "invalid"), (8, "invalid"), (9, "invalid")]
    assert list(directory.memory.entries) == ["m-0"]


@pytest.mark.parametrize("rows", [None, {}, [{}] * 5001])
def test_what_is_no_list_of_people_is_refused(directory: SimpleNamespace, rows: Any) -> None:
    with pytest.raises(directory.asked.Refused):
        run(directory, rows)


@pytest.mark.parametrize("name", ["", "A", "a", "a b", "a\n", "é", "a" * 32, None, 3, "-a"])
def test_no_odd_name_reaches_the_directory(directory: SimpleNamespace, name: Any) -> None:
    with pytest.raises(directory.asked.Refused):
        directory.asked.name_of({"name": name})


def test_names_in_any_script_pass_and_are_tidied(directory: SimpleNamespace) -> None:
    shown = directory.asked.display_name_of({"name": "x", "display_name": "  أمينة \n O’Neill 吉 "})
    assert json.dumps(shown) == json.dumps("أمينة O’Neill 吉")
    assert directory.asked.display_name_of({"name": "x", "display_name": "é" * 100})
    with pytest.raises(directory.asked.Refused):
        directory.asked.display_name_of({"name": "x", "display_name": "é" * 101})


@pytest.mark.parametrize("email", ["a", "a@b", "a b@c.example", "a@c.example\n", "@c.example", 3])
def test_no_odd_address_is_kept(directory: SimpleNamespace, email: Any) -> None:
    with pytest.raises(directory.asked.Refused):
        directory.asked.email_of({"email": email})
