# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many people at once on the real server, and two stewards at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from natm_stack.testing.volunteer import Volunteer

TWENTY = [f"guest-{number}" for number in range(20)]
PATIENCE_S = 60


def names(volunteer: Volunteer) -> set[str]:
    """Everyone there is."""
    listed = volunteer.natm("members", "list", "--json").json["result"]["members"]
    return {one["name"] for one in listed}


def take_in_a_table(volunteer: Volunteer, file: Path) -> None:
    """With a broken line nobody comes in; without it everybody; and nobody twice."""
    words = ("members", "import", str(file), "--yes", "--json")
    before = names(volunteer)
    rows = [f"{name},Guest {name}" for name in TWENTY]
    file.write_text("\n".join(["name,display_name", *rows[:7], "Not a name,x", *rows[8:]]))
    broken = volunteer.natm(*words)
    assert broken.code == 1
    [problem] = _problems(broken)
    assert problem["where"].endswith(f"{file.name}:9")
    assert names(volunteer) == before
    file.write_text("\n".join(["name,display_name", *rows]))
    whole = volunteer.natm(*words)
    assert whole.code == 0, whole.out + whole.err
    assert set(whole.json["result"]["first_passwords"]) == set(TWENTY)
    assert names(volunteer) == before | set(TWENTY)
    again = volunteer.natm(*words)
    assert (again.code, len(_problems(again))) == (1, 20)
    assert all("guest-" in one["message"] for one in _problems(again))
    assert names(volunteer) == before | set(TWENTY)


def _problems(said: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = said.json["result"]["problems"]
    return found


def two_stewards_at_once(volunteer: Volunteer) -> None:
    """Both put people into one group at the same moment; who is told to wait tries again."""
    halves = (TWENTY[:10], TWENTY[10:])
    words = [("members", "groups", "add", "choir", *half) for half in halves]
    both = [volunteer.start(*one) for one in words]
    for running, one in zip(both, words, strict=True):
        running.communicate(timeout=PATIENCE_S)
        end = time.monotonic() + PATIENCE_S
        done = running.returncode == 0
        while not done:
            assert time.monotonic() < end, "the second steward never had a turn"
            done = volunteer.natm(*one).code == 0
    groups = volunteer.natm("members", "groups", "list", "--json").json["result"]["groups"]
    [choir] = [one for one in groups if one["name"] == "choir"]
    assert set(choir["members"]) == set(TWENTY), "what one steward did is lost"
