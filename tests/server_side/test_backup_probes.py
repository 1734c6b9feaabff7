# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `natm health` says of backups, by what the server's program remembers."""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def ago(hours: float) -> str:
    """A stamp so many hours old."""
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=hours)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def probes(
    root: Path, words: Callable[[str], list[str]]
) -> Callable[..., dict[str, dict[str, Any]]]:
    """The probes of backups by name, where the program remembers this."""

    def look(state: dict[str, Any] | None, daily: bool = True) -> dict[str, dict[str, Any]]:
        (root / "backup").mkdir(parents=True, exist_ok=True)
        if state is not None:
            (root / "backup" / "state.json").write_text(json.dumps(state), encoding="utf-8")
        asked = {"root": str(root), "ca_file": "none", "containers": [], "address": "127.0.0.1",
                 "port": 1, "routes": [], "ports": [], "backup": {
                     "root": str(root), "targets": ["here", "far"], "daily": daily}}
        done = subprocess.run(words("probe"), input=json.dumps(asked) + "\n", text=True,
                              capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"})
        return {p["name"]: p for p in json.loads(done.stdout)["probes"]
                if p["name"].startswith(("backup", "drill"))}

    return look


def last(hours: float) -> dict[str, Any]:
    """A last backup of that age."""
    return {"last": {"run": "r", "at": ago(hours), "bytes": 5 << 20, "seconds": 3}}


def test_a_server_without_any_backup_is_a_warning_and_no_failure(probes: Any) -> None:
    found = probes(None)
    assert {name: one["state"] for name, one in found.items()} == {
        "backup": "warning", "backup elsewhere": "warning", "backup proof": "warning"}


@pytest.mark.parametrize(("hours", "daily", "state"), [
    (1, True, "ok"), (26, True, "ok"), (30, True, "warning"), (49, True, "failed"),
    (49, False, "ok"), (24 * 8, False, "warning")])
def test_a_backup_that_is_late_is_seen(
    probes: Any, hours: float, daily: bool, state: str
) -> None:
    assert probes(last(hours), daily)["backup"]["state"] == state


def test_one_that_went_wrong_is_red_until_the_next_goes_well(probes: Any) -> None:
    says = {"text": "the dump of {volume} broke off", "values": {"volume": "wiki/database"}}
    found = probes({**last(1), "trouble": {"at": ago(1), "code": "x", "says": says}})
    assert found["backup"]["state"] == "failed"
    assert "wiki/database broke off" in str(found["backup"]["says"])


@pytest.mark.parametrize(("checked", "state", "told"), [
    ({"state": "ok", "files": 12}, "ok", "12 files as they were saved"),
    ({"state": "failed", "says": {"text": "{n} is damaged", "values": {"n": "here"}}}, "failed",
     "here is damaged"),
    ({"state": "skipped", "says": {"text": "no room", "values": {}}}, "warning", "no room"),
])
def test_the_servers_own_look_is_told_apart_from_a_proof(
    probes: Any, checked: dict[str, Any], state: str, told: str
) -> None:
    found = probes({**last(1), "checked": {"at": ago(50), **checked}})
    assert found["backup check"]["state"] == state
    says = found["backup check"]["says"]
    assert told in says["text"].format(**says["values"])
    assert found["backup proof"]["state"] == "warning"
    late = probes({**last(1), "checked": {"at": ago(24 * 46), "state": "ok", "files": 1}})
    assert late["backup check"]["state"] == "warning"


def test_it_stays_yellow_until_a_copy_is_somewhere_else(probes: Any) -> None:
    here = {"ok": True, "away": False, "last_ok": ago(1), "snapshots": 3, "mb": 7}
    found = probes({**last(1), "targets": {"here": here}})
    assert found["backup elsewhere"]["state"] == "warning"
    assert found["backup at here"]["says"]["values"] == {"n": 3, "mb": 7}
    far = {"ok": False, "away": True, "last_ok": None,
           "says": {"text": "the repository {name} cannot be reached", "values": {"name": "far"}}}
    found = probes({**last(1), "targets": {"here": here, "far": far}})
    assert found["backup elsewhere"]["state"] == "warning"
    assert found["backup at far"]["state"] == "failed"
    found = probes({**last(1), "targets": {"here": here, "far": {**here, "away": True}}})
    assert found["backup elsewhere"]["state"] == "ok"


def test_a_proof_of_a_restore_grows_old(probes: Any) -> None:
    proof = {"run": "r", "at": ago(24 * 3), "seconds": 60, "what": []}
    assert probes({**last(1), "proof": proof})["backup proof"]["state"] == "ok"
    proof["at"] = ago(24 * 100)
    assert probes({**last(1), "proof": proof})["backup proof"]["state"] == "warning"


def test_a_copy_that_a_drill_left_is_told(probes: Any, root: Path) -> None:
    (root / "drill").mkdir(parents=True)
    found = probes(last(1))
    assert found["drill"]["state"] == "warning"
