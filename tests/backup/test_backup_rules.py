# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept, and other parts of the program that need nothing but themselves."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .conftest import part

keeping, restic, canaries, linking, lock, restoring = (part(n) for n in (
    "keeping", "restic", "canaries", "linking", "lock", "restoring"))
START = datetime.datetime(2026, 3, 1, 3, 30, tzinfo=datetime.UTC)
RULES = {"daily": 3, "weekly": 2, "monthly": 2}


def snapshots(days: list[int], kind: str = "whole") -> list[dict[str, Any]]:
    """One snapshot on each of these days, counted from the first of March."""
    return [{"id": f"{kind}{day}", "run": f"r{day}", "kind": kind, "at":
             (START + datetime.timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")}
            for day in days]


def test_the_last_of_each_day_week_and_month_stays() -> None:
    all_ = snapshots(list(range(60)))
    gone = keeping.to_drop(all_, RULES, set(), START + datetime.timedelta(days=62))
    # 57 to 59: days; 56 is a Sunday, the end of the week before; 30 ends March.
    assert {one["id"] for one in all_} - set(gone) == {
        "whole57", "whole58", "whole59", "whole56", "whole30"}


def test_the_last_proven_one_stays_for_ever() -> None:
    all_ = snapshots(list(range(60)))
    gone = keeping.to_drop(all_, RULES, {"r7"}, START + datetime.timedelta(days=400))
    assert "whole7" not in gone
    assert "whole8" in gone


@given(st.lists(st.integers(0, 900), min_size=1, unique=True),
       st.lists(st.integers(0, 900), unique=True), st.integers(0, 2000))
def test_the_newest_whole_one_is_never_dropped(
    whole: list[int], parts: list[int], today: int
) -> None:
    all_ = sorted(snapshots(whole) + snapshots(parts, "part"), key=lambda one: one["at"])
    gone = keeping.to_drop(all_, {"daily": 1, "weekly": 0, "monthly": 0}, set(),
                           START + datetime.timedelta(days=today))
    assert f"whole{max(whole)}" not in gone
    assert set(gone) <= {one["id"] for one in all_}


def test_what_is_young_stays_whatever_the_rules_say() -> None:
    all_ = [{**one, "at": f"2026-03-01T{hour:02}:00:00Z", "id": f"at{hour}"}
            for hour, one in enumerate(snapshots([0] * 9))]
    none = {"daily": 1, "weekly": 0, "monthly": 0}
    assert keeping.to_drop(all_, none, set(), START + datetime.timedelta(hours=40)) == []
    assert len(keeping.to_drop(all_, none, set(), START + datetime.timedelta(hours=90))) == 8


def test_parts_do_not_push_whole_ones_out() -> None:
    all_ = snapshots([1]) + snapshots(list(range(2, 40)), "part")
    gone = keeping.to_drop(all_, RULES, set(), START + datetime.timedelta(days=40))
    assert "whole1" not in gone
    assert "part2" in gone
    assert "part39" not in gone


def test_the_newest_that_holds_what_is_asked_for_is_restored() -> None:
    there = [{"run": run, "kind": kind, "platforms": dict.fromkeys(ids, "1")}
             for run, kind, ids in (
        ("a", "whole", ("wiki", "files")), ("b", "part", ("wiki",)),
        ("c", "before-restore", ("wiki", "files")))]
    repository = SimpleNamespace(name="here", snapshots=lambda: there)

    def found(run: str | None = None, only: tuple[str, ...] = ()) -> str:
        return str(restoring.find(repository, run, only)["run"])

    assert found() == "a"
    assert found(only=("wiki",)) == "b"
    assert found(only=("wiki", "files")) == "a"
    assert found("c") == "c"
    with pytest.raises(restoring.Refused):
        found("d")


@pytest.mark.parametrize(("url", "parts"), [
    ("sftp:me@there.example:/srv/x", ("me", "there.example", "22")),
    ("sftp:there.example:x", (None, "there.example", "22")),
    ("sftp://me@there.example:2222//srv/x", ("me", "there.example", "2222")),
])
def test_an_address_is_taken_apart(url: str, parts: tuple[str | None, str, str]) -> None:
    assert restic.sftp_parts(url) == parts


def test_a_password_goes_into_the_address_and_not_into_words() -> None:
    given_ = {"RESTIC_REST_USERNAME": "me", "RESTIC_REST_PASSWORD": "p@ss/word"}
    assert restic.with_credentials("rest:https://x.example/r", given_) == (
        "rest:https://me:p%40ss%2Fword@x.example/r")
    assert restic.with_credentials("s3:https://x.example/r", given_) == "s3:https://x.example/r"


def test_canaries_see_what_is_lost_changed_or_handed_to_somebody_else(tmp_path: Path) -> None:
    for n in range(40):
        (tmp_path / f"f{n}").write_text(f"{n}")
    before = canaries.sample(tmp_path)
    assert len(before["sample"]) == canaries.MANY
    assert canaries.differences(before, canaries.sample(tmp_path)) == []
    first = next(iter(before["sample"]))
    (tmp_path / first).chmod(0o600)
    assert canaries.differences(before, canaries.sample(tmp_path)) == [f"{first} differs"]
    (tmp_path / first).unlink()
    told = canaries.differences(before, canaries.sample(tmp_path))
    assert "files: 40 -> 39" in told
    assert f"{first} differs" in told


def test_folders_within_folders_without_end_are_refused(tmp_path: Path) -> None:
    deep = tmp_path / "from"
    deep.mkdir()
    here = deep
    for _n in range(linking.DEEPEST + 2):
        here = here / "x"
        here.mkdir()
    with pytest.raises(linking.Refused) as caught:
        linking.link_tree(deep, tmp_path / "to")
    assert caught.value.code == "backup.too-deep"


def test_the_timer_gives_way_to_a_command_and_is_named_to_the_next(tmp_path: Path) -> None:
    house = SimpleNamespace(root=tmp_path)
    with lock.alone(house, "backup", patience=0):
        owner = json.loads((tmp_path / "lock" / "owner.json").read_text())
        assert (owner["by"], owner["command"]) == ("the server's timer", "backup")
        with pytest.raises(lock.Refused) as caught, lock.alone(house, "backup", patience=0.2):
            pass
        assert caught.value.code == "server.locked"
    with lock.working(house), pytest.raises(lock.Refused) as caught, lock.alone(
            house, "backup", patience=0.2):
        pass  # what a command that broke off had begun
    assert caught.value.code == "server.finishing"
    assert not (tmp_path / "lock" / "owner.json").exists()
