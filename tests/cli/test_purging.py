# SPDX-License-Identifier: AGPL-3.0-or-later
"""`natm drop --purge` and `natm eject`, on a server that exists in memory only."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_backups import TAKEN, BackupServer

from natm_stack.model.results import ApplyReport, PlatformOutcome
from natm_stack.testing.fakes import Answer, Call, RecordedHold, empty_look

Natm = Callable[..., Any]
RUN = TAKEN["run"]
FILES = "/srv/natm/data/copyparty/files"
PURGE = ("drop", "copyparty", "--purge")


class PurgeServer(BackupServer):
    """One that has the platform up, with some files in it."""

    def __init__(self, answer: Any = None, *, up: bool = True) -> None:
        super().__init__({"ok": True, "result": {**TAKEN, **(answer or {})}})
        self.scripts["look"] = empty_look(receipts={"copyparty": {}} if up else {})

    def _script(self, call: Call) -> Answer:
        if "du --summarize" in " ".join(call.argv):
            return Answer(code=1, stdout=f"420\t{FILES}\n", stderr="the others are not there")
        return super()._script(call)


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been removed for good."""
    done: list[str] = []

    def remove(_workspace: Any, some: dict[str, Any], *_given: Any, purge: bool) -> ApplyReport:
        assert purge
        done.extend(some)
        return ApplyReport(tuple(PlatformOutcome(id_, "done") for id_ in some), 1.0)

    monkeypatch.setattr("natm_stack.flows.purge.remove_platforms", remove)
    return done


def test_a_purge_tells_what_goes_saves_it_and_says_the_way_back(
    natm: Natm, folder: Path, removed: list[str]
) -> None:
    server = PurgeServer()
    asked = natm("-C", str(folder), *PURGE, server=server)
    assert (asked.code, server.requests, removed) == (2, [], [])
    assert "copyparty/files, 420 MB: " in asked.err
    assert "copyparty/accounts, not found on the server: " in asked.err
    said = natm("-C", str(folder), *PURGE, "--yes", server=server)
    assert said.code == 0, said.err
    assert server.requests == [("backup", {"only": ["copyparty"], "kind": "before-purge"})]
    assert removed == ["copyparty"]
    assert f"natm restore copyparty --snapshot {RUN}" in said.out
    assert "copyparty" not in (folder / "stack.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("server", [
    PurgeServer({"failed": {"copyparty": {"text": "broken", "values": {}}}}),
    PurgeServer(up=False)])
def test_what_cannot_be_saved_is_not_removed_unless_one_says_so(
    natm: Natm, folder: Path, removed: list[str], server: PurgeServer
) -> None:
    said = natm("-C", str(folder), "--json", *PURGE, "--yes", server=server)
    assert (said.code, said.json["error"]["code"]) == (1, "purge.not-saved")
    assert removed == []
    assert "copyparty" in (folder / "stack.yml").read_text(encoding="utf-8")
    server.held = RecordedHold(['{"held": true, "unfinished": null}'])
    said = natm("-C", str(folder), "--json", *PURGE, "--yes", "--no-backup", server=server)
    assert (said.code, said.json["result"]["saved"]) == (0, None)
    assert removed == ["copyparty"]


def test_without_purge_nothing_on_the_server_is_touched(
    natm: Natm, folder: Path, removed: list[str]
) -> None:
    server = PurgeServer()
    assert natm("-C", str(folder), "drop", "copyparty", server=server).code == 0
    assert (server.calls, removed) == ([], [])


def test_secrets_are_written_in_clear_only_when_somebody_says_yes(
    natm: Natm, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "plain"
    assert natm("-C", str(folder), "eject", str(made)).code == 2
    assert not made.exists()
    said = natm("-C", str(folder), "--json", "eject", str(made), "--yes")
    assert said.code == 0, said.err
    assert "backup/key" in said.json["result"]["secrets"]
    assert (made / "backup" / "key").stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    again = natm("-C", str(folder), "--json", "eject", str(made), "--yes")
    assert again.json["error"]["code"] == "eject.used"
