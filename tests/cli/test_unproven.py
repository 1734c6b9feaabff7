# SPDX-License-Identifier: AGPL-3.0-or-later
"""What nobody has run says so wherever it is shown, and gets into no stack by accident."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from natm_stack.testing.fakes import sample_platform

Natm = Callable[..., Any]
NEW = ("--name", "river", "--domain", "river.example.org")


@pytest.fixture
def layer(tmp_path: Path) -> tuple[str, str]:
    """A catalog with a platform that was only rendered."""
    sample_platform(tmp_path / "own", "timebank", only_rendered=True)
    return ("--catalog", str(tmp_path / "own"))


def test_every_listing_says_so(natm: Natm, layer: tuple[str, str]) -> None:
    listed = natm(*layer, "catalog", "list").out
    (line,) = [one for one in listed.splitlines() if one.startswith("timebank")]
    assert line.endswith("only rendered, never run")
    assert "only rendered, never run" in natm(*layer, "catalog", "show", "timebank").out
    shown = natm(*layer, "catalog", "list", "--json").json["result"]["platforms"]
    assert [p["id"] for p in shown if p["ladder"]["only_rendered"]][-1] == "timebank"


@pytest.fixture
def unproven(natm: Natm) -> str:
    """One of those that ship."""
    shown = natm("catalog", "list", "--json").json["result"]["platforms"]
    return next(str(p["id"]) for p in shown if p["ladder"]["only_rendered"])


def test_it_is_picked_only_by_who_says_so(natm: Natm, unproven: str, tmp_path: Path) -> None:
    folder = tmp_path / "river"
    assert natm("init", str(folder), *NEW, "--platform", "copyparty").code == 0
    before = (folder / "stack.yml").read_bytes()
    said = natm("-C", str(folder), "pick", unproven, "--json")
    assert (said.code, said.json["error"]["code"]) == (1, "catalog.unproven")
    assert (folder / "stack.yml").read_bytes() == before
    assert natm("-C", str(folder), "pick", unproven, "--accept-unproven").code == 0
    assert f"{unproven}:" in (folder / "stack.yml").read_text(encoding="utf-8")


def test_nor_does_a_new_stack_begin_with_it(natm: Natm, unproven: str, tmp_path: Path) -> None:
    words = ("init", str(tmp_path / "river"), *NEW, "--platform", unproven)
    assert natm(*words, "--json").json["error"]["code"] == "catalog.unproven"
    assert not (tmp_path / "river" / "stack.yml").exists()
    assert natm(*words, "--accept-unproven").code == 0
