# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands run as from a shell, on a server that exists in memory only."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from natm_stack.cli.app import App
from natm_stack.cli.boundary import run as run_command
from natm_stack.cli.main import cli
from natm_stack.testing.fakes import MemoryServer, sample_tools, sample_workspace
from natm_stack.testing.volunteer import Said


@pytest.fixture(autouse=True)
def _own_folders(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command sees anybody's real home folder, and reports of bugs go with the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


Natm = Callable[..., Said]


@pytest.fixture
def natm(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Natm:
    """Run natm as from a shell, without a terminal, on a server that exists in memory only."""

    def start(*words: str, server: MemoryServer | None = None) -> Said:
        monkeypatch.setattr(App, "tools", sample_tools(server))
        monkeypatch.setattr(sys, "argv", ["natm", *words])
        code = run_command(cli, list(words))
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with the sample stack."""
    (tmp_path / "work").mkdir()
    return sample_workspace(tmp_path / "work").folder


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A workspace with an account platform, and a platform that keeps accounts of its own."""
    (tmp_path / "house").mkdir()
    return sample_workspace(tmp_path / "house", platforms={
        "portal": None, "identity": None, "radicale": None}).folder


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two people."""
    file = tmp_path / "people.csv"
    file.write_text("name,display_name,groups\namina,أمينة,choir\nbo,,\n", encoding="utf-8")
    return file
