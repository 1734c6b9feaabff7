# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm prove, before it touches a server: what it refuses, and what it makes of a failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from natm_stack.errors import NatmError
from natm_stack.flows import prove as proving
from natm_stack.flows.proving_ground import _refuse_used
from natm_stack.load import load_platform
from natm_stack.model.results import ProofResult, VerifyReport
from natm_stack.testing.fakes import sample_platform, sample_tools


def server_that_says(code: int) -> Any:
    """A workspace whose server answers every question with this exit code."""
    run: Callable[..., Any] = lambda *_given, **_named: SimpleNamespace(code=code)  # noqa: E731
    return SimpleNamespace(
        deployment=SimpleNamespace(root="/srv/natm", server=SimpleNamespace(host="river")),
        server=SimpleNamespace(run=run))


def test_a_server_that_is_in_use_is_never_purged(refused: Any) -> None:
    refused("prove.in-use", _refuse_used, server_that_says(0))
    _refuse_used(server_that_says(1))


def test_an_unknown_rung_and_a_refused_platform_are_said_before_anything_starts(
    refused: Any,
) -> None:
    given: dict[str, Any] = {"host": None, "ready": False, "keep": False}
    refused("catalog.unknown-rung", proving.prove, ("portal",), sample_tools(),
            only=("instals",), **given)
    refused("catalog.refused", proving.prove, ("mattermost",), sample_tools(), only=(), **given)


def test_an_earlier_record_of_the_same_day_stays(tmp_path: Path) -> None:
    entry = load_platform(sample_platform(tmp_path, "timebank"))
    record = {"run_on": "2026-11-27", "environment": {"at": "2026-11-27T20:11:09Z"}}
    first = proving._free_name(entry, record)
    first.parent.mkdir()
    first.write_text("", encoding="utf-8")
    assert proving._free_name(entry, record).name == "2026-11-27-201109-ladder.yml"


@pytest.fixture
def climb(tmp_path: Path) -> Any:
    """A climb of one platform, on no server."""
    entry = load_platform(sample_platform(tmp_path, "timebank"))
    return proving.Climb(SimpleNamespace(), [entry], {"deploy", "verify"})  # type: ignore[arg-type]


def test_what_does_not_come_up_is_not_tried_further(
    climb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Any:
        raise NatmError("no room on the server", code="test")

    monkeypatch.setattr(climb, "_deploy", fails)
    climb.all()
    assert set(climb.results) == {"deploy"}
    assert climb.results["deploy"]["timebank"]["outcome"] == "failed"
    assert "no room" in climb.results["deploy"]["timebank"]["saw"]


@pytest.mark.parametrize(("outcomes", "expected"), [
    (("passed", "passed"), "passed"), (("passed", "not-run"), "passed"),
    (("passed", "failed"), "failed"), (("not-run", "not-run"), "failed")])
def test_only_a_proof_that_ran_proves(outcomes: Any, expected: str) -> None:
    proofs = tuple(ProofResult("timebank", f"p{n}", "A member does it.", outcome, 1.0)
                   for n, outcome in enumerate(outcomes))
    found = proving._proofs(VerifyReport("prove", "now", proofs, 2.0, False), ("timebank", "x"))
    assert found["timebank"]["outcome"] == expected
    assert "x" not in found
