# SPDX-License-Identifier: AGPL-3.0-or-later
"""The throwaway members that proofs are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from natm_stack.flows.verify import throwaway
from natm_stack.load import load_catalog
from natm_stack.paths import shipped
from natm_stack.testing.fakes import sample_deployment, sample_platform


def made(folder: Path, **more: Any) -> list[dict[str, Any]]:
    """The members of a platform with this under `members`."""
    sample_platform(folder, "shed", members={"service": "web", "command": ["members"], **more})
    catalog = load_catalog(shipped("catalog"), [(folder, True)])
    instance = sample_deployment(catalog, platforms={"shed": None}).instance("shed")
    return throwaway(instance, "a1b2c3")


@pytest.mark.parametrize(("more", "stewards"), [({}, 0), ({"steward_proofs": True}, 1)])
def test_only_who_asks_for_a_steward_gets_one(
    tmp_path: Path, more: dict[str, Any], stewards: int
) -> None:
    members = made(tmp_path, **more)
    assert [m["steward"] for m in members] == [stewards == 1, False]
    assert len({m["password"] for m in members}) == len(members)


def test_names_are_of_this_run_unless_accounts_stay(tmp_path: Path) -> None:
    assert [m["name"] for m in made(tmp_path / "a")] == [
        "natm-proof-a1b2c3-70-1", "natm-proof-a1b2c3-70-2"]
    assert [m["name"] for m in made(tmp_path / "b", standing=True)] == [
        "natm-proof-70-1", "natm-proof-70-2"]
